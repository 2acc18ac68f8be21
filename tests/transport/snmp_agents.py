"""SNMP agents for tests on loopback: one that answers with whatever bytes a test wants, and what we ask them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

from tests.transport import ber
from trunktui.model.secret import Secret
from trunktui.model.snmp import Kind, SnmpAsk, SnmpGet, SnmpTarget, Variable, oid
from trunktui.transport.snmp_asker import SnmpAsker, SnmpLimits, SnmpShared

COMMUNITY = "s3cret-community"
QUICK = SnmpLimits(wait_s=0.2, tries=2, patient_s=0.4, page_rows=5)
"""Deadlines for agents that mostly do not answer as they should."""

UPTIME, NAME = oid("1.3.6.1.2.1.1.3.0"), oid("1.3.6.1.2.1.1.5.0")
TICKS, WORD = 12_345_600, b"sbc1"
GET = SnmpGet("system", (Variable("uptime", UPTIME, Kind.TICKS), Variable("name", NAME, Kind.TEXT)))
ASK = SnmpAsk((GET,))
TRUTH = {"uptime": TICKS, "name": "sbc1"}

Answer = Callable[[bytes], list[bytes]]
"""What an agent sends back for one datagram."""


class Agent(asyncio.DatagramProtocol):
    """A UDP server that sends back what `answer` returns, and counts what it was asked.

    `answer_by` may answer in another way, given the asker's address.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.answer_by: Callable[[bytes, tuple[str, int]], None] = lambda _request, _addr: None
        self.asked = 0
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        self.answer_by(data, addr)
        for reply in self.answer(data):
            if self.transport is not None:
                self.transport.sendto(reply, addr)

    @property
    def port(self) -> int:
        assert self.transport is not None
        return int(self.transport.get_extra_info("sockname")[1])


@asynccontextmanager
async def agent(answer: Answer) -> AsyncIterator[Agent]:
    """Run an agent on a port of 127.0.0.1."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Agent(answer), local_addr=("127.0.0.1", 0)
    )
    try:
        yield protocol
    finally:
        transport.close()


def asker(port: int, shared: SnmpShared | None = None, community: str = COMMUNITY) -> SnmpAsker:
    """Return a v2c asker for the agent at `port`."""
    target = SnmpTarget("127.0.0.1", port, version="2c", community="env:C")
    return SnmpAsker(target, lambda _: Secret(community), shared or SnmpShared(QUICK))


def bindings() -> list[bytes]:
    """Return the true variables that GET asks for."""
    return [
        ber.binding(UPTIME, ber.number(TICKS, ber.TICKS)),
        ber.binding(NAME, ber.tlv(ber.OCTETS, WORD)),
    ]


def truth(request: bytes) -> bytes:
    """Return the right reply to GET."""
    asked = ber.read_request(request)
    return ber.message(asked.community, ber.pdu(ber.RESPONSE, asked.request_id, bindings()))
