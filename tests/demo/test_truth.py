"""The truth of the display: the engine polls the simulated fleet over SSH, and what it shows is held against the world.

A second world of the same seed is the judge: it is looked at beside the one that is polled, and never told.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.demo.serving import Served, served
from trunktui.demo.plan import newcomers_fleet
from trunktui.demo.story import NEWCOMERS_STORY
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import Truth, World
from trunktui.model.health import LegState, ProbeSignal, RegSignal
from trunktui.model.snapshot import LegStatus
from trunktui.poll.fleet import Fleet
from trunktui.poll.schedule import first_wait_s
from trunktui.present.freshness import shown
from trunktui.wiring import _fleet, _pace, _pollers

SPEED = 20.0
SECONDS = NEWCOMERS_STORY.period / SPEED + 4.0
STEP_S = 0.2
SLACK_S = 2.0
"""What a loaded machine may add to a poll."""

_GREEN = {LegState.UP, LegState.STANDBY}


class Judge:
    """Remembers what was true, and says for how long it has not been."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._worked = dict.fromkeys(world.plan.legs, 0.0)
        self._believed = dict.fromkeys(world.plan.legs, 0.0)
        self._served = dict.fromkeys(world.plan.legs, 0.0)

    def look(self, now: float) -> None:
        for leg in self._worked:
            truth: Truth = self._world.truth(leg, now)
            if truth.works:
                self._worked[leg] = now
            if truth.sbc_believes is not False and (truth.sbc or truth.sbc_believes):
                self._believed[leg] = now
            if truth.sbc:
                self._served[leg] = now

    def failing_s(self, leg: str, now: float) -> float:
        """Seconds since a call would have got through."""
        return now - self._worked[leg]

    def disbelieved_s(self, leg: str, now: float) -> float:
        """Seconds since the SBC's own tables said that all is well."""
        return now - self._believed[leg]

    def unserved_s(self, leg: str, now: float) -> float:
        """Seconds since the SBC was in service."""
        return now - self._served[leg]


async def watch(fleet: Fleet, judge: Judge, site: Served) -> tuple[list[str], Counter[LegState]]:
    """Compare every shown state with the truth for one loop of the story; return lies, and what was shown how often."""
    tempo = Tempo(SPEED)
    stale = tempo.stale_s
    notice = tempo.whole(30.0) + 1.0  # the next OPTIONS and its timeout
    refresh = tempo.span(90.0) + 1.0  # the refused registration's next REGISTER
    poll = 2 * tempo.poll_s + SLACK_S
    lies: list[str] = []
    counted: Counter[LegState] = Counter()
    while (t := site.clock()) < SECONDS:
        judge.look(t)
        now = time.monotonic()
        for leg in fleet.snapshot(now).legs:
            state = shown(leg, now).state
            counted[state] += 1
            if state in _GREEN:
                limits = (
                    (judge.disbelieved_s(leg.id, t), poll, "its SBC disbelieves in it"),
                    (judge.unserved_s(leg.id, t), stale + SLACK_S, "its SBC is not in service"),
                    (
                        judge.failing_s(leg.id, t),
                        max(notice, refresh) + stale + SLACK_S,
                        "no call gets through",
                    ),
                )
                lies += [
                    f"{t:.1f} s: {leg.id} is {state} though for {bad:.1f} s {why}: {leg.reason}"
                    for bad, limit, why in limits
                    if bad > limit
                ]
            lies += contradictions(leg, state)
        await asyncio.sleep(STEP_S)
    return lies, counted


def contradictions(leg: LegStatus, state: LegState) -> list[str]:
    """Return what a shown state says against its own cells."""
    said = []
    if state is LegState.UP and leg.probe.state is not ProbeSignal.OK:
        said.append(f"{leg.id} up with OPTIONS {leg.probe.state}")
    if state is LegState.UP and leg.registration.state in {RegSignal.GAVE_UP, RegSignal.RETRYING}:
        said.append(f"{leg.id} up with registration {leg.registration.state}")
    return said


@pytest.mark.timeout(SECONDS + 60)
async def test_nothing_is_ever_shown_as_up_that_is_not(tmp_path: Path) -> None:
    plan = newcomers_fleet()
    polled, judge = (World(plan, NEWCOMERS_STORY, 5, Tempo(SPEED)) for _ in range(2))
    async with served(polled, tmp_path / "demo") as site:
        fleet = _fleet(site.config)
        pollers = _pollers(site.config, fleet, lambda: None, lambda: None)
        pace = _pace(site.config)
        tasks = [
            asyncio.create_task(poller.run(first_wait_s(n, len(pollers), pace)))
            for n, poller in enumerate(pollers)
        ]
        try:
            lies, counted = await watch(fleet, Judge(judge), site)
        finally:
            for task in tasks:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks)
            await asyncio.gather(*(poller.close() for poller in pollers))
    assert lies == []
    assert counted.total() > 5000
    assert counted[LegState.UP] > 0.6 * counted.total(), "a screen that is never green proves nothing"
    assert {LegState.DOWN, LegState.UNKNOWN, LegState.DEGRADED, LegState.UNMONITORED} <= counted.keys()
