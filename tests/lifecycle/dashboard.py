"""The real program with its engine on a pty, asking a simulated SBC over SSH; and what is left of it afterwards."""

from __future__ import annotations

import array
import fcntl
import os
import re
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.tui.terminal_session import ROOT, TerminalSession

LEGS = 5
RUNNING = f"1 of {LEGS}"
ALL_UP = f"{LEGS} up"
SETTLED_S = 30.0
"""Deadline for what takes a second on an idle machine."""

_MODE = re.compile(rb"\x1b\[\?([0-9]+)([hl])|\x1b\[([<>])[0-9]*u")
_ON_BY_NATURE = {b"25": "the cursor", b"7": "line wrap"}
_TICKS = os.sysconf("SC_CLK_TCK")


class Dashboard(TerminalSession):
    """`trunktui --config CONFIG` on a pty of its own."""

    def __init__(
        self,
        config: Path,
        *,
        size: tuple[int, int] = (120, 30),
        environ: Mapping[str, str] | None = None,
        instead: Sequence[str] = (),
    ) -> None:
        self.log = config.parent / "state" / "engine.log"
        arguments = ["-m", "trunktui", "--config", str(config)]
        if instead:
            arguments = ["-c", f"import os; os.execvp({instead[0]!r}, {list(instead)!r})"]
        super().__init__(arguments, size=size, environ=environ)

    def engine(self) -> int:
        """Return the engine's process id: the program's only child, once it is there."""
        self.until(lambda: bool(_children(self.process.pid)), "an engine")
        return child_of(self.process.pid)

    def wait(self, deadline_s: float = SETTLED_S, *, reading: bool = True) -> int:
        """Return the exit code; with `reading`, everything that was written has been read then."""
        code = super().wait(deadline_s, reading=reading)
        if reading:
            self.read_rest()
        return code

    def until(self, holds: Callable[[], bool], what: str, deadline_s: float = SETTLED_S) -> None:
        """Let the terminal take what comes until `holds`."""
        end = time.monotonic() + deadline_s
        while not holds():
            assert time.monotonic() < end, f"not within {deadline_s} s: {what}\n{self.display()}"
            self.read_some()

    def until_shown(self, text: str) -> None:
        self.until(lambda: text in self.display(), f"{text!r} on the screen")

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size, as a window that is dragged; the screen in memory follows."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self._screen.resize(height, width)

    def untaken(self) -> int:
        """Return how many bytes wait to be read from the terminal's other end."""
        count = array.array("i", [0])
        fcntl.ioctl(self._master, termios.FIONREAD, count)
        return count[0]

    def stall(self) -> None:
        """Do not read and make it draw until it can write no more."""
        deadline = time.monotonic() + SETTLED_S
        while not _waits_for_terminal(self.process.pid):
            assert time.monotonic() < deadline, "the terminal takes everything"
            self.press("?\x1b")
            time.sleep(0.05)

    def cpu_s(self) -> float:
        """Return the CPU time the program has used, its engine's not counted."""
        return cpu_s(self.process.pid)

    def is_drawing(self) -> bool:
        return "?1049" in modes_left(bytes(self.output))

    def is_stopped(self) -> bool:
        return state_of(self.process.pid) == "T"

    def scribble(self, text: str) -> None:
        """Write on the terminal as another program would."""
        os.write(self._slave, f"\r\n{text}\r\n".encode())
        self.until_shown(text)

    def oldest_poll(self) -> int | None:
        """Return the age in seconds that the head tells; None where it tells none."""
        found = re.search(r"poll (\d+)s", self.display())
        return None if found is None else int(found[1])

    def is_fresh(self) -> bool:
        """Tell whether the head says that the last answer is hardly older than the time between two."""
        age = self.oldest_poll()
        return age is not None and age <= 3

    def is_whole(self) -> bool:
        """Tell whether settings and modes of the terminal are as they were before the program."""
        return self.attributes() == self.before and not modes_left(bytes(self.output))


