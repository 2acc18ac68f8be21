"""Runs a program on a pseudo terminal of its own and collects every byte it writes there."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

_UNKNOWN_TO_PYTE = re.compile(r"\x1b\[[<=>][0-9;]*[a-z]|\x1b\[\?[0-9]+\$p")
_SEQUENCE = re.compile(r"\x1b\[[<=>?]?[0-9;:]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
ROOT = Path(__file__).parents[2]


class TerminalSession:
    """A child process whose stdin, stdout and stderr are one pty; ends its child when the block is left."""

    def __init__(
        self,
        arguments: list[str],
        *,
        size: tuple[int, int] = (160, 45),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._screen = pyte.Screen(*size)
        self._stream = pyte.Stream(self._screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._fed = 0
        self._master, slave = pty.openpty()
        width, height = size
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.before = termios.tcgetattr(slave)
        base = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
        }
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env={**base, **(environ or {})},
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - no threads here yet
        )
        self._slave = slave
        self.output = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        for descriptor in (self._slave, self._master):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def read_until(self, done: Callable[[bytes], bool], deadline_s: float = 40.0) -> bytes:
        """Read until `done` says so of all bytes so far; fail after `deadline_s`."""
        end = time.monotonic() + deadline_s
        while not done(bytes(self.output)):
            left = end - time.monotonic()
            assert left > 0, f"not seen within {deadline_s} s; last bytes {bytes(self.output[-400:])!r}"
            self._read(min(left, 0.1))
        return bytes(self.output)

    def display(self) -> str:
        """Return what a terminal would show after all bytes so far."""
        self._pending += self._decoder.decode(bytes(self.output[self._fed :]))
        self._fed = len(self.output)
        # a sequence that is cut at the end waits for its rest
        last = self._pending.rfind("\x1b")
        whole = len(self._pending) if last < 0 or _SEQUENCE.match(self._pending, last) else last
        text, self._pending = self._pending[:whole], self._pending[whole:]
        self._stream.feed(_UNKNOWN_TO_PYTE.sub("", text))
        return "\n".join(self._screen.display)

    def read_until_shown(self, text: str, deadline_s: float = 40.0) -> None:
        """Read until `text` stands on the screen."""
        self.read_until(lambda _: text in self.display(), deadline_s)

    def read_for(self, seconds: float) -> int:
        """Read for `seconds` and return how many bytes came."""
        before = len(self.output)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)
        return len(self.output) - before

    def read_some(self, seconds: float = 0.05) -> None:
        """Read what comes first, waiting at most so long."""
        self._read(seconds)

    def read_rest(self) -> None:
        """Read what is there already."""
        while select.select([self._master], [], [], 0)[0]:
            before = len(self.output)
            self._read(0)
            if len(self.output) == before:
                return

    def press(self, keys: str) -> None:
        """Type `keys`."""
        os.write(self._master, keys.encode())

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the child."""
        self.process.send_signal(number)

    def wait(self, deadline_s: float = 30.0, *, reading: bool = True) -> int:
        """Return the exit code; with `reading` the terminal takes what is written meanwhile."""
        end = time.monotonic() + deadline_s
        while self.process.poll() is None:
            assert time.monotonic() < end, "the process did not end"
            if reading:
                self._read(0.05)
            else:
                time.sleep(0.02)
        if reading:
            self._read(0.05)
        return int(self.process.returncode)

    def attributes(self) -> list[object]:
        """Return the line discipline's settings as they are now."""
        return list(termios.tcgetattr(self._slave))

    def hang_up(self) -> None:
        """Close our end, as a lost SSH connection does."""
        os.close(self._slave)
        os.close(self._master)

    def _read(self, timeout: float) -> None:
        ready, _, _ = select.select([self._master], [], [], timeout)
        if ready:
            with contextlib.suppress(OSError):
                self.output += os.read(self._master, 65536)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
