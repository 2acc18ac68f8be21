"""The run of answered OPTIONS: a lower bound of what really was, whatever happens between two looks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs

from tests.health.natives import Told, destination, gateway
from tests.health.scenes import START, UNFROZEN, Polls, Says, Trunks, fleet_of, leg, play
from trunktui.model.inventory import AuthMode, NativeNames
from trunktui.model.link import LinkError, SshState
from trunktui.model.observation import Channels, Contact, ContactState, NativeLeg, ProbeSettings
from trunktui.model.snapshot import CleanRun
from trunktui.model.text import Safe

ONE, OTHER, DEAD = Says(contacts=("Avail 23.0",)), Says(contacts=("Avail 24.0",)), Says(contacts=("Unavail",))
SILENT = Says(silent=SshState.HUNG)


def run(polls: Polls, judged_at: float | None = None, trunks: Trunks | None = None) -> CleanRun | None:
    """Return the run after `polls`, its beginning in seconds from START."""
    found = leg(play(trunks or Trunks(), polls, judged_at, UNFROZEN)).clean
    return found and structs.replace(found, since=found.since - START)


def every(step: float, *says: Says | Told) -> list[tuple[float, Says | Told]]:
    return [(step * n, one) for n, one in enumerate(says)]


def twin(first: float, second: float) -> Says:
    return Says(contacts=(f"Avail {first}", f"Avail {second}"))


def kamailio(flags: str, rtt: float | None, lost: str = "0 of 3") -> Told:
    return Told((destination(flags, rtt=rtt, count=lost),))


def freeswitch(ping: str, rtt: float, overdue: float | None = None) -> Told:
    return Told((gateway("REGED", ping=ping, rtt=rtt, overdue=overdue),))


TABLE: dict[str, tuple[Polls, CleanRun | None]] = {
    "the first answer that is seen is one": (every(30, ONE), CleanRun(1, 0)),
    "another round trip is another answer": (every(30, ONE, OTHER, ONE, OTHER), CleanRun(4, 0)),
    "looking oftener proves no more": (every(5, ONE, ONE, ONE, ONE, ONE), CleanRun(1, 0)),
    "the same round trip counts once it must be another": (
        every(30, ONE, ONE, ONE, ONE, ONE),
        CleanRun(3, 0),
    ),
    "a poll that failed adds nothing and breaks nothing": (
        every(30, ONE, OTHER, SILENT, ONE),
        CleanRun(3, 0),
    ),
    "several that failed add one at most": (every(40, ONE, SILENT, ONE), CleanRun(2, 0)),
    "what nobody saw for too long ends it": (
        every(40, ONE, OTHER, SILENT, SILENT, SILENT, ONE),
        CleanRun(1, 200),
    ),
    "a miss ends it": (every(30, ONE, OTHER, DEAD), None),
    "after a miss it begins anew": (every(30, ONE, OTHER, DEAD, ONE, OTHER, ONE), CleanRun(2, 120)),
    "a restart ends it": (
        [*every(30, ONE, OTHER, ONE), (90, Says(contacts=("Avail 24.0",), uptime=10))],
        CleanRun(1, 90),
    ),
    "one that is not asked has none": (every(30, Says(contacts=("NonQual",)), ONE)[:1], None),
    "one that is not asked any more has none": (every(30, ONE, OTHER, Says(contacts=("NonQual",))), None),
    "one destination of two that is silent ends it": (
        every(30, twin(1.0, 2.0), Says(contacts=("Avail 3.0", "Unavail"))),
        None,
    ),
    "both of two destinations must have answered anew": (
        every(30, twin(1.0, 2.0), twin(1.5, 2.0), twin(1.5, 2.5)),
        CleanRun(2, 0),
    ),
    "other destinations are another run": (
        every(30, twin(1.0, 2.0), twin(1.5, 2.5), ONE, OTHER),
        CleanRun(2, 60),
    ),
    "what a hand can set on Kamailio proves nothing yet": (every(30, kamailio("AP", 31.0)), CleanRun(0, 0)),
    "a latency that moved does": (every(30, kamailio("AP", 31.0), kamailio("AP", 30.5)), CleanRun(1, 0)),
    "a rack's latency of 0 ms counts by time alone": (
        every(30, *[kamailio("AP", None)] * 5),
        CleanRun(1, 0),
    ),
    "a lost probe of Kamailio ends it": (
        every(30, kamailio("AP", 31.0), kamailio("TP", 31.0, "1 of 3")),
        None,
    ),
    "a destination that Kamailio does not ask has none": (every(30, kamailio("AX", None, "")), None),
    "FreeSWITCH counts as the round trip moves": (
        every(30, freeswitch("1/3/3", 18.4), freeswitch("1/3/3", 18.5)),
        CleanRun(2, 0),
    ),
    "FreeSWITCH may have stopped asking, so that time proves nothing": (
        every(30, *[freeswitch("1/3/3", 18.4)] * 9),
        CleanRun(1, 0),
    ),
    "a ping that FreeSWITCH counted as missed ends it": (
        every(30, freeswitch("1/3/3", 18.4), freeswitch("1/2/3", 18.4)),
        None,
    ),
    "pings that FreeSWITCH has stopped end it": (
        every(30, freeswitch("1/3/3", 18.4), freeswitch("1/3/3", 18.4, 95.0)),
        None,
    ),
}


@pytest.mark.parametrize(("polls", "expected"), TABLE.values(), ids=TABLE.keys())
def test_a_run_is_what_the_looks_prove(polls: Polls, expected: CleanRun | None) -> None:
    first = polls[0][1]
    trunks = Trunks()
    if isinstance(first, Told):
        freeswitch_too = first.legs[0].part is not None
        trunks = Trunks(
            platform="freeswitch" if freeswitch_too else "kamailio",
            auth=AuthMode.HYBRID if freeswitch_too else AuthMode.IP,
        )
    assert run(polls, trunks=trunks) == expected


def test_settings_that_cannot_be_read_prove_nothing_by_time() -> None:
    assert run(every(30, *[ONE] * 9), trunks=Trunks(qualify=None)) == CleanRun(1, 0)


def test_nobody_may_rest_on_it_while_nothing_is_known_of_now() -> None:
    assert run(every(30, ONE, OTHER), 31.0) == CleanRun(2, 0)
    assert run(every(30, ONE, OTHER), 125.0) is None


class Script(Struct, frozen=True):
    """A truth: OPTIONS every `interval_s` from `phase_s`, each answered after so many ms or (None) not at all; looks.

    A look is the seconds since the one before, and whether it succeeds. `restarts`: OPTIONS before which Asterisk starts.
    """

    interval_s: int
    phase_s: float
    outcomes: tuple[float | None, ...]
    looks: tuple[tuple[float, bool], ...]
    restarts: frozenset[int]

    def results(self) -> list[tuple[float, float | None]]:
        """Return when each result came, and its round trip."""
        sent = [(self.phase_s + n * self.interval_s, outcome) for n, outcome in enumerate(self.outcomes)]
        return [(at + (3.0 if rtt is None else rtt / 1000), rtt) for at, rtt in sent]

    def started(self, at: float) -> float:
        """Return when Asterisk started last, as of second `at`."""
        return max(
            (s for n in self.restarts if (s := self.phase_s + n * self.interval_s - 1.0) <= at), default=-9e4
        )


SCRIPTS = st.builds(
    Script,
    interval_s=st.sampled_from([10, 30, 60]),
    phase_s=st.floats(0.0, 30.0),
    outcomes=st.lists(st.sampled_from([20.0, 20.0, 21.0, 22.0, 20.0, None]), min_size=60, max_size=60).map(
        tuple
    ),
    looks=st.lists(
        st.tuples(
            st.sampled_from([5.0, 15.0, 30.0, 30.0, 31.5]), st.sampled_from([True, True, True, True, False])
        ),
        min_size=5,
        max_size=25,
    ).map(tuple),
    restarts=st.sets(st.integers(1, 30), max_size=1).map(frozenset),
)


def said(past: Sequence[tuple[float, float | None]], interval_s: int) -> NativeLeg:
    """Return what Asterisk tells once these results have come."""
    rtt = past[-1][1] if past else None
    state = ContactState.REACHABLE if rtt else ContactState.UNREACHABLE if past else ContactState.UNPROBED
    return NativeLeg(
        native=NativeNames(endpoint="carrier-a", aor="carrier-a"),
        contacts=(Contact(Safe("sip:192.0.2.1"), state, rtt, Safe("row")),),
        channels=Channels(0),
        probe_settings=ProbeSettings(interval_s, 3.0, only_2xx=False),
    )


@settings(max_examples=100, deadline=None)
@given(SCRIPTS)
def test_a_run_never_tells_of_more_than_there_was(script: Script) -> None:
    fleet, at, results = fleet_of(Trunks(auth=AuthMode.IP), thresholds=UNFROZEN), START, script.results()
    seen: set[tuple[float, int]] = set()
    most = 0
    for gap, good in script.looks:
        at += gap
        read = at - START - 0.1
        started = script.started(read)
        past = [one for one in results if started < one[0] <= read]
        if good:
            told = Told((said(past, script.interval_s),), uptime=int(read - started))
            fleet.answered("sbc-1", told.observation(at, began=at))
            fleet.record("sbc-1").settings_done = True
            seen.add((started, len(past)))
        else:
            fleet.failed("sbc-1", LinkError(SshState.HUNG, Safe("ssh hung")), at)
        found = leg(fleet.snapshot(at)).clean
        if found is None or not good:
            continue
        since = found.since - START - 0.1
        assert started <= since
        # The one that the first look found, and all that came since.
        before = sum(when <= since for when, _ in past)
        of_run = past[max(before - 1, 0) :]
        assert found.probes <= sum(rtt is not None for _, rtt in of_run)
        if seen.issuperset(
            (started, count) for count in range(before, len(past) + 1)
        ):  # nothing came and went between two looks
            assert all(rtt is not None for _, rtt in of_run)
        most = max(most, found.probes)
    assert most <= len(script.looks)
