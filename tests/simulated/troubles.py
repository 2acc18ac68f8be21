"""Makes up an awful hour from a seed: what breaks when, in the fleet and on the way to it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from tests.simulated.harsh import ClockStep, Loss
from trunktui.demo.plan import FleetPlan
from trunktui.demo.story import Kind, Script, Trouble
from trunktui.demo.tempo import chance

HOUR_S = 3600.0
QUIET_S = 60.0
"""Before the first trouble: a fleet that was never known to be well cannot be seen to fail."""


class Way(StrEnum):
    """What can be wrong between us and an SBC."""

    SILENT = "silent"
    HUNG = "hung"
    CUT = "cut"
    LATE = "late"
    GARBLED = "garbled"
    FLAKY = "flaky"
    AUTH = "auth"
    HOST_KEY = "host_key"
    ENGINE = "engine"


ALL = "*"
"""As an SBC: every one of them."""


class WayTrouble(Struct, frozen=True):
    """Something wrong on the way to an SBC, from `start` to `end`."""

    kind: Way
    sbc: str
    start: float
    end: float


class Hour(Struct, frozen=True):
    """All that goes wrong, and the second after which nothing does any more."""

    script: Script = Script()
    losses: tuple[Loss, ...] = ()
    steps: tuple[ClockStep, ...] = ()
    ways: tuple[WayTrouble, ...] = ()
    ends: float = HOUR_S

    @property
    def faults(self) -> int:
        """How many troubles there are."""
        return len(self.script.troubles) + len(self.losses) + len(self.steps) + len(self.ways)

    def counted(self) -> dict[str, int]:
        """Return how many of each kind."""
        kinds = [trouble.kind.value for trouble in self.script.troubles]
        kinds += ["loss"] * len(self.losses) + ["clock step"] * len(self.steps)
        kinds += [way.kind.value for way in self.ways]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


_CALM_S = {Way.AUTH.value: 1050.0, "loss": 780.0, Kind.SURGE.value: 540.0}
"""How long before the end a kind's last trouble ends, so that all has recovered by then: a refused login is
tried again after 15 minutes, lost OPTIONS are remembered for 20 results, a surge's last call ends late."""

_CALM_ELSE_S = 240.0


_GAP_S = 100.0
"""Between two troubles of one kind and subject: a REGISTER gets through, so that none is given up for good."""


class _Dice:
    """Seeded chance that keeps spans of one kind and subject apart."""

    def __init__(self, seed: int, ends: float) -> None:
        self.random = random.Random(chance("hour", seed))
        self._ends = ends
        self._taken: dict[tuple[str, str], list[tuple[float, float]]] = {}

    def span(
        self, kind: str, subject: str, shortest: float, longest: float, gap: float
    ) -> tuple[float, float] | None:
        """Return when it begins and ends, None where it would touch another of its kind on the same subject."""
        last = self._ends - _CALM_S.get(kind, _CALM_ELSE_S)
        length = min(self.random.uniform(shortest, longest), last - QUIET_S)
        start = self.random.uniform(QUIET_S, last - length)
        end = start + length
        taken = self._taken.setdefault((kind, subject), [])
        if length < shortest or any(start < e + gap and s < end + gap for s, e in taken):
            return None
        taken.append((start, end))
        return start, end


def awful_hour(plan: FleetPlan, seed: int, length_s: float = HOUR_S) -> Hour:
    """Return an hour (or less) of overlapping troubles, as many as the fleet's size and the time call for."""
    dice = _Dice(seed, length_s)
    much = length_s / HOUR_S
    return Hour(
        Script(troubles=tuple(_world(plan, dice, much))),
        tuple(_losses(plan, dice, much)),
        tuple(_steps(plan, dice, much)),
        tuple(_ways(plan, dice, much)),
        length_s,
    )


def _times(many: float, much: float) -> range:
    return range(max(1, round(many * much)))


