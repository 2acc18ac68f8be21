"""Draws values as a row of eighth blocks; one that is not known is a gap."""

from __future__ import annotations

from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
_GAP = " "


def bars(values: Sequence[float | None], top: float) -> str:
    """Return a block for each value on a scale from 0 to `top`; a gap for each None."""
    return "".join(_GAP if value is None else _BLOCKS[_step(value, top)] for value in values)


def _step(value: float, top: float) -> int:
    share = value / top if top > 0 else 0.0
    last = len(_BLOCKS) - 1
    return max(round(share * last), 0) if share < 1 else last
