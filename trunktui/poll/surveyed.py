"""Folds what was read of an SBC's surroundings into its record, and gives its status and its legs their share of it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, structs

from trunktui.health.egress import (
    EgressMemory,
    egress_of,
    judge_egress,
    remember_egress,
    resolved_of,
    targets_of,
    unresolved,
)
from trunktui.health.trail import Trail, follow
from trunktui.model.observation import NativeLeg
from trunktui.model.snapshot import Egress, Resolved
from trunktui.model.surroundings import Certificate, Surroundings
from trunktui.model.text import Safe


class Survey(Struct, frozen=True):
    """The surroundings of one SBC between looks: what was read, and how its addresses went over time.

    `wanted`: look again at the next occasion. `memory` and `trails` (by name) are what `egress`, or `why` it is not
    known, and `resolved` (by name) were worked out from.
    """

    around: Surroundings = Surroundings()
    wanted: bool = True
    memory: EgressMemory = EgressMemory()
    trails: dict[str, Trail] = {}
    egress: Egress | None = None
    why: Safe = Safe("not asked yet")
    resolved: dict[str, Resolved] = {}
    certificates: tuple[Certificate, ...] = ()


def surveyed(before: Survey, around: Surroundings, legs: tuple[NativeLeg, ...], at: float) -> Survey:
    """Return a survey with the look that ended at `at`; what no leg needs any more is forgotten."""
    around = _needed(around, legs)
    told = [name for name in around.names if f"name {name}" in around.asked - around.hung]
    trails = {name: trail for name, trail in before.trails.items() if name in around.names}
    trails.update({name: follow(trails.get(name, Trail()), around.names[name], at) for name in told})
    memory = remember_egress(before.memory, judge_egress(around, legs), at)
    egress, why = egress_of(memory)
    names = around.names
    return Survey(
        around=around,
        wanted=False,
        memory=memory,
        trails=trails,
        egress=egress,
        why=why,
        resolved={n: resolved_of(n, names[n], trails[n]) for n in sorted(names) if n in trails},
        certificates=tuple(around.certificates[file] for file in sorted(around.certificates)),
    )


def failed(before: Survey, reason: Safe) -> Survey:
    """Return a survey after a look that could not be made: what was known stays, else `reason` is why nothing is."""
    return structs.replace(before, wanted=False, why=before.why if before.memory.last else reason)


def wanted_anew(before: Survey) -> Survey:
    """Return a survey that is to be made again, also of what was refused: somebody may have been at work."""
    return structs.replace(before, wanted=True, around=structs.replace(before.around, refused={}))


def _needed(around: Surroundings, legs: tuple[NativeLeg, ...]) -> Surroundings:
    hosts = {one.host for leg in legs for one in leg.destinations or ()}
    interfaces = around.interfaces or {}
    hosts |= {one.external for one in interfaces.values() if one.external is not None}
    files = {one.certificate for one in interfaces.values()}
    addresses = hosts | {a for name, found in around.names.items() if name in hosts for a in found}
    return Surroundings(
        interfaces=around.interfaces,
        outside=around.outside,
        ways={a: way for a, way in around.ways.items() if a in addresses},
        names={name: found for name, found in around.names.items() if name in hosts},
        certificates={f: one for f, one in around.certificates.items() if f in files},
        asked=around.asked,
        hung=around.hung,
        refused=around.refused,
    )


class LegSurvey(Struct, frozen=True):
    """A leg's share: its destinations' addresses, the names among these, its registrar's if that has no address."""

    targets: tuple[str, ...] | None = None
    resolved: tuple[Resolved, ...] = ()
    unresolved: Safe | None = None


def leg_survey(leg: NativeLeg | None, resolved: Mapping[str, Resolved]) -> LegSurvey:
    """Return the share of one leg in what its SBC resolved, by name."""
    if leg is None:
        return LegSurvey()
    own = {one.host: resolved[one.host] for one in leg.destinations or () if one.host in resolved}
    names = {host: one.addresses for host, one in own.items()}
    registrar = (leg.destinations or ())[: leg.registration is not None]
    return LegSurvey(targets_of(leg.destinations, names), tuple(own.values()), unresolved(registrar, names))
