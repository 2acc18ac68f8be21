"""What is done on a logged-in SSH connection: run a script, open the way to a port; knows no SSH library.

The connection itself is a `Wire`; what it refuses is a `Refusal`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import Enum
from typing import Protocol

from trunktui.model.link import ControlError, ControlFault, LinkError, SshState
from trunktui.transport import faults
from trunktui.transport.asker import Conversation, Reader, Stage
from trunktui.transport.control import Stream, trouble
from trunktui.transport.limits import Limits


class Refused(Enum):
    """Which channel a server did not open: none for a session, a command in it, a forwarded connection.

    UNREACHED: it tried the port and was not let in. GONE: the connection broke meanwhile. NEVER: it was gone.
    """

    SESSION = "session"
    EXEC = "exec"
    FORWARD = "forward"
    UNREACHED = "unreached"
    GONE = "gone"
    NEVER = "never"


class Refusal(Exception):  # noqa: N818 - an answer, which the link turns into an error with its meaning
    """A channel was not opened: `which`, and what the server said."""

    def __init__(self, which: Refused, said: str) -> None:
        super().__init__(said)
        self.which = which
        self.said = said


class Running(Protocol):
    """A command that runs on the far side."""

    @property
    def stdout(self) -> Reader:
        """What it prints."""

    @property
    def stderr(self) -> Reader:
        """What it complains of."""

    async def ended(self) -> None:
        """Wait until its session has ended."""

    def abort(self) -> None:
        """End its session at once."""


class Wire(Protocol):
    """A logged-in connection, and those to the jump hosts below it."""

    def loss(self) -> LinkError | None:
        """Return why it is gone, the outermost jump host first; None while it is up."""

    async def execute(self, line: str, window: int) -> Running:
        """Run a command. Raises Refusal."""

    async def forward(self, port: int) -> Stream:
        """Open a connection from the far host to a port of its own loopback. Raises Refusal."""

    def abort(self) -> None:
        """Drop it at once."""

    async def close(self) -> None:
        """Say goodbye on every connection, the innermost first."""


class SshLink:
    """A logged-in connection to an SBC, on top of those to its jump hosts (an `asker.Link`)."""

    def __init__(self, wire: Wire, where: str, user: str, limits: Limits) -> None:
        self.where = where
        self.user = user
        self._wire = wire
        self._limits = limits
        self._free_at = 0.0

    def loss(self) -> LinkError | None:
        """Return why the link is gone, the outermost jump host first; None while it is up."""
        return self._wire.loss()

    async def run(self, talk: Conversation, stage: Stage) -> None:
        """Run the script of `talk` in one exec and let it take the answer; see `asker.Link`."""
        stage.enter(lambda seconds: self._late(talk, seconds))
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._free_at - loop.time())
        window = max(self._limits.output_bytes, 64 * 1024)
        try:
            process = await self._wire.execute(talk.line, window)
        except Refusal as refusal:
            talk.sent = refusal.which in {Refused.EXEC, Refused.GONE}
            raise self._meaning(refusal) from None
        try:
            taking = talk.take(process.stdout, process.stderr)
            await asyncio.gather(taking, return_exceptions=True)
            if not talk.capped:
                # Let the session end by itself: the next one may be one too many for sshd before that.
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._limits.linger_s):
                        await process.ended()
        finally:
            process.abort()
            self._free_at = loop.time() + self._limits.settle_s

    async def forward(self, port: int, stage: Stage) -> Stream:
        """Open a connection from the SBC to a port of its own loopback.

        Raises LinkError where the link is at fault, ControlError where sshd or the port is.
        """
        stage.enter(lambda seconds: faults.hung_session(self.where, seconds))
        try:
            return await self._wire.forward(port)
        except Refusal as refusal:
            if refusal.which is Refused.FORWARD:
                raise ControlError(
                    trouble(
                        ControlFault.FORWARD,
                        f"sshd on {self.where} does not forward to 127.0.0.1:{port} for {self.user}; "
                        f"permit it: AllowTcpForwarding local, PermitOpen 127.0.0.1:{port} (docs/grants.md)",
                    )
                ) from None
            if refusal.which is Refused.UNREACHED:
                said = faults.quoted(refusal.said)
                raise ControlError(
                    trouble(
                        ControlFault.CLOSED,
                        f"nobody listens at 127.0.0.1:{port} of {self.where} ({said}): the software is down, or "
                        "listens elsewhere",
                    )
                ) from None
            raise self._meaning(refusal) from None

    def _late(self, talk: Conversation, seconds: float) -> LinkError:
        late = faults.hung_command if talk.split().started else faults.hung_session
        return late(self.where, seconds)

    def _meaning(self, refusal: Refusal) -> LinkError:
        if (loss := self.loss()) is not None:
            return faults.lost_before(self.where) if loss.state is SshState.UNREACHABLE else loss
        if refusal.which is Refused.EXEC:
            return faults.no_exec(self.where, self.user, refusal.said)
        if refusal.which in {Refused.GONE, Refused.NEVER}:
            return faults.lost_before(self.where)
        return faults.no_session(self.where, refusal.said)

    def abort(self) -> None:
        """Drop the connection and those to the jump hosts."""
        self._wire.abort()

    async def close(self) -> None:
        """Say goodbye on every connection, the innermost first."""
        await self._wire.close()
