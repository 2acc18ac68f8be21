"""Tells where the calls of groups go: on the page of a leg, in the table of `status`, in the document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from trunktui.model.route import ActiveRoute, RouteState, outdated
from trunktui.model.snapshot import GroupStatus, LegStatus, Snapshot
from trunktui.model.switch import Switched
from trunktui.present.cells import Cell, Role
from trunktui.present.freshness import in_words

_ROLES = {
    RouteState.FIRST: Role.TEXT,
    RouteState.MOVED: Role.WARN,
    RouteState.SPLIT: Role.WARN,
    RouteState.FOREIGN: Role.BAD,
    RouteState.NONE: Role.BAD,
    RouteState.UNSET: Role.DIM,
    RouteState.UNKNOWN: Role.DIM,
}
_REMARKED = frozenset({RouteState.MOVED, RouteState.SPLIT, RouteState.FOREIGN, RouteState.NONE})
"""Calls that do not simply go to the first preference."""


def route_facts(
    snapshot: Snapshot,
    leg: LegStatus,
    now: float,
    *,
    whole: bool = True,
    switched: Iterable[Switched] = (),
) -> tuple[tuple[str, Cell], ...]:
    """Return (label, sentence) of where the groups of `leg` go on its SBC; without `whole` of those that left the first.

    `switched`: who switched them there.
    """
    found = []
    for group in snapshot.groups:
        for one in group.active if group.name in leg.groups else ():
            told = outdated(one, now)
            if one.sbc == leg.sbc and (whole or told.state in _REMARKED):
                found.append(
                    (
                        "route",
                        Cell(
                            f"{_with_age(told, now)}{_by_whom(told, group, switched, now)}",
                            _ROLES[told.state],
                        ),
                    )
                )
    return tuple(found)


def is_remarked(group: GroupStatus, now: float) -> bool:
    """Whether a group's calls do not simply go to its first preference somewhere, or an entry is held out by hand."""
    routes = (outdated(one, now) for one in group.active)
    return any(one.state in _REMARKED or one.held for one in routes)


def told_reason(group: GroupStatus) -> str:
    """Return a group's reason for where its name stands before it already."""
    return group.reason.removeprefix(f"{group.name} ")


def route_lines(group: GroupStatus, now: float, switched: Iterable[Switched] = ()) -> Iterator[str]:
    """Yield lines of plain text on where a group's calls go: the SBCs on which it is its first preference in one."""
    routes = [outdated(one, now) for one in group.active]
    plain = [one for one in routes if one.state is RouteState.FIRST and not one.held]
    for one in routes:
        if one not in plain:
            yield f"{_with_age(one, now)}{_by_whom(one, group, switched, now)}"
        elif one.trunk is not None and one is next(other for other in plain if other.trunk == one.trunk):
            sbcs = [other for other in plain if other.trunk == one.trunk]
            ages = [other.read_at for other in sbcs if other.read_at is not None]
            age = f", read {in_words(now - min(ages))} ago" if ages else ""
            yield f"{group.name} on {', '.join(other.sbc for other in sbcs)} goes to {one.trunk} (first){age}"


def active_row(group: GroupStatus, now: float) -> dict[str, object] | None:
    """Build the trunk that gets a group's calls on each SBC; null: not one, or not known; null whole: nowhere told."""
    if not group.active:
        return None
    return {one.sbc: outdated(one, now).trunk for one in group.active}


def route_rows(group: GroupStatus, now: float, stamp: Callable[[float], str]) -> list[dict[str, object]]:
    """Build what is known of each route of a group; `stamp` writes a monotonic second as a time of day."""
    return [_row(outdated(one, now), now, stamp) for one in group.active]


def _row(one: ActiveRoute, now: float, stamp: Callable[[float], str]) -> dict[str, object]:
    known = one.state is not RouteState.UNKNOWN and one.reading is not None
    shares = one.reading.shares if one.reading is not None else ()
    return {
        "sbc": one.sbc,
        "mechanism": one.route.mechanism.value,
        "place": one.route.place,
        "state": one.state.value,
        "trunk": one.trunk,
        "values": [
            {"value": share.value, "weight": share.weight, "held": share.held, "alive": share.alive}
            for share in shares
        ]
        if known
        else None,
        "since": None if one.since is None else stamp(one.since),
        "age_s": None if one.read_at is None else max(int(now - one.read_at), 0),
        "sentence": one.sentence,
    }


def _with_age(one: ActiveRoute, now: float) -> str:
    return one.sentence if one.read_at is None else f"{one.sentence}, read {in_words(now - one.read_at)} ago"


def _by_whom(one: ActiveRoute, group: GroupStatus, switched: Iterable[Switched], now: float) -> str:
    """Say who switched a group to where it goes now, as far as this host knows; else only for how long it is so."""
    if one.state is RouteState.UNKNOWN or (one.state is RouteState.FIRST and not one.held):
        return ""
    ours = next((by for by in switched if (by.group, by.sbc) == (group.name, one.sbc)), None)
    if ours is not None and ours.to in one.trunks:
        return f"; switched by {ours.who} {in_words(max(now - ours.at, 0.0))} ago"
    return f"; so for {in_words(now - one.since)}" if one.since is not None else ""
