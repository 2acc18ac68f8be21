"""Carriers one by one: what each is now, and what its death would do; enter shows the legs of one."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult

from trunktui.present.carriers import CarrierRow, carrier_list, plan_height, plan_lines, row_line, titles
from trunktui.present.cells import Cell, Line, Role
from trunktui.present.query import Query, carrier_query
from trunktui.tui.keys import CARRIERS, EVERYWHERE, bindings
from trunktui.tui.lines import Lines
from trunktui.tui.picks import Pick, Picks
from trunktui.tui.stage import Stage, StageScreen

_EMPTY: tuple[Line, ...] = (
    (Cell("   No leg names a carrier.", Role.TITLE),),
    (Cell("   A [[trunk]] of the config names its carrier, and a [[group]] its trunks in order.", Role.DIM),),
)


class CarriersScreen(StageScreen, inherit_bindings=False):
    """The list of carriers, below it what the death of the one under the cursor would do; `chosen` gets its filter."""

    BINDINGS = [*bindings(CARRIERS), *bindings(EVERYWHERE)]  # noqa: RUF012 - Textual's way

    def __init__(self, stage: Stage, chosen: Callable[[Query], None]) -> None:
        super().__init__(stage, CARRIERS)
        self._chosen = chosen
        self._rows: tuple[CarrierRow, ...] = ()
        self._head = Lines(stage.palette, id="path")
        self._titles = Lines(stage.palette, id="titles")
        self._picks = Picks(stage.palette, id="page")
        self._rule = Lines(stage.palette, id="rule")
        self._plan = Lines(stage.palette, id="detail")

    def compose(self) -> ComposeResult:
        """Yield the panes from top to bottom."""
        yield self._head
        yield self._titles
        yield self._picks
        yield self._rule
        yield self._plan
        yield self._foot

    def tick(self, *, table: bool) -> None:
        """Let a second pass: the clock goes on, and with `table` legs grow old."""
        if table:
            self.draw()
        else:
            self._draw_head()
        self._foot.tick(self._stage.clock())

    def draw(self) -> None:
        """Bring every pane up to date; the cursor stays on its carrier."""
        self._rows = carrier_list(*self._stage.watch.in_view(self._stage.clock()))
        width = self.size.width
        self._picks.offer([Pick((row.name,), row_line(self._rows, row, width)) for row in self._rows], _EMPTY)
        self._titles.show((titles(self._rows, width),) if self._rows else ())
        self._draw_plan()

    def action_move(self, by: int) -> None:
        """Move the cursor by `by` rows."""
        self._picks.move(by)
        self._draw_plan()

    def action_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        self.action_move(pages * self._picks.page)

    def action_edge(self, side: int) -> None:
        """Move the cursor to the first (-1) or the last (1) carrier."""
        self.action_move(side * len(self._rows))

    def action_open(self) -> None:
        """Show the legs of the carrier under the cursor."""
        if (row := self._row) is not None:
            self.dismiss()
            self._chosen(carrier_query(row.name))

    def action_freeze(self) -> None:
        """Freeze the display, or go on."""
        self._stage.watch.toggle_freeze(self._stage.clock())
        self.draw()

    def action_back(self) -> None:
        """Go back to the fleet."""
        self.dismiss()

    @property
    def _row(self) -> CarrierRow | None:
        at = self._picks.cursor
        return None if at is None or not self._rows else self._rows[at]

    def _draw_plan(self) -> None:
        width, row = self.size.width, self._row
        self._lay_out(0 if row is None else plan_height(row, width))
        self._rule.show(((Cell("─" * width, Role.RULE),),))
        self._plan.show(() if row is None else plan_lines(row, width, self._plan_lines))
        self._draw_head()

    def _lay_out(self, wanted: int) -> None:
        """Give the panes their heights: at least three rows to the list, then all of the plan as room allows."""
        height = self.size.height
        heads = 1 + int(height >= 12) + int(height >= 12) + int(height >= 6)
        rows = min(max(len(self._rows), 1), max((height - heads) // 2, 3))
        self._plan_lines = max(min(wanted, height - heads - rows), 0)
        for pane, lines in (
            (self._titles, int(height >= 12)),
            (self._rule, int(height >= 12)),
            (self._plan, self._plan_lines),
            (self._foot, int(height >= 6)),
        ):
            if pane.styles.height is None or pane.size.height != lines:
                pane.styles.height = lines
                pane.display = lines > 0

    def _draw_head(self) -> None:
        self._head.show((self._stage.path_line("carriers", self._picks.position, self.size.width),))
