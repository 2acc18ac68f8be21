"""Findings for the tests of the screen: several kinds and severities, about legs, trunks, accounts and SBCs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from tests.tui.fleet_samples import NOW, fleet
from tests.tui.pasts import EPOCH
from trunktui.model.finding import Confidence, CredentialAge, Finding, FindingKind
from trunktui.model.health import Severity
from trunktui.model.recording import RecordsNote
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe, clean

TODAY = datetime.fromtimestamp(EPOCH + NOW, UTC).date()
"""The day of the samples."""


def finding(
    kind: FindingKind = FindingKind.CRED_OVERDUE,
    subject: str = "alpha-us",
    severity: Severity = Severity.MINOR,
    reason: str = "credential 212 d old (limit 90): changed 2026-04-27, was due 122 d ago",
    due_in: int | None = -122,
    **changes: object,
) -> Finding:
    """Return a finding, due so many days from TODAY."""
    made = Finding(
        kind,
        clean(subject),
        severity,
        clean(reason),
        Safe("change it at alpha and on nyc-1, lon-2, then record the day"),
        None if due_in is None else TODAY + timedelta(days=due_in),
        Safe("config"),
        Confidence.CONFIGURED,
        (Safe("2026-04-27: config"), Safe("username acme-us")),
    )
    return replace(made, **changes)


def findings() -> tuple[Finding, ...]:
    """Return findings of every severity, worst first."""
    return (
        finding(
            FindingKind.EGRESS_NOT_LISTED,
            "alpha-voice",
            Severity.MAJOR,
            "198.51.100.12 (nyc-2) not on alpha's allowlist of alpha-voice: calls from there may be refused; "
            "alpha takes 3 d to add one",
            None,
            remedy=Safe("ask alpha to add it, or route these calls by an address that is listed"),
            source=Safe("seen by a STUN server"),
            confidence=Confidence.READ,
            evidence=(Safe("nyc-2 is seen as 198.51.100.12 (STUN)"), Safe("the list holds 198.51.100.11")),
        ),
        finding(),
        finding(
            FindingKind.CRED_DUE,
            "beta-eu",
            Severity.WARNING,
            "credential 81 d old (limit 90): changed 2026-09-05, due in 9 d",
            9,
            source=Safe("recorded by alice"),
            confidence=Confidence.RECORDED,
        ),
        finding(
            FindingKind.RESTRICTION_DUE,
            "alpha-voice",
            Severity.WARNING,
            "that alpha takes alpha-voice from our addresses only was attested 365 d ago (limit 365), due today",
            0,
        ),
        finding(
            FindingKind.KEEPALIVE_OFF,
            "nyc-1",
            Severity.WARNING,
            "OPTIONS is not set for 2 legs on nyc-1: a silent death is noticed by nobody",
            None,
        ),
        finding(
            FindingKind.CRED_UNKNOWN,
            "gamma-de",
            Severity.INDETERMINATE,
            "age of the credential not known: nothing tells when it was changed",
            None,
            source=Safe(""),
            confidence=Confidence.UNKNOWN,
            evidence=(),
        ),
    )


def ages() -> tuple[CredentialAge, ...]:
    """Return ages of credentials that fit the findings."""

    def age(trunk: str, days: int, source: str, confidence: Confidence) -> CredentialAge:
        day = TODAY - timedelta(days=days)
        return CredentialAge(
            trunk, Safe("acme"), days, day, Safe(source), confidence, day + timedelta(days=90)
        )

    return (
        age("alpha-us", 212, "config", Confidence.CONFIGURED),
        age("beta-eu", 81, "recorded by alice", Confidence.RECORDED),
        age("delta-it", 400, "file /etc/asterisk/pjsip.conf, changed at the latest", Confidence.LATEST),
        CredentialAge(
            "gamma-de", None, None, None, Safe(""), Confidence.UNKNOWN, None,
            Safe("nothing tells when it was changed"),
        ),
    )  # fmt: skip


def found(
    these: Iterable[Finding] | None = (), *, notice: str = "", whole: Snapshot | None = None
) -> Snapshot:
    """Return the fleet with `these` findings (None: not looked for), by default those of `findings`."""
    base = fleet() if whole is None else whole
    kept = None if these is None else tuple(these) or findings()
    return replace(
        base,
        findings=kept,
        credentials=ages(),
        records=RecordsNote(read=not notice, notice=clean(notice, 300)),
    )
