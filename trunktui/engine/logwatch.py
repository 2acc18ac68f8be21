"""A feed that says when the log has no room or no file system any more, and takes it back when it has again."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from msgspec.structs import replace

from trunktui.model.feed import FeedUpdate
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe

LOOK_EVERY_S = 5.0


class Source(Protocol):
    """A feed as the screen takes it (tui.ports.Feed)."""

    def initial(self) -> Snapshot:
        """Return the first frame's fleet."""

    def updates(self) -> AsyncIterator[FeedUpdate]:
        """Yield updates."""

    async def close(self) -> None:
        """End it."""


class LogWatchedFeed:
    """A `Source` whose notice is the log's trouble where the engine has nothing to say itself.

    `look` returns that trouble, empty for none. It may hang with its file system, so a thread does it that
    nobody waits for.
    """

    def __init__(self, feed: Source, look: Callable[[], Safe], every_s: float = LOOK_EVERY_S) -> None:
        self._feed = feed
        self._look = look
        self._every_s = every_s
        self._trouble = Safe("")
        self._news = asyncio.Event()
        self._latest: FeedUpdate | None = None
        self._changed: frozenset[str] = frozenset()
        self._following: asyncio.Task[None] | None = None
        self._over = threading.Event()

    def initial(self) -> Snapshot:
        """Return the fleet before any network."""
        return self._feed.initial()

    async def updates(self) -> AsyncIterator[FeedUpdate]:
        """Yield the latest update whenever the fleet or the log's trouble changed; ends when the feed does."""
        if self._following is None:
            self._following = asyncio.create_task(self._follow())
            loop = asyncio.get_running_loop()
            threading.Thread(target=self._watch, args=(loop,), name="log-watch", daemon=True).start()
        while True:
            await self._news.wait()
            self._news.clear()
            if self._following.done():
                self._following.result()  # a defect here must be loud
                return
            if self._latest is None:
                continue
            changed, self._changed = self._changed, frozenset()
            engine = self._latest.engine
            if engine.alive and not engine.notice:  # the engine's own news comes first
                engine = replace(engine, notice=self._trouble)
            yield replace(self._latest, changed=changed, engine=engine)

    async def close(self) -> None:
        """End it, the engine too."""
        self._over.set()
        await self._feed.close()
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def _follow(self) -> None:
        try:
            async for update in self._feed.updates():
                self._latest = update
                self._changed |= update.changed
                self._news.set()
        finally:
            self._news.set()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._over.is_set():
            trouble = self._look()
            with contextlib.suppress(RuntimeError):  # the loop has just been closed
                loop.call_soon_threadsafe(self._tell, trouble)
            self._over.wait(self._every_s)

    def _tell(self, trouble: Safe) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._news.set()
