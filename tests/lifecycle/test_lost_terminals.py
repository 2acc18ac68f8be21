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


def test_neither_an_unread_terminal_nor_a_stopped_screen_stops_the_polling(
    shared_config: Path, tmp_path: Path
) -> None:
    configs = []
    for name in ("unread", "stopped"):
        (tmp_path / name).mkdir()
        configs.append(private_config(shared_config, tmp_path / name))
    with (
        Relay(configs[0]) as for_unread,
        Relay(configs[1]) as for_stopped,
        Dashboard(configs[0]) as unread,
        Dashboard(configs[1]) as stopped,
    ):
        for session in (unread, stopped):
            session.until_shown(ALL_UP)
        stopped.signal(signal.SIGSTOP)
        stopped.until(stopped.is_stopped, "stopped")
        unread.stall()
        began, cpu = time.monotonic(), unread.cpu_s()
        while (
            time.monotonic() < began + STALL_S
            or min(r.asks_since(began) for r in (for_unread, for_stopped)) < 3
        ):
            assert time.monotonic() < began + 60, "an engine does not poll"
            time.sleep(0.1)
        assert unread.cpu_s() - cpu < SPIN_SHARE * (time.monotonic() - began)
        stopped.signal(signal.SIGCONT)
        for session in (unread, stopped):
            session.until(session.is_fresh, "fresh news on the screen")
            session.until_shown(ALL_UP)
            session.press("q")
            assert session.wait() == 0
            assert session.is_whole()
