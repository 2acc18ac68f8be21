"""How long an engine may be silent before it counts as frozen, counted in the screen's own waking time."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from trunktui.engine.protocol import HEARTBEAT_S


class Patience(Struct, frozen=True):
    """Seconds without a frame: `start_s` until the first one, `silent_s` between two; looked at every `tick_s`."""

    start_s: float = 60.0
    silent_s: float = 3 * HEARTBEAT_S + 5.0
    tick_s: float = 1.0


class SilentError(Exception):
    """The engine lives and says nothing any more; the text says for how long, without its subject."""


class Silence:
    """Counts how long nothing was heard, in ticks that were really slept through.

    A screen that was stopped itself, or stalled on its terminal, or a machine that slept, loses one tick and
    not the whole pause: the loop then reads what has come in meanwhile before the next tick is over.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._heard = False
        self._ticks = 0

    def broken(self) -> None:
        """Note that a frame came."""
        self._heard = True
        self._ticks = 0

    async def watch(self) -> None:
        """Raise SilentError once nothing was heard for too long."""
        while True:
            await asyncio.sleep(self._patience.tick_s)
            self._ticks += 1
            limit_s = self._patience.silent_s if self._heard else self._patience.start_s
            if self._ticks * self._patience.tick_s > limit_s:
                raise SilentError(f"said nothing for {self._ticks * self._patience.tick_s:.0f} s")
