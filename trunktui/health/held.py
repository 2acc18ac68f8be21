"""Tells a leg that the route of a group holds out as what it is: nobody's alarm, and no switched-off trunk. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import structs

from trunktui.model.health import LegState, Severity
from trunktui.model.inventory import Inventory
from trunktui.model.route import ActiveRoute, RouteState
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import Safe, clean

_LIMIT = 200
_GOES = frozenset({RouteState.FIRST, RouteState.MOVED, RouteState.SPLIT})
"""A route with another way out; where there is none its group says so, and how long a leg is off matters again."""


def told_as_held(
    legs: Iterable[LegStatus], active: Mapping[str, tuple[ActiveRoute, ...]], inventory: Inventory
) -> list[LegStatus]:
    """Return the legs, those that are off because a group's route holds them out with that for a reason, and no alarm.

    One that is disabled in the config stays that.
    """
    why = {
        f"{trunk}@{route.sbc}": clean(
            f"held out by {route.route.words}: calls of {group} go to {route.goes} there, and nobody probes it",
            _LIMIT,
        )
        for group, routes in active.items()
        for route in routes
        if route.state in _GOES
        for trunk in route.held
        if (known := inventory.trunk(trunk)) is not None and known.enabled
    }
    return [_told(leg, why.get(leg.id)) for leg in legs] if why else list(legs)


def _told(leg: LegStatus, why: Safe | None) -> LegStatus:
    if why is None or leg.state is not LegState.ADMIN_OFF:
        return leg
    return structs.replace(leg, severity=Severity.NONE, reason=why)
