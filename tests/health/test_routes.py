"""Where a group's calls go on an SBC by what stands at its route: the state, the trunk, and the sentence."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from trunktui.health.routes import (
    Place,
    RouteMemory,
    judge_route,
    place_of,
    remember_route,
    told_routes,
    unasked,
)
from trunktui.model.inventory import Group
from trunktui.model.route import Mechanism, Route, RouteReading, RouteState, Share, outdated
from trunktui.model.text import Safe

ASTDB = Route(Mechanism.ASTDB, "trunk/us-outbound")
LIST = Route(Mechanism.DISTRIBUTOR, "us-outbound")
SET = Route(Mechanism.DISPATCHER, "1")
S = RouteState
VALUES = {"alpha": "alpha-us", "beta": "beta-us", "gamma": "gamma-us"}
STALE_S = 90.0


def place(route: Route = ASTDB, unnamed: tuple[str, ...] = ()) -> Place:
    values = {value: trunk for value, trunk in VALUES.items() if trunk not in unnamed}
    return Place("us-outbound", "nyc-1", route, ("alpha-us", "beta-us", "gamma-us"), values, unnamed)


def reading(*shares: Share, at: float = 1000.0, why: str = "", route: Route = ASTDB) -> RouteReading:
    return RouteReading(route, at, shares, Safe(why))


def one(value: str, weight: int | None = None, *, held: bool = False, alive: bool | None = None) -> Share:
    return Share(Safe(value), weight, held, alive)


@pytest.mark.parametrize(
    ("route", "shares", "state", "trunk", "sentence"),
    [
        (ASTDB, (one("alpha"),), S.FIRST, "alpha-us", " goes to alpha-us (first)"),
        (ASTDB, (one("beta"),), S.MOVED, "beta-us", " goes to beta-us, not to alpha-us (first)"),
        (
            ASTDB,
            (),
            S.UNSET,
            None,
            ": nothing is set in astdb trunk/us-outbound, the SBC goes its own way",
        ),
        (
            ASTDB,
            (one("acme\u2026"),),
            S.FOREIGN,
            None,
            ' is set to "acme\u2026", which is no trunk of the group there: new calls would go to nothing that is known',
        ),
        (
            LIST,
            (one("alpha", 2), one("beta", 1)),
            S.SPLIT,
            None,
            " is split: alpha-us 67 %, beta-us 33 %",
        ),
        (
            LIST,
            (one("alpha", 0), one("beta", 9)),
            S.MOVED,
            "beta-us",
            " goes to beta-us, not to alpha-us (first)",
        ),
        (
            LIST,
            (one("alpha", 9), one("other", 1)),
            S.FOREIGN,
            None,
            (
                ' is split: alpha-us 90 %, "other" 10 %; "other" is no trunk of the group there: its share would go to '
                "nothing that is known"
            ),
        ),
        (
            SET,
            (one("alpha", alive=True), one("beta", alive=False)),
            S.FIRST,
            "alpha-us",
            " goes to alpha-us (first); beta-us is dead there",
        ),
        (
            SET,
            (one("alpha", alive=False), one("beta", alive=True)),
            S.MOVED,
            "beta-us",
            ": priority 1 alpha-us is dead there: calls go to beta-us by itself",
        ),
        (
            SET,
            (one("alpha", alive=False), one("beta", held=True), one("gamma", alive=True)),
            S.MOVED,
            "gamma-us",
            ": priority 1 alpha-us is dead there, beta-us held out by hand: calls go to gamma-us by itself",
        ),
        (
            SET,
            (one("alpha", held=True), one("beta", alive=True)),
            S.MOVED,
            "beta-us",
            ": alpha-us is held out there by hand: calls go to beta-us",
        ),
        (
            SET,
            (one("alpha", held=True), one("beta", alive=False)),
            S.NONE,
            None,
            ": every entry of dispatcher_set 1 is held out or dead, no new call gets a way out",
        ),
    ],
)
def test_a_reading_says_where_the_next_call_goes(
    route: Route, shares: tuple[Share, ...], state: RouteState, trunk: str | None, sentence: str
) -> None:
    found = judge_route(place(route), reading(*shares, route=route))
    assert (found.state, found.trunk, found.sentence) == (state, trunk, f"us-outbound on nyc-1{sentence}")


def test_two_destinations_of_one_trunk_are_that_trunk() -> None:
    two = replace(place(LIST), values={**VALUES, "alpha-2": "alpha-us"})
    found = judge_route(two, reading(one("alpha", 5), one("alpha-2", 5)))
    assert (found.state, found.trunk) == (S.FIRST, "alpha-us")


def test_the_shares_make_a_hundred_whatever_the_weights() -> None:
    found = judge_route(place(LIST), reading(one("alpha", 1), one("beta", 1), one("gamma", 1)))
    assert found.parts == (("alpha-us", 34), ("beta-us", 33), ("gamma-us", 33))
    assert found.trunks == ("alpha-us", "beta-us", "gamma-us")
    assert found.goes == "alpha-us 34 %, beta-us 33 %, gamma-us 33 %"


def test_a_value_that_may_be_the_name_of_a_trunk_is_not_called_foreign() -> None:
    found = judge_route(place(unnamed=("alpha-us",)), reading(one("alpha")))
    assert (found.state, found.trunk) == (S.UNKNOWN, None)
    assert found.sentence == (
        'us-outbound on nyc-1: not known, it is set to "alpha", and what alpha-us is called there is not known'
    )
    assert judge_route(place(unnamed=("alpha-us",)), reading(one("beta"))).state is S.MOVED


def test_the_first_preference_is_the_first_trunk_that_has_a_leg_there() -> None:
    group = Group("us-outbound", ("alpha-us", "beta-us"), switch={"asterisk": ASTDB})
    found = place_of(group, "nyc-1", "asterisk", ("beta-us",))
    assert found is not None
    assert judge_route(replace(found, values=VALUES), reading(one("beta"))).state is S.FIRST
    assert place_of(group, "nyc-1", "asterisk", ("delta",)) is None, "no leg of the group there"
    assert place_of(group, "nyc-1", "kamailio", ("beta-us",)) is None, "the config does not say how"


def test_what_was_so_when_first_read_has_no_since_and_a_change_has_one() -> None:
    held = remember_route(unasked(place()), place(), reading(one("alpha"), at=1000), STALE_S)
    assert (held.active.since, held.active.read_at, held.active.stale_at) == (None, 1000, 1090)
    held = remember_route(held, place(), reading(one("beta"), at=1030), STALE_S)
    assert held.active.since == 1030
    held = remember_route(held, place(), reading(one("beta"), at=1060), STALE_S)
    assert (held.active.since, held.active.read_at) == (1030, 1060)


def test_a_look_that_told_nothing_takes_nothing_away_until_the_value_is_too_old() -> None:
    memory = RouteMemory({"us-outbound": remember_route(None, place(), reading(one("alpha")), STALE_S)})
    memory = RouteMemory(
        {
            "us-outbound": remember_route(
                memory.held["us-outbound"], place(), reading(at=1030, why="sudo refuses it"), STALE_S
            )
        }
    )
    ((_, told),) = told_routes(memory, 1090)
    assert (told.state, told.read_at) == (S.FIRST, 1000)
    assert told.sentence == "us-outbound on nyc-1 goes to alpha-us (first); not read since: sudo refuses it"
    ((_, told),) = told_routes(memory, 1090.5)
    assert (told.state, told.trunk, told.since) == (S.UNKNOWN, None, 1090)
    assert told.sentence == (
        "not known any more, sudo refuses it; was: us-outbound on nyc-1 goes to alpha-us (first)"
    )


def test_what_was_never_read_says_why() -> None:
    held = unasked(place())
    assert (held.active.state, held.active.sentence) == (
        S.UNKNOWN,
        "us-outbound on nyc-1: not known, not asked yet",
    )
    held = remember_route(held, place(), reading(why="sudo refuses it"), STALE_S)
    assert held.active.sentence == "us-outbound on nyc-1: not known, sudo refuses it"
    assert held.active.read_at is None


def test_another_place_begins_anew() -> None:
    held = remember_route(None, place(), reading(one("alpha")), STALE_S)
    other = place(Route(Mechanism.ASTDB, "trunk/other"))
    found = remember_route(held, other, reading(why="no", route=other.route), STALE_S)
    assert found.active.state is S.UNKNOWN


def test_the_same_is_told_by_the_same_object_and_another_at_the_instant_it_is_too_old() -> None:
    memory = RouteMemory({"us-outbound": remember_route(None, place(), reading(one("alpha")), STALE_S)})
    told = told_routes(memory, 1001)
    assert told_routes(memory, 1090) is told
    late = told_routes(memory, 1091)
    assert late is not told
    assert told_routes(memory, 5000) is late


def test_whoever_shows_it_later_stops_believing_it_by_itself() -> None:
    active = remember_route(None, place(), reading(one("beta")), STALE_S).active
    assert outdated(active, 1090) is active
    late = outdated(active, 1091)
    assert late.sentence == (
        "not known any more, no news; was: us-outbound on nyc-1 goes to beta-us, not to alpha-us (first)"
    )
    assert (late.goes, late.trunks, late.reading) == ("", (), active.reading)
    assert outdated(late, 2000) is late


def test_a_value_that_is_set_to_nothing_is_foreign_and_not_unset() -> None:
    found = judge_route(place(), reading(one("")))
    assert (found.state, found.goes) == (S.FOREIGN, '""')
    assert 'is set to "", which is no trunk' in found.sentence


def test_a_foreign_value_however_long_leaves_room_for_what_it_means() -> None:
    found = judge_route(place(), reading(one("x" * 200)))
    assert found.sentence.endswith("would go to nothing that is known")
    assert found.goes == "x" * 200
