"""Carriers one by one: what each is now, which groups go over it, and what its death would do; rows, lines, a table.

Pure. A carrier of which no leg is believed any more has no headroom to tell: what it rests on is past its time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trunktui.model.correlation import Correlated
from trunktui.model.health import SEVERITY_RANK, WORST_FIRST, LegState, Severity
from trunktui.model.route import RouteState
from trunktui.model.snapshot import Headroom, Landing, LegStatus, Snapshot
from trunktui.present.cells import STATE_ROLES, Cell, Line, Role
from trunktui.present.freshness import shown, stale
from trunktui.present.layout import cut_line
from trunktui.present.parents import in_force, kind_words, role_of
from trunktui.present.printed import table
from trunktui.present.words import (
    AT_LEAST,
    NOT_KNOWN,
    STATE_GLYPHS,
    STATE_WORDS,
    cell_width,
    fit,
    plural,
    wrap,
)

_MARGIN = 2
_NARROW, _ROOMY, _WIDE = 60, 110, 140
_NAME_LEAST, _NAME_MOST = 10, 20
_STATE, _UP, _CHANNELS, _GROUPS = 10, 9, 9, 26
_RANK = {state: rank for rank, state in enumerate(WORST_FIRST)}
_NONE_OVER_IT = "no group goes over it"
_SEVERITY_ROLES = {
    Severity.NONE: Role.GOOD,
    Severity.INDETERMINATE: Role.UNKNOWN,
    Severity.WARNING: Role.WARN,
    Severity.MINOR: Role.WARN,
    Severity.MAJOR: Role.BAD,
    Severity.CRITICAL: Role.BAD,
}


class CarrierRow(NamedTuple):
    """One carrier: its worst leg's state, what is to blame, how many legs are up, the channels in use on it.

    `whole` False: some legs' channels are not known, so `channels` is a lower bound; None: none is. `groups` go over
    it now; of those `assumed` no SBC tells where they go, so the config's order is taken. `headroom` None: no group does,
    or nothing of it is believed any more (`old`).
    """

    name: str
    state: LegState
    many: int
    verdict: Cell | None
    up: int
    down: int
    legs: int
    channels: int | None
    whole: bool
    groups: tuple[str, ...]
    headroom: Headroom | None
    old: bool = False
    assumed: tuple[str, ...] = ()

    @property
    def used(self) -> str:
        """The channels in use, as text."""
        if self.channels is None:
            return NOT_KNOWN
        return f"{'' if self.whole else AT_LEAST + ' '}{self.channels}"

    @property
    def now(self) -> str:
        """What it is now, in a few words: a verdict, else the worst state and how many legs are in it."""
        if self.verdict is not None:
            return self.verdict.text
        word = STATE_WORDS[self.state]
        return word if self.many == self.legs else f"{word} {self.many}/{self.legs}"


def carrier_list(snapshot: Snapshot, now: float) -> tuple[CarrierRow, ...]:
    """Return the carriers of a fleet at monotonic second `now`: what is in trouble first, then what would be."""
    verdicts: dict[str, Correlated] = {}
    for one in in_force(snapshot, now):
        if one.carrier is not None:
            verdicts.setdefault(one.carrier, one)
    members: dict[str, list[LegStatus]] = {}
    for leg in snapshot.legs:
        if leg.carrier is not None:
            members.setdefault(leg.carrier, []).append(leg)
    plans, read = {one.carrier: one for one in snapshot.headroom}, _read(snapshot)
    rows = [
        _row(name, legs, verdicts.get(name), plans.get(name), read, now) for name, legs in members.items()
    ]
    loud = {name: SEVERITY_RANK[one.severity] for name, one in verdicts.items()}
    return tuple(sorted(rows, key=lambda row: (-loud.get(row.name, 0), *_trouble(row))))


def _read(snapshot: Snapshot) -> frozenset[str]:
    """Return the groups of which some SBC tells where their calls go."""
    silent = {RouteState.UNKNOWN, RouteState.UNSET}
    return frozenset(
        group.name for group in snapshot.groups if any(one.state not in silent for one in group.active)
    )


def _row(
    name: str,
    legs: Sequence[LegStatus],
    verdict: Correlated | None,
    plan: Headroom | None,
    read: frozenset[str],
    now: float,
) -> CarrierRow:
    seen = [shown(leg, now) for leg in legs]
    states = [leg.state for leg in seen]
    worst = min(states, key=_RANK.__getitem__)
    counts = [None if stale(leg, now) else leg.channels.active for leg in seen]
    known = [count for count in counts if count is not None]
    old = all(stale(leg, now) for leg in legs)
    believed = None if old else plan
    landings = () if believed is None else believed.landings
    groups = tuple(dict.fromkeys(one.group for one in landings))
    return CarrierRow(
        name=name,
        state=worst,
        many=states.count(worst),
        verdict=None if verdict is None else Cell(kind_words(verdict), role_of(verdict)),
        up=states.count(LegState.UP),
        down=states.count(LegState.DOWN),
        legs=len(legs),
        channels=sum(known) if known else None,
        whole=len(known) == len(counts),
        groups=groups,
        headroom=believed,
        old=old,
        assumed=tuple(group for group in groups if group not in read),
    )


def _trouble(row: CarrierRow) -> tuple[int, int, str]:
    plan = 0 if row.headroom is None else SEVERITY_RANK[row.headroom.severity]
    return -plan, _RANK[row.state], row.name


def brief(row: CarrierRow, *, whole: bool = False) -> Cell:
    """Return what its death would do: the worst that would happen to a group, and how many more have trouble.

    In a few words, or `whole` the sentence of that group.
    """
    if row.headroom is None:
        return Cell("no news of it" if row.old else _NONE_OVER_IT, Role.DIM)
    landings = row.headroom.landings
    worst = max(landings, key=lambda one: SEVERITY_RANK[one.severity])
    trouble = sum(one.severity is not Severity.NONE for one in landings)
    more = f" (+{trouble - 1} more)" if trouble > 1 else ""
    role = _SEVERITY_ROLES[worst.severity]
    if whole:
        return Cell(f"{worst.sentence}{_in_brackets(worst.severity)}{more}", role)
    return Cell(f"{worst.group}: {_outcome(worst)}{more}" if trouble else "all of it fits elsewhere", role)


def _outcome(one: Landing) -> str:
    """Return in a few words what is in the way of a group that does not fit for certain."""
    if one.to is None:
        return "nowhere to go" if one.severity is Severity.MAJOR else "never switched"
    if one.load is not None and one.free is not None and one.free < one.load:
        bound = "" if one.load_whole and not one.free_most else "at most "
        share = one.fits if one.fits is not None else one.free / one.load
        return f"{bound}{int(100 * share)} % fits on {one.to}"
    if one.free is None:
        return f"{one.to} has room that nobody knows"
    return f"{'at most ' if one.free_most else ''}{one.free} free on {one.to}"


def titles(rows: Sequence[CarrierRow], width: int) -> Line:
    """Return the line of titles over the rows."""
    name = _name_cells(rows, width)
    cells = [" " * _MARGIN + fit("CARRIER", name)]
    if width >= _NARROW:
        cells += [fit("NOW", _now_cells(rows, width)), fit("UP", _UP, right=True)]
        cells += [fit("CHANNELS", _CHANNELS, right=True)]
    if width >= _ROOMY:
        cells.append(fit("GROUPS OVER IT", _GROUPS))
    return cut_line((Cell(" ".join((*cells, "IF IT DIED NOW")), Role.DIM),), width)


def row_line(rows: Sequence[CarrierRow], row: CarrierRow, width: int) -> Line:
    """Return one row; `rows` are all of them, for the widths of columns."""
    glyph = STATE_GLYPHS[row.state]
    cells = [Cell(" " * _MARGIN), Cell(fit(row.name, _name_cells(rows, width)), Role.TITLE), Cell(" ")]
    if width >= _NARROW:
        role = STATE_ROLES[row.state] if row.verdict is None else row.verdict.role
        cells += [Cell(fit(f"{glyph} {row.now}", _now_cells(rows, width)), role), Cell(" ")]
        up = Cell(
            fit(f"{row.up}/{row.legs}", _UP, right=True), Role.TEXT if row.up == row.legs else Role.WARN
        )
        cells += [up, Cell(" "), Cell(fit(row.used, _CHANNELS, right=True)), Cell(" ")]
    else:
        cells += [Cell(glyph, STATE_ROLES[row.state]), Cell(" ")]
    if width >= _ROOMY:
        cells += [Cell(fit(", ".join(row.groups) or NOT_KNOWN, _GROUPS)), Cell(" ")]
    told, room = brief(row, whole=True), width - sum(cell_width(cell.text) for cell in cells)
    fits = width >= _WIDE and cell_width(told.text) <= room
    return cut_line((*cells, told if fits else brief(row)), width)


def plan_lines(row: CarrierRow, width: int, height: int) -> tuple[Line, ...]:
    """Return what a carrier's death would do, a sentence for each group, in at most `height` lines."""
    about = (
        f"{plural(row.legs, 'leg')}, {row.up} up, {row.down} down, {row.used} channels in use, "
        f"{plural(len(row.groups), 'group')} over it"
    )
    lines: list[Line] = [cut_line((Cell(f" {row.name}", Role.TITLE), Cell(f"  {about}")), width)]
    if row.headroom is None:
        lines += _wrapped(brief(row).text, Role.DIM, width)
    else:
        lines.append((Cell(f" If {row.name} died now:", Role.LABEL),))
        for one in row.headroom.landings:
            told = f"{one.sentence}{_in_brackets(one.severity)}"
            lines += _wrapped(told, _SEVERITY_ROLES[one.severity], width, indent=2)
        lines += _wrapped(_by_order(row.assumed), Role.DIM, width) if row.assumed else ()
    if len(lines) <= height:
        return tuple(lines)
    if height < 1:
        return ()
    left = len(lines) - height + 1
    return (
        *lines[: height - 1],
        cut_line((Cell(f"   {left} more lines: trunktui carriers", Role.DIM),), width),
    )


