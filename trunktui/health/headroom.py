"""What a carrier's death would do now: which groups go over it, where their calls would land, and what fits there.

A what-if over the whole carrier at once: groups that would land on the same account or cap share its room, in the
config's order, and channels that two groups have in common are moved once. Pure; nothing here moves anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from trunktui.health.flap import MEANT
from trunktui.model.health import ROUTABLE, SEVERITY_RANK, LegState, Severity, spoken
from trunktui.model.inventory import Direction, Failover, Group, Inventory, Trunk
from trunktui.model.room import Room, room
from trunktui.model.route import ActiveRoute, RouteState
from trunktui.model.snapshot import Headroom, Landing, LegStatus
from trunktui.model.text import Safe, clean
from trunktui.model.vouching import Voucher, silenced, voucher

_TOLD = 3
"""So many landings are told in the sentence on a carrier; each has its own besides."""

_NAMED_SBCS = 3
_LANDING_LIMIT = 200
_LIMIT = 600
_OUTSIDE = frozenset({RouteState.FOREIGN, RouteState.NONE})
"""A group that is routed so goes over none of its trunks."""


class Chart(Struct, frozen=True):
    """What the config says of trunks and carriers, by name. `pools`: the cap that a trunk's calls count against."""

    trunks: dict[str, Trunk]
    upstreams: dict[str, str | None]
    pools: dict[str, tuple[str, str]]
    carriers: tuple[str, ...]

    def carrier(self, trunk: str) -> str | None:
        """Return the carrier of a trunk, None where the config names none."""
        found = self.trunks.get(trunk)
        return None if found is None else found.carrier

    def upstream(self, trunk: str) -> str | None:
        """Return the network that a trunk's calls leave on, None where it is not told."""
        return self.upstreams.get(self.carrier(trunk) or "")


class Flow(Struct, frozen=True, gc=False):
    """Calls of `group` that go over `source` now on `sbcs`, and `to` which trunk they would move; None: `why` not.

    `load`: the channels of each of its legs now or lately, whichever is more, by the leg's id; None: not known. `part`:
    the group goes another way on other SBCs. `auto`: the SBC moves them by itself.
    """

    group: str
    carrier: str
    source: str
    to: str | None
    sbcs: tuple[str, ...]
    load: tuple[tuple[str, int | None], ...]
    why: str = ""
    part: bool = False
    auto: bool = False
    stays: bool = False


class _Space(Struct, frozen=True, gc=False):
    """What is free for a flow: `left` of `cap` (None: not known; `most`: at most so much) after groups before it."""

    cap: int | None
    left: int | None
    most: bool
    after: str = ""


class _Pool:
    """A cap as the groups fill it, one after the other: what each leg's channels got of it."""

    def __init__(self, found: Room) -> None:
        self._found = found
        self._granted: dict[str, int] = {}
        self._sure = True
        self._takers: list[str] = []

    def take(self, flow: Flow) -> tuple[_Space, int]:
        """Return what is free for a flow, and how many of its known channels get a place."""
        free, own = self._found.free, 0
        if free is None:
            return _Space(self._found.cap, None, most=False), 0
        before = sum(self._granted.values())
        own = sum(self._granted.get(leg, 0) for leg, _ in flow.load)
        others = [name for name in self._takers if name != flow.group] if before > own else []
        words = "" if not others else others[0] if len(others) == 1 else f"{len(others)} other groups"
        space = _Space(self._found.cap, free - before + own, self._found.most or not self._sure, words)
        left, got = free - before, 0
        for leg, load in flow.load:
            if leg not in self._granted and load is not None:
                self._granted[leg] = min(load, left)
                left -= self._granted[leg]
            got += self._granted.get(leg, 0)
        self._sure = self._sure and None not in [load for _, load in flow.load]
        self._takers.append(flow.group)
        return space, got


def chart_of(inventory: Inventory) -> Chart:
    """Return what the config says; it is the same for every look."""
    capped = {account.name for account in inventory.accounts if account.cap.channels is not None}
    return Chart(
        trunks={trunk.name: trunk for trunk in inventory.trunks},
        upstreams={carrier.name: carrier.upstream for carrier in inventory.carriers},
        pools={
            trunk.name: ("account", trunk.account) if trunk.account in capped else ("trunk", trunk.name)
            for trunk in inventory.trunks
        },
        carriers=tuple(carrier.name for carrier in inventory.carriers),
    )


