"""Flapping: when it starts and ends, what is held, and that one episode is one event, whatever happens inside it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.health.recording import recorded
from tests.health.scenes import START, Says, Trunks, answer, fleet_of, leg, play, settings_of
from trunktui.health.flap import CALM, JUDGED, MEANT, Flap, change_share, note
from trunktui.health.rules import Cause, Verdict, frozen
from trunktui.model.health import WORST_FIRST, LegState, Severity, Thresholds
from trunktui.model.inventory import AuthMode
from trunktui.model.snapshot import LegStatus
from trunktui.platforms import asterisk

T = Thresholds()
SOFT = frozenset({LegState.SUSPECT, LegState.UNKNOWN})
UP, DEGRADED, DOWN = LegState.UP, LegState.DEGRADED, LegState.DOWN
SUSPECT, UNKNOWN, OFF = LegState.SUSPECT, LegState.UNKNOWN, LegState.ADMIN_OFF
LOUD = {UP: Severity.NONE, DEGRADED: Severity.MINOR, DOWN: Severity.MAJOR}
DEAD, ALIVE = Says(reg=None, contacts=("Unavail",)), Says(reg=None)
MODEL = leg(play(Trunks(auth=AuthMode.IP), [(0, ALIVE)]))


def told(states: list[LegState], step_s: float = 30.0, t: Thresholds = T) -> list[Flap]:
    """Return the steadiness after each of these states, each a result of its own, `step_s` apart."""
    flap, found = CALM, []
    for n, state in enumerate(states):
        at = START + step_s * n
        flap = note(flap, state, LOUD.get(state, Severity.WARNING), at, at, t)
        found.append(flap)
    return found


def test_the_share_of_changes_weighs_newer_ones_more_as_naemon_does() -> None:
    assert change_share(0, T) == 0.0
    assert change_share((1 << 20) - 1, T) == pytest.approx(1.0), "every result unlike the one before"
    assert change_share(1, T) == pytest.approx(1.25 / 20), "the newest"
    assert change_share(1 << 19, T) == pytest.approx(0.75 / 20), "the oldest"


def test_changes_of_three_tenths_of_the_results_start_it_and_a_quarter_does_not() -> None:
    t = Thresholds(flap_changes=99)
    slow = told([*[UP] * 4, *[DOWN] * 4] * 4, step_s=300.0, t=t)
    assert all(flap.since is None for flap in slow), "every fourth result: a quarter"
    fast = told([UP, DOWN] * 4, step_s=300.0, t=t)
    assert [flap.since is not None for flap in fast] == [False] * 6 + [True] * 2


def test_four_changes_within_a_quarter_of_an_hour_start_it() -> None:
    quick = told([UP, UP, DOWN, DOWN, UP, UP, DOWN, DOWN, UP], step_s=100.0)
    assert [flap.since is not None for flap in quick] == [False] * 8 + [True]
    slow = told([UP, UP, DOWN, DOWN, UP, UP, DOWN, DOWN, UP], step_s=200.0)
    assert all(flap.since is None for flap in slow)


def test_what_is_told_stands_at_the_worst_of_the_window_until_it_is_steady_for_ten_minutes() -> None:
    states = [UP, DOWN, UP, DOWN, *[UP] * 30]
    found = told(states)
    shown = [
        frozen(Verdict(state, LOUD[state], Cause.UP, 1), flap)
        for state, flap in zip(states, found, strict=True)
    ]
    changes = [n for n, (a, b) in enumerate(pairwise(shown), start=1) if a.state is not b.state]
    assert changes == [1, 2, 3, 24], "down, up, and the fourth change is the one that starts it"
    assert (shown[23].state, shown[23].severity, shown[23].cause) == (DOWN, Severity.MAJOR, Cause.FLAPPING)
    assert found[24].since is None, "20 polls after the last change: ten minutes"


def test_doubt_and_want_of_news_are_no_results_and_no_change() -> None:
    found = told([UP, UNKNOWN, UP, SUSPECT] * 20)
    assert found[-1].changes == ()
    assert found[-1].hard is UP
    assert found[-1].changed == 0
    across = told([UP, UNKNOWN, DOWN])
    assert across[-1].changes == (START + 60,), "what happened behind it did happen"


def test_no_news_and_what_is_meant_are_told_even_of_a_leg_that_flaps() -> None:
    flapping = told([UP, DOWN, UP, DOWN, UP])[-1]
    assert flapping.since is not None
    for state in (UNKNOWN, *MEANT):
        assert frozen(Verdict(state, Severity.INDETERMINATE, Cause.STALE, 3), flapping).state is state
    assert note(flapping, OFF, Severity.NONE, 0.0, 0.0, T).since is None, "switched off: no longer"


def test_a_leg_that_is_worse_than_before_is_told_as_worse_at_once() -> None:
    flapping = told([UP, DEGRADED, UP, DEGRADED, UP])[-1]
    assert (flapping.since is not None, flapping.bad) == (True, DEGRADED)
    assert frozen(Verdict(DOWN, Severity.CRITICAL, Cause.PROBE_DEAD, 8), flapping).state is DOWN


def test_one_trunk_that_comes_and_goes_is_a_handful_of_events_and_then_none() -> None:
    trunks = Trunks(auth=AuthMode.IP, qualify=10)
    fleet, seen = fleet_of(trunks), []
    for n in range(200):
        says = DEAD if n % 4 == 1 else Says(reg=None, contacts=(f"Avail {20 + n % 9}.0",))
        at, bindings = START + 10.0 * n, fleet.inventory.bindings_on("sbc-1")
        fleet.answered("sbc-1", asterisk.parse_poll(answer(says, at), settings_of(trunks), bindings))
        fleet.record("sbc-1").settings_done = True
        seen.append(leg(fleet.snapshot(at)))
    assert 2 <= sum(map(len, recorded(seen))) <= 5
    assert any(after.flapping and after.reason.startswith("flapping: ") for after in seen)
    assert {after.state for after in seen[9:]} == {DOWN}


STATES = st.lists(st.sampled_from([*WORST_FIRST]), min_size=1, max_size=80)


@given(STATES, st.sampled_from([10.0, 30.0, 100.0]))
@settings(max_examples=300, deadline=None)
def test_whatever_comes_what_is_told_is_never_better_than_what_is(
    states: list[LegState], step_s: float
) -> None:
    flaps = told(states, step_s)
    seen: list[LegStatus] = []
    for state, flap in zip(states, flaps, strict=True):
        verdict = Verdict(state, LOUD.get(state, Severity.WARNING), Cause.UP, 1)
        shown = frozen(verdict, flap)
        assert WORST_FIRST.index(shown.state) <= WORST_FIRST.index(state)
        assert state not in SOFT | JUDGED or (shown.state is UNKNOWN) == (state is UNKNOWN)
        if flap.since is None:
            assert shown is verdict
        seen.append(structs.replace(MODEL, state=shown.state, flapping=flap.since is not None))
    told_of = recorded(seen)
    events = sum(event.before != "" for look in told_of for event in look)
    inside = [
        look
        for before, after, look in zip(seen, seen[1:], told_of[1:], strict=False)
        if before.flapping and after.flapping
    ]
    held = sum(map(len, inside))
    raw = [state for state in states if state not in SOFT]
    assert events <= sum(a is not b for a, b in pairwise(raw)) + 1, "held legs make fewer events, never more"
    assert held <= len(JUDGED), "inside an episode only a turn for the worse is told"
