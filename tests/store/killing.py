"""Keeps two writers at one audit log and kills them with SIGKILL at random moments; prints what they had been told.

Run as a process of its own, small and without threads, so that a writer is a fork and costs a millisecond.
Half of the writers write in small pieces: a kill then lands in the middle of a line, as on a slow disk.

usage: python -m tests.store.killing FOLDER KILLS SEED
prints one JSON object: {"kills": int, "acknowledged": [[seq, hash], ...]}
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.store.logs import ALICE, intent
from trunktui.store import ledger
from trunktui.store.audit import AuditLog

PIECE = 24
PIECE_TAKES_S = 0.0002


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
        until = time.monotonic() + luck.uniform(0.002, 0.08)
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
    acknowledged = [line.split() for line in heard.decode().splitlines()]
    print(json.dumps({"kills": kills, "acknowledged": [[int(seq), text] for seq, text in acknowledged]}))


def _writer(folder: Path, tell: int, number: int) -> int:
    """Start a writer that appends for ever, and tells each entry once it is acknowledged; return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        if number % 2:
            write_in_pieces(but=tell)
        log = AuditLog(folder, ALICE, lambda: datetime.now(UTC))
        count = 0
        while True:
            entry = log.append(intent(f"w{number}.{count}"))
            os.write(tell, b"%d %s\n" % (entry.seq, entry.hash.encode()))  # short: never in part
            count += 1
    finally:
        os._exit(1)


def write_in_pieces(but: int) -> None:
    """Let this process write a few bytes at a time, slowly, to every descriptor but one."""
    whole = os.write

    def write(descriptor: int, data: bytes | memoryview) -> int:
        if descriptor == but:
            return whole(descriptor, data)
        time.sleep(PIECE_TAKES_S)
        return whole(descriptor, data[:PIECE])

    os.write = write  # type: ignore[assignment]


if __name__ == "__main__":
    main()
