"""Gives tests the lab: skipped where it cannot run, unless CI or TRUNKTUI_LAB=required says that it must."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator, Iterator

import pytest

from .lab import CACHE_DIR, Lab, missing

_passed = pytest.StashKey[int]()
_TURN_S = 900.0


def _required() -> bool:
    return os.environ.get("TRUNKTUI_LAB") == "required" or os.environ.get("CI", "").lower() in ("true", "1")


def pytest_configure(config: pytest.Config) -> None:
    """Begin counting the lab tests that really ran."""
    config.stash[_passed] = 0


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Give the lab, up and settled. Brought up here, it is taken down again; found up, it is left up."""
    reason = missing()
    if reason is not None:
        if _required():
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count the lab tests that really ran."""
    report = yield
    if report.when == "call" and report.passed and item.get_closest_marker("lab"):
        item.config.stash[_passed] += 1
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that had to use the lab, chose lab tests, and passed none of them."""
    chosen = [item for item in session.items if item.get_closest_marker("lab")]
    ran = session.config.stash[_passed] > 0 or session.config.option.collectonly
    if _required() and chosen and not ran and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
