"""Measures the history: what a minute of polls costs to write against other layouts, its bytes per leg and day, its reading."""

from __future__ import annotations

import random
import sqlite3
import statistics
import struct
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from tests.fleets import leg as leg_status
from tests.fleets import sbc as sbc_status
from tests.store.histories import NOON
from trunktui.engine.recorder import Recorder
from trunktui.model.health import LegState, ProbeSignal, RegSignal
from trunktui.model.history import EventKind, Known, Memory, Sample
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import clean
from trunktui.store.history_file import Batch, HistoryFile, Limits
from trunktui.store.history_read import HistoryReader

LEGS, PER_SBC, POLLS = 10_000, 20, 6
ROUNDS = 7
MONTH_LEGS = 40

Minute = list[tuple[str, Sample]]


def measured(luck: random.Random, at: float, interval_s: float) -> Sample:
    """Return what a healthy leg in use tells: a round trip that varies, some channels."""
    return Sample(
        at,
        interval_s,
        LegState.UP,
        RegSignal.REGISTERED,
        ProbeSignal.OK,
        round(luck.gauss(23, 2), 3),
        luck.randrange(20, 60),
        round(luck.uniform(0, 5), 1),
    )


def minute_of(legs: int, at: float) -> Minute:
    """Return a minute of polls, one each 10 s."""
    luck = random.Random(at)
    names = [f"trunk{number % PER_SBC}@sbc{number // PER_SBC}" for number in range(legs)]
    return [(name, measured(luck, at + 10 * poll, 10.0)) for poll in range(POLLS) for name in names]


class PlainRows:
    """One row per sample."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(
            "CREATE TABLE sample (leg INTEGER, at REAL, state, reg, probe, rtt REAL, channels, cps REAL)"
        )
        self._ids: dict[str, int] = {}

    def write(self, minute: Minute) -> None:
        """Write a minute of polls."""
        ids = self._ids
        rows = [
            (ids.setdefault(name, len(ids)), s.at, 0, 1, 0, s.rtt_ms, s.channels, s.cps) for name, s in minute
        ]
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO sample VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def close(self) -> None:
        """End it."""
        self._db.close()


class IndexedRows(PlainRows):
    """One row per sample, to be found by leg."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._db.execute("CREATE INDEX place ON sample (leg, at)")


class BlobPerLeg:
    """One blob per leg and minute, deflated."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("CREATE TABLE packed (leg INTEGER, at REAL, data BLOB)")
        self._db.execute("CREATE INDEX place ON packed (leg, at)")
        self._ids: dict[str, int] = {}

    def write(self, minute: Minute) -> None:
        """Write a minute of polls."""
        held: dict[str, list[Sample]] = {}
        for name, one in minute:
            held.setdefault(name, []).append(one)
        rows = [
            (self._ids.setdefault(name, len(self._ids)), polls[0].at, self._packed(polls))
            for name, polls in held.items()
        ]
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO packed VALUES (?, ?, ?)", rows)
        self._db.execute("COMMIT")

    @staticmethod
    def _packed(polls: list[Sample]) -> bytes:
        body = b"".join(
            struct.pack("<IBBBIIf", round((s.at - polls[0].at) * 1000), 0, 1, 0, round((s.rtt_ms or 0) * 1000),
                        s.channels or 0, s.cps or 0.0)
            for s in polls
        )  # fmt: skip
        return zlib.compress(body, 6)

    def close(self) -> None:
        """End it."""
        self._db.close()


class Shelves:
    """As the history does it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(0o700)
        self._file = HistoryFile(path.parent, Limits(size_bytes=2_000_000_000), NOON)
        self._file.__enter__()

    def write(self, minute: Minute) -> None:
        """Write a minute of polls."""
        self._file.write(Batch(samples=minute))

    def close(self) -> None:
        """End it."""
        self._file.__exit__(None, None, None)


