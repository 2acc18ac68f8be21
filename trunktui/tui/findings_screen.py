"""The view C: what will cause the next outage, worst first; of all, or of one leg; filtered while one types."""

from __future__ import annotations

from datetime import UTC, date, datetime

from textual.app import ComposeResult

from trunktui.model.finding import Finding
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.present.cells import Cell, Line, Role
from trunktui.present.findings import (
    Listed,
    brief_lines,
    empty_lines,
    finding_lines,
    key_of,
    listed,
    row,
    titles,
    together,
)
from trunktui.present.layout import cut_line
from trunktui.present.words import wrap
from trunktui.tui.foot import Foot
from trunktui.tui.keys import EVERYWHERE, FINDINGS_KEYS, PAGE, bindings
from trunktui.tui.lines import Lines
from trunktui.tui.picks import Pick, Picks
from trunktui.tui.stage import Filters, PathPage, Scrolls, Stage, StageScreen


def today(stage: Stage, at: float) -> date:
    """Return the day, in UTC, of a monotonic second."""
    return datetime.fromtimestamp(stage.past.utc_at(at), UTC).date()


class FindingsScreen(Filters, StageScreen, inherit_bindings=False):
    """The list of findings; `leg_id` None: about everything."""

    BINDINGS = [*bindings(FINDINGS_KEYS), *bindings(EVERYWHERE)]  # noqa: RUF012 - Textual's way

    def __init__(self, stage: Stage, leg_id: str | None = None) -> None:
        super().__init__(stage, FINDINGS_KEYS)
        self._leg_id = leg_id
        self._words = ""
        self._shown = Listed()
        self._head = Lines(stage.palette, id="path")
        self._notice = Lines(stage.palette, id="notice")
        self._titles = Lines(stage.palette, id="titles")
        self._picks = Picks(stage.palette, id="page")
        self._rule = Lines(stage.palette, id="rule")
        self._brief = Lines(stage.palette, id="detail")

    def compose(self) -> ComposeResult:
        """Yield the panes from top to bottom."""
        yield self._head
        yield self._notice
        yield self._titles
        yield self._picks
        yield self._rule
        yield self._brief
        yield self._foot

    def on_resize(self) -> None:
        """Give each pane its height, and draw for the new size."""
        self._lay_out()
        super().on_resize()

    def tick(self, *, table: bool) -> None:  # noqa: ARG002 - days pass, seconds do not matter here
        """Let a second pass: the clock goes on."""
        self._draw_head()
        self._foot.tick(self._stage.clock())

    def draw(self) -> None:
        """Bring every pane up to date."""
        snapshot, at = self._stage.watch.in_view(self._stage.clock())
        width, day = self.size.width, today(self._stage, at)
        leg = self._leg(snapshot)
        self._shown = listed(snapshot.findings, leg, self._words)
        found = self._shown.found or ()
        rows = [Pick(key_of(one), row(one, day, width)) for one in found]
        self._picks.offer(rows, () if found else empty_lines(self._shown, width))
        self._titles.show((titles(width),) if found else ())
        self._notice.show((_notice(snapshot, width),))
        self._lay_out()
        self._draw_head()
        self._draw_brief(day)

    def filter_text(self) -> str:
        """Return the filter as it stands."""
        return self._words

    def leg_meant(self) -> str | None:
        """Return the leg that the list is about."""
        return self._leg_id

    def action_move(self, by: int) -> None:
        """Move the cursor by `by` rows."""
        self._picks.move(by)
        self._draw_head()
        self._draw_brief(today(self._stage, self._stage.watch.in_view(self._stage.clock())[1]))

    def action_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        self.action_move(pages * self._picks.page)

    def action_edge(self, side: int) -> None:
        """Move the cursor to the first (-1) or the last (1) row."""
        self.action_move(side * len(self._shown.found or ()))

    def action_open(self) -> None:
        """Open the finding under the cursor."""
        if (chosen := self._chosen()) is not None:
            self._picks.move(0)  # one that was opened is a choice: the cursor keeps it
            self.app.push_screen(FindingScreen(self._stage, chosen))

    def action_back(self) -> None:
        """Clear the filter, else show those of all legs, else go back."""
        if self._words:
            self._filter("")
        elif self._leg_id is not None and self._shown.elsewhere:
            self._leg_id = None
            self.draw()
        else:
            self.dismiss()

    def on_foot_typed(self, event: Foot.Typed) -> None:
        """Filter while the words are typed."""
        self._filter(event.text)

    def on_foot_done(self, event: Foot.Done) -> None:
        """Keep the filter, or clear it after escape."""
        self._filter(self._words if event.kept else "")

    def _filter(self, words: str) -> None:
        self._words = words
        self.draw()

    def _leg(self, snapshot: Snapshot) -> LegStatus | None:
        return next((leg for leg in snapshot.legs if leg.id == self._leg_id), None)

    def _chosen(self) -> Finding | None:
        at, found = self._picks.cursor, self._shown.found
        return None if at is None or not found else found[at]

    def _lay_out(self) -> None:
        """Give the panes their heights: the list first, the finding under the cursor as room allows."""
        height = self.size.height
        snapshot, _ = self._stage.watch.in_view(self._stage.clock())
        brief = 8 if height >= 36 else 5 if height >= 20 else 2 if height >= 8 else 0
        brief = brief if self._shown.found else 0
        for pane, lines in (
            (self._notice, int(bool(snapshot.records.notice) and height >= 8)),
            (self._titles, int(height >= 12)),
            (self._rule, int(brief > 2)),
            (self._brief, brief),
            (self._foot, int(height >= 6)),
        ):
            if pane.styles.height is None or pane.size.height != lines:
                pane.styles.height = lines
                pane.display = lines > 0

    def _draw_head(self) -> None:
        about = "" if self._leg_id is None else f"{self._leg_id} > "
        subject = f"{about}findings{f' /{self._words}' if self._words else ''}"
        self._head.show((self._stage.path_line(subject, self._picks.position, self.size.width),))

    def _draw_brief(self, day: date) -> None:
        width, chosen = self.size.width, self._chosen()
        self._rule.show(((Cell("─" * width, Role.RULE),),))
        height = self._brief.size.height
        self._brief.show(() if chosen is None else brief_lines(chosen, day, width, height))


