"""Carries a wish out, one SBC after the other: the next begins when the one before is done, and the first that is not ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec import structs

from trunktui.actions.performer import Performer
from trunktui.actions.ports import Tell
from trunktui.actions.ruling import allowed, no
from trunktui.actions.switch_guards import WHOLE
from trunktui.actions.switching import AS_IT_CHOSE, Switching
from trunktui.actions.world import World
from trunktui.model.action import Consent, Ending, Outcome, Prepared, Ruling, Sweep, Swept, Verb, wanted
from trunktui.model.audit import Entry
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Move, SwitchKind
from trunktui.model.text import Safe, clean

DONE = frozenset({Ending.VERIFIED, Ending.ROUTED})
"""How the part of one SBC may end so that the next one's begins."""

_TEXT = 1000


class Sweeper:
    """Performs sweeps for one desk."""

    def __init__(self, world: Callable[[], World], switching: Switching, performer: Performer) -> None:
        self._world = world
        self._switching = switching
        self._performer = performer
        self.interrupted: Swept | None = None
        """How the last sweep ended that was cancelled."""

    async def perform(self, sweep: Sweep, consent: Consent, tell: Tell) -> Swept:
        """Perform every part in turn, if nothing is against any of them; return the whole picture. Never raises.

        A cancellation ends the part under way as any action's, leaves the rest untouched, and is raised on.
        """
        moves = tuple(
            part.plan.move for part in sweep.parts if part.plan is not None and part.plan.move is not None
        )
        if not sweep.parts or len(moves) != len(sweep.parts):
            return await self.refuse(sweep, consent)
        judged = await self._judged(sweep, moves, consent)
        if not allowed((*judged.rulings, *(ruling for part in judged.parts for ruling in part.rulings))):
            return await self.refuse(judged, consent)
        done: list[tuple[str, Outcome]] = []
        self._performer.forget_interruption()
        try:
            for number, part in enumerate(sweep.parts):
                if number:
                    await self._world().look_again(self._near(sweep))
                outcome = await self._one(part, moves[number:], consent, tell)
                done.append((part.sbc, outcome))
                if outcome.ending not in DONE:
                    break
        except asyncio.CancelledError:
            if self._performer.interrupted is not None and len(done) < len(sweep.parts):
                done.append((sweep.parts[len(done)].sbc, self._performer.interrupted))
            self.interrupted = swept_of(sweep, tuple(done))
            raise
        return swept_of(sweep, tuple(done))

    async def refuse(self, sweep: Sweep, consent: Consent) -> Swept:
        """Record and return the refusal of a sweep by the rulings it holds. Never raises.

        What is against the whole has one record, under the group's name; else each SBC that is refused has its own.
        """
        against = tuple(ruling for ruling in sweep.rulings if not ruling.allowed)
        refused = [part for part in sweep.parts if any(not ruling.allowed for ruling in part.rulings)]
        hopeless = any(part.wants is None for part in refused) and wanted(against) is not None
        outcomes: list[tuple[str, Outcome]] = []
        if not refused or (against and not hopeless):  # what can be stated is no answer to what cannot
            whole = _whole(sweep, against or (_nothing_to_do(sweep),))
            sentence = (await self._performer.refuse(whole, consent)).sentence
        else:
            outcomes += [(part.sbc, await self._performer.refuse(part, consent)) for part in refused]
            sentence = clean("; ".join(f"{sbc}: {one.sentence}" for sbc, one in outcomes), _TEXT)
        names = {sbc for sbc, _ in outcomes}
        untouched = tuple(part.sbc for part in sweep.parts if part.sbc not in names)
        words = clean(f"nothing was sent: {sentence}", _TEXT)
        return Swept(sweep.action, sweep.wish, Ending.REFUSED, words, tuple(outcomes), untouched)

    async def _judged(self, sweep: Sweep, moves: tuple[Move, ...], consent: Consent) -> Sweep:
        """Ask the guards of all parts before anything of the first is sent: half a switch helps nobody."""
        ruled = [
            (part, await self._switching.rulings(part, moves[number:], consent))
            for number, part in enumerate(sweep.parts)
        ]
        whole = tuple(ruling for ruling in ruled[0][1] if ruling.guard in WHOLE)
        parts = [
            structs.replace(part, rulings=tuple(ruling for ruling in rulings if ruling.guard not in WHOLE))
            for part, rulings in ruled
        ]
        return structs.replace(sweep, parts=tuple(parts), rulings=whole)

    async def _one(self, part: Prepared, moving: tuple[Move, ...], consent: Consent, tell: Tell) -> Outcome:
        async def rules(consent: Consent, ours: Entry | None = None) -> tuple[Ruling, ...]:
            return await self._switching.rulings(part, moving, consent, ours)

        async def culprit() -> str:
            return await self._switching.culprit(part)

        def told(words: Safe) -> None:
            tell(clean(f"{part.sbc}: {words}"))

        seen = self._seen(part)
        if seen is None:
            return await self._performer.refuse(part, consent)
        return await self._performer.perform(part, seen, consent, told, rules, culprit)

    def _near(self, sweep: Sweep) -> tuple[str, ...]:
        """Return the SBCs whose state the guards of the next part look at: all that have a leg of the group."""
        inventory = self._world().inventory
        trunks = {
            trunk for group in inventory.groups if group.name == sweep.wish.group for trunk in group.trunks
        }
        names = (sbc.name for sbc in inventory.sbcs)
        return tuple(name for name in names if any(b.trunk in trunks for b in inventory.bindings_on(name)))

    def _seen(self, part: Prepared) -> LegStatus | None:
        """Return the leg that the operator saw; for an undo to no trunk of the group, any of its legs there."""
        if part.leg is not None or part.plan is None or part.plan.move is None:
            return part.leg
        trunks = part.plan.move.values
        legs = self._world().snapshot().legs
        return next((leg for leg in legs if leg.sbc == part.sbc and leg.trunk in trunks), None)


