"""The real program on a real pty: which bytes reach the terminal, and how it is left."""

from __future__ import annotations

import base64
import re
import signal
from pathlib import Path

import pytest

from tests.tui.fleet_samples import PAYLOADS
from tests.tui.pty_app import CANARY
from tests.tui.terminal_session import TerminalSession

APP = ["-m", "tests.tui.pty_app"]
SEQUENCE = re.compile(r"\x1b\[[<=>?]?[0-9;:]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
CLIPBOARD = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
FORBIDDEN = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]"
)
FIRST_FRAME = b"READ-ONLY"
HIDE_CURSOR = b"\x1b[?25l"
LEAVE_SCREEN = b"\x1b[?1049l"


def shapes(output: str) -> set[str]:
    """Return the kinds of escape sequences: modes whole, others without their numbers."""
    kinds = set()
    for sequence in SEQUENCE.findall(output):
        if sequence.startswith("\x1b]"):
            kinds.add("OSC " + sequence[2:].partition(";")[0])
        elif sequence[-1] in "hlu":
            kinds.add(sequence)
        else:
            kinds.add(re.sub(r"[0-9;]+", "", sequence))
    return kinds


def played(mode: str) -> str:
    """Run the app through its screens and return what it wrote, as text."""
    with TerminalSession([*APP, mode]) as session:
        session.read_until_shown("1 of 60")
        for keys, seen in (("jjj", "4 of 60"), ("\r", "esc back"), ("\x1b", "4 of 60")):
            session.press(keys)
            session.read_until_shown(seen)
        session.press("e")
        session.read_until_shown("SUBJECT")
        session.press("G")
        session.read_until_shown("60 events")
        session.press("\x1b")
        session.read_until_shown("4 of 60")
        session.press("y")
        session.read_until(lambda out: b"\x1b]52;" in out)
        session.press("?")
        # the last line is painted last: only then is the other screen gone
        session.read_until_shown("esc back")
        session.press("\x1b")
        session.read_until(lambda _: "enter open" in session.display() or "copied" in session.display())
        session.press("/a")
        session.read_until_shown("enter keeps")
        session.press("\r")
        session.read_until_shown("hidden)")
        session.press("q")
        assert session.wait() == 0
        return bytes(session.output).decode("utf-8")


def test_hostile_text_puts_no_byte_on_the_terminal_that_benign_text_does_not() -> None:
    assert len(PAYLOADS) == 60
    benign = played("benign")
    for mode in ("hostile", "raw"):
        hostile = played(mode)
        assert shapes(hostile) <= shapes(benign)
        for encoded in CLIPBOARD.findall(hostile):
            copied = base64.b64decode(encoded).decode()
            if mode == "hostile":
                assert not FORBIDDEN.search(copied)
        left = SEQUENCE.sub("", hostile).replace("\r\n", "")
        assert not FORBIDDEN.search(left), repr(FORBIDDEN.search(left))
        assert "�" in left or "␛" in left


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, 143),
        (signal.SIGINT, 130),
        (signal.SIGUSR1, 138),
        (signal.SIGXCPU, 152),
    ],
)
def test_a_signal_leaves_the_terminal_as_it_was(number: signal.Signals, code: int) -> None:
    with TerminalSession([*APP, "benign"]) as session:
        session.read_until(lambda out: FIRST_FRAME in out)
        assert session.attributes() != session.before
        session.signal(number)
        assert session.wait() == code
        assert LEAVE_SCREEN in session.output
        assert session.attributes() == session.before


def test_ctrl_c_quits_with_130_even_while_a_filter_is_typed() -> None:
    with TerminalSession([*APP, "benign"]) as session:
        session.read_until(lambda out: FIRST_FRAME in out)
        session.press("/x")
        session.read_until_shown("enter keeps")
        session.press("\x03")
        assert session.wait() == 130
        assert session.attributes() == session.before


def test_a_stalled_terminal_does_not_keep_a_terminated_screen_alive() -> None:
    with TerminalSession([*APP, "busy"]) as session:
        session.read_until(lambda out: FIRST_FRAME in out)
        stall = 12
        for _ in range(stall):
            session.press("jkjkjkjk?\x1b")
        session.signal(signal.SIGTERM)
        assert session.wait(reading=False) == 143


def test_a_lost_terminal_ends_the_screen() -> None:
    with TerminalSession([*APP, "nohup"]) as session:
        session.read_until(lambda out: FIRST_FRAME in out)
        session.hang_up()
        assert session.wait(reading=False) == 129


