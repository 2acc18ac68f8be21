"""How a trunk group is routed on an SBC: where the SBC is told which trunk to use, and what stands there now.

The dial plan (or the dispatcher) of an SBC reads one place, such as an AstDB key, at each new call. trunktui reads the
same place at each poll, so that what is shown is what the next call will do, and writes it when a group is switched.
"""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

from trunktui.model.text import Safe


class Mechanism(StrEnum):
    """Where an SBC is told which trunk a group uses.

    ASTDB: a key `family/key` of Asterisk's database. GLOBAL: a global variable of Asterisk or FreeSWITCH, by name. DB,
    HASH: a `realm/key` of FreeSWITCH's mod_db or mod_hash. DISTRIBUTOR: a list of mod_distributor. DISPATCHER: a
    set of Kamailio's dispatcher, by number.
    """

    ASTDB = "astdb"
    GLOBAL = "global"
    DB = "db"
    HASH = "hash"
    DISTRIBUTOR = "distributor"
    DISPATCHER = "dispatcher_set"


_WORD = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"
_PLACES = {
    Mechanism.ASTDB: re.compile(rf"{_WORD}/(?=.{{1,127}}$){_WORD}(?:/{_WORD})*", re.ASCII),
    Mechanism.GLOBAL: re.compile(_WORD, re.ASCII),
    Mechanism.DB: re.compile(rf"{_WORD}/{_WORD}", re.ASCII),
    Mechanism.HASH: re.compile(rf"{_WORD}/{_WORD}", re.ASCII),
    Mechanism.DISTRIBUTOR: re.compile(_WORD, re.ASCII),
    Mechanism.DISPATCHER: re.compile(r"[1-9][0-9]{0,8}", re.ASCII),
}
"""What may stand in a command as a place: no blank, quote, semicolon or line end, which consoles give a meaning to."""


class Route(Struct, frozen=True):
    """One place where a group is routed, as the config names it."""

    mechanism: Mechanism
    place: str

    @property
    def words(self) -> str:
        """The place as an operator says it: `astdb trunk/us-outbound`."""
        return f"{self.mechanism.value} {self.place}"

    @property
    def askable(self) -> bool:
        """Whether the place may stand in a command; the config takes no other."""
        return _PLACES[self.mechanism].fullmatch(self.place) is not None


class Share(Struct, frozen=True):
    """One entry of a route: a trunk by the SBC's own `value` for it.

    `weight`: its part of the calls, where the mechanism has weights. `held` True: it is held out by hand and gets no
    call whatever it answers. `alive` False: the SBC itself found it dead and skips it; None: the mechanism tells nothing.
    """

    value: Safe
    weight: int | None = None
    held: bool = False
    alive: bool | None = None


class RouteReading(Struct, frozen=True):
    """What stands at a route, read by an ask of monotonic second `at`.

    `shares` in the order in which the SBC uses them. No shares: nothing is set there and the SBC goes its own way
    (`why` empty), or it could not be read, and `why` says what is in the way. `line`: what was printed, as evidence.
    """

    route: Route
    at: float
    shares: tuple[Share, ...] = ()
    why: Safe = Safe("")
    line: Safe = Safe("")

    @property
    def read(self) -> bool:
        """Whether it could be read."""
        return not self.why

    @property
    def open(self) -> tuple[Share, ...]:
        """The entries that may get the next call."""
        return tuple(share for share in self.shares if not share.held and share.alive is not False)


class RouteState(StrEnum):
    """What a route says of its group on one SBC.

    FIRST: new calls go to the first preference (of those that have a leg there). MOVED: to another trunk of the group. SPLIT: several share the calls
    by weight. FOREIGN: to what no trunk of the group is called there. UNSET: nothing is set, the SBC goes its own way.
    NONE: every entry is held out or dead. UNKNOWN: not read, or too long ago.
    """

    FIRST = "first"
    MOVED = "moved"
    SPLIT = "split"
    FOREIGN = "foreign"
    UNSET = "unset"
    NONE = "none"
    UNKNOWN = "unknown"


class ActiveRoute(Struct, frozen=True):
    """Where new calls of a group go on `sbc`: `trunk`, None where that is not one trunk or not known.

    `sentence` says it whole. Times are monotonic: `since` it is so (None: it was so when first read), `read_at` when
    it was asked for, `stale_at` from when it is not believed any more. `reading` is what was read last, None: never.
    """

    sbc: str
    route: Route
    state: RouteState = RouteState.UNKNOWN
    trunk: str | None = None
    sentence: Safe = Safe("")
    since: float | None = None
    read_at: float | None = None
    stale_at: float | None = None
    reading: RouteReading | None = None
