"""Turns lines of cells into what a terminal gets: styled strips, and the spans of cells that really changed.

Textual repaints a widget's line from its left edge up to a changed cell; `cropped` makes it begin at the cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import get_character_cell_size
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from trunktui.present.cells import Cell, Line, Role
from trunktui.present.themes import Theme
from trunktui.present.words import to_ascii

_KEPT_LINES = 512
_MERGE_WITHIN = 8
"""Unchanged cells between two changed ones that cost less to repaint than to jump over."""


class Painted(NamedTuple):
    """A line ready to show: its cells (character and style, for comparing) and its strip."""

    cells: tuple[tuple[str, Style | None], ...]
    strip: Strip


class Palette:
    """The styles of one theme; with `ascii_only` every text is brought down to ASCII on its way."""

    def __init__(self, theme: Theme, *, ascii_only: bool = False) -> None:
        self._styles = {role: Style.parse(style or "none") for role, style in theme.styles.items()}
        self._ascii_only = ascii_only
        self._kept: dict[tuple[Line, int, tuple[Role, ...]], Painted] = {}
        self._mixed: dict[tuple[Role, tuple[Role, ...]], Style | None] = {}

    def style(self, role: Role, over: tuple[Role, ...] = ()) -> Style | None:
        """Return the style of `role` with those of `over` laid over it; None where it is the terminal's own."""
        key = (role, over)
        if key not in self._mixed:
            style = self._styles[role]
            for upper in over:
                style += self._styles[upper]
            self._mixed[key] = style or None
        return self._mixed[key]

    def paint(self, line: Line, width: int, over: tuple[Role, ...] = ()) -> Painted:
        """Return `line` painted to exactly `width` cells, `over` laid over every cell of it."""
        key = (line, width, over)
        painted = self._kept.get(key)
        if painted is None:
            if len(self._kept) >= _KEPT_LINES:
                self._kept.clear()
            painted = self._kept[key] = self._paint(line, width, over)
        return painted

    def _paint(self, line: Line, width: int, over: tuple[Role, ...]) -> Painted:
        pieces: list[tuple[str, Style | None]] = []
        for cell in (*line, None):
            text = " " * width if cell is None else cell.text
            if self._ascii_only:
                text = to_ascii(text)
            style = self._style_of(cell, over)
            _append(pieces, text, style)
        cells = _cells(pieces, width)
        return Painted(cells, _strip(cells, width))

    def _style_of(self, cell: Cell | None, over: tuple[Role, ...]) -> Style | None:
        if cell is None:
            return self.style(Role.TEXT, over)
        if cell.chart:
            over = tuple(upper for upper in over if not self._styles[upper].reverse)
        return self.style(cell.role, over if cell.over is None else (cell.over, *over))


def dirty_spans(old: Painted, new: Painted) -> list[tuple[int, int]]:
    """Return the spans (start, end) of cells in which two lines of one width differ, close ones merged."""
    if old.cells == new.cells:
        return []
    spans: list[tuple[int, int]] = []
    for x, (before, after) in enumerate(zip(old.cells, new.cells, strict=True)):
        if before == after:
            continue
        if spans and x - spans[-1][1] <= _MERGE_WITHIN:
            spans[-1] = (spans[-1][0], x + 1)
        else:
            spans.append((x, x + 1))
    return spans


class SpanUpdate(ChopsUpdate):
    """An update that writes the dirty spans and nothing to the left of them."""

    def render_segments(self, console: Console) -> str:
        """Return the bytes for the terminal: per span a cursor move and the styled text."""
        out: list[str] = []
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                start, stop = max(x, x1), min(end, x2)
                if strip is None or start >= stop:
                    continue
                out.append(Control.move_to(start, y).segment.text)
                out.append(strip.crop(start - x, stop - x).render(console))
        return "".join(out)


def cropped(update: object) -> object:
    """Return a partial update as one that is cropped to its spans; anything else as it is."""
    if isinstance(update, ChopsUpdate) and not isinstance(update, SpanUpdate):
        return SpanUpdate(update.chops, update.spans, update.chop_ends)
    return update


def _append(pieces: list[tuple[str, Style | None]], text: str, style: Style | None) -> None:
    """Add a piece, in the style of its left neighbour where that cannot be seen: fewer style changes."""
    if pieces and (pieces[-1][1] == style or (text.isspace() and _blank_alike(pieces[-1][1], style))):
        pieces[-1] = (pieces[-1][0] + text, pieces[-1][1])
    elif text:
        pieces.append((text, style))


def _blank_alike(one: Style | None, other: Style | None) -> bool:
    """Tell whether a blank looks the same in both styles."""
    return not _marks_blanks(one) and not _marks_blanks(other)


def _marks_blanks(style: Style | None) -> bool:
    if style is None:
        return False
    return style.bgcolor is not None or bool(style.reverse or style.underline)


def _cells(pieces: Sequence[tuple[str, Style | None]], width: int) -> tuple[tuple[str, Style | None], ...]:
    """Return one entry per terminal cell: a wide character is followed by an empty one, marks join their base."""
    cells: list[tuple[str, Style | None]] = []
    for text, style in pieces:
        for char in text:
            wide = 1 if char.isascii() else get_character_cell_size(char)
            if wide == 0:
                if cells:
                    cells[-1] = (cells[-1][0] + char, cells[-1][1])
                continue
            if len(cells) + wide > width:
                cells += [(" ", style)] * (width - len(cells))
                return tuple(cells)
            cells.append((char, style))
            cells += [("", style)] * (wide - 1)
    return tuple(cells)


def _strip(cells: Sequence[tuple[str, Style | None]], width: int) -> Strip:
    segments: list[Segment] = []
    text: list[str] = []
    style: Style | None = None
    for char, of in cells:
        if of is not style and text:
            segments.append(Segment("".join(text), style))
            text = []
        style = of
        text.append(char)
    if text:
        segments.append(Segment("".join(text), style))
    return Strip(segments, width)
