"""What lies between an SBC and its carriers, as labelled cells: the address they see, what names lead to, certificates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from trunktui.model.snapshot import LegStatus, Resolved, SbcStatus
from trunktui.present.cells import Cell, Role
from trunktui.present.freshness import duration
from trunktui.present.words import NOT_KNOWN

_SHOWN = 6
"""Addresses of one name that are spelled out."""


def sbc_around(sbc: SbcStatus, now: float, *, old: bool) -> Iterator[tuple[str, Cell]]:
    """Yield (label, cell) for the address by which carriers see an SBC, and for the certificates it presents."""
    yield "egress", _egress(sbc, now, old=old)
    for index, one in enumerate(sbc.certificates):
        label = "certificate" if index == 0 else ""
        if one.ends_at is None:
            yield label, Cell(f"{one.file} of {one.interface}: {one.why}", Role.DIM)
            continue
        ends = datetime.fromtimestamp(one.ends_at, UTC)
        yield label, Cell(f"{one.file} of {one.interface} ends {ends:%d %b %Y %H:%M} UTC")


def leg_around(leg: LegStatus, now: float, *, old: bool) -> Iterator[tuple[str, Cell]]:
    """Yield (label, cell) for each name that a leg's requests go to: what its SBC resolves it to."""
    for index, one in enumerate(leg.resolved):
        role = Role.DIM if old else Role.TEXT if one.addresses else Role.WARN
        yield "resolves" if index == 0 else "", Cell(f"{one.host}: {_leads(one, now)}", role)


def _egress(sbc: SbcStatus, now: float, *, old: bool) -> Cell:
    expected = sbc.egress_expected
    if sbc.egress is None:
        also = "" if expected is None else f"; the config says {expected}"
        return Cell(f"{NOT_KNOWN}: {sbc.egress_why or 'not asked yet'}{also}", Role.DIM)
    egress = sbc.egress
    was = "" if egress.before is None else f", was {egress.before}"
    since = "" if egress.since is None else f", for {duration(now - egress.since)}{was}"
    differs = expected is not None and expected != egress.address
    also = f"; the config says {expected}" if differs else ""
    role = Role.DIM if old else Role.WARN if differs else Role.TEXT
    return Cell(f"{egress.address}, by {egress.source}{since}{also}", role)


def _leads(one: Resolved, now: float) -> str:
    more = len(one.addresses) - _SHOWN
    leads = ", ".join(one.addresses[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    since = "" if one.since is None else f", for {duration(now - one.since)}"
    was = "" if one.before is None else f", was {', '.join(one.before[:_SHOWN]) or 'nothing'}"
    return (leads or "no address") + since + was
