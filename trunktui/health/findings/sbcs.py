"""What is found about an SBC as a whole: its SIP-TLS certificates, and who fails to authenticate at it."""

from __future__ import annotations

from collections.abc import Iterator

from trunktui.health.findings.found import Facts, counted, finding, in_days, named, time_of
from trunktui.model.finding import AuthBurst, Certificate, Finding, FindingKind
from trunktui.model.health import Severity
from trunktui.model.snapshot import SbcStatus

CERT_LATE_DAYS = 7
"""From so many days before its end a certificate is urgent."""

BURST_KEPT_S = 86400.0
"""For so long after its last failure a burst is still told."""


def certificates(facts: Facts) -> Iterator[Finding]:
    """Yield each SBC with a SIP-TLS certificate near its end or past it: the one that ends first."""
    for sbc in facts.snapshot.sbcs:
        near = [
            one
            for one in sbc.certificates
            if (one.until - facts.today).days <= facts.limits.certificate_warn_days
        ]
        if near:
            yield _ending(facts, sbc, sorted(near, key=lambda one: (one.until, one.name)))


def _ending(facts: Facts, sbc: SbcStatus, near: list[Certificate]) -> Finding:
    first, left = near[0], (near[0].until - facts.today).days
    others = f" (and {counted(len(near) - 1, 'other')})" if len(near) > 1 else ""
    said = f"ends on {first.until}, {in_days(first.until, facts.today)}"
    if left < 0:
        said = f"ended on {first.until}, {-left} d ago: calls over TLS fail"
    return finding(
        FindingKind.CERT_DUE,
        sbc.name,
        Severity.CRITICAL if left < 0 else Severity.MAJOR if left <= CERT_LATE_DAYS else Severity.WARNING,
        f"SIP-TLS certificate {first.name}{others} {said}",
        f"have it issued anew, put it on {sbc.name} and reload its TLS transport",
        due=first.until,
        source=first.source,
        evidence=[f"{one.name} until {one.until} ({one.source})" for one in near],
    )


def bursts(facts: Facts) -> Iterator[Finding]:
    """Yield each SBC at which somebody failed to authenticate many times and never got through."""
    for sbc in facts.snapshot.sbcs:
        found = [one for one in lately(sbc, facts.snapshot.at) if one.count >= facts.limits.auth_failures]
        if found:
            yield _burst(sbc, sorted(found, key=lambda one: (-one.count, one.source)))


def lately(sbc: SbcStatus, now: float) -> list[AuthBurst]:
    """Return the bursts that are young enough to be told at monotonic second `now`."""
    return [one for one in sbc.auth_bursts if now - one.last_at <= BURST_KEPT_S]


def _burst(sbc: SbcStatus, found: list[AuthBurst]) -> Finding:
    first = found[0]
    users = f" as {named(first.users)}" if first.users else ""
    others = f"; and from {counted(len(found) - 1, 'other source')}" if len(found) > 1 else ""
    return finding(
        FindingKind.AUTH_FAIL_BURST,
        sbc.name,
        Severity.MAJOR,
        f"{_figures(first)} from {first.source}{users}, none got through{others}",
        "block the source if it is not ours; if it is, its password is wrong: change it before it is locked out",
        source=f"log of {sbc.name}",
        evidence=[f"{one.source}: {_figures(one)}; {named(one.users)}".removesuffix("; ") for one in found],
    )


def _figures(one: AuthBurst) -> str:
    span_s = one.last_at - one.since_at
    return (
        f"{one.count} failures to authenticate in {time_of(span_s) if span_s >= 120 else f'{span_s:.0f} s'}"
    )
