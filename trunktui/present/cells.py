"""The smallest things shown: a cell of text with a role, and a line of cells; themes style the roles."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from trunktui.model.health import LegState, SbcState


class Role(StrEnum):
    """What a piece of text is for. A theme gives every role a style; nothing else names a colour."""

    TEXT = "text"
    DIM = "dim"
    TITLE = "title"
    LABEL = "label"
    RULE = "rule"
    KEY = "key"
    CURSOR = "cursor"
    CHANGED = "changed"
    LATE = "late"
    READ_ONLY = "read_only"
    FROZEN = "frozen"
    WRITE = "write"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    UP = "up"
    DEGRADED = "degraded"
    SUSPECT = "suspect"
    DOWN = "down"
    UNMONITORED = "unmonitored"
    UNKNOWN = "unknown"
    ADMIN_OFF = "admin_off"
    STANDBY = "standby"


class Cell(NamedTuple):
    """A piece of one line of text and its role; the style of `over` is laid over the role's (changed, late).

    `chart` cells are never shown reversed: a bar would read as its opposite.
    """

    text: str
    role: Role = Role.TEXT
    over: Role | None = None
    chart: bool = False


Line = tuple[Cell, ...]
"""One line on the screen, left to right; blanks between cells are part of them."""

FAULTS = frozenset(
    {LegState.DOWN, LegState.UNKNOWN, LegState.DEGRADED, LegState.SUSPECT, LegState.UNMONITORED}
)
"""The states of trouble: what `f` (faults only) keeps."""

STATE_ROLES: dict[LegState, Role] = {state: Role(state.value) for state in LegState}
SBC_ROLES: dict[SbcState, Role] = {state: Role(state.value) for state in SbcState}


def plain(line: Line) -> str:
    """Return the text of a line without its roles."""
    return "".join(cell.text for cell in line)
