"""What a long run weighs: read once a simulated day, printed as a table, and held against bounds."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sqlite3
import threading
from collections import Counter
from pathlib import Path

from msgspec import Struct

MIB = 1024.0 * 1024.0
SETTLED_DAYS = 2
"""What is grown by then may stay; from then on nothing grows."""

MOST_RSS_MIB_A_DAY = 2.0
MOST_OBJECTS_A_DAY = 0.005
"""As a share: names that were never there before leave a little (each day's history knows them)."""

_KEPT = """
SELECT 'events', count(*), sum(length(sentence) + length(subject) + length(before) + length(after)) FROM event
UNION ALL SELECT 'legs', count(*), sum(length(name) + length(sbc)) FROM leg
UNION ALL SELECT 'level ' || level, count(*), sum(length(data)) FROM polls GROUP BY level
"""


class Weight(Struct, frozen=True):
    """One reading, after `day` days. `files`: by name, bytes of the database and of its write-ahead log."""

    day: float
    rss_mib: float
    objects: int
    descriptors: int
    threads: int
    tasks: int
    files: dict[str, tuple[int, int]]
    events: Counter[str]
    cpu_s: float
    simulating_s: float


def weigh(
    day: float, folders: dict[str, Path], events: Counter[str], cpu_s: float, simulating_s: float
) -> Weight:
    """Read everything now; `cpu_s` is that of the day, `simulating_s` the part of it that was not the product's."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Weight(
        day=day,
        rss_mib=pages * os.sysconf("SC_PAGE_SIZE") / MIB,
        objects=len(gc.get_objects()),
        descriptors=sum(1 for _ in Path("/proc/self/fd").iterdir()),
        threads=threading.active_count(),
        tasks=len(asyncio.all_tasks()),
        files={name: (_size(folder, ""), _size(folder, "-wal")) for name, folder in folders.items()},
        events=events,
        cpu_s=cpu_s,
        simulating_s=simulating_s,
    )


def _size(folder: Path, end: str) -> int:
    path = folder / f"history.db{end}"
    return path.stat().st_size if path.exists() else 0


Kept = dict[str, tuple[int, int]]
"""By what it is: how many rows a history has of it, and the bytes of what is in them."""


def kept(folder: Path) -> Kept:
    """Return what a history holds."""
    found: Kept = {}
    uri = f"file:{folder / 'history.db'}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
        for name, rows, size in connection.execute(_KEPT).fetchall():
            found[str(name)] = int(rows), int(size or 0)
    return found


def table(weights: list[Weight]) -> list[str]:
    """Return the days as a Markdown table."""
    names = list(weights[0].files)
    heads = ("day", "RSS, MiB", "objects", "fds", "threads", "tasks", *(f"{n}: db + WAL, MB" for n in names))
    lines = ["| " + " | ".join((*heads, "events", "CPU per hour, s (simulator's)")) + " |"]
    lines.append("|" + "---|" * (len(heads) + 2))
    for one in weights:
        files = [f"{db / 1e6:.1f} + {wal / 1e6:.1f}" for db, wal in one.files.values()]
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(one.events.items()))
        cells = (
            f"{one.day:g}",
            f"{one.rss_mib:.1f}",
            f"{one.objects:,}",
            str(one.descriptors),
            str(one.threads),
            str(one.tasks),
            *files,
            f"{sum(one.events.values()):,}: {kinds}",
            f"{one.cpu_s / 24:.1f} ({one.simulating_s / 24:.1f})",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def grown(weights: list[Weight], bounds: dict[str, int], flat: frozenset[str]) -> list[str]:
    """Return what grew past its bound.

    `bounds`: bytes that each file may have as configured, at any time. `flat`: those whose retention has acted by
    the time that counts as settled, so that they do not grow any more.
    """
    found = []
    for one in weights:
        for name, (db, wal) in one.files.items():
            if db > bounds[name]:
                found.append(f"day {one.day:g}: {name} has {db:,} bytes, {bounds[name]:,} are configured")
            if wal > 12 * MIB:
                found.append(f"day {one.day:g}: the write-ahead log of {name} has {wal:,} bytes")
    settled = [one for one in weights if one.day >= SETTLED_DAYS]
    if len(settled) < 2:
        return found
    first, last = settled[0], settled[-1]
    days = last.day - first.day
    if last.rss_mib - first.rss_mib > MOST_RSS_MIB_A_DAY * days:
        found.append(f"RSS grew from {first.rss_mib:.1f} to {last.rss_mib:.1f} MiB in {days:g} days")
    if last.objects > first.objects * (1 + MOST_OBJECTS_A_DAY * days):
        found.append(f"objects grew from {first.objects:,} to {last.objects:,} in {days:g} days")
    found += [
        f"{what} grew from {getattr(first, what)} to {getattr(last, what)}"
        for what in ("descriptors", "threads", "tasks")
        if getattr(last, what) > getattr(first, what)
    ]
    for name in flat:
        early = max(one.files[name][0] for one in settled[: max(1, len(settled) // 2)])
        if last.files[name][0] > 1.1 * early:
            found.append(f"{name} grew from {early:,} to {last.files[name][0]:,} bytes")
    return found
