"""Finds the actions in the audit log that the history does not have yet: whoever did them, from whichever program."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trunktui.model.audit import AuditRecord, Entry, RecordKind, Who
from trunktui.model.health import Severity
from trunktui.model.history import Event, EventKind, event_of
from trunktui.model.switch import BREAK_GLASS, Move, SwitchKind
from trunktui.store.audit import FILE_NAME, AuditError, AuditLog

_OVERLAP_S = 3600.0
"""How far before the last entry that was read is looked for more: clocks of two writers differ, or are set back."""

_MARKS = frozenset({RecordKind.MARK, RecordKind.UNMARK})
_RECORDS = frozenset({RecordKind.RECORD, RecordKind.UNRECORD})
_REASONED = frozenset({RecordKind.INTENT, RecordKind.MARK, RecordKind.RECORD})
_READER = Who(user="", uid=0)
_SEVERITIES = {"verified": Severity.NONE, "routed": Severity.NONE, "failed": Severity.MINOR}

_DOING = {
    SwitchKind.SWITCH: "{who} switches",
    SwitchKind.FAILBACK: "{who} fails back",
    SwitchKind.UNDO: "{who} takes back the switch of",
}
_DONE = {
    SwitchKind.SWITCH: "{who} switched",
    SwitchKind.FAILBACK: "{who} failed back",
    SwitchKind.UNDO: "{who} took back the switch of",
}
_SWITCHED = {"verified": "verified", "routed": "reads back, no call has shown it yet"}


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
        glass = {one.record.action for one in entries if _breaks_glass(one.record)}
        return tuple(_event(one, broke=one.record.action in glass) for one in new), after


def _event(entry: Entry, *, broke: bool = False) -> Event:
    """Return an entry as an event; `broke`: it is of a switch that overrode a guard, which everybody shall see."""
    record = entry.record
    if record.move is not None:
        return _switch_event(entry, record, record.move, broke=broke)
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


def _switch_event(entry: Entry, record: AuditRecord, move: Move, *, broke: bool) -> Event:
    """Return an entry about a switch: who moves which group, where, from what to what, and how it ended."""
    who = entry.who.name
    way = f"from {move.source or 'what stood there'} to {move.target or 'what stood there before'}"
    where = f"{move.group} on {move.sbc} {way}"
    severity = Severity.NONE
    match record.kind:
        case RecordKind.INTENT:
            said, after = f"{_DOING[move.kind].format(who=who)} {where}", "requested"
            overrode = next((words for words in record.guards if BREAK_GLASS in words), "")
            if broke:
                said = f"break glass: {said}" + (f"; {overrode}" if overrode else "")
            said += f" ({record.reason})" if record.reason else ""
        case RecordKind.OUTCOME:
            after, severity = record.ending, _SEVERITIES.get(record.ending, Severity.WARNING)
            if record.ending in _SWITCHED:
                said = f"{_DONE[move.kind].format(who=who)} {where}: {_SWITCHED[record.ending]}"
            else:
                said = f"the switch of {where} by {who} {record.ending}: {record.sentence}"
        case _:
            said, after, severity = (
                f"refused to {who}: {where}: {record.sentence}",
                "refused",
                Severity.WARNING,
            )
    return event_of(
        _time(entry),
        EventKind.ACTION,
        f"{move.group}@{move.sbc}",
        said,
        after=after,
        severity=Severity.CRITICAL if broke and record.kind is not RecordKind.REFUSED else severity,
        detail=f"audit {entry.seq} {entry.hash}",
    )


def _breaks_glass(record: AuditRecord) -> bool:
    """Tell whether an intent overrode a guard by a name and a reason."""
    told = record.sentence, *record.guards
    return record.kind is RecordKind.INTENT and any(BREAK_GLASS in words for words in told)


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
