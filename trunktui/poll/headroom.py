"""Keeps what carriers' deaths would do for as long as what it rests on stays as it is: a group at a time."""

from __future__ import annotations

import math
import operator

from msgspec import Struct, structs

from trunktui.health.headroom import Chart, Flow, chart_of, flows_of, headrooms
from trunktui.health.rollup import configured
from trunktui.model.inventory import Group, Inventory
from trunktui.model.route import ActiveRoute
from trunktui.model.snapshot import Headroom, LegStatus, Snapshot

_Routes = tuple[ActiveRoute, ...]


class _Kept(Struct, frozen=True):
    """A group's flows, and the legs and routes that they rest on; from `until` on a route is not believed any more."""

    legs: list[LegStatus]
    routes: _Routes
    flows: tuple[Flow, ...]
    until: float


class Forecast:
    """What was told last, and of which legs and routes. Another config begins anew."""

    def __init__(self) -> None:
        self._chart: Chart | None = None
        self._kept: dict[str, _Kept] = {}
        self._legs: tuple[LegStatus, ...] | None = None
        self._told: tuple[Headroom, ...] = ()

    def told(self, snapshot: Snapshot, inventory: Inventory) -> Snapshot:
        """Return `snapshot`, its legs judged and the routes of its groups read, with what each carrier's death would do."""
        if not inventory.groups:
            return snapshot
        if self._chart is None:
            self._chart = chart_of(inventory)
        routes = {group.name: group.active for group in snapshot.groups}
        if snapshot.legs is not self._legs or not all(
            self._holds(group, routes.get(group.name, ()), snapshot.at) for group in inventory.groups
        ):
            self._look(snapshot, routes, inventory, self._chart)
        return structs.replace(snapshot, headroom=self._told)

    def _look(
        self, snapshot: Snapshot, routes: dict[str, _Routes], inventory: Inventory, chart: Chart
    ) -> None:
        by_trunk = configured(snapshot.legs)
        flows: list[Flow] = []
        for group in inventory.groups:
            legs = [leg for trunk in group.trunks for leg in by_trunk.get(trunk, ())]
            own, kept = routes.get(group.name, ()), self._kept.get(group.name)
            if kept is None or not self._holds(group, own, snapshot.at) or not _same(kept.legs, legs):
                believed = [one.stale_at for one in own if one.stale_at is not None]
                until = min((at for at in believed if at >= snapshot.at), default=math.inf)
                found = flows_of(group, legs, own, chart, snapshot.at)
                kept = self._kept[group.name] = _Kept(legs, own, found, until)
            flows += kept.flows
        self._legs, self._told = snapshot.legs, headrooms(flows, by_trunk, chart)

    def _holds(self, group: Group, routes: _Routes, at: float) -> bool:
        kept = self._kept.get(group.name)
        return kept is not None and at <= kept.until and (kept.routes is routes or kept.routes == routes)


def _same(before: list[LegStatus], after: list[LegStatus]) -> bool:
    return len(before) == len(after) and all(map(operator.is_, before, after))
