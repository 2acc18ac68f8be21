"""A switch in words and as a document: `--dry-run`, the confirm screen and programs are told the same.

The document (schema trunktui.switch/1) is a promise as the one of `status` is: every key is always there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from trunktui.model.action import Plan, Prepared, Ruling, Statement, Sweep, Swept
from trunktui.model.health import ROUTABLE, spoken
from trunktui.model.room import Room, load_to_move, room
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.model.switch import BREAK_GLASS, SwitchKind, Wish
from trunktui.model.text import Safe, clean
from trunktui.model.vouching import held_out, silenced
from trunktui.present.action import guards_part, heading_of, outcome_part, plan_part, said
from trunktui.present.alike import alike, told_once
from trunktui.present.cells import Role

SCHEMA = "trunktui.switch/1"

_NOTHING = "what stands there"
_WARNING = "warning: "
_LOUD = (_WARNING, BREAK_GLASS)
"""How a ruling begins that lets a switch through and must be read all the same."""

_PLAN_ROWS: tuple[tuple[str, Callable[[Plan], str], Role, bool], ...] = (
    ("Warning", lambda plan: plan.warning, Role.WARN, False),
    ("Consequence", lambda plan: plan.consequence, Role.WARN, True),
    ("Proof", lambda plan: plan.proof_words, Role.TEXT, False),
    ("Undo", lambda plan: plan.undo, Role.TEXT, False),
    ("Needs", lambda plan: plan.needs, Role.DIM, False),
)
"""Heading, text, what it is for, and whether SBCs that differ in figures alone are told in one sentence."""


class Row(NamedTuple):
    """One thing to read about a switch: its heading, the text, and what it is for. `ruling`: it is what a guard says.

    `loud`: it lets the switch through, and must be read all the same.
    """

    heading: str
    text: Safe
    role: Role
    ruling: Ruling | None = None
    loud: bool = False


class Figures(Struct, frozen=True):
    """What moves on one SBC and where it fits: channels; None not known. `whole` False: at least so many."""

    calls: int | None
    load: int | None
    whole: bool
    room: Room


def title(wish: Wish) -> Safe:
    """Return what a wish is, in a few words."""
    match wish.kind:
        case SwitchKind.SWITCH:
            return clean(f"Switch {wish.group} to {wish.to}")
        case SwitchKind.FAILBACK:
            return clean(f"Fail {wish.group} back to {wish.to or 'its first trunk'}")
        case SwitchKind.UNDO:
            return clean(f"Take back the switch of {wish.group}")


def where(sweep: Sweep) -> str:
    """Return on which SBCs: `on nyc-1, fra-1`."""
    names = [part.sbc for part in sweep.parts] or list(sweep.wish.sbcs)
    return f"on {', '.join(names)}" if names else "on no SBC"


def figures(part: Prepared, legs: Iterable[LegStatus]) -> Figures:
    """Return the figures of one SBC's part by what is known of the legs now."""
    move = part.plan.move if part.plan is not None else None
    source, target = ("", "") if move is None else (move.source, move.target)
    legs = tuple(legs)
    old = [leg for leg in legs if leg.sbc == part.sbc and leg.trunk == source]
    load, whole = load_to_move(old)
    calls = old[0].channels.active if old else None
    return Figures(calls, load, whole, room(leg for leg in legs if leg.trunk == target))


def move_words(part: Prepared) -> str:
    """Return `alpha-us -> beta-us`: from where to where one SBC's part moves its new calls."""
    move = part.plan.move if part.plan is not None else None
    if move is None:
        return "no plan"
    return f"{move.source or _NOTHING} -> {move.target or _standing(part)}"


def figure_words(part: Prepared, legs: Iterable[LegStatus]) -> str:
    """Return what happens to the calls of one SBC's part: those in progress, those to come, and the room for them."""
    move = part.plan.move if part.plan is not None else None
    if move is None:
        return ""
    legs = tuple(legs)
    found = figures(part, legs)
    words = []
    if move.source and move.source == move.target:
        words.append("new calls go there by themselves; from now on they are made to")
    elif move.source:
        words.append("calls in progress stay" if found.calls is None else _staying(found.calls))
        load = "unknown load" if found.load is None else f"{'' if found.whole else 'at least '}{found.load}"
        words.append(f"{load} to move")
    if move.target:
        leg = next((leg for leg in legs if leg.sbc == part.sbc and leg.trunk == move.target), None)
        if leg is not None and held_out(move, move.target) and silenced(leg):
            words.append(f"{move.target} is held out there until then; room {room_words(found.room)}")
        elif leg is not None and leg.state not in ROUTABLE:
            words.append(f"{move.target} is {spoken(leg.state)}")
        else:
            words.append(f"room {room_words(found.room)}")
    return "; ".join(words)


