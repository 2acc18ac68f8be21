"""All keys on one page, made from the table of bindings."""

from __future__ import annotations

from textual.app import ComposeResult

from trunktui.tui.foot import Foot
from trunktui.tui.keys import EVERYWHERE, PAGE, bindings, help_lines
from trunktui.tui.lines import Page
from trunktui.tui.stage import Stage, StageScreen


class HelpScreen(StageScreen, inherit_bindings=False):
    """The help; it fits 80x24 and scrolls below that."""

    BINDINGS = [*bindings(PAGE), *bindings(EVERYWHERE)]  # noqa: RUF012 - Textual's way

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._page = Page(stage.palette, id="page")
        self._foot = Foot(stage.palette, PAGE, id="foot")

    def compose(self) -> ComposeResult:
        """Yield the page and the footer."""
        yield self._page
        yield self._foot

    def draw(self) -> None:
        """Show the keys."""
        self._page.show(help_lines())

    def tick(self, *, table: bool) -> None:  # noqa: ARG002 - nothing on the page grows old
        """Let a message in the footer go."""
        self._foot.tick(self._stage.clock())

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()

    def action_scroll(self, by: int) -> None:
        """Scroll by `by` lines."""
        self._page.scroll_lines(by)

    def action_page(self, pages: int) -> None:
        """Scroll by pages."""
        self.action_scroll(pages * max(self._page.size.height - 1, 1))

    def action_edge(self, side: int) -> None:
        """Scroll to the top (-1) or the end (1)."""
        self.action_scroll(side * self._page.line_count)
