"""What counts as an event of a leg: a hard change, told once; doubt, want of news and flapping are none."""

from __future__ import annotations

from trunktui.model.health import SEVERITY_RANK, LegState
from trunktui.model.snapshot import LegStatus

SOFT = frozenset({LegState.SUSPECT, LegState.UNKNOWN})
"""States that say nothing lasting: a doubt that the next results settle, and no news."""


def hard_change(before: LegStatus | None, after: LegStatus) -> bool:
    """Whether a leg's lasting state changed between two judgements, in whatever order they were sampled.

    What lies between does not matter: UP, SUSPECT, UP is no event, and UP, SUSPECT, DOWN is one. What it was
    before it was first known is not known, so the first hard state is no change. A leg that begins or ceases to
    flap is one event, and nothing in between is.
    """
    if before is None or before.hard is None or after.hard is None:
        return False
    return before.hard is not after.hard or before.flapping is not after.flapping


def louder(before: LegStatus | None, after: LegStatus) -> bool:
    """Whether its severity rose: an alarm that was acknowledged is none any more."""
    quiet = 0 if before is None else SEVERITY_RANK[before.severity]
    return SEVERITY_RANK[after.severity] > quiet
