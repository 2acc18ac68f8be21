"""How many calls there are to move off a trunk, and how much room another trunk has for them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from trunktui.model.health import ROUTABLE, LegState
from trunktui.model.snapshot import LegStatus


class Room(Struct, frozen=True):
    """Channels free of a cap. `free` None: not known; `most`: some legs' channels are not known, so it is less.

    `state`: every leg is in one like this that takes no calls, so that what is free is not counted; None: not so.
    """

    cap: int | None = None
    free: int | None = None
    most: bool = False
    state: LegState | None = None


def load_to_move(legs: Iterable[LegStatus]) -> tuple[int | None, bool]:
    """Return the channels that dead legs carried before the first bad sign, and whether all of them are known.

    The sum of each leg's own peak: it is never too little, and too much only if they had it at different times.
    """
    loads = [leg.load for leg in legs]
    known = [load for load in loads if load is not None]
    return (sum(known) if known else None), len(known) == len(loads)


def room(legs: Iterable[LegStatus]) -> Room:
    """Return what is free on a trunk: of its own cap, or of its account's, over all SBCs that use it."""
    legs = tuple(legs)
    views = [leg.channels for leg in legs if leg.state in ROUTABLE]
    if legs and not views:
        cap = next((leg.channels.cap for leg in legs if leg.channels.cap is not None), None)
        return Room(cap, state=legs[0].state)
    view = next((view for view in views if view.cap is not None), None)
    if view is None or view.cap is None:
        return Room()
    if view.used is None:
        return Room(view.cap)
    return Room(view.cap, max(view.cap - view.used, 0), not view.whole)
