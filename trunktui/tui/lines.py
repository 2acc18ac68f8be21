"""A widget that shows lines of cells and repaints only the cells that changed."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from trunktui.present.cells import Line
from trunktui.tui.paint import Painted, Palette, dirty_spans


class Lines(Widget):
    """Plain lines from the top; what does not fit is cut, what is missing is blank. No markup is ever read."""

    def __init__(self, palette: Palette, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._palette = palette
        self._lines: tuple[Line, ...] = ()
        self._painted: dict[int, Painted] = {}
        self._painted_width = 0

    def show(self, lines: Sequence[Line]) -> None:
        """Show `lines`; only cells that differ from what is on the screen are repainted."""
        self._lines = tuple(lines)
        width, height = self.size
        if width != self._painted_width:
            self._painted.clear()
            self.refresh()
            return
        regions: list[Region] = []
        for y in range(height):
            old = self._painted.get(y)
            new = self._palette.paint(self._line(y), width)
            self._painted[y] = new
            if old is None:
                regions.append(Region(0, y, width, 1))
            else:
                regions += [Region(start, y, end - start, 1) for start, end in dirty_spans(old, new)]
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """Return line `y` of the widget."""
        width = self.size.width
        if width != self._painted_width:
            self._painted.clear()
            self._painted_width = width
        if y not in self._painted:
            self._painted[y] = self._palette.paint(self._line(y), width)
        return self._painted[y].strip

    def _line(self, y: int) -> Line:
        return self._lines[y] if y < len(self._lines) else ()


class Page(Lines):
    """Lines that scroll: the window is moved by `scroll_lines`, and `position` says where it is."""

    def __init__(self, palette: Palette, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(palette, id=id)
        self._all: tuple[Line, ...] = ()
        self._top = 0

    def show(self, lines: Sequence[Line]) -> None:
        """Show `lines` from the line the window is at."""
        self._all = tuple(lines)
        self.scroll_lines(0)

    def scroll_lines(self, by: int) -> None:
        """Move the window by `by` lines, at most to either end."""
        most = max(len(self._all) - max(self.size.height, 1), 0)
        self._top = min(max(self._top + by, 0), most)
        super().show(self._all[self._top :])

    def keep_in_view(self, line: int) -> None:
        """Move the window no further than it takes for `line` to be in it."""
        height = max(self.size.height, 1)
        self.scroll_lines(min(max(self._top, line - height + 1), line) - self._top)

    @property
    def top(self) -> int:
        """How many lines there are above the window."""
        return self._top

    @property
    def line_count(self) -> int:
        """How many lines there are, in the window and out of it."""
        return len(self._all)

    @property
    def position(self) -> str:
        """Where the window is, such as `1-20 of 57`; empty while everything is in it."""
        height = self.size.height
        if len(self._all) <= height:
            return ""
        return f"{self._top + 1}-{min(self._top + height, len(self._all))} of {len(self._all)}"
