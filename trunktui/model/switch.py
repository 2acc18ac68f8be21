"""A switch as data: what the operator wishes for a trunk group, and what that is on each SBC."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from trunktui.model.route import Route, RouteReading, Share
from trunktui.model.text import Safe


class Waits(Struct, frozen=True):
    """How long switches of a group wait; a config's `[switch]` table may change each. Seconds, and OPTIONS in a row.

    `pause_s`: least time between two switches of one group on one SBC. Before a group goes back to its first trunk
    `hold_s` must have passed since the last switch, and since that trunk's last change, and the trunk must have
    answered `clean_probes` OPTIONS in a row over `clean_s`.
    """

    pause_s: float = 60.0
    hold_s: float = 600.0
    clean_s: float = 300.0
    clean_probes: int = 10


class SwitchKind(StrEnum):
    """Why a group is moved: SWITCH away from its trunk, FAILBACK to its first preference, UNDO of what was done before."""

    SWITCH = "switch"
    FAILBACK = "failback"
    UNDO = "undo"


class Wish(Struct, frozen=True):
    """What an operator wants: `group` to go over `to` on `sbcs`, in that order, one after the other.

    FAILBACK: `to` is the group's first preference. UNDO: `to` is not used; each SBC gets back what stood there before
    the switches named in `undoes` (ids of the audit log), newest first.
    """

    kind: SwitchKind
    group: str
    to: str = ""
    sbcs: tuple[str, ...] = ()
    undoes: tuple[str, ...] = ()


class Move(Struct, frozen=True):
    """One SBC's part of a wish.

    `stands` is what its route said when the operator looked; the sending changes nothing unless it still says so.
    `goal` is what it shall say: one open share (a switch), or what stood there before (an undo); empty: nothing set, the
    SBC goes its own way again. `source` and `target` are trunks of the group, "" where there is none (foreign value, nothing set).
    `values`: what each trunk of the group that has a leg there is called in this route, in the group's order: by these
    alone the new calls are counted. `shared`: other groups use the source there, too, so a new call on it need not be
    this group's (the platform's plan says so).
    """

    kind: SwitchKind
    group: str
    sbc: str
    route: Route
    stands: RouteReading
    goal: tuple[Share, ...]
    source: str = ""
    target: str = ""
    values: dict[str, str] = {}
    undoes: str = ""
    shared: bool = False

    @property
    def words(self) -> str:
        """What it does, in the operator's words."""
        return f"{self.group} on {self.sbc}: {self.source or 'as the SBC chose'} -> {self.target or 'as the SBC chooses'}"


class Undoable(Struct, frozen=True):
    """Switches of `group` that can be taken back until `until` (monotonic): `actions` by SBC, newest first.

    `to`: what it goes back to; `went`: where it was sent. `glass`: a guard was overridden for it.
    """

    group: str
    until: float
    to: str
    actions: tuple[tuple[str, str], ...]
    who: Safe = Safe("")
    went: str = ""
    glass: bool = False


class Switched(Struct, frozen=True):
    """The last switch of `group` on `sbc` that stands, by our audit log: to trunk `to`, by `who`, at monotonic second `at`."""

    group: str
    sbc: str
    to: str
    who: Safe
    at: float
