"""Reads a history beside whoever writes it: read-only, in short queries that hold nothing up; its texts are cleaned again.

The file may be older, newer, damaged or another's: what cannot be read is left out, or said in one line (`why`).
"""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import time
from collections.abc import Callable, Container, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from trunktui.model.health import LegState, Severity
from trunktui.model.history import (
    Event,
    EventKind,
    Events,
    Known,
    LastKnown,
    Memory,
    Point,
    Sample,
    Series,
    about,
    points_of,
)
from trunktui.model.text import LINE_LIMIT, Safe, clean
from trunktui.store.history_old import LEVELS
from trunktui.store.history_pack import PackError, unpack_points, unpack_polls
from trunktui.store.history_place import FILE_NAME, PlaceError, check_local
from trunktui.store.history_schema import VERSION

PATIENCE_S = 10.0
"""Seconds that one question may take; then it is given up, so that it holds up no checkpoint for ever."""

_BUSY_S = 1.0
_OPCODES = 10_000
_PAGE = 2000
_EVENTS = (
    "SELECT seq, at, kind, subject, sentence, before, after, severity, detail"
    " FROM event WHERE at >= ? AND seq < ? ORDER BY seq DESC LIMIT ?"
)
_FIRST_EVENTS = _EVENTS.replace(", detail", ", ''")
_KINDS = {kind.value: kind for kind in EventKind}
_SEVERITIES = {severity.value: severity for severity in Severity}
_STATES = {state.value: state for state in LegState}


class HistoryError(Exception):
    """There is no history to read; the text is one clean line with the place."""


class HistoryReader:
    """The history in `folder`, opened when it is first asked. For one thread. Nothing here raises but `events_or_raise`."""

    def __init__(self, folder: Path, patience_s: float = PATIENCE_S) -> None:
        self._folder = folder
        self._patience_s = patience_s
        self._connection: sqlite3.Connection | None = None
        self._identity = (0, 0)
        self._frozen = False
        self._version = 0
        self._until = math.inf

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def memory(self) -> tuple[Memory, Safe]:
        """Return what was last known, and why nothing is where nothing can be read."""
        try:
            with self._asking() as connection:
                return _memory(connection), Safe("")
        except HistoryError as error:
            return Memory(), Safe(str(error))

    def series(self, leg: str, since: float, until: float) -> Series:
        """Return what was measured of one leg between two moments."""
        try:
            with self._asking() as connection:
                return Series(leg, since, until, tuple(_points(connection, leg, since, until)))
        except HistoryError as error:
            return Series(leg, since, until, why=Safe(str(error)))

    def events(
        self,
        since: float,
        selector: str | None = None,
        kind: EventKind | None = None,
        most: int | None = None,
    ) -> Events:
        """Return the newest `most` events (None: all) from `since` on, oldest first."""
        try:
            return self.events_or_raise(since, selector, kind, most)
        except HistoryError as error:
            return Events(why=Safe(str(error)))

    def events_or_raise(
        self,
        since: float,
        selector: str | None = None,
        kind: EventKind | None = None,
        most: int | None = None,
        progress: Callable[[int], None] = lambda _: None,
        trunks: Container[str] = (),
    ) -> Events:
        """Do as `events`, telling `progress` how many were looked at; `trunks` as in `about`.

        Raises HistoryError where nothing can be read.
        """
        found: list[Event] = []
        before, looked_at = 2**63 - 1, 0
        while rows := self._page(since, before):
            for row in rows:
                event = _event(row)
                if event is None or (kind is not None and event.kind is not kind):
                    continue
                if selector is not None and not about(event, selector, trunks):
                    continue
                if most is not None and len(found) >= most:
                    return Events(tuple(reversed(found)), whole=False)
                found.append(event)
            before, looked_at = rows[-1][0], looked_at + len(rows)
            progress(looked_at)
        return Events(tuple(reversed(found)))

    def _page(self, since: float, before: int) -> list[tuple[int, object]]:
        """Return some rows, newest first: a page at a time, so that no checkpoint waits for the reading of all."""
        with self._asking() as connection:
            statement = _EVENTS if self._version >= 2 else _FIRST_EVENTS
            return connection.execute(statement, (since, before, _PAGE)).fetchall()

    @contextlib.contextmanager
    def _asking(self) -> Iterator[sqlite3.Connection]:
        """Open the file if need be; what goes wrong is raised as HistoryError, and it is opened anew next time."""
        place = clean(str(self._folder / FILE_NAME), LINE_LIMIT)
        try:
            connection = self._current()
            self._until = time.monotonic() + self._patience_s
            yield connection
        except FileNotFoundError:
            raise HistoryError(f"no history yet: {place} is not there; the dashboard writes it") from None
        except PlaceError as error:
            raise HistoryError(f"no history: {place} {error}") from error
        except OSError as error:
            raise HistoryError(
                f"no history: {place}: {clean(error.strerror or 'no access').lower()}"
            ) from error
        except sqlite3.Error as error:
            self.close()
            raise HistoryError(f"no history: {place}: {clean(str(error))}") from error
        finally:
            if self._frozen:
                self.close()  # by the next question somebody may write

    def _current(self) -> sqlite3.Connection:
        """Return a connection to the file that stands there now: a damaged one may have been put aside."""
        found = (self._folder / FILE_NAME).stat()
        identity = (found.st_dev, found.st_ino)
        if self._connection is None or identity != self._identity:
            self.close()
            self._connection, self._identity = self._opened(), identity
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        path = self._folder / FILE_NAME
        with path.open("rb"):  # SQLite's own error does not say why
            pass
        check_local(self._folder)
        uri = f"file:{quote(os.fsencode(path))}?mode=ro"
        self._frozen = False
        try:
            connection, self._version = _connected(uri)
        except sqlite3.OperationalError:
            # Nobody writes, and we may not make the files beside it: then it does not change while we read.
            if (self._folder / f"{FILE_NAME}-wal").exists():
                raise
            connection, self._version = _connected(f"{uri}&immutable=1")
            self._frozen = True
        connection.set_progress_handler(lambda: time.monotonic() > self._until, _OPCODES)
        return connection


