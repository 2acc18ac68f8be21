"""Runs one action of the command line from polling to proof; the desk decides, this only brings it its world."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from trunktui.cli import polled
from trunktui.model.action import Consent, Outcome, Prepared, Verb
from trunktui.model.health import RegSignal
from trunktui.model.text import Safe
from trunktui.present.action import Shown

if TYPE_CHECKING:
    from trunktui.actions.desk import Desk
    from trunktui.actions.past import Act
    from trunktui.config.load import Config
    from trunktui.model.inventory import Inventory
    from trunktui.model.snapshot import Snapshot
    from trunktui.poll.fleet import Fleet

_SECOND_LOOK_S = 1.5
Tell = Callable[[Safe], None]


def prepare(
    config: Config, verb: Verb, leg_id: str, batch: tuple[str, ...], consent: Consent
) -> tuple[Prepared, Shown]:
    """Poll, and return the action as it would run, with what the guards say to `consent`."""

    async def work() -> tuple[Prepared, Shown]:
        async with _desk(config, leg_id) as (desk, fleet):
            prepared = await desk.prepare(verb, leg_id, batch, consent)
            return prepared, _shown(prepared, fleet.snapshot(polled.now()))

    return asyncio.run(work())


def perform(config: Config, prepared: Prepared, consent: Consent, tell: Tell) -> Outcome:
    """Poll again, carry out what was prepared, and return how it ended; an interruption is an end too."""

    async def work() -> Outcome:
        async with _desk(config, prepared.leg_id) as (desk, _):
            try:
                return await desk.perform(prepared, consent, tell)
            except asyncio.CancelledError:
                if desk.interrupted is None:
                    raise
                return desk.interrupted

    return asyncio.run(work())


def refuse(config: Config, prepared: Prepared, consent: Consent) -> Outcome:
    """Record a refusal, asking no SBC; return it."""

    async def work() -> Outcome:
        return await polled.idle_desk(config).refuse(prepared, consent)

    return asyncio.run(work())


def open_actions(config: Config) -> tuple[Act, ...]:
    """Return the actions of which nobody knows how they ended. Raises AuditError."""

    async def work() -> tuple[Act, ...]:
        return await polled.idle_desk(config).open()

    return asyncio.run(work())


def verify(config: Config, act: Act) -> Outcome:
    """Look what became of an open action; what is known then is recorded."""

    async def work() -> Outcome:
        async with _desk(config, act.leg) as (desk, _):
            return await desk.verify(act)

    return asyncio.run(work())


@asynccontextmanager
async def _desk(config: Config, leg_id: str) -> AsyncIterator[tuple[Desk, Fleet]]:
    """Give a desk over freshly polled SBCs: the leg's own, and those of its groups, for its guards."""
    from trunktui import wiring

    fleet = wiring.new_fleet(config)
    async with polled.looking(config, fleet, _needed(config.inventory, leg_id)) as looks:
        if _doubtful(fleet.snapshot(polled.now()), leg_id):
            await asyncio.sleep(_SECOND_LOOK_S)
            await looks.again((leg_id.rpartition("@")[2],))
        yield looks.desk(), fleet


def _needed(inventory: Inventory, leg_id: str) -> frozenset[str]:
    """Return the SBCs whose state the guards need: the leg's own and all that its groups' trunks are on."""
    trunk, _, sbc = leg_id.rpartition("@")
    trunks = {name for group in inventory.groups if trunk in group.trunks for name in group.trunks}
    bindings = [binding for each in inventory.trunks if each.name in trunks for binding in each.bindings]
    return frozenset({sbc} | {binding.sbc for binding in bindings})


def _doubtful(snapshot: Snapshot, leg_id: str) -> bool:
    """Whether one look cannot tell an attempt in flight from one that was given up."""
    leg = next((leg for leg in snapshot.legs if leg.id == leg_id), None)
    if leg is None or leg.registration.state is not RegSignal.RETRYING:
        return False
    due = leg.registration.next_at
    return due is not None and leg.observed_at is not None and due <= leg.observed_at


def _shown(prepared: Prepared, snapshot: Snapshot) -> Shown:
    sbc = prepared.leg.sbc if prepared.leg is not None else ""
    return Shown(
        action=prepared.action,
        verb=prepared.verb,
        leg_id=prepared.leg_id,
        plan=prepared.plan,
        commands=prepared.commands,
        rulings=prepared.rulings,
        legs=snapshot.legs,
        sbc=next((status for status in snapshot.sbcs if status.name == sbc), None),
        over=prepared.over.place if prepared.over is not None else "",
    )
