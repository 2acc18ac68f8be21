"""Rows, cells and order: pure functions of (snapshot, now)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.tui.fleet_samples import NOW, broken_sbc, fleet, leg, never_polled, ok_probe, sbc
from trunktui.model.health import LegState, ProbeSignal, RegSignal, Severity, Usage
from trunktui.model.observation import Contact, ContactState
from trunktui.model.snapshot import ChannelsView, LegStatus, ProbeView, RegView, Snapshot
from trunktui.model.text import Safe, clean
from trunktui.present.cells import Cell, Role, plain
from trunktui.present.columns import ColumnKey, columns_for
from trunktui.present.detail import detail_lines, page_lines
from trunktui.present.empty import empty_lines
from trunktui.present.fleet import (
    Row,
    Sort,
    bar,
    channel_cells,
    fleet_order,
    options_cell,
    registration_cell,
    row_of,
)
from trunktui.present.freshness import shown
from trunktui.present.head import EngineNews, HeadFacts, head_line, news_line
from trunktui.present.layout import cut_line, row_line, title_line
from trunktui.present.query import Query, parse_query
from trunktui.present.words import NOT_KNOWN, cell_width, to_ascii

texts = st.text(max_size=40).map(clean)
times = st.one_of(st.none(), st.floats(-1e6, 1e6))
counts = st.one_of(st.none(), st.integers(0, 10**6))
ages = st.floats(-1e7, 1e7)


@st.composite
def legs(draw: st.DrawFn) -> LegStatus:
    contact = Contact(draw(texts), draw(st.sampled_from(ContactState)), draw(times), Safe(""))
    return replace(
        leg(state=draw(st.sampled_from(LegState)), severity=draw(st.sampled_from(Severity))),
        id=draw(texts),
        carrier=draw(st.one_of(st.none(), texts)),
        reason=draw(texts),
        was=draw(st.one_of(st.none(), st.sampled_from(LegState))),
        since_at=draw(times),
        observed_at=draw(times),
        late_at=draw(times),
        stale_at=draw(times),
        registration=RegView(draw(st.sampled_from(RegSignal)), draw(times), draw(counts), None, draw(counts)),
        probe=ProbeView(
            draw(st.sampled_from(ProbeSignal)),
            draw(times),
            draw(counts),
            None,
            draw(counts),
            draw(times),
            (contact,),
        ),
        channels=ChannelsView(
            draw(st.sampled_from(Usage)), draw(counts), draw(counts), draw(counts), draw(st.booleans())
        ),
    )


snapshots = st.lists(legs(), max_size=5).map(
    lambda some: Snapshot(1, NOW, (sbc(), broken_sbc()), tuple(some))
)


@given(snapshots, ages, st.text(max_size=30), st.sampled_from(Sort), st.integers(1, 250))
def test_any_fleet_can_be_shown_at_any_time_and_width(
    snapshot: Snapshot, now: float, query: str, sort: Sort, width: int
) -> None:
    rows = fleet_rows(snapshot, now, query=parse_query(query), sort=sort)
    columns = columns_for(width)
    widths = {cell_width(plain(row_line(row, columns, "▸"))) for row in rows}
    assert widths <= {cell_width(plain(title_line(columns)))}
    facts = HeadFacts("title", read_only=True, clock="14:03:22 UTC", filter_text=query, hidden=3)
    head = head_line(snapshot, now, facts, width)
    # one-cell slack is for what can never be left out: the counts
    assert cell_width(plain(cut_line(head, width))) <= width
    assert cell_width(plain(cut_line(news_line(snapshot, now, EngineNews()), width))) <= width
    for one in snapshot.legs:
        page_lines(one, snapshot.sbcs[1], now, (), width)
    assert empty_lines(snapshot, now, parse_query(query), width)


@given(legs(), ages)
def test_no_leg_past_its_time_is_shown_as_anything_but_unknown(one: LegStatus, now: float) -> None:
    if one.stale_at is None or now <= one.stale_at:
        return
    row = row_of(one, now)
    assert row.state is LegState.UNKNOWN
    assert shown(one, now).state is LegState.UNKNOWN
    assert row.cell(ColumnKey.STATE) == Cell("? UNKN", Role.UNKNOWN)
    for key in (ColumnKey.REGISTRATION, ColumnKey.OPTIONS):
        text = row.cell(key).text
        assert text.startswith("was ") or text in {NOT_KNOWN, "not used", "never asked"}
    assert row.cell(ColumnKey.CHANNELS).text == NOT_KNOWN
    assert Role.UP not in {cell.role for cell in row.cells.values()}


@given(legs(), st.floats(0, 1e6), st.floats(0, 1e6))
def test_what_was_once_too_old_never_comes_back_by_waiting(one: LegStatus, first: float, more: float) -> None:
    if one.stale_at is not None and first > one.stale_at:
        assert shown(one, first + more).state is LegState.UNKNOWN


@pytest.mark.parametrize(
    ("reg", "text"),
    [
        (RegView(RegSignal.REGISTERED, next_at=NOW + 74), "ok · next 1m14s"),
        (RegView(RegSignal.REGISTERED, next_at=NOW + 1860), "ok · next 31m"),
        (RegView(RegSignal.REGISTERED, next_at=NOW - 2), "ok · refresh due"),
        (RegView(RegSignal.REGISTERED), "ok"),
        (RegView(RegSignal.REFRESHING, next_at=NOW - 3), "refreshing 3s"),
        (RegView(RegSignal.LATE_REFRESH, next_at=NOW - 12), "refresh late 12s"),
        (RegView(RegSignal.OVERDUE, next_at=NOW - 95), "overdue 1m35s"),
        (RegView(RegSignal.RETRYING, next_at=NOW + 41, failures=2, code=503), "retry 2 · 41s · 503"),
        (RegView(RegSignal.RETRYING, next_at=NOW - 4, failures=2), "retry 2 · 4s ago"),
        (RegView(RegSignal.RETRYING, next_at=NOW + 41, failures=0), "retry · 41s"),
        (RegView(RegSignal.GAVE_UP, next_at=NOW - 720, code=403), "gave up 12m · 403"),
        (RegView(RegSignal.GAVE_UP), "gave up"),
        (RegView(RegSignal.UNREGISTERED, next_at=NOW - 30), "unregistered"),
        (RegView(RegSignal.UNREGISTERED, next_at=NOW + 30), "unregistered"),
        (RegView(RegSignal.STARTING, next_at=NOW - 3), "registering"),
        (RegView(RegSignal.STARTING), "registering"),
        (RegView(RegSignal.NOT_USED), "not used"),
        (RegView(RegSignal.UNKNOWN), NOT_KNOWN),
        (RegView(RegSignal.ABSENT), "not loaded"),
    ],
)
def test_a_registration_is_told_in_a_few_words(reg: RegView, text: str) -> None:
    cell = registration_cell(reg, NOW, old=False)
    assert cell.text == text
    assert cell_width(text) <= 19


@pytest.mark.parametrize(
    ("probe", "text"),
    [
        (ok_probe(21.4), "ok ·   21ms"),
        (replace(ok_probe(412), code=200), "200 ·  412ms"),
        (ProbeView(ProbeSignal.DEAD, misses=6), "no answer 6×"),
        (ProbeView(ProbeSignal.MISSING, misses=1), "missed 1×"),
        (ProbeView(ProbeSignal.UNMONITORED), "never asked"),
        (ProbeView(ProbeSignal.UNKNOWN), NOT_KNOWN),
        (ProbeView(ProbeSignal.OK), "ok"),
    ],
)
def test_a_probe_is_told_in_a_few_words(probe: ProbeView, text: str) -> None:
    assert options_cell(probe, old=False).text == text
    assert cell_width(text) <= 12


def test_dead_destinations_are_counted() -> None:
    contacts = (
        Contact(Safe("a"), ContactState.UNREACHABLE, None, Safe("")),
        Contact(Safe("b"), ContactState.REACHABLE, 20, Safe("")),
    )
    assert options_cell(ProbeView(ProbeSignal.PARTIAL, contacts=contacts), old=False).text == "1 of 2 dead"


def test_nothing_known_is_a_dash_and_never_a_zero() -> None:
    row = row_of(never_polled(fleet()).legs[0], NOW)
    for key in (
        *(ColumnKey.REGISTRATION, ColumnKey.OPTIONS, ColumnKey.CHANNELS, ColumnKey.CPS),
        *(ColumnKey.DETECT, ColumnKey.DIALS, ColumnKey.CRED, ColumnKey.AGE),
    ):
        assert row.cell(key).text == NOT_KNOWN
    assert row.cell(ColumnKey.OF_CAP).text == "–/300"


def test_an_unmonitored_leg_would_never_be_noticed_dead() -> None:
    gamma = next(one for one in fleet().legs if one.trunk == "gamma")
    assert row_of(gamma, NOW).cell(ColumnKey.DETECT).text == "∞"


def test_late_values_are_marked_before_they_are_disbelieved() -> None:
    one = leg()
    assert not row_of(one, NOW + 50).late
    assert row_of(one, NOW + 60).late
    assert row_of(one, NOW + 60).state is LegState.UP
    assert row_of(one, NOW + 90).state is LegState.UNKNOWN


def fleet_rows(snapshot: Snapshot, now: float, *, query: Query, sort: Sort) -> list[Row]:
    return [row_of(leg, now) for leg in fleet_order(snapshot, now, query=query, sort=sort)]


def ids(query: str = "", sort: Sort = Sort.TROUBLE, now: float = NOW) -> list[str]:
    return [row.leg_id for row in fleet_rows(fleet(), now, query=parse_query(query), sort=sort)]


def test_trouble_comes_first_and_among_equals_the_name_decides() -> None:
    first = ids()[:6]
    assert [one.partition("@")[0] for one in first[:5]] == [
        *("alpha-us", "alpha-eu", "beta-us", "delta-intl-premium-termination", "gamma")
    ]
    assert ids()[5:14] == sorted(ids()[5:14])


def test_among_the_unknown_what_was_bad_comes_first() -> None:
    assert ids(now=NOW + 200)[:4] == [
        *("alpha-us@nyc-1", "beta-us@nyc-1", "delta-intl-premium-termination@lon-2", "gamma@lon-2")
    ]


def test_the_order_does_not_depend_on_numbers_or_ages() -> None:
    assert ids() == ids(now=NOW + 20)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("down", ["alpha-us@nyc-1"]),
        ("unkn", ["alpha-eu@lab-1"]),
        ("degraded", ["beta-us@nyc-1"]),
        ("carrier:beta", ["beta-us@nyc-1"]),
        ("sbc:lab", ["alpha-eu@lab-1"]),
        ("alpha !sbc:nyc", ["alpha-eu@lab-1"]),
        ("group:us-out !down", ["beta-us@nyc-1"]),
        ("state:unm", ["gamma@lon-2"]),
        ("403", ["alpha-us@nyc-1"]),
        ("never asked", ["gamma@lon-2"]),
        ("NEVER  ASKED", ["gamma@lon-2"]),
        ("carrier:", None),
        ("!", None),
        ("", None),
    ],
)
def test_a_filter_speaks_the_words_of_the_cells(query: str, found: list[str] | None) -> None:
    assert ids(query) == (ids() if found is None else found)


def test_a_word_and_its_inverse_share_the_fleet() -> None:
    assert sorted(ids("up") + ids("!up")) == sorted(ids())


def test_a_stale_leg_is_found_as_unknown() -> None:
    assert ids("up", now=NOW + 200) == []
    assert len(ids("unknown", now=NOW + 200)) == 16


def test_faults_are_all_that_is_not_well() -> None:
    rows = fleet_rows(fleet(), NOW, query=Query(faults=True), sort=Sort.TROUBLE)
    assert {row.state for row in rows} == {
        *(LegState.DOWN, LegState.UNKNOWN, LegState.DEGRADED, LegState.SUSPECT, LegState.UNMONITORED)
    }


@pytest.mark.parametrize("width", [160, 140])
def test_wide_tables_have_all_columns(width: int) -> None:
    assert [column.key for column in columns_for(width)] == list(ColumnKey)
    assert cell_width(plain(title_line(columns_for(width)))) <= width


@pytest.mark.parametrize("width", range(40, 200))
def test_no_table_is_wider_than_its_terminal(width: int) -> None:
    assert cell_width(plain(title_line(columns_for(width)))) <= width


def test_columns_leave_in_the_order_of_their_worth() -> None:
    assert [column.key.value for column in columns_for(80)] == [
        *("state", "leg", "registration", "options", "channels", "of_cap", "age")
    ]
    assert [column.key.value for column in columns_for(40)] == ["state", "leg", "age"]


@pytest.mark.parametrize(
    ("share", "text"), [(0, ""), (0.001, "▏"), (0.5, "█████"), (1, "█" * 10), (3, "█" * 10)]
)
def test_a_bar_shows_a_trace_and_never_more_than_full(share: float, text: str) -> None:
    assert bar(share, 10) == text


def test_the_detail_of_a_leg_tells_its_sentence_evidence_and_age() -> None:
    text = "\n".join(plain(line) for line in detail_lines(fleet().legs[0], NOW, (), 120))
    assert text.startswith(" alpha-us@nyc-1  DOWN 6 m 12 s: registration gave up 12 min ago")
    assert "Rejected   (exp. 720s ago)" in text
    assert "seen 3s ago, late in 57s, unknown in 1m27s" in text
    assert "the SBC will not try again by itself" in text
    assert "endpoint alpha-us" in text


@given(st.sampled_from(RegSignal), times, counts)
def test_no_registration_is_told_with_a_negative_number(
    state: RegSignal, next_at: float | None, failures: int | None
) -> None:
    text = registration_cell(RegView(state, next_at, failures), NOW, old=False).text
    assert not re.search(r"-\d", text)


def test_a_count_that_misses_legs_is_marked_and_still_fits_its_column() -> None:
    part = ChannelsView(Usage.HIGH, active=12, cap=200, used=188, whole=False)
    cell = channel_cells(part, old=False)[ColumnKey.OF_CAP]
    assert cell.text == "≥188/200"
    for width in (80, 100, 120, 140, 160):
        assert "≥188/200" in plain(row_line(row_of(leg(channels=part), NOW), columns_for(width)))
    assert channel_cells(part, old=True)[ColumnKey.OF_CAP].text == "–/200"
    assert channel_cells(replace(part, used=None), old=False)[ColumnKey.OF_CAP].text == "–/200"


@pytest.mark.parametrize("used", [41, 188])
def test_in_ascii_a_lower_bound_takes_two_characters_and_the_row_stays_aligned(used: int) -> None:
    part = leg(channels=ChannelsView(Usage.NORMAL, active=12, cap=200, used=used, whole=False))
    line = plain(row_line(row_of(part, NOW), columns_for(140)))
    assert f">={used}/200" in to_ascii(line)
    assert len(to_ascii(line)) == cell_width(line)