def flows_of(
    group: Group, legs: Sequence[LegStatus], routes: Iterable[ActiveRoute], chart: Chart, now: float
) -> tuple[Flow, ...]:
    """Return where a group's calls go now and would go. `legs`: those of its trunks that the config names.

    A route that was read lately says where they go. Where none does, the first preference that can be used is taken, on
    SBCs that have a leg of the group's first: that it is used on others too, nobody says.
    """
    told = {
        route.sbc: route
        for route in routes
        if route.state is not RouteState.UNKNOWN and (route.stale_at is None or now <= route.stale_at)
    }
    there: dict[str, dict[str, LegStatus]] = {}
    for leg in legs:
        if leg.state not in MEANT:
            there.setdefault(leg.sbc, {})[leg.trunk] = leg
    first = next((name for name in group.trunks if any(name in members for members in there.values())), None)
    found: dict[tuple[str, str | None, str], list[LegStatus]] = {}
    blind: list[dict[str, LegStatus]] = []
    for sbc, members in there.items():
        if sbc not in told and first not in members:
            continue
        if sbc not in told and all(leg.state is LegState.UNKNOWN for leg in members.values()):
            blind.append(members)
        for source in _carrying(told.get(sbc), group, members):
            if chart.carrier(source) is not None:
                to, why = _next(group, source, members, chart, _held(told.get(sbc), legs, chart, now))
                found.setdefault((source, to, why), []).append(members[source])
    # An SBC that does not answer goes on with its calls: what goes over a trunk is then that much more, nobody knows.
    unseen = {source: [m[source].id for m in blind if source in m] for source, _, _ in found}
    auto = group.failover is Failover.AUTO
    return tuple(
        Flow(
            group=group.name,
            carrier=chart.carrier(source) or "",
            source=source,
            to=to,
            sbcs=tuple(leg.sbc for leg in moved),
            load=(
                *((leg.id, _load(leg)) for leg in moved),
                *((leg_id, None) for leg_id in unseen.pop(source, ())),
            ),
            why=why,
            part=len(found) > 1,
            auto=auto,
            stays=chart.trunks[source].protect and not auto,
        )
        for (source, to, why), moved in found.items()
    )


def headrooms(
    flows: Iterable[Flow], by_trunk: Mapping[str, list[LegStatus]], chart: Chart
) -> tuple[Headroom, ...]:
    """Return what each carrier's death would do, worst first; `flows` in the config's order of groups."""
    by_carrier: dict[str, list[Flow]] = {}
    for flow in flows:
        by_carrier.setdefault(flow.carrier, []).append(flow)
    found = [_headroom(name, own, by_trunk, chart) for name, own in by_carrier.items()]
    order = {name: place for place, name in enumerate(chart.carriers)}
    return tuple(sorted(found, key=lambda one: (*_trouble(one), order.get(one.carrier, len(order)))))


def _carrying(route: ActiveRoute | None, group: Group, members: Mapping[str, LegStatus]) -> list[str]:
    """Return the trunks that a group's calls take on one SBC."""
    usable = [name for name in group.trunks if name in members and members[name].state in ROUTABLE]
    if route is not None:
        if route.trunk is not None:
            return [route.trunk] if route.trunk in members else []
        if route.state in _OUTSIDE:
            return []
        if route.state is RouteState.SPLIT and route.reading is not None:
            values = {share.value for share in route.reading.open}
            named = [name for name in usable if not values.isdisjoint(members[name].native.all)]
            return named or usable
    return usable[:1]


def _held(
    route: ActiveRoute | None, legs: Sequence[LegStatus], chart: Chart, now: float
) -> dict[str, Voucher]:
    """Return the trunks that the route of an SBC holds out, so that nobody asks them there, and what speaks for each."""
    return {
        leg.trunk: voucher(leg, legs, now)
        for leg in (legs if route is not None and route.held else ())
        if route is not None and leg.sbc == route.sbc and leg.trunk in route.held and silenced(leg)
        if (known := chart.trunks.get(leg.trunk)) is not None and known.enabled
    }


def _next(
    group: Group,
    source: str,
    members: Mapping[str, LegStatus],
    chart: Chart,
    held: Mapping[str, Voucher],
) -> tuple[str | None, str]:
    """Return the trunk that calls would move to on one SBC, or why there is none; `held` as `_held` tells."""
    carrier, upstream, against = chart.carrier(source), chart.upstream(source), []
    for name in group.trunks:
        trunk, leg, out = chart.trunks.get(name), members.get(name), held.get(name)
        if name == source or trunk is None or (leg is None and out is None):
            continue
        if trunk.carrier == carrier:
            against.append(f"{name} is {carrier}'s too")
        elif upstream is not None and chart.upstream(name) == upstream:
            against.append(f"{name} is on the same network {upstream}")
        elif trunk.direction is Direction.INBOUND:
            against.append(f"{name} takes no outbound calls")
        elif trunk.protect:
            against.append(f"{name} is protected")
        elif out is not None and out.leg is None:
            against.append(f"{name} is held out there, and {out.why}")
        elif out is None and leg is not None and leg.state not in ROUTABLE:
            against.append(f"{name} is {spoken(leg.state)}")
        else:
            return name, ""
    return None, ", ".join(against[:2]) if against else "there is no other trunk"


