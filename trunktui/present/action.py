"""An action in words and as a document: `--dry-run`, the confirm screen and programs are told the same.

The document (schema trunktui.action/1) is a promise as the one of `status` is: every key is always there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from trunktui.model.action import Outcome, Plan, Ruling, Statement, Verb
from trunktui.model.health import LegState
from trunktui.model.snapshot import LegStatus, SbcStatus
from trunktui.model.text import Safe, clean

SCHEMA = "trunktui.action/1"

TITLES = {
    Verb.REREGISTER: "Force re-register",
    Verb.PROBE: "Send OPTIONS now",
    Verb.SWITCH: "Switch a group",
}
_WANTS = {
    Statement.YES: "a yes",
    Statement.FIXED: "that the cause was fixed",
    Statement.LEG_NAME: "the leg's name",
    Statement.GROUP_NAME: "the group's name",
    Statement.REASON: "a reason",
    Statement.GLASS: "the words break glass",
}
_STAYS = frozenset({LegState.UP, LegState.DEGRADED})
_NAMED = 4


class Shown(Struct, frozen=True):
    """What there is to show of one action: as prepared, and how it ended (None: it did not run).

    `legs` and `sbc` are those of the snapshot that it was prepared on; `over` is the login it goes to (`SshTarget.place`).
    """

    action: str
    verb: Verb
    leg_id: str
    plan: Plan | None
    commands: tuple[str, ...]
    rulings: tuple[Ruling, ...]
    legs: tuple[LegStatus, ...] = ()
    sbc: SbcStatus | None = None
    over: str = ""
    outcome: Outcome | None = None


def action_lines(shown: Shown) -> tuple[tuple[str, Safe], ...]:
    """Return (heading, text) pairs: what would run and what it does, and what each guard says."""
    rows: list[tuple[str, Safe]] = [(TITLES[shown.verb], clean(_subject(shown)))]
    if shown.plan is not None:
        plan = shown.plan
        over = _over(shown)
        rows += [("Will run", clean(f"{command}{over}", 600)) for command in shown.commands]
        rows += [
            ("Consequence", plan.consequence),
            ("Proof", plan.proof_words),
            ("Undo", plan.undo),
            ("Needs", plan.needs),
        ]
        if plan.disruptive:
            rows.append(("Stays up", stays_up(shown.leg_id, shown.legs)))
    rows += [(heading_of(ruling), said(ruling)) for ruling in shown.rulings]
    return tuple(rows)


def heading_of(ruling: Ruling) -> str:
    """Return what a ruling stands under: it agrees, it wants something said first, or nothing that is said helps."""
    if ruling.allowed:
        return "Guard"
    return "To state" if ruling.wants else "REFUSED"


def stays_up(leg_id: str, legs: Iterable[LegStatus]) -> Safe:
    """Say which healthy legs of the same groups, else of the same carrier, go on meanwhile."""
    legs = tuple(legs)
    own = next((leg for leg in legs if leg.id == leg_id), None)
    groups = own.groups if own is not None else ()
    carrier = own.carrier if own is not None else None
    if not groups and carrier is None:
        return clean("it is in no group")
    others = [leg for leg in legs if leg.id != leg_id and _alongside(leg, groups, carrier)]
    healthy = [_load(leg) for leg in others if leg.state in _STAYS]
    if not healthy:
        return clean(f"nothing else of {', '.join(groups) or carrier} is known to be healthy")
    more = f", and {len(healthy) - _NAMED} more" if len(healthy) > _NAMED else ""
    return clean(", ".join(healthy[:_NAMED]) + more)


def _alongside(leg: LegStatus, groups: tuple[str, ...], carrier: str | None) -> bool:
    """Tell whether a leg can carry what one of these groups, or else of this carrier, carries."""
    return bool(set(leg.groups) & set(groups)) if groups else leg.carrier == carrier


def action_document(actions: Iterable[Shown], code: int) -> dict[str, Any]:
    """Return the document of one command: its actions, in order, and its exit code."""
    return {"schema": SCHEMA, "exit_code": code, "actions": [_action(shown) for shown in actions]}


def to_json(document: dict[str, Any]) -> str:
    """Return the document as JSON with a final line end."""
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _subject(shown: Shown) -> str:
    sbc = shown.sbc
    if sbc is None:
        return shown.leg_id
    version = f" {sbc.version}" if sbc.version else ""
    return f"{shown.leg_id} ({sbc.platform}{version} on {sbc.host})"


def _over(shown: Shown) -> str:
    return f"   over ssh {shown.over}" if shown.over else ""


def said(ruling: Ruling) -> Safe:
    """Return a ruling as the command line prints it: what it says, and what would satisfy it."""
    wants = ", ".join(_WANTS[want] for want in ruling.wants)
    return clean(ruling.words + (f" [wants {wants}]" if wants else ""), 500)


def _load(leg: LegStatus) -> str:
    active, cap = leg.channels.active, leg.channels.cap
    if active is None:
        return leg.id
    return f"{leg.id} ({active} channels)" if cap is None else f"{leg.id} ({active}/{cap})"


def _action(shown: Shown) -> dict[str, Any]:
    return {
        "action": shown.action,
        "verb": shown.verb.value,
        "leg": shown.leg_id,
        "sbc": shown.plan.sbc if shown.plan is not None else None,
        "plan": None if shown.plan is None else plan_part(shown.plan, shown.commands),
        "guards": guards_part(shown.rulings),
        "outcome": None if shown.outcome is None else outcome_part(shown.outcome),
    }


def guards_part(rulings: Iterable[Ruling]) -> list[dict[str, Any]]:
    """Return what each guard says, as documents tell it."""
    return [
        {
            "guard": ruling.guard,
            "allowed": ruling.allowed,
            "sentence": ruling.sentence,
            "wants": [want.value for want in ruling.wants],
        }
        for ruling in rulings
    ]


def plan_part(plan: Plan, commands: tuple[str, ...]) -> dict[str, Any]:
    """Return a plan, as documents tell it."""
    return {
        "commands": list(commands),
        "consequence": plan.consequence,
        "proof": plan.proof_words,
        "undo": plan.undo,
        "needs": plan.needs,
        "window_s": plan.window_s,
        "disruptive": plan.disruptive,
    }


def outcome_part(outcome: Outcome) -> dict[str, Any]:
    """Return how an action ended, as documents tell it."""
    return {
        "ending": outcome.ending.value,
        "sentence": outcome.sentence,
        "sent": outcome.sent,
        "took_s": round(outcome.ended_at - outcome.began_at, 1),
        "evidence": [{"source": e.source, "line": e.line} for e in outcome.evidence],
    }
