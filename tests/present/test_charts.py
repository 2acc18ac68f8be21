"""Charts of the past: each poll once, a gap where none is, nothing bridged, nothing wider than the screen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from tests.tui.fleet_samples import leg, ok_probe
from trunktui.model.health import LegState, ProbeSignal, RegSignal, Usage
from trunktui.model.history import Point, Sample, Series, points_of, summary
from trunktui.model.snapshot import ChannelsView, LegStatus
from trunktui.present.cells import Line, Role, plain
from trunktui.present.charts import SHIFT, SPANS, WEEK, Span, View, chart_lines, fitting_span, joined, missing
from trunktui.present.words import cell_width, to_ascii

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()
EVERY = 30.0
HOUR = SPANS[2]
LEG = "alpha-us@nyc-1"
NAIROBI = timezone(timedelta(hours=3))
UP, DOWN, UNKNOWN = LegState.UP, LegState.DOWN, LegState.UNKNOWN


def poll(
    at: float,
    rtt: float | None = 20.0,
    channels: int | None = 12,
    state: LegState = UP,
    reg: RegSignal = RegSignal.REGISTERED,
    cps: float | None = None,
) -> Sample:
    return Sample(NOON + at, EVERY, state, reg, ProbeSignal.OK, rtt, channels, cps)


def series(samples: list[Sample], back: float = 3600.0) -> Series:
    return Series(LEG, NOON - back, NOON, points_of(samples))


def drawn(
    past: Series,
    width: int = 120,
    *,
    one: LegStatus | None = None,
    span: Span = HOUR,
    old: bool = False,
    full: bool = True,
    why: str = "",
    zone: timezone = UTC,
) -> tuple[Line, ...]:
    view = View(past, span, NOON, lambda moment: moment.astimezone(zone), why, full)
    return chart_lines(one or leg(), view, width, old=old)


def line(lines: tuple[Line, ...], label: str) -> str:
    (found,) = [plain(one) for one in lines if plain(one).startswith(f" {label} ")]
    return found


def chart(lines: tuple[Line, ...], label: str) -> str:
    """Return the cells of a chart alone."""
    (found,) = [one for one in lines if plain(one).startswith(f" {label} ")]
    return "".join(cell.text for cell in found if cell.chart)


HOUR_OF_POLLS = [poll(-3600 + n * EVERY) for n in range(120)]
HOLE = [one for one in HOUR_OF_POLLS if not NOON - 1800 <= one.at < NOON - 900]


def test_each_line_tells_now_low_high_mean_and_over_what() -> None:
    values = [replace(one, rtt_ms=240.0 if n == 60 else 17.0 + n % 3) for n, one in enumerate(HOUR_OF_POLLS)]
    lines = drawn(series(values), 160)
    assert line(lines, "RTT").endswith("  21 ms, 17 to 240 ms, mean 20 in 1h")
    silent = leg(probe=replace(ok_probe(20), rtt_ms=None, state=ProbeSignal.DEAD))
    short = drawn(series(values), 64, one=silent)
    assert line(short, "RTT").rstrip().endswith("–, 17 to 240 ms, mean 20 in 1h"), "a unit stands somewhere"
    assert line(lines, "channels").endswith("  12 of 90, always 12 in 1h")
    assert line(lines, "state").endswith("  ● up")
    assert line(lines, "registered").endswith("  ● ok")
    assert not any(plain(one).startswith(" CPS") for one in lines)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_missing_polls_are_a_gap_in_every_chart_and_are_told(width: int) -> None:
    lines = drawn(series(HOLE), width)
    for label in ("RTT", "channels", "state", "registered"):
        cells = chart(lines, label)
        assert cells.strip().count(" ") == pytest.approx(len(cells) / 4, abs=2)
        assert "    " in cells.strip(), "one hole, not many"
        assert cells[0] != " "
        assert cells[-1] != " "
    assert "25% " in line(lines, "RTT")
    assert "missing" in line(lines, "RTT")


def test_a_poll_that_knows_no_value_is_a_gap_in_that_chart_alone_and_no_missing_poll() -> None:
    silent = [
        replace(one, rtt_ms=None) if NOON - 1800 <= one.at < NOON - 900 else one for one in HOUR_OF_POLLS
    ]
    lines = drawn(series(silent))
    assert " " in chart(lines, "RTT").strip()
    assert " " not in chart(lines, "channels").strip()
    assert "missing" not in "".join(plain(one) for one in lines)


def test_an_unknown_state_is_a_gap_and_the_worst_of_a_stretch_is_its_glyph() -> None:
    def state_at(n: int) -> LegState:
        return UNKNOWN if 30 <= n < 60 else DOWN if n == 90 else UP

    lines = drawn(series([replace(one, state=state_at(n)) for n, one in enumerate(HOUR_OF_POLLS)]))
    strip = chart(lines, "state")
    assert strip.strip().count(" ") == pytest.approx(len(strip) / 4, abs=2)
    assert 1 <= strip.count("✖") <= 2
    assert line(lines, "state").endswith("  ✖ down  ● up")
    roles = {cell.text.strip(): cell.role for one in lines for cell in one if cell.chart}
    assert roles["✖"] is Role.DOWN


def test_zero_is_a_bar_and_not_a_gap() -> None:
    lines = drawn(series([replace(one, channels=0) for one in HOUR_OF_POLLS]))
    assert set(chart(lines, "channels")) == {"▁"}


@pytest.mark.parametrize(
    ("cap", "channels", "bar"), [(90, 12, "▂"), (None, 12, "█"), (0, 0, "▁"), (0, 3, "█"), (10, 20, "█")]
)
def test_the_cap_is_the_scale_and_what_is_over_it_stays_in_view(
    cap: int | None, channels: int, bar: str
) -> None:
    one = leg(channels=ChannelsView(Usage.NORMAL, active=channels, cap=cap))
    lines = drawn(series([replace(poll, channels=channels) for poll in HOUR_OF_POLLS]), one=one)
    assert set(chart(lines, "channels")) == {bar}


def test_cps_has_a_chart_once_it_is_known() -> None:
    lines = drawn(series([replace(one, cps=0.4) for one in HOUR_OF_POLLS]))
    assert line(lines, "CPS").endswith("  0.4, always 0.4 in 1h")


def test_one_poll_is_one_bar_and_says_so() -> None:
    lines = drawn(series([poll(-20)]), span=SPANS[0])
    assert chart(lines, "RTT").strip() == "█" * len(chart(lines, "RTT").strip())
    assert line(lines, "RTT").endswith("in 1 poll")


def test_without_a_poll_in_the_span_that_is_what_is_said() -> None:
    assert [plain(one) for one in drawn(series([]))] == [" past          no poll in 1h"]
    old = series([poll(-7200)], 9000)
    assert [plain(one) for one in drawn(old)] == [" past          no poll in 1h"]


def test_all_gaps_draw_no_chart_of_a_value_that_was_never_known() -> None:
    lines = drawn(series([replace(one, rtt_ms=None, state=UNKNOWN) for one in HOUR_OF_POLLS]))
    assert not any(plain(one).startswith(" RTT") for one in lines)
    assert set(chart(lines, "state")) == {" "}


def test_no_history_costs_one_line_and_hides_no_poll_seen_since() -> None:
    lines = drawn(series(HOUR_OF_POLLS), why="no history: /x/history.db: database is locked")
    assert line(lines, "RTT")
    (why,) = [one for one in lines if "no history" in plain(one)]
    assert why[-1].role is Role.DIM


def test_what_is_over_is_dim_and_told_as_was() -> None:
    lines = drawn(series(HOUR_OF_POLLS), old=True, full=False)
    assert "  was 21 ms" in line(lines, "RTT")
    assert {cell.role for one in lines for cell in one} == {Role.LABEL, Role.DIM}


def test_times_are_utc_and_the_readers_own_where_that_is_another() -> None:
    far, here = drawn(series(HOUR_OF_POLLS), 160), drawn(series(HOUR_OF_POLLS), 160, zone=NAIROBI)
    assert plain(far[-1]).split() == ["11:00", "12:00", "1h,", "UTC;", "[", "]", "other", "spans"]
    assert "1h, UTC; here 14:00 to 15:00" in plain(here[-1])
    week = drawn(series(HOUR_OF_POLLS), 160, span=WEEK)
    assert "17 Nov 1" in plain(week[-1])
    assert "24 Nov 12:00" in plain(week[-1])


@pytest.mark.parametrize("width", [10, 16, 24, 40, 60, 72, 80, 100, 120, 160, 300])
@pytest.mark.parametrize("span", [HOUR, WEEK])
def test_charts_fit_every_width_and_stand_under_each_other(width: int, span: Span) -> None:
    lines = drawn(series([replace(one, cps=1.5) for one in HOLE]), width, span=span, zone=NAIROBI)
    assert all(cell_width(plain(one)) <= width for one in lines)
    drawn_cells = [sum(len(cell.text) for cell in one if cell.chart) for one in lines]
    assert len({count for count in drawn_cells if count}) <= 1
    assert len(lines) >= 5


def test_charts_are_as_wide_in_ascii_and_keep_gaps_and_states_apart() -> None:
    worse = [replace(one, state=DOWN if one.at > NOON - 600 else UP) for one in HOLE]
    lines = drawn(series(worse))
    assert all(len(to_ascii(plain(one))) == cell_width(plain(one)) for one in lines)
    assert {"*", "X", " "} == set(to_ascii(chart(lines, "state")))
    assert to_ascii(chart(lines, "RTT")).count(" ") == chart(lines, "RTT").count(" ")


def test_a_chart_stands_still_while_the_time_of_a_cell_lasts() -> None:
    past = series(HOUR_OF_POLLS[:-1])
    cell_s = 3600 / len(chart(drawn(past), "RTT"))
    begin = (NOON - 120) // cell_s * cell_s
    shown = {
        chart(chart_lines(leg(), View(past, HOUR, begin + s, lambda m: m), 120, old=False), "RTT")
        for s in (0.1, 7.0, cell_s - 0.1)
    }
    assert len(shown) == 1


def test_polls_on_disk_and_polls_seen_since_meet_without_a_seam() -> None:
    disk, live = series(HOUR_OF_POLLS[:70]), HOUR_OF_POLLS[60:]
    whole = joined(LEG, disk, [replace(one, at=one.at + 0.4) for one in live], NOON - 3600, NOON)
    assert len(whole.points) == 120
    assert missing(whole.points, NOON) == 0
    assert all(one.until <= then.at + 1e-6 for one, then in zip(whole.points, whole.points[1:], strict=False))


def test_what_the_screen_slept_through_is_taken_from_disk() -> None:
    live = [*HOUR_OF_POLLS[40:60], *HOUR_OF_POLLS[100:]]
    whole = joined(LEG, series(HOUR_OF_POLLS[:110]), live, NOON - 3600, NOON)
    assert [one.at for one in whole.points] == [one.at for one in HOUR_OF_POLLS]


@pytest.mark.parametrize("read", [None, series([])])
def test_without_a_history_the_polls_since_the_start_are_all_there_is(read: Series | None) -> None:
    assert joined(LEG, read, HOUR_OF_POLLS[100:], NOON - 3600, NOON).points == points_of(HOUR_OF_POLLS[100:])
    assert joined(LEG, read, (), NOON - 3600, NOON).points == ()


def test_missing_counts_whole_polls_and_knows_summaries_are_whole() -> None:
    assert missing((), NOON) == 0
    assert missing(points_of(HOUR_OF_POLLS), NOON) == 0
    assert missing(points_of(HOLE), NOON) == pytest.approx(0.25, abs=0.001)
    sums = [
        summary(NOON - 3600 + n * 300, 300, [*points_of(HOUR_OF_POLLS[n * 10 : n * 10 + 10])])
        for n in range(12)
    ]
    assert missing(sums, NOON) == 0
    assert missing([*sums[:6], *sums[9:]], NOON) == pytest.approx(0.25)


def test_a_poll_that_is_only_late_is_not_missing_yet() -> None:
    points: tuple[Point, ...] = points_of(HOUR_OF_POLLS)
    assert missing(points, points[-1].at + 1.9 * EVERY) == 0
    assert missing(points, points[-1].at + 3 * EVERY) > 0


@pytest.mark.parametrize(
    ("age", "span"),
    [(None, "5m"), (10, "5m"), (301, "15m"), (901, "1h"), (3601, "8h"), (86400, "8h")],
)
def test_the_span_grows_with_what_there_is_up_to_a_shift(age: float | None, span: str) -> None:
    assert fitting_span(None if age is None else NOON - age, NOON).words == span
    assert SHIFT.words == "8h"


def test_a_leg_that_answers_no_options_has_no_round_trip_of_now() -> None:
    lost = leg(probe=replace(ok_probe(20), rtt_ms=None, state=ProbeSignal.DEAD))
    assert "  –, always 20 ms in 1h" in line(drawn(series(HOUR_OF_POLLS), one=lost), "RTT")
