"""Judges an SBC as a whole: reachable, its software answering, restarted once or in a loop, readable."""

from __future__ import annotations

from msgspec import Struct

from trunktui.health.clock import clock_fault
from trunktui.health.reasons import NOTHING_LISTED, span
from trunktui.health.standby import HaRole, HaView
from trunktui.health.witness import Witness
from trunktui.model.health import SEVERITY_RANK, SbcState, Severity, Thresholds
from trunktui.model.link import LinkStatus, SshState
from trunktui.model.observation import AppState, Observation
from trunktui.model.text import Safe, clean

_WHY_LIMIT = 60
"""Characters left to SSH's own words where SNMP has to be heard as well."""

_CLOCK_SLACK_S = 5.0
"""Uptime is printed in whole seconds and the answer takes time: only a later start than this is a restart."""

_ROUNDING_S = 1.5

SBC_LIMIT = 400
"""An SBC's sentence may carry a transport's advice with the commands to run; screens cut it, detail does not."""


class BoxMemory(Struct, frozen=True):
    """When the SBC's software started and reloaded, when we last saw it, and the restarts (monotonic seconds)."""

    started_at: float | None = None
    reloaded_at: float | None = None
    seen_at: float | None = None
    starts: int = 0
    restarts: tuple[float, ...] = ()


class BoxLook(Struct, frozen=True):
    """What is known of an SBC at the instant of judging.

    `legs`: how many hang on it. `age_s`: of the last answer, None when there was none. `nothing_listed`: its
    tables were read whole and hold nothing, though the config names trunks there. `witness`: what SNMP says.
    `lost_parts`: pieces of it that do not run, and how many legs hang on each. `ha`: which half of a pair it is.
    `egress_fault`: how carriers see it otherwise than they should, empty where they do not.
    """

    link: LinkStatus
    observation: Observation | None
    legs: int
    age_s: float | None
    stale_s: float
    nothing_listed: bool = False
    witness: Witness = Witness()
    lost_parts: tuple[tuple[str, int], ...] = ()
    ha: HaView = HaView()
    egress_fault: Safe = Safe("")


class BoxVerdict(Struct, frozen=True):
    """An SBC's state, how loud, and the sentence for it."""

    state: SbcState
    severity: Severity
    reason: Safe


def remember_box(memory: BoxMemory, observation: Observation, t: Thresholds) -> BoxMemory:
    """Return `memory` with one more answer; a start after the answer before is a restart."""
    uptime = observation.box.uptime_s
    if uptime is None:
        return memory
    started = observation.at - uptime
    reload_age = observation.box.reload_age_s
    restarts = tuple(r for r in memory.restarts if observation.at - r <= t.restart_loop_s)
    starts = memory.starts
    if _is_new(memory.started_at, started, memory.seen_at):
        restarts, starts = (*restarts, started), starts + 1
    elif memory.started_at is not None and abs(started - memory.started_at) <= _ROUNDING_S:
        started = memory.started_at
    return BoxMemory(
        started_at=started,
        reloaded_at=None if reload_age is None else observation.at - reload_age,
        seen_at=observation.at,
        starts=starts,
        restarts=restarts,
    )


def restarted(before: BoxMemory, after: BoxMemory) -> bool:
    """Whether the SBC's software started anew between two answers."""
    return after.starts > before.starts


def reloaded(before: BoxMemory, after: BoxMemory) -> bool:
    """Whether settings may have changed between two answers: a restart or a reload."""
    if before.reloaded_at is None or after.reloaded_at is None:
        return before.reloaded_at is not after.reloaded_at
    return restarted(before, after) or _is_new(before.reloaded_at, after.reloaded_at, before.seen_at)


def _is_new(before: float | None, after: float, seen_at: float | None) -> bool:
    """Whether an event happened since we last looked: later than before, and later than that look.

    The second condition keeps a clock that drifts, or is stepped, from looking like a restart.
    """
    if before is None or seen_at is None:
        return False
    return after > before + _CLOCK_SLACK_S and after > seen_at - _CLOCK_SLACK_S


def in_grace(memory: BoxMemory, uptime_s: int | None, t: Thresholds) -> bool:
    """Whether a start excuses what is missing: for a minute, but not for the second one within ten."""
    return uptime_s is not None and uptime_s < t.grace_s and len(memory.restarts) < 2


def judge_box(look: BoxLook, memory: BoxMemory, t: Thresholds) -> BoxVerdict:
    """Return the verdict on an SBC; its sentence does not name it, whoever shows it does.

    SNMP makes nothing better than SSH saw it: it tells a lost way to a living box from a dead one, and where
    it is silent while SSH works, that is a warning about the monitoring and not about the box.
    """
    failing = look.link.state not in {SshState.OK, SshState.PENDING}
    if look.age_s is None and not failing:
        return _verdict(SbcState.UNKNOWN, Severity.INDETERMINATE, "not polled yet")
    if look.age_s is None or look.observation is None or look.age_s > look.stale_s:
        why = look.link.reason or "no answer"
        old = f"; last answer {span(look.age_s)} ago" if look.age_s is not None else ""
        if look.witness.words:
            return _lost(clean(why, _WHY_LIMIT), look.witness, f"{_legs(look.legs)} unknown{old}")
        return _verdict(
            SbcState.UNKNOWN, Severity.CRITICAL, f"not polled, {_legs(look.legs)} unknown{old}: {why}"
        )
    known = _with_pair(_judge_app(look.observation, memory, look, t), look.ha)
    verdict = _poll_failed(known, look) if failing else known
    return _with_fault(verdict, look.witness.fault) if look.witness.fault else verdict


