"""Runs one switch of the command line from polling to proof; the desk decides, this only brings it its world."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from trunktui.cli import polled
from trunktui.model.action import Consent, Sweep, Swept
from trunktui.model.health import LegState, ProbeSignal
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.model.switch import Move, SwitchKind, Undoable, Waits, Wish
from trunktui.model.text import Safe, clean
from trunktui.model.vouching import LEAST_PROBES, held_out, run_of, silenced, voucher

if TYPE_CHECKING:
    from trunktui.config.load import Config
    from trunktui.model.inventory import Inventory
    from trunktui.poll.fleet import Fleet

Tell = Callable[[Safe], None]
T = TypeVar("T")

WAIT_S = 75.0
"""How long is waited for a target's OPTIONS: an SBC asks twice in that time as they are set up."""

_LOOK_EVERY_S = 5.0
"""At most: a fleet that is polled oftener believes its answers for a shorter time, and so does a run of them."""


class SwitchRun:
    """One command: what is polled before the question is known after it, so that answered OPTIONS go on counting."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._known: Fleet | None = None

    def prepare(
        self, wish: Wish, consent: Consent, tell: Tell, *, patient: bool = True
    ) -> tuple[Sweep, Snapshot]:
        """Poll, and return the switch as it would run, with what the guards say to `consent`, and what it rests on.

        `patient`: wait until the target has answered as many OPTIONS as the guards want, told by `tell`.
        """

        async def work(looks: polled.Looks) -> tuple[Sweep, Snapshot]:
            desk = looks.desk()
            sweep = await desk.prepare_switch(wish, consent)
            if patient and await self._watched(looks, sweep, tell):
                sweep = await desk.prepare_switch(wish, consent)
            return sweep, self._fleet.snapshot(polled.now())

        return self._run(wish.group, work)

    def perform(self, sweep: Sweep, consent: Consent, tell: Tell) -> Swept:
        """Poll again, carry out what was prepared, and return how it ended; an interruption is an end too."""

        async def work(looks: polled.Looks) -> Swept:
            desk = looks.desk()
            await self._watched(looks, sweep, tell)
            try:
                return await desk.perform_switch(sweep, consent, tell)
            except asyncio.CancelledError:
                if desk.interrupted_switch is None:
                    raise
                return desk.interrupted_switch

        return self._run(sweep.wish.group, work)

    def refuse(self, sweep: Sweep, consent: Consent) -> Swept:
        """Record a refusal, asking no SBC; return it."""

        async def work() -> Swept:
            return await polled.idle_desk(self._config).refuse_switch(sweep, consent)

        return asyncio.run(work())

    def undoable(self) -> tuple[Undoable, ...]:
        """Return what can be taken back, asking no SBC. Raises AuditError."""

        async def work() -> tuple[Undoable, ...]:
            return await polled.idle_desk(self._config).undoable()

        return asyncio.run(work())

    @property
    def _fleet(self) -> Fleet:
        from trunktui import wiring

        if self._known is None:
            self._known = wiring.new_fleet(self._config)
        return self._known

    def _run(self, group: str, work: Callable[[polled.Looks], Coroutine[Any, Any, T]]) -> T:
        async def whole() -> T:
            needed = needed_for(self._config.inventory, group)
            async with polled.looking(self._config, self._fleet, needed) as looks:
                return await work(looks)

        return asyncio.run(whole())

    async def _watched(self, looks: polled.Looks, sweep: Sweep, tell: Tell) -> bool:
        """Poll the targets until they have answered enough OPTIONS, or are no use; tell whether there was any wait."""
        waits = self._config.inventory.waits
        most_s = WAIT_S + (waits.clean_s if sweep.wish.kind is SwitchKind.FAILBACK else 0.0)
        began, waited = polled.now(), False
        while polled.now() - began < most_s:
            words = waiting_for(sweep, self._fleet.snapshot(polled.now()), polled.now(), waits)
            if words is None:
                break
            tell(words)
            waited = True
            await asyncio.sleep(min(_LOOK_EVERY_S, self._config.poll.interval_s))
            await looks.again(self._near(sweep))
        return waited

    def _near(self, sweep: Sweep) -> tuple[str, ...]:
        """Return the SBCs to look at again: those of the switch, and those with a leg that may speak for a target."""
        moves = [move for part in sweep.parts if part.plan is not None and (move := part.plan.move)]
        held = {move.target for move in moves if held_out(move, move.target)}
        trunks = [trunk for trunk in self._config.inventory.trunks if trunk.name in held]
        others = (binding.sbc for trunk in trunks for binding in trunk.bindings)
        return tuple(dict.fromkeys((*(part.sbc for part in sweep.parts), *others)))


def waiting_for(sweep: Sweep, snapshot: Snapshot, now: float, waits: Waits) -> Safe | None:
    """Say what OPTIONS are still to be answered before the guards can agree; None: none, or waiting is no use."""
    back = sweep.wish.kind is SwitchKind.FAILBACK
    probes, run_s = (waits.clean_probes, waits.clean_s) if back else (LEAST_PROBES, 0.0)
    moves = [part.plan.move for part in sweep.parts if part.plan is not None and part.plan.move is not None]
    targets = [_witness(move, snapshot, now) for move in moves if move.target]
    if any(leg is None or leg.state is not LegState.UP for leg in targets):
        return None
    for leg in targets:
        if leg is not None and _is_probed(leg):
            done, lasted = run_of(leg, now)
            if done < probes or lasted < run_s:
                over = f" over {lasted:.0f} of {run_s:.0f} s" if back else ""
                return clean(
                    f"watching {leg.id}: {done} of {probes} OPTIONS in a row answered{over}; nothing is sent yet"
                )
    return None


def _witness(move: Move, snapshot: Snapshot, now: float) -> LegStatus | None:
    """Return the leg whose OPTIONS count for a target: its own, or where the route holds that out, one elsewhere."""
    leg = next((one for one in snapshot.legs if one.id == f"{move.target}@{move.sbc}"), None)
    if leg is None or not held_out(move, move.target) or not silenced(leg):
        return leg
    return voucher(leg, snapshot.legs, now, probes=0).leg


def needed_for(inventory: Inventory, group: str) -> frozenset[str]:
    """Return the SBCs whose state the guards need: where the group's trunks are, and those that share their caps."""
    names = {name for one in inventory.groups if one.name == group for name in one.trunks}
    accounts = {trunk.account for trunk in inventory.trunks if trunk.name in names} - {None}
    trunks = [trunk for trunk in inventory.trunks if trunk.name in names or trunk.account in accounts]
    return frozenset(binding.sbc for trunk in trunks for binding in trunk.bindings)


def _is_probed(leg: LegStatus) -> bool:
    return leg.probe.state is not ProbeSignal.UNMONITORED and leg.probe.interval_s != 0
