"""Where the reading of a followed file stands, and what a piece read from there means. Pure.

A file is told by its device and inode, and by its last line read: that line is read again at the head of the next
piece, so that a file that was emptied and has grown again, or took over the inode, is not gone on with as the same.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct, structs

from trunktui.model.ask import Reply
from trunktui.model.text import Safe
from trunktui.platforms.boxtail import Place

LOOK_BACK = 192 * 1024
"""Bytes before its end at which a file is begun: a single look knows the recent past too."""

LARGEST, SMALLEST = 512 * 1024, 8 * 1024
"""Bytes asked for at once: few where the way is slow or the far side breaks off, the most fits into one answer."""

_MARK_LIMIT = 4096


class Position(Struct, frozen=True):
    """How far one file was read: `offset` bytes. `mark`: the last whole line before that, `mark_size` bytes long.

    `amid`: it stands within a line whose begin was not read. `seen`: its size when last looked at.
    """

    key: str
    inode: str
    offset: int = 0
    mark: Safe | None = None
    mark_size: int = 0
    amid: bool = False
    seen: int = 0

    @property
    def start(self) -> int:
        """The byte from which the next piece is read."""
        return self.offset - self.mark_size


class Step(NamedTuple):
    """What a piece brought: where the file stands now, new whole lines, whether more is there, bytes never read."""

    position: Position
    lines: tuple[Safe, ...]
    more: bool
    lost: int = 0


def begin(place: Place, *, back: int = LOOK_BACK) -> Position:
    """Return where to begin a file that was never read: so many bytes before its end, behind a line's end."""
    offset = max(place.size - back - 1, 0)
    return Position(place.key, place.inode, offset, amid=offset > 0, seen=place.size)


def anew(place: Place) -> Position:
    """Return the begin of a file that took the place of another, or was emptied: all of it is new."""
    return Position(place.key, place.inode, seen=place.size)


def step(position: Position, reply: Reply, after: Place, asked: int) -> Step | None:
    """Return what a piece of `asked` bytes from `position.start` on brought; None: it is not the file that it was.

    The command must have come to an end, and the name must have led to `after` from before it till behind it.
    """
    if after.key != position.key or after.size < position.offset:
        return None
    lines, whole_size, marked = reply.whole_lines, reply.whole_size, position.mark_size
    if marked and reply.size:
        # A piece that ends within the mark, though the file is larger, was broken off: it proves nothing.
        if whole_size < marked:
            return None if reply.size >= marked else Step(position, (), more=False)
        if lines[0] != position.mark:
            return None
        lines = lines[1:]
    full = reply.size >= asked
    if whole_size <= marked:
        if not full:
            return Step(structs.replace(position, seen=after.size), (), more=False)
        # No line's end in all of it: such a line is passed over.
        offset = position.start + reply.size
        passed = Position(position.key, position.inode, offset, amid=True, seen=after.size)
        return Step(passed, (), more=True, lost=reply.size - marked)
    if position.amid:
        lines = lines[1:]
    small = reply.last_size <= _MARK_LIMIT
    moved = Position(
        position.key,
        position.inode,
        position.start + whole_size,
        mark=reply.whole_lines[-1] if small else None,
        mark_size=reply.last_size if small else 0,
        seen=after.size,
    )
    return Step(moved, lines, more=full)


def unread(position: Position) -> int:
    """Return how many bytes are known to be there and were not read."""
    return max(position.seen - position.offset, 0)
