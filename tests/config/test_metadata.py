"""Metadata commands: which outputs tell a day, and that nothing else of them is ever kept."""

from __future__ import annotations

import json
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunktui.config.metadata import last_change, source_of, told

VAULT = {
    "data": {
        "created_time": "2026-01-05T10:00:00.1Z",
        "current_version": 2,
        "versions": {
            "1": {"created_time": "2026-01-05T10:00:00.1Z"},
            "2": {"created_time": "2026-09-01T07:12:44.482913057Z"},
        },
    }
}
READ = {"data": {"data": {"password": "canary"}, "metadata": {"created_time": "2026-09-01T07:12:44Z"}}}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-09-01\n", date(2026, 9, 1)),
        ("  2026-09-01T07:12:44.482913057Z  \n", date(2026, 9, 1)),
        ("last change:\n2026-09-01 07:12:44\n", date(2026, 9, 1)),
        ("2026-09-01T01:30:00+02:00", date(2026, 8, 31)),
        ("2026-09-01T23:30:00-0500", date(2026, 9, 2)),
        ("2028-02-29", date(2028, 2, 29)),
        (json.dumps(VAULT), date(2026, 9, 1)),
        (json.dumps(READ), date(2026, 9, 1)),
        ('{"LastChangedDate": "2026-09-01T07:12:44+00:00"}', date(2026, 9, 1)),
        ('{"LastChangedDate": 1788246764.482}', date(2026, 9, 1)),
        ("1788246764\n", date(2026, 9, 1)),
        ("", None),
        ("2026-02-29", None),
        ("changed on 2026-09-01 by alice", None),
        ("2026-09-01\n2026-10-01\n", None),
        ("1970-01-01", None),
        ("{}", None),
        ("[]", None),
        ('{"data": {"versions": {"2": 7}, "current_version": 2}}', None),
        ("9" * 300, None),
        ("[" * 4000, None),
        ("9999-12-31T23:59:59-2359", None),
    ],
)
def test_an_output_tells_one_day_or_none(text: str, day: date | None) -> None:
    assert last_change(text.encode()) == day


@given(st.binary(max_size=300) | st.recursive(st.none() | st.text() | st.floats() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_output_raises(output: bytes) -> None:
    last_change(output)


def python(code: str) -> tuple[str, ...]:
    """Return a command that runs a line of Python."""
    return (sys.executable, "-c", code)


def test_a_command_tells_the_day_under_the_name_of_its_program_alone() -> None:
    found = told("acme", python("print('2026-09-01')"))
    assert (found.trunk, found.day, found.why) == ("acme", date(2026, 9, 1), "")
    assert found.source == source_of(python("x"))
    assert "print" not in found.source


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (python("print('canary'); raise SystemExit(3)"), "ended with status 3"),
        (python("print('canary')"), "printed no one date of a last change"),
        (python("print('canary' * 4000)"), "printed more than 4096 bytes"),
        (("/nowhere/vault", "canary"), "No such file or directory"),
    ],
)
def test_a_command_that_fails_says_why_and_nothing_that_it_printed(argv: tuple[str, ...], why: str) -> None:
    found = told("acme", argv)
    assert found.day is None
    assert found.why.endswith(why)
    assert "canary" not in repr(found)


def test_a_command_that_hangs_is_ended() -> None:
    assert told("acme", python("import time; time.sleep(600)"), limit_s=0.3).why.endswith(
        "took longer than 0.3 s"
    )
