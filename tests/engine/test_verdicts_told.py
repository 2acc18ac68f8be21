"""A verdict over many legs is one event when it begins and one when it is over, whatever its legs and restarts do."""

from __future__ import annotations

from msgspec.structs import replace

from tests.fleets import NOW, leg, sbc
from trunktui.engine.recorder import Recorder
from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.health import LegState, Severity
from trunktui.model.history import EventKind, Known, Memory
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe

UTC = 1_764_072_000.0
IDS = ("a@nyc-1", "a@lon-1")
OUTAGE = Correlated(
    VerdictKind.CARRIER_OUTAGE, Safe("alpha"), Severity.CRITICAL, Safe("alpha fails"), IDS, "alpha", NOW
)
LOCAL = Correlated(
    VerdictKind.LOCAL_LEG, Safe("a@nyc-1"), Severity.MAJOR, Safe("local to nyc-1"), IDS[:1], "alpha", NOW
)
CANNOT = replace(OUTAGE, kind=VerdictKind.INSUFFICIENT, severity=Severity.INDETERMINATE)


def snapshot(at: float, *verdicts: Correlated, state: LegState = LegState.DOWN) -> Snapshot:
    boxes = (sbc("nyc-1", polled_at=at - 1), sbc("lon-1", polled_at=at - 1))
    legs = tuple(leg(one, state, Severity.MAJOR, observed_at=at - 1) for one in IDS)
    return Snapshot(1, at, boxes, legs, verdicts=verdicts)


class Watched:
    """A recorder that is shown one look after another, 30 s apart."""

    def __init__(self, memory: Memory = Memory()) -> None:  # noqa: B008 - frozen
        self.recorder = Recorder(memory, UTC)
        self.now = NOW
        self.told: list[tuple[str, str, str, str]] = []
        self.known: dict[str, Known] = {}

    def look(self, *verdicts: Correlated, state: LegState = LegState.DOWN, after: float = 30.0) -> None:
        self.now += after
        found = self.recorder.look(snapshot(self.now, *verdicts, state=state), UTC)
        for one in found.known:
            if one.kind is EventKind.VERDICT:
                self.known[one.subject] = one
        for one in found.forgotten:
            self.known.pop(one.subject, None)
        self.told += [
            (event.subject, event.before, event.after, event.severity.value)
            for event in found.events
            if event.kind is EventKind.VERDICT
        ]


BEGAN = ("alpha", "", "carrier_outage", "critical")
OVER = ("alpha", "carrier_outage", "", "none")


def test_a_verdict_is_one_event_at_its_start_and_one_at_its_end() -> None:
    watched = Watched()
    for _ in range(3):
        watched.look(OUTAGE)
        watched.look(replace(OUTAGE, reason=Safe("alpha fails, other figures"), legs=IDS[:1]))
    for _ in range(3):
        watched.look(state=LegState.UP)
    assert watched.told == [BEGAN, OVER]
    assert watched.known == {}


def test_one_that_becomes_another_is_one_event_of_both() -> None:
    watched = Watched()
    watched.look(OUTAGE)
    watched.look(LOCAL)
    assert watched.told == [BEGAN, ("a@nyc-1", "carrier_outage", "local_leg", "major")]


def test_that_nothing_can_be_told_is_no_event() -> None:
    watched = Watched()
    watched.look(CANNOT)
    watched.look(OUTAGE)
    watched.look(CANNOT)
    assert watched.told == [BEGAN, OVER]


def test_a_verdict_whose_legs_are_not_known_any_more_is_not_over() -> None:
    watched = Watched()
    watched.look(OUTAGE)
    for _ in range(5):
        watched.look(state=LegState.UNKNOWN)
    assert watched.told == [BEGAN]
    watched.look(state=LegState.UP)
    assert watched.told == [BEGAN, OVER]


def test_over_a_restart_one_that_lasts_is_not_told_again() -> None:
    before = Watched()
    before.look(OUTAGE)
    after = Watched(Memory((), tuple(before.known.values()), UTC + NOW))
    after.look(state=LegState.UNKNOWN)
    after.look()
    after.look(OUTAGE)
    assert after.told == []
    after.look(state=LegState.UP)
    assert after.told == [OVER]


def test_one_that_ended_while_nobody_looked_is_told_to_be_over_once_the_legs_were_met() -> None:
    before = Watched()
    before.look(OUTAGE)
    after = Watched(Memory((), tuple(before.known.values()), UTC + NOW))
    after.look(state=LegState.UP)
    assert after.told == []
    after.look(state=LegState.UP, after=400.0)
    assert after.told == [OVER]


def test_what_another_config_on_the_same_folder_told_is_left_to_it() -> None:
    other = Known(EventKind.VERDICT, Safe("carrier_outage omega"), Safe("carrier_outage"), UTC + NOW)
    watched = Watched(Memory((), (other,), UTC + NOW))
    watched.look(state=LegState.UP)
    watched.look(state=LegState.UP, after=400.0)
    assert watched.told == []
