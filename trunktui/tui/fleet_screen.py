"""The fleet: head, table, the leg under the cursor explained, and the footer."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.present import acting
from trunktui.present.cells import Cell, Line, Role
from trunktui.present.cells import plain as plain_text
from trunktui.present.columns import columns_for
from trunktui.present.credentials import cred_cells
from trunktui.present.detail import detail_lines, sentence_lines
from trunktui.present.empty import empty_lines
from trunktui.present.fleet import Sort, fleet_order
from trunktui.present.groups import group_facts
from trunktui.present.head import EngineNews, HeadFacts, head_line, news_line, not_asked_yet, sentence
from trunktui.present.layout import cut_line, title_line
from trunktui.present.parents import in_force, parents, verdict_facts
from trunktui.present.query import Query, parse_query
from trunktui.present.routes import route_facts
from trunktui.present.sweeping import offer_lines
from trunktui.present.tip import tip_lines
from trunktui.present.words import cell_width
from trunktui.tui.acting_screen import ActingScreen
from trunktui.tui.carriers_screen import CarriersScreen
from trunktui.tui.detail_screen import DetailScreen
from trunktui.tui.findings_screen import today
from trunktui.tui.foot import Foot
from trunktui.tui.grid import FleetGrid, GridContent
from trunktui.tui.keys import EVERYWHERE, FLEET, bindings
from trunktui.tui.lines import Lines
from trunktui.tui.matrix_screen import MatrixScreen
from trunktui.tui.panes import NARROW, panes_for
from trunktui.tui.stage import Filters, Stage

_MOST_TIPS = 3
"""Lines below the table that offer something: the table must keep its room."""


class FleetScreen(Filters, ActingScreen, inherit_bindings=False):
    """The screen an operator looks at all night."""

    BINDINGS = [*bindings(FLEET), *bindings(EVERYWHERE)]  # noqa: RUF012 - Textual's way

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, FLEET)
        self._query = Query()
        self._sort = Sort.TROUBLE
        self._head = Lines(stage.palette, id="head")
        self._titles = Lines(stage.palette, id="titles")
        self._grid = FleetGrid(stage.palette, id="grid")
        self._rule = Lines(stage.palette, id="rule")
        self._detail = Lines(stage.palette, id="detail")
        self._tip = Lines(stage.palette, id="tip")
        self._legs: tuple[LegStatus, ...] = ()

    def compose(self) -> ComposeResult:
        """Yield the panes from top to bottom."""
        yield self._head
        yield self._titles
        yield self._grid
        yield self._rule
        yield self._detail
        yield self._tip
        yield self._foot

    def on_resize(self) -> None:
        """Give each pane its height, and draw for the new size."""
        panes = panes_for(self.size.width, self.size.height)
        for pane, height in (
            (self._head, panes.head),
            (self._titles, panes.titles),
            (self._rule, panes.rule),
            (self._detail, panes.detail),
            (self._tip, self._tip_height()),
            (self._foot, panes.foot),
        ):
            pane.styles.height = height
            pane.display = height > 0
        super().on_resize()

    def tick(self, *, table: bool) -> None:
        """Let a second pass: the clock goes on, and with `table` ages and countdowns too."""
        now = self._stage.clock()
        self.bind_as_allowed()
        if table or self._stage.watch.doings.running:
            self.draw()
        else:
            self._draw_head(*self._stage.watch.in_view(now))
        self._foot.tick(now)

    def draw(self) -> None:
        """Bring every pane up to date; only cells that changed reach the terminal."""
        now = self._stage.clock()
        self.bind_as_allowed()
        snapshot, at = self._stage.watch.in_view(now)
        self._legs = fleet_order(snapshot, at, query=self._query, sort=self._sort)
        empty = () if self._legs else empty_lines(snapshot, at, self._query, self.size.width)
        settled = not any(not_asked_yet(sbc) for sbc in snapshot.sbcs)
        changed, busy = self._stage.watch.changed(now), self._busy(now)
        creds = cred_cells(snapshot, today(self._stage, at))
        parts = frozenset(parents(in_force(snapshot, at)))
        self._grid.show(GridContent(self._legs, at, changed, empty, settled, busy, creds, parts))
        self._titles.show((title_line(columns_for(self.size.width)),) if self._legs else ())
        self._draw_head(snapshot, at)
        self._draw_cursor_leg(snapshot, at)
        self._draw_tip()

    def filter_text(self) -> str:
        """Return the filter as it stands."""
        return self._query.text

    def action_faults(self) -> None:
        """Show faults only, or all again."""
        self._query = self._query._replace(faults=not self._query.faults)
        self.draw()

    def action_freeze(self) -> None:
        """Freeze the display, or go on."""
        self._stage.watch.toggle_freeze(self._stage.clock())
        self.draw()

    def action_sort(self) -> None:
        """Take the next order."""
        self._sort = self._sort.next
        self.draw()
        self._foot.say(f"sorted by {self._sort.value}", self._stage.clock())

    def action_move(self, by: int) -> None:
        """Move the cursor by `by` rows."""
        self._grid.move_cursor(by)
        self._draw_cursor_leg(*self._stage.watch.in_view(self._stage.clock()))

    def action_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        self.action_move(pages * self._grid.page)

    def action_edge(self, side: int) -> None:
        """Move the cursor to the first (-1) or the last (1) leg."""
        self.action_move(side * len(self._legs))

    def action_open(self) -> None:
        """Open the leg under the cursor."""
        if self._grid.cursor_leg is not None:
            self._grid.move_cursor(0)  # a leg that was opened is a choice: the cursor keeps it
            self.app.push_screen(DetailScreen(self._stage, self._grid.cursor_leg))

    def action_matrix(self) -> None:
        """Show carriers by SBCs."""
        self.app.push_screen(MatrixScreen(self._stage, self._take_filter))

    def action_carriers(self) -> None:
        """Show carriers, and what would move where if one died."""
        self.app.push_screen(CarriersScreen(self._stage, self._take_filter))

    def action_back(self) -> None:
        """Dismiss how actions ended; else clear the filter, else faults-only. There is nowhere further to go."""
        if self._stage.doer.dismiss():
            self.draw()
            return
        self._query = Query(faults=self._query.faults and bool(self._query.text))
        self.draw()

    def action_copy(self) -> None:
        """Copy the sentence of the leg under the cursor."""
        now = self._stage.clock()
        leg = self._cursor_leg()
        if leg is not None:
            at = self._stage.watch.in_view(now)[1]
            self._foot.say(self._stage.copy(plain_text(sentence(leg, at))), now)

    def on_foot_typed(self, event: Foot.Typed) -> None:
        """Filter while the words are typed."""
        self._query = parse_query(event.text, faults=self._query.faults)
        self.draw()

    def on_foot_done(self, event: Foot.Done) -> None:
        """Keep the filter, or clear it after escape."""
        if not event.kept:
            self._query = Query(faults=self._query.faults)
        self.draw()

    def _take_filter(self, query: Query) -> None:
        self._query = query
        self.draw()

    def leg_in_hand(self) -> str | None:
        """Return the leg under the cursor."""
        return self._grid.cursor_leg

    def _cursor_leg(self) -> LegStatus | None:
        leg = next((leg for leg in self._legs if leg.id == self._grid.cursor_leg), None)
        return leg and acting.marked(leg, self._stage.watch.doings, self._stage.clock())

    def _busy(self, now: float) -> dict[str, float]:
        """Return for how many seconds each leg is being registered again by us."""
        doings = self._stage.watch.doings
        since = {one.leg: acting.registering_for(doings, one.leg, now) for one in doings.running}
        return {leg: seconds for leg, seconds in since.items() if seconds is not None}

    def _acts(self) -> Line:
        """Return what the news line says of actions."""
        return acting.news(self._stage.watch.doings, self._stage.doer.ended, self._stage.clock())

    def _draw_head(self, snapshot: Snapshot, at: float) -> None:
        watch, now = self._stage.watch, self._stage.clock()
        words = [*(["faults only"] if self._query.faults else []), self._query.text]
        facts = HeadFacts(
            title=self._stage.title,
            read_only=True,
            write_left=self._stage.write_left(),
            clock=self._stage.wall(),
            frozen_for=watch.frozen_for(now),
            changed_since=watch.changed_since_freeze(now),
            filter_text=" ".join(word for word in words if word),
            hidden=None if self._query.empty else len(snapshot.legs) - len(self._legs),
        )
        status = watch.engine
        engine = EngineNews(status.alive, status.restarts, status.notice, status.config, status.history)
        width = self.size.width
        self._head.show(
            (
                head_line(snapshot, at, facts, width),
                cut_line(news_line(snapshot, at, engine, self._acts()), width),
            )
        )

    def _tip_height(self) -> int:
        """Return the lines that tips take: none where there is none, or in a low terminal."""
        return min(len(self._tips()), _MOST_TIPS if self.size.height >= 16 else 0)

    def _tips(self) -> tuple[Line, ...]:
        """Return what can be done about switches now, and the demo's tip."""
        watch, now, width = self._stage.watch, self._stage.clock(), self.size.width
        write = self._stage.write_left() is not None
        offers = offer_lines(watch.doings, watch.snapshot, now, width, write=write)
        return (*offers, *tip_lines(watch.tip, width))

    def _draw_tip(self) -> None:
        height = self._tip_height()
        if self._tip.size.height != height:
            self._tip.styles.height = height
            self._tip.display = height > 0
        self._tip.show(self._tips())

    def _draw_cursor_leg(self, snapshot: Snapshot, at: float) -> None:
        width, height = self.size.width, self._detail.size.height
        leg = self._cursor_leg()
        self._rule.show((self._rule_line(leg, width),))
        acts = self._acts() if self._head.size.height < 2 else ()
        if acts:  # there is no news line that would tell it
            self._detail.show((cut_line((Cell(" "), *acts[:1]), width),))
        elif leg is None:
            self._detail.show(())
        elif height <= 1:
            self._detail.show((cut_line((Cell(" "), *sentence(leg, at)), width),))
        elif width < NARROW:
            self._detail.show(sentence_lines(leg, at, width, height))
        else:
            charts = self._stage.past.lines(leg, at, width, full=False)
            groups, switched = group_facts(snapshot, leg, at), self._stage.watch.doings.switched
            routes = route_facts(snapshot, leg, at, whole=False, switched=switched)
            parts = (*verdict_facts(snapshot, leg, at), *routes)
            lines = detail_lines(leg, at, charts, width, groups=groups, parts=parts)
            self._detail.show(_fitted(lines, height))

    def _rule_line(self, leg: LegStatus | None, width: int) -> Line:
        if leg is None:
            return (Cell("─" * width, Role.RULE),)
        subject = f" {leg.id} "
        count = f" {self._grid.cursor_row + 1} of {len(self._legs)}, by {self._sort.value} "
        dashes = max(width - cell_width(subject) - cell_width(count) - 4, 0)
        return (
            Cell("──", Role.RULE),
            Cell(subject, Role.TITLE),
            Cell("─" * dashes, Role.RULE),
            Cell(count, Role.DIM),
            Cell("──", Role.RULE),
        )


def _fitted(lines: Sequence[Line], height: int) -> tuple[Line, ...]:
    """Return the lines that fit, the last of them saying how many more `enter` shows."""
    if len(lines) <= height:
        return tuple(lines)
    more = len(lines) - height + 1
    return (*lines[: height - 1], (Cell(f" {more} more lines: enter", Role.DIM),))
