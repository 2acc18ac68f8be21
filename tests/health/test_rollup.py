"""Groups and shared caps."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.health.scenes import two_legs
from trunktui.health.groups import judge_groups
from trunktui.health.rollup import escalate
from trunktui.model.health import LegState, Severity
from trunktui.model.inventory import Group, Inventory
from trunktui.model.snapshot import LegStatus

INVENTORY = Inventory(groups=(Group("us", ("primary", "secondary")),))
MODEL = two_legs(500, (1, 1)).legs[0]


def leg(trunk: str, sbc: str, state: LegState, severity: Severity = Severity.NONE) -> LegStatus:
    return structs.replace(
        MODEL, id=f"{trunk}@{sbc}", trunk=trunk, sbc=sbc, state=state, severity=severity, groups=("us",)
    )


def down(trunk: str, sbc: str) -> LegStatus:
    return leg(trunk, sbc, LegState.DOWN, Severity.MAJOR)


def up(trunk: str, sbc: str) -> LegStatus:
    return leg(trunk, sbc, LegState.UP)


@pytest.mark.parametrize(
    ("legs", "state", "severity"),
    [
        ([up("primary", "a"), up("secondary", "a")], LegState.UP, Severity.NONE),
        ([down("primary", "a"), up("primary", "b"), up("secondary", "a")], LegState.DEGRADED, Severity.MINOR),
        ([down("primary", "a"), up("secondary", "a")], LegState.DEGRADED, Severity.MAJOR),
        ([down("primary", "a"), down("secondary", "a")], LegState.DOWN, Severity.CRITICAL),
        (
            [leg("primary", "a", LegState.UNKNOWN), leg("secondary", "a", LegState.UNKNOWN)],
            LegState.UNKNOWN,
            Severity.INDETERMINATE,
        ),
        (
            [down("primary", "a"), leg("secondary", "a", LegState.UNKNOWN)],
            LegState.UNKNOWN,
            Severity.CRITICAL,
        ),
    ],
)
def test_a_group_is_as_good_as_what_its_routing_order_can_use(
    legs: list[LegStatus], state: LegState, severity: Severity
) -> None:
    (group,) = judge_groups(legs, INVENTORY)
    assert (group.state, group.severity) == (state, severity)


def test_a_dead_leg_is_critical_only_where_its_group_has_no_routable_leg_left() -> None:
    alone = escalate([down("primary", "a"), leg("secondary", "a", LegState.UNKNOWN)], INVENTORY)
    assert alone[0].severity is Severity.CRITICAL
    not_alone = escalate([down("primary", "a"), up("secondary", "a")], INVENTORY)
    assert not_alone[0].severity is Severity.MAJOR


def test_channels_count_against_the_accounts_cap_over_all_sbcs() -> None:
    legs = two_legs(200, (110, 95)).legs
    assert {leg.state for leg in legs} == {LegState.DEGRADED}
    assert {leg.channels.used for leg in legs} == {205}
    assert legs[0].reason.startswith("account acme over its cap: 205 of 200 channels")
    assert {leg.state for leg in two_legs(1000, (110, 95)).legs} == {LegState.UP}
