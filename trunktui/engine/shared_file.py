"""What several processes share in one file, as this engine knows it: read in a thread, and again once it was changed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Generic, Protocol, TypeVar

from trunktui.store.shared import Stamp

_READY_S = 1.0
"""How long a first frame waits for the file: none waits for a disk that hangs."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Readable(Protocol[T_co]):
    """A file that can be read; both may block."""

    def stamp(self) -> Stamp | None:
        """Return what differs once the file was changed."""

    def read(self) -> T_co:
        """Return what it holds; its own note says where that could not be read. Never raises."""


class SharedFile(Generic[T]):
    """The contents of one file. One task at a time may `refresh`."""

    def __init__(self, file: Readable[T]) -> None:
        self._file = file
        self._stamp: Stamp | None = None
        self._read = asyncio.Event()
        self.latest: T | None = None
        """What was read last; None: not yet."""

    async def ready(self) -> None:
        """Wait until it was read, for a moment."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_READY_S):
                await self._read.wait()

    async def refresh(self, *, sound: bool) -> bool:
        """Read it again if it is another one, was never read, or is not `sound`; return whether that told anything new."""
        stamp = await asyncio.to_thread(self._file.stamp)
        if self.latest is not None and stamp == self._stamp and sound:
            return False
        before = self.latest
        self.latest = await asyncio.to_thread(self._file.read)
        self._stamp = stamp
        self._read.set()
        return before != self.latest
