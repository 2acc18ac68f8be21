"""Judges an SBC as a whole: reachable, its software answering, restarted once or in a loop, readable."""

from __future__ import annotations

from msgspec import Struct, structs

from trunktui.health.reasons import LIMIT, span
from trunktui.model.health import SbcState, Severity, Thresholds
from trunktui.model.link import LinkStatus, SshState
from trunktui.model.observation import AppState, Observation
from trunktui.model.text import Safe, clean

_CLOCK_SLACK_S = 5.0
"""Uptime is printed in whole seconds and the answer takes time: only a later start than this is a restart."""


class BoxMemory(Struct, frozen=True):
    """When the SBC's software started and reloaded, and the restarts seen (monotonic seconds)."""

    started_at: float | None = None
    reloaded_at: float | None = None
    restarts: tuple[float, ...] = ()


class BoxVerdict(Struct, frozen=True):
    """An SBC's state, how loud, and the sentence for it."""

    state: SbcState
    severity: Severity
    reason: Safe


def remember_box(memory: BoxMemory, observation: Observation, t: Thresholds) -> BoxMemory:
    """Return `memory` with one more answer; a start later than the last one known is a restart."""
    uptime = observation.box.uptime_s
    if uptime is None:
        return memory
    started = observation.at - uptime
    reload_age = observation.box.reload_age_s
    restarts = tuple(r for r in memory.restarts if observation.at - r <= t.restart_loop_s)
    if memory.started_at is not None and started > memory.started_at + _CLOCK_SLACK_S:
        restarts = (*restarts, started)
    elif memory.started_at is not None:
        started = memory.started_at
    return structs.replace(
        memory,
        started_at=started,
        reloaded_at=None if reload_age is None else observation.at - reload_age,
        restarts=restarts,
    )


def restarted(before: BoxMemory, after: BoxMemory) -> bool:
    """Whether the SBC's software started anew between two answers."""
    return before.started_at is not None and before.started_at != after.started_at


def reloaded(before: BoxMemory, after: BoxMemory) -> bool:
    """Whether settings may have changed between two answers: a restart or a reload."""
    if before.reloaded_at is None or after.reloaded_at is None:
        return before.reloaded_at is not after.reloaded_at
    return after.reloaded_at > before.reloaded_at + _CLOCK_SLACK_S


def in_grace(memory: BoxMemory, uptime_s: int | None, t: Thresholds) -> bool:
    """Whether a start excuses what is missing: for a minute, but not for the second one within ten."""
    return uptime_s is not None and uptime_s < t.grace_s and len(memory.restarts) < 2


def judge_box(
    name: str,
    link: LinkStatus,
    observation: Observation | None,
    memory: BoxMemory,
    legs: int,
    age_s: float | None,
    stale_s: float,
    t: Thresholds,
) -> BoxVerdict:
    """Return the verdict on an SBC. `age_s` is the age of the last answer, `legs` how many hang on it."""
    failing = link.state not in {SshState.OK, SshState.PENDING}
    if age_s is None and not failing:
        return _verdict(SbcState.UNKNOWN, Severity.INDETERMINATE, "not polled yet")
    if age_s is None or age_s > stale_s:
        why = link.reason or "no answer"
        old = f"; last answer {span(age_s)} ago" if age_s is not None else ""
        lost = f"{name} not polled: {why}: {_legs(legs)} unknown{old}"
        return _verdict(SbcState.UNKNOWN, Severity.CRITICAL, lost)
    if failing:
        return _verdict(
            SbcState.DEGRADED, Severity.WARNING, f"poll failed: {link.reason}; showing data {span(age_s)} old"
        )
    if observation is None:
        return _verdict(SbcState.UNKNOWN, Severity.INDETERMINATE, "not polled yet")
    return _judge_app(name, observation, memory, legs, t)


def _judge_app(
    name: str, observation: Observation, memory: BoxMemory, legs: int, t: Thresholds
) -> BoxVerdict:
    trouble = {
        AppState.FROZEN: (SbcState.DOWN, Severity.CRITICAL),
        AppState.NOT_RUNNING: (SbcState.DOWN, Severity.CRITICAL),
        AppState.NOT_PERMITTED: (SbcState.UNKNOWN, Severity.MAJOR),
        AppState.UNREADABLE: (SbcState.UNKNOWN, Severity.MAJOR),
        AppState.STARTING: (SbcState.DEGRADED, Severity.WARNING),
    }.get(observation.app)
    if trouble is not None:
        return _verdict(*trouble, f"{name}: {observation.app_reason}: {_legs(legs)} unknown")
    recent = [r for r in memory.restarts if observation.at - r <= t.restart_loop_s]
    if len(recent) >= 2:
        over = span(max(observation.at - recent[0], 60.0))
        words = f"{name} restarted {len(recent)} times in {over}: restart loop?"
        return _verdict(SbcState.DEGRADED, Severity.CRITICAL, words)
    if observation.unread:
        first = observation.unread[0]
        words = f"{name}: cannot read '{first.command}': {first.why}"
        return _verdict(SbcState.DEGRADED, Severity.MAJOR, words)
    uptime = observation.box.uptime_s
    if in_grace(memory, uptime, t):
        return _verdict(SbcState.DEGRADED, Severity.WARNING, f"{name} restarted {span(uptime or 0)} ago")
    return _verdict(SbcState.UP, Severity.NONE, f"answering, up {span(uptime or 0)}")


def _legs(count: int) -> str:
    return f"{count} leg" if count == 1 else f"{count} legs"


def _verdict(state: SbcState, severity: Severity, words: str) -> BoxVerdict:
    return BoxVerdict(state, severity, clean(words, LIMIT))
