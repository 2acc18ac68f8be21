"""Packs polls of many legs into one blob and back: column by column, deflated; what is not known has a code of its own.

A shelf holds up to SHELF legs of one SBC, each in a slot. All of them are asked in one poll, so its time is kept once.
"""

from __future__ import annotations

import functools
import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from trunktui.model.health import LegState, ProbeSignal, RegSignal
from trunktui.model.history import Point, Range, Sample

SHELF = 32
"""Legs in a blob: few enough that reading one leg does not read a thousand others."""

MOST_POLLS = 4096
_MOST_BYTES = 16 * 1024 * 1024
_NONE = 0xFFFFFFFF
_NOWHERE = 0xFF
_SCALE = 1000
"""Round trips are kept in microseconds, rates and means in thousandths."""

_EFFORT = 6
_FULL, _SUMS = 1, 2
_HEAD = struct.Struct("<BHBd")
_POLL = struct.Struct("<If")
_STATES = (
    LegState.UP,
    LegState.DEGRADED,
    LegState.SUSPECT,
    LegState.DOWN,
    LegState.UNMONITORED,
    LegState.UNKNOWN,
    LegState.ADMIN_OFF,
    LegState.STANDBY,
)
_REGS = (
    RegSignal.NOT_USED,
    RegSignal.REGISTERED,
    RegSignal.REFRESHING,
    RegSignal.LATE_REFRESH,
    RegSignal.OVERDUE,
    RegSignal.RETRYING,
    RegSignal.GAVE_UP,
    RegSignal.UNREGISTERED,
    RegSignal.ADMIN_OFF,
    RegSignal.STARTING,
    RegSignal.ABSENT,
    RegSignal.UNKNOWN,
)
_PROBES = (
    ProbeSignal.OK,
    ProbeSignal.SLOW,
    ProbeSignal.LOSS,
    ProbeSignal.PARTIAL,
    ProbeSignal.MISSING,
    ProbeSignal.DEAD,
    ProbeSignal.PENDING,
    ProbeSignal.UNMONITORED,
    ProbeSignal.UNKNOWN,
    ProbeSignal.AUTH_SUSPECT,
    ProbeSignal.OVERLOADED,
    ProbeSignal.STUCK,
)
WORDS: tuple[tuple[StrEnum, ...], ...] = (_STATES, _REGS, _PROBES)
"""A word's place here is its code in every file: a new word goes to the end, none is ever moved or removed."""

_STATE_CODES = {word: code for code, word in enumerate(_STATES)}
_REG_CODES = {word: code for code, word in enumerate(_REGS)}
_PROBE_CODES = {word: code for code, word in enumerate(_PROBES)}

_E = TypeVar("_E", bound=StrEnum)


class PackError(Exception):
    """The bytes are no blob of ours."""


def pack_polls(polls: Sequence[tuple[float, float, Mapping[int, Sample]]]) -> bytes:
    """Return polls, oldest first, each as (when, interval in seconds, sample by slot), as one blob."""
    start = polls[0][0]
    slots = 1 + max((max(held) for _, _, held in polls if held), default=0)
    rows = [held.get(slot) for slot in range(slots) for _, _, held in polls]
    body = b"".join(
        (
            *(_POLL.pack(_count((at - start) * 1000), interval_s) for at, interval_s, _ in polls),
            bytes([_NOWHERE if one is None else _STATE_CODES.get(one.state, _NOWHERE) for one in rows]),
            bytes([_NOWHERE if one is None else _REG_CODES.get(one.registration, _NOWHERE) for one in rows]),
            bytes([_NOWHERE if one is None else _PROBE_CODES.get(one.probe, _NOWHERE) for one in rows]),
            _fixed([None if one is None else one.rtt_ms for one in rows]),
            _fixed([None if one is None else one.channels for one in rows], 1),
            _fixed([None if one is None else one.cps for one in rows]),
        )
    )
    return _HEAD.pack(_FULL, len(polls), slots, start) + zlib.compress(body, _EFFORT)


def unpack_polls(data: bytes, slot: int) -> list[Sample]:
    """Return the samples of one slot. Raises PackError."""
    start, count, slots, body = _opened(data, _FULL)
    if slot >= slots:
        return []
    times = [_POLL.unpack_from(body, index * _POLL.size) for index in range(count)]
    column = _Columns(body, count * _POLL.size, slot * count, count, slots * count)
    states, regs, probes = column.codes(), column.codes(), column.codes()
    rtts, channels, cps = column.fixed(), column.fixed(1), column.fixed()
    found: list[Sample] = []
    for index, (after_ms, interval_s) in enumerate(times):
        state = _word(_STATES, states[index])
        if state is None:
            continue
        used = channels[index]
        found.append(
            Sample(
                at=start + after_ms / 1000,
                interval_s=interval_s,
                state=state,
                registration=_word(_REGS, regs[index]) or RegSignal.UNKNOWN,
                probe=_word(_PROBES, probes[index]) or ProbeSignal.UNKNOWN,
                rtt_ms=rtts[index],
                channels=None if used is None else int(used),
                cps=cps[index],
            )
        )
    return found


def slots_of(data: object) -> int:
    """Return how many slots a blob holds. Raises PackError."""
    if not isinstance(data, bytes) or len(data) < _HEAD.size:
        raise PackError("too short")
    return int(_HEAD.unpack_from(data)[2])


