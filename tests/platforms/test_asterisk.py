"""Asterisk's tables where they are hardest to read: cuts, odd names, forged fields, hostile lines, busy moments."""

from __future__ import annotations

import pytest

from trunktui.model.ask import Answer, Reply
from trunktui.model.text import Safe, clean_lines
from trunktui.platforms import asterisk, asterisk_channels, asterisk_tables
from trunktui.platforms.contract import LegSettings

COUNT = Reply("count", 0, clean_lines(b"1 active channel\n1 active call"))


def contacts_table(pair: str) -> Reply:
    row = f"  Contact:  {pair[:46]:<46} c1f6290189 Avail         0.609" if len(pair) <= 200 else ""
    return Reply("contacts", 0, clean_lines(f"=====\n\n{row}\n\nObjects found: 1\n".encode()))


@pytest.mark.parametrize("length", range(38, 46))
@pytest.mark.parametrize("scheme", ["sip:", "sips:", "tel:"])
def test_an_aor_of_any_length_is_found_though_the_cut_takes_the_scheme(length: int, scheme: str) -> None:
    aor = "a" * length
    table = asterisk_tables.contacts(contacts_table(f"{aor}/{scheme}10.77.0.21:5060"), {})
    assert table.whole
    assert list(table.rows) == [aor]


@pytest.mark.parametrize(
    ("row", "age"),
    [
        ("PJSIP/t-00000001!c!!1!Up!AppDial!(Outgoing Line)!1555!!!3!38!b!u.1", 38),
        ("PJSIP/t-00000001!c!s!1!Up!Wait!600!x!(Outgoing Line)!y!!!3!12!b!u.1", None),
        ("PJSIP/t-00000001!c!s!1!Up!Wait!AppDial!(Outgoing Line)!!!3!12!b!u.1", None),
        ("PJSIP/t-00000001!c!!1!Ringing!AppDial!(Outgoing Line)!1555!!!3!38!b!u.1", None),
    ],
)
def test_only_our_own_outbound_leg_proves_that_a_call_was_answered(row: str, age: int | None) -> None:
    table = asterisk_channels.channels(Reply("channels", 0, (Safe(row),)), COUNT)
    assert table.by_endpoint["t"].answered_age_s == age


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "line",
    [
        " a/sip:b" + " x" * 1100 + "  ",
        " " + "a/sip:" * 600 + " ",
        " a/sip:b  " + "Registered " * 350,
        "  Contact:  " + "a " * 2000,
        "  Contact:  " + "a/sip: " * 550 + " c1f6290189",
        "      Aor:  " + "a  " * 1300,
    ],
)
def test_no_line_takes_long_to_be_not_understood(line: str) -> None:
    reply = Reply("x", 0, (Safe("====="), Safe(line[:4096]), Safe("Objects found: 1")))
    for _ in range(50):  # it was seconds for one such line
        asterisk_tables.registrations(reply)
        asterisk_tables.contacts(reply, {})
        asterisk_tables.aors_without_phones(reply)


def read(*replies: Reply, before: LegSettings | None = None) -> LegSettings:
    return asterisk.parse_settings((Answer(0.0, 0.0, replies),), before or LegSettings())


def test_two_rows_that_run_into_one_are_no_registration_of_a_strange_name() -> None:
    run_in = (
        " trunk-45/sip:192.0.2.55:5060                            trunk-45              "
        "trunk-47/sip:192.0.2.57:5060   trunk-47   Registered        (exp. 30s)"
    )
    table = asterisk_tables.registrations(
        Reply("registrations", 0, (Safe("====="), Safe(run_in), Safe("Objects found: 2")))
    )
    assert (table.rows, table.whole) == ({}, False)
    assert table.unread[0].lines == (run_in,)


def test_a_settings_ask_that_met_a_busy_moment_is_asked_again_but_a_refused_one_is_not() -> None:
    refused = Reply("endpoint a", 1, errors=(Safe("sudo: a password is required"),))
    found = read(Reply("aor a", 137), Reply("aor b", None), refused, Reply("aor c", 0))
    assert found.asked == {"aor c", "endpoint a"}
    assert list(found.refused) == ["endpoint a"]


def test_a_settings_answer_that_outgrew_what_we_take_is_not_asked_for_ever() -> None:
    assert read(Reply("aors", None, truncated=True)).asked == {"aors"}
