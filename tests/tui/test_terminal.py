"""Where a screen can be drawn, and what is told where it cannot."""

from __future__ import annotations

import pytest
from textual.drivers.linux_driver import LinuxDriver

from trunktui.tui.driver import JobDriver
from trunktui.tui.terminal import clipboard_advice, needs_ascii, refusal

ALL = {"stdin": True, "stdout": True, "stderr": True}


@pytest.mark.parametrize(
    "term", ["xterm-256color", "xterm-16color", "linux", "screen", "tmux-256color", "vt100"]
)
def test_a_terminal_is_good_enough(term: str) -> None:
    assert refusal({"TERM": term}, ttys=ALL) is None


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
def test_a_stream_that_is_no_terminal_is_named(name: str) -> None:
    problem = refusal({"TERM": "xterm"}, ttys={**ALL, name: False})
    assert problem is not None
    assert f"{name} is not a terminal" in problem
    assert "trunktui status" in problem
    assert "\n" not in problem


@pytest.mark.parametrize(("environ", "said"), [({}, "TERM is not set"), ({"TERM": "dumb"}, "TERM=dumb")])
def test_a_terminal_without_a_screen_is_refused(environ: dict[str, str], said: str) -> None:
    problem = refusal(environ, ttys=ALL)
    assert problem is not None
    assert said in problem


@pytest.mark.parametrize(
    ("encoding", "wanted"), [("utf-8", False), ("UTF8", False), ("latin-1", True), (None, True)]
)
def test_ascii_stands_in_where_utf8_cannot_be_sent(encoding: str | None, wanted: bool) -> None:
    assert needs_ascii(encoding, {}) is wanted


@pytest.mark.parametrize(
    ("locale", "wanted"), [("C", True), ("POSIX", True), ("C.UTF-8", False), ("en_GB.UTF-8", False)]
)
def test_ascii_stands_in_where_the_operator_asked_for_the_c_locale(locale: str, wanted: bool) -> None:
    assert needs_ascii("utf-8", {"LC_ALL": locale}) is wanted


def test_the_cure_for_a_dropped_copy_is_one_line_that_fits_40_columns() -> None:
    assert "set-clipboard on" in clipboard_advice({"TMUX": "x"})
    assert len(clipboard_advice({"TMUX": "x"})) < 40
    assert "OSC 52" in clipboard_advice({})


def test_what_the_driver_overrides_is_still_what_textual_calls() -> None:
    handlers = {"_sigtstp_application", "_sigcont_application"}
    assert handlers <= set(LinuxDriver.__init__.__code__.co_names)
    for name in (*handlers, "start_application_mode", "stop_application_mode", "disable_input", "write"):
        assert callable(vars(LinuxDriver)[name])
        assert callable(vars(JobDriver)[name])
