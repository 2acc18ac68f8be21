"""An app on the terminal that is resized once more in the very moment its size is read; `python -m` for the tests."""

from __future__ import annotations

import fcntl
import signal
import struct
import termios

from textual.app import App, ComposeResult
from textual.widget import Widget

from trunktui.tui.driver import JobDriver

BEFORE = (90, 20)
AFTER = (60, 15)


class UnluckyDriver(JobDriver):
    """Reads BEFORE; the terminal has changed to AFTER, and the signal has come, before it can tell."""

    def _get_terminal_size(self) -> tuple[int, int]:
        size = super()._get_terminal_size()
        if size == BEFORE:
            fcntl.ioctl(self.fileno, termios.TIOCSWINSZ, struct.pack("HHHH", AFTER[1], AFTER[0], 0, 0))
            signal.raise_signal(signal.SIGWINCH)
        return size


class SizeLine(Widget):
    """Two lines: one that never changes, and the size."""

    def render(self) -> str:
        """Return both."""
        return f"a line\n{self.app.size.width} by {self.app.size.height} drawn"


class SizeApp(App[None]):
    """Shows its size."""

    def compose(self) -> ComposeResult:
        """Yield what shows it."""
        yield SizeLine()


if __name__ == "__main__":
    SizeApp(driver_class=UnluckyDriver).run()
