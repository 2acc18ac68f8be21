"""Maintenance and acknowledgements in words: the mark of a row, who and until when, counts, lists, documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from trunktui.model.health import SbcState, Severity
from trunktui.model.marks import Ack, End, EndCause, Kept, Maintenance, Mark, in_force
from trunktui.model.snapshot import GroupStatus, LegStatus, SbcStatus
from trunktui.present.cells import FAULTS, Cell, Role
from trunktui.present.printed import table
from trunktui.present.words import NOT_KNOWN, plural

SCHEMA = "trunktui.marks/1"
"""Changes when the meaning of a field does; a field that is only added does not change it."""

_CAUSES = {EndCause.CLEARED: "the alarm was over", EndCause.ROSE: "the alarm got louder"}

Row = dict[str, object]
Marked = LegStatus | SbcStatus | GroupStatus


class MarkWord(StrEnum):
    """The word of a mark in a row, and its letter where there is no room. PART: of what a verdict explains."""

    MAINT = "MAINT"
    ACK = "ACK"
    PART = "PART"

    @property
    def letter(self) -> str:
        """The one letter that stands for it."""
        return self.value[0]


class Covered(NamedTuple):
    """How many legs in trouble raise no alarm, by the mark that keeps them from it."""

    maintenance: int = 0
    acknowledged: int = 0


def mark_word(one: Marked) -> MarkWord | None:
    """Return the mark that a row shows; maintenance goes before an acknowledgement."""
    if one.maintenance is not None:
        return MarkWord.MAINT
    return None if one.acknowledged is None else MarkWord.ACK


def is_hushed(leg: LegStatus) -> bool:
    """Tell whether a leg is in trouble and raises no alarm for it."""
    return leg.covered and leg.state in FAULTS


def group_covered(group: GroupStatus, legs: Iterable[LegStatus]) -> bool:
    """Tell whether a group raises no alarm: it is marked, or every leg of it in trouble is."""
    if group.maintenance is not None or group.acknowledged is not None:
        return True
    bad = [leg for leg in legs if group.name in leg.groups and leg.state in FAULTS]
    return bool(bad) and all(leg.covered for leg in bad)


def covered(legs: Iterable[LegStatus]) -> Covered:
    """Count the legs in trouble that raise no alarm."""
    words = [mark_word(leg) for leg in legs if is_hushed(leg)]
    return Covered(words.count(MarkWord.MAINT), words.count(MarkWord.ACK))


def covered_news(legs: Iterable[LegStatus], sbcs: Iterable[SbcStatus]) -> tuple[Cell, ...]:
    """Return what the news line says of trouble that raises no alarm; nothing where there is none."""
    found = covered(legs)
    boxes = [
        mark_word(sbc) for sbc in sbcs if sbc.state is not SbcState.UP or sbc.severity is not Severity.NONE
    ]
    parts = []
    for word, legs_in, what in (
        (MarkWord.MAINT, found.maintenance, "in maintenance"),
        (MarkWord.ACK, found.acknowledged, "acknowledged"),
    ):
        counted = [plural(boxes.count(word), "SBC")] if word in boxes else []
        counted += [plural(legs_in, "leg")] if legs_in else []
        if counted:
            parts.append(Cell(f"{' and '.join(counted)} {what}", Role.DIM))
    return tuple(parts)


def brief_mark(one: Marked) -> str:
    """Return the mark in force for a sentence: `maintenance until 2026-11-25 23:30 UTC`; empty where there is none."""
    if one.maintenance is not None:
        return f"maintenance until {utc(one.maintenance.until)}"
    ack = one.acknowledged
    return "" if ack is None else f"acknowledged by {ack.who.name}"


def mark_facts(
    one: LegStatus | SbcStatus, local: Callable[[datetime], datetime] = datetime.astimezone
) -> tuple[tuple[str, str], ...]:
    """Return (label, text) of every mark: who, from when, until when in UTC and here, and why."""
    facts: list[tuple[str, str]] = []
    for mark in (one.maintenance, one.planned if isinstance(one, LegStatus) else None):
        if mark is not None:
            begins = "" if mark is one.maintenance else f"planned from {both(mark.since, local)} "
            facts.append(
                (
                    "maintenance",
                    f"{begins}until {both(mark.until, local)}, by {mark.who.name}{_of(one, mark)}: {mark.reason}",
                )
            )
    if (ack := one.acknowledged) is not None:
        until = "" if ack.until is None else f" until {both(ack.until, local)}"
        words = f"{both(ack.at, local)}{until} by {ack.who.name}{_of(one, ack)}, when it was {ack.state}"
        facts.append(("acknowledged", f"{words} ({ack.severity.value}): {ack.reason}"))
    return tuple(facts)


def begun(mark: Mark, now: datetime) -> str:
    """Return in one sentence what began, or will."""
    if isinstance(mark, Maintenance):
        since = "" if in_force(mark, now) else f"from {utc(mark.since)} "
        return f"maintenance of {mark.target.words} {since}until {utc(mark.until)}"
    until = "it is over or gets louder" if mark.until is None else utc(mark.until)
    return f"acknowledged {mark.target.words}: {mark.state}, {mark.severity.value}; until {until}"


def utc(moment: datetime) -> str:
    """Return a time as every sentence writes it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def both(moment: datetime, local: Callable[[datetime], datetime]) -> str:
    """Return a time in UTC and, where that differs, in the reader's zone."""
    here = local(moment)
    return f"{utc(moment)} ({here:%H:%M %z})" if here.utcoffset() else utc(moment)


