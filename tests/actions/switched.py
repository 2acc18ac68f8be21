"""A platform for tests of switches: Asterisk's, with a plan that moves a group by a key of its database.

What is asked and printed is Asterisk's own (`database get/put/del`, `core show channels concise`).
"""

from __future__ import annotations

from typing import Any

from trunktui.model.action import Plan, Proof, Sign, Verb
from trunktui.model.ask import Answer, SshAsk
from trunktui.model.route import Route
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Move
from trunktui.model.text import Safe, clean
from trunktui.platforms import asterisk
from trunktui.platforms.asterisk_console import PROGRAM, rx

WINDOW_S = 20.0
_NOTHING = "Database entry not found."


class Switched:
    """Asterisk, and how its database routes a group."""

    name = "asterisk"

    def __getattr__(self, name: str) -> Any:
        return getattr(asterisk, name)

    def route_value(self, route: Route, leg: LegStatus) -> Safe | None:
        """Return the endpoint's name."""
        return None if leg.native.endpoint is None else clean(leg.native.endpoint)

    def plan_switch(self, move: Move, leg: LegStatus | None, siblings: tuple[LegStatus, ...]) -> Plan | Safe:
        """Return how to write the key, compared with what stood there."""
        family, _, key = move.route.place.partition("/")
        value = move.goal[0].value if move.goal else None
        stood = move.stands.shares[0].value if move.stands.shares else None
        readback = rx("state", f"database get {family} {key}")
        expect = (_NOTHING if stood is None else f"Value: {stood}",)
        words = f"database del {family} {key}" if value is None else f"database put {family} {key} {value}"
        return Plan(
            verb=Verb.SWITCH,
            leg=f"{move.target or move.group}@{move.sbc}",
            sbc=move.sbc,
            target=move.route.place,
            disruptive=True,
            readback=_gated(readback, expect),
            steps=(rx("step", words),),
            proof=SshAsk((readback, rx("channels", "core show channels concise"))),
            consequence=clean("New calls go there; calls in progress stay."),
            proof_words=clean("the key reads back, and a new call follows it"),
            undo=clean("the key gets back what stood there"),
            needs=clean("'database put' allowed"),
            window_s=WINDOW_S,
            every_s=2.0,
            lock_on=PROGRAM,
            lock_hold_s=5,
            move=move,
        )

    def changed(self, plan: Plan, leg: LegStatus, look: Answer) -> Safe | None:
        """Compare what stands there with what the operator saw."""
        if plan.move is None:
            return asterisk.changed(plan, leg, look)
        now = _value(look)
        if now is None:
            return clean("the route could not be read")
        stood = str(plan.move.stands.shares[0].value) if plan.move.stands.shares else ""
        return None if now == stood else clean(f"it says {now or 'nothing'} now, was {stood or 'nothing'} when you looked")  # fmt: skip

    def taken(self, plan: Plan, sent: Answer) -> Safe | None:
        """Say what Asterisk printed where it did not take it."""
        if plan.move is None:
            return asterisk.taken(plan, sent)
        lines = sent.reply("step").lines
        said = str(lines[0]) if lines else ""
        return None if said in {"Updated database successfully", "Database entry removed."} else clean(f"Asterisk says: {said}")  # fmt: skip

    def proof(self, plan: Plan, sent: Answer, looks: tuple[Answer, ...]) -> Proof:
        """PROVED by a call that is younger than the change."""
        if plan.move is None:
            return asterisk.proof(plan, sent, looks)
        look, goal = looks[-1], _goal(plan.move)
        now = _value(look)
        if now is None:
            return Proof(Sign.UNREADABLE, clean("the route could not be read"))
        if now != goal:
            return Proof(Sign.FAILED, clean(f"it says {now or 'nothing'}, not {goal or 'nothing'}"))
        new = look.asked_at - sent.answered_at - 1.0
        rows = [line.split("!") for line in look.reply("channels").lines]
        fresh = [row[0].removeprefix("PJSIP/").rpartition("-")[0] for row in rows if float(row[11]) < new]
        if goal in fresh:
            return Proof(Sign.PROVED, clean(f"it says {goal}, and a new call went there"))
        return Proof(Sign.ROUTED, clean(f"it says {goal or 'nothing'}; no new call yet"))

    def standing(self, plan: Plan, look: Answer, since_s: float) -> Proof:
        """Judge by what stands there alone."""
        if plan.move is None:
            return asterisk.standing(plan, look, since_s)
        now, goal = _value(look), _goal(plan.move)
        if now is None:
            return Proof(Sign.UNREADABLE, clean("the route could not be read"))
        if now == goal:
            return Proof(Sign.ROUTED, clean(f"it says {now or 'nothing'}, as was wanted"))
        return Proof(Sign.FAILED, clean(f"it says {now or 'nothing'}"))


def _gated(command: Any, expect: tuple[str, ...]) -> Any:
    from msgspec.structs import replace

    return replace(command, gate=True, expect=expect)


def _goal(move: Move) -> str:
    return str(move.goal[0].value) if move.goal else ""


def _value(look: Answer) -> str | None:
    """Return what the key says, "" where it is not there, None where that was not read."""
    reply = look.reply("state")
    if reply.status is None or not reply.lines:
        return None
    line = str(reply.lines[0])
    return "" if line == _NOTHING else line.removeprefix("Value: ")
