"""Frames carry the fleet between processes without loss, and a difference is enough to keep up."""

from __future__ import annotations

import asyncio
import struct

import pytest
from msgspec.structs import replace

from tests.health.scenes import Says, Trunks, play
from trunktui.engine.protocol import (
    MAX_FRAME,
    FleetFrame,
    Hello,
    ProtocolError,
    applied,
    difference,
    encode,
    read_frame,
)
from trunktui.model.health import Severity
from trunktui.model.link import SshState
from trunktui.model.snapshot import Headroom
from trunktui.model.text import Safe

BEFORE = play(Trunks(), [(0, Says())])
AFTER = play(Trunks(), [(0, Says()), (30, Says(contacts=("Unavail",)))])
LOST = play(Trunks(), [(0, Says()), (300, Says(silent=SshState.REFUSED))])


def read(data: bytes) -> object:
    async def go() -> object:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await read_frame(reader)

    return asyncio.run(go())


@pytest.mark.parametrize("snapshot", [BEFORE, AFTER, LOST])
def test_a_snapshot_arrives_as_it_was_sent(snapshot: object) -> None:
    frame = FleetFrame(snapshot)  # type: ignore[arg-type]
    assert read(encode(frame)) == frame


def test_a_difference_holds_only_what_changed_and_is_enough() -> None:
    changes = difference(BEFORE, AFTER)
    assert [leg.id for leg in changes.legs] == ["carrier-a@sbc-1"]
    assert applied(BEFORE, changes) == AFTER
    assert not difference(AFTER, AFTER).legs


def test_a_leg_that_went_away_goes_away_on_the_other_side() -> None:
    fewer = type(AFTER)(generation=9, at=AFTER.at, sbcs=AFTER.sbcs, legs=(), groups=())
    assert applied(AFTER, difference(AFTER, fewer)) == fewer


def test_what_carriers_deaths_would_do_is_sent_once_and_taken_back_where_there_is_none() -> None:
    plan = Headroom("alpha", Severity.NONE, Safe("if alpha died now: nothing"))
    told = replace(AFTER, headroom=(plan,))
    assert applied(AFTER, difference(AFTER, told)) == told
    assert difference(told, replace(told, generation=9)).headroom is None
    assert applied(told, difference(told, replace(told, generation=9))).headroom == (plan,)
    assert applied(told, difference(told, AFTER)) == AFTER


def test_the_end_of_the_stream_is_none_wherever_it_comes() -> None:
    data = encode(Hello("0.1.0", 1))
    for cut in range(len(data)):
        assert read(data[:cut]) is None


@pytest.mark.parametrize("data", [struct.pack(">I", MAX_FRAME + 1), struct.pack(">I", 3) + b"\xc1xx"])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        read(data)
