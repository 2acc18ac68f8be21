"""An event loop whose clock jumps to the next timer when there is nothing to do: an hour passes in seconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class NothingToWaitForError(RuntimeError):
    """Every task waits for something that no timer will bring: in real time this would hang for ever."""


class _Jump(selectors.SelectSelector):
    """Instead of waiting for files, which nobody uses here, moves the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Pass `timeout` seconds at once; no file is ever ready."""
        if timeout is None:
            raise NothingToWaitForError("every task waits, and no timer is set")
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop for code without real input or output; its `time` begins at 0 and is nobody else's."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        """Return the virtual second."""
        return self._jump.now


def run_virtually(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