def _with_pair(verdict: BoxVerdict, ha: HaView) -> BoxVerdict:
    """Return a verdict that knows of the other half: who stands by alarms nobody, an address held twice does."""
    if ha.role is HaRole.STANDBY:
        words = f"standby, {ha.peer} holds {ha.vip}"
        if SEVERITY_RANK[verdict.severity] <= SEVERITY_RANK[Severity.NONE]:
            return _verdict(verdict.state, verdict.severity, words)
        return _verdict(
            verdict.state, Severity.WARNING, f"{words}; as it is it could not take over: {verdict.reason}"
        )
    trouble = {
        HaRole.NOBODY: f"nobody holds {ha.vip}, neither it nor {ha.peer}: calls to it reach no SBC",
        HaRole.BOTH: f"both hold {ha.vip}, it and {ha.peer}: calls reach either, registrations displace each other",
    }.get(ha.role)
    if trouble is not None and verdict.state not in {SbcState.DOWN, SbcState.UNKNOWN}:
        also = "" if verdict.state is SbcState.UP else f"; {verdict.reason}"
        return _verdict(SbcState.DEGRADED, Severity.CRITICAL, f"{trouble}{also}")
    if ha.role is HaRole.UNTOLD and ha.vip and verdict.state is SbcState.UP:
        return _verdict(verdict.state, verdict.severity, f"{verdict.reason}; who holds {ha.vip} is not known")
    return verdict


def _with_fault(verdict: BoxVerdict, fault: str) -> BoxVerdict:
    """Return a verdict that tells of a silent SNMP too: last, for what SSH saw is the worse news.

    Where the box is down or unknown there is no word of it: who mends the box sees to the witness later.
    """
    if verdict.state is SbcState.UP:
        return _verdict(verdict.state, Severity.WARNING, f"{verdict.reason}; SSH works, SNMP not: {fault}")
    if verdict.state is SbcState.DEGRADED:
        return _verdict(verdict.state, verdict.severity, f"{verdict.reason}; SNMP fails too: {fault}")
    return verdict


def _poll_failed(known: BoxVerdict, look: BoxLook) -> BoxVerdict:
    failed = f"poll failed ({look.link.reason}), showing data {span(look.age_s or 0.0)} old"
    if SEVERITY_RANK[known.severity] > SEVERITY_RANK[Severity.WARNING]:
        return _verdict(known.state, known.severity, f"{known.reason}; {failed}")
    return _verdict(SbcState.DEGRADED, Severity.WARNING, failed)


def _lost(why: str, witness: Witness, tail: str) -> BoxVerdict:
    if witness.alive:
        words = f"SSH lost, {witness.words}: box alive; {tail} ({why})"
        return _verdict(SbcState.UNKNOWN, Severity.MAJOR, words)
    return _verdict(SbcState.UNKNOWN, Severity.CRITICAL, f"SSH lost, {witness.words}; {tail} ({why})")


def _judge_app(observation: Observation, memory: BoxMemory, look: BoxLook, t: Thresholds) -> BoxVerdict:
    trouble = {
        AppState.FROZEN: (SbcState.DOWN, Severity.CRITICAL),
        AppState.NOT_RUNNING: (SbcState.DOWN, Severity.CRITICAL),
        AppState.NOT_PERMITTED: (SbcState.UNKNOWN, Severity.MAJOR),
        AppState.UNREADABLE: (SbcState.UNKNOWN, Severity.MAJOR),
        AppState.STARTING: (SbcState.DEGRADED, Severity.WARNING),
    }.get(observation.app)
    if trouble is not None:
        return _verdict(*trouble, f"{observation.app_reason}: {_legs(look.legs)} unknown")
    recent = [r for r in memory.restarts if observation.at - r <= t.restart_loop_s]
    if len(recent) >= 2:
        over = span(max(observation.at - recent[0], 60.0))
        return _verdict(
            SbcState.DEGRADED, Severity.CRITICAL, f"restarted {len(recent)} times in {over}: restart loop?"
        )
    if look.lost_parts:
        return _verdict(SbcState.DEGRADED, Severity.MAJOR, _lost_parts(look.lost_parts))
    if look.nothing_listed:
        return _verdict(SbcState.DEGRADED, Severity.MAJOR, f"{NOTHING_LISTED}: {_legs(look.legs)} unknown")
    if observation.unread:
        first, more = observation.unread[0], len(observation.unread) - 1
        others = f" and {more} more" if more else ""
        words = f"cannot read '{first.command}'{others}: {first.why}"
        # With every table read whole, states stand; what is missing are settings and figures.
        whole = observation.reg_read and observation.contacts_read and observation.channels_read
        return _verdict(SbcState.DEGRADED, Severity.WARNING if whole else Severity.MAJOR, words)
    uptime = observation.box.uptime_s
    if in_grace(memory, uptime, t):
        return _verdict(SbcState.DEGRADED, Severity.WARNING, f"restarted {span(uptime or 0)} ago")
    if fault := clock_fault(observation.box, t.clock_warn_s):
        return _verdict(SbcState.UP, Severity.WARNING, f"answering; {fault}")
    if look.egress_fault:
        return _verdict(SbcState.UP, Severity.WARNING, f"answering; {look.egress_fault}")
    return _verdict(SbcState.UP, Severity.NONE, "answering")


def _lost_parts(parts: tuple[tuple[str, int], ...]) -> str:
    """Tell of pieces that do not run: one event, however many legs hang on them."""
    (name, legs), more = parts[0], len(parts) - 1
    others = f"; {more} more so" if more else ""
    return f"{name} is restarting or not loaded: {_legs(legs)} unknown{others}"


def _legs(count: int) -> str:
    return f"{count} leg" if count == 1 else f"{count} legs"


def _verdict(state: SbcState, severity: Severity, words: str) -> BoxVerdict:
    return BoxVerdict(state, severity, clean(words, SBC_LIMIT))
