"""What is remembered of a leg from poll to poll: streaks, counted in new results and not in polls.

Asterisk prints no time of the last OPTIONS, so a result that is seen again proves nothing new: a streak
grows by one when the answer changed (another round-trip time), or when one more loaded interval has passed.
"""

from __future__ import annotations

import re

from msgspec import Struct, structs

from trunktui.model.health import LegState, Thresholds
from trunktui.model.observation import ContactState, NativeLeg, Registration, RegPhase

_SAME_ATTEMPT_S = 3.0
"""Two looks at one attempt differ by rounding and by the command's own duration, not by more."""

_RTTS_KEPT_S = 3600.0
_LOSS_STEPS_MS = (500.0, 1500.0, 3500.0)
"""SIP's T1 retransmissions (RFC 3261, 17.1.1.2): an OPTIONS answered at the second, third, fourth try."""

_LOSS_TOLERANCE_MS = 60.0
_ADDRESS = re.compile(r"sips?:(?:[^@]*@)?(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\])(?::\d+)?(?:;.*)?")
_TARGETS_OF_A_NAME = 3
"""Asterisk tries each address of a registrar's name for 32 s; how many there are is not seen from here."""


class LegMemory(Struct, frozen=True):
    """One leg's past. Times are monotonic seconds; None means it never happened.

    `reg_old`, `probe_old`: it was failing already when first looked at, so how often and since when is not
    known, and is not counted. `attempt_at` is when the registration attempt in question was (or is) due;
    `attempt_looks` counts looks at the very same attempt while it was running. `probe_results` counts new results
    of the current streak, `drops` are the times at which one that answered was found silent.
    """

    state: LegState = LegState.UNKNOWN
    state_since: float | None = None
    known: LegState | None = None
    down_by_probe: bool = False
    absent_since: float | None = None
    registered_once: bool = False
    reg_bad_since: float | None = None
    reg_failures: int = 0
    reg_old: bool = False
    attempt_at: float | None = None
    attempt_looks: int = 0
    probe_alive: bool | None = None
    probe_since: float | None = None
    probe_results: int = 0
    probe_old: bool = False
    rtt_ms: float | None = None
    rtts: tuple[tuple[float, float], ...] = ()
    slow_results: int = 0
    drops: tuple[float, ...] = ()
    looks: int = 0
    looked_at: float | None = None

    @property
    def doubtful(self) -> bool:
        """Whether the next look may change the state: soft trouble, or a recovery not proven yet."""
        return self.state is LegState.SUSPECT or (self.down_by_probe and self.probe_alive is True)


def remember(
    memory: LegMemory,
    leg: NativeLeg,
    at: float,
    uptime_s: int | None,
    t: Thresholds,
    *,
    registration_missing: bool = False,
) -> LegMemory:
    """Return `memory` with one more look at the leg, taken at monotonic second `at`.

    `registration_missing`: the leg should have one, the table was read whole, and it is not in it.
    """
    absent_since = (memory.absent_since or at) if registration_missing else None
    memory = structs.replace(memory, absent_since=absent_since, looked_at=at)
    if leg.registration is not None:
        memory = _remember_registration(memory, leg.registration, at, uptime_s, t)
    return _remember_probe(memory, leg, at, uptime_s, t)


def remember_absent(memory: LegMemory, at: float) -> LegMemory:
    """Return `memory` with one more look that did not find the leg in tables that were read whole."""
    return memory if memory.absent_since is not None else structs.replace(memory, absent_since=at)


def forget_streaks(memory: LegMemory) -> LegMemory:
    """Return `memory` after the SBC restarted: what is running now proves nothing about before."""
    return LegMemory(
        state=memory.state,
        state_since=memory.state_since,
        known=memory.known,
        rtts=memory.rtts,
        looks=memory.looks,
    )


def settle(memory: LegMemory, state: LegState, by_probe: bool, at: float) -> LegMemory:
    """Return `memory` with the state just judged; `since` moves only when the state changed."""
    return structs.replace(
        memory,
        state=state,
        # Since when is only known of a change that we saw: what it was before the first look is not.
        state_since=memory.state_since if memory.state is state or memory.known is None else at,
        known=memory.known if state is LegState.UNKNOWN else state,
        down_by_probe=by_probe
        if state is LegState.DOWN
        else memory.down_by_probe and state is LegState.UNKNOWN,
    )


def attempt_limit_s(registration: Registration, t: Thresholds) -> int:
    """Return how long an attempt may be in flight, in seconds: 32 for each address of the registrar, and 8."""
    targets = 1 if _ADDRESS.fullmatch(registration.server) else _TARGETS_OF_A_NAME
    return t.attempt_s * targets + t.attempt_margin_s


