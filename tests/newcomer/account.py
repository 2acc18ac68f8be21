"""An account for a newcomer: a throw-away user with a home of its own, who logs in over SSH inside tmux."""

from __future__ import annotations

import grp
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.transport.sshd import SSHD, Sshd, make_key, public

ROOT = Path(__file__).parents[2]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PROMPT = "newcomer$"
END_S = 5.0
NEEDED = ("tmux", "ssh", "ssh-keygen", "git", "make")

_PYTHON = "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))"
_NETWORK = re.compile(r"(PIP_[A-Z_]+|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|([a-z]+_proxy))", re.IGNORECASE)
"""How this machine reaches its package index; it goes into files that only the newcomer may read."""


def missing() -> str | None:
    """Return what this machine lacks for a newcomer, None where all is there."""
    lacking = [program for program in NEEDED if shutil.which(program) is None]
    lacking += ["sshd"] if not Path(SSHD).exists() else []
    lacking += ["useradd"] if os.geteuid() == 0 and shutil.which("useradd") is None else []
    if lacking:
        return f"missing: {', '.join(lacking)} (Debian: apt-get install tmux git make openssh-client openssh-server)"
    if os.geteuid() != 0 and not _terminals():
        return "without root sshd cannot give a terminal here: /dev/pts is mounted without gid=tty"
    if not (ROOT / ".git").exists():
        return "this is no git checkout, so it cannot be cloned"
    return None


def need() -> None:
    """Skip where a newcomer cannot be played; on a build machine that is a failure."""
    reason = missing()
    if reason is None:
        return
    if os.environ.get("CI", "").lower() in {"true", "1"}:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


class Account:
    """Who the newcomer is: name, number, home, and a key that logs in."""

    def __init__(self, name: str, uid: int, home: Path, sshd: Sshd, folder: Path) -> None:
        self.name, self.uid, self.home = name, uid, home
        self.sshd = sshd
        self.folder = folder

    @property
    def ssh(self) -> list[str]:
        """The command line that logs in."""
        known = self.folder / "known_hosts"
        options = ["-F", "none", "-o", f"UserKnownHostsFile={known}", "-o", "BatchMode=yes"]
        return [
            "ssh",
            *options,
            "-i",
            str(self.sshd.user_key),
            "-p",
            str(self.sshd.port),
            f"{self.name}@127.0.0.1",
        ]

    def run(self, command: str, *, timeout_s: float = 60.0) -> str:
        """Run a command line of the newcomer's without a terminal; return what it prints."""
        done = subprocess.run(
            [*self.ssh, command], capture_output=True, text=True, check=True, timeout=timeout_s
        )
        return done.stdout

    def files(self) -> set[str]:
        """Return what lies in the home, but the clone and what pip keeps of its downloads."""
        found = {str(path.relative_to(self.home)) for path in self.home.rglob("*")}
        return {name for name in found if not re.match(r"clone(/|$)|\.cache(/pip(/|$)|$)", name)}

    def strays(self, roots: tuple[str, ...] = ("/tmp", "/var/tmp", "/dev/shm")) -> list[str]:
        """Return what the newcomer owns elsewhere; nothing where the account is not theirs alone."""
        if os.geteuid() != 0:
            return []
        own = [entry for root in roots for entry in os.scandir(root) if _owner(entry) == self.uid]
        return [entry.path for entry in own]

    def programs(self) -> list[str]:
        """Return the command lines of the newcomer's processes that have to do with this project."""
        found = []
        for pid in _processes(self.uid):
            with suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
                if any(
                    str(self.home) in word or "trunktui" in word or word.endswith("make") for word in words
                ):
                    found.append(" ".join(words))
        return found


