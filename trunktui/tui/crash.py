"""What is said when the screen itself fails: one line for the operator, the frames for the log; no locals, no source.

Textual's own report prints source and local variables; `FleetApp` overrides it (internal API, pinned by a test).
"""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from trunktui.model.text import clean

_LOG_MODE = 0o600


def crash_line(error: BaseException, log_path: Path | None) -> str:
    """Return the one line for stderr: what failed, where, and which log holds the rest."""
    cause = _cause(error)
    frames = traceback.extract_tb(cause.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    log = f"; see {clean(str(log_path))}" if log_path is not None else ""
    return f"trunktui: the screen failed ({type(cause).__name__}{where}){log}"


def log_crash(error: BaseException, log_path: Path | None) -> None:
    """Append the error and the places it passed through to the log; a log that cannot be written is skipped."""
    cause = _cause(error)
    frames = traceback.extract_tb(cause.__traceback__)
    places = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    note([f"{type(cause).__name__}: {clean(str(cause))}", *places], log_path)


def loop_handler(
    log_path: Path | None,
) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """Return an event loop exception handler that writes to the log: the default one writes on the screen."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # noqa: ARG001 - asyncio's
        error = context.get("exception")
        if isinstance(error, BaseException):
            log_crash(error, log_path)
        else:
            note([clean(str(context.get("message", "unknown loop error")))], log_path)

    return handle


def except_hook(
    log_path: Path | None,
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """Return a `sys.excepthook` for errors outside the app's own care: the same one line, the same log."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:  # noqa: ARG001
        log_crash(error, log_path)
        sys.stderr.write(crash_line(error, log_path) + "\n")

    return hook


def _cause(error: BaseException) -> BaseException:
    """Return what really failed: Textual wraps the error of a worker in another one."""
    inner = getattr(error, "error", None)
    return inner if isinstance(inner, BaseException) else error


def note(lines: list[str], log_path: Path | None) -> None:
    """Append lines of the screen's own to the log; a log that cannot be written is skipped."""
    if log_path is None:
        return
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = "".join(f"{stamp} screen[{os.getpid()}] {line}\n" for line in lines)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(log_path, flags, _LOG_MODE)
    except OSError:
        return
    try:
        os.write(descriptor, text.encode("utf-8", "replace"))
    except OSError:
        return
    finally:
        os.close(descriptor)
