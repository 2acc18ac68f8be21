"""The view of carriers: a cursor on one, what its death would do, its legs behind enter, any size."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from tests.headrooms import planned
from tests.tui.fleet_samples import HOSTILE, NOW, leg, sbc
from tests.tui.running import Show, showing
from tests.tui.test_pictures import SIZES, Compare
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import clean

FLEET = planned(leg(), sbc(), NOW)


def at(show: Show) -> str:
    """Return the carrier that the cursor is on."""
    return next(line.split()[1] for line in show.text("page").splitlines() if line.startswith(("▸", ">")))


def legs(show: Show) -> set[str]:
    return {one.id for one in show.app.screen._legs}  # type: ignore[attr-defined]


async def test_c_shows_the_carriers_and_what_the_death_of_the_one_under_the_cursor_would_do() -> None:
    async with showing(FLEET) as show:
        await show.press("c")
        await show.until(lambda: at(show) == "alpha")
        assert "us-outbound 212 channels -> bravo-us: 188 free of 300, 88 % fits (warning)" in show.text(
            "detail"
        )
        assert "1 of 4" in show.text("path")
        await show.press("j")
        await show.until(lambda: at(show) == "delta")
        assert "retail 8 channels -> nowhere: there is no other trunk (major)" in show.text("detail")
        await show.press("G")
        await show.until(lambda: at(show) == "bravo")
        assert "all of it fits" in show.text("detail")
        await show.press("k", "g", "escape")
        await show.until_shown("enter open")


async def test_enter_shows_the_legs_of_that_carrier_and_no_others() -> None:
    async with showing(FLEET) as show:
        await show.press("c", "j", "enter")
        await show.until_shown("filter: carrier:=delta")
        await show.until(lambda: legs(show) == {"delta-retail@nyc-1", "delta-retail@lon-1"})
        await show.press("escape")
        await show.until(lambda: len(legs(show)) == len(FLEET.legs))


async def test_the_cursor_stays_on_its_carrier_and_old_news_promises_nothing() -> None:
    async with showing(FLEET) as show:
        await show.press("c", "j")
        await show.until(lambda: at(show) == "delta")
        await show.news(replace(FLEET, generation=2, headroom=()))
        await show.until(lambda: "no group goes over it" in show.text("detail"))
        assert at(show) == "delta"
        await show.news(replace(FLEET, generation=3))
        show.now += 1000
        show.app.screen.draw()  # type: ignore[attr-defined]
        await show.until(lambda: "no news of it" in show.text("detail"))


async def test_a_fleet_without_carriers_says_where_they_are_named() -> None:
    strays = tuple(replace(one, carrier=None) for one in FLEET.legs)
    async with showing(replace(FLEET, legs=strays)) as show:
        await show.press("c")
        await show.until_shown("No leg names a carrier.")
        await show.press("j", "enter", "escape")
        await show.until_shown("enter open")


@pytest.mark.parametrize("size", [(160, 45), (40, 10)])
async def test_names_that_attack_a_terminal_are_shown_as_text(size: tuple[int, int]) -> None:
    evil = [clean(text, 60) for text in HOSTILE]
    renamed = {plan.carrier: text for plan, text in zip(FLEET.headroom, evil, strict=False)}
    whole: Snapshot = replace(
        FLEET,
        legs=tuple(replace(one, carrier=renamed.get(one.carrier or "", one.carrier)) for one in FLEET.legs),
        headroom=tuple(
            replace(
                plan,
                carrier=renamed[plan.carrier],
                landings=tuple(
                    replace(one, group=evil[-1], sentence=clean(" ".join(HOSTILE))) for one in plan.landings
                ),
            )
            for plan in FLEET.headroom
        ),
    )
    async with showing(whole, size=size) as show:
        await show.press("c", "j", "j", "j", "k")
        await show.until(lambda: "carriers" in show.text("path"))
        assert "\x1b" not in show.text()
        assert show.app.return_code is None


def opened(show: Show, *keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what to do before the picture: one poll, the view, some keys."""

    async def play(pilot: Pilot[None]) -> None:
        show.pilot = pilot
        await show.news(FLEET)
        await pilot.press("c", *keys)
        await show.until(lambda: "carriers" in show.text("path"))
        show.app.screen.draw()  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        await pilot.pause()

    return play


def test_the_carriers(snap_compare: Compare) -> None:
    show = Show(FLEET)
    assert snap_compare(show.app, terminal_size=SIZES["160x45"], run_before=opened(show))


def test_the_carriers_in_ascii_without_colour(snap_compare: Compare) -> None:
    show = Show(FLEET, theme="mono", ascii_only=True)
    assert snap_compare(show.app, terminal_size=SIZES["80x24"], run_before=opened(show, "j"))
