"""RTP counters of a real Asterisk belong to the right trunk, however its names are cut, and no damage makes silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from tests.platforms.recordings import FIXTURES, lines
from trunktui.model.ask import Answer, Reply
from trunktui.model.observation import AppState, ChannelRow, Observation
from trunktui.model.text import Safe
from trunktui.platforms.asterisk_audio import audio_ask, parse_audio

FOLDER: Path = FIXTURES / "asterisk" / "media"


def answer(case: str, *, cut: int | None = None) -> Answer:
    stats = (FOLDER / f"{case}-stats.txt").read_bytes()[:cut]
    channels = (FOLDER / f"{case}-concise.txt").read_bytes()
    return Answer(0.0, 1.0, (Reply("audio", 0, lines(stats)), Reply("bridged", 0, lines(channels))))


def test_a_carrier_that_sends_nothing_is_told_by_its_counters() -> None:
    look = parse_audio(answer("muted"))
    assert not look.why
    trunk = [call for call in look.calls if call.endpoint == "acme-primary"]
    assert [(call.received, call.sent) for call in trunk] == [(0, 0)] * 3
    assert len({call.id for call in trunk}) == 3


def test_what_is_heard_is_counted_for_the_trunk_and_not_for_the_customer() -> None:
    look = parse_audio(answer("heard"))
    heard = {call.endpoint: call.received for call in look.calls}
    assert set(heard) == {"acme-primary", "customer1"}
    assert all(call.received > 200 for call in look.calls)


def test_trunks_whose_names_begin_alike_are_told_apart_by_their_bridges() -> None:
    stats = [
        " 82435657 very-long-trunk-na 00:00:07 ulaw        0       0    0   0.000      9       0    0   0.000   0.000",
        " adf4bec3 very-long-trunk-na 00:00:07 ulaw        5       0    0   0.000      9       0    0   0.000   0.000",
        " cccccccc very-long-trunk-na 00:00:07 ulaw        5       0    0   0.000      9       0    0   0.000   0.000",
    ]
    row = "PJSIP/very-long-trunk-name-{}-00000001!c!!1!Up!AppDial!(Outgoing Line)!1!!!3!6!{}-897a!u.{}"
    rows = [
        row.format("alpha", "82435657", 1),
        row.format("beta", "adf4bec3", 2),
        row.format("alpha", "cccccccc", 3),
        row.format("beta", "cccccccc", 4),
    ]
    replies = (
        Reply("audio", 0, tuple(map(Safe, stats))),
        Reply("bridged", 0, tuple(map(Safe, rows))),
    )
    found = {call.endpoint: call.received for call in parse_audio(Answer(0.0, 1.0, replies)).calls}
    assert found == {"very-long-trunk-name-alpha": 0, "very-long-trunk-name-beta": 5}, (
        "two in one bridge: neither"
    )


@pytest.mark.parametrize("case", ["muted", "heard"])
def test_counters_cut_at_any_byte_tell_no_other_call_and_no_other_count(case: str) -> None:
    whole = {(call.id, call.received, call.sent) for call in parse_audio(answer(case)).calls}
    size = len((FOLDER / f"{case}-stats.txt").read_bytes())
    for cut in range(size):
        assert {(c.id, c.received, c.sent) for c in parse_audio(answer(case, cut=cut)).calls} <= whole, cut


def test_what_may_not_be_asked_is_told_and_not_asked_again() -> None:
    good = answer("muted")
    sudo = Reply("audio", 1, (), (Safe("sudo: a password is required"),))
    denied = parse_audio(structs.replace(good, replies=(sudo, good.replies[1])))
    assert denied.denied
    assert "docs/grants.md" in denied.why
    old = Reply(
        "audio", 0, (Safe("No such command 'pjsip show channelstats' (type 'core show help' for other)"),)
    )
    unknown = parse_audio(structs.replace(good, replies=(old, good.replies[1])))
    assert (unknown.denied, bool(unknown.why)) == (True, True)
    broke_off = parse_audio(Answer(0.0, 1.0, ()))
    assert (broke_off.denied, bool(broke_off.why)) == (False, True)


def test_it_is_asked_only_while_a_trunk_has_a_call() -> None:
    idle = Observation(at=1.0, took_s=0.1, app=AppState.ANSWERING)
    assert audio_ask(idle) is None
    inbound = ChannelRow(Safe("u.1"), 3, dialled=False, endpoint="a", serial=1, began=None)
    assert audio_ask(structs.replace(idle, channel_rows=(inbound,))) is None
    busy = structs.replace(idle, channel_rows=(structs.replace(inbound, dialled=True),))
    ask = audio_ask(busy)
    assert ask is not None
    assert [command.key for command in ask.commands] == ["audio", "bridged"]
