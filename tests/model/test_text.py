"""`clean` lets nothing through that could move a cursor, hide a word or break a layout."""

from __future__ import annotations

import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from trunktui.model.redact import redact
from trunktui.model.text import SHOWN_LIMIT, clean, clean_lines

UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180f\u2800\u3164\uffa0\ufe00\ufe0f\U000e0100\U000e01ef"
"""Not controls by category, and yet nothing of them is seen: with one, two names look alike."""


def harmful(text: str) -> list[str]:
    """Return the characters of `text` that no terminal should get from outside."""
    bad = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return [char for char in text if unicodedata.category(char) in bad or char in UNSEEN]


def test_every_code_point_comes_out_harmless() -> None:
    for code in range(sys.maxunicode + 1):
        assert not harmful(clean("a" + chr(code))), hex(code)


@given(st.text(max_size=600))
def test_any_text_comes_out_harmless_bounded_and_stays_so(raw: str) -> None:
    once = clean(raw)
    assert not harmful(once)
    assert len(once) <= SHOWN_LIMIT
    assert clean(once) == once


@given(st.binary(max_size=300))
def test_any_bytes_come_out_as_harmless_lines(raw: bytes) -> None:
    assert all(not harmful(line) for line in clean_lines(raw))


def test_control_characters_are_shown_and_not_dropped() -> None:
    assert clean("a\x1b[31mb\x07\x7f") == "a␛[31mb␇␡"


def test_a_long_text_is_cut_with_a_mark() -> None:
    assert clean("x" * 300) == "x" * 255 + "…"


def test_stacked_combining_marks_are_thinned() -> None:
    assert clean("e" + "\u0301" * 200) == "e\u0301\u0301"


def test_lines_end_at_lf_or_crlf_and_nowhere_else() -> None:
    assert clean_lines(b"a\r\nb\rc\n") == ("a", "b␍c")


def test_passwords_are_masked_in_the_forms_that_asterisk_and_kamailio_print() -> None:
    assert redact(" password                  : s3cret-1001") == " password                  : ***"
    assert redact("Password: s3cret") == "Password: ***"
    assert redact('"auth_password":"s3cret"') == '"auth_password":"***"'
    assert redact("sip:user:s3cret@10.0.0.1:5060") == "sip:user:***@10.0.0.1:5060"
    assert redact("auth_ha1 => 0123456789abcdef") == "auth_ha1 => ***"


def test_an_ordinary_row_is_not_touched() -> None:
    row = " acme-primary/sip:trunk1001@10.77.0.21:5060   acme-primary    Registered   (exp. 74s)"
    assert redact(row) == row
