"""Starts real OpenSSH servers on loopback, each with its own keys and settings, and finds their processes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from getpass import getuser
from pathlib import Path

import pytest

from trunktui.model.ask import Command, SshAsk
from trunktui.model.inventory import SshTarget

SSHD = "/usr/sbin/sshd"
START_S = 10.0
END_S = 30.0


def need_sshd() -> None:
    """Skip where there is no sshd; on a build machine that is a failure."""
    if shutil.which(SSHD):
        return
    if os.environ.get("CI") == "true":
        pytest.fail("sshd is missing: apt-get install openssh-server")
    pytest.skip("sshd is missing: apt-get install openssh-server")


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    """Make a key pair at `path` and `path`.pub."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(path)], check=True)
    return path


def public(path: Path) -> str:
    """Return the public half of a key pair as `type base64`."""
    return " ".join(Path(f"{path}.pub").read_text().split()[:2])


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def script(path: Path, text: str) -> str:
    """Write an executable shell script; return its path as a command's program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def ask_of(*programs: tuple[str, ...] | str, timeout_s: int = 5) -> SshAsk:
    """Return an ask whose commands have the keys "0", "1" ..."""
    argvs = [(program,) if isinstance(program, str) else program for program in programs]
    return SshAsk(tuple(Command(str(i), argv, timeout_s=timeout_s) for i, argv in enumerate(argvs)))


TRUE = ask_of("/bin/true")


class Sshd:
    """One server: its folder, port, host key, and the user key it lets in."""

    def __init__(self, folder: Path, host_key: Path, user_key: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.host_key = host_key
        self.user_key = user_key
        self.port = free_port()
        self.log = folder / "sshd.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The listening process."""
        assert self._process is not None
        return self._process.pid

    @property
    def address(self) -> str:
        """What its operator calls it."""
        return f"127.0.0.1:{self.port}"

    def start(self, *settings: str) -> None:
        """Start it with these lines of sshd_config ahead of our own; returns when it listens."""
        need_sshd()
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        authorized = self.folder / "authorized_keys"
        authorized.write_text(public(self.user_key) + "\n")
        config = self.folder / "sshd_config"
        lines = (
            *settings,
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.host_key}",
            f"PidFile {self.folder / 'pid'}",
            # Not the machine's own start-up files: what they do, and leave when killed, is no business of a test.
            f"SetEnv HOME={self.folder}",
            f"AuthorizedKeysFile {authorized}",
            "UsePAM no",
            "StrictModes no",
            "PasswordAuthentication no",
            "PermitRootLogin prohibit-password",
            "LogLevel VERBOSE",
            f"SetEnv HOME={self.folder}",  # whatever the login shell's own profile does is no part of a test
        )
        config.write_text("\n".join(lines) + "\n")
        with self.log.open("wb") as log:
            self._process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stderr=log)
        self._wait_until_it_listens()

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + START_S
        while "Server listening" not in self.log.read_text(errors="replace"):
            assert self._process is not None
            assert self._process.poll() is None, self.log.read_text(errors="replace")
            assert time.monotonic() < deadline, "sshd did not listen in time"
            time.sleep(0.02)

    def accepted(self) -> int:
        """Return how many TCP connections it took."""
        return self.log.read_text(errors="replace").count("Connection from ")

    def processes(self) -> list[int]:
        """Return all processes below the listener: sessions, shells, commands."""
        parents = {int(path.name): _parent(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
        found = [self.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found[1:]

    def sessions(self) -> list[int]:
        """Return the sshd processes of its connections."""
        return [pid for pid in self.processes() if _program(pid) == "sshd"]

    def signal_sessions(self, number: signal.Signals) -> None:
        """Send a signal to the sshd processes of its connections."""
        for pid in self.sessions():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self) -> None:
        """End it and everything below it."""
        if self._process is None:
            return
        below = self.processes()
        for pid in [self.pid, *below]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGKILL)
        self._process.wait(END_S)
        self._process = None


class Site:
    """A folder that stands for an operator's home, with a key, and one SBC to log in to."""

    def __init__(self, folder: Path, sshd: Sshd) -> None:
        self.home = folder
        self.ssh = folder / ".ssh"
        self.ssh.mkdir(parents=True, exist_ok=True)
        self.sshd = sshd
        self.known_hosts = self.ssh / "known_hosts"
        self.trust(public(sshd.host_key))

    def trust(self, *entries: str) -> None:
        """Write known_hosts: keys of the server, or whole lines (they begin with `@`, `|`, `#` or `[`)."""
        lines = [
            entry if entry[0] in "@|#[" else f"[127.0.0.1]:{self.sshd.port} {entry}" for entry in entries
        ]
        self.known_hosts.write_text("".join(f"{line}\n" for line in lines))

    def target(self, **changes: object) -> SshTarget:
        """Return how to log in, with `changes`."""
        plain: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.sshd.port,
            "user": getuser(),
            "identity": (str(self.sshd.user_key),),
        }
        return SshTarget(**(plain | changes))  # type: ignore[arg-type]


def _parent(proc: Path) -> int:
    with suppress(OSError, ValueError, IndexError):
        return int((proc / "stat").read_text().rsplit(")", 1)[1].split()[1])
    return 0


def _program(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""
