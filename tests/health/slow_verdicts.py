"""The slow, obvious way to say whose fault it is: written from the table's words, and sharing no rule with the product.

Everything is asked anew of plain lists of legs; what the product caches, counts and indexes is not here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from trunktui.model.health import FaultKind, LegState, ProbeSignal, RegSignal, TrafficSignal, Usage
from trunktui.model.inventory import AuthMode
from trunktui.model.link import SshState
from trunktui.model.snapshot import LegStatus, SbcStatus

FLOOR_S, INTERVAL_S = 90.0, 30.0
Legs = list[LegStatus]


class Said(NamedTuple):
    """One verdict: its kind, what it is about, whose legs, which legs, how loud."""

    kind: str
    subject: str
    carrier: str | None
    legs: frozenset[str]
    severity: str


def slowly(everything: Iterable[LegStatus], sbcs: dict[str, SbcStatus], now: float) -> set[Said]:
    """Return every verdict on a fleet."""
    said: set[Said] = set()
    legs = [
        leg
        for leg in everything
        if not (leg.maintenance or leg.state is LegState.ADMIN_OFF or leg.state is LegState.STANDBY)
    ]

    # the collector itself: two thirds of all legs unknown, because their SBCs are not reached
    lost = [leg for leg in legs if leg.state is LegState.UNKNOWN and not reached(sbcs[leg.sbc])]
    if lost and len(lost) / len(legs) >= 2 / 3 - 1e-9 and len(boxes(lost)) >= 2:
        return {Said("collector", "collector", None, ids(lost), "critical")}

    left = [leg for leg in legs if leg.carrier is not None]

    addresses = {one.egress.address for one in sbcs.values() if one.egress}
    left = of_places(left, sbcs, addresses, said, now)
    silenced = {one for verdict in said for one in verdict.legs}
    gone = {leg.sbc for leg in legs if leg.carrier is not None} - boxes(left)

    # two thirds of all legs down, over two carriers and two SBCs
    nameless = [leg for leg in legs if leg.carrier is None and leg.sbc not in gone]
    down = [leg for leg in [*left, *nameless] if bad(leg) and leg.state is LegState.DOWN]
    if legs and len(down) / len(legs) >= 2 / 3 - 1e-9 and len(carriers(down)) >= 2 and len(boxes(down)) >= 2:
        all_bad = [leg for leg in [*left, *nameless] if bad(leg)]
        said.add(Said("global", "fleet", None, ids(all_bad), "critical"))
        left = [leg for leg in left if not bad(leg)]
    assert not silenced & ids(left)

    left = of_our_address(left, addresses, sbcs, said)
    left = of_names(left, said)
    left = of_accounts(left, said)
    # carriers: what one fails in from several SBCs says nothing more of these SBCs
    found: list[Said] = []
    while True:
        judged = [one for carrier in sorted(carriers(left)) for one in on_carrier(left, carrier, now)]
        several = [one for one in judged if one.kind in {"edge", "carrier_outage", "carrier_partial"}]
        if not several:
            return said | set(together_again(found + judged))
        found += several
        gone = {leg for one in several for leg in one.legs}
        left = [leg for leg in left if leg.id not in gone]


def of_places(
    left: Legs, sbcs: dict[str, SbcStatus], addresses: set[str], said: set[Said], now: float
) -> Legs:
    """All that leaves a place fails, and the same carriers are fine from elsewhere; return what is left."""
    places = {one.site for one in sbcs.values() if one.site}
    for place in [*sorted(places), *sorted(addresses)]:
        here = {
            name
            for name, one in sbcs.items()
            if (one.site == place or (one.egress and one.egress.address == place))
            and any(leg.sbc == name and speaks(leg) for leg in left)
        }
        there = [leg for leg in left if leg.sbc in here and speaks(leg)]
        if (
            len(here) >= 2
            and all(share_bad([leg for leg in there if leg.sbc == box]) >= 2 / 3 - 1e-9 for box in here)
            and all(
                share_bad([leg for leg in there if leg.carrier == carrier]) >= 2 / 3 - 1e-9
                for carrier in carriers(there)
            )
            and place_fails(left, here, sbcs, now)
        ):
            said.add(Said("site", place, None, ids(filter(bad, there)), "critical"))
            left = [leg for leg in left if leg.sbc not in here]
    failing = {box for box in boxes(left) if place_fails(left, {box}, sbcs, now)}
    for box in failing:
        there = [leg for leg in left if leg.sbc == box and bad(leg)]
        said.add(Said("sbc", box, None, ids(there), "critical"))
    left = [leg for leg in left if leg.sbc not in failing]
    return left


def of_our_address(left: Legs, addresses: set[str], sbcs: dict[str, SbcStatus], said: set[Said]) -> Legs:
    """Our address changed, and what knows us by it stopped; return what is left to explain."""
    for address in sorted(addresses):
        moved = moved_legs(left, address, sbcs)
        if moved and any(leg.state is not LegState.SUSPECT for leg in moved):
            said.add(Said("egress", address, None, ids(moved), "critical"))
            left = without(left, moved)
    return left


def of_names(left: Legs, said: set[Said]) -> Legs:
    """A username is refused wherever it is used, the carrier's others fine; return what is left."""
    for carrier, user in sorted({(leg.carrier or "", leg.username or "") for leg in left if leg.username}):
        own = [leg for leg in left if leg.carrier == carrier and leg.username == user]
        tell = [leg for leg in own if speaks(leg)]
        rest = [leg for leg in left if leg.carrier == carrier and leg.username != user and speaks(leg)]
        if (
            len(tell) >= 2
            and len(own) - len(tell) <= len(own) / 2
            and all(refused(leg) for leg in tell)
            and any(leg.state is not LegState.SUSPECT for leg in tell)
            and not any(bad(leg) or refused(leg) for leg in rest)
            and (rest or len(boxes(tell)) >= 2)
        ):
            said.add(Said("credential", user, carrier, ids(tell), "critical"))
            left = without(left, tell)
    return left


