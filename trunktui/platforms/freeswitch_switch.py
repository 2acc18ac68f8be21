"""How a group is moved to another trunk, and what proves it. (Being built: nothing is moved yet.)"""

from __future__ import annotations

from trunktui.model.action import Plan
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Move
from trunktui.model.text import Safe, clean


def plan_switch(move: Move, leg: LegStatus | None, siblings: tuple[LegStatus, ...]) -> Plan | Safe:
    """Return that it cannot be done yet."""
    del leg, siblings
    return clean(f"{move.route.words} cannot be written yet")
