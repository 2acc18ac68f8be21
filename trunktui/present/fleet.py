"""Turns judged legs into rows: the text and role of every cell at one second, the order, the filter.

Everything here is a pure function of (snapshot, now): a row grows old and then unknown by itself, whether or
not anybody still sends snapshots.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from trunktui.model.health import SEVERITY_RANK, WORST_FIRST, LegState, ProbeSignal, RegSignal, Usage
from trunktui.model.observation import ContactState
from trunktui.model.snapshot import ChannelsView, LegStatus, ProbeView, RegView, Snapshot
from trunktui.present.cells import FAULTS, STATE_ROLES, Cell, Role
from trunktui.present.columns import SHARE_CELLS, ColumnKey
from trunktui.present.freshness import shown, stale
from trunktui.present.marks import MarkWord, is_hushed, mark_word
from trunktui.present.query import Query, matches
from trunktui.present.rates import cps_cell, dials_cell
from trunktui.present.words import (
    AT_LEAST,
    NOT_KNOWN,
    PROBE_WORDS,
    REG_WORDS,
    STATE_GLYPHS,
    STATE_WORDS,
    brief,
    span,
)


class Sort(StrEnum):
    """The orders `s` goes through; TROUBLE is worst first, CPS and DIALS the most first."""

    TROUBLE = "trouble"
    LEG = "leg"
    CARRIER = "carrier"
    SBC = "sbc"
    DIALS = "dials"
    CPS = "cps"

    @property
    def next(self) -> Sort:
        """The order after this one, the first after the last."""
        orders = tuple(Sort)
        return orders[(orders.index(self) + 1) % len(orders)]


class Row(NamedTuple):
    """One leg as a row. `late`: its values are past their time and shown dim; `cells` by column key.

    `mark`: it is in maintenance, or acknowledged, or part of a verdict.
    """

    leg_id: str
    state: LegState
    late: bool
    cells: dict[ColumnKey, Cell]
    mark: MarkWord | None = None

    def cell(self, key: ColumnKey) -> Cell:
        """Return the cell of one column."""
        return self.cells[key]


_REG_BAD = frozenset({RegSignal.GAVE_UP, RegSignal.ABSENT, RegSignal.UNREGISTERED})
_REG_WARN = frozenset(
    {RegSignal.RETRYING, RegSignal.OVERDUE, RegSignal.LATE_REFRESH, RegSignal.STARTING, RegSignal.REFRESHING}
)
_REG_WAS_OK = frozenset({RegSignal.REGISTERED, RegSignal.REFRESHING})
_PROBE_ROLES = {
    ProbeSignal.SLOW: Role.WARN,
    ProbeSignal.LOSS: Role.WARN,
    ProbeSignal.MISSING: Role.WARN,
    ProbeSignal.PARTIAL: Role.WARN,
    ProbeSignal.UNMONITORED: Role.WARN,
    ProbeSignal.AUTH_SUSPECT: Role.WARN,
    ProbeSignal.OVERLOADED: Role.WARN,
    ProbeSignal.STUCK: Role.WARN,
    ProbeSignal.DEAD: Role.BAD,
    ProbeSignal.UNKNOWN: Role.DIM,
}
_USAGE_ROLES = {Usage.HIGH: Role.WARN, Usage.FULL: Role.BAD, Usage.OVER_CAP: Role.BAD}
_UNKNOWN_CELL = Cell(NOT_KNOWN, Role.DIM)
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_STATE_RANK = {state: rank for rank, state in enumerate(WORST_FIRST)}


def fleet_order(snapshot: Snapshot, now: float, *, query: Query, sort: Sort) -> tuple[LegStatus, ...]:
    """Return the legs to show, in order, each as `freshness.shown` gives it.

    But for CPS and DIALS, the order depends on states, severities and names only, never on an age or a count:
    rows move when a state changes and at no other time.
    """
    legs = [leg for leg in (shown(leg, now) for leg in snapshot.legs) if matches(leg, query)]
    return tuple(sorted(legs, key=_SORT_KEYS[sort]))


def row_of(leg: LegStatus, now: float, *, part: bool = False) -> Row:
    """Return the row of one leg at monotonic second `now`; `part`: a verdict over many legs explains it."""
    old = stale(leg, now)
    leg = shown(leg, now)
    late = leg.late_at is not None and now > leg.late_at
    key = ColumnKey
    return Row(
        mark=mark_word(leg) or (MarkWord.PART if part else None),
        leg_id=leg.id,
        state=leg.state,
        late=late,
        cells={
            key.STATE: Cell(f"{STATE_GLYPHS[leg.state]} {STATE_WORDS[leg.state]}", STATE_ROLES[leg.state]),
            key.LEG: Cell(leg.id),
            key.CARRIER: Cell(leg.carrier) if leg.carrier is not None else _UNKNOWN_CELL,
            key.REGISTRATION: registration_cell(leg.registration, now, old=old),
            key.OPTIONS: options_cell(leg.probe, old=old),
            **channel_cells(leg.channels, old=old),
            key.CPS: cps_cell(leg.cps, old=old),
            key.DETECT: detect_cell(leg.probe),
            key.DIALS: dials_cell(leg, old=old),
            key.CRED: _UNKNOWN_CELL,
            key.AGE: Cell(brief(None if leg.observed_at is None else now - leg.observed_at), Role.DIM),
        },
    )


def registration_cell(reg: RegView, now: float, *, old: bool) -> Cell:
    """Return the REGISTRATION cell; `old` values are told as what they were, without a countdown."""
    word = REG_WORDS[reg.state]
    if reg.state is RegSignal.UNKNOWN:
        return _UNKNOWN_CELL
    if reg.state is RegSignal.NOT_USED:
        return Cell(word, Role.DIM)
    if old:
        return Cell(f"was {'ok' if reg.state in _REG_WAS_OK else word}", Role.DIM)
    parts = [word]
    if reg.state is RegSignal.RETRYING and reg.failures:
        parts[0] = f"{word} {reg.failures}"
    due = None if reg.next_at is None else reg.next_at - now
    if due is not None:
        _add_due(parts, reg.state, due)
    if reg.code is not None and reg.state not in _REG_WAS_OK:
        parts.append(str(reg.code))
    role = Role.BAD if reg.state in _REG_BAD else Role.WARN if reg.state in _REG_WARN else Role.TEXT
    return Cell(" · ".join(parts), Role.TEXT if reg.state is RegSignal.REFRESHING else role)


def options_cell(probe: ProbeView, *, old: bool) -> Cell:
    """Return the OPTIONS cell: the answer and its round trip in milliseconds, or what is wrong."""
    word = PROBE_WORDS[probe.state]
    role = _PROBE_ROLES.get(probe.state, Role.TEXT)
    if probe.state is ProbeSignal.UNKNOWN:
        return _UNKNOWN_CELL
    if old and probe.state is not ProbeSignal.UNMONITORED:
        return Cell(f"was {word}", Role.DIM)
    match probe.state:
        case ProbeSignal.OK | ProbeSignal.SLOW | ProbeSignal.LOSS:
            if probe.state is ProbeSignal.OK and probe.code is not None:
                word = str(probe.code)
            return Cell(word if probe.rtt_ms is None else f"{word} · {_ms(probe.rtt_ms)}", role)
        case ProbeSignal.MISSING | ProbeSignal.DEAD if probe.misses:
            return Cell(f"{word} {probe.misses}×", role)
        case ProbeSignal.PARTIAL if probe.contacts:
            dead = sum(contact.state is ContactState.UNREACHABLE for contact in probe.contacts)
            return Cell(f"{dead} of {len(probe.contacts)} dead", role)
        case _:
            return Cell(word, role)


def channel_cells(channels: ChannelsView, *, old: bool) -> dict[ColumnKey, Cell]:
    """Return the CHANNELS, OF CAP and SHARE cells; old figures are not shown at all: they would read as now.

    `≥` stands before a count that misses some of the legs that share the cap.
    """
    role = _USAGE_ROLES.get(channels.state, Role.TEXT)
    active = None if old else channels.active
    used = None if old else channels.used
    cap = channels.cap
    of_cap = _UNKNOWN_CELL
    if cap is not None:
        least = "" if channels.whole or used is None else AT_LEAST
        of_cap = Cell(
            f"{least}{NOT_KNOWN if used is None else used}/{cap}", Role.DIM if used is None else role
        )
    return {
        ColumnKey.CHANNELS: _UNKNOWN_CELL if active is None else Cell(str(active)),
        ColumnKey.OF_CAP: of_cap,
        ColumnKey.SHARE: Cell(
            "" if used is None or not cap else bar(used / cap, SHARE_CELLS), role, chart=True
        ),
    }


def detect_cell(probe: ProbeView) -> Cell:
    """Return the DETECT cell: worst case from the far end dying to the SBC noticing; endless if never asked."""
    if probe.state is ProbeSignal.UNMONITORED:
        return Cell(span(float("inf")), Role.WARN)
    return _UNKNOWN_CELL if probe.detect_s is None else Cell(span(probe.detect_s))


def bar(share: float, cells: int) -> str:
    """Return a bar of at most `cells` cells for a share of 0 to 1 (more is shown full); a trace is never blank."""
    eighths = round(max(0.0, min(share, 1.0)) * cells * 8)
    if share > 0:
        eighths = max(eighths, 1)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _add_due(parts: list[str], state: RegSignal, due: float) -> None:
    """Append the countdown, or for how long the attempt is past due, in the words of that state."""
    match state:
        case RegSignal.REGISTERED:
            parts.append(f"next {brief(due)}" if due > 0 else "refresh due")
        case RegSignal.RETRYING:
            parts.append(brief(due) if due > 0 else f"{brief(-due)} ago")
        case RegSignal.GAVE_UP if due < 0:
            parts[0] += f" {brief(-due)}"
        case RegSignal.REFRESHING | RegSignal.LATE_REFRESH | RegSignal.OVERDUE if due < 0:
            parts[0] += f" {brief(-due)}"
        case _:
            return


def _ms(rtt_ms: float) -> str:
    whole = f"{rtt_ms:.0f}ms"
    return f"{whole:>6}"


def _most(leg: LegStatus, figure: float | None) -> tuple[int, float, str]:
    """Order by a figure, the most first; those of which it is not known, or not known any more, last."""
    if figure is None or leg.state is LegState.UNKNOWN:
        return (1, 0.0, leg.id)
    return (0, -figure, leg.id)


def _lost(leg: LegStatus) -> tuple[int, float, str] | None:
    """Order what was lost before what is at risk: counted and foreseen dials are never compared."""
    return None if leg.wasted is None or leg.state is LegState.UNKNOWN else (-1, -leg.wasted, leg.id)


def _trouble(leg: LegStatus) -> tuple[int, int, str]:
    # among the unknown, what was bad when last seen comes first
    was = len(_STATE_RANK) - _STATE_RANK[leg.was] if leg.was is not None else 0
    loud = was if leg.state is LegState.UNKNOWN else SEVERITY_RANK[leg.severity]
    # trouble that somebody knows of comes after all other trouble, and before what is well
    rank = _STATE_RANK[leg.state]
    return (
        rank + len(FAULTS) if is_hushed(leg) else rank if leg.state in FAULTS else rank + 2 * len(FAULTS),
        -loud,
        leg.id,
    )


_SORT_KEYS = {
    Sort.TROUBLE: _trouble,
    Sort.DIALS: lambda leg: _lost(leg) or _most(leg, leg.at_risk),
    Sort.CPS: lambda leg: _most(leg, leg.cps.now),
    Sort.LEG: lambda leg: (0, 0, leg.id),
    Sort.CARRIER: lambda leg: (0 if leg.carrier else 1, 0, f"{leg.carrier or ''}\0{leg.id}"),
    Sort.SBC: lambda leg: (0, 0, f"{leg.sbc}\0{leg.id}"),
}
