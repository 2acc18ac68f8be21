"""Every signal in every state: the terminal is whole afterwards, the exit code tells the signal, no engine is left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lifecycle.dashboard import (
    ALL_UP,
    ENDING,
    LEGS,
    RUNNING,
    Dashboard,
    Shell,
    await_gone,
    child_of,
    cpu_s,
    modes_left,
    private_config,
    state_of,
)


def at_the_first_frame(session: Dashboard) -> None:
    session.until(lambda: b"READ-ONLY" in session.output, "the first frame")


def running(session: Dashboard) -> None:
    session.until_shown(ALL_UP)


def with_a_leg_open(session: Dashboard) -> None:
    session.until_shown(RUNNING)
    session.press("\r")
    session.until_shown("fleet >")


def typing_a_filter(session: Dashboard) -> None:
    session.until_shown(RUNNING)
    session.press("/up")
    session.until_shown("enter keeps")


def with_the_terminal_stalled(session: Dashboard) -> None:
    session.until_shown(RUNNING)
    session.stall()


STATES = [
    at_the_first_frame,
    running,
    with_a_leg_open,
    typing_a_filter,
    with_the_terminal_stalled,
]


SPIN_SHARE = 0.5
"""A program that spins takes a whole core; one that rests takes a hundredth."""


@pytest.mark.parametrize("reach", STATES, ids=lambda reach: reach.__name__)
def test_a_signal_ends_it(reach: Callable[[Dashboard], None], shared_config: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        sessions: dict[signal.Signals, Dashboard] = {}
        for number in ENDING:
            folder = tmp_path / number.name
            folder.mkdir()
            sessions[number] = stack.enter_context(Dashboard(private_config(shared_config, folder)))
        stalled = reach is with_the_terminal_stalled
        engines = {}
        for number, session in sessions.items():
            reach(session)
            engines[number] = session.engine()
        for number, session in sessions.items():
            session.signal(number)
        for number, code in ENDING.items():
            session = sessions[number]
            assert session.wait(30, reading=not stalled) == code
            session.read_rest()
            if number is not signal.SIGKILL:
                assert session.is_whole(), number.name
                assert f"ended by {number.name}" in session.log.read_text()
            await_gone(engines[number])
            log = session.log.read_text()
            if reach is not at_the_first_frame:  # it may still have been starting
                assert "the screen is gone, the engine ends" in log
            assert "Traceback" not in log


def test_being_stopped_and_continued_in_any_state_changes_nothing(config: Path) -> None:
    with Dashboard(config) as session:
        session.until_shown(ALL_UP)
        engine = session.engine()
        for keys, shown, back in (
            ("", ALL_UP, ""),
            ("\r", "fleet >", "\x1b"),
            ("?", "change an SBC, and only after", "\x1b"),
            ("/u", "enter keeps", "\r"),
        ):
            session.press(keys)
            session.until_shown(shown)
            for stop in (signal.SIGTSTP, signal.SIGSTOP):
                session.signal(stop)
                session.until(session.is_stopped, "stopped")
                if stop is signal.SIGTSTP:
                    session.read_rest()
                    assert session.is_whole()
                assert state_of(engine) not in {"", "T"}
                session.scribble("WRITTEN BY THE SHELL")
                session.signal(signal.SIGCONT)
                session.until(session.is_drawing, "drawing again")
                session.until_shown(shown)
                session.until(lambda: "WRITTEN BY THE SHELL" not in session.display(), "a whole repaint")
                assert session.attributes() != session.before
            session.press(back)
            session.until_shown(RUNNING)
        session.press("q")
        assert session.wait() == 0
        assert session.is_whole()
        await_gone(engine)


def test_nothing_stays_green_when_the_engine_is_stopped_and_waiting_costs_nothing(config: Path) -> None:
    with Dashboard(config) as session:
        session.until_shown(ALL_UP)
        engine = session.engine()
        began, cpu, engine_cpu = time.monotonic(), session.cpu_s(), cpu_s(engine)
        session.read_for(2)
        assert cpu_s(engine) - engine_cpu < SPIN_SHARE * (time.monotonic() - began)
        os.kill(engine, signal.SIGSTOP)
        session.until_shown(f"{LEGS} unknown")
        assert ALL_UP not in session.display()
        assert session.cpu_s() - cpu < SPIN_SHARE * (time.monotonic() - began)
        session.press("q")
        # it cannot see that its socket is closed, so it takes the signals that come after that
        assert session.wait() == 0
        await_gone(engine)


def test_the_shells_job_control_works_as_with_any_other_program(config: Path) -> None:
    with Shell(config) as session:
        session.start()
        session.until_shown(ALL_UP)
        job = session.engine()  # the shell's only child, that is
        engine = child_of(job)
        session.press("/tr")
        session.until_shown("enter keeps")
        session.press("\x1a")
        session.until_told("Stopped", 1)
        session.press("stty -a | grep -c -- ' icanon' | sed s/^/cooked-/\n")
        session.until_told("cooked-1\n", 1)
        assert modes_left(bytes(session.output)) <= {"?2004"}  # bash's own
        session.press("bg\n")
        session.until_told("Stopped", 2)
        session.press("fg\n")
        session.until(session.is_drawing, "drawing again")
        session.until_shown("enter keeps")
        session.press("\x1a")
        session.until_told("Stopped", 3)
        session.press("kill %1\n")
        session.until_told("Exit 143", 1)
        await_gone(job)
        await_gone(engine)


def test_started_in_the_background_through_a_script_it_waits_for_the_foreground(config: Path) -> None:
    with Shell(config) as session:
        session.start("({}; echo script-goes-on) &")
        session.until_told("Stopped", 1)
        script = session.engine()
        program = child_of(script)
        assert b"\x1b[?1049h" not in session.output
        session.press("fg\n")
        session.until_shown(ALL_UP)
        session.press("\x1a")
        session.until_told("Stopped", 2)
        assert (state_of(script), state_of(program)) == ("T", "T")
        assert modes_left(bytes(session.output)) <= {"?2004"}
        session.press("bg\n")
        session.until_told("Stopped", 3)
        session.press("fg\n")
        session.until(session.is_drawing, "drawing again")
        session.press("q")
        session.until_told("script-goes-on\n", 1)
        await_gone(program)


def test_where_no_shell_could_continue_it_ctrl_z_says_so(config: Path) -> None:
    with Dashboard(config) as session:
        session.until_shown(ALL_UP)
        session.press("\x1a")
        session.until_shown("no shell here that could continue")
        session.press("?")
        session.until_shown("change an SBC, and only after")
        session.press("\x1a")
        session.until_shown("no shell here that could continue")
        session.until_shown("all keys")
        session.press("q")
        assert session.wait() == 0
