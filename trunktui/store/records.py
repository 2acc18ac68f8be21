"""What operators say that they did, in the state folder: credentials changed, allowlists compared, restrictions confirmed.

`records.jsonl` is only ever added to, under a lock and synced; a mistake is taken back by another line. What was
acknowledged to an operator is on disk, here and in the audit log, or in neither. Not async: an event loop calls it in a
thread.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from trunktui.model.audit import Who
from trunktui.model.finding import Record, RecordKind
from trunktui.model.recording import NOTE_LIMIT, RecordsNote, newest, unsaid, why_no_day
from trunktui.model.text import clean
from trunktui.store.errors import AuditError, place, why
from trunktui.store.ledger import Ledger, Tail
from trunktui.store.marklines import LaterVersion, Unreadable
from trunktui.store.recordlines import Undo, line_of, read_line, sound, tidied
from trunktui.store.safety import UnsafeError
from trunktui.store.shared import Stamp, cure, later_line, read_whole, stamp_of, unreadable_lines

FILE_NAME = "records.jsonl"

SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes of a file that is read: some 80,000 records."""


class RecordsError(Exception):
    """Nothing was recorded. The text is one clean line with the place and the way out."""


class Records(Struct, frozen=True):
    """The records that nobody took back, oldest first. `note` says what of the file could not be read."""

    standing: tuple[Record, ...] = ()
    note: RecordsNote = RecordsNote(read=True)

    def latest(self, kind: RecordKind, subject: str) -> Record | None:
        """Return the record of a kind that was said last of `subject`."""
        found = (one for one in reversed(self.standing) if (one.kind, one.subject) == (kind, subject))
        return next(found, None)


class RecordBook:
    """The records of the state folder. Several processes may use it at once.

    `audit` has each record, or its undoing, written to the audit log as whoever said it, and raises AuditError where
    that cannot be done: then it is not recorded either.
    """

    def __init__(self, folder: Path, audit: Callable[[Who, Record | Undo], None] = lambda *_: None) -> None:
        self.path = folder / FILE_NAME
        self._place = place(self.path)
        self._ledger = Ledger(self.path)
        self._audit = audit

    def stamp(self) -> Stamp | None:
        """Return what differs once anybody changed the file; None where there is none, or it cannot be seen."""
        return stamp_of(self.path)

    def read(self) -> Records:
        """Return everything that can be read; what cannot is said in the note. Never raises OSError."""
        try:
            content = _Content(read_whole(self.path, SIZE_LIMIT))
        except FileNotFoundError:
            return Records()
        except (OSError, UnsafeError) as error:
            return self._unknown(f"{self._place}: {why(error)}")
        if content.later:
            return self._unknown(later_line(self._place, *content.later[0]))
        notice = clean(unreadable_lines(self._place, content.unreadable), 300)
        return Records(content.standing, RecordsNote(read=True, notice=notice))

    def add(
        self, kind: RecordKind, subject: str, day: dt.date, who: Who, now: dt.datetime, note: str = ""
    ) -> Record:
        """Write a record to the disk and return it as it is kept. Raises RecordsError, and then it counts for nothing."""
        record = tidied(Record(kind, subject, day, clean(who.name), now.timestamp(), clean(note, NOTE_LIMIT)))
        if refused := why_no_day(day, now.astimezone(dt.UTC).date()):
            raise RecordsError(f"nothing was recorded: {refused}")
        if not sound(record):
            raise RecordsError("nothing was recorded: it names nothing, or a day that had not come")
        with self._writing() as (tail, before):
            self._write(tail, record, who, first=not before.standing)
        return record

    def take_back(
        self, kind: RecordKind, subject: str, who: Who, now: dt.datetime
    ) -> tuple[Record, Record | None]:
        """Take back what was said last of `subject`; return that, and what counts now: that of the latest day.

        Raises RecordsError, also where nothing was said of it.
        """
        with self._writing() as (tail, before):
            last = before.latest(kind, subject)
            if last is None:
                raise RecordsError(f"nothing was taken back: {unsaid(kind, subject)}")
            self._write(tail, Undo(last, who.name, now.timestamp()), who, first=False)
        return last, newest((one for one in before.standing if one is not last), kind, subject)

    def _write(self, tail: Tail, said: Record | Undo, who: Who, *, first: bool) -> None:
        """Write one line and see it to the disk and into the audit log, or neither."""
        try:
            (tail.add_first if first else tail.add)(line_of(said))
            self._audit(who, said)
        except (OSError, AuditError):
            tail.take_back()
            raise

    @contextmanager
    def _writing(self) -> Iterator[tuple[Tail, Records]]:
        """Hold the lock, with what stands in the file. Raises RecordsError for whatever keeps it from being added to."""
        try:
            with self._ledger.locked() as tail:
                data = tail.read(SIZE_LIMIT + 1)
                if len(data) > SIZE_LIMIT:
                    raise RecordsError(
                        f"nothing was recorded: {self._place} is too large to be ours; move it away"
                    )
                content = _Content(data)
                if content.later:
                    raise RecordsError(f"nothing was recorded: {later_line(self._place, *content.later[0])}")
                yield tail, Records(content.standing)
        except FileNotFoundError as error:
            folder = place(self.path.parent)
            raise RecordsError(
                f"nothing was recorded: the state folder {folder} is not there; make it"
            ) from error
        except (OSError, UnsafeError) as error:
            raise RecordsError(f"nothing was recorded: {self._place}: {why(error)}{cure(error)}") from error
        except AuditError as error:
            raise RecordsError(f"nothing was recorded, for it cannot be audited: {error}") from error

    def _unknown(self, reason: str) -> Records:
        notice = clean(f"what was recorded is not known: {reason}", 300)
        return Records(note=RecordsNote(read=False, notice=notice))


class _Content:
    """What the lines of the file say. `unreadable` and `later` name lines from 1; torn ones are not told."""

    def __init__(self, data: bytes) -> None:
        self.unreadable: list[int] = []
        self.later: list[tuple[int, int]] = []
        standing: list[Record] = []
        for number, line in enumerate(data.split(b"\n"), 1):
            if not line:
                continue
            match read_line(line):
                case Record() as record:
                    standing.append(record)
                case Undo(record) if record in standing:
                    del standing[len(standing) - 1 - standing[::-1].index(record)]
                case LaterVersion(version):
                    self.later.append((number, version))
                case Unreadable(torn=False):
                    self.unreadable.append(number)
        self.standing = tuple(standing)
