"""Opens and uses SSH connections to SBCs; the only file that knows asyncssh, and the fence around it.

That library accepts any host key when told `known_hosts=None`, private keys that others can read, and
servers that never answer; here it is always told otherwise, and no text of a server leaves this file
uncleaned. `SshAsker` (asker.py) keeps a connection and asks through it; `SshShared` is what all askers share.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncssh

from trunktui.model.inventory import SshTarget
from trunktui.model.link import LinkError
from trunktui.model.text import clean
from trunktui.transport import faults, keys, settings
from trunktui.transport.aside import aside
from trunktui.transport.asker import SshAsker, Stage
from trunktui.transport.dial import Resolver, dial, greeting
from trunktui.transport.hosts import HostStore, Trusted
from trunktui.transport.limits import Counters, Limits, Turnstile
from trunktui.transport.link import Refusal, Refused, SshLink
from trunktui.transport.login import Failure, Kind, Seen, explain
from trunktui.transport.logs import tame
from trunktui.transport.route import Jump, jumps_to, where
from trunktui.transport.settings import HostsChoice, KeyChoice, choose_hosts, choose_keys, expand

__all__ = ["SshAsker", "SshShared"]

_KINDS: tuple[tuple[type[BaseException], Kind], ...] = (
    (asyncssh.HostKeyNotVerifiable, Kind.HOST_KEY),
    (asyncssh.KeyExchangeFailed, Kind.KEY_EXCHANGE),
    (asyncssh.PermissionDenied, Kind.DENIED),
    (asyncssh.ChannelOpenError, Kind.FORWARD),
    (asyncssh.ProtocolError, Kind.PROTOCOL),
    (asyncssh.ProtocolNotSupported, Kind.PROTOCOL),
    (asyncssh.ConnectionLost, Kind.LOST),
    (asyncssh.Error, Kind.DISCONNECT),
    (TimeoutError, Kind.TIMEOUT),
    (OSError, Kind.LOST),
)


@dataclass(frozen=True)
class _Hop:
    """One SSH server on the way, and the files that a login to it needs."""

    options: asyncssh.SSHClientConnectionOptions
    where: str
    keys: KeyChoice
    hosts: HostsChoice

    @property
    def user(self) -> str:
        return str(clean(self.options.username))

    @property
    def via(self) -> str:
        """What ssh's own settings say of jump hosts before this one."""
        return str(self.options.tunnel or "")


