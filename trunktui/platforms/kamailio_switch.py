"""How a group is moved on a Kamailio: of a dispatcher's set, the target is opened and every other destination held out.

`dispatcher.set_state dx 1 sip:10.77.0.21:5060` (state, set, URI) prints (measured on 5.6.3):

    Ok. Dispatcher state updated.
    error: 500 - State Update Failed         (no such destination in that set)

`dx` (disabled, not probed) stays until somebody lifts it. `ip` does not: it is what the prober sets by itself, and lifts as
soon as the destination answers, so nothing is held out by it. `ap` opens, and has it probed; `ax` where nothing is.
A, T and I change by themselves, so only whether each destination is held (D) is compared. The target is opened first, and
unless that was taken nothing else is done: held out all of them, the set would get no call at all.
"""

from __future__ import annotations

import re

from msgspec import structs

from trunktui.model.action import Plan, Proof
from trunktui.model.ask import Answer, Command, Reply
from trunktui.model.observation import ContactState
from trunktui.model.route import RouteReading
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Move, SwitchKind
from trunktui.model.text import Safe, clean
from trunktui.platforms import callproof, kamailio_dialogs, switching
from trunktui.platforms.callproof import Call, Look, look_of
from trunktui.platforms.kamailio_address import address_of
from trunktui.platforms.kamailio_dispatcher import destinations
from trunktui.platforms.kamailio_routes import parse_routes, route_ask, route_value
from trunktui.platforms.kamailio_rpc import PROGRAM, call, read, refusal

_SET = "dispatcher.set_state"
_OK = "Ok. Dispatcher state updated."
_HOLD = "dx"
_URI = re.compile(r"sips?:[A-Za-z0-9][A-Za-z0-9_.:@+-]{0,119}(?:;transport=(?:udp|tcp|tls|sctp))?", re.ASCII)
_MOST = 60
"""Destinations of a set that are compared: what is expected of all must fit into one command."""

_WARNING = Safe(
    "`dispatcher.reload` and a restart of Kamailio forget what is held out by hand: the whole list is open again then"
)
_EVERY_S = 2.0
"""A list of 500 dialogs is some 400 kB."""

_SEVERAL = "several"
"""Whose a dialog is that is known by an address alone which two destinations of the set have."""

_HELD = ("DX", "DP", "DN")
_OPEN = ("AP", "AX", "AN", "IP", "IX", "IN", "TP", "TX", "TN")


def plan_switch(move: Move, leg: LegStatus | None, siblings: tuple[LegStatus, ...]) -> Plan | Safe:
    """Return how to make a route say `move.goal`; or why that cannot be done."""
    called = None if leg is None else route_value(move.route, leg)
    if why := switching.refused(move, leg, siblings, called, fit):
        return why
    ask = route_ask((move.route,))
    if ask is None:
        return clean(f"Kamailio has no {move.route.mechanism.value}")
    held = {share.value: share.held for share in move.stands.shares}
    goal = {share.value: share.held for share in switching.wanted(move)}
    if goal.keys() != held.keys() or len(held) > _MOST:
        words = (
            "other destinations now than it had" if len(held) <= _MOST else f"more than {_MOST} destinations"
        )
        return clean(f"{move.route.words} has {words}: set them by hand")
    opening = "ap" if _probes(siblings) else "ax"
    set_, reads = move.route.place, ask.commands[0]
    steps = _steps(
        set_, opening, _to_open(move, held, goal), [uri for uri in goal if goal[uri] and not held[uri]]
    )
    undo = _steps(set_, opening, [u for u in held if not held[u] and goal[u]], [u for u in held if held[u] and not goal[u]])  # fmt: skip
    expect = tuple(tuple(f"URI: {uri} FLAGS: {flags}" for flags in (_HELD if held[uri] else _OPEN)) for uri in held)  # fmt: skip
    means = switching.Means(
        reads=reads,
        gate=structs.replace(reads, expect=expect, between=(f"ID: {set_} TARGETS:", "SET:")),
        steps=steps,
        look=(kamailio_dialogs.LIST, kamailio_dialogs.COUNT),
        back=clean("; ".join(f"kamcmd {step.argv[1]} {' '.join(step.argv[2:])}" for step in undo), 4000),
        needs=clean(f"'{_SET}' allowed on the SBC (docs/grants.md, \"Kamailio\")"),
        lock_on=PROGRAM,
        warning=clean(
            "a restart of Kamailio forgets what is held out by hand: it then goes by its list again"
        ),
    )
    return switching.planned(move, leg, siblings, means)