def pack_points(start: float, span_s: float, points: Mapping[int, Sequence[Point]]) -> bytes:
    """Return summaries, by slot, each of `span_s` seconds and beginning a multiple of that after `start`, as one blob."""
    slots = 1 + max(points, default=0)
    count = 1 + max((_place(one, start, span_s) for held in points.values() for one in held), default=0)
    rows: list[Point | None] = [None] * (slots * count)
    for slot, held in points.items():
        for one in held:
            rows[slot * count + _place(one, start, span_s)] = one
    ranges = [
        [None if one is None else getattr(one, name) for one in rows]
        for name in ("rtt_ms", "channels", "cps")
    ]
    body = b"".join(
        (
            _POLL.pack(0, span_s),
            bytes(_NOWHERE if one is None else _STATE_CODES.get(one.state, _NOWHERE) for one in rows),
            bytes(_NOWHERE if one is None else _REG_CODES.get(one.registration, _NOWHERE) for one in rows),
            bytes(_NOWHERE if one is None else _PROBE_CODES.get(one.probe, _NOWHERE) for one in rows),
            _fixed([None if one is None else one.polls for one in rows], 1),
            _fixed([None if one is None else one.down for one in rows], 1),
            *(
                _fixed([None if one is None else getattr(one, part) for one in column])
                for column in ranges
                for part in ("low", "mean", "high")
            ),
        )
    )
    return _HEAD.pack(_SUMS, count, slots, start) + zlib.compress(body, _EFFORT)


def unpack_points(data: bytes, slot: int) -> list[Point]:
    """Return the summaries of one slot, oldest first. Raises PackError."""
    start, count, slots, body = _opened(data, _SUMS)
    if slot >= slots:
        return []
    span_s = _POLL.unpack_from(body)[1]
    column = _Columns(body, _POLL.size, slot * count, count, slots * count)
    states, regs, probes = column.codes(), column.codes(), column.codes()
    polls, down = column.fixed(1), column.fixed(1)
    ranges = [[column.fixed() for _ in range(3)] for _ in range(3)]
    found: list[Point] = []
    for index in range(count):
        state = _word(_STATES, states[index])
        if state is None:
            continue
        rtt, channels, cps = (_range([part[index] for part in parts]) for parts in ranges)
        found.append(
            Point(
                at=start + index * span_s,
                span_s=span_s,
                state=state,
                registration=_word(_REGS, regs[index]) or RegSignal.UNKNOWN,
                probe=_word(_PROBES, probes[index]) or ProbeSignal.UNKNOWN,
                polls=int(polls[index] or 0),
                down=int(down[index] or 0),
                rtt_ms=rtt,
                channels=channels,
                cps=cps,
            )
        )
    return found


class _Columns:
    """Reads one slot's part of column after column."""

    def __init__(self, body: bytes, offset: int, first: int, count: int, rows: int) -> None:
        self._body = body
        self._offset = offset
        self._first = first
        self._count = count
        self._rows = rows

    def codes(self) -> Sequence[int]:
        begins = self._offset + self._first
        self._offset += self._rows
        return self._body[begins : begins + self._count]

    def fixed(self, scale: int = _SCALE) -> list[float | None]:
        whole = bytearray(4 * self._count)
        for byte in range(4):
            begins = self._offset + byte * self._rows + self._first
            whole[byte::4] = self._body[begins : begins + self._count]
        self._offset += 4 * self._rows
        values = struct.unpack(f"<{self._count}I", whole)
        return [None if value == _NONE else value / scale for value in values]


@functools.lru_cache(maxsize=4)  # one blob is asked for one slot after another
def _opened(data: object, kind: int) -> tuple[float, int, int, bytes]:
    if not isinstance(data, bytes):  # SQLite lets anything stand in any column
        raise PackError("no bytes")
    try:
        found, count, slots, start = _HEAD.unpack_from(data)
        if found != kind or count > MOST_POLLS:
            raise PackError(f"kind {found}, {count} polls")
        body = zlib.decompressobj().decompress(data[_HEAD.size :], _MOST_BYTES)
        wanted = (
            (count * _POLL.size + slots * count * 15) if kind == _FULL else _POLL.size + slots * count * 47
        )
    except (struct.error, zlib.error) as error:
        raise PackError(str(error)) from error
    if len(body) != wanted or not math.isfinite(start):
        raise PackError(f"{len(body)} bytes for {count} polls of {slots} legs")
    return start, count, slots, body


def _word(words: tuple[_E, ...], code: int) -> _E | None:
    return words[code] if code < len(words) else None


def _place(point: Point, start: float, span_s: float) -> int:
    return round((point.at - start) / span_s)


def _count(value: float) -> int:
    return min(max(round(value), 0), _NONE - 1)


def _fixed(values: Sequence[float | None], scale: int = _SCALE) -> bytes:
    """Return values as 4 bytes each, in steps of 1/scale: all first bytes, all second ... which deflates better."""
    steps = [_NONE if value is None else int(value * scale + 0.5) for value in values]
    try:
        whole = struct.pack(f"<{len(steps)}I", *steps)
    except struct.error:  # out of all reason: as near as it goes
        whole = struct.pack(f"<{len(steps)}I", *[min(max(step, 0), _NONE) for step in steps])
    return b"".join(whole[byte::4] for byte in range(4))


def _range(parts: list[float | None]) -> Range | None:
    low, mean, high = parts
    return None if low is None or mean is None or high is None else Range(low, mean, high)
