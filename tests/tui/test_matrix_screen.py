"""The matrix of carriers by SBCs: a cursor on a pair, whose fault in words, the legs behind a pair, any size."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from tests.outages import SBCS, judged, outage, silent
from tests.tui.fleet_samples import HOSTILE, NOW, hostile_fleet, leg, sbc
from tests.tui.running import Show, showing
from tests.tui.test_pictures import SIZES, Compare
from trunktui.model.snapshot import Snapshot

FEW = outage(leg(), Snapshot(1, NOW, tuple(sbc(name) for name in SBCS)))


def many(carriers: int = 50, sbcs: int = 200) -> Snapshot:
    """Return one leg of every carrier on every SBC; one carrier is out."""
    model, boxes = leg(), [f"sbc-{n:03}" for n in range(sbcs)]
    legs = []
    for c in range(carriers):
        for box in boxes:
            one = replace(model, id=f"t{c}@{box}", trunk=f"t{c}", sbc=box, carrier=f"carrier-{c:02}")
            legs.append(silent(one, NOW - 300) if c == 7 else one)
    return judged(Snapshot(1, NOW, tuple(sbc(box) for box in boxes), tuple(legs)))


def rows(show: Show) -> list[str]:
    return [line for line in show.text("page").splitlines() if line.strip()]


def at(show: Show) -> str:
    """Return which pair the cursor is on."""
    return show.text("detail").splitlines()[0].split("  ")[0].strip()


async def test_x_shows_carriers_by_sbcs_the_worst_first_and_esc_goes_back() -> None:
    async with showing(FEW) as show:
        await show.press("x")
        await show.until(lambda: len(rows(show)) == 4)
        assert [line.split()[0].strip("▸") or line.split()[1] for line in rows(show)] == [
            "bravo",
            "charlie",
            "alpha",
            "delta",
        ]
        bravo, charlie, alpha, delta = rows(show)
        assert bravo.count("✖ DOWN 2/2") == 4
        assert bravo.rstrip().endswith("carrier outage")
        assert charlie.rstrip().endswith("account charlie-voice-eu")
        assert alpha.rstrip().endswith("local: alpha-us@lon-2")
        assert delta.rstrip().endswith("fine")
        assert "19/32" in show.text("totals")
        assert "lon-2" in show.text("titles")
        await show.press("escape")
        await show.until_shown("enter open")


async def test_the_sentence_below_is_that_of_the_row_under_the_cursor() -> None:
    async with showing(FEW) as show:
        await show.press("x")
        await show.until(lambda: at(show) == "bravo on nyc-1")
        assert "carrier outage. Secondary alpha-us has 78 free of 90: wait" in show.text("detail")
        await show.press("j", "l", "l", "l", "l", "l")
        await show.until(lambda: at(show) == "charlie on lon-2")
        assert "refuses account charlie-voice-eu" in show.text("detail")
        await show.press("G", "h")
        await show.until(lambda: at(show) == "delta on lon-1")
        await show.press("k", "k", "k", "k", "left", "left", "left")
        await show.until(lambda: at(show) == "bravo on nyc-1")


async def test_enter_shows_the_legs_behind_the_pair_and_no_others() -> None:
    twins = tuple(
        replace(one, id=f"x-{one.id}", carrier="alpha2", sbc="lon-22")
        for one in FEW.legs
        if one.sbc == "lon-2"
    )
    whole = replace(FEW, legs=(*FEW.legs, *twins), sbcs=(*FEW.sbcs, sbc("lon-22")))
    async with showing(whole) as show:
        await show.press("x", "j", "j", "l", "l", "l")
        await show.until(lambda: at(show) == "alpha on lon-2")
        await show.press("enter")
        await show.until_shown("filter: carrier:=alpha sbc:=lon-2")
        await show.until(lambda: len(show.app.screen._legs) == 2)  # type: ignore[attr-defined]
        assert {one.id for one in show.app.screen._legs} == {"alpha-us@lon-2", "alpha-eu@lon-2"}  # type: ignore[attr-defined]
        await show.press("escape")
        await show.until(lambda: len(show.app.screen._legs) == len(whole.legs))  # type: ignore[attr-defined]


async def test_a_pair_without_a_leg_opens_nothing_and_says_so() -> None:
    lone = replace(FEW, legs=(*FEW.legs, replace(leg("zulu"), id="zulu@nyc-1", sbc="nyc-1", carrier="zulu")))
    async with showing(lone) as show:
        await show.press("x", "G", "l")
        await show.until(lambda: at(show) == "zulu on nyc-2")
        await show.press("enter")
        await show.until_shown("zulu has no leg on nyc-2")


async def test_legs_without_a_carrier_are_a_row_of_their_own_at_the_end() -> None:
    found = replace(leg("stray"), id="stray@nyc-1", sbc="nyc-1", carrier=None, discovered=True)
    async with showing(replace(FEW, legs=(*FEW.legs, found))) as show:
        await show.press("x", "G")
        await show.until(lambda: at(show) == "no carrier on nyc-1")
        await show.press("enter")
        await show.until(lambda: [one.id for one in show.app.screen._legs] == ["stray@nyc-1"])  # type: ignore[attr-defined]


async def test_the_cursor_stays_on_its_carrier_when_rows_move() -> None:
    async with showing(FEW) as show:
        await show.press("x", "j", "j", "l")
        await show.until(lambda: at(show) == "alpha on nyc-2")
        well = tuple(
            replace(leg(), id=one.id, trunk=one.trunk, sbc=one.sbc, carrier=one.carrier)
            if one.carrier in {"bravo", "charlie"}
            else one
            for one in FEW.legs
        )
        await show.news(judged(replace(FEW, generation=2, legs=well)))
        await show.until(lambda: rows(show)[0].startswith("▸ alpha"))
        assert at(show) == "alpha on nyc-2"


async def test_a_verdict_goes_and_legs_grow_old_without_any_news() -> None:
    async with showing(FEW) as show:
        await show.press("x")
        await show.until(lambda: "carrier outage" in rows(show)[0])
        show.now += 1000
        show.app.screen.draw()  # type: ignore[attr-defined]
        await show.until(lambda: "? UNKN 2/2" in rows(show)[0])
        assert "carrier outage" not in show.text("page")


@pytest.mark.parametrize("size", [(160, 45), (80, 24), (40, 10)])
async def test_many_sbcs_scroll_sideways_and_many_carriers_down(size: tuple[int, int]) -> None:
    async with showing(many(50, 40), size=size) as show:
        await show.press("x")
        await show.until(lambda: "carrier-07"[:9] in rows(show)[0])
        place = show.text("path")
        assert " 1-" in place
        assert "40" in place
        await show.press("right_square_bracket")
        await show.until(lambda: show.text("path") != place)
        await show.press(*["right_square_bracket"] * 12)
        await show.until(lambda: at(show).endswith("on sbc-039"))
        await show.press("G")
        await show.until(lambda: at(show) == "carrier-49 on sbc-039")
        assert any(line.startswith("▸") for line in rows(show))
        assert all(len(line) <= size[0] for line in show.text().splitlines())


async def test_ten_thousand_legs_of_two_hundred_sbcs_open() -> None:
    async with showing(many(50, 200)) as show:
        await show.press("x")
        await show.until(lambda: "SBCs 1-" in show.text("path"))
        assert "of 200" in show.text("path")
        assert "49 other carriers fine: carrier outage" in show.text("detail")


async def test_an_empty_fleet_says_so() -> None:
    async with showing(Snapshot(1, NOW, (sbc(),)), polled=False) as show:
        await show.press("x")
        await show.until_shown("No leg is known yet.")
        await show.press("enter", "j", "l", "G", "escape")
        await show.until_shown("enter open")


async def test_names_from_outside_are_shown_as_they_are() -> None:
    async with showing(hostile_fleet(payloads=HOSTILE)) as show:
        await show.press("x")
        await show.until_shown("[@click=app.quit]x"[:18])


async def test_the_table_marks_what_a_verdict_explains() -> None:
    async with showing(FEW) as show:
        await show.until(lambda: show.text("grid").count(" PART ") == 13)
        await show.press("enter")
        await show.until_shown("part of")


def opened(show: Show, *keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what to do before the picture: one poll, the matrix, some keys."""

    async def play(pilot: Pilot[None]) -> None:
        show.pilot = pilot
        await show.news(FEW)
        await pilot.press("x", *keys)
        await show.until(lambda: bool(rows(show)))
        show.app.screen.draw()  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        await pilot.pause()

    return play


@pytest.mark.parametrize("theme", ["dark", "light", "ansi", "mono"])
@pytest.mark.parametrize("size", SIZES)
def test_the_matrix(snap_compare: Compare, size: str, theme: str) -> None:
    show = Show(FEW, theme=theme)
    assert snap_compare(show.app, terminal_size=SIZES[size], run_before=opened(show, "j"))


def test_the_matrix_in_ascii(snap_compare: Compare) -> None:
    show = Show(FEW, theme="mono", ascii_only=True)
    assert snap_compare(show.app, terminal_size=(80, 24), run_before=opened(show, "j", "l"))


@pytest.mark.parametrize(("size", "theme"), [("160x45", "dark"), ("80x24", "mono"), ("40x10", "dark")])
def test_the_fleet_with_verdicts(snap_compare: Compare, size: str, theme: str) -> None:
    show = Show(FEW, theme=theme)

    async def play(pilot: Pilot[None]) -> None:
        show.pilot = pilot
        await show.news(FEW)
        await pilot.press("j")
        show.app.screen.draw()  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        await pilot.pause()

    assert snap_compare(show.app, terminal_size=SIZES[size], run_before=play)
