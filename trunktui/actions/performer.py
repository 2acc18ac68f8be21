"""The one way in which anything is sent: rule, read, rule, intend, rule once more, send, prove, close."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import structs

from trunktui.actions.paper import Paper
from trunktui.actions.ports import Tell
from trunktui.actions.ruling import allowed
from trunktui.actions.runner import End, Runner, Tools, label_of
from trunktui.actions.world import World
from trunktui.model.action import Consent, Ending, Outcome, Prepared, Ruling
from trunktui.model.audit import Entry, RecordKind
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import clean

REASON_LIMIT = 300
"""Characters kept of an operator's reason."""


class Rules(Protocol):
    """The guards of one action, asked again and again; with `ours`, our own intent, only what was before it is past."""

    async def __call__(self, consent: Consent, ours: Entry | None = None) -> tuple[Ruling, ...]:
        """Return what every guard says now. Never raises."""


class Performer:
    """Performs what was prepared, one decision at a time."""

    def __init__(self, world: Callable[[], World], paper: Paper) -> None:
        self._world = world
        self._paper = paper
        self._deciding = asyncio.Lock()
        self.interrupted: Outcome | None = None
        """How the last action ended that was cancelled."""

    def forget_interruption(self) -> None:
        """Have `interrupted` tell of what comes from now on alone."""
        self.interrupted = None

    async def perform(
        self,
        prepared: Prepared,
        seen: LegStatus,
        consent: Consent,
        tell: Tell,
        rules: Rules,
        culprit: Callable[[], Awaitable[str]] | None = None,
    ) -> Outcome:
        """Carry out a plan, once, if the guards still agree; return how it ended. Never raises.

        `seen` is the leg that the operator saw, `culprit` tells who may have changed what stood there. A cancellation
        ends it as unverified, in the audit, where the command may have gone out already.
        """
        began = self._world().clock()
        consent = structs.replace(consent, reason=clean(consent.reason, REASON_LIMIT))
        runner: Runner | None = None
        intended = False
        try:
            runner = self._runner(prepared, tell, culprit)
            async with self._deciding:
                check(await rules(consent))
                look = await runner.read(seen)
                rulings = await rules(consent)
                check(rulings)
                entry = await self._paper.intend(prepared, consent, rulings)
                intended = True
                if entry.notice is not None:
                    tell(clean(entry.notice))

                async def recheck() -> None:
                    check(await rules(consent, entry))

                await recheck()
            end = await runner.prove(await runner.send(look, seen, recheck))
        except End as ended:
            end = ended
        except asyncio.CancelledError:
            sent = runner is not None and runner.sent
            self.interrupted = self._interrupted(prepared, began, intended=intended, sent=sent)
            raise
        kind = RecordKind.OUTCOME if intended else RecordKind.REFUSED
        return await self._paper.close(prepared, consent, end, kind, began)

    async def refuse(self, prepared: Prepared, consent: Consent) -> Outcome:
        """Record and return the refusal of what was prepared, by the rulings it holds. Never raises."""
        consent = structs.replace(consent, reason=clean(consent.reason, REASON_LIMIT))
        began = self._world().clock()
        end = refusal(prepared.rulings)
        return await self._paper.close(prepared, consent, end, RecordKind.REFUSED, began)

    def _runner(self, prepared: Prepared, tell: Tell, culprit: Callable[[], Awaitable[str]] | None) -> Runner:
        world = self._world()
        plan = prepared.plan
        sbc = world.sbc(plan.sbc) if plan is not None else None
        if plan is None or sbc is None:
            raise End(Ending.REFUSED, "nothing was sent: its SBC is not in the config", sent=False)
        tools = Tools(
            platform=world.platform(sbc),
            asker=world.asker(sbc.name),
            clock=world.clock,
            sleep=world.sleep,
            label=label_of(world.who.name, world.who.host, prepared.action),
            culprit=culprit,
        )
        return Runner(plan, tools, tell)

    def _interrupted(self, prepared: Prepared, began: float, *, intended: bool, sent: bool) -> Outcome:
        words = (
            "interrupted; it may have been done, and is not sent again"
            if sent
            else "interrupted before sending"
        )
        end = End(Ending.UNVERIFIED if sent else Ending.REFUSED, words, sent=sent)
        if intended:
            self._paper.close_at_once(prepared, end)
        return Outcome(end.ending, end.sentence, sent, began, self._world().clock())


def check(rulings: tuple[Ruling, ...]) -> None:
    """End the action where a guard refuses. Raises End."""
    if not allowed(rulings):
        raise refusal(rulings)


def refusal(rulings: tuple[Ruling, ...]) -> End:
    """Return the end of an action that guards refuse: which guard, the figures, and what would satisfy it."""
    refusals = [ruling.words for ruling in rulings if not ruling.allowed]
    return End(Ending.REFUSED, "; ".join(refusals) or "refused", sent=False)
