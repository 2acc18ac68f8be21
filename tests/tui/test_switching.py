"""Switching from the screen: chosen, shown and confirmed by the group's name, told of each SBC, and taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace
from textual import events
from textual.pilot import Pilot

from tests.tui.acting_samples import UNLOCKED
from tests.tui.fleet_samples import fleet
from tests.tui.running import Show, showing
from tests.tui.switch_samples import (
    DOWN,
    GLASS,
    GROUP,
    LEG,
    SBCS,
    FakeSwitchEngine,
    routed,
    undoable,
)
from tests.tui.test_acting import bound, two_seconds, unlocked
from trunktui.model.acting import Doings
from trunktui.model.action import Consent, Ending
from trunktui.model.request import Decline, PerformSwitch, PrepareSwitch
from trunktui.model.snapshot import Snapshot
from trunktui.model.switch import SwitchKind, Wish
from trunktui.tui.asking_screen import GRACE_S
from trunktui.tui.switch_pages import SwitchConfirmScreen, SwitchProgressScreen
from trunktui.tui.switch_screen import SwitchScreen

SIZES = [(160, 45), (80, 24), (40, 10)]
TO_BETA = Wish(SwitchKind.SWITCH, GROUP, to="beta-us", sbcs=("nyc-1",))


@asynccontextmanager
async def switching(
    snapshot: Snapshot | None = None,
    size: tuple[int, int] = (160, 45),
    *,
    doings: Doings = UNLOCKED,
    theme: str = "dark",
    ascii_only: bool = False,
) -> AsyncIterator[tuple[Show, FakeSwitchEngine]]:
    """Run the app over an engine that switches; the cursor is on LEG, the only leg of its trunk that is out."""
    engine = FakeSwitchEngine()
    whole = routed() if snapshot is None else snapshot
    async with showing(whole, size, requests=engine, theme=theme, ascii_only=ascii_only) as show:
        await unlocked(show, doings)
        while show.grid.cursor_leg != LEG:
            await show.press("j")
        yield show, engine


async def chosen(show: Show, engine: FakeSwitchEngine) -> None:
    """Press S and enter, and give the plan the time that it takes to be read."""
    await show.press("S")
    await show.until(lambda: len(engine.of(PrepareSwitch)) >= 3)
    await show.until(lambda: "asking" not in show.text())
    await show.press("enter")
    await readable(show)


async def readable(show: Show) -> None:
    """Wait for the plan, and let the time pass in which it can be read."""
    await show.until(lambda: isinstance(show.app.screen, SwitchConfirmScreen))
    await show.until(lambda: show.app.screen._drawn_at is not None)  # type: ignore[attr-defined]
    show.now += GRACE_S


async def agreed(show: Show) -> None:
    """Type the group's name and say yes."""
    await show.press(*GROUP, "enter")
    await show.until_shown("y yes")
    await show.press("y")
    await show.until(lambda: isinstance(show.app.screen, SwitchProgressScreen))


def first_wish(engine: FakeSwitchEngine) -> Wish:
    request = engine.of(PrepareSwitch)[-1]
    assert isinstance(request, PrepareSwitch)
    return request.wish


async def test_read_only_has_no_key_that_switches_and_each_says_how_to_unlock() -> None:
    async with switching(doings=Doings()) as (show, engine):
        for key in ("S", "F", "u"):
            assert key not in bound(show)
            await show.press(key)
            await show.until_shown("read-only: type :write to unlock write mode for 15 minutes")
        assert not engine.asked


@pytest.mark.parametrize("size", SIZES)
async def test_the_trunks_of_the_group_stand_there_with_state_room_and_why_not(size: tuple[int, int]) -> None:
    async with switching(size=size) as (show, engine):
        await show.press("S")
        await show.until(lambda: len(engine.of(PrepareSwitch)) >= 3 and "asking" not in show.text())
        text = show.text()
        assert isinstance(show.app.screen, SwitchScreen)
        for part in ("DOWN  alpha-us", "> ● UP    beta-us", "24/60 free", "on nyc-1"):
            assert part in text, part
        if size[0] > 40:
            assert "carries it now" in text
        await show.press("j")
        shown = " ".join(show.text("page").split())
        await show.until(lambda: "nothing is" in show.text() or size[1] < 12)
        assert engine.of(PerformSwitch) == []
        assert shown


async def test_one_bad_leg_is_switched_on_its_own_sbc_and_a_takes_all_of_them() -> None:
    async with switching() as (show, engine):
        await show.press("S")
        await show.until_shown("on nyc-1   a all 3 SBCs")
        await show.press("a")
        await show.until_shown("on nyc-1, fra-1, lon-2   a this SBC alone")
        await show.until(lambda: first_wish(engine).sbcs == SBCS)
        await show.press("a", "enter")
        await show.until(lambda: isinstance(show.app.screen, SwitchConfirmScreen))
        await show.until(lambda: first_wish(engine) == TO_BETA)


