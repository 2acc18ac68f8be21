"""Keeps two writers at one file and kills them with SIGKILL at random moments; here: at an audit log.

Run as a process of its own, small and without threads, so that a writer is a fork and costs a millisecond.
Half of the writers write in small pieces: a kill then lands in the middle of a line, as on a slow disk.

usage: python -m tests.store.killing FOLDER KILLS SEED
prints one JSON object: {"kills": int, "acknowledged": [[seq, hash], ...]}
"""

from __future__ import annotations

import itertools
import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.store.logs import ALICE, intent
from trunktui.store import ledger
from trunktui.store.audit import AuditLog

PIECE = 24
PIECE_TAKES_S = 0.0002


Tell = Callable[[bytes], None]
"""Tells one short line, never in part; what was told before the kill is heard."""


def run(module: str, folder: Path, kills: int) -> Any:
    """Run a module like this one in a process of its own; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.store.{module}", str(folder), str(kills), "1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def main() -> None:
    """Kill writers of an audit log, and print what they had been told."""
    folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

    def write(number: int, tell: Tell) -> None:
        log = AuditLog(folder, ALICE, lambda: datetime.now(UTC))
        for count in itertools.count():
            entry = log.append(intent(f"w{number}.{count}"))
            tell(b"%d %s\n" % (entry.seq, entry.hash.encode()))

    acknowledged = [line.split() for line in killed(write, kills, seed, longest_s=0.08)]
    print(json.dumps({"kills": kills, "acknowledged": [[int(seq), text] for seq, text in acknowledged]}))


def killed(write: Callable[[int, Tell], None], kills: int, seed: int, longest_s: float) -> list[str]:
    """Kill one of two writers again and again, each after `longest_s` at most; return the lines that they told.

    `write` writes for ever; it is given the writer's number.
    """
    ledger.LOCK_WAIT_S = 60.0  # a loaded machine is not what this is about
    luck = random.Random(seed)
    told, tell = os.pipe()
    os.set_blocking(told, False)
    heard = bytearray()
    writers = [_writer(write, tell, number) for number in range(2)]
    for number in range(kills):
        until = time.monotonic() + luck.uniform(0.002, longest_s)
        while (left := until - time.monotonic()) > 0:
            if select.select([told], [], [], left)[0]:
                heard += os.read(told, 65536)
        victim = writers.pop(luck.randrange(2))
        os.kill(victim, signal.SIGKILL)
        assert os.waitpid(victim, 0)[1] == signal.SIGKILL, "a writer died by itself"
        writers.append(_writer(write, tell, number + 2))
    for victim in writers:
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
    os.close(tell)
    while piece := os.read(told, 65536):
        heard += piece
    return heard.decode().splitlines()


def _writer(write: Callable[[int, Tell], None], tell: int, number: int) -> int:
    """Start a writer; return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        if number % 2:
            write_in_pieces(but=tell)

        def say(line: bytes) -> None:
            os.write(tell, line)

        write(number, say)
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
