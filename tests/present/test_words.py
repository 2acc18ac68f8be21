"""Durations, widths, wrapping and ASCII."""

from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunktui.model.health import LegState, ProbeSignal, RegSignal, SbcState
from trunktui.present.series import bars
from trunktui.present.words import (
    LONG_WORDS,
    NOT_KNOWN,
    PROBE_WORDS,
    REG_WORDS,
    SBC_WORDS,
    STATE_GLYPHS,
    STATE_WORDS,
    brief,
    cell_width,
    fit,
    fit_leg,
    span,
    to_ascii,
    wrap,
)

# what `clean` lets through: no control or format characters
shown = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")))


def test_every_state_and_signal_has_a_word_and_states_have_glyphs_of_their_own() -> None:
    assert STATE_WORDS.keys() == STATE_GLYPHS.keys() == LONG_WORDS.keys() == set(LegState)
    assert REG_WORDS.keys() == set(RegSignal)
    assert PROBE_WORDS.keys() == set(ProbeSignal)
    assert SBC_WORDS.keys() == set(SbcState)
    assert len(set(STATE_GLYPHS.values())) == len(LegState)
    ascii_glyphs = {to_ascii(glyph) for glyph in STATE_GLYPHS.values()}
    assert ascii_glyphs == set("X!o?*~-=")


@pytest.mark.parametrize(
    ("seconds", "text", "short"),
    [
        (None, NOT_KNOWN, NOT_KNOWN),
        (math.nan, NOT_KNOWN, NOT_KNOWN),
        (math.inf, "∞", "∞"),
        (-3, "0s", "0s"),
        (12.9, "12s", "12s"),
        (250, "4m10s", "4m10s"),
        (720, "12m00s", "12m"),
        (10920, "3h02m", "3h"),
        (12 * 86400, "12d", "12d"),
    ],
)
def test_times_are_written_shortly(seconds: float | None, text: str, short: str) -> None:
    assert span(seconds) == text
    assert brief(seconds) == short


@given(st.one_of(st.none(), st.floats()))
def test_every_time_can_be_written_in_seven_cells(seconds: float | None) -> None:
    limit = 10**8
    if seconds is None or math.isnan(seconds) or math.isinf(seconds) or seconds < limit:
        assert 1 <= cell_width(span(seconds)) <= 7
        assert cell_width(brief(seconds)) <= 7


@given(shown, st.integers(0, 60), st.booleans())
def test_a_fitted_text_is_exactly_as_wide_as_asked(text: str, width: int, right: bool) -> None:
    assert cell_width(fit(text, width, right=right)) == width


@given(shown, shown, st.integers(0, 60))
def test_a_fitted_leg_is_exactly_as_wide_as_asked(trunk: str, sbc: str, width: int) -> None:
    assert cell_width(fit_leg(f"{trunk}@{sbc}", width)) == width


def test_a_long_leg_keeps_its_sbc() -> None:
    assert fit_leg("delta-international@lon-2", 16) == "delta-int…@lon-2"


@given(shown, st.integers(1, 60))
def test_wrapped_lines_fit_and_lose_no_word(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert lines
    assert all(cell_width(line) <= max(width, 2) for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(shown)
def test_ascii_is_as_wide_as_what_it_stands_for(text: str) -> None:
    assert to_ascii(text).isascii()
    composed = unicodedata.normalize("NFC", text)
    assert len(to_ascii(composed)) == cell_width(composed)


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e6))), st.floats(0, 1e6))
def test_a_chart_has_one_cell_per_value_and_gaps_where_none_is(
    values: list[float | None], top: float
) -> None:
    assert [char == " " for char in bars(values, top)] == [value is None for value in values]


def test_at_least_is_two_characters_in_ascii_and_takes_the_place_of_a_blank() -> None:
    assert to_ascii("12  ≥41/200") == "12 >=41/200"
    assert to_ascii("≥41/200") == ">41/200"
