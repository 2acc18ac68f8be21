"""The file of records: two writers, killed writers, full disks, strange lines; what was acknowledged is there."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.marking import ALICE, BOB, WALL, ahead
from tests.model.test_text import harmful
from tests.store.killing import run
from tests.store.test_marks import full_after
from tests.tui.fleet_samples import HOSTILE
from trunktui.model.audit import AuditRecord, Who
from trunktui.model.audit import RecordKind as Kind
from trunktui.model.finding import Record, RecordKind
from trunktui.model.recording import NOTE_LIMIT, said_of
from trunktui.model.text import Safe
from trunktui.store.audit import AuditLog
from trunktui.store.errors import AuditError
from trunktui.store.marklines import LaterVersion, Unreadable
from trunktui.store.recordlines import Undo, line_of, read_line
from trunktui.store.records import RecordBook, RecordsError
from trunktui.store.verify import verify

KILLS = 20
DAY = date(2026, 11, 20)
ROTATED, AUDITED = RecordKind.ROTATED, RecordKind.AUDITED


def audited(folder: Path) -> Callable[[Who, Record | Undo], None]:
    """Return what writes each record to the audit log of `folder`."""

    def audit(who: Who, said: Record | Undo) -> None:
        record = said if isinstance(said, Record) else said.record
        kind = Kind.RECORD if said is record else Kind.UNRECORD
        log = AuditLog(folder, who, lambda: datetime.now(UTC))
        log.append(AuditRecord(kind, verb=record.kind.value, leg=record.subject, sentence=said_of(record)))

    return audit


def days(folder: Path) -> list[tuple[str, str]]:
    return [(one.subject, one.day.isoformat()) for one in RecordBook(folder).read().standing]


def record(folder: Path, subject: str = "acme", day: date = DAY, who: Who = ALICE) -> Record:
    return RecordBook(folder).add(ROTATED, subject, day, who, WALL)


def lines(folder: Path) -> list[bytes]:
    return (folder / "records.jsonl").read_bytes().splitlines()


def test_a_record_is_kept_with_who_when_and_for_which_day_and_the_last_said_counts(tmp_path: Path) -> None:
    book = RecordBook(tmp_path)
    first = book.add(ROTATED, "acme", DAY, ALICE, WALL, "CHG-12")
    assert (first.who, first.at, first.note) == ("alice", WALL.timestamp(), "CHG-12")
    later = book.add(ROTATED, "acme", DAY + timedelta(days=1), BOB, ahead(minutes=1))
    other = book.add(AUDITED, "acme", DAY, ALICE, WALL)
    found = RecordBook(tmp_path).read()
    assert found.standing == (first, later, other)
    assert found.latest(ROTATED, "acme") == later
    assert found.latest(AUDITED, "acme") == other
    assert found.latest(AUDITED, "zeta") is None


def test_a_mistake_is_taken_back_by_another_line_and_what_was_said_before_counts_again(
    tmp_path: Path,
) -> None:
    book = RecordBook(tmp_path)
    first, wrong = record(tmp_path), record(tmp_path, day=DAY + timedelta(days=3))
    before = (tmp_path / "records.jsonl").read_bytes()
    assert book.take_back(ROTATED, "acme", BOB, WALL) == (wrong, first)
    assert book.read().standing == (first,)
    assert (tmp_path / "records.jsonl").read_bytes().startswith(before)
    assert book.take_back(ROTATED, "acme", BOB, WALL) == (first, None)
    with pytest.raises(
        RecordsError, match="nothing was taken back: no record says that the credential of trunk acme was"
    ):
        book.take_back(ROTATED, "acme", BOB, WALL)
    assert len(lines(tmp_path)) == 4


def test_of_two_alike_only_one_is_taken_back(tmp_path: Path) -> None:
    book = RecordBook(tmp_path)
    one, same = record(tmp_path), record(tmp_path)
    assert one == same
    assert book.take_back(ROTATED, "acme", BOB, WALL) == (one, one)
    assert book.read().standing == (one,)


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (date(2026, 11, 26), r"2026-11-26 is still to come \(today is 2026-11-25, UTC\)"),
        (date(1999, 12, 31), "1999-12-31 is before 2000-01-01"),
    ],
)
def test_a_day_that_cannot_be_is_refused_and_leaves_no_line(tmp_path: Path, day: date, says: str) -> None:
    with pytest.raises(RecordsError, match=f"nothing was recorded: {says}"):
        record(tmp_path, day=day)
    with pytest.raises(RecordsError, match="names nothing"):
        record(tmp_path, subject="  ")
    assert not (tmp_path / "records.jsonl").exists()


def test_a_line_by_hand_of_a_day_to_come_counts_for_nothing(tmp_path: Path) -> None:
    record(tmp_path)
    line = lines(tmp_path)[0].replace(b'"2026-11-20"', b'"2036-11-20"')
    (tmp_path / "records.jsonl").write_bytes(line + b"\n")
    found = RecordBook(tmp_path).read()
    assert found.standing == ()
    assert "line 1 counts for nothing" in found.note.notice


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_kept_clean_and_short_and_read_clean_whoever_wrote_them(
    tmp_path: Path, text: str
) -> None:
    kept = RecordBook(tmp_path).add(ROTATED, f"x{text}", DAY, ALICE, WALL, f"x{text * 40}")
    assert not harmful(kept.subject + kept.note)
    assert len(kept.note) <= NOTE_LIMIT
    written = json.loads(lines(tmp_path)[0])
    written["record"] |= dict.fromkeys(("subject", "who", "note"), text.encode("utf-8", "replace").decode())
    (tmp_path / "records.jsonl").write_text(json.dumps(written) + "\n")
    for one in RecordBook(tmp_path).read().standing:
        assert not harmful(one.subject + one.who + one.note)


def test_a_password_in_a_note_is_not_kept(tmp_path: Path) -> None:
    RecordBook(tmp_path).add(ROTATED, "acme", DAY, ALICE, WALL, "new password=hunter2")
    assert b"hunter2" not in lines(tmp_path)[0]


def test_two_who_write_at_once_both_have_it_kept_and_audited(tmp_path: Path) -> None:
    def write(who: str) -> None:
        for number in range(15):
            RecordBook(tmp_path, audited(tmp_path)).add(ROTATED, f"{who}{number}", DAY, ALICE, WALL)

    writers = [threading.Thread(target=write, args=(who,)) for who in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    names = sorted(f"{who}{number}" for who in "ab" for number in range(15))
    assert sorted(name for name, _ in days(tmp_path)) == names
    log = AuditLog(tmp_path, ALICE, lambda: datetime.now(UTC))
    assert sorted(entry.record.leg for entry in log.read()) == names
    assert verify(log.path).whole


def test_20_killed_writers_two_at_a_time_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    said = run("records_killing", tmp_path, KILLS)
    found = RecordBook(tmp_path).read()
    there = {one.subject for one in found.standing}
    assert set(said["said"]) - set(said["asked"]) <= there
    assert not there & set(said["undone"])
    assert len(said["said"]) >= KILLS // 2
    assert found.note.notice == ""
    log = AuditLog(tmp_path, ALICE, lambda: datetime.now(UTC))
    record(tmp_path, "after")
    log.append(AuditRecord(Kind.LOCK))
    assert verify(log.path).whole
    entries = [entry.record for entry in log.read()]
    assert set(said["said"]) <= {one.leg for one in entries if one.kind is Kind.RECORD}
    assert set(said["undone"]) <= {one.leg for one in entries if one.kind is Kind.UNRECORD}
    assert {one.subject for one in RecordBook(tmp_path).read().standing} == {*there, "after"}


@pytest.mark.parametrize("share", range(0, 100, 10))
def test_a_disk_that_fills_up_anywhere_refuses_in_one_line_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: int
) -> None:
    record(tmp_path)
    before = (tmp_path / "records.jsonl").read_bytes()
    freed = full_after(monkeypatch, len(before) * share // 100)
    with pytest.raises(RecordsError) as caught:
        record(tmp_path, "beta")
    assert str(caught.value) == (
        f"nothing was recorded: {tmp_path}/records.jsonl: no space left on device; make room and try again"
    )
    assert (tmp_path / "records.jsonl").read_bytes() == before
    with pytest.raises(RecordsError, match="no space left on device"):
        RecordBook(tmp_path).take_back(ROTATED, "acme", BOB, WALL)
    freed()
    record(tmp_path, "gamma")
    assert days(tmp_path) == [("acme", "2026-11-20"), ("gamma", "2026-11-20")]


def test_what_cannot_be_audited_is_not_recorded(tmp_path: Path) -> None:
    def refuse(who: Who, said: Record | Undo) -> None:
        raise AuditError("/x/audit.jsonl: no space left on device")

    record(tmp_path)
    before = lines(tmp_path)
    book = RecordBook(tmp_path, refuse)
    for act in (
        lambda: book.add(ROTATED, "beta", DAY, ALICE, WALL),
        lambda: book.take_back(ROTATED, "acme", ALICE, WALL),
    ):
        with pytest.raises(RecordsError) as caught:
            act()
        assert str(caught.value) == (
            "nothing was recorded, for it cannot be audited: /x/audit.jsonl: no space left on device"
        )
    assert lines(tmp_path) == before


def test_a_record_that_did_not_reach_the_disk_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path)

    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr("trunktui.store.ledger.os.fsync", failing)
        with pytest.raises(RecordsError, match="input/output error"):
            record(tmp_path, "beta")
    assert days(tmp_path) == [("acme", "2026-11-20")]


def test_what_a_killed_writer_left_is_fenced_and_a_corrupt_line_is_told(tmp_path: Path) -> None:
    record(tmp_path)
    whole = lines(tmp_path)[0]
    for number, cut in enumerate((3, 9, 40, len(whole) - 1)):
        with (tmp_path / "records.jsonl").open("ab") as file:
            file.write(whole.replace(b'"acme"', b'"torn"')[:cut])
        record(tmp_path, f"c{number}")
        assert RecordBook(tmp_path).read().note.notice == ""
    assert [name for name, _ in days(tmp_path)] == ["acme", "c0", "c1", "c2", "c3"]
    with (tmp_path / "records.jsonl").open("ab") as file:
        file.write(b'{"v":1,"record":{"kind":"rotated"}}\n\xff\xfe\n[1]\n')
    record(tmp_path, "after")
    found = RecordBook(tmp_path).read()
    assert found.standing[-1].subject == "after"
    assert "and 2 more count for nothing, not readable; the others hold" in found.note.notice


def test_a_file_of_a_later_version_is_not_touched_and_told(tmp_path: Path) -> None:
    record(tmp_path)
    with (tmp_path / "records.jsonl").open("ab") as file:
        file.write(b'{"v":2,"revoked":{}}\n')
    before = (tmp_path / "records.jsonl").read_bytes()
    found = RecordBook(tmp_path).read()
    assert (found.standing, found.note.read) == ((), False)
    assert "line 2 was written by a later trunktui (form 2); update this one" in found.note.notice
    for act in (
        lambda: record(tmp_path, "beta"),
        lambda: RecordBook(tmp_path).take_back(ROTATED, "acme", BOB, WALL),
    ):
        with pytest.raises(RecordsError, match="later trunktui"):
            act()
    assert (tmp_path / "records.jsonl").read_bytes() == before


@pytest.mark.parametrize(("mode", "expected"), [(0o700, 0o600), (0o2770, 0o660)])
def test_the_file_is_its_owners_unless_the_folder_is_shared(tmp_path: Path, mode: int, expected: int) -> None:
    tmp_path.chmod(mode)
    record(tmp_path)
    assert stat.S_IMODE((tmp_path / "records.jsonl").stat().st_mode) == expected


def test_without_a_folder_there_are_no_records_and_none_can_be_made(tmp_path: Path) -> None:
    book = RecordBook(tmp_path / "nowhere")
    assert (book.read().standing, book.read().note.read, book.stamp()) == ((), True, None)
    with pytest.raises(RecordsError, match=r"the state folder .*/nowhere is not there; make it"):
        record(tmp_path / "nowhere")


def test_a_file_that_everybody_may_write_to_or_a_link_is_not_believed(tmp_path: Path) -> None:
    record(tmp_path)
    path = tmp_path / "records.jsonl"
    path.chmod(0o666)
    found = RecordBook(tmp_path).read()
    assert (found.standing, found.note.read) == ((), False)
    assert "may be written by everybody; cure: chmod o-w" in found.note.notice
    with pytest.raises(RecordsError, match="is open to others"):
        record(tmp_path, "beta")
    path.unlink()
    (tmp_path / "other").write_text("precious")
    path.symlink_to(tmp_path / "other")
    assert "symbolic link" in RecordBook(tmp_path).read().note.notice
    with pytest.raises(RecordsError, match="symbolic link"):
        record(tmp_path)
    assert (tmp_path / "other").read_text() == "precious"


@given(st.binary(max_size=200))
def test_no_bytes_are_a_record_unless_they_say_so(data: bytes) -> None:
    assert isinstance(read_line(data), Unreadable | LaterVersion)


SAID = Record(ROTATED, "acme", DAY, Safe("alice"), WALL.timestamp(), Safe("CHG-12"))


@given(
    st.sampled_from([line_of(SAID), line_of(Undo(SAID, "bob", WALL.timestamp() + 1))]),
    st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_a_line_that_was_tampered_with_is_read_harmlessly_or_not_at_all(
    line: bytes, edits: list[tuple[int, bytes]]
) -> None:
    for place, new in edits:
        line = line[:place] + new + line[place + len(new) :]
    said = read_line(line)
    record = said.record if isinstance(said, Undo) else said
    if isinstance(record, Record):
        assert not harmful(record.subject + record.who + record.note)
        assert date(2000, 1, 1) <= record.day <= datetime.fromtimestamp(record.at, UTC).date()