def layouts(folder: Path) -> None:
    """Print what a minute of 10,000 legs costs in each layout; rounds are interleaved, medians are told."""
    made: dict[str, tuple[PlainRows | BlobPerLeg | Shelves, Path]] = {}
    kinds: dict[str, Callable[[Path], PlainRows | BlobPerLeg | Shelves]] = {
        "a row per sample, unindexed": PlainRows,
        "a row per sample": IndexedRows,
        "a blob per leg and minute": BlobPerLeg,
        "a blob per shelf and minute": Shelves,
    }
    for number, (name, kind) in enumerate(kinds.items()):
        path = folder / f"layout{number}" / "history.db"
        if kind is not Shelves:
            path.parent.mkdir()
        made[name] = kind(path), path
    cpu: dict[str, list[float]] = {name: [] for name in made}
    for number in range(ROUNDS):
        minute = minute_of(LEGS, NOON + 60 * number)
        for name, (layout, _) in made.items():
            began = time.process_time()
            layout.write(minute)
            cpu[name].append(time.process_time() - began)
    ours = "a blob per shelf and minute"
    for name, (layout, path) in made.items():
        layout.close()
        size = path.stat().st_size / (LEGS * POLLS * ROUNDS)
        ratio = statistics.median(one / mine for one, mine in zip(cpu[name], cpu[ours], strict=True))
        print(
            f"history: {name:<28} {statistics.median(cpu[name]) * 1000:6.0f} ms of CPU for {LEGS:,} legs x {POLLS}"
            f" polls, {ratio:.1f} times ours; {size:.1f} bytes a sample"
        )


def month(folder: Path) -> None:
    """Print bytes per leg and day for each age, after a month of polls every 30 s, and what reading takes."""
    luck = random.Random(1)
    names = [f"trunk{number % PER_SBC}@sbc{number // PER_SBC}" for number in range(MONTH_LEGS)]
    knowing = [Known(EventKind.LEG, clean(name), clean("up"), NOON) for name in names]
    days = 30
    with HistoryFile(folder, Limits(days=days + 1), NOON) as file:
        file._connection.execute("PRAGMA synchronous = OFF")
        file.write(Batch(known=knowing))
        for minute in range(days * 1440):
            at = NOON + 60 * minute
            polls = [(name, measured(luck, at + 30 * poll, 30.0)) for poll in range(2) for name in names]
            file.write(Batch(samples=polls))
            if minute % 60 == 0:
                while file.tidy(at):
                    pass
    end = NOON + days * 86400
    connection = sqlite3.connect(folder / "history.db")
    for words, levels, span in (
        ("each poll", "0, 1", 2 + 1 / 24),
        ("5 minutes", "2", 5),
        ("hours", "3", days - 8),
    ):
        (size,) = connection.execute(
            f"SELECT sum(length(data) + 40) FROM polls WHERE level IN ({levels})"  # noqa: S608 - ours
        ).fetchone()
        print(f"history: {words:<10} {(size or 0) / MONTH_LEGS / span:8.0f} bytes a leg and day")
    connection.close()
    whole = (folder / "history.db").stat().st_size
    print(f"history: {days} days of a leg asked every 30 s: {whole / MONTH_LEGS / 1000:.0f} kB")
    with HistoryReader(folder) as reader:
        reader.memory()
        for words, span_s in (("24 hours", 86400), ("30 days", days * 86400)):
            began = time.process_time()
            found = reader.series(names[7], end - span_s, end)
            took = (time.process_time() - began) * 1000
            print(f"history: reading {words:<8} of a leg: {took:.0f} ms of CPU, {len(found.points)} points")


def start(folder: Path) -> None:
    """Print what the first frame waits for, and what the recorder costs."""
    legs = 2000
    names = [f"trunk{number % PER_SBC}@sbc{number // PER_SBC}" for number in range(legs)]
    luck = random.Random(2)
    with HistoryFile(folder, Limits(), NOON) as file:
        file.write(
            Batch(
                samples=[(name, measured(luck, NOON, 30.0)) for name in names],
                known=[Known(EventKind.LEG, clean(name), clean("up"), NOON) for name in names],
            )
        )
    began = time.process_time()
    with HistoryReader(folder) as reader:
        memory, _ = reader.memory()
    took_ms = (time.process_time() - began) * 1000
    print(f"history: what was known of {len(memory.legs):,} legs, read in {took_ms:.0f} ms of CPU")
    sbcs = tuple(sbc_status(f"sbc{number}") for number in range(legs // PER_SBC))
    statuses = [leg_status(name) for name in names]
    recorder = Recorder(Memory(), 0.0)
    recorder.look(Snapshot(1, 1000.0, sbcs, tuple(statuses)), 0.0)
    took = []
    for number in range(50):
        at = 1000.0 + number
        for index in range(PER_SBC):  # one SBC answered
            statuses[index] = replace(statuses[index], observed_at=at, late_at=at + 60, stale_at=at + 90)
        began = time.process_time()
        recorder.look(Snapshot(1, at, sbcs, tuple(statuses)), 0.0)
        took.append((time.process_time() - began) * 1000)
    print(
        f"history: looking at {legs:,} legs of which {PER_SBC} are new: {statistics.median(took):.2f} ms of CPU"
    )


def main() -> int:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        for part in (layouts, month, start):
            folder = Path(name) / part.__name__
            folder.mkdir(0o700)
            part(folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
