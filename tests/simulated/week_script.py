"""Makes up days of faults from a seed: hours in which legs fail and hours in which SBCs do, so that each can be counted."""

from __future__ import annotations

import random
from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from trunktui.demo.plan import FleetPlan, TrunkPlan

HOUR_S = 3600.0
DAY_S = 86400.0
QUIET_HOURS = 1
"""In which a fleet is met: what was never well cannot be seen to fail."""

ENGINE_HOUR = 5
"""Of each day: a carrier is out, others refuse accounts, and in the middle of it the engine is killed and started anew."""

FLAP_S = 150.0


class What(StrEnum):
    """What happens. Subjects: a carrier, a leg (`trunk@sbc`), an SBC, or nothing."""

    OUTAGE = "carrier out"
    LOSS_10 = "10 % loss"
    LOSS_50 = "50 % loss"
    REFUSED = "refused"
    FLAPPING = "flapping"
    RESTART = "restart"
    RELOAD = "reload"
    FROZEN = "frozen"
    SILENT = "link lost"
    LOGIN = "login refused"
    BLINK = "one poll lost"
    EXTRA = "trunk on the SBC alone"
    SBC_CLOCK = "SBC clock step"
    OUR_CLOCK = "own clock step"
    CONFIG = "config reload"
    ENGINE = "engine killed"


LOSS = {What.LOSS_10: 0.1, What.LOSS_50: 0.5}
_OF_LEGS = {What.OUTAGE: 35, What.LOSS_10: 8, What.LOSS_50: 8, What.REFUSED: 25, What.FLAPPING: 10}
_OF_BOXES = {
    What.RESTART: 8,
    What.RELOAD: 12,
    What.FROZEN: 8,
    What.SILENT: 8,
    What.LOGIN: 4,
    What.BLINK: 12,
    What.EXTRA: 8,
    What.SBC_CLOCK: 8,
}
"""Percent of the hours of that sort in which it happens to a carrier (to an SBC); nothing happens in the rest."""


class Fault(Struct, frozen=True):
    """Something wrong with `subject` from `start` to `end`, seconds of the run; `number` is unique, `by` a clock's step."""

    what: What
    subject: str
    start: float
    end: float
    number: int = 0
    by: int = 0

    @property
    def hour(self) -> int:
        """The hour that it lies in, whole, with the time to recover from it."""
        return int(self.start // HOUR_S)


def script(plan: FleetPlan, seed: int, hours: int) -> tuple[Fault, ...]:
    """Return what goes wrong in `hours`, by start. Odd hours are those of legs, even ones those of SBCs.

    No two faults touch the same leg within an hour, and each is over in time to be recovered from in its hour.
    """
    dice = random.Random(seed)
    found: list[Fault] = []
    for hour in range(QUIET_HOURS, hours):
        found += _leg_hour(plan, hour, dice) if hour % 2 else _box_hour(plan, hour, dice)
    return tuple(sorted(found, key=lambda fault: fault.start))


def legs_of(plan: FleetPlan, carrier: str) -> list[tuple[TrunkPlan, str]]:
    """Return the legs over a carrier as (trunk, SBC)."""
    return [(trunk, sbc) for trunk in plan.trunks if trunk.carrier == carrier for sbc in trunk.sbcs]


def _picked(dice: random.Random, percents: dict[What, int]) -> What | None:
    left = dice.random() * 100
    for what, percent in percents.items():
        left -= percent
        if left < 0:
            return what
    return None


def _leg_hour(plan: FleetPlan, hour: int, dice: random.Random) -> Iterator[Fault]:
    begin = hour * HOUR_S
    restarting = hour % 24 == ENGINE_HOUR
    if restarting:
        yield Fault(What.ENGINE, "", begin + 1300.0, begin + 1300.0)
    for number, carrier in enumerate(plan.carriers):
        if restarting and number == 0:
            yield Fault(What.OUTAGE, carrier.name, begin + 300.0, begin + 2700.0)
            continue
        what = What.REFUSED if restarting else _picked(dice, _OF_LEGS)
        start = begin + dice.uniform(200.0, 600.0)
        if what is What.OUTAGE:
            yield Fault(what, carrier.name, start, start + dice.uniform(600.0, 2000.0))
        elif what in LOSS:
            yield Fault(what, carrier.name, start, begin + 1900.0)
        elif what is not None:
            yield from _on_legs(plan, carrier.name, what, start, dice)


def _on_legs(plan: FleetPlan, carrier: str, what: What, start: float, dice: random.Random) -> Iterator[Fault]:
    legs = [
        (trunk, sbc)
        for trunk, sbc in legs_of(plan, carrier)
        if (trunk.registers if what is What.REFUSED else sbc not in trunk.unprobed)
    ]
    for trunk, sbc in dice.sample(legs, min(len(legs), max(1, len(legs) // 20))):
        yield Fault(what, f"{trunk.name}@{sbc}", start, start + (1600.0 if what is What.REFUSED else 1200.0))


def _box_hour(plan: FleetPlan, hour: int, dice: random.Random) -> Iterator[Fault]:
    begin = hour * HOUR_S
    if hour % 24 == 8:
        yield Fault(What.CONFIG, "", begin + 600.0, begin + 1800.0, number=hour)
    if hour % 24 == 10:
        by = dice.choice((-600, -40, 40, 600))  # within its hour: events are counted by hour
        yield Fault(What.OUR_CLOCK, "", begin + 600.0, begin + 1800.0, by=by)
    for index, sbc in enumerate(plan.sbcs):
        what = _picked(dice, _OF_BOXES)
        start = begin + dice.uniform(200.0, 600.0)
        if what is not None:
            lasting = {What.BLINK: 25.0, What.RELOAD: 0.0, What.SBC_CLOCK: 0.0}
            length = lasting.get(what, dice.uniform(400.0, 1500.0))
            by = dice.choice((-3600, -40, -7, 7, 40, 3600)) if what is What.SBC_CLOCK else 0
            yield Fault(what, sbc.name, start, start + length, number=hour * 1000 + index, by=by)