def of_accounts(left: Legs, said: set[Said]) -> Legs:
    """The carrier answers, and refuses the account from every SBC, or it is full; return what is left."""
    for carrier, account in sorted({(leg.carrier or "", leg.account or "") for leg in left}):
        own = [leg for leg in left if leg.carrier == carrier and (leg.account or "") == account]
        tell = [leg for leg in own if speaks(leg)]
        if len(own) - len(tell) > len(own) / 2:
            continue
        asking = [leg for leg in tell if asks(leg)]
        full = [leg for leg in tell if is_full(leg)]
        if (
            len(boxes(asking)) >= 2
            and boxes(asking) == boxes(tell)
            and all(refused(leg) and leg.probe.state not in SILENT for leg in asking)
            and any(leg.state is not LegState.SUSPECT for leg in asking)
        ):
            said.add(Said("account", account or carrier, carrier, ids(asking), "critical"))
            left = without(left, asking)
        elif account and len(full) >= 2 and full == tell:
            loudest = max((leg.severity.value for leg in full), key=["minor", "major"].index)
            said.add(Said("account", account, carrier, ids(full), loudest))
            left = without(left, full)
    return left


def on_carrier(left: Legs, carrier: str, now: float) -> list[Said]:
    """Return the verdicts on one carrier, for each time at which some of it failed."""
    own = [leg for leg in left if leg.carrier == carrier]
    mute = [leg for leg in own if not speaks(leg)]
    window = w([leg for leg in own if speaks(leg)])
    waiting = sorted((leg for leg in own if bad(leg)), key=lambda leg: (began(leg), leg.id))
    found: list[Said] = []
    while waiting:
        together = [leg for leg in waiting if began(leg) - began(waiting[0]) <= window]
        waiting = [leg for leg in waiting if leg not in together]
        if all(leg.state is LegState.SUSPECT for leg in together):
            continue
        fine = [leg for leg in own if speaks(leg) and not bad(leg)]
        one = together_failed(left, carrier, together, fine, len(mute), now)
        if one is not None:
            found.append(one)
    return found


