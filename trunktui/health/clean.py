"""Counts a leg's run of answered OPTIONS, so that a switch to it and a failback rest on proof: a lower bound, always.

An SBC tells the last result and no list of them, and a table that is read again proves nothing new. So a look adds one
OPTIONS at most, and only where the answer cannot be the one that was counted before: another round trip or code at
every destination, or so much time since then that a far end that was dead throughout would show
(`detect.first_miss_s`). What was missed and made good between two looks leaves no trace, and counts for nothing.
"""

from __future__ import annotations

from msgspec import Struct

from trunktui.health.detect import first_miss_s
from trunktui.health.memory import LegMemory
from trunktui.model.health import LegState, ProbeSignal
from trunktui.model.observation import Contact, ContactState, ProbeSettings
from trunktui.model.snapshot import CleanRun, ProbeView

_ANSWERED = frozenset({ProbeSignal.OK, ProbeSignal.SLOW, ProbeSignal.LOSS})
_RUNS_ON = frozenset({LegState.UP, LegState.DEGRADED, LegState.SUSPECT})


class Run(Struct, frozen=True, gc=False):
    """A run as it is remembered; times are monotonic seconds.

    `contacts` and `counted_at`: what every destination told at the look that was counted last, and when that was over.
    `seen_at`: the last look that found it unbroken.
    """

    since: float
    probes: int
    contacts: tuple[Contact, ...]
    counted_at: float
    seen_at: float


class Moment(Struct, frozen=True, gc=False):
    """When the legs of an SBC are judged: `now`, when its last answer was asked for, the age at which that is stale."""

    platform: str
    now: float
    asked_at: float | None
    stale_s: float


def run_on(
    run: Run | None,
    memory: LegMemory,
    view: ProbeView,
    state: LegState,
    moment: Moment,
    settings: ProbeSettings | None,
) -> Run | None:
    """Return the run after a leg was judged so; None: there is none, and the next answer begins a new one.

    Without news, and while nothing is known, it stays as it is until the stale limit. `memory` after this look:
    its streak of looks that found the far end alive breaks with a restart of the SBC's software too.
    """
    signal = view.state
    if state is not LegState.UP or signal is not ProbeSignal.OK:  # nearly always it is that
        if state is LegState.UNKNOWN or signal is ProbeSignal.UNKNOWN:
            return run if run is not None and moment.now - run.seen_at <= moment.stale_s else None
        if state not in _RUNS_ON or signal not in _ANSWERED:
            return None
    looked_at, alive_since = memory.looked_at, memory.probe_since
    if not memory.probe_alive or looked_at is None or alive_since is None or moment.asked_at is None:
        return None
    contacts = _proving(view.contacts)
    if run is None or alive_since > run.since or looked_at - run.seen_at > moment.stale_s:
        return Run(looked_at, _first(contacts), contacts, looked_at, looked_at) if contacts else None
    if run.seen_at == looked_at:
        return run  # the same look, judged again
    if not _same(contacts, run.contacts):
        return Run(looked_at, _first(contacts), contacts, looked_at, looked_at) if contacts else None
    if _told_anew(contacts, run.contacts):
        return Run(run.since, run.probes + 1, contacts, looked_at, looked_at)
    miss_s = first_miss_s(moment.platform, settings)
    if miss_s is not None and moment.asked_at - run.counted_at >= miss_s:
        return Run(run.since, run.probes + 1, contacts, looked_at, looked_at)
    return Run(run.since, run.probes, run.contacts, run.counted_at, looked_at)


def told_run(run: Run | None, view: ProbeView, state: LegState) -> CleanRun | None:
    """Return a run as others may rest on it: none while nothing is known of now, though it may go on."""
    if run is None or state is LegState.UNKNOWN or view.state is ProbeSignal.UNKNOWN:
        return None
    return CleanRun(run.probes, run.since)


def _proving(contacts: tuple[Contact, ...]) -> tuple[Contact, ...]:
    """Return the destinations that are asked; none where one of them proves no answer.

    One that was missed lately proves none either, though the SBC still uses it.
    """
    asked = contacts
    if len(contacts) != 1 or contacts[0].state is not ContactState.REACHABLE:
        asked = tuple([contact for contact in contacts if contact.state is ContactState.REACHABLE])
    for contact in asked:
        count = contact.count
        if count is None:
            if contact.rtt_ms is None and contact.code is None:
                return ()
        elif count.misses:
            return ()
    return asked


def _first(contacts: tuple[Contact, ...]) -> int:
    """Return how many OPTIONS the first look proves: none where somebody may have set the state by hand."""
    return 1 if all(contact.probed is None for contact in contacts) else 0


def _same(contacts: tuple[Contact, ...], before: tuple[Contact, ...]) -> bool:
    """Whether two looks are at the same destinations."""
    return [contact.uri for contact in contacts] == [contact.uri for contact in before]


def _told_anew(contacts: tuple[Contact, ...], before: tuple[Contact, ...]) -> bool:
    """Whether the result of every destination is another one."""
    pairs = zip(contacts, before, strict=True)
    return False not in [new.rtt_ms != old.rtt_ms or new.code != old.code for new, old in pairs]
