"""A reload applies the difference and nothing else; a config that is broken changes nothing and is told with its place."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest
from msgspec.structs import replace

from tests.health.scenes import Says, answer
from trunktui.config.load import Config, parse
from trunktui.engine import changes
from trunktui.engine.crew import Crew, Post, posts_of
from trunktui.engine.protocol import (
    Answered,
    Asked,
    Changes,
    ConfigFrame,
    FleetFrame,
    Frame,
    applied,
    encode,
    read_frame,
)
from trunktui.engine.reload import Reloader, pace_of
from trunktui.engine.server import Engine
from trunktui.model.ask import Answer, SshAsk
from trunktui.model.health import LegState
from trunktui.model.link import LinkError, SshState
from trunktui.model.request import Reload
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe
from trunktui.platforms.registry import platform_for
from trunktui.poll.fleet import Fleet
from trunktui.poll.poller import SbcPoller
from trunktui.poll.schedule import Pace

DEADLINE_S = 30.0
PATH = Path("/srv/prod.toml")
POLL = '[poll]\ninterval = "1h"\n'
TRUNK = '[[trunk]]\nname = "carrier-a"\nauth = "hybrid"\nsbcs = ["a"]\n'


def sbc(name: str, more: str = "") -> str:
    return f'[[sbc]]\nname = "{name}"\nplatform = "asterisk"\nhost = "192.0.2.{ord(name)}"\n{more}'


def config_of(text: str) -> Config:
    return replace(parse(text.encode(), PATH, {"HOME": "/home/noc"}, ("asterisk",)), in_file=True)


class FakeAsker:
    """An SBC that answers, or refuses us in one way."""

    def __init__(self, state: SshState) -> None:
        self._state = state
        self.polls = 0
        self.closed = False

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        self.polls += ask == platform_for("asterisk").poll_ask()
        if self._state is not SshState.OK:
            raise LinkError(self._state, Safe("no"))
        return answer(Says(), time.monotonic())

    async def close(self) -> None:
        self.closed = True


class Site:
    """An engine over fake SBCs, the config file it reads, and a screen that follows it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.states: dict[str, SshState] = {}
        self.askers: dict[str, list[FakeAsker]] = {}
        self.heard: list[Frame] = []
        self.seen = Snapshot(0, 0.0)
        self._number = 0
        config = config_of(text)
        self.fleet = Fleet(config.inventory, config.thresholds, config.poll.interval_s)
        self.engine = Engine(self.fleet, time.monotonic)
        self.crew = Crew(self._hire)
        self.config = config

    async def __aenter__(self) -> Self:
        ours, theirs = socket.socketpair()
        reloader = Reloader(
            self.config, lambda: config_of(self.text), self.fleet, self.crew, self.engine.renewed
        )
        posts = posts_of(self.config.inventory)
        self._running = asyncio.create_task(
            self.engine.run(theirs, self.crew, posts, pace_of(self.config), reloader)
        )
        self._reader, self._writer = await asyncio.open_connection(sock=ours)
        self._following = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        async with asyncio.timeout(DEADLINE_S):
            await self._running
            await self._following
        assert all(asker.closed for askers in self.askers.values() for asker in askers)

    def _hire(self, post: Post, pace: Pace) -> SbcPoller:
        asker = FakeAsker(self.states.get(post.sbc, SshState.OK))
        self.askers.setdefault(post.sbc, []).append(asker)
        return SbcPoller(
            post.sbc,
            platform_for(post.platform),
            asker,
            self.fleet,
            pace=pace,
            clock=time.monotonic,
            wall=lambda: 0.0,
            chance=lambda: 0.5,
            changed=self.engine.changed,
        )

    async def _follow(self) -> None:
        while (frame := await read_frame(self._reader)) is not None:
            self.heard.append(frame)
            if isinstance(frame, FleetFrame):
                self.seen = frame.snapshot
            elif isinstance(frame, Changes):
                self.seen = applied(self.seen, frame)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                await asyncio.sleep(0.005)

    async def reload(self, text: str) -> Answered:
        """Save `text` to the file, ask for a reload, return the answer."""
        self.text, self._number = text, self._number + 1
        number = self._number
        self._writer.write(encode(Asked(number, Reload())))
        answers: list[Answered] = []

        def answered() -> bool:
            answers[:] = [f for f in self.heard if isinstance(f, Answered) and f.number == number]
            return bool(answers)

        await self.until(answered)
        return answers[0]

    def state(self, leg_id: str) -> LegState | None:
        return next((leg.state for leg in self.seen.legs if leg.id == leg_id), None)


