"""Keeps what is told over many legs for as long as what it rests on stays as it is: mostly nothing changes."""

from __future__ import annotations

import operator

from msgspec import structs

from trunktui.health.correlate import NOTHING, Correlation, correlate
from trunktui.model.health import Thresholds
from trunktui.model.inventory import Inventory
from trunktui.model.link import SshState
from trunktui.model.snapshot import Egress, LegStatus, SbcStatus, Snapshot
from trunktui.poll.headroom import Forecast

_Box = tuple[str, SshState, Egress | None]


class Verdicts:
    """What was told last, and of which legs. Another config begins anew."""

    def __init__(self) -> None:
        self._legs: tuple[LegStatus, ...] = ()
        self._boxes: list[_Box] = []
        self._told: Correlation = NOTHING
        self._forecast = Forecast()

    def told(self, snapshot: Snapshot, inventory: Inventory, t: Thresholds, interval_s: float) -> Snapshot:
        """Return `snapshot`, its legs judged and marked and its routes read, with the verdicts over it and the headroom."""
        boxes = [_box(sbc) for sbc in snapshot.sbcs]
        known = boxes == self._boxes and _same(self._legs, snapshot.legs)
        if not known or snapshot.at >= self._told.until:
            self._told = correlate(snapshot.legs, snapshot.sbcs, inventory, t, interval_s, snapshot.at)
        self._legs, self._boxes = snapshot.legs, boxes
        return self._forecast.told(structs.replace(snapshot, verdicts=self._told.verdicts), inventory)


def _box(sbc: SbcStatus) -> _Box:
    return sbc.name, sbc.link.state, sbc.egress


def _same(before: tuple[LegStatus, ...], after: tuple[LegStatus, ...]) -> bool:
    """Tell whether two looks hold the same legs; those in maintenance are made anew at each, and are equal."""
    if before is after:
        return True
    if len(before) != len(after):
        return False
    others = [pair for pair in zip(before, after, strict=True) if pair[0] is not pair[1]]
    return all(map(operator.eq, *zip(*others, strict=True))) if others else True
