"""What the screen needs from the outside: a feed of snapshots. (Actions come through a second port, later.)"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from trunktui.model.feed import EngineStatus as EngineStatus
from trunktui.model.feed import FeedUpdate as FeedUpdate
from trunktui.model.snapshot import Snapshot


class Feed(Protocol):
    """A source of updates. The latest wins: a slow reader skips what it missed and never holds the engine up."""

    def initial(self) -> Snapshot:
        """Return the fleet as the config knows it, nothing polled yet: the first frame, before any network."""

    def updates(self) -> AsyncIterator[FeedUpdate]:
        """Yield updates for as long as the screen runs."""

    async def close(self) -> None:
        """End the engine; returns when it is gone (two seconds at most)."""