async def test_a_new_sbc_is_polled_at_once_and_the_others_keep_connection_and_news() -> None:
    async with Site(POLL + sbc("a") + TRUNK) as site:
        await site.until(lambda: site.state("carrier-a@a") is LegState.UP)
        answered = await site.reload(POLL + sbc("b") + sbc("a") + TRUNK)
        assert answered.reply.done
        assert answered.reply.text == "config reloaded: 1 SBC added"
        await site.until(lambda: [box.name for box in site.seen.sbcs] == ["b", "a"])
        assert site.state("carrier-a@a") is LegState.UP
        await site.until(lambda: site.state("carrier-a@b") is LegState.UP)
        assert len(site.askers["a"]) == 1
        assert site.askers["a"][0].polls == 1
        assert not site.askers["a"][0].closed


async def test_a_removed_sbc_is_closed_and_gone() -> None:
    async with Site(POLL + sbc("a") + sbc("b") + TRUNK) as site:
        await site.until(lambda: site.state("carrier-a@b") is LegState.UP)
        assert (await site.reload(POLL + sbc("a") + TRUNK)).reply.text == "config reloaded: 1 SBC removed"
        await site.until(lambda: [box.name for box in site.seen.sbcs] == ["a"])
        assert {leg.sbc for leg in site.seen.legs} == {"a"}
        await site.until(lambda: site.askers["b"][0].closed)


async def test_another_login_is_another_connection() -> None:
    async with Site(POLL + sbc("a")) as site:
        await site.until(lambda: site.state("carrier-a@a") is LegState.UP)
        await site.reload(POLL + sbc("a", '[sbc.ssh]\nuser = "noc"\n'))
        await site.until(lambda: len(site.askers["a"]) == 2 and site.askers["a"][1].polls == 1)
        assert site.askers["a"][0].closed
        assert site.state("carrier-a@a") is LegState.UP


async def test_a_site_is_shown_at_once_and_no_connection_is_touched() -> None:
    async with Site(POLL + sbc("a")) as site:
        await site.until(lambda: site.state("carrier-a@a") is LegState.UP)
        await site.reload(POLL + sbc("a", 'site = "nyc"\n'))
        await site.until(lambda: site.seen.sbcs[0].site == "nyc")
        assert site.askers["a"][0].polls == 1


async def test_a_trunk_bound_anew_is_read_at_once_without_waiting_for_the_interval() -> None:
    bound = '[[trunk]]\nname = "acme"\nauth = "hybrid"\nsbcs = { a = "carrier-a" }\n'
    async with Site(POLL + sbc("a")) as site:
        await site.until(lambda: site.state("carrier-a@a") is LegState.UP)
        await site.reload(POLL + sbc("a") + bound)
        await site.until(lambda: site.askers["a"][0].polls == 2)
        await site.until(lambda: [leg.id for leg in site.seen.legs] == ["acme@a"])
        assert site.state("acme@a") is LegState.UP


