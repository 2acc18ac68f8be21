"""CPS and dials at risk as they are read: what is not known is no 0, a lower bound says so, endless is endless."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from tests.fleets import NOW, fleet, leg, sbc
from trunktui.model.health import LegState, ProbeSignal, Usage
from trunktui.model.snapshot import CpsView, LegStatus, ProbeView
from trunktui.present.cells import Role
from trunktui.present.clock import clock_cell, moment_words, zone_words
from trunktui.present.columns import ColumnKey, columns_for
from trunktui.present.detail import page_lines
from trunktui.present.fleet import Sort, fleet_order, row_of
from trunktui.present.query import Query
from trunktui.present.rates import cps_cell, cps_words, dials_cell, per_second, risk_words
from trunktui.present.words import cell_width


def dialling(
    per_s: float | None, risk: float | None, *, whole: bool = True, detect: float | None = 35.0
) -> LegStatus:
    cps = CpsView(Usage.NO_CAP, now=per_s, window_s=None if per_s is None else 30.0, whole=whole)
    return leg(
        "t@nyc-1", cps=cps, at_risk=risk, probe=ProbeView(ProbeSignal.OK, interval_s=30, detect_s=detect)
    )


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0.0, "0"),
        (0.01, "<0.1"),
        (0.05, "0.1"),
        (2.1, "2.1"),
        (9.94, "9.9"),
        (9.96, "10"),
        (49.7, "50"),
        (123.4, "123"),
    ],
)
def test_a_rate_is_short_and_what_is_not_nothing_never_reads_nothing(rate: float, text: str) -> None:
    assert per_second(rate) == text


@pytest.mark.parametrize(
    ("one", "cps", "dials", "words"),
    [
        (dialling(2.1, 73.5), "2.1", "74 risk", "35s x 2.1/s: 74 dials before the SBC notices"),
        (dialling(2.1, 73.5, whole=False), "≥2.1", "≥73 risk", "35s x ≥2.1/s: at least 73 dials before the SBC notices"),
        (dialling(0.01, 0.35), "<0.1", "<1 risk", "35s x <0.1/s: less than 1 dial before the SBC notices"),
        (dialling(0.0367, 0.35, whole=False), "≥0.03", "≥0.3 risk", "35s x ≥0.03/s: at least 0.3 dials before the SBC notices"),
        (dialling(0.0, 0.0), "0", "0 risk", "35s x 0/s: 0 dials before the SBC notices"),
        (dialling(100.0, 3500.0), "100", "3.5k risk", "35s x 100/s: 3500 dials before the SBC notices"),
        (dialling(100.0, 3500.0, whole=False), "≥100", "≥3k risk", "35s x ≥100/s: at least 3500 dials before the SBC notices"),
        (dialling(2.1, math.inf, detect=None), "2.1", "∞ risk", "2.1/s for ever: OPTIONS is not set, the SBC would never notice"),
        (dialling(0.0, 0.0, detect=None), "0", "0 risk", "none: no traffic"),
        (dialling(2.1, None, detect=None), "2.1", "–", "–"),
        (dialling(None, None), "–", "–", "–"),
    ],
)  # fmt: skip
def test_dials_at_risk_are_told_with_their_arithmetic(
    one: LegStatus, cps: str, dials: str, words: str
) -> None:
    row = row_of(one, NOW)
    assert row.cell(ColumnKey.CPS).text == cps
    assert row.cell(ColumnKey.DIALS).text == dials
    assert risk_words(one) == words


@pytest.mark.parametrize("risk", [0.0, 0.4, 7.0, 999.4, 999.6, 1000.0, 9999.0, 12345.0, 99999.0, math.inf])
@pytest.mark.parametrize("whole", [True, False])
def test_both_figures_fit_their_columns(risk: float, whole: bool) -> None:
    one = dialling(999.4, risk, whole=whole)
    widths = {column.key: column.width for column in columns_for(160)}
    assert cell_width(dials_cell(one, old=False).text) <= widths[ColumnKey.DIALS]
    assert cell_width(cps_cell(one.cps, old=False).text) <= widths[ColumnKey.CPS]


@pytest.mark.parametrize(
    ("wasted", "text"),
    [(0, "0 lost"), (1240, "1240 lost"), (9999, "9999 lost"), (10_000, "10k lost"), (123_456, "123k lost")],
)
def test_what_was_lost_since_the_first_bad_sign_takes_the_place_of_what_is_at_risk(
    wasted: int, text: str
) -> None:
    one = replace(dialling(2.1, 73.5), state=LegState.DOWN, wasted=wasted)
    width = {column.key: column.width for column in columns_for(160)}[ColumnKey.DIALS]
    cell = row_of(one, NOW).cell(ColumnKey.DIALS)
    assert (cell.text, cell.role) == (text, Role.BAD if wasted else Role.DIM)
    assert cell_width(cell.text) <= width
    assert dials_cell(one, old=True).text == "–"
    assert "lost" not in risk_words(one), "counted and foreseen are two figures"


def test_dials_sort_what_was_lost_before_what_is_at_risk() -> None:
    legs = [dialling(9.0, 3000.0), replace(dialling(2.1, 70.0), id="b@nyc-1", state=LegState.DOWN, wasted=3)]
    order = fleet_order(fleet(*legs), NOW, query=Query(), sort=Sort.DIALS)
    assert [one.id for one in order] == ["b@nyc-1", "t@nyc-1"]


def test_old_figures_are_not_shown_as_now() -> None:
    row = row_of(leg("t@nyc-1"), NOW + 500)
    assert (row.cell(ColumnKey.CPS).text, row.cell(ColumnKey.DIALS).text) == ("–", "–")


def test_a_rate_is_told_with_its_window_its_busiest_second_and_its_cap() -> None:
    cps = CpsView(Usage.HIGH, now=31.0, peak=44, window_s=30.0, cap=50.0, used=38.0, used_whole=False)
    assert cps_words(cps) == (
        "31/s, mean of 30s, 44 in the busiest second; at least 38/s with all that share the cap 50/s"
    )
    short = replace(cps, used=31.0, used_whole=True, whole=False)
    assert cps_words(short) == (
        "at least 31/s, mean of 30s, 44 in the busiest second; cap 50/s (short ones were missed)"
    )
    assert cps_cell(cps, old=False).role is Role.WARN
    assert cps_words(CpsView(Usage.UNKNOWN, cap=50.0)) == "–, cap 50/s"


def test_the_most_dials_come_first_and_those_not_known_last() -> None:
    legs = [
        leg("a@nyc-1", cps=CpsView(Usage.NO_CAP, now=9.0, window_s=30.0), at_risk=3.0),
        leg("b@nyc-1", cps=CpsView(Usage.NO_CAP, now=1.0, window_s=30.0), at_risk=math.inf),
        leg("c@nyc-1", cps=CpsView(Usage.NO_CAP), at_risk=None),
        leg("d@nyc-1", LegState.UNKNOWN, cps=CpsView(Usage.NO_CAP, now=99.0, window_s=30.0), at_risk=999.0),
        leg("e@nyc-1", cps=CpsView(Usage.NO_CAP, now=2.0, window_s=30.0), at_risk=70.0),
    ]
    by = {
        sort: "".join(one.id[0] for one in fleet_order(fleet(*legs), NOW, query=Query(), sort=sort))
        for sort in (Sort.DIALS, Sort.CPS)
    }
    assert by == {Sort.DIALS: "beacd", Sort.CPS: "aebcd"}


@pytest.mark.parametrize(
    ("offset", "unsure", "zone", "text"),
    [
        (0.03, 0.1, 0, "in step (0.10s of doubt), local time UTC"),
        (-3.25, 0.1, 3600, "3.25s behind ours (0.10s of doubt), local time UTC+01:00"),
        (7200.0, 0.1, -19800, "2h00m ahead of ours (0.10s of doubt), local time UTC-05:30"),
        (None, None, None, "–"),
    ],
)
def test_an_sbcs_clock_is_told_beside_ours_with_its_zone(
    offset: float | None, unsure: float | None, zone: int | None, text: str
) -> None:
    box = sbc("nyc-1", clock_offset_s=offset, clock_unsure_s=unsure, zone_s=zone)
    assert clock_cell(box, old=False).text == text
    assert clock_cell(box, old=True).text == "–"


def test_times_of_day_are_told_in_utc_and_here_where_here_is_another_zone() -> None:
    moment = datetime(2026, 11, 23, 23, 30, 5, tzinfo=UTC)
    assert moment_words(moment) == "2026-11-23 23:30:05 UTC"
    there = moment.astimezone(timezone(timedelta(hours=1)))
    assert moment_words(there) == "2026-11-23 23:30:05 UTC (2026-11-24 00:30:05 here)"
    assert zone_words(0) == "UTC"


def test_the_page_tells_since_when_as_a_time_of_day() -> None:
    wall = datetime(2026, 11, 23, 3, 14, 7, tzinfo=UTC)
    lines = page_lines(leg("t@nyc-1"), sbc("nyc-1"), NOW, (), 120, wall)
    text = ["".join(cell.text for cell in line) for line in lines]
    assert " since         2026-11-23 02:14:07 UTC" in text
    assert " at risk       33s x 2.1/s: 69 dials before the SBC notices" in text
