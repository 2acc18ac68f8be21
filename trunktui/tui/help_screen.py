"""All keys and commands on one page, made from their tables."""

from __future__ import annotations

from textual.app import ComposeResult

from trunktui.tui.keys import EVERYWHERE, PAGE, bindings, help_lines
from trunktui.tui.lines import Page
from trunktui.tui.stage import Scrolls, Stage, StageScreen


class HelpScreen(Scrolls, StageScreen, inherit_bindings=False):
    """The help; it fits 80x24 and scrolls below that."""

    BINDINGS = [*bindings(PAGE), *bindings(EVERYWHERE)]  # noqa: RUF012 - Textual's way

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, PAGE)
        self._page = Page(stage.palette, id="page")

    def compose(self) -> ComposeResult:
        """Yield the page and the footer."""
        yield self._page
        yield self._foot

    def tick(self, *, table: bool) -> None:  # noqa: ARG002 - nothing here grows old
        """Let a second pass: a message goes when its time is over."""
        self._foot.tick(self._stage.clock())

    def draw(self) -> None:
        """Show the keys."""
        self._page.show(help_lines())

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()
