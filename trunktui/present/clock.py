"""Writes times of day, and an SBC's clock and zone: in step with ours or not, how far its local time is from UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from trunktui.model.snapshot import SbcStatus
from trunktui.present.cells import Cell, Role
from trunktui.present.words import NOT_KNOWN, span

_SOME_S = 10.0


def clock_cell(sbc: SbcStatus, *, old: bool) -> Cell:
    """Return how an SBC's clock stands against ours, and its zone."""
    if old or sbc.clock_offset_s is None or sbc.clock_unsure_s is None:
        return Cell(NOT_KNOWN, Role.DIM)
    zone = f", local time {zone_words(sbc.zone_s)}" if sbc.zone_s is not None else ""
    offset, unsure = sbc.clock_offset_s, sbc.clock_unsure_s
    doubt = f"{_seconds(unsure)} of doubt"
    if abs(offset) <= unsure:
        return Cell(f"in step ({doubt}){zone}")
    way = "ahead of" if offset > 0 else "behind"
    return Cell(f"{_seconds(abs(offset))} {way} ours ({doubt}){zone}")


def moment_words(moment: datetime) -> str:
    """Return a time of day in UTC and, where its own zone is another, there too."""
    utc = moment.astimezone(UTC)
    text = f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    if moment.utcoffset() == utc.utcoffset():
        return text
    day = "" if moment.date() == utc.date() else f"{moment:%Y-%m-%d} "
    return f"{text} ({day}{moment:%H:%M:%S} here)"


def zone_words(ahead_s: int) -> str:
    """Return a zone as `UTC+01:00`; `UTC` alone where there is no difference."""
    if not ahead_s:
        return "UTC"
    minutes = abs(ahead_s) // 60
    return f"UTC{'-' if ahead_s < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f}s" if seconds < _SOME_S else span(seconds)
