"""The day on which a secret store last changed a credential, as a command on this machine prints it; never the secret.

What is taken: a date or a time of ISO 8601 alone on a line, or the value of `created_time` (Vault, also nested, and
of the version in use), `LastChangedDate` (AWS, also as seconds since 1970) or `updated_time` in JSON.

    2026-09-01
    2026-09-01T07:12:44.482913057Z
    {"data": {"created_time": "2026-01-05T10:00:00Z", "current_version": 2,
              "versions": {"1": {"created_time": "2026-01-05T10:00:00Z"}, "2": {"created_time": "2026-09-01T07:12:44Z"}}}}
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from trunktui.config.commands import COMMAND_LIMIT_S, CommandError, output_of
from trunktui.model.finding import Told
from trunktui.model.text import Safe, clean

_ALONE = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,]\d{1,9})?\s*(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_EARLIEST = dt.date(1990, 1, 1)
"""No SIP credential is older: what says so is a clock that was never set."""


def told(trunk: str, argv: Sequence[str], limit_s: float = COMMAND_LIMIT_S) -> Told:
    """Run the metadata command of `trunk` and read the day from it; blocking, never raises."""
    source = source_of(argv)
    try:
        day = last_change(output_of(argv, limit_s))
    except CommandError as error:
        return Told(trunk, None, source, clean(f"{source} {error}"))
    if day is None:
        return Told(trunk, None, source, clean(f"{source} printed no one date of a last change"))
    return Told(trunk, day, source)


def source_of(argv: Sequence[str]) -> Safe:
    """Return what a metadata command is called as the source of a day: its program, for its words may say too much."""
    return clean(f"command {argv[0].rpartition('/')[2]}")


def last_change(output: bytes) -> dt.date | None:
    """Return the day (UTC) that such output tells; None where it tells none, or several that differ."""
    text = output.decode("utf-8", "replace")
    try:
        days = set(_in_json(json.loads(text)))
    except (ValueError, RecursionError):
        days = {day for line in text.splitlines() if (day := _day(line.strip())) is not None}
    return days.pop() if len(days) == 1 else None


def _in_json(value: object) -> Iterator[dt.date]:
    """Yield the day of the version in use; where there are no versions, that of the first key that is known."""
    if not isinstance(value, dict):
        if (day := _day_of(value)) is not None:
            yield day
        return
    data = value.get("data")
    inner: dict[str, object] = data if isinstance(data, dict) else value
    metadata = inner.get("metadata")
    inner = metadata if isinstance(metadata, dict) else inner
    versions, current = inner.get("versions"), inner.get("current_version")
    if isinstance(versions, dict) and str(current) in versions:
        version = versions[str(current)]
        inner = version if isinstance(version, dict) else {}
    for key in ("LastChangedDate", "created_time", "updated_time"):
        found = _day_of(inner.get(key))
        if found is not None:
            yield found
            return


def _day_of(value: object) -> dt.date | None:
    if isinstance(value, str):
        return _day(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError, OSError):
            return _plausible(dt.datetime.fromtimestamp(value, dt.UTC).date())
    return None


def _day(text: str) -> dt.date | None:
    match = _ALONE.fullmatch(text)
    if match is None:
        return None
    date, time, zone = match.groups()
    try:
        if time is None:
            return _plausible(dt.date.fromisoformat(date))
        moment = dt.datetime.fromisoformat(f"{date}T{time}{(zone or 'Z').replace('Z', '+00:00')}")
        return _plausible(moment.astimezone(dt.UTC).date())
    except (ValueError, OverflowError):
        return None


def _plausible(day: dt.date) -> dt.date | None:
    return day if day >= _EARLIEST else None
