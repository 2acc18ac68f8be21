"""Makes of a wish what would run on each SBC: which SBCs, in what order, to what, and what the guards say of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct, structs

from trunktui.actions.guards import fresh_limit_s
from trunktui.actions.moves import Spot, move_back, move_to, outweighs, says, spot_of
from trunktui.actions.paper import AUDIT_S, Paper
from trunktui.actions.past import Act, Past, part_of
from trunktui.actions.ruling import no, yes
from trunktui.actions.switch_facts import DOUBTING, UNDO_S, SwitchFacts
from trunktui.actions.switch_guards import WHOLE, rule
from trunktui.actions.world import World
from trunktui.model.action import Consent, Plan, Prepared, Ruling, Sweep, Verb
from trunktui.model.audit import Entry
from trunktui.model.inventory import Group
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.model.switch import BREAK_GLASS, Move, Switched, SwitchKind, Undoable, Wish
from trunktui.model.text import Safe, clean
from trunktui.store.audit import AuditError

PAST_S = 3600.0
STANDING_S = 30 * 86400.0
"""How old a switch may be of which it is still told who did it."""

"""How far back in the audit log is looked: what is too old to be taken back is known as such."""

AS_IT_CHOSE = "as the SBC chose"


class Part(Struct, frozen=True):
    """One SBC's part of a wish, before it is ruled on: `move` None: there is none, and `plan` says why."""

    action: str
    sbc: str
    spot: Spot | None
    move: Move | None
    plan: Plan | Safe
    undone: Act | None = None

    @property
    def leg(self) -> LegStatus | None:
        """The leg that shall get the calls."""
        return None if self.spot is None or self.move is None else self.spot.leg(self.move.target)


def standing(past: Past, now: float) -> tuple[Switched, ...]:
    """Return the switches that stand at monotonic second `now`, of each group and SBC the last."""
    return tuple(
        Switched(act.group, act.sbc, act.move.target, clean(act.who), now - act.ago_s)
        for act in past.can_be_taken_back(STANDING_S)
        if act.move is not None
    )


