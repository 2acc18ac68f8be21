"""Findings in the engine: worked out when something that they rest on changed, or the day did, and laid over snapshots.

What takes time is asked beside it: the metadata commands of credentials, in a thread, once in some hours. The records
of what people did come from whoever keeps them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from collections.abc import Callable

from msgspec import structs

from trunktui.health.findings import basis, foreseen
from trunktui.model.finding import Record, Told
from trunktui.model.inventory import Inventory
from trunktui.model.snapshot import Snapshot

AGAIN_S = 4 * 3600.0
AFTER_FAILURE_S = 900.0
"""When a metadata command is run again: after it told a day, and after it told none."""

_LOOK_S = 30.0
"""How often it is looked whether one is to be run: a reload may have brought new ones."""

_APART_S = 2.0
"""Findings are worked out no oftener: while SBCs are met, something new is read many times a second."""

Argv = tuple[str, ...]
Metadata = Callable[[Argv], Told]
"""Runs one metadata command; blocking, never raises. The trunk of what it returns is filled in here."""


class Foresight:
    """Of one engine. `clock` is monotonic, `today` the day in UTC; `changed` is called when findings would differ."""

    def __init__(
        self,
        inventory: Callable[[], Inventory],
        clock: Callable[[], float],
        today: Callable[[], dt.date],
        metadata: Metadata,
        changed: Callable[[], None],
        records: Callable[[], tuple[Record, ...]] = tuple,
    ) -> None:
        self._inventory = inventory
        self._clock = clock
        self._today = today
        self._metadata = metadata
        self._changed = changed
        self._records = records
        self._answers: dict[Argv, tuple[Told, float]] = {}
        self._told: tuple[Told, ...] = ()
        self._judged: Inventory | None = None
        self._basis: object = None
        self._next_at = -math.inf
        self._held = Snapshot(0, 0.0)

    def laid_over(self, snapshot: Snapshot) -> Snapshot:
        """Return a judged snapshot with its findings and the ages of credentials; no leg of it is touched."""
        inventory, records, today = self._inventory(), self._records(), self._today()
        rests_on = (records, today, self._told, basis(snapshot))
        now, same = self._clock(), inventory is self._judged and rests_on == self._basis
        if not same and now >= self._next_at:
            self._judged, self._basis, self._next_at = inventory, rests_on, now + _APART_S
            self._held = foreseen(snapshot, inventory, records, today, self._told)
        return structs.replace(snapshot, findings=self._held.findings, credentials=self._held.credentials)

    async def watch(self) -> None:
        """Run each metadata command that is due, one after another, for ever."""
        while True:
            for argv in self._due():
                told = await asyncio.to_thread(self._metadata, argv)
                self._answers[argv] = (told, self._clock())
                self._tell()
            await asyncio.sleep(_LOOK_S)

    def _due(self) -> list[Argv]:
        now, due = self._clock(), list[Argv]()
        for argv in commands_of(self._inventory()):
            told, at = self._answers.get(argv, (None, 0.0))
            wait_s = AGAIN_S if told is not None and told.day is not None else AFTER_FAILURE_S
            if told is None or now - at >= wait_s:
                due.append(argv)
        return due

    def _tell(self) -> None:
        before, self._told = (
            self._told,
            told_of(self._inventory(), {argv: told for argv, (told, _) in self._answers.items()}),
        )
        if before != self._told:
            self._changed()


def commands_of(inventory: Inventory) -> tuple[Argv, ...]:
    """Return the metadata commands of the config, each once."""
    named = (trunk.credential.metadata for trunk in inventory.trunks if trunk.credential is not None)
    return tuple(dict.fromkeys(argv for argv in named if argv))


def told_of(inventory: Inventory, answers: dict[Argv, Told]) -> tuple[Told, ...]:
    """Return what was told of each trunk: several may name one command."""
    return tuple(
        structs.replace(answers[trunk.credential.metadata], trunk=trunk.name)
        for trunk in inventory.trunks
        if trunk.credential is not None and trunk.credential.metadata in answers
    )
