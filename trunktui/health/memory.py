"""What is remembered of a leg from poll to poll: streaks, counted in new results and not in polls.

Asterisk prints no time of the last OPTIONS, so a result that is seen again proves nothing new: a streak
grows by one when the answer changed (another round-trip time), or when one more loaded interval has passed.
"""

from __future__ import annotations

import re

from msgspec import Struct, structs

from trunktui.health.codes import CodeClass, Runs, classify, learn, refused_now, usual
from trunktui.health.flap import CALM, Flap
from trunktui.health.load import Peaks, keep_peak, peak
from trunktui.model.health import FaultKind, LegState, Thresholds
from trunktui.model.inventory import AuthMode
from trunktui.model.observation import Contact, ContactState, NativeLeg, Registration, RegPhase

_SAME_ATTEMPT_S = 3.0
"""Two looks at one attempt differ by rounding and by the command's own duration, not by more."""

_RTTS_KEPT_S = 3600.0
_RTTS_KEPT = 120
"""Round trips of the last hour at most, and no more of them where OPTIONS come often."""

_LOSS_STEPS_MS = (500.0, 1500.0, 3500.0)
"""SIP's T1 retransmissions (RFC 3261, 17.1.1.2): an OPTIONS answered at the second, third, fourth try."""

_LOSS_TOLERANCE_MS = 60.0
_ADDRESS = re.compile(r"sips?:(?:[^@]*@)?(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\])(?::\d+)?(?:;.*)?")
_TARGETS_OF_A_NAME = 3
"""Asterisk tries each address of a registrar's name for 32 s; how many there are is not seen from here."""


class LegMemory(Struct, frozen=True, gc=False):
    """One leg's past. Times are monotonic seconds; None means it never happened.

    `reg_old`, `probe_old`: it was failing already when first looked at, so how often and since when is not
    known, and is not counted. `attempt_at` is when the registration attempt in question was (or is) due;
    `attempt_looks` counts looks at the very same attempt while it was running. `probe_results` counts new results
    of the current streak, `drops` are the times at which one that answered was found silent.
    `codes` are those that answered OPTIONS while nothing was wrong with them, `code` the last one, `code_results`
    how often in a row. `count` is the SBC's own counter, `missing` whether it fell last. `stuck_looks`: looks at
    which no OPTIONS had been sent for too long. `lossy`: too many of the last OPTIONS were lost. `peaks`, and `load`,
    the highest of them, stand still from the first bad sign on. `spell`: the first bad sign of the outage that it is
    in, by `fault`; both None outside of one. `healed`: from when to when the last one was.
    """

    state: LegState = LegState.UNKNOWN
    state_since: float | None = None
    known: LegState | None = None
    known_since: float | None = None
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
    lossy: bool = False
    looks: int = 0
    looked_at: float | None = None
    codes: Runs = ()
    code: int | None = None
    code_results: int = 0
    count: int | None = None
    missing: bool = False
    stuck_looks: int = 0
    peaks: Peaks = ()
    load: int | None = None
    off_since: float | None = None
    suspect: bool = False
    flap: Flap = CALM
    spell: float | None = None
    fault: FaultKind | None = None
    healed: tuple[float, float] | None = None

    @property
    def doubtful(self) -> bool:
        """Whether the next look may change the state: soft trouble, or a recovery not proven yet."""
        return self.suspect or (self.down_by_probe and self.probe_alive is True)

    @property
    def bad_since(self) -> float | None:
        """When the first bad sign of the trouble that there is was seen; None: there is none."""
        silent = self.probe_since if self.probe_alive is False else None
        if silent is None or self.reg_bad_since is None:
            return self.reg_bad_since if silent is None else silent
        return min(silent, self.reg_bad_since)


def remember(
    memory: LegMemory,
    leg: NativeLeg,
    at: float,
    uptime_s: int | None,
    t: Thresholds,
    *,
    auth: AuthMode = AuthMode.REGISTRATION,
    registration_missing: bool = False,
) -> LegMemory:
    """Return `memory` with one more look at the leg, taken at monotonic second `at`.

    `registration_missing`: the leg should have one, the table was read whole, and it is not in it.
    """
    absent_since = (memory.absent_since or at) if registration_missing else None
    if absent_since is not memory.absent_since:
        memory = structs.replace(memory, absent_since=absent_since)
    if leg.registration is not None:
        memory = _remember_registration(memory, leg.registration, at, uptime_s, t)
    memory = _remember_probe(memory, leg, at, uptime_s, t)
    memory = _remember_words(memory, leg, uptime_s, t, auth)
    if leg.channels is None or memory.bad_since is not None or absent_since is not None:
        return memory
    peaks = keep_peak(memory.peaks, at, leg.channels.active, t.load_window_s)
    return memory if peaks is memory.peaks else structs.replace(memory, peaks=peaks, load=peak(peaks))


