"""A list of one-line rows with a cursor that stays on its row when rows come, go or move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trunktui.present.cells import Cell, Line, Role
from trunktui.present.words import cell_width
from trunktui.tui.lines import Lines
from trunktui.tui.paint import Palette

_CURSOR_MARK = "▸ "


class Pick(NamedTuple):
    """One row: what it stands for, and its line, which begins with a margin of two cells."""

    key: tuple[str, ...]
    line: Line


class Picks(Lines):
    """Rows to choose from; `empty` stands in for none."""

    def __init__(self, palette: Palette, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(palette, id=id)
        self._rows: tuple[Pick, ...] = ()
        self._empty: tuple[Line, ...] = ()
        self._cursor = 0
        self._top = 0
        self._wanted: tuple[str, ...] | None = None

    @property
    def cursor(self) -> int | None:
        """The row that the cursor is on, from 0; None where there is none."""
        return self._cursor if self._rows else None

    @property
    def position(self) -> str:
        """Where the cursor is, such as `3 of 12`; empty where there is no row."""
        return f"{self._cursor + 1} of {len(self._rows)}" if self._rows else ""

    @property
    def page(self) -> int:
        """How many rows a page key moves."""
        return max(self.size.height - 1, 1)

    def offer(self, rows: Sequence[Pick], empty: Sequence[Line]) -> None:
        """Show `rows`; a cursor that somebody moved goes where its row went, else it stays on the first."""
        offset = self._cursor - self._top
        self._rows, self._empty = tuple(rows), tuple(empty)
        found = next((at for at, row in enumerate(rows) if row.key == self._wanted), None)
        if found is not None:
            self._top = found - offset if self._top else 0
        self._cursor = min(self._cursor, max(len(rows) - 1, 0)) if found is None else found
        if self._wanted is None:
            self._cursor = 0
        self._draw()

    def move(self, by: int) -> None:
        """Move the cursor by `by` rows, at most to the first or last."""
        if self._rows:
            self._cursor = min(max(self._cursor + by, 0), len(self._rows) - 1)
            self._wanted = self._rows[self._cursor].key
            self._draw()

    def _draw(self) -> None:
        height = max(self.size.height, 1)
        top = min(max(self._top, self._cursor - height + 1), self._cursor)
        self._top = min(max(top, 0), max(len(self._rows) - height, 0))
        shown = enumerate(self._rows[self._top : self._top + height], self._top)
        lines = [self._marked(row.line) if at == self._cursor else row.line for at, row in shown]
        self.show(lines if self._rows else ((), *self._empty))

    def _marked(self, line: Line) -> Line:
        cells = (line[0]._replace(text=_CURSOR_MARK), *line[1:])
        blanks = self.size.width - sum(cell_width(cell.text) for cell in cells)
        return tuple(cell._replace(over=Role.CURSOR) for cell in (*cells, Cell(" " * max(blanks, 0))))
