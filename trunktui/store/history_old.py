"""What becomes of old polls and events: summed up, then dropped, in steps so small that nothing waits for them."""

from __future__ import annotations

import math
import sqlite3

from msgspec import Struct

from trunktui.model.history import Point, Sample, points_of, summary
from trunktui.store.history_pack import (
    MOST_POLLS,
    PackError,
    pack_points,
    pack_polls,
    slots_of,
    unpack_points,
    unpack_polls,
)
from trunktui.store.history_schema import transaction

HOUR_S = 3600.0
DAY_S = 86400.0

_OLD_EVENTS = "DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE at < ? LIMIT ?)"
_OLD_POLLS = "DELETE FROM polls WHERE seq IN (SELECT seq FROM polls WHERE level = ? AND until < ? LIMIT ?)"
_BARE_SHELVES = (
    "DELETE FROM leg WHERE shelf IN (SELECT shelf FROM (SELECT DISTINCT shelf FROM leg) AS held"
    " WHERE NOT EXISTS (SELECT 1 FROM polls WHERE polls.shelf = held.shelf) LIMIT ?)"
)
_AT_A_TIME = 200
_PAGES_AT_A_TIME = 256
_FREE_PAGES = 1024
_FULL_SHARE = 0.9


Row = tuple[float, float, bytes]
"""When what is in it begins and ends, and the blob."""


class Level(Struct, frozen=True):
    """One way to keep polls: summaries of `span_s` (0: each poll), at most `chunk_s` of them in one row, for `keep_s`."""

    span_s: float
    chunk_s: float
    keep_s: float


LEVELS: tuple[Level, ...] = (
    Level(0.0, HOUR_S, 2 * HOUR_S),
    Level(0.0, HOUR_S, 2 * DAY_S),
    Level(300.0, HOUR_S, 7 * DAY_S),
    Level(HOUR_S, DAY_S, float("inf")),
)
"""Each poll for 48 hours, in rows of a minute as it was written, then of an hour, which are smaller and read faster;
5 minutes for a week; then hours for as long as anything is kept."""


