"""The product against a real Asterisk: every trunk gets its true state, also when the SBC or a carrier fails."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from trunktui.model.health import LegState, RegSignal, SbcState
from trunktui.model.link import SshState

from .lab import CARRIER_A, GOOD_REGISTRATIONS, Lab, eventually, wait_for
from .product import Watched, one_shot, status, watched, write_config

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]

INTERVAL_S = 5.0
DETECT_S = 10.0 + 3.0
SETTLED_S = 60.0
GRACE_S = 61.0
SLACK_S = 8.0
"""For the machine: two cores run the lab, the engine and the tests."""

LONG = "very-long-trunk-name-north-america-wholesale-carrier-alpha-0001"
TRUTH = {
    "acme-primary@lab-1": (LegState.UP, "registered, next REGISTER in"),
    "ipauth-beta@lab-1": (LegState.UP, "OPTIONS"),
    "hybrid-gamma@lab-1": (LegState.UP, "registered"),
    "us.east-1.sip.carrier-example.net@lab-1": (LegState.UP, "registered"),
    "Acme Telecom EU 1@lab-1": (LegState.UP, "registered"),
    "acme/eu@lab-1": (LegState.UP, "registered"),
    f"{LONG}@lab-1": (LegState.UP, "registered"),
    "wiz-lambda-reg-0@lab-1": (LegState.UP, "registered"),
    "badpass-delta@lab-1": (LegState.DOWN, "REGISTER 401"),
    "badpass-permanent@lab-1": (LegState.DOWN, "registration gave up"),
    "blackhole-eps@lab-1": (LegState.DOWN, "10.77.0.23:5060"),
    "nodns-eta@lab-1": (
        LegState.DOWN,
        "registrar sip.carrier.invalid (no A or AAAA) does not resolve on lab-1",
    ),
    "forbid-zeta@lab-1": (LegState.DOWN, "REGISTER 403"),
    "busy-theta@lab-1": (LegState.DOWN, "REGISTER 503"),
    "giveup-kappa@lab-1": (LegState.DOWN, "gave up "),
    "noqual-iota@lab-1": (LegState.UNMONITORED, "no OPTIONS configured on AOR noqual-iota"),
}


def _words(name: str) -> str:
    """Return what the sentence of a registration's leg must say when nothing is wrong with the carriers."""
    return TRUTH.get(f"{name}@lab-1", (None, "gave up"))[1]


GOOD = [leg for leg, (state, _) in TRUTH.items() if state is LegState.UP]


def _unexplained(product: Watched) -> list[str]:
    """Return the legs whose sentence does not say what it must."""
    return [leg_id for leg_id, (_, words) in TRUTH.items() if words not in product.leg(leg_id).reason]


async def test_every_trunk_of_a_real_asterisk_gets_its_state_and_a_sentence(lab: Lab, tmp_path: Path) -> None:
    async with watched(write_config(lab, tmp_path)) as product:
        await product.wait(
            lambda: all(product.state(leg) is state for leg, (state, _) in TRUTH.items()),
            SETTLED_S * 2,
            "the right state for every trunk",
        )
        await product.wait(lambda: not _unexplained(product), SETTLED_S, "the right sentence for every trunk")
        assert all(len(leg.reason) <= 160 for leg in product.snapshot.legs)
        assert not {leg.id for leg in product.snapshot.legs} - set(TRUTH) - {"giveup-mu@lab-1"}
        primary = product.leg("acme-primary@lab-1")
        assert primary.probe.detect_s == DETECT_S
        assert primary.channels.cap == 10
        assert primary.why_not_actionable is None
        assert product.leg("acme/eu@lab-1").why_not_actionable is not None
        contacts = product.leg("us.east-1.sip.carrier-example.net@lab-1").probe.contacts
        assert [contact.uri for contact in contacts] == ["sip:10.77.0.21:5060"]


def test_status_and_check_tell_the_same_truth_in_one_shot(lab: Lab, tmp_path: Path) -> None:
    config = write_config(lab, tmp_path)
    wait_for(lambda: lab.uptime_s() > GRACE_S, GRACE_S + 10, "an SBC that has not just restarted")
    document = status(config)
    states = {leg["id"]: leg["state"] for leg in document["legs"]}
    assert states["acme-primary@lab-1"] == "up"
    assert states["badpass-permanent@lab-1"] == "down"
    assert states["noqual-iota@lab-1"] == "unmonitored"
    assert document["worst"] == "down"
    assert document["sbcs"][0]["ssh"]["state"] == "ok"
    assert document["sbcs"][0]["version"].startswith("22.")
    assert one_shot(config, "check", "acme-primary").returncode == 0
    assert one_shot(config, "check", "badpass-permanent").returncode == 2