class Switching:
    """Prepares switches for one desk, and asks their guards. `unlocked` as `Desk.unlocked_until`."""

    def __init__(
        self, world: Callable[[], World], paper: Paper, unlocked: Callable[[], float | None]
    ) -> None:
        self._world = world
        self._paper = paper
        self._unlocked = unlocked

    async def prepare(self, wish: Wish, consent: Consent) -> Sweep:
        """Return what a wish would run, made whole: every SBC named, and for an undo what it takes back. Never raises."""
        world = self._world()
        action = world.new_id()
        try:
            past = await self._paper.past(PAST_S)
        except AuditError as error:
            return Sweep(action, wish, (), (_no_audit(error),))
        group = next((one for one in world.inventory.groups if one.name == wish.group), None)
        if (why := _impossible(world, group, wish)) is not None or group is None:
            return Sweep(action, wish, (), (no("known", why or ""),))
        wish, undone = _whole(world, group, wish, past)
        if not wish.sbcs:
            return Sweep(action, wish, (), (_nowhere(group, wish),))
        snapshot = world.snapshot()
        parts = [
            self._part(part_of(action, number), wish, group, name, undone.get(name), snapshot)
            for number, name in enumerate(wish.sbcs, 1)
        ]
        since = world.clock() - fresh_limit_s(world.interval_s)
        there = [part for part in parts if _is_there(part, past, since)]
        parts = [part for part in parts if part not in there]
        moving = tuple(part.move for part in parts if part.move is not None)
        ruled = [(part, self._rule(part, wish, consent, moving, past, snapshot)) for part in parts]
        first = next((rulings for part, rulings in ruled if part.move is not None), ())
        whole = [ruling for ruling in first if ruling.guard in WHOLE]
        whole += [yes("already_there", f"{part.sbc} says what is wanted: it is skipped") for part in there]
        return Sweep(
            action,
            wish,
            tuple(self._prepared(part, wish, rulings) for part, rulings in ruled),
            tuple(whole),
        )

    async def rulings(
        self, prepared: Prepared, moving: tuple[Move, ...], consent: Consent, ours: Entry | None = None
    ) -> tuple[Ruling, ...]:
        """Return what every guard says now of a part; `moving` as in SwitchFacts, `ours` as in Rules."""
        try:
            past = await self._paper.past(PAST_S)
        except AuditError as error:
            return (_no_audit(error),)
        wish, plan = prepared.wish, prepared.plan
        if wish is None or plan is None or plan.move is None:
            return prepared.rulings
        undone = next((act for act in past.acts if act.action == plan.move.undoes), None)
        if ours is not None:
            past = past.before(prepared.action, ours.seq)
        world, snapshot = self._world(), self._world().snapshot()
        spot = spot_of(world, snapshot, wish.group, prepared.sbc)
        still = _still(prepared, plan, plan.move, spot)
        part = Part(
            prepared.action,
            prepared.sbc,
            spot if isinstance(spot, Spot) else None,
            plan.move,
            still,
            undone,
        )
        return self._rule(part, wish, consent, moving, past, snapshot, doubted=_doubted(prepared))

    def again(self, act: Act) -> Prepared | Safe:
        """Return an open switch as it would run now, to look what became of it; or why it cannot be looked at."""
        world = self._world()
        move = act.move
        if move is None:
            return clean("the audit log does not say what it was to move")
        snapshot = world.snapshot()
        spot = spot_of(world, snapshot, move.group, act.sbc)
        if not isinstance(spot, Spot):
            return spot
        if spot.route != move.route:
            return clean(
                f"{move.group} is routed by {spot.route.words} now, and it changed {move.route.words}"
            )
        plan = spot.platform.plan_switch(move, spot.leg(move.target), spot.legs)
        part = Part(act.action, act.sbc, spot, move, plan)
        wish = Wish(move.kind, move.group, move.target, (act.sbc,))
        return self._prepared(part, wish, ()) if isinstance(plan, Plan) else plan

    async def culprit(self, prepared: Prepared) -> str:
        """Say who moved the group there meanwhile, as far as our audit log knows."""
        move = prepared.plan.move if prepared.plan is not None else None
        try:
            past = await self._paper.past(UNDO_S)
        except AuditError:
            return ""
        if move is None:
            return ""
        since_s = self._world().clock() - move.stands.at
        return past.mover(move.group, move.sbc, since_s, prepared.action)

    async def undoable(self) -> tuple[Undoable, ...]:
        """Return what can be taken back now, newest first, whoever did it. Raises AuditError."""
        past = await self._paper.past(UNDO_S + AUDIT_S)
        now = self._world().clock()
        wishes: dict[str, list[Act]] = {}
        for act in past.can_be_taken_back(UNDO_S):
            wishes.setdefault(act.wish, []).append(act)
        return tuple(_undoable(acts, now) for acts in wishes.values())

    async def switched(self) -> tuple[Switched, ...]:
        """Return the switches that stand, of each group and SBC the last, whoever did it. Raises AuditError."""
        return standing(await self._paper.past(STANDING_S), self._world().clock())

    def _part(
        self, action: str, wish: Wish, group: Group, name: str, undone: Act | None, snapshot: Snapshot
    ) -> Part:
        """Make the move and the plan of one SBC."""
        spot = spot_of(self._world(), snapshot, wish.group, name)
        if not isinstance(spot, Spot):
            return Part(action, name, None, None, spot)
        if wish.kind is not SwitchKind.UNDO:
            move = move_to(spot, wish.kind, wish.group, _target(group, wish, spot))
        elif undone is None or undone.move is None:
            move = clean(f"no switch of {wish.group} on {name} is known that could be taken back")
        elif undone.move.route != spot.route:
            move = clean(
                f"{undone.move.route.words} was switched, and {wish.group} is routed by {spot.route.words} now"
            )
        else:
            move = move_back(spot, undone.move, undone.action)
        if not isinstance(move, Move):
            return Part(action, name, spot, None, move, undone)
        plan = spot.platform.plan_switch(move, spot.leg(move.target), spot.legs)
        return Part(action, name, spot, move, plan, undone)

    def _prepared(self, part: Part, wish: Wish, rulings: tuple[Ruling, ...]) -> Prepared:
        plan = part.plan if isinstance(part.plan, Plan) else None
        ssh = part.spot.sbc.ssh if part.spot is not None else None
        target = part.move.target if part.move is not None else wish.to
        return Prepared(
            action=part.action,
            verb=Verb.SWITCH,
            leg_id=f"{target or wish.group}@{part.sbc}",
            batch=(),
            leg=part.leg,
            plan=plan,
            commands=tuple(step.shown(ssh) for step in plan.steps) if plan is not None and ssh else (),
            rulings=tuple(ruling for ruling in rulings if ruling.guard not in WHOLE),
            over=ssh,
            wish=wish,
            sbc=part.sbc,
        )

    def _rule(
        self,
        part: Part,
        wish: Wish,
        consent: Consent,
        moving: tuple[Move, ...],
        past: Past,
        snapshot: Snapshot,
        *,
        doubted: frozenset[str] = DOUBTING,
    ) -> tuple[Ruling, ...]:
        world = self._world()
        sbc, now = world.sbc(part.sbc), world.clock()
        return rule(
            SwitchFacts(
                wish=wish,
                sbc=part.sbc,
                action=part.action,
                move=part.move,
                plan=part.plan,
                reading=part.spot.reading if part.spot is not None else None,
                now=now,
                interval_s=world.interval_s,
                today=world.wall().date(),
                sbc_write=sbc is not None and sbc.write,
                unlocked_until=now + 1.0 if world.always_unlocked else self._unlocked(),
                inventory=world.inventory,
                legs=snapshot.legs,
                groups=snapshot.groups,
                moving=moving,
                credentials=snapshot.credentials,
                past=past,
                undone=part.undone,
                me=world.who.name,
                link_words=next((s.link.reason for s in snapshot.sbcs if s.name == part.sbc), ""),
                consent=consent,
                doubted=doubted,
            )
        )