async def test_a_broken_config_changes_nothing_and_names_the_line_and_a_mended_one_clears_it() -> None:
    good = POLL + sbc("a") + TRUNK
    async with Site(good) as site:
        await site.until(lambda: site.state("carrier-a@a") is LegState.UP)
        bad = good + '[[sbc]]\nname = "c"\nhots = "192.0.2.9"\n[ui]\nascii = 1\n'
        answered = await site.reload(bad)
        assert not answered.reply.done
        assert answered.reply.text.startswith("config not reloaded: prod.toml:11 (+2 more): sbc c")
        assert ConfigFrame(None, answered.reply.text) in site.heard
        assert [box.name for box in site.seen.sbcs] == ["a"]
        assert not site.askers["a"][0].closed
        assert (await site.reload(good)).reply.text == "config reloaded: nothing changed"
        assert ConfigFrame(good, Safe("")) in site.heard
        assert len(site.askers["a"]) == 1


@pytest.mark.parametrize("state", [SshState.HOST_KEY, SshState.AUTH])
async def test_an_sbc_that_waits_for_a_human_is_tried_again_by_a_reload_but_not_by_a_broken_one(
    state: SshState,
) -> None:
    site = Site(POLL + sbc("a"))
    site.states["a"] = state
    async with site:
        await site.until(lambda: bool(site.seen.sbcs) and site.seen.sbcs[0].link.state is state)
        await site.reload("nonsense")
        assert site.askers["a"][0].polls == 1
        await site.reload(POLL + sbc("a"))
        await site.until(lambda: site.askers["a"][0].polls == 2)
        await site.reload(POLL + sbc("a"))
        await site.until(lambda: site.askers["a"][0].polls == 3)
        assert len(site.askers["a"]) == 1


async def test_reloads_that_come_together_are_each_answered() -> None:
    async with Site(POLL + sbc("a")) as site:
        answers = await asyncio.gather(*(site.reload(POLL + sbc("a") + sbc("b")) for _ in range(3)))
        assert sorted(a.reply.text for a in answers) == [
            "config reloaded: 1 SBC added",
            *["config reloaded: nothing changed"] * 2,
        ]
        await site.until(lambda: "b" in site.askers)
        assert len(site.askers["b"]) == 1


async def test_a_config_that_is_in_no_file_is_said_to_be_none() -> None:
    site = Site(POLL + sbc("a"))
    site.config = replace(site.config, in_file=False)
    async with site:
        answered = await site.reload("nonsense")
        assert not answered.reply.done
        assert "no config file to reload" in answered.reply.text
        assert not [frame for frame in site.heard if isinstance(frame, ConfigFrame)]


async def test_what_needs_a_restart_is_said_at_every_reload_until_there_is_one() -> None:
    later = POLL + "connections = 2\n" + sbc("a")
    async with Site(POLL + sbc("a")) as site:
        for _ in range(2):
            assert (
                await site.reload(later)
            ).reply.text == "config reloaded: poll.connections needs a restart"
        assert (await site.reload(POLL + sbc("a"))).reply.text == "config reloaded: nothing changed"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", "", "nothing changed"),
        (sbc("a") + sbc("b"), sbc("b") + sbc("a"), "order changed"),
        (sbc("a"), sbc("b") + sbc("c"), "2 SBCs added, 1 SBC removed"),
        (sbc("a") + TRUNK, sbc("a") + TRUNK + "enabled = false\n", "1 trunk changed"),
        (POLL, '[poll]\ninterval = "10s"\n', "interval 3600 s -> 10 s"),
        ("", "[health]\nprobe_down_after = 4\n", "thresholds changed"),
        ("", "[switch]\nhold_s = 900\n", "waits of switches changed"),
        ("", '[ui]\ntheme = "light"\n', "ui.theme needs a restart"),
        (
            'state = "/a"\n',
            f'state = "/b"\n[poll]\nconnections = 2\n{sbc("a")}',
            "1 SBC added; state, poll.connections need a restart",
        ),
    ],
)
def test_what_a_reload_changes_is_said_in_words(before: str, after: str, said: str) -> None:
    assert changes.words(config_of(before), config_of(after)) == said
