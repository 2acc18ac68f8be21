"""The lab itself: every trunk stands as its name says, every fault does what it says and can be taken back."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .lab import (
    ADDRESS,
    CARRIER_A,
    CARRIER_B,
    CARRIER_SILENT,
    GOOD_REGISTRATIONS,
    Lab,
    LabError,
    wait_for,
)  # fmt: skip

pytestmark = pytest.mark.lab

_OPTIONS = (
    "OPTIONS sip:ping@10.77.0.21 SIP/2.0\r\nVia: SIP/2.0/UDP 10.77.0.1:{port};branch=z9hG4bK{n}\r\n"
    "From: <sip:lab@10.77.0.1>;tag={n}\r\nTo: <sip:ping@10.77.0.21>\r\nCall-ID: {n}@lab\r\nCSeq: 1 OPTIONS\r\n"
    "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


def test_good_trunks_are_registered_and_bad_ones_are_not(lab: Lab) -> None:
    rows = lab.registrations()
    assert {name for name, row in rows.items() if row.word == "Registered"} == set(GOOD_REGISTRATIONS)
    assert set(rows) - set(GOOD_REGISTRATIONS) == {
        "badpass-delta", "badpass-permanent", "blackhole-eps", "busy-theta", "forbid-zeta", "giveup-kappa",
        "giveup-mu", "nodns-eta",
    }  # fmt: skip


def test_the_second_sbc_stands_beside_the_first_at_the_same_carriers(lab: Lab) -> None:
    lab.settle()
    rows = lab.registrations("sbc2")
    assert {name: row.word for name, row in rows.items()} == {
        "acme-primary": "Registered",
        "hybrid-gamma": "Registered",
    }
    assert lab.registrations()["acme-primary"].word == "Registered"
    probed = {(row.aor, row.uri) for row in lab.contacts("sbc2") if row.word == "Avail"}
    assert probed == {
        ("acme-primary", "sip:10.77.0.21:5060"),
        ("hybrid-gamma", "sip:10.77.0.21:5060"),
        ("hybrid-gamma", "sip:10.77.0.22:5060"),
        ("ipauth-beta", "sip:10.77.0.22:5060"),
        ("beta-overflow", "sip:10.77.0.22:5060"),
    }


def test_contacts_answer_but_the_silent_and_the_unprobed(lab: Lab) -> None:
    words = {(row.aor, row.uri): row.word for row in lab.contacts()}
    assert {key for key, word in words.items() if word == "Unavail"} == {
        ("blackhole-eps", "sip:10.77.0.23:5060")
    }
    assert {aor for (aor, _), word in words.items() if word == "NonQual"} == {"noqual-iota", "customer1"}
    assert len([aor for aor, _ in words if aor == "hybrid-gamma"]) == 2
    assert "No objects found" not in lab.asterisk_cli("pjsip show aor phone1")


@pytest.mark.parametrize(
    ("trunk", "line"),
    [
        (
            "giveup-mu",
            "Maximum retries reached when attempting outbound registration to 'sip:10.77.0.21:5071'",
        ),
        ("badpass-permanent", "Fatal response '401' received from 'sip:10.77.0.21:5060'"),
        (
            "giveup-kappa",
            "Maximum retries reached when attempting outbound registration to 'sip:10.77.0.23:5060'",
        ),
    ],
)
def test_a_trunk_that_gives_up_does_so_for_good(lab: Lab, trunk: str, line: str) -> None:
    wait_for(lambda: line in lab.asterisk_log(), 90.0, f"{trunk} to give up")
    row = lab.registrations()[trunk]
    assert row.word == "Rejected"
    assert row.due_in_s <= 0


def test_bringing_the_lab_up_twice_changes_nothing(lab: Lab) -> None:
    before = lab.processes()
    lab.up()
    assert lab.processes() == before


def test_a_cut_cable_makes_the_contacts_unavailable_while_the_registration_still_stands(lab: Lab) -> None:
    lab.settle()
    with lab.cable_out(CARRIER_A):
        wait_for(
            lambda: lab.contact_word("acme-primary", CARRIER_A) == "Unavail", 20.0, "OPTIONS to go unanswered"
        )
        assert lab.contact_word("hybrid-gamma", CARRIER_B) == "Avail"
        assert lab.registrations()["acme-primary"].word == "Registered"
    wait_for(lambda: lab.contact_word("acme-primary", CARRIER_A) == "Avail", 20.0, "the contact to come back")


def test_loss_drops_its_share_each_way_and_ends(lab: Lab) -> None:
    assert _answers(100, wait_s=2.0) == 100
    with lab.packet_loss(CARRIER_A, 50):
        assert 60 <= _answers(400, wait_s=0.02) <= 140  # a quarter survives both ways; 4.6 sigma to each side
    assert _answers(100, wait_s=2.0) == 100


def _answers(sent: int, wait_s: float) -> int:
    """Send OPTIONS to carrier A from this machine, one by one; count those that are answered within `wait_s`."""
    answered = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip:
        sip.bind(("10.77.0.1", 0))
        sip.connect((ADDRESS[CARRIER_A], 5060))
        sip.settimeout(wait_s)
        for n in range(sent):
            sip.send(_OPTIONS.format(n=n, port=sip.getsockname()[1]).encode())
            try:
                answered += sip.recv(2048).startswith(b"SIP/2.0 200")
            except TimeoutError:
                continue
    return answered


def test_full_loss_is_silence_without_a_cut_cable(lab: Lab) -> None:
    with lab.packet_loss(CARRIER_B, 100):
        before = lab.sip_requests(CARRIER_B, "options")
        wait_for(
            lambda: lab.contact_word("ipauth-beta", CARRIER_B) == "Unavail", 20.0, "OPTIONS to go unanswered"
        )
        assert lab.sip_requests(CARRIER_B, "options") > before
    wait_for(lambda: lab.contact_word("ipauth-beta", CARRIER_B) == "Avail", 20.0, "the contact to come back")


def test_a_killed_carrier_answers_nothing_and_a_started_one_everything(lab: Lab) -> None:
    with lab.carrier_dead(CARRIER_A):
        assert not [words for words in lab.processes(CARRIER_A).values() if "kamailio" in words]
        with pytest.raises(ConnectionRefusedError):
            _answers(2, wait_s=0.5)
    assert _answers(10, wait_s=2.0) == 10


@pytest.mark.parametrize(
    ("way", "ssh"), [("all", False), ("management", False), ("ssh", False), ("snmp", True)]
)
def test_an_sbc_that_is_cut_off_takes_no_packet_of_that_kind_and_is_back_after_it(
    lab: Lab, way: str, ssh: bool
) -> None:
    with lab.cut_off("sbc2", way):
        assert _takes_connections("sbc2") is ssh
        assert _takes_connections("sbc1")
    assert _takes_connections("sbc2")


def _takes_connections(sbc: str) -> bool:
    try:
        socket.create_connection((ADDRESS[sbc], 22), timeout=0.5).close()
    except TimeoutError:
        return False
    return True


def test_a_refusing_registrar_rejects_and_accepts_again(lab: Lab) -> None:
    lab.refuse("register", 503)
    lab.asterisk_cli("pjsip send register acme-primary")
    wait_for(lambda: lab.registrations()["acme-primary"].word == "Rejected", 15.0, "a 503 to the REGISTER")
    lab.refuse("register", 0)
    wait_for(
        lambda: lab.registrations()["acme-primary"].word == "Registered", 25.0, "the retry to be accepted"
    )


def test_a_stopped_asterisk_is_gone_and_a_started_one_begins_anew(lab: Lab) -> None:
    with lab.fault(lab.stop_asterisk, lab.start_asterisk):
        assert not [line for line in lab.processes().values() if line.startswith("/usr/sbin/asterisk")]
        with pytest.raises(LabError, match="Unable to connect"):
            lab.asterisk_cli("core show version")
    assert "System uptime: " in lab.asterisk_cli("core show uptime seconds")
    assert _uptime_s(lab) < 5


def test_a_killed_asterisk_leaves_its_socket_behind(lab: Lab) -> None:
    with lab.fault(lab.kill_asterisk, lab.start_asterisk):
        assert lab.ssh("test -S /var/run/asterisk/asterisk.ctl", user="nocgrp").returncode == 0
        assert (
            "Unable to connect" in lab.ssh("/usr/sbin/asterisk -rx 'core show version'", user="nocgrp").stderr
        )
    assert _uptime_s(lab) < 5


def test_a_restart_resets_the_uptime_and_good_trunks_come_back(lab: Lab) -> None:
    wait_for(lambda: _uptime_s(lab) >= 3, 5.0, "some uptime to lose")
    lab.restart_asterisk()
    assert _uptime_s(lab) < 3
    lab.settle()


def _uptime_s(lab: Lab) -> int:
    return int(lab.asterisk_cli("core show uptime seconds").splitlines()[0].removeprefix("System uptime: "))


def test_a_frozen_asterisk_answers_again_when_thawed_without_having_restarted(lab: Lab) -> None:
    before = lab.processes()
    with lab.fault(lab.freeze_asterisk, lab.thaw_asterisk):
        done = lab.ssh("timeout -k 1 1 /usr/sbin/asterisk -rx 'core show version'; echo $?", user="nocgrp")
        assert done.stdout.split()[-1] in ("124", "137")
    assert "Asterisk 22" in lab.asterisk_cli("core show version")
    assert before.keys() == lab.processes().keys()


def test_a_stopped_sshd_refuses_and_has_ended_open_sessions(lab: Lab) -> None:
    with _open_session(lab) as session, lab.fault(lab.stop_sshd, lab.start_sshd):
        assert session.wait(timeout=10) == 255
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((lab.host, lab.port), timeout=5)
    assert lab.ssh("true").returncode == 0


def test_a_frozen_sshd_takes_connections_and_says_nothing(lab: Lab) -> None:
    with _open_session(lab) as session:
        with lab.fault(lab.freeze_sshd, lab.thaw_sshd):
            with socket.create_connection((lab.host, lab.port), timeout=5) as link:
                link.settimeout(1.0)
                with pytest.raises(TimeoutError):
                    link.recv(64)
            assert session.poll() is None
        assert lab.ssh("true").returncode == 0
        session.communicate(timeout=10)
        assert session.returncode == 0


@contextmanager
def _open_session(lab: Lab) -> Iterator[subprocess.Popen[bytes]]:
    """Have a login inside the block that stays until its standard input is closed."""
    argv = lab.ssh_argv("echo in; cat")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as session:
        if session.stdout is None or session.stdout.readline() != b"in\n":
            raise LabError("the session did not begin")
        yield session


@pytest.mark.parametrize("trunk", ["acme-primary", "ipauth-beta", "Acme Telecom EU 1"])
def test_sipp_calls_are_up_inside_the_block_and_gone_after_it(lab: Lab, trunk: str) -> None:
    lab.settle()
    with lab.sipp_calls(trunk, 3):
        assert lab.trunk_channels(trunk) == 3
        assert lab.channels() == 6
    assert lab.channels() == 0


def test_the_silent_carrier_is_asked_and_never_answers(lab: Lab) -> None:
    before = lab.sip_requests(CARRIER_SILENT, "options")
    wait_for(lambda: lab.sip_requests(CARRIER_SILENT, "options") > before, 20.0, "another OPTIONS")
    assert lab.contact_word("blackhole-eps", CARRIER_SILENT) == "Unavail"


def test_waiting_ends_at_its_deadline_with_the_name_of_what_was_missed() -> None:
    start = time.monotonic()
    with pytest.raises(LabError, match="a miracle"):
        wait_for(lambda: False, 0.3, "a miracle")
    assert time.monotonic() - start < 2.0
