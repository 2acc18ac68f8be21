"""Finds the actions in the audit log that the history does not have yet: whoever did them, from whichever program."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trunktui.model.audit import AuditRecord, Entry, RecordKind, Who
from trunktui.model.health import Severity
from trunktui.model.history import Event, EventKind, event_of
from trunktui.store.audit import FILE_NAME, AuditError, AuditLog

_OVERLAP_S = 3600.0
"""How far before the last entry that was read is looked for more: clocks of two writers differ, or are set back."""

_MARKS = frozenset({RecordKind.MARK, RecordKind.UNMARK})
_RECORDS = frozenset({RecordKind.RECORD, RecordKind.UNRECORD})
_REASONED = frozenset({RecordKind.INTENT, RecordKind.MARK, RecordKind.RECORD})
_READER = Who(user="", uid=0)
_SEVERITIES = {"verified": Severity.NONE, "routed": Severity.NONE, "failed": Severity.MINOR}


class AuditedActions:
    """Of the audit log in `folder`, at most `days` back; `wall` is UTC in seconds. See `history_keeper.Outside`."""

    def __init__(self, folder: Path, days: float, wall: Callable[[], float]) -> None:
        self._path = folder / FILE_NAME
        self._log = AuditLog(folder, _READER, lambda: datetime.fromtimestamp(wall(), UTC))
        self._days = days
        self._wall = wall
        self._seen: tuple[int, int, str] | None = None

    def __call__(self, position: str) -> tuple[tuple[Event, ...], str]:
        """Return what came after `position` (empty: from the start), and the position after it.

        The audit log is the proof; one that cannot be read gives nothing now. A log that was moved away and begun anew
        is read from its start.
        """
        try:
            found = self._path.stat()
        except OSError:
            return (), position
        if (found.st_ino, found.st_size, position) == self._seen:
            return (), position
        seq, last_at = _read(position)
        now = self._wall()
        within_s = self._days * 86400 if not seq else max(now - last_at, 0.0) + _OVERLAP_S
        try:
            entries = self._log.recent(within_s)
        except AuditError:
            return (), position
        begun_anew = bool(entries) and entries[-1].seq < seq
        new = [one for one in entries if (_time(one) > last_at if begun_anew else one.seq > seq)]
        after = f"{new[-1].seq} {_time(new[-1])}" if new else position
        self._seen = (
            found.st_ino,
            found.st_size,
            after,
        )  # asked with another position, they were not written
        return tuple(map(_event, new)), after


def _event(entry: Entry) -> Event:
    record = entry.record
    deed = record.verb or record.kind.value
    match record.kind:
        case RecordKind.INTENT:
            said, after, severity = f"{deed} asked for by {entry.who.name}", "requested", Severity.NONE
        case RecordKind.OUTCOME:
            said = f"{deed} {record.ending}: {record.sentence}"
            after, severity = record.ending, _SEVERITIES.get(record.ending, Severity.WARNING)
        case RecordKind.REFUSED:
            said, after = f"{deed} refused to {entry.who.name}: {record.sentence}", "refused"
            severity = Severity.WARNING
        case RecordKind.MARK | RecordKind.UNMARK:
            said, after, severity = f"{deed}: {record.sentence}, by {entry.who.name}", deed, Severity.NONE
        case RecordKind.RECORD | RecordKind.UNRECORD:
            said, after, severity = f"{record.sentence}, by {entry.who.name}", deed, Severity.NONE
        case _:
            said, after, severity = (
                f"write mode: {deed} by {entry.who.name}",
                record.kind.value,
                Severity.NONE,
            )
    reason = f" ({record.reason})" if record.reason and record.kind in _REASONED else ""
    return event_of(
        _time(entry),
        EventKind.MARK if record.kind in _MARKS else EventKind.ACTION,
        _subject(record, deed),
        f"{said}{reason}",
        after=after,
        severity=severity,
        detail=f"audit {entry.seq} {entry.hash}",
    )


def _subject(record: AuditRecord, deed: str) -> str:
    named = record.leg or record.account or record.sbc or record.carrier
    return named or (deed if record.kind in _MARKS | _RECORDS else "write mode")


def _read(position: str) -> tuple[int, float]:
    seq, _, at = position.partition(" ")
    try:
        return int(seq or "0"), float(at or "0")
    except ValueError:
        return 0, 0.0


def _time(entry: Entry) -> float:
    try:
        moment = datetime.fromisoformat(entry.at)
        return (moment - datetime.fromtimestamp(0, UTC)) / timedelta(seconds=1)
    except (ValueError, TypeError):  # a line that others wrote
        return 0.0
