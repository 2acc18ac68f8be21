"""Where each simulated SBC is told over which trunk a group's calls go, at any second, and what that does to a call. Pure.

AstDB and mod_db outlive a restart. A global variable and a distributor's list are then as their file has them, what
stood in mod_hash is gone, and so is what a dispatcher was told.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, structs

from trunktui.demo.calls import Route as Way
from trunktui.demo.plan import FleetPlan, GroupPlan
from trunktui.demo.rows import Destination, DispatcherSet
from trunktui.model.route import Mechanism, Route

_KEPT = frozenset({Mechanism.ASTDB, Mechanism.DB})
_LOST = frozenset({Mechanism.HASH})
_HEAVY, _LIGHT = 9, 1
_HIGHEST = 10
_LISTED = 2
"""A dispatcher's set has so many of a group's trunks, so that it says of no other group's calls where they go."""


class Written(Struct, frozen=True):
    """What an operator's command writes on an SBC; `value` None: it takes away what stands there."""

    mechanism: Mechanism
    place: str
    value: str | None


class Settings:
    """What stands where on each SBC. Write in the order of time, never before what was looked at already.

    `booted(sbc, t)`: when its software started last, at `t` or before.
    """

    def __init__(self, plan: FleetPlan, booted: Callable[[str, float], float]) -> None:
        self._booted = booted
        self._written: dict[str, dict[tuple[Mechanism, str], list[tuple[float, str | None]]]] = {}
        self._first = {
            sbc.name: {
                (route.mechanism, route.place): value
                for group in plan.groups
                if (route := group.switch.get(sbc.platform)) is not None
                and (value := _at_first(plan, group, sbc.name, route)) is not None
            }
            for sbc in plan.sbcs
        }

    def write(self, t: float, sbc: str, written: Written) -> None:
        """Record that `sbc` took a command at second `t`."""
        key = written.mechanism, written.place
        insort(self._written.setdefault(sbc, {}).setdefault(key, []), (t, written.value), key=_when)

    def at(self, sbc: str, mechanism: Mechanism, place: str, t: float) -> str | None:
        """Return what stands at a place at second `t`; None: nothing."""
        key, since = (mechanism, place), self._since(sbc, mechanism, t)
        for when, value in reversed(self._written.get(sbc, {}).get(key, ())):
            if since <= when <= t:
                return value
        return None if mechanism in _LOST and since >= 0.0 else self._first[sbc].get(key)

    def touched(self, sbc: str, route: Route, t: float) -> bool:
        """Whether an operator set anything at a route that still counts at second `t`."""
        since = self._since(sbc, route.mechanism, t)
        return any(
            since <= when <= t
            for (kind, place), written in self._written.get(sbc, {}).items()
            if kind is route.mechanism and place.partition(" ")[0] == route.place
            for when, _ in written
        )

    def all(self, sbc: str, mechanism: Mechanism, t: float) -> dict[str, str]:
        """Return everything that stands in one kind of place, by its name, in the order in which it was first set."""
        keys = dict.fromkeys((*self._first[sbc], *self._written.get(sbc, ())))
        found = {place: self.at(sbc, kind, place, t) for kind, place in keys if kind is mechanism}
        return {place: value for place, value in found.items() if value is not None}

    def told(self, dispatcher: DispatcherSet, sbc: str, t: float) -> DispatcherSet:
        """Return a set with what its destinations were told until second `t`."""
        return structs.replace(
            dispatcher,
            destinations=tuple(
                structs.replace(
                    each,
                    flags=self.at(sbc, Mechanism.DISPATCHER, f"{dispatcher.number} {each.uri}", t) or "",
                )
                for each in dispatcher.destinations
            ),
        )

    def _since(self, sbc: str, mechanism: Mechanism, t: float) -> float:
        """Return from when on a write still counts at `t`; below 0: every one does."""
        return -1.0 if mechanism in _KEPT else max(self._booted(sbc, t), -1.0)