def maintenance_row(mark: Maintenance | None, *, known: bool) -> Row | None:
    """Build the maintenance of something in a document; null where marks are not known."""
    return _mark_row(mark, {"from": mark and stamp(mark.since)}, {}) if known else None


def ack_row(mark: Ack | None, *, known: bool) -> Row | None:
    """Build the acknowledgement of something in a document; null where marks are not known."""
    seen: Row = {"state": mark and mark.state, "severity": mark and mark.severity.value}
    return _mark_row(mark, {"at": mark and stamp(mark.at)}, seen) if known else None


def _mark_row(mark: Mark | None, begun: Row, seen: Row) -> Row:
    return {
        "active": mark is not None,
        "id": mark and mark.id,
        "scope": mark and mark.target.scope.value,
        "name": mark and mark.target.name,
        **begun,
        "until": stamp(mark.until) if mark and mark.until else None,
        **seen,
        "reason": mark and mark.reason,
        "who": mark and mark.who.name,
    }


def stamp(moment: datetime) -> str:
    """Return a time as documents write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def marks_table(kept: Iterable[Kept], now: datetime, *, ascii_only: bool = False) -> str:
    """Return marks as a table, in the order given."""
    lines = [("ID", "WHAT", "STATE", "FROM", "UNTIL", "WHO", "REASON")]
    for one in kept:
        mark = one.mark
        since = mark.since if isinstance(mark, Maintenance) else mark.at
        until = NOT_KNOWN if one.over_at is None else utc(one.over_at)
        lines.append(
            (mark.id, mark.target.words, _standing(one, now), utc(since), until, mark.who.name, _reason(one))
        )
    return table(lines, ascii_only=ascii_only)


def marks_json(kept: Iterable[Kept], now: datetime) -> str:
    """Return marks as a document: every key is always there, ASCII only."""
    document = {"schema": SCHEMA, "at": stamp(now), "marks": [_row(one, now) for one in kept]}
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _row(one: Kept, now: datetime) -> Row:
    mark, end = one.mark, one.end
    ack = mark if isinstance(mark, Ack) else None
    return {
        "id": mark.id,
        "kind": "maintenance" if ack is None else "ack",
        "scope": mark.target.scope.value,
        "name": mark.target.name,
        "state": _state(one, now),
        "from": stamp(mark.since if isinstance(mark, Maintenance) else mark.at),
        "until": None if mark.until is None else stamp(mark.until),
        "reason": mark.reason,
        "who": mark.who.name,
        "acknowledged_state": ack and ack.state,
        "acknowledged_severity": ack and ack.severity.value,
        "ended": end and stamp(end.at),
        "ended_why": end and end.cause.value,
        "ended_by": end.who.name if end and end.who else None,
    }


def _state(one: Kept, now: datetime) -> str:
    if one.end is not None:
        return "ended"
    if in_force(one.mark, now):
        return "active"
    return "planned" if isinstance(one.mark, Maintenance) and now < one.mark.since else "expired"


def _standing(one: Kept, now: datetime) -> str:
    state = _state(one, now)
    alarm = f" ({one.mark.severity.value})" if isinstance(one.mark, Ack) and state == "active" else ""
    return f"{state}{alarm}"


def _reason(one: Kept) -> str:
    return one.mark.reason if one.end is None else f"{one.mark.reason} [{_ended(one.end)}]"


def _ended(end: End) -> str:
    if end.cause is EndCause.ENDED:
        return f"ended by {NOT_KNOWN if end.who is None else end.who.name}"
    return f"{_CAUSES[end.cause]}: {end.words}"


def _of(one: LegStatus | SbcStatus, mark: Mark) -> str:
    """Name what a mark was made for, where that is more than what it is shown at."""
    name = one.id if isinstance(one, LegStatus) else one.name
    return "" if mark.target.name == name else f" for {mark.target.words}"
