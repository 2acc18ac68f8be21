"""Groups on the screen: the sentence of each that lost paths, as fresh as its legs, and none that is covered."""

from __future__ import annotations

from msgspec.structs import replace

from tests.marking import ack
from tests.tui.fleet_samples import NOW, fleet
from tests.tui.running import showing
from trunktui.model.health import LegState, Severity
from trunktui.model.marks import Scope, Target
from trunktui.model.snapshot import GroupStatus, LegStatus, Snapshot
from trunktui.model.text import Safe
from trunktui.present.cells import Role, plain
from trunktui.present.groups import group_facts
from trunktui.present.head import EngineNews, news_line

OUT = GroupStatus(
    "us-outbound",
    LegState.DEGRADED,
    Severity.MAJOR,
    Safe("primary alpha-us is out; beta-us is next: 219 free of 240, load was 50"),
)
GONE = replace(
    OUT, state=LegState.DOWN, severity=Severity.CRITICAL, reason=Safe("no path: all 2 legs are down")
)
WELL = GroupStatus("eu-outbound", LegState.UP, Severity.NONE, Safe("all 3 legs up"))


def grouped(*groups: GroupStatus) -> Snapshot:
    return replace(fleet(), groups=groups)


def member(snapshot: Snapshot) -> LegStatus:
    return next(leg for leg in snapshot.legs if "us-outbound" in leg.groups)


def news(snapshot: Snapshot, now: float = NOW) -> str:
    return plain(news_line(replace(snapshot, sbcs=()), now, EngineNews()))


def test_a_group_without_a_path_is_told_before_its_legs_and_one_with_a_path_after_them() -> None:
    told = news(grouped(WELL, GONE))
    assert told.index("group us-outbound: no path: all 2 legs are down") < told.index("alpha-us@nyc-1:")
    told = news(grouped(WELL, OUT))
    assert told.index("alpha-us@nyc-1:") < told.index(
        "group us-outbound: primary alpha-us is out; beta-us is next"
    )
    assert "eu-outbound" not in told


def test_more_than_one_is_counted() -> None:
    assert "all 2 legs are down  (+1 more)" in news(grouped(GONE, replace(GONE, name="emergency")))


def test_a_group_that_is_covered_is_no_news() -> None:
    assert "group us-outbound" not in news(
        grouped(replace(GONE, acknowledged=ack(Target(Scope.GROUP, "us-outbound"))))
    )


def test_a_leg_tells_what_is_left_of_its_groups_and_no_other_leg_does() -> None:
    snapshot = grouped(WELL, OUT)
    (told,) = group_facts(snapshot, member(snapshot), NOW)
    assert told.text == f"us-outbound degraded: {OUT.reason}"
    other = next(leg for leg in snapshot.legs if "us-outbound" not in leg.groups)
    assert not group_facts(snapshot, other, NOW)


def test_a_group_whose_legs_are_all_up_but_whose_calls_go_elsewhere_does_not_look_well() -> None:
    moved = replace(
        OUT, state=LegState.UP, severity=Severity.WARNING, reason=Safe("goes to beta-us on nyc-1")
    )
    snapshot = grouped(moved)
    (told,) = group_facts(snapshot, member(snapshot), NOW)
    assert told.role is Role.WARN


def test_a_group_is_not_believed_for_longer_than_its_legs() -> None:
    snapshot = grouped(OUT)
    (told,) = group_facts(snapshot, member(snapshot), NOW + 10_000)
    assert told.text == "us-outbound unknown: no news of its legs; was degraded"
    assert "group" not in news(snapshot, NOW + 10_000)


async def test_it_stands_below_the_table_and_on_the_page_of_a_leg() -> None:
    async with showing(grouped(OUT), size=(160, 45)) as show:
        await show.until_shown("219 free of 240, load was 50")
        assert "us-outbound degraded: primary alpha-us is out" in show.text("detail")
        await show.press("enter")
        await show.until_shown("us-outbound degraded: primary alpha-us is out")
