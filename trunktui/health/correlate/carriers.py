"""Verdicts on carriers: one edge of it, an outage, a part of it, one leg that is local, and what cannot be told."""

from __future__ import annotations

from trunktui.health.correlate.field import (
    Field,
    Legs,
    answered,
    bad,
    counted,
    hard,
    homes,
    listed,
    verdict_of,
)
from trunktui.health.groups import secondary
from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.health import Severity
from trunktui.model.snapshot import LegStatus

_SEVERAL = frozenset({VerdictKind.EDGE, VerdictKind.CARRIER_OUTAGE, VerdictKind.CARRIER_PARTIAL})
_CANNOT = "cannot tell carrier from local"


def judge_carriers(field: Field) -> list[Correlated]:
    """Return a verdict for every carrier with legs that are still unexplained, for each time at which some failed.

    What a carrier fails in from several SBCs says nothing more against these SBCs: the rest is judged without it.
    """
    found: list[Correlated] = []
    while True:
        judged = _each(field)
        several = [one for one in judged if one.kind in _SEVERAL]
        if not several:
            return found + judged
        found += several
        field.explained([leg for one in several for leg in one.legs])


def _each(field: Field) -> list[Correlated]:
    found: list[Correlated] = []
    for carrier in sorted({leg.carrier for leg in field.bad if leg.carrier is not None}):
        members = field.of(carrier)
        for cluster in _clusters(field, members):
            if not hard(cluster):
                continue
            alike = {leg.id for leg in cluster}
            compared = [leg for leg in members if leg.id in alike or not bad(leg)]
            one = _judge(field, carrier, cluster, compared)
            if one is not None:
                found.append(one)
    return found


def _judge(field: Field, carrier: str, cluster: Legs, compared: Legs) -> Correlated | None:
    """Judge the legs of a carrier that failed together, against its fine ones; None: it is too early to tell."""
    mute = field.mute_of(carrier)
    boxes, seen_from = homes(cluster), homes(compared)
    if len(mute) > len(compared):
        silent = f"{len(mute)} of {len(mute) + len(compared)} legs of {carrier} tell nothing"
        return _cannot(carrier, cluster, f"{silent}: {_CANNOT}")
    if len(seen_from) < 2:
        return _cannot(carrier, cluster, f"one vantage point: {_CANNOT}")
    if (address := _edge(cluster, compared)) is not None:
        return _at_edge(field, carrier, cluster, compared, address)
    here = set(boxes)
    own = [leg for leg in field.of(carrier) if leg.sbc in here]
    others = sum(field.box(box).legs for box in boxes) - len(own)
    failing = sum(field.box(box).bad for box in boxes) - sum(map(bad, own))
    if not others:
        return _cannot(
            carrier, cluster, f"no other carrier on {listed(boxes, 'SBCs')} to compare with: {_CANNOT}"
        )
    if 3 * failing > others:
        words = f"{failing} of {others} legs of other carriers fail from {listed(boxes, 'SBCs')} too"
        return _cannot(carrier, cluster, f"{words}: {_CANNOT}")
    if len(boxes) < 2:
        return _local(field, carrier, cluster, compared)
    return _several(field, carrier, cluster, compared)


def _edge(cluster: Legs, compared: Legs) -> str | None:
    """Return the address of the carrier that the failing legs share, over two SBCs at least, and no fine leg uses."""
    fine = [leg for leg in compared if not bad(leg)]
    if len(homes(cluster)) < 2 or not fine or any(not leg.targets for leg in (*cluster, *fine)):
        return None
    shared = set.intersection(*(set(leg.targets or ()) for leg in cluster))
    return min(shared - {target for leg in fine for target in leg.targets or ()}, default=None)


def _at_edge(field: Field, carrier: str, cluster: Legs, compared: Legs, address: str) -> Correlated | None:
    """EDGE: one address of the carrier fails, and its others had the time to fail too."""
    if not field.waited(_onset(cluster), [leg for leg in compared if not bad(leg)]):
        return None
    reason = (
        f"Carrier {carrier} fails at {address} only, {counted(len(cluster), 'leg')} from "
        f"{len(homes(cluster))} SBCs; its other addresses answer: one edge of the carrier"
    )
    return verdict_of(VerdictKind.EDGE, address, Severity.MAJOR, reason, cluster, carrier)


