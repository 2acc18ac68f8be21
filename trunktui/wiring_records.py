"""Composition of what operators say that they did: its file in the state folder, and the audit of each record."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from trunktui.config.load import Config
    from trunktui.engine.attesting import Attester
    from trunktui.model.audit import AuditRecord, Who
    from trunktui.model.finding import Record, RecordKind
    from trunktui.model.snapshot import Snapshot
    from trunktui.store.recordlines import Undo
    from trunktui.store.records import RecordBook, Records


def record_book_of(config: Config) -> RecordBook:
    """Return the records of the state folder of `config`; reading makes no folder."""
    from trunktui.store.audit import AuditLog
    from trunktui.store.records import RecordBook
    from trunktui.store.syslog import Syslog
    from trunktui.wiring_marks import utc_now

    def audit(who: Who, said: Record | Undo) -> None:
        log = AuditLog(config.state_dir, who, utc_now, Syslog() if config.document.syslog else None)
        log.append(_audited(said))

    return RecordBook(config.state_dir, audit)


def attester_of(config: Config, in_force: Callable[[], Config], changed: Callable[[], None]) -> Attester:
    """Return the engine's keeper of records; `in_force` is the config whose names count."""
    from trunktui.engine.attesting import Attester
    from trunktui.wiring_marks import utc_now

    return Attester(record_book_of(config), lambda kind: subjects(in_force(), kind), utc_now, changed)


def recorded(config: Config) -> Records:
    """Return what is recorded in the state folder of `config`, for a single look."""
    return record_book_of(config).read()


def foreseen(config: Config, snapshot: Snapshot) -> Snapshot:
    """Return a snapshot with what is found without asking anybody: by the config, the records, the fleet as it is."""
    from msgspec import structs

    from trunktui.wiring_findings import foretold

    records = recorded(config)
    found = foretold(config, snapshot, lambda: records.standing)
    return structs.replace(found, records=records.note)


def subjects(config: Config, kind: RecordKind) -> tuple[str, ...]:
    """Return the names in the config that a record of a kind can be about."""
    from trunktui.model.finding import RecordKind

    fleet = config.inventory
    return tuple(one.name for one in (fleet.trunks if kind is RecordKind.ROTATED else fleet.accounts))


def _audited(said: Record | Undo) -> AuditRecord:
    from trunktui.model.audit import AuditRecord
    from trunktui.model.audit import RecordKind as Kind
    from trunktui.model.finding import Record, RecordKind
    from trunktui.model.recording import VERBS, said_of

    record = said if isinstance(said, Record) else said.record
    is_trunk = record.kind is RecordKind.ROTATED
    return AuditRecord(
        kind=Kind.RECORD if said is record else Kind.UNRECORD,
        verb=VERBS[record.kind],
        leg=record.subject if is_trunk else "",
        account="" if is_trunk else record.subject,
        reason=record.note if said is record else "",
        sentence=said_of(record) if said is record else f"taken back: {said_of(record)}",
    )
