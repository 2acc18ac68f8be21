"""When something is meant to be, as an operator writes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunktui.model.window import Window, parse_moment, parse_window, span_of

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("2h", Window(7200)),
        ("1h30m", Window(5400)),
        ("90m", Window(5400)),
        ("3d", Window(259200)),
        ("1w", Window(604800)),
        ("22:00-23:30", Window(None, 1320, 1410)),
        ("9:05-9:10", Window(None, 545, 550)),
        *((text, None) for text in ("", "0h", "2", "h", "2 h", "-2h", "2s", "2h!", "400d", "soon", "２h")),
        *((text, None) for text in ("24:00-1:00", "10:60-11:00", "10:00-10:00", "10:00", "10:00-")),
        ("9999999h", None),
        ("1h" * 9000, None),
    ],
)
def test_what_a_text_means(text: str, window: Window | None) -> None:
    assert parse_window(text) == window


@pytest.mark.parametrize(
    ("text", "now", "begin", "end"),
    [
        ("2h", "12:00", "25 12:00", "25 14:00"),
        ("22:00-23:30", "12:00", "25 22:00", "25 23:30"),
        ("22:00-23:30", "22:30", "25 22:00", "25 23:30"),
        ("22:00-23:30", "23:30", "26 22:00", "26 23:30"),
        ("23:00-01:00", "12:00", "25 23:00", "26 01:00"),
        ("23:00-01:00", "00:30", "24 23:00", "25 01:00"),
        ("23:00-01:00", "01:00", "25 23:00", "26 01:00"),
    ],
)
def test_a_window_is_the_one_that_lasts_or_else_the_next(text: str, now: str, begin: str, end: str) -> None:
    window = parse_window(text)
    assert window is not None
    hour, _, minute = now.partition(":")
    since, until = span_of(window, NOON.replace(hour=int(hour), minute=int(minute)))
    assert (f"{since:%d %H:%M}", f"{until:%d %H:%M}") == (begin, end)


@given(st.integers(0, 1439), st.integers(1, 1439), st.integers(0, 86399))
def test_every_window_of_the_day_ends_after_now_and_begins_within_a_day(
    begin: int, length: int, second: int
) -> None:
    now = NOON.replace(hour=0) + timedelta(seconds=second)
    since, until = span_of(Window(None, begin, (begin + length) % 1440), now)
    assert until - since == timedelta(minutes=length)
    assert since - now < timedelta(days=1)
    assert until > now


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("23:30", "2026-11-25T23:30:00+00:00"),
        ("11:59", "2026-11-26T11:59:00+00:00"),
        ("12:00", "2026-11-26T12:00:00+00:00"),
        ("2026-12-01T10:00", "2026-12-01T10:00:00+00:00"),
        ("2026-12-01 10:00", "2026-12-01T10:00:00+00:00"),
        ("2026-12-01T10:00+02:00", "2026-12-01T08:00:00+00:00"),
        ("2026-12-01T10:00Z", "2026-12-01T10:00:00+00:00"),
        *((text, None) for text in ("24:00", "10:60", "soon", "", "2h", "9999-12-31T23:59-23:59")),
    ],
)
def test_what_a_moment_means(text: str, moment: str | None) -> None:
    found = parse_moment(text, NOON)
    assert (found and found.isoformat()) == moment
