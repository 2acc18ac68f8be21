"""What every rule of findings shares: the facts they look at, which day counts, days and lists as words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address

from trunktui.model.finding import Confidence, Finding, FindingKind, Record, RecordKind, Told
from trunktui.model.health import SEVERITY_RANK, Severity
from trunktui.model.inventory import AuthMode, Inventory, Trunk
from trunktui.model.snapshot import LegStatus, SbcStatus, Snapshot
from trunktui.model.text import Safe, clean

_MOST_EVIDENCE = 8
_MOST_NAMED = 4
_HOURS_FROM_S = 2 * 3600
_DAYS_FROM_S = 3 * 86400

BY_ADDRESS = frozenset({AuthMode.IP, AuthMode.HYBRID})
BY_CREDENTIAL = frozenset({AuthMode.REGISTRATION, AuthMode.HYBRID})


Address = IPv4Address | IPv6Address


class Facts:
    """The fleet as the rules see it on one day; what several of them need is worked out once."""

    def __init__(
        self,
        snapshot: Snapshot,
        inventory: Inventory,
        records: Iterable[Record],
        today: dt.date,
        told: Iterable[Told],
    ) -> None:
        self.snapshot = snapshot
        self.inventory = inventory
        self.limits = inventory.limits
        self.records: dict[tuple[RecordKind, str], list[Record]] = {}
        for record in records:
            self.records.setdefault((record.kind, record.subject), []).append(record)
        self.today = today
        self.told = {one.trunk: one for one in told}
        self.sbcs: Mapping[str, SbcStatus] = {sbc.name: sbc for sbc in snapshot.sbcs}
        self.trunks: Mapping[str, Trunk] = {trunk.name: trunk for trunk in inventory.trunks}
        self.off = frozenset(trunk.name for trunk in inventory.trunks if not trunk.enabled)

    @cached_property
    def legs_of(self) -> Mapping[str, list[LegStatus]]:
        """The legs of each trunk of the config; one that no SBC told of yet has none."""
        found: dict[str, list[LegStatus]] = {}
        for leg in self.snapshot.legs:
            if not leg.discovered:
                found.setdefault(leg.trunk, []).append(leg)
        return found

    @cached_property
    def groups_of(self) -> Mapping[str, list[str]]:
        """The groups that each trunk is in."""
        found: dict[str, list[str]] = {}
        for group in self.inventory.groups:
            for trunk in group.trunks:
                found.setdefault(trunk, []).append(group.name)
        return found

    @cached_property
    def trunks_of(self) -> Mapping[str, list[Trunk]]:
        """The trunks of each account."""
        found: dict[str, list[Trunk]] = {}
        for trunk in self.inventory.trunks:
            if trunk.account is not None:
                found.setdefault(trunk.account, []).append(trunk)
        return found

    @cached_property
    def egress(self) -> Mapping[str, tuple[Address, Safe]]:
        """By which address carriers see each SBC, and who says so: what was observed, else the config."""
        found: dict[str, tuple[Address, Safe]] = {}
        for sbc in self.inventory.sbcs:
            status = self.sbcs.get(sbc.name)
            seen = status.egress if status is not None else None
            text, source = (seen.address, seen.source) if seen else (sbc.egress_ip, Safe("config"))
            if text is None:
                continue
            try:
                found[sbc.name] = ip_address(text), source
            except ValueError:  # what was observed is no address: it says nothing
                continue
        return found

    @cached_property
    def shared_addresses(self) -> list[Address]:
        """The addresses that the halves of pairs hand to each other."""
        return [ip_address(sbc.ha.vip) for sbc in self.inventory.sbcs if sbc.ha is not None and sbc.ha.vip]

    def day_of(self, kind: RecordKind, subject: str) -> Record | None:
        """Return the newest record of that kind; one of a day to come is no record."""
        own = self.records.get((kind, subject))
        if own is None:
            return None
        past = (one for one in own if one.day <= self.today)
        return max(past, key=lambda one: (one.day, one.at), default=None)

    def days_ago(self, at: float) -> dt.date:
        """Return the day of a monotonic second of the snapshot, to within a day."""
        return self.today - dt.timedelta(days=int(max(self.snapshot.at - at, 0.0) // 86400))


def latest(
    facts: Facts, kind: RecordKind, subject: str, config: dt.date | None
) -> tuple[dt.date | None, str]:
    """Return the last day on which people say it was done, and who says so; why not, where nobody does.

    Days to come are no days: what is said to have been done on them was not.
    """
    record = facts.day_of(kind, subject)
    ahead = config is not None and config > facts.today
    if config is not None and not ahead and (record is None or config >= record.day):
        return config, "config"
    if record is not None:
        return record.day, f"recorded by {record.who}"
    future = [one.day for one in facts.records.get((kind, subject), ())]
    if config is not None and ahead:
        return None, f"the config says {config}, a day to come"
    return None, f"the record says {max(future)}, a day to come" if future else ""


def finding(
    kind: FindingKind,
    subject: str,
    severity: Severity,
    reason: str,
    remedy: str,
    *,
    due: dt.date | None = None,
    source: str = "",
    confidence: Confidence = Confidence.READ,
    evidence: Sequence[str] = (),
) -> Finding:
    """Return a finding with every text made safe, and no more evidence than a screen can show."""
    lines = [clean(line) for line in evidence[:_MOST_EVIDENCE]]
    if len(evidence) > _MOST_EVIDENCE:
        lines.append(clean(f"and {len(evidence) - _MOST_EVIDENCE} more"))
    return Finding(
        kind,
        clean(subject),
        severity,
        clean(reason),
        clean(remedy),
        due,
        clean(source),
        confidence,
        tuple(lines),
    )


def worst_first(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, the loudest first, then what was due first; what has no day comes after what has."""
    kinds = {kind: place for place, kind in enumerate(FindingKind)}
    never = dt.date.max
    return tuple(
        sorted(
            found,
            key=lambda one: (-SEVERITY_RANK[one.severity], one.due or never, kinds[one.kind], one.subject),
        )
    )


def named(names: Iterable[object]) -> str:
    """Return names as words, the first few of many."""
    listed = [str(name) for name in names]
    more = len(listed) - _MOST_NAMED
    return ", ".join(listed[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return `1 entry`, `2 entries`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def time_of(seconds: float) -> str:
    """Return how long something takes: `30 m`, `4 h`, `3 d`."""
    if seconds >= _DAYS_FROM_S:
        return f"{seconds / 86400:.0f} d"
    if seconds >= _HOURS_FROM_S:
        return f"{seconds / 3600:.0f} h"
    return f"{max(seconds / 60, 1):.0f} m"


def in_days(due: dt.date, today: dt.date) -> str:
    """Return `due in 3 d`, `due today`, `was due 4 d ago`."""
    left = (due - today).days
    if left == 0:
        return "due today"
    return f"due in {left} d" if left > 0 else f"was due {-left} d ago"


def after(day: dt.date, days: int) -> dt.date | None:
    """Return the day so many days later; None past the end of the calendar."""
    try:
        return day + dt.timedelta(days=days)
    except OverflowError:
        return None
