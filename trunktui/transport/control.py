"""Speaks to a control port of an SBC's software through a stream, in whatever protocol, within deadlines.

A protocol is a `Dialect`: a state machine that does no IO (`esl.py`). What goes wrong becomes one ControlTrouble
with its meaning. Requests go out one by one, each after the answer to the one before: one that we have given up
on must not be carried out later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from trunktui.model.ask import Command, Reply
from trunktui.model.link import ControlError, ControlFault, ControlTrouble
from trunktui.model.text import clean

LOGIN_S = 4.0
"""Seconds for greeting and login: on the SBC itself both take milliseconds, so it is the way to it that counts."""

OUTPUT_BYTES = 4 * 1024 * 1024
"""Bytes taken of one answer: about 4,000 channels as JSON."""

TIMED_OUT = 124
"""Status of a request that was not answered in time: that of timeout(1), so that one reader serves both ways."""

FAILED = 255
"""Status of a request that could not be made."""

_CHUNK = 64 * 1024
_REASON = 400


class Stream(Protocol):
    """Bytes both ways. It never raises: one that breaks is at its end."""

    async def read(self, n: int) -> bytes:
        """Return 1 to `n` bytes, b"" at the end."""

    async def send(self, data: bytes) -> None:
        """Send all of `data`, or as much as the far end takes before it goes."""

    def close(self) -> None:
        """End it at once."""


class Dialect(Protocol):
    """A protocol on one connection. Nothing here raises but `put`; bytes come in pieces of any size."""

    trouble: ControlTrouble | None
    """What went wrong for good; the connection is of no more use."""

    def outgoing(self) -> bytes:
        """Return what is to be sent now, each byte once."""

    def receive(self, data: bytes) -> None:
        """Take bytes that came; b"" says that no more will."""

    def ready(self) -> bool:
        """Whether we are logged in."""

    def put(self, command: Command) -> None:
        """Put the request of `command`; ValueError for one that is not plain: the caller's bug."""

    def reply(self) -> Reply | None:
        """Return the reply to the last request once all of it is here, once."""

    def happened(self, key: str) -> Reply | None:
        """Return the latest events, None where the protocol has none, or we may not listen to them."""


def trouble(fault: ControlFault, sentence: str) -> ControlTrouble:
    """Return a trouble with `sentence` cleaned and cut."""
    return ControlTrouble(fault, clean(sentence, _REASON))


class Line:
    """A connection to a control port that is kept between asks; `name` is what an operator calls it."""

    def __init__(self, stream: Stream, dialect: Dialect, name: str) -> None:
        self._stream = stream
        self._dialect = dialect
        self._name = name
        self.used = False
        """Whether it has answered a request: one that breaks after that may only have been kept for too long."""

    async def login(self, limit_s: float = LOGIN_S) -> None:
        """Wait until we are logged in. Raises ControlError."""
        if not await self._until(self._dialect.ready, limit_s):
            raise ControlError(
                trouble(
                    ControlFault.HUNG,
                    f"{self._name} took the connection and did not let us in within {limit_s:g} s: "
                    "is the software frozen?",
                )
            )

    async def ask(self, command: Command, limit_s: float) -> Reply:
        """Make one request and return its reply, with status TIMED_OUT where none came in time. Raises ControlError."""
        self._dialect.put(command)
        found: list[Reply] = []

        def here() -> bool:
            reply = self._dialect.reply()
            found.extend([] if reply is None else [reply])
            return bool(found)

        if not await self._until(here, limit_s):
            self.close()
            return Reply(command.key, TIMED_OUT)
        self.used = True
        return found[0]

    def happened(self, key: str) -> Reply | None:
        """Return the latest events as a reply with that key, None where nobody listens."""
        return self._dialect.happened(key)

    def close(self) -> None:
        """End it."""
        self._stream.close()

    async def _until(self, true: Callable[[], bool], limit_s: float) -> bool:
        """Send and take until something is `true`, within `limit_s` seconds. Raises ControlError."""
        try:
            async with asyncio.timeout(max(limit_s, 0.0)):
                while not true():
                    if self._dialect.trouble is not None:
                        self.close()
                        raise ControlError(self._dialect.trouble)
                    if out := self._dialect.outgoing():
                        await self._stream.send(out)
                    self._dialect.receive(await self._stream.read(_CHUNK))
        except TimeoutError:
            self.close()
            return False
        return True