async def test_calls_are_counted_per_trunk_and_answered_ones_are_evidence(lab: Lab, tmp_path: Path) -> None:
    lab.settle()
    async with watched(write_config(lab, tmp_path)) as product:
        with lab.sipp_calls("acme-primary", 9):
            await product.wait(
                lambda: product.state("acme-primary@lab-1") is LegState.DEGRADED,
                SETTLED_S,
                "9 of 10 channels",
            )
            leg = product.leg("acme-primary@lab-1")
            assert leg.channels.active == lab.trunk_channels("acme-primary") == 9
            assert "9 of 10 channels in use (90 %)" in leg.reason
            await product.wait(
                lambda: product.leg("ipauth-beta@lab-1").channels.active == 0,
                SETTLED_S,
                "no channel of another trunk",
            )
        await product.wait(
            lambda: product.leg("acme-primary@lab-1").channels.active == 0, SETTLED_S, "no channel"
        )


async def test_a_dead_carrier_is_down_within_interval_and_detect_time_and_comes_back(
    lab: Lab, tmp_path: Path
) -> None:
    async with watched(write_config(lab, tmp_path)) as product:
        await product.wait(lambda: product.state("acme-primary@lab-1") is LegState.UP, SETTLED_S, "up")
        # A refresh that is due just now would come first: a leg is in doubt before it is known to be half dead.
        lab.asterisk_cli("pjsip send register hybrid-gamma")
        await eventually(
            lambda: lab.registrations()["hybrid-gamma"].due_in_s > 35, SETTLED_S, "no refresh is due"
        )
        await product.wait(lambda: product.state("hybrid-gamma@lab-1") is LegState.UP, SETTLED_S, "up")
        product.forget()
        with lab.cable_out(CARRIER_A):
            took = await product.wait(
                lambda: product.state("acme-primary@lab-1") is LegState.DOWN,
                INTERVAL_S + DETECT_S + SLACK_S,
                "acme-primary down",
            )
            print(f"down after {took:.1f} s")
            assert "Asterisk now refuses calls" in product.leg("acme-primary@lab-1").reason
            assert product.state("ipauth-beta@lab-1") is LegState.UP
            await product.wait(
                lambda: product.state("hybrid-gamma@lab-1") is LegState.DEGRADED, SETTLED_S, "one of two dead"
            )
            assert "1 of 2 destinations dead (10.77.0.21:5060)" in product.leg("hybrid-gamma@lab-1").reason
        took = await product.wait(
            lambda: product.state("acme-primary@lab-1") is LegState.UP, SETTLED_S, "acme-primary up again"
        )
        print(f"up after {took:.1f} s")
        assert product.seen["ipauth-beta@lab-1"] == [LegState.UP]


async def test_attempts_in_flight_after_a_cut_are_never_called_given_up(lab: Lab, tmp_path: Path) -> None:
    async with watched(write_config(lab, tmp_path)) as product:
        await product.wait(lambda: product.state("acme/eu@lab-1") is LegState.UP, SETTLED_S, "up")
        product.forget()
        with lab.cable_out(CARRIER_A):
            for name in GOOD_REGISTRATIONS:
                lab.asterisk_cli(f'pjsip send register "{name}"')
            await product.wait(
                lambda: product.leg("hybrid-gamma@lab-1").registration.state is RegSignal.RETRYING,
                100.0,
                "a registration that stood is retried",
            )
            trying = [name for name in lab.registrations() if "gave up" not in _words(name)]
            assert len(trying) >= 10
            for name in trying:
                assert RegSignal.GAVE_UP not in product.registrations.get(f"{name}@lab-1", set()), name


