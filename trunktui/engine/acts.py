"""Carries out what the screen asks of the desk, and keeps what is to be told: write mode, progress, the open, undos.

An action does not hang on the screen: once begun it is finished and recorded, whoever has gone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import structs

from trunktui.actions.past import Act
from trunktui.actions.ports import Tell
from trunktui.config.errors import ConfigError
from trunktui.engine.ongoing import Ongoing
from trunktui.model.acting import Doings, Ended, Step, Unfinished
from trunktui.model.action import DONE, Consent, Outcome, Prepared, Sweep, Swept, Verb
from trunktui.model.audit import Who
from trunktui.model.inventory import Inventory
from trunktui.model.request import (
    Decline,
    Introduce,
    Lock,
    Perform,
    PerformSwitch,
    Prepare,
    PrepareSwitch,
    Reply,
    Request,
    Unlock,
    Verify,
)
from trunktui.model.switch import Switched, Undoable, Wish
from trunktui.model.text import Safe, clean
from trunktui.store.errors import AuditError

log = logging.getLogger(__name__)

FINISH_S = 120.0
"""How long an engine without a screen goes on for each SBC: longer than one takes from reading to proof."""

UNDO_EVERY_S = 60.0
"""How often it is asked anew what can be taken back: others switch too."""

_KEPT = 16
_STRANGER = "nothing was done: the engine does not know yet who you are; try again"
_GONE = "nothing was sent: it was prepared by an engine that is gone; begin again"


class DeskPort(Protocol):
    """What is needed of `actions.desk.Desk`."""

    @property
    def unlocked_until(self) -> float | None:
        """Until when write mode lasts (monotonic); None: read-only."""

    def reconfigure(self, inventory: Inventory, interval_s: float) -> None:
        """Go by another config."""

    async def unlock(self) -> float:
        """Unlock write mode. Raises AuditError."""

    async def lock(self) -> None:
        """Go back to read-only. Raises AuditError after that."""

    async def prepare(
        self, verb: Verb, leg_id: str, batch: tuple[str, ...] = (), consent: Consent | None = None
    ) -> Prepared:
        """Return what would run. Sends nothing."""

    async def perform(self, prepared: Prepared, consent: Consent, tell: Tell) -> Outcome:
        """Carry it out, once. Never raises."""

    async def refuse(self, prepared: Prepared, consent: Consent) -> Outcome:
        """Record a refusal. Never raises."""

    async def prepare_switch(self, wish: Wish, consent: Consent | None = None) -> Sweep:
        """Return what a wish would run on each SBC. Sends nothing."""

    async def perform_switch(self, sweep: Sweep, consent: Consent, tell: Tell) -> Swept:
        """Carry it out, one SBC after the other. Never raises."""

    async def refuse_switch(self, sweep: Sweep, consent: Consent) -> Swept:
        """Record a refusal. Never raises."""

    async def undoable(self) -> tuple[Undoable, ...]:
        """Return the switches that can be taken back. Raises AuditError."""

    async def switched(self) -> tuple[Switched, ...]:
        """Return the switches that stand. Raises AuditError."""

    async def open(self) -> tuple[Act, ...]:
        """Return the unfinished. Raises AuditError."""

    async def verify(self, act: Act) -> Outcome:
        """Look what became of one. Raises AuditError."""


class Acts:
    """Serves one screen. `desk_for` makes the desk of whoever introduces himself, and raises ConfigError.

    `changed` is called when `doings` differs; `rested` when the last action under way has ended. `finish_s` as FINISH_S.
    """

    def __init__(
        self,
        inventory: Inventory,
        desk_for: Callable[[Who], DeskPort],
        clock: Callable[[], float],
        changed: Callable[[], None],
        rested: Callable[[], Awaitable[None]],
        finish_s: float = FINISH_S,
    ) -> None:
        self._inventory = inventory
        self._desk_for = desk_for
        self._clock = clock
        self._changed = changed
        self._rested = rested
        self._finish_s = finish_s
        self._desk: DeskPort | None = None
        self._fault = clean(_STRANGER)
        self._prepared: dict[str, Prepared | Sweep] = {}
        self._ongoing = Ongoing(clock, changed)
        self._unfinished: tuple[Unfinished, ...] = ()
        self._undoable: tuple[Undoable, ...] = ()
        self._switched: tuple[Switched, ...] = ()

    @property
    def doings(self) -> Doings:
        """What the screen is to know now."""
        until = None if self._desk is None else self._desk.unlocked_until
        return Doings(
            until,
            self._ongoing.running,
            self._unfinished,
            self._undoable,
            waits=self._inventory.waits,
            switched=self._switched,
        )

    def reconfigure(self, inventory: Inventory, interval_s: float) -> None:
        """Go by another config; what is under way goes on as it was planned."""
        self._inventory = inventory
        if self._desk is not None:
            self._desk.reconfigure(inventory, interval_s)

    async def watch(self) -> None:
        """Look every minute what can be taken back, until cancelled."""
        while True:
            await asyncio.sleep(UNDO_EVERY_S)
            if self._desk is not None:
                await self._refresh_undoable(self._desk)

    async def finish(self) -> None:
        """Wait until no action is under way, at most `finish_s` for each SBC that is still to be done."""
        await asyncio.sleep(0)  # a request that came just now gets to begin
        if not self._ongoing:
            return
        log.info("finishing %s", ", ".join(f"{one.verb.value} {one.leg}" for one in self._ongoing.running))
        most_s = self._finish_s * self._ongoing.sbcs
        try:
            async with asyncio.timeout(most_s):
                await self._ongoing.wait()
        except TimeoutError:
            log.warning("an action did not end within %.0f s", most_s)

    async def serve(self, request: Request) -> Reply:
        """Carry out one request; never raises."""
        if isinstance(request, Introduce):
            return await self._introduced(request.who)
        if self._desk is None:
            return Reply(done=False, text=self._fault)
        try:
            return await self._serve(self._desk, request)
        except AuditError as error:
            return Reply(done=False, text=clean(f"the audit log is not usable: {error}"))

    async def _serve(self, desk: DeskPort, request: Request) -> Reply:
        match request:
            case Unlock():
                return await self._unlock(desk)
            case Lock():
                return await self._lock(desk)
            case Prepare(verb, leg, consent):
                prepared = await desk.prepare(verb, leg, consent=consent)
                self._keep(prepared)
                return Reply(done=True, text=Safe(""), prepared=prepared)
            case PrepareSwitch(wish, consent):
                sweep = await desk.prepare_switch(wish, consent)
                self._keep(sweep)
                return Reply(done=True, text=Safe(""), sweep=sweep)
            case Perform(action, consent):
                return await self._perform(desk, action, consent)
            case PerformSwitch(action, consent):
                return await self._perform_switch(desk, action, consent)
            case Decline(action, consent):
                return await self._decline(desk, action, consent)
            case Verify():
                return await self._verify(desk)
        return Reply(done=False, text=clean("this engine does not know that request"))

    async def _introduced(self, who: Who) -> Reply:
        try:
            self._desk = self._desk_for(who)
        except ConfigError as error:
            self._fault = clean(f"no action can be recorded, so none is sent: {error}")
            return Reply(done=False, text=self._fault)
        await self._refresh(self._desk)
        return Reply(done=True, text=clean(f"actions are recorded as {who.name}"))

    async def _unlock(self, desk: DeskPort) -> Reply:
        if not any(sbc.write for sbc in self._inventory.sbcs):
            return Reply(done=False, text=clean("nothing to unlock: no SBC has `write = true` in the config"))
        try:
            left_s = await desk.unlock() - self._clock()
        except AuditError as error:
            return Reply(done=False, text=clean(f"still read-only: the audit log is not writable: {error}"))
        self._changed()
        if left_s <= 0:
            return Reply(done=False, text=clean("still read-only: :readonly came before it was written"))
        names = [sbc.name for sbc in self._inventory.sbcs if sbc.write]
        most = f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if names[3:] else ''}"
        return Reply(
            done=True, text=clean(f"write mode for {left_s / 60:.0f} minutes on {most}; :readonly ends it")
        )

    async def _lock(self, desk: DeskPort) -> Reply:
        try:
            await desk.lock()
        finally:
            self._changed()
        return Reply(done=True, text=clean("read-only"))

    def _keep(self, prepared: Prepared | Sweep) -> None:
        while len(self._prepared) >= _KEPT:
            del self._prepared[next(iter(self._prepared))]
        self._prepared[prepared.action] = prepared

    async def _perform(self, desk: DeskPort, action: str, consent: Consent) -> Reply:
        prepared = self._prepared.pop(action, None)
        if not isinstance(prepared, Prepared):
            return Reply(done=False, text=clean(_GONE))
        tell = self._ongoing.begin(action, prepared.verb, prepared.leg_id)
        steps: tuple[Step, ...] = ()
        try:
            outcome = await desk.perform(prepared, consent, tell)
        finally:
            steps = self._ongoing.end(action)
        await self._after(desk)
        return _ended(Ended(prepared.verb, prepared.leg_id, outcome, steps))

    async def _perform_switch(self, desk: DeskPort, action: str, consent: Consent) -> Reply:
        sweep = self._prepared.pop(action, None)
        if not isinstance(sweep, Sweep):
            return Reply(done=False, text=clean(_GONE))
        began = self._clock()
        tell = self._ongoing.begin(action, Verb.SWITCH, sweep.wish.group, len(sweep.parts))
        steps: tuple[Step, ...] = ()
        try:
            swept = await desk.perform_switch(sweep, consent, tell)
        finally:
            steps = self._ongoing.end(action)
        await self._after(desk)
        return self._swept(swept, began, steps)

    async def _after(self, desk: DeskPort) -> None:
        if not self._ongoing:
            await self._rested()
        await self._refresh(desk)

    async def _decline(self, desk: DeskPort, action: str, consent: Consent) -> Reply:
        prepared = self._prepared.get(action)
        if prepared is None:
            return Reply(done=False, text=clean(_GONE))
        if isinstance(prepared, Sweep):
            began = self._clock()
            return self._swept(await desk.refuse_switch(prepared, consent), began)
        return _ended(Ended(prepared.verb, prepared.leg_id, await desk.refuse(prepared, consent)))

    def _swept(self, swept: Swept, began: float, steps: tuple[Step, ...] = ()) -> Reply:
        """Return the answer about a sweep: all of it, and as one end beside those of other actions."""
        sent = any(outcome.sent for _, outcome in swept.outcomes)
        whole = Outcome(swept.ending, swept.sentence, sent, began, self._clock())
        return structs.replace(_ended(Ended(Verb.SWITCH, swept.wish.group, whole, steps)), swept=swept)

    async def _verify(self, desk: DeskPort) -> Reply:
        acts = [act for act in await desk.open() if self._ours(act)]
        ended = [Ended(Verb(act.verb), act.leg, await desk.verify(act)) for act in acts]
        await self._refresh(desk)
        if not ended:
            return Reply(done=True, text=clean("nothing is unfinished"))
        return _ended(*ended)

    async def _refresh(self, desk: DeskPort) -> None:
        """Read again what is unfinished; a log that cannot be read leaves it as it was known."""
        try:
            acts = await desk.open()
        except AuditError as error:
            log.warning("the audit log cannot be read: %s", error)
            return
        now = self._clock()
        self._unfinished = tuple(
            Unfinished(act.action, act.verb, act.leg, act.who, now - act.ago_s)
            for act in acts
            if self._ours(act)
        )
        await self._refresh_undoable(desk)
        self._changed()

    async def _refresh_undoable(self, desk: DeskPort) -> None:
        """Read again what can be taken back; a log that cannot be read offers nothing."""
        try:
            found, stand = await desk.undoable(), await desk.switched()
        except AuditError as error:
            log.warning("what can be taken back is not known: %s", error)
            found, stand = (), ()
        if (found, stand) != (self._undoable, self._switched):
            self._undoable, self._switched = found, stand
            self._changed()

    def _ours(self, act: Act) -> bool:
        """Tell whether an open action can be looked at here: not under way, and of a kind this version knows."""
        return act.action not in self._ongoing and act.verb in set(Verb)


def _ended(*ended: Ended) -> Reply:
    said = "; ".join(f"{one.leg}: {one.outcome.ending.value}: {one.outcome.sentence}" for one in ended)
    return Reply(done=all(one.outcome.ending in DONE for one in ended), text=clean(said, 800), ended=ended)
