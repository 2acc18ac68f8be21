"""The past on the screen: read once the cursor rests, never waited for, joined with the polls since, told in words."""

from __future__ import annotations

from datetime import timedelta, timezone

from msgspec.structs import replace

from tests.tui.fleet_samples import INTERVAL, NOW, leg, sbc
from tests.tui.pasts import EPOCH, LEG, FakeHistory, changes, polls
from tests.tui.running import Show, showing
from trunktui.model.feed import EngineStatus, FeedUpdate
from trunktui.model.health import LegState, Severity
from trunktui.model.snapshot import Snapshot

UTC_NOW = EPOCH + NOW
ONE = Snapshot(1, NOW, (sbc(),), (leg(),))
WEEK_S, SHIFT_S = 7 * 86400.0, 8 * 3600.0


def many(count: int = 50) -> Snapshot:
    return Snapshot(1, NOW, (sbc(),), tuple(leg(f"trunk-{n:02d}") for n in range(count)))


def chart(show: Show, label: str, pane: str = "page") -> str:
    (line,) = [one for one in show.text(pane).splitlines() if one.startswith(f" {label} ")]
    return line


def full() -> FakeHistory:
    return FakeHistory(UTC_NOW, polls(UTC_NOW, gap=(4800, 3600)), changes(UTC_NOW))


async def test_the_pane_and_the_page_chart_a_shift_with_its_gap_and_the_page_tells_outages() -> None:
    async with showing(ONE, history=full()) as show:
        await show.until(lambda: "in 8h" in show.text("detail"))
        assert "18 to 240 ms, mean " in chart(show, "RTT", "detail")
        assert "4% of polls missing" in chart(show, "RTT", "detail")
        assert "✖ down  ▲ degraded  ● up" in chart(show, "state", "detail")
        await show.press("enter")
        await show.until(lambda: "outages" in show.text("page"))
        assert "down 4 times in the 8 h 0 m that are known, 40 m in all" in chart(show, "outages")
        assert "last 11:43-11:53 UTC" in chart(show, "outages")
        assert "▲ late  ● ok" in chart(show, "registered")


async def test_another_zone_stands_beside_utc() -> None:
    async with showing(ONE, history=full(), zone=timezone(timedelta(hours=3))) as show:
        await show.press("enter")
        await show.until(lambda: "outages" in show.text("page"))
        assert "(14:43-14:53 here)" in chart(show, "outages")
        assert "UTC; here 09:0" in show.text("page")
        await show.press("e")
        await show.until(lambda: "SUBJECT" in show.text("titles"))
        assert "HERE" in show.text("titles")
        assert "25 Nov 11:53:22  25 14:53:22" in show.text("page")


async def test_a_cursor_that_passes_by_reads_nothing_and_one_that_rests_reads_once() -> None:
    history = full()
    async with showing(many(), history=history) as show:
        await show.until(lambda: history.asked == [("trunk-00@nyc-1", SHIFT_S)])
        await show.press(*"j" * 49)
        await show.until(lambda: ("trunk-49@nyc-1", SHIFT_S) in history.asked)
        await show.until(lambda: "in 8h" in show.text("detail"))
        # a slow machine may take the time of a rest between two keys; it reads far from all all the same
        assert len(history.asked) < 25
        before = list(history.asked)
        for _ in range(5):
            show.now += 2
            show.app.screen.tick(table=True)  # type: ignore[attr-defined]
        await show.news(replace(many(), generation=2))
        assert history.asked == before
        assert not history.asked_events


async def test_what_is_being_read_is_let_go_when_the_cursor_moves_on() -> None:
    history = full()
    history.go.clear()
    async with showing(many(), history=history) as show:
        await show.until(lambda: len(history.asked) == 1)
        await show.press("j")
        await show.until(lambda: history.given_up == 1)
        await show.until(lambda: history.asked[-1][0] == "trunk-01@nyc-1")
        history.go.set()
        await show.until(lambda: "in 8h" in show.text("detail"))


async def test_a_slow_history_holds_nothing_up_and_says_so() -> None:
    history = full()
    history.go.clear()
    async with showing(ONE, history=history) as show:
        await show.until(lambda: bool(history.asked))
        assert "in 1 poll" in chart(show, "RTT", "detail")
        show.now += 3
        show.app.screen.draw()  # type: ignore[attr-defined]
        await show.until_shown("reading the history ...")
        history.go.set()
        await show.until(lambda: "in 8h" in show.text("detail"))
        assert "reading the history" not in show.text()


