"""The engine's side: it tells what changed, is not held up by a screen that sleeps, and ends with it."""

from __future__ import annotations

import asyncio
import socket
import time

from tests.health.scenes import START, Says, Trunks, answer, fleet_of
from trunktui.engine.protocol import Changes, FleetFrame, Frame, Hello, read_frame
from trunktui.engine.server import Engine, poll_once
from trunktui.model.ask import Answer, SshAsk
from trunktui.model.health import LegState
from trunktui.platforms.registry import platform_for
from trunktui.poll.fleet import Fleet
from trunktui.poll.poller import SbcPoller
from trunktui.poll.schedule import Pace

DEADLINE_S = 10.0
PACE = Pace(0.05, 0.05)


class EndlessAsker:
    """An SBC that always answers, with another round-trip time each time."""

    def __init__(self) -> None:
        self.asked = 0
        self.closed = False
        self.often = asyncio.Event()

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        self.asked += 1
        if self.asked >= 60:
            self.often.set()
        return answer(Says(contacts=(f"Avail {self.asked % 900 + 1}.0",)), time.monotonic())

    async def close(self) -> None:
        self.closed = True


class HangingAsker(EndlessAsker):
    """An SBC that never answers."""

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError


def poller(asker: EndlessAsker, fleet: Fleet, engine: Engine | None = None) -> SbcPoller:
    return SbcPoller(
        "sbc-1",
        platform_for("asterisk"),
        asker,
        fleet,
        pace=PACE,
        clock=time.monotonic,
        chance=lambda: 0.5,
        changed=engine.changed if engine else lambda: None,
    )


async def frames(reader: asyncio.StreamReader, count: int) -> list[Frame]:
    found: list[Frame] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(found) < count and (frame := await read_frame(reader)) is not None:
            found.append(frame)
    return found


def test_a_screen_gets_hello_the_fleet_and_then_changes() -> None:
    async def go() -> None:
        ours, theirs = socket.socketpair()
        fleet, asker = fleet_of(Trunks()), EndlessAsker()
        engine = Engine(fleet, time.monotonic)
        running = asyncio.create_task(engine.run(theirs, [poller(asker, fleet, engine)], PACE))
        reader, writer = await asyncio.open_connection(sock=ours)
        hello, whole, *changes = await frames(reader, 5)
        assert isinstance(hello, Hello)
        assert isinstance(whole, FleetFrame)
        assert all(isinstance(change, Changes) for change in changes)
        assert any(leg.state is LegState.UP for c in changes if isinstance(c, Changes) for leg in c.legs)
        writer.close()
        async with asyncio.timeout(DEADLINE_S):
            await running
        assert asker.closed

    asyncio.run(go())


def test_a_screen_that_does_not_read_holds_up_no_poll_and_then_gets_the_latest() -> None:
    async def go() -> None:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        fleet, asker = fleet_of(Trunks()), EndlessAsker()
        engine = Engine(fleet, time.monotonic)
        running = asyncio.create_task(engine.run(theirs, [poller(asker, fleet, engine)], PACE))
        async with asyncio.timeout(DEADLINE_S):
            await asker.often.wait()
        reader, writer = await asyncio.open_connection(sock=ours)
        asleep_until = time.monotonic()
        async with asyncio.timeout(DEADLINE_S):
            while True:
                frame = await read_frame(reader)
                if isinstance(frame, Changes) and frame.at >= asleep_until:
                    break
        writer.close()
        async with asyncio.timeout(DEADLINE_S):
            await running

    asyncio.run(go())


def test_one_shot_polling_ends_in_time_though_an_sbc_hangs() -> None:
    async def go() -> None:
        fleet, asker, done = fleet_of(Trunks()), HangingAsker(), []
        began = time.monotonic()
        await poll_once([poller(asker, fleet)], 0.3, lambda: done.append(1))
        assert time.monotonic() - began < DEADLINE_S
        assert not done
        assert asker.closed
        assert fleet.snapshot(START).legs[0].state is LegState.UNKNOWN

    asyncio.run(go())
