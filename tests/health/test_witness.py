"""Two witnesses of one box: what each says stands in the reason, and neither is judged by the other."""

from __future__ import annotations

import pytest

from tests.health.scenes import START, Says, Trunks, answer, fleet_of, settings_of
from trunktui.health.reasons import LIMIT
from trunktui.health.witness import Witness
from trunktui.model.box import BoxFacts
from trunktui.model.health import LegState, SbcState, Severity
from trunktui.model.link import LinkError, SnmpError, SnmpState, SnmpStatus, SshState
from trunktui.model.text import Safe
from trunktui.platforms import asterisk
from trunktui.poll.fleet import Fleet

SHORT = Safe("ssh timeout")
LONG = Safe(
    "10.0.0.1:22 is unreachable: no answer within 5 s; the host is down or a firewall drops the packets"
)


def story(
    ssh: list[tuple[float, SshState | None]],
    snmp: list[tuple[float, SnmpState]],
    words: Safe = SHORT,
) -> Fleet:
    """Return a fleet after these answers (None: SSH answered well), in seconds from START."""
    trunks = Trunks()
    fleet = fleet_of(trunks, snmp=bool(snmp))
    events: list[tuple[float, SshState | SnmpState | None]] = sorted(
        [*ssh, *snmp], key=lambda event: event[0]
    )
    for second, what in events:
        at = START + second
        if what is None:
            bindings = fleet.inventory.bindings_on("sbc-1")
            fleet.answered("sbc-1", asterisk.parse_poll(answer(Says(), at), settings_of(trunks), bindings))
            fleet.record("sbc-1").settings_done = True
            fleet.snapshot(at)
        elif isinstance(what, SshState):
            fleet.failed("sbc-1", LinkError(what, words), at)
        elif what is SnmpState.OK:
            fleet.snmp_answered("sbc-1", BoxFacts(at))
        else:
            fleet.snmp_failed("sbc-1", SnmpError(what, Safe(f"snmp says {what.value}")), at)
    return fleet


LOST: list[tuple[float, SshState | None]] = [(0, None), (30, SshState.UNREACHABLE)]


def test_case_37_ssh_is_lost_and_snmp_answers() -> None:
    snapshot = story(LOST, [(230, SnmpState.OK)]).snapshot(START + 240)
    leg, sbc = snapshot.legs[0], snapshot.sbcs[0]
    assert leg.state is LegState.UNKNOWN
    assert leg.severity is Severity.INDETERMINATE
    assert leg.reason == "no data for 4 m (ssh timeout); box answers SNMP; last known up"
    assert (sbc.state, sbc.severity) == (SbcState.UNKNOWN, Severity.MAJOR)
    assert sbc.reason == (
        "SSH lost, box answers SNMP: box alive; 1 leg unknown; last answer 4 m ago (ssh timeout)"
    )


def test_case_38_both_are_dead_and_one_alarm_says_so() -> None:
    snapshot = story(LOST, [(10, SnmpState.OK), (40, SnmpState.TIMEOUT)]).snapshot(START + 240)
    leg, sbc = snapshot.legs[0], snapshot.sbcs[0]
    assert leg.reason == ("sbc-1 is not polled; was up: ssh timeout; no SNMP answer either")
    assert (sbc.state, sbc.severity) == (SbcState.UNKNOWN, Severity.CRITICAL)
    assert sbc.reason == ("SSH lost, no SNMP answer either; 1 leg unknown; last answer 4 m ago (ssh timeout)")


def test_without_snmp_ssh_alone_decides() -> None:
    leg = story(LOST, []).snapshot(START + 240).legs[0]
    assert leg.reason == "sbc-1 is not polled; was up: ssh timeout"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (SnmpState.TIMEOUT, "no SNMP answer either"),
        (SnmpState.AUTH, "SNMP refuses us"),
        (SnmpState.CONFIG, "SNMP not asked (config)"),
        (SnmpState.UNREADABLE, "SNMP answer unreadable"),
    ],
)
def test_a_mute_witness_is_told_by_its_cause(state: SnmpState, words: str) -> None:
    reason = story(LOST, [(40, state)]).snapshot(START + 240).legs[0].reason
    assert words in reason


