"""What reaches a screen: the fleet as it stands, and how the engine that polls it is doing."""

from __future__ import annotations

from msgspec import Struct

from trunktui.model.acting import Doings
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe


class EngineStatus(Struct, frozen=True):
    """Whether the polling process lives. `restarts` since the screen began; `notice` is what to tell the operator.

    `config` says why the config file, as it stands, was not taken: the one before goes on. `history` says why no history
    is kept. Empty where all is well.
    """

    alive: bool
    restarts: int = 0
    notice: Safe = Safe("")
    config: Safe = Safe("")
    history: Safe = Safe("")


class FeedUpdate(Struct, frozen=True):
    """One thing that reached the screen: the fleet as it now stands, and how the engine is."""

    snapshot: Snapshot
    engine: EngineStatus
    changed: frozenset[str] = frozenset()
    """Ids of the legs that differ from the update before (all of them after a restart)."""

    tip: Safe = Safe("")
    """A line that tells a newcomer what to look at (the demo's); empty where nobody guides."""

    doings: Doings = Doings()
    """Write mode, and the actions under way or unfinished: of the engine that runs now."""
