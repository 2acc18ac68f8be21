"""Where a group's calls go on a Kamailio: the destinations of one set of its dispatcher, in the order they are tried.

What stands at set 2 in this, by `dispatcher.list` (measured on 5.6.3; other names of a destination left out):

    SET: {
            ID: 2
            TARGETS: {
                    DEST: {
                            URI: sip:10.77.0.21:5070
                            FLAGS: AP
                            PRIORITY: 10
                    }
                    DEST: {
                            URI: sip:10.77.0.21:5071
                            FLAGS: IP
                            PRIORITY: 5
                    }
            }
    }

Calls go to the highest priority first; of equal ones to the first in the list, which is the last in the file. I inactive
and D disabled by hand are skipped; T (a probe was lost) is still used. How the script chooses (the algorithm of
`ds_select_dst`) is told nowhere: a set of different priorities is taken for one used by priority (8), whatever weights
stand there; one of a single priority for one used by weight (9), where there are weights.
"""

from __future__ import annotations

import re

from msgspec import structs

from trunktui.model.ask import Answer, Reply, SshAsk
from trunktui.model.route import Mechanism, Route, RouteReading, Share
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import Safe, clean
from trunktui.platforms.boxroutes import Told, reading, unfit
from trunktui.platforms.kamailio_dispatcher import METHOD, no_sets, set_of
from trunktui.platforms.kamailio_rpc import Node, call, fault, read, refusal

_LIST = call("route destinations", METHOD)
_FLAGS = re.compile(r"([AIDT])([PXN]?)")
_NO_SOCKET = "connect_unix_sock"


def route_ask(routes: tuple[Route, ...]) -> SshAsk | None:
    """Return how to ask what stands at `routes`: the whole list, once; None for none to ask."""
    return SshAsk((_LIST,)) if any(_unfit(route) is None for route in routes) else None


def parse_routes(answer: Answer, routes: tuple[Route, ...]) -> tuple[RouteReading, ...]:
    """Read the answer to `route_ask`: one reading for each of `routes`, in their order. Never raises."""
    sets, why = _sets(answer.reply(_LIST.key))
    return tuple(reading(route, answer, _told(route, sets, why)) for route in routes)


def route_value(route: Route, leg: LegStatus) -> Safe | None:
    """Return the URI of the leg's one destination in the set, as the dispatcher prints it; None for none, or several.

    While its destinations are not known, it is taken for the first that it had.
    """
    if _unfit(route) is not None:
        return None
    if not leg.probe.contacts:
        return clean(leg.native.aor) if leg.native.aor is not None else None
    here = {contact.uri for contact in leg.probe.contacts if set_of(contact) == route.place}
    return here.pop() if len(here) == 1 else None


def _unfit(route: Route) -> str | None:
    return unfit(route, "Kamailio", Mechanism.DISPATCHER)


def _told(route: Route, sets: dict[str, tuple[Node, ...]], why: str) -> Told:
    if why := _unfit(route) or why:
        return Told(why=why)
    rows = sets.get(route.place)
    if rows is None:
        return Told(why=f"Kamailio has no set {route.place}")
    shares: list[tuple[int, Share]] = []
    for row in rows:
        priority, share = row.number("PRIORITY"), _share(row)
        if priority is None or share is None:
            return Told(why=f"a destination of it is not understood: {_words(row)}")
        shares.append((priority, share))
    if not shares:
        return Told(why="the set is empty")
    shares.sort(key=lambda pair: -pair[0])  # stable: equal ones stay as listed
    ranked = shares[0][0] != shares[-1][0]
    found = (structs.replace(share, weight=None) if ranked else share for _, share in shares)
    return Told(tuple(found), line="; ".join(_words(row) for row in rows))


def _share(row: Node) -> Share | None:
    uri, flags = row.text("URI"), _FLAGS.fullmatch(row.text("FLAGS") or "")
    if not uri or flags is None:
        return None
    attributes = row.child("ATTRS") or Node()
    weight = attributes.number("WEIGHT") or attributes.number("RWEIGHT")
    alive = {"I": False, "A": True if flags[2] == "P" else None}.get(flags[1])
    return Share(clean(uri), weight or None, held=flags[1] == "D", alive=alive)


def _words(row: Node) -> str:
    return " ".join(f"{key}: {row.text(key)}" for key in ("URI", "FLAGS", "PRIORITY"))


def _sets(reply: Reply) -> tuple[dict[str, tuple[Node, ...]], str]:
    """Return the destinations of each set by its number, or why they cannot be read."""
    if why := _fault(reply):
        return {}, why
    told = read(reply)
    if told.absent:
        return {}, "this Kamailio has no dispatcher: is the module loaded?"
    if no_sets(told):
        return {}, ""
    if told.why is not None:
        return {}, told.why
    records = told.node.child("RECORDS")
    listed = tuple(records.each("SET")) if records is not None else ()
    numbers = [one.text("ID") for one in listed]
    if told.node.number("NRSETS") != len(listed) or None in numbers or len(set(numbers)) != len(numbers):
        return {}, "the list of sets is not understood"
    sets: dict[str, tuple[Node, ...]] = {}
    for number, one in zip(numbers, listed, strict=True):
        targets = one.child("TARGETS")
        sets[str(number)] = tuple(targets.each("DEST")) if targets is not None else ()
    return sets, ""


def _fault(reply: Reply) -> str | None:
    """Say why a reply holds no answer, None when it looks like one."""
    if denied := refusal(reply):
        return f"{denied}; it must allow '{METHOD}'"
    line = next((line for line in reply.errors + reply.lines if _NO_SOCKET in line), None)
    if line is not None and "Permission denied" in line:
        return 'this login may not use Kamailio\'s control socket: see "Kamailio" in docs/grants.md'
    if line is not None:
        return f"Kamailio's control socket cannot be used: {line}"
    if reply.status is None and reply.errors:
        return f"not answered: {reply.errors[0]}"
    if why := fault(reply):
        return why
    return "the answer broke off" if reply.size != reply.whole_size else None