async def test_a_frozen_asterisk_leaves_no_leg_green_and_names_the_sbc(lab: Lab, tmp_path: Path) -> None:
    async with watched(write_config(lab, tmp_path)) as product:
        await product.wait(lambda: product.state("acme-primary@lab-1") is LegState.UP, SETTLED_S, "up")
        with lab.fault(lab.freeze_asterisk, lab.thaw_asterisk):
            await product.wait(lambda: product.sbc.state is SbcState.DOWN, 30.0, "the SBC down")
            assert "Asterisk does not answer its own console" in product.sbc.reason
            assert {leg.state for leg in product.snapshot.legs} == {LegState.UNKNOWN}
            assert product.leg("acme-primary@lab-1").was is LegState.UP
            assert product.sbc.link.state is SshState.OK
        await product.wait(lambda: product.state("acme-primary@lab-1") is LegState.UP, SETTLED_S, "up again")
        assert not [words for words in lab.processes().values() if words.startswith("/usr/sbin/asterisk -rx")]


async def test_a_stopped_asterisk_is_told_from_a_dead_trunk_and_its_boot_from_an_outage(
    lab: Lab, tmp_path: Path
) -> None:
    async with watched(write_config(lab, tmp_path)) as product:
        await product.wait(lambda: product.state("acme-primary@lab-1") is LegState.UP, SETTLED_S, "up")
        lab.stop_asterisk()
        await product.wait(lambda: product.sbc.state is SbcState.DOWN, 30.0, "the SBC down")
        assert "Asterisk is not running" in product.sbc.reason
        assert {leg.state for leg in product.snapshot.legs} == {LegState.UNKNOWN}
        product.forget()
        lab.start_asterisk()
        await product.wait(lambda: product.state("acme-primary@lab-1") is LegState.UP, SETTLED_S, "up again")
        assert LegState.DOWN not in product.seen["acme-primary@lab-1"]
        assert all(LegState.DOWN not in product.seen.get(leg, []) for leg in GOOD)
        assert product.sbc.reason.startswith("restarted"), product.sbc.reason


async def test_a_killed_sshd_ages_into_unknown_and_is_back_by_itself(lab: Lab, tmp_path: Path) -> None:
    more = "[health]\nstale_min_s = 15.0\n"
    async with watched(write_config(lab, tmp_path, more=more)) as product:
        await product.wait(lambda: product.state("acme-primary@lab-1") is LegState.UP, SETTLED_S, "up")
        with lab.fault(lab.stop_sshd, lab.start_sshd):
            await product.wait(lambda: product.sbc.link.state is SshState.REFUSED, 30.0, "ssh refused")
            assert product.state("acme-primary@lab-1") is LegState.UP
            await product.wait(
                lambda: product.state("acme-primary@lab-1") is LegState.UNKNOWN, 60.0, "unknown when stale"
            )
            await product.wait(lambda: product.sbc.state is SbcState.UNKNOWN, 10.0, "the SBC unknown")
        await product.wait(lambda: product.state("acme-primary@lab-1") is LegState.UP, SETTLED_S, "up again")


async def test_a_killed_engine_is_back_and_polls_again(lab: Lab, tmp_path: Path) -> None:
    async with watched(write_config(lab, tmp_path)) as product:
        await product.wait(lambda: product.state("acme-primary@lab-1") is LegState.UP, SETTLED_S, "up")
        pid = product.engine_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await product.wait(lambda: product.restarts == 1, 10.0, "the engine restarted")
        await product.wait(
            lambda: product.engine_pid != pid and product.state("acme-primary@lab-1") is LegState.UP,
            SETTLED_S,
            "up",
        )


@pytest.mark.parametrize(
    ("user", "run_as", "words"),
    [
        ("nocgrp", False, None),
        ("nocnone", True, "sudo refuses the command"),
        ("nocnone", False, "this login may not write to it"),
    ],
)
def test_what_a_login_may_not_do_is_said_with_the_way_out(
    lab: Lab, tmp_path: Path, user: str, run_as: bool, words: str | None
) -> None:
    document = status(write_config(lab, tmp_path, user=user, run_as=run_as))
    sbc = document["sbcs"][0]
    if words is None:
        assert sbc["state"] == "up" or "restarted" in sbc["reason"]
        states = {leg["id"]: leg["state"] for leg in document["legs"]}
        assert states["acme-primary@lab-1"] == "up"
    else:
        assert words in sbc["reason"]
        assert {leg["state"] for leg in document["legs"]} == {"unknown"}
