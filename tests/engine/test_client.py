"""The screen's side of the engine: it starts it, hears of its death, starts it again, and leaves none behind."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.health.scenes import Trunks, fleet_of
from trunktui.engine.client import EngineFeed
from trunktui.model.acting import Doings
from trunktui.model.action import Consent
from trunktui.model.audit import Who
from trunktui.model.feed import FeedUpdate
from trunktui.model.request import Perform, PerformSwitch, Reload

DEADLINE_S = 20.0


def feed(
    *deeds: str,
    log: Path | None = None,
    stdin: bytes | None = None,
    who: Who | None = None,
    finishes: bool = True,
) -> EngineFeed:
    argv = [sys.executable, "-m", "tests.engine.fake_engine", "{fd}", *deeds]
    return EngineFeed(argv, fleet_of(Trunks()).snapshot(0.0), log, stdin=stdin, who=who, finishes=finishes)


async def until(source: EngineFeed, wanted: Callable[[FeedUpdate], bool]) -> FeedUpdate:
    """Return the first update that is wanted."""
    async with asyncio.timeout(DEADLINE_S):
        async for update in source.updates():
            if wanted(update):
                return update
    raise AssertionError("the feed ended")


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_the_fleet_reaches_the_screen_and_closing_ends_the_engine() -> None:
    async def go() -> None:
        source = feed("hello", "fleet", "hold")
        assert source.initial().legs[0].state.value == "unknown"
        update = await until(source, lambda u: u.snapshot.legs[0].state.value == "up")
        assert update.engine.alive
        assert update.changed == {"carrier-a@sbc-1"}
        pid = source.pid
        assert pid is not None
        await source.close()
        assert gone(pid)

    asyncio.run(go())


def test_every_engine_finds_the_whole_config_on_its_standard_input() -> None:
    config = "[poll] # " + "x" * 100_000

    async def go() -> None:
        source = feed("want", config, "hello", "die", stdin=config.encode())
        update = await until(source, lambda u: u.engine.restarts >= 2)
        assert "with status 3" in update.engine.notice
        await source.close()

    asyncio.run(go())


def test_an_engine_that_is_given_nothing_finds_its_standard_input_empty() -> None:
    async def go() -> None:
        source = feed("want", "", "hello", "hold")
        assert (await until(source, lambda u: u.engine.alive)).engine.restarts == 0
        await source.close()

    asyncio.run(go())


def test_an_engine_that_dies_is_started_again_and_the_screen_is_told_how_it_ended() -> None:
    async def go() -> None:
        source = feed("hello", "fleet", "die")
        update = await until(source, lambda u: u.engine.restarts >= 2)
        assert "ended with status 3" in update.engine.notice
        await source.close()

    asyncio.run(go())


def test_a_killed_engine_is_back_with_a_fresh_fleet() -> None:
    async def go() -> None:
        source = feed("hello", "fleet", "hold")
        await until(source, lambda u: bool(u.changed))
        assert source.pid is not None
        os.kill(source.pid, signal.SIGKILL)
        update = await until(source, lambda u: u.engine.restarts == 1 and u.engine.alive and bool(u.changed))
        assert "by signal 9" in update.engine.notice
        await source.close()

    asyncio.run(go())


def test_an_engine_that_speaks_nonsense_is_replaced() -> None:
    async def go() -> None:
        source = feed("hello", "junk", "hold")
        update = await until(source, lambda u: u.engine.restarts >= 1)
        assert not update.engine.alive
        assert "spoke nonsense" in update.engine.notice, "not that it was we who ended it"
        await source.close()

    asyncio.run(go())


def test_an_engine_that_is_stopped_cannot_keep_the_screen_from_leaving() -> None:
    async def go() -> None:
        source = feed("hello", "fleet", "hold")
        await until(source, lambda u: bool(u.changed))
        pid = source.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        async with asyncio.timeout(DEADLINE_S):
            await source.close()
        assert gone(pid)

    asyncio.run(go())


def test_the_engine_writes_its_stderr_to_a_private_log_and_not_to_ours(tmp_path: Path) -> None:
    async def go() -> None:
        log = tmp_path / "engine.log"
        source = feed("hello", "nosuch", "hold", log=log)
        await until(source, lambda u: u.engine.alive)
        await source.close()
        assert stat.S_IMODE(log.stat().st_mode) == 0o600

    asyncio.run(go())


def test_a_log_that_cannot_be_written_is_said_and_does_not_stop_the_engine(tmp_path: Path) -> None:
    async def go() -> None:
        source = feed("hello", "fleet", "hold", log=tmp_path / "missing" / "engine.log")
        update = await until(source, lambda u: bool(u.changed))
        assert "no engine log" in update.engine.notice
        await source.close()

    asyncio.run(go())


def test_a_request_is_answered_by_the_engine_and_lost_with_it() -> None:
    async def go() -> None:
        source = feed("hello", "answer", "hold")
        assert not (await source.ask(Reload())).done
        await until(source, lambda u: u.engine.alive)
        async with asyncio.timeout(DEADLINE_S):
            assert (await source.ask(Reload())).text == "done"
            asking = asyncio.create_task(source.ask(Reload()))
            await asyncio.sleep(0)
            assert source.pid is not None
            os.kill(source.pid, signal.SIGKILL)
            lost = await asking
        assert not lost.done
        assert "ended before it answered" in lost.text
        await source.close()

    asyncio.run(go())


def test_an_engine_that_is_started_again_gets_the_config_of_the_last_reload() -> None:
    async def go() -> None:
        source = feed("want", "old", "hello", "config", "new", "die", stdin=b"old")
        update = await until(source, lambda u: u.engine.restarts == 2)
        assert "with status 4" in update.engine.notice, "the second one was handed the new config"
        assert update.engine.config == "one fault"
        await source.close()

    asyncio.run(go())


def test_every_engine_is_told_who_sits_at_the_terminal() -> None:
    async def go() -> None:
        source = feed("hello", "answer", "hold", who=Who("alice", 1000, tty="/dev/pts/3"))
        await until(source, lambda u: u.engine.alive)
        asking = asyncio.create_task(source.ask(Reload()))
        await asyncio.sleep(0.2)
        assert not asking.done(), "the one answer went to the introduction, which came first"
        await source.close()
        await asking

    asyncio.run(go())


def test_write_mode_is_that_of_the_engine_that_runs_now() -> None:
    async def go() -> None:
        source = feed("hello", "fleet", "write", "hold")
        await until(source, lambda u: u.doings.unlocked_until == 1e9)
        source._argv[-1:] = []
        source._argv[-1:] = ["hold"]  # the next one says nothing of write mode
        assert source.pid is not None
        os.kill(source.pid, signal.SIGKILL)
        update = await until(source, lambda u: u.engine.restarts == 1 and u.engine.alive)
        assert update.doings == Doings()
        await source.close()

    asyncio.run(go())


@pytest.mark.parametrize(("request_", "finishes"), [(Perform, True), (Perform, False), (PerformSwitch, True)])
def test_an_engine_at_an_action_is_left_to_finish_it_where_that_makes_sense(
    tmp_path: Path, request_: type[Perform | PerformSwitch], *, finishes: bool
) -> None:
    done = tmp_path / "done"

    async def go() -> None:
        source = feed("hello", "fleet", "finish", str(done), finishes=finishes)
        await until(source, lambda u: u.snapshot.legs[0].state.value == "up")
        asking = asyncio.create_task(source.ask(request_("a", Consent(yes=True))))
        await asyncio.sleep(0)
        assert source.acting
        asking.cancel()  # as the screen's end does
        await source.close()
        assert not done.exists(), "the screen does not wait for it"
        assert source._process is not None
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.to_thread(source._process.wait)
        assert done.exists() is finishes

    asyncio.run(go())