def together_failed(left: Legs, carrier: str, failed: Legs, fine: Legs, mute: int, now: float) -> Said | None:
    """Return the verdict on legs of a carrier that failed together."""
    cannot = Said("insufficient", carrier, carrier, ids(failed), "indeterminate")
    compared = [*failed, *fine]
    if mute > (mute + len(compared)) / 2:
        return cannot
    if len(boxes(compared)) < 2:
        return cannot
    onset = min(began(leg) for leg in failed)
    if len(boxes(failed)) >= 2 and fine and all(leg.targets for leg in compared):
        for address in sorted({target for leg in failed for target in leg.targets or ()}):
            shared = all(address in (leg.targets or ()) for leg in failed)
            if shared and not any(address in (leg.targets or ()) for leg in fine):
                edge = Said("edge", address, carrier, ids(failed), "major")
                return edge if ripe(onset, fine, now) else None
    beside = [leg for leg in left if leg.carrier != carrier and leg.sbc in boxes(failed) and speaks(leg)]
    if not beside or share_bad(beside) > 1 / 3 + 1e-9:
        return cannot
    if len(boxes(failed)) == 1:
        (box,) = boxes(failed)
        elsewhere = [leg for leg in fine if leg.sbc != box]
        well_here = [leg for leg in beside if not bad(leg)]
        if not ripe(onset, [*elsewhere, *well_here], now):
            return None
        subject = failed[0].id if len(failed) == 1 else f"{carrier} on {box}"
        return Said("local_leg", subject, carrier, ids(failed), "major")
    silent = [leg for leg in failed if not (leg.fault is FaultKind.REGISTRATION and leg.probe.state in ALIVE)]
    if len(silent) / len(compared) >= 2 / 3 - 1e-9 and len(boxes(silent)) >= 2:
        return Said("carrier_outage", carrier, carrier, ids(failed), "critical")
    if not ripe(onset, fine, now):
        return None
    return Said("carrier_partial", carrier, carrier, ids(failed), "major")


def together_again(found: list[Said]) -> list[Said]:
    """Put verdicts of one kind on one subject together."""
    merged: list[Said] = []
    for about in sorted({one[:3] for one in found}, key=str):
        same = [one for one in found if one[:3] == about]
        merged.append(same[0]._replace(legs=frozenset().union(*(one.legs for one in same))))
    return merged


def place_fails(left: Legs, here: set[str], sbcs: dict[str, SbcStatus], now: float) -> bool:
    """Whether two thirds of what leaves a place fail, and two of its carriers are fine from elsewhere."""
    legs = [leg for leg in left if leg.sbc in here and speaks(leg)]
    failed = [leg for leg in legs if bad(leg)]
    if not failed or share_bad(legs) < 2 / 3 - 1e-9:
        return False
    if all(leg.state is LegState.SUSPECT for leg in failed):
        return False
    fine_elsewhere = set()
    for carrier in carriers(failed):
        others = [leg for leg in left if leg.carrier == carrier and leg.sbc not in here and speaks(leg)]
        if others and share_bad(others) <= 1 / 3 + 1e-9:
            fine_elsewhere.add(carrier)
    if len(fine_elsewhere) < 2:
        return False
    by_address: set[str] = set()
    for address in {one.egress.address for name, one in sbcs.items() if name in here and one.egress}:
        by_address |= ids(moved_legs(left, address, sbcs))
    if ids(failed) <= by_address:
        return False
    # the second at which two thirds were reached
    for second in sorted(began(leg) for leg in failed):
        if sum(began(leg) <= second for leg in failed) / len(legs) >= 2 / 3 - 1e-9:
            fine = [leg for leg in left if leg.carrier in fine_elsewhere and speaks(leg) and not bad(leg)]
            return ripe(second, fine, now)
    raise AssertionError("two thirds are bad")


