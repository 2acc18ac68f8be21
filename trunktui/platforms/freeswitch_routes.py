"""Where a group's calls go on a FreeSWITCH: what its dial plan reads at each call from mod_db, mod_hash, a global or a list.

What `db select/trunk/active`, `hash select/trunk/active` and `global_getvar outbound_gw` print where something is set, and
where nothing is (measured on 1.10.12; an empty global is the same):

    carrier-b
    -ERR no reply

What `distributor_ctl dump outbound` prints, and for a list that there is not:

    list: name=outbound
    node: name=carrier-a weight=9
    node: name=carrier-b weight=1

    cannot find list

FreeSWITCH takes any value, also one that no gateway has. `distributor outbound` itself would use up a turn: never asked.
"""

from __future__ import annotations

import re

from trunktui.model.ask import Answer, Command, Reply, SshAsk
from trunktui.model.route import Mechanism, Route, RouteReading, Share
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import LINE_LIMIT, Safe, clean
from trunktui.platforms.boxroutes import Told, reading, unfit
from trunktui.platforms.freeswitch_console import NOT_ASKED, PROGRAM, fault, fs, refusal, said

_REQUESTS = {
    Mechanism.DB: "db select/{}",
    Mechanism.HASH: "hash select/{}",
    Mechanism.GLOBAL: "global_getvar {}",
    Mechanism.DISTRIBUTOR: "distributor_ctl dump {}",
}
_UNSET = "-ERR no reply"
_NO_VALUE = re.compile(r"-(?:ERR|USAGE|err|error)\b|!err!|\+OK\b")
"""How FreeSWITCH's modules begin what is no value: `-ERR ...`, `-USAGE: ...`, `-error`, `!err!`, `+OK`."""

_LIST = re.compile(r"list: name=(.*)")
_NODE = re.compile(r"node: name=(.+) weight=(\d{1,9})")
_NO_LIST = "cannot find list"


def route_ask(routes: tuple[Route, ...]) -> SshAsk | None:
    """Return how to ask what stands at `routes`; None for none to ask."""
    commands = dict.fromkeys(_command(route) for route in routes if _unfit(route) is None)
    return SshAsk(tuple(commands)) if commands else None


def parse_routes(answer: Answer, routes: tuple[Route, ...]) -> tuple[RouteReading, ...]:
    """Read the answer to `route_ask`: one reading for each of `routes`, in their order. Never raises."""
    return tuple(reading(route, answer, _told(route, answer.reply(route.words))) for route in routes)


def route_value(route: Route, leg: LegStatus) -> Safe | None:
    """Return the leg's gateway; None where it has none."""
    if _unfit(route) is not None or leg.native.endpoint is None:
        return None
    return clean(leg.native.endpoint, LINE_LIMIT)


def _unfit(route: Route) -> str | None:
    return unfit(route, "FreeSWITCH", *_REQUESTS)


def _command(route: Route) -> Command:
    return fs(route.words, _REQUESTS[route.mechanism].format(route.place))


def _told(route: Route, reply: Reply) -> Told:
    if why := _unfit(route) or _fault(route, reply):
        return Told(why=why)
    lines = [line for line in reply.lines if line.strip()]
    if not lines:
        return Told(why="nothing was printed")
    if route.mechanism is Mechanism.DISTRIBUTOR:
        return _nodes(route, lines)
    if lines[0].rstrip() == _UNSET and len(lines) == 1:
        return Told(line=lines[0])
    if _NO_VALUE.match(lines[0]):
        return Told(why=f"FreeSWITCH says: {lines[0]}")
    if len(lines) > 1:
        return Told(why="its value has more than one line")
    return Told((Share(lines[0]),), line=lines[0])


def _nodes(route: Route, lines: list[Safe]) -> Told:
    """Read a distributor's list: shares by weight, every call another turn."""
    if lines[0].rstrip() == _NO_LIST:
        return Told(why=f"FreeSWITCH has no distributor list {route.place}")
    head = _LIST.fullmatch(lines[0].rstrip())
    nodes = [_NODE.fullmatch(line.rstrip()) for line in lines[1:]]
    if head is None or head[1] != route.place or None in nodes:
        return Told(why=f"FreeSWITCH says: {lines[0]}")
    shares = tuple(Share(clean(node[1]), int(node[2])) for node in nodes if node is not None)
    return Told(shares, line="; ".join(lines)) if shares else Told(why="the list has no node in it")


def _fault(route: Route, reply: Reply) -> str | None:
    """Say why a reply holds no answer, None when it looks like one."""
    if denied := refusal(reply):
        return f"{denied}; it must allow '{_command(route).words.partition(' ')[0]}'"
    if reply.status == NOT_ASKED:
        return f"{PROGRAM} cannot ask FreeSWITCH: it is down, or does not let this login in (docs/grants.md)"
    if reply.status is None and (words := said(reply)):
        return f"not answered: {words[0]}"
    if why := fault(reply):
        return why
    return "the answer broke off" if reply.size != reply.whole_size else None
