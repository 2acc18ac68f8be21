"""What operators told the simulated SBCs to do, and when: the one input to the world that comes from outside. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from enum import StrEnum


class Deed(StrEnum):
    """What an SBC's console can be told: `pjsip send register NAME`, `pjsip qualify NAME`."""

    REGISTER = "register"
    QUALIFY = "qualify"


class Deeds:
    """All of it. What happened at or before a second is all that counts for that second.

    So add in the order of time, and never before what was looked at already; then looking changes nothing.
    """

    def __init__(self) -> None:
        self._times: dict[tuple[str, Deed, str], list[float]] = {}

    def add(self, t: float, sbc: str, deed: Deed, name: str) -> None:
        """Record that the Asterisk of `sbc` took a command for the object `name` at second `t`."""
        insort(self._times.setdefault((sbc, deed, name), []), t)

    def next(self, sbc: str, deed: Deed, name: str, t: float) -> float:
        """Return when it was taken first, after `t`; infinity for never."""
        times = self._times.get((sbc, deed, name), ())
        place = bisect_right(times, t)
        return times[place] if place < len(times) else math.inf

    def until(self, sbc: str, deed: Deed, name: str, t: float) -> tuple[float, ...]:
        """Return when it was taken, at `t` or before, oldest first."""
        times = self._times.get((sbc, deed, name))
        return tuple(times[: bisect_right(times, t)]) if times else ()
