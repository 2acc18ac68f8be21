"""Actions on the simulated fleet, over real SSH by the product's own desk: verified, failed, and refused."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec import structs

from tests.demo.serving import Served, served
from trunktui.actions.desk import Desk
from trunktui.config.load import Config
from trunktui.demo.launch import Simulator
from trunktui.demo.plan import newcomers_fleet
from trunktui.demo.processes import READABLE
from trunktui.demo.story import READ_ONLY_SBC, REFUSED_LEG, Kind, Script, Trouble
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import World
from trunktui.engine.crew import posts_of
from trunktui.engine.reload import pace_of
from trunktui.model.action import Consent, Ending, Outcome, Prepared, Statement, Verb
from trunktui.model.ask import LOCK, LOCK_BUSY, LOCK_FREE, LOCK_UNREADABLE, Command, Lock, SshAsk
from trunktui.model.audit import Who
from trunktui.model.inventory import SshTarget
from trunktui.model.text import Safe
from trunktui.poll.fleet import Fleet
from trunktui.store import who
from trunktui.transport.ssh import SshAsker, SshShared
from trunktui.wiring import new_fleet
from trunktui.wiring_actions import action_desk
from trunktui.wiring_pollers import Hiring, unhurried

SPEED = 20.0
LONG = 1e6
YES = Consent(yes=True, reason="a test")
ROOT = Path(__file__).parents[2]


def world(*troubles: Trouble) -> World:
    return World(newcomers_fleet(), Script(LONG, troubles), 1, Tempo(SPEED))


def asker_to(config: Config, sbc: str) -> SshAsker:
    return SshAsker(next(each.ssh for each in config.inventory.sbcs if each.name == sbc), SshShared())


class Operator:
    """One operator on a jump host of his own: his own connections, fleet and audit log."""

    def __init__(self, config: Config, sbc: str) -> None:
        self.said: list[Safe] = []
        self._fleet: Fleet = new_fleet(config)
        calm = unhurried(config)
        hiring = Hiring(calm, self._fleet, lambda: None, lambda: None)
        posts = (post for post in posts_of(config.inventory) if isinstance(post.target, SshTarget))
        self._pollers = [hiring.poller(post, pace_of(calm)) for post in posts if post.sbc == sbc]
        self.askers = hiring.askers
        self._desk: Desk = action_desk(config, self._fleet, self.askers, always_unlocked=True)

    async def prepare(self, verb: Verb, leg: str, consent: Consent = YES) -> Prepared:
        for poller in self._pollers:
            await poller.poll()
        return await self._desk.prepare(verb, leg, (), consent)

    async def act(self, verb: Verb, leg: str, consent: Consent = YES) -> Outcome:
        """Look, act, and say how it ended; a look that was overtaken is made again."""
        async with asyncio.timeout(90):
            while True:
                outcome = await self._desk.perform(
                    await self.prepare(verb, leg, consent), consent, self.said.append
                )
                if not any(words in outcome.sentence for words in ("fresh: ", "look again")):
                    return outcome


@asynccontextmanager
async def operator(
    site: Served, sbc: str, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "alice"
) -> AsyncIterator[Operator]:
    monkeypatch.setattr(who, "who_am_i", lambda _: Who(user=name, uid=1000, host=f"{name}-jump", pid=1))
    one = Operator(structs.replace(site.config, state_dir=folder / name), sbc)
    try:
        yield one
    finally:
        await one.askers.close()


async def test_a_healthy_leg_is_proved_and_a_second_time_and_a_read_only_sbc_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(world(), tmp_path / "demo") as site:
        async with operator(site, "nyc-1", tmp_path, monkeypatch) as alice:
            done = await alice.act(Verb.REREGISTER, "alpha-us@nyc-1")
            again = await alice.act(Verb.REREGISTER, "alpha-us@nyc-1")
            stranger = await alice.act(Verb.REREGISTER, "nosuch@nyc-1")
        async with operator(site, READ_ONLY_SBC, tmp_path, monkeypatch) as alice:
            read_only = await alice.act(Verb.REREGISTER, f"alpha-us@{READ_ONLY_SBC}")
    assert (done.ending, done.sent) == (Ending.VERIFIED, True), done.sentence
    assert done.sentence.startswith("Registered, next attempt in ")
    assert (again.ending, again.sent) == (Ending.REFUSED, False)
    assert "limit 60 s" in again.sentence
    assert (stranger.ending, "there is no leg nosuch@nyc-1" in stranger.sentence) == (Ending.REFUSED, True)
    assert (read_only.ending, "is read-only" in read_only.sentence) == (Ending.REFUSED, True)


async def test_on_a_dead_carrier_both_fail_and_say_that_it_did_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = Trouble(Kind.CARRIER_DEAD, "alpha", 0.0, LONG)
    async with (
        served(world(dead), tmp_path / "demo") as site,
        operator(site, "nyc-1", tmp_path, monkeypatch) as alice,
    ):
        registering = alice.act(Verb.REREGISTER, "alpha-us@nyc-1", structs.replace(YES, fixed=True))
        probing = alice.act(Verb.PROBE, "alpha-eu@nyc-1")
        failed, unanswered = await asyncio.gather(registering, probing)
    assert (failed.ending, failed.sent) == (Ending.FAILED, True), failed.sentence
    assert "did not answer: the SBC tries again in " in failed.sentence
    assert (unanswered.ending, unanswered.sentence) == (Ending.FAILED, "no answer from 1 of 1 contacts")


async def test_a_leg_that_gave_up_comes_back_by_an_action_once_the_carrier_is_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = Trouble(Kind.REFUSED, REFUSED_LEG, 0.0, 400.0)
    neglected = Trouble(Kind.GIVEN_UP, REFUSED_LEG, 400.0, LONG)
    sbc = REFUSED_LEG.rpartition("@")[2]
    async with (
        served(world(refused, neglected), tmp_path / "demo", starts_at=500.0 / SPEED) as site,
        operator(site, sbc, tmp_path, monkeypatch) as alice,
    ):
        asked = await alice.prepare(Verb.REREGISTER, REFUSED_LEG)
        done = await alice.act(Verb.REREGISTER, REFUSED_LEG, structs.replace(YES, fixed=True))
        probed = await alice.act(Verb.PROBE, REFUSED_LEG)
    assert asked.leg is not None
    assert asked.leg.registration.state.value in {"retrying", "gave_up"}
    assert asked.wants == (Statement.FIXED,)
    assert done.ending is Ending.VERIFIED, done.sentence
    assert (probed.ending, probed.sentence.startswith("answered in ")) == (Ending.VERIFIED, True)


async def test_of_two_at_once_on_one_sbc_one_acts_and_the_other_is_told_who(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        served(world(), tmp_path / "demo") as site,
        operator(site, "lon-1", tmp_path, monkeypatch) as alice,
        operator(site, "lon-1", tmp_path, monkeypatch, "bob") as bob,
    ):
        outcomes = await asyncio.gather(
            alice.act(Verb.REREGISTER, "alpha-us@lon-1"), bob.act(Verb.REREGISTER, "bravo-eu@lon-1")
        )
    first, second = sorted(outcomes, key=lambda outcome: outcome.ending is Ending.REFUSED)
    winner = "alice" if first is outcomes[0] else "bob"
    assert first.ending is Ending.VERIFIED, first.sentence
    assert (second.ending, second.sent) == (Ending.REFUSED, False)
    assert f"{winner}@{winner}-jump acts on this SBC right now" in second.sentence


def console(command: str) -> Command:
    return Command("step", (READABLE, "-rx", command))


async def test_the_lock_lasts_as_long_as_it_says_and_is_gone_after_a_reboot(tmp_path: Path) -> None:
    reboot = Trouble(Kind.REBOOT, "lon-1", 120.0, 140.0)
    step = (console("core show version"),)
    held = SshAsk(step, Lock(READABLE, "trunktui-by-alice@a:1", 60))
    wanted = SshAsk(step, Lock(READABLE, "trunktui-by-bob@b:2", 1))
    nowhere = SshAsk(step, Lock("/etc/shadow", "trunktui-by-bob@b:3", 1))
    gate = Command("gate", ("/bin/false",), gate=True)
    stopped = SshAsk((gate, *step), Lock(READABLE, "trunktui-by-bob@b:4", 60))
    async with served(world(reboot), tmp_path / "demo") as site:
        asker = asker_to(site.config, "lon-1")
        try:
            free = await asker.ask(held, 10.0)
            busy = await asker.ask(wanted, 10.0)
            unreadable = await asker.ask(nowhere, 10.0)
            await asker.close()
            while site.clock() < 140.0 / SPEED + 1.0:
                await asyncio.sleep(0.05)
            after = await asker.ask(wanted, 10.0)
            async with asyncio.timeout(20):
                while (await asker.ask(stopped, 10.0)).reply(LOCK).status != LOCK_FREE:
                    await asyncio.sleep(0.1)
            given_back = await asker.ask(stopped, 10.0)
        finally:
            await asker.close()
    assert (free.reply(LOCK).status, free.reply("step").status) == (LOCK_FREE, 0)
    assert (busy.reply(LOCK).status, set(busy.reply(LOCK).lines)) == (LOCK_BUSY, {"trunktui-by-alice@a:1"})
    assert (busy.reply("step").status, busy.complete) == (None, True)
    assert unreadable.reply(LOCK).status == LOCK_UNREADABLE
    assert after.reply(LOCK).status == LOCK_FREE
    assert (given_back.reply(LOCK).status, given_back.reply("step").status) == (LOCK_FREE, None)


async def test_what_is_not_there_is_refused_in_asterisks_words(tmp_path: Path) -> None:
    async with served(world(), tmp_path / "demo") as site:
        asker = asker_to(site.config, "nyc-1")
        try:
            answer = await asker.ask(SshAsk((console("pjsip send register bravo-us"),)), 10.0)
        finally:
            await asker.close()
    assert answer.reply("step").lines == (
        "Unable to retrieve registration bravo-us",
        "Command 'pjsip send register bravo-us' failed.",
    )


def test_the_command_line_acts_on_a_demo_and_leaves_nothing_but_in_its_folder(tmp_path: Path) -> None:
    home, demo = tmp_path / "home", tmp_path / "demo"
    for folder in (home, demo):
        folder.mkdir(mode=0o700)
    environment = {**os.environ, "TMPDIR": str(demo), "HOME": str(home), "PYTHONPATH": str(ROOT)}
    environment = {key: value for key, value in environment.items() if not key.startswith("XDG_")}
    with Simulator(1, 10.0, environment) as simulator:
        argv = [sys.executable, "-m", "trunktui", "--config", str(simulator.config), "reregister"]
        argv += ["charlie-apac@sgp-1", "--yes", "--reason", "a test"]
        first, second = (
            subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=100, check=False)
            for _ in range(2)
        )
        lines = (simulator.config.parent / "state" / "audit.jsonl").read_text().splitlines()
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stdout.startswith("charlie-apac@sgp-1: verified after ")
    assert second.returncode == 2
    assert "refused after" in second.stdout
    kinds = [json.loads(line)["record"]["kind"] for line in lines]
    assert kinds == ["intent", "outcome", "refused"]
    assert [*home.iterdir(), *demo.iterdir()] == []
