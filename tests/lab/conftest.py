"""Gives tests the lab: skipped where it cannot run, unless CI or TRUNKTUI_LAB=required says that it must."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator

import pytest

from tests.conftest import lab_required

from .lab import CACHE_DIR, Lab, missing

_TURN_S = 900.0


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Give the lab, up and settled. Brought up here, it is taken down again; found up, it is left up."""
    reason = missing()
    if reason is not None:
        if lab_required():
            pytest.fail(f"this run must have the lab, but {reason}", pytrace=False)
        pytest.skip(reason)
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
    """Wait for other test runs on this lab to end: their faults would be our findings."""
    deadline = time.monotonic() + _TURN_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                pytest.fail(f"another test run has held the lab for {_TURN_S:.0f} s", pytrace=False)
            time.sleep(0.5)
        else:
            return


@pytest.fixture(autouse=True)
def _healed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take back whatever a test left broken, so that the next one does not pay for it."""
    yield
    used = getattr(request.node, "funcargs", {}).get("lab")
    if isinstance(used, Lab) and used.broken:
        used.heal()
