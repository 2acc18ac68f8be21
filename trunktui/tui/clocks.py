"""The clocks of the screen that are not monotonic: only labels, and where the past stands on a chart."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_clock() -> str:
    """Return the time of day for the head; only a label, never used to compute."""
    return datetime.now(UTC).strftime("%H:%M:%S UTC")


def utc_seconds() -> float:
    """Return the wall clock, in seconds since 1970: where the past stands on a chart."""
    return datetime.now(UTC).timestamp()


def local_time(moment: datetime) -> datetime:
    """Return a time in the zone of this machine."""
    return moment.astimezone()
