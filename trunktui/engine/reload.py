"""Reads the config again and goes by it, keeping all that did not change; a broken one changes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from msgspec import structs

from trunktui.config.errors import ConfigError, Problem
from trunktui.config.load import Config
from trunktui.engine import changes
from trunktui.engine.crew import Crew, posts_of
from trunktui.engine.protocol import ConfigFrame
from trunktui.model.request import Reply
from trunktui.model.text import Safe, clean
from trunktui.poll.fleet import Fleet
from trunktui.poll.schedule import Pace

log = logging.getLogger(__name__)

_LIMIT = 400


def pace_of(config: Config) -> Pace:
    """Return how often `config` polls."""
    return Pace(config.poll.interval_s, config.poll.fast_interval_s)


class Reloader:
    """Applies what `read` returns to a fleet and its crew; `config` is the one in force.

    `read` may block, and raises ConfigError. `renewed` is called when the fleet is another one.
    """

    def __init__(
        self,
        config: Config,
        read: Callable[[], Config],
        fleet: Fleet,
        crew: Crew,
        renewed: Callable[[], None],
    ) -> None:
        self._config = config
        self._read = read
        self._fleet = fleet
        self._crew = crew
        self._renewed = renewed
        self._turn = asyncio.Lock()

    @property
    def config(self) -> Config:
        """The config in force."""
        return self._config

    async def reload(self) -> tuple[Reply, ConfigFrame | None]:
        """Read, check and apply; return what to tell, and what became of the file (None: there is none)."""
        if not self._config.in_file:
            said = "no config file to reload: `trunktui connect` made this one, start it again to change it"
            return Reply(done=False, text=clean(said)), None
        async with self._turn:
            try:
                config = await asyncio.to_thread(self._read)
            except ConfigError as error:
                fault = broken(error.problems)
                log.warning("%s", "; ".join(str(problem) for problem in error.problems))
                return Reply(done=False, text=fault), ConfigFrame(None, fault)
            said = clean(f"config reloaded: {changes.words(self._config, config)}", _LIMIT)
            await self._apply(config)
            log.info("%s", said)
            return Reply(done=True, text=said), ConfigFrame(config.text, Safe(""))

    async def _apply(self, config: Config) -> None:
        posts = posts_of(config.inventory)
        await self._crew.dismiss(posts)
        unread = self._fleet.reconfigure(config.inventory, config.thresholds, config.poll.interval_s)
        self._crew.renew(posts, pace_of(config), unread)
        self._config = _running(self._config, config)
        self._renewed()


def _running(started: Config, config: Config) -> Config:
    """Return `config` with what goes on as it was `started`, so that each reload says what needs a restart."""
    poll = structs.replace(config.poll, connections=started.poll.connections)
    return structs.replace(
        config, state_dir=started.state_dir, ui=started.ui, poll=poll, history=started.history
    )


def broken(problems: tuple[Problem, ...]) -> Safe:
    """Return `config not reloaded: prod.toml:12 (+2 more): sbc nyc-1: ...`: the place survives a narrow line."""
    first, more = problems[0], len(problems) - 1
    name = first.path.rpartition("/")[2]
    place = name if first.line is None else f"{name}:{first.line}"
    counted = f"{place} (+{more} more)".strip() if more else place
    return clean(": ".join(p for p in ("config not reloaded", counted, first.key, first.text) if p), _LIMIT)