def moved_legs(left: Legs, address: str, sbcs: dict[str, SbcStatus]) -> Legs:
    """Return what is known to carriers by `address`, if all of it fails since that address became ours."""
    changed = {
        name: one.egress.since
        for name, one in sbcs.items()
        if one.egress and one.egress.address == address and one.egress.before
        if one.egress.since is not None
    }
    own = [leg for leg in left if leg.sbc in changed and leg.auth is not AuthMode.REGISTRATION]
    tell = [leg for leg in own if speaks(leg)]
    if not tell or len(own) - len(tell) > len(own) / 2:
        return []
    for leg in tell:
        silent = bad(leg) and leg.fault is FaultKind.PROBE
        forbidden = refused(leg) or leg.probe.state is ProbeSignal.AUTH_SUSPECT
        since = changed[leg.sbc]
        if not (silent or forbidden) or leg.bad_since is None or since is None:
            return []
        if abs(leg.bad_since - since) > w(tell):
            return []
    return tell


ALIVE = {
    ProbeSignal.OK,
    ProbeSignal.SLOW,
    ProbeSignal.LOSS,
    ProbeSignal.PARTIAL,
    ProbeSignal.AUTH_SUSPECT,
    ProbeSignal.OVERLOADED,
}
SILENT = {ProbeSignal.DEAD, ProbeSignal.MISSING}


def reached(sbc: SbcStatus) -> bool:
    return sbc.link.state in {SshState.OK, SshState.PENDING}


def bad(leg: LegStatus) -> bool:
    carriers_fault = {FaultKind.PROBE, FaultKind.REGISTRATION, FaultKind.TRAFFIC}
    return leg.state in {LegState.DOWN, LegState.SUSPECT} and leg.fault in carriers_fault


def speaks(leg: LegStatus) -> bool:
    return bad(leg) or leg.state in {LegState.UP, LegState.DEGRADED}


def refused(leg: LegStatus) -> bool:
    reg, traffic = leg.registration, leg.traffic
    by_register = reg.state in {RegSignal.RETRYING, RegSignal.GAVE_UP} and reg.code in {401, 403}
    by_calls = traffic is not None and traffic.state is TrafficSignal.FAILING and traffic.code in {401, 403}
    return by_register or by_calls


def asks(leg: LegStatus) -> bool:
    registers = leg.registration.state not in {RegSignal.NOT_USED, RegSignal.UNKNOWN}
    calls = leg.traffic is not None and leg.traffic.state not in {TrafficSignal.IDLE, TrafficSignal.NO_DATA}
    return registers or calls


def is_full(leg: LegStatus) -> bool:
    full = {Usage.FULL, Usage.OVER_CAP}
    return leg.fault is FaultKind.CAP and (leg.channels.state in full or leg.cps.state in full)


def began(leg: LegStatus) -> float:
    assert leg.bad_since is not None
    return leg.bad_since


def share_bad(legs: Legs) -> float:
    return sum(map(bad, legs)) / len(legs)


def ids(legs: Iterable[LegStatus]) -> frozenset[str]:
    return frozenset(leg.id for leg in legs)


def boxes(legs: Legs) -> set[str]:
    return {leg.sbc for leg in legs}


def carriers(legs: Legs) -> set[str]:
    return {leg.carrier for leg in legs if leg.carrier is not None}


def without(left: Legs, gone: Legs) -> Legs:
    return [leg for leg in left if leg not in gone]


def w(legs: Legs) -> float:
    detect = [leg.probe.detect_s for leg in legs if leg.probe.detect_s is not None]
    return max(FLOOR_S, *(second + INTERVAL_S for second in detect)) if detect else FLOOR_S


def ripe(onset: float, fine: Legs, now: float) -> bool:
    """Whether all that is called fine had the time to notice, and those that were out with it have been back as long."""
    slowest = max((leg.probe.detect_s or FLOOR_S for leg in fine), default=0.0)
    back = [leg.healed[1] for leg in fine if leg.healed and abs(leg.healed[0] - onset) <= FLOOR_S]
    return now >= max([onset, *back]) + slowest + INTERVAL_S
