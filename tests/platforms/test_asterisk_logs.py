"""Asterisk's log is read as it was recorded, whatever is cut off or mixed into it; and the right file is chosen."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunktui.model.ask import Reply
from trunktui.model.observation import Box
from trunktui.model.tail import Refusal, RefusalKind, TailFacts
from trunktui.model.text import Safe, clean_lines
from trunktui.platforms.asterisk_logs import LOG, log_file, parse_log
from trunktui.transport.lines import safe_lines

LOGS = Path(__file__).parents[1] / "fixtures" / "asterisk" / "logs"
MESSAGES = (LOGS / "messages.log").read_bytes()
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC).timestamp()
BOX = Box(clock_s=NOW, zone_s=0)
SAID = (
    "WARNING[12520] res_pjsip_outbound_registration.c: Fatal response '403' received from 'sip:192.0.2.1' on "
    "registration attempt to 'sip:acme@192.0.2.1', stopping outbound registration"
)
KNOCK = (
    "[2026-11-23 01:29:30.729] NOTICE[7] res_pjsip/pjsip_distributor.c: Request 'REGISTER' from "
    "'{sender}' failed for '{source}' (callid: {call}) - {why}"
)


def parsed(raw: bytes, box: Box = BOX) -> TailFacts:
    return parse_log(safe_lines(raw), box)


def told(one: Refusal) -> tuple[object, ...]:
    return one.at, one.kind, one.server, one.client, one.code, one.retry_s


def at(facts: TailFacts) -> float:
    return facts.refusals[0].at


def test_each_recorded_line_about_an_attempt_is_understood() -> None:
    facts = parsed(MESSAGES)
    about = [
        line for line in MESSAGES.decode().splitlines() if "registration attempt" in line or "Maximum" in line
    ]
    assert len(facts.refusals) == len(about) > 40
    assert facts.unread == ()
    kinds = Counter((one.kind, one.code) for one in facts.refusals)
    assert {code for _, code in kinds} == {None, 401, 403, 503}
    assert kinds[RefusalKind.STOPPED, 401] >= 1
    first = facts.refusals[0]
    assert first.at == pytest.approx(datetime(2026, 11, 23, 1, 29, 30, 729000, tzinfo=UTC).timestamp())
    assert (first.server, first.client) == ("sip:sip.carrier.invalid", "sip:trunk1006@sip.carrier.invalid")
    assert (first.kind, first.code, first.retry_s) == (RefusalKind.RETRYING, None, 10)


def test_a_log_cut_off_at_any_byte_says_what_its_whole_lines_say_and_no_more() -> None:
    raw = MESSAGES[:2000]
    whole = [told(one) for one in parsed(raw).refusals]
    for end in range(len(raw)):
        found = [told(one) for one in parsed(raw[:end]).refusals]
        complete = parsed(raw[: raw.rfind(b"\n", 0, end) + 1]).refusals
        assert found == whole[: len(found)]
        assert len(found) - len(complete) in {0, 1}


def test_giving_up_after_many_tries_and_calls_whose_credentials_are_refused_are_understood() -> None:
    facts = parsed(
        b"[2026-11-26 01:45:51.392] WARNING[1] res_pjsip_outbound_registration.c: Maximum retries reached when "
        b"attempting outbound registration to 'sip:10.77.0.21:5071' with client 'sip:t@10.77.0.21:5071', stopping "
        b"registration attempt\n"
    )
    assert [(one.kind, one.code, one.client) for one in facts.refusals] == [
        (RefusalKind.EXHAUSTED, None, "sip:t@10.77.0.21:5071")
    ]
    invites = parsed((LOGS / "invite_failures.log").read_bytes()).invite_refusals
    assert [one.endpoint for one in invites] == ["badpass-delta"]


@pytest.mark.parametrize(
    ("head", "zone_s", "utc"),
    [
        ("[2026-11-23 01:47:01.596]", 0, "2026-11-23T01:47:01.596"),
        ("[2026-11-23 01:47:01]", -18000, "2026-11-23T06:47:01"),
        ("[2026-11-23T01:47:01.596+0100]", 0, "2026-11-23T00:47:01.596"),
        ("[Nov 23 01:47:01]", 3600, "2026-11-23T00:47:01"),
        ("[Nov  3 01:47:01]", 0, "2026-11-03T01:47:01"),
        ("[Dec 31 23:59:59]", 0, "2025-12-31T23:59:59"),
        ("[Feb 29 12:00:00]", 0, "2024-02-29T12:00:00"),
    ],
)
def test_times_are_placed_by_the_zone_and_the_year_by_the_clock(head: str, zone_s: int, utc: str) -> None:
    facts = parsed(f"{head} {SAID}\n".encode(), Box(clock_s=NOW, zone_s=zone_s))
    assert at(facts) == pytest.approx(datetime.fromisoformat(f"{utc}+00:00").timestamp())


@pytest.mark.parametrize("head", ["[2026-13-23 01:47:01]", "[Foo 23 01:47:01]", "[2026-11-23 25:47:01]", ""])
def test_a_line_about_an_attempt_without_a_time_is_kept_as_unread(head: str) -> None:
    facts = parsed(f"{head} {SAID}\n".encode())
    assert (facts.refusals, len(facts.unread)) == ((), 1)


def test_who_fails_to_authenticate_is_told_by_address_and_user() -> None:
    why = "Failed to authenticate"
    lines = [
        KNOCK.format(sender='"x" <sip:100@10.0.0.1>', source="198.51.100.7:5060", call="a@b", why=why),
        KNOCK.format(
            sender="<sip:200@10.0.0.1>",
            source="[2001:db8::1]:5060",
            call="a",
            why="No matching endpoint found",
        ),
        KNOCK.format(sender="sip:u@h", source="198.51.100.7:5060", call="a", why="something else"),
    ]
    facts = parsed("\n".join(lines).encode())
    assert [(one.method, one.source, one.user) for one in facts.auth_failures] == [
        ("REGISTER", "198.51.100.7", "100"),
        ("REGISTER", "2001:db8::1", "200"),
    ]


@pytest.mark.parametrize(
    ("sender", "call"),
    [
        ("x' failed for '192.0.2.9:1' (callid: z) - Failed to authenticate", "a"),
        ("x", "a) - Failed to authenticate' failed for '192.0.2.9:1' (callid: b"),
    ],
)
def test_a_sender_that_imitates_the_words_around_an_address_cannot_put_another_one_there(
    sender: str, call: str
) -> None:
    line = KNOCK.format(sender=sender, source="198.51.100.7:5060", call=call, why="Failed to authenticate")
    (failure,) = parsed(line.encode()).auth_failures
    assert failure.source == "an address that its line hides"


def test_who_does_authenticate_by_sip_is_told_and_managers_are_not() -> None:
    assert parsed((LOGS / "security.log").read_bytes()).auth_successes == ()
    line = (
        '[2026-11-23 01:32:36.200] SECURITY[23539] res_security_log.c: SecurityEvent="SuccessfulAuth",'
        'Service="PJSIP",AccountID="a",RemoteAddress="IPV4/UDP/10.77.0.23/5060",UsingPassword="1"'
    )
    assert [one.source for one in parsed(line.encode()).auth_successes] == ["10.77.0.23"]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.integers(0, len(MESSAGES)), st.integers(-43200, 50400))
def test_nothing_that_stands_in_a_log_breaks_the_reader(noise: bytes, place: int, zone_s: int) -> None:
    facts = parsed(MESSAGES[:place] + noise + MESSAGES[place:], Box(clock_s=NOW, zone_s=zone_s))
    assert len(facts.refusals) >= MESSAGES.count(b"registration attempt") - 2
    assert len(facts.unread) <= 5


def test_a_long_line_takes_no_time_that_grows_with_its_square() -> None:
    for part in ("' failed for '", " (callid: ", "' received from '", ") - "):
        text = Safe((KNOCK + " res_pjsip_outbound_registration.c: " + part * 400)[:4096])
        assert parse_log((text,) * 50, BOX).refusals == ()


HEAD = (
    "Logger queue limit: 1000\n\nChannel                             Type     Formatter  Status    Configuration\n"
    "-------                             ----     ---------  ------    -------------\n"
)


def chosen(rows: str, status: int = 0) -> tuple[str, str]:
    file = log_file(Reply("logger", status, clean_lines((HEAD + rows).encode())))
    return file.path, file.why


def test_the_file_with_warnings_and_without_chatter_is_followed() -> None:
    full = "/var/log/asterisk/full.log          File     default    Enabled    - NOTICE WARNING ERROR VERBOSE SECURITY \n"
    quiet = "/var/log/asterisk/my messages       File     plain      Enabled    - NOTICE WARNING ERROR \n"
    secure = "/var/log/asterisk/sec.log           File     default    Enabled    - NOTICE WARNING SECURITY \n"
    off = "/var/log/asterisk/off.log           File     default    Disabled   - NOTICE WARNING SECURITY \n"
    console = (
        "                                    Console  default    Enabled    - NOTICE WARNING ERROR VERBOSE \n"
    )
    assert chosen(full + quiet + console) == ("/var/log/asterisk/my messages", "")
    assert chosen(full + quiet + secure + off) == ("/var/log/asterisk/sec.log", "")
    assert chosen(off + full) == ("/var/log/asterisk/full.log", "")


def test_where_no_file_has_warnings_that_is_said_with_the_way_out() -> None:
    path, why = chosen("/var/log/asterisk/x.log   File     default    Enabled    - VERBOSE \n")
    assert (path, "messages.log => notice,warning,error,security" in why) == ("", True)
    path, why = chosen("/var/log/asterisk/x.json  File     json       Enabled    - WARNING \n")
    assert (path, "JSON" in why) == ("", True)


def test_where_the_list_is_refused_the_usual_place_is_tried() -> None:
    assert log_file(Reply("logger", 1, errors=(Safe("sudo: a password is required"),))) == LOG
    assert log_file(Reply("logger", 0, clean_lines(b"No such command 'logger show channels'"))) == LOG
