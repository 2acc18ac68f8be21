"""Turns a look at a leg, and what is remembered of it, into signals: each one word, the rules' only input."""

from __future__ import annotations

from msgspec import Struct

from trunktui.health.memory import LegMemory, attempt_limit_s, lossy, median
from trunktui.model.health import Effective, Freshness, ProbeSignal, RegSignal, Thresholds, Usage
from trunktui.model.inventory import AuthMode, DialMode, Direction
from trunktui.model.observation import (
    AppState,
    Contact,
    ContactState,
    NativeLeg,
    RegPhase,
    Unread,
)
from trunktui.model.text import Safe

_INITIAL_DELAY_S = 10
"""Asterisk's default max_random_initial_delay."""


class LegContext(Struct, frozen=True):
    """What the config and the SBC as a whole say about a leg, beside the look at the leg itself.

    `freshness` is judged from the last answer's age. `app` and `app_reason`: whether the SBC's software
    answered at the last look. `uptime_s` as of that look, `settled_s` since the last start or reload; `grace`
    while a restart excuses what is missing. `snmp_words` is what the second witness says of the box, empty
    where there is none.
    `used` is the share of `cap` used over every leg that counts against it, `used_whole` False when a leg's
    channels are not known, so that `used` is a lower bound.
    """

    id: str
    sbc: str
    auth: AuthMode
    dial: DialMode | None = None
    direction: Direction = Direction.OUTBOUND
    enabled: bool = True
    configured: bool = False
    freshness: Freshness = Freshness.FRESH
    age_s: float = 0.0
    link_words: Safe = Safe("")
    snmp_words: str = ""
    box_down: bool = False
    app: AppState = AppState.ANSWERING
    app_reason: Safe = Safe("")
    version: Safe | None = None
    uptime_s: int | None = None
    settled_s: int | None = None
    grace: bool = False
    settings_pending: bool = False
    nothing_listed: bool = False
    reg_read: bool = True
    contacts_read: bool = True
    unread: tuple[Unread, ...] = ()
    cap: int | None = None
    used: int | None = None
    used_whole: bool = True
    account: str | None = None


class Signals(Struct, frozen=True):
    """A leg in words. Durations in seconds; `reg_elapsed_s` since an attempt began or a refresh was due.

    `reg_old`, `probe_old`: it failed already when first looked at, so failures and misses are lower bounds.
    `usual_ms` is the median round trip of the last hour, only told while answers are slow.
    `drops`: how often it fell silent within the flap window. `goods_wanted`: answers in a row that end a DOWN.
    """

    reg: RegSignal
    probe: ProbeSignal
    effective: Effective
    usage: Usage
    reg_due_s: int | None = None
    reg_elapsed_s: int | None = None
    reg_failures: int = 0
    reg_old: bool = False
    reg_seen_once: bool = False
    misses: int = 0
    probe_old: bool = False
    goods: int = 0
    goods_wanted: int = 2
    drops: int = 0
    silent_s: float = 0.0
    rtt_ms: float | None = None
    usual_ms: float | None = None
    dead: tuple[Contact, ...] = ()
    unprobed: tuple[Contact, ...] = ()
    alive: tuple[Contact, ...] = ()
    answered_age_s: int | None = None
    calls_pass: bool = False
    listed: bool = True
    absent_s: float | None = None


def read_signals(
    leg: NativeLeg | None, memory: LegMemory, context: LegContext, at: float, t: Thresholds
) -> Signals:
    """Return the signals of a leg as it looked at monotonic second `at`; None: it was not in the tables."""
    if leg is None:
        absent = None if memory.absent_since is None else at - memory.absent_since
        return Signals(
            reg=RegSignal.UNKNOWN if absent is None else RegSignal.ABSENT,
            probe=ProbeSignal.UNKNOWN,
            effective=Effective.UNKNOWN,
            usage=Usage.UNKNOWN,
            listed=False,
            absent_s=absent,
        )
    reg, due, elapsed = _registration(leg, memory, context, t)
    effective = _effective(leg, context)
    probe = _probe(leg, memory, context, t)
    answered = leg.channels.answered_age_s if leg.channels else None
    drops = sum(at - drop <= t.flap_window_s for drop in memory.drops)
    bad_since = min(
        (x for x in (memory.reg_bad_since, _bad_probe_since(memory)) if x is not None), default=None
    )
    return Signals(
        reg=reg,
        probe=probe,
        effective=effective,
        usage=usage(context, t),
        reg_due_s=due,
        reg_elapsed_s=elapsed,
        reg_failures=memory.reg_failures,
        reg_old=memory.reg_old,
        reg_seen_once=memory.attempt_looks == 1,
        misses=memory.probe_results if memory.probe_alive is False else 0,
        probe_old=memory.probe_old,
        goods=memory.probe_results if memory.probe_alive else 0,
        # One that comes and goes has to answer for longer, or each return would be news, and each drop an alarm.
        goods_wanted=t.flap_up_after if drops >= t.flap_drops else t.probe_up_after,
        drops=drops,
        silent_s=at - memory.probe_since if memory.probe_alive is False and memory.probe_since else 0.0,
        rtt_ms=memory.rtt_ms,
        usual_ms=median(tuple(rtt for _, rtt in memory.rtts)) if memory.slow_results else None,
        dead=tuple(c for c in leg.contacts if c.state is ContactState.UNREACHABLE),
        unprobed=tuple(c for c in leg.contacts if c.state is ContactState.UNPROBED),
        alive=tuple(c for c in leg.contacts if c.state is ContactState.REACHABLE),
        answered_age_s=answered,
        calls_pass=_calls_pass(answered, bad_since, at, t),
        absent_s=None if memory.absent_since is None else at - memory.absent_since,
    )


