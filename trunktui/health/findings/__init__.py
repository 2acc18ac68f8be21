"""Findings: what will cause the next outage, told beside what is wrong now. Pure: the day is an argument.

No finding changes a state, a severity or a sentence of a leg, an SBC or a group.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from msgspec import structs

from trunktui.health.findings import addresses, credentials, sbcs, settings
from trunktui.health.findings.found import Facts, worst_first
from trunktui.model.finding import CredentialAge, Finding, Record, Told
from trunktui.model.health import ProbeSignal
from trunktui.model.inventory import Inventory
from trunktui.model.snapshot import Snapshot


def find(
    snapshot: Snapshot,
    inventory: Inventory,
    records: tuple[Record, ...],
    today: dt.date,
    told: tuple[Told, ...] = (),
) -> tuple[Finding, ...]:
    """Return everything that was found, worst first; no two of one kind are about the same subject."""
    return _judged(Facts(snapshot, inventory, records, today, told))[0]


def credential_ages(
    snapshot: Snapshot,
    inventory: Inventory,
    records: tuple[Record, ...],
    today: dt.date,
    told: tuple[Told, ...] = (),
) -> tuple[CredentialAge, ...]:
    """Return how old the credential of each trunk is that has one, in the config's order."""
    return tuple(credentials.ages(Facts(snapshot, inventory, records, today, told)))


def basis(snapshot: Snapshot) -> tuple[object, ...]:
    """Return all of a snapshot that findings rest on: as long as that is the same, so are they."""
    unasked = ProbeSignal.UNMONITORED
    return (
        [
            (
                leg.id,
                leg.username,
                leg.registration.expires_s,
                leg.probe.interval_s,
                leg.probe.misplaced,
                leg.probe.detect_s,
                leg.probe.state is unasked,
            )
            for leg in snapshot.legs
        ],
        [
            (
                sbc.name,
                sbc.platform,
                sbc.egress,
                sbc.certificates,
                sbc.files,
                sbc.settled,
                sbcs.lately(sbc, snapshot.at),
            )
            for sbc in snapshot.sbcs
        ],
    )


def foreseen(
    snapshot: Snapshot,
    inventory: Inventory,
    records: tuple[Record, ...],
    today: dt.date,
    told: tuple[Told, ...] = (),
) -> Snapshot:
    """Return the fleet with its findings and the ages of its credentials; nothing else of it differs."""
    found, ages = _judged(Facts(snapshot, inventory, records, today, told))
    return structs.replace(snapshot, findings=found, credentials=ages)


def _judged(facts: Facts) -> tuple[tuple[Finding, ...], tuple[CredentialAge, ...]]:
    ages = tuple(credentials.ages(facts))
    return worst_first(_all(facts, ages)), ages


def _all(facts: Facts, ages: tuple[CredentialAge, ...]) -> Iterator[Finding]:
    yield from credentials.judged(facts, ages)
    yield from credentials.shared(facts)
    yield from addresses.allowlists(facts)
    yield from addresses.changes(facts)
    yield from addresses.restrictions(facts)
    yield from settings.keepalives(facts)
    yield from settings.expiries(facts)
    yield from settings.caps(facts)
    yield from sbcs.certificates(facts)
    yield from sbcs.bursts(facts)
