"""What the lists of allowlists and source restrictions hold: each account's, with the day that counts and who says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from trunktui.health.findings.found import BY_ADDRESS, Facts, after, latest
from trunktui.model.finding import Confidence, Record, RecordKind
from trunktui.model.inventory import Account, Inventory
from trunktui.model.recording import AllowlistAge, RestrictionAge
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe, clean


def allowlist_ages(
    snapshot: Snapshot, inventory: Inventory, records: Iterable[Record], today: dt.date
) -> tuple[AllowlistAge, ...]:
    """Return the allowlist of each account that has one, or whose trunks a carrier knows by our address."""
    return tuple(_allowlists(Facts(snapshot, inventory, records, today, ())))


def restriction_ages(
    snapshot: Snapshot, inventory: Inventory, records: Iterable[Record], today: dt.date
) -> tuple[RestrictionAge, ...]:
    """Return the source restriction of each account that has one, or of which something is recorded."""
    return tuple(_restrictions(Facts(snapshot, inventory, records, today, ())))


def _allowlists(facts: Facts) -> Iterator[AllowlistAge]:
    for account in facts.inventory.accounts:
        sbcs = _sbcs_of(facts, account)
        held = account.allowlist
        day, source, sure = _day(facts, RecordKind.AUDITED, account, None if held is None else held.audited)
        if held is None and not sbcs and day is None:
            continue
        seen = tuple((sbc, _seen(facts, sbc)) for sbc in sbcs)
        yield AllowlistAge(
            account=clean(account.name),
            carrier=clean(account.carrier),
            entries=None if held is None else tuple(clean(_entry(one)) for one in held.networks),
            limit=None if held is None else held.limit,
            lead_time_s=None if held is None else held.lead_time_s,
            day=day,
            due=None if day is None or held is None else after(day, held.max_age_days),
            source=source,
            confidence=sure,
            seen=seen,
        )


def _restrictions(facts: Facts) -> Iterator[RestrictionAge]:
    for account in facts.inventory.accounts:
        held = account.restriction
        day, source, sure = _day(
            facts, RecordKind.RESTRICTED, account, None if held is None else held.attested
        )
        if held is not None or day is not None:
            due = None if day is None or held is None else after(day, held.max_age_days)
            yield RestrictionAge(clean(account.name), clean(account.carrier), day, due, source, sure)


def _day(
    facts: Facts, kind: RecordKind, account: Account, config: dt.date | None
) -> tuple[dt.date | None, Safe, Confidence]:
    day, source = latest(facts, kind, account.name, config)
    if day is None:
        return None, clean(source), Confidence.UNKNOWN
    return day, clean(source), Confidence.CONFIGURED if source == "config" else Confidence.RECORDED


def _sbcs_of(facts: Facts, account: Account) -> tuple[str, ...]:
    trunks = (one for one in facts.inventory.trunks if one.account == account.name and one.enabled)
    sbcs = (binding.sbc for trunk in trunks if trunk.auth in BY_ADDRESS for binding in trunk.bindings)
    return tuple(dict.fromkeys(sbcs))


def _seen(facts: Facts, sbc: str) -> Safe | None:
    found = facts.egress.get(sbc)
    return None if found is None else clean(str(found[0]))


def _entry(network: object) -> str:
    return str(network).removesuffix("/32").removesuffix("/128")
