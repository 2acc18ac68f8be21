"""A history open for writing: events at once, polls a minute at a time, the old summed up and dropped in small steps.

For one thread. Whoever opens it holds the folder's lock. What `write` has returned from is on the disk.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Self
from urllib.parse import quote

from msgspec import Struct

from trunktui.model.history import Event, Known, Sample
from trunktui.model.text import clean
from trunktui.store.history_old import HOUR_S, Tidier
from trunktui.store.history_pack import MOST_POLLS, SHELF, pack_polls
from trunktui.store.history_place import FILE_NAME, check_local, held, make_file, share
from trunktui.store.history_schema import BrokenError, prepare, transaction

_BUSY_S = 1.0
_WAL_BYTES = 8 * 1024 * 1024
_BROKEN_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Limits(Struct, frozen=True):
    """How long and how large: days that anything is kept, bytes of the file."""

    days: float = 30.0
    size_bytes: int = 200_000_000


class Batch(Struct):
    """What is written at once: all of it, or nothing. `forgotten` are subjects whose state is no longer known."""

    events: Sequence[Event] = ()
    samples: Sequence[tuple[str, Sample]] = ()
    known: Sequence[Known] = ()
    forgotten: Sequence[Known] = ()
    notes: Sequence[tuple[str, str]] = ()


class HistoryFile:
    """The history in `folder`; a context in which its lock is held.

    Entering raises TakenError where another process writes it, PlaceError where it must not be written, OSError and
    sqlite3.Error where it cannot be. One that is damaged is put aside under another name: `aside` then says so.
    `suspect`: look through all of it first.
    """

    def __init__(self, folder: Path, limits: Limits, wall: float, *, suspect: bool = False) -> None:
        self._suspect = suspect
        self._folder = folder
        self._limits = limits
        self._wall = wall
        self._stack = ExitStack()
        self._legs: dict[str, tuple[int, int]] = {}
        self._room: dict[str, tuple[int, int]] = {}
        self._shelves = 0
        self.aside = ""

    def __enter__(self) -> Self:
        """Open it."""
        with ExitStack() as unless_kept:
            check_local(self._folder)
            unless_kept.enter_context(held(self._folder))
            try:
                self._connection = self._opened(unless_kept)
            except (sqlite3.Error, BrokenError) as error:
                if not broken(error):
                    raise
                self.aside = put_aside(self._folder, self._wall)
                self._connection = self._opened(unless_kept)
            self._tidier = Tidier(self._connection, self._limits.days, self._limits.size_bytes)
            self._learn_legs()
            self._stack = unless_kept.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, batch: Batch) -> list[int]:
        """Write a batch; return the numbers of its events. It is on the disk then. Raises sqlite3.Error."""
        try:
            with self._changing():
                numbers = [self._add_event(event) for event in batch.events]
                self._add_samples(batch.samples)
                self._connection.executemany(
                    "DELETE FROM known WHERE kind = ? AND subject = ?",
                    [(one.kind.value, one.subject) for one in batch.forgotten],
                )
                self._connection.executemany(
                    "INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?)",
                    [(one.kind.value, one.subject, one.state, one.since) for one in batch.known],
                )
                self._connection.executemany("INSERT OR REPLACE INTO note VALUES (?, ?)", batch.notes)
        except sqlite3.Error:
            self._learn_legs()  # those that were shelved in this transaction are not
            raise
        return numbers

    def note(self, name: str) -> str:
        """Return what was last noted under `name`, empty for nothing."""
        row = self._connection.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def tidy(self, wall: float) -> bool:
        """Make one small step towards the limits; tell whether there is another to make. Raises sqlite3.Error."""
        more = self._tidier.step(wall)
        if self._tidier.swept:
            self._learn_legs()
        self._keep_wal_short()
        return more

    @property
    def in_place(self) -> bool:
        """Whether the file that is written still stands in the folder: somebody may have moved or removed it."""
        try:
            found = (self._folder / FILE_NAME).lstat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._identity

    @property
    def at_limit(self) -> bool:
        """Whether the file has grown to its size."""
        return self._tidier.at_limit

    def make_room(self) -> bool:
        """Drop the oldest, for the file has reached its size; tell whether there was anything. Raises sqlite3.Error."""
        return self._tidier.drop_oldest()

    def _changing(self) -> AbstractContextManager[None]:
        return transaction(self._connection)

    def _opened(self, stack: ExitStack) -> sqlite3.Connection:
        sound = not self._suspect and not _left_behind(self._folder / f"{FILE_NAME}-wal")
        make_file(self._folder)
        uri = f"file:{quote(os.fsencode(self._folder / FILE_NAME))}?mode=rw"
        connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, timeout=_BUSY_S, check_same_thread=False
        )
        with ExitStack() as unless_kept:
            unless_kept.callback(connection.close)
            prepare(connection, self._limits.size_bytes)
            # Whoever wrote it before was killed, or its machine: look through it once.
            if not sound and (found := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise BrokenError(clean(str(found)))
            share(self._folder)
            found = (self._folder / FILE_NAME).lstat()
            self._identity = (found.st_dev, found.st_ino)
            stack.push(unless_kept.pop_all())
        return connection

    def _learn_legs(self) -> None:
        rows = self._connection.execute(
            "SELECT name, sbc, shelf, slot FROM leg ORDER BY shelf, slot"
        ).fetchall()
        self._legs = {name: (shelf, slot) for name, _, shelf, slot in rows}
        self._room = {sbc: (shelf, slot + 1) for _, sbc, shelf, slot in rows}
        self._shelves = max((shelf for _, _, shelf, _ in rows), default=0)

    def _add_event(self, event: Event) -> int:
        row = (
            event.at,
            event.kind.value,
            event.subject,
            event.before,
            event.after,
            event.severity.value,
            event.sentence,
            event.detail,
        )
        cursor = self._connection.execute(
            "INSERT INTO event (at, kind, subject, before, after, severity, sentence, detail)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        return cursor.lastrowid or 0

    def _add_samples(self, samples: Iterable[tuple[str, Sample]]) -> None:
        shelves: dict[int, list[tuple[float, int, Sample]]] = {}
        for leg, sample in samples:
            place = self._legs.get(leg) or self._shelved(leg)
            held_polls = shelves.get(place[0])
            if held_polls is None:
                held_polls = shelves[place[0]] = []
            held_polls.append((sample.at, place[1], sample))
        for shelf, held_polls in shelves.items():
            held_polls.sort(key=itemgetter(0))
            # No row goes over a full hour: hours are summed up one by one.
            for _, hour in groupby(held_polls, key=lambda poll: poll[0] // HOUR_S):
                self._add_polls(shelf, list(hour))

    def _add_polls(self, shelf: int, held_polls: list[tuple[float, int, Sample]]) -> None:
        """Add the polls of one shelf, within one hour and in order."""
        polls = [
            (at, one[0][2].interval_s, {slot: sample for _, slot, sample in one})
            for at, one in ((at, list(one)) for at, one in groupby(held_polls, key=itemgetter(0)))
        ]
        for begin in range(0, len(polls), MOST_POLLS):
            some = polls[begin : begin + MOST_POLLS]
            self._connection.execute(
                "INSERT INTO polls (shelf, level, start, until, data) VALUES (?, 0, ?, ?, ?)",
                (shelf, some[0][0], some[-1][0], pack_polls(some)),
            )

    def _shelved(self, leg: str) -> tuple[int, int]:
        """Give a leg its place: beside others of its SBC."""
        sbc = leg.rpartition("@")[2]
        shelf, slot = self._room.get(sbc, (0, SHELF))
        if slot >= SHELF:
            self._shelves += 1
            shelf, slot = self._shelves, 0
        self._connection.execute(
            "INSERT INTO leg (name, sbc, shelf, slot) VALUES (?, ?, ?, ?)", (leg, sbc, shelf, slot)
        )
        self._room[sbc] = (shelf, slot + 1)
        self._legs[leg] = (shelf, slot)
        return shelf, slot

    def _keep_wal_short(self) -> None:
        """Begin the write-ahead log anew once it is long; a reader in the middle of something puts that off."""
        with contextlib.suppress(OSError):
            if (self._folder / f"{FILE_NAME}-wal").stat().st_size > _WAL_BYTES:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def broken(error: Exception) -> bool:
    """Tell whether an error means that the file is damaged, and not that it cannot be written just now."""
    code = getattr(error, "sqlite_errorcode", 0)
    return isinstance(error, BrokenError) or code & 0xFF in _BROKEN_CODES


def put_aside(folder: Path, wall: float) -> str:
    """Give a damaged history, and what belongs to it, another name; return that. Nothing is deleted. Raises OSError."""
    stamp = datetime.fromtimestamp(wall, UTC).strftime("%Y%m%dT%H%M%SZ")
    name, count = f"{FILE_NAME}.broken-{stamp}", 1
    while os.path.lexists(folder / name):
        count += 1
        name = f"{FILE_NAME}.broken-{stamp}-{count}"
    for end in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            (folder / f"{FILE_NAME}{end}").rename(folder / f"{name}{end}")
    return name


def _left_behind(log: Path) -> bool:
    """Tell whether the last writer did not end in order: it would have emptied its log."""
    with contextlib.suppress(OSError):
        return log.stat().st_size > 0
    return False
