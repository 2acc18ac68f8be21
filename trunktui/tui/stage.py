"""What every screen of the dashboard is given: the watch, the palette, the clocks, the clipboard, the doer."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from trunktui.present import acting
from trunktui.present.cells import Cell, Line, Role
from trunktui.present.freshness import duration
from trunktui.present.layout import cut_line
from trunktui.present.words import cell_width
from trunktui.tui.doer import Doer
from trunktui.tui.foot import Foot
from trunktui.tui.keys import Key
from trunktui.tui.lines import Lines, Page
from trunktui.tui.paint import Palette
from trunktui.tui.past import Past
from trunktui.tui.ports import History
from trunktui.tui.watch import FleetWatch


class Stage(NamedTuple):
    """`clock` gives monotonic seconds, `wall` the time of day as text; `copy` returns what to tell of it.

    `command` runs what was typed after `:`; `doer` has actions carried out; `past` draws what was before,
    `history` is where it reads.
    """

    watch: FleetWatch
    palette: Palette
    clock: Callable[[], float]
    wall: Callable[[], str]
    copy: Callable[[str], str]
    command: Callable[[str], None]
    title: str
    doer: Doer
    past: Past
    history: History | None = None

    def write_left(self) -> float | None:
        """Return for how many seconds write mode lasts; None: read-only."""
        return acting.write_left(self.watch.doings, self.clock())

    def path_line(self, subject: str, position: str, width: int) -> Line:
        """Return the head of a screen on top of the fleet: marks that must be seen, the way here, the clock."""
        frozen, left = self.watch.frozen_for(self.clock()), self.write_left()
        marks: list[Cell] = []
        if left is not None:
            marks.append(acting.write_mark(left))
        if frozen is not None:
            marks += [Cell(" "), Cell(f" FROZEN {duration(frozen)} ", Role.FROZEN)]
        path: Line = (*marks, Cell(" fleet > ", Role.DIM), Cell(subject, Role.TITLE))
        right = f"{position}   {self.wall()} " if position else f"{self.wall()} "
        gap = width - sum(cell_width(cell.text) for cell in path) - cell_width(right)
        if gap < 1:
            return cut_line(path, width)
        return (*path, Cell(" " * gap), Cell(right, Role.DIM))


class StageScreen(Screen[None], inherit_bindings=False):
    """A screen with a footer, that can be told to draw itself anew and that a second has passed."""

    AUTO_FOCUS: ClassVar[str | None] = ""
    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, stage: Stage, keys: tuple[Key, ...], *, everywhere: bool = True) -> None:
        super().__init__()
        self._stage = stage
        self._foot = Foot(stage.palette, keys, id="foot", everywhere=everywhere)

    @property
    def on_top(self) -> bool:
        """Whether no other page was opened on it (Textual's `is_current` counts one below a clear page, too)."""
        return self.app.screen is self

    def draw(self) -> None:
        """Bring every pane up to date with the watch."""

    def tick(self, *, table: bool) -> None:
        """Let a second pass; with `table`, ages and countdowns may be redrawn."""

    def say(self, message: str) -> None:
        """Show one line of our own words for a few seconds."""
        self._foot.say(message, self._stage.clock())

    def leg_meant(self) -> str | None:
        """Return the id of the leg that a typed command is about; None: there is none here."""
        return None

    def action_command(self) -> None:
        """Begin to type a command."""
        self._foot.start_command()

    def on_key(self, event: events.Key) -> None:
        """Give keys to the footer while it is typed in; `:` begins that here, before the keys that follow it.

        A key that comes when another page was opened already is that one's.
        """
        if not self.on_top:
            return
        if self._foot.typing:
            self._foot.take_key(event)
        elif event.key == "colon":
            event.stop()
            event.prevent_default()
            self.action_command()

    def on_paste(self, event: events.Paste) -> None:
        """Take pasted text into what is typed; elsewhere it does nothing, least of all act as keys."""
        event.stop()
        if self._foot.typing:
            self._foot.take_paste(event.text)

    def on_foot_command(self, event: Foot.Command) -> None:
        """Run the command that was typed."""
        self._stage.command(event.text)

    def on_screen_resume(self) -> None:
        """Draw what changed while another screen was on top."""
        self.draw()

    def on_resize(self) -> None:
        """Draw for the new size, once the panes have theirs."""
        self.call_after_refresh(self.draw)


class Filters:
    """What a screen does that can be filtered, beside its own base: `/` begins to type, before the keys that follow it."""

    _foot: Foot

    def filter_text(self) -> str:
        """Return the filter as it stands."""
        raise NotImplementedError

    def on_key(self, event: events.Key) -> None:
        """Begin the filter at `/` (the base class then sees to the rest)."""
        if isinstance(self, StageScreen) and not self.on_top:
            return
        if event.key == "slash" and not self._foot.typing:
            event.stop()
            event.prevent_default()
            self.action_filter()

    def action_filter(self) -> None:
        """Begin to type a filter."""
        self._foot.start_typing(self.filter_text())


class Scrolls:
    """What a screen does whose `_page` scrolls and can be left: one for all of them, beside their own base."""

    _page: Page

    def scrolled(self) -> None:
        """Bring up to date what tells the position."""

    def action_scroll(self, by: int) -> None:
        """Scroll by `by` lines."""
        self._page.scroll_lines(by)
        self.scrolled()

    def action_page(self, pages: int) -> None:
        """Scroll by pages."""
        self.action_scroll(pages * max(self._page.size.height - 1, 1))

    def action_edge(self, side: int) -> None:
        """Scroll to the top (-1) or the end (1)."""
        self.action_scroll(side * self._page.line_count)


class PathPage:
    """A scrolling page about one subject, under a head that tells the way to it and the position.

    Beside a screen's own base, which gives `_stage`, `_foot` and `size`; `lay` is for its __init__.
    """

    _stage: Stage
    _foot: Foot
    _page: Page

    def lay(self, stage: Stage, subject: str) -> None:
        """Make the panes of the page about `subject`."""
        self._subject = subject
        self._head = Lines(stage.palette, id="path")
        self._page = Page(stage.palette, id="page")

    def compose(self) -> ComposeResult:
        """Yield the path, the page and the footer."""
        yield self._head
        yield self._page
        yield self._foot

    def draw_head(self, width: int) -> None:
        """Bring the path, the position and the clock up to date."""
        self._head.show((self._stage.path_line(self._subject, self._page.position, width),))
