"""How many lines each pane gets in a terminal of a given size: the table first, explanation as room allows."""

from __future__ import annotations

from typing import NamedTuple

NARROW = 72
"""Below this width the sentence gets a second line and the table three columns."""


class Panes(NamedTuple):
    """Heights in lines; the table takes what is left."""

    head: int
    titles: int
    rule: int
    detail: int
    foot: int


def panes_for(width: int, height: int) -> Panes:
    """Return the heights for a terminal of `width` by `height` cells; 80x24 leaves 18 rows to the table."""
    tall = height >= 16
    return Panes(
        head=2 if tall else 1,
        titles=1 if height >= 12 else 0,
        rule=1 if tall else 0,
        detail=_detail(width, height),
        foot=1 if height >= 6 else 0,
    )


def _detail(width: int, height: int) -> int:
    for least, lines in ((44, 15), (38, 12), (32, 9), (28, 4)):
        if height >= least:
            return lines
    if height < 8:
        return 0
    return 2 if width < NARROW else 1
