"""Which trunk a group shall be switched to, in lines: where its calls go now, and each trunk with state, room, why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from trunktui.model.action import Sweep
from trunktui.model.correlation import VerdictKind
from trunktui.model.health import WORST_FIRST, LegState
from trunktui.model.room import room
from trunktui.model.snapshot import GroupStatus, LegStatus, Snapshot
from trunktui.present.cells import STATE_ROLES, Cell, Line, Role
from trunktui.present.freshness import shown
from trunktui.present.layout import cut_line
from trunktui.present.words import NOT_KNOWN, STATE_GLYPHS, STATE_WORDS, fit, wrap

_NARROW = 60
_TRUNK = 24
_ROOM = 18


class Choice(NamedTuple):
    """One row: `group` may be switched to `trunk`."""

    group: str
    trunk: str


class Looked(NamedTuple):
    """What the page shows. `answers` is what the guards said of each choice, missing: not asked yet. `sbcs` by group."""

    groups: tuple[GroupStatus, ...]
    cursor: Choice | None
    sbcs: Mapping[str, tuple[str, ...]]
    answers: Mapping[Choice, Sweep | str]


def switchable(snapshot: Snapshot, leg_id: str) -> tuple[GroupStatus, ...]:
    """Return the groups of a leg's trunk of which the config says how they are switched."""
    leg = next((leg for leg in snapshot.legs if leg.id == leg_id), None)
    names = () if leg is None else leg.groups
    return tuple(group for group in snapshot.groups if group.name in names and group.active)


def not_switchable(snapshot: Snapshot, leg_id: str) -> str:
    """Say why no group of a leg can be switched."""
    leg = next((leg for leg in snapshot.legs if leg.id == leg_id), None)
    if leg is None or not leg.groups:
        return f"{leg_id} is in no group: only groups are switched"
    names = ", ".join(leg.groups)
    return f"the config does not say where an SBC is told which trunk {names} uses: set [group.switch]"


def choices(groups: tuple[GroupStatus, ...]) -> tuple[Choice, ...]:
    """Return every row, in the groups' order of preference."""
    return tuple(Choice(group.name, trunk) for group in groups for trunk in group.trunks)


def first_choice(groups: tuple[GroupStatus, ...], leg_id: str) -> Choice | None:
    """Return the row on which the cursor begins: in the first group, the next trunk that has no calls of it now."""
    trunk, _, sbc = leg_id.rpartition("@")
    for group in groups:
        busy = {trunk, *(route.trunk for route in group.active if route.sbc == sbc)}
        others = [one for one in group.trunks if one not in busy]
        if others:
            at = group.trunks.index(trunk) if trunk in group.trunks else -1
            later = [one for one in others if group.trunks.index(one) > at]
            return Choice(group.name, (later or others)[0])
    return next(iter(choices(groups)), None)


def routed_sbcs(group: GroupStatus) -> tuple[str, ...]:
    """Return the SBCs on which a group has a route."""
    return tuple(route.sbc for route in group.active)


def is_outage(snapshot: Snapshot, leg_id: str) -> bool:
    """Tell whether the carrier of a leg is out everywhere: then its groups are moved on all SBCs."""
    return any(one.kind is VerdictKind.CARRIER_OUTAGE and leg_id in one.legs for one in snapshot.verdicts)


def why_not(answer: Sweep | str | None) -> str:
    """Return what stands in the way of a choice, whatever is said; empty: nothing known."""
    if answer is None or isinstance(answer, str):
        return answer or ""
    rulings = (*answer.rulings, *(ruling for part in answer.parts for ruling in part.rulings))
    refusal = next((one for one in rulings if not one.allowed and not one.wants), None)
    if refusal is not None:
        return refusal.words
    return "" if answer.parts else "there is nothing to switch"