def test_an_error_ends_with_one_line_that_names_the_log_and_shows_no_locals(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    with TerminalSession([*APP, "crash", str(log)]) as session:
        assert session.wait() == 1
        output = bytes(session.output).decode()
        assert session.attributes() == session.before
    after = output[output.rindex("\x1b[?1004l") :]
    lines = [line for line in SEQUENCE.sub("", after).splitlines() if line.strip()]
    assert len(lines) == 1
    assert lines[0].startswith("trunktui: the screen failed (LookupError at pty_app.py:")
    assert str(log) in lines[0]
    assert CANARY not in output + log.read_text()
    assert "LookupError: feed broke" in log.read_text()
    assert "secret = " not in output + log.read_text()
    assert log.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_draw_is_refused_with_the_alternative(term: str) -> None:
    with TerminalSession([*APP, "benign"], environ={"TERM": term}) as session:
        assert session.wait() == 64
        text = bytes(session.output).decode()
    assert "trunktui status" in text
    assert "\x1b" not in text
    assert text.count("\n") == 1


def test_a_pipe_instead_of_a_terminal_is_refused() -> None:
    code = (
        "import subprocess, sys; command = [sys.executable, '-m', 'tests.tui.pty_app', 'benign'];"
        "sys.exit(subprocess.run(command, stdout=subprocess.PIPE).returncode)"
    )
    with TerminalSession(["-c", code]) as session:
        assert session.wait() == 64
        assert b"stdout is not a terminal" in session.output


def test_a_terminal_without_utf8_gets_ascii_only() -> None:
    environ = {
        "LC_ALL": "POSIX",
        "PYTHONUTF8": "0",
        "PYTHONIOENCODING": "latin-1",
        "PYTHONCOERCECLOCALE": "0",
    }
    with TerminalSession([*APP, "benign"], environ=environ) as session:
        session.read_until(lambda out: b"! DEGR" in out)
        session.press("q")
        assert session.wait() == 0
        assert bytes(session.output).isascii()


def test_no_color_sends_no_colour() -> None:
    with TerminalSession([*APP, "benign"], environ={"NO_COLOR": "1"}) as session:
        session.read_until(lambda out: FIRST_FRAME in out)
        session.press("j")
        session.read_for(0.5)
        session.press("q")
        assert session.wait() == 0
        output = bytes(session.output).decode()
    codes = {code for styles in re.findall(r"\x1b\[([0-9;]*)m", output) for code in styles.split(";")}
    assert codes <= {"", "0", "1", "2", "3", "4", "7", "39", "49"}


def test_twenty_changed_cells_a_second_cost_less_than_two_kibibytes() -> None:
    with TerminalSession([*APP, "busy"]) as session:
        session.read_until_shown("1 of 16")
        session.read_for(1)
        assert session.read_for(3) / 3 < 2048
        session.press("q")
        assert session.wait() == 0


def test_moving_over_fifty_legs_reads_little_of_the_past_and_paints_little(tmp_path: Path) -> None:
    notes = tmp_path / "read"
    with TerminalSession([*APP, "past", str(notes)]) as session:
        session.read_until_shown("in 8h")
        before = len(session.output)
        for _ in range(5):
            session.press("jjjjjjjjjj")
        session.read_until_shown("51 of 60")
        session.read_until(lambda _: f"── {notes.read_text().splitlines()[-1]} ──" in session.display())
        session.read_for(1)
        written = len(session.output) - before
        session.press("q")
        assert session.wait() == 0
    # a loaded machine may let the cursor rest in between; each rest is one read
    assert len(notes.read_text().splitlines()) <= 20
    # fifty repaints of the pane and two rows would be more
    assert written < 40_000, written


def test_losing_and_getting_the_focus_repaints_nothing() -> None:
    with TerminalSession([*APP, "benign"]) as session:
        session.read_until_shown("1 of 60")
        session.read_for(0.5)
        session.press("\x1b[O")
        session.press("\x1b[I")
        written = session.read_for(0.5)
        # the clock and the ages go on meanwhile; a repaint is ten times that
        assert written < 3000
        session.press("q")
        assert session.wait() == 0


def test_the_mouse_is_never_taken() -> None:
    with TerminalSession([*APP, "benign"]) as session:
        session.read_until(lambda out: FIRST_FRAME in out)
        session.press("q")
        assert session.wait() == 0
        assert HIDE_CURSOR in session.output
        assert not re.search(rb"\x1b\[\?(1000|1002|1003|1015|1006)h", bytes(session.output))