def _world(plan: FleetPlan, dice: _Dice, much: float) -> Iterator[Trouble]:
    sbcs = [sbc.name for sbc in plan.sbcs]
    carriers = [carrier.name for carrier in plan.carriers]
    registering = [f"{t.name}@{sbc}" for t in plan.trunks if t.registers for sbc in t.sbcs]
    firsts = [group.trunks[0] for group in plan.groups]
    fleet = len(sbcs)
    table: tuple[tuple[Kind, list[str], float, float, float], ...] = (
        (Kind.CARRIER_DEAD, carriers, 10, 20.0, 480.0),
        (Kind.REFUSED, registering, 2.0 * fleet, 60.0, 900.0),
        (Kind.SURGE, firsts, 2, 120.0, 300.0),
        (Kind.FROZEN, sbcs, 0.6 * fleet, 5.0, 240.0),
        (Kind.REBOOT, sbcs, 0.5 * fleet, 20.0, 180.0),
    )
    for kind, subjects, many, shortest, longest in table:
        for _ in _times(many, much):
            subject = dice.random.choice(subjects)
            if (span := dice.span(kind, subject, shortest, longest, _GAP_S)) is not None:
                yield Trouble(kind, subject, *span)


def _losses(plan: FleetPlan, dice: _Dice, much: float) -> Iterator[Loss]:
    for _ in _times(5, much):
        carrier = dice.random.choice(plan.carriers).name
        if (span := dice.span("loss", carrier, 60.0, 600.0, 1.0)) is not None:
            yield Loss(carrier, *span, dice.random.choice((0.05, 0.1, 0.3)))


def _steps(plan: FleetPlan, dice: _Dice, much: float) -> Iterator[ClockStep]:
    for _ in _times(0.3 * len(plan.sbcs), much):
        sbc = dice.random.choice(plan.sbcs).name
        if (span := dice.span("step", sbc, 1.0, 1.0, 60.0)) is not None:
            yield ClockStep(sbc, span[0], dice.random.choice((-3600, -40, -7, 7, 40, 3600)))


def _ways(plan: FleetPlan, dice: _Dice, much: float) -> Iterator[WayTrouble]:
    sbcs = [sbc.name for sbc in plan.sbcs]
    fleet = len(sbcs)
    table: tuple[tuple[Way, float, float, float], ...] = (
        (Way.SILENT, 0.6 * fleet, 10.0, 240.0),
        (Way.HUNG, 0.3 * fleet, 10.0, 120.0),
        (Way.CUT, 0.6 * fleet, 20.0, 180.0),
        (Way.LATE, 0.8 * fleet, 30.0, 300.0),
        (Way.GARBLED, 0.6 * fleet, 30.0, 240.0),
        (Way.FLAKY, 0.5 * fleet, 60.0, 400.0),
        (Way.AUTH, 0.1 * fleet, 20.0, 120.0),
    )
    for kind, many, shortest, longest in table:
        for _ in _times(many, much):
            sbc = dice.random.choice(sbcs)
            if (span := dice.span(kind, sbc, shortest, longest, 1.0)) is not None:
                yield WayTrouble(kind, sbc, *span)
    behind = sbcs[:: max(2, fleet // 7)]
    for _ in _times(2, much):  # a jump host is gone, with every SBC behind it
        if (span := dice.span("jump", ALL, 30.0, 200.0, 1.0)) is not None:
            yield from (WayTrouble(Way.SILENT, sbc, *span) for sbc in behind)
    for _ in _times(2, much):
        if (span := dice.span(Way.ENGINE, ALL, 20.0, 150.0, 60.0)) is not None:
            yield WayTrouble(Way.ENGINE, ALL, *span)
    if fleet > 2:
        start = dice.random.uniform(0.3, 0.9) * much * HOUR_S
        yield WayTrouble(Way.HOST_KEY, dice.random.choice(sbcs), start, float("inf"))
