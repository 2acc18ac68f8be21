"""Resolves secret references into secrets (see `model.secret` for how those are kept from being shown).

A reference is `env:NAME`, `file:/path` (0600) or `cmd:program arguments` (no shell).
"""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping

from trunktui.config.errors import SecretError
from trunktui.config.files import expand, read_private
from trunktui.model.secret import Secret as Secret

OUTPUT_LIMIT = 4096
"""Bytes taken of a secret file, or of what a secret command prints."""

COMMAND_LIMIT_S = 5.0
"""Seconds a secret command may take."""


def resolve(reference: str, env: Mapping[str, str], command_limit_s: float = COMMAND_LIMIT_S) -> Secret:
    """Return what `reference` points to, without its final line end. Raises SecretError, never with the value."""
    kind, _, rest = reference.partition(":")
    match kind:
        case "env":
            value = _from_env(reference, rest, env)
        case "file":
            value = _from_file(reference, rest, env)
        case "cmd":
            value = _from_command(reference, rest, command_limit_s)
        case _:
            raise SecretError("secret", 'is no reference; write "env:NAME", "file:/path" or "cmd:program"')
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise SecretError(reference, "yields nothing")
    return Secret(value)


def _from_env(reference: str, name: str, env: Mapping[str, str]) -> str:
    value = env.get(name)
    if value is None:
        raise SecretError(reference, f"the environment has no {name}")
    return value


def _from_file(reference: str, name: str, env: Mapping[str, str]) -> str:
    try:
        return _text(reference, read_private(expand(name, env), OUTPUT_LIMIT))
    except OSError as error:
        raise SecretError(reference, error.strerror or "cannot be read") from error
    except ValueError as error:
        raise SecretError(reference, str(error)) from None


def _from_command(reference: str, line: str, limit_s: float) -> str:
    try:
        argv = shlex.split(line)
    except ValueError as error:
        raise SecretError(reference, f"cannot be split into words: {error}") from error
    if not argv:
        raise SecretError(reference, "names no program")
    deadline = time.monotonic() + limit_s
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise SecretError(reference, error.strerror or "cannot be run") from error
    try:
        output = _output(process, deadline)
        status = process.wait(max(deadline - time.monotonic(), 0.0))
    except (TimeoutError, subprocess.TimeoutExpired):
        raise SecretError(reference, f"took longer than {limit_s:g} s") from None
    finally:
        _end(process)
    if len(output) > OUTPUT_LIMIT:
        raise SecretError(reference, f"printed more than {OUTPUT_LIMIT} bytes")
    if status != 0:
        raise SecretError(reference, f"ended with status {status}")
    return _text(reference, output)


def _output(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """Read to the end of output, or one byte past the limit; raises TimeoutError at `deadline`."""
    if process.stdout is None:
        return b""
    output = b""
    descriptor = process.stdout.fileno()
    while len(output) <= OUTPUT_LIMIT:
        ready, _, _ = select.select([descriptor], [], [], max(deadline - time.monotonic(), 0.0))
        if not ready:
            raise TimeoutError
        piece = os.read(descriptor, OUTPUT_LIMIT + 1 - len(output))
        if not piece:
            return output
        output += piece
    process.stdout.close()
    return output


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command, and whatever it started, and reap it."""
    if process.stdout is not None:
        process.stdout.close()
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _text(reference: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise SecretError(reference, "is not UTF-8 text") from None
