"""What the screen needs from the outside: a feed of snapshots, and a doer of what is asked: reloads and actions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from trunktui.model.feed import EngineStatus as EngineStatus
from trunktui.model.feed import FeedUpdate as FeedUpdate
from trunktui.model.request import Decline as Decline
from trunktui.model.request import Lock as Lock
from trunktui.model.request import Perform as Perform
from trunktui.model.request import Prepare as Prepare
from trunktui.model.request import Reload as Reload
from trunktui.model.request import Reply as Reply
from trunktui.model.request import Request as Request
from trunktui.model.request import Requests as Requests
from trunktui.model.request import Unlock as Unlock
from trunktui.model.request import Verify as Verify
from trunktui.model.snapshot import Snapshot


class Feed(Protocol):
    """A source of updates. The latest wins: a slow reader skips what it missed and never holds the engine up."""

    def initial(self) -> Snapshot:
        """Return the fleet as the config knows it, nothing polled yet: the first frame, before any network."""

    def updates(self) -> AsyncIterator[FeedUpdate]:
        """Yield updates for as long as the screen runs."""

    async def close(self) -> None:
        """End the engine; returns when it is gone (two seconds at most)."""
