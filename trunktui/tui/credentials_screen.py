"""How old each credential is, who says so, and by which day it should be changed: a page that scrolls."""

from __future__ import annotations

from textual.app import ComposeResult

from trunktui.present.credentials import held, page_lines, page_titles, sbcs_by_trunk
from trunktui.tui.findings_screen import today
from trunktui.tui.keys import EVERYWHERE, PAGE, bindings
from trunktui.tui.lines import Lines
from trunktui.tui.stage import PathPage, Scrolls, Stage, StageScreen


class CredentialsScreen(PathPage, Scrolls, StageScreen, inherit_bindings=False):
    """The page of credentials."""

    BINDINGS = [*bindings(PAGE), *bindings(EVERYWHERE)]  # noqa: RUF012 - Textual's way

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, PAGE)
        self._titles = Lines(stage.palette, id="titles")
        self.lay(stage, "credentials")

    def compose(self) -> ComposeResult:
        """Yield the path, the titles, the page and the footer."""
        yield self._head
        yield self._titles
        yield self._page
        yield self._foot

    def tick(self, *, table: bool) -> None:  # noqa: ARG002 - days pass, seconds do not matter here
        """Let a second pass: the clock goes on."""
        self.draw_head(self.size.width)
        self._foot.tick(self._stage.clock())

    def draw(self) -> None:
        """Bring the page up to date."""
        snapshot, at = self._stage.watch.in_view(self._stage.clock())
        width, ages = self.size.width, snapshot.credentials
        day, sbcs = today(self._stage, at), sbcs_by_trunk(snapshot.legs)
        rows = None if ages is None else held(ages, sbcs, snapshot.findings or (), day)
        self._titles.show((page_titles(width),) if rows else ())
        self._page.show(page_lines(rows, day, width))
        self.draw_head(width)

    def scrolled(self) -> None:
        """Tell the position."""
        self.draw_head(self.size.width)

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()
