"""The audit log for people and programs: one row per action as a table, one per entry as JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import NamedTuple

from trunktui.model.audit import AuditRecord, Entry, RecordKind, Who
from trunktui.model.route import Share
from trunktui.model.switch import Move
from trunktui.present.printed import Dated, Local, csv_line, dated_table, json_list
from trunktui.present.sheet import csv_cell
from trunktui.present.words import NOT_KNOWN

SCHEMA = "trunktui.audit/1"
"""Changes when the meaning of a field does; a field that is only added does not change it."""

UNFINISHED = "unfinished"
"""The ending of an intent that nothing ended: it may have been sent."""

_VERIFIED = "verified"
_TITLES = ("WHO", "WHAT", "LEG", "ENDING", "REASON")
_WHO = ("user", "uid", "login_uid", "login_user", "sudo_user", "ssh_from", "tty", "host", "pid")
_RECORD = (
    "kind", "action", "verb", "leg", "sbc", "carrier", "commands", "consequence", "proof", "undo", "guards",
    "reason", "ending", "sentence", "sent", "over", "account", "move",
)  # fmt: skip
CSV_COLUMNS = ("seq", "at", "name", *_WHO, *_RECORD, "prev", "hash")
"""Columns of the CSV; the keys of an entry in the JSON are the same, those of `_WHO` and `name` under `who`."""

Row = dict[str, object]


class Deed(NamedTuple):
    """One row: an intent with how it ended, or an entry that stands for itself. `at` as in the log."""

    at: str
    who: str
    what: str
    leg: str
    ending: str
    reason: str


def chosen(entries: Iterable[Entry], selector: str | None) -> Iterator[Entry]:
    """Yield the entries about `selector`: a leg, trunk, SBC, carrier, account or group, or a pattern with * over these."""
    for entry in entries:
        record = entry.record
        group = record.move.group if record.move is not None else ""
        names = (record.leg, record.leg.partition("@")[0], record.sbc, record.carrier, record.account, group)
        if selector is None or any(name and fnmatchcase(name, selector) for name in names):
            yield entry


def deeds(entries: Iterable[Entry]) -> tuple[Deed, ...]:
    """Return one row for each action, in the order in which they began (`entries`: oldest first)."""
    rows: list[Deed] = []
    begun: dict[str, int] = {}
    for entry in entries:
        record = entry.record
        if (
            record.kind in {RecordKind.OUTCOME, RecordKind.REFUSED}
            and (place := begun.pop(record.action, None)) is not None
        ):
            row = rows[place]
            # Both hold the reason that was given; it is told once.
            said = "; ".join(filter(None, (row.reason or record.reason, _told(record))))
            rows[place] = row._replace(ending=_ending(record), reason=said)
            continue
        if record.kind is RecordKind.INTENT:
            begun[record.action] = len(rows)
        what = record.verb or record.kind.value
        about = record.leg or record.account
        rows.append(Deed(entry.at, _name(entry.who), what, about, _ending(record), _reason(record)))
    return tuple(rows)


def audit_table(rows: Iterable[Deed], local: Local, *, ascii_only: bool = False) -> str:
    """Return the rows as a table, newest last; `local` puts a time into the reader's zone.

    The zone has a column of its own where it is not UTC. `ascii_only` for an output that cannot take UTF-8.
    """
    dated = (
        Dated(_moment(row.at), (*(text or NOT_KNOWN for text in row[1:5]), row.reason), untold=row.at)
        for row in rows
    )
    return dated_table(_TITLES, dated, local, ascii_only=ascii_only)


def audit_json(entries: Iterable[Entry]) -> Iterator[str]:
    """Return, in pieces, the document of the entries: every key is always there, ASCII only."""
    return json_list({"schema": SCHEMA}, "entries", map(_document, entries))


def audit_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the entries as CSV, line by line; cells as `document.to_csv` writes them, lists joined by line feeds."""
    yield csv_line(CSV_COLUMNS)
    for entry in entries:
        document = _document(entry)
        who = document.pop("who")
        flat = {**document, **(who if isinstance(who, dict) else {})}
        flat["move"] = entry.record.move.words if entry.record.move is not None else None
        yield csv_line(csv_cell(_joined(flat[column])) for column in CSV_COLUMNS)


def _document(entry: Entry) -> Row:
    """Build one entry; what was not said is null, also where the log has an empty text."""
    who, record = entry.who, entry.record
    return {
        "seq": entry.seq,
        "at": entry.at,
        "who": {"name": who.name, **{name: getattr(who, name) for name in _WHO}},
        **{name: _value(getattr(record, name)) for name in _RECORD},
        "prev": entry.prev,
        "hash": entry.hash,
    }


def _value(value: object) -> object:
    if isinstance(value, Move):
        return _move(value)
    if isinstance(value, tuple):
        return list(value)
    return None if value == "" else value


def _move(move: Move) -> Row:
    """Build what a switch was to change: `stood` and `goal` are what the route said before, and shall say."""
    return {
        "kind": move.kind.value,
        "group": move.group,
        "sbc": move.sbc,
        "route": move.route.words,
        "source": move.source or None,
        "target": move.target or None,
        "stood": [_share(share) for share in move.stands.shares],
        "goal": [_share(share) for share in move.goal],
        "undoes": move.undoes or None,
    }


def _share(share: Share) -> Row:
    return {"value": share.value, "weight": share.weight, "held": share.held}


def _joined(value: object) -> object:
    return "\n".join(map(str, value)) if isinstance(value, list) else value


def _ending(record: AuditRecord) -> str:
    match record.kind:
        case RecordKind.INTENT:
            return UNFINISHED
        case RecordKind.REFUSED:
            return RecordKind.REFUSED.value
        case RecordKind.OUTCOME:
            return record.ending
    return ""


def _reason(record: AuditRecord) -> str:
    """Return what the operator said, and what was said to the operator unless all went well."""
    return "; ".join(filter(None, (record.reason, _told(record))))


def _told(record: AuditRecord) -> str:
    return "" if record.kind is RecordKind.OUTCOME and record.ending == _VERIFIED else record.sentence


def _name(who: Who) -> str:
    """Return the person, whom they act as, and from where."""
    acts_as = f" as {who.user}" if who.name != who.user else ""
    return f"{who.name}{acts_as}{f' from {who.ssh_from}' if who.ssh_from else ''}"


def _moment(at: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
