"""Two SBCs on the same carriers: a carrier's death shows on both, an SBC's trouble on that SBC alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunktui.model.health import LegState, ProbeSignal, SbcState, Severity
from trunktui.model.link import SnmpState, SshState

from .lab import CARRIER_A, CARRIER_B, LONG, Lab
from .product import Watched, watched, write_fleet_config

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

SETTLED_S = 60.0
DETECTED_S = 40.0
"""Detect time and poll interval are 18 s; the rest is for the machine."""

ONE = ("acme-primary@lab-1", "ipauth-beta@lab-1", "hybrid-gamma@lab-1")
TWO = ("acme-primary@lab-2", "ipauth-beta@lab-2", "hybrid-gamma@lab-2", "beta-overflow@lab-2")
PRIMARY = ("acme-primary@lab-1", "acme-primary@lab-2")
BETA = ("ipauth-beta@lab-1", "ipauth-beta@lab-2")
HYBRID = ("hybrid-gamma@lab-1", "hybrid-gamma@lab-2")


async def _all_up(product: Watched) -> None:
    await product.wait(lambda: product.states((*ONE, *TWO)) == {LegState.UP}, SETTLED_S, "every leg up")


@LONG  # `test_verdicts.py` has a dead carrier seen from both in every run
async def test_a_killed_carrier_is_down_from_both_sbcs_and_back_on_both_after_its_restart(
    lab: Lab, tmp_path: Path
) -> None:
    lab.settle()
    # A hybrid leg sees both carriers die: two outages within minutes would be called flapping, and held.
    config = write_fleet_config(lab, tmp_path, more="flap_changes = 99\nflap_start = 1.0\n")
    async with watched(config) as product:
        await _all_up(product)
        product.forget()
        with lab.carrier_dead(CARRIER_A):
            await product.wait(
                lambda: product.states(PRIMARY) == {LegState.DOWN}, DETECTED_S, "carrier A's legs down"
            )
            # By OPTIONS, and not by the state: a refresh that stays unanswered meanwhile is told first.
            await product.wait(
                lambda: {product.leg(leg).probe.state for leg in HYBRID} == {ProbeSignal.PARTIAL},
                DETECTED_S,
                "one of two dead, twice",
            )
            assert product.states(HYBRID) <= {LegState.DEGRADED, LegState.SUSPECT}
            assert all("10.77.0.21:5060" in product.leg(leg).reason for leg in PRIMARY)
            (group,) = product.snapshot.groups
            assert group.reason.startswith(
                "primary acme-primary is out; ipauth-beta is next, its cap is not known"
            )
        assert {tuple(product.seen[leg]) for leg in BETA} == {(LegState.UP,)}
        with lab.carrier_dead(CARRIER_B):
            await product.wait(
                lambda: product.states(BETA) == {LegState.DOWN}, DETECTED_S, "carrier B's legs down"
            )
            await product.wait(
                lambda: product.states(PRIMARY) == {LegState.UP}, DETECTED_S, "carrier A's legs up again"
            )
            assert product.state("beta-overflow@lab-2") in {LegState.SUSPECT, LegState.DOWN}
        await _all_up(product)
        assert {sbc.state for sbc in product.snapshot.sbcs} == {SbcState.UP}
        assert all(LegState.UNKNOWN not in product.seen[leg] for leg in (*ONE, *TWO))


async def test_what_is_lost_of_an_sbc_is_one_alarm_of_its_name_and_the_other_ones_legs_stay(
    lab: Lab, tmp_path: Path
) -> None:
    lab.settle()
    async with watched(write_fleet_config(lab, tmp_path)) as product:
        await _all_up(product)
        await product.wait(
            lambda: {sbc.snmp.state for sbc in product.snapshot.sbcs} == {SnmpState.OK}, 20.0, "SNMP of both"
        )
        product.forget()

        with lab.cut_off("sbc2"):
            await _box_is_down(product, "lab-2", TWO)
        assert {tuple(product.seen[leg]) for leg in ONE} == {(LegState.UP,)}
        assert product.sbc_named("lab-1").state is SbcState.UP

        lab.block("sbc1", "ssh")
        await product.wait(
            lambda: "SSH lost, box answers SNMP" in product.sbc_named("lab-1").reason, DETECTED_S, "both said"
        )
        assert product.sbc_named("lab-1").severity is Severity.MAJOR
        assert product.states(ONE) == {LegState.UNKNOWN}
        await product.wait(
            lambda: all("box answers SNMP; last known up" in product.leg(leg).reason for leg in ONE),
            DETECTED_S,
            "the same said of its legs",
        )
        await product.wait(lambda: product.states(TWO) == {LegState.UP}, SETTLED_S, "sbc2 and its legs back")

        lab.block("sbc1", "management")
        await _box_is_down(product, "lab-1", ONE)
        assert lab.contact_word("acme-primary", CARRIER_A) == "Avail"
        lab.block("sbc1", "none")
        await _all_up(product)
        # Its carriers were fine all the time, and nothing else was ever claimed.
        assert all(LegState.DOWN not in product.seen[leg] for leg in ONE)


async def _box_is_down(product: Watched, name: str, legs: tuple[str, ...]) -> None:
    """Wait until neither SSH nor SNMP of an SBC answers, and check what is said of it and of its legs."""
    words = f"{name} is not polled; was up"
    await product.wait(
        lambda: all(product.leg(leg).reason.startswith(words) for leg in legs),
        DETECTED_S,
        f"{name} and its legs",
    )
    sbc = product.sbc_named(name)
    assert (sbc.state, sbc.severity) == (SbcState.UNKNOWN, Severity.CRITICAL)
    assert sbc.link.state is not SshState.OK
    assert "SSH lost, no SNMP answer either" in sbc.reason
    for leg in map(product.leg, legs):
        assert (leg.state, leg.was, leg.severity) == (LegState.UNKNOWN, LegState.UP, Severity.INDETERMINATE)