class _Watch(asyncssh.SSHClient):
    """What asyncssh tells about one connection: that it is up, the key it showed, and why it ended."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.conn: asyncssh.SSHClientConnection | None = None
        self._lost = False
        self._cause: Exception | None = None

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self.conn, self.seen.connected = conn, True

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost, self._cause = True, exc

    def validate_host_public_key(self, _host: str, _addr: str, _port: int, key: asyncssh.SSHKey) -> bool:
        self.seen.shown = f"{key.get_algorithm()} {key.get_fingerprint()}"
        return False

    def meaning(self, error: BaseException, seconds: float, limit: float) -> LinkError:
        """Return what the end of the login by `error` means; see `login.explain`."""
        self.seen.greeted = self.conn is not None and self.conn.get_extra_info("server_version") is not None
        kind = next((kind for known, kind in _KINDS if isinstance(error, known)), Kind.OTHER)
        if isinstance(error, asyncssh.Error):
            return explain(self.seen, Failure(kind, error.reason, error.code), seconds, limit)
        return explain(self.seen, Failure(kind, type(error).__name__), seconds, limit)

    def loss(self) -> LinkError | None:
        """Return what the end of the open connection means, None while it is up."""
        if not self._lost:
            return None
        cause = self._cause
        if isinstance(cause, asyncssh.ConnectionLost) and "keepalive" in cause.reason:
            return faults.hung_link(self.seen.where)
        said = cause.reason if isinstance(cause, asyncssh.Error) else ""
        return faults.lost_link(self.seen.where, "" if isinstance(cause, asyncssh.ConnectionLost) else said)


class _Output:
    """One stream of a remote command; a connection that breaks is its end."""

    def __init__(self, stream: asyncssh.SSHReader[bytes]) -> None:
        self._stream = stream

    async def read(self, n: int) -> bytes:
        try:
            return await self._stream.read(n)
        except (asyncssh.Error, OSError, ValueError):
            return b""


class _Tube(_Output):
    """A connection forwarded from the far host (a `control.Stream`)."""

    def __init__(self, reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes]) -> None:
        super().__init__(reader)
        self._writer = writer

    async def send(self, data: bytes) -> None:
        with suppress(asyncssh.Error, OSError, ValueError):  # reading tells that it is at its end
            self._writer.write(data)
            await self._writer.drain()

    def close(self) -> None:
        self._writer.channel.abort()


class _Process:
    """A command that runs on the far side (a `link.Running`)."""

    def __init__(self, process: asyncssh.SSHClientProcess[bytes]) -> None:
        self.stdout, self.stderr = _Output(process.stdout), _Output(process.stderr)
        self._process = process

    async def ended(self) -> None:
        await self._process.wait_closed()

    def abort(self) -> None:
        self._process.channel.abort()


class _Wire:
    """The connection to an SBC, on top of those to its jump hosts (a `link.Wire`)."""

    def __init__(self, watches: list[_Watch]) -> None:
        self._watches = watches

    def loss(self) -> LinkError | None:
        return next((loss for watch in self._watches if (loss := watch.loss()) is not None), None)

    async def execute(self, line: str, window: int) -> _Process:
        opening = self._conn.create_process(line, stdin=asyncssh.DEVNULL, encoding=None, window=window)
        process: object = (await asyncio.gather(opening, return_exceptions=True))[0]
        if isinstance(process, BaseException):
            raise await self._refusal(process, Refused.SESSION)
        return _Process(cast("asyncssh.SSHClientProcess[bytes]", process))

    async def forward(self, port: int) -> _Tube:
        opening = self._conn.open_connection("127.0.0.1", port, encoding=None)
        pair: object = (await asyncio.gather(opening, return_exceptions=True))[0]
        if isinstance(pair, BaseException):
            raise await self._refusal(pair, Refused.FORWARD)
        return _Tube(*cast("tuple[asyncssh.SSHReader[bytes], asyncssh.SSHWriter[bytes]]", pair))

    @property
    def _conn(self) -> asyncssh.SSHClientConnection:
        conn = self._watches[-1].conn
        if conn is None:
            raise Refusal(Refused.NEVER, "")
        return conn

    async def _refusal(self, error: BaseException, which: Refused) -> Refusal:
        await asyncio.sleep(0)  # asyncssh tells of a lost connection one turn of the loop later
        if not isinstance(error, asyncssh.ChannelOpenError):
            return Refusal(Refused.GONE, "")
        if (
            error.code == asyncssh.OPEN_REQUEST_SESSION_FAILED
        ):  # a link lost in the middle of it looks the same
            which = Refused.EXEC if which is Refused.SESSION else Refused.GONE
        elif error.code == asyncssh.OPEN_CONNECT_FAILED and which is Refused.FORWARD:
            which = Refused.UNREACHED
        return Refusal(which, error.reason)

    def abort(self) -> None:
        _abort(self._watches)

    async def close(self) -> None:
        for conn in [watch.conn for watch in reversed(self._watches) if watch.conn is not None]:
            conn.close()
            await conn.wait_closed()


class SshShared:
    """What all askers of one process share: limits, turns, counters, and keys and known hosts read once.

    `home` is where `.ssh` is, `environ` where `SSH_AUTH_SOCK` stands (by default: the process's own).
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        home: Path | None = None,
        environ: Mapping[str, str] = os.environ,
        resolver: Resolver | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.counters = Counters()
        self._home = home or Path.home()
        self._agent = environ.get("SSH_AUTH_SOCK", "")
        self._resolver = resolver or Resolver()
        self._turnstile = Turnstile(self.limits.connects)
        self._keys = keys.KeyStore(_parse_key)
        self._hosts = HostStore(lambda: asyncssh.import_known_hosts(""))
        tame("asyncssh")

    async def open(self, target: SshTarget, stage: Stage) -> SshLink:
        """Connect and log in to `target`, through its jump hosts if it has any; raises LinkError."""
        stage.enter(lambda _: faults.slow_settings(target.host))
        hops = await aside(lambda: self._hops(target))
        watches: list[_Watch] = []
        whole = False
        try:
            for hop in hops:
                watches.append(await self._login(hop, watches, stage))
            whole = True
        finally:
            if not whole:
                _abort(watches)
        return SshLink(_Wire(watches), hops[-1].where, hops[-1].user, self.limits)

    def _hops(self, target: SshTarget) -> list[_Hop]:
        last = self._hop(target, Jump(target.host, target.user, target.port), jump=False)
        named = target.proxy_jump if target.proxy_jump is not None else last.via
        return [*jumps_to(named, lambda jump: self._hop(target, jump, jump=True)), last]

    def _hop(self, target: SshTarget, to: Jump, *, jump: bool) -> _Hop:
        file = self._home / ".ssh" / "config" if target.config is None else expand(target.config, self._home)
        config = [str(file)] if target.config is not None or os.access(file, os.R_OK) else None
        try:
            options = asyncssh.SSHClientConnectionOptions(
                config=config,
                host=to.host,
                port=to.port or (),
                username=to.user or (),
                **settings.FIXED,
                **settings.timing(self.limits),
            )
        except (ValueError, OSError, LookupError, RecursionError, asyncssh.Error) as exc:
            said = clean(exc.strerror or "" if isinstance(exc, OSError) else str(exc), 200)
            raise faults.config(
                f"SSH config {shlex.quote(str(file))} cannot be used: {said}; correct it"
            ) from None
        look: Any = options.config.get
        name = where(options.host, options.port)
        return _Hop(
            options,
            f"jump host {name}" if jump else name,
            choose_keys(target, jump, look("IdentityFile") or [], bool(look("IdentitiesOnly")), self._home),
            choose_hosts(target, jump, look("UserKnownHostsFile"), look("GlobalKnownHostsFile"), self._home),
        )

    async def _login(self, hop: _Hop, via: list[_Watch], stage: Stage) -> _Watch:
        stage.enter(lambda _: faults.slow_settings(hop.where))
        hosts = await aside(lambda: self._hosts.get(hop.hosts))
        ring = await aside(lambda: self._keys.ring(hop.keys))
        file = shlex.quote(str(hop.hosts.files[0]))
        seen = Seen(hop.where, hop.user, hop.options.host, hop.options.port, file, note=ring.note)
        seen.jump = via[-1].seen.where if via else None
        seen.proxied = bool(hop.options.proxy_command) and not via
        watch = _Watch(seen)
        async with AsyncExitStack() as stack:
            held = await self._agent_keys(hop, ring, stack)
            offer = ring.offer(hop.keys, [(pair.key_public_data, pair) for pair in held])
            seen.tried = offer.names
            login: dict[str, Any] = {
                "known_hosts": Trusted(hosts, seen),
                "client_keys": [*offer.keys] or None,
            }
            if via:
                await self._handshake(watch, hop, stage, **login, tunnel=via[-1].conn)
            elif seen.proxied:
                await self._handshake(watch, hop, stage, **login, proxy_command=hop.options.proxy_command)
            else:
                stage.enter(lambda _: faults.queued(hop.where))
                await stack.enter_async_context(self._turnstile.door(hop.options.host, hop.options.port))
                await self._directly(watch, hop, stage, login)
        self.counters.logins += 1
        return watch

    async def _directly(self, watch: _Watch, hop: _Hop, stage: Stage, login: dict[str, Any]) -> None:
        """Connect over TCP and log in; what the server says first is looked at before asyncssh takes over."""
        name, options = hop.where, hop.options
        stage.enter(lambda _: faults.slow_resolver(options.host))
        try:
            infos = await self._resolver.resolve(options.host, options.port, options.family)
        except (OSError, ValueError) as exc:
            raise faults.not_resolved(options.host, exc) from None
        stage.enter(lambda s: faults.silent(name, s))
        local: Any = options.local_addr  # None where no BindAddress is set, whatever its type says
        sock = await dial(infos, name, self.limits.connect_s, local and local[0])
        try:
            stage.enter(lambda s: faults.hung_login(name, s))
            watch.seen.hello = await greeting(sock, self.limits.greeting_s)
            if watch.seen.hello == b"":
                raise faults.closed_before_greeting(name, b"")
            stage.enter(lambda _: faults.queued(name))
            async with self._turnstile.login(greeted=watch.seen.hello is not None):
                await self._handshake(watch, hop, stage, **login, sock=sock)
        finally:
            if watch.conn is None:
                sock.close()

    async def _handshake(self, watch: _Watch, hop: _Hop, stage: Stage, **how: Any) -> None:
        """Log in by asyncssh; `how` are its options. Raises LinkError."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        stage.enter(lambda s: watch.meaning(TimeoutError(), s, s))
        if hop.options.config.get("Ciphers") is None:
            how["encryption_algs"] = settings.PREFERRED_CIPHERS
        if hop.options.config.get("HostKeyAlgorithms") is None:
            how["server_host_key_algs"] = settings.PREFERRED_HOST_KEYS
        how = {"tunnel": None, "proxy_command": None, **how}
        login = asyncssh.connect(
            hop.options.host,
            hop.options.port,
            config=None,
            options=hop.options,
            client_factory=lambda: watch,
            **how,
        )
        logged_in = False
        try:
            # gather hands on whatever a server's bytes break in there, as a value
            result: object = (await asyncio.gather(login, return_exceptions=True))[0]
            if isinstance(result, BaseException):
                raise watch.meaning(result, loop.time() - began, self.limits.login_s)
            logged_in = True
        finally:
            if not logged_in:
                _abort([watch])  # a deadline may strike just when the login is through

    async def _agent_keys(
        self, hop: _Hop, ring: keys.Ring, stack: AsyncExitStack
    ) -> list[asyncssh.SSHKeyPair]:
        """Return the keys that the ssh-agent holds, [] without one; it is kept as long as `stack` is open."""
        path = str(hop.options.config.get("IdentityAgent", self._agent) or "")
        if path == "SSH_AUTH_SOCK":
            path = self._agent
        if not path or (hop.keys.only and not ring.sealed):
            return []
        try:
            async with asyncio.timeout(self.limits.agent_s):
                agent = await stack.enter_async_context(await asyncssh.connect_agent(path))
                return list(await agent.get_keys())
        except TimeoutError:
            raise faults.hung_agent(path) from None
        except (OSError, ValueError):
            return []  # a stale socket: go on with the key files, as ssh does


def _parse_key(path: str, data: bytes) -> keys.Key:
    """Make a Key of a file, with the certificate beside it if there is one; raises ValueError for no key."""
    try:
        private = asyncssh.import_private_key(data)
    except asyncssh.KeyImportError as exc:
        public = _public_half(path, data)
        if public is None and not str(exc).startswith("Passphrase"):
            raise
        return keys.Key(path, None, public)
    with suppress(OSError, ValueError):
        return keys.Key(path, (private, asyncssh.read_certificate(f"{path}-cert.pub")), private.public_data)
    return keys.Key(path, private, private.public_data)


def _public_half(path: str, data: bytes) -> bytes | None:
    with suppress(ValueError):
        return asyncssh.import_public_key(data).public_data
    with suppress(OSError, ValueError):
        return asyncssh.read_public_key(f"{path}.pub").public_data
    return None


def _abort(watches: list[_Watch]) -> None:
    for watch in reversed(watches):
        if watch.conn is not None:
            watch.conn.abort()
