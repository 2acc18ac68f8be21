"""The numbered cases of the health rules, told in the tables of `cases*`; and what one table cannot tell."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.health.cases import CASES, GOOD, IP, REG, Case
from tests.health.cases_calls import CALLS
from tests.health.cases_fleet import FLEETS as IN_FLEETS
from tests.health.cases_fleet import FleetCase, said
from tests.health.cases_log import KNOCKS, LOGGED
from tests.health.cases_others import OTHERS as NOT_ASTERISK
from tests.health.cases_routes import BY_ITSELF, RULES, judged
from tests.health.cases_verdicts import VERDICTS
from tests.health.scenes import START, Says, Trunks, box, leg, play
from trunktui.health import reasons
from trunktui.health.reasons import LIMIT, Words
from trunktui.health.rules import Cause, Verdict
from trunktui.model.health import LegState, SbcState, Severity
from trunktui.model.inventory import Failover
from trunktui.model.link import SshState
from trunktui.model.text import Safe
from trunktui.present.columns import ColumnKey
from trunktui.present.document import status_document
from trunktui.present.fleet import row_of

OTHERS = (*LOGGED, *NOT_ASTERISK)
FLEETS = (*IN_FLEETS, *KNOCKS)

NEEDS_CAUSES = {
    "46": "the carrier's feed: whoever uses our credential from elsewhere is not observable from an SBC",
}
"""Cases that no signal of registrations, OPTIONS, channels and attempts reaches, and what they wait for."""

NEVER_GIVEN = {"51"}
"""A number that the list of cases leaves out."""

NAMES = [
    *(case.number for case in (*CASES, *OTHERS, *CALLS)),
    *(case.number for case in FLEETS),
    *(case.number for case in VERDICTS),
]
GOLDEN = Path(__file__).parent / "reasons.golden.md"
_NUMBER = re.compile(r"(\d+)([a-z]?) ")


def numbers() -> set[str]:
    """Return the numbers of all cases in the tables; a letter tells variants apart, but for the case 21b."""
    found = set()
    for name in NAMES:
        match = _NUMBER.match(name)
        if match is not None:
            found.add("21b" if match.group() == "21b " else match[1])
    return found


def test_every_numbered_case_is_in_a_table_or_is_known_to_wait_for_more_signals() -> None:
    wanted = {str(number) for number in range(1, 61)} | {"21b"}
    assert numbers() | NEEDS_CAUSES.keys() | NEVER_GIVEN == wanted
    assert not numbers() & NEEDS_CAUSES.keys(), "reached by now: no longer waiting"


def test_no_two_cases_have_one_name() -> None:
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("case", [*CASES, *OTHERS, *CALLS], ids=lambda case: case.number)
def test_a_case_gets_its_state_severity_and_sentence(case: Case) -> None:
    verdict = leg(play(case.trunks, case.polls, case.judged_at, known=case.known))
    assert (verdict.state, verdict.severity, verdict.reason) == (case.state, case.severity, case.reason)
    assert len(verdict.reason) <= LIMIT
    assert not verdict.reason.endswith("…"), "cut off"


@pytest.mark.parametrize("case", FLEETS, ids=lambda case: case.number)
def test_a_case_of_several_trunks_or_sbcs_is_told_of_each(case: FleetCase) -> None:
    snapshot = case.story()
    assert {subject: said(snapshot, subject) for subject in case.wanted} == case.wanted
    assert all(len(reason) <= LIMIT for _, _, reason in case.wanted.values())


def test_every_reason_that_there_is_is_told_by_some_case() -> None:
    told: set[Cause] = set()

    def listen(verdict: Verdict, words: Words, now: Verdict | None = None) -> Safe:
        told.add(verdict.cause)
        return explain(verdict, words, now)

    explain = reasons.explain
    with patch.object(reasons, "explain", listen):
        for case in (*CASES, *OTHERS, *CALLS):
            play(case.trunks, case.polls, case.judged_at, known=case.known)
        for fleet in FLEETS:
            fleet.story()
    assert told == set(Cause)


def golden() -> Iterator[str]:
    """Yield the lines of the file that shows every sentence to a human."""
    yield "# Every sentence of the health cases"
    yield ""
    yield "Written by `TRUNKTUI_GOLDEN=write pytest tests/health/test_cases.py`; read it as an operator would."
    yield ""
    yield "| case | of | state | severity | sentence |"
    yield "|---|---|---|---|---|"
    for case in (*CASES, *OTHERS, *CALLS):
        found = leg(play(case.trunks, case.polls, case.judged_at, known=case.known))
        yield f"| {case.number} | leg | {found.state} | {found.severity} | {found.reason} |"
    for fleet in FLEETS:
        snapshot = fleet.story()
        for subject in fleet.wanted:
            yield f"| {fleet.number} | {subject} | {' | '.join(said(snapshot, subject))} |"
    for failover, rules in ((Failover.MANUAL, RULES), (Failover.AUTO, BY_ITSELF)):
        for name, states, routes, *_ in rules:
            group = judged(states, routes, failover)
            words = f"{group.state} | {group.severity} | {group.reason}"
            yield f"| routes, {failover}: {name} | group us-outbound | {words} |"
    for told in VERDICTS:
        for one in told.story():
            yield f"| {told.number} | verdict on {one.subject} | {one.kind} | {one.severity} | {one.reason} |"


def test_the_sentences_are_those_that_were_read_and_found_good() -> None:
    text = "\n".join(golden()) + "\n"
    if os.environ.get("TRUNKTUI_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == text, (
        "read the new sentences, then write them (see the file)"
    )


def test_one_lost_sbc_is_one_alarm_of_the_sbc() -> None:
    snapshot = play(Trunks(), [(0, GOOD), (120, Says(silent=SshState.UNREACHABLE))])
    assert box(snapshot).state is SbcState.UNKNOWN
    assert box(snapshot).severity is Severity.CRITICAL
    assert box(snapshot).reason == "not polled, 1 leg unknown; last answer 2 m ago: ssh unreachable"


def test_an_sbc_out_of_reach_leaves_what_its_legs_were_and_no_value_of_now() -> None:
    lost = play(Trunks(cap=200), [(0, GOOD), (120, Says(silent=SshState.UNREACHABLE))])
    now = START + 120
    row = row_of(leg(lost), now)
    keys = (ColumnKey.STATE, ColumnKey.REGISTRATION, ColumnKey.OPTIONS, ColumnKey.CHANNELS)
    assert [row.cell(key).text for key in keys] == ["? UNKN", "was ok", "was ok", "–"]
    told = status_document(lost, now, datetime(2026, 11, 23, tzinfo=UTC))["legs"]
    assert isinstance(told, list)
    assert (told[0]["registration"]["state"], told[0]["registration"]["next_in_s"]) == ("unknown", None)
    assert (told[0]["probe"]["state"], told[0]["probe"]["rtt_ms"]) == ("unknown", None)
    assert (told[0]["channels"]["active"], told[0]["channels"]["state"]) == (None, "unknown")
    never = row_of(leg(play(Trunks(), [(0, Says(silent=SshState.UNREACHABLE))])), START)
    assert [never.cell(key).text for key in keys] == ["? UNKN", "–", "–", "–"]


def test_a_frozen_asterisk_makes_its_legs_unknown_at_once_and_names_the_sbc() -> None:
    snapshot = play(Trunks(), [(0, GOOD), (30, Says(frozen=True))])
    assert leg(snapshot).state is LegState.UNKNOWN
    assert leg(snapshot).was is LegState.UP
    assert box(snapshot).state is SbcState.DOWN
    assert box(snapshot).reason.startswith("Asterisk does not answer its own console")


def test_leaving_down_takes_two_good_results_not_two_looks_at_one() -> None:
    trunks = Trunks(auth=IP, qualify=30)
    dead, alive = Says(reg=None, contacts=("Unavail",)), Says(reg=None, contacts=("Avail 23.0",))
    polls = [(0.0, alive), (30.0, dead), (60.0, alive), (70.0, alive)]
    assert leg(play(trunks, polls)).state is LegState.DOWN
    assert leg(play(trunks, polls)).reason == "answers OPTIONS again (1 good so far); up after the next one"
    assert leg(play(trunks, [*polls, (90.0, alive)])).state is LegState.UP
    again = Says(reg=None, contacts=("Avail 24.5",))
    assert leg(play(trunks, [*polls[:3], (70.0, again)])).state is LegState.UP


def test_a_second_restart_within_ten_minutes_gets_no_grace_and_is_critical() -> None:
    polls = [
        (0.0, GOOD),
        (60.0, Says(uptime=10)),
        (120.0, Says(uptime=10)),
        (180.0, Says(reg="Unregistered 40", contacts=("NonQual",), uptime=10)),
    ]
    snapshot = play(Trunks(auth=REG), polls)
    assert box(snapshot).severity is Severity.CRITICAL
    assert box(snapshot).reason == "restarted 3 times in 2 m 10 s: restart loop?"
    assert leg(snapshot).state is LegState.DOWN


def test_slow_answers_degrade_after_three_polls() -> None:
    slow = [(30.0 * n, Says(contacts=(f"Avail {400 + n}.0",))) for n in range(10, 13)]
    fast = [(30.0 * n, Says(contacts=(f"Avail {20 + n}.0",))) for n in range(10)]
    assert leg(play(Trunks(), [*fast, *slow[:2]])).state is LegState.UP
    assert leg(play(Trunks(), [*fast, *slow])).state is LegState.DEGRADED


def test_lost_packets_show_as_retransmission_steps() -> None:
    rtts = [2.0, 501.0, 2.1, 1502.0, 2.2, 2.3, 502.0]
    polls = [(30.0 * n, Says(contacts=(f"Avail {rtt}",))) for n, rtt in enumerate(rtts)]
    verdict = leg(play(Trunks(), polls))
    assert verdict.state is LegState.DEGRADED
    assert "packets are being lost" in verdict.reason
