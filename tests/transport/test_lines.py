"""Lines of an SBC come out printable and without passwords, however these are dressed up."""

from __future__ import annotations

import json
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunktui.model.text import LINE_LIMIT, clean
from trunktui.transport.lines import safe_json, safe_line, safe_lines

SECRET = "hunter2-Zq9"


@pytest.mark.parametrize(
    "line",
    [
        f" password     : {SECRET}",
        f"\x1b[1mpassword\x1b[0m : {SECRET}",
        f"pass\x1b[0mword: {SECRET}",
        f"p\x1b]0;title\x07assword: {SECRET}",
        f"p\x1bPdcs\x1b\\assword: {SECRET}",
        f"pass\x00word: {SECRET}",
        f"pass\u200bword: {SECRET}",
        f"pass\u0301word: {SECRET}",
        f"pass\u00adword\u202e: {SECRET}",
        f"passs\bword: {SECRET}",
        f"password\x07:\x08 {SECRET}",
        f"secret\r={SECRET}",
        f"password\x1b]8;;x\x07: {SECRET}",
        f"\x9b31mpassword: {SECRET}",
        f"sip:bob:{SECRET}@example.com",
        f"sip:b\x1b[7mob\x1b[0m:{SECRET}@example.com",
        f"sip:bob:{SECRET[:4]}\x00{SECRET[4:]}@example.com",
        f"é auth_password: {SECRET}",
    ],
)
def test_a_password_cannot_hide_behind_characters_that_are_not_seen(line: str) -> None:
    shown = safe_line(line.encode())
    letters = "".join(char for char in shown if char.isalnum())
    assert "hunter2" not in letters
    assert "Zq9" not in letters
    assert "***" in shown
    assert shown.isprintable()


def test_a_line_without_a_secret_shows_what_was_strange_about_it() -> None:
    assert safe_line(b"name\x1b[0m\x07 ok") == "name␛[0m␇ ok"


def test_a_secret_that_the_limit_cuts_is_masked_all_the_same() -> None:
    line = "x" * (LINE_LIMIT - 20) + f" sip:bob:{SECRET}@example.com"
    assert "hunter2" not in safe_line(line.encode())


def test_lines_end_at_lf_and_crlf() -> None:
    assert safe_lines(b"a\r\nb\n\nc") == ("a", "b", "", "c")
    assert safe_lines(b"") == ()
    assert safe_lines(b"\n") == ("",)


@given(st.binary(max_size=300))
def test_any_bytes_become_printable_bounded_lines(raw: bytes) -> None:
    lines = safe_lines(raw)
    assert len(lines) <= raw.count(b"\n") + 1
    for line in lines:
        assert line.isprintable()
        assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs"} for char in line)


@pytest.mark.parametrize(
    "unit", ["a", "-", "password ", "sip:a:", "\x1b[", "\x1b]", "é\b", "pass-", 'nonce="', "\u0301"]
)
def test_a_hostile_answer_of_full_size_takes_no_more_than_moments(unit: str) -> None:
    raw = b"\n".join([(unit * LINE_LIMIT)[:LINE_LIMIT].encode()] * 16)
    began = time.process_time()
    safe_lines(raw)
    assert time.process_time() - began < 2.0


def test_json_in_one_line_is_cut_between_its_objects_and_joined_again_is_the_whole() -> None:
    raw = b'{"row_count":3,"rows":[{"a":"1"},{"a":"x},{y"},{"a":"' + b"z" * 5000 + b'"}]}\n'
    assert "".join(safe_json(raw)) == raw.decode().strip()
    assert len(safe_json(raw)) == 4


def test_a_secret_in_json_is_masked_and_what_stands_behind_it_can_be_read() -> None:
    raw = b'{"rows":[{"data":"{sip_auth_password=hunter2}sofia/x/1","callstate":"ACTIVE"},{"uuid":"2"}]}'
    joined = "".join(safe_json(raw))
    assert "hunter2" not in joined
    assert json.loads(joined)["rows"][0]["callstate"] == "ACTIVE"
    assert json.loads(joined)["rows"][1] == {"uuid": "2"}


@given(st.binary(max_size=400))
def test_pieces_of_json_are_as_safe_as_lines(raw: bytes) -> None:
    for piece in safe_json(raw):
        assert clean(piece, 100_000) == piece