def dispatcher_sets(plan: FleetPlan, sbc: str) -> tuple[DispatcherSet, ...]:
    """Return the sets of the groups that an SBC chooses for by its dispatcher, as its file has them."""
    platform = next(one.platform for one in plan.sbcs if one.name == sbc)
    routes = ((group, group.switch.get(platform)) for group in plan.groups)
    return tuple(
        DispatcherSet(int(route.place), tuple(_destinations(plan, group, sbc)))
        for group, route in routes
        if route is not None and route.mechanism is Mechanism.DISPATCHER
    )


def _destinations(plan: FleetPlan, group: GroupPlan, sbc: str) -> Iterator[Destination]:
    names = [name for name in group.trunks if sbc in plan.trunk(name).sbcs][:_LISTED]
    for n, name in enumerate(names):
        for host in plan.trunk(name).hosts:
            yield Destination(name, f"sip:{host}", _HIGHEST * (len(names) - n))


def _at_first(plan: FleetPlan, group: GroupPlan, sbc: str, route: Route) -> str | None:
    """Return what stands there when the simulation begins: the first preference of those that have a leg there."""
    names = [name for name in group.trunks if sbc in plan.trunk(name).sbcs]
    if not names or sbc in group.unset or route.mechanism is Mechanism.DISPATCHER:
        return None
    if route.mechanism is not Mechanism.DISTRIBUTOR:
        return names[0]
    return " ".join(f"{name}={_LIGHT if n else _HEAVY}" for n, name in enumerate(names))


def weights(value: str) -> dict[str, int]:
    """Return a distributor's nodes with their weights: `a=9 b=1`."""
    pairs = (word.partition("=") for word in value.split())
    return {name: int(weight) for name, _, weight in pairs if weight.isdecimal()}


class Router:
    """What one group's calls on one SBC do by its route; `ways`: all trunks there, `sets` those of its dispatcher.

    A call goes where it is told, whatever the SBC thinks
    of that trunk: where it thinks ill of it, the call fails at once. A dispatcher passes over what is dead or held out.
    """

    def __init__(
        self,
        settings: Settings,
        sbc: str,
        route: Route,
        ways: Mapping[str, Way],
        sets: tuple[DispatcherSet, ...],
    ) -> None:
        self._settings = settings
        self._sbc = sbc
        self._route = route
        self._ways = ways
        self._set = next((one for one in sets if str(one.number) == route.place), None)

    def __call__(self, t: float, luck: float, choice: int) -> Way | None:
        """Return the way of a call that begins at `t` with this chance, 0 to 1; None: it goes its own.

        `choice`: which of the group's trunks it would take, 0 for the first.
        """
        if choice and not self._settings.touched(self._sbc, self._route, t):
            return None
        if self._set is not None:
            return self._dispatched(self._set, t)
        value = self._settings.at(self._sbc, self._route.mechanism, self._route.place, t)
        if value and self._route.mechanism is Mechanism.DISTRIBUTOR:
            value = _drawn(weights(value), luck)
        if not value:
            return None
        return self._ways.get(value) or _nowhere(value)

    def _dispatched(self, chosen: DispatcherSet, t: float) -> Way:
        there = self._settings.told(chosen, self._sbc, t).destinations
        open_ones = [self._ways[each.trunk] for each in there if not each.held]
        return next((way for way in open_ones if way.believed(t)), _nowhere(there[0].trunk))


def _drawn(nodes: Mapping[str, int], luck: float) -> str:
    """Return the node that a distributor gives to a call."""
    left = luck * sum(nodes.values())
    for name, weight in nodes.items():
        left -= weight
        if left < 0:
            return name
    return ""


def _nowhere(value: str) -> Way:
    """Return the way of calls that the SBC does not send anywhere, for it has no such trunk or may not use it."""
    return Way(
        value,
        inbound=False,
        believed=lambda _: False,
        works=lambda _: False,
        silent=lambda _: False,
        dies=lambda t: t,
    )


def _when(written: tuple[float, str | None]) -> float:
    return written[0]
