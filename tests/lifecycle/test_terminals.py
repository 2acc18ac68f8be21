"""Terminals of every size, kind and locale; and what is no terminal."""

from __future__ import annotations

import random
import shlex
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lifecycle.dashboard import ALL_UP, RUNNING, Dashboard, private_config

SIZES = [(1, 1), (5, 2), (40, 10), (80, 24), (220, 60)]
TERMS = ["linux", "screen", "vt100", "xterm", "xterm-16color", "tmux-256color"]
UTF8 = {"LC_ALL": "C.UTF-8"}
NO_UTF8 = [
    {"LC_ALL": "C"},
    {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1", "PYTHONCOERCECLOCALE": "0"},
]
RESIZES = 100


def test_it_starts_and_ends_at_every_size(shared_config: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        sessions = []
        for size in SIZES:
            folder = tmp_path / f"{size[0]}x{size[1]}"
            folder.mkdir()
            config = private_config(shared_config, folder)
            sessions.append(stack.enter_context(Dashboard(config, size=size)))
        for size, session in zip(SIZES, sessions, strict=True):
            session.engine()  # started after the first frame
            if size[0] >= 40:
                session.until(lambda session=session: "trunk-04" in session.display(), "the last leg")  # type: ignore[misc]
            session.press("?\r\x1bj/x\x1b q")
        for size, session in zip(SIZES, sessions, strict=True):
            assert session.wait() == 0, size
            assert session.is_whole(), size


def test_a_window_that_is_dragged_through_all_sizes_crashes_nothing(config: Path) -> None:
    chance = random.Random(5)
    with Dashboard(config) as session:
        session.until_shown(ALL_UP)
        for turn in range(RESIZES):
            session.resize(chance.randint(1, 220), chance.randint(1, 60))
            if turn % 10 == 0:
                session.press(chance.choice(["?", "\x1b", "\r", "j"]))
            session.read_some(0.02)
        session.press("\x1b")
        session.resize(120, 30)
        session.until_shown(RUNNING)
        session.until_shown("? all keys")
        session.press("q")
        assert session.wait() == 0
        assert session.is_whole()


def test_it_runs_on_every_usual_terminal(shared_config: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        sessions = {}
        for term in TERMS:
            folder = tmp_path / term
            folder.mkdir()
            config = private_config(shared_config, folder)
            sessions[term] = stack.enter_context(Dashboard(config, environ={**UTF8, "TERM": term}))
        for session in sessions.values():
            session.until_shown(ALL_UP)
            session.press("q")
        for term, session in sessions.items():
            assert session.wait() == 0, term
            assert session.is_whole(), term


def test_without_utf8_every_byte_is_ascii(shared_config: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        sessions = []
        for number, environ in enumerate(NO_UTF8):
            folder = tmp_path / str(number)
            folder.mkdir()
            config = private_config(shared_config, folder)
            sessions.append(stack.enter_context(Dashboard(config, environ=environ)))
        for session in sessions:
            session.until_shown(ALL_UP)
            session.press("\r")
            session.until_shown("fleet >")
            session.press("q")
        for session, environ in zip(sessions, NO_UTF8, strict=True):
            assert session.wait() == 0, environ
            assert bytes(session.output).isascii(), environ
            assert b"\\u" not in session.output, environ


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_place_text_is_refused_in_one_line(term: str, config: Path) -> None:
    with Dashboard(config, environ={"TERM": term}) as session:
        assert session.wait() == 64
        text = bytes(session.output).decode()
    assert text.count("\n") == 1
    assert "trunktui status" in text
    assert "\x1b" not in text


def test_what_is_no_terminal_is_refused_whichever_stream_it_is(config: Path) -> None:
    with ExitStack() as stack:
        sessions = [
            stack.enter_context(Dashboard(config, instead=without(stream, config)))
            for stream in ("0</dev/null", "1>/dev/null", "2>/dev/null", "0<&-", "2>&-")
        ]
        for session in sessions:
            assert session.wait() == 64
            session.read_rest()
            assert b"\x1b" not in session.output


def without(redirection: str, config: Path) -> list[str]:
    """Return the command that runs the program with one of its streams led elsewhere."""
    program = shlex.join([sys.executable, "-m", "trunktui", "--config", str(config)])
    return ["sh", "-c", f"exec {program} {redirection}"]
