"""How a group is moved on a FreeSWITCH: by mod_db, mod_hash, a global variable, or the weights of mod_distributor.

What is printed to `db insert/trunk/active/carrier-b`, `hash delete/trunk/active`, `global_setvar outbound_gw=carrier-b`: `+OK`,
also where nothing came of it; and to `distributor_ctl modify outbound carrier-a=1 carrier-b=9` (measured on 1.10.12):

    list: name=outbound
    node: name=carrier-a weight=1
    node: name=carrier-b weight=9

    error: name=carrier-a, specified weight invalid          (a weight of 0)
    error: node carrier-x not found

A global that X-PRE-PROCESS sets is set back by reloadxml, by a rescan and by startgw. An empty one reads as one that is
not set. FreeSWITCH's own compare-and-set (`global_setvar v=new=old`) says `+OK` whether it set anything or not.
"""

from __future__ import annotations

from msgspec import structs

from trunktui.model.action import Plan, Proof
from trunktui.model.ask import Answer
from trunktui.model.route import Mechanism, RouteReading, Share
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Move
from trunktui.model.text import Safe, clean
from trunktui.platforms import callproof, switching
from trunktui.platforms.callproof import Call, Look, look_of
from trunktui.platforms.freeswitch_channels import COMMAND, sent_out
from trunktui.platforms.freeswitch_console import askable, fault, fs, refusal, said
from trunktui.platforms.freeswitch_routes import parse_routes, route_ask, route_value

_STEP = "step"
_CALLS = fs("calls", COMMAND, json=True)
_LOCK_ON = "/usr/bin/flock"
_UNSET = "-ERR no reply"
_WARNINGS = {
    Mechanism.GLOBAL: (
        "reloadxml, a rescan and startgw undo it where X-PRE-PROCESS sets this variable, and a restart loses it: "
        "change the file, too"
    ),
    Mechanism.HASH: "a restart of FreeSWITCH loses it",
    Mechanism.DISTRIBUTOR: "`distributor_ctl reload` and a restart put the weights of the file back: change them there, too",
}


def plan_switch(move: Move, leg: LegStatus | None, siblings: tuple[LegStatus, ...]) -> Plan | Safe:
    """Return how to make a route say `move.goal`; or why that cannot be done."""
    called = None if leg is None else route_value(move.route, leg)
    if why := switching.refused(move, leg, siblings, called, askable):
        return why
    ask = route_ask((move.route,))
    if ask is None:
        return clean(f"FreeSWITCH has no {move.route.mechanism.value}")
    goal, before = switching.wanted(move), move.stands.shares
    if move.route.mechanism is Mechanism.DISTRIBUTOR and not _weighed(goal, before):
        return clean(f"{move.route.words} has other entries or weights now than it had: set it by hand")
    step, reads = _setting(move, goal), ask.commands[0]
    means = switching.Means(
        reads=reads,
        gate=structs.replace(reads, expect=_expected(move, before)),
        steps=(fs(_STEP, step),),
        look=(_CALLS,),
        back=clean(_setting(move, before), 400),
        needs=clean(
            f"'{_word(step)}' allowed to the user of the event socket (docs/grants.md, \"Actions\")", 300
        ),
        lock_on=_LOCK_ON,
        warning=clean(_WARNINGS.get(move.route.mechanism, ""), 300),
    )
    return switching.planned(move, leg, siblings, means)


def changed(plan: Plan, move: Move, look: Answer) -> Safe | None:
    """Say what became of the route between what the operator saw and `look`; None where it says the same."""
    return switching.changed(move, _reading(move, switching.opened(look, plan.readback.key)))


def taken(plan: Plan, move: Move, sent: Answer) -> Safe | None:
    """Say why FreeSWITCH did not take the command; None where it says so: whether it did is for the proof."""
    reply = sent.reply(_STEP)
    words = said(reply)
    if denied := refusal(reply):
        return clean(f"{denied}; it must allow '{_word(plan.steps[0].words)}' (see \"Actions\" there)")
    if why := fault(reply):
        return clean(why)
    first = "list: name=" if move.route.mechanism is Mechanism.DISTRIBUTOR else "+OK"
    if words and words[0].startswith(first):
        return None
    return clean(f"FreeSWITCH says: {words[0]}" if words else "FreeSWITCH said nothing to it")


def proof(plan: Plan, move: Move, sent: Answer, looks: tuple[Answer, ...]) -> Proof:
    """Judge the looks made since the command was taken."""
    return callproof.judge(plan, move, sent.answered_at, _looks(move, looks))


def standing(plan: Plan, move: Move, look: Answer) -> Proof:
    """Judge one look at the route after a command of which nobody knows how it went."""
    return switching.standing(plan, move, _reading(move, look))


def _setting(move: Move, shares: tuple[Share, ...]) -> str:
    """Return the command that makes the route say `shares`."""
    mechanism, place = move.route.mechanism, move.route.place
    if mechanism is Mechanism.DISTRIBUTOR:
        weights = " ".join(f"{share.value}={share.weight}" for share in shares)
        return f"distributor_ctl modify {place} {weights}"
    value = shares[0].value if shares else ""
    if mechanism is Mechanism.GLOBAL:
        return f"global_setvar {place}={value}"
    return f"{mechanism.value} insert/{place}/{value}" if value else f"{mechanism.value} delete/{place}"


def _expected(move: Move, before: tuple[Share, ...]) -> tuple[str, ...]:
    """Return what the readback must print for the route to say `before`."""
    if move.route.mechanism is Mechanism.DISTRIBUTOR:
        return tuple(f"node: name={share.value} weight={share.weight}" for share in before)
    return (before[0].value,) if before else (_UNSET,)


def _weighed(goal: tuple[Share, ...], before: tuple[Share, ...]) -> bool:
    """Whether weights can be set so: the entries are the same, and none weighs nothing."""
    same = {share.value for share in goal} == {share.value for share in before}
    return same and all(share.weight for share in goal)


def _word(command: str) -> str:
    return command.partition(" ")[0]


def _reading(move: Move, look: Answer) -> RouteReading:
    return parse_routes(look, (move.route,))[0]


def _looks(move: Move, looks: tuple[Answer, ...]) -> list[Look]:
    return [look_of(look, move.route, lambda answer: _look(move, answer)) for look in looks]


def _look(move: Move, look: Answer) -> Look:
    """Return what a look shows of the route and of the channels that FreeSWITCH made to call out."""
    listed, reading = sent_out(look.reply(_CALLS.key)), _reading(move, look)
    if isinstance(listed, str):
        return Look(look.asked_at, reading, why=listed)
    return Look(look.asked_at, reading, tuple(Call(*each) for each in listed))
