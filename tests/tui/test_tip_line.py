"""The newcomer's line on the fleet screen."""

from __future__ import annotations

from tests.tui.running import showing
from trunktui.model.feed import EngineStatus, FeedUpdate
from trunktui.model.text import Safe


async def test_a_tip_stands_above_the_footer_and_its_line_goes_with_it() -> None:
    async with showing(size=(160, 45)) as show:
        assert "DEMO" not in show.text()
        snapshot = show.app._watch.snapshot
        show.app._accept(
            FeedUpdate(snapshot, EngineStatus(alive=True), tip=Safe("carrier bravo has just died"))
        )
        await show.until_shown("DEMO  carrier bravo has just died")
        lines = show.text().splitlines()
        assert "carrier bravo" in lines[-2]
        assert "? all keys" in lines[-1]
        show.app._accept(FeedUpdate(snapshot, EngineStatus(alive=True)))
        await show.until(lambda: "DEMO" not in show.text())


async def test_a_long_tip_takes_two_lines_of_a_narrow_terminal_and_none_of_a_tiny_one() -> None:
    tip = Safe(
        "a tip that is quite a bit longer than the eighty cells that this terminal has for it, and so wraps"
    )
    for size, lines in (((80, 24), 2), ((40, 10), 0)):
        async with showing(size=size) as show:
            snapshot = show.app._watch.snapshot
            show.app._accept(FeedUpdate(snapshot, EngineStatus(alive=True), tip=tip))
            await show.until(lambda: show.app._watch.tip == tip and not show.app._draw_pending)
            await show.until(lambda: show.pane("tip").size.height == lines)  # noqa: B023
