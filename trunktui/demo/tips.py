"""A feed with a line for the newcomer: what the fleet's own feed brings, and the tip that is due."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from msgspec.structs import replace

from trunktui.model.feed import EngineStatus, FeedUpdate
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe, clean

_TIP_LIMIT = 200
_GONE = Safe(
    "The simulated fleet has stopped, so nothing below is known any more: quit (q) and start the demo again."
)


class Source(Protocol):
    """A feed as the screen takes it (tui.ports.Feed)."""

    def initial(self) -> Snapshot:
        """Return the first frame's fleet."""

    def updates(self) -> AsyncIterator[FeedUpdate]:
        """Yield updates."""

    async def close(self) -> None:
        """End it."""


class Teller(Protocol):
    """Where tips come from."""

    async def lines(self) -> asyncio.StreamReader:
        """Return the stream of lines `tip TEXT`; its end means that the simulator is gone."""


class TippedFeed:
    """A `Source` whose updates carry the tip that came last."""

    def __init__(self, feed: Source, teller: Teller) -> None:
        self._feed = feed
        self._teller = teller
        self._news = asyncio.Event()
        self._tip = Safe("")
        self._latest = FeedUpdate(feed.initial(), EngineStatus(alive=False))
        self._changed: frozenset[str] = frozenset()
        self._tasks: list[asyncio.Task[None]] = []

    def initial(self) -> Snapshot:
        """Return the fleet before any network."""
        return self._feed.initial()

    async def updates(self) -> AsyncIterator[FeedUpdate]:
        """Yield the latest update whenever the fleet or the tip changed; ends when the fleet's own feed does."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._listen())]
        following, listening = self._tasks
        while True:
            await self._news.wait()
            self._news.clear()
            for task in (following, listening):
                if task.done():
                    task.result()  # a defect here must be loud
            if following.done():
                return
            changed, self._changed = self._changed, frozenset()
            yield replace(self._latest, changed=changed, tip=self._tip)

    async def close(self) -> None:
        """End both, the fleet's feed first."""
        await self._feed.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self) -> None:
        try:
            async for update in self._feed.updates():
                self._latest = update
                self._changed |= update.changed
                self._news.set()
        finally:
            self._news.set()

    async def _listen(self) -> None:
        try:
            stream = await self._teller.lines()
            while line := await stream.readline():
                word, _, text = line.decode("utf-8", "replace").strip().partition(" ")
                if word == "tip":
                    self._tip = clean(text, _TIP_LIMIT)
                    self._news.set()
            self._tip = _GONE
        finally:
            self._news.set()