def answers(contact: Contact) -> bool | None:
    """Whether a contact answers OPTIONS, None where nobody asks it: some codes are no better than silence."""
    if contact.state is ContactState.UNREACHABLE:
        return False
    if contact.state is not ContactState.REACHABLE or contact.probed is False:
        return None
    code = contact.code
    return code is None or classify(code) not in {CodeClass.MISS, CodeClass.OVERLOADED}


def remember_absent(memory: LegMemory, at: float) -> LegMemory:
    """Return `memory` with one more look that did not find the leg in tables that were read whole."""
    return memory if memory.absent_since is not None else structs.replace(memory, absent_since=at)


def forget_streaks(memory: LegMemory) -> LegMemory:
    """Return `memory` after the SBC restarted: what is running now proves nothing about before."""
    return LegMemory(
        state=memory.state,
        state_since=memory.state_since,
        known_since=memory.known_since,
        known=memory.known,
        rtts=memory.rtts,
        looks=memory.looks,
        codes=memory.codes,
        peaks=memory.peaks,
        load=memory.load,
        off_since=memory.off_since,
        flap=memory.flap,
        spell=memory.spell,
        fault=memory.fault,
        healed=memory.healed,
    )


def settle(
    memory: LegMemory, judged: LegState, told: LegState, by_probe: bool, at: float, flap: Flap = CALM
) -> LegMemory:
    """Return `memory` with the state just judged, and the one that is told (another one only while it flaps).

    `since` moves only when the told state changed.
    """
    down_by_probe = memory.down_by_probe and judged is LegState.UNKNOWN
    if judged is LegState.DOWN:
        down_by_probe = by_probe
    suspect = judged is LegState.SUSPECT
    if (
        memory.state is told
        and memory.flap is flap
        and memory.suspect is suspect
        and memory.down_by_probe is down_by_probe
        and (told is memory.known or told is LegState.UNKNOWN)
    ):
        return memory
    off = memory.off_since if memory.off_since is not None else at
    since: float | None = at
    unknown = told is LegState.UNKNOWN
    if memory.state is told or memory.known is None:
        since = (
            memory.state_since
        )  # only known of a change that we saw: what it was before the first look is not
    elif told is memory.known:
        since = memory.known_since  # found again as it was left: nobody saw it end
    return structs.replace(
        memory,
        state=told,
        state_since=since,
        known=memory.known if unknown else told,
        known_since=memory.known_since if unknown else since,
        down_by_probe=down_by_probe,
        suspect=suspect,
        off_since=off if told is LegState.ADMIN_OFF else None,
        flap=flap,
    )


def attempt_limit_s(registration: Registration, t: Thresholds) -> int:
    """Return how long an attempt may be in flight, in seconds: 32 for each address of the registrar, and 8."""
    targets = 1 if _ADDRESS.fullmatch(registration.server) else _TARGETS_OF_A_NAME
    return t.attempt_s * targets + t.attempt_margin_s


