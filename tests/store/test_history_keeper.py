"""The thread that writes: it holds nobody up, outlives every trouble of its disk, says so, and loses nothing it wrote."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import structs

from tests.store.histories import LEG, NOON, event, known, read, sample, series, write
from tests.store.logs import NOBODY, acting_as, as_root, intent, log_in, outcome
from trunktui.model.audit import AuditRecord, RecordKind
from trunktui.model.health import LegState
from trunktui.model.history import EventKind, Findings
from trunktui.model.text import Safe
from trunktui.store import history_keeper
from trunktui.store.history_actions import AuditedActions
from trunktui.store.history_file import Batch, HistoryFile, Limits
from trunktui.store.history_keeper import HistoryKeeper
from trunktui.store.history_read import HistoryReader

DEADLINE_S = 30.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it try again soon."""
    monkeypatch.setattr(history_keeper, "RETRY_S", 0.05)
    monkeypatch.setattr(history_keeper, "_IDLE_S", 0.02)


class Heard(list[str]):
    """What the keeper told."""

    def __call__(self, trouble: Safe) -> None:
        """Take it."""
        self.append(trouble)

    @property
    def last(self) -> str:
        """The last that was told; empty: all is well."""
        return self[-1] if self else ""


def keeper_in(folder: Path, heard: Heard, wall: float = NOON, **more: object) -> HistoryKeeper:
    """Return a running keeper."""
    keeper = HistoryKeeper(folder, Limits(), time.monotonic, lambda: wall, heard, **more)  # type: ignore[arg-type]
    keeper.start()
    return keeper


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[..., tuple[HistoryKeeper, Heard]]]:
    """Start keepers that are ended afterwards."""
    started: list[HistoryKeeper] = []

    def start(folder: Path = tmp_path, wall: float = NOON, **more: object) -> tuple[HistoryKeeper, Heard]:
        heard = Heard()
        started.append(keeper_in(folder, heard, wall, **more))
        return started[-1], heard

    yield start
    assert all(keeper.close(DEADLINE_S) for keeper in started)


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def sentences(folder: Path) -> list[str]:
    """Return what is stored."""
    return [one.sentence for one in read(folder).events]


Start = Callable[..., tuple[HistoryKeeper, Heard]]


def test_events_are_written_at_once_and_polls_with_the_end_at_the_latest(
    tmp_path: Path, running: Start
) -> None:
    keeper, heard = running()
    keeper.record(event(1))
    keeper.take(Findings(samples=((LEG, sample()),), known=(known(LegState.DOWN, NOON),)))
    until(lambda: sentences(tmp_path) == ["sentence 1"], "the event was not written")
    assert series(tmp_path, NOON - 60, NOON + 60).points == ()
    assert keeper.close(DEADLINE_S)
    assert not [path for path in tmp_path.glob("*-wal") if path.stat().st_size]
    assert len(series(tmp_path, NOON - 60, NOON + 60).points) == 1
    assert heard == []


