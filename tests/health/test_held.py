"""A leg that a group's own route holds out: said so, nobody's alarm, and no reason to think of its trunk as gone."""

from __future__ import annotations

from msgspec.structs import replace

from tests.fleets import leg
from trunktui.health.held import told_as_held
from trunktui.model.health import LegState, Severity
from trunktui.model.inventory import Inventory, Trunk
from trunktui.model.route import ActiveRoute, Mechanism, Route, RouteState
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import Safe

FORGOTTEN = replace(
    leg("alpha-us@lon-2", LegState.ADMIN_OFF, Severity.WARNING), reason=Safe("off for 2 d: still meant so?")
)
MOVED = ActiveRoute(
    "lon-2", Route(Mechanism.DISPATCHER, "1"), RouteState.MOVED, "beta-us", held=("alpha-us",)
)


def told(one: LegStatus, route: ActiveRoute = MOVED, *, enabled: bool = True) -> tuple[Severity, str]:
    """Return how bad a leg is told to be, and why."""
    inventory = Inventory(trunks=(Trunk("alpha-us", "alpha", enabled=enabled),))
    (found,) = told_as_held([one], {"us-outbound": (route,)}, inventory)
    return found.severity, found.reason


def test_a_leg_that_a_switch_holds_out_says_by_what_and_alarms_nobody() -> None:
    words = "held out by dispatcher_set 1: calls of us-outbound go to beta-us there, and nobody probes it"
    assert told(FORGOTTEN) == (Severity.NONE, words)


def test_what_is_off_for_another_reason_or_not_off_stays_as_it_is() -> None:
    as_it_was = (FORGOTTEN.severity, FORGOTTEN.reason)
    assert told(FORGOTTEN, replace(MOVED, held=())) == as_it_was
    assert told(FORGOTTEN, replace(MOVED, state=RouteState.NONE)) == as_it_was, "no call gets a way out"
    assert told(FORGOTTEN, replace(MOVED, sbc="nyc-1")) == as_it_was
    assert told(FORGOTTEN, enabled=False) == as_it_was
    down = leg("alpha-us@lon-2", LegState.DOWN, Severity.MAJOR)
    assert told(down) == (down.severity, down.reason)
