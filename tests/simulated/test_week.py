"""A day of faults on a small fleet: each hard change is one event, no since is lost, nothing piles up; and each is found."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.simulated.harsh import mixed_fleet
from tests.simulated.week import Outcome, Scale, play_week
from tests.simulated.week_gauges import Weight, grown
from tests.simulated.week_script import What
from trunktui.engine.recorder import Recorder
from trunktui.model.history import Findings
from trunktui.model.snapshot import Snapshot
from trunktui.store.history_file import Limits

SMALL = mixed_fleet(2, 10)
ONE = {"history": Limits()}
PART = Scale(hours=7, limits=ONE)
"""Long enough for an engine that is killed and started anew in the sixth hour."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder in memory where there is one: a day has thousands of commits, and disks are tested elsewhere."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name)


def played(folder: Path, scale: Scale) -> Outcome:
    """Play on the small fleet, in silence."""
    return play_week(SMALL, scale, folder, lambda line: None)


def test_a_day_of_faults_leaves_one_event_for_each_change_and_loses_no_since(folder: Path) -> None:
    outcome = played(folder, Scale(hours=24, limits=ONE))
    assert outcome.wrong == []
    assert outcome.polls > 2000
    assert outcome.kept_since >= len(SMALL.legs) // 2
    assert {What.OUTAGE, What.REFUSED, What.ENGINE, What.CONFIG, What.OUR_CLOCK} <= outcome.faults.keys()
    assert outcome.weights[0].events["leg"] > 100


def test_nothing_piles_up_in_quiet_hours(folder: Path) -> None:
    """Hold the objects and descriptors of a fleet after two hours against those after six."""
    early, late = (
        played(folder / str(hours), Scale(hours, faulty=False, weigh_every=hours, limits=ONE))
        for hours in (2, 6)
    )
    assert early.wrong == late.wrong == []
    assert late.weights[0].objects <= early.weights[0].objects * 1.02
    assert late.weights[0].descriptors == early.weights[0].descriptors
    assert late.weights[0].tasks == early.weights[0].tasks


def test_a_recorder_that_tells_a_change_twice_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look = Recorder.look

    def twice(self: Recorder, snapshot: Snapshot, offset: float) -> Findings:
        found = look(self, snapshot, offset)
        return replace(found, events=(*found.events, *found.events))

    monkeypatch.setattr(Recorder, "look", twice)
    assert any("the script says" in line for line in played(folder, Scale(3, limits=ONE)).wrong)


def test_a_state_that_is_not_recalled_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunktui.poll.leg.lasting", lambda past, verdict, since_at: (since_at, None))
    assert any("after a restart" in line for line in played(folder, PART).wrong)


def test_a_history_that_loses_samples_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look = Recorder.look

    def forgetful(self: Recorder, snapshot: Snapshot, offset: float) -> Findings:
        found = look(self, snapshot, offset)
        return replace(found, samples=found.samples if snapshot.generation % 9 else ())

    monkeypatch.setattr(Recorder, "look", forgetful)
    assert any("samples of" in line for line in played(folder, Scale(3, weigh_every=3, limits=ONE)).wrong)


def test_what_grows_past_its_bound_is_found() -> None:
    def weight(day: int, rss_mib: float, objects: int, fds: int, size: int) -> Weight:
        files = {"history": (size, 0)}
        return Weight(day, rss_mib, objects, fds, 1, 4, files, Counter(), 1.0, 0.1)

    def told(last: Weight) -> str:
        days = [weight(2, 40.0, 100_000, 20, 5_000_000), weight(3, 40.5, 100_100, 20, 5_000_000), last]
        return " ".join(grown(days, {"history": 9_000_000}, frozenset({"history"})))

    assert told(weight(4, 41.0, 100_200, 20, 5_100_000)) == ""
    assert "RSS grew" in told(weight(4, 49.0, 100_200, 20, 5_000_000))
    assert "objects grew" in told(weight(4, 41.0, 120_000, 20, 5_000_000))
    assert "descriptors grew" in told(weight(4, 41.0, 100_200, 21, 5_000_000))
    assert "history grew" in told(weight(4, 41.0, 100_200, 20, 6_000_000))
    assert "are configured" in told(weight(4, 41.0, 100_200, 20, 10_000_000))
