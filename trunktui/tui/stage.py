"""What every screen of the dashboard is given: the watch, the palette, the clocks, the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from textual import events
from textual.screen import Screen

from trunktui.tui.foot import Foot
from trunktui.tui.keys import Key
from trunktui.tui.paint import Palette
from trunktui.tui.watch import FleetWatch


class Stage(NamedTuple):
    """`clock` gives monotonic seconds, `wall` the time of day as text; `copy` returns what to tell of it.

    `command` runs what was typed after `:`.
    """

    watch: FleetWatch
    palette: Palette
    clock: Callable[[], float]
    wall: Callable[[], str]
    copy: Callable[[str], str]
    command: Callable[[str], None]
    title: str
    read_only: bool


class StageScreen(Screen[None], inherit_bindings=False):
    """A screen with a footer, that can be told to draw itself anew and that a second has passed."""

    AUTO_FOCUS: ClassVar[str | None] = ""
    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, stage: Stage, keys: tuple[Key, ...]) -> None:
        super().__init__()
        self._stage = stage
        self._foot = Foot(stage.palette, keys, id="foot")

    def draw(self) -> None:
        """Bring every pane up to date with the watch."""

    def tick(self, *, table: bool) -> None:
        """Let a second pass; with `table`, ages and countdowns may be redrawn."""

    def say(self, message: str) -> None:
        """Show one line of our own words for a few seconds."""
        self._foot.say(message, self._stage.clock())

    def action_command(self) -> None:
        """Begin to type a command."""
        self._foot.start_command()

    def on_key(self, event: events.Key) -> None:
        """Give keys to the footer while it is typed in; `:` begins that here, before the keys that follow it."""
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