def fit(uri: str) -> bool:
    """Whether a destination's URI may stand in a command."""
    return _URI.fullmatch(uri) is not None


def changed(plan: Plan, move: Move, look: Answer) -> Safe | None:
    """Say what became of the set between what the operator saw and `look`; None where it says the same."""
    return switching.changed(move, _reading(move, switching.opened(look, plan.readback.key)))


def taken(plan: Plan, move: Move, sent: Answer) -> Safe | None:
    """Say why Kamailio did not take the first step; None where it did: for the others the set itself is looked at."""
    del move
    return _refused(plan.steps[0], sent)


def proof(plan: Plan, move: Move, sent: Answer, looks: tuple[Answer, ...]) -> Proof:
    """Judge the looks made since the command was taken."""
    blame = next((why for step in plan.steps if (why := _refused(step, sent))), "")
    return callproof.judge(plan, move, sent.answered_at, _looks(move, looks), blame)


def standing(plan: Plan, move: Move, look: Answer) -> Proof:
    """Judge one look at the set after a command of which nobody knows how it went."""
    return switching.standing(plan, move, _reading(move, look))


def _to_open(move: Move, held: dict[Safe, bool], goal: dict[Safe, bool]) -> list[Safe]:
    """Return what is to be opened: for a switch always the target, whatever stands there by the prober's doing."""
    if move.kind is not SwitchKind.UNDO:
        return [move.goal[0].value]
    return [uri for uri in goal if held[uri] and not goal[uri]]


def _steps(set_: str, opening: str, opens: list[Safe], holds: list[Safe]) -> tuple[Command, ...]:
    pairs = [*((opening, uri) for uri in opens), *((_HOLD, uri) for uri in holds)]
    steps = [call(f"step {n}", _SET, state, set_, uri) for n, (state, uri) in enumerate(pairs)]
    if opens and len(steps) > 1:
        steps[0] = structs.replace(steps[0], gate=True, sets=True, expect=(_OK,))
    return tuple(steps)


def _probes(siblings: tuple[LegStatus, ...]) -> bool:
    """Whether Kamailio probes the group's destinations: not where it sends none, or none that may is probed."""
    if any(leg.probe.interval_s == 0 for leg in siblings):
        return False
    told = {
        contact.probed
        for leg in siblings
        for contact in leg.probe.contacts
        if contact.state is not ContactState.DISABLED and contact.probed is not None
    }
    return told != {False}


def _refused(step: Command, sent: Answer) -> Safe | None:
    """Say why Kamailio did not take a step; None where it did."""
    reply: Reply = switching.opened(sent, step.key).reply(step.key)
    if denied := refusal(reply):
        return clean(f"{denied}; it must allow '{_SET}' (see \"Kamailio\" there)")
    told = read(reply)
    if told.why is not None:
        return clean(told.why)
    said = (*told.words, *(line for line in reply.errors if line.strip()))
    if _OK in said:
        return None
    return clean(f"Kamailio says: {said[0]}" if said else "Kamailio said nothing to it")


def _reading(move: Move, look: Answer) -> RouteReading:
    return parse_routes(look, (move.route,))[0]


def _looks(move: Move, looks: tuple[Answer, ...]) -> list[Look]:
    return [look_of(look, move.route, lambda answer: _look(move, answer)) for look in looks]


def _look(move: Move, look: Answer) -> Look:
    """Return what a look shows of the set and of the dialogs sent to its destinations."""
    reading = _reading(move, look)
    rows = [
        row
        for row in destinations(look.reply(route_key(move)), None).rows
        if str(row.set_id) == move.route.place
    ]
    names: dict[object, str] = {row.uri: row.uri for row in rows}
    for row in rows:
        for name in (row.name, row.address):
            if name is not None and names.setdefault(name, row.uri) != row.uri and name != names[name]:
                names[name] = _SEVERAL

    def owner(value: str) -> str | None:
        address = address_of(value)
        return names.get(value) or (names.get(address) if address is not None else None)

    listed = kamailio_dialogs.sent_out(
        look.reply(kamailio_dialogs.LIST.key), look.reply(kamailio_dialogs.COUNT.key), owner
    )
    if isinstance(listed, str):
        return Look(look.asked_at, reading, why=listed)
    calls = (Call(id_, None if owner_ == _SEVERAL else owner_, up) for id_, owner_, up in listed)
    return Look(look.asked_at, reading, tuple(calls))


def route_key(move: Move) -> str:
    """Return under which key the list of destinations is asked."""
    ask = route_ask((move.route,))
    return ask.commands[0].key if ask is not None else ""
