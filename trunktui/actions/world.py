"""What a desk works on: the fleet as it is known, the ways to the SBCs, the audit log, and who acts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from trunktui.actions.ports import Audit
from trunktui.model.audit import Who
from trunktui.model.inventory import Inventory, Sbc
from trunktui.model.snapshot import Snapshot
from trunktui.platforms.contract import Platform
from trunktui.transport.aside import aside
from trunktui.transport.port import Asker


async def _as_it_is(_: tuple[str, ...]) -> None:
    """Look at nothing: an engine polls by itself."""


class World(Struct, frozen=True):
    """What a desk works on. `clock` is monotonic, `wall` labels the audit; `asker` and `platform` are by SBC.

    `alive` tells whether the process that wrote an entry still runs. `always_unlocked`: the command line, where the
    command itself is the wish to write. `look_again` polls SBCs anew, by name, between two parts of a switch: where
    nobody polls meanwhile, the facts would get too old for the second.
    """

    inventory: Inventory
    interval_s: float
    snapshot: Callable[[], Snapshot]
    platform: Callable[[Sbc], Platform]
    asker: Callable[[str], Asker]
    audit: Audit
    who: Who
    clock: Callable[[], float]
    wall: Callable[[], datetime]
    new_id: Callable[[], str]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    aside: Callable[[Callable[[], Any]], Awaitable[Any]] = aside
    alive: Callable[[Who], bool] = lambda _: True
    always_unlocked: bool = False
    look_again: Callable[[tuple[str, ...]], Awaitable[None]] = _as_it_is

    def sbc(self, name: str) -> Sbc | None:
        """Return the SBC that the config calls `name`, or None."""
        return next((sbc for sbc in self.inventory.sbcs if sbc.name == name), None)
