"""The confirm screen in lines: what stands in the way, what would run, what it does, what proves it, who agrees."""

from __future__ import annotations

from trunktui.model.action import Plan, Prepared, Ruling, Statement, Sweep
from trunktui.model.correlation import VerdictKind
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import clean
from trunktui.present.action import TITLES, heading_of, stays_up
from trunktui.present.cells import Cell, Line, Role
from trunktui.present.layout import cut_line
from trunktui.present.words import wrap

ROOMY = 100
"""From this width on each guard that agrees has a line of its own."""

_HEADING = 13
_NARROW = 60
_INDENT = "   "


def missing(prepared: Prepared | Sweep) -> tuple[Statement, ...] | None:
    """Return what must be stated before a yes counts; None where nothing that is stated helps."""
    wants = prepared.wants
    return None if wants is None else tuple(want for want in wants if want is not Statement.YES)


def confirm_lines(prepared: Prepared, snapshot: Snapshot, note: str, width: int) -> tuple[Line, ...]:
    """Return the lines that explain an action to whoever decides; `note` says what changed meanwhile."""
    lines: list[Line] = [cut_line(_title(prepared, snapshot), width)]
    if note:
        lines += row("Note", note, Role.WARN, width)
    if prepared.plan is not None and prepared.plan.disruptive:
        lines += _outage(prepared, snapshot, width)
    for ruling in prepared.rulings:
        if stands_in_the_way(ruling):
            role = Role.WARN if ruling.wants else Role.BAD
            lines += row(heading_of(ruling), ruling.words, role, width)
    if prepared.plan is not None:
        lines += _plan_lines(prepared, prepared.plan, snapshot, width)
    agreed = [ruling.words for ruling in prepared.rulings if ruling.allowed]
    if width < ROOMY:  # one paragraph, so that all of it fits 80x24
        agreed = ["; ".join(agreed)] if agreed else []
    for text in agreed:
        lines += row("Guard" if width >= ROOMY else "Guards", text, Role.DIM, width)
    return tuple(lines)


def _outage(prepared: Prepared, snapshot: Snapshot, width: int) -> list[Line]:
    """Return what speaks against an action on a leg whose carrier is out."""
    out = [one for one in snapshot.verdicts if one.kind is VerdictKind.CARRIER_OUTAGE]
    reason = next((one.reason for one in out if prepared.leg_id in one.legs), None)
    if reason is None:
        return []
    return row("No use", f"{reason}. To register again does not help while it lasts", Role.WARN, width)


def over_ssh(prepared: Prepared) -> str:
    """Return `noc@10.20.0.11`: the login that the command goes to, whatever the snapshot says by now."""
    return clean(prepared.over.place) if prepared.over is not None else "no SBC"


def _title(prepared: Prepared, snapshot: Snapshot) -> Line:
    leg = prepared.leg
    name = prepared.leg_id if leg is None else f"{leg.trunk} on {leg.sbc}"
    sbc = next((sbc for sbc in snapshot.sbcs if leg is not None and sbc.name == leg.sbc), None)
    kind = "" if sbc is None else f"{sbc.platform} {sbc.version}" if sbc.version else sbc.platform
    about = ", ".join(part for part in (kind, sbc.site if sbc is not None else None) if part)
    return (
        Cell(f" {TITLES[prepared.verb]}", Role.TITLE),
        Cell(f"   {name}", Role.TITLE),
        Cell(f" ({about})" if about else "", Role.DIM),
    )


def stands_in_the_way(ruling: Ruling) -> bool:
    """Tell whether a ruling is to be read as one: that a yes is still missing is what the screen is there for."""
    return not ruling.allowed and ruling.wants != (Statement.YES,)


def _plan_lines(prepared: Prepared, plan: Plan, snapshot: Snapshot, width: int) -> list[Line]:
    lines: list[Line] = []
    for command in prepared.commands:
        lines += row("Will run", command, Role.TITLE, width)
    lines += row("Over", f"ssh {over_ssh(prepared)}", Role.TEXT, width)
    lines += row("Consequence", plan.consequence, Role.WARN if plan.disruptive else Role.TEXT, width)
    lines += row("Proof", plan.proof_words, Role.TEXT, width)
    lines += row("Undo", plan.undo, Role.TEXT, width)
    if plan.disruptive:
        lines += row("Stays up", stays_up(prepared.leg_id, snapshot.legs), Role.TEXT, width)
    return [*lines, *row("Needs", plan.needs, Role.DIM, width)]


def row(heading: str, text: str, role: Role, width: int) -> list[Line]:
    """Return a text under its heading, wrapped."""
    if width < _NARROW:
        pieces = wrap(f"{heading}: {text}", width - len(_INDENT) - 1)
        first = pieces[0].removeprefix(f"{heading}:")
        return [
            (Cell(f" {heading}:", Role.LABEL), Cell(first, role)),
            *((Cell(_INDENT), Cell(piece, role)) for piece in pieces[1:]),
        ]
    pieces = wrap(text, width - _HEADING - 2)
    return [
        (Cell(f" {(heading if index == 0 else ''):<{_HEADING}}", Role.LABEL), Cell(piece, role))
        for index, piece in enumerate(pieces)
    ]
