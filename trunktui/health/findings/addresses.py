"""Addresses: what a carrier's allowlist holds against how carriers see our SBCs, when it was last compared, its room.

An SBC's address is what was observed from outside, else what the config says. Where it is not known, nothing is said
to be missing from a list, nor any entry to be unused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trunktui.health.findings.found import (
    BY_ADDRESS,
    Address,
    Facts,
    after,
    counted,
    finding,
    in_days,
    latest,
    named,
    time_of,
)
from trunktui.model.finding import Confidence, Finding, FindingKind, RecordKind
from trunktui.model.health import Severity
from trunktui.model.inventory import Account, Allowlist, Trunk

_NO_DAY = "no day in the config or in a record that counts"


def allowlists(facts: Facts) -> Iterator[Finding]:
    """Yield what is wrong, unknown or due about each account's allowlist."""
    for account in facts.inventory.accounts:
        sbcs = _sbcs(_trunks(facts, account))
        held = account.allowlist
        if held is None:
            if sbcs:
                yield _untold(account)
            continue
        yield from _audit(facts, account, held)
        if held.networks:
            yield from _missing(facts, account, held, sbcs)
            yield from _unused(facts, account, held)
            yield from _room(account, held, facts.limits.allowlist_near)


def _trunks(facts: Facts, account: Account) -> list[Trunk]:
    """Return the trunks in use that the account's carrier knows by our address."""
    return [
        trunk for trunk in facts.trunks_of.get(account.name, ()) if trunk.enabled and trunk.auth in BY_ADDRESS
    ]


def _sbcs(trunks: Sequence[Trunk]) -> list[str]:
    return list(dict.fromkeys(binding.sbc for trunk in trunks for binding in trunk.bindings))


def _untold(account: Account) -> Finding:
    return finding(
        FindingKind.ALLOWLIST_UNKNOWN,
        account.name,
        Severity.INDETERMINATE,
        f"trunks of {account.name} authenticate by address, and nothing tells what {account.carrier}'s allowlist holds",
        "write what stands on it, and when it was compared, into the account's allowlist",
        confidence=Confidence.UNKNOWN,
        evidence=["the account has no allowlist in the config"],
    )


def _audit(facts: Facts, account: Account, held: Allowlist) -> Iterator[Finding]:
    name = account.name
    yield from _dated(
        facts,
        account,
        _Dated(
            record=RecordKind.AUDITED,
            config=held.audited,
            limit=held.max_age_days,
            never=(FindingKind.ALLOWLIST_UNKNOWN, Severity.INDETERMINATE),
            late=FindingKind.ALLOWLIST_DUE,
            unsaid=f"when the allowlist of {name} was compared is not known",
            said=f"allowlist of {name} last compared",
            verb="compared",
            ask=f"ask {account.carrier} for its allowlist of {name}, compare it, then record the day",
        ),
    )


class _Dated(NamedTuple):
    """What somebody has to do about an account every `limit` days, the last by the config or by what was recorded.

    `never`: what it is while no day is known, and how loud; `unsaid` and `said` begin the sentences.
    """

    record: RecordKind
    config: dt.date | None
    limit: int
    never: tuple[FindingKind, Severity]
    late: FindingKind
    unsaid: str
    said: str
    verb: str
    ask: str


def _dated(facts: Facts, account: Account, one: _Dated) -> Iterator[Finding]:
    """Yield that it was never done, as far as is known, or that it is due again."""
    day, source = latest(facts, one.record, account.name, one.config)
    if day is None:
        kind, severity = one.never
        yield finding(
            kind,
            account.name,
            severity,
            one.unsaid + (f": {source}" if source else ""),
            one.ask,
            confidence=Confidence.UNKNOWN,
            evidence=[_NO_DAY],
        )
        return
    old, due = (facts.today - day).days, after(day, one.limit)
    if old >= one.limit:
        when = "" if due is None else f", {in_days(due, facts.today)}"
        yield finding(
            one.late,
            account.name,
            Severity.WARNING,
            f"{one.said} {old} d ago (limit {one.limit}){when}",
            one.ask,
            due=due,
            source=source,
            confidence=Confidence.CONFIGURED if source == "config" else Confidence.RECORDED,
            evidence=[f"{one.verb} {day}: {source}"],
        )


def _listed(address: Address, held: Allowlist) -> bool:
    return any(address in network for network in held.networks)


def _takes(account: Account, held: Allowlist) -> str:
    """Return how long the carrier takes to add an entry, as a tail."""
    if held.lead_time_s is None:
        return ""
    return f"; {account.carrier} takes {time_of(held.lead_time_s)} to add one"


