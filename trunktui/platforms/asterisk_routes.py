"""Where a group's calls go on an Asterisk: a key of AstDB, or a global variable, that the dial plan reads at each call.

What `database get trunk us-domestic/carrier` prints where the key is set, and where it is not (measured on 22.10):

    Value: ipauth-beta
    Database entry not found.

What `dialplan show globals` prints; one that is not set has no row, and an empty one is the same to the dial plan:

       POOL_US_DOMESTIC=acme-primary
       NEWVAR=x

        -- 2 variable(s)

Neither says whether an endpoint of that name exists: Asterisk takes any value, and every call then fails.
"""

from __future__ import annotations

import re

from msgspec import Struct

from trunktui.model.ask import Answer, Command, Reply, SshAsk
from trunktui.model.route import Mechanism, Route, RouteReading, Share
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import LINE_LIMIT, Safe, clean
from trunktui.platforms import asterisk_tables as tables
from trunktui.platforms.asterisk_console import rx
from trunktui.platforms.boxroutes import Told, reading, unfit

_GLOBALS = rx("route globals", "dialplan show globals")
_VALUE = re.compile(r"Value:(?: (.*))?")
_UNSET = "Database entry not found."
_GLOBAL = re.compile(r"   ([^\s=][^=]*)=(.*)")
_COUNT = re.compile(r"    -- (\d{1,9}) variable\(s\)\s*")
_NOT_CONNECTED = "Unable to connect to remote asterisk"


def route_ask(routes: tuple[Route, ...]) -> SshAsk | None:
    """Return how to ask what stands at `routes`: each key by itself, all globals at once; None for none to ask."""
    commands = dict.fromkeys(_command(route) for route in routes if _unfit(route) is None)
    return SshAsk(tuple(commands)) if commands else None


def parse_routes(answer: Answer, routes: tuple[Route, ...]) -> tuple[RouteReading, ...]:
    """Read the answer to `route_ask`: one reading for each of `routes`, in their order. Never raises."""
    listed = _globals(answer.reply(_GLOBALS.key))
    return tuple(reading(route, answer, _told(route, answer, listed)) for route in routes)


def route_value(route: Route, leg: LegStatus) -> Safe | None:
    """Return the leg's endpoint, which is what the dial plan dials; None where it has none."""
    if _unfit(route) is not None or leg.native.endpoint is None:
        return None
    return clean(leg.native.endpoint, LINE_LIMIT)


def _unfit(route: Route) -> str | None:
    return unfit(route, "Asterisk", Mechanism.ASTDB, Mechanism.GLOBAL)


def _command(route: Route) -> Command:
    if route.mechanism is Mechanism.GLOBAL:
        return _GLOBALS
    family, _, key = route.place.partition("/")
    return rx(route.words, f"database get {family} {key}")


def _told(route: Route, answer: Answer, listed: _Globals) -> Told:
    if why := _unfit(route):
        return Told(why=why)
    if route.mechanism is Mechanism.GLOBAL:
        return listed.told(route.place)
    reply = answer.reply(route.words)
    if why := _fault(reply, _command(route)):
        return Told(why=why)
    said = [line for line in reply.lines if line.strip()]
    if len(said) == 1 and said[0].rstrip() == _UNSET:
        return Told(line=said[0])
    found = _VALUE.fullmatch(said[0]) if len(said) == 1 else None
    if found is None:
        return Told(why=_strange(said))
    # Set to nothing is not the same as not set: DB_EXISTS() tells them apart.
    return Told((Share(Safe(found[1] or "")),), line=said[0])


class _Globals(Struct, frozen=True):
    """The globals of one answer by name; a value of more than one line is None. `why`: why they cannot be read."""

    rows: dict[str, tuple[Safe, Safe | None]] = {}
    why: str = ""

    def told(self, name: str) -> Told:
        """Return what stands in one of them."""
        if self.why:
            return Told(why=self.why)
        line, value = self.rows.get(name, (Safe(""), Safe("")))
        if value is None:
            return Told(why="its value has more than one line")
        return Told((Share(value),) if value else (), line=line)


def _globals(reply: Reply) -> _Globals:
    """Read `dialplan show globals`; a list whose rows are not as many as it says proves nothing."""
    if why := _fault(reply, _GLOBALS):
        return _Globals(why=why)
    lines = list(reply.lines)
    while lines and not lines[-1].strip():
        lines.pop()
    count = _COUNT.fullmatch(lines[-1]) if lines else None
    if count is None:
        return _Globals(why="the list of globals broke off" if lines else "nothing was printed")
    rows: dict[str, tuple[Safe, Safe | None]] = {}
    seen, name = 0, ""
    for line in lines[:-2]:
        row = _GLOBAL.fullmatch(line)
        if row is not None:
            name, seen = row[1], seen + 1
            rows[name] = (line, Safe(row[2]))
        elif name:
            rows[name] = (rows[name][0], None)
    if seen != int(count[1]) or len(rows) != seen:
        return _Globals(why=f"{seen} globals though {count[1]} are announced")
    return _Globals(rows)


def _fault(reply: Reply, command: Command) -> str | None:
    """Say why a reply holds no answer, None when it looks like one."""
    if denied := tables.refusal(reply):
        return f"{denied}; it must allow '{command.words}'"
    if any(_NOT_CONNECTED in line for line in reply.errors):
        return "Asterisk is not running, or its control socket is not for this login: see docs/grants.md"
    if why := tables.fault(reply):
        return why
    return "the answer broke off" if reply.size != reply.whole_size else None


def _strange(said: list[Safe]) -> str:
    return f"Asterisk says: {said[0]}" if said else "nothing was printed"
