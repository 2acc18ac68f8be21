"""What the SSH tests share: keys made once, a server and a home per test, and a watch over stray errors."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.transport.sshd import Site, Sshd, make_key, need_sshd
from trunktui.transport.limits import Limits
from trunktui.transport.ssh import SshShared

QUICK = Limits(
    connect_s=1.0, login_s=3.0, agent_s=1.5, greeting_s=0.6, keepalive_s=0.8, keepalive_count=2, linger_s=0.3
)
"""Limits by which a fault shows in a few seconds, and that a real sshd keeps on a machine with other work to do."""


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of key pairs: two hosts, two users, one with a passphrase."""
    need_sshd()
    folder = tmp_path_factory.mktemp("keys")
    for name in ("host", "other_host", "user", "other_user"):
        make_key(folder / name)
    make_key(folder / "host_ecdsa", "ecdsa")
    make_key(folder / "sealed", passphrase="correct horse")
    return folder


@pytest.fixture
def sshd(tmp_path: Path, keyring: Path) -> Iterator[Sshd]:
    """A server that is not started yet."""
    server = Sshd(tmp_path / "sshd", keyring / "host", keyring / "user")
    yield server
    server.stop()


@pytest.fixture
def jump(tmp_path: Path, keyring: Path) -> Iterator[Sshd]:
    """A second server, to go through."""
    server = Sshd(tmp_path / "jump", keyring / "other_host", keyring / "user")
    yield server
    server.stop()


@pytest.fixture
def site(tmp_path: Path, sshd: Sshd) -> Site:
    """An operator's home that knows the server."""
    return Site(tmp_path / "home", sshd)


@pytest.fixture
def shared(site: Site) -> SshShared:
    """What askers share, with quick limits and no agent."""
    return SshShared(QUICK, home=site.home, environ={})


@pytest.fixture(autouse=True)
async def _no_stray_errors(
    request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]
) -> AsyncIterator[None]:
    """No exception may be left to the event loop, no task may be left running, nothing may reach stderr."""
    stray: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    loop.set_exception_handler(lambda _, context: stray.append(context))
    yield
    deadline = loop.time() + 10
    while (left := asyncio.all_tasks() - before - {asyncio.current_task()}) and loop.time() < deadline:
        await asyncio.wait(left, timeout=0.05)
    if "site" in request.fixturenames:
        gc.collect()  # makes lost exceptions and open sockets speak up
    assert not stray
    assert not left
    assert capfd.readouterr().err == ""
