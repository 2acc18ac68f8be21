"""Where the calls of groups go, as it is shown: on the page of a leg, on the line of news, in `status`, at every width."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from tests.fleets import NOW, fleet, leg, route, sbc
from tests.marking import ack
from tests.tui import fleet_samples
from tests.tui.running import showing
from trunktui.health.groups import judge_groups
from trunktui.model.health import LegState, Severity
from trunktui.model.history import EventKind, event_of
from trunktui.model.inventory import Failover, Group, Inventory
from trunktui.model.marks import Scope, Target
from trunktui.model.route import ActiveRoute
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.model.switch import Switched
from trunktui.model.text import Safe
from trunktui.present.cells import Role, plain
from trunktui.present.detail import page_lines
from trunktui.present.document import status_document, to_json
from trunktui.present.groups import group_facts
from trunktui.present.happened import concerns
from trunktui.present.head import EngineNews, news_line
from trunktui.present.routes import route_facts
from trunktui.present.table import status_table
from trunktui.present.verdict import Code, check

WALL = datetime(2026, 11, 23, 3, 14, 7, tzinfo=UTC)
GROUP = Group("us-outbound", ("alpha-us", "beta-us"), Failover.MANUAL)
DEAD = "on nyc-1 still goes to alpha-us, which is down: S moves it"


def routed(*routes: ActiveRoute, alpha: LegState = LegState.UP) -> Snapshot:
    """Return a fleet with one leg of each trunk on nyc-1 and lon-1, judged with these routes."""
    severity = Severity.MAJOR if alpha is LegState.DOWN else Severity.NONE
    legs = [
        leg(f"{trunk}@{name}", state, severity if state is alpha else Severity.NONE, groups=("us-outbound",))
        for name in ("nyc-1", "lon-1")
        for trunk, state in (
            ("alpha-us", alpha if name == "nyc-1" else LegState.UP),
            ("beta-us", LegState.UP),
        )
    ]
    groups = judge_groups(legs, Inventory(groups=(GROUP,)), {"us-outbound": routes})
    return fleet(*legs, groups=groups, sbcs=(sbc("nyc-1"), sbc("lon-1")))


FIRST = routed(route("nyc-1", "alpha-us"), route("lon-1", "alpha-us"))
MOVED = routed(route("nyc-1", "beta-us"), route("lon-1", "alpha-us"))
STUCK = routed(route("nyc-1", "alpha-us"), route("lon-1", "alpha-us"), alpha=LegState.DOWN)
FOREIGN = routed(route("nyc-1", "acme"), route("lon-1", None))


def own(snapshot: Snapshot, leg_id: str = "alpha-us@nyc-1") -> LegStatus:
    return next(one for one in snapshot.legs if one.id == leg_id)


def news(snapshot: Snapshot, now: float = NOW) -> str:
    return plain(news_line(snapshot, now, EngineNews()))


def document(snapshot: Snapshot, now: float = NOW) -> dict[str, Any]:
    """Return the one group of the document, as its readers get it."""
    (group,) = json.loads(to_json(status_document(snapshot, now, WALL)))["groups"]
    found: dict[str, Any] = group
    return found


def told(snapshot: Snapshot, now: float = NOW, *, whole: bool = True) -> list[tuple[str, str, Role]]:
    facts = route_facts(snapshot, own(snapshot), now, whole=whole)
    return [(label, cell.text, cell.role) for label, cell in facts]


def test_the_page_of_a_leg_says_where_its_group_goes_on_its_sbc_and_how_old_that_is() -> None:
    assert told(FIRST) == [
        ("route", "us-outbound on nyc-1 goes to alpha-us (first), read 4 s ago", Role.TEXT)
    ]
    assert told(MOVED) == [
        ("route", "us-outbound on nyc-1 goes to beta-us, not to alpha-us (first), read 4 s ago", Role.WARN)
    ]
    assert told(FOREIGN)[0][2] is Role.BAD
    assert not route_facts(FIRST, leg("delta@nyc-1"), NOW), "no group of it"


def test_a_route_that_was_switched_says_by_whom_for_as_long_as_it_says_so() -> None:
    by_noc = Switched("us-outbound", "nyc-1", "beta-us", Safe("noc"), NOW - 7260)
    said = "us-outbound on nyc-1 goes to beta-us, not to alpha-us (first), read 4 s ago"
    (fact,) = route_facts(MOVED, own(MOVED), NOW, switched=(by_noc,))
    assert fact[1].text == f"{said}; switched by noc 2 h 1 m ago"
    assert f"  {said}; switched by noc 2 h 1 m ago\n" in status_table(MOVED, NOW, switched=(by_noc,))
    elsewhere = replace(by_noc, sbc="lon-1"), replace(by_noc, to="gamma-us"), replace(by_noc, group="eu")
    (fact,) = route_facts(MOVED, own(MOVED), NOW, switched=elsewhere)
    assert fact[1].text == said
    (group,) = MOVED.groups
    since = replace(MOVED, groups=(replace(group, active=(replace(group.active[0], since=NOW - 605),)),))
    (fact,) = route_facts(since, own(since), NOW, switched=elsewhere)
    assert fact[1].text == f"{said}; so for 10 m 5 s"
    (fact,) = route_facts(FIRST, own(FIRST), NOW, switched=(replace(by_noc, to="alpha-us"),))
    assert "noc" not in fact[1].text


def test_below_the_table_only_what_left_its_first_preference_takes_a_line() -> None:
    assert told(FIRST, whole=False) == []
    assert told(MOVED, whole=False) == told(MOVED)


def test_a_route_past_its_time_says_what_it_was_wherever_it_is_shown() -> None:
    late = NOW + 87
    (fact,) = told(MOVED, late)
    assert fact[1:] == (
        (
            "not known any more, no news; was: us-outbound on nyc-1 goes to beta-us, not to alpha-us (first), "
            "read 1 m 31 s ago"
        ),
        Role.DIM,
    )
    group = document(MOVED, late)
    assert group["active"] == {"nyc-1": None, "lon-1": None}
    assert {one["state"] for one in group["routes"]} == {"unknown"}
    assert "goes to beta-us on nyc-1" not in news(MOVED, late)


def test_the_line_of_news_says_once_which_group_and_what_to_press() -> None:
    assert f"group us-outbound: {DEAD}" in news(STUCK)
    assert 'group us-outbound: on nyc-1 is set to "acme", which is no trunk of the group there' in news(
        FOREIGN
    )


def test_a_group_that_was_moved_and_could_go_back_is_told_behind_all_else() -> None:
    assert news(MOVED).strip() == (
        "4 of 4 legs up, nothing down, degraded or unknown  \u00b7  "
        "group us-outbound: goes to beta-us on nyc-1; alpha-us is fine again"
    )
    assert "group" not in news(FIRST)
    quiet = replace(MOVED.groups[0], acknowledged=ack(Target(Scope.GROUP, "us-outbound")))
    assert "group" not in news(replace(MOVED, groups=(quiet,)))


def test_a_leg_tells_of_its_group_without_saying_its_name_twice() -> None:
    (cell,) = group_facts(STUCK, own(STUCK), NOW)
    assert cell.text == f"us-outbound degraded: {DEAD}"


@pytest.mark.parametrize("width", [160, 80, 40])
def test_every_word_is_there_at_every_width(width: int) -> None:
    snapshot = FOREIGN
    one = own(snapshot)
    groups, parts = group_facts(snapshot, one, NOW), route_facts(snapshot, one, NOW)
    lines = page_lines(one, None, NOW, (), width, WALL, groups, (), parts)
    assert all(len(plain(line)) <= width for line in lines)
    words = " ".join(" ".join(plain(line) for line in lines).split())
    assert (
        'route us-outbound on nyc-1 is set to "acme", which is no trunk of the group there: new calls would go to '
        "nothing that is known, read 4 s ago" in words.replace("  ", " ")
    )


def test_status_tells_it_in_one_line_where_all_is_as_wanted_and_of_each_that_is_not() -> None:
    assert status_table(FIRST, NOW).splitlines()[0] == (
        "  us-outbound on nyc-1, lon-1 goes to alpha-us (first), read 4 s ago"
    )
    assert status_table(MOVED, NOW).splitlines()[:3] == [
        "group us-outbound: up: goes to beta-us on nyc-1; alpha-us is fine again",
        "  us-outbound on nyc-1 goes to beta-us, not to alpha-us (first), read 4 s ago",
        "  us-outbound on lon-1 goes to alpha-us (first), read 4 s ago",
    ]


def test_check_warns_of_a_group_that_could_go_back_and_fails_on_calls_to_a_dead_trunk() -> None:
    warned = check(MOVED, NOW)
    assert (warned.code, "goes to beta-us on nyc-1; alpha-us is fine again" in warned.line) == (
        Code.WARNING,
        True,
    )
    failed = check(STUCK, NOW)
    assert (failed.code, f"group us-outbound degraded ({DEAD})" in failed.line) == (Code.CRITICAL, True)
    assert check(FIRST, NOW).code is Code.OK


def test_the_document_names_the_trunk_of_each_sbc_and_what_stands_there() -> None:
    group = document(FOREIGN)
    assert group["active"] == {"nyc-1": None, "lon-1": None}
    foreign, unknown = group["routes"]
    assert (foreign["state"], foreign["values"], foreign["age_s"]) == (
        "foreign",
        [{"value": "acme", "weight": None, "held": False, "alive": None}],
        4,
    )
    assert (unknown["state"], unknown["values"], unknown["age_s"]) == ("unknown", None, None)
    nowhere = document(routed())
    assert (nowhere["active"], nowhere["routes"]) == (None, [])


def test_since_is_told_where_somebody_saw_it_change() -> None:
    seen = replace(route("nyc-1", "beta-us"), since=NOW - 60)
    group = document(routed(seen))
    assert group["routes"][0]["since"] == "2026-11-23T03:13:07Z"


def test_the_events_of_a_leg_hold_those_of_its_groups_routes_on_its_sbc() -> None:
    one = own(FIRST)
    assert concerns(event_of(0.0, EventKind.ROUTE, "us-outbound@nyc-1", "moved"), one)
    assert not concerns(event_of(0.0, EventKind.ROUTE, "us-outbound@lon-1", "moved"), one)
    assert not concerns(event_of(0.0, EventKind.ROUTE, "eu-outbound@nyc-1", "moved"), one)


async def test_it_stands_on_the_page_of_a_leg() -> None:
    fresh = replace(route("nyc-1", "beta-us"), read_at=fleet_samples.NOW - 4, stale_at=fleet_samples.NOW + 86)
    snapshot = fleet_samples.fleet()
    (group,) = judge_groups(snapshot.legs, Inventory(groups=(GROUP,)), {"us-outbound": (fresh,)})
    async with showing(replace(snapshot, groups=(group,)), size=(80, 45)) as show:
        await show.press("enter")
        await show.until_shown("us-outbound on nyc-1 goes to beta-us")
