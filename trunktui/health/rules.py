"""The precedence table: one state and severity per leg, first rule that matches wins (health.md 4).

Pure: the signals say what was seen, the context what is configured; nothing here reads a clock. Rows that
need calls' outcomes (6, parts of 7, 12, 13) come with the traffic signal.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from trunktui.health.memory import LegMemory
from trunktui.health.signals import LegContext, Signals
from trunktui.model.health import (
    Effective,
    Freshness,
    LegState,
    ProbeSignal,
    RegSignal,
    Severity,
    Thresholds,
    Usage,
)
from trunktui.model.inventory import AuthMode, Direction
from trunktui.model.observation import AppState


class Cause(StrEnum):
    """Why a leg has its state; `reasons` owns the words for each."""

    DISABLED = "disabled"
    BOX_DOWN = "box_down"
    APP_DOWN = "app_down"
    NEVER = "never"
    STALE = "stale"
    NOTHING_LISTED = "nothing_listed"
    NOT_LOADED = "not_loaded"
    NOT_FOUND_YET = "not_found_yet"
    REG_NOT_LOADED = "reg_not_loaded"
    REFUSED_LOCALLY = "refused_locally"
    PROBE_IGNORED = "probe_ignored"
    PROBE_DEAD = "probe_dead"
    RECOVERING = "recovering"
    GAVE_UP = "gave_up"
    UNREGISTERED = "unregistered"
    RETRYING = "retrying"
    REFRESH_LATE = "refresh_late"
    REG_FAILING = "reg_failing"
    REREGISTERING = "reregistering"
    PROBE_MISSING = "probe_missing"
    CAP = "cap"
    PARTIAL = "partial"
    SLOW = "slow"
    LOSS = "loss"
    HIGH = "high"
    UNMONITORED = "unmonitored"
    UP_UNMONITORED = "up_unmonitored"
    UP = "up"
    STARTING = "starting"
    UNREAD = "unread"
    PENDING = "pending"


class Verdict(Struct, frozen=True):
    """A leg's state, how loud, why, and the row of the precedence table that decided."""

    state: LegState
    severity: Severity
    cause: Cause
    row: int


_RECOVERED = frozenset({LegState.UP, LegState.DEGRADED, LegState.SUSPECT, LegState.UNMONITORED})
_FULL = frozenset({Usage.FULL, Usage.OVER_CAP})
_REG_FINE = frozenset({RegSignal.REGISTERED, RegSignal.REFRESHING, RegSignal.NOT_USED})
_REG_GONE = frozenset({RegSignal.GAVE_UP, RegSignal.UNREGISTERED})
_REG_LATE = frozenset({RegSignal.LATE_REFRESH, RegSignal.OVERDUE})


def judge(context: LegContext, signals: Signals, memory: LegMemory, t: Thresholds) -> Verdict:
    """Return the verdict on a leg. `memory` decides only whether a recovery has been proven yet."""
    early = _not_seen(context, signals, t)
    if early is not None:
        return early
    found = _dead(signals) or _reg_lost_rules(context, signals, t) or _soft(context, signals, t)
    if memory.down_by_probe and signals.goods and found.state in _RECOVERED and not _proven_back(signals):
        return Verdict(LegState.DOWN, Severity.MAJOR, Cause.RECOVERING, 8)
    return found


def _not_seen(context: LegContext, signals: Signals, t: Thresholds) -> Verdict | None:
    """Rows 1 to 4: nothing fresh is known about the leg itself."""
    if not context.enabled:
        return Verdict(LegState.ADMIN_OFF, Severity.NONE, Cause.DISABLED, 1)
    if context.box_down:
        return _unknown(Cause.BOX_DOWN, 2)
    if context.freshness is Freshness.NEVER:
        return _unknown(Cause.NEVER, 3)
    if context.freshness is Freshness.STALE:
        return _unknown(Cause.STALE, 3)
    if context.app is AppState.STARTING:
        return _unknown(Cause.STARTING, 16)
    if context.app is not AppState.ANSWERING:
        return _unknown(Cause.APP_DOWN, 2)
    if context.nothing_listed:
        return _unknown(Cause.NOTHING_LISTED, 4)
    if not signals.listed:
        return _absent(context, signals, t)
    return None


def _absent(context: LegContext, signals: Signals, t: Thresholds) -> Verdict:
    """Row 4: in no table of this SBC; proof takes whole tables and two looks some time apart."""
    if not (context.reg_read and context.contacts_read) or signals.absent_s is None:
        return _unknown(Cause.UNREAD, 16)
    if context.configured and signals.absent_s >= t.absent_after_s:
        return Verdict(LegState.DOWN, Severity.CRITICAL, Cause.NOT_LOADED, 4)
    return _unknown(Cause.NOT_FOUND_YET, 4)