def plan_height(row: CarrierRow, width: int) -> int:
    """Return how many lines `plan_lines` would take."""
    return len(plan_lines(row, width, 10_000))


def carriers_table(snapshot: Snapshot, now: float, *, ascii_only: bool = False) -> str:
    """Return the carriers as plain text: a line each, and below it one for each group that goes over it."""
    rows = carrier_list(snapshot, now)
    lines = [("CARRIER", "NOW", "UP", "CHANNELS", "IF IT DIED NOW")]
    for row in rows:
        landings = () if row.headroom is None else row.headroom.landings
        told = [f"{one.sentence}{_in_brackets(one.severity)}" for one in landings] or [brief(row).text]
        lines.append((row.name, row.now, f"{row.up}/{row.legs}", row.used, told[0]))
        lines += [("", "", "", "", text) for text in told[1:]]
    assumed = sorted({group for row in rows for group in row.assumed})
    text = table(lines, ascii_only=ascii_only)
    return f"{text}{_by_order(assumed)}\n" if assumed else text


def carrier_rows(snapshot: Snapshot, now: float) -> list[dict[str, object]]:
    """Build every carrier of a document with the worst verdict on it, and what its death would do; null where there is none."""
    worst: dict[str, Correlated] = {}
    for one in in_force(snapshot, now):
        if one.carrier is not None:
            worst.setdefault(one.carrier, one)
    return [
        {
            "name": row.name,
            "verdict": (found := worst.get(row.name)) and found.kind.value,
            "reason": found and found.reason,
            "headroom": None if row.headroom is None else _headroom(row.headroom),
        }
        for row in sorted(carrier_list(snapshot, now), key=lambda row: row.name)
    ]


