"""The one entry to actions, for the command line and the dashboard alike: prepare, then perform; nobody adds a step.

    prepared = await desk.prepare(Verb.REREGISTER, "alpha-us@nyc-1")     # what would run, and what the guards say
    outcome = await desk.perform(prepared, Consent(yes=True), tell)      # rules again, writes, sends once, proves

    sweep = await desk.prepare_switch(Wish(SwitchKind.SWITCH, "us-outbound", "beta-us"))     # the same, of a group
    swept = await desk.perform_switch(sweep, Consent(yes=True, typed="us-outbound"), tell)   # one SBC after the other

Everything that is refused or done is in the audit log, and nothing is sent unless its intent is on disk.
"""

from __future__ import annotations

from msgspec import structs

from trunktui.actions.guards import RATE_S, UNLOCK_S, Facts, rule
from trunktui.actions.paper import AUDIT_S, Paper
from trunktui.actions.past import Act, open_acts
from trunktui.actions.performer import Performer
from trunktui.actions.ports import Tell
from trunktui.actions.ruling import no
from trunktui.actions.runner import End
from trunktui.actions.sweep import Sweeper
from trunktui.actions.switching import Switching
from trunktui.actions.world import World as World
from trunktui.model.action import Consent, Ending, Outcome, Plan, Prepared, Ruling, Sign, Sweep, Swept, Verb
from trunktui.model.audit import AuditRecord, Entry, RecordKind
from trunktui.model.inventory import Inventory, SshTarget
from trunktui.model.link import LinkError
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Switched, Undoable, Wish
from trunktui.model.text import Safe, clean
from trunktui.store.audit import AuditError
from trunktui.store.tidy import tidy_record

OPEN_S = 24 * 3600.0
"""How long an action that proved nothing is shown as unfinished."""

_LOOK_S = 12.0


