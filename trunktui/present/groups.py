"""Tells of trunk groups on the screen: on the line of news, and on the page of a leg that belongs to one."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from trunktui.model.health import SEVERITY_RANK, LegState, Severity, spoken
from trunktui.model.snapshot import GroupStatus, LegStatus, Snapshot
from trunktui.model.text import clean
from trunktui.present.cells import STATE_ROLES, Cell, Role
from trunktui.present.freshness import shown, stale
from trunktui.present.marks import brief_mark, group_covered
from trunktui.present.routes import is_remarked, told_reason

_REMARKS_FROM = SEVERITY_RANK[Severity.WARNING]
_TOLD_FROM = SEVERITY_RANK[Severity.MAJOR]


def shown_group(group: GroupStatus, legs: Iterable[LegStatus], now: float) -> GroupStatus:
    """Return `group` as it may be shown at `now`: once every leg it was judged by is past its time, it is unknown."""
    own = [leg for leg in legs if group.name in leg.groups]
    if not own or not all(stale(leg, now) for leg in own):
        return group
    words = clean(f"no news of its legs; was {spoken(group.state)}")
    return replace(group, state=LegState.UNKNOWN, severity=Severity.INDETERMINATE, reason=words)


def group_facts(snapshot: Snapshot, leg: LegStatus, now: float) -> tuple[Cell, ...]:
    """Return a sentence for each group of `leg` that has not all its paths: what is left, and what fits there."""
    found = []
    for group in snapshot.groups:
        if group.name in leg.groups:
            one = shown_group(group, snapshot.legs, now)
            if one.severity is not Severity.NONE:
                mark = f" ({words})" if (words := brief_mark(one)) else ""
                text = f"{one.name} {spoken(one.state)}: {told_reason(one)}{mark}"
                # up, and still something to do: that its calls go elsewhere must not look like all is well
                found.append(Cell(text, Role.WARN if one.state is LegState.UP else STATE_ROLES[one.state]))
    return tuple(found)


def group_remarks(snapshot: Snapshot, now: float) -> tuple[Cell, ...]:
    """Return what the line of news says last: groups whose calls go elsewhere than they are meant to, without an alarm."""
    found = [
        group
        for group in snapshot.groups
        if group.active
        and _REMARKS_FROM <= SEVERITY_RANK[group.severity] < _TOLD_FROM
        and is_remarked(group, now)
        and not group_covered(group, [leg for leg in snapshot.legs if group.name in leg.groups])
    ]
    return tuple(Cell(f"group {group.name}: {told_reason(group)}", Role.WARN) for group in found)


def group_news(snapshot: Snapshot, now: float) -> dict[Severity, Cell]:
    """Return what the line of news says of groups that alarm, by how loud: the first of them and how many more."""
    loud = [group for group in snapshot.groups if SEVERITY_RANK[group.severity] >= _TOLD_FROM]
    if not loud:
        return {}
    members: dict[str, list[LegStatus]] = {}
    for leg in snapshot.legs:
        for name in leg.groups:
            members.setdefault(name, []).append(leg)
    found: dict[Severity, list[GroupStatus]] = {}
    for group in loud:
        legs = members.get(group.name, [])
        one = shown_group(group, legs, now)
        if one is group and not group_covered(group, [shown(leg, now) for leg in legs]):
            found.setdefault(group.severity, []).append(group)
    return {severity: _news(groups) for severity, groups in found.items()}


def _news(found: list[GroupStatus]) -> Cell:
    first = found[0]
    more = f"  (+{len(found) - 1} more)" if len(found) > 1 else ""
    return Cell(f"group {first.name}: {told_reason(first)}{more}", Role.BAD)
