"""A made-up fleet in which a carrier is out, one leg is local, and another carrier answers and refuses an account."""

from __future__ import annotations

from msgspec.structs import replace

from trunktui.health.correlate import correlate
from trunktui.model.health import FaultKind, LegState, ProbeSignal, RegSignal, Severity, Thresholds
from trunktui.model.inventory import Carrier, Group, Inventory, Trunk
from trunktui.model.snapshot import LegStatus, ProbeView, RegView, Snapshot
from trunktui.model.text import Safe

SBCS = ("nyc-1", "nyc-2", "lon-1", "lon-2")


def silent(leg: LegStatus, since: float, why: str = "") -> LegStatus:
    """Return a leg whose OPTIONS nobody answers since monotonic second `since`."""
    return replace(
        leg,
        state=LegState.DOWN,
        severity=Severity.MAJOR,
        reason=Safe(why or "3 OPTIONS unanswered; Asterisk refuses calls on this AOR"),
        fault=FaultKind.PROBE,
        bad_since=since,
        since_at=since,
        probe=ProbeView(ProbeSignal.DEAD, misses=6, interval_s=30, detect_s=33.0),
    )


def refused(leg: LegStatus, since: float, code: int = 403) -> LegStatus:
    """Return a leg that gave up to register after a refusal."""
    return replace(
        leg,
        state=LegState.DOWN,
        severity=Severity.MAJOR,
        reason=Safe(f"registration gave up after {code}; will not retry"),
        fault=FaultKind.REGISTRATION,
        bad_since=since,
        since_at=since,
        registration=RegView(RegSignal.GAVE_UP, failures=1, gave_up=True, code=code),
    )


def judged(snapshot: Snapshot, inventory: Inventory | None = None) -> Snapshot:
    """Return a snapshot with the verdicts on it."""
    whole = Inventory() if inventory is None else inventory
    found = correlate(snapshot.legs, snapshot.sbcs, whole, Thresholds(), 30.0, snapshot.at)
    return replace(snapshot, verdicts=found.verdicts)


def outage(model: LegStatus, snapshot: Snapshot) -> Snapshot:
    """Return `snapshot` with other legs, made after `model`: bravo is out, alpha local on lon-2, charlie refuses.

    `snapshot` gives the SBCs and the second; legs are those of four carriers on each SBC.
    """
    at, legs = snapshot.at, []
    for carrier in ("alpha", "bravo", "charlie", "delta"):
        for sbc in SBCS:
            for trunk in ("us", "eu"):
                name = f"{carrier}-{trunk}"
                one = replace(
                    model,
                    id=f"{name}@{sbc}",
                    trunk=name,
                    sbc=sbc,
                    carrier=carrier,
                    account=f"{carrier}-voice-{trunk}",
                    groups=("outbound",) if trunk == "us" else (),
                    healed=None,
                )
                if carrier == "bravo":
                    one = silent(one, at - 200)
                elif carrier == "alpha" and (trunk, sbc) == ("us", "lon-2"):
                    one = silent(one, at - 700)
                elif (carrier, trunk) == ("charlie", "eu"):
                    one = refused(one, at - 900)
                legs.append(one)
    inventory = Inventory(
        carriers=tuple(map(Carrier, ("alpha", "bravo", "charlie", "delta"))),
        trunks=tuple(Trunk(f"{c}-us", carrier=c) for c in ("bravo", "alpha")),
        groups=(Group("outbound", ("bravo-us", "alpha-us")),),
    )
    return judged(replace(snapshot, legs=tuple(legs), groups=()), inventory)
