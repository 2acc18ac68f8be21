"""The script interpreter: it prints what a real shell prints, and runs nothing."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from trunktui.demo.remote_script import read_script
from trunktui.model.ask import Command, SshAsk
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
