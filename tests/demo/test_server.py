"""The simulated SBCs over real SSH: the product's own transport asks them."""

from __future__ import annotations

import asyncio
import socket
import stat
from pathlib import Path

import pytest

from tests.demo.serving import served
from trunktui.demo.plan import newcomers_fleet
from trunktui.demo.story import FROZEN_SBC, NEWCOMERS_STORY, REBOOTING_SBC, Kind, Script, Trouble
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import World
from trunktui.model.ask import Answer, Command, SshAsk
from trunktui.model.link import LinkError, SshState
from trunktui.model.observation import AppState
from trunktui.platforms import asterisk
from trunktui.platforms.contract import LegSettings
from trunktui.transport.ssh import SshAsker, SshShared


def world(script: Script = NEWCOMERS_STORY, speed: float = 10.0) -> World:
    return World(newcomers_fleet(), script, 1, Tempo(speed))


async def ask_once(config: object, sbc: str, ask: SshAsk) -> Answer:
    from trunktui.config.load import Config

    assert isinstance(config, Config)
    target = next(one.ssh for one in config.inventory.sbcs if one.name == sbc)
    asker = SshAsker(target, SshShared(environ={}))
    try:
        return await asker.ask(ask, 15.0)
    finally:
        await asker.close()


async def test_a_poll_is_answered_as_by_asterisk(tmp_path: Path) -> None:
    async with served(world(), tmp_path / "demo") as fleet:
        answer = await ask_once(fleet.config, "lon-1", asterisk.poll_ask())
    seen = asterisk.parse_poll(answer, LegSettings(), ())
    assert answer.complete
    assert seen.app is AppState.ANSWERING
    assert seen.reg_read
    assert seen.contacts_read


async def test_a_frozen_asterisk_hangs_until_it_is_killed_and_then_reads_as_frozen(tmp_path: Path) -> None:
    script = Script(1e6, (Trouble(Kind.FROZEN, FROZEN_SBC, 0.0, 1e5),))
    async with served(world(script), tmp_path / "demo") as fleet:
        answer = await ask_once(fleet.config, FROZEN_SBC, asterisk.poll_ask())
    assert [reply.status for reply in answer.replies] == [137, *[None] * (len(answer.replies) - 1)]
    assert answer.complete
    assert asterisk.parse_poll(answer, LegSettings(), ()).app is AppState.FROZEN
    assert 5.0 < answer.answered_at - answer.asked_at < 9.0


async def test_one_that_thaws_in_time_answers_late_but_in_full(tmp_path: Path) -> None:
    script = Script(1e6, (Trouble(Kind.FROZEN, FROZEN_SBC, 0.0, 10.0),))
    async with served(world(script), tmp_path / "demo") as fleet:
        answer = await ask_once(fleet.config, FROZEN_SBC, asterisk.poll_ask())
    assert asterisk.parse_poll(answer, LegSettings(), ()).app is AppState.ANSWERING


async def test_a_machine_that_reboots_cuts_connections_and_refuses_and_comes_back_on_its_port(
    tmp_path: Path,
) -> None:
    script = Script(1e6, (Trouble(Kind.REBOOT, REBOOTING_SBC, 20.0, 60.0),))
    async with served(world(script), tmp_path / "demo") as fleet:
        target = next(one.ssh for one in fleet.config.inventory.sbcs if one.name == REBOOTING_SBC)
        asker = SshAsker(target, SshShared(environ={}))
        try:
            assert (await asker.ask(asterisk.poll_ask(), 10.0)).complete
            states = set[SshState]()
            while fleet.clock() < 5.5:
                try:
                    await asker.ask(asterisk.poll_ask(), 10.0)
                except LinkError as error:
                    states.add(error.state)
                await asyncio.sleep(0.05)
            while fleet.clock() < 6.2:
                await asyncio.sleep(0.05)
            answer = await asker.ask(asterisk.poll_ask(), 10.0)
        finally:
            await asker.close()
    young = asterisk.parse_poll(answer, LegSettings(), ())
    assert SshState.REFUSED in states
    assert states <= {SshState.REFUSED, SshState.UNREACHABLE}
    assert young.app in {AppState.NOT_RUNNING, AppState.STARTING, AppState.ANSWERING}


async def test_no_program_is_run_whatever_is_asked(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    ask = SshAsk((Command("touch", ("/usr/bin/touch", str(mark))),))
    async with served(world(), tmp_path / "demo") as fleet:
        answer = await ask_once(fleet.config, "lon-1", ask)
    assert not mark.exists()
    assert answer.reply("touch").status == 127
    assert "No such file or directory" in answer.reply("touch").errors[0]


async def test_only_the_key_of_this_run_logs_in(tmp_path: Path) -> None:
    async with (
        served(world(), tmp_path / "one") as one,
        served(world(), tmp_path / "two") as two,
    ):
        target = one.config.inventory.sbcs[0].ssh
        stranger = type(target)(
            host=target.host,
            port=target.port,
            user=target.user,
            identity=two.config.inventory.sbcs[0].ssh.identity,
            known_hosts=target.known_hosts,
            config=target.config,
        )
        asker = SshAsker(stranger, SshShared(environ={}))
        with pytest.raises(LinkError) as refused:
            await asker.ask(asterisk.poll_ask(), 10.0)
        await asker.close()
    assert refused.value.state is SshState.AUTH


async def test_it_listens_on_loopback_only_and_on_no_privileged_port(tmp_path: Path) -> None:
    async with served(world(), tmp_path / "demo") as fleet:
        sbcs = fleet.config.inventory.sbcs
        assert {sbc.ssh.host for sbc in sbcs} == {"127.0.0.1"}
        ports = [sbc.ssh.port for sbc in sbcs]
        assert all(port is not None and port >= 1024 for port in ports)
        assert len(set(ports)) == len(sbcs)
    for port in ports:
        with socket.socket() as sock:
            assert sock.connect_ex(("127.0.0.1", port or 0)) != 0, "still listening after the end"


async def test_its_files_are_private(tmp_path: Path) -> None:
    async with served(world(), tmp_path / "demo"):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "demo").iterdir()}
    assert set(modes.values()) == {0o600}
    assert "id_ed25519" in modes
