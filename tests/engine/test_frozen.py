"""An engine that lives but says nothing is replaced; a screen that was away itself does not blame the engine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.engine.test_client import DEADLINE_S, gone, until
from tests.health.scenes import Trunks, fleet_of
from trunktui.config.load import load
from trunktui.engine.client import EngineFeed
from trunktui.engine.patience import Patience, Silence, SilentError
from trunktui.engine.protocol import HEARTBEAT_S
from trunktui.wiring import KNOWN_PLATFORMS, engine_argv, engine_environment, first_snapshot

QUICK = Patience(start_s=30.0, silent_s=1.0, tick_s=0.05)
ROOT = Path(__file__).parents[2]


def feed(*deeds: str, patience: Patience = QUICK) -> EngineFeed:
    argv = [sys.executable, "-m", "tests.engine.fake_engine", "{fd}", *deeds]
    return EngineFeed(argv, fleet_of(Trunks()).snapshot(0.0), None, patience=patience)


def stall(seconds: float) -> None:
    """Hold this process up, its event loop with it."""
    time.sleep(seconds)


def test_a_real_engine_that_is_stopped_is_ended_by_force_and_another_one_started(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("")
    path.chmod(0o600)
    config = load(path, os.environ, KNOWN_PLATFORMS)
    patience = Patience(start_s=60.0, silent_s=2.0, tick_s=0.1)

    async def go() -> None:
        source = EngineFeed(
            engine_argv(config), first_snapshot(config), None, engine_environment(), patience=patience
        )
        await until(source, lambda u: u.engine.alive)
        pid = source.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        told = await until(source, lambda u: not u.engine.alive)
        assert "the polling engine said nothing for 2 s" in told.engine.notice
        back = await until(source, lambda u: u.engine.restarts == 1 and u.engine.alive)
        assert "said nothing for 2 s; see its log" in back.engine.notice
        assert source.pid != pid
        assert gone(pid)
        await source.close()

    asyncio.run(go())


def test_an_engine_that_never_says_hello_is_replaced() -> None:
    async def go() -> None:
        source = feed("hold", patience=Patience(start_s=0.5, silent_s=0.1, tick_s=0.05))
        update = await until(source, lambda u: u.engine.restarts == 1)
        assert "said nothing" in update.engine.notice
        await source.close()

    asyncio.run(go())


def test_a_screen_that_stalls_does_not_blame_an_engine_that_went_on() -> None:
    async def go() -> None:
        source = feed("hello", "fleet", "beat")
        await until(source, lambda u: u.engine.alive)
        pid, beats = source.pid, 0
        stall(2 * QUICK.silent_s)  # as a terminal that does not take what is written
        async with asyncio.timeout(DEADLINE_S):
            async for update in source.updates():
                assert update.engine.alive
                beats += 1
                if beats > 20:
                    break
        assert source.pid == pid
        await source.close()

    asyncio.run(go())


async def test_a_pause_of_our_own_counts_as_one_tick_and_real_silence_as_all_of_it() -> None:
    silence = Silence(Patience(start_s=9.0, silent_s=0.5, tick_s=0.1))
    silence.broken()
    watching = asyncio.create_task(silence.watch())
    await asyncio.sleep(0)
    stall(1.0)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not watching.done()
    async with asyncio.timeout(DEADLINE_S):
        with pytest.raises(SilentError, match="said nothing for 1 s"):
            await watching


SCREEN = """
import asyncio, sys
from tests.engine.test_frozen import feed
async def go():
    source = feed("hello", "fleet", "beat")
    async for update in source.updates():
        print(update.engine.restarts, source.pid, flush=True)
asyncio.run(go())
"""


def test_a_screen_that_was_stopped_and_goes_on_keeps_its_engine() -> None:
    screen = subprocess.Popen(
        [sys.executable, "-c", SCREEN], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert screen.stdout is not None
    with contextlib.ExitStack() as stack:
        stack.callback(screen.stdout.close)
        stack.callback(screen.wait, 10)
        stack.callback(screen.kill)
        said = [screen.stdout.readline() for _ in range(8)]
        pid = said[-1].split()[1]
        screen.send_signal(signal.SIGSTOP)
        stall(2 * QUICK.silent_s)
        screen.send_signal(signal.SIGCONT)
        # what was buffered while it slept comes first, then news of after
        for _ in range(30):
            assert screen.stdout.readline().split() == ["0", pid]


def test_the_limit_is_three_heartbeats_and_some() -> None:
    assert Patience().silent_s > 3 * HEARTBEAT_S
    assert Patience().start_s > Patience().silent_s
