"""Carriers by SBCs on a page of its own: a cursor on one pair, whose fault in words, enter shows the legs behind it."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult

from trunktui.present.matrix import (
    Matrix,
    Window,
    columns_in_view,
    cursor_lines,
    matrix_of,
    row_lines,
    scrolled_to,
    title_lines,
    total_line,
    where,
)
from trunktui.present.query import Query, pair_query
from trunktui.tui.keys import EVERYWHERE, MATRIX, bindings
from trunktui.tui.lines import Lines, Page
from trunktui.tui.panes import NARROW
from trunktui.tui.stage import Stage, StageScreen

_TALL = 16


class MatrixScreen(StageScreen, inherit_bindings=False):
    """The matrix; `chosen` gets the filter of the pair that enter is pressed on. The cursor keeps its carrier and SBC."""

    BINDINGS = [*bindings(MATRIX), *bindings(EVERYWHERE)]  # noqa: RUF012 - Textual's way

    def __init__(self, stage: Stage, chosen: Callable[[Query], None]) -> None:
        super().__init__(stage, MATRIX)
        self._chosen = chosen
        self._head = Lines(stage.palette, id="path")
        self._titles = Lines(stage.palette, id="titles")
        self._page = Page(stage.palette, id="page")
        self._totals = Lines(stage.palette, id="totals")
        self._below = Lines(stage.palette, id="detail")
        self._window = Window()
        self._matrix = Matrix((), (), {}, frozenset())
        self._wanted: str | None = None
        self._moved = False

    def compose(self) -> ComposeResult:
        """Yield the panes from top to bottom."""
        yield self._head
        yield self._titles
        yield self._page
        yield self._totals
        yield self._below
        yield self._foot

    def on_resize(self) -> None:
        """Give the panes below the rows what the height allows."""
        tall = self.size.height >= _TALL
        self._totals.display = tall
        self._below.styles.height = 4 if tall else 2
        super().on_resize()

    def tick(self, *, table: bool) -> None:
        """Let a second pass: the clock goes on, and with `table` legs grow old."""
        if table:
            self.draw()
        else:
            self._draw_head()
        self._foot.tick(self._stage.clock())

    def draw(self) -> None:
        """Bring the matrix up to date; rows may have moved under the cursor, which stays on its carrier."""
        self._matrix = matrix_of(*self._stage.watch.in_view(self._stage.clock()))
        names = [row.name for row in self._matrix.rows]
        if self._moved and self._wanted in names:
            self._window = self._window._replace(row=names.index(self._wanted))
        self._show()

    def action_move(self, by: int) -> None:
        """Go `by` carriers on."""
        self._go(self._window._replace(row=self._window.row + by))

    def action_across(self, by: int) -> None:
        """Go `by` SBCs on."""
        self._go(self._window._replace(column=self._window.column + by))

    def action_page(self, pages: int) -> None:
        """Go a page of carriers on."""
        self.action_move(pages * max(self._page.size.height - 1, 1))

    def action_screenful(self, pages: int) -> None:
        """Go as many SBCs on as are in view."""
        fitting = columns_in_view(self._matrix, self.size.width)
        moved = self._window.left + pages * fitting
        self._go(self._window._replace(column=self._window.column + pages * fitting, left=max(moved, 0)))

    def action_edge(self, side: int) -> None:
        """Go to the first (-1) or the last (1) carrier."""
        self.action_move(side * len(self._matrix.rows))

    def action_open(self) -> None:
        """Show the legs behind the pair under the cursor."""
        matrix, window = self._matrix, self._window
        if not matrix.rows or not matrix.sbcs:
            return
        row, sbc = matrix.rows[window.row], matrix.sbcs[window.column]
        if sbc not in row.cells:
            self.say(f"{row.name} has no leg on {sbc}")
            return
        self.dismiss()
        self._chosen(pair_query(row.carrier, sbc))

    def action_freeze(self) -> None:
        """Freeze the display, or go on."""
        self._stage.watch.toggle_freeze(self._stage.clock())
        self.draw()

    def action_back(self) -> None:
        """Go back to the fleet."""
        self.dismiss()

    def _go(self, window: Window) -> None:
        self._window = scrolled_to(self._matrix, window, self.size.width)
        self._moved = True
        if self._matrix.rows:
            self._wanted = self._matrix.rows[self._window.row].name
        self._show()

    def _show(self) -> None:
        width = self.size.width
        self._window = window = scrolled_to(self._matrix, self._window, width)
        self._titles.show(title_lines(self._matrix, window, width))
        self._page.show(row_lines(self._matrix, window, width))
        self._page.keep_in_view(window.row)
        self._totals.show((total_line(self._matrix, window, width),))
        self._below.show(cursor_lines(self._matrix, window, width, self._below.size.height))
        self._draw_head()

    def _draw_head(self) -> None:
        width = self.size.width
        place = where(self._matrix, self._window, width)
        if width < NARROW:
            subject, place = f"matrix {place}".rstrip(), ""
        else:
            subject, place = "carriers × SBCs", "  ".join(filter(None, (place, self._page.position)))
        self._head.show((self._stage.path_line(subject, place, width),))