def _remember_registration(
    memory: LegMemory, registration: Registration, at: float, uptime_s: int | None, t: Thresholds
) -> LegMemory:
    if registration.phase is RegPhase.REGISTERED:
        if memory.registered_once and memory.reg_bad_since is None:
            return memory
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
    first, looks = memory.looks == 0, memory.looks + 1
    said = [answer for answer in map(answers, leg.contacts) if answer is not None]
    if not said:
        return structs.replace(
            memory,
            looks=looks,
            looked_at=at,
            probe_alive=None,
            probe_since=None,
            probe_results=0,
            probe_old=False,
            rtt_ms=None,
        )
    alive = any(said)
    rtt = max((c.rtt_ms for c in leg.contacts if c.rtt_ms is not None), default=None)
    settings = leg.probe_settings
    interval = (settings.interval_s if settings else None) or t.probe_interval_assumed_s
    since = memory.probe_since
    if memory.probe_alive is not alive or since is None:
        results, since = 1, at
    else:
        by_time = 1 + int((at - since) // interval)
        by_change = memory.probe_results + (1 if rtt != memory.rtt_ms or _other_words(memory, leg) else 0)
        results = max(by_time, by_change, memory.probe_results)
    rtts, slow = memory.rtts, memory.slow_results
    if rtt is None:
        slow = 0
    elif rtt != memory.rtt_ms or not rtts:
        slow = slow + 1 if _is_slow(rtt, rtts, t) else 0
        rtts = (*_recent(rtts, at), (at, rtt))
    drops = _drops(memory, alive, at, t)
    # A window that has not moved says what it said; all of it again at every look would be most of the work.
    moved = rtts is not memory.rtts or drops != memory.drops
    return structs.replace(
        memory,
        looks=looks,
        looked_at=at,
        probe_alive=alive,
        probe_since=since,
        probe_results=results,
        # Silent when we first look: the SBC has judged it already, since when is not known.
        probe_old=not alive and (memory.probe_old or (first and not _young(uptime_s, t))),
        rtt_ms=rtt,
        rtts=rtts,
        slow_results=slow,
        drops=drops,
        lossy=_lossy(rtts, drops, t) if moved else memory.lossy,
    )


def _other_words(memory: LegMemory, leg: NativeLeg) -> bool:
    """Whether the code or the SBC's own counter changed: a new result too, be the round trip the same."""
    return (
        any(c.code is not None for c in leg.contacts)
        and _code(leg) != memory.code
        and memory.code is not None
    ) or (memory.count is not None and _count(leg) not in {None, memory.count})


def _code(leg: NativeLeg) -> int | None:
    """Return the code that a leg's contacts answer with, the most worrying of several."""
    return max((c.code for c in leg.contacts if c.code is not None), default=None)


def _count(leg: NativeLeg) -> int | None:
    """Return the SBC's own counter, of several contacts that of the one nearest to being given up."""
    counts = [c.count for c in leg.contacts if c.count is not None]
    return min(counts, key=lambda count: count.count - count.least).count if counts else None


def _remember_words(
    memory: LegMemory, leg: NativeLeg, uptime_s: int | None, t: Thresholds, auth: AuthMode
) -> LegMemory:
    """Keep what only some SBCs tell of their OPTIONS: codes, a counter, the time that the next one is due."""
    stuck = any(c.overdue_s is not None and c.overdue_s > t.probe_stuck_s for c in leg.contacts)
    code, count = _code(leg), _count(leg)
    if code is None and count is None and not stuck:
        if memory.code is memory.count is None and not memory.stuck_looks:
            return memory
        return structs.replace(memory, code=None, code_results=0, count=None, missing=False, stuck_looks=0)
    results = memory.code_results + 1 if code is not None and code == memory.code else 1
    codes = memory.codes
    # What is taken for trouble is not learnt: it must not become the usual by lasting.
    if code is not None and not refused_now(code, usual(codes), auth):
        codes = learn(codes, code, t.probe_codes)
    missing = memory.missing
    if count is not None and count != memory.count:
        full = all(c.count is None or not c.count.misses for c in leg.contacts)
        # Where it is below its most when first seen, it may be rising or falling: doubt it, unless all is young.
        missing = not full and (count < memory.count if memory.count is not None else not _young(uptime_s, t))
    return structs.replace(
        memory,
        codes=codes,
        code=code,
        code_results=results,
        count=count,
        missing=missing and count is not None,
        stuck_looks=memory.stuck_looks + 1 if stuck else 0,
    )


def _drops(memory: LegMemory, alive: bool, at: float, t: Thresholds) -> tuple[float, ...]:
    if not memory.drops and (alive or not memory.probe_alive):
        return memory.drops
    recent = tuple(drop for drop in memory.drops if at - drop <= t.flap_window_s)
    return (*recent, at) if memory.probe_alive and not alive else recent


def _recent(rtts: tuple[tuple[float, float], ...], at: float) -> tuple[tuple[float, float], ...]:
    """Return the round trips that are still remembered, with room for one more."""
    if rtts and at - rtts[0][0] > _RTTS_KEPT_S:
        rtts = tuple(entry for entry in rtts if at - entry[0] <= _RTTS_KEPT_S)
    return rtts[1 - _RTTS_KEPT :]


def _is_slow(rtt: float, before: tuple[tuple[float, float], ...], t: Thresholds) -> bool:
    if rtt <= t.probe_slow_ms:
        return False  # whatever is usual, without looking for it
    usual = median(tuple(value for _, value in before))
    return rtt > max(t.probe_slow_ms, t.probe_slow_factor * usual if usual is not None else 0.0)


def _lossy(rtts: tuple[tuple[float, float], ...], drops: tuple[float, ...], t: Thresholds) -> bool:
    """Whether too many of the last OPTIONS were lost: answered a retransmission late, or not before they ran out.

    The path's own time is the least that was seen: where half of the packets are lost, the usual answer is a late
    one. A silence counts once however long it lasted: an outage that is over is no loss.
    """
    last = rtts[-t.loss_window :]
    if not last:
        return False
    took = [rtt for _, rtt in last]
    least, late = min(took), 0
    if max(took) - least >= _LOSS_STEPS_MS[0] - _LOSS_TOLERANCE_MS:
        late = sum(
            any(abs(rtt - least - step) <= _LOSS_TOLERANCE_MS for step in _LOSS_STEPS_MS) for rtt in took
        )
    # Where the window is not full yet, what was lost before its first answer belongs to it.
    since = last[0][0] if len(last) == t.loss_window else 0.0
    return late + sum(drop >= since for drop in drops) >= t.loss_results


def median(values: tuple[float, ...]) -> float | None:
    """Return the middle value (the lower of two), None of nothing."""
    return sorted(values)[(len(values) - 1) // 2] if values else None
