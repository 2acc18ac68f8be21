"""One task per SBC that has SNMP, beside the one that polls it over SSH: neither waits for the other."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from msgspec import structs

from trunktui.model.link import SnmpError, SnmpState
from trunktui.model.snmp import SnmpAnswer, SnmpAsk, WalkAnswer
from trunktui.platforms.contract import Platform
from trunktui.poll.fleet import Fleet
from trunktui.poll.rest import Rest
from trunktui.poll.schedule import Pace, next_snmp_wait_s
from trunktui.transport.port import SnmpPort

log = logging.getLogger(__name__)

SNMP_BUDGET_S = 12.0
"""One budget for a whole poll: every get and walk, retries included."""

_MENDED_BY_HAND = frozenset({SnmpState.AUTH, SnmpState.CONFIG})
"""As in `poller.py`: after a reload these are tried again at once."""


class SnmpPoller:
    """Polls one SBC's agent into a Fleet. `changed` is called after each fold; `extend` as in SnmpTarget.

    `platform` returns what the SBC is known to run by now; walks that another platform asked for count no more.
    """

    def __init__(
        self,
        sbc: str,
        platform: Callable[[], Platform],
        port: SnmpPort,
        fleet: Fleet,
        extend: tuple[str, ...],
        *,
        pace: Pace,
        clock: Callable[[], float],
        chance: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self._sbc = sbc
        self._platform = platform
        self._port = port
        self._fleet = fleet
        self._extend = extend
        self._pace = pace
        self._clock = clock
        self._chance = chance
        self._changed = changed
        self._asked_as = ""
        self._failures = 0
        self._rest = Rest(clock)
        self._state = SnmpState.PENDING
        self._afresh = False
        self._walked: dict[str, WalkAnswer] = {}

    async def run(self, first_wait_s: float, sleep: Callable[[float], Awaitable[None]] | None = None) -> None:
        """Poll for ever."""
        await (sleep or self._rest.sleep)(first_wait_s)
        while True:
            started = self._clock()
            self._state = await self.poll()
            await self._rest.until_due(started, self._wait_s, sleep)

    def renew(self, pace: Pace, *, hurry: bool) -> None:
        """Go by `pace` from now on; ask at once if told to `hurry`, or if only a human mends this agent.

        An agent that does not answer us is asked with its secrets read again: they may be what was mended.
        """
        self._pace = pace
        self._afresh = self._state is not SnmpState.OK
        self._rest.renew(hurry=hurry or self._state in _MENDED_BY_HAND)

    def _wait_s(self) -> float:
        return next_snmp_wait_s(self._state, self._failures, self._pace, self._chance())

    async def poll(self) -> SnmpState:
        """Make one poll and fold it; return how it went."""
        if self._afresh:
            self._afresh = False
            await self._port.close()
        platform = self._platform()
        if platform.name != self._asked_as:
            self._asked_as, self._walked = platform.name, {}
        try:
            answer = await self._port.ask(self._due(platform), SNMP_BUDGET_S)
        except SnmpError as error:
            self._failures += 1
            if self._failures == 1:
                log.warning("%s: SNMP failed: %s", self._sbc, error.reason)
            self._fleet.snmp_failed(self._sbc, error, self._clock())
            self._changed()
            return error.state
        if self._failures:
            log.warning("%s: SNMP answers again after %d failed polls", self._sbc, self._failures)
        self._failures = 0
        facts = platform.parse_snmp(self._with_kept(answer), self._extend)
        self._fleet.snmp_answered(self._sbc, facts)
        self._changed()
        return SnmpState.OK

    async def close(self) -> None:
        """End the asking."""
        await self._port.close()

    def _due(self, platform: Platform) -> SnmpAsk:
        """Return the ask with the walks whose time has come: tables are big and change slowly."""
        ask, now = platform.snmp_ask(self._extend), self._clock()
        due = [
            walk
            for walk in ask.walks
            if walk.key not in self._walked or now - self._walked[walk.key].at >= walk.every_s
        ]
        return structs.replace(ask, walks=tuple(due))

    def _with_kept(self, answer: SnmpAnswer) -> SnmpAnswer:
        self._walked.update((walk.key, walk) for walk in answer.walks)
        return structs.replace(answer, walks=tuple(self._walked.values()))
