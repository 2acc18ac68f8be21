"""What the files of operators' statements have in common (marks, records): read whole or not at all, never from strangers."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from trunktui.store.ledger import Ledger
from trunktui.store.safety import UnsafeError

Stamp = tuple[int, int, int, int]
"""What differs once anybody changed a file."""


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a file; None where there is none, or it cannot be seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def read_whole(path: Path, limit: int) -> bytes:
    """Return the file, without what a writer is in the middle of.

    Raises OSError (FileNotFoundError where there is none), UnsafeError for one that anybody may have written, that is
    longer than `limit` bytes, or that is no plain file.
    """
    with Ledger(path).reading() as (descriptor, size):
        _refuse_strangers(path.parent.stat(), os.fstat(descriptor))
        if size > limit:
            raise UnsafeError("is too large to be ours; move it away")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(size)


def cure(error: Exception) -> str:
    """Return the way out of what kept a line from being written, where the system's word does not hold one."""
    match error:
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return "; make room and try again"
        case OSError(errno=errno.EACCES | errno.EPERM | errno.EROFS):
            return "; it may be read but not written here: ask its owner, or name another folder as `state`"
        case _:
            return ""


def unreadable_lines(place: str, numbers: list[int]) -> str:
    """Return that lines of these numbers count for nothing, empty where there are none."""
    if not numbers:
        return ""
    first, *more = numbers
    lines = f"line {first} and {len(more)} more count" if more else f"line {first} counts"
    return f"{place}: {lines} for nothing, not readable; the others hold"


def later_line(place: str, number: int, version: int) -> str:
    """Return that the file holds a line that this version cannot know the meaning of."""
    return f"{place}: line {number} was written by a later trunktui (form {version}); update this one"


def _refuse_strangers(folder: os.stat_result, file: os.stat_result) -> None:
    """Raise UnsafeError for statements that anybody may have made: they could hide alarms."""
    if file.st_mode & stat.S_IWOTH:
        raise UnsafeError("may be written by everybody; cure: chmod o-w it")
    if folder.st_mode & stat.S_IWOTH:
        raise UnsafeError("is in a folder that everybody may write to; cure: chmod o-w the folder")
