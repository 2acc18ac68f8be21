"""Secrets: resolved from where they stand, and never shown."""

from __future__ import annotations

import copy
import pickle
import sys
import time
from pathlib import Path

import pytest

from trunktui.config.commands import OUTPUT_LIMIT
from trunktui.config.errors import SecretError
from trunktui.config.secrets import Secret, resolve

VALUE = "canary-7f2"


def script(folder: Path, body: str) -> str:
    """Write a Python program and return the reference that runs it."""
    path = folder / "print secret.py"
    path.write_text(body)
    return f"cmd:{sys.executable} '{path}'"


def test_a_secret_shows_itself_as_stars_only() -> None:
    secret = Secret(VALUE)
    assert {repr(secret), str(secret), f"{secret}", f"{secret!r:>3}", f"{secret:>20}"} == {"***"}
    assert VALUE not in f"{[secret]} {{'a': secret}}"
    assert secret.reveal() == VALUE


def test_a_secret_cannot_leave_by_pickle_or_copy() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(Secret(VALUE), protocol)
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.deepcopy(Secret(VALUE))
    assert not hasattr(Secret(VALUE), "__dict__")


def test_an_environment_variable_is_resolved() -> None:
    assert resolve("env:NAME", {"NAME": VALUE}).reveal() == VALUE
    with pytest.raises(SecretError, match="env:OTHER: the environment has no OTHER"):
        resolve("env:OTHER", {"NAME": VALUE})
    with pytest.raises(SecretError, match="yields nothing"):
        resolve("env:NAME", {"NAME": ""})


def test_a_file_is_resolved_without_its_line_end(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{VALUE}\n")
    path.chmod(0o600)
    assert resolve(f"file:{path}", {}).reveal() == VALUE
    assert resolve("file:~/secret", {"HOME": str(tmp_path)}).reveal() == VALUE


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_secret_file_that_others_can_read_is_refused_with_the_cure(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret"
    path.write_text(VALUE)
    path.chmod(mode)
    with pytest.raises(SecretError, match="chmod 600") as caught:
        resolve(f"file:{path}", {})
    assert VALUE not in str(caught.value)


def test_a_secret_file_that_is_missing_linked_or_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    with pytest.raises(SecretError, match="No such file"):
        resolve(f"file:{path}", {})
    path.write_text("x" * (OUTPUT_LIMIT + 1))
    path.chmod(0o600)
    with pytest.raises(SecretError, match="larger than"):
        resolve(f"file:{path}", {})
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(SecretError, match=r"[Ss]ymbolic link"):
        resolve(f"file:{link}", {})


def test_a_command_is_run_without_a_shell_and_its_output_taken(tmp_path: Path) -> None:
    body = "import sys; print(sys.argv[1])"
    assert resolve(script(tmp_path, body) + " '$HOME;id'", {}).reveal() == "$HOME;id"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (f"print('{VALUE}'); raise SystemExit(3)", "ended with status 3"),
        ("print('x' * 5000)", "printed more than 4096 bytes"),
        ("while True: print('x' * 5000)", "printed more than 4096 bytes"),
        ("", "yields nothing"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "is not UTF-8"),
    ],
)
def test_a_command_that_goes_wrong_is_told_without_its_output(tmp_path: Path, body: str, why: str) -> None:
    with pytest.raises(SecretError, match=why) as caught:
        resolve(script(tmp_path, body), {})
    assert VALUE not in str(caught.value)


def test_a_command_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    body = (
        "import subprocess, sys, pathlib, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(marker)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    began = time.monotonic()
    with pytest.raises(SecretError, match="took longer than 2 s"):
        resolve(script(tmp_path, body), {}, command_limit_s=2.0)
    assert time.monotonic() - began < 10
    stat = Path(f"/proc/{marker.read_text()}/stat")
    deadline = time.monotonic() + 10
    while stat.exists() and ") Z " not in stat.read_text():
        assert time.monotonic() < deadline, "the command's child is still there"


def test_a_command_that_is_not_there_or_cannot_be_split_is_told() -> None:
    with pytest.raises(SecretError, match="No such file"):
        resolve("cmd:/nonexistent/program", {})
    with pytest.raises(SecretError, match="split into words"):
        resolve("cmd:echo 'x", {})
    with pytest.raises(SecretError, match="names no program"):
        resolve("cmd:  ", {})


def test_what_is_no_reference_is_refused_and_not_repeated() -> None:
    with pytest.raises(SecretError) as caught:
        resolve(VALUE, {})
    assert VALUE not in str(caught.value)
