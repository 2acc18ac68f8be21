"""A link to sbc2 that is cut while a command runs there, and the moment at which something happens."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .lab import Lab, wait_for


class Cut:
    """Cuts the link to sbc2 while a command runs there: the session is killed, or all packets are dropped.

    Asterisk stands still from before the command goes out until the link is cut, so that none can be too late.
    """

    def __init__(self, lab: Lab, *, kill: bool) -> None:
        self._lab, self._kill = lab, kill
        self._cutting: threading.Thread | None = None

    def locked(self) -> bool:
        """Whether an action of before still holds the SBC's lock."""
        return any("trunktui-by-" in words for words in self._processes().values())

    def tell(self, words: str) -> None:
        """Take what the operator is told of the action under way."""
        if "sending '" in words:
            self._lab.freeze_asterisk("sbc2")
            self._cutting = threading.Thread(target=self._cut, daemon=True)
            self._cutting.start()
        elif "looking what became of it" in words and not self._kill:
            self._lab.block("sbc2", "none")

    def _cut(self) -> None:
        try:
            wait_for(
                lambda: any("-rx database get" in words for words in self._processes().values()),
                7,
                "the command",
            )
            if self._kill:
                for pid, words in self._processes().items():
                    if words.startswith("sshd: noc") or "sshd-session: noc" in words:
                        with suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGKILL)
            else:
                self._lab.block("sbc2", "ssh")
        finally:
            self._lab.thaw_asterisk("sbc2")

    def _processes(self) -> dict[int, str]:
        return self._lab.processes("sbc2")

    def mended(self) -> None:
        """Take everything back."""
        if self._cutting is not None:
            self._cutting.join(20)
        self._lab.block("sbc2", "none")
        self._lab.thaw_asterisk("sbc2")


class Moment(threading.Thread):
    """Waits for something by itself, and notes what `read` returns right then."""

    def __init__(self, happened: Callable[[], bool], read: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._happened, self._read = happened, read
        self._noted: list[Any] = []
        self.start()

    def run(self) -> None:
        wait_for(self._happened, 120, "what was waited for")
        self._noted.append(self._read())

    def found(self) -> Any:
        """Return what was noted."""
        self.join(20)
        assert self._noted, "it has not happened"
        return self._noted[0]
