"""The script interpreter: it prints what a real shell prints, and runs nothing."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.transport.test_lock import holders
from trunktui.demo import processes
from trunktui.demo.processes import Processes
from trunktui.demo.remote_script import RemoteLock, read_script
from trunktui.model.ask import Command, Lock, SshAsk
from trunktui.platforms import asterisk
from trunktui.transport.script import Stream, build_script, split_answer

NONCE = "0123456789abcdef" * 2


def test_the_markers_are_those_of_a_real_shell_byte_for_byte() -> None:
    ask = SshAsk((Command("a", ("/bin/echo", "one two")), Command("b", ("test", "-S", "/nonexistent"))))
    line = build_script(ask, NONCE, None)
    real = subprocess.run(shlex.split(line), capture_output=True, check=True, stdin=subprocess.DEVNULL)
    script = read_script(line)
    assert script is not None
    ours = b"".join(
        script.begin(run) + out + script.end(run, status)
        for run, (out, status) in zip(script.runs, [(b"one two\n", 0), (b"", 1)], strict=True)
    )
    assert ours + script.last() == real.stdout
    assert real.stderr == ours.replace(b"one two\n", b"") + script.last()


def test_the_polls_script_is_understood_whole() -> None:
    ask = asterisk.poll_ask()
    for run_as in (None, "asterisk"):
        script = read_script(build_script(ask, NONCE, run_as))
        assert script is not None
        assert [run.argv for run in script.runs] == [command.argv for command in ask.commands]
        assert {(run.limit_s, run.kill_s) for run in script.runs} == {(5.0, 1.0)}


def test_a_gate_is_understood_as_one() -> None:
    ask = SshAsk((Command("a", ("/bin/false",), gate=True), Command("b", ("/bin/echo", "x"))))
    script = read_script(build_script(ask, NONCE, None))
    assert script is not None
    assert [(run.argv, run.gate) for run in script.runs] == [
        (("/bin/false",), True),
        (("/bin/echo", "x"), False),
    ]


def test_what_a_gate_looks_for_is_understood() -> None:
    gate = Command(
        "a", ("/bin/echo", "x"), gate=True, unless="NO", expect=("x y", ("DX", "DP")), between=("ID: 1", "")
    )
    script = read_script(
        build_script(SshAsk((gate, replace(gate, unless="", between=("", "")), *STEPS)), NONCE, None)
    )
    assert script is not None
    first, second, *rest = script.runs
    assert (first.unless, first.expect, first.between) == ("NO", (("x y",), ("DX", "DP")), ("ID: 1", ""))
    assert (second.unless, second.expect, second.between) == ("", first.expect, ("", ""))
    assert [(run.gate, run.expect) for run in (first, second, *rest)][2:] == [(True, ()), (False, ())]
    assert first.gate


STEPS = (Command("look", ("/bin/echo", "x"), gate=True), Command("step", ("/bin/echo", "y")))


def test_a_lock_is_understood_and_when_it_begins_to_be_held() -> None:
    ask = SshAsk(STEPS, Lock("/usr/sbin/asterisk", "trunktui-by-alice@jump:a1", 12))
    for run_as in (None, "asterisk"):
        script = read_script(build_script(ask, NONCE, run_as))
        assert script is not None
        assert script.lock == RemoteLock("/usr/sbin/asterisk", "trunktui-by-alice@jump:a1", 12.0)
        told = [(run.number, run.locks, run.gate, run.holds) for run in script.runs]
        assert told == [(0, True, True, False), (1, False, True, False), (2, False, False, True)]


def played(line: str, processes: Processes) -> tuple[bytes, bytes]:
    """Return what the interpreter prints for a script of STEPS, as the simulated SBC plays it."""
    script = read_script(line)
    assert script is not None
    assert script.lock is not None
    processes.begin(script)
    out = err = b""
    for run in script.runs:
        if run.holds:
            processes.hold(script.lock)
        said, status = processes.take(script, script.lock) if run.locks else (f"{run.argv[-1]}\n".encode(), 0)
        out += script.begin(run) + said + script.end(run, status)
        err += script.begin(run) + script.end(run, status)
        if status:
            break
    processes.end(script)
    return out + script.last(), err + script.last()


def test_who_takes_a_lock_and_who_finds_it_taken_print_what_a_real_shell_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "asterisk"
    program.write_text("a program")
    monkeypatch.setattr(processes, "READABLE", str(program))
    now, host = [0.0], f"jump{os.getpid()}"
    simulated = processes.Processes(lambda: now[0])
    foreign = re.compile(rb"(?m)^trunktui-by-(?!\w+@%s:).*\n" % host.encode())
    told = b""
    try:
        for who, hold_s in (("alice", 10), ("bob", 1)):
            lock = Lock(str(program), f"trunktui-by-{who}@{host}:1", hold_s)
            line = build_script(SshAsk(STEPS, lock), NONCE, None)
            real = subprocess.run(
                shlex.split(line), capture_output=True, check=True, stdin=subprocess.DEVNULL
            )
            told = foreign.sub(b"", real.stdout)
            assert played(line, simulated) == (told, real.stderr), who
    finally:
        for pid in holders():
            os.kill(pid, signal.SIGKILL)
    assert f"trunktui-by-alice@{host}:1\n".encode() in told
    now[0] = 10.1
    late = build_script(SshAsk(STEPS, Lock(str(program), "trunktui-by-bob@b:2", 1)), NONCE, None)
    assert b"y\n" in played(late, simulated)[0]


def test_the_transport_reads_what_the_interpreter_prints() -> None:
    ask = asterisk.poll_ask()
    script = read_script(build_script(ask, NONCE, None))
    assert script is not None
    both = b"".join(script.begin(run) + b"x\n" + script.end(run, 3) for run in script.runs) + script.last()
    split = split_answer(ask, NONCE, Stream(both), Stream(both))
    assert split.complete
    assert {(reply.status, reply.lines) for reply in split.replies} == {(3, ("x",))}


@pytest.mark.parametrize(
    "line", ["", "ls", "/bin/sh -c 'ls'", "/bin/sh -c 'm z'", "sh -c 'reboot'", "/bin/sh -c 'r 0 ls; m z' x"]
)
def test_anything_else_is_not_understood(line: str) -> None:
    assert read_script(line) is None