def _doubted(prepared: Prepared) -> frozenset[str]:
    """Return the guards whose doubt the operator was shown: what was said before one of them spoke up is not meant for it."""
    return frozenset(r.guard for r in prepared.rulings if r.sentence.startswith(BREAK_GLASS))


def _no_audit(error: AuditError) -> Ruling:
    return no("audit", f"nothing is done without an audit log: {error}")


def _impossible(world: World, group: Group | None, wish: Wish) -> str | None:
    """Return why a wish can be made nowhere, None where it may be."""
    if group is None:
        names = ", ".join(one.name for one in world.inventory.groups) or "none"
        return f"there is no trunk group {clean(wish.group, 60)}: known are {names}"
    if wish.kind is SwitchKind.SWITCH and wish.to not in group.trunks:
        return f"{clean(wish.to, 60) or 'nothing'} is no trunk of {group.name}: {', '.join(group.trunks)} are"
    return None


def _nowhere(group: Group, wish: Wish) -> Ruling:
    if wish.kind is SwitchKind.UNDO:
        return no("undo", f"no switch of {group.name} is known that could be taken back")
    if not group.switch:
        return no(
            "known", f"the config does not say how SBCs are told where {group.name} goes: [group.switch]"
        )
    return no("known", f"no SBC has a route of {group.name} and a leg of {wish.to}")


def _whole(world: World, group: Group, wish: Wish, past: Past) -> tuple[Wish, dict[str, Act]]:
    """Return the wish with all that it leaves open, and what an undo takes back, by SBC."""
    if wish.kind is SwitchKind.UNDO:
        return _whole_undo(group, wish, past)
    to = group.trunks[0] if wish.kind is SwitchKind.FAILBACK and group.trunks else wish.to
    names: Iterable[str] = dict.fromkeys(wish.sbcs)
    if not wish.sbcs:
        wanted = {to} if wish.kind is SwitchKind.SWITCH else set(group.trunks)
        names = (
            sbc.name
            for sbc in world.inventory.sbcs
            if world.platform(sbc).name in group.switch
            and any(binding.trunk in wanted for binding in world.inventory.bindings_on(sbc.name))
        )
    return structs.replace(wish, to=to, sbcs=tuple(names), undoes=()), {}