class Desk:
    """Prepares and performs actions, one decision at a time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._unlocked_until: float | None = None
        self._locks = 0
        self._paper = Paper(world.audit, world.aside, world.clock, world.wall)
        self._performer = Performer(lambda: self._world, self._paper)
        self._switching = Switching(lambda: self._world, self._paper, lambda: self._unlocked_until)
        self._sweeper = Sweeper(lambda: self._world, self._switching, self._performer)

    @property
    def interrupted(self) -> Outcome | None:
        """How the last action ended that was cancelled: for whoever catches the cancellation."""
        return self._performer.interrupted

    @property
    def interrupted_switch(self) -> Swept | None:
        """How the last sweep ended that was cancelled: likewise."""
        return self._sweeper.interrupted

    def reconfigure(self, inventory: Inventory, interval_s: float) -> None:
        """Go by another config: which SBCs there are and may be written to, and the groups."""
        self._world = structs.replace(self._world, inventory=inventory, interval_s=interval_s)

    @property
    def unlocked_until(self) -> float | None:
        """Until when write mode lasts (monotonic); None: read-only."""
        until = self._unlocked_until
        return until if until is not None and until > self._world.clock() else None

    async def unlock(self) -> float:
        """Unlock write mode for 15 minutes; return until when: now, where `lock` came before this was recorded.

        Raises AuditError where that cannot be recorded.
        """
        locks = self._locks
        await self._paper.append(AuditRecord(kind=RecordKind.UNLOCK))
        until = self._world.clock() + UNLOCK_S
        if locks != self._locks:  # a lock that came while the disk was slow is the last word
            return self._world.clock()
        self._unlocked_until = until
        return until

    async def lock(self) -> None:
        """Go back to read-only, at once. Raises AuditError after that where it cannot be recorded."""
        self._locks += 1
        self._unlocked_until = None
        await self._paper.append(AuditRecord(kind=RecordKind.LOCK))

    async def prepare(
        self, verb: Verb, leg_id: str, batch: tuple[str, ...] = (), consent: Consent | None = None
    ) -> Prepared:
        """Return what `verb` on a leg would run, and what the guards say to `consent` so far. Sends nothing."""
        leg = next((leg for leg in self._world.snapshot().legs if leg.id == leg_id), None)
        plan: Plan | Safe | None = None
        over: SshTarget | None = None
        commands: tuple[str, ...] = ()
        if leg is not None and (sbc := self._world.sbc(leg.sbc)) is not None:
            plan, over = self._world.platform(sbc).plan(verb, leg), sbc.ssh
            if isinstance(plan, Plan):
                commands = tuple(step.shown(sbc.ssh) for step in plan.steps)
        prepared = Prepared(
            action=self._world.new_id(),
            verb=verb,
            leg_id=leg_id,
            batch=batch,
            leg=leg,
            plan=plan if isinstance(plan, Plan) else None,
            commands=commands,
            rulings=(),
            over=over,
        )
        rulings = await self._rule(prepared, consent or Consent(), plan)
        return structs.replace(prepared, rulings=rulings)

    async def perform(self, prepared: Prepared, consent: Consent, tell: Tell) -> Outcome:
        """Carry out what was prepared, once, if the guards still agree; return how it ended. Never raises.

        A cancellation ends it as unverified, in the audit, where the command may have gone out already.
        """
        plan, leg = prepared.plan, prepared.leg
        if plan is None or leg is None:
            return await self.refuse(prepared, consent)

        async def rules(consent: Consent, ours: Entry | None = None) -> tuple[Ruling, ...]:
            return await self._rule(prepared, consent, plan, ours)

        return await self._performer.perform(prepared, leg, consent, tell, rules)

    async def refuse(self, prepared: Prepared, consent: Consent) -> Outcome:
        """Record and return the refusal of what was prepared, by the rulings it holds. Never raises."""
        return await self._performer.refuse(prepared, consent)

    async def prepare_switch(self, wish: Wish, consent: Consent | None = None) -> Sweep:
        """Return what a wish would run on each SBC, and what the guards say to `consent` so far. Sends nothing.

        The wish comes back whole: no `sbcs` is every SBC where the group has a route and the target a leg, a failback
        gets its `to`, an undo what it `undoes`: of no more than that, the last switch of the group. Never raises.
        """
        return await self._switching.prepare(wish, consent or Consent())

    async def perform_switch(self, sweep: Sweep, consent: Consent, tell: Tell) -> Swept:
        """Carry out a sweep, one SBC after the other, if no guard is against any part of it. Never raises.

        A cancellation ends the part under way as in `perform`; see `interrupted_switch`.
        """
        return await self._sweeper.perform(sweep, consent, tell)

    async def refuse_switch(self, sweep: Sweep, consent: Consent) -> Swept:
        """Record and return the refusal of a sweep, by the rulings it holds. Never raises."""
        return await self._sweeper.refuse(sweep, consent)

    async def undoable(self) -> tuple[Undoable, ...]:
        """Return the switches that can be taken back now, newest first, by whom and from which program they were done.

        Raises AuditError.
        """
        return await self._switching.undoable()

    async def switched(self) -> tuple[Switched, ...]:
        """Return the switches that stand, of each group and SBC the last. Raises AuditError."""
        return await self._switching.switched()

    async def open(self) -> tuple[Act, ...]:
        """Return the actions of which nobody knows how they ended. Raises AuditError."""
        unfinished = await self._paper.unfinished()
        return open_acts(unfinished, await self._paper.past(OPEN_S), self._world.alive)

    async def verify(self, act: Act) -> Outcome:
        """Look what became of an open action, only reading; what is known then closes it in the audit.

        VERIFIED says that a REGISTER was answered since, not that it was this command's. Raises AuditError.
        """
        began = self._world.clock()
        now = next((each for each in await self.open() if each.action == act.action), None)
        if now is None:
            return Outcome(Ending.REFUSED, clean("it was closed meanwhile"), False, began, began)
        act = now
        if act.verb not in set(Verb):
            words = clean(f"this version does not know {act.verb}: look with the one that wrote it")
            return Outcome(Ending.UNVERIFIED, words, True, began, began)
        prepared = self._switching.again(act) if act.verb == Verb.SWITCH else await self._again(act)
        if not isinstance(prepared, Prepared):
            end = End(Ending.UNVERIFIED, f"it cannot be looked at: {prepared}", sent=True)
            prepared = _bare(act)
        else:
            end = await self._standing(prepared, act)
        return await self._paper.close(prepared, Consent(), end, RecordKind.OUTCOME, began)

    async def _again(self, act: Act) -> Prepared:
        return structs.replace(await self.prepare(Verb(act.verb), act.leg), action=act.action)

    async def _standing(self, prepared: Prepared, act: Act) -> End:
        sbc = self._world.sbc(act.sbc)
        if prepared.plan is None or sbc is None:
            return End(Ending.UNVERIFIED, f"{act.leg} is not there any more, so it cannot be read", sent=True)
        if act.over and act.over != sbc.ssh.place:
            words = f"{sbc.name} is {sbc.ssh.place} now, and it was sent to {act.over}: what is read there proves nothing"
            return End(Ending.UNVERIFIED, words, sent=True)
        kept = tidy_record(AuditRecord(kind=RecordKind.INTENT, commands=prepared.commands)).commands
        if act.commands and act.commands != kept:
            words = f"{act.leg} would be {prepared.commands[0]!r} now, and {act.commands[0]!r} was sent: it may be another trunk"
            return End(Ending.UNVERIFIED, words, sent=True)
        try:
            look = await self._world.asker(act.sbc).ask(prepared.plan.reading(), _LOOK_S)
        except LinkError as error:
            return End(Ending.UNVERIFIED, f"it cannot be read: {error.reason}", sent=True)
        proof = self._world.platform(sbc).standing(prepared.plan, look, act.ago_s)
        endings = {Sign.PROVED: Ending.VERIFIED, Sign.ROUTED: Ending.ROUTED, Sign.FAILED: Ending.FAILED}
        return End(
            endings.get(proof.sign, Ending.UNVERIFIED), proof.sentence, sent=True, evidence=proof.evidence
        )

    async def _rule(
        self, prepared: Prepared, consent: Consent, plan: Plan | Safe | None, ours: Entry | None = None
    ) -> tuple[Ruling, ...]:
        """Ask every guard; with `ours`, our own intent, only what was written before it counts as past."""
        world = self._world
        try:
            past = await self._paper.past(RATE_S + AUDIT_S)
        except AuditError as error:
            return (no("audit", f"nothing is done without an audit log: {error}"),)
        if ours is not None:
            past = past.before(prepared.action, ours.seq)
        snapshot = world.snapshot()
        leg = next((leg for leg in snapshot.legs if leg.id == prepared.leg_id), None)
        name = prepared.leg_id.rpartition("@")[2] if leg is None else leg.sbc
        sbc, now = self._world.sbc(name), world.clock()
        return rule(
            Facts(
                verb=prepared.verb,
                leg_id=prepared.leg_id,
                leg=leg,
                plan=plan if leg is None else self._still(prepared, leg, plan),
                now=now,
                interval_s=world.interval_s,
                link_words=next((s.link.reason for s in snapshot.sbcs if s.name == name), ""),
                sbc_write=sbc is not None and sbc.write,
                unlocked_until=now + 1.0 if world.always_unlocked else self._unlocked_until,
                legs=snapshot.legs,
                groups=world.inventory.groups,
                batch=prepared.batch,
                past=past,
                me=world.who.name,
                consent=consent,
            )
        )

    def _still(self, prepared: Prepared, leg: LegStatus, plan: Plan | Safe | None) -> Plan | Safe | None:
        """Return `plan`, or why it is not for what now has that name: a reload may have moved it."""
        sbc = self._world.sbc(leg.sbc)
        if not isinstance(plan, Plan) or sbc is None:
            return plan
        if sbc.ssh != prepared.over:
            return clean(f"the config now reaches {sbc.name} another way than was shown: look again", 400)
        now = self._world.platform(sbc).plan(prepared.verb, leg)
        if isinstance(now, Plan) and now.target != plan.target:
            return clean(f"it is {now.target} on {sbc.name} now, and was {plan.target}: look again", 400)
        return plan if isinstance(now, Plan) else now


def _bare(act: Act) -> Prepared:
    """Return an action of the past without a plan: all that its end is recorded by."""
    return Prepared(act.action, Verb(act.verb), act.leg, (), None, None, (), (), sbc=act.sbc)
