"""What becomes of old polls: each for two days, 5 minutes for a week, hours for the rest; gaps stay gaps; sizes hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.store.histories import LEG, NOON, event, known, read, sample, series, write
from trunktui.model.health import LegState, ProbeSignal, RegSignal
from trunktui.model.history import Sample
from trunktui.store.history_file import Batch, HistoryFile, Limits
from trunktui.store.history_read import HistoryReader

DAY = 86400.0


def tidied(folder: Path, wall: float, limits: Limits = Limits()) -> int:  # noqa: B008 - frozen
    """Make every step that is due; return how many there were."""
    steps = 0
    with HistoryFile(folder, limits, wall) as file:
        file._connection.execute("PRAGMA synchronous = OFF")  # for the test's speed
        while file.tidy(wall):
            steps += 1
            assert steps < 5000
    return steps


def a_day(folder: Path, *, but: tuple[float, float] = (0, 0)) -> list[Sample]:
    """Write a day of polls every 30 s, a minute to a row, none between two seconds of the day; return them."""
    samples = [
        replace(sample(NOON + second, rtt_ms=float(second % 600)), channels=int(second) % 100)
        for second in range(0, int(DAY), 30)
        if not but[0] <= second < but[1]
    ]
    with HistoryFile(folder, Limits(), NOON) as file:
        file._connection.execute("PRAGMA synchronous = OFF")  # for the test's speed
        for begin in range(0, len(samples), 2):
            file.write(Batch(samples=[(LEG, one) for one in samples[begin : begin + 2]]))
    return samples


def test_polls_are_whole_for_two_days_then_five_minutes_then_hours(tmp_path: Path) -> None:
    samples = a_day(tmp_path)
    whole = series(tmp_path, NOON, NOON + DAY).points
    size = (tmp_path / "history.db").stat().st_size
    assert tidied(tmp_path, NOON + 2 * DAY) >= 24  # minutes become rows of an hour, which are smaller
    assert series(tmp_path, NOON, NOON + DAY).points == whole
    assert len(whole) == len(samples)
    assert (tmp_path / "history.db").stat().st_size <= size

    assert tidied(tmp_path, NOON + 3 * DAY + 2 * 3600) == 24
    assert (tmp_path / "history.db").stat().st_size <= size
    points = series(tmp_path, NOON, NOON + DAY).points
    assert len(points) == 288
    assert {point.span_s for point in points} == {300.0}
    assert {point.polls for point in points} == {10}
    first = points[0]
    assert (first.at, first.until) == (NOON, NOON + 300)
    assert first.rtt_ms is not None
    assert (first.rtt_ms.low, first.rtt_ms.mean, first.rtt_ms.high) == (0.0, 135.0, 270.0)
    assert first.channels is not None
    assert first.cps is None

    tidied(tmp_path, NOON + 10 * DAY)
    points = series(tmp_path, NOON, NOON + DAY).points
    assert len(points) == 24
    assert {point.span_s for point in points} == {3600.0}
    assert {point.polls for point in points} == {120}
    assert points[0].rtt_ms is not None
    assert (points[0].rtt_ms.low, points[0].rtt_ms.mean, points[0].rtt_ms.high) == (0.0, 285.0, 570.0)


def test_what_was_last_known_outlives_the_joining_of_rows(tmp_path: Path) -> None:
    samples = a_day(tmp_path)
    write(tmp_path, knowing=[known(LegState.UP, NOON)])
    tidied(tmp_path, NOON + 2 * DAY)
    with HistoryReader(tmp_path) as reader:
        memory, _ = reader.memory()
    assert memory.legs[0].last == samples[-1]
    assert memory.seen == samples[-1].at


def test_a_gap_stays_a_gap_however_old_it_gets(tmp_path: Path) -> None:
    a_day(tmp_path, but=(3600, 3 * 3600))
    for wall in (NOON + DAY, NOON + 3 * DAY + 7200, NOON + 10 * DAY):
        tidied(tmp_path, wall)
        columns = series(tmp_path, NOON, NOON + DAY).columns(24)
        assert [index for index, column in enumerate(columns) if column is None] in ([1, 2], [2])
        assert columns[2] is None


def test_the_worst_state_and_the_polls_that_were_down_outlive_summing_up(tmp_path: Path) -> None:
    states = [LegState.UP, LegState.SUSPECT, LegState.DOWN, LegState.DOWN, LegState.UP]
    polls = [
        Sample(NOON + 30 * n, 30.0, state, RegSignal.REGISTERED, ProbeSignal.OK)
        for n, state in enumerate(states)
    ]
    write(tmp_path, samples=[(LEG, one) for one in polls])
    tidied(tmp_path, NOON + 3 * DAY)
    (point,) = series(tmp_path, NOON, NOON + 3600).points
    assert (point.state, point.polls, point.down, point.rtt_ms) == (LegState.DOWN, 5, 2, None)


def test_what_is_older_than_the_days_goes(tmp_path: Path) -> None:
    a_day(tmp_path)
    write(tmp_path, event(1, NOON), event(2, NOON + 20 * DAY))
    tidied(tmp_path, NOON + 12 * DAY, Limits(days=10))
    assert series(tmp_path, NOON, NOON + DAY).points == ()
    assert [one.sentence for one in read(tmp_path).events] == ["sentence 2"]


def test_a_step_is_small(tmp_path: Path) -> None:
    write(tmp_path, *(event(n, NOON) for n in range(1000)))
    with HistoryFile(tmp_path, Limits(days=1), NOON) as file:
        assert file.tidy(NOON + 5 * DAY)
        left = len(read(tmp_path).events)
    assert 700 <= left < 1000


def test_the_file_stays_within_its_size_and_the_newest_is_kept(tmp_path: Path) -> None:
    limits = Limits(size_bytes=400_000)
    legs = [f"trunk{number}@sbc{number % 5}" for number in range(100)]
    biggest = 0
    with HistoryFile(tmp_path, limits, NOON) as file:
        file._connection.execute("PRAGMA synchronous = OFF")  # for the test's speed
        for begin in range(0, 1600, 10):
            minutes = range(begin, begin + 10)
            file.write(
                Batch(
                    events=[event(minute, NOON + 60 * minute) for minute in minutes],
                    samples=[
                        (leg, sample(NOON + 60 * minute, rtt_ms=((n + 7) * minute * 7919 % 100_000) / 1000))
                        for minute in minutes
                        for n, leg in enumerate(legs)
                    ],
                )
            )
            while file.tidy(NOON + 60 * begin):
                pass
            biggest = max(biggest, (tmp_path / "history.db").stat().st_size)
    assert 330_000 < biggest <= 400_000
    kept = series(tmp_path, NOON, NOON + 1e6, legs[0]).points
    assert kept[-1].at == NOON + 60 * 1599
    assert kept[0].at > NOON
    assert len(read(tmp_path).events) == 1600


def test_a_smaller_size_than_before_shrinks_the_file_step_by_step(tmp_path: Path) -> None:
    long = [replace(event(n), sentence=event(n).sentence * 50) for n in range(20_000)]
    write(tmp_path, *long)
    assert (tmp_path / "history.db").stat().st_size > 11_000_000
    assert tidied(tmp_path, NOON, Limits(size_bytes=5_000_000)) > 20
    assert (tmp_path / "history.db").stat().st_size < 10_000_000
    assert read(tmp_path).events[-1].sentence == long[-1].sentence


def test_a_clock_set_back_over_hours_that_are_summed_up_loses_no_poll(tmp_path: Path) -> None:
    write(tmp_path, samples=[(LEG, sample(NOON + 30 * n)) for n in range(10)])
    tidied(tmp_path, NOON + 3 * DAY)
    write(tmp_path, samples=[(LEG, sample(NOON + 30 * n)) for n in range(10)])
    tidied(tmp_path, NOON + 3 * DAY)
    tidied(tmp_path, NOON + 10 * DAY)
    (point,) = series(tmp_path, NOON, NOON + 3600).points
    assert point.polls == 20


@pytest.mark.parametrize("count", [0, -1])
def test_no_columns_are_no_columns(tmp_path: Path, count: int) -> None:
    assert series(tmp_path, NOON, NOON + 60).columns(count) == ()


def test_the_places_of_names_that_passed_by_are_taken_back(tmp_path: Path) -> None:
    names = [f"invented-{n}@nyc-1" for n in range(500)]
    with HistoryFile(tmp_path, Limits(days=1), NOON) as file:
        file.write(Batch(samples=[(name, sample(NOON)) for name in (LEG, *names)]))
        wall = NOON + 3 * DAY
        file.write(Batch(samples=[(LEG, sample(wall))]))
        while file.tidy(wall):
            pass
        (held,) = file._connection.execute("SELECT count(*) FROM leg").fetchone()
        assert held <= 32  # those beside one that is still there
        assert len(file._legs) == held
        newcomers = [(f"later-{n}@nyc-1", sample(wall)) for n in range(100)]
        file.write(Batch(samples=[*newcomers, (names[0], sample(wall))]))
    with HistoryReader(tmp_path) as reader:
        assert len(reader.series(LEG, wall - 60, wall + 60).points) == 1
        assert len(reader.series("later-99@nyc-1", NOON, wall + 60).points) == 1
        assert len(reader.series(names[0], wall - 60, wall + 60).points) == 1
        assert reader.series(names[499], NOON, wall + 60).points == ()
