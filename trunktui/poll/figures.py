"""The figures of one leg that views show beside its verdict: registration, probe, channels, dials at risk."""

from __future__ import annotations

from trunktui.health.context import LegContext
from trunktui.health.detect import detect_s, dials_at_risk
from trunktui.health.signals import Signals
from trunktui.model.health import ProbeSignal, RegSignal, Usage
from trunktui.model.observation import NativeLeg
from trunktui.model.snapshot import ChannelsView, CpsView, ProbeView, RegView
from trunktui.model.text import Safe
from trunktui.poll.kept import LegRecord

_FAILING = frozenset({RegSignal.RETRYING, RegSignal.GAVE_UP})
_REG_OK = frozenset({RegSignal.REGISTERED, RegSignal.REFRESHING})
_ALIVE = frozenset({ProbeSignal.OK, ProbeSignal.SLOW, ProbeSignal.LOSS, ProbeSignal.PARTIAL})


def why_not_actionable(record: LegRecord) -> str | None:
    """Return why no action may touch a leg, None where one may."""
    if record.seen is None:
        return "not seen on its SBC yet"
    if not record.listed:
        return "not in its SBC's fresh list"
    return record.seen.why_not_actionable


def reg_view(record: LegRecord, signals: Signals, looked_at: float, *, blind: bool) -> RegView:
    """Return the registration as views show it; `blind`: the last look says nothing of now."""
    settings = record.seen.reg_settings if record.seen else None
    expires_s = settings.expires_s if settings else None
    if blind:
        return RegView(RegSignal.UNKNOWN, expires_s=expires_s)
    due, elapsed = signals.reg_due_s, signals.reg_elapsed_s
    next_at = looked_at + due if due is not None else None
    if next_at is None and elapsed is not None:
        next_at = looked_at - elapsed
    gave_up: bool | None = None
    if signals.reg is RegSignal.GAVE_UP:
        gave_up = True
    elif signals.reg in _REG_OK or due is not None:
        gave_up = False
    failures = signals.reg_failures if signals.reg in _FAILING and not signals.reg_old else None
    return RegView(
        state=signals.reg,
        next_at=next_at,
        failures=0 if signals.reg in _REG_OK else failures,
        gave_up=gave_up,
        code=signals.reg_code,
        delay_s=settings.initial_delay_s if settings else None,
        expires_s=expires_s,
        by_hand=signals.reg_by_hand,
    )


def probe_view(record: LegRecord, platform: str, signals: Signals, blind: bool) -> ProbeView:
    """Return OPTIONS as views show them; `blind` as in `reg_view`."""
    settings = record.seen.probe_settings if record.seen else None
    interval, detect = (settings.interval_s if settings else None), _detect_s(record, platform)
    misplaced = settings.misplaced if settings else Safe("")
    if blind:
        return ProbeView(ProbeSignal.UNKNOWN, interval_s=interval, detect_s=detect, misplaced=misplaced)
    misses = None if signals.probe_old else (signals.misses or (0 if signals.probe in _ALIVE else None))
    return ProbeView(
        state=signals.probe,
        rtt_ms=signals.rtt_ms,
        misses=misses,
        code=signals.code,
        interval_s=interval,
        detect_s=detect,
        contacts=record.seen.contacts if record.seen and record.listed else (),
        misplaced=misplaced,
    )


def at_risk(cps: CpsView, probe: ProbeView) -> float | None:
    """Return the dials that a silent death would burn, as in LegStatus."""
    never = probe.state is ProbeSignal.UNMONITORED or probe.interval_s == 0
    return dials_at_risk(cps.now, probe.detect_s, never=never)


def _detect_s(record: LegRecord, platform: str) -> float | None:
    settings = record.seen.probe_settings if record.seen else None
    return detect_s(platform, settings, registered=record.registers)


def channels_view(leg: NativeLeg | None, context: LegContext, signals: Signals, blind: bool) -> ChannelsView:
    """Return the channels as views show them; `blind` as in `reg_view`."""
    if blind:
        return ChannelsView(Usage.UNKNOWN, cap=context.cap)
    active = leg.channels.active if leg is not None and leg.channels is not None else None
    return ChannelsView(signals.usage, active, context.cap, context.used, context.used_whole)
