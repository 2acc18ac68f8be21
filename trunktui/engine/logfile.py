"""The engine's log: opened for its owner only, kept short, and no line in it that a terminal would act on.

An engine's stderr is that log, so whatever Python itself would print there goes through the same cleaning.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import re
import stat
import sys
import threading
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any

from trunktui.model.text import LINE_LIMIT, Safe, clean
from trunktui.model.trace import places, summary

log = logging.getLogger(__name__)

LOG_LIMIT = 1_000_000
"""Bytes above which a log is put aside as `.1` when it is opened; the `.1` before goes."""

_MODE = 0o600
_FORMAT = "%(asctime)s engine[%(process)d] %(levelname)s %(name)s: %(message)s"
# O_NONBLOCK: a pipe that nobody reads must not hold us.
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MOST_KINDS = 100
_VALUES = re.compile(r"\s*[(<]")
"""Where asyncio's message begins to quote: `Exception in callback f('secret') at ...`."""


def open_log(path: Path) -> int:
    """Open the log to append to, after putting one that grew too long aside; return the descriptor.

    Raises OSError where it cannot be written, or is a link, a pipe or a device. One that cannot be put aside
    goes on growing: better than none.
    """
    descriptor = _open(path)
    if os.fstat(descriptor).st_size <= LOG_LIMIT:
        return descriptor
    os.close(descriptor)
    with contextlib.suppress(OSError):
        path.replace(path.with_name(f"{path.name}.1"))
    return _open(path)


def _open(path: Path) -> int:
    descriptor = os.open(path, _FLAGS, _MODE)
    try:
        _make_private(descriptor)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _make_private(descriptor: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "not a plain file")
    os.fchmod(descriptor, _MODE)  # one that was there before may be open to others


def log_trouble(path: Path) -> Safe:
    """Return why the log at `path` can take no further line now, on one line; empty where it can."""
    try:
        found = os.statvfs(path.parent)
    except OSError as error:
        return _unlogged(path, error.strerror or "no such file system")
    if found.f_flag & os.ST_RDONLY:
        return _unlogged(path, os.strerror(errno.EROFS))
    free = found.f_bfree if os.geteuid() == 0 else found.f_bavail
    return Safe("") if free else _unlogged(path, os.strerror(errno.ENOSPC))


def _unlogged(path: Path, why: str) -> Safe:
    return clean(f"nothing is logged: {path}: {why}")


class CleanFormatter(logging.Formatter):
    """Writes a record as one cleaned line; an exception adds its type and its places, never its text."""

    def __init__(self) -> None:
        super().__init__(_FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines for `record`."""
        record.message = _message(record)
        record.asctime = self.formatTime(record)
        lines = [clean(self.formatMessage(record), LINE_LIMIT)]
        error = record.exc_info[1] if record.exc_info else None
        return "\n".join([*lines, *(places(error) if error is not None else ())])


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # figures that do not fit their places
        return str(record.msg)


class LoopErrors:
    """Counts what an event loop could hand to nobody, and logs it: asyncio's own handler writes raw texts."""

    def __init__(self) -> None:
        self.count = 0
        self._kinds: Counter[str] = Counter()

    def handle(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log one error on one line (an event loop's exception handler).

        The same one again is logged as the 10th, the 100th and so on: it may come with every datagram.
        """
        self.count += 1
        said = str(clean(_VALUES.split(str(context.get("message") or "no message"), maxsplit=1)[0]))
        error = context.get("exception")
        if isinstance(error, BaseException):
            said = f"{said} ({summary(error)})"
        kind = said if said in self._kinds or len(self._kinds) < _MOST_KINDS else "other"
        self._kinds[kind] += 1
        times = self._kinds[kind]
        if times in {1, 10, 100} or times % 1000 == 0:
            log.error("event loop: %s; time %d of this, %d in all", said, times, self.count)


def start_logging() -> None:
    """Send every message of this process to stderr through the formatter, and all that Python prints itself."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(CleanFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.raiseExceptions = False  # a log that is full must not print the record it could not write
    logging.captureWarnings(capture=True)
    sys.excepthook = _crashed
    sys.unraisablehook = _unraisable
    threading.excepthook = _thread_died


def _crashed(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    log.critical("the engine failed", exc_info=error)


def _unraisable(args: sys.UnraisableHookArgs) -> None:
    log.error("an error while something was cleared away", exc_info=args.exc_value)


def _thread_died(args: threading.ExceptHookArgs) -> None:
    log.error("a thread failed", exc_info=args.exc_value)
