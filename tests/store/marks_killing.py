"""Keeps two writers at one file of marks and kills them with SIGKILL at random moments; prints what they had been told.

Each begins marks and ends every other one; what is over is left out at once, so most writes put a whole new file in
the place of the old one, in small pieces for half of the writers.

usage: python -m tests.store.marks_killing FOLDER KILLS SEED
prints one JSON object: {"kills": int, "begun": [id, ...], "asked": [id, ...], "ended": [id, ...]}; of those `asked`
to end nobody was told whether they are.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from tests.marking import BOB, maintenance
from tests.store.killing import write_in_pieces
from trunktui.model.marks import EndCause
from trunktui.store import ledger
from trunktui.store.marks import MarkBook


def main() -> None:
    """Run the whole of it."""
    folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    ledger.LOCK_WAIT_S = 60.0  # a loaded machine is not what this is about
    luck = random.Random(seed)
    told, tell = os.pipe()
    os.set_blocking(told, False)
    heard = bytearray()
    writers = [_writer(folder, tell, number) for number in range(2)]
    for number in range(kills):
        until = time.monotonic() + luck.uniform(0.005, 0.06)
        while (left := until - time.monotonic()) > 0:
            if select.select([told], [], [], left)[0]:
                heard += os.read(told, 65536)
        victim = writers.pop(luck.randrange(2))
        os.kill(victim, signal.SIGKILL)
        assert os.waitpid(victim, 0)[1] == signal.SIGKILL, "a writer died by itself"
        writers.append(_writer(folder, tell, number + 2))
    for victim in writers:
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
    os.close(tell)
    while piece := os.read(told, 65536):
        heard += piece
    said: dict[str, list[str]] = {"begun": [], "asked": [], "ended": []}
    for line in heard.decode().splitlines():
        what, _, name = line.partition(" ")
        said[what].append(name)
    print(json.dumps({"kills": kills, **said}))


def _writer(folder: Path, tell: int, number: int) -> int:
    """Start a writer that marks for ever, and tells each deed once it is acknowledged; return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        if number % 2:
            write_in_pieces(but=tell)
        book = MarkBook(folder, keep=timedelta(0))
        count = 0
        while True:
            name, now = f"w{number}.{count}", datetime.now(UTC)
            book.begin(replace(maintenance(), id=name, since=now, until=now + timedelta(days=1)), now)
            os.write(tell, b"begun %s\n" % name.encode())  # short: never in part
            if count % 2:
                os.write(tell, b"asked %s\n" % name.encode())
                assert book.end([name], datetime.now(UTC), EndCause.ENDED, BOB)
                os.write(tell, b"ended %s\n" % name.encode())
            count += 1
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