def room_words(free: Room) -> str:
    """Return what is free of a cap, in channels: `12 of 200`."""
    if free.state is not None:
        cap = "" if free.cap is None else f", of {free.cap}"
        return f"not counted{cap}: it is {spoken(free.state)}"
    if free.cap is None:
        return "without a known cap"
    if free.free is None:
        return f"not known, of {free.cap}"
    return f"{'at most ' if free.most else ''}{free.free} of {free.cap}"


def breaks_glass(sweep: Sweep) -> bool:
    """Tell whether a guard stands in the way that the operator could override."""
    every = (*sweep.rulings, *(ruling for part in sweep.parts for ruling in part.rulings))
    return any(not ruling.allowed and ruling.sentence.startswith(BREAK_GLASS) for ruling in every)


def sweep_rows(sweep: Sweep, snapshot: Snapshot) -> tuple[Row, ...]:
    """Return all there is to read before a switch: each SBC's part, what is the same of all once, and the guards."""
    rows = [_part_row(part, snapshot) for part in sweep.parts]
    rows += _command_rows(sweep.parts)
    for heading, take, role, figures_differ in _PLAN_ROWS:
        told = [(part.sbc, take(part.plan)) for part in sweep.parts if part.plan is not None]
        rows += [Row(heading, clean(text, 600), role) for text in _shared(told, figures=figures_differ)]
    return (*rows, *_ruling_rows(sweep))


def sweep_lines(sweep: Sweep, snapshot: Snapshot) -> tuple[tuple[str, Safe], ...]:
    """Return (heading, text) pairs for the command line."""
    rows = (
        (row.heading, said(row.ruling) if row.ruling else row.text) for row in sweep_rows(sweep, snapshot)
    )
    return (("Plan", clean(f"{title(sweep.wish)} {where(sweep)}")), *rows)


def state_after(sweep: Sweep, swept: Swept) -> tuple[tuple[str, str, str], ...]:
    """Return (sbc, word, sentence) for each SBC of a switch that has ended, in order."""
    ended = dict(swept.outcomes)
    found = []
    for part in sweep.parts:
        outcome = ended.get(part.sbc)
        if outcome is None:
            found.append((part.sbc, "untouched", f"{part.sbc} was not touched"))
        else:
            found.append((part.sbc, outcome.ending.value, str(outcome.sentence)))
    return tuple(found)


def switch_document(sweep: Sweep, snapshot: Snapshot, swept: Swept | None, code: int) -> dict[str, Any]:
    """Return the document of one command: what was wished, each SBC's part, and how it ended (`swept` None: it did not run)."""
    wish, ended = sweep.wish, dict(swept.outcomes) if swept is not None else {}
    return {
        "schema": SCHEMA,
        "exit_code": code,
        "action": sweep.action,
        "kind": wish.kind.value,
        "group": wish.group,
        "to": wish.to or None,
        "ending": None if swept is None else swept.ending.value,
        "sentence": None if swept is None else swept.sentence,
        "untouched": [] if swept is None else list(swept.untouched),
        "guards": guards_part(sweep.rulings),
        "parts": [
            {
                "action": part.action,
                "sbc": part.sbc,
                "leg": part.leg_id,
                **_figures_part(part, snapshot),
                "plan": None if part.plan is None else _plan_part(part.plan, part.commands),
                "guards": guards_part(part.rulings),
                "outcome": outcome_part(ended[part.sbc]) if part.sbc in ended else None,
            }
            for part in sweep.parts
        ],
    }


def _part_row(part: Prepared, snapshot: Snapshot) -> Row:
    words = figure_words(part, snapshot.legs)
    return Row(part.sbc, clean(f"{move_words(part)}{f'   {words}' if words else ''}", 400), Role.TITLE)


def _command_rows(parts: tuple[Prepared, ...]) -> Iterator[Row]:
    """Yield each command to the letter, once, with the login on each SBC that it goes to."""
    runs: dict[tuple[str, ...], list[Prepared]] = {}
    for part in parts:
        runs.setdefault(part.commands, []).append(part)
    for commands, those in runs.items():
        logins = [(part.sbc, part.over.place) for part in those if part.over is not None]
        where = ", ".join(place if len(parts) == 1 else f"{place} ({sbc})" for sbc, place in logins)
        over = f"   over ssh {where}" if where else ""
        for number, command in enumerate(commands, 1):
            yield Row(
                "Will run", clean(f"{command}{over if number == len(commands) else ''}", 1200), Role.TEXT
            )


