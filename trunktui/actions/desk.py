"""The one entry to actions, for the command line and the dashboard alike: prepare, then perform; nobody adds a step.

    prepared = await desk.prepare(Verb.REREGISTER, "alpha-us@nyc-1")     # what would run, and what the guards say
    outcome = await desk.perform(prepared, Consent(yes=True), tell)      # rules again, writes, sends once, proves

Everything that is refused or done is in the audit log, and nothing is sent unless its intent is on disk.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct, structs

from trunktui.actions.guards import RATE_S, UNLOCK_S, Facts, allowed, rule
from trunktui.actions.past import Act, Past, open_acts, past_of
from trunktui.actions.ports import Audit, Tell
from trunktui.actions.runner import End, Runner, Tools, label_of
from trunktui.model.action import Consent, Ending, Outcome, Plan, Prepared, Ruling, Sign, Verb
from trunktui.model.audit import AuditRecord, Entry, RecordKind, Who
from trunktui.model.inventory import Inventory, Sbc, SshTarget
from trunktui.model.link import LinkError
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.model.text import Safe, clean
from trunktui.platforms.contract import Platform
from trunktui.store.audit import AuditError, Written
from trunktui.store.tidy import tidy_record
from trunktui.transport.aside import aside
from trunktui.transport.port import Asker

AUDIT_S = 10.0
"""Longest time for one turn with the audit log; after that it counts as not writable."""

OPEN_S = 24 * 3600.0
"""How long an action that proved nothing is shown as unfinished."""

_UNFILED = 256
"""Entries kept that only the log daemon has: the guards' limits hold while the disk is full, too."""

_LOOK_S = 12.0
_REASON = 300


T = TypeVar("T")


