"""Whether calls really pass, as the product tells it from the records of a real Asterisk: refused, one destination, unheard."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunktui.model.health import FaultKind, LegState, ProbeSignal, RegSignal, Severity, TrafficSignal

from .lab import CARRIER_A, CARRIER_B, Lab
from .product import status, watched, write_config

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]

REGISTERED = "acme-primary@lab-1"
DISCOVERED = "us.east-1.sip.carrier-example.net@lab-1"
UNHEARD = "ipauth-beta@lab-1"
NUMBERS = ("15551230001", "442071230001", "33123450001")
TOLD_S = 60.0


async def test_a_trunk_that_registers_and_answers_options_and_refuses_every_call_is_down(
    lab: Lab, tmp_path: Path
) -> None:
    lab.settle()
    config = write_config(lab, tmp_path)
    async with watched(config) as product:
        await product.wait(lambda: product.state(REGISTERED) is LegState.UP, TOLD_S, "a trunk that is up")
        lab.refuse("invite", 403)
        before = lab.sip_requests(CARRIER_A, "invite")
        for number in NUMBERS:
            lab.dial("acme-primary", number, 40)
        assert lab.sip_requests(CARRIER_A, "invite") - before >= 120
        await product.wait(lambda: product.state(REGISTERED) is LegState.DOWN, TOLD_S, "DOWN by its calls")
        leg = product.leg(REGISTERED)
        assert leg.registration.state is RegSignal.REGISTERED
        assert leg.probe.state is ProbeSignal.OK
        assert (leg.severity, leg.fault, leg.wasted) == (Severity.CRITICAL, FaultKind.TRAFFIC, 120)
        assert leg.reason.startswith(
            "registered and OPTIONS fine, yet 100 % of 120 calls got cause 21 (as for 403)"
        )
        told = next(one for one in status(config)["legs"] if one["id"] == REGISTERED)
        assert (told["state"], told["wasted"]) == ("down", 120)
        assert told["traffic"] | {"window_s": None} == {
            "state": "failing",
            "attempts": 120,
            "answered": 0,
            "window_s": None,
            "code": None,
            "cause": 21,
            "prefix": None,
        }
        # The carrier takes calls again: the first one that is answered proves it.
        lab.heal()
        lab.dial("acme-primary", NUMBERS[0], 6)
        await product.wait(lambda: product.state(REGISTERED) is LegState.DEGRADED, TOLD_S, "no longer DOWN")
        traffic = product.leg(REGISTERED).traffic
        assert traffic is not None
        assert traffic.answered == 6


async def test_refusals_to_one_destination_are_told_as_that(lab: Lab, tmp_path: Path) -> None:
    lab.settle()
    trunk = DISCOVERED.partition("@")[0]
    async with watched(write_config(lab, tmp_path)) as product:
        await product.wait(lambda: product.state(DISCOVERED) is LegState.UP, TOLD_S, "a trunk that is up")
        lab.dial(trunk, "15554030001", 24)
        lab.dial(trunk, "442071230001", 6)
        lab.dial(trunk, "33123450001", 6)
        await product.wait(lambda: product.state(DISCOVERED) is LegState.DEGRADED, TOLD_S, "DEGRADED")
        leg = product.leg(DISCOVERED)
        assert leg.reason == "cause 21 (as for 403) for 1555* only (24 of 24); other destinations normal"
        assert leg.severity is Severity.MINOR
        assert leg.traffic is not None
        assert (leg.traffic.state, leg.traffic.attempts, leg.traffic.answered) == (
            TrafficSignal.DESTINATION,
            36,
            12,
        )


async def test_calls_that_are_answered_and_bring_no_audio_are_told(lab: Lab, tmp_path: Path) -> None:
    lab.settle()
    async with watched(write_config(lab, tmp_path)) as product:
        await product.wait(lambda: product.state(UNHEARD) is LegState.UP, TOLD_S, "a trunk that is up")
        with lab.sipp_calls("ipauth-beta", 2):
            # Heard once: so the media passes this SBC, and its silence will mean something.
            await product.wait(lambda: product.leg(UNHEARD).channels.active == 2, TOLD_S, "two calls")
            seen = product.leg(UNHEARD).observed_at or 0.0
            await product.wait(
                lambda: (product.leg(UNHEARD).observed_at or 0.0) > seen + 5, TOLD_S, "two looks"
            )
        assert product.state(UNHEARD) is LegState.UP
        lab.mute(CARRIER_B)
        with lab.sipp_calls("ipauth-beta", 12):
            await product.wait(lambda: product.state(UNHEARD) is LegState.DEGRADED, TOLD_S, "no audio")
            leg = product.leg(UNHEARD)
        assert leg.reason.startswith("answered calls carry no audio for ")
        assert "(12 of 12)" in leg.reason
        assert (leg.severity, leg.fault) == (Severity.MAJOR, FaultKind.TRAFFIC)
        assert leg.traffic is not None
        assert leg.traffic.state is TrafficSignal.NO_AUDIO