class Shell(Dashboard):
    """An interactive shell in which the program can be started as a job."""

    def __init__(self, config: Path) -> None:
        self._command = f"{shlex.quote(sys.executable)} -m trunktui --config {shlex.quote(str(config))}"
        environ = {"PS1": "$ ", "HISTFILE": ""}
        super().__init__(config, environ=environ, instead=["bash", "--norc", "--noprofile", "-i"])

    def start(self, line: str = "{}") -> None:
        """Type a command line with the program in it."""
        self.read_until_shown("$ ")
        self.press(line.format(self._command) + "\n")

    def plain(self) -> str:
        """Return everything that was written, without escape sequences."""
        text = bytes(self.output).decode("utf-8", "replace").replace("\r", "")
        return re.sub(r"\x1b\[[<=>?]?[0-9;:]*[ -/]*[@-~]|\x1b\][^\x07]*\x07", "", text)

    def until_told(self, text: str, times: int) -> None:
        """Read until `text` came so many times; the shell tells of its jobs before a new prompt."""
        end = time.monotonic() + SETTLED_S
        while self.plain().count(text) < times:
            assert time.monotonic() < end, f"{text!r} not told {times} times: {self.plain()[-2000:]}"
            if all(state_of(child) in {"T", ""} for child in _children(self.process.pid)):
                self.press("\n")
            self.read_for(0.2)


def modes_left(output: bytes) -> set[str]:
    """Return the modes of a terminal that `output` leaves other than they are by nature."""
    modes: dict[bytes, bytes] = {}
    keyboards = 0
    for number, switch, push in _MODE.findall(output):
        if push:
            keyboards = max(keyboards + (1 if push == b">" else -1), 0)
        else:
            modes[number] = switch
    left = {f"?{n.decode()}" for n, on in modes.items() if on == (b"l" if n in _ON_BY_NATURE else b"h")}
    return left | ({"keyboard"} if keyboards else set())


def child_of(pid: int) -> int:
    """Return a process's only child."""
    (child,) = _children(pid)
    return child


def _children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_s(pid: int) -> float:
    """Return the CPU seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def state_of(pid: int) -> str:
    """Return a process's state letter: `T` for stopped; empty for none or one that has ended."""
    try:
        letter = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return ""
    return "" if letter == "Z" else letter


def await_gone(pid: int, deadline_s: float = SETTLED_S) -> None:
    """Wait until a process has ended."""
    end = time.monotonic() + deadline_s
    while state_of(pid):
        assert time.monotonic() < end, f"process {pid} lives on"
        time.sleep(0.02)


def _waits_for_terminal(pid: int) -> bool:
    """Tell whether a thread of the program sleeps in a write to its terminal (stderr), and stays there."""
    for _ in range(3):
        calls = [_call(task) for task in Path(f"/proc/{pid}/task").iterdir()]
        if not any(call[:2] == ("1", "0x2") for call in calls):
            return False
        time.sleep(0.05)
    return True


def _call(task: Path) -> tuple[str, ...]:
    try:
        return tuple((task / "syscall").read_text().split())
    except OSError:
        return ()


def private_config(shared: Path, folder: Path) -> Path:
    """Return a copy of a config whose state folder, with the log, is in `folder`."""
    config = folder / "fleet.toml"
    text = re.sub(r"^state = .*$", f'state = "{folder / "state"}"', shared.read_text(), flags=re.MULTILINE)
    config.write_text(text)
    config.chmod(0o600)
    return config


@contextmanager
def simulated_sbc(folder: Path) -> Iterator[Path]:
    """Run one simulated SBC with LEGS healthy legs; give the path of the config that asks it every 2 s."""
    process = subprocess.Popen(
        [sys.executable, "-m", "trunktui.demo", "--sbcs", "1", "--legs", str(LEGS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(folder)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        word, _, path = process.stdout.readline().decode().strip().partition(" ")
        assert word == "config"
        yield Path(path)
    finally:
        process.stdin.close()
        process.wait(SETTLED_S)
        process.stdout.close()


ENDING = {signal.SIGINT: 130, signal.SIGQUIT: 131, signal.SIGTERM: 143, signal.SIGKILL: -9}
"""The signals that end the program, with what its parent then sees."""
