"""The simulated fleet's SSH servers: one per SBC on a port of loopback; no shell and no program is ever run.

A login gets what its SBC would say at that second: Asterisk's, FreeSWITCH's or Kamailio's words, silence while Asterisk is frozen, and a
refused connection while the machine reboots. The only file beside `transport/ssh.py` that knows asyncssh.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import asyncssh

from trunktui.demo import (
    asterisk_words,
    box_words,
    file_words,
    freeswitch_words,
    kamailio_words,
    presence_words,
)
from trunktui.demo.asterisk_words import Printed
from trunktui.demo.deeds import Deed
from trunktui.demo.processes import Processes
from trunktui.demo.remote_script import RemoteScript, Run, read_script
from trunktui.demo.routing import Written
from trunktui.demo.rows import Daemon, Look
from trunktui.demo.world import World
from trunktui.model.gate import closes

LOOPBACK = "127.0.0.1"
USER = "noc"

_KEY_KIND = "ssh-ed25519"
_TICK_S = 0.1
_SAME_LOOK_S = 0.02
_PARTING_S = 0.01
_PARTINGS = 100
_KILLED = 137
_ENDED = 124
_GATE_CLOSED = 65
_NOT_FOUND = 127
_NO_SHELL = b"This is a simulated SBC: it answers trunktui's polls and nothing else.\n"
_SERVER_OPTIONS: dict[str, object] = {
    "encoding": None,
    "allow_pty": False,
    "allow_scp": False,
    "agent_forwarding": False,
    "x11_forwarding": False,
    "compression_algs": ["none"],
    "login_timeout": 10,
}


class FleetKeys:
    """A user's key and a host key per SBC, made for this run; nothing of them outlives its folder."""

    def __init__(self, sbcs: tuple[str, ...]) -> None:
        self._user = asyncssh.generate_private_key(_KEY_KIND)
        self.hosts = {name: asyncssh.generate_private_key(_KEY_KIND) for name in sbcs}

    @property
    def identity(self) -> bytes:
        """The user's private key, as a file holds it."""
        return bytes(self._user.export_private_key())

    def authorized(self) -> asyncssh.SSHAuthorizedKeys:
        """Return the one key that may log in."""
        return asyncssh.import_authorized_keys(self._user.export_public_key().decode())

    def known_hosts(self, ports: dict[str, int]) -> str:
        """Return the known_hosts file for SBCs that listen on `ports`."""
        lines = (
            f"[{LOOPBACK}]:{port} {self.hosts[name].export_public_key().decode().strip()}\n"
            for name, port in ports.items()
        )
        return "".join(lines)


class _Visitor(asyncssh.SSHServer):
    """Keeps count of one SBC's connections, so that a reboot can cut them.

    One that was accepted just before its SBC was `closed` is cut as soon as it is here.
    """

    def __init__(self, connections: set[asyncssh.SSHServerConnection], closed: Callable[[], bool]) -> None:
        self._connections = connections
        self._closed = closed
        self._mine: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._mine = conn
        self._connections.add(conn)
        if self._closed():
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncssh's signature
        if self._mine is not None:
            self._connections.discard(self._mine)


