"""The desk's hand on the audit log: every turn with it in a thread and within a time, and what its records hold."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from msgspec import structs

from trunktui.actions.past import Past, past_of
from trunktui.actions.ports import Audit
from trunktui.actions.runner import End
from trunktui.model.action import GLASS_WORDS, Consent, Ending, Outcome, Prepared, Ruling
from trunktui.model.audit import AuditRecord, Entry, RecordKind
from trunktui.model.text import clean
from trunktui.store.audit import AuditError, Unfinished, Written

AUDIT_S = 10.0
"""Longest time for one turn with the audit log; after that it counts as not writable."""

BREAK_GLASS = GLASS_WORDS
"""How the words of a ruling begin that is, or was, overridden by a name, a reason, and these words."""

_UNFILED = 256
"""Entries kept that only the log daemon has: the guards' limits hold while the disk is full, too."""

T = TypeVar("T")


class Paper:
    """Writes and reads the audit log for one desk. `clock` is monotonic, `wall` the calendar's."""

    def __init__(
        self,
        audit: Audit,
        aside: Callable[[Callable[[], Any]], Awaitable[Any]],
        clock: Callable[[], float],
        wall: Callable[[], datetime],
    ) -> None:
        self._audit = audit
        self._aside = aside
        self._clock = clock
        self._wall = wall
        self._unfiled: deque[Entry] = deque(maxlen=_UNFILED)

    async def append(self, record: AuditRecord) -> Written:
        """Put a record on disk. Raises AuditError."""
        written = await self._turn(lambda: self._audit.append(record))
        if not written.seq:
            self._unfiled.append(written)
        return written

    async def past(self, within_s: float) -> Past:
        """Return the actions of the last `within_s` seconds. Raises AuditError."""
        entries = await self._turn(lambda: self._audit.recent(within_s))
        every = sorted((*entries, *self._unfiled), key=lambda entry: entry.at)
        return past_of(every, self._wall())

    async def unfinished(self) -> tuple[Unfinished, ...]:
        """Return every intent that nothing ended. Raises AuditError."""
        return await self._turn(self._audit.unfinished)

    async def intend(self, prepared: Prepared, consent: Consent, rulings: tuple[Ruling, ...]) -> Written:
        """Put the intent on disk. Without it nothing is sent: raises End."""
        record = record_of(RecordKind.INTENT, prepared, consent)
        guards = tuple(ruling.words for ruling in rulings)
        said = record.sentence
        if any(ruling.sentence.startswith(BREAK_GLASS) for ruling in rulings):
            said = f"{said} ({BREAK_GLASS})"
        try:
            return await self.append(structs.replace(record, guards=guards, sentence=said))
        except AuditError as error:
            raise End(
                Ending.REFUSED, f"nothing was sent: the audit log is not writable: {error}", sent=False
            ) from None

    async def close(
        self, prepared: Prepared, consent: Consent, end: End, kind: RecordKind, began: float
    ) -> Outcome:
        """Record how it ended; where that cannot be written, the operator is told so."""
        sentence = end.sentence
        try:
            await self.append(_ended(record_of(kind, prepared, consent), end))
        except AuditError as error:
            sentence = clean(f"{sentence} (not in the audit log: {error})", 800)
        return Outcome(end.ending, sentence, end.sent, began, self._clock(), end.evidence)

    def close_at_once(self, prepared: Prepared, end: End) -> None:
        """Record the end of an action that is being cancelled: there is no more waiting for a thread.

        One that cannot be written leaves its intent open, and the next start shows it as unfinished.
        """
        with suppress(AuditError):
            self._audit.append(_ended(record_of(RecordKind.OUTCOME, prepared, Consent()), end))

    async def _turn(self, work: Callable[[], T]) -> T:
        """Do something with the audit log, in a thread and within AUDIT_S. Raises AuditError."""

        def attempt() -> T | AuditError:
            try:
                return work()
            except AuditError as error:
                return error

        try:
            async with asyncio.timeout(AUDIT_S):
                result: T | AuditError = await self._aside(attempt)
        except TimeoutError:
            raise AuditError(f"the disk did not take it within {AUDIT_S:.0f} s") from None
        if isinstance(result, AuditError):
            raise result
        return result


def record_of(kind: RecordKind, prepared: Prepared, consent: Consent) -> AuditRecord:
    """Return what the log is to hold of an action; a switch says in words what it moves, and what stood there."""
    plan, leg = prepared.plan, prepared.leg
    move = plan.move if plan is not None else None
    record = AuditRecord(
        kind=kind,
        action=prepared.action,
        verb=prepared.verb.value,
        leg=clean(prepared.leg_id),
        sbc=leg.sbc if leg is not None else prepared.sbc,
        carrier=(leg.carrier if leg is not None else None) or "",
        reason=consent.reason,
        over=prepared.over.place if prepared.over is not None else "",
        move=move,
    )
    if plan is None or kind is RecordKind.OUTCOME:
        return record
    return structs.replace(
        record,
        commands=prepared.commands,
        consequence=plan.consequence,
        proof=plan.proof_words,
        undo=plan.undo,
        sentence=clean(move.words, 400) if move is not None else "",
    )


def _ended(record: AuditRecord, end: End) -> AuditRecord:
    return structs.replace(record, ending=end.ending.value, sentence=end.sentence, sent=end.sent)