def choosing_lines(looked: Looked, snapshot: Snapshot, now: float, width: int) -> tuple[Line, ...]:
    """Return the page: each group with where its new calls go, its trunks, and what the cursor's row has against it."""
    lines: list[Line] = []
    for group in looked.groups:
        chosen = looked.sbcs[group.name]
        reason = group.reason.removeprefix(f"{group.name} ")
        lines.append(cut_line((Cell(f" {group.name}", Role.TITLE), Cell(f"   {reason}", Role.DIM)), width))
        for route in group.active:
            mark = Role.TEXT if route.sbc in chosen else Role.DIM
            said = route.sentence or f"{group.name} on {route.sbc}: not read yet"
            lines.append(cut_line((Cell(f"   {said}", mark),), width))
        lines += [_row(looked, Choice(group.name, trunk), snapshot, now, width) for trunk in group.trunks]
        lines.append(_where(group, chosen, width))
        lines.append(())
    answer = None if looked.cursor is None else why_not(looked.answers.get(looked.cursor))
    if answer and looked.cursor is not None and not _carries(looked, looked.cursor):
        words = f"{looked.cursor.trunk}: {answer}"
        lines += [(Cell(f" {piece}", Role.BAD),) for piece in wrap(words, width - 2)]
    return tuple(lines)


def cursor_line(looked: Looked) -> int:
    """Return the number of the line on which the cursor stands, from 0."""
    at = 0
    for group in looked.groups:
        at += 1 + len(group.active)
        for trunk in group.trunks:
            if Choice(group.name, trunk) == looked.cursor:
                return at
            at += 1
        at += 2
    return 0


def _row(looked: Looked, choice: Choice, snapshot: Snapshot, now: float, width: int) -> Line:
    """Return one trunk: its state on the chosen SBCs, what is free, and why it cannot be chosen."""
    chosen = looked.sbcs[choice.group]
    every = [shown(leg, now) for leg in snapshot.legs if leg.trunk == choice.trunk]
    legs = [leg for leg in every if leg.sbc in chosen]
    here = looked.cursor == choice
    carries = _carries(looked, choice)
    answer = looked.answers.get(choice)
    if carries:
        told = Cell("carries it now", Role.LABEL)
    elif answer is None:
        told = Cell("asking ...", Role.DIM)
    else:
        words = why_not(answer)
        told = Cell(f"no: {words}", Role.DIM) if words else Cell("enter chooses it", Role.GOOD)
    state = _state(legs)
    narrow = width < _NARROW
    cells = (
        Cell(" > " if here else "   ", Role.KEY),
        Cell(f"{STATE_GLYPHS[state]} {STATE_WORDS[state]:<6}", STATE_ROLES[state]),
        Cell(fit(choice.trunk, 14 if narrow else _TRUNK) + " ", Role.TITLE if here else Role.TEXT),
        *(() if narrow else (Cell(f"{_spread(legs, chosen):<8}", Role.DIM),)),
        Cell(_free(every) + " " if narrow else f"{_free(every):<{_ROOM}}", Role.TEXT),
        *(() if narrow and not carries else (told,)),
    )
    return cut_line(cells, width)


def _carries(looked: Looked, choice: Choice) -> bool:
    """Tell whether all calls of a group go over this trunk already on the chosen SBCs."""
    group = next(group for group in looked.groups if group.name == choice.group)
    there = {route.sbc for route in group.active if route.trunk == choice.trunk}
    return there >= set(looked.sbcs[choice.group])


def _state(legs: list[LegStatus]) -> LegState:
    """Return the worst state on the chosen SBCs; unknown where the trunk has no leg there."""
    return min((leg.state for leg in legs), key=WORST_FIRST.index, default=LegState.UNKNOWN)


def _spread(legs: list[LegStatus], chosen: tuple[str, ...]) -> str:
    return f"{len(legs)}/{len(chosen)} SBC" if len(chosen) > 1 or not legs else ""


def _free(legs: list[LegStatus]) -> str:
    free = room(legs)
    if free.cap is None or free.free is None:
        return f"{NOT_KNOWN} free"
    return f"{'max ' if free.most else ''}{free.free}/{free.cap} free"


def _where(group: GroupStatus, chosen: tuple[str, ...], width: int) -> Line:
    every = routed_sbcs(group)
    names = ", ".join(chosen) or "no SBC"
    cells: list[Cell] = [Cell("   on ", Role.LABEL), Cell(names, Role.TITLE)]
    if len(every) > 1:
        other = "this SBC alone" if len(chosen) == len(every) else f"all {len(every)} SBCs"
        cells += [Cell("   a", Role.KEY), Cell(f" {other}")]
    return cut_line(tuple(cells), width)
