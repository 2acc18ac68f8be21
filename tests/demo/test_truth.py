"""The truth of the display: the engine polls the simulated fleet over SSH and SNMP, and is held against the world.

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
from trunktui.demo.leg import Truth
from trunktui.demo.plan import newcomers_fleet
from trunktui.demo.rows import Daemon
from trunktui.demo.story import NEWCOMERS_STORY, REBOOTING_SBC, SSHLESS_SBC
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import World
from trunktui.model.box import BoxFacts, SubAgent
from trunktui.model.health import LegState, ProbeSignal, RegSignal
from trunktui.model.link import SnmpState
from trunktui.model.snapshot import LegStatus
from trunktui.poll.fleet import Fleet
from trunktui.poll.schedule import first_wait_s
from trunktui.present.freshness import shown
from trunktui.wiring import _pace, _pollers, new_fleet

SPEED = 20.0
SECONDS = NEWCOMERS_STORY.period / SPEED + 4.0
STEP_S = 0.2
SLACK_S = 2.0
"""What a loaded machine may add to a poll."""

BOX_SLACK_S = 4.0 + SLACK_S
"""A poll by SNMP waits for a hanging sub-agent, and its answers are from the time before that as well."""

TOLD_BY = {
    SubAgent.ANSWERS: {Daemon.RUNNING},
    SubAgent.ABSENT: {Daemon.STOPPED, Daemon.LOADING},
    SubAgent.SILENT: {Daemon.FROZEN},
}
_GREEN = {LegState.UP, LegState.STANDBY}


class Judge:
    """Remembers what was true, and says for how long it has not been."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._worked = dict.fromkeys(world.plan.legs, 0.0)
        self._believed = dict.fromkeys(world.plan.legs, 0.0)
        self._served = dict.fromkeys(world.plan.legs, 0.0)
        self._boxes: dict[str, list[tuple[float, Daemon, int]]] = {
            sbc.name: [] for sbc in world.plan.sbcs if sbc.snmp is not None
        }
        self._heard: dict[str, float] = {}
        self._down: dict[str, float] = {}
        self.boxes: Counter[SubAgent] = Counter()
        """How many answers by SNMP were held against the truth."""

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

    def snapshot(self, fleet: Fleet, now: float, t: float) -> list[str]:
        """Return what the boxes' facts say that is not so; second `t` of the world is monotonic second `now`."""
        for sbc in self._boxes:
            look = self._world.look(sbc, t)
            self._boxes[sbc].append((t, look.daemon, 2 * len(look.calls)))
        lies = []
        for status in fleet.snapshot(now).sbcs:
            if status.name not in self._boxes and status.snmp.state is not SnmpState.OFF:
                lies.append(f"{status.name} has no agent")
            if not self._world.host_up(status.name, t):
                self._down[status.name] = t
            mute = "no SNMP answer either" in status.reason
            if mute and t - self._down.get(status.name, -BOX_SLACK_S) > BOX_SLACK_S + SLACK_S:
                lies.append(f"{t:.1f} s: {status.name} answers SNMP: {status.reason}")
            if status.name in self._boxes and status.box is not None:
                lies += self._box_lies(status.box, status.name, t - (now - status.box.at))
        return lies

    def _box_lies(self, box: BoxFacts, sbc: str, t: float) -> list[str]:
        """Hold one answer, which was complete at second `t`, against what was true while it was gathered."""
        if self._heard.get(sbc) == box.at:
            return []
        self._heard[sbc] = box.at
        since = [seen for seen in self._boxes[sbc] if t - BOX_SLACK_S <= seen[0] <= t + SLACK_S]
        if box.sub_agent is None or len(since) < 3:
            return []
        self.boxes[box.sub_agent] += 1
        lies = []
        if not {daemon for _, daemon, _ in since} & TOLD_BY[box.sub_agent]:
            lies.append(f"{t:.1f} s: {sbc}'s Asterisk by SNMP {box.sub_agent}, in truth {since[-1][1]}")
        channels = [count for _, _, count in since]
        if box.channels is not None and not min(channels) - 6 <= box.channels <= max(channels) + 6:
            lies.append(f"{t:.1f} s: {sbc} has {box.channels} channels by SNMP, in truth {channels}")
        machine = self._world.machine(sbc, t)
        if box.uptime_s is None or abs(box.uptime_s - machine.uptime_s) > BOX_SLACK_S:
            lies.append(f"{t:.1f} s: {sbc} up {box.uptime_s} s by SNMP, in truth {machine.uptime_s}")
        if box.name != sbc or box.load is None or box.disk is None or box.unread:
            lies.append(f"{t:.1f} s: {sbc} not told in full: {box}")
        return lies

    def unserved_s(self, leg: str, now: float) -> float:
        """Seconds since the SBC was in service."""
        return now - self._served[leg]


async def watch(fleet: Fleet, judge: Judge, site: Served) -> tuple[list[str], Counter[LegState], str]:
    """Compare every shown state with the truth for one loop of the story.

    Returns lies, what was shown how often, and all that was said of the SBCs.
    """
    tempo = Tempo(SPEED)
    stale = tempo.stale_s
    notice = tempo.whole(30.0) + 1.0  # the next OPTIONS and its timeout
    refresh = tempo.span(90.0) + 1.0  # the refused registration's next REGISTER
    poll = 2 * tempo.poll_s + SLACK_S
    lies: list[str] = []
    said: set[str] = set()
    counted: Counter[LegState] = Counter()
    while (t := site.clock()) < SECONDS:
        judge.look(t)
        now = time.monotonic()
        lies += judge.snapshot(fleet, now, t)
        said |= {f"{sbc.name}: {sbc.reason}" for sbc in fleet.snapshot(now).sbcs}
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
    return lies, counted, "\n".join(sorted(said))


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
    seen = Judge(judge)
    async with served(polled, tmp_path / "demo") as site:
        fleet = new_fleet(site.config)
        pollers = _pollers(site.config, fleet, lambda: None, lambda: None)
        pace = _pace(site.config)
        tasks = [
            asyncio.create_task(poller.run(first_wait_s(n, len(pollers), pace)))
            for n, poller in enumerate(pollers)
        ]
        try:
            lies, counted, said = await watch(fleet, seen, site)
        finally:
            for task in tasks:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks)
            await asyncio.gather(*(poller.close() for poller in pollers))
    assert lies == []
    assert counted.total() > 5000
    assert counted[LegState.UP] > 0.6 * counted.total(), "a screen that is never green proves nothing"
    assert {SubAgent.ANSWERS, SubAgent.SILENT} <= seen.boxes.keys()
    assert seen.boxes.total() > 100
    assert f"{SSHLESS_SBC}: SSH lost, box answers SNMP: box alive" in said
    assert f"{REBOOTING_SBC}: SSH lost, no SNMP answer either" in said
    assert {LegState.DOWN, LegState.UNKNOWN, LegState.DEGRADED, LegState.UNMONITORED} <= counted.keys()
