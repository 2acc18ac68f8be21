"""One leg in full: everything `present` knows of it and of its SBC, on a page that scrolls and stays live."""

from __future__ import annotations

from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.present.acting import marked
from trunktui.present.cells import Cell, Line, Role
from trunktui.present.cells import plain as plain_text
from trunktui.present.detail import page_lines
from trunktui.present.findings import leg_lines
from trunktui.present.groups import group_facts
from trunktui.present.head import sentence
from trunktui.present.parents import verdict_facts
from trunktui.present.routes import route_facts
from trunktui.tui.acting_screen import ActingScreen
from trunktui.tui.findings_screen import today
from trunktui.tui.keys import DETAIL, EVERYWHERE, bindings
from trunktui.tui.stage import PathPage, Scrolls, Stage


class DetailScreen(PathPage, Scrolls, ActingScreen, inherit_bindings=False):
    """The page of the leg `leg_id`; it stays on that leg whatever the table does."""

    BINDINGS = [*bindings(DETAIL), *bindings(EVERYWHERE)]  # noqa: RUF012 - Textual's way

    def __init__(self, stage: Stage, leg_id: str) -> None:
        super().__init__(stage, DETAIL)
        self._leg_id = leg_id
        self.lay(stage, leg_id)

    def tick(self, *, table: bool) -> None:
        """Let a second pass: the head's clock goes on, and with `table` the page's ages too."""
        self.bind_as_allowed()
        if table:
            self.draw()
        else:
            self._draw_head()
        self._foot.tick(self._stage.clock())

    def draw(self) -> None:
        """Bring the page up to date."""
        self.bind_as_allowed()
        snapshot, at = self._stage.watch.in_view(self._stage.clock())
        leg = self._leg(snapshot)
        if leg is None:
            gone: Line = (Cell(" This leg is not reported any more. esc goes back.", Role.WARN),)
            self._page.show((gone,))
        else:
            sbc = next((sbc for sbc in snapshot.sbcs if sbc.name == leg.sbc), None)
            charts = self._stage.past.lines(leg, at, self.size.width, full=True)
            wall = self._stage.past.moment_of(at)
            groups = group_facts(snapshot, leg, at)
            switched = self._stage.watch.doings.switched
            parts = (*verdict_facts(snapshot, leg, at), *route_facts(snapshot, leg, at, switched=switched))
            found = leg_lines(snapshot.findings, leg, today(self._stage, at), self.size.width)
            self._page.show(page_lines(leg, sbc, at, charts, self.size.width, wall, groups, found, parts))
        self._draw_head()

    def leg_in_hand(self) -> str | None:
        """Return the leg of this page."""
        return self._leg_id

    def scope(self) -> LegStatus | None:
        """Return the leg of this page: its events are asked for here."""
        return self._leg(self._stage.watch.in_view(self._stage.clock())[0])

    def action_back(self) -> None:
        """Go back to the fleet."""
        self.dismiss()

    def scrolled(self) -> None:
        """Tell the position."""
        self._draw_head()

    def action_span(self, by: int) -> None:
        """Let the charts show a longer (1) or a shorter (-1) time."""
        span = self._stage.past.change_span(by, self._leg_id)
        self.draw()
        self.say(f"charts of the last {span.words}")

    def action_copy(self) -> None:
        """Copy the leg's sentence."""
        now = self._stage.clock()
        snapshot, at = self._stage.watch.in_view(now)
        leg = self._leg(snapshot)
        if leg is not None:
            self._foot.say(self._stage.copy(plain_text(sentence(leg, at))), now)

    def _leg(self, snapshot: Snapshot) -> LegStatus | None:
        leg = next((leg for leg in snapshot.legs if leg.id == self._leg_id), None)
        return leg and marked(leg, self._stage.watch.doings, self._stage.clock())

    def _draw_head(self) -> None:
        self.draw_head(self.size.width)
