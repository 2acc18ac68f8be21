"""Compares an SBC's clock with ours: for whoever reads times of both, never for judging a leg. Pure."""

from __future__ import annotations

from msgspec import structs

from trunktui.health.reasons import span
from trunktui.model.observation import Box, Observation

_HOUR_S = 3600.0
_WHOLE_HOURS_S = 60.0


def timed(look: Observation, ahead_s: float) -> Observation:
    """Return `look` with its SBC's clock compared with ours; `ahead_s` is our wall clock minus our monotonic one.

    The clock was read somewhere between the question and the answer, so it is compared with the middle, and the
    difference is right to within half of the whole.
    """
    box = look.box
    if box.clock_s is None:
        return look
    half = look.took_s / 2.0
    offset = box.clock_s - (look.at - half + ahead_s)
    unsure = half + (box.clock_unsure_s or 0.0)
    return structs.replace(look, box=structs.replace(box, clock_offset_s=offset, clock_unsure_s=unsure))


def clock_fault(box: Box, warn_s: float) -> str | None:
    """Say that an SBC's clock is wrong by more than `warn_s` and the doubt; None where it is not, or not known."""
    offset, unsure = box.clock_offset_s, box.clock_unsure_s
    if offset is None or unsure is None or abs(offset) - unsure <= warn_s:
        return None
    way = "ahead of" if offset > 0 else "behind"
    hours = round(abs(offset) / _HOUR_S)
    if hours and abs(abs(offset) - hours * _HOUR_S) <= _WHOLE_HOURS_S + unsure:
        plural = "hour" if hours == 1 else "hours"
        return (
            f"its clock is wrong by hours: {hours} {plural} {way} ours (set to local time as if it were UTC?)"
        )
    return f"its clock is {span(abs(offset))} {way} ours (is NTP running?)"
