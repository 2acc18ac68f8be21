"""Pictures of the screens: they change only when somebody means it (`pytest --snapshot-update`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta, timezone

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from tests.marking import ack, maintenance
from tests.tui.acting_samples import CAUSE, PAUSE, UNLOCKED, YES, FakeEngine
from tests.tui.finding_samples import found
from tests.tui.fleet_samples import NOW, fleet
from tests.tui.pasts import EPOCH, FakeHistory, changes, polls
from tests.tui.running import Show
from trunktui.model.health import Severity
from trunktui.model.marks import MarksNote, Scope, Target
from trunktui.model.snapshot import Snapshot

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


@pytest.mark.parametrize(
    ("size", "theme"), [("160x45", "dark"), ("80x24", "ansi"), ("80x24", "mono"), ("40x10", "dark")]
)
def test_confirming_an_action(snap_compare: Compare, size: str, theme: str) -> None:
    show = Show(fleet(), theme=theme, requests=FakeEngine(fleet().legs))
    assert snap_compare(show.app, terminal_size=SIZES[size], run_before=confirmed(show))


@pytest.mark.parametrize(("size", "theme"), [("160x45", "dark"), ("80x24", "mono")])
def test_an_action_that_needs_a_name_typed(snap_compare: Compare, size: str, theme: str) -> None:
    engine = FakeEngine(fleet().legs)
    engine.rulings = (CAUSE, YES)
    show = Show(fleet(), theme=theme, requests=engine)
    assert snap_compare(show.app, terminal_size=SIZES[size], run_before=confirmed(show, *"alph"))


@pytest.mark.parametrize("theme", ["dark", "mono"])
def test_a_refused_action(snap_compare: Compare, theme: str) -> None:
    engine = FakeEngine(fleet().legs)
    engine.rulings = (PAUSE, YES)
    show = Show(fleet(), theme=theme, requests=engine)
    assert snap_compare(show.app, terminal_size=(80, 24), run_before=confirmed(show))


def test_confirming_in_ascii(snap_compare: Compare) -> None:
    show = Show(fleet(), theme="mono", ascii_only=True, requests=FakeEngine(fleet().legs))
    assert snap_compare(show.app, terminal_size=(80, 24), run_before=confirmed(show))


@pytest.mark.parametrize(("ending", "theme"), [("verified", "dark"), ("unverified", "mono")])
def test_how_an_action_ended(snap_compare: Compare, ending: str, theme: str) -> None:
    engine = FakeEngine(fleet().legs)
    engine.gone = ending == "unverified"
    engine.go.set()
    show = Show(fleet(), theme=theme, requests=engine)
    assert snap_compare(show.app, terminal_size=(80, 24), run_before=confirmed(show, "y"))


@pytest.mark.parametrize("size", SIZES)
def test_the_fleet_in_write_mode_during_an_action(snap_compare: Compare, size: str) -> None:
    engine = FakeEngine(fleet().legs)
    show = Show(fleet(), theme="ansi", requests=engine)

    async def play(pilot: Pilot[None]) -> None:
        await confirmed(show, "y", "escape")(pilot)
        show.now += 4
        show.feed.put(fleet(), doings=engine.running())
        await show.until(lambda: bool(show.app._watch.doings.running))
        show.app.screen.draw()  # type: ignore[attr-defined]
        await pilot.pause()

    assert snap_compare(show.app, terminal_size=SIZES[size], run_before=play)


def confirmed(show: Show, *keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what to do before the picture: write mode, R, the time to read, some keys."""

    async def play(pilot: Pilot[None]) -> None:
        await polled(show)(pilot)
        show.feed.put(fleet(), doings=UNLOCKED)
        await show.until(lambda: show.app._watch.doings is UNLOCKED and not show.app._draw_pending)
        await show.press("R")
        await show.until(lambda: getattr(show.app.screen, "_drawn_at", None) is not None)
        show.now += 1
        await show.press(*keys)
        await pilot.pause()
        show.app.screen.draw()  # type: ignore[attr-defined]
        await pilot.pause()

    return play


@pytest.mark.parametrize(
    ("size", "theme"), [("160x45", "dark"), ("80x24", "mono"), ("80x24", "ansi"), ("40x10", "light")]
)
def test_the_fleet_with_marks(snap_compare: Compare, size: str, theme: str) -> None:
    show = Show(fleet(), theme=theme)

    async def play(pilot: Pilot[None]) -> None:
        await polled(show)(pilot)
        await show.news(with_marks())
        await show.press("g", "j", "j", "j")
        show.app.screen.draw()  # type: ignore[attr-defined]
        await pilot.pause()

    assert snap_compare(show.app, terminal_size=SIZES[size], run_before=play)


def with_marks() -> Snapshot:
    """Return the fleet with its worst leg acknowledged and two legs in the maintenance of their SBC."""
    whole = fleet()
    box = maintenance(Target(Scope.SBC, "lon-2"))
    known = ack(Target(Scope.LEG, "alpha-us@nyc-1"), severity=Severity.CRITICAL)
    legs = tuple(
        replace(one, maintenance=box)
        if one.sbc == "lon-2"
        else replace(one, acknowledged=known)
        if one.id == known.target.name
        else one
        for one in whole.legs
    )
    return replace(whole, generation=8, legs=legs, marks=MarksNote(read=True))


def test_the_help(snap_compare: Compare) -> None:
    show = Show(fleet())
    assert snap_compare(show.app, terminal_size=(80, 24), run_before=polled(show, "question_mark"))


