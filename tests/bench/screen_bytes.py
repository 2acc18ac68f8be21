"""Measures the screen on a pty: bytes a second for twenty changed cells, and the time to the first frame."""

from __future__ import annotations

import os
import statistics
import time
from typing import NamedTuple

from tests.tui.terminal_session import TerminalSession

SIZE = (160, 45)
SETTLE_S = 2.0

_HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App[None]):
    BINDINGS = [("q", "quit", "Quit")]
    def compose(self):
        yield Static("READ-ONLY hello", markup=False)
Hello().run(mouse=False)
"""
_BUSY = ["-m", "tests.tui.pty_app", "busy"]
_HELLO_WORLD = ["-c", _HELLO]
_FRAME = b"READ-ONLY"


class Start(NamedTuple):
    """Seconds from the start of Python to the first frame, CPU seconds and peak memory of the whole run."""

    frame_s: float
    cpu_s: float
    memory_mib: float


def bytes_per_second(seconds: float = 10.0) -> float:
    """Return the bytes a second written for twenty changed cells (and the clock) a second at 160x45."""
    with TerminalSession(_BUSY, size=SIZE) as session:
        session.read_until(lambda out: _FRAME in out)
        session.read_for(SETTLE_S)
        return session.read_for(seconds) / seconds


def start(arguments: list[str]) -> Start:
    """Start a program, wait for its first frame, quit it."""
    began = time.monotonic()
    with TerminalSession(arguments, size=SIZE) as session:
        session.read_until(lambda out: _FRAME in out)
        frame = time.monotonic() - began
        session.press("q")
        while session.process.poll() is None and time.monotonic() - began < 10:
            session.read_for(0.02)
            done, status, usage = os.wait4(session.process.pid, os.WNOHANG)
            if done:
                session.process.returncode = os.waitstatus_to_exitcode(status)
                return Start(frame, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    return Start(frame, float("nan"), float("nan"))


def main(rounds: int = 7) -> int:
    """Print the figures; starts are interleaved, medians are told."""
    print(f"screen: {bytes_per_second():.0f} bytes/s for 20 changed cells a second at 160x45")
    hello, ours = [], []
    for _ in range(rounds):
        hello.append(start(_HELLO_WORLD))
        ours.append(start(["-m", "tests.tui.pty_app", "benign"]))
    for name, starts in (("Textual hello world", hello), ("trunktui", ours)):
        frame, cpu, memory = (statistics.median(column) for column in zip(*starts, strict=True))
        print(
            f"start: {name:<20} first frame {frame * 1000:.0f} ms, CPU {cpu * 1000:.0f} ms, {memory:.0f} MiB"
        )
    ratio = statistics.median(o.frame_s / h.frame_s for o, h in zip(ours, hello, strict=True))
    print(f"start: pairwise ratio {ratio:.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
