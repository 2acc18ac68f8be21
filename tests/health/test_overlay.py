"""What marks cover, and when an acknowledgement is over: no state is ever changed, nothing louder is ever hidden."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fleets import NOW, fleet, leg, sbc, unknown_leg
from tests.marking import LEG, WALL, ack, ago, ahead, maintenance
from trunktui.health.overlay import Over, alarm_of, overlaid
from trunktui.model.health import SEVERITY_RANK, LegState, SbcState, Severity
from trunktui.model.marks import EndCause, Mark, Scope, Target
from trunktui.model.snapshot import GroupStatus, LegStatus, SbcStatus, Snapshot
from trunktui.model.text import Safe

DOWN = leg("alpha@nyc-1", LegState.DOWN, Severity.MAJOR, groups=("us",))
UP_NOW = leg("alpha@nyc-1", observed_at=NOW - 1)
UP_BEFORE = leg("alpha@nyc-1", observed_at=NOW - 61)
LOUDER = leg("alpha@nyc-1", LegState.DOWN, Severity.CRITICAL)
QUIETER = leg("alpha@nyc-1", LegState.SUSPECT, Severity.WARNING)
OUT = sbc("nyc-1", SbcState.DOWN, Severity.CRITICAL)


def laid(one: LegStatus, *marks: Mark) -> tuple[LegStatus, tuple[Over, ...]]:
    """Return the one leg with the marks over it, and the acknowledgements that are over."""
    snapshot, over = overlaid(fleet(one), marks, WALL)
    return snapshot.legs[0], over


@pytest.mark.parametrize(
    ("target", "covers"),
    [
        (Target(Scope.LEG, "alpha@nyc-1"), True),
        (Target(Scope.LEG, "alpha@nyc-2"), False),
        (Target(Scope.TRUNK, "alpha"), True),
        (Target(Scope.TRUNK, "alph"), False),
        (Target(Scope.SBC, "nyc-1"), True),
        (Target(Scope.SBC, "alpha"), False),
        (Target(Scope.CARRIER, "alpha"), True),
        (Target(Scope.CARRIER, "nyc-1"), False),
        (Target(Scope.GROUP, "us"), True),
        (Target(Scope.GROUP, "eu"), False),
    ],
)
def test_maintenance_covers_what_it_names_and_everything_inside(target: Target, *, covers: bool) -> None:
    seen, _ = laid(DOWN, maintenance(target))
    assert seen.covered is covers


@pytest.mark.parametrize(
    ("changes", "covers"),
    [
        ({}, True),
        ({"since": WALL}, True),
        ({"since": ahead(seconds=1)}, False),
        ({"until": WALL}, False),
        ({"until": ago(seconds=1)}, False),
        ({"until": ahead(seconds=1)}, True),
    ],
)
def test_maintenance_covers_from_its_beginning_until_just_before_its_end(
    changes: dict[str, Any], *, covers: bool
) -> None:
    seen, _ = laid(DOWN, maintenance(**changes))
    assert seen.covered is covers


def test_maintenance_to_come_is_planned_and_covers_nothing_yet() -> None:
    later = maintenance(since=ahead(hours=3), until=ahead(hours=4))
    sooner = maintenance(id="m2", since=ahead(hours=1), until=ahead(hours=2))
    seen, _ = laid(DOWN, later, sooner)
    assert (seen.maintenance, seen.planned) == (None, sooner)


@pytest.mark.parametrize(
    ("one", "cause"),
    [
        (DOWN, None),
        (QUIETER, None),
        (LOUDER, EndCause.ROSE),
        (UP_NOW, EndCause.CLEARED),
        (UP_BEFORE, None),  # seen before the acknowledgement: no news of what is acknowledged
        (leg("alpha@nyc-1", LegState.STANDBY), EndCause.CLEARED),
        (leg("alpha@nyc-1", LegState.UP, Severity.WARNING), None),
        (unknown_leg("alpha@nyc-1"), None),
    ],
)
def test_an_acknowledgement_ends_when_the_alarm_is_over_or_louder_and_not_before(
    one: LegStatus, cause: EndCause | None
) -> None:
    seen, over = laid(one, ack())
    assert [end.cause for end in over] == ([] if cause is None else [cause])
    assert (seen.acknowledged is None) is (cause is not None)


def test_an_acknowledgement_with_an_end_covers_nothing_after_it() -> None:
    seen, over = laid(DOWN, ack(until=ago(seconds=1)))
    assert (seen.covered, over) == (False, ())
    assert laid(DOWN, ack(until=ahead(seconds=1)))[0].covered


def test_the_acknowledgement_of_an_sbc_covers_its_legs_that_are_unknown_for_it_and_no_other() -> None:
    mark = ack(Target(Scope.SBC, "nyc-1"), severity=Severity.CRITICAL)
    legs = (unknown_leg("alpha@nyc-1"), leg("beta@nyc-1", LegState.DOWN, Severity.MAJOR))
    snapshot, over = overlaid(fleet(*legs, sbcs=(OUT,)), [mark], WALL)
    assert over == ()
    assert snapshot.sbcs[0].acknowledged == mark
    assert [one.covered for one in snapshot.legs] == [True, False]
    back, over = overlaid(fleet(*legs, sbcs=(sbc("nyc-1", polled_at=NOW - 1),)), [mark], WALL)
    assert [end.cause for end in over] == [EndCause.CLEARED]
    assert not any(one.covered for one in back.legs)


@pytest.mark.parametrize(("seen_s", "cause"), [(1, EndCause.CLEARED), (61, None)])
def test_a_group_is_over_its_alarm_once_all_its_legs_were_seen_anew(
    seen_s: float, cause: EndCause | None
) -> None:
    mark = ack(Target(Scope.GROUP, "us"))
    legs = (
        leg("alpha@nyc-1", groups=("us",), observed_at=NOW - 1),
        leg("beta@nyc-1", groups=("us",), observed_at=NOW - seen_s),
    )
    up = GroupStatus("us", LegState.UP, Severity.NONE, Safe("all 2 legs up"))
    snapshot, over = overlaid(fleet(*legs, groups=(up,)), [mark], WALL)
    assert [end.cause for end in over] == ([] if cause is None else [cause])
    assert (snapshot.groups[0].acknowledged is None) is (cause is not None)


def test_an_acknowledgement_of_what_is_not_there_any_more_is_left_alone() -> None:
    assert laid(DOWN, ack(Target(Scope.LEG, "gone@nyc-1")))[1] == ()
    assert alarm_of(fleet(DOWN), Target(Scope.LEG, "gone@nyc-1")) is None
    assert alarm_of(fleet(DOWN), Target(Scope.CARRIER, "alpha")) is None


TARGETS = [LEG, Target(Scope.SBC, "nyc-1"), Target(Scope.GROUP, "us"), Target(Scope.TRUNK, "alpha"),
           Target(Scope.CARRIER, "alpha"), Target(Scope.LEG, "beta@nyc-1")]  # fmt: skip
minutes = st.integers(-90, 90).map(lambda n: timedelta(minutes=n))
names = st.text("abcdef0123456789", min_size=4, max_size=4)
windows = st.builds(
    lambda name, target, start, length: maintenance(
        target, id=name, since=WALL + start, until=WALL + start + abs(length) + timedelta(minutes=1)
    ),
    names, st.sampled_from(TARGETS), minutes, minutes,
)  # fmt: skip
acks = st.builds(
    lambda name, target, severity, at, until: ack(
        target, id=name, severity=severity, at=WALL - abs(at), until=None if until is None else WALL + until
    ),
    names, st.sampled_from([t for t in TARGETS if t.scope not in {Scope.TRUNK, Scope.CARRIER}]),
    st.sampled_from(list(Severity)), minutes, st.none() | minutes,
)  # fmt: skip
legs = st.builds(
    lambda name, state, severity, age, groups: leg(
        name, state, severity, observed_at=NOW - age, groups=groups
    ),
    st.just("x"), st.sampled_from(list(LegState)), st.sampled_from(list(Severity)),
    st.floats(0, 5000), st.sampled_from([(), ("us",)]),
)  # fmt: skip
fleets = st.builds(
    lambda one, two, box, group: fleet(
        replace(one, id="alpha@nyc-1", trunk="alpha", sbc="nyc-1"),
        replace(two, id="beta@nyc-1", trunk="beta", sbc="nyc-1"),
        sbcs=(sbc("nyc-1", box[0], box[1]),),
        groups=(GroupStatus("us", group[0], group[1], Safe("why")),),
    ),
    legs, legs,
    st.tuples(st.sampled_from(list(SbcState)), st.sampled_from(list(Severity))),
    st.tuples(st.sampled_from(list(LegState)), st.sampled_from(list(Severity))),
)  # fmt: skip
marks = st.lists(windows | acks, max_size=6, unique_by=lambda mark: mark.id)


def each(snapshot: Snapshot) -> Iterator[LegStatus | SbcStatus | GroupStatus]:
    """Yield everything that can be covered."""
    yield from snapshot.legs
    yield from snapshot.sbcs
    yield from snapshot.groups


def bare(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot without its marks."""
    none: dict[str, Any] = {"maintenance": None, "acknowledged": None}
    return replace(
        snapshot,
        legs=tuple(replace(one, planned=None, **none) for one in snapshot.legs),
        sbcs=tuple(replace(one, **none) for one in snapshot.sbcs),
        groups=tuple(replace(one, **none) for one in snapshot.groups),
    )


