"""Asks one SBC's SNMP agent over UDP: deadlines, retries, walks, and what silence means.

Each ask has a socket of its own, connected to the agent, so that the kernel drops what comes from anybody else
and tells of a refused port; late replies to an earlier ask find no socket at all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

from trunktui.model.link import SnmpError, SnmpState
from trunktui.model.secret import Secret
from trunktui.model.snmp import (
    GetAnswer,
    Got,
    Oid,
    SnmpAnswer,
    SnmpAsk,
    SnmpGet,
    SnmpKey,
    SnmpTarget,
    SnmpWalk,
    Value,
    WalkAnswer,
)
from trunktui.model.text import Safe, clean
from trunktui.transport import snmp_faults as faults
from trunktui.transport.aside import aside
from trunktui.transport.dial import Resolver
from trunktui.transport.snmp import Resync, Sent, V2cSession, V3Session
from trunktui.transport.snmp_check import (
    WALK_BYTES,
    BadReplyError,
    RefusedError,
    Reply,
    read_get,
    read_page,
    size_of,
)
from trunktui.transport.snmp_keys import Key

Unlock = Callable[[str], Secret]
"""Resolves a secret reference, blocking; raises SnmpError (CONFIG) with the reason."""

_MOST_RESYNCS = 4
_MOST_HEARD = 32
"""Datagrams looked at per try: a flood must not keep the loop busy, each may take 10 ms to decode."""

_NO_TIME = Safe("no time was left for it")


class SnmpLimits(Struct, frozen=True):
    """Ceilings of one process. A request is sent `tries` times, `wait_s` apart; a patient one once.

    `proven` asks run at one time to agents that answered last, `doubtful` to others: dead agents wait for
    their silence in a queue of their own and delay nobody.
    """

    wait_s: float = 1.0
    tries: int = 3
    patient_s: float = 2.5
    page_rows: int = 25
    proven: int = 10
    doubtful: int = 100


class SnmpShared:
    """What all SNMP askers of one process share."""

    def __init__(self, limits: SnmpLimits | None = None, resolver: Resolver | None = None) -> None:
        self.limits = limits or SnmpLimits()
        self.resolver = resolver or Resolver()
        self.proven = asyncio.Semaphore(self.limits.proven)
        self.doubtful = asyncio.Semaphore(self.limits.doubtful)


class _Mailbox(asyncio.DatagramProtocol):
    """What came in on one connected socket; more than fits is dropped."""

    def __init__(self) -> None:
        self._mail: asyncio.Queue[bytes | OSError] = asyncio.Queue(_MOST_HEARD)

    def datagram_received(self, data: bytes, _addr: object) -> None:
        with suppress(asyncio.QueueFull):
            self._mail.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        with suppress(asyncio.QueueFull):
            self._mail.put_nowait(exc if isinstance(exc, OSError) else OSError(str(exc)))

    async def take(self) -> bytes | OSError:
        return await self._mail.get()


class _Line:
    """A socket to an agent and the session over it."""

    def __init__(
        self,
        where: str,
        version: str,
        session: V2cSession | V3Session,
        limits: SnmpLimits,
        clock: Callable[[], float],
    ) -> None:
        self.where, self._version = where, version
        self.session = session
        self.limits = limits
        self.clock = clock
        self._mail = _Mailbox()
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, address: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._transport, _ = await loop.create_datagram_endpoint(lambda: self._mail, remote_addr=address)
        except OSError as exc:
            raise faults.no_way(self.where, exc) from None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def exchange(self, make: Callable[[float], Sent], *, patient: bool = False) -> Reply:
        """Return the reply to a request, after learning what the session lacks. Raises SnmpError."""
        for _ in range(_MOST_RESYNCS):
            now = self.clock()
            said = await self._hear(self.session.hello(now) or make(now), patient)
            if isinstance(said, Reply):
                return said
        raise faults.unreadable(self.where, "it wants to be synchronised again and again")

    async def answers_in_clear(self) -> bool:
        """Whether the agent, silent to an encrypted request, answers discovery."""
        self.session.forget()
        hello = self.session.hello(self.clock())
        try:
            return hello is not None and await self._hear(hello, patient=False) is not None
        except SnmpError:
            return False

    async def _hear(self, sent: Sent, patient: bool) -> Reply | Resync:
        tries, wait_s = (1, self.limits.patient_s) if patient else (self.limits.tries, self.limits.wait_s)
        why: str | None = None
        for _ in range(tries):
            if self._transport is not None:
                self._transport.sendto(sent.datagram)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    for _ in range(_MOST_HEARD):
                        try:
                            said = self.session.read(await self._datagram(), sent, self.clock())
                        except BadReplyError as error:
                            why = str(
                                error
                            )  # a forger must not be able to end the wait: the true one may follow
                            continue
                        if said is not None:
                            return said
        if why is not None:
            raise faults.unreadable(self.where, why)
        raise faults.silent(self.where, tries * wait_s, self._version)

    async def _datagram(self) -> bytes:
        mail = await self._mail.take()
        if isinstance(mail, ConnectionRefusedError):
            raise faults.refused(self.where)
        if isinstance(mail, OSError):
            raise faults.no_way(self.where, mail)
        return mail


class SnmpAsker:
    """Asks one SBC's agent (a `transport.port.SnmpPort`); the session is kept between asks, no socket is."""

    def __init__(
        self,
        target: SnmpTarget,
        unlock: Unlock,
        shared: SnmpShared,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target = target
        self._unlock = unlock
        self._shared = shared
        self._clock = clock
        self._where = f"{target.host}:{target.port}"
        self._session: V2cSession | V3Session | None = None
        self._proven = False
        self._turn = 0

    async def ask(self, ask: SnmpAsk, budget_s: float) -> SnmpAnswer:
        """Ask everything, one request after another, within `budget_s` seconds once it is our turn.

        Raises SnmpError, and nothing else, where the first get is not answered; the rest is told in the answer.
        """
        if self._session is None:
            self._session = await aside(self._unlocked)
        address = await self._address()
        async with self._shared.proven if self._proven else self._shared.doubtful:
            asked_at = self._clock()
            line = _Line(self._where, self._target.version, self._session, self._shared.limits, self._clock)
            try:
                await line.open(address)
                gets, walks = await self._all(ask, line, budget_s)
            except SnmpError as error:
                self._proven = False
                self._turn += error.state is SnmpState.TIMEOUT
                raise
            finally:
                line.close()
            self._proven = True
            return SnmpAnswer(asked_at, self._clock(), gets, walks)

    async def close(self) -> None:
        """Forget the session; there is no connection to end."""
        self._session = None

    def _unlocked(self) -> V2cSession | V3Session:
        """Resolve the secrets and begin a session; blocking. Raises SnmpError."""
        target = self._target
        if target.version == "2c":
            if target.community is None:
                raise faults.config('[sbc.snmp] has no "community"')
            return V2cSession(self._unlock(target.community))
        return V3Session(self._where, target.user or "", self._key(target.auth), self._key(target.privacy))

    def _key(self, key: SnmpKey | None) -> Key | None:
        return None if key is None else Key(key.protocol, self._unlock(key.secret))

    async def _address(self) -> tuple[str, int]:
        """Return the agent's address: of several the one whose turn it is, the next after each silence."""
        try:
            infos = await self._shared.resolver.resolve(self._target.host, self._target.port)
        except (OSError, ValueError) as exc:
            raise faults.not_resolved(self._target.host, exc) from None
        found = list(dict.fromkeys(str(info[4][0]) for info in infos))
        return found[self._turn % len(found)], self._target.port

    async def _all(
        self, ask: SnmpAsk, line: _Line, budget_s: float
    ) -> tuple[tuple[GetAnswer, ...], tuple[WalkAnswer, ...]]:
        gets: list[GetAnswer] = []
        walks: list[WalkAnswer] = []
        try:
            async with asyncio.timeout(budget_s):
                gets.append(await _first(ask.gets[0], line))
                for get in ask.gets[1:]:
                    gets.append(await _later(get, line))  # noqa: PERF401 - kept when time runs out
                for walk in ask.walks:
                    walks.append(await _walk(walk, line))  # noqa: PERF401 - likewise
        except TimeoutError:
            if not gets:
                raise faults.silent(self._where, budget_s, self._target.version) from None
            gets += [GetAnswer(get.key, Got.SILENT, why=_NO_TIME) for get in ask.gets[len(gets) :]]
            now = self._clock()
            walks += [WalkAnswer(w.key, Got.SILENT, now, why=_NO_TIME) for w in ask.walks[len(walks) :]]
        return tuple(gets), tuple(walks)


async def _first(get: SnmpGet, line: _Line) -> GetAnswer:
    """Ask what tells whether the agent answers at all; raises SnmpError."""
    session = line.session
    known = session.hello(line.clock()) is None
    try:
        return await _get(get, line)
    except SnmpError as error:
        if not isinstance(session, V3Session):
            raise
        if error.state is SnmpState.AUTH and known:
            session.forget()  # some rebuilt agents say "unknown user" to their old engine ID
            return await _get(get, line)
        met = session.hello(line.clock()) is None
        if error.state is SnmpState.TIMEOUT and session.encrypts and met and await line.answers_in_clear():
            raise faults.unproven_key(line.where) from None
        raise


async def _later(get: SnmpGet, line: _Line) -> GetAnswer:
    try:
        return await _get(get, line)
    except SnmpError as error:
        return GetAnswer(get.key, _got(error), why=error.reason)


async def _get(get: SnmpGet, line: _Line) -> GetAnswer:
    oids = tuple(variable.oid for variable in get.variables)
    reply = await line.exchange(lambda now: line.session.get(oids, now), patient=get.patient)
    try:
        return read_get(get, reply)
    except BadReplyError as error:
        raise faults.unreadable(line.where, str(error)) from None
    except RefusedError:
        raise faults.not_allowed(line.where) from None


async def _walk(walk: SnmpWalk, line: _Line) -> WalkAnswer:
    """Read a column page by page; one that is too long, or goes in circles, is not believed at all."""
    rows: dict[Oid, Value] = {}
    after, taken, most = walk.root, 0, line.limits.page_rows
    try:
        while len(rows) <= walk.max_rows and taken <= WALK_BYTES:
            reply = await line.exchange(lambda now, after=after: line.session.bulk(after, most, now))  # type: ignore[misc]
            page = read_page(walk, after, most, reply)
            rows.update(page.rows)
            taken += size_of(reply)
            if page.ended:
                return WalkAnswer(walk.key, Got.ANSWERED, line.clock(), rows)
            after = (*walk.root, *next(reversed(page.rows)))
    except SnmpError as error:
        return WalkAnswer(walk.key, _got(error), line.clock(), why=error.reason)
    except (BadReplyError, RefusedError) as error:
        return WalkAnswer(walk.key, Got.UNREADABLE, line.clock(), why=clean(str(error) or "not allowed"))
    why = f"more than {walk.max_rows} rows or {WALK_BYTES} bytes"
    return WalkAnswer(walk.key, Got.UNREADABLE, line.clock(), why=clean(why))


def _got(error: SnmpError) -> Got:
    return Got.SILENT if error.state is SnmpState.TIMEOUT else Got.UNREADABLE
