"""What a switch is on one SBC: what its route says now, what it shall say, and what that is in the group's names."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from trunktui.actions.world import World
from trunktui.model.inventory import Sbc
from trunktui.model.route import Mechanism, Route, RouteReading, Share
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.model.switch import Move, SwitchKind
from trunktui.model.text import Safe, clean
from trunktui.platforms.contract import Platform


class Spot(Struct, frozen=True):
    """A group on one SBC: where it is routed there, what was read last, its legs, and what each trunk is called."""

    sbc: Sbc
    platform: Platform
    route: Route
    reading: RouteReading
    legs: tuple[LegStatus, ...]
    values: dict[str, str]

    def leg(self, trunk: str) -> LegStatus | None:
        """Return the leg of a trunk there, or None."""
        return next((leg for leg in self.legs if leg.trunk == trunk), None)


def spot_of(world: World, snapshot: Snapshot, group: str, name: str) -> Spot | Safe:
    """Return how a group stands on an SBC, or why it cannot be moved there."""
    sbc = world.sbc(name)
    configured = next((one for one in world.inventory.groups if one.name == group), None)
    if sbc is None:
        return clean(f"there is no SBC {name} in the config")
    if configured is None:
        return clean(f"there is no trunk group {group} in the config")
    platform = world.platform(sbc)
    route = configured.switch.get(platform.name)
    if route is None:
        words = f"the config does not say how {name} is told where {group} goes"
        return clean(f"{words}: add {platform.name} to its [group.switch]")
    legs = tuple(
        leg
        for trunk in configured.trunks
        for leg in snapshot.legs
        if leg.trunk == trunk and leg.sbc == name and not leg.discovered
    )
    called = ((leg.trunk, platform.route_value(route, leg)) for leg in legs)
    values = {trunk: str(value) for trunk, value in called if value is not None}
    return Spot(sbc, platform, route, _reading(snapshot, group, name, route), legs, values)


def _reading(snapshot: Snapshot, group: str, sbc: str, route: Route) -> RouteReading:
    found = (
        active.reading
        for status in snapshot.groups
        if status.name == group
        for active in status.active
        if active.sbc == sbc and active.reading is not None and active.reading.route == route
    )
    return next(found, None) or RouteReading(route, 0.0, why=clean("it was not read yet"))


def move_to(spot: Spot, kind: SwitchKind, group: str, target: str) -> Move | Safe:
    """Return the move of a group to one of its trunks, or why that trunk cannot have it there."""
    if spot.leg(target) is None:
        return clean(f"{target} has no leg on {spot.sbc.name}")
    if (value := spot.values.get(target)) is None:
        words = f"{spot.route.words} has no name for {target} on {spot.sbc.name}"
        return clean(f"{words} that was read yet: settings follow some seconds after the first look")
    goal = (Share(clean(value, 1024)),)
    return Move(
        kind=kind,
        group=group,
        sbc=spot.sbc.name,
        route=spot.route,
        stands=spot.reading,
        goal=goal,
        source=_one(trunks_of(spot.values, spot.reading.serving)),
        target=target,
        values=spot.values,
    )


def move_back(spot: Spot, undone: Move, action: str) -> Move:
    """Return the move that makes a route say again what stood there before `undone`, which was `action`."""
    goal = tuple(Share(share.value, share.weight, share.held) for share in undone.stands.shares)
    return Move(
        kind=SwitchKind.UNDO,
        group=undone.group,
        sbc=spot.sbc.name,
        route=spot.route,
        stands=spot.reading,
        goal=goal,
        source=_one(trunks_of(spot.values, spot.reading.serving)),
        target=_one(trunks_of(spot.values, RouteReading(spot.route, 0.0, goal).serving)),
        values=spot.values,
        undoes=action,
    )


def trunks_of(values: dict[str, str], shares: Iterable[Share]) -> tuple[str, ...]:
    """Return the trunks that share the calls, in order: "" for what no trunk of the group is called; held ones have none."""
    names = {value: trunk for trunk, value in values.items()}
    return tuple(dict.fromkeys(names.get(share.value, "") for share in shares if not share.held))


def said(move: Move, shares: tuple[Share, ...]) -> str:
    """Return what a route says, in the group's names where it has one: `beta-us`, `nothing`."""
    names = {value: trunk for trunk, value in move.values.items()}
    words = (names.get(share.value, str(share.value)) for share in shares if not share.held)
    return " and ".join(dict.fromkeys(words)) or "nothing"


def says(reading: RouteReading, goal: tuple[Share, ...]) -> bool:
    """Whether a route says what a move wants: exactly that, or calls can go to its one entry alone."""
    if not reading.read:
        return False
    if _exactly(reading.shares) == _exactly(goal):
        return True
    unheld = {share.value for share in reading.shares if not share.held}
    return len(goal) == 1 and not goal[0].held and goal[0].weight is None and unheld == {goal[0].value}


def leads(reading: RouteReading, goal: tuple[Share, ...]) -> bool:
    """Whether a route still is as a switch to `goal` leaves it."""
    return says(reading, goal) or outweighs(reading, goal)


def outweighs(reading: RouteReading, goal: tuple[Share, ...]) -> bool:
    """Whether a route shares calls by weight, and gives the one entry of `goal` more than any other."""
    weights = {share.value: share.weight for share in reading.shares if not share.held}
    if len(goal) != 1 or not reading.read or len(weights) < 2:
        return False
    known = [weight for weight in weights.values() if weight is not None]
    own = weights.get(goal[0].value)
    return (
        own is not None and len(known) == len(weights) and known.count(max(known)) == 1 and own == max(known)
    )


def halfway(reading: RouteReading, move: Move) -> bool:
    """Whether a set whose entries are held one by one is between what stood there and what `move` was to set."""
    if move.route.mechanism is not Mechanism.DISPATCHER or len(move.goal) != 1 or not reading.read:
        return False
    before = {share.value: share.held for share in move.stands.shares}
    now = {share.value: share.held for share in reading.shares}
    target = move.goal[0].value
    return before.keys() == now.keys() and all(
        held in {before[value], value != target} for value, held in now.items()
    )


def _exactly(shares: tuple[Share, ...]) -> tuple[tuple[str, int | None, bool], ...]:
    return tuple(sorted(((s.value, s.weight, s.held) for s in shares), key=str))


def _one(trunks: tuple[str, ...]) -> str:
    return trunks[0] if len(trunks) == 1 else ""