def test_handing_over_never_waits_for_the_disk(
    tmp_path: Path, running: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, writing = threading.Event(), threading.Event()
    write_now = HistoryFile.write

    def slow(self: HistoryFile, batch: Batch) -> list[int]:
        writing.set()
        assert go_on.wait(DEADLINE_S)
        return write_now(self, batch)

    monkeypatch.setattr(HistoryFile, "write", slow)
    keeper, _ = running()
    keeper.record(event(0))
    assert writing.wait(DEADLINE_S)
    for number in range(1, 100):
        keeper.record(event(number))  # would hang here
    go_on.set()
    until(lambda: len(sentences(tmp_path)) == 100, "not all was written")
    assert sentences(tmp_path) == [f"sentence {n}" for n in range(100)]


def test_what_waits_is_bounded_and_the_newest_is_kept(
    tmp_path: Path, running: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_keeper, "MOST_EVENTS", 10)
    monkeypatch.setattr(history_keeper, "MOST_SAMPLES", 20)
    with HistoryFile(tmp_path, Limits(), NOON):  # somebody else writes
        keeper = HistoryKeeper(tmp_path, Limits(), time.monotonic, lambda: NOON, Heard())
        for number in range(50):
            keeper.take(Findings((event(number),), ((LEG, sample(NOON + number)),)))
    keeper.start()
    until(lambda: len(sentences(tmp_path)) == 10, "nothing was written")
    assert keeper.close(DEADLINE_S)
    assert sentences(tmp_path) == [f"sentence {n}" for n in range(40, 50)]
    assert len(series(tmp_path, NOON - 60, NOON + 60).points) == 20


def test_a_second_engine_reads_only_says_so_and_takes_over_when_the_first_has_ended(
    tmp_path: Path, running: Start
) -> None:
    first, heard_first = running()
    first.record(event(1))
    until(lambda: sentences(tmp_path) == ["sentence 1"], "the first does not write")
    second, heard = running(known=[known(LegState.DOWN, NOON)])
    until(lambda: "another dashboard on this state folder writes it" in heard.last, "nothing was said")
    second.record(event(2))
    until(lambda: not second._events, "what the other writes was kept")
    assert sentences(tmp_path) == ["sentence 1"]
    assert first.close(DEADLINE_S)
    until(lambda: heard.last == "", "it did not take over")
    second.record(event(3))
    until(lambda: sentences(tmp_path) == ["sentence 1", "sentence 3"], "the second does not write")
    assert heard_first == []


def test_a_folder_that_is_missing_is_made_and_one_that_goes_is_made_again(
    tmp_path: Path, running: Start
) -> None:
    folder = tmp_path / "var" / "state"
    keeper, _ = running(folder, known=[known(LegState.DOWN, NOON)])
    keeper.record(event(1))
    until(lambda: folder.exists() and sentences(folder) == ["sentence 1"], "nothing was written")
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rename(tmp_path / "away")
    keeper.record(event(2))
    until(lambda: folder.exists() and sentences(folder) in (["sentence 2"], []), "nothing was begun anew")
    with HistoryReader(folder) as reader:
        until(lambda: len(reader.memory()[0].legs) == 1, "what was known is not in the new file")
    assert "sentence 1" in sentences(tmp_path / "away")


@as_root
def test_a_folder_that_may_not_be_written_is_said_and_written_once_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        heard = Heard()
        with acting_as(NOBODY, NOBODY):  # threads of this process are that user, too
            keeper = keeper_in(folder, heard)
            keeper.record(event(1))
            until(lambda: heard.last != "", "nothing was said")
            assert heard.last == f"no history: {folder}/history.db: permission denied"
            os.seteuid(0)
            os.chown(folder, NOBODY, NOBODY)
            folder.chmod(0o700)
            os.seteuid(NOBODY)
            until(lambda: heard.last == "", "it is not written")
            until(lambda: sentences(folder) == ["sentence 1"], "what waited was lost")
            assert keeper.close(DEADLINE_S)


def test_a_full_disk_is_said_and_what_waited_is_written_when_there_is_room(
    tmp_path: Path, running: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_now, full = HistoryFile.write, threading.Event()

    def write_or_not(self: HistoryFile, batch: Batch) -> list[int]:
        pages = 2 if full.is_set() else 1_000_000
        self._connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite itself says then: full
        return write_now(self, batch)

    monkeypatch.setattr(HistoryFile, "write", write_or_not)
    keeper, heard = running()
    keeper.record(event(1))
    until(lambda: sentences(tmp_path) == ["sentence 1"], "nothing was written")
    full.set()
    for number in range(2, 400):
        keeper.record(event(number))
    until(lambda: heard.last != "", "nothing was said")
    assert heard.last == f"no history: {tmp_path}/history.db: database or disk is full"
    full.clear()
    until(lambda: heard.last == "", "it is not written")
    until(lambda: len(sentences(tmp_path)) == 399, "what waited was lost")
    assert len(heard) == 2, "it was told to come and go"
    assert sentences(tmp_path) == [f"sentence {n}" for n in range(1, 400)]


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_damaged_file_is_put_aside_said_and_logged_and_what_is_known_goes_into_the_new_one(
    tmp_path: Path, running: Start, caplog: pytest.LogCaptureFixture, when: str
) -> None:
    path = tmp_path / "history.db"
    if when == "before":
        path.write_bytes(b"junk" * 5000)
        path.chmod(0o600)
    keeper, heard = running(known=[known(LegState.DOWN, NOON)])
    if when == "meanwhile":
        keeper.record(event(0))
        until(lambda: sentences(tmp_path) == ["sentence 0"], "nothing was written")
        other = sqlite3.connect(path)
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        other.close()
        with path.open("rb+") as file:
            file.seek(4096)
            file.write(b"\xff" * 200_000)
    deadline = time.monotonic() + DEADLINE_S
    number = 1
    while "was damaged" not in heard.last:
        assert time.monotonic() < deadline, heard
        keeper.record(event(number))
        number += 1
        time.sleep(0.02)
    (aside,) = [one for one in tmp_path.iterdir() if one.name.endswith("Z")]
    assert heard.last == f"the history was damaged: it is kept as {aside.name}, and a new one begun"
    assert heard.last in caplog.text
    keeper.record(event(1000))
    until(lambda: "sentence 1000" in sentences(tmp_path), "the new one is not written")
    with HistoryReader(tmp_path) as reader:
        assert reader.memory()[0].legs[0].state is LegState.DOWN


def test_a_file_of_a_later_version_is_said_and_stays_as_it_is(tmp_path: Path, running: Start) -> None:
    write(tmp_path, event(1))
    connection = sqlite3.connect(tmp_path / "history.db")
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    before = (tmp_path / "history.db").read_bytes()
    keeper, heard = running()
    keeper.record(event(2))
    until(lambda: "later trunktui (schema 9)" in heard.last, "nothing was said")
    assert keeper.close(DEADLINE_S)
    assert (tmp_path / "history.db").read_bytes() == before


def test_the_size_of_our_own_makes_room_for_what_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()
    keeper = HistoryKeeper(tmp_path, Limits(size_bytes=1_100_000), time.monotonic, lambda: NOON, heard)
    keeper.start()
    for number in range(8000):
        keeper.record(event(number))
    until(lambda: bool(sentences(tmp_path)) and sentences(tmp_path)[-1] == "sentence 7999", "not written")
    assert keeper.close(DEADLINE_S)
    assert heard == []
    assert (tmp_path / "history.db").stat().st_size <= 1_100_000


def test_actions_come_from_the_audit_log_once_each_whoever_did_them(tmp_path: Path, running: Start) -> None:
    wall = 1_637_841_700.0  # a little after the entries
    log = log_in(tmp_path)
    log.append(intent("a1", reason="ticket 4711"))
    source = AuditedActions(tmp_path, 30, lambda: wall)
    keeper, _ = running(wall=wall, outside=source)
    until(lambda: len(read(tmp_path).events) == 1, "the action was not found")
    last = log.append(outcome("a1", "failed"))
    until(lambda: len(read(tmp_path).events) == 2, "its end was not found")
    assert keeper.close(DEADLINE_S)
    again, _ = running(wall=wall, outside=AuditedActions(tmp_path, 30, lambda: wall))
    again.record(event(1, wall))
    until(lambda: len(read(tmp_path).events) >= 3, "nothing was written")
    assert again.close(DEADLINE_S)
    first, second, _ = read(tmp_path).events
    assert (first.kind, first.subject, first.after) == (EventKind.ACTION, LEG, "requested")
    assert first.sentence == "reregister asked for by alice (ticket 4711)"
    assert (second.after, second.severity.value) == ("failed", "minor")
    assert second.detail == f"audit {last.seq} {last.hash}"


def test_an_audit_log_that_was_begun_anew_is_read_from_its_start(tmp_path: Path) -> None:
    source = AuditedActions(tmp_path, 30, lambda: 1_637_841_700.0)
    assert source("") == ((), "")
    log = log_in(tmp_path)
    for number in range(3):
        log.append(intent(f"a{number}"))
    events, position = source("")
    assert len(events) == 3
    assert len(source("")[0]) == 3, "what was not written is told again"
    assert source(position) == ((), position)
    (tmp_path / "audit.jsonl").rename(tmp_path / "audit.jsonl.1")
    from tests.store.logs import Clock

    clock = Clock()
    clock.go(60)
    log_in(tmp_path, clock).append(intent("b"))
    events, position = source(position)
    assert len(events) == 1
    assert position.startswith("1 ")


def test_what_people_marked_is_an_event_of_its_own_kind(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    mark = AuditRecord(
        RecordKind.MARK,
        action="m1",
        verb="maintenance",
        leg=LEG,
        reason="carrier works",
        sentence=f"{LEG} until 04:00",
    )
    log.append(mark)
    log.append(structs.replace(mark, kind=RecordKind.UNMARK, sentence=f"{LEG} ended"))
    (began, ended), _ = AuditedActions(tmp_path, 30, lambda: 1_637_841_700.0)("")
    assert (began.kind, began.subject, began.after) == (EventKind.MARK, LEG, "maintenance")
    assert began.sentence == f"maintenance: {LEG} until 04:00, by alice (carrier works)"
    assert (ended.kind, ended.sentence) == (EventKind.MARK, f"maintenance: {LEG} ended, by alice")
