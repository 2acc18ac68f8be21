"""The rows of the audit log."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from trunktui.model.audit import AuditRecord, Entry, RecordKind, Who
from trunktui.model.route import Mechanism, Route, RouteReading, Share
from trunktui.model.switch import Move, SwitchKind
from trunktui.model.text import Safe
from trunktui.present.audit import CSV_COLUMNS, audit_csv, audit_json, audit_table, chosen, deeds

ALICE = Who(user="alice", uid=1000)
EAST = timezone(timedelta(hours=5, minutes=30))


def entry(
    kind: RecordKind, action: str = "a1", *, at: str = "2026-11-25T23:00:00.123Z", **texts: str
) -> Entry:
    """Return an entry."""
    record = msgspec.structs.replace(AuditRecord(kind, action=action, verb="reregister", leg="a@b"), **texts)
    return Entry(seq=1, at=at, who=ALICE, record=record, prev="0" * 64, hash="f" * 64)


def test_an_action_that_was_begun_before_what_is_shown_has_a_row_all_the_same() -> None:
    (row,) = deeds([entry(RecordKind.OUTCOME, ending="failed", sentence="refused by the carrier")])
    assert (row.ending, row.reason) == ("failed", "refused by the carrier")


def test_actions_that_overlap_keep_their_own_endings() -> None:
    rows = deeds(
        [
            entry(RecordKind.INTENT, "a1"),
            entry(RecordKind.INTENT, "a2"),
            entry(RecordKind.OUTCOME, "a2", ending="verified", sentence="registered in 2 s"),
            entry(RecordKind.OUTCOME, "a1", ending="unverified", sentence="no proof came"),
        ]
    )
    assert [(row.ending, row.reason) for row in rows] == [("unverified", "no proof came"), ("verified", "")]


def test_an_intent_alone_is_never_shown_as_done() -> None:
    assert [row.ending for row in deeds([entry(RecordKind.INTENT)])] == ["unfinished"]


def test_an_action_that_was_refused_after_its_intent_is_one_refused_row() -> None:
    rows = deeds(
        [entry(RecordKind.INTENT, reason="t1"), entry(RecordKind.REFUSED, sentence="the row has changed")]
    )
    assert [(row.ending, row.reason) for row in rows] == [("refused", "t1; the row has changed")]


def test_a_reason_that_stands_in_the_intent_and_in_the_end_is_told_once() -> None:
    done = [entry(RecordKind.INTENT, reason="t1"), entry(RecordKind.OUTCOME, reason="t1", ending="verified")]
    bad = [done[0], entry(RecordKind.OUTCOME, reason="t1", ending="failed", sentence="no answer")]
    assert [row.reason for row in (*deeds(done), *deeds(bad))] == ["t1", "t1; no answer"]


def test_the_local_time_stands_beside_utc_where_it_differs() -> None:
    table = audit_table(deeds([entry(RecordKind.INTENT)]), lambda moment: moment.astimezone(EAST))
    assert table.splitlines()[0].split()[:2] == ["UTC", "LOCAL"]
    assert table.splitlines()[1].startswith("2026-11-25 23:00:00  26 04:30:00 +0530  alice")


@pytest.mark.parametrize("at", ["", "yesterday", "2026-11-25T23:00:00"])
def test_a_time_that_is_none_is_shown_as_it_stands(at: str) -> None:
    table = audit_table(deeds([entry(RecordKind.INTENT, at=at)]), datetime.astimezone)
    assert table.splitlines()[1].startswith(at)


def test_the_table_is_ascii_where_it_must_be() -> None:
    assert audit_table(
        deeds([entry(RecordKind.LOCK, leg="")]), datetime.astimezone, ascii_only=True
    ).isascii()


def test_a_leg_has_the_name_of_its_trunk_for_a_selector() -> None:
    entries = [entry(RecordKind.INTENT, leg="acme@nyc-1", sbc="nyc-1"), entry(RecordKind.LOCK, leg="")]
    assert len(list(chosen(entries, "acme"))) == 1
    assert len(list(chosen(entries, "*"))) == 1
    assert len(list(chosen(entries, None))) == 2


def test_json_and_csv_hold_the_same_entries_and_every_key() -> None:
    entries = [entry(RecordKind.INTENT, reason="=cmd()"), entry(RecordKind.OUTCOME, sentence="bad ␛ é")]
    document = json.loads("".join(audit_json(entries)))
    rows = list(csv.DictReader(io.StringIO("".join(audit_csv(entries)))))
    assert len(document["entries"]) == len(rows) == 2
    assert {*document["entries"][0], *document["entries"][0]["who"]} - {"who"} == {*CSV_COLUMNS} == {*rows[0]}
    assert rows[0]["reason"] == "'=cmd()"
    assert document["entries"][1]["sentence"] == "bad ␛ é"
    assert "".join(audit_json(entries)).isascii()


def a_switch(kind: RecordKind, **texts: Any) -> Entry:
    """Return an entry of a switch of group out on SBC b, away from what is no trunk of it."""
    route = Route(Mechanism.ASTDB, "trunk/out")
    stands = RouteReading(route, 1.0, (Share(Safe("elsewhere"), weight=3, held=True),))
    move = Move(SwitchKind.SWITCH, "out", "b", route, stands, (Share(Safe("beta")),), "", "beta")
    made = entry(kind, verb="switch", leg="beta@b", sbc="b", **texts)
    return msgspec.structs.replace(made, record=msgspec.structs.replace(made.record, move=move))


def test_a_switch_is_told_with_its_group_and_found_by_it() -> None:
    moved = "out on b: as the SBC chose -> beta"
    entries = [
        a_switch(RecordKind.INTENT, sentence=moved, reason="t1"),
        a_switch(RecordKind.OUTCOME, ending="routed", sentence="no new call yet"),
        entry(RecordKind.INTENT, "a2"),
    ]
    (row,) = deeds(chosen(entries, "out"))
    assert (row.what, row.leg, row.ending) == ("switch", "beta@b", "routed")
    assert row.reason == f"t1; {moved}; no new call yet"


def test_what_a_switch_was_to_change_is_in_the_documents() -> None:
    entries = [a_switch(RecordKind.INTENT), entry(RecordKind.INTENT, "a2")]
    first, second = json.loads("".join(audit_json(entries)))["entries"]
    assert first["move"] == {
        "kind": "switch",
        "group": "out",
        "sbc": "b",
        "route": "astdb trunk/out",
        "source": None,
        "target": "beta",
        "stood": [{"value": "elsewhere", "weight": 3, "held": True}],
        "goal": [{"value": "beta", "weight": None, "held": False}],
        "undoes": None,
    }
    assert second["move"] is None
    rows = list(csv.DictReader(io.StringIO("".join(audit_csv(entries)))))
    assert [row["move"] for row in rows] == ["out on b: as the SBC chose -> beta", ""]
