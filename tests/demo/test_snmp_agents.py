"""The simulated SNMP agents over real UDP: the product's own asker asks them, and strangers do."""

from __future__ import annotations

import asyncio
import random
import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.demo.serving import Served, served
from tests.transport import ber as other
from trunktui.demo.plan import newcomers_fleet
from trunktui.demo.snmp_server import SimulatedAgent, new_secrets
from trunktui.demo.story import FROZEN_SBC, REBOOTING_SBC, SSHLESS_SBC, Kind, Script, Trouble
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import World
from trunktui.model.box import BoxFacts, SubAgent
from trunktui.model.link import SnmpError, SnmpState
from trunktui.model.secret import Secret
from trunktui.model.snmp import SnmpAsk, SnmpTarget
from trunktui.platforms.boxmib import SYSTEM
from trunktui.platforms.contract import Platform
from trunktui.platforms.registry import platform_for
from trunktui.transport.snmp_asker import SnmpAsker, SnmpLimits, SnmpShared
from trunktui.wiring_pollers import revealed

ASTERISK = platform_for("asterisk")
QUIET = Script()
SPEED = 10.0


def world(script: Script = QUIET) -> World:
    return World(newcomers_fleet(), script, 1, Tempo(SPEED))


def target(site: Served, sbc: str) -> SnmpTarget:
    found = next(one.snmp for one in site.config.inventory.sbcs if one.name == sbc)
    assert found is not None
    return found


async def asked(asker: SnmpAsker, extend: tuple[str, ...], platform: Platform = ASTERISK) -> BoxFacts:
    return platform.parse_snmp(await asker.ask(platform.snmp_ask(extend), 12.0), extend)


