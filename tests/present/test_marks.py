"""Marks in words and documents: who, until when in UTC and here, why; nothing covered is said to be an alarm."""

from __future__ import annotations

import json
from datetime import timedelta, timezone
from typing import Any

import pytest
from msgspec.structs import replace

from tests.fleets import NOW, fleet, leg, sample, sbc
from tests.marking import BOB, LEG, WALL, ack, ago, ahead, maintenance
from trunktui.model.health import LegState, SbcState, Severity
from trunktui.model.marks import End, EndCause, Kept, MarksNote, Scope, Target
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.model.text import Safe
from trunktui.present.cells import plain
from trunktui.present.document import status_document, to_json
from trunktui.present.fleet import Sort, fleet_order
from trunktui.present.head import EngineNews, count_states, news_line
from trunktui.present.marks import both, mark_facts, marks_json, marks_table
from trunktui.present.query import matches, parse_query
from trunktui.present.verdict import Code, check

EAST = timezone(timedelta(hours=5, minutes=30))
DOWN = leg("alpha@nyc-1", LegState.DOWN, Severity.MAJOR, reason=Safe("gave up"))
HUSHED = replace(DOWN, maintenance=maintenance())
KNOWN = replace(DOWN, id="beta@nyc-1", acknowledged=ack(Target(Scope.LEG, "beta@nyc-1")))
WELL = leg("gamma@nyc-1")


def news(snapshot: Snapshot) -> str:
    return plain(news_line(snapshot, NOW, EngineNews())).strip()


def test_a_time_is_told_in_utc_and_in_the_readers_zone_where_that_differs() -> None:
    assert both(WALL, lambda moment: moment.astimezone(EAST)) == "2026-11-25 22:15 UTC (03:45 +0530)"
    assert both(WALL, lambda moment: moment) == "2026-11-25 22:15 UTC"


def test_the_facts_name_who_until_when_and_what_it_was_made_for() -> None:
    window = maintenance(Target(Scope.CARRIER, "alpha"))
    facts = mark_facts(
        replace(DOWN, maintenance=window, acknowledged=ack()), lambda moment: moment.astimezone(EAST)
    )
    assert facts == (
        (
            "maintenance",
            "until 2026-11-25 23:15 UTC (04:45 +0530), by alice for carrier alpha: CHG-12 new firmware",
        ),
        (
            "acknowledged",
            "2026-11-25 22:14 UTC (03:44 +0530) by alice, when it was down (major): carrier knows, TT-4711",
        ),
    )


def test_covered_trouble_is_counted_apart_and_is_no_news() -> None:
    snapshot = fleet(HUSHED, KNOWN, WELL)
    assert count_states(snapshot, NOW) == {LegState.UP: 1}
    assert news(snapshot) == (
        "1 of 3 legs up, nothing else down, degraded or unknown  ·  1 leg in maintenance  ·  1 leg acknowledged"
    )
    assert news(fleet(HUSHED, DOWN)) == "alpha@nyc-1: gave up  ·  1 leg in maintenance"
    assert news(fleet(replace(WELL, maintenance=maintenance()))) == (
        "1 of 1 leg up, nothing down, degraded or unknown"
    )


@pytest.mark.parametrize("state", [SbcState.DOWN, SbcState.DEGRADED, SbcState.UP])
def test_an_sbc_in_maintenance_is_counted_and_no_news(state: SbcState) -> None:
    window = maintenance(Target(Scope.SBC, "nyc-1"))
    box = sbc("nyc-1", state, Severity.MAJOR, reason=Safe("disk full"), maintenance=window)
    text = news(fleet(replace(HUSHED, maintenance=window), sbcs=(box, sbc("lon-1"))))
    assert "disk full" not in text
    assert "1 SBC and 1 leg in maintenance" in text


def test_the_order_is_other_trouble_then_what_is_covered_then_what_is_well() -> None:
    suspect = leg("delta@nyc-1", LegState.SUSPECT, Severity.WARNING)
    ordered = fleet_order(fleet(WELL, HUSHED, KNOWN, suspect), NOW, query=parse_query(""), sort=Sort.TROUBLE)
    assert [one.id for one in ordered] == ["delta@nyc-1", "alpha@nyc-1", "beta@nyc-1", "gamma@nyc-1"]
    by_leg = fleet_order(fleet(WELL, HUSHED, suspect), NOW, query=parse_query(""), sort=Sort.LEG)
    assert by_leg[0].id == "alpha@nyc-1"


