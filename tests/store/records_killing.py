"""Keeps two writers at one file of records and kills them with SIGKILL at random moments; prints what they had been told.

Each records and takes every third one back; each line goes to the audit log, too.

usage: python -m tests.store.records_killing FOLDER KILLS SEED
prints one JSON object: {"kills": int, "said": [subject, ...], "asked": [subject, ...], "undone": [subject, ...]}; of
those `asked` to be taken back nobody was told whether they are.
"""

from __future__ import annotations

import itertools
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.marking import ALICE
from tests.store.killing import Tell, killed
from tests.store.test_records import audited
from trunktui.model.finding import RecordKind
from trunktui.store.records import RecordBook


def main() -> None:
    """Kill writers of records, and print what they had been told."""
    folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

    def write(number: int, tell: Tell) -> None:
        book = RecordBook(folder, audited(folder))
        for count in itertools.count():
            name, now = f"w{number}.{count}", datetime.now(UTC)
            book.add(RecordKind.ROTATED, name, now.date(), ALICE, now)
            tell(b"said %s\n" % name.encode())
            if count % 3 == 2:
                tell(b"asked %s\n" % name.encode())
                book.take_back(RecordKind.ROTATED, name, ALICE, now)
                tell(b"undone %s\n" % name.encode())

    told: dict[str, list[str]] = {"said": [], "asked": [], "undone": []}
    for line in killed(write, kills, seed, longest_s=0.06):
        what, _, name = line.partition(" ")
        told[what].append(name)
    print(json.dumps({"kills": kills, **told}))


if __name__ == "__main__":
    main()