async def test_every_agent_tells_what_the_world_knows(tmp_path: Path) -> None:
    judge, versions = world(), set[str]()
    async with served(world(), tmp_path / "demo") as site:
        for sbc in site.config.inventory.sbcs:
            if sbc.snmp is None:
                versions.add("none")
                continue
            versions.add(sbc.snmp.version)
            asker = SnmpAsker(sbc.snmp, revealed, SnmpShared())
            before = site.clock()
            box = await asked(asker, sbc.snmp.extend, platform_for(sbc.platform))
            after = site.clock()
            early, late = judge.machine(sbc.name, before), judge.machine(sbc.name, after)
            looks = [judge.look(sbc.name, t) for t in (before, (before + after) / 2, after)]
            calls = [len(look.calls) for look in looks]
            assert box.unread == ()
            assert box.name == sbc.name
            assert box.sub_agent is SubAgent.ANSWERS
            assert box.load in {early.load, late.load}
            assert box.uptime_s is not None
            assert int(early.uptime_s) <= box.uptime_s <= late.uptime_s
            assert box.app_version == looks[0].version
            assert box.calls is not None
            if sbc.platform == "kamailio":  # which counts dialogs, and tells no uptime
                assert (box.app_uptime_s, box.channels) == (None, None)
            else:
                assert box.app_uptime_s is not None
                assert looks[0].uptime_s <= box.app_uptime_s <= looks[-1].uptime_s
                assert box.channels == 2 * box.calls
            assert min(calls) - 2 <= box.calls <= max(calls) + 2
            fullest = max(early.disks, key=lambda disk: disk.used / disk.blocks)
            assert box.disk is not None
            assert (box.disk.path, box.disk.used_percent) == (
                fullest.path,
                -(-100 * fullest.used // fullest.blocks),
            )
            assert [one.name for one in box.published] == list(sbc.snmp.extend)
            assert all(one.lines and one.status == 0 for one in box.published)
            await asker.close()
    assert versions == {"3", "2c", "none"}, "a newcomer sees all kinds"


async def test_a_frozen_asterisk_is_silent_behind_an_agent_that_answers(tmp_path: Path) -> None:
    script = Script(1e6, (Trouble(Kind.FROZEN, FROZEN_SBC, 0.0, 1e5),))
    async with served(world(script), tmp_path / "demo") as site:
        asker = SnmpAsker(target(site, FROZEN_SBC), revealed, SnmpShared(SnmpLimits(patient_s=0.5)))
        box = await asked(asker, target(site, FROZEN_SBC).extend)
    assert box.sub_agent is SubAgent.SILENT
    assert box.channels is None
    assert box.uptime_s is not None
    assert box.disk is not None
    assert [one.status for one in box.published] == [0, 124]


async def test_an_agent_is_silent_while_its_machine_reboots_and_met_anew_after_it(tmp_path: Path) -> None:
    script = Script(1e6, (Trouble(Kind.REBOOT, REBOOTING_SBC, 20.0, 80.0),))
    async with served(world(script), tmp_path / "demo") as site:
        asker = SnmpAsker(target(site, REBOOTING_SBC), revealed, SnmpShared(SnmpLimits(wait_s=0.5)))
        assert (await asked(asker, ())).uptime_s is not None
        while site.clock() < 2.0:
            await asyncio.sleep(0.05)
        with pytest.raises(SnmpError) as silent:
            await asked(asker, ())
        assert site.clock() < 8.0, "this machine is too slow for the test"
        while site.clock() < 9.6:
            await asyncio.sleep(0.05)
        box = await asked(asker, (), platform_for("kamailio"))
    assert silent.value.state is SnmpState.TIMEOUT
    assert box.uptime_s is not None
    assert box.uptime_s < 100
    assert box.sub_agent is SubAgent.ANSWERS


async def test_a_box_whose_ssh_died_answers_snmp(tmp_path: Path) -> None:
    script = Script(1e6, (Trouble(Kind.NO_SSH, SSHLESS_SBC, 0.0, 1e5),))
    async with served(world(script), tmp_path / "demo") as site:
        ssh = next(one.ssh for one in site.config.inventory.sbcs if one.name == SSHLESS_SBC)
        with socket.socket() as sock:
            assert sock.connect_ex(("127.0.0.1", ssh.port or 0)) != 0
        box = await asked(SnmpAsker(target(site, SSHLESS_SBC), revealed, SnmpShared()), ())
    assert box.sub_agent is SubAgent.ANSWERS


@pytest.mark.parametrize(
    ("change", "wrong", "state", "words"),
    [
        ({}, "snmp_auth", SnmpState.AUTH, "wrong auth key"),
        ({}, "snmp_privacy", SnmpState.AUTH, "privacy key"),
        ({"user": "nobody"}, "", SnmpState.AUTH, "no SNMPv3 user 'nobody'"),
        ({"privacy": None}, "", SnmpState.AUTH, "forbids this SNMP user"),
        ({"privacy": None, "auth": None}, "", SnmpState.AUTH, "forbids this SNMP user"),
    ],
)
async def test_who_has_not_the_secrets_of_this_run_learns_nothing(
    change: dict[str, object], wrong: str, state: SnmpState, words: str, tmp_path: Path
) -> None:
    def unlock(reference: str) -> Secret:
        return Secret("not-the-secret") if wrong and reference.endswith(wrong) else revealed(reference)

    async with served(world(), tmp_path / "demo") as site:
        plain = replace(target(site, "nyc-1"), **change)
        asker = SnmpAsker(plain, unlock, SnmpShared(SnmpLimits(wait_s=0.3)))
        with pytest.raises(SnmpError, match=words) as refused:
            await asker.ask(SnmpAsk((SYSTEM,)), 5.0)
    assert refused.value.state is state


async def test_another_community_gets_no_answer(tmp_path: Path) -> None:
    async with served(world(), tmp_path / "demo") as site:
        asker = SnmpAsker(
            target(site, "lon-2"), lambda _: Secret("public"), SnmpShared(SnmpLimits(wait_s=0.2))
        )
        with pytest.raises(SnmpError) as refused:
            await asker.ask(SnmpAsk((SYSTEM,)), 5.0)
    assert refused.value.state is SnmpState.TIMEOUT


async def test_secrets_are_new_in_every_run_and_stand_in_no_config(tmp_path: Path) -> None:
    found = set[str]()
    for run in ("one", "two"):
        async with served(world(), tmp_path / run):
            config = (tmp_path / run / "demo.toml").read_text(encoding="utf-8")
            for name in ("snmp_community", "snmp_auth", "snmp_privacy"):
                secret = (tmp_path / run / name).read_text(encoding="utf-8")
                assert len(secret) >= 16
                assert secret not in config
                found.add(secret)
    assert len(found) == 6


async def test_agents_listen_on_loopback_only_and_on_no_privileged_port(tmp_path: Path) -> None:
    async with served(world(), tmp_path / "demo") as site:
        targets = [sbc.snmp for sbc in site.config.inventory.sbcs if sbc.snmp is not None]
        assert {one.host for one in targets} == {"127.0.0.1"}
        ports = {one.port for one in targets}
        assert len(ports) == len(targets) == 5
        assert min(ports) >= 1024
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", port))
            sock.send(b"x")
            sock.settimeout(5)
            with pytest.raises(ConnectionRefusedError):
                sock.recv(10)


def v2c(name: str = "lon-2") -> tuple[SimulatedAgent, bytes]:
    """Return an agent without a wire, and its community."""
    keys, of = new_secrets(), world()
    plan = next(sbc.snmp for sbc in of.plan.sbcs if sbc.name == name)
    assert plan is not None
    return SimulatedAgent(name, of, plan, "noc", keys), keys.community.encode()


def request(community: bytes, tag: int, name: other.Oid, *, status: int = 0, index: int = 0) -> bytes:
    asked_for = [other.binding(name, other.tlv(other.NULL, b""))]
    return other.message(community, other.pdu(tag, 77, asked_for, status, index))


def names_of(reply: bytes | None) -> list[other.Oid]:
    assert reply is not None
    read = other.read_request(reply)
    assert (read.tag, read.request_id) == (other.RESPONSE, 77)
    return list(read.oids)


def test_a_walk_by_getnext_and_one_by_getbulk_see_the_same_objects() -> None:
    agent, community = v2c()
    slow: list[other.Oid] = [(1, 3)]
    while len(slow) < 3 or slow[-1] != slow[-2]:
        slow += names_of(agent.reply(request(community, other.NEXT, slow[-1]), 5.0))
    quick: list[other.Oid] = [(1, 3)]
    while len(quick) < 3 or quick[-1] != quick[-2]:
        page = names_of(agent.reply(request(community, other.BULK, quick[-1], index=10), 5.0))
        assert len(page) <= 10
        quick += page
    assert quick == slow
    assert len(slow) > 55


def test_a_reply_to_a_greedy_bulk_fits_into_one_packet() -> None:
    agent, community = v2c()
    reply = agent.reply(request(community, other.BULK, (1, 3), index=2**31 - 1), 5.0)
    assert reply is not None
    assert 1000 < len(reply) < 1472


def test_nothing_can_be_set() -> None:
    agent, community = v2c()
    reply = agent.reply(request(community, other.SET, (1, 3, 6, 1, 2, 1, 1, 5, 0)), 5.0)
    assert reply is not None
    _, _, (_, body) = other.split(other.split(reply)[0][1])
    assert int.from_bytes(other.split(body)[1][1], "big") == 17, "notWritable"


def test_datagrams_that_are_no_requests_are_dropped_whatever_they_hold() -> None:
    random.seed(11)
    agent, community = v2c()
    strict, _ = v2c("nyc-1")
    good = request(community, other.BULK, (1, 3, 6, 1, 2, 1, 25), index=5)
    answered = 0
    for _ in range(3000):
        data = bytearray(good)
        for _ in range(random.randint(1, 4)):
            data[random.randrange(len(data))] = random.randrange(256)
        if random.random() < 0.3:
            del data[random.randrange(len(data)) :]
        answered += agent.reply(bytes(data), 5.0) is not None
        assert strict.reply(bytes(data), 5.0) is None
    assert 0 < answered < 1500
    for junk in (b"", b"\x30", b"\x30\x80", b"\xff" * 40, b"\x30\x84\xff\xff\xff\xff", good[:-1]):
        assert agent.reply(junk, 5.0) is None
