"""Which findings came and which are gone, from one snapshot to the next: each once, over restarts, and never a storm. Pure.

What a first life finds while it meets its SBCs is no news. What an earlier run knew is not gone before its SBC
answered again, nor before it was missing for a while: settings are read over many polls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from trunktui.model.finding import Finding, FindingKind
from trunktui.model.health import SEVERITY_RANK, Severity
from trunktui.model.history import EventKind, Memory
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe, clean

SETTLE_S = 300.0
"""How long an SBC is being met, and how long a finding must be missing to be gone."""

MOST = 10
"""News of one look that are told one by one; more are one event that counts them."""

LOOKED = "*"
"""What is known of a run that looked for findings at all."""

_BY_CONFIG = frozenset(
    {
        FindingKind.ALLOWLIST_DUE,
        FindingKind.ALLOWLIST_UNKNOWN,
        FindingKind.ALLOWLIST_FULL,
        FindingKind.RESTRICTION_DUE,
        FindingKind.NO_CAP,
    }
)
"""Kinds that no SBC has to be read for."""


class Told(Struct, frozen=True):
    """One event to be told: about whom, what, the finding's kind (or `gone`), how loud."""

    subject: Safe
    sentence: Safe
    before: str
    after: str
    severity: Severity


class News(Struct, frozen=True):
    """What a look adds: events, and by key what is known from now on (with its severity) or no more."""

    told: tuple[Told, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    dropped: tuple[str, ...] = ()


class FindingNews:
    """Looks at the findings of one snapshot after another; `memory` is what an earlier run knew."""

    def __init__(self, memory: Memory) -> None:
        known = {str(one.subject): str(one.state) for one in memory.known if one.kind is EventKind.FINDING}
        self._lived = known.pop(LOOKED, None) is not None
        self._known = known
        self._missing: dict[str, float] = {}
        self._met: dict[str, float] = {}
        self._first: float | None = None
        self._seen: tuple[Finding, ...] | None = None

    def look(self, snapshot: Snapshot) -> News:
        """Return what is new in the findings of `snapshot`; nothing where they were not looked for."""
        if snapshot.findings is None:
            return News()
        kept: list[tuple[str, str]] = []
        if self._first is None:
            self._first = snapshot.at
            kept.append((LOOKED, "looked"))
        for sbc in snapshot.sbcs:
            if sbc.polled_at is not None:
                self._met.setdefault(sbc.name, snapshot.at)
        if snapshot.findings is self._seen and not self._missing:
            return News(kept=tuple(kept))
        self._seen = snapshot.findings
        now = {key_of(one): one for one in snapshot.findings}
        came: list[Finding] = []
        for key, one in now.items():
            self._missing.pop(key, None)
            if self._known.get(key) == one.severity.value:
                continue
            if key not in self._known and self._is_news(one, snapshot):
                came.append(one)
            self._known[key] = one.severity.value
            kept.append((key, one.severity.value))
        gone = [key for key in self._known if key not in now and self._is_gone(key, snapshot)]
        for key in gone:
            del self._known[key]
            self._missing.pop(key, None)
        return News((*_came(came), *_gone(gone)), tuple(kept), tuple(gone))

    def _is_news(self, one: Finding, snapshot: Snapshot) -> bool:
        """Whether a finding that was not known came just now, and was not only met."""
        since = [self._first or snapshot.at]
        if one.kind not in _BY_CONFIG:
            since += [self._met.get(name, snapshot.at) for name in _sbcs(one.subject, snapshot)]
        return self._lived or snapshot.at - max(since) > SETTLE_S

    def _is_gone(self, key: str, snapshot: Snapshot) -> bool:
        since = self._missing.setdefault(key, snapshot.at)
        kind, _, subject = key.partition(" ")
        read = kind in _BY_CONFIG or all(name in self._met for name in _sbcs(subject, snapshot))
        return read and snapshot.at - since >= SETTLE_S


def key_of(finding: Finding) -> str:
    """Return what tells a finding from others, over restarts."""
    return f"{finding.kind.value} {finding.subject}"


def _sbcs(subject: str, snapshot: Snapshot) -> Iterable[str]:
    """Return the SBCs that a finding about `subject` is read from: its own, else any."""
    names = {sbc.name for sbc in snapshot.sbcs}
    own = subject.rpartition("@")[2]
    return [own] if own in names else names


def _came(found: list[Finding]) -> list[Told]:
    if len(found) <= MOST:
        return [Told(one.subject, one.reason, "", one.kind.value, one.severity) for one in found]
    worst = max((one.severity for one in found), key=SEVERITY_RANK.__getitem__)
    return [_counted([one.kind.value for one in found], "came", "", "found", worst)]


def _gone(keys: list[str]) -> list[Told]:
    pairs = [key.partition(" ")[::2] for key in keys]
    if len(pairs) > MOST:
        return [_counted([kind for kind, _ in pairs], "gone", "found", "gone", Severity.NONE)]
    return [
        Told(clean(subject), clean(f"no longer found: {kind.replace('_', ' ')}"), kind, "gone", Severity.NONE)
        for kind, subject in pairs
    ]


def _counted(kinds: list[str], what: str, before: str, after: str, severity: Severity) -> Told:
    each = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in Counter(kinds).most_common())
    return Told(Safe("findings"), clean(f"{len(kinds)} findings {what}: {each}"), before, after, severity)