@pytest.mark.parametrize(("key", "page"), [("S", SwitchScreen), ("F", SwitchConfirmScreen)])
async def test_a_key_on_the_heels_of_one_that_opens_a_page_is_no_key_of_the_fleet(
    key: str, page: type[object]
) -> None:
    async with switching(routed(moved=True, clean_s=372.0)) as (show, engine):
        for one in (key, "a", "colon"):
            show.app.post_message(events.Key(one, one if len(one) == 1 else ":"))
        await show.until(lambda: isinstance(show.app.screen, page))
        await show.until(lambda: bool(engine.of(PrepareSwitch)))
        if page is SwitchScreen:
            await show.until_shown("a this SBC alone")
        await show.press("escape")
        await show.until(lambda: not isinstance(show.app.screen, page))
        assert not show.app.screen._foot.typing  # type: ignore[attr-defined]
        assert engine.asked == engine.of(PrepareSwitch) + engine.of(Decline)


async def test_when_the_carrier_is_out_all_sbcs_are_meant_from_the_start() -> None:
    async with switching(routed(out=True)) as (show, engine):
        await chosen(show, engine)
        assert first_wish(engine) == replace(TO_BETA, sbcs=SBCS)


@pytest.mark.parametrize("size", SIZES)
async def test_the_name_is_typed_enter_is_no_yes_and_y_sends_once(size: tuple[int, int]) -> None:
    async with switching(size=size) as (show, engine):
        await chosen(show, engine)
        await show.until_shown("type the group's name:")
        await show.press("y", "enter")
        await show.until(lambda: "'y' is not the name that is" in " ".join(show.text().split()))
        await show.press("enter", *GROUP, "enter")
        await show.until_shown("y yes")
        await show.press("enter", "enter")
        await show.until_shown("enter alone is no yes")
        assert not engine.of(PerformSwitch)
        await show.press("y", "y", "enter")
        await show.until(lambda: isinstance(show.app.screen, SwitchProgressScreen))
        (performed,) = engine.of(PerformSwitch)
        assert isinstance(performed, PerformSwitch)
        assert performed.consent == Consent(yes=True, typed=GROUP)


async def test_each_sbc_is_shown_with_what_runs_what_stays_what_moves_and_what_fits() -> None:
    async with switching(routed(out=True)) as (show, engine):
        await chosen(show, engine)
        text = show.text("page")
        for name in SBCS:
            assert f" {name:<13}alpha-us -> beta-us   12 calls stay; 12 to move; room 24 of 60" in text
        for part in (
            '"database put trunk us-outbound beta-us"   over ssh noc@10.20.0.11',
            "Warning      room: 36 to move, 24 free of 60 on beta-us: 66 % of it fits",
            "Warning      lon-2: a dialplan reload loses it",
            "Consequence  new calls go to beta-us from now on",
            "Undo         database put trunk us-outbound alpha-us",
            "Guard        fresh: legs and route were read 3 s ago",
        ):
            assert part in text, part
        assert text.count("Consequence") == 1


async def test_a_plan_that_became_another_one_drops_the_name_that_was_typed() -> None:
    async with switching() as (show, engine):
        await chosen(show, engine)
        await show.press(*GROUP, "enter")
        await show.until_shown("y yes")
        engine.command = "database put trunk us-outbound gamma-us"
        two_seconds(show)
        await show.until_shown("the plan is another one than you were reading")
        await show.press("y")
        assert not engine.of(PerformSwitch)
        await show.until_shown("type the group's name:")


async def test_what_the_guards_refuse_is_shown_first_and_recorded_once() -> None:
    async with switching(size=(80, 24)) as (show, engine):
        await show.press("S")
        await show.until(lambda: len(engine.of(PrepareSwitch)) >= 3)
        await show.press("j", "enter")
        await readable(show)
        assert "REFUSED" in show.text("page").splitlines()[1]
        await show.press("y", "enter", "y")
        two_seconds(show)
        await show.until(lambda: len(engine.of(Decline)) == 1)
        assert not engine.of(PerformSwitch)
        assert DOWN.sentence.split(",")[0] in " ".join(show.text("page").split())
        await show.press("escape")
        await show.until(lambda: isinstance(show.app.screen, SwitchScreen))


async def test_where_one_sbc_is_refused_a_goes_on_with_the_others() -> None:
    async with switching(routed(out=True)) as (show, engine):
        engine.refused = {"beta-us": DOWN}
        await chosen(show, engine)
        await show.until_shown("a all but those")
        assert "REFUSED      target: nyc-1: gamma-us is down" in show.text("page")
        await show.press("a")
        await show.until_shown("without nyc-1, where it is refused")
        await readable(show)
        assert first_wish(engine) == replace(TO_BETA, sbcs=SBCS[1:])
        await agreed(show)
        assert len(engine.of(PerformSwitch)) == 1


