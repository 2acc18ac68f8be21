"""The lab in turn: one run at a time on a machine, whoever asks; brought up where it is not, and settled."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .lab import CACHE_DIR, Lab, LabError

TURN_S = 900.0


@contextmanager
def in_turn() -> Iterator[Lab]:
    """Give the lab, up and settled. Brought up here, it is taken down again; found up, it is left up.

    Raises LabError where somebody else holds it for TURN_S.
    """
    with (CACHE_DIR / "tests.lock").open("w") as turn:
        _take_turn(turn.fileno())
        lab = Lab()
        was_up = lab.is_up
        lab.up()
        lab.heal()
        lab.settle()
        try:
            yield lab
        finally:
            lab.heal() if was_up else lab.down()


def _take_turn(descriptor: int) -> None:
    """Wait for other runs on this lab to end: their faults would be our findings."""
    deadline = time.monotonic() + TURN_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise LabError(f"another run has held the lab for {TURN_S:.0f} s") from None
            time.sleep(0.5)
        else:
            return