@given(fleets, marks)
def test_no_mark_ever_changes_anything_that_was_judged(snapshot: Snapshot, given_marks: list[Mark]) -> None:
    assert bare(overlaid(snapshot, given_marks, WALL)[0]) == snapshot


@given(fleets, st.lists(acks, max_size=6, unique_by=lambda mark: mark.id))
def test_no_acknowledgement_ever_hides_anything_louder_than_what_was_acknowledged(
    snapshot: Snapshot, given_marks: list[Mark]
) -> None:
    seen, over = overlaid(snapshot, given_marks, WALL)
    for one in each(seen):
        if one.acknowledged is not None:
            assert SEVERITY_RANK[one.severity] <= SEVERITY_RANK[one.acknowledged.severity]
            assert one.acknowledged.id not in {end.id for end in over}


@given(fleets, marks)
def test_a_mark_whose_time_is_over_or_to_come_covers_nothing(
    snapshot: Snapshot, given_marks: list[Mark]
) -> None:
    seen, _ = overlaid(snapshot, given_marks, WALL)
    for one in each(seen):
        assert one.maintenance is None or one.maintenance.since <= WALL < one.maintenance.until
        assert one.acknowledged is None or one.acknowledged.until is None or one.acknowledged.until > WALL


@given(fleets, marks, st.randoms(use_true_random=False))
def test_the_order_of_marks_does_not_matter(snapshot: Snapshot, given_marks: list[Mark], luck: Any) -> None:
    shuffled = list(given_marks)
    luck.shuffle(shuffled)
    assert overlaid(snapshot, shuffled, WALL) == overlaid(snapshot, given_marks, WALL)


@given(fleets, marks)
def test_what_is_over_stays_over_without_that_mark_and_the_rest_holds(
    snapshot: Snapshot, given_marks: list[Mark]
) -> None:
    seen, over = overlaid(snapshot, given_marks, WALL)
    ended = {end.id for end in over}
    again, more = overlaid(snapshot, [mark for mark in given_marks if mark.id not in ended], WALL)
    assert (again, more) == (seen, ())
