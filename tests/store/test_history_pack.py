"""Blobs of polls: what goes in comes out, codes never move, and what is no blob is said to be none."""

from __future__ import annotations

import random

import pytest

from trunktui.model.health import LegState, ProbeSignal, RegSignal
from trunktui.model.history import Point, Range, Sample
from trunktui.store.history_pack import (
    SHELF,
    WORDS,
    PackError,
    pack_points,
    pack_polls,
    slots_of,
    unpack_points,
    unpack_polls,
)

START = 1_764_072_000.25


def some(luck: random.Random, at: float) -> Sample:
    """Return a sample with anything in it, unknown or known."""
    return Sample(
        at,
        luck.choice([5.0, 30.0, 3600.0]),
        luck.choice(list(LegState)),
        luck.choice(list(RegSignal)),
        luck.choice(list(ProbeSignal)),
        luck.choice([None, 0.0, 0.125, 23.5, 32_000.75]),
        luck.choice([None, 0, 1, 4_000_000]),
        luck.choice([None, 0.0, 12.5]),
    )


@pytest.mark.parametrize("seed", range(20))
def test_polls_come_out_as_they_went_in(seed: int) -> None:
    luck = random.Random(seed)
    polls = []
    for number in range(luck.randrange(1, 30)):
        at = START + 30 * number
        held = {slot: some(luck, at) for slot in range(SHELF) if luck.random() < 0.7}
        interval_s = luck.choice([5.0, 30.0])
        polls.append((at, interval_s, {s: _with(one, interval_s) for s, one in held.items()}))
    data = pack_polls(polls)
    for slot in range(SHELF):
        assert unpack_polls(data, slot) == [held[slot] for _, _, held in polls if slot in held]


def _with(sample: Sample, interval_s: float) -> Sample:
    return Sample(sample.at, interval_s, *(getattr(sample, name) for name in Sample.__struct_fields__[2:]))


def test_summaries_come_out_as_they_went_in() -> None:
    points = {
        3: [
            Point(START, 300.0, LegState.DOWN, RegSignal.GAVE_UP, ProbeSignal.DEAD, 10, 4),
            Point(
                START + 900,
                300.0,
                LegState.UP,
                RegSignal.REGISTERED,
                ProbeSignal.OK,
                9,
                0,
                Range(1.0, 2.5, 9.0),
            ),
        ],
        0: [
            Point(
                START,
                300.0,
                LegState.UP,
                RegSignal.NOT_USED,
                ProbeSignal.OK,
                1,
                0,
                None,
                Range(0.0, 0.0, 0.0),
            )
        ],
    }
    data = pack_points(START, 300.0, points)
    assert slots_of(data) == 4
    assert [unpack_points(data, slot) for slot in range(5)] == [points[0], [], [], points[3], []]


def test_every_word_has_a_code_that_never_moves() -> None:
    for words, enum in zip(WORDS, (LegState, RegSignal, ProbeSignal), strict=True):
        missing = [word for word in enum if word not in words]
        assert not missing, f"put at the END of the words in store/history_pack.py: {missing}"
    codes = [[word.value for word in words] for words in WORDS]
    assert codes[0][:8] == [
        "up", "degraded", "suspect", "down", "unmonitored", "unknown", "admin_off", "standby",
    ]  # fmt: skip
    assert codes[1][:12] == [
        "not_used", "registered", "refreshing", "late_refresh", "overdue", "retrying", "gave_up", "unregistered",
        "admin_off", "starting", "absent", "unknown",
    ]  # fmt: skip
    assert codes[2][:9] == [
        "ok", "slow", "loss", "partial", "missing", "dead", "pending", "unmonitored", "unknown",
    ]  # fmt: skip


def test_a_code_of_a_later_version_is_a_gap_or_unknown_and_never_up() -> None:
    sample = Sample(START, 30.0, LegState.UP, RegSignal.REGISTERED, ProbeSignal.OK)
    import zlib

    data = pack_polls([(START, 30.0, {0: sample})])
    head, body = data[:12], bytearray(zlib.decompress(data[12:]))
    body[9] = 77  # its registration
    (found,) = unpack_polls(head + zlib.compress(bytes(body)), 0)
    assert found.registration is RegSignal.UNKNOWN
    body[8] = 77  # its state
    assert unpack_polls(head + zlib.compress(bytes(body)), 0) == []


def test_damaged_blobs_raise_nothing_else_and_take_no_memory() -> None:
    luck = random.Random(7)
    sample = Sample(START, 30.0, LegState.UP, RegSignal.REGISTERED, ProbeSignal.OK, 1.0)
    whole = pack_polls([(START + n, 30.0, dict.fromkeys(range(8), sample)) for n in range(10)])
    refused = 0
    for _ in range(2000):
        data = bytearray(whole)
        for _ in range(luck.randrange(1, 4)):
            data[luck.randrange(len(data))] = luck.randrange(256)
        cut = bytes(data[: luck.randrange(len(data) + 1)])
        for read in (unpack_polls, unpack_points):
            try:
                read(cut, 0)
            except PackError:
                refused += 1
    assert refused > 3000
