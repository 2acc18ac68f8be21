"""Asks an SBC's software at its control port, through the SSH connection, and by commands where that fails.

An asker around an SshAsker. The connection to the port is kept between asks: no login at each, and events come
meanwhile. Nobody reads them until the next ask, so there is no task that could die or leak; a connection that
turns out to be dead is opened once more, for asks that only read. See docs/decisions/050-esl.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec import structs

from trunktui.model.ask import EVENTS, GATE_CLOSED, LOCK, LOCK_FREE, Answer, Command, Reply, SshAsk
from trunktui.model.gate import closes
from trunktui.model.inventory import ControlTarget
from trunktui.model.link import ControlError, ControlFault, ControlTrouble, LinkError
from trunktui.model.secret import Secret
from trunktui.transport import faults
from trunktui.transport.aside import aside
from trunktui.transport.asker import SshAsker
from trunktui.transport.control import FAILED, LOGIN_S, TIMED_OUT, Dialect, Line, trouble
from trunktui.transport.esl import Esl
from trunktui.transport.gate import compares
from trunktui.transport.jsonrpc import JsonRpc, plain

Reveal = Callable[[str], Secret]
"""Returns the secret behind a reference; blocking; raises LinkError with one sentence."""

REST_S = {
    ControlFault.DENIED: 900.0,
    ControlFault.CONFIG: 900.0,
    ControlFault.KEPT_OUT: 300.0,
    ControlFault.FORWARD: 300.0,
    ControlFault.STRANGE: 300.0,
}
"""For so long a fault that only a human mends is not tried again: each try is a line in a log there."""

_LEAST_S = 0.5
_HELD = Command("held", ("true",), privileged=False)
"""Does nothing, under the lock: which is held from just before it on."""


def dialect_of(target: ControlTarget, name: str, secret: Secret | None, events: str) -> Dialect:
    """Return the state machine for what is spoken at `target`. A new protocol adds its line here."""
    if target.protocol == "json-rpc":
        return JsonRpc(name, target.path or "/RPC")
    if target.protocol == "esl" and secret is not None:
        return Esl(name, secret, target.user, events)
    raise ControlError(trouble(ControlFault.CONFIG, f"no password is set for {name}"))


class TunnelAsker:
    """The kept connections to one SBC and to its software's control port (a `transport.port.Asker`)."""

    def __init__(
        self, ssh: SshAsker, target: ControlTarget, reveal: Reveal, *, clock: Callable[[], float]
    ) -> None:
        self._ssh = ssh
        self._target = target
        self._reveal = reveal
        self._clock = clock
        self._turn = asyncio.Lock()
        self._line: Line | None = None
        self._events = ""
        self._resting: tuple[float, ControlTrouble] | None = None

    @property
    def name(self) -> str:
        """What an operator calls the port."""
        return f"{self._target.protocol.upper()} at 127.0.0.1:{self._target.port}"

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        """Make the requests of `ask` at the control port and run its other commands; see `port.Asker`.

        Where the port cannot be asked all of it is run as commands, and the answer's `control` says why.
        """
        if all(command.request is None for command in ask.commands):
            return await self._ssh.ask(ask, budget_s)
        asked_at = self._clock()
        until = asked_at + budget_s
        try:
            async with asyncio.timeout(budget_s):
                await self._turn.acquire()
        except TimeoutError:
            raise faults.busy(self.name) from None
        try:
            if ask.lock is not None:
                return await self._send(ask, asked_at, until)
            spoken = await self._spoken(ask, until)
        except ControlError as error:
            answer = await self._ssh.ask(ask, max(until - self._clock(), _LEAST_S))
            return structs.replace(answer, asked_at=asked_at, control=error.trouble)
        finally:
            self._turn.release()
        rest = tuple(command for command in ask.commands if command.request is None)
        if not rest:
            return Answer(asked_at, self._clock(), spoken)
        answer = await self._ssh.ask(SshAsk(rest), max(until - self._clock(), _LEAST_S))
        return structs.replace(answer, asked_at=asked_at, replies=(*spoken, *answer.replies))

    async def close(self) -> None:
        """End both connections; never raises, never takes longer than a second."""
        self._drop()
        await self._ssh.close()

    async def _spoken(self, ask: SshAsk, until: float) -> tuple[Reply, ...]:
        """Return the replies to the requests that only read, and the events. Raises ControlError, LinkError."""
        line = await self._ready(ask.events, until)
        try:
            return await self._requests(line, ask, until)
        except ControlError:
            if not line.used:
                raise
        return await self._requests(await self._ready(ask.events, until), ask, until)

    async def _requests(self, line: Line, ask: SshAsk, until: float) -> tuple[Reply, ...]:
        replies: list[Reply] = []
        for command in ask.commands:
            if command.request is None:
                continue
            await asyncio.sleep(command.after_s)
            replies.append(await self._request(line, command, until))
            if replies[-1].status == TIMED_OUT:
                return tuple(replies)  # as a script does: the first that hangs ends the ask
        happened = line.happened(EVENTS) if ask.events else None
        return (*replies, happened) if happened is not None else tuple(replies)

    async def _request(self, line: Line, command: Command, until: float) -> Reply:
        sound = False
        try:
            reply = await line.ask(command, min(float(command.timeout_s), until - self._clock()))
            sound = reply.status != TIMED_OUT and not reply.truncated
        finally:
            if not sound:
                self._drop()  # an answer that is still to come must not be taken for that to another request
        return reply

    async def _ready(self, events: str, until: float) -> Line:
        """Return the line to the port, opening it if need be. Raises ControlError, LinkError."""
        if self._resting is not None and self._clock() < self._resting[0]:
            raise ControlError(self._resting[1])
        if self._line is not None and (not events or events == self._events):
            return self._line
        self._drop()
        try:
            self._line = await self._open(events, until)
        except ControlError as error:
            rest_s = REST_S.get(error.trouble.fault)
            self._resting = None if rest_s is None else (self._clock() + rest_s, error.trouble)
            raise
        self._events, self._resting = events, None
        return self._line

    async def _open(self, events: str, until: float) -> Line:
        secret: Secret | None = None
        reference = self._target.secret
        if reference is not None:
            try:
                secret = await aside(lambda: self._reveal(reference))
            except LinkError as error:
                raise ControlError(ControlTrouble(ControlFault.CONFIG, error.reason)) from None
        dialect = dialect_of(self._target, self.name, secret, events)
        stream = await self._ssh.forward(self._target.port, max(until - self._clock(), _LEAST_S))
        line = Line(stream, dialect, self.name)
        whole = False
        try:
            await line.login(min(LOGIN_S, max(until - self._clock(), _LEAST_S)))
            whole = True
        finally:
            if not whole:
                line.close()
        return line

    async def _send(self, ask: SshAsk, asked_at: float, until: float) -> Answer:
        """Take the lock, then put the requests in order; none goes out behind a gate that is closed.

        Raises ControlError, before anything was sent, where the port cannot be asked. One that breaks after the
        last request went out leaves the answer incomplete: whether it was done is not known.
        """
        line = await self._ready("", until)
        if line.used and not await self._alive(line, ask, until):
            line = await self._ready("", until)
        try:
            held = await self._ssh.ask(SshAsk((_HELD,), ask.lock), until - self._clock())
        except LinkError as error:
            error.sent = False  # that was the lock alone
            raise
        replies = [held.reply(LOCK)]
        if replies[0].status != LOCK_FREE:
            return Answer(asked_at, self._clock(), tuple(replies))
        complete = True
        for command in ask.commands:
            try:
                reply = _gated(command, await self._request(line, command, until))
            except ControlError as error:
                complete = command.gate and not command.sets
                replies.append(
                    Reply(command.key, FAILED if complete else None, errors=(error.trouble.reason,))
                )
                break
            replies.append(reply)
            if not reply.ok and (command.gate or reply.status == TIMED_OUT):
                break
        return Answer(asked_at, self._clock(), tuple(replies), complete)

    async def _alive(self, line: Line, ask: SshAsk, until: float) -> bool:
        """Whether a line that was kept still answers: found out before the lock is taken, by only reading."""
        gates = [command for command in ask.commands if command.gate]
        try:
            return not gates or (await self._request(line, gates[0], until)).status != TIMED_OUT
        except ControlError:
            return False

    def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()


def _gated(command: Command, reply: Reply) -> Reply:
    """Return the reply of a gate, closed where it printed what it must not, or not what it must."""
    shut = compares(command) and closes(plain(reply.lines), command.unless, command.expect, command.between)
    return structs.replace(reply, status=GATE_CLOSED) if shut and reply.ok else reply
