"""Acting from the screen: read-only until unlocked, shown and confirmed on the pinned leg, told until it was seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from tests.actions.test_secrets import CANARIES
from tests.tui.acting_samples import (
    CAUSE,
    LAST,
    LEG,
    LOCKED_OUT,
    PAUSE,
    UNFINISHED,
    UNLOCKED,
    YES,
    FakeEngine,
)
from tests.tui.fleet_samples import HOSTILE, NOW, fleet
from tests.tui.running import Show, showing
from trunktui.model.acting import Doings
from trunktui.model.action import Consent, Verb
from trunktui.model.feed import EngineStatus
from trunktui.model.health import LegState, Severity
from trunktui.model.observation import Evidence
from trunktui.model.request import Decline, Lock, Perform, Prepare, Unlock, Verify
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe, clean
from trunktui.transport.lines import safe_lines
from trunktui.tui.confirm_screen import GRACE_S, ConfirmScreen
from trunktui.tui.progress_screen import EndedScreen, ProgressScreen

SIZES = [(160, 45), (80, 24), (40, 10)]


@asynccontextmanager
async def acting(
    size: tuple[int, int] = (160, 45), *, write: bool = True, theme: str = "dark"
) -> AsyncIterator[tuple[Show, FakeEngine]]:
    """Run the app over an engine that acts; with `write` its write mode is unlocked. The cursor is on LEG."""
    engine = FakeEngine(fleet().legs)
    async with showing(size=size, requests=engine, theme=theme) as show:
        assert show.grid.cursor_leg == LEG
        if write:
            await unlocked(show)
        yield show, engine


async def unlocked(show: Show, doings: Doings = UNLOCKED) -> None:
    show.feed.put(show.app._watch.snapshot, doings=doings)
    await show.until(lambda: show.app._watch.doings is doings and not show.app._draw_pending)


def two_seconds(show: Show) -> None:
    """Let two seconds strike, of which one is for the table."""
    show.app._tick()
    show.app._tick()


def bound(show: Show) -> set[str]:
    return set(show.app.screen._bindings.key_to_bindings)


async def confirming(show: Show, engine: FakeEngine) -> None:
    """Press R, and give the plan the time that it takes to be read."""
    before = len(engine.of(Prepare))
    await show.press("R")
    await show.until(lambda: isinstance(show.app.screen, ConfirmScreen))
    await show.until(lambda: len(engine.of(Prepare)) > before and "Will run" in show.text())
    await show.until(lambda: show.app.screen._drawn_at is not None)  # type: ignore[attr-defined]
    show.now += GRACE_S


async def begun(show: Show, engine: FakeEngine) -> None:
    """Press R and y, and let the engine tell of it."""
    await confirming(show, engine)
    await show.press("y")
    await show.until(lambda: bool(engine.of(Perform)))
    await unlocked(show, engine.running())


@pytest.mark.parametrize("where", ["fleet", "leg"])
async def test_read_only_has_no_key_that_acts_and_says_how_to_unlock(where: str) -> None:
    async with acting(write=False) as (show, engine):
        if where == "leg":
            await show.press("enter")
        assert "R" not in bound(show)
        await show.press("R")
        await show.until_shown("read-only: type :write to unlock write mode for 15 minutes")
        await unlocked(show)
        await show.until(lambda: "R" in bound(show))
        await unlocked(show, Doings())
        await show.until(lambda: "R" not in bound(show))
        assert not engine.of(Prepare)


@pytest.mark.parametrize("size", SIZES)
async def test_write_mode_is_asked_of_the_engine_and_its_countdown_stands_in_every_head(
    size: tuple[int, int],
) -> None:
    async with acting(size, write=False) as (show, engine):
        await show.press(*":write", "enter")
        await show.until(lambda: bool(engine.of(Unlock)))
        assert "WRITE" not in show.text("head"), "the engine says when, not the key"
        await unlocked(show)
        assert " WRITE 14:12 " in show.text("head")
        assert "READ-ONLY" not in show.text()
        show.now += 60
        two_seconds(show)
        await show.until(lambda: " WRITE 13:12 " in show.text("head"))
        await show.press("enter")
        await show.until(lambda: " WRITE 13:12 " in show.text("path"))
        await show.press("escape")
        show.now = NOW + 853
        two_seconds(show)
        await show.until(lambda: "WRITE" not in show.text("head"))
        assert "R" not in bound(show)


@pytest.mark.parametrize("typed", [":readonly", ":write off"])
async def test_write_mode_can_be_ended_at_once(typed: str) -> None:
    async with acting() as (show, engine):
        await show.press(*("space" if char == " " else char for char in typed), "enter")
        await show.until(lambda: bool(engine.of(Lock)))


async def test_started_with_write_it_unlocks_once_the_engine_is_there() -> None:
    engine = FakeEngine(fleet().legs)
    async with showing(requests=engine, write=True) as show:
        await show.until(lambda: len(engine.of(Unlock)) == 1)
        show.feed.put(fleet(), EngineStatus(alive=False))
        show.feed.put(fleet(), EngineStatus(alive=True, restarts=1))
        await show.until(lambda: "engine restarted" in show.text())
        assert len(engine.of(Unlock)) == 1, "an engine that was started again is read-only"


@pytest.mark.parametrize("size", SIZES)
async def test_enter_is_no_yes_escape_is_no_and_y_sends_once(size: tuple[int, int]) -> None:
    async with acting(size) as (show, engine):
        await confirming(show, engine)
        await show.press("enter", "enter")
        await show.until_shown("enter alone is no yes")
        await show.press("escape")
        await show.until(lambda: not isinstance(show.app.screen, ConfirmScreen))
        assert not engine.of(Perform)
        await begun(show, engine)
        assert isinstance(show.app.screen, ProgressScreen)
        (performed,) = engine.of(Perform)
        assert isinstance(performed, Perform)
        assert performed.consent == Consent(yes=True)
        await show.until_shown("Unregistered")
        await show.press("y", "y", "enter")
        engine.go.set()
        await show.until_shown("VERIFIED")
        assert len(engine.of(Perform)) == 1


async def test_the_plan_is_shown_word_for_word_with_what_it_does_and_who_agrees() -> None:
    async with acting() as (show, engine):
        await confirming(show, engine)
        text = show.text()
        (asked,) = engine.of(Prepare)
        assert asked == Prepare(Verb.REREGISTER, LEG, Consent())
        for part in (
            "Force re-register   alpha-us on nyc-1",
            "pjsip send register alpha-us",
            "ssh noc@10.20.0.11",
            "Consequence",
            "Registered, with a later next attempt, within 45 s",
            "Undo",
            "Stays up",
            "fresh: the last answer is 3 s old",
            "y yes, send it",
        ):
            assert part in text, part


async def test_keys_pressed_before_the_plan_was_there_to_be_read_do_not_count() -> None:
    async with acting() as (show, engine):
        await show.press("R", "y")
        await show.until(lambda: "Will run" in show.text())
        await show.press("y", "y")
        assert isinstance(show.app.screen, ConfirmScreen)
        assert not engine.of(Perform)
        show.now += GRACE_S
        await show.press("y")
        await show.until(lambda: bool(engine.of(Perform)))


async def test_it_stays_on_its_leg_when_rows_move_and_the_rows_stand_still_under_it() -> None:
    async with acting() as (show, engine):
        await confirming(show, engine)
        rows = [leg.id for leg in show.app.screen_stack[0]._legs]  # type: ignore[attr-defined]
        await unlocked(show)
        moved = tuple(
            replace(leg, state=LegState.UP, severity=Severity.NONE) if leg.id == LEG else leg
            for leg in fleet().legs
        )
        show.feed.put(replace(fleet(), legs=moved), doings=UNLOCKED)
        await show.until(lambda: show.app._watch.snapshot.legs == moved)
        await show.until(lambda: not show.app._draw_pending)
        assert [leg.id for leg in show.app.screen_stack[0]._legs] == rows  # type: ignore[attr-defined]
        assert "pjsip send register alpha-us" in show.text()
        await show.press("y")
        await show.until(lambda: bool(engine.of(Perform)))
        (performed,) = engine.of(Perform)
        assert isinstance(performed, Perform)
        assert performed.action.endswith(LEG)


async def test_from_the_page_of_a_leg_it_is_that_leg() -> None:
    async with acting() as (show, engine):
        await show.press("j", "enter")
        page = show.app.screen.leg_in_hand()  # type: ignore[attr-defined]
        await confirming(show, engine)
        (asked,) = engine.of(Prepare)
        assert isinstance(asked, Prepare)
        assert asked.leg == page
        assert page != LEG


@pytest.mark.parametrize("size", SIZES)
async def test_after_a_refusal_by_the_carrier_the_name_is_typed_before_a_yes_counts(
    size: tuple[int, int],
) -> None:
    async with acting(size) as (show, engine):
        engine.rulings = (CAUSE, YES)
        await confirming(show, engine)
        await show.until_shown("type alpha-us:")
        await show.press("y", "enter")
        await show.until_shown("'y' is not alpha-us")
        assert not engine.of(Perform)
        show.now += GRACE_S
        await show.press(*"alpha-us", "enter")
        await show.until_shown("y yes, send it")
        await show.press("y")
        await show.until(lambda: bool(engine.of(Perform)))
        (performed,) = engine.of(Perform)
        assert isinstance(performed, Perform)
        assert performed.consent == Consent(yes=True, fixed=True)


async def test_the_last_healthy_leg_of_a_group_takes_its_name_and_a_reason() -> None:
    async with acting() as (show, engine):
        engine.rulings = (LAST, YES)
        await confirming(show, engine)
        await show.until_shown("type the group's name:")
        await show.press(*"us-in", "enter")
        await show.until_shown("reason:")
        await show.press(*"why", "enter")
        await show.until_shown("'us-in' is not the name that is asked for")
        await show.press(*"us-out", "enter")
        await show.until_shown("y yes, send it")
        await show.press("y")
        await show.until(lambda: bool(engine.of(Perform)))
        (performed,) = engine.of(Perform)
        assert isinstance(performed, Perform)
        assert performed.consent == Consent(yes=True, typed="us-out", reason="why")


async def test_a_reason_may_be_given_where_none_is_asked_for() -> None:
    async with acting() as (show, engine):
        await confirming(show, engine)
        await show.press("r")
        await show.until_shown("reason:")
        await show.press(*"NOC", "space", *"4711", "enter")
        await show.until_shown("y yes, send it")
        await show.press("y")
        await show.until(lambda: bool(engine.of(Perform)))
        (performed,) = engine.of(Perform)
        assert isinstance(performed, Perform)
        assert performed.consent == Consent(yes=True, reason="NOC 4711")


async def test_what_the_guards_refuse_is_shown_first_recorded_once_and_cannot_be_confirmed() -> None:
    async with acting((80, 24)) as (show, engine):
        engine.rulings = (PAUSE, YES)
        await confirming(show, engine)
        lines = show.text("page").splitlines()
        assert "REFUSED" in lines[1]
        assert "wait 48 s" in lines[1]
        await show.press("y", "enter", "y")
        two_seconds(show)
        await show.until(lambda: len(engine.of(Prepare)) > 1)
        assert len(engine.of(Decline)) == 1
        assert not engine.of(Perform)
        engine.rulings = (YES,)
        two_seconds(show)
        await show.until_shown("y yes, send it")


async def test_a_plan_that_became_another_one_drops_what_was_typed() -> None:
    async with acting() as (show, engine):
        engine.rulings = (CAUSE, YES)
        await confirming(show, engine)
        await show.until_shown("type alpha-us:")
        await show.press(*"alpha-us", "enter")
        await show.until_shown("y yes, send it")
        engine.trunk = "alpha-us-2"
        two_seconds(show)
        await show.until_shown("the plan is another one than you were reading")
        await show.press("y")
        assert not engine.of(Perform)
        await show.until_shown("type alpha-us:")
        assert "pjsip send register alpha-us-2" in show.text()


async def test_a_reload_that_moves_the_sbc_makes_it_another_plan() -> None:
    async with acting() as (show, engine):
        await confirming(show, engine)
        await show.until_shown("y yes, send it")
        engine.host = "10.99.0.1"
        two_seconds(show)
        await show.until_shown("the plan is another one than you were reading")
        await show.press("y")
        assert not engine.of(Perform)
        assert "ssh noc@10.99.0.1" in show.text()


async def test_colon_and_pasted_text_are_nothing_while_it_asks() -> None:
    async with acting() as (show, engine):
        engine.rulings = (CAUSE, YES)
        await confirming(show, engine)
        await show.until_shown("type alpha-us:")
        await show.press("escape")
        engine.rulings = (YES,)
        await confirming(show, engine)
        await show.press("colon", "y")
        await show.until(lambda: bool(engine.of(Perform)))


async def test_without_an_engine_the_screen_says_so_and_offers_only_no() -> None:
    async with showing() as show:
        await unlocked(show)
        await show.press("R")
        await show.until_shown("there is no engine here to ask")
        await show.press("y", "escape")
        await show.until(lambda: not isinstance(show.app.screen, ConfirmScreen))


@pytest.mark.parametrize("size", SIZES[1:])
async def test_left_alone_it_goes_on_and_its_end_stands_until_it_is_dismissed(size: tuple[int, int]) -> None:
    async with acting(size, theme="mono") as (show, engine):
        await begun(show, engine)
        await show.press("escape")
        await show.until(lambda: "re-register alpha-us" in show.text())
        assert not engine.go.is_set()
        engine.go.set()
        await show.until_shown("VERIFIED")
        await unlocked(show)
        show.now += 60
        await show.until_shown("VERIFIED")
        await show.press("R")
        await show.until(lambda: isinstance(show.app.screen, ProgressScreen))
        await show.until_shown("Registered, next")
        await show.press("escape")
        await show.until(lambda: "VERIFIED" not in show.text())


async def test_the_end_is_dismissed_from_the_fleet_by_escape_before_the_filter_is_cleared() -> None:
    async with acting() as (show, engine):
        await show.press(*"/alpha", "enter")
        await begun(show, engine)
        engine.go.set()
        await show.until_shown("VERIFIED")
        show.app.screen.dismiss()
        await show.until_shown("filter: alpha")
        await show.until_shown("VERIFIED")
        await show.press("escape")
        await show.until(lambda: "VERIFIED" not in show.text("head"))
        assert "filter: alpha" in show.text("head")


async def test_a_leg_says_that_it_is_being_registered_again_in_its_row_and_in_its_sentence() -> None:
    async with acting() as (show, engine):
        await begun(show, engine)
        await show.press("escape")
        show.now = NOW + 4
        await unlocked(show, engine.running(since=NOW))
        await show.until(lambda: "re-registering 4s" in show.text("grid"))
        await show.until(lambda: "re-registering since 4 s" in show.text("detail"))
        await show.press("enter")
        await show.until(lambda: "re-registering since 4 s" in show.text("page"))


async def test_an_engine_that_dies_in_the_middle_leaves_it_unverified_and_is_read_only() -> None:
    async with acting() as (show, engine):
        await begun(show, engine)
        engine.gone = True
        engine.go.set()
        show.feed.put(fleet(), EngineStatus(alive=False))
        await show.until_shown("UNVERIFIED")
        await show.until_shown(":verify")
        await show.until(lambda: "WRITE" not in show.text("path"))
        await show.press("escape")
        await show.until(lambda: "R" not in bound(show))


async def test_the_lock_of_somebody_else_is_told_by_name() -> None:
    async with acting() as (show, engine):
        engine.outcome = LOCKED_OUT
        await begun(show, engine)
        engine.go.set()
        await show.until_shown("REFUSED")
        assert "bob@jump2 acts on this SBC right now" in show.text()
        assert "nothing was sent" in show.text()


@pytest.mark.parametrize("size", SIZES[:2])
async def test_what_is_unfinished_is_shown_at_the_start_and_verify_looks(size: tuple[int, int]) -> None:
    async with acting(size, write=False) as (show, engine):
        await unlocked(show, Doings(unfinished=(UNFINISHED,)))
        await show.until(lambda: f"unfinished: re-register {LEG} by noc, 3 m ago: :ver" in show.text("head"))
        await show.press(*":verify", "enter")
        await show.until(lambda: isinstance(show.app.screen, EndedScreen))
        assert engine.of(Verify)
        assert "VERIFIED" in show.text()
        await unlocked(show, Doings())
        await show.press("escape")
        await show.until(lambda: "unfinished" not in show.text("head"))


@pytest.mark.parametrize("write", [False, True])
async def test_a_probe_needs_no_yes_and_its_answer_is_in_the_footer(*, write: bool) -> None:
    async with acting(write=write) as (show, engine):
        engine.rulings = ()
        engine.outcome = replace(engine.outcome, sentence=clean("the carrier answered in 21 ms"))
        engine.go.set()
        await show.press("O")
        await show.until_shown(f"OPTIONS {LEG}: the carrier answered in 21 ms")
        (asked,) = engine.of(Prepare)
        assert asked == Prepare(Verb.PROBE, LEG, Consent())


async def test_quitting_in_the_middle_of_an_action_is_asked_for_twice_and_tells_what_becomes_of_it() -> None:
    async with acting() as (show, engine):
        await begun(show, engine)
        await show.press("q")
        await show.until_shown("is under way: q again quits; the engine finishes it")
        assert show.app.return_code != 0
        await show.press("q")
    assert show.app.return_code == 0
    assert f"re-register {LEG} is under way: the engine finishes it" in show.app.farewell
    assert "trunktui audit" in show.app.farewell


async def test_hostile_names_are_text_on_the_screens_that_act() -> None:
    for name in (*HOSTILE[1:5], HOSTILE[9]):
        leg = replace(fleet().legs[0], id=clean(f"{name}@nyc-1"), trunk=clean(name))
        engine = FakeEngine((leg,))
        snapshot = Snapshot(1, NOW, sbcs=fleet().sbcs, legs=(leg,))
        async with showing(snapshot, (80, 24), requests=engine) as show:
            await unlocked(show)
            await begun(show, engine)
            engine.go.set()
            await show.until_shown("VERIFIED")
            assert show.app.return_code is None
            assert all(char.isprintable() or char == "\n" for char in show.text())


async def test_no_secret_that_an_sbc_printed_stands_in_a_picture_of_the_screens_that_act() -> None:
    async with acting() as (show, engine):
        lines = [line for canary in CANARIES for line in safe_lines(canary.encode())]
        engine.outcome = replace(
            engine.outcome,
            sentence=clean("; ".join(lines), 2000),
            evidence=tuple(Evidence(Safe("pjsip show registration"), line) for line in lines),
        )
        await confirming(show, engine)
        pictures = [show.app.export_screenshot()]
        await show.press("y")
        engine.go.set()
        await show.until_shown("VERIFIED")
        pictures.append(show.app.export_screenshot())
        await show.press("escape")
        pictures.append(show.app.export_screenshot())
        assert "***" in pictures[1]
        assert not [picture for picture in pictures if "hunter2" in picture]