def _shared(told: list[tuple[str, str]], *, figures: bool) -> list[str]:
    """Return the texts, each once; one that is not said of every SBC names those that it is of."""
    found: dict[str, list[tuple[str, str]]] = {}
    for sbc, text in told:
        if text:
            found.setdefault(alike(text, sbc, figures=figures)[0], []).append((sbc, text))
    return [
        _of(tuple(sbc for sbc, _ in those), [text for _, text in those], len(told), figures=figures)
        for those in found.values()
    ]


def _of(sbcs: tuple[str, ...], texts: list[str], every: int, *, figures: bool) -> str:
    """Return what is said of some of `every` SBC, and of which, unless it is said of all or names the one."""
    text = told_once(texts, sbcs, figures=figures)
    known = len(sbcs) == every or (len(sbcs) == 1 and sbcs[0] in text)
    return text if known else f"{', '.join(sbcs)}: {text}"


def _ruling_rows(sweep: Sweep) -> list[Row]:
    """Return what the guards say, each once: of the whole, then of the SBCs; refusals before what agrees."""
    found: dict[tuple[Any, ...], list[tuple[str, Ruling]]] = {}
    whole = {(ruling.guard, ruling.allowed, ruling.sentence): ruling for ruling in sweep.rulings}
    rows = [_ruling_row(ruling, ruling.sentence) for ruling in whole.values()]
    for part in sweep.parts:
        for ruling in part.rulings:
            if (ruling.guard, ruling.allowed, ruling.sentence) not in whole:
                key = alike(ruling.sentence, part.sbc, figures=True)[0]
                found.setdefault((ruling.guard, ruling.allowed, key, ruling.wants), []).append(
                    (part.sbc, ruling)
                )
    for those in found.values():
        sbcs, texts = (
            tuple(sbc for sbc, _ in those),
            [ruling.sentence.removeprefix(_WARNING) for _, ruling in those],
        )
        rows.append(_ruling_row(those[0][1], _of(sbcs, texts, len(sweep.parts), figures=True)))
    return sorted(rows, key=_calm)


def _calm(row: Row) -> float:
    """Return how little a ruling matters: refusals first, then what else is to be stated than the yes, then warnings."""
    if row.ruling is None or not row.ruling.allowed:
        confirms = row.ruling is not None and Statement.YES in row.ruling.wants
        return 0 if row.role is Role.BAD else 1.5 if confirms else 1
    return 2 if row.loud else 3


def _ruling_row(ruling: Ruling, sentence: str) -> Row:
    """Return the row of a ruling, in the words for all the SBCs that it is of."""
    loud = ruling.allowed and ruling.sentence.startswith(_LOUD)
    told = Ruling(ruling.guard, ruling.allowed, clean(sentence.removeprefix(_WARNING), 400), ruling.wants)
    if loud:
        return Row("Warning", clean(told.words, 500), Role.WARN, told, loud=True)
    role = Role.DIM if ruling.allowed else Role.WARN if ruling.wants else Role.BAD
    return Row(heading_of(ruling), clean(told.words, 500), role, told)


def _figures_part(part: Prepared, snapshot: Snapshot) -> dict[str, Any]:
    move = part.plan.move if part.plan is not None else None
    found = figures(part, snapshot.legs)
    return {
        "from": None if move is None else move.source or None,
        "to": None if move is None else move.target or None,
        "route": None if move is None else move.route.words,
        "calls_in_progress": found.calls,
        "load_to_move": found.load,
        "load_is_whole": found.whole,
        "room": {"cap": found.room.cap, "free": found.room.free, "at_most": found.room.most},
    }


def _plan_part(plan: Plan, commands: tuple[str, ...]) -> dict[str, Any]:
    return {**plan_part(plan, commands), "warning": plan.warning or None}


def _standing(part: Prepared) -> str:
    """Return what an undo brings back that is no trunk of the group: a foreign value, or nothing set."""
    move = part.plan.move if part.plan is not None else None
    values = [share.value for share in move.goal] if move is not None else []
    return " ".join(values) if values else "as the SBC chooses"


def _staying(calls: int) -> str:
    return "1 call stays" if calls == 1 else f"{calls} calls stay"