class Tidier:
    """Keeps an open history within `days` and `size_bytes`."""

    def __init__(self, connection: sqlite3.Connection, days: float, size_bytes: int) -> None:
        self._connection = connection
        self._days = days
        self._size_bytes = size_bytes
        self._swept_at = -math.inf
        self.swept = False
        """Whether the last step took legs' places away."""

    def step(self, wall: float) -> bool:
        """Do one thing that is due, at UTC second `wall`; tell whether there was one."""
        oldest = wall - self._days * DAY_S
        self.swept = False
        return (
            self._expire(oldest)
            or any(self._sum_up(level, wall) for level in range(len(LEVELS) - 1))
            or (self._crowded() and self.drop_oldest())
            or self._sweep(wall)
            or self._give_back()
        )

    def drop_oldest(self) -> bool:
        """Drop the oldest polls, where there are none the oldest events; tell whether there was anything."""
        found = [
            self._connection.execute(
                "SELECT min(until), ? FROM polls WHERE level = ?", (level, level)
            ).fetchone()
            for level in range(len(LEVELS))
        ]
        aged = [(until, level) for until, level in found if until is not None]
        with transaction(self._connection):
            if aged:
                gone = self._connection.execute(
                    "DELETE FROM polls WHERE seq IN (SELECT seq FROM polls WHERE level = ? ORDER BY until LIMIT ?)",
                    (min(aged)[1], _AT_A_TIME),
                )
            else:
                gone = self._connection.execute(
                    "DELETE FROM event WHERE seq IN (SELECT seq FROM event ORDER BY seq LIMIT ?)",
                    (_AT_A_TIME,),
                )
        return gone.rowcount > 0

    @property
    def at_limit(self) -> bool:
        """Whether the file has grown to its size: with a margin, for what did not fit may be large."""
        return self._crowded()

    def _expire(self, oldest: float) -> bool:
        work: list[tuple[str, tuple[float, ...]]] = [(_OLD_EVENTS, (oldest, _AT_A_TIME))]
        work += [(_OLD_POLLS, (level, oldest, _AT_A_TIME)) for level in range(len(LEVELS))]
        for statement, values in work:
            with transaction(self._connection):
                gone = self._connection.execute(statement, values)
            if gone.rowcount > 0:
                return True
        return False

    def _sum_up(self, level: int, wall: float) -> bool:
        """Replace the oldest rows of one shelf and chunk, if they are past their time, by those of the next level."""
        kept, into = LEVELS[level], LEVELS[level + 1]
        due = wall - kept.keep_s - into.chunk_s
        row = self._connection.execute(
            "SELECT shelf, start FROM polls WHERE level = ? AND until < ? ORDER BY until LIMIT 1",
            (level, due),
        ).fetchone()
        if row is None:
            return False
        shelf, begin = row[0], row[1] // into.chunk_s * into.chunk_s
        rows = self._connection.execute(
            "SELECT seq, data FROM polls WHERE shelf = ? AND level = ? AND start >= ? AND start < ?",
            (shelf, level, begin, begin + into.chunk_s),
        ).fetchall()
        blobs = [data for _, data in rows]
        made = _summed(blobs, kept.span_s, begin, into) if into.span_s else _joined(blobs)
        with transaction(self._connection):
            self._connection.executemany("DELETE FROM polls WHERE seq = ?", [(seq,) for seq, _ in rows])
            self._connection.executemany(
                "INSERT INTO polls (shelf, level, start, until, data) VALUES (?, ?, ?, ?, ?)",
                [(shelf, level + 1, *row) for row in made],
            )
        return bool(rows)

    def _sweep(self, wall: float) -> bool:
        """Take the places of legs on shelves where nothing stands any more: an SBC may have invented their names.

        A place is not given to another leg while polls of the former stand there.
        """
        if abs(wall - self._swept_at) < HOUR_S:
            return False
        with transaction(self._connection):
            gone = self._connection.execute(_BARE_SHELVES, (_AT_A_TIME,))
        self.swept = gone.rowcount > 0
        if not self.swept:
            self._swept_at = wall
        return self.swept

    def _crowded(self) -> bool:
        used = self._pragma("page_count") - self._pragma("freelist_count")
        return used * self._pragma("page_size") > self._size_bytes * _FULL_SHARE

    def _give_back(self) -> bool:
        """Give some of the file's free pages back to the disk, if there are many."""
        if self._pragma("freelist_count") <= _FREE_PAGES:
            return False
        self._connection.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_A_TIME})").fetchall()
        return True

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])


def _joined(blobs: list[bytes]) -> list[Row]:
    """Return all polls of `blobs` in as few rows as they fit; a blob that cannot be read is left out."""
    polls: dict[float, dict[int, Sample]] = {}
    for blob in blobs:
        try:
            for slot in range(slots_of(blob)):
                for sample in unpack_polls(blob, slot):
                    polls.setdefault(sample.at, {})[slot] = sample
        except PackError:
            continue
    times = sorted(polls)
    rows: list[Row] = []
    for begin in range(0, len(times), MOST_POLLS):
        some = times[begin : begin + MOST_POLLS]
        packed = pack_polls([(at, next(iter(polls[at].values())).interval_s, polls[at]) for at in some])
        rows.append((some[0], some[-1], packed))
    return rows


def _summed(blobs: list[bytes], span_s: float, begin: float, into: Level) -> list[Row]:
    """Return the polls of `blobs` (summaries of `span_s` each) summed up; a blob that cannot be read is left out."""
    held: dict[int, dict[int, list[Point]]] = {}
    for blob in blobs:
        try:
            for slot in range(slots_of(blob)):
                for point in unpack_points(blob, slot) if span_s else points_of(unpack_polls(blob, slot)):
                    places = held.setdefault(slot, {})
                    places.setdefault(int((point.at - begin) // into.span_s), []).append(point)
        except PackError:
            continue
    points = {
        slot: [
            summary(begin + place * into.span_s, into.span_s, some) for place, some in sorted(places.items())
        ]
        for slot, places in held.items()
    }
    return [(begin, begin + into.chunk_s, pack_points(begin, into.span_s, points))] if points else []
