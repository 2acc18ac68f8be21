"""Says what an exception was and where it came from, never its text: that may hold outsiders' words or secrets."""

from __future__ import annotations

import traceback
from pathlib import Path

from trunktui.model.text import Safe, clean

_MOST_PLACES = 30


def root(error: BaseException) -> BaseException:
    """Return the first error inside a group of them, or the error itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def kind(error: BaseException) -> Safe:
    """Return the name of the error's type: `RuntimeError`."""
    return clean(type(root(error)).__name__)


def summary(error: BaseException) -> Safe:
    """Return the error on one line: `RuntimeError at poller.py:80`."""
    frames = _frames(error)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return clean(f"{kind(error)}{where}")


def places(error: BaseException) -> tuple[Safe, ...]:
    """Return the error's type and the last places it passed through, outermost first, one line each."""
    frames = _frames(error)[-_MOST_PLACES:]
    return kind(error), *(clean(f"  {frame.filename}:{frame.lineno} {frame.name}") for frame in frames)


def _frames(error: BaseException) -> traceback.StackSummary:
    # Without the source lines: reading them is IO, and they may hold a literal that is nobody's business.
    return traceback.StackSummary.extract(traceback.walk_tb(root(error).__traceback__), lookup_lines=False)
