"""SIGHUP: the wish to reload while the terminal is there, the end when it is gone."""

from __future__ import annotations

import os
import signal

from tests.tui.terminal_session import TerminalSession

APP = ["-m", "tests.tui.pty_app"]
ASKED = "there is no engine here to ask"


def test_a_sighup_with_the_terminal_there_asks_for_a_reload_and_ends_nothing() -> None:
    with TerminalSession([*APP, "benign"]) as session:
        session.read_until_shown("1 of 60")
        for _ in range(2):
            session.signal(signal.SIGHUP)
            session.read_until_shown(ASKED)
            session.press("s")
            session.read_until_shown("sorted by")
        session.press("q")
        assert session.wait() == 0


def test_a_terminal_that_goes_ends_the_screen_with_129() -> None:
    with TerminalSession([*APP, "benign"]) as session:
        session.read_until_shown("1 of 60")
        session.hang_up()
        assert session.wait(reading=False) == 129


def test_a_sighup_that_comes_with_the_end_of_the_terminal_is_no_reload() -> None:
    with TerminalSession([*APP, "benign"]) as session:
        session.read_until_shown("1 of 60")
        os.kill(session.process.pid, signal.SIGHUP)  # as a shell does that ends, just before its terminal
        session.hang_up()
        assert session.wait(reading=False) == 129


def test_a_reload_does_not_keep_the_hangup_from_ending_the_screen() -> None:
    with TerminalSession([*APP, "benign"]) as session:
        session.read_until_shown("1 of 60")
        session.signal(signal.SIGHUP)
        session.read_until_shown(ASKED)
        session.hang_up()
        assert session.wait(reading=False) == 129
