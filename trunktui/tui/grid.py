"""The fleet's table as a line-API grid: paints the rows in view, and of those the cells that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from trunktui.model.snapshot import LegStatus
from trunktui.present.cells import Cell, Line, Role
from trunktui.present.columns import ColumnKey, columns_for
from trunktui.present.fleet import row_of
from trunktui.present.layout import row_line
from trunktui.tui.paint import Painted, Palette, dirty_spans

_CURSOR_MARK = "▸"


class GridContent(NamedTuple):
    """What the grid shows: legs in order, at `now`; `changed` are ids to mark; `empty` stands in for no legs.

    `busy`: for how many seconds a leg is being registered again by us; `creds`: the age of its credential, by id;
    `parts` are ids that a verdict explains. Until `settled` (every SBC gave a first answer, or failed to) a cursor nobody moved stays on the first row.
    """

    legs: tuple[LegStatus, ...] = ()
    now: float = 0.0
    changed: frozenset[str] = frozenset()
    empty: tuple[Line, ...] = ()
    settled: bool = True
    busy: Mapping[str, float] = MappingProxyType({})
    creds: Mapping[str, Cell] = MappingProxyType({})
    parts: frozenset[str] = frozenset()


class FleetGrid(ScrollView):
    """Rows of legs with a cursor that stays on its leg when rows move.

    Nobody having moved it yet, it goes back to the first row where its leg would leave the view.
    """

    can_focus = False
    DEFAULT_CSS = """
    FleetGrid { overflow: hidden hidden; scrollbar-size: 0 0; background: ansi_default; }
    """

    def __init__(self, palette: Palette, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._palette = palette
        self._content = GridContent()
        self._cursor = 0
        self._wanted: str | None = None
        self._moved = False
        self._painted: dict[int, Painted] = {}
        self._painted_width = 0

    @property
    def cursor_leg(self) -> str | None:
        """The id of the leg under the cursor, None where there is no row."""
        legs = self._content.legs
        return legs[self._cursor].id if legs else None

    @property
    def cursor_row(self) -> int:
        """The row the cursor is on, from 0."""
        return self._cursor

    def show(self, content: GridContent) -> None:
        """Show `content`. The cursor goes where its leg went; a leg that is hidden gets it back on return."""
        count_changed = len(content.legs) != len(self._content.legs)
        offset = self._cursor - self._top
        self._content = content
        self._cursor = self._row_of_wanted(content.legs)
        if count_changed:
            self.virtual_size = Size(self.size.width, len(content.legs))
        # at the top the view stays there, so that new trouble above the cursor is seen; elsewhere the
        # cursor's row keeps its place on the screen
        self._keep_in_view(self._top if self._top == 0 else self._cursor - offset)
        self._repaint()

    def move_cursor(self, by: int) -> None:
        """Move the cursor by `by` rows, at most to the first or last."""
        legs = self._content.legs
        if not legs:
            return
        self._cursor = min(max(self._cursor + by, 0), len(legs) - 1)
        self._wanted = legs[self._cursor].id
        self._moved = True
        self._keep_in_view(self._top)
        self._repaint()

    @property
    def page(self) -> int:
        """How many rows a page key moves: one less than fit, so that one stays in sight."""
        return max(self.size.height - 1, 1)

    def render_line(self, y: int) -> Strip:
        """Return line `y` of the visible part."""
        self._forget_other_width()
        if y not in self._painted:
            self._painted[y] = self._paint(y)
        return self._painted[y].strip

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Repaint what scrolling changed, instead of everything as ScrollView does."""
        if round(old_value) != round(new_value):
            self._repaint()

    def on_resize(self) -> None:
        """Keep the cursor in sight in the new size."""
        self.virtual_size = Size(self.size.width, len(self._content.legs))
        self._keep_in_view(self._top)

    @property
    def _top(self) -> int:
        return round(self.scroll_y)

    def _row_of_wanted(self, legs: Sequence[LegStatus]) -> int:
        if self._wanted is None and legs and self._content.settled:
            self._wanted = legs[0].id
        if self._wanted is None:
            return 0
        for row, leg in enumerate(legs):
            if leg.id == self._wanted:
                return row if self._moved or row < max(self.size.height, 1) else self._back_to_first(legs)
        return min(self._cursor, max(len(legs) - 1, 0))

    def _back_to_first(self, legs: Sequence[LegStatus]) -> int:
        """Take a cursor that nobody moved back to the first row: it must not pull the worst legs out of sight."""
        self._wanted = legs[0].id
        return 0

    def _keep_in_view(self, top: int) -> None:
        height = max(self.size.height, 1)
        top = min(max(top, self._cursor - height + 1), self._cursor)
        self.scroll_y = float(min(max(top, 0), max(len(self._content.legs) - height, 0)))

    def _repaint(self) -> None:
        if self._forget_other_width():
            self.refresh()
            return
        width, height = self.size
        regions: list[Region] = []
        for y in range(height):
            old = self._painted.get(y)
            new = self._painted[y] = self._paint(y)
            if old is None:
                regions.append(Region(0, y, width, 1))
            else:
                regions += [Region(start, y, end - start, 1) for start, end in dirty_spans(old, new)]
        if regions:
            self.refresh(*regions)

    def _forget_other_width(self) -> bool:
        if self.size.width == self._painted_width:
            return False
        self._painted.clear()
        self._painted_width = self.size.width
        return True

    def _paint(self, y: int) -> Painted:
        width = self.size.width
        legs = self._content.legs
        if not legs:
            empty = self._content.empty
            return self._palette.paint(empty[y - 1] if 0 < y <= len(empty) else (), width)
        row = self._top + y
        if row >= len(legs):
            return self._palette.paint((), width)
        on_cursor = row == self._cursor
        return self._palette.paint(
            self._row(legs[row], on_cursor=on_cursor), width, (Role.CURSOR,) if on_cursor else ()
        )

    def _row(self, leg: LegStatus, *, on_cursor: bool) -> Line:
        columns = columns_for(self.size.width)
        row = row_of(leg, self._content.now, part=leg.id in self._content.parts)
        if (cred := self._content.creds.get(leg.id)) is not None:
            row = row._replace(cells={**row.cells, ColumnKey.CRED: cred})
        if row.late:
            row = row._replace(cells={key: _dimmed(key, cell) for key, cell in row.cells.items()})
        if leg.id in self._content.changed:
            state = row.cells[ColumnKey.STATE]
            row = row._replace(cells={**row.cells, ColumnKey.STATE: state._replace(over=Role.CHANGED)})
        since = self._content.busy.get(leg.id)
        if since is not None:
            told = Cell(f"re-registering {since:.0f}s", Role.TITLE)
            row = row._replace(cells={**row.cells, ColumnKey.REGISTRATION: told})
        return row_line(row, columns, _CURSOR_MARK if on_cursor else "")


def _dimmed(key: ColumnKey, cell: Cell) -> Cell:
    """Return a late value dimmed; the state cell is left as it is, for the state is still believed."""
    return cell if key is ColumnKey.STATE else cell._replace(over=Role.LATE)