def _load(leg: LegStatus) -> int | None:
    known = [count for count in (leg.load, leg.channels.active) if count is not None]
    return max(known) if known else None


def _headroom(
    carrier: str, flows: Sequence[Flow], by_trunk: Mapping[str, list[LegStatus]], chart: Chart
) -> Headroom:
    pools: dict[tuple[str, str], _Pool] = {}
    landings: list[Landing] = []
    for flow in flows:
        if flow.to is None or flow.stays:
            landings.append(_landing(flow, _Space(None, None, most=False), 0))
            continue
        key = chart.pools[flow.to]
        if key not in pools:
            pools[key] = _Pool(room(by_trunk.get(flow.to, ())))
        landings.append(_landing(flow, *pools[key].take(flow)))
    severity = max((one.severity for one in landings), key=SEVERITY_RANK.__getitem__)
    told = [landings[place].sentence for place in _loudest(landings)]
    more = f"; {len(landings) - len(told)} more" if len(landings) > len(told) else ""
    words = f"if {carrier} died now: {'; '.join(told)}{more}"
    return Headroom(carrier, severity, clean(words, _LIMIT), tuple(landings))


def _loudest(landings: Sequence[Landing]) -> list[int]:
    """Return the places of those to be told in one sentence, in their own order."""
    if len(landings) <= _TOLD:
        return list(range(len(landings)))
    ranks = [-SEVERITY_RANK[one.severity] for one in landings]
    return sorted(sorted(range(len(landings)), key=ranks.__getitem__)[:_TOLD])


def _trouble(one: Headroom) -> tuple[int, float]:
    shares = [landing.fits for landing in one.landings if landing.fits is not None]
    return -SEVERITY_RANK[one.severity], min(shares, default=1.0)


def _landing(flow: Flow, space: _Space, got: int) -> Landing:
    """Return where a flow lands: `got` of its known channels have a place in `space`."""
    known = [load for _, load in flow.load if load is not None]
    load, whole = (sum(known) if known else None), len(known) == len(flow.load)
    certain = whole and not space.most and space.left is not None
    fits = None if not certain or load is None else got / load if load else 1.0
    severity, words = _words(flow, space, load, whole, got)
    return Landing(
        group=flow.group,
        source=flow.source,
        to=None if flow.stays else flow.to,
        sbcs=flow.sbcs,
        load=load,
        load_whole=whole,
        free=space.left,
        free_most=space.most,
        fits=fits,
        severity=severity,
        sentence=clean(words, _LANDING_LIMIT),
    )


def _words(flow: Flow, space: _Space, load: int | None, whole: bool, got: int) -> tuple[Severity, str]:
    """Return how loud a landing is, and its sentence."""
    least = "" if whole else "at least "
    moved = "load not known" if load is None else f"{least}{load} channel{'' if load == 1 else 's'}"
    head = f"{flow.group}{_place(flow)} {'moves by itself, ' if flow.auto else ''}{moved}"
    if flow.stays:
        return Severity.WARNING, f"{head} -> nowhere: {flow.source} is protected, it is never switched"
    if flow.to is None:
        return Severity.MAJOR, f"{head} -> nowhere: {flow.why}"
    if space.cap is None:
        return Severity.INDETERMINATE, f"{head} -> {flow.to}: its cap is not known"
    if space.left is None:
        return Severity.INDETERMINATE, f"{head} -> {flow.to}: how full it is is not known (cap {space.cap})"
    most = "at most " if space.most else ""
    after = f" after {space.after}" if space.after else ""
    head = f"{head} -> {flow.to}: {most}{space.left} {'left' if after else 'free'} of {space.cap}{after}"
    if load is not None and got < load:
        bound = "" if whole and not space.most else "at most "
        severity = Severity.WARNING if got else Severity.MAJOR
        return severity, f"{head}, {bound}{100 * got // load} % fits"
    if load is None or not whole or space.most:
        return Severity.INDETERMINATE, head
    return Severity.NONE, f"{head}, all of it fits"


def _place(flow: Flow) -> Safe:
    """Return on which SBCs that is, where the group goes another way on others."""
    if not flow.part:
        return Safe("")
    many = len(flow.sbcs) > _NAMED_SBCS
    return Safe(f" ({len(flow.sbcs)} SBCs)" if many else f" ({', '.join(flow.sbcs)})")
