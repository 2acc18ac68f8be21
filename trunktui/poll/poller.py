"""One task per SBC: asks on time, never overlaps itself, backs off, and folds what came back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from trunktui.model.ask import Answer, SshAsk
from trunktui.model.link import LinkError, SshState
from trunktui.model.text import Safe
from trunktui.platforms.contract import LegSettings, Platform
from trunktui.poll.fleet import Fleet
from trunktui.poll.schedule import Pace, next_wait_s
from trunktui.transport.port import Asker

log = logging.getLogger(__name__)

POLL_BUDGET_S = 20.0
"""One budget for a whole poll: connecting, logging in and every command."""

_SETTINGS_ASKS_PER_POLL = 8
_STOPPED = "; not tried again until trunktui is restarted"


class SbcPoller:
    """Polls one SBC into a Fleet. `changed` is called after each fold."""

    def __init__(
        self,
        sbc: str,
        platform: Platform,
        asker: Asker,
        fleet: Fleet,
        *,
        pace: Pace,
        clock: Callable[[], float],
        chance: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self._sbc = sbc
        self._platform = platform
        self._asker = asker
        self._fleet = fleet
        self._pace = pace
        self._clock = clock
        self._chance = chance
        self._changed = changed
        self._bindings = fleet.inventory.bindings_on(sbc)
        self._failures = 0

    async def run(
        self, first_wait_s: float, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Poll for ever; returns only when an SBC must not be asked again until a human acts."""
        await sleep(first_wait_s)
        while True:
            started = self._clock()
            state = await self.poll()
            soft = self._fleet.soft(self._sbc, self._clock())
            wait = next_wait_s(state, self._failures, soft, self._pace, self._chance())
            record = self._fleet.record(self._sbc)
            if wait is None:
                record.next_poll_at = None
                self._changed()
                return
            record.next_poll_at = started + wait
            await sleep(max(0.0, started + wait - self._clock()))

    async def poll(self) -> SshState:
        """Make one poll and fold it; return how the link did."""
        try:
            answer = await self._ask(self._platform.poll_ask(), POLL_BUDGET_S)
        except LinkError as error:
            self._note_failure(error)
            return error.state
        self._note_success()
        record = self._fleet.record(self._sbc)
        self._fold(answer)
        if record.observation is not None and not record.settings_done:
            await self._read_settings(answer)
        return SshState.OK

    async def close(self) -> None:
        """End the connection."""
        await self._asker.close()

    async def _ask(self, ask: SshAsk, budget_s: float) -> Answer:
        """Ask; an answer that broke off half-way is a poll that failed: half a table misleads.

        One that outgrew what we take is not: its parser knows which table that is.
        """
        answer = await self._asker.ask(ask, budget_s)
        if not answer.complete and not any(reply.truncated for reply in answer.replies):
            raise LinkError(SshState.UNREACHABLE, Safe("connection lost while the command ran"))
        return answer

    def _fold(self, answer: Answer) -> None:
        settings = self._fleet.record(self._sbc).settings
        self._fleet.answered(self._sbc, self._platform.parse_poll(answer, settings, self._bindings))
        self._changed()

    async def _read_settings(self, answer: Answer) -> None:
        """Ask for settings not read yet, a few asks a poll, then read the poll's answer again with them."""
        record = self._fleet.record(self._sbc)
        for _ in range(_SETTINGS_ASKS_PER_POLL):
            if record.observation is None or not record.observation.legs + record.observation.candidates:
                return
            asks = self._platform.settings_asks(record.observation, record.settings)
            if not asks:
                record.settings_done = True
                self._fold(answer)
                return
            before: LegSettings = record.settings
            try:
                reply = await self._ask(asks[0], POLL_BUDGET_S)
            except LinkError as error:
                log.warning("%s: settings not read: %s", self._sbc, error.reason)
                return
            record.settings = self._platform.parse_settings((reply,), before)
            if record.settings.asked == before.asked:
                return  # nothing was answered: the next poll tries again
            self._fold(answer)

    def _note_failure(self, error: LinkError) -> None:
        self._failures += 1
        if self._failures == 1:
            log.warning("%s: poll failed: %s", self._sbc, error.reason)
        if next_wait_s(error.state, self._failures, False, self._pace, 0.5) is None:
            error = LinkError(error.state, Safe(error.reason + _STOPPED))
        self._fleet.failed(self._sbc, error, self._clock())
        self._changed()

    def _note_success(self) -> None:
        if self._failures:
            log.warning("%s: answers again after %d failed polls", self._sbc, self._failures)
        self._failures = 0
