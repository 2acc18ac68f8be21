"""When something is meant to be, as an operator writes it: `2h`, `1h30m`, or `22:00-23:30` in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from msgspec import Struct

_PART = re.compile(r"([0-9]{1,6})([mhdw])", re.ASCII)
_CLOCKS = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})", re.ASCII)
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})", re.ASCII)
_UNIT_S = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_DAY_MINUTES = 24 * 60
_LONGEST_S = 366 * 86400


class Window(Struct, frozen=True):
    """A span from now on (`seconds`), or between two times of the day in UTC, in minutes since midnight."""

    seconds: int | None = None
    begin: int = 0
    end: int = 0


def parse_window(text: str) -> Window | None:
    """Return what `text` means, None where it is no time at all, or longer than a year."""
    if match := _CLOCKS.fullmatch(text):
        hours = (int(match[1]), int(match[3]))
        minutes = (int(match[2]), int(match[4]))
        if max(hours) > 23 or max(minutes) > 59 or (hours[0], minutes[0]) == (hours[1], minutes[1]):
            return None
        return Window(None, hours[0] * 60 + minutes[0], hours[1] * 60 + minutes[1])
    parts = _PART.findall(text)
    if not parts or "".join(f"{count}{unit}" for count, unit in parts) != text:
        return None
    seconds = sum(int(count) * _UNIT_S[unit] for count, unit in parts)
    return Window(seconds) if 0 < seconds <= _LONGEST_S else None


def span_of(window: Window, now: datetime) -> tuple[datetime, datetime]:
    """Return (from, until) as seen at `now` (UTC): the window that lasts now, else the next one."""
    if window.seconds is not None:
        return now, now + timedelta(seconds=window.seconds)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    length = timedelta(minutes=(window.end - window.begin) % _DAY_MINUTES)
    begin = midnight + timedelta(minutes=window.begin) - timedelta(days=1)
    while begin + length <= now:
        begin += timedelta(days=1)
    return begin, begin + length


def parse_moment(text: str, now: datetime) -> datetime | None:
    """Return the time that `text` means: `23:30` (the next one), `2026-11-25 23:30` or ISO 8601; UTC unless it says.

    None where it is no time.
    """
    if match := _CLOCK.fullmatch(text):
        if int(match[1]) > 23 or int(match[2]) > 59:
            return None
        moment = now.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
        return moment if moment > now else moment + timedelta(days=1)
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