def test_a_poll_that_waits_for_a_sub_agent_that_hangs_does_not_kill_a_box() -> None:
    for answered, words in ((173, "box answers SNMP"), (172, "no SNMP answer either")):
        snapshot = story(LOST, [(answered, SnmpState.OK)]).snapshot(START + 235)
        assert words in snapshot.legs[0].reason


def test_one_lost_snmp_poll_does_not_kill_a_box() -> None:
    snapshot = story(LOST, [(200, SnmpState.OK), (230, SnmpState.TIMEOUT)]).snapshot(START + 235)
    assert "box answered SNMP 35 s ago" in snapshot.legs[0].reason
    assert snapshot.sbcs[0].severity is Severity.MAJOR


def test_an_snmp_answer_is_not_believed_for_ever() -> None:
    snapshot = story(LOST, [(100, SnmpState.OK)]).snapshot(START + 240)
    assert "SNMP" in snapshot.legs[0].reason
    assert "alive" not in snapshot.sbcs[0].reason
    assert snapshot.sbcs[0].severity is Severity.CRITICAL


def test_long_words_of_ssh_do_not_push_snmp_or_the_last_state_out() -> None:
    snapshot = story(LOST, [(230, SnmpState.OK)], LONG).snapshot(START + 240)
    for reason in (snapshot.legs[0].reason, snapshot.sbcs[0].reason):
        assert "box answers SNMP" in reason
        assert len(reason) <= LIMIT
    assert snapshot.legs[0].reason.endswith("last known up")
    assert "1 leg unknown" in snapshot.sbcs[0].reason


def test_snmp_that_is_dead_while_ssh_works_is_a_warning_and_the_box_stays_up() -> None:
    snapshot = story([(0, None), (60, None), (120, None)], [(119, SnmpState.TIMEOUT)]).snapshot(START + 121)
    sbc = snapshot.sbcs[0]
    assert (sbc.state, sbc.severity) == (SbcState.UP, Severity.WARNING)
    assert "SSH works, SNMP not: snmp says timeout" in sbc.reason
    assert snapshot.legs[0].state is LegState.UP


def test_one_lost_snmp_poll_is_no_warning_but_a_refusal_is_one_at_once() -> None:
    ssh: list[tuple[float, SshState | None]] = [(0, None), (30, None)]
    quiet = story(ssh, [(5, SnmpState.OK), (29, SnmpState.TIMEOUT)]).snapshot(START + 31).sbcs[0]
    assert quiet.severity is Severity.NONE
    refused = story(ssh, [(5, SnmpState.OK), (29, SnmpState.AUTH)]).snapshot(START + 31).sbcs[0]
    assert refused.severity is Severity.WARNING


def test_a_witness_that_is_not_asked_says_nothing() -> None:
    for state in (SnmpState.OFF, SnmpState.PENDING):
        witness = Witness(SnmpStatus(state), 60.0, 1000.0)
        assert (witness.alive, witness.words, witness.fault) == (False, "", "")


def test_a_silent_snmp_is_told_of_a_degraded_box_too_after_what_ails_it() -> None:
    ssh = [(float(second), None) for second in range(0, 130, 30)]
    fleet = story([*ssh, (135, SshState.HUNG)], [(134, SnmpState.AUTH)])
    sbc = fleet.snapshot(START + 136).sbcs[0]
    assert (sbc.state, sbc.severity) == (SbcState.DEGRADED, Severity.WARNING)
    assert sbc.reason.startswith("poll failed")
    assert sbc.reason.endswith("; SNMP fails too: snmp says auth")
