"""Pictures of the screens: they change only when somebody means it (`pytest --snapshot-update`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from tests.tui.fleet_samples import fleet
from tests.tui.running import Show

Compare = Callable[..., bool]
SIZES = {"160x45": (160, 45), "80x24": (80, 24), "40x10": (40, 10)}


def polled(show: Show, *keys: str, later: float = 0) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what to do before the picture: one poll, some keys, some time."""

    async def play(pilot: Pilot[None]) -> None:
        show.pilot = pilot
        await show.news(fleet())
        show.now += later
        await pilot.press(*keys)
        show.app.screen.draw()  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        await pilot.pause()

    return play


@pytest.mark.parametrize("theme", ["dark", "light", "ansi", "mono"])
@pytest.mark.parametrize("size", SIZES)
def test_the_fleet(snap_compare: Compare, size: str, theme: str) -> None:
    show = Show(fleet(), theme=theme)
    assert snap_compare(show.app, terminal_size=SIZES[size], run_before=polled(show, "j"))


def test_the_fleet_in_ascii_without_colour(snap_compare: Compare) -> None:
    show = Show(fleet(), theme="mono", ascii_only=True)
    assert snap_compare(show.app, terminal_size=(80, 24), run_before=polled(show))


def test_the_fleet_long_after_the_last_news(snap_compare: Compare) -> None:
    show = Show(fleet())
    assert snap_compare(show.app, terminal_size=(160, 45), run_before=polled(show, later=250))


def test_the_first_frame(snap_compare: Compare) -> None:
    assert snap_compare(Show(fleet()).app, terminal_size=(80, 24))


def test_the_page_of_a_leg(snap_compare: Compare) -> None:
    show = Show(fleet())
    assert snap_compare(show.app, terminal_size=(100, 30), run_before=polled(show, "enter"))


def test_the_help(snap_compare: Compare) -> None:
    show = Show(fleet())
    assert snap_compare(show.app, terminal_size=(80, 24), run_before=polled(show, "question_mark"))