def swept_of(sweep: Sweep, done: tuple[tuple[str, Outcome], ...]) -> Swept:
    """Return the clear picture of a sweep: what is switched, what is not, what was not touched, what takes it back."""
    good = [sbc for sbc, outcome in done if outcome.ending in DONE]
    silent = [sbc for sbc, outcome in done if outcome.ending is Ending.ROUTED]
    bad = [(sbc, outcome) for sbc, outcome in done if outcome.ending not in DONE]
    begun = {sbc for sbc, _ in done}
    untouched = tuple(part.sbc for part in sweep.parts if part.sbc not in begun)
    there = [sbc for sbc in sweep.wish.sbcs if all(part.sbc != sbc for part in sweep.parts)]
    says = [f"{_deed(sweep)}: {', '.join(good)}"] if good else []
    if silent:
        says.append(f"no call has shown it yet on {', '.join(silent)}")
    says += [f"{sbc} {outcome.ending.value}: {outcome.sentence}" for sbc, outcome in bad]
    if untouched:
        says.append(f"not touched: {', '.join(untouched)}")
    if there:
        says.append(f"already there: {', '.join(there)}")
    undo = [*good, *(sbc for sbc, outcome in bad if outcome.sent and outcome.ending is Ending.UNVERIFIED)]
    if undo and sweep.wish.kind is not SwitchKind.UNDO:
        says.append(f"undo takes back {_listed(undo)}")
    endings = [outcome.ending for _, outcome in bad] or [Ending.ROUTED if silent else Ending.VERIFIED]
    ending = endings[-1] if done else Ending.REFUSED
    return Swept(
        sweep.action, sweep.wish, ending, clean("; ".join(says) or "nothing was done", _TEXT), done, untouched
    )


def _deed(sweep: Sweep) -> str:
    """Return what was done, and to which trunks: a failback may be to another on each SBC."""
    moves = [part.plan.move for part in sweep.parts if part.plan is not None and part.plan.move is not None]
    to = " and ".join(dict.fromkeys(move.target or AS_IT_CHOSE for move in moves))
    deeds = {SwitchKind.SWITCH: "switched", SwitchKind.FAILBACK: "back", SwitchKind.UNDO: "taken back"}
    return f"{deeds[sweep.wish.kind]} to {to}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _nothing_to_do(sweep: Sweep) -> Ruling:
    where = _listed(list(sweep.wish.sbcs)) if sweep.wish.sbcs else "no SBC is named"
    return no("already_there", f"{where}: there is nothing to do")


def _whole(sweep: Sweep, rulings: tuple[Ruling, ...]) -> Prepared:
    """Return a sweep as one action without a plan, for the record of its refusal."""
    group = clean(sweep.wish.group)
    return Prepared(sweep.action, Verb.SWITCH, group, (), None, None, (), rulings, wish=sweep.wish)
