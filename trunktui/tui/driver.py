"""Textual's driver with a suspension that keeps its word: stopped, continued, in the background, as a shell's jobs.

Textual's own starts a second time over the first after SIGSTOP and SIGCONT: the program then never ends, and the
terminal stays raw. It also reads the terminal's size inside the handler of SIGWINCH, where a second signal can come
between reading and telling: the older size is told last then, and the screen is drawn too wide until the next one.
All this rests on internal API of Textual; the tests of the lifecycle pin it.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType

from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.geometry import Size

from trunktui.tui.terminal import TerminalGuard, in_background, stop, stop_group, without_ttou

_GRACE_S = 0.3
"""Continued in the background, wait so long before stopping again: `kill %1` continues first, then ends."""

_PARENT_FIELD = 1
"""Where /proc/PID/stat names the parent, counted after the program's name."""


class JobDriver(LinuxDriver):
    """Gives the terminal back whole before it stops, takes it again only in the foreground, and repaints then.

    The work is done in the loop and not in the handlers: these may interrupt a write half way.
    """

    _drawing = False
    _muted = False
    _stopping = False
    _continued = False

    def write(self, data: str) -> None:
        """Write while the terminal is ours; what a tick draws after that is dropped."""
        if self._drawing and not self._muted:
            super().write(data)

    def start_application_mode(self) -> None:
        """Take the terminal; should a shell have taken it back this very moment, be silent and stop."""
        self._drawing, self._muted = True, False
        with without_ttou():  # Textual would stop here, alone, and go on without having started
            super().start_application_mode()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGWINCH, self._sigwinch_application)
        self._muted = in_background()
        if self._muted:
            self._loop.call_later(_GRACE_S, self._stop_again)

    def stop_application_mode(self) -> None:
        """Give the terminal back, once; in the background its settings are the shell's and left alone."""
        if not self._drawing:
            return
        self._muted = False
        with without_ttou():
            if in_background():
                self.attrs_before = None
            super().stop_application_mode()
        self._drawing = False

    def disable_input(self) -> None:
        """Read no more keys; Textual drops what was typed, which from the background would stop us."""
        with without_ttou():
            super().disable_input()

    def _sigtstp_application(self, *_: int | FrameType | None) -> None:
        if self._loop.is_closed():
            stop()
        elif not self._stopping:
            self._stopping = True
            self._loop.call_soon_threadsafe(self._suspend)

    def _sigcont_application(self, *_: int | FrameType | None) -> None:
        if not self._loop.is_closed() and not self._continued:
            self._continued = True
            self._loop.call_soon_threadsafe(self._resume)

    def _sigwinch_application(self, *_: int | FrameType | None) -> None:
        if not self._loop.is_closed() and not self._in_band_window_resize:
            self._loop.call_soon_threadsafe(self._tell_size)

    def _tell_size(self) -> None:
        """Tell the app how large the terminal is now; one that went there and back has lost what stood on it."""
        if not self._drawing or self._app.return_code is not None:
            return
        size = Size(*self._get_terminal_size())
        if size == self._app.size:
            self._app.refresh(layout=True)
        else:
            self._app.post_message(Resize(size, size))

    def suspend(self) -> None:
        """Stop with our whole group, as ctrl+z does: what we were started through (`make`, `sudo`) must stop too.

        Only once the terminal is given back: the shell takes it as soon as it sees its own child stopped.
        """
        self.suspend_application_mode()
        stop_group()

    def _suspend(self) -> None:
        if self._drawing:
            self.suspend_application_mode()
        stop()
        self._stopping = False

    def _resume(self) -> None:
        self._continued = False
        if TerminalGuard.ending or self._app.return_code is not None:
            return
        self._muted = in_background()
        if self._muted:
            self._loop.call_later(_GRACE_S, self._stop_again)
            return
        if self._drawing:  # stopped by SIGSTOP: whatever the shell did to the terminal meanwhile, begin anew
            self.suspend_application_mode()
        self.start_application_mode()
        self._app.refresh(layout=True)

    def _stop_again(self) -> None:
        if self._muted and self._app.return_code is None:
            if in_background():
                stop_group()  # the next SIGCONT leads to _resume
            else:
                self._resume()


def may_suspend() -> bool:
    """Tell whether a shell would notice that we stopped, and could continue us.

    Not so where the program was started without one (`ssh -t host trunktui`): stopped, it would be lost. As the
    kernel does, look for a parent in our session and outside our process group.
    """
    group, session = os.getpgrp(), os.getsid(0)
    pid = os.getppid()
    try:
        while pid > 0 and os.getsid(pid) == session:
            if os.getpgid(pid) != group:
                return True
            pid = _parent(pid)
    except (OSError, ValueError, IndexError):
        return False
    return False


def _parent(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return int(stat.rpartition(")")[2].split()[_PARENT_FIELD])