def _whole_undo(group: Group, wish: Wish, past: Past) -> tuple[Wish, dict[str, Act]]:
    """Return what is taken back: the actions named, else the latest switch of the group, whatever became of it."""
    mine = [act for act in reversed(past.acts) if act.group == group.name and not act.is_undo]
    own = [act for act in mine if not wish.sbcs or act.sbc in wish.sbcs]
    if wish.undoes:
        acts = [act for act in own if act.action in wish.undoes]
    else:
        stands = [act for act in own if act.done and past.after(act) is None]
        pool = stands or own
        acts = [act for act in pool if act.wish == pool[0].wish and act.sent]
    undone: dict[str, Act] = {}
    for act in acts:
        undone.setdefault(act.sbc, act)
    sbcs = tuple(dict.fromkeys(wish.sbcs)) or tuple(undone)
    return structs.replace(
        wish, to="", sbcs=sbcs, undoes=tuple(act.action for act in undone.values())
    ), undone


def _target(group: Group, wish: Wish, spot: Spot) -> str:
    """Return the trunk that an SBC is to use: back is to the first preference of those that it has."""
    if wish.kind is not SwitchKind.FAILBACK:
        return wish.to
    return next((trunk for trunk in group.trunks if spot.leg(trunk) is not None), wish.to)


def _is_there(part: Part, past: Past, since: float) -> bool:
    """Whether nothing is left to do, as read since `since`; what was taken back is no case of that: its guard says so."""
    if part.undone is not None and past.after(part.undone) is not None:
        return False
    if part.spot is None or part.move is None:
        return False
    reading, goal = part.spot.reading, part.move.goal
    if reading.at < since:
        return False  # what it said once is no reason to pass it over
    # Where entries have weights only the platform knows what a switch makes of them: it has no plan for what is done.
    return says(reading, goal) or (not isinstance(part.plan, Plan) and outweighs(reading, goal))


def _still(prepared: Prepared, plan: Plan, move: Move, spot: Spot | Safe) -> Plan | Safe:
    """Return the plan, or why it is not for what now has those names: a reload may have moved them."""
    if not isinstance(spot, Spot):
        return spot
    if spot.sbc.ssh != prepared.over:
        return clean(f"the config now reaches {spot.sbc.name} another way than was shown: look again", 400)
    if spot.route != move.route:
        return clean(
            f"{move.group} is routed by {spot.route.words} now, and was by {move.route.words}: look again"
        )
    for trunk, value in move.values.items():
        if (called := spot.values.get(trunk, value)) != value:
            words = f"{trunk} is called {called} at {move.route.words} now, and was {value}"
            return clean(f"{words}: look again", 400)
    now = spot.platform.plan_switch(move, spot.leg(move.target), spot.legs)
    if isinstance(now, Plan) and (now.target, now.steps) != (plan.target, plan.steps):
        return clean(
            f"it would be {now.steps[0].words!r} now, and was {plan.steps[0].words!r}: look again", 400
        )
    return plan if isinstance(now, Plan) else now


def _undoable(acts: list[Act], now: float) -> Undoable:
    before = (act.move.source or AS_IT_CHOSE for act in acts if act.move is not None)
    return Undoable(
        group=acts[0].group,
        until=now + UNDO_S - max(act.ago_s for act in acts),
        to=" and ".join(dict.fromkeys(before)),
        actions=tuple((act.sbc, act.action) for act in acts),
        who=clean(acts[0].who),
        went=acts[0].move.target if acts[0].move is not None else "",
        glass=any(act.glass for act in acts),
    )
