"""Keeps two writers at one file of marks and kills them with SIGKILL at random moments; prints what they had been told.

Each begins marks and ends every other one; what is over is left out at once, so most writes put a whole new file in
the place of the old one, in small pieces for half of the writers.

usage: python -m tests.store.marks_killing FOLDER KILLS SEED
prints one JSON object: {"kills": int, "begun": [id, ...], "asked": [id, ...], "ended": [id, ...]}; of those `asked`
to end nobody was told whether they are.
"""

from __future__ import annotations

import itertools
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from tests.marking import BOB, maintenance
from tests.store.killing import Tell, killed
from trunktui.model.marks import EndCause
from trunktui.store.marks import MarkBook


def main() -> None:
    """Kill writers of marks, and print what they had been told."""
    folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

    def write(number: int, tell: Tell) -> None:
        book = MarkBook(folder, keep=timedelta(0))
        for count in itertools.count():
            name, now = f"w{number}.{count}", datetime.now(UTC)
            book.begin(replace(maintenance(), id=name, since=now, until=now + timedelta(days=1)), now)
            tell(b"begun %s\n" % name.encode())
            if count % 2:
                tell(b"asked %s\n" % name.encode())
                assert book.end([name], datetime.now(UTC), EndCause.ENDED, BOB)
                tell(b"ended %s\n" % name.encode())

    said: dict[str, list[str]] = {"begun": [], "asked": [], "ended": []}
    for line in killed(write, kills, seed, longest_s=0.06):
        what, _, name = line.partition(" ")
        said[what].append(name)
    print(json.dumps({"kills": kills, **said}))


if __name__ == "__main__":
    main()
