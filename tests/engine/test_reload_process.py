"""The engine as a real process: it takes an edited config, keeps the old one when the edit is broken, and survives SIGHUP."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.engine.test_client import DEADLINE_S, until
from trunktui.config.load import load
from trunktui.engine.client import EngineFeed
from trunktui.model.feed import FeedUpdate
from trunktui.model.link import SshState
from trunktui.model.request import Reload
from trunktui.wiring import KNOWN_PLATFORMS, engine_feed


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def text(*names: str) -> str:
    port = closed_port()
    return "".join(
        f'[[sbc]]\nname = "{name}"\nhost = "127.0.0.1"\n[sbc.ssh]\nport = {port}\n' for name in names
    )


def save(path: Path, content: str) -> None:
    path.write_text(content)
    path.chmod(0o600)


@asynccontextmanager
async def engine(path: Path) -> AsyncIterator[EngineFeed]:
    source = engine_feed(load(path, os.environ, KNOWN_PLATFORMS), path.with_name("engine.log"))
    try:
        yield source
    finally:
        await source.close()


def refused(*names: str) -> Callable[[FeedUpdate], bool]:
    """Return a condition: these SBCs, and no others, were asked and refused the connection."""

    def holds(update: FeedUpdate) -> bool:
        states = {sbc.name: sbc.link.state for sbc in update.snapshot.sbcs}
        return update.engine.alive and states == dict.fromkeys(names, SshState.REFUSED)

    return holds


async def test_an_edit_is_taken_a_broken_one_is_not_and_a_new_engine_goes_by_the_last_good_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "prod.toml"
    save(path, text("a"))
    async with engine(path) as source, asyncio.timeout(4 * DEADLINE_S):
        await until(source, refused("a"))
        save(path, text("a", "b"))
        reply = await source.ask(Reload())
        assert reply.done
        assert "1 SBC added" in reply.text
        await until(source, refused("a", "b"))

        save(path, text("a", "b", "c") + "[[sbc]\n")
        reply = await source.ask(Reload())
        assert not reply.done
        assert reply.text.startswith("config not reloaded: prod.toml:16")
        told = await until(source, lambda u: bool(u.engine.config))
        assert told.engine.config == reply.text

        assert source.pid is not None
        os.kill(source.pid, signal.SIGKILL)
        await until(source, lambda u: u.engine.restarts == 1)
        again = await until(source, refused("a", "b"))
        assert again.engine.config == reply.text, "the file is still broken"

        save(path, text("a"))
        assert (await source.ask(Reload())).done
        await until(source, lambda u: not u.engine.config)
        await until(source, refused("a"))


async def test_a_config_that_is_gone_or_open_to_others_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "prod.toml"
    save(path, text("a"))
    async with engine(path) as source, asyncio.timeout(4 * DEADLINE_S):
        await until(source, refused("a"))
        path.chmod(0o666)
        assert "chmod go-w" in (await source.ask(Reload())).text
        path.unlink()
        assert "config not reloaded: prod.toml" in (await source.ask(Reload())).text
        await until(source, refused("a"))


async def test_a_sighup_to_the_engine_itself_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "prod.toml"
    save(path, text("a"))
    async with engine(path) as source, asyncio.timeout(4 * DEADLINE_S):
        await until(source, refused("a"))
        pid = source.pid
        assert pid is not None
        save(path, text("a", "b"))
        os.kill(pid, signal.SIGHUP)
        os.kill(pid, signal.SIGHUP)
        assert (await source.ask(Reload())).text == "config reloaded: 1 SBC added, 1 SBC changed"
        assert source.pid == pid