HOUR_3 = timezone(timedelta(hours=3))


def remembered() -> FakeHistory:
    """Return a history with a gap, a bad hour, an outage in it, and what happened."""
    now = EPOCH + NOW
    return FakeHistory(now, polls(now, gap=(14400, 11000)), changes(now, 3, "alpha-us@nyc-1"))


def recalled(show: Show, seen: Callable[[], bool], *keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what to do before the picture: one poll, some keys, the time until the past is there."""

    async def play(pilot: Pilot[None]) -> None:
        await polled(show, *keys)(pilot)
        await show.until(seen)
        await pilot.pause()

    return play


@pytest.mark.parametrize("theme", ["dark", "mono"])
def test_the_fleet_with_charts(snap_compare: Compare, theme: str) -> None:
    show = Show(fleet(), theme=theme, history=remembered())
    play = recalled(show, lambda: "in 8h" in show.text("detail"))
    assert snap_compare(show.app, terminal_size=(160, 45), run_before=play)


@pytest.mark.parametrize(
    ("size", "theme"),
    [("160x45", "dark"), ("160x45", "mono"), ("80x24", "ansi"), ("80x24", "light"), ("40x10", "dark")],
)
def test_the_charts_of_a_leg(snap_compare: Compare, size: str, theme: str) -> None:
    show = Show(fleet(), theme=theme, history=remembered(), zone=HOUR_3)
    play = recalled(show, lambda: show.app._stage.past._read is not None, "enter")
    assert snap_compare(show.app, terminal_size=SIZES[size], run_before=play)


def test_the_charts_of_a_leg_in_ascii(snap_compare: Compare) -> None:
    show = Show(fleet(), theme="mono", ascii_only=True, history=remembered())
    play = recalled(show, lambda: "outages" in show.text("page"), "enter")
    assert snap_compare(show.app, terminal_size=(80, 24), run_before=play)


@pytest.mark.parametrize("theme", ["dark", "mono"])
@pytest.mark.parametrize("size", SIZES)
def test_the_events(snap_compare: Compare, size: str, theme: str) -> None:
    show = Show(fleet(), theme=theme, history=remembered(), zone=HOUR_3)
    play = recalled(show, lambda: "25 Nov" in show.text("page"), "e")
    assert snap_compare(show.app, terminal_size=SIZES[size], run_before=play)


def test_the_events_of_a_leg_that_has_none(snap_compare: Compare) -> None:
    show = Show(fleet(), history=FakeHistory(EPOCH + NOW))
    play = recalled(show, lambda: "No events about" in show.text("page"), "enter", "e")
    assert snap_compare(show.app, terminal_size=(80, 24), run_before=play)


def foreseeing(show: Show, snapshot: Snapshot, *keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what to do before the picture: a poll with what was found, some keys."""

    async def play(pilot: Pilot[None]) -> None:
        show.pilot = pilot
        await show.news(snapshot)
        await pilot.press(*keys)
        await pilot.pause()
        show.app.screen.draw()  # type: ignore[attr-defined]
        await pilot.pause()

    return play


@pytest.mark.parametrize(
    ("size", "theme"),
    [
        *(("160x45", "dark"), ("160x45", "mono"), ("80x24", "dark"), ("80x24", "ansi"), ("80x24", "mono")),
        *(("40x10", "light"), ("40x10", "mono")),
    ],
)
def test_the_findings(snap_compare: Compare, size: str, theme: str) -> None:
    show = Show(fleet(), theme=theme)
    play = foreseeing(show, found(), "C", "j")
    assert snap_compare(show.app, terminal_size=SIZES[size], run_before=play)


def test_the_findings_in_ascii(snap_compare: Compare) -> None:
    show = Show(fleet(), theme="mono", ascii_only=True)
    play = foreseeing(show, found(notice="what was recorded is not known: permission denied"), "C")
    assert snap_compare(show.app, terminal_size=(80, 24), run_before=play)


@pytest.mark.parametrize(("size", "theme"), [("160x45", "dark"), ("80x24", "mono"), ("40x10", "dark")])
def test_a_finding_in_full(snap_compare: Compare, size: str, theme: str) -> None:
    show = Show(fleet(), theme=theme)
    assert snap_compare(
        show.app, terminal_size=SIZES[size], run_before=foreseeing(show, found(), "C", "j", "enter")
    )


def test_no_findings(snap_compare: Compare) -> None:
    show = Show(fleet())
    nothing = replace(fleet(), findings=())
    assert snap_compare(show.app, terminal_size=(80, 24), run_before=foreseeing(show, nothing, "C"))


def test_findings_that_were_not_looked_for(snap_compare: Compare) -> None:
    show = Show(fleet())
    assert snap_compare(show.app, terminal_size=(80, 24), run_before=foreseeing(show, fleet(), "C"))


@pytest.mark.parametrize("size", ["160x45", "80x24"])
def test_the_ages_of_credentials(snap_compare: Compare, size: str) -> None:
    show = Show(fleet())
    play = foreseeing(show, found(), *":credentials", "enter")
    assert snap_compare(show.app, terminal_size=SIZES[size], run_before=play)


def test_the_fleet_with_findings_and_ages(snap_compare: Compare) -> None:
    show = Show(fleet())
    assert snap_compare(show.app, terminal_size=(160, 45), run_before=foreseeing(show, found()))


def test_the_page_of_a_leg_with_findings(snap_compare: Compare) -> None:
    show = Show(fleet())
    assert snap_compare(show.app, terminal_size=(100, 40), run_before=foreseeing(show, found(), "enter"))
