"""Looks at the surroundings of one SBC at a slow pace of its own, beside the polls: it never delays or fails one.

It looks once the settings are read, after a reload or restart, and every 5 minutes; while legs are in trouble that
began lately, or has just ended, within a minute; and at once when a leg turns bad, for an address that changed is a
reason for that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from msgspec import structs

from trunktui.model.health import LegState
from trunktui.model.link import LinkError, SshState
from trunktui.model.observation import AppState
from trunktui.model.text import Safe
from trunktui.platforms.contract import Platform
from trunktui.poll.fleet import Fleet
from trunktui.poll.guard import Guard
from trunktui.poll.poller import SbcPoller
from trunktui.poll.schedule import Pace
from trunktui.transport.port import Asker

log = logging.getLogger(__name__)

PACE_S = 300.0
TROUBLED_S = 60.0
_LEAST_S = 15.0
"""However many legs turn bad one after another."""

_YOUNG_S = 600.0
"""Trouble older than this is looked into at the normal pace."""

BUDGET_S = 20.0
_ONCE_S = 6.0
"""For who looks once and waits for it."""

_MOST_ASKS = 10
_BAD = frozenset({LegState.DOWN, LegState.SUSPECT, LegState.DEGRADED})


class Surveyor:
    """Reads the surroundings of one SBC into a Fleet. `clock` is monotonic; `changed` is called after each look."""

    def __init__(
        self,
        sbc: str,
        platform: Platform,
        asker: Asker,
        fleet: Fleet,
        *,
        clock: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self._sbc = sbc
        self._platform = platform
        self._asker = asker
        self._fleet = fleet
        self._clock = clock
        self._changed = changed
        self._guard = Guard(sbc)
        self._news = asyncio.Event()
        self._began: float | None = None
        self._bad: frozenset[str] = frozenset()
        self._bad_at: float | None = None
        self._turned = self._mended = False
        self._fault = Safe("")

    def polled(self) -> None:
        """Be told that a poll was folded."""
        self._news.set()

    async def run(self) -> None:
        """Look whenever that is due, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            if self.due():
                await self.look(BUDGET_S)

    async def once(self) -> None:
        """Look now, for who shows a fleet once and ends."""
        if self.due():
            await self.look(_ONCE_S)

    def due(self) -> bool:
        """Whether to look now; called after each poll, for it also notes which legs have turned bad."""
        record, now = self._fleet.record(self._sbc), self._clock()
        seen = record.observation
        answers = seen is not None and seen.app is AppState.ANSWERING and record.link.state is SshState.OK
        if not answers or not record.settings_done:
            return False
        bad = frozenset(leg.id for leg in record.legs.values() if leg.memory.state in _BAD)
        if bad - self._bad:
            self._bad_at, self._turned = now, True
        self._mended = (self._mended or bool(self._bad - bad)) and not self._turned
        self._bad = bad
        if self._began is None or record.survey.wanted:
            return True
        young = bool(bad) and self._bad_at is not None and now - self._bad_at < _YOUNG_S
        often = young or self._mended or self._fault
        wait_s = _LEAST_S if self._turned else TROUBLED_S if often else PACE_S
        return now - self._began >= wait_s

    async def look(self, budget_s: float) -> None:
        """Look once, within `budget_s` seconds; a fault is logged once and leaves what was known."""
        self._began, self._turned, self._mended = self._clock(), False, False
        until = self._began + budget_s
        try:
            await self._guard.run(self._look(until))
        except LinkError as error:
            if error.reason != self._fault:
                log.warning("%s: surroundings not read: %s", self._sbc, error.reason)
            self._fault = error.reason
            self._fleet.survey_failed(self._sbc, error.reason)
        else:
            self._fault = Safe("")
        self._changed()

    async def _look(self, until: float) -> None:
        record = self._fleet.record(self._sbc)
        legs = tuple(leg.seen for leg in record.legs.values() if leg.listed and leg.seen is not None)
        around = structs.replace(record.survey.around, asked=frozenset())
        for _ in range(_MOST_ASKS):
            asks = self._platform.surroundings_asks(legs, around)
            left_s = until - self._clock()
            if not asks or left_s <= 0.0:
                break
            answer = await self._asker.ask(asks[0], left_s)
            before, around = around, self._platform.parse_surroundings((answer,), around)
            if around.asked == before.asked:
                break  # nothing was answered: the next look tries again
        self._fleet.surveyed(self._sbc, around, legs, self._clock())


class SurveyedPoller:
    """A `Poller` over SSH with a surveyor at its side, over the same connection."""

    def __init__(self, poller: SbcPoller, surveyor: Surveyor) -> None:
        self._poller = poller
        self._surveyor = surveyor

    async def run(self, first_wait_s: float) -> None:
        """Poll until there is no more sense in it, and look around meanwhile."""
        async with asyncio.TaskGroup() as group:
            surveying = group.create_task(self._surveyor.run())
            await self._poller.run(first_wait_s)
            surveying.cancel()

    async def poll(self) -> object:
        """Make one poll, look around once, and return how the link did at the poll."""
        state = await self._poller.poll()
        await self._surveyor.once()
        return state

    def renew(self, pace: Pace, *, hurry: bool) -> None:
        """Go by `pace` from now on, as `Poller.renew`."""
        self._poller.renew(pace, hurry=hurry)

    async def close(self) -> None:
        """End the connection."""
        await self._poller.close()
