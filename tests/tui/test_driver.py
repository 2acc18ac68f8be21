"""The terminal's size, told last as it is last."""

from __future__ import annotations

import fcntl
import signal
import struct
import termios

from tests.tui.resized_app import AFTER, BEFORE
from tests.tui.terminal_session import TerminalSession


class Window(TerminalSession):
    """A terminal whose window can be dragged."""

    def drag(self, width: int, height: int) -> None:
        """Give the terminal another size; what it shows follows."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self._screen.resize(height, width)

    def wipe(self) -> None:
        """Lose what the terminal shows."""
        self.display()
        self._screen.reset()


def test_a_size_that_changes_while_it_is_read_is_read_again() -> None:
    with Window(["-m", "tests.tui.resized_app"], size=(100, 25)) as window:
        window.read_until_shown("100 by 25 drawn")
        window.drag(*BEFORE)
        window.read_until_shown(f"{AFTER[0]} by {AFTER[1]} drawn")
        window.read_for(0.3)  # nothing older comes after it
        assert f"{AFTER[0]} by {AFTER[1]} drawn" in window.display()


def test_a_window_dragged_there_and_back_unnoticed_is_drawn_again() -> None:
    with Window(["-m", "tests.tui.resized_app"], size=(100, 25)) as window:
        window.read_until_shown("100 by 25 drawn")
        window.wipe()
        assert "drawn" not in window.display()
        window.signal(signal.SIGWINCH)
        window.read_until_shown("a line")
        window.read_until_shown("100 by 25 drawn")
