"""Rolls legs up: usage over all that share a cap, and the last routable leg of a group; groups are in `groups`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from trunktui.model.health import ROUTABLE, LegState, Severity
from trunktui.model.inventory import Inventory, Trunk
from trunktui.model.snapshot import LegStatus


class Share(Struct, frozen=True):
    """What a leg counts against: the cap, the channels used over all legs that share it, and whose it is.

    `whole` False: some leg's channels are not known, so `used` is a lower bound. `used` None: none is known.
    `sbcs`: over how many SBCs. `heavy`: the trunk carries a great part of all calls.
    """

    cap: int | None = None
    used: int | None = None
    whole: bool = True
    account: str | None = None
    sbcs: int = 1
    heavy: bool = False


def shares(
    inventory: Inventory,
    active: Mapping[tuple[str, str], int | None],
    heavy: frozenset[str] = frozenset(),
) -> dict[str, Share]:
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
    found: dict[str, Share] = {}
    for trunk in inventory.trunks:
        share = capped.get(trunk.account or "") or _share([trunk], trunk.cap.channels, active, None)
        found[trunk.name] = structs.replace(share, heavy=True) if trunk.name in heavy else share
    return found


def _share(
    members: list[Trunk],
    cap: int | None,
    active: Mapping[tuple[str, str], int | None],
    account: str | None,
) -> Share:
    """Return what `members` use together of one cap."""
    counts = [active.get((trunk.name, binding.sbc)) for trunk in members for binding in trunk.bindings]
    known = [count for count in counts if count is not None]
    sbcs = len({binding.sbc for trunk in members for binding in trunk.bindings})
    return Share(cap, sum(known) if known else None, len(known) == len(counts), account, sbcs)


def escalate(legs: Iterable[LegStatus], inventory: Inventory) -> list[LegStatus]:
    """Return the legs, those that are DOWN raised to critical where their group has no routable leg left."""
    legs = list(legs)
    if all(leg.state is not LegState.DOWN for leg in legs):
        return legs
    by_trunk = configured(legs)
    lost: set[str] = set()
    for group in inventory.groups:
        members = [leg for trunk in group.trunks for leg in by_trunk.get(trunk, ())]
        if members and not any(leg.state in ROUTABLE for leg in members):
            lost.update(leg.id for leg in members if leg.state is LegState.DOWN)
    return [structs.replace(leg, severity=Severity.CRITICAL) if leg.id in lost else leg for leg in legs]


def configured(legs: Iterable[LegStatus]) -> dict[str, list[LegStatus]]:
    """Return the legs that the config names by their trunk."""
    found: dict[str, list[LegStatus]] = {}
    for leg in legs:
        if not leg.discovered:
            found.setdefault(leg.trunk, []).append(leg)
    return found
