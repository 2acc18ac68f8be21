"""What every screen of the dashboard is given: the watch, the palette, the clocks, the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from textual.screen import Screen

from trunktui.tui.paint import Palette
from trunktui.tui.watch import FleetWatch


class Stage(NamedTuple):
    """`clock` gives monotonic seconds, `wall` the time of day as text; `copy` returns what to tell of it."""

    watch: FleetWatch
    palette: Palette
    clock: Callable[[], float]
    wall: Callable[[], str]
    copy: Callable[[str], str]
    title: str
    read_only: bool


class StageScreen(Screen[None], inherit_bindings=False):
    """A screen that can be told to draw itself anew and that a second has passed."""

    AUTO_FOCUS: ClassVar[str | None] = ""
    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    def draw(self) -> None:
        """Bring every pane up to date with the watch."""

    def tick(self, *, table: bool) -> None:
        """Let a second pass; with `table`, ages and countdowns may be redrawn."""

    def on_screen_resume(self) -> None:
        """Draw what changed while another screen was on top."""
        self.draw()

    def on_resize(self) -> None:
        """Draw for the new size, once the panes have theirs."""
        self.call_after_refresh(self.draw)
