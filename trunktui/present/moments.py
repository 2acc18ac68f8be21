"""Writes times of day: in UTC, and in the zone of whoever reads where that is another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from trunktui.present.words import NOT_KNOWN

Local = Callable[[datetime], datetime]
"""Puts a time into the zone of whoever reads."""


def moment_of(at: float) -> datetime | None:
    """Return UTC seconds as a time of day; None for what a file may hold and no calendar has."""
    try:
        moment = datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if 1 < moment.year < 9999 else None


def clock_text(at: float, *, dated: bool) -> str:
    """Return a time of day in UTC, with the date where it is `dated`."""
    moment = moment_of(at)
    return NOT_KNOWN if moment is None else _written(moment, dated=dated)


def local_text(at: float, local: Local, *, dated: bool) -> str:
    """Return the same time in the reader's zone; empty where that is UTC."""
    moment = moment_of(at)
    there = None if moment is None else local(moment)
    return _written(there, dated=dated) if there is not None and there.utcoffset() else ""


def _written(moment: datetime, *, dated: bool) -> str:
    return moment.strftime("%d %b %H:%M" if dated else "%H:%M")
