"""A verdict is told where legs were told singly: on the line of news, by `check`, in documents, on a leg's page."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from tests.fleets import NOW, leg, sbc, unknown_leg, unreachable_sbc
from tests.marking import ack
from tests.outages import SBCS, judged, outage, silent
from tests.tui.acting_samples import plan_of
from trunktui.model.action import Prepared, Verb
from trunktui.model.health import LegState, Severity
from trunktui.model.link import LinkStatus, SshState
from trunktui.model.marks import Scope, Target
from trunktui.model.snapshot import GroupStatus, LegStatus, Snapshot
from trunktui.model.text import Safe
from trunktui.present.cells import plain
from trunktui.present.columns import ColumnKey
from trunktui.present.confirm import confirm_lines
from trunktui.present.detail import page_lines
from trunktui.present.document import status_document, to_json
from trunktui.present.fleet import row_of
from trunktui.present.head import EngineNews, count_states, news_line
from trunktui.present.marks import MarkWord
from trunktui.present.parents import in_force, parents, verdict_facts
from trunktui.present.table import status_table
from trunktui.present.verdict import Code, check

WHOLE = outage(leg("model@nyc-1"), Snapshot(1, NOW, tuple(sbc(name) for name in SBCS)))
BRAVO = (
    "Carrier bravo fails from 4 of 4 SBCs, 3 other carriers fine: carrier outage. "
    "Secondary alpha-us has 118 free of 200: wait"
)
ALPHA = "Carrier alpha is fine from lon-1, nyc-1 and nyc-2: local to lon-2 (its address, credential or route)"


def news(snapshot: Snapshot, now: float = NOW) -> str:
    return plain(news_line(snapshot, now, EngineNews())).strip()


def only(carrier: str) -> Snapshot:
    """Return the fleet in which nothing is wrong but with one carrier."""
    legs = tuple(
        one
        if one.carrier == carrier
        else replace(one, state=LegState.UP, severity=Severity.NONE, fault=None, bad_since=None)
        for one in WHOLE.legs
    )
    return judged(replace(WHOLE, legs=legs))


def test_the_line_of_news_tells_verdicts_first_and_their_legs_no_more() -> None:
    text = news(WHOLE)
    assert text.startswith(BRAVO)
    assert "Carrier charlie answers but refuses account charlie-voice-eu" in text
    assert ALPHA in text
    assert "@" not in text


def test_a_leg_that_no_verdict_explains_is_told_beside_them() -> None:
    other = leg("delta-us@nyc-1", LegState.DEGRADED, Severity.MINOR, carrier="delta", reason=Safe("slow"))
    text = news(replace(WHOLE, legs=(*WHOLE.legs, other)))
    assert text.endswith("delta-us@nyc-1: slow")


def test_the_counts_go_on_saying_what_state_every_leg_has() -> None:
    assert count_states(WHOLE, NOW) == {LegState.DOWN: 13, LegState.UP: 19}


def test_a_verdict_is_not_told_once_all_its_legs_are_past_their_time() -> None:
    assert in_force(WHOLE, NOW + 10)
    assert in_force(WHOLE, NOW + 1000) == ()
    assert "carrier outage" not in news(WHOLE, NOW + 1000)


def test_a_verdict_on_nothing_but_acknowledged_legs_raises_no_alarm() -> None:
    legs = tuple(
        replace(one, acknowledged=ack(Target(Scope.LEG, one.id))) if one.carrier == "bravo" else one
        for one in WHOLE.legs
    )
    known = replace(WHOLE, legs=legs)
    assert "bravo fails" not in news(known)
    assert "8 legs acknowledged" in news(known)
    line = check(known, NOW).line
    assert f"no alarm: {BRAVO} (every leg of it is in maintenance or acknowledged)" in line


def test_that_nothing_can_be_told_leaves_a_leg_its_own_alarm() -> None:
    one = silent(leg("alpha-us@nyc-1"), NOW - 300, "3 OPTIONS unanswered")
    alone = judged(Snapshot(1, NOW, (sbc("nyc-1"),), (one, leg("beta-us@nyc-1", carrier="beta"))))
    assert [str(verdict.kind) for verdict in alone.verdicts] == ["insufficient"]
    assert news(alone) == "alpha-us@nyc-1: 3 OPTIONS unanswered"
    assert parents(in_force(alone, NOW)) == {}
    assert verdict_facts(alone, one, NOW)[0][0] == "whose fault"
    assert verdict_facts(alone, one, NOW)[0][1].text == "one vantage point: cannot tell carrier from local"


def test_a_dead_jump_host_is_one_sentence_and_no_carriers_fault() -> None:
    legs = tuple(unknown_leg(one.id, carrier=one.carrier) for one in WHOLE.legs)
    link = LinkStatus(SshState.UNREACHABLE, Safe("no route"))
    boxes = tuple(replace(unreachable_sbc(name), link=link) for name in SBCS)
    lost = judged(replace(WHOLE, legs=legs, sbcs=boxes))
    text = news(lost)
    assert text.startswith("no news of 32 of 32 legs, 4 of 4 SBCs not reached: look at this host's own way")
    assert "nyc-1" not in text
    assert "arrier bravo" not in text
    assert {one["verdict"] for one in document(lost)["carriers"]} == {None}


def document(snapshot: Snapshot) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        to_json(status_document(snapshot, NOW, datetime(2026, 11, 25, 12, tzinfo=UTC)))
    )
    return loaded


def test_the_document_names_the_verdict_on_every_carrier_and_all_of_them() -> None:
    told = document(WHOLE)
    carriers = [{key: one[key] for key in ("name", "verdict", "reason")} for one in told["carriers"]]
    assert carriers == [
        {"name": "alpha", "verdict": "local_leg", "reason": ALPHA},
        {"name": "bravo", "verdict": "carrier_outage", "reason": BRAVO},
        {
            "name": "charlie",
            "verdict": "account",
            "reason": "Carrier charlie answers but refuses account charlie-voice-eu from 4 of 4 SBCs (403): suspended or changed",
        },
        {"name": "delta", "verdict": None, "reason": None},
    ]
    assert [(one["kind"], one["subject"], len(one["legs"])) for one in told["verdicts"]] == [
        ("carrier_outage", "bravo", 8),
        ("account", "charlie-voice-eu", 4),
        ("local_leg", "alpha-us@lon-2", 1),
    ]
    assert told["verdicts"][0]["since"] == "2026-11-25T11:56:40Z"


def test_check_counts_what_legs_have_in_common_once() -> None:
    verdict = check(only("bravo"), NOW)
    assert verdict.code is Code.CRITICAL
    told = verdict.line.partition(" | ")[0]
    assert told == "TRUNKTUI CRITICAL - 24 of 32 legs up; " + BRAVO.replace(
        ". Secondary alpha-us has 118 free of 200: wait", ": wait"
    )


@pytest.mark.parametrize(
    ("severity", "code"), [(Severity.MINOR, Code.WARNING), (Severity.CRITICAL, Code.CRITICAL)]
)
def test_a_local_leg_weighs_by_whether_its_group_still_has_a_path(severity: Severity, code: Code) -> None:
    group = GroupStatus("outbound", LegState.DEGRADED, severity, Safe("why"))
    assert check(replace(only("alpha"), groups=(group,)), NOW).code is code


def test_with_a_selector_a_verdict_counts_where_all_its_legs_are_selected() -> None:
    assert ALPHA in check(WHOLE, NOW, "alpha-us@lon-2").line
    part = check(WHOLE, NOW, "bravo-us@*").line
    assert "bravo-us@nyc-1 down" in part
    assert "carrier outage" not in part


def test_per_leg_counts_legs_and_no_verdict() -> None:
    line = check(only("bravo"), NOW, per_leg=True).line
    assert "carrier outage" not in line
    assert "bravo-us@nyc-1 down" in line


def test_rows_and_the_plain_table_mark_what_a_verdict_explains() -> None:
    one = next(one for one in WHOLE.legs if one.id == "bravo-us@nyc-1")
    assert row_of(one, NOW, part=True).mark is MarkWord.PART
    known = replace(one, acknowledged=ack(Target(Scope.LEG, one.id)))
    assert row_of(known, NOW, part=True).mark is MarkWord.ACK
    lines = status_table(WHOLE, NOW).splitlines()
    assert BRAVO in lines[:3]
    marked = [line for line in lines if "DOWN PART" in line]
    assert len(marked) == 13
    assert row_of(one, NOW).cell(ColumnKey.STATE).text == "✖ DOWN"


def test_the_page_of_a_leg_says_what_it_is_part_of() -> None:
    one = next(one for one in WHOLE.legs if one.id == "bravo-us@nyc-1")
    parts = verdict_facts(WHOLE, one, NOW)
    lines = [plain(line) for line in page_lines(one, None, NOW, (), 160, parts=parts)]
    assert any(line.strip().startswith("part of") and "carrier outage" in line for line in lines)
    fine: LegStatus = WHOLE.legs[0]
    assert verdict_facts(WHOLE, fine, NOW) == ()


def test_confirming_a_reregister_during_an_outage_says_that_it_is_no_use() -> None:
    one = next(one for one in WHOLE.legs if one.id == "bravo-us@nyc-1")
    asked = Prepared("1", Verb.REREGISTER, one.id, (), one, plan_of(one), ("asterisk -rx x",), ())
    text = "\n".join(plain(line) for line in confirm_lines(asked, WHOLE, "", 160))
    assert "No use" in text
    assert "To register again does not help while it lasts" in " ".join(text.split())
    other = WHOLE.legs[0]
    assert "No use" not in "\n".join(
        plain(line) for line in confirm_lines(replace(asked, leg_id=other.id), WHOLE, "", 160)
    )
