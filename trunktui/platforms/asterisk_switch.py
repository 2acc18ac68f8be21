"""How a group is moved on an Asterisk: a key of AstDB or a global variable is set, and new calls must follow it.

What is printed to `database put trunk us-domestic/carrier ipauth-beta`, `database del trunk us-domestic/carrier` and
`dialplan set global POOL_US_DOMESTIC ipauth-beta` (measured on 22.10):

    Updated database successfully
    Database entry removed.
        -- Global variable 'POOL_US_DOMESTIC' set to 'ipauth-beta'

Asterisk checks no value: a name that no endpoint has is taken, and every call then fails. A key survives a reload and a
restart, a global neither; and there is no command that makes a global not set.
"""

from __future__ import annotations

from msgspec import structs

from trunktui.model.action import Plan, Proof
from trunktui.model.ask import Answer, Command
from trunktui.model.route import Mechanism, RouteReading
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Move
from trunktui.model.text import Safe, clean
from trunktui.platforms import asterisk_tables as tables
from trunktui.platforms import callproof, switching
from trunktui.platforms.asterisk_channels import channels
from trunktui.platforms.asterisk_console import PROGRAM, askable, rx
from trunktui.platforms.asterisk_routes import parse_routes, route_ask, route_value
from trunktui.platforms.callproof import Call, Look, look_of

_STEP = "step"
_CALLS = rx("calls", "core show channels concise")
_COUNT = rx("call_count", "core show channels count")
_UNSET = "Database entry not found."
_TAKEN = {
    Mechanism.ASTDB: ("Updated database successfully", "Database entry removed."),
    Mechanism.GLOBAL: ("    -- Global variable '",),
}
_LOSES = "a reload of the dial plan or a restart loses it: the group then goes where the file says; change it there, too"


def plan_switch(move: Move, leg: LegStatus | None, siblings: tuple[LegStatus, ...]) -> Plan | Safe:
    """Return how to make a route say `move.goal`; or why that cannot be done."""
    called = None if leg is None else route_value(move.route, leg)
    if why := switching.refused(move, leg, siblings, called, askable):
        return why
    ask = route_ask((move.route,))
    if ask is None:
        return clean(f"Asterisk has no {move.route.mechanism.value}")
    goal = move.goal[0].value if move.goal else None
    before = move.stands.shares[0].value if move.stands.shares else None
    step, back = _setting(move, goal), _setting(move, before)
    if step is None:
        return clean(
            f"no command of Asterisk makes {move.route.words} not set again: set it by hand to what the file says"
        )
    reads = ask.commands[0]
    means = switching.Means(
        reads=reads,
        gate=_gate(reads, move, before),
        steps=(rx(_STEP, step),),
        look=(_CALLS, _COUNT),
        back=Safe("" if back is None else back),
        needs=clean(f"'{step}' allowed on the SBC (docs/grants.md, \"Actions\")", 300),
        lock_on=PROGRAM,
        warning=_warning(move, before),
    )
    return switching.planned(move, leg, siblings, means)


def changed(plan: Plan, move: Move, look: Answer) -> Safe | None:
    """Say what became of the route between what the operator saw and `look`; None where it says the same."""
    return switching.changed(move, _reading(move, switching.opened(look, plan.readback.key)))


def taken(plan: Plan, move: Move, sent: Answer) -> Safe | None:
    """Say why Asterisk did not take the command; None where it did."""
    reply = sent.reply(_STEP)
    if denied := tables.refusal(reply):
        return clean(f"{denied}; it must allow '{plan.steps[0].words}' (see \"Actions\" there)")
    said = [line for line in reply.lines + reply.errors if line.strip()]
    if reply.status != 0:
        return clean(f"exit status {reply.status}" + (f": {said[0]}" if said else ""))
    if any(line.startswith(_TAKEN[move.route.mechanism]) for line in reply.lines):
        return None
    return clean(f"Asterisk says: {said[0]}" if said else "Asterisk said nothing to it")


def proof(plan: Plan, move: Move, sent: Answer, looks: tuple[Answer, ...]) -> Proof:
    """Judge the looks made since the command was taken."""
    return callproof.judge(plan, move, sent.answered_at, _looks(move, looks))


def standing(plan: Plan, move: Move, look: Answer) -> Proof:
    """Judge one look at the route after a command of which nobody knows how it went."""
    return switching.standing(plan, move, _reading(move, look))


def _setting(move: Move, value: str | None) -> str | None:
    """Return the command that sets the route to `value`, or to nothing; None where there is none."""
    if move.route.mechanism is Mechanism.GLOBAL:
        return None if value is None else f"dialplan set global {move.route.place} {value}"
    family, _, key = move.route.place.partition("/")
    return f"database del {family} {key}" if value is None else f"database put {family} {key} {value}"


def _gate(reads: Command, move: Move, before: str | None) -> Command:
    """Return the command that reads the route and closes unless it still says `before`."""
    if move.route.mechanism is Mechanism.ASTDB:
        expect = _UNSET if before is None else f"Value: {before}"
        return structs.replace(reads, expect=(expect,))
    if before is not None or move.stands.line:
        return structs.replace(reads, expect=(f"{move.route.place}={before or ''}",))
    return structs.replace(reads, unless=f" {move.route.place}=")


def _warning(move: Move, before: str | None) -> Safe:
    if move.route.mechanism is Mechanism.ASTDB:
        return Safe("")
    hence = "" if before is not None else "; it is not set now, and no command takes that back"
    return clean(f"{_LOSES}{hence}", 300)


def _reading(move: Move, look: Answer) -> RouteReading:
    return parse_routes(look, (move.route,))[0]


def _looks(move: Move, looks: tuple[Answer, ...]) -> list[Look]:
    return [look_of(look, move.route, lambda answer: _look(move, answer)) for look in looks]


def _look(move: Move, look: Answer) -> Look:
    """Return what a look shows of the route and of the calls that Asterisk dialled."""
    listed, reading = look.reply(_CALLS.key), _reading(move, look)
    table = channels(listed, look.reply(_COUNT.key))
    if not table.whole:
        return Look(look.asked_at, reading, why=table.unread[0].why if table.unread else "not listed")
    rows = (line.split("!") for line in listed.lines)
    up = {fields[-1] for fields in rows if fields[4] == "Up"}
    # A caller's `!` leaves it open whether a row was dialled: it may be a call on the source.
    calls = (
        Call(row.id, row.endpoint if row.dialled else None, row.id in up)
        for row in table.rows
        if row.dialled is not False and row.endpoint is not None
    )
    return Look(look.asked_at, reading, tuple(calls))