def _headroom(plan: Headroom) -> dict[str, object]:
    return {
        "severity": plan.severity.value,
        "reason": plan.sentence,
        "groups": [
            {
                "group": one.group,
                "from": one.source,
                "to": one.to,
                "sbcs": list(one.sbcs),
                "load": one.load,
                "load_bound": None if one.load is None else "exact" if one.load_whole else "at_least",
                "free": one.free,
                "free_bound": None if one.free is None else "at_most" if one.free_most else "exact",
                "fits": None if one.fits is None else round(one.fits, 3),
                "severity": one.severity.value,
                "reason": one.sentence,
            }
            for one in plan.landings
        ],
    }


def _by_order(groups: Sequence[str]) -> str:
    return f"No SBC tells where these go, so the order of the config is taken: {', '.join(groups)}"


def _in_brackets(severity: Severity) -> str:
    """Return how loud a landing is, behind its sentence; one whose fit cannot be known says so itself."""
    return "" if severity in {Severity.NONE, Severity.INDETERMINATE} else f" ({severity.value})"


def _wrapped(text: str, role: Role, width: int, *, indent: int = 1) -> list[Line]:
    first, *rest = wrap(text, max(width - indent - 2, 8))
    return [
        (Cell(" " * indent + first, role),),
        *((Cell(" " * (indent + 2) + piece, role),) for piece in rest),
    ]


def _name_cells(rows: Sequence[CarrierRow], width: int) -> int:
    longest = max((cell_width(row.name) for row in rows), default=0)
    return min(max(longest, len("CARRIER")), _NAME_LEAST if width < _NARROW else _NAME_MOST)


def _now_cells(rows: Sequence[CarrierRow], width: int) -> int:
    longest = max((cell_width(row.now) + 2 for row in rows), default=0)
    return min(max(longest, _STATE), 16 if width < _ROOMY else 30)
