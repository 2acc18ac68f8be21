"""Keeps the calls of an SBC as they are read, and brings its clock and ours together."""

from __future__ import annotations

from trunktui.health.traffic import remember_calls
from trunktui.model.health import Thresholds
from trunktui.model.tail import CallRecord, TailStatus
from trunktui.model.text import clean
from trunktui.poll.called import Called
from trunktui.poll.record import SbcRecord


def called(record: SbcRecord, now: float, stale_s: float) -> Called:
    """Return an SBC's calls as of monotonic second `now`; what was not read for `stale_s` says nothing of now."""
    memory, ahead = record.calls, _ahead_s(record)
    if memory.until is None or ahead is None:
        return Called(audio=record.audio, now=now)
    return Called(memory, ahead, now + ahead - memory.until <= stale_s, record.audio, now)


def remember_called(
    record: SbcRecord, calls: tuple[CallRecord, ...], status: TailStatus, t: Thresholds
) -> None:
    """Keep calls that were read; with `status`: up to when all that was written has been read, and from where."""
    ahead = _ahead_s(record)
    if ahead is None or (status.read_to is None and not calls):
        return
    bad = {
        leg.native.endpoint: leg.memory.bad_since + ahead
        for leg in record.legs.values()
        if leg.native.endpoint is not None and leg.memory.bad_since is not None
    }
    earlier = {
        leg.native.endpoint: hours
        for leg in (record.legs.values() if record.hours else ())
        if leg.native.endpoint is not None and (hours := record.hours.pop(leg.id, None))
    }
    until = None if status.read_to is None else status.read_to + ahead
    record.calls = remember_calls(
        record.calls, calls, until, clean(status.path or status.file.path), bad, t, earlier
    )
    record.judged = None


def _ahead_s(record: SbcRecord) -> float | None:
    """Return the SBC's clock less our monotonic one, as of its last answer that told it."""
    seen = record.observation
    return None if seen is None or seen.box.clock_s is None else seen.box.clock_s - seen.at
