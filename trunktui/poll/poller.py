"""One task per SBC: asks on time, never overlaps itself, backs off, and folds what came back."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from trunktui.health.clock import timed
from trunktui.model.ask import Answer
from trunktui.model.audio import AudioLook
from trunktui.model.link import LinkError, SshState
from trunktui.model.observation import AppState
from trunktui.model.text import Safe
from trunktui.platforms.contract import LegSettings, Platform
from trunktui.poll.files import look_at_files
from trunktui.poll.fleet import Fleet
from trunktui.poll.follower import Follower
from trunktui.poll.guard import Guard
from trunktui.poll.rest import Rest
from trunktui.poll.routes import places_on, read_routes
from trunktui.poll.schedule import Pace, next_wait_s
from trunktui.transport import faults
from trunktui.transport.port import Asker

log = logging.getLogger(__name__)

POLL_BUDGET_S = 20.0
"""One budget for a whole poll: connecting, logging in and every command."""

_SETTINGS_ASKS_PER_POLL = 8
_SETTINGS_LEAST_S = 5.0
"""Time for one command to end: given to the first settings ask always, and another is not begun with less."""

_FOLLOW_S = 5.0
_FOLLOW_SHARE = 0.6
_FOLLOW_LEAST_S = 1.0
"""Time for reading followed files: so much of a poll, so much of the time to the next one, and always a little."""

_LISTEN_S = 5.0
"""What asking for RTP counters is granted at least: both commands end by then."""

_STOPPED = "; not tried again until :reload or a restart"

_MENDED_BY_HAND = frozenset({SshState.AUTH, SshState.HOST_KEY, SshState.CONFIG})
"""Links that only a human mends: a reload says that one has been at work, so they are tried again at once."""


class Poller(Protocol):
    """What asks one SBC over one transport, for ever or once."""

    async def run(self, first_wait_s: float) -> None:
        """Poll until there is no more sense in it."""

    async def poll(self) -> object:
        """Make one poll and fold it."""

    def renew(self, pace: Pace, *, hurry: bool) -> None:
        """Go by `pace` from now on; poll at once if told to `hurry`, or if only a human mends this link."""

    async def close(self) -> None:
        """End the connection."""


class SbcPoller:
    """Polls one SBC into a Fleet. `changed` is called after each fold.

    `clock` is monotonic; `wall` gives the time of day (seconds since 1970), for comparing the SBC's with it alone.
    """

    def __init__(
        self,
        sbc: str,
        platform: Platform,
        asker: Asker,
        fleet: Fleet,
        *,
        pace: Pace,
        clock: Callable[[], float],
        wall: Callable[[], float],
        chance: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self._sbc = sbc
        self._platform = platform
        self._asker = asker
        self._fleet = fleet
        self._pace = pace
        self._clock = clock
        self._wall = wall
        self._chance = chance
        self._changed = changed
        self._guard = Guard(sbc)
        self._rest = Rest(clock)
        heard = partial(fleet.heard, sbc)
        self._follower = Follower(sbc, platform, asker, heard, clock=clock)
        self._state = SshState.PENDING
        self._failures = 0
        self._soft = False
        self._settings_fault = Safe("")

    async def run(self, first_wait_s: float, sleep: Callable[[float], Awaitable[None]] | None = None) -> None:
        """Poll for ever; returns only when an SBC must not be asked again until a human acts."""
        await (sleep or self._rest.sleep)(first_wait_s)
        while True:
            started = self._clock()
            self._state = await self.poll()
            if self._wait_s() is None:
                self._stop()
                return
            await self._rest.until_due(started, partial(self._planned_s, started), sleep)

    def renew(self, pace: Pace, *, hurry: bool) -> None:
        """Go by `pace` from now on; poll at once if told to `hurry`, or if only a human mends this link."""
        self._pace = pace
        self._rest.renew(hurry=hurry or self._state in _MENDED_BY_HAND)

    def _wait_s(self) -> float | None:
        return next_wait_s(self._state, self._failures, self._soft, self._pace, self._chance())

    def _planned_s(self, started: float) -> float:
        """Return the seconds from `started` to the next poll, and note when that is."""
        wait = self._wait_s() or 0.0
        self._fleet.record(self._sbc).next_poll_at = started + wait
        return wait

    def _stop(self) -> None:
        record = self._fleet.record(self._sbc)
        record.next_poll_at = None
        said = LinkError(self._state, Safe(record.link.reason + _STOPPED))
        self._fleet.failed(self._sbc, said, self._clock())
        self._changed()

    async def poll(self) -> SshState:
        """Make one poll and fold it; return how the link did. A defect met on the way is a fault of the link."""
        try:
            await self._guard.run(self._poll())
        except LinkError as error:
            self._note_failure(error)
            return error.state
        self._note_success()
        return SshState.OK

    async def close(self) -> None:
        """End the connection; never raises."""
        with contextlib.suppress(LinkError):
            await self._guard.run(self._asker.close())

    async def _poll(self) -> None:
        """Ask and fold; an answer that broke off half-way is a poll that failed: half a table misleads."""
        started = self._clock()
        record = self._fleet.record(self._sbc)
        answer = await self._asker.ask(self._platform.poll_ask(record.settings), POLL_BUDGET_S)
        if _broke_off(answer):
            host = record.sbc.ssh.host
            raise faults.slow_answer(host, POLL_BUDGET_S) if answer.late else faults.broken_answer(host)
        await self._follow_up(answer, started + POLL_BUDGET_S)
        self._fold(answer)
        if record.observation is not None and not record.settings_done:
            await self._read_settings(answer, self._settings_until(started))
        await self._look_at_routes(started)
        await self._follow(started)
        if record.settings_done and await look_at_files(
            self._asker, self._fleet.inventory, record, self._clock()
        ):
            self._changed()
        await self._listen(started)
        self._soft = self._fleet.soft(self._sbc, self._clock())

    async def _follow_up(self, answer: Answer, until: float) -> None:
        """Ask what this answer alone does not tell, while there is time; without it a part stays unknown."""
        record = self._fleet.record(self._sbc)
        left_s = until - self._clock()
        ask = self._platform.follow_up(answer, record.settings)
        if ask is None or left_s < _SETTINGS_LEAST_S:
            return
        try:
            more = await self._asker.ask(ask, left_s)
        except LinkError as error:
            self._note_settings_fault(error.reason)
            return
        record.settings = self._platform.parse_follow_up(answer, more, record.settings)

    def _fold(self, answer: Answer) -> None:
        settings = self._fleet.record(self._sbc).settings
        bindings = self._fleet.inventory.bindings_on(self._sbc)  # a reload may have changed them
        look = self._platform.parse_poll(answer, settings, bindings)
        self._fleet.answered(self._sbc, timed(look, self._wall() - self._clock()))
        self._changed()

    def _settings_until(self, started: float) -> float:
        """Return when reading settings ends: with the poll's budget, or in time for the next poll.

        A slow SBC is given a few seconds even so: without them its settings would never be read.
        """
        now = self._clock()
        wait = next_wait_s(SshState.OK, 0, self._fleet.soft(self._sbc, now), self._pace, 0.0)
        budget_s = POLL_BUDGET_S if wait is None else min(POLL_BUDGET_S, wait)
        return max(started + budget_s, now + _SETTINGS_LEAST_S)

    async def _read_settings(self, answer: Answer, until: float) -> None:
        """Ask for settings not read yet, a few asks a poll, then read the poll's answer again with them.

        What an answer that broke off does hold is kept: each object stands for itself. The next poll goes on.
        """
        record = self._fleet.record(self._sbc)
        for made in range(_SETTINGS_ASKS_PER_POLL):
            if record.observation is None or not record.observation.legs + record.observation.candidates:
                return
            asks = self._platform.settings_asks(record.observation, record.settings)
            if not asks:
                record.settings_done, self._settings_fault = True, Safe("")
                self._fold(answer)
                return
            left_s = until - self._clock()
            if made and left_s < _SETTINGS_LEAST_S:
                return
            before: LegSettings = record.settings
            try:
                reply = await self._asker.ask(asks[0], left_s)
            except LinkError as error:
                self._note_settings_fault(error.reason)
                return
            record.settings = self._platform.parse_settings((reply,), before)
            if record.settings.asked == before.asked:
                return  # nothing was answered: the next poll tries again
            self._fold(answer)
            if _broke_off(reply):
                return

    async def _look_at_routes(self, started: float) -> None:
        """Ask where the groups' calls go; that it fails is no failed poll, and says so on the route."""
        record, platform = self._fleet.record(self._sbc), self._platform
        seen = record.observation
        places = places_on(self._fleet.inventory, self._sbc, platform.name)
        if not places or seen is None or seen.app is not AppState.ANSWERING:
            return
        budget_s = max(self._settings_until(started) - self._clock(), _SETTINGS_LEAST_S)
        readings = await read_routes(self._asker, platform, record, places, budget_s, self._clock())
        if readings:
            self._fleet.routed(self._sbc, platform, readings, places, self._clock())
            self._changed()

    async def _follow(self, started: float) -> None:
        """Read what is new in the followed files, in the time that is left: the next poll begins when it is due."""
        record = self._fleet.record(self._sbc)
        seen = record.observation
        if seen is None:
            return
        files, now = self._platform.tails(seen, record.settings), self._clock()
        if not files:
            return
        for gone in set(record.tails) - set(files):
            del record.tails[gone]
        wait = next_wait_s(SshState.OK, 0, self._fleet.soft(self._sbc, now), self._pace, 0.0)
        until = min(now + _FOLLOW_S, started + _FOLLOW_SHARE * (wait or POLL_BUDGET_S))
        await self._follower.follow(files, record.trails, seen.box, max(until, now + _FOLLOW_LEAST_S))
        self._changed()

    async def _listen(self, started: float) -> None:
        """Ask what is heard of the calls that are up; that it fails is no failed poll."""
        record = self._fleet.record(self._sbc)
        if record.observation is None or record.audio.denied:
            return
        ask = self._platform.audio_ask(record.observation)
        if ask is None:
            return
        try:
            answer = await self._asker.ask(ask, max(self._settings_until(started) - self._clock(), _LISTEN_S))
        except LinkError as error:
            self._fleet.listened(self._sbc, AudioLook(why=error.reason), self._clock())
        else:
            self._fleet.listened(self._sbc, self._platform.parse_audio(answer), answer.answered_at)
        self._changed()

    def _note_settings_fault(self, reason: Safe) -> None:
        """Log why settings were not read, once: it may be so at every poll."""
        if reason != self._settings_fault:
            log.warning("%s: settings not read: %s", self._sbc, reason)
        self._settings_fault = reason

    def _note_failure(self, error: LinkError) -> None:
        self._failures += 1
        if self._failures == 1:
            log.warning("%s: poll failed: %s", self._sbc, error.reason)
        self._fleet.failed(self._sbc, error, self._clock())
        self._changed()

    def _note_success(self) -> None:
        if self._failures:
            log.warning("%s: answers again after %d failed polls", self._sbc, self._failures)
        self._failures = 0


def _broke_off(answer: Answer) -> bool:
    """Whether commands are missing; an answer that outgrew what we take is whole up to there, and says where."""
    return not answer.complete and not any(reply.truncated for reply in answer.replies)