class SimulatedSbc:
    """One SBC's SSH server. Its port is its own for as long as it lives, also while nobody listens there."""

    def __init__(self, name: str, world: World, clock: Callable[[], float], keys: FleetKeys) -> None:
        self._name = name
        self._world = world
        self._clock = clock
        self._keys = keys
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._processes = Processes(clock)
        self._last: Look | None = None
        self._closed = False
        self._listener: asyncssh.SSHAcceptor | None = None
        # Bound but never listening: nobody else gets the port, and a connection to it is refused.
        self._place = _bound(0)
        self.port = int(self._place.getsockname()[1])

    async def match_host(self) -> None:
        """Listen, or refuse and cut, as the simulated machine and its SSH server are up or down."""
        now = self._clock()
        up = self._world.ssh_up(self._name, now)
        if not self._world.host_up(self._name, now):
            self._processes.reboot()
        if up and self._listener is None:
            await self._open()
        elif not up and self._listener is not None:
            self._cut()

    @property
    def visited(self) -> bool:
        """Whether a connection is left."""
        return bool(self._connections)

    def close(self) -> None:
        """End the server and every connection, and give the port back."""
        self._closed = True
        self._cut()
        self._place.close()

    async def _open(self) -> None:
        sock = _bound(self.port)
        sock.listen(64)
        try:
            self._listener = await asyncssh.listen(
                sock=sock,
                server_factory=lambda: _Visitor(self._connections, lambda: self._closed),
                server_host_keys=[self._keys.hosts[self._name]],
                authorized_client_keys=self._keys.authorized(),
                process_factory=self._serve,
                **_SERVER_OPTIONS,
            )
        finally:
            if self._listener is None:
                sock.close()  # cancelled, at the end

    def _cut(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for connection in list(self._connections):
            connection.abort()

    async def _serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        """Play one exec to its end; a client that went away ends it early."""
        script = read_script(process.command or "")
        with suppress(OSError, asyncssh.Error):
            if script is None:
                process.stderr.write(_NO_SHELL)
                process.exit(_NOT_FOUND)
                return
            self._processes.begin(script)
            try:
                await self._play_all(process, script)
            finally:
                self._processes.end(script)

    async def _play_all(self, process: asyncssh.SSHServerProcess[bytes], script: RemoteScript) -> None:
        for run in script.runs:
            if not self._processes.runs(script):
                return
            if run.holds and script.lock is not None:
                self._processes.hold(script.lock)
            status = await self._play(process, script, run)
            if status in {_KILLED, _ENDED} or (run.gate and status):
                break
        _both(process, script.last())
        process.exit(0)

    async def _play(self, process: asyncssh.SSHServerProcess[bytes], script: RemoteScript, run: Run) -> int:
        await asyncio.sleep(run.after_s)
        _both(process, script.begin(run))
        if run.locks and script.lock is not None:
            out, status = self._processes.take(script, script.lock)
            err = b""
        else:
            out, err, status = await self._run(run)
        said = out.decode("utf-8", "replace").split("\n") if run.unless or run.expect else []
        if status == 0 and closes(said, run.unless, run.expect, run.between):
            status = _GATE_CLOSED
        process.stdout.write(out)
        process.stderr.write(err)
        _both(process, script.end(run, status))
        await process.stdout.drain()
        return status

    async def _run(self, run: Run) -> tuple[bytes, bytes, int]:
        """Return what a command leaves on stdout and stderr, and its exit status."""
        if len(run.argv) == 3 and run.argv[0].endswith("/asterisk") and run.argv[1] == "-rx":
            return await self._console(run, run.argv[2])
        if len(run.argv) == 7 and run.argv[0].endswith("/fs_cli") and run.argv[5] == "-x":
            return await self._event_socket(run.argv[6], float(run.argv[2]) / 1000)
        if file_words.concerned(run.argv):
            files = self._world.files(self._name, self._clock())
            if (shown := file_words.answer(run.argv, files)) is not None:
                return shown
        if len(run.argv) > 1 and run.argv[0].endswith("/kamcmd"):
            return await self._control_socket(run)
        if (printed := presence_words.answer(run.argv, self._look())) is not None:
            return printed.out.encode(), printed.err.encode(), printed.status
        if (printed := kamailio_words.file_answer(run.argv, self._look())) is not None:
            return printed.out.encode(), printed.err.encode(), printed.status
        if (printed := box_words.answer(run.argv, self._look())) is not None:
            return printed.out.encode(), printed.err.encode(), printed.status
        program = run.argv[0] if run.argv else ""
        said = f"/usr/bin/timeout: failed to run command ‘{program}’: No such file or directory\n"
        return b"", said.encode(), _NOT_FOUND

    async def _event_socket(self, command: str, patience_s: float) -> tuple[bytes, bytes, int]:
        """Ask the simulated FreeSWITCH by `fs_cli`; a frozen one lets nobody in, which `-T` waits for."""
        look = self._look()
        if look.daemon is Daemon.FROZEN:
            await asyncio.sleep(patience_s)
        return self._printed(freeswitch_words.answer(command, look), freeswitch_words.taken(command, look))

    async def _control_socket(self, run: Run) -> tuple[bytes, bytes, int]:
        """Ask the simulated Kamailio by `kamcmd`; a frozen one says nothing until it goes on, or `timeout` ends it."""
        now = self._clock()
        frozen_s = self._world.frozen_until(self._name, now) - now
        await asyncio.sleep(min(max(frozen_s, 0.0), run.limit_s))
        if frozen_s > run.limit_s:
            return b"", b"", _ENDED
        look, argv = self._look(), run.argv[1:]
        return self._printed(kamailio_words.answer(argv, look), kamailio_words.taken(argv, look))

    async def _console(self, run: Run, command: str) -> tuple[bytes, bytes, int]:
        """Ask the simulated Asterisk; a frozen one answers when it goes on, if `timeout` waits that long.

        `asterisk -rx` ignores SIGTERM in that state, so it takes the SIGKILL that follows.
        """
        now = self._clock()
        frozen_s = self._world.frozen_until(self._name, now) - now
        if frozen_s > run.limit_s + run.kill_s:
            await asyncio.sleep(run.limit_s + run.kill_s)
            return b"", b"", _KILLED
        await asyncio.sleep(max(frozen_s, 0.0))
        look = self._look()
        return self._printed(asterisk_words.answer(command, look), asterisk_words.taken(command, look))

    def _printed(self, printed: Printed, done: tuple[Deed, str] | Written | None) -> tuple[bytes, bytes, int]:
        """Return what a command leaves behind, and let the world know what it has done."""
        if isinstance(done, Written):
            self._world.settings.write(self._clock(), self._name, done)
            self._last = None
        elif done is not None:
            deed, name = done
            self._world.deeds.add(self._clock(), self._name, deed, name)
            self._last = None
        return printed.out.encode(), printed.err.encode(), printed.status

    def _look(self) -> Look:
        """Return what Asterisk knows now; the commands of one poll may share a look, as they take milliseconds."""
        now = self._clock()
        if self._last is None or now - self._last.at > _SAME_LOOK_S:
            self._last = self._world.look(self._name, now)
        return self._last


class FleetServers:
    """The servers of a whole fleet. `clock` gives seconds of the simulation."""

    def __init__(self, world: World, clock: Callable[[], float]) -> None:
        names = tuple(sbc.name for sbc in world.plan.sbcs)
        self.keys = FleetKeys(names)
        self._sbcs = {name: SimulatedSbc(name, world, clock, self.keys) for name in names}

    @property
    def ports(self) -> dict[str, int]:
        """Where each SBC's SSH server is."""
        return {name: sbc.port for name, sbc in self._sbcs.items()}

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Serve while inside; raises at the end what broke the servers meanwhile, if anything did."""
        following: asyncio.Task[None] | None = None
        try:
            await self._match()
            following = asyncio.create_task(self._follow())
            yield
        finally:
            try:
                if following is not None:  # first: it would open again what is closed here
                    following.cancel()
                    with suppress(asyncio.CancelledError):
                        await following
            finally:
                for sbc in self._sbcs.values():
                    sbc.close()
                # Sockets are closed by the loop, so it must not end before them; one may still be on its way in.
                for turn in range(_PARTINGS):
                    await asyncio.sleep(_PARTING_S)
                    if turn and not any(sbc.visited for sbc in self._sbcs.values()):
                        break

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            await self._match()

    async def _match(self) -> None:
        for sbc in self._sbcs.values():
            await sbc.match_host()


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((LOOPBACK, port))
    return sock


def _both(process: asyncssh.SSHServerProcess[bytes], marker: bytes) -> None:
    process.stdout.write(marker)
    process.stderr.write(marker)
