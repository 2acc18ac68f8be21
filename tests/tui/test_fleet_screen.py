"""What an operator sees and does on the fleet screen."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.tui.fleet_samples import (
    HOSTILE,
    NOW,
    broken_sbc,
    dead_probe,
    fleet,
    hostile_fleet,
    leg,
    never_polled,
    sbc,
)
from tests.tui.running import showing
from trunktui.model.feed import EngineStatus, FeedUpdate
from trunktui.model.health import LegState, Severity
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.model.text import Safe
from trunktui.tui.detail_screen import DetailScreen
from trunktui.tui.keys import EVERYWHERE, FLEET, WRITE


def changed(snapshot: Snapshot, leg_id: str, **fields: object) -> Snapshot:
    legs = tuple(replace(one, **fields) if one.id == leg_id else one for one in snapshot.legs)
    return replace(snapshot, generation=snapshot.generation + 1, legs=legs)


def gone_down(snapshot: Snapshot, leg_id: str) -> Snapshot:
    return changed(
        snapshot,
        leg_id,
        state=LegState.DOWN,
        severity=Severity.CRITICAL,
        since_at=NOW,
        probe=dead_probe(3),
        reason=Safe("3 OPTIONS unanswered"),
    )


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if "@" in line]


async def test_the_first_frame_shows_every_leg_as_not_polled_yet() -> None:
    async with showing(polled=False) as show:
        assert len(rows(show.text("grid"))) == 16
        assert all("? UNKN" in row for row in rows(show.text("grid")))
        assert "not polled yet" in show.text("detail")
        assert "asking 4 SBCs ..." in show.text("head")


async def test_the_worst_leg_is_first_and_the_head_counts_every_state() -> None:
    async with showing() as show:
        states = [row[2:9].strip() for row in rows(show.text("grid"))]
        assert states[:5] == ["✖ DOWN", "? UNKN", "▲ DEGR", "◐ SUSP", "◌ UNMON"]
        assert states[5:] == ["● UP"] * 9 + ["◇ STBY", "○ OFF"]
        head = show.text("head")
        assert "1 down" in head
        assert "9 up" in head
        assert "READ-ONLY" in head
        assert "lab-1: Asterisk does not answer: 1 leg unknown" in head


async def test_a_leg_without_news_becomes_unknown_by_itself() -> None:
    async with showing() as show:
        assert "● UP" in show.text("grid")
        show.now = NOW + 200
        await show.until(lambda: "● UP" not in show.text("grid"))
        assert all("? UNKN" in row and "was" in row for row in rows(show.text("grid")) if "gamma" not in row)
        assert "no news from any SBC for 3 m" in show.text("head")
        await show.press("G")
        await show.until_shown("no news for")
        await show.press("k")
        await show.until_shown("was answers")
        assert "in use        – on this leg" in show.text("detail")


async def test_the_cursor_stays_on_its_leg_when_rows_move() -> None:
    async with showing() as show:
        for _ in range(8):
            await show.press("j")
        on = show.grid.cursor_leg
        assert on is not None
        await show.news(gone_down(fleet(), "kappa@lon-2"))
        assert show.grid.cursor_leg == on
        assert show.grid.cursor_row == 9
        await show.news(gone_down(fleet(), on))
        assert show.grid.cursor_leg == on
        assert show.grid.cursor_row in {0, 1}


async def test_the_cursors_row_keeps_its_place_when_scrolled_rows_move() -> None:
    many = tuple(leg(f"trunk-{n:02d}", "fra-1") for n in range(60))
    snapshot = Snapshot(1, NOW, sbcs=(sbc("fra-1"),), legs=many)
    async with showing(snapshot, (80, 24)) as show:
        for _ in range(40):
            await show.press("j")
        place = show.grid.cursor_row - show.grid.scroll_y
        on = show.grid.cursor_leg
        await show.news(gone_down(snapshot, "trunk-59@fra-1"))
        assert show.grid.cursor_leg == on
        assert show.grid.cursor_row - show.grid.scroll_y == place


async def test_a_cursor_nobody_moved_pulls_no_worse_leg_out_of_sight() -> None:
    many = tuple(leg(f"trunk-{n:02d}", "fra-1") for n in range(60))
    snapshot = Snapshot(1, NOW, sbcs=(sbc("fra-1"),), legs=many)
    async with showing(snapshot, (80, 24)) as show:
        snapshot = gone_down(snapshot, "trunk-40@fra-1")
        await show.news(snapshot)
        assert (show.grid.cursor_leg, show.grid.cursor_row) == ("trunk-00@fra-1", 1)
        for n in range(20, 60):
            snapshot = gone_down(snapshot, f"trunk-{n}@fra-1")
        await show.news(snapshot)
        assert (show.grid.cursor_leg, show.grid.scroll_y) == ("trunk-20@fra-1", 0)
        await show.press("enter")
        await show.until(lambda: isinstance(show.app.screen, DetailScreen))
        await show.press("escape")
        for n in range(20):
            snapshot = gone_down(snapshot, f"trunk-{n:02d}@fra-1")
        await show.news(snapshot)
        await show.until(lambda: show.grid.cursor_leg == "trunk-20@fra-1" and show.grid.cursor_row == 20)


async def test_rows_do_not_move_while_only_numbers_change() -> None:
    async with showing() as show:
        before = [row[10:40] for row in rows(show.text("grid"))]
        snapshot = fleet()
        for one in snapshot.legs:
            snapshot = changed(snapshot, one.id, probe=replace(one.probe, rtt_ms=999.0), observed_at=NOW + 1)
        await show.news(snapshot)
        assert [row[10:40] for row in rows(show.text("grid"))] == before
        assert "999ms" in show.text("grid")


async def test_a_changed_state_is_marked_for_some_seconds() -> None:
    async with showing() as show:
        await show.news(gone_down(fleet(), "kappa@lon-2"))
        assert "kappa@lon-2" in show.app._watch.changed(NOW)
        strip = next(
            show.grid.render_line(y) for y in range(20) if "kappa@lon-2" in show.grid.render_line(y).text
        )
        assert any(segment.style and segment.style.reverse for segment in strip if "DOWN" in segment.text)
        assert not show.app._watch.changed(NOW + 6)


async def test_the_first_answer_is_not_marked_as_a_change() -> None:
    async with showing() as show:
        assert not show.app._watch.changed(NOW)


async def test_typing_a_filter_hides_legs_at_once_and_says_how_many() -> None:
    async with showing() as show:
        await show.press("slash", *"alpha")
        await show.until(lambda: len(rows(show.text("grid"))) == 2)
        assert "filter: alpha (14 hidden)" in show.text("head")
        await show.press("enter")
        assert "filter: alpha" in show.text("head")
        await show.press("escape")
        await show.until(lambda: len(rows(show.text("grid"))) == 16)


async def test_letters_typed_right_after_the_slash_are_no_commands() -> None:
    async with showing() as show:
        await show.press("slash", *"fsq y")
        await show.until_shown("/ fsq y")
        assert show.app.return_code is None
        assert "by trouble" in show.text("rule") or "No leg matches" in show.text("grid")


async def test_a_filter_without_a_match_says_how_to_get_out() -> None:
    async with showing() as show:
        await show.press("slash", *"nosuchleg")
        await show.until_shown("No leg matches the filter: nosuchleg")
        await show.until_shown("16 legs hidden. esc clears the filter")


async def test_a_pasted_filter_is_one_line_of_clean_text() -> None:
    async with showing() as show:
        await show.press("slash")
        show.app.screen._foot.take_paste("al\x1b[31mpha\nq")  # type: ignore[attr-defined]
        await show.until_shown("al␛[31mpha q")


async def test_faults_only_hides_what_is_well() -> None:
    async with showing() as show:
        await show.press("f")
        await show.until(lambda: len(rows(show.text("grid"))) == 5)
        assert "faults only" in show.text("head")
        await show.press("f")
        await show.until(lambda: len(rows(show.text("grid"))) == 16)


async def test_the_leg_a_filter_hid_gets_the_cursor_back() -> None:
    async with showing() as show:
        await show.press("G", "k", "k")
        on = show.grid.cursor_leg
        await show.press("f")
        await show.until(lambda: len(rows(show.text("grid"))) == 5)
        assert show.grid.cursor_leg != on
        await show.press("f")
        await show.until(lambda: show.grid.cursor_leg == on)


async def test_freezing_stops_the_display_and_not_the_collecting() -> None:
    async with showing() as show:
        await show.press("space")
        await show.until_shown("FROZEN 0s")
        await show.news(gone_down(fleet(), "kappa@lon-2"))
        show.now = NOW + 7
        await show.until_shown("FROZEN 7s, 1 leg changed since")
        kappa = next(row for row in rows(show.text("grid")) if "kappa" in row)
        assert "● UP" in kappa
        await show.press("space")
        await show.until(lambda: "✖ DOWN  kappa@lon-2" in show.text("grid"))
        assert "FROZEN" not in show.text("head")


async def test_s_goes_through_the_orders() -> None:
    async with showing() as show:
        for order in ("leg", "carrier", "sbc", "dials", "cps", "trouble"):
            await show.press("s")
            await show.until_shown(f"by {order} ")
        await show.press("s")
        names = [one.id for one in show.grid._content.legs]
        assert names == sorted(names)


async def test_enter_opens_all_evidence_and_escape_goes_back() -> None:
    async with showing(size=(100, 30)) as show:
        await show.press("enter")
        await show.until(lambda: isinstance(show.app.screen, DetailScreen))
        await show.until_shown("fleet > alpha-us@nyc-1")
        assert "Rejected   (exp. 720s ago)" in show.text()
        assert "SBC nyc-1" in show.text()
        await show.press("escape")
        await show.until_shown("REGISTRATION")


async def test_an_open_leg_stays_open_on_its_leg_while_rows_move() -> None:
    async with showing(size=(100, 30)) as show:
        await show.press("enter")
        await show.until_shown("fleet > alpha-us@nyc-1")
        await show.news(changed(fleet(), "alpha-us@nyc-1", state=LegState.UP, reason=Safe("back again")))
        await show.until_shown("back again")
        without = replace(fleet(), legs=tuple(one for one in fleet().legs if one.id != "alpha-us@nyc-1"))
        await show.news(without)
        await show.until_shown("not reported any more")


async def test_the_page_of_a_leg_shows_unread_lines_of_its_sbc() -> None:
    box = broken_sbc()
    snapshot = Snapshot(1, NOW, sbcs=(box,), legs=(leg("alpha", "lab-1"),))
    async with showing(snapshot, (80, 30)) as show:
        await show.press("enter", "G")
        await show.until_shown("Verbosity was 3 and is now 4")


async def test_help_lists_every_key_and_fits_80_by_24() -> None:
    async with showing(size=(80, 24)) as show:
        await show.press("question_mark")
        await show.until_shown("Keys")
        text = show.text()
        for key in (*FLEET, *WRITE, *EVERYWHERE):
            assert f" {key.printed} " in text
            assert key.help in text
        assert "state:x" in text
        await show.press("question_mark")
        await show.until_shown("REGISTRATION")


async def test_80_by_24_has_18_rows_and_the_columns_that_matter() -> None:
    many = tuple(leg(f"trunk-{n:02d}", "fra-1") for n in range(60))
    async with showing(Snapshot(1, NOW, sbcs=(sbc("fra-1"),), legs=many), (80, 24)) as show:
        assert len(rows(show.text("grid"))) == 18
        assert show.text("titles").split() == [
            *("STATE", "LEG", "REGISTRATION", "OPTIONS", "CHAN", "OF", "CAP", "AGE")
        ]
        assert "? all keys" in show.text("foot")
        assert "registered, next REGISTER" in show.text("detail")


async def test_40_by_10_still_shows_state_leg_age_and_the_sentence() -> None:
    async with showing(size=(40, 10)) as show:
        first = rows(show.text("grid"))[0]
        assert first.split() == ["▸", "✖", "DOWN", "alpha-us@nyc-1", "3s"]
        assert "DOWN 6 m 12 s: registration gave up" in show.text("detail")
        assert "READ-ONLY" in show.text("head")


async def test_any_size_is_survived() -> None:
    async with showing() as show:
        for size in ((1, 1), (5, 2), (20, 3), (300, 80), (40, 10), (80, 24)):
            await show._pilot.resize_terminal(*size)
            await show.press("j")
            assert show.app.return_code is None
        await show.until_shown("alpha-us@nyc-1")


async def test_nothing_configured_says_what_to_write() -> None:
    async with showing(Snapshot(0, NOW), (80, 24)) as show:
        assert "[[sbc]]" in show.text("grid")
        assert "config.example.toml" in show.text("grid")


async def test_discovery_names_the_sbcs_that_are_asked() -> None:
    snapshot = never_polled(Snapshot(0, NOW, sbcs=(sbc("nyc-1"), sbc("lon-2"), sbc("fra-1"))))
    async with showing(snapshot, (80, 24)) as show:
        assert "asking 3 SBCs for their trunks ..." in show.text("grid")
        assert "lon-2  not answered yet" in show.text("grid")


async def test_an_sbc_that_cannot_be_reached_is_told_where_the_trunks_would_stand() -> None:
    snapshot = Snapshot(0, NOW, sbcs=(broken_sbc("lab-1"),))
    async with showing(snapshot, (80, 24)) as show:
        assert "No SBC answers" in show.text("grid")
        assert "Asterisk does not answer" in show.text("grid")


async def test_engine_trouble_comes_first_in_the_news() -> None:
    async with showing() as show:
        show.feed.put(fleet(), EngineStatus(alive=False, notice=Safe("engine died: starting it again")))
        await show.until_shown(" engine died: starting it again  ·  lab-1: Asterisk")
        show.feed.put(fleet(), EngineStatus(alive=True, restarts=2))
        await show.until_shown("engine restarted (2×)")
        show.feed.end()
        await show.until_shown("feed ended")


async def test_copying_says_so_and_under_tmux_tells_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    async with showing() as show:
        await show.press("y")
        await show.until_shown("copied by OSC 52")
        assert show.app.clipboard.startswith("alpha-us@nyc-1  DOWN 6 m 12 s: registration gave up")
        monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
        await show.press("y")
        await show.until_shown("tmux: set -g set-clipboard on")


async def test_hostile_names_are_shown_as_text_and_nothing_happens() -> None:
    async with showing(hostile_fleet()) as show:
        text = show.text("grid")
        assert "[@click=app.quit]x" in text
        assert ":smile:" in text
        assert "[/]" in text
        for _ in HOSTILE:
            await show.press("j", "enter")
            await show.until(lambda: isinstance(show.app.screen, DetailScreen))
            await show.press("escape")
            await show.until(lambda: not isinstance(show.app.screen, DetailScreen))
        assert show.app.return_code is None


async def test_ascii_alone_is_painted_where_nothing_else_can_be() -> None:
    async with showing(hostile_fleet(), ascii_only=True) as show:
        assert show.text().isascii()
        await show.press("enter")
        await show.until_shown("fleet >")
        assert show.text().isascii()


async def test_the_tick_repaints_no_row_whose_text_is_the_same() -> None:
    async with showing() as show:
        painted = dict(show.grid._painted)
        show.app.screen.draw()  # type: ignore[attr-defined]
        assert not show.grid._repaint_regions
        assert {y: line.strip.text for y, line in show.grid._painted.items()} == {
            y: line.strip.text for y, line in painted.items()
        }


async def test_only_the_cells_that_changed_are_marked_dirty() -> None:
    async with showing() as show:
        first: LegStatus = show.grid._content.legs[2]
        snapshot = changed(fleet(), first.id, probe=replace(first.probe, rtt_ms=413.0))
        show.app._watch.accept(FeedUpdate(snapshot, EngineStatus(alive=True)), NOW)
        show.app.screen.draw()  # type: ignore[attr-defined]
        assert {(r.y, r.height, r.width) for r in show.grid._repaint_regions} == {(2, 1, 1)}
