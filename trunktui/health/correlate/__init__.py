"""Whose fault it is: what bad legs have in common, told once for all of them (health.md 5, decision 042).

Pure: legs as judged and marked, and `now`. Each bad leg is explained by the first verdict that holds, in the order of
`VerdictKind`; what is explained says no more of anything else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct

from trunktui.health.correlate.carriers import judge_carriers
from trunktui.health.correlate.field import Field, field_of
from trunktui.health.correlate.refusals import judge_accounts, judge_credentials
from trunktui.health.correlate.wide import judge_collector, judge_egress, judge_global, judge_places
from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.health import SEVERITY_RANK, Thresholds
from trunktui.model.inventory import Inventory
from trunktui.model.snapshot import LegStatus, SbcStatus

_ORDER = {kind: place for place, kind in enumerate(VerdictKind)}


class Correlation(Struct, frozen=True):
    """Verdicts, worst first: by severity, then by how many legs. `until`: the monotonic second from which the same legs may mean more; infinite if never."""

    verdicts: tuple[Correlated, ...] = ()
    until: float = math.inf


NOTHING = Correlation()


def correlate(
    legs: Iterable[LegStatus],
    sbcs: Iterable[SbcStatus],
    inventory: Inventory,
    t: Thresholds,
    interval_s: float,
    now: float,
) -> Correlation:
    """Return what bad legs have in common at monotonic second `now`. `interval_s`: seconds between polls."""
    field = field_of(legs, sbcs, inventory, t.verdict_window_s, interval_s, now)
    if not field.troubled:
        return NOTHING
    found = judge_collector(field)
    if not found:
        found = judge_places(field)
        found += judge_global(field)
        found += judge_egress(field)
        found += judge_credentials(field)
        found += judge_accounts(field)
        found += judge_carriers(field)
    return Correlation(_sorted(_merged(found)), field.until)


def carrier_verdicts(verdicts: Iterable[Correlated]) -> dict[str, Correlated]:
    """Return the worst verdict on each carrier that has one; what is no carrier's is none of them."""
    found: dict[str, Correlated] = {}
    for verdict in verdicts:
        if verdict.carrier is not None:
            found.setdefault(verdict.carrier, verdict)
    return found


def _merged(found: list[Correlated]) -> list[Correlated]:
    """Put verdicts of one kind on one subject together: what began twice is told once."""
    merged: dict[tuple[VerdictKind, str, str | None], Correlated] = {}
    for one in found:
        key = (one.kind, one.subject, one.carrier)
        first = merged.get(key)
        if first is not None:
            since = [at for at in (first.since, one.since) if at is not None]
            one = Correlated(  # noqa: PLW2901 - the two of them
                one.kind,
                one.subject,
                max(first.severity, one.severity, key=SEVERITY_RANK.__getitem__),
                first.reason,
                tuple(sorted({*first.legs, *one.legs})),
                one.carrier,
                min(since, default=None),
            )
        merged[key] = one
    return list(merged.values())


def _sorted(found: list[Correlated]) -> tuple[Correlated, ...]:
    return tuple(
        sorted(
            found,
            key=lambda one: (
                -SEVERITY_RANK[one.severity],
                -len(one.legs),
                _ORDER[one.kind],
                one.subject,
                one.legs,
            ),
        )
    )


__all__ = ["NOTHING", "Correlation", "Field", "carrier_verdicts", "correlate"]