@pytest.mark.parametrize(
    ("text", "one", "shown"),
    [
        ("maint", HUSHED, True),
        ("maint", KNOWN, False),
        ("ack", KNOWN, True),
        ("!ack", KNOWN, False),
        ("acknowledged", HUSHED, False),
        ("down maint", HUSHED, True),
        ("black", HUSHED, False),
    ],
)
def test_marks_are_words_of_the_filter(text: str, one: LegStatus, *, shown: bool) -> None:
    assert matches(one, parse_query(text)) is shown


@pytest.mark.parametrize("per_leg", [False, True])
def test_check_names_what_is_covered_with_its_state_and_counts_it_as_ok(*, per_leg: bool) -> None:
    verdict = check(fleet(HUSHED, KNOWN, WELL), NOW, None, per_leg)
    assert verdict.code is Code.OK
    text = verdict.line.partition(" | ")[0]
    assert text == (
        "TRUNKTUI OK - 1 of 3 legs up; no alarm: alpha@nyc-1 down (gave up) (maintenance until "
        "2026-11-25 23:15 UTC); no alarm: beta@nyc-1 down (gave up) (acknowledged by alice)"
    )
    assert "down=2" in verdict.line
    assert check(fleet(HUSHED, KNOWN, WELL), NOW, None, per_leg, marks=False).code is Code.CRITICAL
    assert check(fleet(HUSHED, DOWN), NOW, None, per_leg).code is Code.CRITICAL


def test_many_that_are_covered_are_named_by_three_and_counted() -> None:
    many = [replace(HUSHED, id=f"a{number}@nyc-1") for number in range(5)]
    assert check(fleet(*many), NOW).line.count("no alarm: ") == 3
    assert "; and 2 more without an alarm |" in check(fleet(*many), NOW).line


def test_marks_of_the_document_have_every_key_and_are_null_where_not_known() -> None:
    def told(snapshot: Snapshot) -> Any:
        return json.loads(to_json(status_document(snapshot, NOW, WALL)))["legs"][0]

    known = told(replace(fleet(replace(HUSHED, acknowledged=ack())), marks=MarksNote(read=True)))
    none = told(replace(fleet(DOWN), marks=MarksNote(read=True)))
    assert (told(fleet(DOWN))["maintenance"], told(fleet(DOWN))["acknowledged"]) == (None, None)
    assert known["maintenance"] == {
        "active": True,
        "id": "m1",
        "scope": "leg",
        "name": "alpha@nyc-1",
        "from": "2026-11-25T21:15:00Z",
        "until": "2026-11-25T23:15:00Z",
        "reason": "CHG-12 new firmware",
        "who": "alice",
    }
    assert known["acknowledged"]["severity"] == "major"
    for key in ("maintenance", "acknowledged"):
        assert list(none[key]) == list(known[key])
        assert none[key]["active"] is False
        assert {value for name, value in none[key].items() if name != "active"} == {None}
    assert known["state"] == none["state"] == "down"


KEPT = (
    Kept(maintenance()),
    Kept(maintenance(id="m2", since=ahead(hours=1), until=ahead(hours=2))),
    Kept(maintenance(id="m3", until=ago(minutes=1))),
    Kept(ack(), End("a1", ago(seconds=1), EndCause.CLEARED, None, Safe("up again"))),
    Kept(ack(id="a2"), End("a2", ago(seconds=1), EndCause.ENDED, BOB)),
    Kept(ack(LEG, id="a3")),
)


def test_the_list_says_what_stands_and_why_the_others_ended() -> None:
    table = marks_table(KEPT, WALL).splitlines()
    states = [line.split()[2] for line in table]
    assert states == ["STATE", "active", "planned", "expired", "ended", "ended", "active"]
    assert "carrier knows, TT-4711 [the alarm was over: up again]" in table[4]
    assert table[5].endswith("[ended by bob]")
    assert "active (major)" in table[6]
    assert marks_table(KEPT, WALL, ascii_only=True).isascii()
    told = json.loads(marks_json(KEPT, WALL))
    assert told["schema"] == "trunktui.marks/1"
    assert [one["state"] for one in told["marks"]] == states[1:]
    assert len({tuple(one) for one in told["marks"]}) == 1
    assert told["marks"][4]["ended_by"] == "bob"


def test_the_sample_fleet_without_marks_is_shown_as_ever() -> None:
    assert "MAINT" not in news(sample())
    assert check(sample(), NOW).code is check(sample(), NOW, marks=False).code
