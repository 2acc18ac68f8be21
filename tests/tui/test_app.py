"""The app around the screens: order of things at the start and at the end."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator

import pytest

from tests.tui.fleet_samples import NOW, ScriptedFeed, fleet, never_polled
from tests.tui.running import showing
from trunktui.model.feed import FeedUpdate
from trunktui.model.snapshot import Snapshot
from trunktui.present.themes import load_theme
from trunktui.tui.app import DashboardOptions, FleetApp
from trunktui.tui.keys import CONFIRM, DETAIL, EVERYWHERE, FLEET, PAGE, WRITE
from trunktui.tui.paint import Palette

EATEN = {"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q", "ctrl+h", "ctrl+j", "ctrl+k", "ctrl+l"}


class LateFeed(ScriptedFeed):
    """Notes whether the first frame was painted before anybody listened."""

    painted_before = False
    app: FleetApp | None = None

    async def updates(self) -> AsyncIterator[FeedUpdate]:
        assert self.app is not None
        grid = self.app.screen.query_one("#grid")
        self.painted_before = "alpha-us" in "".join(grid.render_line(y).text for y in range(grid.size.height))
        async for update in super().updates():
            yield update


async def test_the_first_frame_is_painted_before_the_feed_is_asked() -> None:
    feed = LateFeed(never_polled(fleet()))
    app = FleetApp(feed, DashboardOptions(), Palette(load_theme("dark")), clock=lambda: NOW)
    feed.app = app
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause(0.1)
        assert feed.painted_before


async def test_the_collector_is_told_to_leave_what_lives_on_alone() -> None:
    async with showing():
        assert gc.get_threshold()[2] == 10**6
        assert gc.get_freeze_count() > 0


async def test_q_ends_with_0_and_ctrl_c_with_130() -> None:
    for key, code in (("q", 0), ("ctrl+c", 130)):
        async with showing() as show:
            await show.press(key)
        assert show.app.return_code == code


async def test_nothing_moves_by_itself() -> None:
    async with showing() as show:
        assert show.app.animation_level == "none"


def test_no_key_is_one_that_others_eat_and_capitals_do_nothing_dangerous() -> None:
    names = {name for key in (*FLEET, *EVERYWHERE, *PAGE, *DETAIL, *CONFIRM) for name in key.names.split(",")}
    assert not names & EATEN
    assert {name for name in names if len(name) == 1 and name.isupper()} == {"C", "G", "O"}
    actions = {key.action.partition("(")[0] for key in (*FLEET, *EVERYWHERE, *PAGE, *DETAIL)}
    assert {key.action for key in WRITE} == {"reregister"}
    assert actions == {
        *("app.help", "app.leave", "app.suspend", "filter", "faults", "open", "freeze", "sort", "copy"),
        *(
            "move",
            "edge",
            "page",
            "back",
            "scroll",
            "command",
            "probe",
            "mark",
            "events",
            "findings",
            "matrix",
            "carriers",
        ),
        "span",
    }


async def test_textuals_own_keys_are_not_bound() -> None:
    async with showing() as show:
        bound = {key for _, bindings in show.app.screen._binding_chain for key in bindings.key_to_bindings}
        assert not bound & (EATEN | {"tab", "shift+tab", "ctrl+p"})


async def test_a_burst_of_news_is_drawn_once() -> None:
    async with showing(Snapshot(0, NOW)) as show:
        drawn = 0
        original = show.app.screen.draw  # type: ignore[attr-defined]

        def counted() -> None:
            nonlocal drawn
            drawn += 1
            original()

        show.app.screen.draw = counted  # type: ignore[attr-defined]
        for _ in range(50):
            show.feed.put(fleet())
        await show.until_shown("alpha-us@nyc-1")
        assert drawn <= 3


async def test_the_engine_is_listened_to_even_if_the_first_frame_is_never_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FleetApp, "call_after_refresh", lambda *_: False)
    async with showing() as show:
        await show.until(lambda: show.app._following)
        await show.until_shown("alpha-us@nyc-1")
