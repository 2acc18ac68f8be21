"""Runs a command that the config names on this machine: no shell, no input, a time limit, a limit on what it prints."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence

OUTPUT_LIMIT = 4096
"""Bytes taken of what such a command prints."""

COMMAND_LIMIT_S = 5.0
"""Seconds it may take."""


class CommandError(Exception):
    """It gave nothing to use; the text says why, and never holds what it printed."""


def output_of(argv: Sequence[str], limit_s: float = COMMAND_LIMIT_S) -> bytes:
    """Return what `argv` prints; blocking. Whatever it started is ended. Raises CommandError."""
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
        raise CommandError(error.strerror or "cannot be run") from error
    try:
        output = _output(process, deadline)
        status = process.wait(max(deadline - time.monotonic(), 0.0))
    except (TimeoutError, subprocess.TimeoutExpired):
        raise CommandError(f"took longer than {limit_s:g} s") from None
    finally:
        _end(process)
    if len(output) > OUTPUT_LIMIT:
        raise CommandError(f"printed more than {OUTPUT_LIMIT} bytes")
    if status != 0:
        raise CommandError(f"ended with status {status}")
    return output


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
