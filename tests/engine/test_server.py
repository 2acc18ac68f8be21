"""The engine's side: it tells what changed, is not held up by a screen that sleeps, and ends with it."""

from __future__ import annotations

import asyncio
import socket
import time
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.engine.kept import Kept
from tests.health.scenes import START, Says, Trunks, answer, fleet_of
from trunktui import wiring
from trunktui.config.load import Config, load
from trunktui.engine.crew import Crew, posts_of
from trunktui.engine.foresight import Foresight
from trunktui.engine.historian import Historian
from trunktui.engine.protocol import Changes, FleetFrame, Frame, Hello, read_frame
from trunktui.engine.recorder import Recorder
from trunktui.engine.reload import Reloader
from trunktui.engine.server import Engine, poll_once
from trunktui.model.ask import Answer, SshAsk
from trunktui.model.finding import FindingKind, Told
from trunktui.model.health import LegState, Thresholds
from trunktui.model.history import Memory
from trunktui.model.inventory import Binding, Inventory
from trunktui.model.link import SshState
from trunktui.model.text import Safe
from trunktui.platforms.registry import platform_for
from trunktui.poll.fleet import Fleet
from trunktui.poll.poller import SbcPoller
from trunktui.poll.schedule import Pace

DEADLINE_S = 30.0
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


class BrokenAsker(EndlessAsker):
    """A transport with a defect."""

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        self.asked += 1
        raise RuntimeError("canary")

    async def close(self) -> None:
        await super().close()
        raise RuntimeError("canary")


def two_sbcs() -> Fleet:
    """Return a fleet of two SBCs that both carry the trunk."""
    one = fleet_of(Trunks()).inventory
    bindings = tuple(Binding("carrier-a", name, name="carrier-a") for name in ("sbc-1", "sbc-2"))
    sbcs = (one.sbcs[0], replace(one.sbcs[0], name="sbc-2"))
    trunks = (replace(one.trunks[0], bindings=bindings),)
    return Fleet(Inventory(sbcs=sbcs, trunks=trunks), Thresholds(), 30.0)


def poller(asker: EndlessAsker, fleet: Fleet, engine: Engine | None = None, sbc: str = "sbc-1") -> SbcPoller:
    return SbcPoller(
        sbc,
        platform_for("asterisk"),
        asker,
        fleet,
        pace=PACE,
        clock=time.monotonic,
        wall=lambda: 0.0,
        chance=lambda: 0.5,
        changed=engine.changed if engine else lambda: None,
    )


def running(engine: Engine, fleet: Fleet, sock: socket.socket, *pollers: SbcPoller) -> asyncio.Task[None]:
    """Start an engine with `pollers`, one for each SBC in order; there is no config to reload."""
    posts = posts_of(fleet.inventory)
    crew = Crew(lambda post, _: pollers[posts.index(post)])
    config = Config(Path("none"), "none", fleet.inventory, Path("none"))
    reloader = Reloader(config, lambda: config, fleet, crew, engine.renewed)
    return asyncio.create_task(engine.run(sock, crew, posts, PACE, reloader))


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
        run = running(engine, fleet, theirs, poller(asker, fleet, engine))
        reader, writer = await asyncio.open_connection(sock=ours)
        hello, whole, *changes = await frames(reader, 5)
        assert isinstance(hello, Hello)
        assert isinstance(whole, FleetFrame)
        assert all(isinstance(change, Changes) for change in changes)
        assert any(leg.state is LegState.UP for c in changes if isinstance(c, Changes) for leg in c.legs)
        writer.close()
        async with asyncio.timeout(DEADLINE_S):
            await run
        assert asker.closed

    asyncio.run(go())