class World(Struct, frozen=True):
    """What a desk works on. `clock` is monotonic, `wall` labels the audit; `asker` and `platform` are by SBC.

    `alive` tells whether the process that wrote an entry still runs. `always_unlocked`: the command line, where the
    command itself is the wish to write.
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


class Desk:
    """Prepares and performs actions, one decision at a time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._deciding = asyncio.Lock()
        self._unlocked_until: float | None = None
        self._locks = 0
        self._unfiled: deque[Entry] = deque(maxlen=_UNFILED)
        self.interrupted: Outcome | None = None
        """How the last action ended that was cancelled: for whoever catches the cancellation."""

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
        await self._append(AuditRecord(kind=RecordKind.UNLOCK))
        until = self._world.clock() + UNLOCK_S
        if locks != self._locks:  # a lock that came while the disk was slow is the last word
            return self._world.clock()
        self._unlocked_until = until
        return until

    async def lock(self) -> None:
        """Go back to read-only, at once. Raises AuditError after that where it cannot be recorded."""
        self._locks += 1
        self._unlocked_until = None
        await self._append(AuditRecord(kind=RecordKind.LOCK))

    async def prepare(
        self, verb: Verb, leg_id: str, batch: tuple[str, ...] = (), consent: Consent | None = None
    ) -> Prepared:
        """Return what `verb` on a leg would run, and what the guards say to `consent` so far. Sends nothing."""
        leg = next((leg for leg in self._world.snapshot().legs if leg.id == leg_id), None)
        plan: Plan | Safe | None = None
        over: SshTarget | None = None
        commands: tuple[str, ...] = ()
        if leg is not None and (sbc := self._sbc(leg.sbc)) is not None:
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
        began = self._world.clock()
        consent = structs.replace(consent, reason=clean(consent.reason, _REASON))
        plan, leg = prepared.plan, prepared.leg
        if plan is None or leg is None:
            return await self.refuse(prepared, consent)
        runner: Runner | None = None
        intended = False
        try:
            runner = Runner(plan, self._tools(prepared), tell)
            async with self._deciding:
                self._check(await self._rule(prepared, consent, plan))
                look = await runner.read(leg)
                rulings = await self._rule(prepared, consent, plan)
                self._check(rulings)
                entry = await self._intend(prepared, consent, rulings)
                intended = True
                if entry.notice is not None:
                    tell(clean(entry.notice))
                await self._recheck(prepared, consent, entry)
            end = await runner.prove(
                await runner.send(look, leg, lambda: self._recheck(prepared, consent, entry))
            )
        except End as ended:
            end = ended
        except asyncio.CancelledError:
            self._interrupted(prepared, began, intended=intended, sent=runner is not None and runner.sent)
            raise
        kind = RecordKind.OUTCOME if intended else RecordKind.REFUSED
        return await self._close(prepared, consent, end, kind, began)

    async def refuse(self, prepared: Prepared, consent: Consent) -> Outcome:
        """Record and return the refusal of what was prepared, by the rulings it holds. Never raises."""
        began = self._world.clock()
        return await self._close(prepared, consent, _refusal(prepared.rulings), RecordKind.REFUSED, began)

    async def open(self) -> tuple[Act, ...]:
        """Return the actions of which nobody knows how they ended. Raises AuditError."""
        unfinished = await self._with_audit(self._world.audit.unfinished)
        entries = await self._with_audit(lambda: self._world.audit.recent(OPEN_S))
        return open_acts(unfinished, self._past(entries), self._world.alive)

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
        prepared = await self.prepare(Verb(act.verb), act.leg)
        prepared = structs.replace(prepared, action=act.action)
        end = await self._standing(prepared, act)
        return await self._close(prepared, Consent(), end, RecordKind.OUTCOME, began)

    async def _standing(self, prepared: Prepared, act: Act) -> End:
        sbc = self._sbc(act.sbc)
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
        endings = {Sign.PROVED: Ending.VERIFIED, Sign.FAILED: Ending.FAILED}
        return End(
            endings.get(proof.sign, Ending.UNVERIFIED), proof.sentence, sent=True, evidence=proof.evidence
        )

    def _past(self, entries: tuple[Entry, ...]) -> Past:
        every = sorted((*entries, *self._unfiled), key=lambda entry: entry.at)
        return past_of(every, self._world.wall())

    def _sbc(self, name: str) -> Sbc | None:
        return next((sbc for sbc in self._world.inventory.sbcs if sbc.name == name), None)

    def _tools(self, prepared: Prepared) -> Tools:
        world = self._world
        sbc = self._sbc(prepared.plan.sbc) if prepared.plan is not None else None
        if sbc is None:
            raise End(Ending.REFUSED, "nothing was sent: its SBC is not in the config", sent=False)
        return Tools(
            platform=world.platform(sbc),
            asker=world.asker(sbc.name),
            clock=world.clock,
            sleep=world.sleep,
            label=label_of(world.who.name, world.who.host, prepared.action),
        )

    async def _rule(
        self, prepared: Prepared, consent: Consent, plan: Plan | Safe | None, ours: Entry | None = None
    ) -> tuple[Ruling, ...]:
        """Ask every guard; with `ours`, our own intent, only what was written before it counts as past."""
        world = self._world
        try:
            entries = await self._with_audit(lambda: world.audit.recent(RATE_S + AUDIT_S))
        except AuditError as error:
            return (Ruling("audit", False, clean(f"nothing is done without an audit log: {error}", 400)),)
        past: Past = self._past(entries)
        if ours is not None:
            past = past.before(prepared.action, ours.seq)
        snapshot = world.snapshot()
        leg = next((leg for leg in snapshot.legs if leg.id == prepared.leg_id), None)
        name = prepared.leg_id.rpartition("@")[2] if leg is None else leg.sbc
        sbc, now = self._sbc(name), world.clock()
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
        sbc = self._sbc(leg.sbc)
        if not isinstance(plan, Plan) or sbc is None:
            return plan
        if sbc.ssh != prepared.over:
            return clean(f"the config now reaches {sbc.name} another way than was shown: look again", 400)
        now = self._world.platform(sbc).plan(prepared.verb, leg)
        if isinstance(now, Plan) and now.target != plan.target:
            return clean(f"it is {now.target} on {sbc.name} now, and was {plan.target}: look again", 400)
        return plan if isinstance(now, Plan) else now

    async def _recheck(self, prepared: Prepared, consent: Consent, ours: Entry) -> None:
        """Ask the guards once more, now that the intent is written. Raises End."""
        self._check(await self._rule(prepared, consent, prepared.plan, ours))

    def _check(self, rulings: tuple[Ruling, ...]) -> None:
        if not allowed(rulings):
            raise _refusal(rulings)

    async def _intend(self, prepared: Prepared, consent: Consent, rulings: tuple[Ruling, ...]) -> Written:
        """Put the intent on disk. Without it nothing is sent."""
        record = self._record(RecordKind.INTENT, prepared, consent)
        guards = tuple(ruling.words for ruling in rulings)
        try:
            return await self._append(structs.replace(record, guards=guards))
        except AuditError as error:
            raise End(
                Ending.REFUSED, f"nothing was sent: the audit log is not writable: {error}", sent=False
            ) from None

    async def _close(
        self, prepared: Prepared, consent: Consent, end: End, kind: RecordKind, began: float
    ) -> Outcome:
        """Record how it ended; where that cannot be written, the operator is told so."""
        sentence = end.sentence
        try:
            await self._append(_ended(self._record(kind, prepared, consent), end))
        except AuditError as error:
            sentence = clean(f"{sentence} (not in the audit log: {error})", 800)
        return Outcome(end.ending, sentence, end.sent, began, self._world.clock(), end.evidence)

    def _interrupted(self, prepared: Prepared, began: float, *, intended: bool, sent: bool) -> None:
        """Record the end of an action that is being cancelled: at once, there is no more waiting for a thread."""
        words = (
            "interrupted; it may have been done, and is not sent again"
            if sent
            else "interrupted before sending"
        )
        end = End(Ending.UNVERIFIED if sent else Ending.REFUSED, words, sent=sent)
        self.interrupted = Outcome(end.ending, end.sentence, sent, began, self._world.clock())
        if intended:
            with suppress(AuditError):  # the intent stands open then: the next start shows it as unfinished
                self._world.audit.append(_ended(self._record(RecordKind.OUTCOME, prepared, Consent()), end))

    def _record(self, kind: RecordKind, prepared: Prepared, consent: Consent) -> AuditRecord:
        plan, leg = prepared.plan, prepared.leg
        record = AuditRecord(
            kind=kind,
            action=prepared.action,
            verb=prepared.verb.value,
            leg=clean(prepared.leg_id),
            sbc=leg.sbc if leg is not None else "",
            carrier=(leg.carrier if leg is not None else None) or "",
            reason=consent.reason,
            over=prepared.over.place if prepared.over is not None else "",
        )
        if plan is None or kind is RecordKind.OUTCOME:
            return record
        return structs.replace(
            record,
            commands=prepared.commands,
            consequence=plan.consequence,
            proof=plan.proof_words,
            undo=plan.undo,
        )

    async def _append(self, record: AuditRecord) -> Written:
        written = await self._with_audit(lambda: self._world.audit.append(record))
        if not written.seq:
            self._unfiled.append(written)
        return written

    async def _with_audit(self, work: Callable[[], T]) -> T:
        """Do something with the audit log, in a thread and within AUDIT_S. Raises AuditError."""

        def attempt() -> T | AuditError:
            try:
                return work()
            except AuditError as error:
                return error

        try:
            async with asyncio.timeout(AUDIT_S):
                result: T | AuditError = await self._world.aside(attempt)
        except TimeoutError:
            raise AuditError(f"the disk did not take it within {AUDIT_S:.0f} s") from None
        if isinstance(result, AuditError):
            raise result
        return result


def _ended(record: AuditRecord, end: End) -> AuditRecord:
    return structs.replace(record, ending=end.ending.value, sentence=end.sentence, sent=end.sent)


def _refusal(rulings: tuple[Ruling, ...]) -> End:
    """Return the end of an action that guards refuse: which guard, the figures, and what would satisfy it."""
    refusals = [ruling.words for ruling in rulings if not ruling.allowed]
    return End(Ending.REFUSED, "; ".join(refusals) or "refused", sent=False)
