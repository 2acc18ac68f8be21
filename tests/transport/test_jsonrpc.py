"""Kamailio's JSON-RPC over HTTP: the recorded bytes in pieces of any size, damage, and secrets in one long line."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transport.sshd import Site, Sshd
from trunktui.model.ask import Command, Reply, SshAsk
from trunktui.model.inventory import ControlTarget
from trunktui.model.link import ControlFault
from trunktui.model.secret import Secret
from trunktui.platforms import kamailio_rpc
from trunktui.transport.jsonrpc import JsonRpc, unfolded
from trunktui.transport.lines import safe_lines
from trunktui.transport.ssh import SshAsker, SshShared
from trunktui.transport.tunnel import TunnelAsker

RAW = Path(__file__).parent.parent / "fixtures" / "kamailio-http"
NAME = "JSON-RPC at 127.0.0.1:8090"
RECORDED_ID = 8
CANARY = 's3"cr,{et'


def recorded(name: str) -> bytes:
    return (RAW / f"http_{name}.txt").read_bytes()


def asked(request: str, number: int = RECORDED_ID) -> JsonRpc:
    """Return a machine whose request of that number is under way."""
    rpc = JsonRpc(NAME, "/RPC")
    for _ in range(number):
        rpc.put(Command("key", ("kamcmd",), request=request))
    return rpc


def answer(body: str, number: int = 1, status: str = "200 OK") -> bytes:
    text = body.replace("NUMBER", str(number)).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text


def test_a_request_is_the_method_and_its_parameters() -> None:
    rpc = asked("uac.reg_info l_uuid 2001", 1)
    head, _, body = rpc.outgoing().partition(b"\r\n\r\n")
    assert head.splitlines()[0] == b"POST /RPC HTTP/1.1"
    assert f"Content-Length: {len(body)}".encode() in head
    assert json.loads(body) == {"jsonrpc": "2.0", "method": "uac.reg_info", "params": ["l_uuid", "2001"], "id": 1}  # fmt: skip
    assert rpc.outgoing() == b""
    rpc.put(Command("key", ("kamcmd",), request="dlg.list_match furi sw sip i:500"))
    assert json.loads(rpc.outgoing().partition(b"\r\n\r\n")[2])["params"] == ["furi", "sw", "sip", 500]


@pytest.mark.parametrize("request_", ["", " ", "a\nb", 'a "b"', "a;b"])
def test_a_request_that_is_not_plain_is_the_callers_bug(request_: str) -> None:
    with pytest.raises(ValueError, match="no plain request"):
        asked(request_, 1)


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_recorded_answer_is_read_however_it_is_cut(size: int) -> None:
    rpc, data = asked("dispatcher.list"), recorded("dispatcher.list")
    for at in range(0, len(data), size):
        assert rpc.reply() is None
        rpc.receive(data[at : at + size])
    reply = rpc.reply()
    assert reply is not None
    assert reply.ok
    told = kamailio_rpc.read(reply)
    assert (told.why, told.node.number("NRSETS")) == (None, 2)
    assert rpc.trouble is None
    assert rpc.reply() is None, "once"


def test_an_error_of_the_rpc_has_a_status_of_its_own_and_is_an_answer() -> None:
    rpc = asked("uac.reg_info l_uuid nosuch")
    rpc.receive(recorded("uac.reg_info_nosuch"))
    reply = rpc.reply()
    assert reply is not None
    assert kamailio_rpc.read(reply).why == "Kamailio says: error 404, Record not found"


def test_a_password_in_one_long_line_of_json_is_masked_and_the_rest_can_still_be_read() -> None:
    record = {
        "l_uuid": "a",
        "auth_password": CANARY,
        "auth_ha1": CANARY,
        "flags": 20,
        "contact": "sip:u:pw@h",
    }
    body = json.dumps(
        {"jsonrpc": "2.0", "result": [{**record, "l_uuid": f"u{n}"} for n in range(300)], "id": 1}
    )
    rpc = asked("uac.reg_dump", 1)
    rpc.receive(answer(body))
    reply = rpc.reply()
    assert reply is not None
    assert len(body) > 30_000
    assert not any("s3" in line or "pw@" in line for line in reply.lines)
    told = kamailio_rpc.read(reply)
    assert [node.text("l_uuid") for node in told.nodes] == [f"u{n}" for n in range(300)]
    assert {node.number("flags") for node in told.nodes} == {20}


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", ControlFault.CUT),
        (b"SSH-2.0-OpenSSH_9.2\r\n", ControlFault.STRANGE),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", ControlFault.STRANGE),
        (answer("<html>not here</html>", status="404 Not found"), ControlFault.STRANGE),
        (answer("no", status="403 Forbidden"), ControlFault.DENIED),
        (answer('{"jsonrpc":"2.0","result":1,"id":NUMBER}', 7), ControlFault.STRANGE),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000, ControlFault.STRANGE),
        (answer('{"jsonrpc":"2.0","result":1,"id":1}') * 2, ControlFault.STRANGE),
    ],
    ids=["nothing", "another server", "no length", "another path", "refused", "another answer", "endless", "two"],
)  # fmt: skip
def test_what_is_no_answer_to_the_request_is_trouble_and_never_an_answer(
    data: bytes, fault: ControlFault
) -> None:
    rpc = asked("core.uptime", 1)
    rpc.receive(data)
    assert rpc.reply() is None
    assert rpc.trouble is not None
    assert rpc.trouble.fault is fault
    assert NAME in rpc.trouble.reason


def test_a_path_that_would_change_the_request_is_refused() -> None:
    assert JsonRpc(NAME, "/RPC HTTP/1.1\r\nX: y").trouble is not None
    assert not JsonRpc(NAME, "RPC").ready()


@given(damage=st.binary(max_size=40), at=st.integers(0, 3000), cut=st.integers(0, 3000))
@settings(max_examples=200, deadline=None)
def test_no_damage_makes_it_raise(damage: bytes, at: int, cut: int) -> None:
    rpc, data = asked("dispatcher.list"), bytearray(recorded("dispatcher.list"))
    data[at : at + len(damage)] = damage
    rpc.receive(bytes(data[:cut]))
    rpc.receive(bytes(data[cut:]))
    rpc.receive(b"")
    reply = rpc.reply()
    assert reply is None or isinstance(kamailio_rpc.read(reply), kamailio_rpc.Told)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))  # fmt: skip
def test_json_put_on_many_lines_is_the_same_json(value: object) -> None:
    for text in (json.dumps(value), json.dumps(value, indent=1, ensure_ascii=False)):
        assert json.loads(unfolded(text.encode())) == value


class Server:
    """Answers JSON-RPC on loopback, and counts connections."""

    def __init__(self) -> None:
        self.port = self.connections = 0
        self.broken = False
        self.drop_idle = False
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Server]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.drop()
            await server.wait_closed()

    def drop(self) -> None:
        """Break off every connection."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while not self.broken:
                head = await reader.readuntil(b"\r\n\r\n")
                found = re.search(rb"Content-Length: (\d+)", head)
                request = json.loads(await reader.readexactly(int(found[1]) if found else 0))
                body = {"jsonrpc": "2.0", "result": {"method": request["method"]}, "id": request["id"]}
                writer.write(answer(json.dumps(body)))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()


