"""Polls the SBCs that an action of the command line is about, and gives the desk over the connections to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trunktui.actions.desk import Desk
    from trunktui.config.load import Config
    from trunktui.model.snapshot import Snapshot
    from trunktui.poll.fleet import Fleet
    from trunktui.poll.poller import Poller
    from trunktui.transport.askers import Askers

BUDGET_S = 25.0
"""Seconds for the polls ahead of an action."""


def now() -> float:
    """Return the monotonic second of the running loop."""
    return asyncio.get_running_loop().time()


class Looks:
    """SBCs that are polled when it is asked for, and never by themselves."""

    def __init__(self, config: Config, fleet: Fleet, pollers: dict[str, Poller], askers: Askers) -> None:
        self._config = config
        self._fleet = fleet
        self._pollers = pollers
        self._askers = askers

    def desk(self) -> Desk:
        """Return a desk over what is known of them; between two parts of a switch it has them polled again."""
        from trunktui import wiring_actions

        return wiring_actions.action_desk(
            self._config,
            self._fleet,
            self._askers,
            always_unlocked=True,
            look_again=self.again,
            snapshot=self._seen,
        )

    def _seen(self) -> Snapshot:
        """Return what guards go by: what is known of the SBCs, with marks and the ages of credentials over it."""
        from trunktui.wiring_marks import marked
        from trunktui.wiring_records import foreseen

        return foreseen(self._config, self._fleet.snapshot(now(), partial(marked, self._config, end=False)))

    async def refreshed(self, since: float) -> None:
        """Poll those once more whose answer, since then, grew old while a slower one was waited for."""
        at, limit = now(), self._config.poll.interval_s
        polls = {sbc.name: sbc.polled_at for sbc in self._fleet.snapshot(at).sbcs}
        await self.again(
            name
            for name, polled_at in polls.items()
            if polled_at is not None and since <= polled_at < at - limit
        )

    async def again(self, names: Iterable[str]) -> None:
        """Poll these once more, side by side; one that is not through in time stays as it was known."""
        tasks = [asyncio.ensure_future(self._pollers[name].poll()) for name in names if name in self._pollers]
        if not tasks:
            return
        try:
            await asyncio.wait(tasks, timeout=BUDGET_S)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def looking(config: Config, fleet: Fleet, needed: frozenset[str]) -> AsyncIterator[Looks]:
    """Poll the SBCs `needed` into `fleet`, and hold the connections to them."""
    from trunktui import wiring_pollers
    from trunktui.engine.crew import posts_of
    from trunktui.engine.logfile import LoopErrors
    from trunktui.engine.reload import pace_of
    from trunktui.model.inventory import SshTarget

    asyncio.get_running_loop().set_exception_handler(LoopErrors().handle)
    logging.getLogger("trunktui").addHandler(
        logging.NullHandler()
    )  # what is to be told is told by the guards
    posts = (post for post in posts_of(config.inventory) if isinstance(post.target, SshTarget))
    calm = wiring_pollers.unhurried(config)
    hiring = wiring_pollers.Hiring(calm, fleet, _nothing, _nothing, surveys=False)
    pollers = {post.sbc: hiring.poller(post, pace_of(calm)) for post in posts if post.sbc in needed}
    looks = Looks(config, fleet, pollers, hiring.askers)
    try:
        began = now()
        await looks.again(pollers)
        await looks.refreshed(began)
        yield looks
    finally:
        await hiring.askers.close()


def idle_desk(config: Config) -> Desk:
    """Return a desk that can ask no SBC."""
    from trunktui import wiring, wiring_actions
    from trunktui.transport.askers import Askers

    return wiring_actions.action_desk(config, wiring.new_fleet(config), Askers(), always_unlocked=True)


def _nothing() -> None:
    """Stand for a screen: nobody looks."""
