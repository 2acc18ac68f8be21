"""Keeps one connection to one SBC and asks through it; decides what a deadline or a lost link means.

Knows no SSH library: links come from an `Opener`. Nothing is tried twice here; polling decides when to ask
again.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Protocol

from trunktui.model.ask import Answer, SshAsk
from trunktui.model.inventory import SshTarget
from trunktui.model.link import LinkError, SshState
from trunktui.transport import faults, script
from trunktui.transport.control import Stream
from trunktui.transport.limits import Counters, Limits

_CHUNK = 64 * 1024
_MARKER_ROOM = 128
"""Bytes before a new chunk that may hold the first half of the last marker."""


class Stage:
    """How far an attempt got, so that a deadline that strikes can say what it means."""

    def __init__(self) -> None:
        self._late: Callable[[float], LinkError] = faults.slow_start

    def enter(self, late: Callable[[float], LinkError]) -> None:
        """Go on to the next stage; `late` makes the error for a budget (seconds) that ends in it."""
        self._late = late

    def late(self, seconds: float) -> LinkError:
        """Return the error for a budget of `seconds` that ended now."""
        return self._late(seconds)


class Reader(Protocol):
    """One stream of a remote command."""

    async def read(self, n: int) -> bytes:
        """Return 1 to `n` bytes, b"" at the end."""


class Conversation:
    """One ask on its way: what was sent, and what of the answer is here; at most `limit` bytes per stream."""

    def __init__(self, ask: SshAsk, run_as: str | None, limit: int) -> None:
        self._ask = ask
        self._limit = limit
        self._nonce = secrets.token_hex(16)
        self._out = bytearray()
        self._err = bytearray()
        self._split: tuple[tuple[int, int], script.Split] | None = None
        self.capped = False
        """Whether more came than is taken; the rest is never read."""
        self.sent = False
        """Whether the far side may have got the script; a link takes it back where it provably did not."""
        self.line = script.build_script(ask, self._nonce, run_as)

    async def take(self, out: Reader, err: Reader) -> None:
        """Read both streams until the last marker, the end, or the limit on either of them."""
        async with asyncio.TaskGroup() as group:
            readers = [
                group.create_task(self._take(out, self._out)),
                group.create_task(self._take(err, self._err)),
            ]
            await asyncio.wait(readers, return_when=asyncio.FIRST_COMPLETED)
            if not self.capped:
                await asyncio.wait(readers)
            for reader in readers:
                reader.cancel()

    async def _take(self, stream: Reader, into: bytearray) -> None:
        while chunk := await stream.read(min(_CHUNK, self._limit - len(into))):
            into += chunk
            if script.has_ended(into[-(len(chunk) + _MARKER_ROOM) :], self._nonce):
                return
            if len(into) >= self._limit:
                self.capped = True
                return

    def split(self) -> script.Split:
        """Return the replies as far as they came."""
        state = len(self._out), len(self._err)
        if self._split is None or self._split[0] != state:
            out, err = (
                script.Stream(bytes(data), len(data) >= self._limit) for data in (self._out, self._err)
            )
            self._split = state, script.split_answer(self._ask, self._nonce, out, err)
        return self._split[1]

    def noise(self) -> bytes:
        """Return what came first, for the words about a shell that never ran the script."""
        return bytes(self._err[:_MARKER_ROOM] or self._out[:_MARKER_ROOM])


class Link(Protocol):
    """An open, logged-in connection."""

    where: str
    user: str

    def loss(self) -> LinkError | None:
        """Return why the link is gone; None while it is up."""

    async def run(self, talk: Conversation, stage: Stage) -> None:
        """Run the script and take its answer; a lost link ends it early. Raises LinkError for no session."""

    async def forward(self, port: int, stage: Stage) -> Stream:
        """Open a connection from the SBC to a port of its own loopback. Raises LinkError, ControlError."""

    def abort(self) -> None:
        """Drop the connection at once; never raises."""

    async def close(self) -> None:
        """End the connection in good manners; may take as long as the network likes."""


class Opener(Protocol):
    """Makes links: what all askers of a process share."""

    limits: Limits
    counters: Counters

    async def open(self, target: SshTarget, stage: Stage) -> Link:
        """Connect and log in to `target`; raises LinkError."""


class _Kept:
    """A link in use by conversations; once retired it ends with the last of them."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._running = 0
        self._retired = False

    @property
    def usable(self) -> bool:
        return not self._retired and self.link.loss() is None

    def __enter__(self) -> Link:
        self._running += 1
        return self.link

    def __exit__(self, *_: object) -> None:
        self._running -= 1
        if self._retired and not self._running:
            self.link.abort()

    def retire(self) -> None:
        self._retired = True
        if not self._running:
            self.link.abort()


