"""Small TCP servers that behave badly in one way each, and a relay that can cut a good one's connections."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HOSTILE = "\x1b]52;c;aGk=\x07\x1b[2J[@click=app.quit]evil[/]\u202egnp"
"""Text that would act on a terminal, on Textual, and on the eye."""


@asynccontextmanager
async def serving(behave: Behaviour) -> AsyncIterator[int]:
    """Run a server whose every connection is handed to `behave`; yields its port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await behave(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def says(data: bytes) -> Behaviour:
    """Send `data`, then wait until the client ends."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        while await reader.read(65536):
            pass

    return behave


def says_and_closes(data: bytes) -> Behaviour:
    """Send `data` and close."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return behave


def answers_and_closes(data: bytes) -> Behaviour:
    """Wait for the client to speak, send `data` and close, as a web server does."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(data)
        await writer.drain()

    return behave


def repeats(data: bytes, every_s: float) -> Behaviour:
    """Send `data` again and again."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(every_s)

    return behave


def packet(payload: bytes) -> bytes:
    """Return an SSH packet, unencrypted."""
    padding = 8 - (5 + len(payload)) % 8 + 8
    return struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + os.urandom(padding)


def disconnect(code: int, reason: str) -> bytes:
    """Return SSH's greeting and a disconnect message."""
    text = reason.encode()
    payload = struct.pack(">BI", 1, code) + struct.pack(">I", len(text)) + text + struct.pack(">I", 0)
    return b"SSH-2.0-Sorry\r\n" + packet(payload)


@asynccontextmanager
async def blackhole() -> AsyncIterator[int]:
    """Yield a port of loopback that drops SYN packets: a listener whose queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        try:
            yield port
        finally:
            for filler in fillers:
                filler.close()


class Relay:
    """Carries connections to a port and can cut them: by RST, or by carrying nothing more."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._clients: list[asyncio.StreamWriter] = []
        self._carrying = asyncio.Event()
        self._carrying.set()
        self.accepted = 0
        self.port = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Relay]:
        """Listen on `port` while inside."""
        async with serving(self._carry_both) as self.port:
            yield self

    async def _carry_both(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._clients.append(writer)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry(reader, far_writer))
            group.create_task(self._carry(far_reader, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._carrying.wait()
                writer.write(data)
                await writer.drain()
        writer.close()

    def freeze(self) -> None:
        """Carry nothing more, say nothing."""
        self._carrying.clear()

    def thaw(self) -> None:
        """Carry again."""
        self._carrying.set()

    def reset(self) -> None:
        """Cut all connections of clients by RST."""
        for client in self._clients:
            sock = client.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.transport.abort()
        self._clients.clear()