def _dead(signals: Signals) -> Verdict | None:
    """Rows 5, 7 and 8: the far end does not answer OPTIONS."""
    if signals.effective is Effective.REFUSED_LOCALLY:
        return Verdict(LegState.DOWN, Severity.MAJOR, Cause.REFUSED_LOCALLY, 5)
    if signals.probe is not ProbeSignal.DEAD:
        return None
    if signals.calls_pass:
        return Verdict(LegState.DEGRADED, Severity.MINOR, Cause.PROBE_IGNORED, 7)
    return Verdict(LegState.DOWN, Severity.MAJOR, Cause.PROBE_DEAD, 8)


def _reg_lost_rules(context: LegContext, signals: Signals, t: Thresholds) -> Verdict | None:
    """Rows 9 and 10: the registration is lost; it gates calls only where it is the sole authentication."""
    if signals.reg in _REG_GONE:
        cause = Cause.GAVE_UP if signals.reg is RegSignal.GAVE_UP else Cause.UNREGISTERED
        return _registration_lost(context, signals, cause, 9)
    if signals.reg is RegSignal.ABSENT and (signals.absent_s or 0.0) >= t.absent_after_s:
        return _registration_lost(context, signals, Cause.REG_NOT_LOADED, 4)
    if signals.reg is RegSignal.RETRYING and (signals.reg_old or signals.reg_failures >= t.reg_fail_after):
        return _registration_lost(context, signals, Cause.RETRYING, 10)
    return None


def _registration_lost(context: LegContext, signals: Signals, cause: Cause, row: int) -> Verdict:
    if context.auth is AuthMode.REGISTRATION and not signals.calls_pass:
        return Verdict(LegState.DOWN, Severity.MAJOR, cause, row)
    # What comes in needs the binding, whatever goes out.
    severity = Severity.MINOR if context.direction is Direction.OUTBOUND else Severity.MAJOR
    return Verdict(LegState.DEGRADED, severity, cause, row)


def _soft(context: LegContext, signals: Signals, t: Thresholds) -> Verdict:
    """Rows 11 to 16: warnings, caps, and what is left when nothing is wrong."""
    if signals.reg is RegSignal.RETRYING:
        return Verdict(LegState.SUSPECT, Severity.WARNING, Cause.REG_FAILING, 11)
    if signals.reg in _REG_LATE:
        if signals.probe is ProbeSignal.LOSS:  # says why the answer is late; and no alarm ends for a doubt
            return Verdict(LegState.DEGRADED, Severity.MINOR, Cause.LOSS, 13)
        return Verdict(LegState.SUSPECT, Severity.WARNING, Cause.REFRESH_LATE, 11)
    if signals.probe is ProbeSignal.MISSING:
        return Verdict(LegState.SUSPECT, Severity.WARNING, Cause.PROBE_MISSING, 11)
    if signals.reg is RegSignal.STARTING:
        if context.grace:
            return _unknown(Cause.STARTING, 16)
        return Verdict(LegState.SUSPECT, Severity.WARNING, Cause.REREGISTERING, 11)
    if signals.usage in _FULL:
        return Verdict(LegState.DEGRADED, Severity.MINOR, Cause.CAP, 12)
    if signals.probe is ProbeSignal.PARTIAL:
        return Verdict(LegState.DEGRADED, Severity.MINOR, Cause.PARTIAL, 13)
    if signals.probe is ProbeSignal.LOSS:
        return Verdict(LegState.DEGRADED, Severity.MINOR, Cause.LOSS, 13)
    if signals.probe is ProbeSignal.SLOW:
        return Verdict(LegState.DEGRADED, Severity.WARNING, Cause.SLOW, 13)
    if signals.usage is Usage.HIGH:
        return Verdict(LegState.DEGRADED, Severity.WARNING, Cause.HIGH, 13)
    return _quiet(signals, t)


def _quiet(signals: Signals, t: Thresholds) -> Verdict:
    """Rows 14 to 16: UP only where every signal it needs was read and is good."""
    if signals.reg is RegSignal.ABSENT:
        return _unknown(Cause.NOT_FOUND_YET, 4)
    if signals.reg not in _REG_FINE:
        return _unknown(Cause.UNREAD, 16)
    if signals.probe is ProbeSignal.OK:
        return Verdict(LegState.UP, Severity.NONE, Cause.UP, 15)
    if signals.probe is ProbeSignal.PENDING:
        return _unknown(Cause.PENDING, 16)
    if signals.probe is not ProbeSignal.UNMONITORED:
        return _unknown(Cause.UNREAD, 16)
    answered = signals.answered_age_s
    if answered is not None and answered <= t.answered_unmonitored_s:
        return Verdict(LegState.UP, Severity.NONE, Cause.UP_UNMONITORED, 15)
    return Verdict(LegState.UNMONITORED, Severity.WARNING, Cause.UNMONITORED, 14)


def _proven_back(signals: Signals) -> bool:
    """Leaving DOWN takes good results, and an SBC that would really route the next call."""
    return signals.goods >= signals.goods_wanted and signals.effective is not Effective.REFUSED_LOCALLY


def _unknown(cause: Cause, row: int) -> Verdict:
    return Verdict(LegState.UNKNOWN, Severity.INDETERMINATE, cause, row)
