"""Lets a history run out of disk at many points; what was acknowledged must be there after each. Run as a process.

usage: python -m tests.store.history_filling FOLDER limit POINTS   writes fail in the kernel (RLIMIT_FSIZE), at any byte
       python -m tests.store.history_filling FOLDER tmpfs POINTS   a real tmpfs is full (as root, in a mount namespace)
prints: refused N acknowledged M
"""

from __future__ import annotations

import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from tests.store.histories import LEG, NOON, event, read, sample
from trunktui.model.text import clean
from trunktui.store.history_file import Batch, HistoryFile, Limits

BATCHES = 12
"""A full disk is met within so many, or not at all."""


def main() -> None:
    """Run the whole of it."""
    folder, kind, points = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    if kind == "tmpfs":
        size = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(folder)]
        subprocess.run(size, check=True)
    acknowledged: list[str] = []
    refused = 0
    for point in range(points):
        with _full(folder, kind, point):
            refused += _write(folder, f"full{point}", acknowledged, point)
        assert not _write(folder, f"free{point}", acknowledged, point, batches=1), (
            "not written on a free disk"
        )
        with HistoryFile(folder, Limits(), NOON, suspect=True) as file:  # looks through all of it
            assert not file.aside, file.aside
            if point % 20 == 19:  # the tmpfs is small
                while file.make_room():
                    acknowledged.clear()
        stored = {one.sentence for one in read(folder).events}
        assert set(acknowledged) <= stored, set(acknowledged) - stored
    print(f"refused {refused} acknowledged {len(acknowledged)}")


def _write(folder: Path, name: str, acknowledged: list[str], point: int, batches: int = BATCHES) -> bool:
    """Write some batches; tell whether the disk refused one. Those before it are acknowledged."""
    try:
        with HistoryFile(folder, Limits(), NOON) as file:
            for number in range(batches):
                text = f"{name}.{number} {'r' * (37 * (point % 11))}"
                samples = [(LEG, sample(NOON + 30 * n)) for n in range(point % 7)]
                file.write(Batch(events=[replace(event(), sentence=clean(text, 4096))], samples=samples))
                acknowledged.append(text)
    except (sqlite3.OperationalError, OSError):
        return True
    return False


@contextmanager
def _full(folder: Path, kind: str, point: int) -> Iterator[None]:
    """Let the disk be full after some more bytes: another number at each point."""
    if kind == "limit":
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (point * 911, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        return
    ballast = folder / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
    except OSError:
        pass
    with ballast.open("rb+", buffering=0) as file:
        file.truncate(max(ballast.stat().st_size - 4096 * (point % 40), 0))
    try:
        yield
    finally:
        ballast.unlink()


if __name__ == "__main__":
    main()
