"""The simulator as a process, and the demo as a whole: nothing of it outlives it, however it ends; no root is needed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tui.terminal_session import ROOT, TerminalSession
from trunktui.demo.launch import Simulator, SimulatorError

NOBODY = "65534"
END_S = 30.0


def until(holds: Callable[[], bool], what: str, deadline_s: float = END_S) -> None:
    end = time.monotonic() + deadline_s
    while not holds():
        assert time.monotonic() < end, f"not within {deadline_s} s: {what}"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(pid: int) -> list[int]:
    try:
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]
    except OSError:
        return []


def start(tmp: Path, *before: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*before, sys.executable, "-m", "trunktui.demo"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp), "PYTHONDONTWRITEBYTECODE": "1"},
    )


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = start(tmp_path)
    yield process
    if process.poll() is None:
        process.kill()
    process.wait(END_S)
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


def config_of(process: subprocess.Popen[bytes]) -> Path:
    assert process.stdout is not None
    word, _, path = process.stdout.readline().decode().strip().partition(" ")
    assert word == "config"
    return Path(path)


def test_it_says_where_its_config_is_and_then_the_first_tip(simulator: subprocess.Popen[bytes]) -> None:
    config = config_of(simulator)
    assert config.is_file()
    assert config.parent.stat().st_mode & 0o777 == 0o700
    assert simulator.stdout is not None
    assert simulator.stdout.readline().startswith(b"tip Six SBCs")


@pytest.mark.parametrize("end", ["stdin", "SIGTERM", "SIGHUP", "SIGINT"])
def test_its_folder_goes_with_it(simulator: subprocess.Popen[bytes], end: str, tmp_path: Path) -> None:
    config = config_of(simulator)
    assert config.parent.parent == tmp_path
    if end == "stdin":
        assert simulator.stdin is not None
        simulator.stdin.close()
    else:
        simulator.send_signal(signal.Signals[end])
    assert simulator.wait(END_S) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_signal_in_its_first_moments_leaves_nothing_either(tmp_path: Path) -> None:
    for wait_s in (0.05, 0.2, 0.4, 0.6):
        process = start(tmp_path)
        time.sleep(wait_s)  # wherever it is by then, it must clean up
        process.terminate()
        process.communicate(timeout=END_S)
        assert list(tmp_path.iterdir()) == []


def test_it_needs_no_root(tmp_path: Path) -> None:
    user: tuple[str, ...] = ()
    if os.geteuid() == 0:
        user = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs")
        probe = subprocess.run(
            [*user, sys.executable, "-c", "import asyncssh"], capture_output=True, check=False, cwd="/"
        )
        if probe.returncode:
            pytest.skip("nobody may not run this Python")
        tmp_path = Path(
            subprocess.run([*user, "mktemp", "-d"], capture_output=True, check=True).stdout.decode().strip()
        )
    process = start(tmp_path, *user)
    try:
        assert config_of(process).is_file()
        process.terminate()
        assert process.wait(END_S) == 0
        assert list(tmp_path.iterdir()) == []
    finally:
        process.kill()
        process.communicate()
        if user:
            tmp_path.rmdir()


def test_it_serves_in_the_background_without_a_stdin_until_a_signal(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "trunktui.demo"],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert config_of(process).exists()
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=END_S)
    assert errors == b""


def test_a_speed_beyond_its_limits_is_refused_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "trunktui.demo", "--speed", "0.5"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr == "--speed: must lie between 1 and 60, is 0.5\n"


def test_one_that_does_not_start_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="did not start"), Simulator(1, 0.1, dict(os.environ)):
        pass


def demo(tmp: Path) -> TerminalSession:
    return TerminalSession(
        ["-m", "trunktui", "demo"], environ={"TMPDIR": str(tmp), "HOME": str(tmp / "home")}
    )


def family(session: TerminalSession) -> list[int]:
    """Return the demo's processes: the dashboard, the simulator, the engine."""
    return [session.process.pid, *children(session.process.pid)]


def test_quitting_leaves_nothing_and_says_how_to_see_ones_own_sbc(tmp_path: Path) -> None:
    with demo(tmp_path) as session:
        session.read_until_shown("41 up", 30)
        pids = family(session)
        assert len(pids) == 3
        folder = next(tmp_path.glob("trunktui-demo-*"))
        ports, agents = ports_of(folder), agents_of(folder)
        assert len(agents) == 5
        session.press("q")
        assert session.wait() == 0
        assert "trunktui config init" in session.output.decode()
        assert not [pid for pid in pids if alive(pid)]
        assert list(tmp_path.iterdir()) == []
        for port in ports:
            with socket.socket() as sock:
                assert sock.connect_ex(("127.0.0.1", port)) != 0
        for port in agents:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.settimeout(END_S)
                sock.connect(("127.0.0.1", port))
                sock.send(b"x")
                with pytest.raises(ConnectionRefusedError):
                    sock.recv(1)


@pytest.mark.parametrize(("end", "code"), [("SIGTERM", 143), ("hangup", 129), ("SIGKILL", -9)])
def test_nothing_is_left_however_the_dashboard_dies(end: str, code: int, tmp_path: Path) -> None:
    with demo(tmp_path) as session:
        session.read_until_shown("41 up", 30)
        pids = family(session)
        assert len(pids) == 3
        if end == "hangup":
            session.hang_up()
        else:
            session.signal(signal.Signals[end])
        assert session.wait(reading=end != "hangup") == code
        until(lambda: not any(alive(pid) for pid in pids), "its processes end")
        until(lambda: list(tmp_path.iterdir()) == [], "its folder is gone")


def test_a_reload_reads_the_demos_own_config_again(tmp_path: Path) -> None:
    with demo(tmp_path) as session:
        session.read_until_shown("41 up", 30)
        session.signal(signal.SIGHUP)
        session.read_until_shown("config reloaded: nothing changed", 10)
        session.press(":q\r")
        assert session.wait() == 0


def test_when_the_simulator_dies_the_screen_says_so_and_nothing_stays_green(tmp_path: Path) -> None:
    with demo(tmp_path) as session:
        session.read_until_shown("41 up", 30)
        simulator = next(
            pid
            for pid in children(session.process.pid)
            if b"trunktui.demo" in Path(f"/proc/{pid}/cmdline").read_bytes()
        )
        os.kill(simulator, signal.SIGKILL)
        session.read_until_shown("The simulated fleet has stopped", 10)
        session.read_until_shown("42 unknown", 30)
        session.press("q")
        assert session.wait() == 0
        assert list(tmp_path.iterdir()) == []


def agents_of(folder: Path) -> list[int]:
    tables = tomllib.loads((folder / "demo.toml").read_text(encoding="utf-8"))["sbc"]
    return [sbc["snmp"]["port"] for sbc in tables if "snmp" in sbc]


def ports_of(folder: Path) -> list[int]:
    lines = (folder / "known_hosts").read_text(encoding="utf-8").splitlines()
    return [int(line.partition("]:")[2].split()[0]) for line in lines]
