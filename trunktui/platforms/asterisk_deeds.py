"""What may be done to an Asterisk, by what it is done to: a leg (asterisk_actions), or a group (asterisk_switch)."""

from __future__ import annotations

from trunktui.model.action import Plan, Proof
from trunktui.model.ask import Answer
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import Safe
from trunktui.platforms import asterisk_actions as actions
from trunktui.platforms import asterisk_switch as switch


def changed(plan: Plan, leg: LegStatus, look: Answer) -> Safe | None:
    """Say what became of a leg or a route between what the operator saw and `look`; None where it does not matter."""
    if plan.move is not None:
        return switch.changed(plan, plan.move, look)
    return actions.changed(plan, leg, look)


def taken(plan: Plan, sent: Answer) -> Safe | None:
    """Say why Asterisk did not take the command; None where it did."""
    return actions.taken(plan, sent) if plan.move is None else switch.taken(plan, plan.move, sent)


def proof(plan: Plan, sent: Answer, looks: tuple[Answer, ...]) -> Proof:
    """Judge the looks made since `sent`; each is judged with those before it."""
    if plan.move is not None:
        return switch.proof(plan, plan.move, sent, looks)
    return actions.proof(plan, sent, looks)


def standing(plan: Plan, look: Answer, since_s: float) -> Proof:
    """Judge one look, `since_s` seconds after a command whose fate is not known."""
    if plan.move is not None:
        return switch.standing(plan, plan.move, look)
    return actions.standing(plan, look, since_s)
