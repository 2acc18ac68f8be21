"""Which columns fit a width: all from 140 cells on, fewer below, state, leg and age at the least."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class ColumnKey(StrEnum):
    """The name of a column, as `Row.cell` takes it."""

    STATE = "state"
    LEG = "leg"
    CARRIER = "carrier"
    REGISTRATION = "registration"
    OPTIONS = "options"
    CHANNELS = "channels"
    OF_CAP = "of_cap"
    SHARE = "share"
    CPS = "cps"
    DETECT = "detect"
    DIALS = "dials"
    CRED = "cred"
    AGE = "age"


class Column(NamedTuple):
    """One column as laid out: its title and its width in cells; `right` puts text at the right edge."""

    key: ColumnKey
    title: str
    width: int
    right: bool = False


MARGIN = 2
"""Cells left of the first column: the cursor's mark and a blank."""

GAP = 1
"""Blank cells between two columns."""

SHARE_CELLS = 10
"""Length of the bar that shows the share of the cap."""

_K = ColumnKey
_FULL = (
    Column(_K.STATE, "STATE", 7),
    Column(_K.LEG, "LEG", 0),
    Column(_K.CARRIER, "CARRIER", 12),
    Column(_K.REGISTRATION, "REGISTRATION", 19),
    Column(_K.OPTIONS, "OPTIONS", 13),
    Column(_K.CHANNELS, "CHANNELS", 8, right=True),
    Column(_K.OF_CAP, "OF CAP", 10, right=True),
    Column(_K.SHARE, "SHARE", SHARE_CELLS),
    Column(_K.CPS, "CPS", 5, right=True),
    Column(_K.DETECT, "DETECT", 6, right=True),
    Column(_K.DIALS, "DIALS", 9, right=True),
    Column(_K.CRED, "CRED", 5, right=True),
    Column(_K.AGE, "AGE", 5, right=True),
)
_MIDDLE = tuple(column for column in _FULL if column.key not in {_K.CPS, _K.SHARE, _K.CRED})
_SMALL = tuple(column for column in _MIDDLE if column.key not in {_K.DETECT, _K.DIALS})
_NARROW = (
    Column(_K.STATE, "STATE", 7),
    Column(_K.LEG, "LEG", 0),
    Column(_K.REGISTRATION, "REGISTRATION", 19),
    Column(_K.OPTIONS, "OPTIONS", 12),
    Column(_K.CHANNELS, "CHAN", 4, right=True),
    Column(_K.OF_CAP, "OF CAP", 8, right=True),
    Column(_K.AGE, "AGE", 5, right=True),
)
_TINY = (
    Column(_K.STATE, "STATE", 7),
    Column(_K.LEG, "LEG", 0),
    Column(_K.AGE, "AGE", 5, right=True),
)
_FROM_WIDTH = ((140, _FULL), (120, _MIDDLE), (100, _SMALL), (72, _NARROW), (0, _TINY))
_LEG_LEAST = 4
_LEG_MOST = 44


def columns_for(width: int) -> tuple[Column, ...]:
    """Return the columns for a table `width` cells wide, the LEG column taking what the others leave."""
    chosen = next((columns for least, columns in _FROM_WIDTH if width >= least), _TINY)
    taken = sum(column.width for column in chosen) + GAP * (len(chosen) - 1) + MARGIN
    leg = min(max(width - taken, _LEG_LEAST), _LEG_MOST)
    return tuple(column._replace(width=leg) if column.key is _K.LEG else column for column in chosen)