def _missing(facts: Facts, account: Account, held: Allowlist, sbcs: list[str]) -> Iterator[Finding]:
    """Yield the addresses by which the account's SBCs are seen and that are not on its list."""
    off = [(sbc, *facts.egress[sbc]) for sbc in sbcs if sbc in facts.egress]
    off = [(sbc, address, source) for sbc, address, source in off if not _listed(address, held)]
    if not off:
        return
    observed = any(source != "config" for _, _, source in off)
    who = named(f"{address} ({sbc})" for sbc, address, _ in off)
    yield finding(
        FindingKind.EGRESS_NOT_LISTED,
        account.name,
        Severity.MAJOR if observed else Severity.MINOR,
        f"{who} not on {account.carrier}'s allowlist of {account.name}: calls from there may be refused"
        + _takes(account, held),
        f"ask {account.carrier} to add it, or route these calls by an address that is listed",
        source=named(dict.fromkeys(source for _, _, source in off)),
        confidence=Confidence.READ if observed else Confidence.CONFIGURED,
        evidence=[f"{sbc}: {address} ({source})" for sbc, address, source in off] + [_holds(held)],
    )


def _holds(held: Allowlist) -> str:
    return f"the list holds {named(map(_entry, held.networks))}"


def _entry(network: object) -> str:
    return str(network).removesuffix("/32").removesuffix("/128")


def _unused(facts: Facts, account: Account, held: Allowlist) -> Iterator[Finding]:
    """Yield the entries that none of our SBCs uses; while an address of the account's is not known, none is."""
    own = facts.trunks_of.get(account.name, [])
    if not own or any(sbc not in facts.egress for sbc in _sbcs(own)):
        return
    used = [address for address, _ in facts.egress.values()] + facts.shared_addresses
    idle = [network for network in held.networks if not any(address in network for address in used)]
    if idle:
        entries = counted(len(idle), "entry", "entries")
        sources = list(dict.fromkeys(source for _, source in facts.egress.values()))
        yield finding(
            FindingKind.STALE_IP,
            account.name,
            Severity.WARNING,
            f"{account.carrier}'s allowlist of {account.name} holds {entries} that no SBC uses: {named(map(_entry, idle))}"
            "; whoever has such an address can call on this account",
            f"ask {account.carrier} to remove it, unless it is kept for a planned move",
            source=named(sources),
            confidence=Confidence.CONFIGURED if sources == ["config"] else Confidence.READ,
            evidence=[f"{sbc}: {at} ({source})" for sbc, (at, source) in facts.egress.items()],
        )


def _room(account: Account, held: Allowlist, near: float) -> Iterator[Finding]:
    count, limit = len(held.networks), held.limit
    if limit is None or count < near * limit:
        return
    left = limit - count
    room = f"room for {left} more" if left > 0 else "no room for another SBC or a move"
    yield finding(
        FindingKind.ALLOWLIST_FULL,
        account.name,
        Severity.WARNING if left > 0 else Severity.MINOR,
        f"{count} of {limit} entries of {account.carrier}'s allowlist of {account.name} used: {room}{_takes(account, held)}",
        f"ask {account.carrier} for more entries, or have unused ones removed, before they are needed",
        source="config",
        confidence=Confidence.CONFIGURED,
        evidence=[_holds(held)],
    )


def changes(facts: Facts) -> Iterator[Finding]:
    """Yield each SBC whose address changed lately, as long as an account's list was not compared since."""
    for sbc in facts.snapshot.sbcs:
        seen = sbc.egress
        if seen is None or seen.since is None or seen.before is None:
            continue
        day = facts.days_ago(seen.since)
        if (facts.today - day).days > facts.limits.egress_changed_days:
            continue
        waiting = _not_compared_since(facts, sbc.name, day)
        if waiting:
            yield finding(
                FindingKind.EGRESS_CHANGED,
                sbc.name,
                Severity.MINOR,
                f"address of {sbc.name} changed {seen.before} -> {seen.address} on {day}; allowlists not compared since: "
                f"{named(waiting)}",
                "compare the allowlists of these accounts, have the new address added and the old one removed",
                due=day,
                source=seen.source,
                evidence=[f"{seen.address}: {seen.source}", f"before: {seen.before}"],
            )


def _not_compared_since(facts: Facts, sbc: str, day: dt.date) -> list[str]:
    waiting = []
    for account in facts.inventory.accounts:
        if sbc not in _sbcs(_trunks(facts, account)):
            continue
        config = account.allowlist.audited if account.allowlist is not None else None
        compared, _ = latest(facts, RecordKind.AUDITED, account.name, config)
        if compared is None or compared < day:
            waiting.append(account.name)
    return waiting


def restrictions(facts: Facts) -> Iterator[Finding]:
    """Yield each account whose carrier has to attest again that it takes us from our addresses only."""
    for account in facts.inventory.accounts:
        held = account.restriction
        if held is None:
            continue
        promise = f"{account.carrier} takes {account.name} from our addresses only"
        yield from _dated(
            facts,
            account,
            _Dated(
                record=RecordKind.RESTRICTED,
                config=held.attested,
                limit=held.max_age_days,
                never=(FindingKind.RESTRICTION_DUE, Severity.WARNING),
                late=FindingKind.RESTRICTION_DUE,
                unsaid=f"nobody attested that {promise}",
                said=f"that {promise} was attested",
                verb="attested",
                ask=f"have {account.carrier} confirm in writing that it takes {account.name} from our addresses only, "
                "then record the day",
            ),
        )