class SshAsker:
    """The kept connection to one SBC (a `transport.port.Asker`)."""

    def __init__(
        self, target: SshTarget, shared: Opener, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._target = target
        self._shared = shared
        self._clock = clock
        self._opening = asyncio.Lock()
        self._sessions = asyncio.Semaphore(shared.limits.sessions)
        self._kept: _Kept | None = None

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        """Run every command of `ask` in one exec and return what came back, all within `budget_s` seconds.

        A link lost, or a budget ended, after at least one command had ended gives an Answer with `complete`
        False (and `late` where it was the budget); before that, LinkError. After either, the connection is
        dropped and the next ask opens a new one. Raises ValueError for an ask that cannot be put into a
        script: the caller's bug.
        """
        self._shared.counters.asks += 1
        asked_at = self._clock()
        stage, late = Stage(), False
        talk: Conversation | None = None
        try:
            talk = self._conversation(ask)
            try:
                async with asyncio.timeout(budget_s):
                    await self._run(talk, stage)
            except TimeoutError:
                late = not talk.split().complete
                if not talk.split().finished:
                    raise stage.late(budget_s) from None
        except LinkError as error:
            self._shared.counters.count_fault(error.state)
            error.sent = talk is not None and talk.sent
            raise
        split = talk.split()
        return Answer(asked_at, self._clock(), split.replies, split.complete, late)

    async def forward(self, port: int, budget_s: float) -> Stream:
        """Open a connection from the SBC to a port of its own loopback, connecting first if need be.

        It lasts as long as the SSH connection does. Raises LinkError where that cannot be had within `budget_s`
        seconds, ControlError where it can and sshd or the port refuses.
        """
        stage = Stage()
        try:
            async with asyncio.timeout(budget_s):
                kept = await self._connected(stage)
                with kept as link:
                    return await link.forward(port, stage)
        except TimeoutError:
            error = stage.late(budget_s)
        except LinkError as refused:
            error = refused
        self._shared.counters.count_fault(error.state)
        raise error

    async def close(self) -> None:
        """End the connection; never raises, never takes longer than a second. A later ask opens a new one."""
        kept, self._kept = self._kept, None
        if kept is None:
            return
        try:
            async with asyncio.timeout(self._shared.limits.close_s):
                await kept.link.close()
        except TimeoutError:
            kept.link.abort()

    def _conversation(self, ask: SshAsk) -> Conversation:
        run_as = self._target.run_as
        if run_as is not None and not script.is_user(run_as):
            raise faults.config(f"run_as {faults.quoted(run_as)} is no user name; correct it in the config")
        return Conversation(ask, run_as, self._shared.limits.output_bytes)

    async def _run(self, talk: Conversation, stage: Stage) -> None:
        stage.enter(lambda _: faults.busy(self._target.host))
        async with self._sessions:
            kept = await self._connected(stage)
            with kept as link:
                sound = False
                try:
                    talk.sent = True
                    await link.run(talk, stage)
                    sound = _judge(link, talk)
                except LinkError as error:
                    sound = (
                        error.state is SshState.LOCAL_LOAD
                    )  # one session too many: others on the link go on
                    raise
                finally:
                    if not sound:
                        kept.retire()

    async def _connected(self, stage: Stage) -> _Kept:
        async with self._opening:
            if self._kept is None or not self._kept.usable:
                self._kept = None
                self._kept = _Kept(await self._shared.open(self._target, stage))
            return self._kept


def _judge(link: Link, talk: Conversation) -> bool:
    """Return whether the link may be kept after a conversation; raises LinkError where nothing was asked."""
    split = talk.split()
    if split.complete or talk.capped:
        return True
    if (lost := link.loss()) is not None:
        if not split.finished:
            raise lost
        return False
    if not split.started:
        raise faults.no_exec(link.where, link.user, talk.noise())
    return True
