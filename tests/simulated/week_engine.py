"""One life of an engine without its process: crew, fleet, recorder, and histories whose keepers are stepped by hand."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import cast

from msgspec import Struct

from tests.simulated.week_world import WeekPort, WeekWorld
from trunktui.config.load import Config, parse
from trunktui.demo.config import Access, config_text
from trunktui.demo.plan import FleetPlan
from trunktui.demo.tempo import Tempo
from trunktui.engine.crew import Crew, Post, posts_of
from trunktui.engine.historian import Historian
from trunktui.engine.recorder import Recorder
from trunktui.model.history import EventKind, Findings, Known, Memory
from trunktui.model.text import clean
from trunktui.platforms.contract import Platform
from trunktui.poll.fleet import Fleet
from trunktui.poll.past import pasts
from trunktui.poll.poller import SbcPoller
from trunktui.poll.schedule import Pace
from trunktui.store.history_file import Limits
from trunktui.store.history_keeper import HistoryKeeper
from trunktui.wiring import KNOWN_PLATFORMS


class SteppedKeeper(HistoryKeeper):
    """The product's keeper, whose turns are made here instead of in its thread: its second is not the run's."""

    def begin(self) -> None:
        """Begin as `start` does."""
        self._flushed_at = self._monotonic()

    def step(self) -> None:
        """Make turns until nothing is left to do for now."""
        self._urgent = False
        while self._turn(closing=False) < 0.5:
            pass

    def finish(self) -> None:
        """Write what is left, as `close` has it done."""
        self._turn(closing=True)
        self._let_go()

    def kill(self) -> None:
        """Let go of the file as a killed process does: what waits is lost."""
        self._let_go()


class Keepers:
    """Several histories of one engine (a `historian.Keeper`)."""

    def __init__(self, keepers: list[SteppedKeeper]) -> None:
        self.all = keepers
        self.samples = 0

    def take(self, found: Findings) -> None:
        self.samples += len(found.samples)
        for keeper in self.all:
            keeper.take(found)


class Surroundings(Struct):
    """What outlives an engine: its SBCs, where its histories are and how long they may get, its clocks, its listeners.

    `told` hears why no history can be kept, `changed` that something was folded in.
    """

    world: WeekWorld
    histories: dict[str, tuple[Path, Limits]]
    now: Callable[[], float]
    wall: Callable[[], float]
    told: Callable[[str], None]
    changed: Callable[[], None]
    seed: int


class Engine:
    """What lives from one start of an engine to its end; it starts where `memory` ended."""

    def __init__(self, config: Config, memory: Memory, around: Surroundings) -> None:
        self._around = around
        now = around.now()
        self.fleet = Fleet(config.inventory, config.thresholds, config.poll.interval_s)
        self.fleet.recall(pasts(memory, around.wall() - now))
        legs = [Known(EventKind.LEG, one.leg, clean(one.state.value), one.since) for one in memory.legs]
        known = (*legs, *memory.known)
        self.keepers = Keepers(
            [
                SteppedKeeper(folder, limits, around.now, around.wall, around.told, known=known)
                for folder, limits in around.histories.values()
            ]
        )
        for keeper in self.keepers.all:
            keeper.begin()
        recorder = Recorder(memory, around.wall() - now)
        self.historian = Historian(self.keepers, recorder, around.now, around.wall)
        self.crew = Crew(self._hire)
        self._job = asyncio.create_task(self.crew.run(posts_of(config.inventory), pace_of(config)))
        self.historian.note(EventKind.WATCH, "week", "watching began", after="began")

    def reload(self, config: Config, said: str) -> None:
        """Apply another config as `engine.reload` does, which reads it in a thread of its own."""
        unread = self.fleet.reconfigure(config.inventory, config.thresholds, config.poll.interval_s)
        self.crew.renew(posts_of(config.inventory), pace_of(config), unread)
        self.historian.note(EventKind.CONFIG, "week", said)

    async def stop(self) -> None:
        """End the polling."""
        self._job.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._job

    def _hire(self, post: Post, pace: Pace) -> SbcPoller:
        port = WeekPort(self._around.world, post.sbc)
        return SbcPoller(
            post.sbc,
            cast(Platform, port),
            port,
            self.fleet,
            pace=pace,
            clock=self._around.now,
            wall=self._around.wall,
            chance=random.Random(f"{self._around.seed} {post.sbc}").random,
            changed=self._around.changed,
        )


def pace_of(config: Config) -> Pace:
    """Return how often a config has SBCs polled."""
    return Pace(config.poll.interval_s, config.poll.fast_interval_s)


def config_of(plan: FleetPlan, interval_s: float) -> Config:
    """Return the config of a plan, polled every `interval_s` seconds."""
    ports = {sbc.name: port for port, sbc in enumerate(plan.sbcs, 2201)}
    text = config_text(
        plan, Tempo(1.0), Access("/nowhere", "noc", "127.0.0.1", ports, {}), date(2026, 11, 26)
    )
    ours = text.replace('interval = "5s"', f'interval = "{interval_s:g}s"')
    assert ours != text
    return parse(ours.encode(), Path("/nowhere/week.toml"), {}, KNOWN_PLATFORMS)
