"""The page of events: newest first, of all or of one leg, filtered while one types, bounded and honest about it."""

from __future__ import annotations

from msgspec.structs import replace

from tests.tui.fleet_samples import HOSTILE, NOW, fleet, leg, sbc
from tests.tui.pasts import EPOCH, FakeHistory, changes
from tests.tui.running import Show, showing
from trunktui.model.history import Event, EventKind
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe, clean
from trunktui.tui.events_screen import AT_A_TIME
from trunktui.tui.lines import Page

UTC_NOW = EPOCH + NOW
ONE = Snapshot(1, NOW, (sbc(),), (leg(),))


def history(count: int = 4) -> FakeHistory:
    return FakeHistory(UTC_NOW, (), changes(UTC_NOW, count))


def reloads(count: int) -> tuple[Event, ...]:
    return tuple(
        Event(UTC_NOW - count + n, EventKind.RELOAD, Safe("nyc-1"), Safe(f"number {n}"), seq=n + 1)
        for n in range(count)
    )


def rows(show: Show) -> list[str]:
    return [line for line in show.text("page").splitlines() if line.startswith(" 25 Nov")]


async def test_e_shows_all_events_newest_first_and_esc_goes_back() -> None:
    async with showing(fleet(), history=history()) as show:
        await show.press("e")
        await show.until(lambda: len(rows(show)) == 16)
        assert rows(show)[0].split()[2:5] == ["11:59:12", "leg", "other@nyc-1"]
        assert "▲ up > degraded" in rows(show)[0]
        assert "✖ up > down" in rows(show)[3]
        assert "16 events; that is all that is kept." in show.text("page")
        assert "/ filter" in show.text("foot")
        await show.press("escape")
        await show.until_shown("enter open")


async def test_the_command_opens_the_same_page() -> None:
    async with showing(fleet(), history=history()) as show:
        await show.press(*":events", "enter")
        await show.until(lambda: len(rows(show)) == 16)
        await show.press(*":events", "enter")
        await show.press("escape")
        await show.until_shown("enter open")


async def test_from_a_leg_only_its_own_and_its_sbcs_events_are_shown() -> None:
    kept = history()
    async with showing(ONE, history=kept) as show:
        await show.press("enter", "e")
        await show.until(lambda: len(rows(show)) == 12)
        assert "other@nyc-1" not in show.text("page")
        assert " fleet > alpha-us@nyc-1 > events" in show.text("path")
        assert "12 events about alpha-us@nyc-1 and its SBC" in show.text("page")
        await show.press("escape")
        await show.until_shown("contact ")


async def test_a_filter_finds_words_and_says_what_it_hides() -> None:
    async with showing(fleet(), history=history()) as show:
        await show.press("e")
        await show.until(lambda: len(rows(show)) == 16)
        await show.press("slash", *"down !restart")
        await show.until(lambda: len(rows(show)) == 8)
        await show.press("enter")
        assert "8 events, 8 more hidden by the filter" in show.text("page")
        assert "events /down !restart" in show.text("path")
        await show.press("slash", "space", *"zz", "enter")
        await show.until_shown('No event matches "down !restart zz": 16 hidden; esc clears the filter.')
        await show.press("escape")
        await show.until(lambda: len(rows(show)) == 16)


async def test_a_bounded_number_is_loaded_and_more_on_demand() -> None:
    kept = FakeHistory(UTC_NOW, (), reloads(AT_A_TIME + 20))
    async with showing(fleet(), history=kept) as show:
        await show.press("e")
        await show.until(lambda: f"number {AT_A_TIME + 19}" in show.text("page"))
        await show.press("G")
        await show.until_shown(f"{AT_A_TIME} events; older ones are kept and not loaded: + loads more.")
        await show.press("plus")
        await show.until(lambda: kept.asked_events[-1] == (None, 2 * AT_A_TIME))
        await show.press("G")
        await show.until_shown(f"{AT_A_TIME + 20} events; that is all that is kept.")
        await show.press("plus")
        await show.until_shown("there are no older events to load")


async def test_new_events_come_by_themselves_and_do_not_move_what_is_read() -> None:
    kept = FakeHistory(UTC_NOW, (), reloads(100))
    async with showing(fleet(), (160, 24), history=kept) as show:
        await show.press("e")
        await show.until(lambda: "number 99" in show.text("page"))
        kept.kept = reloads(103)
        show.now += 11
        show.app.screen.tick(table=True)  # type: ignore[attr-defined]
        await show.until(lambda: "number 102" in show.text("page"))
        await show.press("pagedown")
        top = rows(show)[0].partition("nyc-1")[2]
        kept.kept = reloads(108)
        show.now += 11
        show.app.screen.tick(table=True)  # type: ignore[attr-defined]
        page = show.app.screen.query_one("#page", Page)
        await show.until(lambda: page.line_count == 110)
        assert rows(show)[0].partition("nyc-1")[2] == top


async def test_no_history_nothing_kept_and_waiting_each_have_their_words() -> None:
    kept = history(0)
    kept.go.clear()
    async with showing(ONE, history=kept) as show:
        await show.press("e")
        await show.until_shown("reading the history ...")
        kept.go.set()
        await show.until_shown("No events yet: changes of legs and SBCs")
        await show.press("escape", "enter", "e")
        await show.until_shown("No events about alpha-us@nyc-1 and its SBC yet")
        kept.why = "no history: /x/history.db: database is locked"
        show.now += 11
        show.app.screen.tick(table=True)  # type: ignore[attr-defined]
        await show.until_shown(kept.why)
    async with showing(ONE) as show:
        await show.press("e")
        await show.until_shown("no history: there is none here to read")


async def test_a_frozen_page_is_not_read_again() -> None:
    kept = history()
    async with showing(fleet(), history=kept) as show:
        await show.press("space", "e")
        await show.until(lambda: len(rows(show)) == 16)
        show.now += 60
        show.app.screen.tick(table=True)  # type: ignore[attr-defined]
        await show.press("j")
        assert len(kept.asked_events) == 1


async def test_a_time_that_no_calendar_has_is_not_known() -> None:
    odd = replace(changes(UTC_NOW, 1)[0], at=1e300)
    async with showing(fleet(), history=FakeHistory(UTC_NOW, (), (odd,))) as show:
        await show.press("e")
        await show.until_shown("1 event; that is all that is kept.")
        assert show.text("page").startswith(" –  ")


async def test_every_size_shows_the_sentence_and_nothing_wider_than_the_screen() -> None:
    kept = FakeHistory(
        UTC_NOW, (), tuple(replace(one, sentence=clean(HOSTILE[-1])) for one in changes(UTC_NOW))
    )
    for size in ((40, 10), (80, 24), (160, 45)):
        async with showing(fleet(), size, history=kept) as show:
            await show.press("e")
            await show.until(lambda: bool(rows(show)))
            assert "aaaaaa" in show.text("page")
            assert all(len(line) <= size[0] for line in show.text().splitlines())
