"""A server that says what FreeSWITCH's event socket said when it was recorded, byte for byte, and can go wrong."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

RAW = Path(__file__).parent.parent / "fixtures" / "freeswitch-esl"
PASSWORD = "s3cret-esl"
_OURS = re.compile(r">>> \[\+[0-9.]+s\] ?(.*)")


class Turn(Struct, frozen=True):
    """What one side said in one go."""

    ours: bool
    data: bytes


def recorded(name: str) -> list[Turn]:
    """Return the turns of a recording, ours and the server's, in order; without `exit` and what follows it."""
    turns: list[Turn] = []
    for line in (RAW / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        found = _OURS.fullmatch(line)
        ours, text = found is not None, found[1] if found else line.removeprefix("<<< ").removeprefix("<<<")
        if ours and text == "exit":
            break
        if text.startswith("[connection closed by server"):
            continue
        # A JSON event has no line end of its own: the next head follows it at once, in the same line.
        bare = not ours and text.startswith("{") and text.endswith("}")
        data = text.encode() if bare else text.encode() + b"\n"
        if turns and turns[-1].ours is ours:
            turns[-1] = Turn(ours, turns[-1].data + data)
        else:
            turns.append(Turn(ours, data))
    return turns


def said_to(name: str, request: str) -> bytes:
    """Return what the server answered to one of our lines in a recording."""
    turns = recorded(name)
    return next(
        b.data for a, b in itertools.pairwise(turns) if a.ours and a.data == request.encode() + b"\n\n"
    )


def event_frames() -> list[bytes]:
    """Return the recorded events of a re-register, each with its head, as plain text."""
    said = said_to("raw_events_reregister", "api sofia profile external register carrier-a")
    heads = re.finditer(rb"Content-Length: (\d+)\nContent-Type: text/event-plain\n\n", said)
    return [said[found.start() : found.end() + int(found[1])] for found in heads]


class Fault(StrEnum):
    """What the server does wrong."""

    NONE = "none"
    RUDE = "rude"
    HANG_AT_ONCE = "hang at once"
    HANG_AT_REQUEST = "hang at request"
    CUT_IN_REPLY = "cut in reply"
    CUT_AT_LOGIN = "cut at login"
    STRANGE = "strange"
    EVENTS_BETWEEN = "events between"


class EslServer:
    """Answers requests by `answers` (request to body); counts logins and keeps what it was told."""

    def __init__(self, answers: dict[str, bytes], password: str = PASSWORD) -> None:
        self.answers = answers
        self.password = password
        self.fault = Fault.NONE
        self.port = 0
        self.heard: list[str] = []
        self.allowed: set[str] | None = None
        self.events: list[bytes] = []
        self.on_request: Callable[[str], None] = lambda _: None
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def logins(self) -> int:
        """How often somebody gave a password."""
        return sum(line.startswith(("auth ", "userauth ")) for line in self.heard)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[EslServer]:
        """Listen on loopback."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()
            await server.wait_closed()

    def drop(self) -> None:
        """Break off every connection."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeting = b"Content-Type: auth/request\n\n"
        match self.fault:
            case Fault.RUDE:
                writer.write(recorded("raw_acl_denied")[0].data)
                await writer.drain()
                return
            case Fault.HANG_AT_ONCE:
                await reader.read()
                return
            case Fault.STRANGE:
                writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
                await reader.read()
                return
        writer.write(greeting)
        known = False
        while True:
            line = (await reader.readuntil(b"\n\n")).decode().removesuffix("\n\n")
            self.heard.append(line)
            if not known:
                if self.fault is Fault.CUT_AT_LOGIN:
                    return
                known = line.rpartition(":")[2] == self.password or line == f"auth {self.password}"
                if not known:
                    writer.write(recorded("raw_wrong_password")[2].data)
                    await writer.drain()
                    return
                writer.write(b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n")
            elif line.startswith("event plain "):
                writer.write(b"Content-Type: command/reply\nReply-Text: +OK event listener enabled plain\n\n")
                writer.write(b"".join(self.events))
            elif not await self._request(line, reader, writer):
                return

    async def _request(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        words = line.removeprefix("api ")
        self.on_request(words)
        if self.fault is Fault.HANG_AT_REQUEST:
            await reader.read()
            return False
        if self.allowed is not None and words.split()[0] not in self.allowed:
            writer.write(b"Content-Type: command/reply\nReply-Text: -ERR permission denied\n\n")
            return True
        body = self.answers.get(words, f"-ERR {words} Command not found!\n".encode())
        frame = b"Content-Type: api/response\nContent-Length: %d\n\n" % len(body) + body
        if self.fault is Fault.CUT_IN_REPLY:
            writer.write(frame[: len(frame) - len(body) // 2])
            await writer.drain()
            return False
        if self.fault is Fault.EVENTS_BETWEEN:
            writer.write(b"".join(event_frames()))
        writer.write(frame)
        return True
