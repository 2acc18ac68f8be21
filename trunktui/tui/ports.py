"""What the screen needs from the outside: a feed of snapshots, and somebody who carries out its requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from trunktui.model.feed import EngineStatus as EngineStatus
from trunktui.model.feed import FeedUpdate as FeedUpdate
from trunktui.model.request import Outcome as Outcome
from trunktui.model.request import Reload as Reload
from trunktui.model.request import Request as Request
from trunktui.model.request import Requests as Requests
from trunktui.model.snapshot import Snapshot


class Feed(Protocol):
    """A source of updates. The latest wins: a slow reader skips what it missed and never holds the engine up."""

    def initial(self) -> Snapshot:
        """Return the fleet as the config knows it, nothing polled yet: the first frame, before any network."""

    def updates(self) -> AsyncIterator[FeedUpdate]:
        """Yield updates for as long as the screen runs."""

    async def close(self) -> None:
        """End the engine; returns when it is gone (two seconds at most)."""