def test_a_screen_gets_findings_with_the_fleet_and_again_only_when_they_differ() -> None:
    async def go() -> None:
        ours, theirs = socket.socketpair()
        fleet, asker = fleet_of(Trunks()), EndlessAsker()
        engine = Engine(fleet, time.monotonic)
        engine.foresight = Foresight(
            lambda: fleet.inventory,
            time.monotonic,
            lambda: date(2026, 11, 26),
            lambda argv: Told("", None, Safe("command"), Safe(argv[0])),
            engine.changed,
        )
        run = running(engine, fleet, theirs, poller(asker, fleet, engine))
        reader, writer = await asyncio.open_connection(sock=ours)
        _, whole, *changes = await frames(reader, 4)
        assert isinstance(whole, FleetFrame)
        kinds = {one.kind for one in whole.snapshot.findings or ()}
        assert kinds == {FindingKind.CRED_UNKNOWN, FindingKind.NO_CAP}
        assert [age.trunk for age in whole.snapshot.credentials or ()] == ["carrier-a"]
        assert [change.foreseen for change in changes if isinstance(change, Changes)] == [None, None]
        writer.close()
        async with asyncio.timeout(DEADLINE_S):
            await run

    asyncio.run(go())


def test_a_screen_that_does_not_read_holds_up_no_poll_and_then_gets_the_latest() -> None:
    async def go() -> None:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        fleet, asker = fleet_of(Trunks()), EndlessAsker()
        engine = Engine(fleet, time.monotonic)
        run = running(engine, fleet, theirs, poller(asker, fleet, engine))
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
            await run

    asyncio.run(go())


def test_the_history_sees_what_a_screen_that_does_not_read_is_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trunktui.engine.server._GATHER_S", 0.02)

    async def go() -> None:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        fleet, seen = fleet_of(Trunks()), Kept()
        historian = Historian(seen, Recorder(Memory(), 0.0), time.monotonic, time.monotonic)
        engine = Engine(fleet, time.monotonic, historian)
        run = running(engine, fleet, theirs, poller(EndlessAsker(), fleet, engine))
        async with asyncio.timeout(DEADLINE_S):
            while len(seen.samples) < 40:  # the sending is stuck after some ten frames
                await asyncio.sleep(0.01)
        assert sorted({one.at for _, one in seen.samples}) == [one.at for _, one in seen.samples]
        ours.close()
        async with asyncio.timeout(DEADLINE_S):
            await run

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


def test_a_defect_met_at_one_sbc_leaves_the_others_judged() -> None:
    async def go() -> None:
        fleet, broken, sound, done = two_sbcs(), BrokenAsker(), EndlessAsker(), []
        pollers = [poller(broken, fleet), poller(sound, fleet, sbc="sbc-2")]
        await poll_once(pollers, DEADLINE_S, lambda: done.append(1))
        assert len(done) == 2
        assert broken.closed
        assert sound.closed
        seen = fleet.snapshot(time.monotonic())
        assert [leg.state for leg in seen.legs] == [LegState.UNKNOWN, LegState.UP]
        assert seen.sbcs[0].link.state is SshState.CONFIG
        assert seen.sbcs[0].link.reason == "internal error (RuntimeError): see engine.log"

    asyncio.run(go())


def test_the_engine_outlives_a_defect_met_at_one_sbc() -> None:
    async def go() -> None:
        ours, theirs = socket.socketpair()
        fleet, broken, sound = two_sbcs(), BrokenAsker(), EndlessAsker()
        engine = Engine(fleet, time.monotonic)
        pollers = [poller(broken, fleet, engine), poller(sound, fleet, engine, "sbc-2")]
        run = running(engine, fleet, theirs, *pollers)
        reader, writer = await asyncio.open_connection(sock=ours)
        async with asyncio.timeout(DEADLINE_S):
            await sound.often.wait()
        assert broken.asked >= 1
        assert isinstance((await frames(reader, 1))[0], Hello)
        writer.close()
        async with asyncio.timeout(DEADLINE_S):
            await run

    asyncio.run(go())


def test_the_engine_has_its_own_handler_for_errors_of_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers: list[object] = []

    async def run(*_: object) -> None:
        handlers.append(asyncio.get_running_loop().get_exception_handler())

    monkeypatch.setattr(Engine, "run", run)
    path = tmp_path / "config.toml"
    path.write_text('[[sbc]]\nname = "a"\nhost = "192.0.2.1"\n')
    path.chmod(0o600)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        asyncio.run(wiring._engine(theirs, load(path, {}, wiring.KNOWN_PLATFORMS)))
    assert handlers
    assert None not in handlers