ASK = SshAsk(
    (
        Command("uptime", ("/bin/echo", "by kamcmd"), False, request="core.uptime"),
        Command("clock", ("/bin/echo", "noon"), False),
        Command("list", ("/bin/echo", "by kamcmd"), False, request="dispatcher.list"),
    )
)


def method(reply: Reply) -> str | None:
    return kamailio_rpc.read(reply).node.text("method")


async def test_it_is_asked_through_the_ssh_connection_and_by_commands_where_that_fails(
    site: Site, sshd: Sshd, shared: SshShared
) -> None:
    sshd.start()
    async with Server().running() as server:
        target = ControlTarget("json-rpc", server.port, path="/RPC")
        asker = TunnelAsker(SshAsker(site.target(), shared), target, Secret, clock=asyncio.get_running_loop().time)  # fmt: skip
        try:
            for _ in range(2):
                got = await asker.ask(ASK, 15)
                assert got.control is None
                assert [method(got.reply(key)) for key in ("uptime", "list")] == ["core.uptime", "dispatcher.list"]  # fmt: skip
                assert got.reply("clock").lines == ("noon",)
            assert server.connections == 1, "the connection is kept"
            server.drop()
            got = await asker.ask(ASK, 15)
            assert method(got.reply("list")) == "dispatcher.list"
            assert server.connections == 2
            server.broken = True
            server.drop()
            got = await asker.ask(ASK, 15)
            assert got.control is not None
            assert got.control.fault is ControlFault.CUT
            assert got.reply("list").lines == ("by kamcmd",)
        finally:
            await asker.close()


def test_the_recordings_are_read_the_same_whichever_way_they_came() -> None:
    """The unix socket's own print, and the same put on many lines as the HTTP way does it."""
    raw = (RAW.parent / "kamailio" / "by-json-rpc" / "registrations.out").read_bytes()
    plain, many = (Reply("x", 0, safe_lines(data)) for data in (raw, unfolded(raw)))
    assert kamailio_rpc.read(plain) == kamailio_rpc.read(many)
