"""Tells of verdicts over many legs: on the line of news, on a leg's page, in lists; and which legs' alarms they stand for.

A verdict is believed for as long as any of its legs is: one that rests on nothing but old looks is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.health import SEVERITY_RANK, Severity
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.present.cells import Cell, Role
from trunktui.present.freshness import stale

_TOLD = 3
_LOUD = SEVERITY_RANK[Severity.MAJOR]
_KIND_WORDS = {
    VerdictKind.COLLECTOR: "our own way to the SBCs",
    VerdictKind.SITE: "site {}",
    VerdictKind.SBC: "SBC {}",
    VerdictKind.GLOBAL: "everything",
    VerdictKind.EGRESS: "our address {}",
    VerdictKind.CREDENTIAL: "credential {}",
    VerdictKind.ACCOUNT: "account {}",
    VerdictKind.EDGE: "one edge: {}",
    VerdictKind.CARRIER_OUTAGE: "carrier outage",
    VerdictKind.CARRIER_PARTIAL: "a part of the carrier",
    VerdictKind.LOCAL_LEG: "local: {}",
    VerdictKind.INSUFFICIENT: "cannot tell carrier from local",
}


def in_force(snapshot: Snapshot, now: float) -> tuple[Correlated, ...]:
    """Return the verdicts that may be told at `now`, worst first."""
    if not snapshot.verdicts:
        return ()
    believed = {leg.id for leg in snapshot.legs if not stale(leg, now)}
    return tuple(
        one
        for one in snapshot.verdicts
        if one.kind is VerdictKind.COLLECTOR or not believed.isdisjoint(one.legs)
    )


def parents(verdicts: Iterable[Correlated]) -> dict[str, Correlated]:
    """Return the verdict that stands for a leg's alarm, by the leg's id."""
    return {leg: one for one in verdicts if one.absorbs for leg in one.legs}


def alarming(verdicts: Iterable[Correlated], legs: Iterable[LegStatus]) -> tuple[Correlated, ...]:
    """Return the verdicts that raise an alarm: not all their legs are in maintenance or acknowledged."""
    covered = {leg.id for leg in legs if leg.covered}
    return tuple(one for one in verdicts if one.absorbs and not covered.issuperset(one.legs))


def verdict_news(verdicts: tuple[Correlated, ...]) -> tuple[Cell, ...]:
    """Return what the line of news says of verdicts that alarm: the first of them, and how many more."""
    told = [Cell(one.reason, role_of(one)) for one in verdicts[:_TOLD]]
    more = len(verdicts) - len(told)
    return (*told, Cell(f"+{more} more such faults", Role.BAD)) if more else tuple(told)


def verdict_facts(snapshot: Snapshot, leg: LegStatus, now: float) -> tuple[tuple[str, Cell], ...]:
    """Return (label, sentence) of each verdict that a leg is part of."""
    return tuple(
        ("part of" if one.absorbs else "whose fault", Cell(one.reason, role_of(one)))
        for one in in_force(snapshot, now)
        if leg.id in one.legs
    )


def role_of(verdict: Correlated) -> Role:
    """Return the role in which a verdict is shown."""
    if not verdict.absorbs:
        return Role.DIM
    return Role.BAD if SEVERITY_RANK[verdict.severity] >= _LOUD else Role.WARN


def kind_words(verdict: Correlated) -> str:
    """Return a verdict in a few words: `carrier outage`, `account acme-us`."""
    return _KIND_WORDS[verdict.kind].format(verdict.subject)


def verdict_rows(snapshot: Snapshot, now: float, stamp: Callable[[float], str]) -> list[dict[str, object]]:
    """Build the verdicts of a document, worst first; `stamp` writes a monotonic second as a time of day."""
    return [
        {
            "kind": one.kind.value,
            "subject": one.subject,
            "carrier": one.carrier,
            "severity": one.severity.value,
            "reason": one.reason,
            "since": None if one.since is None else stamp(one.since),
            "legs": list(one.legs),
        }
        for one in in_force(snapshot, now)
    ]
