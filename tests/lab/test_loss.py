"""Packet loss as an operator sees it: called loss, never green where Asterisk refuses calls, never louder than the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunktui.model.health import LegState

from .lab import CARRIER_A, CARRIER_B, Lab
from .loss import AT_A, AT_B, LEGS, LegRecord, observe, report
from .product import watched, write_fleet_config

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

WATCHED_S = 35.0
GREEN_S = 12.0
"""A poll every 5 s, the next one due while the machine is busy."""


async def test_half_of_the_packets_lost_at_one_carrier_and_a_tenth_at_another(
    lab: Lab, tmp_path: Path
) -> None:
    lab.settle()
    async with watched(write_fleet_config(lab, tmp_path)) as product:
        await product.wait(lambda: product.states(LEGS) == {LegState.UP}, 90.0, "every good leg up")
        with lab.packet_loss(CARRIER_A, 50), lab.packet_loss(CARRIER_B, 10):
            found = await observe(lab, product, WATCHED_S, _most_in_trouble)
        print(report(found, WATCHED_S))
        heavy, light = [found[leg] for leg in AT_A], [found[leg] for leg in AT_B]
        assert _most_in_trouble(found)
        assert sum(record.drops for record in heavy) > 0
        for record in found.values():
            assert record.green_s <= GREEN_S
            assert record.states[LegState.UNKNOWN] == 0
        # A tenth lost is no outage: down only where Asterisk itself refused calls, and never where it does not.
        assert all(record.downs <= record.drops for record in light)
        assert found["beta-overflow@lab-2"].states[LegState.DOWN] == 0
        # Half of them lost is no storm: no more outages shown than Asterisk had, one more for a lost registration.
        assert all(record.downs <= record.drops + 1 for record in heavy)


def _most_in_trouble(found: dict[str, LegRecord]) -> bool:
    """Whether all but two of carrier A's legs were seen in trouble: chance spares some for a while."""
    return sum(found[leg].troubled for leg in AT_A) >= len(AT_A) - 2