def usage(context: LegContext, t: Thresholds) -> Usage:
    """Return channels against the cap; a lower bound counts as it is, because it can only be worse."""
    if context.cap is None:
        return Usage.NO_CAP
    if context.used is None:
        return Usage.UNKNOWN
    share = context.used / context.cap
    if share > 1.0:
        return Usage.OVER_CAP
    if share >= t.channels_full:
        return Usage.FULL
    if share >= t.channels_high:
        return Usage.HIGH
    return Usage.NORMAL if context.used_whole else Usage.UNKNOWN


def _registration(
    leg: NativeLeg, memory: LegMemory, context: LegContext, t: Thresholds
) -> tuple[RegSignal, int | None, int | None]:
    """Return (signal, seconds to the next REGISTER, seconds since an attempt began or was due)."""
    registration = leg.registration
    if registration is None:
        if context.auth is AuthMode.IP and (context.configured or context.reg_read):
            return RegSignal.NOT_USED, None, None
        return (RegSignal.ABSENT if context.reg_read else RegSignal.UNKNOWN), None, None
    due = registration.due_in_s
    ahead = due if due is not None and due >= 0 else None
    elapsed = -due if due is not None and due < 0 else None
    match registration.phase:
        case RegPhase.REGISTERED:
            return _refresh(elapsed, t), ahead, elapsed
        case RegPhase.WAITING:
            return RegSignal.RETRYING, ahead, elapsed
        case RegPhase.ATTEMPTING:
            over = elapsed is None or elapsed > attempt_limit_s(registration, t)
            gave_up = over and memory.attempt_looks >= 2
            return (RegSignal.GAVE_UP if gave_up else RegSignal.RETRYING), ahead, elapsed
        case RegPhase.UNREGISTERED:
            loaded = leg.reg_settings.initial_delay_s if leg.reg_settings else None
            delay = _INITIAL_DELAY_S if loaded is None else loaded
            due_soon = ahead is not None and ahead <= delay
            in_flight = elapsed is not None and elapsed <= attempt_limit_s(registration, t)
            starting = context.grace or due_soon or in_flight
            return (RegSignal.STARTING if starting else RegSignal.UNREGISTERED), ahead, elapsed
        case RegPhase.OTHER:
            return RegSignal.UNKNOWN, ahead, elapsed


def _refresh(elapsed: int | None, t: Thresholds) -> RegSignal:
    if elapsed is None:
        return RegSignal.REGISTERED
    if elapsed <= t.refresh_normal_s:
        return RegSignal.REFRESHING
    return RegSignal.LATE_REFRESH if elapsed <= t.attempt_s else RegSignal.OVERDUE


def _probe(leg: NativeLeg, memory: LegMemory, context: LegContext, t: Thresholds) -> ProbeSignal:
    if not leg.contacts:
        if not context.contacts_read:
            return ProbeSignal.UNKNOWN
        return ProbeSignal.PENDING if context.settings_pending else ProbeSignal.UNMONITORED
    states = {contact.state for contact in leg.contacts}
    if ContactState.OTHER in states:
        return ProbeSignal.UNKNOWN
    if states == {ContactState.UNREACHABLE}:
        patience = t.probe_down_after if context.dial is DialMode.URI else 2
        if memory.probe_old or memory.probe_results >= patience:
            return ProbeSignal.DEAD
        # Where packets are known to be lost, one more of them is no new doubt.
        return ProbeSignal.LOSS if lossy(memory, t) else ProbeSignal.MISSING
    if ContactState.UNREACHABLE in states:
        return ProbeSignal.PARTIAL
    if ContactState.UNPROBED in states:
        return _unprobed(leg, context)
    # Loss before slowness: each answer that a retransmission saved is slow as well.
    if lossy(memory, t):
        return ProbeSignal.LOSS
    return ProbeSignal.SLOW if memory.slow_results >= t.probe_slow_results else ProbeSignal.OK


def _unprobed(leg: NativeLeg, context: LegContext) -> ProbeSignal:
    """Tell "not yet" from "never": right after a start or reload Asterisk waits up to one interval."""
    interval = leg.probe_settings.interval_s if leg.probe_settings else None
    if interval is None:
        return ProbeSignal.PENDING if context.settings_pending or context.grace else ProbeSignal.UNMONITORED
    if interval == 0:
        return ProbeSignal.UNMONITORED
    young = context.settled_s is not None and context.settled_s <= interval + 5
    return ProbeSignal.PENDING if young or context.grace else ProbeSignal.UNMONITORED


def _effective(leg: NativeLeg, context: LegContext) -> Effective:
    """Return what Asterisk would do with the next call: it refuses only where it dials by the AOR.

    Measured on 22.10: `PJSIP/number@trunk` fails at once while every contact is unreachable, an explicit
    URI goes out whatever OPTIONS says, and a rejected registration stops no call.
    """
    if context.dial is DialMode.URI:
        return Effective.ROUTABLE
    states = {contact.state for contact in leg.contacts}
    if ContactState.REACHABLE in states or (ContactState.UNPROBED in states and context.dial is DialMode.AOR):
        return Effective.ROUTABLE
    if states == {ContactState.UNREACHABLE} and context.dial is DialMode.AOR:
        return Effective.REFUSED_LOCALLY
    return Effective.UNKNOWN


def _bad_probe_since(memory: LegMemory) -> float | None:
    return memory.probe_since if memory.probe_alive is False else None


def _calls_pass(answered_age_s: int | None, bad_since: float | None, at: float, t: Thresholds) -> bool:
    """Whether a call that began after the first bad sign was answered lately: it beats any other sign."""
    if answered_age_s is None or answered_age_s > t.answered_recent_s:
        return False
    return bad_since is not None and at - answered_age_s > bad_since
