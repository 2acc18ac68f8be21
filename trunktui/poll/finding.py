"""Polls an SBC whose config leaves its platform open: finds out which software runs there, then polls it as that.

What it is polled as stands in the SBC's record (`Fleet.platform`), for everybody. Whenever a poll says that the software
is not there, it is looked anew which is: an SBC may be rebuilt with another one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from trunktui.model.inventory import AUTO
from trunktui.model.link import LinkError
from trunktui.model.observation import AppState
from trunktui.platforms import auto
from trunktui.poll.fleet import Fleet
from trunktui.poll.guard import Guard
from trunktui.poll.poller import Poller
from trunktui.poll.schedule import Pace
from trunktui.transport.port import Asker

log = logging.getLogger(__name__)

LOOK_S = 10.0
"""What a look anew is granted; the polls go on meanwhile."""

_NOT_THERE = frozenset({AppState.NOT_RUNNING, AppState.UNREADABLE})


class Hire(Protocol):
    """Makes the poller of an SBC for one platform."""

    def __call__(self, platform: str, pace: Pace, folded: Callable[[], None], /) -> Poller:
        """Return a poller over the SBC's one connection that calls `folded` after each fold."""


class FindingPoller:
    """A `Poller` over SSH that becomes that of the platform it finds."""

    def __init__(self, sbc: str, fleet: Fleet, asker: Asker, hire: Hire, *, pace: Pace) -> None:
        self._sbc = sbc
        self._fleet = fleet
        self._asker = asker
        self._hire = hire
        self._pace = pace
        self._guard = Guard(sbc)
        self._news = asyncio.Event()
        self._looked: object = None
        self._platform = ""
        self._poller = self._hired()

    async def run(self, first_wait_s: float) -> None:
        """Poll until there is no more sense in it, as whatever is found to run there."""
        while await self._found_another(first_wait_s):
            self._poller = self._hired()
            first_wait_s = 0.0

    async def poll(self) -> object:
        """Make one poll, first to find out what runs there where that is not known; return how the link did."""
        state = await self._poller.poll()
        if self._fleet.platform(self._sbc) != self._platform:
            self._poller = self._hired()
            state = await self._poller.poll()
        return state

    def renew(self, pace: Pace, *, hurry: bool) -> None:
        """Go by `pace` from now on, as `Poller.renew`."""
        self._pace = pace
        self._poller.renew(pace, hurry=hurry)

    async def close(self) -> None:
        """End the connection."""
        await self._poller.close()

    def _hired(self) -> Poller:
        self._platform = self._fleet.platform(self._sbc)
        return self._hire(self._platform, self._pace, self._news.set)

    async def _found_another(self, first_wait_s: float) -> bool:
        """Poll until another platform is found (True), or the poller has ended by itself (False)."""
        async with asyncio.TaskGroup() as tasks:
            polling = tasks.create_task(self._poller.run(first_wait_s))
            watching = tasks.create_task(self._watch())
            await asyncio.wait({polling, watching}, return_when=asyncio.FIRST_COMPLETED)
            found = watching.done()
            polling.cancel()
            watching.cancel()
        return found

    async def _watch(self) -> None:
        """Return once the SBC is to be polled as another platform."""
        while self._fleet.platform(self._sbc) == self._platform:
            await self._news.wait()
            self._news.clear()
            seen = self._fleet.record(self._sbc).observation
            if self._platform != AUTO and seen is not None and seen is not self._looked:
                self._looked = seen
                if seen.app in _NOT_THERE:
                    await self._look_anew()

    async def _look_anew(self) -> None:
        """See whether other software has come; that it cannot be seen changes nothing, the next poll looks again."""
        try:
            answer = await self._guard.run(self._asker.ask(auto.poll_ask(), LOOK_S))
        except LinkError:
            return
        if found := auto.another(answer, self._platform):
            log.warning("%s: %s is not there any more, %s is", self._sbc, self._platform, found)
            self._fleet.found(self._sbc, found)