async def test_no_history_is_one_line_and_is_tried_again_after_a_minute() -> None:
    history = full()
    history.why = "no history: /x/history.db: database is locked"
    async with showing(ONE, history=history) as show:
        await show.until_shown(history.why)
        assert "in 1 poll" in chart(show, "RTT", "detail")
        history.why = ""
        show.now += 61
        await show.news(replace(ONE, generation=2, legs=(leg(now=NOW + 61),)))
        await show.until(lambda: "in 8h" in show.text("detail"))
        assert "no history" not in show.text()


async def test_polls_since_the_start_join_without_a_seam_and_nothing_is_read_again() -> None:
    history = FakeHistory(UTC_NOW, polls(UTC_NOW))
    async with showing(ONE, history=history) as show:
        for n in range(1, 6):
            show.now = NOW + n * INTERVAL
            await show.news(replace(ONE, generation=n + 1, legs=(leg(now=show.now),)))
        await show.until(lambda: "in 8h" in show.text("detail"))
        assert "missing" not in chart(show, "RTT", "detail")
        assert len(history.asked) == 1


async def test_before_the_screen_forgets_a_poll_it_is_read_from_disk() -> None:
    history = full()
    async with showing(ONE, history=history) as show:
        await show.until(lambda: "in 8h" in show.text("detail"))
        for n in range(1, 131):
            show.now = NOW + n * INTERVAL
            seen = replace(ONE, generation=n + 1, legs=(leg(now=show.now, age=0.0),))
            show.app._watch.accept(FeedUpdate(seen, EngineStatus(alive=True)), show.now)
        history.now, history.samples = EPOCH + show.now, polls(EPOCH + show.now)
        show.app.screen.draw()  # type: ignore[attr-defined]
        await show.until(lambda: len(history.asked) == 2)
        await show.until(lambda: "missing" not in chart(show, "RTT", "detail"))


async def test_the_span_is_changed_by_a_key_and_read_only_where_it_is_longer() -> None:
    history = full()
    async with showing(ONE, history=history) as show:
        await show.press("enter")
        await show.until(lambda: "in 8h" in show.text("page"))
        await show.until(lambda: history.asked[-1] == (LEG, 7 * 86400.0))
        reads = len(history.asked)
        await show.press("left_square_bracket")
        await show.until_shown("charts of the last 1h")
        assert "in 1h" in chart(show, "RTT")
        await show.press("right_square_bracket", "right_square_bracket", "right_square_bracket")
        await show.until_shown("charts of the last 7d")
        assert len(history.asked) == reads
        await show.press("right_square_bracket", "right_square_bracket")
        await show.until_shown("charts of the last 30d")
        await show.until(lambda: history.asked[-1] == (LEG, 30 * 86400.0))
        assert len(history.asked) == reads + 1


async def test_an_outage_that_began_after_the_read_is_told_at_once() -> None:
    history = FakeHistory(UTC_NOW, polls(UTC_NOW))
    async with showing(ONE, history=history) as show:
        await show.press("enter")
        await show.until(lambda: "not seen down" in show.text("page"))
        show.now = NOW + INTERVAL
        down = leg(state=LegState.DOWN, severity=Severity.MAJOR, now=show.now, since=12)
        await show.news(replace(ONE, generation=2, legs=(down,)))
        await show.until(lambda: "down 1 time" in show.text("page"))
        assert "down now, since 14:03 UTC" in chart(show, "outages")
        reads = len(history.asked_events)
        show.now += 11
        show.app.screen.draw()  # type: ignore[attr-defined]
        await show.until(lambda: len(history.asked_events) == reads + 1)


async def test_names_that_are_patterns_are_asked_for_as_they_are() -> None:
    odd = leg("[/] odd*", carrier=None)
    history = FakeHistory(UTC_NOW, polls(UTC_NOW), changes(UTC_NOW, 1, odd.id))
    async with showing(Snapshot(1, NOW, (sbc(),), (odd,)), history=history) as show:
        await show.press("enter")
        await show.until(lambda: "down 1 time" in show.text("page"))


async def test_a_frozen_chart_stands_still() -> None:
    async with showing(ONE, history=full()) as show:
        await show.until(lambda: "in 8h" in show.text("detail"))
        await show.press("space")
        before = show.text("detail")
        for n in range(1, 9):
            show.now = NOW + n * INTERVAL
            await show.news(replace(ONE, generation=n + 1, legs=(leg(now=show.now),)))
        assert show.text("detail") == before
