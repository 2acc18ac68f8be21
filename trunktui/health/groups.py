"""Judges trunk groups: what the routing order can use now, and whether the next trunk has room for the load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from trunktui.health.flap import MEANT
from trunktui.health.group_routes import routed
from trunktui.health.rollup import configured
from trunktui.model.health import ROUTABLE, LegState, Severity
from trunktui.model.inventory import Group, Inventory
from trunktui.model.room import Room, load_to_move, room
from trunktui.model.route import ActiveRoute
from trunktui.model.snapshot import GroupStatus, LegStatus
from trunktui.model.text import Safe, clean


class _Member(Struct, frozen=True):
    """One trunk of a group with its legs that are meant to work; `upstream`: the network its calls leave on."""

    trunk: str
    legs: list[LegStatus]
    upstream: str | None

    @property
    def usable(self) -> bool:
        """Whether the next call can go out on it."""
        return any(leg.state in ROUTABLE for leg in self.legs)


def judge_groups(
    legs: Iterable[LegStatus],
    inventory: Inventory,
    active: Mapping[str, tuple[ActiveRoute, ...]] | None = None,
) -> tuple[GroupStatus, ...]:
    """Return each group's state: the best that its routing order can use now, and what follows from where its calls go.

    `active`: where those of each group go, on each SBC that tells.
    """
    if not inventory.groups:
        return ()
    by_trunk = configured(legs)
    upstreams = {carrier.name: carrier.upstream for carrier in inventory.carriers}
    networks = {trunk.name: upstreams.get(trunk.carrier or "") for trunk in inventory.trunks}
    told = active or {}
    found = []
    for group in inventory.groups:
        verdict = _well(group, by_trunk) or _judge(group, by_trunk, networks)
        if group.name in told:
            verdict = routed(verdict, group, by_trunk, told[group.name])
        found.append(structs.replace(verdict, trunks=group.trunks))
    return tuple(found)


def secondary(
    by_trunk: dict[str, list[LegStatus]], inventory: Inventory, carrier: str
) -> tuple[str, Room] | None:
    """Return where calls go that a carrier no longer takes: of the first group whose primary is its and is out, the next trunk.

    With what is free there; None where there is no such group, or no other trunk on another network that can be used.
    """
    upstreams = {one.name: one.upstream for one in inventory.carriers}
    carriers = {trunk.name: trunk.carrier for trunk in inventory.trunks}
    for group in inventory.groups:
        members = [
            _Member(trunk, legs, upstreams.get(carriers.get(trunk) or ""))
            for trunk in group.trunks
            if (legs := [leg for leg in by_trunk.get(trunk, ()) if leg.state not in MEANT])
        ]
        if not members or members[0].usable or carriers.get(members[0].trunk) != carrier:
            continue
        for member in members[1:]:
            own = carriers.get(member.trunk) == carrier
            if member.usable and not own and not _same_network(members[0], member):
                return member.trunk, room(member.legs)
    return None


def _well(group: Group, by_trunk: dict[str, list[LegStatus]]) -> GroupStatus | None:
    """Return the verdict on a group whose every leg is up, and on no other."""
    legs = [leg for trunk in group.trunks for leg in by_trunk.get(trunk, ())]
    for leg in legs:
        if leg.state is not LegState.UP:
            return None
    if not legs:
        return None
    words = "its one leg is up" if len(legs) == 1 else f"all {len(legs)} legs up"
    return GroupStatus(group.name, LegState.UP, Severity.NONE, Safe(words))


def _judge(
    group: Group, by_trunk: dict[str, list[LegStatus]], networks: dict[str, str | None]
) -> GroupStatus:
    name = group.name
    found = [
        _Member(
            trunk,
            [leg for leg in by_trunk.get(trunk, ()) if leg.state not in MEANT],
            networks.get(trunk),
        )
        for trunk in group.trunks
    ]
    members = [member for member in found if member.legs]
    if not members:
        standby = any(leg.state is LegState.STANDBY for t in group.trunks for leg in by_trunk.get(t, ()))
        state = LegState.STANDBY if standby else LegState.ADMIN_OFF
        words = "every leg stands by or is switched off" if standby else "every trunk is switched off"
        return _group(name, state, Severity.NONE, words)
    legs = [leg for member in members for leg in member.legs]
    usable = [member for member in members if member.usable]
    down = [leg.id for leg in legs if leg.state is LegState.DOWN]
    if not usable:
        return _no_path(name, len(legs), len(down))
    primary = members[0]
    if not primary.usable:
        return _primary_lost(name, primary, usable)
    if down:
        words = (
            f"{len(down)} of {len(legs)} legs down ({', '.join(down[:2])}); {primary.trunk} still has a path"
        )
        return _group(name, LegState.DEGRADED, Severity.MINOR, words)
    soft = [leg.id for leg in legs if leg.state is not LegState.UP]
    if not soft:
        words = "its one leg is up" if len(legs) == 1 else f"all {len(legs)} legs up"
        return _group(name, LegState.UP, Severity.NONE, f"{words}; others stand by or are off")
    words = f"{len(soft)} of {len(legs)} legs not up ({', '.join(soft[:2])})"
    return _group(name, LegState.DEGRADED, Severity.WARNING, words)


def _primary_lost(name: str, primary: _Member, usable: list[_Member]) -> GroupStatus:
    """The primary has no path: what there is to move, and what the next trunk on another network has room for."""
    out = any(leg.state is LegState.DOWN for leg in primary.legs)
    head = f"primary {primary.trunk} {'is out' if out else 'is not known to work'}"
    if not out:
        return _group(name, LegState.DEGRADED, Severity.WARNING, f"{head}; {usable[0].trunk} is next")
    others = [member for member in usable if not _same_network(primary, member)]
    if not others:
        words = f"{head}; {usable[0].trunk} is on the same network {primary.upstream}: no alternative"
        return _group(name, LegState.DEGRADED, Severity.CRITICAL, words)
    following = others[0]
    found = room(following.legs)
    load, whole = load_to_move(primary.legs)
    was = "load not known" if load is None else f"load was {'' if whole else 'at least '}{load}"
    if found.cap is None:
        words = f"{head}; {following.trunk} is next, its cap is not known ({was})"
        return _group(name, LegState.DEGRADED, Severity.MAJOR, words)
    if found.free is None:
        words = f"{head}; {following.trunk} is next, how full it is is not known (cap {found.cap}, {was})"
        return _group(name, LegState.DEGRADED, Severity.MAJOR, words)
    most = "at most " if found.most else ""
    if load is not None and found.free < load:
        fits = 100 * found.free // load
        words = f"{head}; {following.trunk} takes {most}{fits} % of its load: {found.free} free of {found.cap}, {was}"
        return _group(name, LegState.DEGRADED, Severity.CRITICAL, words)
    words = f"{head}; {following.trunk} is next: {most}{found.free} free of {found.cap}, {was}"
    return _group(name, LegState.DEGRADED, Severity.MAJOR, words)


def _same_network(primary: _Member, other: _Member) -> bool:
    return primary.upstream is not None and primary.upstream == other.upstream


def _no_path(name: str, legs: int, down: int) -> GroupStatus:
    if down == legs:
        return _group(name, LegState.DOWN, Severity.CRITICAL, f"no path: all {down} legs are down")
    words = f"no leg is known to work: {down} down, {legs - down} unknown"
    return _group(name, LegState.UNKNOWN, Severity.CRITICAL if down else Severity.INDETERMINATE, words)


def _group(name: str, state: LegState, severity: Severity, words: str) -> GroupStatus:
    return GroupStatus(name, state, severity, clean(words, 160))