def _remember_registration(
    memory: LegMemory, registration: Registration, at: float, uptime_s: int | None, t: Thresholds
) -> LegMemory:
    if registration.phase is RegPhase.REGISTERED:
        return structs.replace(
            memory,
            registered_once=True,
            reg_bad_since=None,
            reg_failures=0,
            reg_old=False,
            attempt_at=None,
            attempt_looks=0,
        )
    if registration.phase not in {RegPhase.WAITING, RegPhase.ATTEMPTING}:
        return structs.replace(memory, reg_bad_since=memory.reg_bad_since or at)
    attempt_at = None if registration.due_in_s is None else at + registration.due_in_s
    same = (
        attempt_at is not None
        and memory.attempt_at is not None
        and abs(attempt_at - memory.attempt_at) <= _SAME_ATTEMPT_S
    )
    # Rejected when we first look at this SBC: how often it failed before is not known, so it counts as
    # enough; but an SBC that has just started has not had the time to fail often.
    known_before = memory.registered_once or memory.reg_bad_since is not None or _young(uptime_s, t)
    running = registration.phase is RegPhase.ATTEMPTING
    return structs.replace(
        memory,
        reg_bad_since=memory.reg_bad_since or at,
        reg_failures=memory.reg_failures + (0 if same else 1),
        reg_old=memory.reg_old or not known_before,
        attempt_at=attempt_at,
        attempt_looks=(memory.attempt_looks + 1 if same else 1) if running else 0,
    )


def _young(uptime_s: int | None, t: Thresholds) -> bool:
    return uptime_s is not None and uptime_s < t.grace_s


def _remember_probe(
    memory: LegMemory, leg: NativeLeg, at: float, uptime_s: int | None, t: Thresholds
) -> LegMemory:
    first = memory.looks == 0
    memory = structs.replace(memory, looks=memory.looks + 1)
    states = {contact.state for contact in leg.contacts}
    if not states & {ContactState.REACHABLE, ContactState.UNREACHABLE}:
        return structs.replace(
            memory, probe_alive=None, probe_since=None, probe_results=0, probe_old=False, rtt_ms=None
        )
    alive = ContactState.REACHABLE in states
    rtt = max((c.rtt_ms for c in leg.contacts if c.rtt_ms is not None), default=None)
    settings = leg.probe_settings
    interval = (settings.interval_s if settings else None) or t.probe_interval_assumed_s
    since = memory.probe_since
    if memory.probe_alive is not alive or since is None:
        results, since = 1, at
    else:
        by_time = 1 + int((at - since) // interval)
        by_change = memory.probe_results + (1 if rtt != memory.rtt_ms else 0)
        results = max(by_time, by_change, memory.probe_results)
    rtts, slow = memory.rtts, memory.slow_results
    if rtt is None:
        slow = 0
    elif rtt != memory.rtt_ms or not rtts:
        slow = slow + 1 if _is_slow(rtt, rtts, t) else 0
        rtts = (*(entry for entry in rtts if at - entry[0] <= _RTTS_KEPT_S), (at, rtt))
    return structs.replace(
        memory,
        probe_alive=alive,
        probe_since=since,
        probe_results=results,
        # Silent when we first look: the SBC has judged it already, since when is not known.
        probe_old=not alive and (memory.probe_old or (first and not _young(uptime_s, t))),
        rtt_ms=rtt,
        rtts=rtts,
        slow_results=slow,
        drops=_drops(memory, alive, at, t),
    )


def _drops(memory: LegMemory, alive: bool, at: float, t: Thresholds) -> tuple[float, ...]:
    recent = tuple(drop for drop in memory.drops if at - drop <= t.flap_window_s)
    return (*recent, at) if memory.probe_alive and not alive else recent


def _is_slow(rtt: float, before: tuple[tuple[float, float], ...], t: Thresholds) -> bool:
    usual = median(tuple(value for _, value in before))
    return rtt > max(t.probe_slow_ms, t.probe_slow_factor * usual if usual is not None else 0.0)


def lossy(memory: LegMemory, t: Thresholds) -> bool:
    """Whether too many of the last OPTIONS were lost: answered a retransmission late, or not before they ran out.

    The path's own time is the least that was seen: where half of the packets are lost, the usual answer is a late
    one. A silence counts once however long it lasted: an outage that is over is no loss.
    """
    last = memory.rtts[-t.loss_window :]
    if not last:
        return False
    usual = min(rtt for _, rtt in last)
    late = sum(
        any(abs(rtt - usual - step) <= _LOSS_TOLERANCE_MS for step in _LOSS_STEPS_MS) for _, rtt in last
    )
    # Where the window is not full yet, what was lost before its first answer belongs to it.
    since = last[0][0] if len(last) == t.loss_window else 0.0
    return late + sum(drop >= since for drop in memory.drops) >= t.loss_results


def median(values: tuple[float, ...]) -> float | None:
    """Return the middle value (the lower of two), None of nothing."""
    return sorted(values)[(len(values) - 1) // 2] if values else None
