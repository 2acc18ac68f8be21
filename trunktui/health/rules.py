"""The precedence table: one state and severity per leg, first rule that matches wins (health.md 4).

Pure: the signals say what was seen, the context what is configured; nothing here reads a clock.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, structs

from trunktui.health.codes import OVERLOAD
from trunktui.health.context import NEAR_CAP, LegContext
from trunktui.health.flap import MEANT, Flap
from trunktui.health.memory import LegMemory
from trunktui.health.probe import unwatched
from trunktui.health.signals import Signals
from trunktui.health.standby import HaRole
from trunktui.health.traffic import BAD, OVERLOAD_CAUSES, overload_share
from trunktui.model.health import (
    SEVERITY_RANK,
    WORST_FIRST,
    Effective,
    Freshness,
    LegState,
    ProbeSignal,
    RegSignal,
    Severity,
    Thresholds,
    TrafficSignal,
    Usage,
)
from trunktui.model.inventory import AuthMode, Direction
from trunktui.model.observation import AppState


class Cause(StrEnum):
    """Why a leg has its state; `reasons` owns the words for each."""

    DISABLED = "disabled"
    OFF_BY_US = "off_by_us"
    OFF_ON_SBC = "off_on_sbc"
    STANDBY = "standby"
    STILL_SENDING = "still_sending"
    FLAPPING = "flapping"
    LOST_PART = "lost_part"
    BOX_DOWN = "box_down"
    APP_DOWN = "app_down"
    NEVER = "never"
    STALE = "stale"
    NOTHING_LISTED = "nothing_listed"
    NOT_LOADED = "not_loaded"
    NOT_FOUND_YET = "not_found_yet"
    REG_NOT_LOADED = "reg_not_loaded"
    REFUSED_LOCALLY = "refused_locally"
    CALLS_FAIL = "calls_fail"
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
    STUCK = "stuck"
    CAP = "cap"
    CPS_CAP = "cps_cap"
    AUTH_SUSPECT = "auth_suspect"
    OVERLOADED = "overloaded"
    PARTIAL = "partial"
    SLOW = "slow"
    LOSS = "loss"
    NO_AUDIO = "no_audio"
    DESTINATION = "destination"
    LOW_ASR = "low_asr"
    HIGH = "high"
    CPS_HIGH = "cps_high"
    UNMONITORED = "unmonitored"
    UP_UNMONITORED = "up_unmonitored"
    UP = "up"
    STARTING = "starting"
    UNREAD = "unread"
    PENDING = "pending"


BY_CALLS = frozenset({Cause.CALLS_FAIL, Cause.NO_AUDIO, Cause.DESTINATION, Cause.LOW_ASR})
"""Causes that calls alone tell of."""


class Verdict(Struct, frozen=True, gc=False):
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
_NOT_FROZEN = MEANT | {LegState.UNKNOWN}
_BELIEVED = frozenset({Freshness.FRESH, Freshness.LATE})
_IMPAIRED = {
    ProbeSignal.AUTH_SUSPECT: (Severity.MINOR, Cause.AUTH_SUSPECT),
    ProbeSignal.OVERLOADED: (Severity.MINOR, Cause.OVERLOADED),
    ProbeSignal.PARTIAL: (Severity.MINOR, Cause.PARTIAL),
    ProbeSignal.LOSS: (Severity.MINOR, Cause.LOSS),
    ProbeSignal.SLOW: (Severity.WARNING, Cause.SLOW),
}
"""Row 13: what degrades a leg whose OPTIONS are answered after a fashion."""


_BY_CALLS = {
    TrafficSignal.DESTINATION: (Severity.MINOR, Cause.DESTINATION),
    TrafficSignal.LOW_ASR: (Severity.MINOR, Cause.LOW_ASR),
}
"""Row 13: what degrades a leg whose calls pass, but not as they should."""


_UP = Verdict(LegState.UP, Severity.NONE, Cause.UP, 15)


def judge(context: LegContext, signals: Signals, memory: LegMemory, t: Thresholds) -> Verdict:
    """Return the verdict on a leg. `memory` decides only whether a recovery has been proven yet."""
    early = _not_seen(context, signals, t)
    if early is not None:
        return early
    if _well(signals, context) and not memory.down_by_probe:
        return _UP
    found = (
        _switched_off(signals, t)
        or _refused_locally(signals)
        or _calls_fail(context, signals, t)
        or _dead(signals)
        or _reg_lost_rules(context, signals, t)
        or _soft(context, signals, t)
    )
    if memory.down_by_probe and signals.goods and found.state in _RECOVERED and not _proven_back(signals):
        return Verdict(LegState.DOWN, Severity.MAJOR, Cause.RECOVERING, 8)
    quiet = SEVERITY_RANK[found.severity] < SEVERITY_RANK[Severity.MAJOR]
    if quiet and context.direction is not Direction.OUTBOUND and _reg_lost_rules(context, signals, t):
        # What comes in needs the binding, whatever goes out.
        return structs.replace(found, severity=Severity.MAJOR)
    return found


def _well(signals: Signals, context: LegContext) -> bool:
    """Whether every signal is as good as can be, so that no row but the last but one can match: nearly always."""
    return (
        signals.probe is ProbeSignal.OK
        and signals.reg in _REG_FINE
        and signals.effective is Effective.ROUTABLE
        and signals.usage not in NEAR_CAP
        and signals.cps not in NEAR_CAP
        and (context.traffic is None or context.traffic.state not in BAD)
    )


def _not_seen(context: LegContext, signals: Signals, t: Thresholds) -> Verdict | None:
    """Rows 1 to 4: nothing fresh is known about the leg itself."""
    if not context.enabled:
        return _off(signals, Cause.DISABLED, t)
    if context.ha.role is HaRole.STANDBY and context.freshness in _BELIEVED:
        return Verdict(LegState.STANDBY, Severity.NONE, Cause.STANDBY, 2)
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
    if context.lost_part is not None and not signals.listed:
        return _unknown(Cause.LOST_PART, 4)
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


def _off(signals: Signals, cause: Cause, t: Thresholds) -> Verdict:
    """Row 1: switched off by somebody; after a day it may have been forgotten."""
    forgotten = signals.off_s is not None and signals.off_s > t.admin_off_warn_s
    return Verdict(LegState.ADMIN_OFF, Severity.WARNING if forgotten else Severity.NONE, cause, 1)


def _switched_off(signals: Signals, t: Thresholds) -> Verdict | None:
    """Row 1 as the SBC shows it: off by our own record, or by its own flag; but not while it still takes calls."""
    if signals.sends_on or (signals.reg is RegSignal.ADMIN_OFF and signals.active):
        return Verdict(LegState.DEGRADED, Severity.MAJOR, Cause.STILL_SENDING, 1)
    if signals.reg is RegSignal.ADMIN_OFF:
        return _off(signals, Cause.OFF_BY_US, t)
    return _off(signals, Cause.OFF_ON_SBC, t) if signals.effective is Effective.ADMIN_OFF else None


def _refused_locally(signals: Signals) -> Verdict | None:
    """Row 5: the SBC refuses calls."""
    if signals.effective is not Effective.REFUSED_LOCALLY:
        return None
    return Verdict(LegState.DOWN, _blind(signals), _refusal(signals), 5)


def _calls_fail(context: LegContext, signals: Signals, t: Thresholds) -> Verdict | None:
    """Row 6: calls themselves fail, whatever else is well. DOWN takes many of them, to several destinations, all for one reason."""
    view = context.traffic
    if view is None or view.state is not TrafficSignal.FAILING or not view.attempts or view.failed is None:
        return None
    near = signals.usage in NEAR_CAP or signals.cps in NEAR_CAP
    if near and (view.cause in OVERLOAD_CAUSES or view.code == OVERLOAD):
        return None  # refused for want of room: row 12
    for_good = view.failed >= t.traffic_down * view.attempts and not view.answered
    many = view.attempts >= t.traffic_down_attempts and view.prefixes >= t.traffic_down_prefixes
    if for_good and many:
        return Verdict(LegState.DOWN, Severity.CRITICAL, Cause.CALLS_FAIL, 6)
    if signals.probe is ProbeSignal.DEAD and not signals.calls_pass:
        return None  # row 8 says more
    return Verdict(LegState.DEGRADED, Severity.MAJOR, Cause.CALLS_FAIL, 6)


def _dead(signals: Signals) -> Verdict | None:
    """Rows 7 and 8: the far end does not answer OPTIONS."""
    if signals.probe is not ProbeSignal.DEAD:
        return None
    if signals.calls_pass:
        return Verdict(LegState.DEGRADED, Severity.MINOR, Cause.PROBE_IGNORED, 7)
    return Verdict(LegState.DOWN, _blind(signals), Cause.PROBE_DEAD, 8)


def _blind(signals: Signals) -> Severity:
    """Return how loud a dead far end is: where nobody asks what is dead, its return will not be noticed either."""
    blind = bool(signals.dead) and all(unwatched(contact) for contact in signals.dead)
    return Severity.CRITICAL if blind else Severity.MAJOR


def _refusal(signals: Signals) -> Cause:
    """Return why an SBC refuses calls: for want of a registration where it wants one, else for silent OPTIONS."""
    if not signals.reg_gates:
        return Cause.REFUSED_LOCALLY
    lost = {
        RegSignal.RETRYING: Cause.RETRYING,
        RegSignal.GAVE_UP: Cause.GAVE_UP,
        RegSignal.UNREGISTERED: Cause.UNREGISTERED,
    }
    return lost.get(signals.reg, Cause.REFUSED_LOCALLY)


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
    gates = signals.reg_gates and signals.effective is not Effective.ROUTABLE
    if gates or (context.auth is AuthMode.REGISTRATION and not signals.calls_pass):
        return Verdict(LegState.DOWN, Severity.MAJOR, cause, row)
    return Verdict(LegState.DEGRADED, Severity.MINOR, cause, row)


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
    if signals.probe is ProbeSignal.STUCK and signals.stuck_looks < 2:
        return Verdict(LegState.SUSPECT, Severity.WARNING, Cause.STUCK, 11)
    if signals.reg is RegSignal.STARTING:
        if context.grace:
            return _unknown(Cause.STARTING, 16)
        return Verdict(LegState.SUSPECT, Severity.WARNING, Cause.REREGISTERING, 11)
    return _impaired(context, signals, t) or _quiet(context, signals, t)


def _impaired(context: LegContext, signals: Signals, t: Thresholds) -> Verdict | None:
    """Rows 12 and 13: calls pass, but not all of them, or not as they should."""
    if signals.usage in _FULL or signals.cps in _FULL:
        refused = signals.code == OVERLOAD or overload_share(context.traffic) >= t.traffic_overload
        severity = Severity.MAJOR if refused else Severity.MINOR
        cause = Cause.CAP if signals.usage in _FULL else Cause.CPS_CAP
        return Verdict(LegState.DEGRADED, severity, cause, 12)
    traffic = context.traffic
    if traffic is not None and traffic.state is TrafficSignal.NO_AUDIO:
        return Verdict(LegState.DEGRADED, Severity.MAJOR, Cause.NO_AUDIO, 13)
    cause_of = _IMPAIRED.get(signals.probe) or (_BY_CALLS.get(traffic.state) if traffic is not None else None)
    if cause_of is not None:
        return Verdict(LegState.DEGRADED, *cause_of, 13)
    if signals.usage in NEAR_CAP:
        return Verdict(LegState.DEGRADED, Severity.WARNING, Cause.HIGH, 13)
    if signals.cps in NEAR_CAP:
        return Verdict(LegState.DEGRADED, Severity.WARNING, Cause.CPS_HIGH, 13)
    return None


def _quiet(context: LegContext, signals: Signals, t: Thresholds) -> Verdict:
    """Rows 14 to 16: UP only where every signal it needs was read and is good."""
    if signals.reg is RegSignal.ABSENT:
        return _unknown(Cause.NOT_FOUND_YET, 4)
    if signals.reg not in _REG_FINE:
        return _unknown(Cause.UNREAD, 16)
    if signals.probe is ProbeSignal.OK:
        return Verdict(LegState.UP, Severity.NONE, Cause.UP, 15)
    if signals.probe is ProbeSignal.PENDING:
        return _unknown(Cause.PENDING, 16)
    answered = signals.answered_age_s is not None and signals.answered_age_s <= t.answered_unmonitored_s
    if signals.probe is ProbeSignal.STUCK:
        # It is shown as up and nobody looks any more: worse than a trunk that never was watched.
        return Verdict(
            LegState.UNMONITORED, Severity.WARNING if answered else Severity.MAJOR, Cause.STUCK, 14
        )
    if signals.probe is not ProbeSignal.UNMONITORED:
        return _unknown(Cause.UNREAD, 16)
    if answered:
        return Verdict(LegState.UP, Severity.NONE, Cause.UP_UNMONITORED, 15)
    severity = Severity.MAJOR if context.heavy else Severity.WARNING
    return Verdict(LegState.UNMONITORED, severity, Cause.UNMONITORED, 14)


def frozen(verdict: Verdict, flap: Flap) -> Verdict:
    """Return the verdict that is told while a leg flaps: the worst of late; no news, and what is meant, stay."""
    if flap.since is None or verdict.state in _NOT_FROZEN:
        return verdict
    louder = max(flap.bad_severity, verdict.severity, key=lambda severity: SEVERITY_RANK[severity])
    worst = min(flap.bad, verdict.state, key=WORST_FIRST.index)
    return Verdict(worst, louder, Cause.FLAPPING, verdict.row)


def _proven_back(signals: Signals) -> bool:
    """Leaving DOWN takes good results, and an SBC that would really route the next call."""
    return signals.goods >= signals.goods_wanted and signals.effective is not Effective.REFUSED_LOCALLY


def _unknown(cause: Cause, row: int) -> Verdict:
    return Verdict(LegState.UNKNOWN, Severity.INDETERMINATE, cause, row)
