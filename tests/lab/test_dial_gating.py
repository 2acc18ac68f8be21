"""What stops Asterisk from sending a call: only a contact that is already `Unavail`, and only when dialled by AOR.

Counted on the wire: INVITEs that leave the SBC and reach the carrier, with Asterisk's own log as the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from .lab import ADDRESS, CARRIER_A, CARRIER_B, CARRIER_SILENT, Lab, wait_for

pytestmark = pytest.mark.lab

NUMBER = "15551230001"
NUMBER_REFUSED = "15551230009"
REFUSED = "Failed to create outgoing session to endpoint '{trunk}'"


def _dial(lab: Lab, where: str) -> None:
    """Start one call from the SBC; returns at once, prints nothing whether or not it fails."""
    lab.asterisk_cli(f"channel originate PJSIP/{where} application Wait 30")


def _hang_up(lab: Lab) -> None:
    lab.asterisk_cli("channel request hangup all")
    wait_for(lambda: lab.channels() == 0, 10.0, "calls to end")


def _refusals(lab: Lab, trunk: str) -> int:
    return lab.asterisk_log().count(REFUSED.format(trunk=trunk))


def _dial_refused(lab: Lab, trunk: str) -> None:
    """Dial by AOR; the refusal must stand in the log within 3 s and no INVITE may have left, whereto ever.

    Told by the number dialled: a call that was hung up unanswered is still being sent again, for 32 s.
    """
    refused = _refusals(lab, trunk)
    with _sip_history(lab):
        _dial(lab, f"{NUMBER_REFUSED}@{trunk}")
        wait_for(lambda: _refusals(lab, trunk) > refused, 3.0, f"the log to say that {trunk} was refused")
        assert not _left(lab, NUMBER_REFUSED)
    assert lab.trunk_channels(trunk) == 0


@contextmanager
def _sip_history(lab: Lab) -> Iterator[None]:
    """Have Asterisk keep every SIP message it sends and takes."""
    lab.asterisk_cli("pjsip set history on")
    try:
        yield
    finally:
        lab.asterisk_cli("pjsip set history clear")
        lab.asterisk_cli("pjsip set history off")


def _left(lab: Lab, number: str) -> bool:
    """Tell whether an INVITE for a number has left since the history began."""
    return f"INVITE sip:{number}@" in lab.asterisk_cli("pjsip show history")


def _dial_sent(lab: Lab, where: str, carrier: str) -> None:
    """Dial; an INVITE must reach the carrier within 5 s."""
    before = lab.sip_requests(carrier, "invite")
    _dial(lab, where)
    wait_for(lambda: lab.sip_requests(carrier, "invite") > before, 5.0, f"an INVITE at {carrier} for {where}")
    _hang_up(lab)


def _unavailable(lab: Lab, aor: str, carrier: str) -> Callable[[], bool]:
    return lambda: lab.contact_word(aor, carrier) == "Unavail"


def test_a_call_to_an_aor_that_never_answered_is_refused_at_once_and_no_invite_leaves(lab: Lab) -> None:
    lab.settle()
    wait_for(_unavailable(lab, "blackhole-eps", CARRIER_SILENT), 20.0, "the silent carrier to be Unavail")
    before = lab.sip_requests(CARRIER_SILENT, "invite")
    _dial_refused(lab, "blackhole-eps")
    assert lab.sip_requests(CARRIER_SILENT, "invite") == before


def test_an_invite_that_leaves_stands_in_the_history_by_its_number(lab: Lab) -> None:
    lab.settle()
    with _sip_history(lab):
        _dial(lab, f"{NUMBER_REFUSED}@acme-primary")
        wait_for(lambda: _left(lab, NUMBER_REFUSED), 5.0, "the INVITE in the history")
    _hang_up(lab)


def test_a_call_to_an_explicit_uri_leaves_though_the_same_aor_is_unavail(lab: Lab) -> None:
    lab.settle()
    wait_for(_unavailable(lab, "blackhole-eps", CARRIER_SILENT), 20.0, "the silent carrier to be Unavail")
    where = f"blackhole-eps/sip:{NUMBER}@{ADDRESS[CARRIER_SILENT]}:5060"
    _dial_sent(lab, where, CARRIER_SILENT)


def test_between_the_carriers_death_and_the_verdict_calls_go_out_and_after_it_they_do_not(lab: Lab) -> None:
    lab.settle()
    with lab.packet_loss(CARRIER_B, 100):
        assert lab.contact_word("ipauth-beta", CARRIER_B) == "Avail"
        _dial_sent(lab, f"{NUMBER}@ipauth-beta", CARRIER_B)
        wait_for(_unavailable(lab, "ipauth-beta", CARRIER_B), 20.0, "the dead carrier to be noticed")
        _dial_refused(lab, "ipauth-beta")
        _dial_sent(lab, f"ipauth-beta/sip:{NUMBER}@{ADDRESS[CARRIER_B]}:5060", CARRIER_B)
    wait_for(lambda: not _unavailable(lab, "ipauth-beta", CARRIER_B)(), 20.0, "the carrier to come back")
    _dial_sent(lab, f"{NUMBER}@ipauth-beta", CARRIER_B)


def test_a_trunk_that_nobody_probes_sends_its_calls_to_a_dead_carrier_for_ever(lab: Lab) -> None:
    lab.settle()
    with lab.packet_loss(CARRIER_B, 100):
        wait_for(_unavailable(lab, "ipauth-beta", CARRIER_B), 20.0, "its probed neighbour to be noticed")
        assert lab.contact_word("noqual-iota", CARRIER_B) == "NonQual"
        _dial_sent(lab, f"{NUMBER}@noqual-iota", CARRIER_B)


def test_with_two_contacts_and_one_dead_the_call_goes_to_the_living_one(lab: Lab) -> None:
    lab.settle()
    with lab.packet_loss(CARRIER_A, 100):
        wait_for(_unavailable(lab, "hybrid-gamma", CARRIER_A), 20.0, "the dead contact to be noticed")
        _dial_sent(lab, f"{NUMBER}@hybrid-gamma", CARRIER_B)


def test_a_rejected_registration_does_not_stop_a_call(lab: Lab) -> None:
    lab.settle()
    assert lab.registrations()["badpass-delta"].word == "Rejected"
    _dial_sent(lab, f"{NUMBER}@badpass-delta", CARRIER_A)


def test_a_customers_call_to_an_unavail_trunk_fails_as_chanunavail(lab: Lab) -> None:
    lab.settle()
    wait_for(_unavailable(lab, "blackhole-eps", CARRIER_SILENT), 20.0, "the silent carrier to be Unavail")
    before = lab.asterisk_log().count("DIALSTATUS=CHANUNAVAIL")
    lab.asterisk_cli("dialplan set global POOL_US_DOMESTIC blackhole-eps")
    try:
        lab.asterisk_cli(f"channel originate Local/{NUMBER}@from-customers application Wait 1")
        wait_for(
            lambda: lab.asterisk_log().count("DIALSTATUS=CHANUNAVAIL") > before,
            5.0,
            "the dial plan to be told",
        )
    finally:
        lab.asterisk_cli("dialplan set global POOL_US_DOMESTIC acme-primary")
        _hang_up(lab)
