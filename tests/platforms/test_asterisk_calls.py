"""Call records of a real Asterisk are read whole, and no damage to them makes a call of what is none."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.platforms.recordings import FIXTURES, lines
from trunktui.model.observation import Box
from trunktui.model.tail import CallOutcome, CallRecord, TailFacts
from trunktui.model.text import Safe
from trunktui.platforms.asterisk_calls import parse_calls, prefix_of

FOLDER = FIXTURES / "asterisk" / "calls"
CEL, CDR = ((FOLDER / name).read_bytes() for name in ("cel.csv", "cdr.csv"))
UTC_BOX = Box(zone_s=0, clock_s=1795658600.0)
A, R, L, B = CallOutcome.ANSWERED, CallOutcome.REFUSED, CallOutcome.LOCAL, CallOutcome.BUSY

TOLD_BY_CEL = [
    ("acme-primary", A, 2, 16, "1555"),
    ("ipauth-beta", A, 1, 16, "4420"),
    ("acme-primary", R, None, 21, "1555"),
    ("forbid-zeta", R, None, 21, "4420"),
    ("ipauth-beta", R, None, 1, "1555"),
    ("ipauth-beta", B, None, 17, "1555"),
    ("ipauth-beta", R, None, 34, "1555"),
    ("ipauth-beta", CallOutcome.CANCELLED, None, 127, "1555"),
    ("badpass-delta", R, None, 21, "1555"),
    ("busy-theta", R, None, 34, "1555"),
    ("blackhole-eps", L, None, 3, "1555"),
    ("nosuch", L, None, 3, "1555"),
    ("forbid-zeta", R, None, 21, "3312"),
    ("hybrid-gamma", A, 3, 16, "3312"),
    ("ipauth-beta", CallOutcome.NO_ANSWER, None, None, "1555"),
]
"""403, 404, 486, 503, hung up while ringing, wrong password, 503, unreachable AOR, unknown trunk, failover, rung out."""


def read(raw: bytes, box: Box = UTC_BOX) -> TailFacts:
    return parse_calls(lines(raw), box)


def told(one: CallRecord) -> tuple[str, CallOutcome, int | None, int | None, str]:
    return one.endpoint, one.outcome, one.talk_s, one.cause, one.prefix


def test_the_cel_tells_each_call_with_its_cause() -> None:
    facts = read(CEL)
    assert [told(one) for one in facts.calls] == TOLD_BY_CEL
    assert not facts.unread


def test_the_cdr_tells_the_same_calls_without_a_cause_and_without_what_asterisk_refused_itself() -> None:
    facts = read(CDR)
    assert not facts.unread
    by_cel = [one for one in TOLD_BY_CEL if one[1] is not L]
    assert [(one.endpoint, one.talk_s, one.prefix) for one in facts.calls] == [
        (endpoint, talk_s, prefix) for endpoint, _, talk_s, _, prefix in by_cel
    ]
    assert all(one.cause is None for one in facts.calls)
    # 403 and 404 look alike there, and like a call that was given up at once.
    assert facts.calls[2].outcome is facts.calls[4].outcome is CallOutcome.OTHER


def test_the_cdr_tells_what_asterisk_refused_where_it_is_told_to_log_that() -> None:
    line = (
        '"","customer","15551230007","from-customers","c","PJSIP/customer1-00000012","","Dial",'
        '"PJSIP/15551230007@blackhole-eps,30","2026-11-26 01:45:55",,"2026-11-26 01:45:55",0,0,"FAILED",'
        '"DOCUMENTATION","sbc1-1795657555.18",""'
    )
    (one,) = read(line.encode()).calls
    assert told(one) == ("blackhole-eps", L, None, 3, "1555")


def test_times_of_the_cdr_go_by_the_zone_or_by_utc_as_the_names_of_channels_tell() -> None:
    here = read(CDR).calls
    abroad = CDR
    for one in ("01:", "02:"):
        abroad = abroad.replace(f"2026-11-26 {one}".encode(), f"2026-11-26 {int(one[:2]) + 5:02}:".encode())
    assert [one.at for one in read(abroad, Box(zone_s=5 * 3600)).calls] == [one.at for one in here]
    assert [one.at for one in read(CDR, Box(zone_s=5 * 3600)).calls] == [one.at for one in here], "usegmtime"


def test_a_time_of_the_cel_may_be_written_as_local_time() -> None:
    raw = b'"ANSWER","2026-11-26 03:45:50.500","sbc1-1795657550.77","x","PJSIP/a-00000049","(Outgoing Line)","1555",""'
    (one,) = read(raw, Box(zone_s=7200)).calls
    assert one.at == 1795657550.5


def test_a_call_that_still_lasts_is_told_at_its_answer_and_its_end_by_the_same_name() -> None:
    listed = CEL.splitlines(keepends=True)
    first, rest = read(b"".join(listed[:2])), read(b"".join(listed[2:5]))
    assert [told(one) for one in first.calls] == [("acme-primary", A, None, None, "1555")]
    assert rest.calls[-1].id == first.calls[0].id
    assert rest.calls[-1].outcome is CallOutcome.CANCELLED


def test_a_caller_that_is_gone_before_the_trunk_is_no_refusal_of_our_own() -> None:
    listed = CEL.splitlines(keepends=True)
    race = [line for line in listed if b"1795658531.18" in line]
    assert [line.split(b",")[0] for line in race] == [b'"APP_START"', b'"HANGUP"', b'"HANGUP"']
    assert b"customer1" in race[1]
    assert b"busy-theta" in race[2]
    assert not read(b"".join(race[:2])).calls, "not told yet"
    assert [one.outcome for one in read(b"".join(race)).calls] == [R]


def test_no_whole_number_goes_any_further() -> None:
    for raw in (CEL, CDR):
        facts = read(raw)
        assert not any(b"1230001" in repr(one).encode() for one in facts.calls)
    odd = read(b'"HANGUP","15551230001","x"\n"a",15551230001\n').unread
    assert odd
    assert not any("15551230001" in line for line in odd)


@pytest.mark.parametrize(
    ("number", "prefix"),
    [
        ("15551230001", "1555"),
        ("+447071230001", "+4470"),
        ("00447071230001", "004470"),
        ("011447071230001", "0114470"),
        ("911", "911"),
        ("s", ""),
        ("", ""),
        ("anonymous", ""),
        ("\u0661\u0662\u0663\u0664\u0665", ""),
    ],
)
def test_a_number_is_cut_to_its_first_digits(number: str, prefix: str) -> None:
    assert prefix_of(number) == prefix


def test_calls_that_come_in_and_calls_between_phones_are_none_of_a_trunk() -> None:
    raw = (
        b'"ANSWER","1795657950.1","sbc1-1795657950.1","sbc1-1795657950.1","PJSIP/acme-primary-00000001","","15551230001",""\n'
        b'"HANGUP","1795657951.1","sbc1-1795657950.1","sbc1-1795657950.1","PJSIP/acme-primary-00000001","","15551230001",'
        b'"{""hangupcause"":16,""hangupsource"":""x"",""dialstatus"":""""}"\n'
        b'"APP_START","1795657952.1","sbc1-1795657952.3","sbc1-1795657952.3","PJSIP/a-00000002","SIP/x","1",""\n'
        b'"HANGUP","1795657953.1","sbc1-1795657952.3","sbc1-1795657952.3","PJSIP/a-00000002","","1",""\n'
    )
    assert read(raw) == TailFacts()


