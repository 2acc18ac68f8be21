"""Asks the engine for actions, and keeps how they ended until the operator has seen it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine

from trunktui.model.acting import Ended, Running
from trunktui.model.action import Consent, Ending, Outcome, Prepared, Sweep, Swept, Verb
from trunktui.model.switch import Wish
from trunktui.model.text import Safe
from trunktui.present.acting import what
from trunktui.tui.ports import (
    Decline,
    Perform,
    PerformSwitch,
    Prepare,
    PrepareSwitch,
    Reply,
    Request,
    Requests,
)
from trunktui.tui.watch import FleetWatch

NOBODY = Reply(done=False, text=Safe("there is no engine here to ask"))


class Doer:
    """What the screens need of actions. `begin` runs a coroutine to its end, whatever screen is on top.

    `told` is called when an action ended, with one sentence.
    """

    def __init__(
        self,
        watch: FleetWatch,
        requests: Requests | None,
        clock: Callable[[], float],
        begin: Callable[[Coroutine[None, None, None]], object],
        told: Callable[[str], None],
    ) -> None:
        self._watch = watch
        self._requests = requests
        self._clock = clock
        self._begin = begin
        self._told = told
        self._asked: dict[str, Prepared | Sweep] = {}
        self._ended: list[Ended] = []
        self._swept: dict[str, tuple[Sweep, Swept]] = {}

    async def ask(self, request: Request) -> Reply:
        """Have the engine carry a request out."""
        return NOBODY if self._requests is None else await self._requests.ask(request)

    async def prepare(self, verb: Verb, leg_id: str, consent: Consent) -> Reply:
        """Ask what an action would run, and what the guards say to `consent`."""
        return await self.ask(Prepare(verb, leg_id, consent))

    async def prepare_switch(self, wish: Wish, consent: Consent) -> Reply:
        """Ask what a switch would run on each SBC, and what the guards say to `consent`."""
        return await self.ask(PrepareSwitch(wish, consent))

    async def decline(self, prepared: Prepared | Sweep, consent: Consent) -> None:
        """Have it recorded that the guards refused."""
        await self.ask(Decline(prepared.action, consent))

    def perform(self, prepared: Prepared | Sweep, consent: Consent) -> None:
        """Have an action carried out; it goes on whatever is looked at meanwhile."""
        self.dismiss(_about(prepared))
        self._asked[prepared.action] = prepared
        self._begin(self._perform(prepared, consent))

    def probe(self, leg_id: str) -> None:
        """Have OPTIONS sent now; the answer is told."""
        self._begin(self._probe(leg_id))

    @property
    def under_way(self) -> str:
        """Say what is under way and changes something; empty where nothing is."""
        return ", ".join(what(_verb(one), _about(one)) for one in self._asked.values())

    def acting_on(self, about: str) -> bool:
        """Tell whether an action on a leg, or a switch of a group, is under way."""
        return any(_about(one) == about for one in self._asked.values())

    def running(self, about: str) -> Running | None:
        """Return how far the action on a leg or a group is, as far as its engine told."""
        running = self._watch.doings.running
        return next((one for one in running if one.leg == about and one.action in self._asked), None)

    def switching(self, group: str) -> Sweep | None:
        """Return the switch of a group that is under way."""
        found = (one for one in self._asked.values() if isinstance(one, Sweep) and one.wish.group == group)
        return next(found, None)

    def swept(self, group: str) -> tuple[Sweep, Swept] | None:
        """Return the last switch of a group and how it ended, until that is dismissed."""
        return self._swept.get(group)

    @property
    def ended(self) -> tuple[Ended, ...]:
        """The ends that nobody dismissed yet, oldest first."""
        return tuple(self._ended)

    def end_of(self, about: str) -> Ended | None:
        """Return how the last action on a leg or a group ended, until it is dismissed."""
        return next((one for one in reversed(self._ended) if one.leg == about), None)

    def dismiss(self, about: str | None = None) -> bool:
        """Forget how actions ended, on one leg or group or on all; tell whether there was one."""
        before = len(self._ended)
        self._ended = [one for one in self._ended if about is not None and one.leg != about]
        self._swept = {group: one for group, one in self._swept.items() if about not in {None, group}}
        return len(self._ended) < before

    async def _perform(self, prepared: Prepared | Sweep, consent: Consent) -> None:
        began = self._clock()
        request: Request
        if isinstance(prepared, Sweep):
            request = PerformSwitch(prepared.action, consent)
        else:
            request = Perform(prepared.action, consent)
        reply = await self.ask(request)
        del self._asked[prepared.action]
        if isinstance(prepared, Sweep) and reply.swept is not None:
            self._swept[prepared.wish.group] = prepared, reply.swept
        ended = reply.ended[0] if reply.ended else self._unheard(prepared, reply, began)
        self._ended.append(ended)
        outcome = ended.outcome
        self._told(f"{what(ended.verb, ended.leg)} {outcome.ending.value.upper()}: {outcome.sentence}")

    async def _probe(self, leg_id: str) -> None:
        prepared = await self.prepare(Verb.PROBE, leg_id, Consent())
        reply = prepared
        if prepared.prepared is not None:
            reply = await self.ask(Perform(prepared.prepared.action, Consent()))
        if not reply.ended:
            self._told(f"{leg_id}: {reply.text}")
            return
        outcome = reply.ended[0].outcome
        word = "" if outcome.ending is Ending.VERIFIED else f"{outcome.ending.value}: "
        self._told(f"OPTIONS {leg_id}: {word}{outcome.sentence}")

    def _unheard(self, prepared: Prepared | Sweep, reply: Reply, began: float) -> Ended:
        """Return the end of an action that no engine told us the end of."""
        ending = Ending.UNVERIFIED if reply.lost else Ending.REFUSED
        outcome = Outcome(ending, reply.text, reply.lost, began, self._clock())
        return Ended(_verb(prepared), _about(prepared), outcome)


def _about(one: Prepared | Sweep) -> str:
    """Return what an action is about: a leg, or the group that is switched."""
    return one.wish.group if isinstance(one, Sweep) else one.leg_id


def _verb(one: Prepared | Sweep) -> Verb:
    return Verb.SWITCH if isinstance(one, Sweep) else one.verb
