"""The wait between two polls of one SBC, which new orders may change or end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress


class Rest:
    """Waits until a poll is due. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._orders = asyncio.Event()
        self._hurried = False

    def renew(self, *, hurry: bool) -> None:
        """End the wait now (`hurry`), or have its length worked out anew."""
        self._hurried = hurry
        self._orders.set()

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds`, or until there are new orders."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._orders.wait()

    async def until_due(
        self, started: float, wait_s: Callable[[], float], sleep: Callable[[float], Awaitable[None]] | None
    ) -> None:
        """Wait until `wait_s()` seconds after `started`; it is asked again when there are new orders."""
        while True:
            self._orders.clear()
            self._hurried = False
            await (sleep or self.sleep)(max(0.0, started + wait_s() - self._clock()))
            if self._hurried or not self._orders.is_set():
                return
