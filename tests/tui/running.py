"""Runs the app under a pilot with clocks that stand still until a test moves them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, tzinfo

from textual.pilot import Pilot

from tests.tui.fleet_samples import NOW, ScriptedFeed, fleet, never_polled
from tests.tui.pasts import EPOCH
from trunktui.model.snapshot import Snapshot
from trunktui.present.themes import load_theme
from trunktui.tui.app import DashboardOptions, FleetApp
from trunktui.tui.grid import FleetGrid
from trunktui.tui.lines import Lines
from trunktui.tui.paint import Palette
from trunktui.tui.ports import History, Requests

WALL = "14:03:22 UTC"


class Show:
    """One running app: its feed, its pilot, its clock, and what stands on it."""

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        theme: str = "dark",
        ascii_only: bool = False,
        requests: Requests | None = None,
        write: bool = False,
        history: History | None = None,
        zone: tzinfo = UTC,
    ) -> None:
        self.now = NOW
        self.feed = ScriptedFeed(never_polled(snapshot))
        self.app = FleetApp(
            self.feed,
            DashboardOptions(title="prod-eu", write=write),
            Palette(load_theme(theme), ascii_only=ascii_only),
            requests,
            history,
            clock=lambda: self.now,
            wall=lambda: WALL,
            utc=lambda: EPOCH + self.now,
            local=lambda moment: moment.astimezone(zone),
        )
        self.pilot: Pilot[None] | None = None

    def text(self, pane: str = "") -> str:
        """Return what one pane shows (by id), or the whole screen."""
        screen = self.app.screen
        if pane:
            widget = screen.query_one(f"#{pane}")
            return "\n".join(widget.render_line(y).text.rstrip() for y in range(widget.size.height))
        return "\n".join(strip.text.rstrip() for strip in screen._compositor.render_strips())

    @property
    def grid(self) -> FleetGrid:
        return self.app.screen.query_one("#grid", FleetGrid)

    def pane(self, name: str) -> Lines:
        return self.app.screen.query_one(f"#{name}", Lines)

    async def until(self, holds: Callable[[], bool], deadline_s: float = 30.0) -> None:
        """Let the app run until `holds`; fail after the deadline."""
        end = time.monotonic() + deadline_s
        while not holds():
            assert time.monotonic() < end, f"never came true; the screen shows\n{self.text()}"
            await self._pilot.pause(0.01)

    async def until_shown(self, text: str) -> None:
        """Let the app run until `text` stands on the screen."""
        await self.until(lambda: text in self.text())

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self._pilot.press(*keys)

    async def news(self, snapshot: Snapshot) -> None:
        """Hand a snapshot to the app and wait until it is drawn."""
        self.feed.put(snapshot)
        await self.until(lambda: self.app._watch.snapshot is snapshot and not self.app._draw_pending)
        await self._pilot.pause()

    @property
    def _pilot(self) -> Pilot[None]:
        assert self.pilot is not None
        return self.pilot


@asynccontextmanager
async def showing(
    snapshot: Snapshot | None = None,
    size: tuple[int, int] = (160, 45),
    *,
    polled: bool = True,
    theme: str = "dark",
    ascii_only: bool = False,
    requests: Requests | None = None,
    write: bool = False,
    history: History | None = None,
    zone: tzinfo = UTC,
) -> AsyncIterator[Show]:
    """Run the app over `snapshot`; with `polled` it has been seen once."""
    whole = fleet() if snapshot is None else snapshot
    show = Show(
        whole, theme=theme, ascii_only=ascii_only, requests=requests, write=write, history=history, zone=zone
    )
    async with show.app.run_test(size=size) as pilot:
        show.pilot = pilot
        await pilot.pause()
        if polled:
            await show.news(whole)
        yield show