class Terminal:
    """A terminal of 80x24 in tmux, on which the newcomer is logged in."""

    def __init__(self, account: Account, size: tuple[int, int] = (80, 24)) -> None:
        self._socket = account.folder / "tmux"
        self._runs = 0
        width, height = size
        clean = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        login = [*account.ssh[:1], "-tt", *account.ssh[1:]]
        words = ("new-session", "-d", "-x", str(width), "-y", str(height))
        command = ["tmux", "-S", str(self._socket), "-f", "/dev/null", *words, *login]
        # On a loaded machine tmux's server may not be there in time for its own client.
        if subprocess.run(command, check=False, env=clean).returncode:
            subprocess.run(command, check=True, env=clean)

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), *words], capture_output=True, text=True, check=True, timeout=20
        )
        return done.stdout

    def screen(self) -> str:
        """Return what the terminal shows."""
        return self._tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names of them."""
        self._tmux("send-keys", *keys)

    def type(self, line: str) -> None:
        """Type a command line."""
        self._tmux("send-keys", "-l", line)
        self.press("Enter")

    def until(self, holds: Callable[[str], bool], what: str, deadline_s: float = 30.0) -> str:
        """Wait until the screen is as wanted; return it."""
        end = time.monotonic() + deadline_s
        while not holds(screen := self.screen()):
            assert time.monotonic() < end, f"not within {deadline_s:.0f} s: {what}\n{screen}"
            time.sleep(0.1)
        return screen

    def until_prompt(self, what: str, deadline_s: float = 30.0) -> str:
        """Wait until the shell asks for the next command; return the screen."""
        return self.until(lambda s: (s.rstrip().splitlines() or [""])[-1].strip() == PROMPT, what, deadline_s)

    def run(self, line: str, what: str, deadline_s: float) -> tuple[int, str]:
        """Run a command line on an empty screen; return its exit status and what it left on the screen."""
        self._runs += 1
        mark = f"run {self._runs} ended with"
        self.type(f"clear; {line}; echo {mark} $?")
        ended = re.compile(rf"^{mark} (\d+)$", re.MULTILINE)
        screen = self.until(lambda s: ended.search(s) is not None, what, deadline_s)
        found = ended.search(screen)
        return int(found[1]) if found else -1, screen

    def settings(self) -> str:
        """Return what must be as before when a program is through: screen, cursor, mouse, key modes."""
        words = "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_cursor_flag} #{wrap_flag}"
        return self._tmux("display-message", "-p", words).strip()

    def end(self) -> None:
        """End tmux and what runs in it."""
        with suppress(subprocess.CalledProcessError):
            self._tmux("kill-server")


@contextmanager
def newcomer() -> Iterator[Account]:
    """Make the account, its clone of this checkout and its sshd; afterwards nothing of them is there."""
    need()
    folder = Path(tempfile.mkdtemp(prefix="trunktui-newcomer-"))
    folder.chmod(0o755)
    home = folder / "home"
    home.mkdir(mode=0o700)
    name, uid, made = _account(home)
    sshd = Sshd(folder / "sshd", make_key(folder / "keys" / "host"), make_key(folder / "keys" / "user"))
    account = Account(name, uid, home, sshd, folder)
    try:
        _furnish(account)
        subprocess.run(["git", "clone", "--quiet", f"file://{ROOT}", str(home / "clone")], check=True)
        _give(account)
        sshd.start(f"AuthorizedKeysFile {home}/.ssh/authorized_keys", f"SetEnv HOME={home}")
        _need_python(account)
        yield account
    finally:
        sshd.stop()
        if made:
            _end_account(account)
        # Some 20,000 files of virtual environments: rm takes a third of what Python takes.
        subprocess.run(["rm", "-rf", str(folder)], check=False)


def _account(home: Path) -> tuple[str, int, bool]:
    """Return a user's name and number, and whether it was made for this: root makes one, others are it."""
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.getuid())
        return entry.pw_name, entry.pw_uid, False
    name = f"newcomer{os.getpid()}"
    # "*" is no password and yet no locked account, which sshd would turn away.
    options = ("--system", "--no-create-home", "--user-group", "--password", "*", "--shell", "/bin/bash")
    subprocess.run(
        ["useradd", *options, "--home-dir", str(home), name],
        check=True,
        capture_output=True,
    )
    return name, pwd.getpwnam(name).pw_uid, True


def _furnish(account: Account) -> None:
    """Give the home what any has: the key that may log in, and a shell with a prompt we know."""
    ssh = account.home / ".ssh"
    ssh.mkdir(mode=0o700)
    (ssh / "authorized_keys").write_text(public(account.sshd.user_key) + "\n")
    network = [
        f"export {name}={shlex.quote(value)}"
        for name, value in os.environ.items()
        if _NETWORK.fullmatch(name)
    ]
    lines = (
        f"export PATH={account.home}/.local/bin:{PATH} LC_ALL=C.UTF-8 PS1='{PROMPT} '",
        "unset HISTFILE PYTHONPATH",
        *network,
    )
    # bash reads the one for a login, the other for a command by SSH.
    for file in (".bash_profile", ".bashrc"):
        (account.home / file).write_text("".join(f"{line}\n" for line in lines))
    host = public(account.sshd.host_key)
    (account.folder / "known_hosts").write_text(f"[127.0.0.1]:{account.sshd.port} {host}\n")


def _terminals() -> bool:
    """Whether new terminals belong to the group tty already, so that sshd need not give them to it."""
    master, slave = os.openpty()
    try:
        return os.fstat(slave).st_gid == grp.getgrnam("tty").gr_gid
    finally:
        os.close(master)
        os.close(slave)


def _give(account: Account) -> None:
    if os.geteuid() == 0:
        group = pwd.getpwuid(account.uid).pw_gid
        for path in (account.home, *account.home.rglob("*")):
            os.chown(path, account.uid, group, follow_symlinks=False)


def _need_python(account: Account) -> None:
    """Skip where the newcomer finds no Python that README asks for: theirs is not the one that runs the tests."""
    try:
        account.run(f'python3 -c "{_PYTHON}"')
    except subprocess.CalledProcessError as error:
        reason = f"another user finds no Python 3.11 with venv here: {error.stderr.strip()[-200:]}"
        if os.environ.get("CI", "").lower() in {"true", "1"}:
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def _end_account(account: Account) -> None:
    """End what still runs as this user, made for this test, and remove it with what a failed test left of its."""
    for number in (signal.SIGHUP, signal.SIGKILL):
        deadline = time.monotonic() + END_S
        while (left := _processes(account.uid)) and time.monotonic() < deadline:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            time.sleep(0.2)
    for path in account.strays():
        shutil.rmtree(path, ignore_errors=True)
    subprocess.run(["userdel", account.name], check=False, capture_output=True)


def _processes(uid: int) -> list[int]:
    numbered = (entry for entry in os.scandir("/proc") if entry.name.isdigit())
    return [int(entry.name) for entry in numbered if _owner(entry) == uid and not _zombie(entry.path)]


def _zombie(path: str) -> bool:
    with suppress(OSError):
        return Path(path, "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def _owner(entry: os.DirEntry[str]) -> int:
    with suppress(OSError):
        return entry.stat(follow_symlinks=False).st_uid
    return -1