async def test_breaking_the_glass_takes_the_name_a_reason_and_those_very_words() -> None:
    async with switching() as (show, engine):
        engine.ruling = GLASS
        await chosen(show, engine)
        assert "break glass: beta-us@fra-1 flaps" in show.text("page")
        await show.press(*GROUP, "enter")
        await show.until_shown("reason:")
        await show.press(*"NOC", "space", *"7", "enter")
        await show.until_shown("type break glass")
        await show.press(*"yes", "enter")
        await show.until_shown("'yes' is not break glass")
        assert "y yes" not in show.text("foot")
        await show.press(*"break", "space", *"glass", "enter")
        await show.until_shown("y yes")
        await show.press("y")
        await show.until(lambda: bool(engine.of(PerformSwitch)))
        (performed,) = engine.of(PerformSwitch)
        assert isinstance(performed, PerformSwitch)
        assert performed.consent == Consent(yes=True, typed=GROUP, reason="NOC 7", glass=True)


@pytest.mark.parametrize("size", SIZES)
async def test_each_sbc_is_told_as_done_at_work_or_waiting_and_the_end_offers_the_undo(
    size: tuple[int, int],
) -> None:
    async with switching(routed(out=True), size) as (show, engine):
        await chosen(show, engine)
        await agreed(show)
        await unlocked(show, engine.running(2))
        show.app._tick()
        words = [line.split()[:2] for line in show.text("page").splitlines()]
        assert [pair for pair in words if pair and pair[0] in SBCS] == [
            ["nyc-1", "done"],
            ["fra-1", "NOW"],
            ["lon-2", "waiting"],
        ]
        await show.press("u")
        await show.until_shown("it is still under way")
        engine.go.set()
        await show.until_shown("VERIFIED")
        await unlocked(show, replace(UNLOCKED, undoable=(undoable(),)))
        show.now += 8  # what was said in the footer has gone
        two_seconds(show)
        await show.until(lambda: "u undo 14:2" in show.text("foot"))
        await show.press("G", "g")
        two_seconds(show)
        if size[1] > 12:
            await show.until_shown("u takes it back, for 14 m 2")
        await show.press("u")
        await readable(show)
        assert first_wish(engine) == Wish(SwitchKind.UNDO, GROUP, undoes=tuple(f"s1.{name}" for name in SBCS))
        assert "Take back the switch of us-outbound" in show.text("page")


async def test_a_switch_that_failed_in_the_middle_says_what_is_switched_and_what_is_not() -> None:
    async with switching(routed(out=True)) as (show, engine):
        engine.ending = Ending.UNVERIFIED
        await chosen(show, engine)
        await agreed(show)
        engine.go.set()
        await show.until_shown("UNVERIFIED")
        text = show.text("page")
        for part in (
            "nyc-1         verified",
            "fra-1         unverified",
            "lon-2         untouched",
            ":verify",
        ):
            assert part in text, part
        await show.press("escape")
        await show.until(lambda: not isinstance(show.app.screen, SwitchProgressScreen | SwitchScreen))


async def test_left_alone_it_goes_on_and_s_shows_how_it_ended() -> None:
    async with switching() as (show, engine):
        await chosen(show, engine)
        await agreed(show)
        await show.press("escape")
        await show.until(lambda: not isinstance(show.app.screen, SwitchProgressScreen | SwitchScreen))
        await unlocked(show, engine.running(1))
        await show.until(lambda: "switch of us-outbound since" in show.text("head"))
        engine.go.set()
        await show.until(lambda: "switch of us-outbound VERIFIED" in show.text("head"))
        await unlocked(show)
        await show.press("S")
        await show.until(lambda: isinstance(show.app.screen, SwitchProgressScreen))
        await show.press("escape")
        await show.until(lambda: "VERIFIED" not in show.text("head"))


@pytest.mark.parametrize("size", SIZES)
async def test_what_can_be_taken_back_counts_down_and_u_asks_for_the_name(size: tuple[int, int]) -> None:
    doings = replace(UNLOCKED, undoable=(undoable(("nyc-1",)),))
    async with switching(size=size, doings=doings) as (show, engine):
        assert "u undo 14:32" in show.text("foot")
        if size[1] > 12:
            assert "UNDO  u takes us-outbound back to alpha-us, for 14 m 32 s more" in show.text("tip")
        show.now += 60
        two_seconds(show)
        await show.until(lambda: "u undo 13:32" in show.text("foot"))
        await show.press("u")
        await readable(show)
        await agreed(show)
        (performed,) = engine.of(PerformSwitch)
        assert isinstance(performed, PerformSwitch)
        assert performed.consent.typed == GROUP


