"""The connection to each SBC, by its name: polls and actions share it, and a reload may put another in its place."""

from __future__ import annotations

import asyncio

from trunktui.transport.port import Asker


class Askers:
    """Keeps the asker in use for each SBC.

    An action keeps the one it began with: after a reload the same name may be another box, and what is read
    there would prove nothing. It opens its connection anew if need be, so whoever ran actions calls `close_former`.
    """

    def __init__(self) -> None:
        self._current: dict[str, Asker] = {}
        self._former: list[Asker] = []

    def put(self, sbc: str, asker: Asker) -> None:
        """Let `asker` be the connection to `sbc` from now on."""
        if sbc in self._current:
            self._former.append(self._current[sbc])
        self._current[sbc] = asker

    def of(self, sbc: str) -> Asker:
        """Return the asker in use for `sbc`. Raises KeyError where there never was one."""
        return self._current[sbc]

    async def close_former(self) -> None:
        """Close those that are not in use any more; never raises."""
        former, self._former = self._former, []
        await asyncio.gather(*(asker.close() for asker in former))

    async def close(self) -> None:
        """Close all of them; never raises."""
        await self.close_former()
        await asyncio.gather(*(asker.close() for asker in self._current.values()))