def _connected(uri: str) -> tuple[sqlite3.Connection, int]:
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, timeout=_BUSY_S, check_same_thread=False
    )
    with contextlib.ExitStack() as unless_kept:
        unless_kept.callback(connection.close)
        connection.execute("PRAGMA query_only = ON")
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise PlaceError(f"was written by a later trunktui (schema {version}); read it with that one")
        if version == 0:
            raise PlaceError("holds nothing yet")
        unless_kept.pop_all()
    return connection, version


def _points(connection: sqlite3.Connection, leg: str, since: float, until: float) -> Iterator[Point]:
    found: list[Point] = []
    place = connection.execute("SELECT shelf, slot FROM leg WHERE name = ?", (leg,)).fetchone()
    samples: list[Sample] = []
    for level, kept in enumerate(LEVELS) if place is not None else ():
        rows = connection.execute(
            "SELECT data FROM polls WHERE shelf = ? AND level = ? AND start > ? AND start < ? AND until >= ?",
            (place[0], level, since - 2 * kept.chunk_s, until, since),
        ).fetchall()
        for (data,) in rows if isinstance(place[1], int) else ():
            with contextlib.suppress(PackError):
                if kept.span_s:
                    found += unpack_points(data, place[1])
                else:
                    samples += unpack_polls(data, place[1])
    found += points_of(sorted(samples, key=lambda one: one.at))
    yield from sorted(
        (point for point in found if point.at < until and point.until > since), key=lambda point: point.at
    )


def _memory(connection: sqlite3.Connection) -> Memory:
    known = tuple(_known(connection))
    legs = {one.subject: one for one in known if one.kind is EventKind.LEG}
    lasts = dict(_last_samples(connection))
    found = [
        LastKnown(name, _STATES[one.state], one.since, lasts.get(name))
        for name, one in legs.items()
        if one.state in _STATES
    ]
    (polled,) = connection.execute("SELECT max(until) FROM polls WHERE level < 2").fetchone()
    newest = connection.execute("SELECT at FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    seen = [at for at in (polled, *(newest or ())) if _is_time(at)]
    return Memory(
        tuple(found), tuple(one for one in known if one.kind is not EventKind.LEG), max(seen, default=None)
    )


def _known(connection: sqlite3.Connection) -> Iterator[Known]:
    for kind, subject, state, since in connection.execute("SELECT kind, subject, state, since FROM known"):
        if kind in _KINDS:
            yield Known(_KINDS[kind], _text(subject), _text(state), since if _is_time(since) else None)


def _last_samples(connection: sqlite3.Connection) -> Iterator[tuple[str, Sample]]:
    """Yield each leg's sample of the last poll of its shelf."""
    slots: dict[int, list[tuple[str, int]]] = {}
    for name, shelf, slot in connection.execute("SELECT name, shelf, slot FROM leg"):
        if isinstance(slot, int):
            slots.setdefault(shelf, []).append((_text(name), slot))
    for shelf, held in slots.items():
        row = connection.execute(
            "SELECT data FROM polls WHERE shelf = ? AND level < 2 ORDER BY level, start DESC LIMIT 1",
            (shelf,),
        ).fetchone()
        for name, slot in held if row is not None else ():
            with contextlib.suppress(PackError):
                yield from ((name, sample) for sample in unpack_polls(row[0], slot)[-1:])


def _event(row: Iterable[object]) -> Event | None:
    """Return a row as an event, None where it is none of ours."""
    seq, at, kind, subject, sentence, before, after, severity, detail = row
    if not isinstance(seq, int) or not isinstance(at, float) or not math.isfinite(at):
        return None
    known = _KINDS.get(str(kind), EventKind.OTHER)
    return Event(
        at=at,
        kind=known,
        subject=_text(subject),
        sentence=_text(sentence),
        before=_text(before),
        after=_text(after),
        severity=_SEVERITIES.get(str(severity), Severity.INDETERMINATE),
        detail=_text(detail),
        seq=seq,
    )


def _text(value: object) -> Safe:
    return clean(value if isinstance(value, str | bytes) else str(value), LINE_LIMIT)


def _is_time(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)
