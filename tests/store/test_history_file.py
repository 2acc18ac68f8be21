"""The history's file: what is written is read back, in order, by others beside the writer, whatever the clock does."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.model.test_text import harmful
from tests.store.histories import LEG, NOON, event, known, read, sample, series, write
from tests.store.logs import NOBODY, acting_as, as_root
from tests.tui.fleet_samples import PAYLOADS
from trunktui.model.health import LegState
from trunktui.model.history import EventKind
from trunktui.store import history_schema
from trunktui.store.history_file import Batch, HistoryFile, Limits
from trunktui.store.history_place import FILE_NAME, PlaceError, TakenError
from trunktui.store.history_read import HistoryReader


def test_what_is_written_is_read_back_whole_and_in_order(tmp_path: Path) -> None:
    events = [event(number, NOON + number) for number in range(3)]
    numbers = write(tmp_path, *events)
    found = read(tmp_path)
    assert [replace(one, seq=0) for one in found.events] == events
    assert [one.seq for one in found.events] == numbers == [1, 2, 3]
    assert found.whole
    assert found.why == ""


def test_a_clock_that_steps_back_changes_no_order_and_no_number_comes_twice(tmp_path: Path) -> None:
    steps = [0.0, 10.0, -7200.0, -7100.0, 20.0]
    for number, step in enumerate(steps):  # each in a run of its own
        write(
            tmp_path,
            event(number, NOON + step),
            samples=[(LEG, sample(NOON + step, rtt_ms=float(number)))],
        )
    assert [one.sentence for one in read(tmp_path).events] == [f"sentence {n}" for n in range(5)]
    points = series(tmp_path, NOON - 86400, NOON + 86400).points
    assert [point.at for point in points] == sorted(NOON + step for step in steps)
    with HistoryFile(tmp_path, Limits(), NOON) as file:
        file._connection.execute("DELETE FROM event")
    assert write(tmp_path, event(9)) == [6]


def test_a_missing_poll_is_a_gap_and_neither_zero_nor_the_value_before(tmp_path: Path) -> None:
    times = [NOON, NOON + 30, NOON + 120, NOON + 150]
    write(tmp_path, samples=[(LEG, sample(at)) for at in times])
    found = series(tmp_path, NOON, NOON + 180)
    assert [(point.at - NOON, point.until - NOON) for point in found.points] == [
        (0, 30), (30, 75), (120, 150), (150, 195),
    ]  # fmt: skip
    columns = found.columns(6)
    assert [column is None for column in columns] == [False, False, False, True, False, False]


def test_what_is_not_known_is_none_and_not_zero(tmp_path: Path) -> None:
    write(
        tmp_path,
        samples=[(LEG, replace(sample(rtt_ms=None), channels=None)), (LEG, sample(NOON + 30, rtt_ms=0.0))],
    )
    first, second = series(tmp_path, NOON, NOON + 60).points
    assert (first.rtt_ms, first.channels, first.cps) == (None, None, None)
    assert second.rtt_ms is not None
    assert second.rtt_ms.mean == 0.0


def test_what_was_last_known_outlives_the_writer(tmp_path: Path) -> None:
    write(
        tmp_path,
        samples=[(LEG, sample(NOON, state=LegState.SUSPECT)), ("other@nyc-1", sample(NOON + 30))],
        knowing=[known(LegState.DOWN, NOON - 3600), known(LegState.UP, None, "other@nyc-1")],
    )
    with HistoryReader(tmp_path) as reader:
        memory, why = reader.memory()
    assert why == ""
    assert memory.seen == NOON + 30
    one, other = sorted(memory.legs, key=lambda leg: leg.leg)
    assert (one.state, one.since) == (LegState.DOWN, NOON - 3600)
    assert one.last == sample(NOON, state=LegState.SUSPECT)
    assert (other.state, other.since) == (LegState.UP, None)


def test_a_second_process_may_not_write_and_can_read_meanwhile(tmp_path: Path) -> None:
    with HistoryFile(tmp_path, Limits(), NOON) as file:
        file.write(Batch(events=[event(1)]))
        with pytest.raises(TakenError, match="another dashboard"), HistoryFile(tmp_path, Limits(), NOON):
            pass
        assert len(read(tmp_path).events) == 1
    assert write(tmp_path, event(2)) == [2]


def test_a_reader_that_stays_open_neither_blocks_the_writer_nor_lets_the_log_grow(tmp_path: Path) -> None:
    wal = tmp_path / "history.db-wal"
    longest = 0
    with HistoryFile(tmp_path, Limits(), NOON) as file, HistoryReader(tmp_path) as reader:
        for number in range(60):
            file.write(Batch(events=[replace(event(n), sentence=event(n).sentence * 20) for n in range(600)]))
            file.tidy(NOON)
            assert len(reader.events(0, most=10).events) == 10
            longest = max(longest, wal.stat().st_size)
            assert number < 60
        written = (tmp_path / "history.db").stat().st_size
    assert written > 10_000_000
    assert longest < 9_500_000


def test_a_reader_gives_a_question_up_that_takes_too_long(tmp_path: Path) -> None:
    write(tmp_path, *(event(n) for n in range(5000)))
    with HistoryReader(tmp_path, patience_s=-1.0) as reader:
        assert reader.events(0).why.endswith("interrupted")


def test_files_are_the_owners_alone_and_the_groups_in_a_shared_folder(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        for mode, expected in ((0o700, 0o600), (0o2770, 0o660)):
            folder = tmp_path / f"{mode:o}"
            folder.mkdir()
            folder.chmod(mode)
            with HistoryFile(folder, Limits(), NOON) as file:
                file.write(Batch(events=[event()]))
                modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
            assert modes == dict.fromkeys(
                ("history.db", "history.db-shm", "history.db-wal", "history.lock"), expected
            )
    finally:
        os.umask(before)


@as_root
def test_operators_of_one_group_take_turns_at_writing_and_read_each_other(tmp_path: Path) -> None:
    group, alice, bob = 60001, 60002, 60003
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chown(folder, 0, group)
        folder.chmod(0o2770)
        with acting_as(alice, group):
            write(folder, event(1))
            with HistoryFile(folder, Limits(), NOON) as file:
                file.write(Batch(events=[event(2)]))
                os.seteuid(0)
                with acting_as(bob, group):
                    assert len(read(folder).events) == 2
                    with pytest.raises(TakenError), HistoryFile(folder, Limits(), NOON):
                        pass
                os.setegid(group)
                os.seteuid(alice)
        with acting_as(bob, group):
            assert write(folder, event(3)) == [3]
        with acting_as(NOBODY, NOBODY):
            assert "permission denied" in read(folder).why


@pytest.mark.parametrize("mode", [0o602, 0o604, 0o620, 0o666])
def test_a_file_that_others_get_at_is_refused_with_the_cure(tmp_path: Path, mode: int) -> None:
    write(tmp_path, event())
    (tmp_path / "history.db").chmod(mode)
    with pytest.raises(PlaceError, match="chmod 600"):
        write(tmp_path, event())


def test_a_link_or_a_pipe_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "history.db").symlink_to(tmp_path / "target")
    with pytest.raises(PlaceError, match="symbolic link"):
        write(tmp_path, event())
    (tmp_path / "history.db").unlink()
    os.mkfifo(tmp_path / "history.db", 0o600)
    with pytest.raises(PlaceError, match="no plain file"):
        write(tmp_path, event())


def first_version(folder: Path) -> None:
    """Make a file as version 1 of the schema had it, with one event and one poll in it."""
    connection = sqlite3.connect(folder / "history.db")
    connection.executescript(history_schema.MIGRATIONS[0])
    connection.execute(
        "INSERT INTO event VALUES (41, ?, 'leg', ?, 'up', 'down', 'major', 'old')", (NOON, LEG)
    )
    connection.execute("INSERT INTO known VALUES ('leg', ?, 'down', ?)", (LEG, NOON))
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    (folder / "history.db").chmod(0o600)


def test_a_file_of_version_1_is_read_as_it_is_and_becomes_one_of_this_when_written(tmp_path: Path) -> None:
    first_version(tmp_path)
    (old,) = read(tmp_path).events
    assert (old.seq, old.sentence, old.detail) == (41, "old", "")
    assert write(tmp_path, event(1)) == [42]
    assert [one.detail for one in read(tmp_path).events] == ["", "detail 1"]
    with HistoryReader(tmp_path) as reader:
        assert reader.memory()[0].legs[0].state is LegState.DOWN


def test_a_migration_that_fails_half_way_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_version(tmp_path)
    first, second = history_schema.MIGRATIONS
    with monkeypatch.context() as patched:
        patched.setattr(history_schema, "MIGRATIONS", (first, f"{second}DROP TABLE nowhere;"))
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            write(tmp_path, event(1))
    assert [one.sentence for one in read(tmp_path).events] == ["old"]
    assert write(tmp_path, event(1)) == [42]


def test_a_file_of_a_later_version_is_not_touched_and_it_is_said(tmp_path: Path) -> None:
    write(tmp_path, event(1))
    connection = sqlite3.connect(tmp_path / "history.db")
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    before = (tmp_path / "history.db").read_bytes()
    with pytest.raises(PlaceError, match="later trunktui"):
        write(tmp_path, event(2))
    assert "later trunktui" in read(tmp_path).why
    assert (tmp_path / "history.db").read_bytes() == before
    assert not list(tmp_path.glob("*broken*"))


@pytest.mark.parametrize("damage", ["junk", "torn", "another"])
def test_a_damaged_file_is_put_aside_and_a_new_one_begun(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "history.db"
    write(tmp_path, *(event(n) for n in range(3000)))
    whole = path.read_bytes()
    if damage == "junk":
        path.write_bytes(b"junk" * 5000)
    elif damage == "torn":
        path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    else:
        path.unlink()
        other = sqlite3.connect(path)
        other.execute("CREATE TABLE theirs (x)")
        other.commit()
        other.close()
        path.chmod(0o600)
    broken = path.read_bytes()
    with HistoryFile(tmp_path, Limits(), NOON, suspect=True) as file:
        file.write(Batch(events=[event(1)]))
        assert file.aside == "history.db.broken-20251125T120000Z"
    assert (tmp_path / file.aside).read_bytes() == broken
    assert [one.sentence for one in read(tmp_path).events] == ["sentence 1"]


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_hostile_text_in_the_file_is_cleaned_again(tmp_path: Path, payload: str) -> None:
    write(tmp_path, event(1))
    raw = payload.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    connection = sqlite3.connect(tmp_path / "history.db")
    connection.execute(
        "UPDATE event SET subject = ?, sentence = ?, before = ?, after = ?, detail = ?, kind = ?, severity = ?",
        (raw,) * 7,
    )
    connection.execute("INSERT INTO known VALUES ('leg', ?, 'down', 'soon')", (raw,))
    connection.commit()
    connection.close()
    (found,) = read(tmp_path).events
    assert found.kind is EventKind.OTHER
    with HistoryReader(tmp_path) as reader:
        leg = reader.memory()[0].legs[0]
    assert leg.since is None
    assert not harmful(f"{found.subject}{found.sentence}{found.before}{found.after}{found.detail}{leg.leg}")


@pytest.mark.parametrize("value", ["'text'", "5", "NULL", "x'00'"])
@pytest.mark.parametrize(
    "column", ["polls SET data", "leg SET slot", "leg SET shelf", "known SET since", "event SET at"]
)
def test_what_is_of_another_type_than_it_should_be_is_left_out_by_readers_and_stops_no_writer(
    tmp_path: Path, column: str, value: str
) -> None:
    write(tmp_path, event(), samples=[(LEG, sample())], knowing=[known(LegState.UP, NOON)])
    with (
        closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection,
        contextlib.suppress(sqlite3.IntegrityError),
    ):
        connection.execute(f"UPDATE {column} = {value}")
        connection.commit()
    with HistoryReader(tmp_path) as reader:
        memory, why = reader.memory()
        assert ([one.leg for one in memory.legs], why) == ([LEG], "")
        assert reader.series(LEG, NOON - 10, NOON + 10).why == ""
        assert reader.events(0.0).why == ""
    with HistoryFile(tmp_path, Limits(), NOON) as file:
        file.write(Batch(samples=[(LEG, sample(NOON + 7200)), ("new@nyc-1", sample(NOON + 7200))]))
        steps = sum(file.tidy(NOON + 20 * 86400) for _ in range(50))
    assert steps < 50, "it comes to an end"


def test_no_history_is_one_line_with_the_place_and_the_way_out(tmp_path: Path) -> None:
    assert read(tmp_path / "nowhere").why == (
        f"no history yet: {tmp_path}/nowhere/history.db is not there; the dashboard writes it"
    )
    (tmp_path / "history.db").write_bytes(b"junk" * 5000)
    assert read(tmp_path).why.endswith("file is not a database")
    assert not list(tmp_path.glob("*-wal"))


READER = """
import sys
from pathlib import Path
from trunktui.store.history_read import HistoryReader