class FindingScreen(PathPage, Scrolls, StageScreen, inherit_bindings=False):
    """The page of one finding; it stays on that one whatever the list does."""

    BINDINGS = [*bindings(PAGE), *bindings(EVERYWHERE)]  # noqa: RUF012 - Textual's way

    def __init__(self, stage: Stage, finding: Finding) -> None:
        super().__init__(stage, PAGE)
        self._finding = finding
        self.lay(stage, f"findings > {finding.subject}")

    def tick(self, *, table: bool) -> None:  # noqa: ARG002 - days pass, seconds do not matter here
        """Let a second pass: the clock goes on."""
        self.draw_head(self.size.width)
        self._foot.tick(self._stage.clock())

    def draw(self) -> None:
        """Bring the page up to date; a finding that is gone is told as what it was."""
        snapshot, at = self._stage.watch.in_view(self._stage.clock())
        width, was = self.size.width, self._finding
        found = together(snapshot.findings or ())
        now = next((one for one in (*found, *(snapshot.findings or ())) if key_of(one) == key_of(was)), None)
        gone: tuple[Line, ...] = ()
        if now is None:
            said = "This is not found any more; below is what it was. esc goes back."
            gone = (*((Cell(f" {piece}", Role.WARN),) for piece in wrap(said, width - 2)), ())
        self._finding = was if now is None else now
        self._page.show((*gone, *finding_lines(self._finding, today(self._stage, at), width)))
        self.draw_head(width)

    def scrolled(self) -> None:
        """Tell the position."""
        self.draw_head(self.size.width)

    def action_back(self) -> None:
        """Go back to the list."""
        self.dismiss()


def _notice(snapshot: Snapshot, width: int) -> Line:
    return cut_line((Cell(f" {snapshot.records.notice}", Role.WARN),), width)