async def test_a_broken_glass_is_on_the_line_of_news_of_everybody_until_it_is_old() -> None:
    broken = replace(undoable(("nyc-1",), left_s=60.0), went="beta-us", glass=True)
    async with switching(size=(80, 24), doings=replace(UNLOCKED, undoable=(broken,))) as (show, _):
        assert "GLASS broken by noc: us-outbound to beta-us on nyc-1" in show.text("head")
        show.now += 61
        two_seconds(show)
        await show.until(lambda: "GLASS" not in show.text("head"))


async def test_what_was_long_ago_is_not_offered_and_u_says_so() -> None:
    doings = replace(UNLOCKED, undoable=(undoable(left_s=1.0),))
    async with switching(doings=doings) as (show, engine):
        show.now += 2
        two_seconds(show)
        await show.until(lambda: "u undo" not in show.text("foot"))
        assert "UNDO" not in show.text("tip")
        await show.press("u")
        await show.until_shown("nothing to undo")
        assert not engine.asked


async def test_a_first_trunk_that_is_clean_again_is_offered_and_f_confirms_the_way_back() -> None:
    async with switching(routed(moved=True, clean_s=372.0)) as (show, engine):
        assert "BACK  alpha-us is clean for 6 m 12 s: F fails us-outbound back" in show.text("tip")
        assert "F fail back" in show.text("foot")
        await show.press("F")
        await readable(show)
        assert first_wish(engine) == Wish(SwitchKind.FAILBACK, GROUP)
        assert "Fail us-outbound back to alpha-us" in show.text("page")


async def test_one_that_is_not_clean_for_long_is_not_offered_and_the_guards_say_what_is_missing() -> None:
    async with switching(routed(moved=True, clean_s=60.0)) as (show, engine):
        assert "BACK" not in show.text("tip")
        await show.press("F")
        await show.until(lambda: isinstance(show.app.screen, SwitchConfirmScreen))
        assert first_wish(engine) == Wish(SwitchKind.FAILBACK, GROUP)


async def test_a_leg_whose_group_has_no_route_says_what_the_config_lacks() -> None:
    async with switching(fleet()) as (show, engine):
        await show.press("S")
        await show.until_shown("us-outbound uses: set [group.switch]")
        assert not engine.asked


@pytest.mark.parametrize("theme", ["mono", "ansi"])
async def test_without_colour_and_in_ascii_nothing_is_lost(theme: str) -> None:
    async with switching(routed(out=True), (80, 24), theme=theme, ascii_only=True) as (show, engine):
        await show.press("S")
        await show.until(lambda: len(engine.of(PrepareSwitch)) >= 3 and "asking" not in show.text())
        assert all(ord(char) < 128 for char in show.text())
        await show.press("enter")
        await readable(show)
        assert all(ord(char) < 128 for char in show.text())
        await agreed(show)
        engine.go.set()
        await show.until_shown("VERIFIED")
        assert all(ord(char) < 128 for char in show.text())


def played(
    show: Show, engine: FakeSwitchEngine, whole: Snapshot, stop: str
) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what to do before the picture of a stage: `choose`, `confirm`, `progress`, `ended`."""

    async def play(pilot: Pilot[None]) -> None:
        show.pilot = pilot
        await show.news(whole)
        await unlocked(show)
        await show.press("S")
        await show.until(lambda: len(engine.of(PrepareSwitch)) >= 3 and "asking" not in show.text())
        if stop != "choose":
            await show.press("enter")
            await readable(show)
        if stop in {"progress", "ended"}:
            await agreed(show)
            await unlocked(show, engine.running(2))
        if stop == "ended":
            engine.go.set()
            await show.until_shown("VERIFIED")
            await unlocked(show, replace(UNLOCKED, undoable=(undoable(),)))
        show.app.screen.draw()  # type: ignore[attr-defined]
        await pilot.pause()

    return play


@pytest.mark.parametrize(
    ("stop", "size", "theme"),
    [
        ("choose", (160, 45), "dark"),
        ("choose", (80, 24), "mono"),
        ("confirm", (160, 45), "dark"),
        ("confirm", (80, 24), "ansi"),
        ("progress", (80, 24), "mono"),
        ("ended", (160, 45), "dark"),
    ],
)
def test_pictures_of_a_switch(
    snap_compare: Callable[..., bool], stop: str, size: tuple[int, int], theme: str
) -> None:
    engine, whole = FakeSwitchEngine(), routed(out=True)
    show = Show(whole, theme=theme, requests=engine)
    assert snap_compare(show.app, terminal_size=size, run_before=played(show, engine, whole, stop))
