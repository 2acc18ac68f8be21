"""Settings that will not notice a failure, or will cause one: keepalive, registration expiry, a cap nobody told."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from trunktui.health.findings.found import Facts, finding, time_of
from trunktui.model.finding import Confidence, Finding, FindingKind
from trunktui.model.health import ProbeSignal, Severity
from trunktui.model.snapshot import LegStatus


class _Trade(Struct, frozen=True):
    """What a platform's people call the interval of OPTIONS, and where it belongs."""

    key: str
    place: str


_TRADES = {
    "asterisk": _Trade(
        "qualify_frequency", "in the AOR (type=aor); on the endpoint the whole object is refused"
    ),
    "freeswitch": _Trade("ping", "in the <gateway>; on a profile it does nothing"),
    "kamailio": _Trade("ds_ping_interval", "of the dispatcher module, and probing for this destination"),
}


def keepalives(facts: Facts) -> Iterator[Finding]:
    """Yield each leg whose OPTIONS are off, too seldom, too often, or set where they do nothing."""
    low, high = facts.limits.keepalive_min_s, facts.limits.keepalive_max_s
    for leg in facts.snapshot.legs:
        every = leg.probe.interval_s
        off = every == 0 or (every is None and leg.probe.state is ProbeSignal.UNMONITORED)
        if not (off or leg.probe.misplaced or (every is not None and not low <= every <= high)):
            continue
        if leg.trunk in facts.off and not leg.discovered:
            continue
        yield _keepalive(facts, leg, every, off=off)


def _keepalive(facts: Facts, leg: LegStatus, every: int | None, *, off: bool) -> Finding:
    low, high = facts.limits.keepalive_min_s, facts.limits.keepalive_max_s
    status = facts.sbcs.get(leg.sbc)
    trade = _TRADES.get(status.platform if status else "", _Trade("OPTIONS", "on the trunk"))
    remedy = f"set {trade.key} to {low}-{high} s {trade.place}"
    shown = "not read" if every is None else f"{every} s"
    evidence = [f"interval of OPTIONS loaded on {leg.sbc}: {shown}"]
    if leg.probe.misplaced:
        return finding(
            FindingKind.KEEPALIVE_MISPLACED,
            leg.id,
            Severity.MINOR if off else Severity.WARNING,
            f"OPTIONS are set where they do nothing: {leg.probe.misplaced}"
            + ("; none are sent" if off else ""),
            remedy,
            source=f"read from {leg.sbc}",
            evidence=[*evidence, leg.probe.misplaced],
        )
    if off:
        return finding(
            FindingKind.KEEPALIVE_OFF,
            leg.id,
            Severity.MINOR,
            "no OPTIONS are sent: a far end that dies is noticed by callers first",
            remedy,
            source=f"read from {leg.sbc}",
            evidence=evidence,
        )
    seconds = every or 0
    detect = leg.probe.detect_s
    slow = (
        f"a dead far end goes unnoticed for up to {time_of(detect) if detect >= 120 else f'{detect:.0f} s'}"
        if detect
        else ""
    )
    why = (
        (slow or "a dead far end goes unnoticed for long")
        if seconds > high
        else "needless load, carriers may ban it"
    )
    return finding(
        FindingKind.KEEPALIVE_INTERVAL,
        leg.id,
        Severity.WARNING,
        f"OPTIONS every {seconds} s, outside {low}-{high} s: {why}",
        remedy,
        source=f"read from {leg.sbc}",
        evidence=evidence,
    )


def expiries(facts: Facts) -> Iterator[Finding]:
    """Yield each leg that asks its registrar for an expiry outside what is meant."""
    low, high = facts.limits.expiry_min_s, facts.limits.expiry_max_s
    for leg in facts.snapshot.legs:
        asked = leg.registration.expires_s
        if asked is None or low <= asked <= high or (leg.trunk in facts.off and not leg.discovered):
            continue
        why = (
            "a registrar that forgets us is noticed only then"
            if asked > high
            else "a REGISTER lost or two end the registration"
        )
        yield finding(
            FindingKind.EXPIRY,
            leg.id,
            Severity.WARNING,
            f"registers for {asked} s, outside {low}-{high} s: {why}",
            f"set the registration's expiry to {low}-{high} s and reload",
            source=f"read from {leg.sbc}",
            evidence=[f"expiry loaded on {leg.sbc}: {asked} s"],
        )


def caps(facts: Facts) -> Iterator[Finding]:
    """Yield each trunk in use of which neither it nor its account has any cap: nothing can be said to be nearly full."""
    accounts = {account.name: account for account in facts.inventory.accounts}
    for trunk in facts.inventory.trunks:
        account = accounts.get(trunk.account or "")
        told = [trunk.cap, *([account.cap] if account is not None else [])]
        if not trunk.enabled or any(cap.channels is not None or cap.cps is not None for cap in told):
            continue
        where = f"account {account.name}" if account is not None else "the trunk"
        yield finding(
            FindingKind.NO_CAP,
            trunk.name,
            Severity.WARNING,
            "no cap on channels or calls a second is known: that it is nearly full cannot be told, nor room for others",
            f"write the contract's ceilings into the cap of {where}",
            source="config",
            confidence=Confidence.CONFIGURED,
            evidence=[f"cap of {one}: none" for one in dict.fromkeys((f"trunk {trunk.name}", where))]
            if account is not None
            else [f"cap of trunk {trunk.name}: none", "no account"],
        )
