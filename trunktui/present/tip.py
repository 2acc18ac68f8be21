"""The line that guides a newcomer through the demo, wrapped to the terminal's width."""

from __future__ import annotations

import textwrap

from trunktui.present.cells import Cell, Line, Role

MARK = " DEMO "
_MOST_LINES = 2


def tip_lines(tip: str, width: int) -> tuple[Line, ...]:
    """Return a tip as at most two lines of `width` cells behind the mark; none for an empty tip."""
    room = max(width - len(MARK) - 2, 1)
    lines = textwrap.wrap(tip, room, max_lines=_MOST_LINES, placeholder=" …")
    marks = (Cell(MARK, Role.FROZEN), *(Cell(" " * len(MARK)) for _ in lines[1:]))
    return tuple((mark, Cell(f" {line}", Role.TITLE)) for mark, line in zip(marks, lines, strict=False))