def _several(field: Field, carrier: str, cluster: Legs, compared: Legs) -> Correlated | None:
    """CARRIER_OUTAGE, or CARRIER_PARTIAL: it fails from several SBCs, and others are fine from the same ones."""
    dead = [leg for leg in cluster if not answered(leg)]
    boxes, seen_from = homes(cluster), homes(compared)
    if 3 * len(dead) >= 2 * len(compared) and len(homes(dead)) > 1:
        others = frozenset.union(*(field.box(box).fine for box in boxes)) - {carrier}
        beside = listed(others, "other carriers", 2)
        reason = (
            f"Carrier {carrier} fails from {len(homes(dead))} of {len(seen_from)} SBCs, {beside} fine: carrier outage"
            f"{_instead(field, carrier)}"
        )
        return verdict_of(VerdictKind.CARRIER_OUTAGE, carrier, Severity.CRITICAL, reason, cluster, carrier)
    if not field.waited(_onset(cluster), [leg for leg in compared if not bad(leg)]):
        return None
    if not dead:
        codes = sorted({str(leg.registration.code) for leg in cluster if leg.registration.code is not None})
        said = f"REGISTER got {'/'.join(codes)}" if codes else "no code of REGISTER was seen"
        reason = (
            f"Carrier {carrier} answers OPTIONS, yet registrations fail from {len(boxes)} of {len(seen_from)} SBCs: "
            f"its registrar, or it refuses us ({said})"
        )
    else:
        reason = (
            f"Carrier {carrier} fails from {listed(boxes, 'SBCs')} and not from all of {len(seen_from)} SBCs: "
            "a part of the carrier, or the way to it"
        )
    return verdict_of(VerdictKind.CARRIER_PARTIAL, carrier, Severity.MAJOR, reason, cluster, carrier)


def _local(field: Field, carrier: str, cluster: Legs, compared: Legs) -> Correlated | None:
    """LOCAL_LEG: it fails from one SBC only, which is fine to others."""
    box = cluster[0].sbc
    elsewhere = [leg for leg in compared if leg.sbc != box]
    fine_here = [leg for leg in field.on([box]) if leg.carrier != carrier and not bad(leg)]
    if not field.waited(_onset(cluster), (*elsewhere, *fine_here)):
        return None
    subject = cluster[0].id if len(cluster) == 1 else f"{carrier} on {box}"
    reason = (
        f"Carrier {carrier} is fine from {listed(homes(elsewhere), 'other SBCs')}: local to {box} "
        "(its address, credential or route)"
    )
    return verdict_of(VerdictKind.LOCAL_LEG, subject, Severity.MAJOR, reason, cluster, carrier)


def _cannot(carrier: str, cluster: Legs, reason: str) -> Correlated:
    return verdict_of(VerdictKind.INSUFFICIENT, carrier, Severity.INDETERMINATE, reason, cluster, carrier)


def _clusters(field: Field, members: Legs) -> list[Legs]:
    """Return the bad legs of one carrier, put together where they failed within one window."""
    failing = sorted((leg for leg in members if bad(leg)), key=lambda leg: (leg.bad_since or 0.0, leg.id))
    window = field.window(members)
    found: list[Legs] = []
    for leg in failing:
        if found and _began(leg) - _began(found[-1][0]) <= window:
            found[-1].append(leg)
        else:
            found.append([leg])
    return found


def _onset(cluster: Legs) -> float:
    return min(map(_began, cluster))


def _began(leg: LegStatus) -> float:
    return leg.bad_since or 0.0


def _instead(field: Field, carrier: str) -> str:
    """Return where calls may go meanwhile: the first group's next trunk with its room; and to wait, if none is switched.

    Of one that is, its own sentence says what to do: a switch, or that it was done.
    """
    following = secondary(field.by_trunk, field.inventory, carrier)
    if following is None:
        return ": wait"
    trunk, room = following
    switched = any(group.switch and trunk in group.trunks[1:] for group in field.inventory.groups)
    wait = "" if switched else ": wait"
    if room.cap is None:
        return f". Secondary {trunk} is up, its cap is not known{wait}"
    if room.free is None:
        return f". Secondary {trunk} is up, how full it is of {room.cap} is not known{wait}"
    most = "at most " if room.most else ""
    return f". Secondary {trunk} has {most}{room.free} free of {room.cap}{wait}"