reader, last, asked = HistoryReader(Path(sys.argv[1])), 0, 0
while last < int(sys.argv[2]):
    found = reader.events_or_raise(0.0, most=3)
    reader.series("acme@nyc-1", 0.0, 4e9)
    numbers = [one.seq for one in found.events]
    assert numbers == sorted(numbers) and (not numbers or numbers[-1] >= last), (numbers, last)
    last, asked = max([last, *numbers]), asked + 1
print(asked)
"""


def test_readers_in_other_processes_see_what_is_written_and_nobody_waits_for_anybody(tmp_path: Path) -> None:
    count = 300
    write(tmp_path, event(0))
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(tmp_path), str(count)],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    with HistoryFile(tmp_path, Limits(), NOON) as file:
        for number in range(1, count):
            file.write(Batch(events=[event(number)], samples=[(LEG, sample(NOON + 30 * number))]))
            file.tidy(NOON)
        for reader in readers:
            out, err = reader.communicate(timeout=60)
            assert reader.returncode == 0, err
            assert int(out) >= 1


@as_root
def test_a_history_in_a_folder_that_may_not_be_written_can_be_read_once_nobody_writes(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, event(1))
        os.chown(folder / "history.db", NOBODY, NOBODY)
        folder.chmod(0o555)
        with acting_as(NOBODY, NOBODY), HistoryReader(folder) as reader:
            assert [one.sentence for one in reader.events(0).events] == ["sentence 1"]
            assert not list(folder.glob("*-wal"))
            os.seteuid(0)
            os.chown(folder / "history.db", 0, 0)
            write(folder, event(2))
            os.chown(folder / "history.db", NOBODY, NOBODY)
            os.seteuid(NOBODY)
            assert len(reader.events(0).events) == 2


def test_a_reader_that_stays_open_follows_to_the_file_that_stands_there_now(tmp_path: Path) -> None:
    write(tmp_path, event(1))
    with HistoryReader(tmp_path) as reader:
        assert [one.sentence for one in reader.events(0).events] == ["sentence 1"]
        (tmp_path / "history.db").rename(tmp_path / "away")
        assert "is not there" in reader.events(0).why
        write(tmp_path, event(2))
        assert [one.sentence for one in reader.events(0).events] == ["sentence 2"]
