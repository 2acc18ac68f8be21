"""What the screen needs from the outside: a feed of snapshots, a doer of what is asked, and what was before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from trunktui.model.feed import EngineStatus as EngineStatus
from trunktui.model.feed import FeedUpdate as FeedUpdate
from trunktui.model.history import Events as Events
from trunktui.model.history import Series as Series
from trunktui.model.request import Declare as Declare
from trunktui.model.request import Decline as Decline
from trunktui.model.request import Lock as Lock
from trunktui.model.request import Perform as Perform
from trunktui.model.request import PerformSwitch as PerformSwitch
from trunktui.model.request import Prepare as Prepare
from trunktui.model.request import PrepareSwitch as PrepareSwitch
from trunktui.model.request import Reload as Reload
from trunktui.model.request import Reply as Reply
from trunktui.model.request import Request as Request
from trunktui.model.request import Requests as Requests
from trunktui.model.request import Retract as Retract
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


class History(Protocol):
    """What was before: read from disk beside the engine, off the screen's loop. Neither raises; `why` says what failed."""

    async def series(self, leg_id: str, span_s: float) -> Series:
        """Return what was measured of one leg in the last `span_s` seconds, but for the last minute or so.

        The newest polls are not on disk yet: `FleetWatch.samples` has them.
        """

    async def events(self, span_s: float, selector: str | None = None, most: int = 1000) -> Events:
        """Return the newest `most` events of the last `span_s` seconds.

        `selector` is a leg, a trunk, an SBC, a group, or a pattern with * over these; None: all.
        """
