"""Draws what was measured since the screen began as a row of eighth blocks; a poll that is missing is a gap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_BLOCKS = "▁▂▃▄▅▆▇█"
_GAP = " "


class Samples(NamedTuple):
    """Round-trip times in ms and channels of one leg, one per poll, oldest first; None where not known."""

    rtt_ms: tuple[float | None, ...] = ()
    channels: tuple[float | None, ...] = ()


def sparkline(values: Sequence[float | None], width: int) -> str:
    """Return the last `width` values as blocks, scaled from 0 to their highest; a gap for each None."""
    last = values[-width:] if width > 0 else ()
    top = max((value for value in last if value is not None), default=0.0)
    return "".join(_GAP if value is None else _BLOCKS[_step(value, top)] for value in last)


def spread(values: Sequence[float | None]) -> tuple[float, float] | None:
    """Return the lowest and the highest known value, None if none is known."""
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else None


def _step(value: float, top: float) -> int:
    if top <= 0:
        return 0
    return min(max(round(value / top * (len(_BLOCKS) - 1)), 0), len(_BLOCKS) - 1)
