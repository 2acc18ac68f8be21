"""Where the groups' calls go on an SBC: asked after each poll, with one ask, and folded into its record.

Nothing about it fails a poll. What the SBC refuses to tell is not asked again before it, or the config, is loaded anew.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from trunktui.health.routes import Place, RouteMemory, place_of, remember_route, unasked
from trunktui.model.ask import Answer
from trunktui.model.health import FaultKind
from trunktui.model.inventory import Inventory
from trunktui.model.link import LinkError
from trunktui.model.route import RouteReading
from trunktui.model.snapshot import LegStatus
from trunktui.platforms.contract import Platform
from trunktui.poll.record import SbcRecord
from trunktui.transport.port import Asker


def places_on(inventory: Inventory, sbc: str, platform: str) -> tuple[Place, ...]:
    """Return the groups that are routed on an SBC of `platform`, in the config's order."""
    routed = [group for group in inventory.groups if platform in group.switch]
    if not routed:
        return ()
    here = frozenset(binding.trunk for binding in inventory.bindings_on(sbc))
    places = (place_of(group, sbc, platform, here) for group in routed)
    return tuple(place for place in places if place is not None)


def sbcs_of(inventory: Inventory, name: str) -> frozenset[str]:
    """Return the SBCs on which a group may be switched: it has a leg there, and there is a way to tell some SBC."""
    trunks = {
        trunk for group in inventory.groups if group.name == name and group.switch for trunk in group.trunks
    }
    return frozenset(
        binding.sbc for trunk in inventory.trunks if trunk.name in trunks for binding in trunk.bindings
    )


def first_routes(inventory: Inventory, sbc: str, platform: str) -> RouteMemory:
    """Return the routes of an SBC that is polled as `platform`, of which none was asked yet."""
    return RouteMemory({place.group: unasked(place) for place in places_on(inventory, sbc, platform)})


def kept_routes(record: SbcRecord, before: Inventory, after: Inventory) -> RouteMemory:
    """Return the routes under another config: what was read stays where group and place are the same."""
    old, new = (
        {place.group: place for place in places_on(inventory, record.sbc.name, record.platform)}
        for inventory in (before, after)
    )
    held = record.routes.held
    return RouteMemory(
        {
            group: held[group] if group in held and old.get(group) == place else unasked(place)
            for group, place in new.items()
        }
    )


async def read_routes(
    asker: Asker, platform: Platform, record: SbcRecord, places: Iterable[Place], budget_s: float, now: float
) -> tuple[RouteReading, ...]:
    """Ask what stands at the routes of `places`, within `budget_s`, by one ask at most; none where all is refused.

    Never raises: where the ask fails each reading says why.
    """
    wanted = dict.fromkeys(place.route for place in places)
    routes = tuple(route for route in wanted if route not in record.routes.denied)
    if not routes:
        return ()
    ask = platform.route_ask(routes)
    if ask is None:
        # none of them is a place that this platform has: it says so without being asked
        said = platform.parse_routes(Answer(now, now), routes)
        return tuple(structs.replace(one, denied=True) for one in said)
    try:
        answer = await asker.ask(ask, budget_s)
    except LinkError as error:
        return tuple(RouteReading(route, now, why=error.reason) for route in routes)
    return platform.parse_routes(answer, routes)


def fold_routes(
    record: SbcRecord,
    platform: Platform,
    places: Iterable[Place],
    readings: Iterable[RouteReading],
    legs: Iterable[LegStatus],
    stale_s: float,
) -> None:
    """Take what was read at the routes of an SBC in; `legs` are its own, as they are judged now."""
    memory, legs = record.routes, tuple(legs)
    read = {reading.route: reading for reading in readings}
    held = {}
    for place in places:
        before, reading = memory.held.get(place.group), read.get(place.route)
        if reading is None:
            held[place.group] = before or unasked(place)
        else:
            held[place.group] = remember_route(before, named(place, platform, legs), reading, stale_s)
    denied = memory.denied | {route for route, reading in read.items() if reading.denied}
    record.routes = RouteMemory(held, denied)


def named(place: Place, platform: Platform, legs: Iterable[LegStatus]) -> Place:
    """Return a place with what its route calls the trunks there, the first of two that are called alike.

    A trunk has no name there if it is known not to be on the SBC; else its name is only not known, such as one of several.
    """
    values: dict[str, str] = {}
    unnamed = []
    by_trunk = {leg.trunk: leg for leg in legs if not leg.discovered}
    for trunk in place.trunks:
        leg = by_trunk.get(trunk)
        value = None if leg is None else platform.route_value(place.route, leg)
        if value is not None:
            values.setdefault(value, trunk)
        elif leg is None or leg.fault is not FaultKind.ABSENT:
            unnamed.append(trunk)
    return structs.replace(place, values=values, unnamed=tuple(unnamed))
