"""The engine as a real process and its history: what it saw outlives it, however it ends, and the screen starts from it."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from tests.engine.test_client import DEADLINE_S, until
from tests.engine.test_reload_process import engine, refused, save, text
from tests.store.histories import known, sample, write
from trunktui.config.load import Config, load
from trunktui.model.health import LegState
from trunktui.model.history import Event, EventKind, Events
from trunktui.model.request import Reload
from trunktui.store.history_file import HistoryFile, Limits
from trunktui.store.history_read import HistoryReader
from trunktui.wiring import KNOWN_PLATFORMS, first_snapshot
from trunktui.wiring_history import ScreenHistory


def saved(path: Path, *names: str, head: str = "") -> Config:
    """Write a config of SBCs that refuse connections, with a state folder beside it; return it loaded."""
    save(path, f'state = "state"\n{head}{text(*names)}')
    return load(path, os.environ, KNOWN_PLATFORMS)


def events(config: Config) -> Events:
    """Return what its history holds."""
    with HistoryReader(config.state_dir) as reader:
        return reader.events(0.0)


async def stored(config: Config, holds: Callable[[tuple[Event, ...]], bool]) -> tuple[Event, ...]:
    """Return the events once they are as wanted."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds(found := events(config).events):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)
    return found


def count(found: tuple[Event, ...], kind: EventKind) -> int:
    """Return how many events are of a kind."""
    return sum(one.kind is kind for one in found)


async def test_a_lost_sbc_is_one_event_also_when_the_engine_was_killed_and_started_anew(
    tmp_path: Path,
) -> None:
    path = tmp_path / "prod.toml"
    trunks = "".join(f'[[trunk]]\nname = "t{n}"\nsbcs = ["a"]\n' for n in range(5))
    config = saved(path, "a")
    save(path, path.read_text() + trunks)
    async with engine(path) as source, asyncio.timeout(4 * DEADLINE_S):
        await until(source, refused("a"))
        await stored(config, lambda found: count(found, EventKind.SBC) == 1)
        assert source.pid is not None
        os.kill(source.pid, signal.SIGKILL)
        await until(source, lambda u: u.engine.restarts == 1)
        await until(source, refused("a"))
        await stored(config, lambda found: count(found, EventKind.WATCH) == 2)
        reply = await source.ask(Reload())
        assert reply.done
        found = await stored(config, lambda found: count(found, EventKind.CONFIG) == 1)
    assert count(found, EventKind.SBC) == 1
    assert count(found, EventKind.LEG) == 0
    (told,) = [one for one in found if one.kind is EventKind.CONFIG]
    assert (told.subject, told.sentence) == ("prod", reply.text)
    last = events(config).events[-1]
    assert (last.kind, last.after) == (EventKind.WATCH, "ended")
    assert [one.seq for one in events(config).events] == list(range(1, last.seq + 1))


async def test_the_first_frame_and_the_first_of_the_engine_show_what_was(tmp_path: Path) -> None:
    path = tmp_path / "prod.toml"
    config = saved(path, "a", "b")
    save(path, path.read_text() + '[[trunk]]\nname = "acme"\nsbcs = ["a"]\n')
    config = load(path, os.environ, KNOWN_PLATFORMS)
    config.state_dir.mkdir(0o700)
    now = time.time()
    legs = {"acme@a": LegState.DOWN, "found@b": LegState.UP, "old@gone": LegState.UP}
    write(
        config.state_dir,
        samples=[(leg, replace(sample(now - 600), state=state)) for leg, state in legs.items()],
        knowing=[known(state, now - 7200, leg) for leg, state in legs.items()],
    )
    first = {leg.id: leg for leg in first_snapshot(config).legs}
    assert {name: (leg.state, leg.was) for name, leg in first.items()} == {
        "acme@a": (LegState.UNKNOWN, LegState.DOWN),
        "found@b": (LegState.UNKNOWN, LegState.UP),
    }
    assert first["acme@a"].reason.startswith("was down since ")
    assert first["acme@a"].probe.rtt_ms == 23.25
    async with engine(path) as source, asyncio.timeout(2 * DEADLINE_S):
        assert {leg.id: leg.was for leg in source.initial().legs} == {
            name: leg.was for name, leg in first.items()
        }
        update = await until(source, refused("a", "b"))
        assert {leg.id: leg.was for leg in update.snapshot.legs} == {
            name: leg.was for name, leg in first.items()
        }
        assert update.engine.history == ""
        history = ScreenHistory(config)
        series = await history.series("acme@a", 3600)
        assert [point.state for point in series.points] == [LegState.DOWN]
        assert (await history.series("nobody@a", 3600)).points == ()
        assert (await history.events(3600)).events != ()


async def test_why_no_history_is_kept_reaches_the_screen_and_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "prod.toml"
    config = saved(path, "a")
    config.state_dir.mkdir(0o700)
    with HistoryFile(config.state_dir, Limits(), time.time()):
        async with engine(path) as source, asyncio.timeout(4 * DEADLINE_S):
            told = await until(source, lambda u: bool(u.engine.history) and refused("a")(u))
            assert told.engine.history == (
                "history is read-only here: another dashboard on this state folder writes it"
            )


async def test_a_damaged_history_is_said_and_logged_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "prod.toml"
    config = saved(path, "a")
    config.state_dir.mkdir(0o700)
    (config.state_dir / "history.db").write_bytes(b"junk" * 5000)
    (config.state_dir / "history.db").chmod(0o600)
    async with engine(path) as source, asyncio.timeout(4 * DEADLINE_S):
        told = await until(source, lambda u: "was damaged" in u.engine.history)
        await stored(config, lambda found: count(found, EventKind.WATCH) == 1)
    assert (config.state_dir / told.engine.history.split()[8].rstrip(",")).read_bytes() == b"junk" * 5000
    assert told.engine.history in path.with_name("engine.log").read_text(encoding="utf-8")


async def test_a_history_that_is_switched_off_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "prod.toml"
    config = saved(path, "a", head="[history]\nenabled = false\n")
    async with engine(path) as source, asyncio.timeout(2 * DEADLINE_S):
        await until(source, refused("a"))
    assert not list(config.state_dir.glob("history*"))
    assert "enabled = false" in (await ScreenHistory(config).series("acme@a", 60)).why
    assert "enabled = false" in (await ScreenHistory(config).events(60)).why


async def test_the_end_of_an_engine_leaves_nothing_to_recover(tmp_path: Path) -> None:
    path = tmp_path / "prod.toml"
    config = saved(path, "a")
    async with engine(path) as source, asyncio.timeout(2 * DEADLINE_S):
        await until(source, refused("a"))
        await stored(config, lambda found: count(found, EventKind.SBC) == 1)
    assert not [one for one in config.state_dir.glob("*-wal") if one.stat().st_size]
    connection = sqlite3.connect(config.state_dir / "history.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
