"""The terminal around the screen: may we draw on it, how to leave it whole when a signal ends us or it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Callable, Mapping
from types import FrameType

HARD_EXIT_S = 2.0
"""How long an ordered end may take after a signal before the process ends itself."""

HANGUP_CODE = 128 + signal.SIGHUP

HANGUP_LOOK_S = 0.1
"""How long after a SIGHUP the terminal is looked at: a hangup comes with the signal, not always before it."""

_RESTORE = (
    b"\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
    b"\x1b[<u\x1b[0m\x1b[?1049l\x1b[?25h\x1b[?1004l"
)
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_UTF8_NAMES = frozenset({"utf8", "utf8mb4", "cp65001"})


def refusal(environ: Mapping[str, str], *, ttys: Mapping[str, bool]) -> str | None:
    """Return why no dashboard can be drawn, with the alternative, as one line; None where it can.

    `ttys` tells of stdin, stdout and stderr by name whether each is a terminal.
    """
    for name, is_tty in ttys.items():
        if not is_tty:
            return f"trunktui: {name} is not a terminal; use `trunktui status` for output without a screen"
    term = environ.get("TERM", "")
    if term in {"", "dumb"}:
        named = f"TERM={term}" if term else "TERM is not set"
        return f"trunktui: {named}: no screen can be drawn; set TERM, or use `trunktui status`"
    return None


def standard_ttys() -> dict[str, bool]:
    """Return for stdin, stdout and stderr whether each is a terminal; a closed one is none."""
    streams = {"stdin": sys.__stdin__, "stdout": sys.__stdout__, "stderr": sys.__stderr__}
    return {
        name: stream is not None and not stream.closed and stream.isatty() for name, stream in streams.items()
    }


def needs_ascii(encoding: str | None) -> bool:
    """Tell whether a stream of this encoding cannot show the glyphs, so that ASCII stands in for them."""
    return (encoding or "").lower().replace("-", "").replace("_", "") not in _UTF8_NAMES


def clipboard_advice(environ: Mapping[str, str]) -> str:
    """Return what to tell after an OSC 52 copy: tmux drops it unless told otherwise."""
    if environ.get("TMUX"):
        return "copied; tmux: set -g set-clipboard on"
    if environ.get("STY"):
        return "copied by OSC 52; GNU screen drops it: select the text by hand there"
    return "copied by OSC 52"


class TerminalGuard:
    """Ends the app in order on SIGTERM, SIGINT or a hangup, and by force when that takes too long.

    SIGHUP while the terminal is there is no hangup but the wish to reload: `reload` is called in the loop.

    `signal.signal` and not the loop's own: a loop that waits for a stalled terminal runs no handlers.
    """

    def __init__(
        self,
        leave: Callable[[int], None],
        reload: Callable[[], None],
        *,
        hard_exit_s: float = HARD_EXIT_S,
    ) -> None:
        self._leave = leave
        self._reload = reload
        self._hard_exit_s = hard_exit_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: threading.Timer | None = None
        self._look: threading.Timer | None = None
        self._before: dict[int, object] = {}
        self._attrs: list[object] | None = None
        self._closed = False
        self._code: int | None = None

    def open(self) -> None:
        """Take over the signals and watch for a hangup; call it inside the running loop, in the main thread."""
        self._loop = asyncio.get_running_loop()
        self._attrs = _tty_attributes()
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._on_signal)
        threading.Thread(target=self._watch_hangup, name="hangup-watch", daemon=True).start()

    def close(self) -> None:
        """Give the signals back; the terminal is whole again, so no forced end is needed any more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._code == HANGUP_CODE:
            _forget_terminal()
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def end(self, code: int) -> None:
        """Ask for an ordered end with exit code `code`, and force it after the time limit. Any thread may call."""
        if self._code is None:
            self._code = code
        if self._timer is None and not self._closed:
            self._timer = threading.Timer(self._hard_exit_s, self._hard_exit, (code,))
            self._timer.daemon = True
            self._timer.start()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leave, code)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - signal's signature
        if number != signal.SIGHUP:
            self.end(128 + number)
            return
        if self._look is None or not self._look.is_alive():
            self._look = threading.Timer(HANGUP_LOOK_S, self._after_sighup)
            self._look.daemon = True
            self._look.start()

    def _after_sighup(self) -> None:
        if _hung_up(0):
            self.end(HANGUP_CODE)
        elif self._loop is not None and not self._closed:
            with contextlib.suppress(RuntimeError):  # the loop ended meanwhile
                self._loop.call_soon_threadsafe(self._reload)

    def _hard_exit(self, code: int) -> None:
        restore_terminal(self._attrs)
        os._exit(code)

    def _watch_hangup(self) -> None:
        # A closed pty whose SIGHUP is ignored (nohup) would leave the input thread spinning for ever.
        if _hung_up(None) and not self._closed:
            self.end(HANGUP_CODE)


def restore_terminal(attrs: list[object] | None) -> None:
    """Leave the alternate screen and give the line discipline back, without ever waiting for the terminal."""
    stdin, stderr = 0, 2
    if attrs is not None:
        try:
            termios.tcsetattr(stdin, termios.TCSANOW, attrs)  # type: ignore[arg-type]
        except termios.error:
            return
    try:
        flags = fcntl.fcntl(stderr, fcntl.F_GETFL)
        fcntl.fcntl(stderr, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        try:
            os.write(stderr, _RESTORE)
        finally:
            fcntl.fcntl(stderr, fcntl.F_SETFL, flags)
    except OSError:
        return


def _hung_up(within_ms: int | None) -> bool:
    """Tell whether the terminal is gone, waiting for that at most so long (None: for ever)."""
    poll = select.poll()
    poll.register(sys.__stdin__.fileno() if sys.__stdin__ is not None else 0, 0)
    return bool(poll.poll(within_ms))


def _forget_terminal() -> None:
    """Send what is still unwritten nowhere: flushing it to a terminal that is gone would spoil the exit code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _tty_attributes() -> list[object] | None:
    try:
        return list(termios.tcgetattr(0))
    except termios.error:
        return None
