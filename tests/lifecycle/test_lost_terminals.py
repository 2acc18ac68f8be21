"""The terminal goes away or stalls: the program ends or goes on, never spins, and leaves no engine."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.lifecycle.dashboard import (
    ALL_UP,
    RUNNING,
    Dashboard,
    await_gone,
    private_config,
    state_of,
)
from tests.lifecycle.relay import Relay

STALL_S = 8.0
SPIN_SHARE = 0.5
"""A program that spins takes a whole core; one that rests takes a hundredth."""


@pytest.mark.parametrize("how", ["running", "suspended", "SIGHUP ignored", "stalled"])
def test_a_lost_terminal_ends_it_with_129_and_without_spinning(
    how: str, shared_config: Path, tmp_path: Path
) -> None:
    environ = {"PYTHONPATH": str(tmp_path)} if how == "SIGHUP ignored" else {}
    (tmp_path / "sitecustomize.py").write_text("import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)")
    with Dashboard(private_config(shared_config, tmp_path), environ=environ) as session:
        session.until_shown(RUNNING)
        engine = session.engine()
        if how == "suspended":
            session.signal(signal.SIGTSTP)
            session.until(session.is_stopped, "stopped")
        if how == "stalled":
            session.stall()
        before = session.cpu_s()
        session.hang_up()
        used = before
        deadline = time.monotonic() + 30
        while session.process.poll() is None:
            assert time.monotonic() < deadline, "it lives on"
            if state_of(session.process.pid):
                used = session.cpu_s()
            time.sleep(0.02)
        assert session.process.returncode == 129
        assert used - before < 1.0
        await_gone(engine)
        log = session.log.read_text()
        assert "ended by SIGHUP" in log or "ended by the loss of its terminal" in log
        assert "Traceback" not in log


def test_an_unread_terminal_stops_no_polling_and_is_current_when_it_is_read_again(config: Path) -> None:
    with Relay(config) as relay, Dashboard(config) as session:
        session.until_shown(ALL_UP)
        session.stall()
        began = time.monotonic()
        cpu = session.cpu_s()
        while time.monotonic() < began + STALL_S or relay.asks_since(began) < 3:
            assert time.monotonic() < began + 60, "the engine does not poll"
            time.sleep(0.1)
        assert session.cpu_s() - cpu < SPIN_SHARE * (time.monotonic() - began)
        session.until(lambda: session.oldest_poll() in range(4), "fresh news on the screen")
        session.until_shown(ALL_UP)
        session.press("q")
        assert session.wait() == 0
        assert session.is_whole()
