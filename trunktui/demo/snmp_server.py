"""The simulated fleet's SNMP agents: one per SBC that has one, each on a UDP port of loopback.

An agent lives and dies with its machine, and outlives a frozen Asterisk: what only that knows is then not answered.
The secrets are made for this run. It never sends but to who asked.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from msgspec import Struct

from trunktui.demo.plan import SnmpPlan
from trunktui.demo.snmp_agent import v2c_reply
from trunktui.demo.snmp_usm import Clock, User, V3Agent
from trunktui.demo.snmp_words import Objects, objects
from trunktui.demo.world import World

_SAME_LOOK_S = 0.05
_SECRET_BYTES = 18


class SnmpSecrets(Struct, frozen=True):
    """What logs in to the agents of this run."""

    community: str
    auth: str
    privacy: str


def new_secrets() -> SnmpSecrets:
    """Make the secrets of a run."""
    return SnmpSecrets(*(secrets.token_urlsafe(_SECRET_BYTES) for _ in range(3)))


class SimulatedAgent:
    """One SBC's SNMP agent. Its port is its own for as long as it lives, also while the machine is down."""

    def __init__(self, name: str, world: World, plan: SnmpPlan, user: str, keys: SnmpSecrets) -> None:
        self._name = name
        self._world = world
        self._scripts = plan.extend
        self._community = keys.community.encode()
        self._v3: V3Agent | None = None
        if plan.auth is not None and plan.privacy is not None:
            self._v3 = V3Agent(name, User(user, plan.auth, plan.privacy, keys.auth, keys.privacy))
        self._last: tuple[float, Clock, Objects] | None = None

    def reply(self, datagram: bytes, t: float) -> bytes | None:
        """Return what it sends back for a datagram at second `t`; None: nothing."""
        if not self._world.host_up(self._name, t):
            return None
        clock, told = self._at(t)
        if self._v3 is not None:
            return self._v3.reply(datagram, clock, told)
        return v2c_reply(datagram, self._community, told)

    def _at(self, t: float) -> tuple[Clock, Objects]:
        """Return the agent's clock and objects; the requests of one poll may share a look."""
        if self._last is None or t - self._last[0] > _SAME_LOOK_S:
            machine = self._world.machine(self._name, t)
            told = objects(self._world.look(self._name, t), machine, self._scripts)
            self._last = t, Clock(machine.agent_boots, int(machine.agent_uptime_s)), told
        return self._last[1:]


class _Wire(asyncio.DatagramProtocol):
    """An agent's socket."""

    def __init__(self, agent: SimulatedAgent, clock: Callable[[], float]) -> None:
        self._agent = agent
        self._clock = clock
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and (reply := self._agent.reply(data, self._clock())) is not None:
            self._transport.sendto(reply, addr)


class FleetAgents:
    """The agents of the SBCs that have one; `clock` gives seconds of the simulation."""

    def __init__(self, world: World, clock: Callable[[], float], host: str, user: str) -> None:
        self.keys = new_secrets()
        self._clock = clock
        plans = {sbc.name: sbc.snmp for sbc in world.plan.sbcs if sbc.snmp is not None}
        self._agents = {
            name: SimulatedAgent(name, world, plan, user, self.keys) for name, plan in plans.items()
        }
        self._sockets = {name: _bound(host) for name in plans}

    @property
    def ports(self) -> Mapping[str, int]:
        """Where each SBC's agent is."""
        return {name: int(sock.getsockname()[1]) for name, sock in self._sockets.items()}

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Answer while inside; the sockets are closed at the end."""
        transports: list[asyncio.DatagramTransport] = []
        loop = asyncio.get_running_loop()
        try:
            for name, agent in self._agents.items():
                transport, _ = await loop.create_datagram_endpoint(
                    lambda agent=agent: _Wire(agent, self._clock),  # type: ignore[misc]
                    sock=self._sockets[name],
                )
                transports.append(transport)
            yield
        finally:
            for transport in transports:
                transport.close()
            for sock in self._sockets.values():
                sock.close()
            await asyncio.sleep(0)  # lets the transports let go of them


def _bound(host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((host, 0))
    return sock
