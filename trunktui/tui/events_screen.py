"""What happened, newest first: to the fleet, or to one leg and its SBC; filtered while one types."""

from __future__ import annotations

import glob
from functools import partial

from textual.app import ComposeResult
from textual.worker import Worker

from trunktui.model.snapshot import LegStatus
from trunktui.present.happened import Loaded, concerns, found, is_zoned, merged, page, rows, titles
from trunktui.tui.foot import Foot
from trunktui.tui.keys import EVERYWHERE, HAPPENED, bindings
from trunktui.tui.lines import Lines
from trunktui.tui.past import Stoppable
from trunktui.tui.ports import Events, History
from trunktui.tui.stage import Filters, PathPage, Scrolls, Stage, StageScreen

AT_A_TIME = 500
"""So many events are read at first, and more with each `+`."""

_ALL_S = 100 * 366 * 86400.0
_AGAIN_S = 10.0
_NOBODY = Loaded(why="no history: there is none here to read")


class EventsScreen(Filters, PathPage, Scrolls, StageScreen, inherit_bindings=False):
    """The page of events; `leg` None: of all. Read again every ten seconds, a row that is looked at stays in place."""

    BINDINGS = [*bindings(HAPPENED), *bindings(EVERYWHERE)]  # noqa: RUF012 - Textual's way

    def __init__(self, stage: Stage, leg: LegStatus | None = None) -> None:
        super().__init__(stage, HAPPENED)
        self._about = leg
        self._loaded: Loaded | None = None
        self._words = ""
        self._most = AT_A_TIME
        self._work: Stoppable | None = None
        self._read_at: float | None = None
        self._titles = Lines(stage.palette, id="titles")
        self.lay(stage, "events" if leg is None else f"{leg.id} > events")

    def compose(self) -> ComposeResult:
        """Yield the path, the titles, the page and the footer."""
        yield self._head
        yield self._titles
        yield self._page
        yield self._foot

    def on_mount(self) -> None:
        """Begin to read."""
        self._read()

    def tick(self, *, table: bool) -> None:  # noqa: ARG002 - nothing here grows old by the second
        """Let a second pass: the clock goes on, and what is new is read now and then; not while frozen."""
        now = self._stage.clock()
        due = self._read_at is None or now - self._read_at >= _AGAIN_S
        if self._work is None and due and self._stage.watch.frozen_for(now) is None:
            self._read()
        self.draw_head(self.size.width)
        self._foot.tick(now)

    def draw(self) -> None:
        """Bring the page up to date."""
        width, local = self.size.width, self._stage.past.local
        events_now = () if self._loaded is None else self._loaded.events
        self._titles.show((titles(width, zoned=is_zoned(events_now, local)),) if events_now else ())
        self._page.show(page(self._loaded, self._words, local, width))
        self.draw_head(width)

    def scrolled(self) -> None:
        """Tell the position."""
        self.draw_head(self.size.width)

    def filter_text(self) -> str:
        """Return the filter as it stands."""
        return self._words

    def action_more(self) -> None:
        """Load older events."""
        if self._loaded is not None and not self._loaded.whole and self._work is None:
            self._most += AT_A_TIME
            self._read()
        else:
            self.say("there are no older events to load")

    def action_back(self) -> None:
        """Clear the filter, else go back."""
        if self._words:
            self._filter("")
        else:
            self.dismiss()

    def on_foot_typed(self, event: Foot.Typed) -> None:
        """Filter while the words are typed."""
        self._filter(event.text)

    def on_foot_done(self, event: Foot.Done) -> None:
        """Keep the filter, or clear it after escape."""
        self._filter(self._words if event.kept else "")

    def on_unmount(self) -> None:
        """Do not wait for what is still being read."""
        if self._work is not None:
            self._work.cancel()

    def _filter(self, words: str) -> None:
        self._words = words
        subject = "events" if self._about is None else f"{self._about.id} > events"
        self._subject = f"{subject} /{words}" if words else subject
        self.draw()

    def _read(self) -> None:
        history = self._stage.history
        if history is None:
            self._loaded = _NOBODY
            self.draw()
        else:
            worker: Worker[None] = self.run_worker(partial(self._ask, history), name="events")
            self._work = worker

    async def _ask(self, history: History) -> None:
        leg = self._about
        if leg is None:
            loaded = _loaded(await history.events(_ALL_S, None, self._most))
        else:
            # a name may hold what a pattern would read as its own
            own = await history.events(_ALL_S, glob.escape(leg.id), self._most)
            around = await history.events(_ALL_S, glob.escape(leg.sbc), self._most)
            both = merged(own.events, [one for one in around.events if concerns(one, leg)])
            loaded = Loaded(both, own.whole and around.whole, own.why or around.why, leg.id)
        self._work, self._read_at = None, self._stage.clock()
        self._take(loaded)

    def _take(self, loaded: Loaded) -> None:
        """Show what was read; where the reader has scrolled, what came new on top moves nothing."""
        before = self._loaded
        self._loaded = loaded
        if before is not None and before.events and self._page.top > 0:
            newest = before.events[-1].seq
            new = [event for event in found(loaded.events, self._words) if event.seq > newest]
            self.draw()
            self.action_scroll(len(rows(new, self._stage.past.local, self.size.width)))
        else:
            self.draw()


def _loaded(read: Events) -> Loaded:
    return Loaded(read.events, read.whole, read.why)
