"""Verdicts that are no carrier's: our own collector, a site or an SBC, everything at once, our own address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from trunktui.health.correlate.field import (
    Field,
    Legs,
    bad,
    counted,
    hard,
    homes,
    is_lost,
    listed,
    mostly_bad,
    refusal,
    verdict_of,
)
from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.health import FaultKind, LegState, ProbeSignal, Severity
from trunktui.model.inventory import AuthMode
from trunktui.model.snapshot import LegStatus

_BY_ADDRESS = frozenset({AuthMode.IP, AuthMode.HYBRID})


def judge_collector(field: Field) -> list[Correlated]:
    """COLLECTOR: no news of two thirds of all legs, over two SBCs at least; nothing else can be told then."""
    lost = [leg for leg in field.unknown if is_lost(field, leg)]
    boxes = homes(lost)
    if len(boxes) < 2 or 3 * len(lost) < 2 * len(field.all):
        return []
    jumps = {sbc.ssh.proxy_jump for sbc in field.inventory.sbcs if sbc.name in set(boxes)}
    jump = jumps.pop() if len(jumps) == 1 else None
    way = "jump host, DNS, clock" if jump is None else f"jump host {jump}, DNS, clock"
    everywhere = len({leg.sbc for leg in field.all})
    reason = (
        f"no news of {len(lost)} of {counted(len(field.all), 'leg')}, {len(boxes)} of {everywhere} SBCs not reached: "
        f"look at this host's own way to them ({way}), not at a carrier"
    )
    return [verdict_of(VerdictKind.COLLECTOR, "collector", Severity.CRITICAL, reason, lost)]


def judge_places(field: Field) -> list[Correlated]:
    """SITE and SBC: all that leaves one place fails, and the same carriers are fine from elsewhere."""
    found: list[Correlated] = []
    taken: set[str] = set()
    addresses = {sbc.egress.address for sbc in field.sbcs.values() if sbc.egress is not None}
    for place, boxes in _sites(field):
        if boxes <= taken:
            continue
        legs = field.on(sorted(boxes))
        if all(_fails(field, box) for box in boxes) and _all_fail(legs) and _only_here(field, boxes):
            failing = [leg for leg in legs if bad(leg)]
            what = place if place in addresses else f"site {place}"
            reason = (
                f"all carriers fail from {what} only ({listed(boxes, 'SBCs')}): its power, network or address"
            )
            found.append(verdict_of(VerdictKind.SITE, place, Severity.CRITICAL, reason, failing))
            taken |= boxes
            field.explained((), sbcs=boxes)
    singles = [box for box in sorted(field.by_sbc) if _only_here(field, {box})]
    for box in singles:
        legs = field.on([box])
        failing = [leg for leg in legs if bad(leg)]
        carriers = {leg.carrier for leg in failing}
        all_of_it = len(failing) == len(legs)
        what = (
            "all carriers fail"
            if all_of_it
            else f"{len(failing)} of {len(legs)} legs fail, {len(carriers)} carriers,"
        )
        found.append(verdict_of(VerdictKind.SBC, box, Severity.CRITICAL, f"{what} from {box} only", failing))
    field.explained((), sbcs=singles)
    return found


def judge_global(field: Field) -> list[Correlated]:
    """GLOBAL: two thirds of all legs are DOWN, over two carriers and two SBCs at least."""
    down = [leg for leg in field.bad if leg.state is LegState.DOWN]
    carriers = {leg.carrier for leg in down if leg.carrier is not None}
    boxes = homes(down)
    if 3 * len(down) < 2 * len(field.all) or len(carriers) < 2 or len(boxes) < 2:
        return []
    reason = (
        f"{len(down)} of {len(field.all)} legs down, {len(carriers)} carriers from {len(boxes)} SBCs: "
        "look for what they share (our network, DNS, a certificate), not at one carrier"
    )
    explained = list(field.bad)
    field.explained([leg.id for leg in explained])
    return [verdict_of(VerdictKind.GLOBAL, "fleet", Severity.CRITICAL, reason, explained)]


def judge_egress(field: Field) -> list[Correlated]:
    """EGRESS: what is known by our address fails since that address changed."""
    found: list[Correlated] = []
    for address, boxes in sorted(_addresses(field).items()):
        legs = _moved(field, boxes)
        if legs is None or not hard(legs):
            continue
        before = next(e.before for box in sorted(boxes) if (e := field.sbcs[box].egress) is not None)
        reason = (
            f"our address changed {before} -> {address}; {counted(len(legs), 'IP-auth leg')} stopped with it. "
            f"Ask the carriers to add {address}"
        )
        found.append(verdict_of(VerdictKind.EGRESS, address, Severity.CRITICAL, reason, legs))
        field.explained([leg.id for leg in legs])
    return found


def _only_here(field: Field, boxes: set[str]) -> bool:
    """Tell whether two thirds of what leaves `boxes` fail, and two carriers of it at least are fine from elsewhere."""
    told = [field.box(box) for box in boxes]
    if 3 * sum(one.bad for one in told) < 2 * sum(one.legs for one in told):
        return False
    legs = field.on(sorted(boxes))
    failing = [leg for leg in legs if bad(leg)]
    if not failing or not hard(failing):
        return False
    here = Counter(leg.carrier for leg in legs)
    failed_here = Counter(leg.carrier for leg in failing)
    compared: list[str] = []
    for carrier, failed in failed_here.items():
        if carrier is None:
            continue
        others = len(field.of(carrier)) - here[carrier]
        failed_elsewhere = len(field.of(carrier)) - len(field.fine_of(carrier)) - failed
        if others and 3 * failed_elsewhere <= others:
            compared.append(carrier)
    if len(compared) < 2 or _by_address(field, boxes, failing):
        return False
    onsets = sorted(leg.bad_since for leg in failing if leg.bad_since is not None)
    reached = onsets[-(-2 * len(legs) // 3) - 1]  # the second at which two thirds were bad
    return field.waited(reached, [leg for carrier in compared for leg in field.fine_of(carrier)])


def _fails(field: Field, box: str) -> bool:
    told = field.box(box)
    return 3 * told.bad >= 2 * told.legs


def _all_fail(legs: Legs) -> bool:
    """Tell whether every carrier that is used there fails there."""
    carriers: dict[str | None, Legs] = {}
    for leg in legs:
        carriers.setdefault(leg.carrier, []).append(leg)
    return all(map(mostly_bad, carriers.values()))


def _sites(field: Field) -> Iterator[tuple[str, set[str]]]:
    """Yield every site, then every address, with its SBCs that have legs which tell of their carrier, two at least."""
    places: dict[str, set[str]] = {}
    addresses: dict[str, set[str]] = {}
    for box, legs in field.by_sbc.items():
        sbc = field.sbcs.get(box)
        if sbc is None or not legs:
            continue
        if sbc.site is not None:
            places.setdefault(sbc.site, set()).add(box)
        if sbc.egress is not None:
            addresses.setdefault(sbc.egress.address, set()).add(box)
    for table in (places, addresses):
        for place, boxes in sorted(table.items()):
            if len(boxes) > 1:
                yield place, boxes


def _addresses(field: Field) -> dict[str, set[str]]:
    """Return the addresses that became ours while we looked, and the SBCs behind each."""
    found: dict[str, set[str]] = {}
    for box, sbc in field.sbcs.items():
        egress = sbc.egress
        if egress is not None and egress.before is not None and egress.since is not None:
            found.setdefault(egress.address, set()).add(box)
    return found


def _moved(field: Field, boxes: Iterable[str]) -> Legs | None:
    """Return the legs known by the address of `boxes`, if all that tell anything fail since it changed; else None."""
    legs = [leg for leg in field.on(sorted(boxes)) if leg.auth in _BY_ADDRESS]
    mute = [
        leg
        for legs_of in field.mute.values()
        for leg in legs_of
        if leg.sbc in set(boxes) and leg.auth in _BY_ADDRESS
    ]
    if not legs or len(mute) > len(legs):
        return None
    window = field.window(legs)
    return legs if all(_fails_since(field, leg, window) for leg in legs) else None


def _fails_since(field: Field, leg: LegStatus, window: float) -> bool:
    sbc = field.sbcs.get(leg.sbc)
    egress = sbc.egress if sbc is not None else None
    if egress is None or egress.since is None or leg.bad_since is None:
        return False
    silent = bad(leg) and leg.fault is FaultKind.PROBE
    refused = refusal(leg) is not None or leg.probe.state is ProbeSignal.AUTH_SUSPECT
    return (silent or refused) and abs(leg.bad_since - egress.since) <= window


def _by_address(field: Field, boxes: set[str], failing: Legs) -> bool:
    """Tell whether a changed address explains all that fails: then that is the verdict, not the SBC."""
    addresses = {e.address for box in boxes if (sbc := field.sbcs.get(box)) is not None and (e := sbc.egress)}
    explained: set[str] = set()
    for address, behind in _addresses(field).items():
        if address in addresses:
            explained |= {leg.id for leg in _moved(field, behind) or ()}
    return all(leg.id in explained for leg in failing)