def test_another_layout_is_told_of_and_other_events_are_passed_over() -> None:
    assert read(b'"LINKEDID_END","1795657951.1","a","b","PJSIP/a-00000001","","",""') == TailFacts()
    assert read(b'"HANGUP","yesterday","a","b","PJSIP/a-00000001","(Outgoing Line)","",""').unread
    assert read(b'"HANGUP","1795657951.1","a","b","PJSIP/a-00000001","(Outgoing Line)","","{{"').unread
    assert len(read(b"what,is,this\n" * 1000).unread) == 5
    assert read(b"") == TailFacts()


@pytest.mark.parametrize("raw", [CEL, CDR], ids=["cel", "cdr"])
def test_records_cut_at_any_byte_tell_no_call_that_was_not(raw: bytes) -> None:
    whole = Counter((one.endpoint, one.at) for one in read(raw).calls)
    answered = {one.endpoint for one in read(raw).calls if one.outcome is A}
    for cut in range(0, len(raw), 1):
        found = read(raw[:cut]).calls
        # Of a call whose end is cut off, the answer is told at its own time.
        ended = [
            one for one in found if one.outcome is not L and (one.talk_s is not None or one.outcome is not A)
        ]
        assert Counter((one.endpoint, one.at) for one in ended) <= whole, cut
        assert {one.endpoint for one in found if one.outcome is A} <= answered, cut
        assert sum(one.outcome is L for one in found) <= 2, cut


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_garbage_raises_or_grows(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([CEL, CDR])))
    for _ in range(data.draw(st.integers(1, 12))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    facts = read(bytes(raw))
    assert len(facts.calls) <= 49
    assert all(len(one.prefix) <= 8 for one in facts.calls)


def test_lines_in_any_order_are_read() -> None:
    listed = CEL.splitlines(keepends=True)
    random.Random(1).shuffle(listed)
    facts = read(b"".join(listed))
    assert [one.at for one in facts.calls] == sorted(one.at for one in facts.calls)
    assert sum(one.outcome is R for one in facts.calls) == 7


def test_hostile_text_in_names_is_harmless() -> None:
    raw = '"ANSWER","1795657950.1","\u202eid","x","PJSIP/a\u200bb-00000001","(Outgoing Line)","1",""'
    (one,) = parse_calls((Safe(raw),), UTC_BOX).calls
    assert "\u200b" not in one.endpoint
    assert "\u202e" not in one.id
