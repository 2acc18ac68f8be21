"""Keeps a writer at one history and kills it with SIGKILL at random moments; prints what it had been told.

Run as a process of its own, small and without threads, so that a writer is a fork. The writer never ends a history
in order, so each one that follows finds a log to recover.

usage: python -m tests.store.history_killing FOLDER KILLS SEED
prints one JSON object: {"kills": int, "acknowledged": [[seq, text], ...], "aside": [name, ...]}
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import time
from pathlib import Path

from msgspec.structs import replace

from tests.store.histories import LEG, NOON, event, known, sample
from trunktui.model.health import LegState
from trunktui.model.text import clean
from trunktui.store.history_file import Batch, HistoryFile, Limits


def main() -> None:
    """Run the whole of it."""
    folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    luck = random.Random(seed)
    told, tell = os.pipe()
    os.set_blocking(told, False)
    heard = bytearray()
    for number in range(kills):
        victim = _writer(folder, tell, number)
        if number % 2:  # in the middle of writing, however slow the machine; the others wherever it hits them
            assert select.select([told], [], [], 30.0)[0], "nothing was written"
        until = time.monotonic() + luck.uniform(0.005, 0.06)
        while (left := until - time.monotonic()) > 0:
            if select.select([told], [], [], left)[0]:
                heard += os.read(told, 65536)
        os.kill(victim, signal.SIGKILL)
        assert os.waitpid(victim, 0)[1] == signal.SIGKILL, "a writer died by itself"
    os.close(tell)
    while piece := os.read(told, 65536):
        heard += piece
    acknowledged = [line.split() for line in heard.decode().splitlines()]
    aside = [path.name for path in folder.iterdir() if "broken" in path.name]
    print(
        json.dumps({"kills": kills, "acknowledged": [[int(a), b] for a, b in acknowledged], "aside": aside})
    )


def _writer(folder: Path, tell: int, number: int) -> int:
    """Start a writer that writes for ever, and tells each event once it is written; return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        with HistoryFile(folder, Limits(), NOON) as file:
            count = 0
            while True:
                text = f"w{number}.{count}"
                samples = [(LEG, sample(NOON + count * 30 + n)) for n in range(3)]
                one = replace(event(), sentence=clean(text))
                batch = Batch(events=[one], samples=samples, known=[known(LegState.DOWN, NOON + count)])
                (seq,) = file.write(batch)
                os.write(tell, b"%d %s\n" % (seq, text.encode()))  # short: never in part
                count += 1
                if count % 5 == 0:
                    file.tidy(NOON + 4 * 86400)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
