"""Acting through the engine, as the dashboard does, against the lab: proved, told, recorded, and finished alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from trunktui import wiring
from trunktui.config.load import load
from trunktui.engine.client import EngineFeed
from trunktui.model.acting import Doings
from trunktui.model.action import Consent, Ending, Prepared, Statement, Verb
from trunktui.model.feed import FeedUpdate
from trunktui.model.health import LegState
from trunktui.model.request import Perform, Prepare, Unlock

from .lab import Lab, wait_for
from .product import environment, write_config
from .test_reregister import _unlocked as _unlocked
from .test_reregister import _writable

pytestmark = pytest.mark.lab

LEG = "acme-primary@lab-1"


class Seat:
    """What a screen knows of a running engine."""

    def __init__(self, feed: EngineFeed, pause_s: float = 0.05) -> None:
        self.feed = feed
        self.pause_s = pause_s
        self.update = FeedUpdate(feed.initial(), feed._status)
        self.steps: list[str] = []

    async def follow(self) -> None:
        async for update in self.feed.updates():
            self.update = update
            for running in update.doings.running:
                self.steps += [step.said for step in running.steps if step.said not in self.steps]

    @property
    def doings(self) -> Doings:
        return self.update.doings

    def state(self) -> LegState | None:
        return next((leg.state for leg in self.update.snapshot.legs if leg.id == LEG), None)

    async def until_up(self) -> None:
        async with asyncio.timeout(40):
            while self.state() is not LegState.UP or not self.update.engine.alive:
                await asyncio.sleep(self.pause_s)

    async def prepared(self) -> Prepared:
        """Unlock, and prepare a re-register."""
        assert (await self.feed.ask(Unlock())).done
        prepared = (await self.feed.ask(Prepare(Verb.REREGISTER, LEG))).prepared
        assert prepared is not None
        return prepared


@asynccontextmanager
async def seat(config_path: Path) -> AsyncIterator[Seat]:
    env = environment(config_path.parent)
    config = load(config_path, env, wiring.KNOWN_PLATFORMS)
    sitting = Seat(wiring.engine_feed(config, config_path.parent / "engine.log"))
    following = asyncio.create_task(sitting.follow())
    try:
        await sitting.until_up()
        yield sitting
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
        await sitting.feed.close()


def _entries(config: Path) -> list[dict[str, Any]]:
    found = sorted(config.parent.glob("state/**/audit.jsonl"))
    return [json.loads(line)["record"] for path in found for line in path.read_text().splitlines()]


@pytest.fixture
def config(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", environment(tmp_path)["XDG_STATE_HOME"])
    path = _writable(write_config(lab, tmp_path))
    text = path.read_text()
    path.write_text(f'{text}\n[[group]]\nname = "out"\ntrunks = ["acme-primary", "ipauth-beta"]\n')
    return path


async def test_a_re_register_from_the_screen_is_refused_read_only_then_proved_and_recorded(
    config: Path,
) -> None:
    async with seat(config) as sitting:
        reply = await sitting.feed.ask(Prepare(Verb.REREGISTER, LEG))
        assert reply.prepared is not None
        assert reply.prepared.wants is None
        assert any("unlock write mode" in ruling.sentence for ruling in reply.prepared.rulings)
        refused = await sitting.feed.ask(Perform(reply.prepared.action, Consent(yes=True)))
        assert refused.ended[0].outcome.ending is Ending.REFUSED

        prepared = await sitting.prepared()
        assert prepared.wants == (Statement.YES,)
        assert prepared.over is not None
        assert prepared.over.user == "noc"
        reply = await sitting.feed.ask(Perform(prepared.action, Consent(yes=True)))
        (ended,) = reply.ended
        assert ended.outcome.ending is Ending.VERIFIED, ended.outcome.sentence
        assert any("sending 'pjsip send register acme-primary'" in step for step in sitting.steps)
        await sitting.until_up()
        assert not sitting.doings.unfinished
    kinds = [(entry["kind"], entry.get("ending", "")) for entry in _entries(config)]
    assert kinds == [("refused", "refused"), ("unlock", ""), ("intent", ""), ("outcome", "verified")]


async def test_an_engine_whose_screen_left_proves_and_records_the_action_alone(config: Path) -> None:
    async with seat(config) as sitting:
        prepared = await sitting.prepared()
        asking = asyncio.create_task(sitting.feed.ask(Perform(prepared.action, Consent(yes=True))))
        async with asyncio.timeout(20):
            while not any("sending" in step for step in sitting.steps):
                await asyncio.sleep(0.02)
        asking.cancel()
        process: subprocess.Popen[bytes] | None = sitting.feed._process
    assert process is not None
    wait_for(lambda: process.poll() is not None, 90, "the engine ends by itself")
    assert process.returncode == 0
    last = _entries(config)[-1]
    assert (last["kind"], last["ending"]) == ("outcome", "verified"), last
