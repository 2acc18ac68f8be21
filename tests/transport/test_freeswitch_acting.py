"""A re-register of a gateway, from plan to proof, over a real sshd and an event socket behind it that lives on."""

from __future__ import annotations

import asyncio
import os
import time
from getpass import getuser
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.fleets import leg
from tests.platforms.freeswitch_said import block, renamed
from tests.platforms.recordings import FIXTURES
from tests.transport.esl_server import PASSWORD, EslServer
from tests.transport.sshd import Site, Sshd, script
from tests.transport.test_tunnel import asking
from trunktui import wiring
from trunktui.actions.runner import End, Runner, Tools
from trunktui.config.load import parse
from trunktui.model.action import Ending, Plan, Verb
from trunktui.model.health import LegState
from trunktui.model.text import Safe
from trunktui.platforms import freeswitch
from trunktui.transport.ssh import SshShared
from trunktui.transport.tunnel import TunnelAsker

A = replace(leg("carrier-a@chi-1"), part=Safe("profile external"))
LOOK = "sofia xmlstatus gateway carrier-a"
REGISTER = "sofia profile external register carrier-a"


class Gateway:
    """A gateway behind the socket: from a command on it goes through states by the clock, as it was recorded."""

    def __init__(self, server: EslServer, *course: tuple[float, str, str], first: str = "REGED") -> None:
        self._server = server
        self._course = course
        self._began: float | None = None
        self._first = first
        server.on_request = self._ask
        server.answers[REGISTER] = b"+OK\n"

    def _ask(self, words: str) -> None:
        if words == REGISTER:
            self._began = time.monotonic()
        state, status = self._first, "UP"
        for after, word, then in self._course if self._began is not None else ():
            if time.monotonic() - (self._began or 0) >= after:
                state, status = word, then
        body = renamed(block("startup-steady", "carrier-a"), state=state, status=status)
        self._server.answers[LOOK] = f'<?xml version="1.0" encoding="ISO-8859-1"?>\n{body}'.encode()


async def run(asker: TunnelAsker, lock_on: str) -> End:
    """Carry the plan out as the desk does, without its guards, under a lock of our own."""
    plan = freeswitch.plan(Verb.REREGISTER, A)
    assert isinstance(plan, Plan)
    plan = replace(plan, window_s=8.0, lock_on=lock_on)
    tools = Tools(freeswitch, asker, time.monotonic, asyncio.sleep, "trunktui-by-a@b:1")
    runner = Runner(plan, tools, lambda _: None)

    async def again() -> None:
        return None

    try:
        return await runner.prove(await runner.send(await runner.read(A), A, again))
    except End as end:
        return end


@pytest.mark.parametrize(
    ("course", "ending", "words"),
    [
        (((0, "UNREGED", "UP"), (0.4, "REGISTER", "UP"), (1.4, "REGED", "UP")), Ending.VERIFIED, "REGED"),
        (((0, "UNREGED", "UP"), (0.4, "FAILED", "UP"), (1.4, "FAIL_WAIT", "DOWN")), Ending.FAILED, "FAILED"),
        (((0, "REGED", "UP"),), Ending.UNVERIFIED, "not seen to leave that"),
    ],
    ids=["taken", "refused", "nothing happens"],
)
async def test_a_re_register_ends_as_what_was_seen_of_it(
    site: Site,
    sshd: Sshd,
    shared: SshShared,
    tmp_path: Path,
    course: tuple[tuple[float, str, str], ...],
    ending: Ending,
    words: str,
) -> None:
    sshd.start()
    async with EslServer({}).running() as server, asking(site, shared, server) as asker:
        Gateway(server, *course)
        end = await run(asker, script(tmp_path / "lockable", "true"))
    assert end.ending is ending, end.sentence
    assert words in end.sentence
    assert server.heard.count(f"api {REGISTER}") == 1


async def test_a_gateway_that_became_one_that_does_not_register_is_told_nothing(
    site: Site, sshd: Sshd, shared: SshShared, tmp_path: Path
) -> None:
    sshd.start()
    async with EslServer({}).running() as server, asking(site, shared, server) as asker:
        Gateway(server, first="NOREG")
        end = await run(asker, script(tmp_path / "lockable", "true"))
    assert end.ending is Ending.REFUSED
    assert not end.sent
    assert "NOREG" in end.sentence
    assert not any("register" in line for line in server.heard)


async def test_one_that_becomes_so_between_the_look_and_the_lock_is_told_nothing(
    site: Site, sshd: Sshd, shared: SshShared, tmp_path: Path
) -> None:
    sshd.start()
    async with EslServer({}).running() as server, asking(site, shared, server) as asker:
        gateway = Gateway(server)

        def turn(words: str) -> None:
            gateway._ask(words)
            if server.heard.count(f"api {LOOK}") > 1:
                body = renamed(block("startup-steady", "carrier-a"), state="NOREG")
                server.answers[LOOK] = body.encode()

        server.on_request = turn
        end = await run(asker, script(tmp_path / "lockable", "true"))
    assert end.ending is Ending.REFUSED
    assert not end.sent
    assert not any("register" in line for line in server.heard)


async def test_a_config_with_an_event_socket_is_polled_through_it(
    site: Site, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the file to the verdict: the password is a reference, and is sent to the socket alone."""
    sshd.start()
    monkeypatch.setenv("ESL_PASSWORD", PASSWORD)
    base = FIXTURES / "freeswitch" / "per-gateway-count"
    answers = {
        "status": "status",
        "sofia xmlstatus gateway": "gateways",
        "sofia status": "profiles",
        "show calls count": "calls",
        "show channels as json": "channels",
    }
    async with EslServer(
        {q: (base / f"{f}.out").read_bytes() for q, f in answers.items()}
    ).running() as server:
        text = (
            f'[[sbc]]\nname = "chi-1"\nhost = "127.0.0.1"\nplatform = "freeswitch"\n[sbc.ssh]\nport = {sshd.port}\n'
            f'user = "{getuser()}"\nidentity = "{sshd.user_key}"\nknown_hosts = "{site.known_hosts}"\n'
            f'[sbc.esl]\nport = {server.port}\npassword = "env:ESL_PASSWORD"\n'
        )
        config = parse(text.encode(), site.home / "c.toml", dict(os.environ), wiring.KNOWN_PLATFORMS)
        snapshot = await asyncio.to_thread(wiring.collect, config, 20.0, lambda *_: None)
    legs = {leg.trunk: leg for leg in snapshot.legs}
    assert len(legs) == 13, snapshot.sbcs[0].reason
    assert legs["carrier-a"].channels.active == 5
    assert legs["noping-g"].state is LegState.UNMONITORED
    assert legs["badpass-d"].state is LegState.DOWN
    assert snapshot.sbcs[0].version == "1.10.12-release"
    assert server.heard[0] == f"auth {PASSWORD}"
    assert PASSWORD not in repr(snapshot) + repr(config)
