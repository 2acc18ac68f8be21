"""The audit log: who did what to which trunk, on disk before anything is sent, each line chained to the last.

Not thread-bound and not async: an append takes a few milliseconds of disk, so an event loop calls it in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from trunktui.model.audit import AuditRecord, Entry, Who
from trunktui.store.chain import GENESIS, entry_of, seal
from trunktui.store.errors import AuditError, place, unreadable, why
from trunktui.store.ledger import Ledger, lines_from_end
from trunktui.store.reading import entries, open_intents
from trunktui.store.safety import UnsafeError
from trunktui.store.tidy import tidy_record, tidy_who

__all__ = ["FILE_NAME", "AuditError", "AuditLog", "Sink", "Unfinished", "Written", "age_s"]

FILE_NAME = "audit.jsonl"

OLD_IN_A_ROW = 256
"""Entries too old, one after another, after which no newer one is expected: the clock may have been set back."""

_SYSLOG_PART = 4000


class Sink(Protocol):
    """Where single lines go besides the file: `syslog.Syslog`."""

    def send(self, text: str, wall: datetime) -> None:
        """Hand one line over. Raises OSError when it is not taken."""
        ...


class Written(Entry, frozen=True):
    """An entry that was written. `notice` is one line for the screen where only syslog has it, else None.

    An entry that is not in the file has `seq` 0. `in_syslog`: whether the log daemon took it.
    """

    notice: str | None = None
    in_syslog: bool = False


class Unfinished(Struct, frozen=True):
    """An intent that nothing ended: it may have been sent. `age_s` is by the wall clock, 0 for one of the future."""

    entry: Entry
    age_s: float


class AuditLog:
    """The log in `folder` (the state folder, which must be there), written as `who` at the time that `wall` tells.

    `syslog` None: there is none. Safe to use from several threads and processes at once.
    """

    def __init__(
        self, folder: Path, who: Who, wall: Callable[[], datetime], syslog: Sink | None = None
    ) -> None:
        self.path = folder / FILE_NAME
        self._place = place(self.path)
        self._ledger = Ledger(self.path)
        self._who = tidy_who(who)
        self._wall = wall
        self._syslog = syslog

    def append(self, record: AuditRecord) -> Written:
        """Write one record to the disk and its hash to syslog; return what was written.

        Raises AuditError when neither took it, when the file is not safe to write to, or when the record holds
        something that is no text.
        """
        wall = self._wall()
        try:
            tidy = tidy_record(record)
        except TypeError as error:
            raise AuditError(f"{self._place}: nothing was written: {error} (a defect of trunktui)") from error
        try:
            entry = self._to_file(tidy, wall)
        except UnsafeError as error:
            raise AuditError(f"{self._place}: {error}") from error
        except OSError as error:
            return self._to_syslog_only(tidy, wall, why(error))
        told = self._told(_head_line(entry), wall)
        return Written(entry.seq, entry.at, entry.who, tidy, entry.prev, entry.hash, in_syslog=told)

    def recent(self, within_s: float) -> tuple[Entry, ...]:
        """Return the entries of the last `within_s` seconds, oldest first; those of the future count as recent.

        Reads from the end. Raises AuditError when the file cannot be read; one that is not there is empty.
        """
        since = stamp_after(self._wall(), -within_s)
        found: list[Entry] = []
        too_old = 0
        try:
            with self._ledger.reading() as (descriptor, size):
                for _, line in lines_from_end(descriptor, size):
                    if (entry := entry_of(line)) is None:
                        continue
                    if entry.at >= since:
                        found.append(entry)
                        too_old = 0
                    elif (too_old := too_old + 1) >= OLD_IN_A_ROW:
                        break
        except FileNotFoundError:
            return ()
        except (OSError, UnsafeError) as error:
            raise unreadable(self.path, error) from error
        return tuple(reversed(found))

    def unfinished(self) -> tuple[Unfinished, ...]:
        """Return every intent without an outcome or a refusal, oldest first; reads the whole file.

        Raises AuditError when it cannot be read.
        """
        now = self._wall()
        try:
            found = open_intents(self._ledger)
        except (OSError, UnsafeError) as error:
            raise unreadable(self.path, error) from error
        return tuple(Unfinished(entry, age_s(entry, now)) for entry in found)

    def read(self) -> Iterator[Entry]:
        """Yield every whole entry, oldest first, without holding the file in memory. Raises AuditError."""
        try:
            yield from entries(self._ledger)
        except (OSError, UnsafeError) as error:
            raise unreadable(self.path, error) from error

    def _to_file(self, record: AuditRecord, wall: datetime) -> Entry:
        at = stamp_after(wall, 0)
        with self._ledger.locked() as tail:
            last = tail.last()
            seq, prev = (last.seq + 1, last.hash) if last else (1, GENESIS)
            line, digest = seal(seq, at, self._who, record, prev)
            if last is None:
                tail.add_first(line)
            else:
                tail.add(line)
        return Entry(seq, at, self._who, record, prev, digest)

    def _to_syslog_only(self, record: AuditRecord, wall: datetime, reason: str) -> Written:
        at = stamp_after(wall, 0)
        line, digest = seal(0, at, self._who, record, "")
        said = line.decode()
        parts = [said[start : start + _SYSLOG_PART] for start in range(0, len(said), _SYSLOG_PART)]
        marks = [f"{number}/{len(parts)}" for number in range(1, len(parts) + 1)]
        pairs = zip(marks, parts, strict=True)
        if not all(self._told(f"audit not in the file, part {mark}: {part}", wall) for mark, part in pairs):
            raise AuditError(
                f"{self._place}: {reason}, and syslog does not take it; nothing is sent until one does"
            )
        notice = f"{self._place}: {reason}; the audit goes to syslog only"
        return Written(0, at, self._who, record, "", digest, notice=notice, in_syslog=True)

    def _told(self, text: str, wall: datetime) -> bool:
        if self._syslog is None:
            return False
        try:
            self._syslog.send(text, wall)
        except OSError:
            return False
        return True


def age_s(entry: Entry, now: datetime) -> float:
    """Return the seconds since an entry was written, by the wall clock; never less than 0."""
    try:
        return max((now - datetime.fromisoformat(entry.at)).total_seconds(), 0.0)
    except (ValueError, TypeError):  # a line that others wrote
        return 0.0


def stamp_after(wall: datetime, seconds: float) -> str:
    """Return the time `seconds` after `wall` as the log writes it: UTC, milliseconds; such texts sort by time."""
    moment = datetime.fromtimestamp(max(wall.timestamp() + seconds, 0), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _head_line(entry: Entry) -> str:
    record, who = entry.record, entry.who
    moved = f"({record.move.words})" if record.move is not None else ""
    words = (record.kind.value, record.verb, record.leg, moved, record.ending)
    what = " ".join(word for word in words if word)
    source = f" from {who.ssh_from}" if who.ssh_from else ""
    reason = f": {record.reason}" if record.reason else ""
    return f"audit {entry.seq} {entry.hash} {what} by {who.name}{source}{reason}"
