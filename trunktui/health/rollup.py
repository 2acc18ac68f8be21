"""Rolls legs up: usage over all that share a cap, the last routable leg of a group, and groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from trunktui.model.health import LegState, Severity
from trunktui.model.inventory import Inventory, Trunk
from trunktui.model.snapshot import GroupStatus, LegStatus
from trunktui.model.text import clean

ROUTABLE = frozenset({LegState.UP, LegState.DEGRADED, LegState.SUSPECT, LegState.UNMONITORED})
"""States in which an SBC would send the next call out on this leg."""


class Share(Struct, frozen=True):
    """What a leg counts against: the cap, the channels used over all legs that share it, and whose it is.

    `whole` False: some leg's channels are not known, so `used` is a lower bound. `used` None: none is known.
    """

    cap: int | None = None
    used: int | None = None
    whole: bool = True
    account: str | None = None


def shares(inventory: Inventory, active: Mapping[tuple[str, str], int | None]) -> dict[str, Share]:
    """Return each configured trunk's share. `active`: channels by (trunk, sbc), None where not known.

    The cap is the account's where the trunk has one with a cap, else the trunk's own over all its SBCs.
    """
    accounts = {account.name: account for account in inventory.accounts}
    sharing: dict[str, list[Trunk]] = {}
    for trunk in inventory.trunks:
        if trunk.account is not None:
            sharing.setdefault(trunk.account, []).append(trunk)
    capped = {
        name: _share(members, accounts[name].cap.channels, active, name)
        for name, members in sharing.items()
        if name in accounts and accounts[name].cap.channels is not None
    }
    return {
        trunk.name: capped.get(trunk.account or "") or _share([trunk], trunk.cap.channels, active, None)
        for trunk in inventory.trunks
    }


def _share(
    members: list[Trunk],
    cap: int | None,
    active: Mapping[tuple[str, str], int | None],
    account: str | None,
) -> Share:
    """Return what `members` use together of one cap."""
    counts = [active.get((trunk.name, binding.sbc)) for trunk in members for binding in trunk.bindings]
    known = [count for count in counts if count is not None]
    return Share(cap, sum(known) if known else None, len(known) == len(counts), account)


def escalate(legs: Iterable[LegStatus], inventory: Inventory) -> list[LegStatus]:
    """Return the legs, those that are DOWN raised to critical where their group has no routable leg left."""
    legs = list(legs)
    lost: set[str] = set()
    for group in inventory.groups:
        members = [leg for leg in legs if leg.trunk in group.trunks and not leg.discovered]
        if members and not any(leg.state in ROUTABLE for leg in members):
            lost.update(leg.id for leg in members if leg.state is LegState.DOWN)
    return [structs.replace(leg, severity=Severity.CRITICAL) if leg.id in lost else leg for leg in legs]


def judge_groups(legs: Iterable[LegStatus], inventory: Inventory) -> tuple[GroupStatus, ...]:
    """Return each group's state: the best that its routing order can use now."""
    by_trunk: dict[str, list[LegStatus]] = {}
    for leg in legs:
        if not leg.discovered:
            by_trunk.setdefault(leg.trunk, []).append(leg)
    return tuple(
        _judge_group(group.name, [(name, by_trunk.get(name, [])) for name in group.trunks])
        for group in inventory.groups
    )


def _judge_group(name: str, trunks: list[tuple[str, list[LegStatus]]]) -> GroupStatus:
    in_use = [
        (trunk, [leg for leg in found if leg.state is not LegState.ADMIN_OFF]) for trunk, found in trunks
    ]
    members = [(trunk, found) for trunk, found in in_use if found]
    if not members:
        return _group(name, LegState.ADMIN_OFF, Severity.NONE, "every trunk is switched off in the config")
    legs = [leg for _, found in members for leg in found]
    usable = [trunk for trunk, found in members if any(leg.state in ROUTABLE for leg in found)]
    down = [leg.id for leg in legs if leg.state is LegState.DOWN]
    if not usable:
        return _no_path(name, len(legs), len(down))
    primary, on_primary = members[0]
    if primary not in usable:
        out = any(leg.state is LegState.DOWN for leg in on_primary)
        what = "is out" if out else "is not known to work"
        severity = Severity.MAJOR if out else Severity.WARNING
        return _group(name, LegState.DEGRADED, severity, f"primary {primary} {what}; {usable[0]} is next")
    if down:
        words = f"{len(down)} of {len(legs)} legs down ({', '.join(down[:2])}); {primary} still has a path"
        return _group(name, LegState.DEGRADED, Severity.MINOR, words)
    soft = [leg.id for leg in legs if leg.state is not LegState.UP]
    if soft:
        words = f"{len(soft)} of {len(legs)} legs not up ({', '.join(soft[:2])})"
        return _group(name, LegState.DEGRADED, Severity.WARNING, words)
    return _group(name, LegState.UP, Severity.NONE, f"all {len(legs)} legs up")


def _no_path(name: str, legs: int, down: int) -> GroupStatus:
    if down == legs:
        return _group(name, LegState.DOWN, Severity.CRITICAL, f"no path: all {down} legs are down")
    words = f"no leg is known to work: {down} down, {legs - down} unknown"
    return _group(name, LegState.UNKNOWN, Severity.CRITICAL if down else Severity.INDETERMINATE, words)


def _group(name: str, state: LegState, severity: Severity, words: str) -> GroupStatus:
    return GroupStatus(name, state, severity, clean(words, 160))
