"""Samples, changes and the frozen display."""

from __future__ import annotations

from msgspec.structs import replace

from tests.tui.fleet_samples import INTERVAL, NOW, fleet, leg, never_polled, sbc
from trunktui.model.feed import EngineStatus, FeedUpdate
from trunktui.model.health import LegState
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.tui.watch import FleetWatch


def update(*legs: LegStatus) -> FeedUpdate:
    return FeedUpdate(Snapshot(1, NOW, (sbc(),), legs), EngineStatus(alive=True))


def seen(at: float, state: LegState = LegState.UP) -> LegStatus:
    return leg(state=state, now=at, age=0.0)


def test_one_poll_is_one_sample_however_often_it_is_told() -> None:
    watch = FleetWatch(Snapshot(0, NOW))
    for _ in range(3):
        watch.accept(update(seen(NOW)), NOW)
    assert [one.rtt_ms for one in watch.samples("alpha-us@nyc-1")] == [21.4]


def test_missing_polls_are_no_samples_and_worth_a_look_on_disk() -> None:
    watch = FleetWatch(Snapshot(0, NOW))
    for at in (NOW, NOW + INTERVAL, NOW + 4 * INTERVAL, NOW + 5 * INTERVAL + 3):
        watch.accept(update(seen(at)), at)
    assert [one.at - NOW for one in watch.samples("alpha-us@nyc-1")] == [0, 30, 120, 153]
    assert watch.forgot_after("alpha-us@nyc-1", NOW)  # somebody else may have seen them
    assert not watch.forgot_after("alpha-us@nyc-1", NOW + 130)


def test_samples_of_a_leg_that_is_gone_are_forgotten_and_all_stay_bounded() -> None:
    watch = FleetWatch(Snapshot(0, NOW))
    for n in range(1000):
        watch.accept(update(seen(NOW + n)), NOW + n)
    assert 100 < len(watch.samples("alpha-us@nyc-1")) < 1000
    assert watch.forgot_after("alpha-us@nyc-1", NOW)
    assert not watch.forgot_after("alpha-us@nyc-1", NOW + 990)
    watch.accept(update(), NOW + 2000)
    assert watch.samples("alpha-us@nyc-1") == ()


def test_samples_are_told_in_utc() -> None:
    watch = FleetWatch(Snapshot(0, NOW), offset=lambda: 1e9)
    watch.accept(update(seen(NOW)), NOW)
    (sample,) = watch.samples("alpha-us@nyc-1")
    assert (sample.at, sample.interval_s, sample.channels) == (1e9 + NOW, INTERVAL, 12)


def test_growing_old_is_a_change_like_any_other() -> None:
    watch = FleetWatch(never_polled(fleet()))
    watch.note_changes(NOW)
    watch.accept(FeedUpdate(fleet(), EngineStatus(alive=True)), NOW)
    assert not watch.changed(NOW)
    watch.note_changes(NOW + 100)
    assert "kappa@lon-2" in watch.changed(NOW + 100)
    assert "alpha-eu@lab-1" not in watch.changed(NOW + 100)


def test_an_up_leg_seen_again_after_silence_is_marked() -> None:
    watch = FleetWatch(Snapshot(0, NOW))
    watch.accept(update(seen(NOW)), NOW)
    watch.note_changes(NOW + 500)
    watch.accept(update(seen(NOW + 510)), NOW + 510)
    assert watch.changed(NOW + 510)


def test_a_frozen_display_stands_still_in_data_and_in_time() -> None:
    watch = FleetWatch(fleet())
    watch.toggle_freeze(NOW)
    before = watch.in_view(NOW)
    down = tuple(replace(one, state=LegState.DOWN) for one in fleet().legs)
    watch.accept(FeedUpdate(replace(fleet(), legs=down), EngineStatus(alive=True)), NOW + 5)
    assert watch.in_view(NOW + 5) == before == (fleet(), NOW)
    assert watch.frozen_for(NOW + 5) == 5
    assert watch.changed_since_freeze(NOW + 5) == 14  # one was down, one is too old to tell
    watch.toggle_freeze(NOW + 6)
    assert watch.in_view(NOW + 6)[1] == NOW + 6
