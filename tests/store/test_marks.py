"""The file of marks: two writers, killed writers, full disks, strange lines; what was acknowledged is there."""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.marking import ALICE, BOB, WALL, ack, ago, ahead, maintenance
from tests.model.test_text import harmful
from tests.store.killing import run
from tests.store.logs import NOBODY, acting_as, as_root
from tests.tui.fleet_samples import HOSTILE
from trunktui.model.marks import REASON_LIMIT, Ack, End, EndCause, Maintenance, Mark, Scope, Target
from trunktui.model.text import Safe
from trunktui.present.marks import utc
from trunktui.store import ledger, marks
from trunktui.store.marklines import LaterVersion, Unreadable, line_of, read_line
from trunktui.store.marks import Change, MarkBook, MarksError

KILLS = 30


def opened(folder: Path) -> list[str]:
    """Return the ids of the marks that are open at WALL."""
    return [mark.id for mark in MarkBook(folder).read().open(WALL)]


def lines(folder: Path) -> list[bytes]:
    return (folder / "marks.jsonl").read_bytes().splitlines()


def test_a_mark_is_kept_with_who_when_and_why_until_it_is_ended(tmp_path: Path) -> None:
    changes: list[Change] = []
    book = MarkBook(tmp_path, changes.append)
    book.begin(maintenance(), WALL)
    book.begin(ack(), WALL)
    other = MarkBook(tmp_path)
    assert other.read().open(WALL) == (maintenance(), ack())
    assert book.end(["m1", "nobody"], ahead(minutes=5), EndCause.ENDED, BOB) == (maintenance(),)
    assert other.read().open(ahead(minutes=6)) == (ack(),)
    (ended, _) = other.read().kept
    assert ended.end is not None
    assert (ended.end.who, ended.end.at, ended.over_at) == (BOB, ahead(minutes=5), ahead(minutes=5))
    assert [change.end is None for change in changes] == [True, True, False]
    assert book.end(["m1"], ahead(minutes=7), EndCause.ENDED, ALICE) == ()
    assert len(changes) == 3


def test_a_maintenance_is_over_by_its_own_time_without_anybody(tmp_path: Path) -> None:
    MarkBook(tmp_path).begin(maintenance(), WALL)
    assert MarkBook(tmp_path).read().open(ahead(hours=1)) == ()


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        (maintenance(until=ago(hours=1)), "within 30 days"),
        (maintenance(until=ahead(days=30)), "within 30 days"),
        (maintenance(reason=Safe("  ")), "say why"),
        (ack(Target(Scope.CARRIER, "alpha")), "within 30 days"),
    ],
)
def test_what_may_not_be_is_refused_and_leaves_no_line(tmp_path: Path, mark: Mark, says: str) -> None:
    with pytest.raises(MarksError, match=says):
        MarkBook(tmp_path).begin(mark, WALL)
    assert not (tmp_path / "marks.jsonl").exists() or not lines(tmp_path)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_kept_clean_and_short_and_read_clean_whoever_wrote_them(
    tmp_path: Path, text: str
) -> None:
    book = MarkBook(tmp_path)
    book.begin(maintenance(reason=Safe(f"x{text * 40}")), WALL)
    (kept,) = book.read().open(WALL)
    assert not harmful(kept.reason)
    assert len(kept.reason) <= REASON_LIMIT
    written = json.loads(lines(tmp_path)[0])
    raw = text.encode("utf-8", "replace").decode()
    written["maintenance"]["reason"] = raw
    written["maintenance"]["who"]["login_user"] = raw
    written["maintenance"]["target"]["name"] = raw
    (tmp_path / "marks.jsonl").write_text(json.dumps(written) + "\n")
    for mark in book.read().open(WALL):
        assert not harmful(mark.reason + mark.who.name + mark.target.name)


def test_a_password_in_a_reason_is_not_kept(tmp_path: Path) -> None:
    MarkBook(tmp_path).begin(maintenance(reason=Safe("new password=hunter2")), WALL)
    assert b"hunter2" not in lines(tmp_path)[0]


def test_two_who_write_at_once_both_have_it_kept(tmp_path: Path) -> None:
    def write(who: str) -> None:
        for number in range(25):
            MarkBook(tmp_path).begin(maintenance(id=f"{who}{number}"), WALL)

    writers = [threading.Thread(target=write, args=(who,)) for who in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(opened(tmp_path)) == sorted(f"{who}{number}" for who in "ab" for number in range(25))


def test_30_killed_writers_two_at_a_time_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    said = run("marks_killing", tmp_path, KILLS)
    now = datetime.now(UTC)
    found = MarkBook(tmp_path).read()
    there = {mark.id for mark in found.open(now)}
    assert set(said["begun"]) - set(said["asked"]) <= there
    assert not there & set(said["ended"])
    assert len(said["begun"]) >= KILLS // 2
    assert found.note.notice == ""
    last = replace(maintenance(), id="after", since=now, until=now + timedelta(hours=1))
    MarkBook(tmp_path).begin(last, now)
    assert {mark.id for mark in MarkBook(tmp_path).read().open(now)} == {*there, "after"}


def full_after(monkeypatch: pytest.MonkeyPatch, room: int) -> Callable[[], None]:
    """Let the disk take `room` bytes more; returns what makes room again."""
    write, left = os.write, [room]

    def small(descriptor: int, data: bytes | memoryview) -> int:
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = write(descriptor, data[: left[0]])
        left[0] -= done
        return done

    monkeypatch.setattr("trunktui.store.ledger.os.write", small)
    return lambda: monkeypatch.setattr("trunktui.store.ledger.os.write", write)


@pytest.mark.parametrize("share", range(0, 100, 10))
def test_a_disk_that_fills_up_anywhere_refuses_in_one_line_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: int
) -> None:
    book = MarkBook(tmp_path)
    book.begin(maintenance(), WALL)
    before = (tmp_path / "marks.jsonl").read_bytes()
    freed = full_after(monkeypatch, len(before) * share // 100)
    with pytest.raises(MarksError) as caught:
        book.begin(maintenance(id="m2"), WALL)
    assert str(caught.value) == (
        f"nothing was marked: {tmp_path}/marks.jsonl: no space left on device; make room and try again"
    )
    assert (tmp_path / "marks.jsonl").read_bytes() == before
    freed()
    book.begin(maintenance(id="m3"), WALL)
    assert opened(tmp_path) == ["m1", "m3"]


@pytest.mark.parametrize("room", [450, 600, 900])
def test_where_only_the_shorter_file_finds_no_room_the_mark_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    book = MarkBook(tmp_path, keep=timedelta(0))
    for number in range(3):
        book.begin(maintenance(id=f"m{number}", reason=Safe("r" * 100)), WALL)
    book.end(["m0"], WALL, EndCause.ENDED, BOB)
    line = len(lines(tmp_path)[1])
    freed = full_after(monkeypatch, line + 1 + room % line)
    book.begin(maintenance(id="m3", reason=Safe("r" * 100)), ahead(seconds=1))
    assert opened(tmp_path) == ["m1", "m2", "m3"]
    freed()
    assert not [path for path in tmp_path.iterdir() if path.name != "marks.jsonl"]
    book.begin(maintenance(id="m4"), ahead(seconds=2))
    assert opened(tmp_path) == ["m1", "m2", "m3", "m4"]
    assert len(lines(tmp_path)) == 4


def test_a_mark_that_did_not_reach_the_disk_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = MarkBook(tmp_path)
    book.begin(maintenance(), WALL)

    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr("trunktui.store.ledger.os.fsync", failing)
        with pytest.raises(MarksError, match="input/output error"):
            book.begin(maintenance(id="m2"), WALL)
    assert opened(tmp_path) == ["m1"]


def test_a_corrupt_line_is_kept_and_told_and_the_others_hold(tmp_path: Path) -> None:
    book = MarkBook(tmp_path, keep=timedelta(0))
    book.begin(maintenance(), WALL)
    bad = b'{"v":1,"maintenance":{"id":"m9","until":"tomorrow"}}\n\xff\xfe\n[1]\n'
    with (tmp_path / "marks.jsonl").open("ab") as file:
        file.write(bad)
    book.begin(maintenance(id="m2"), WALL)
    book.end(["m2"], WALL, EndCause.ENDED, BOB)
    book.begin(maintenance(id="m3"), ahead(seconds=1))  # writes the file anew, without m2
    found = book.read()
    assert [mark.id for mark in found.open(WALL)] == ["m1", "m3"]
    assert bad in (tmp_path / "marks.jsonl").read_bytes()
    assert found.note.read
    assert found.note.notice == (
        f"{tmp_path}/marks.jsonl: line 2 and 2 more count for nothing, not readable; the others hold"
    )


def test_what_a_killed_writer_left_is_passed_over_and_goes_with_the_next_mark(tmp_path: Path) -> None:
    book = MarkBook(tmp_path)
    book.begin(maintenance(), WALL)
    whole = lines(tmp_path)[0]
    for cut in (3, 9, 60, len(whole) - 1):
        with (tmp_path / "marks.jsonl").open("ab") as file:
            file.write(whole.replace(b'"m1"', b'"mx"')[:cut])
        assert (book.read().note.notice, opened(tmp_path)[0]) == ("", "m1")
        book.begin(maintenance(id=f"c{cut}"), WALL)
        assert b'"mx"' not in (tmp_path / "marks.jsonl").read_bytes()
    assert len(opened(tmp_path)) == 5


def test_a_file_of_a_later_version_is_not_touched_and_told(tmp_path: Path) -> None:
    book = MarkBook(tmp_path)
    book.begin(maintenance(), WALL)
    with (tmp_path / "marks.jsonl").open("ab") as file:
        file.write(b'{"v":2,"pause":{"id":"p1"}}\n')
    before = (tmp_path / "marks.jsonl").read_bytes()
    found = book.read()
    assert (found.kept, found.note.read) == ((), False)
    assert "line 2 was written by a later trunktui (form 2); update this one" in found.note.notice
    for act in (
        lambda: book.begin(maintenance(id="m2"), WALL),
        lambda: book.end(["m1"], WALL, EndCause.ENDED, BOB),
    ):
        with pytest.raises(MarksError, match="later trunktui"):
            act()
    assert (tmp_path / "marks.jsonl").read_bytes() == before


def test_a_mark_by_hand_that_would_last_for_years_counts_for_nothing(tmp_path: Path) -> None:
    MarkBook(tmp_path).begin(maintenance(), WALL)
    line = lines(tmp_path)[0].replace(b"2026-11-25T23:15", b"2036-11-25T23:15")
    (tmp_path / "marks.jsonl").write_bytes(line + b"\n")
    found = MarkBook(tmp_path).read()
    assert found.open(WALL) == ()
    assert "line 1 counts for nothing" in found.note.notice


def test_marks_that_have_been_over_for_30_days_are_left_out_and_no_others(tmp_path: Path) -> None:
    book = MarkBook(tmp_path)
    for number, days in enumerate((40, 31, 29, 1)):
        when = ago(days=days)
        book.begin(maintenance(id=f"m{number}", since=when, until=when + timedelta(hours=1)), when)
    book.begin(ack(id="old", at=ago(days=50)), ago(days=50))
    book.begin(ack(id="gone", at=ago(days=50)), ago(days=50))
    book.end(["gone"], ago(days=45), EndCause.CLEARED)
    book.begin(maintenance(id="new"), WALL)
    assert [one.mark.id for one in book.read().kept] == ["m2", "m3", "old", "new"]


def test_no_more_marks_are_open_or_listed_than_the_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MOST_OPEN", 3)
    monkeypatch.setattr(marks, "MOST_OVER", 2)
    book = MarkBook(tmp_path)
    for number in range(5):
        book.begin(maintenance(id=f"o{number}"), WALL)
        book.end([f"o{number}"], WALL, EndCause.ENDED, BOB)
    for number in range(3):
        book.begin(maintenance(id=f"m{number}"), ahead(seconds=1))
    with pytest.raises(MarksError, match="3 marks are open already; end some first"):
        book.begin(maintenance(id="m3"), WALL)
    assert len(book.read().kept) == 5


@pytest.mark.parametrize(("mode", "expected"), [(0o700, 0o600), (0o2770, 0o660)])
def test_the_file_is_its_owners_unless_the_folder_is_shared_also_when_written_anew(
    tmp_path: Path, mode: int, expected: int
) -> None:
    tmp_path.chmod(mode)
    book = MarkBook(tmp_path, keep=timedelta(0))
    path = tmp_path / "marks.jsonl"
    book.begin(maintenance(), WALL)
    book.end(["m1"], WALL, EndCause.ENDED, BOB)
    number = path.stat().st_ino
    assert stat.S_IMODE(path.stat().st_mode) == expected
    book.begin(maintenance(id="m2"), ahead(seconds=1))
    assert path.stat().st_ino != number
    assert stat.S_IMODE(path.stat().st_mode) == expected
    assert path.stat().st_gid == tmp_path.stat().st_gid


def test_without_a_folder_there_are_no_marks_and_none_can_be_made(tmp_path: Path) -> None:
    book = MarkBook(tmp_path / "nowhere")
    assert (book.read().kept, book.read().note.read, book.stamp()) == ((), True, None)
    with pytest.raises(MarksError, match=r"the state folder .*/nowhere is not there; make it"):
        book.begin(maintenance(), WALL)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@as_root
def test_a_folder_that_may_only_be_read_shows_the_marks_of_others_and_refuses_in_one_line(
    open_folder: Path,
) -> None:
    MarkBook(open_folder).begin(maintenance(), WALL)
    (open_folder / "marks.jsonl").chmod(0o644)
    with acting_as(NOBODY, NOBODY):
        assert opened(open_folder) == ["m1"]
        for act in (
            lambda: MarkBook(open_folder).begin(maintenance(id="m2"), WALL),
            lambda: MarkBook(open_folder).end(["m1"], WALL, EndCause.ENDED),
        ):
            with pytest.raises(MarksError) as caught:
                act()
            assert str(caught.value).startswith("nothing was marked: ")
            assert str(open_folder) in str(caught.value)
            assert "\n" not in str(caught.value)


@as_root
def test_operators_of_one_group_share_marks_also_once_the_file_was_written_anew(open_folder: Path) -> None:
    alice, bob, stranger, group = 61001, 61002, 61003, 61000
    os.chown(open_folder, 0, group)
    open_folder.chmod(0o770)  # without the set-group-id bit: the file must get the group all the same
    with acting_as(alice, group):
        MarkBook(open_folder, keep=timedelta(0)).begin(maintenance(), WALL)
    with acting_as(bob, group):
        book = MarkBook(open_folder, keep=timedelta(0))
        assert book.end(["m1"], WALL, EndCause.ENDED, BOB)
        book.begin(maintenance(id="m2"), ahead(seconds=1))
        assert len(lines(open_folder)) == 1
    with acting_as(alice, group):
        MarkBook(open_folder).begin(maintenance(id="m3"), WALL)
        assert opened(open_folder) == ["m2", "m3"]
    open_folder.chmod(0o775)
    with acting_as(stranger, stranger):
        assert "permission denied" in MarkBook(open_folder).read().note.notice


def test_a_file_that_everybody_may_write_to_hides_no_alarm(tmp_path: Path) -> None:
    MarkBook(tmp_path).begin(maintenance(), WALL)
    (tmp_path / "marks.jsonl").chmod(0o666)
    found = MarkBook(tmp_path).read()
    assert (found.kept, found.note.read) == ((), False)
    assert "may be written by everybody; cure: chmod o-w" in found.note.notice
    (tmp_path / "marks.jsonl").chmod(0o600)
    assert opened(tmp_path) == ["m1"]
    tmp_path.chmod(0o1777)
    assert "folder that everybody may write to; cure: chmod o-w" in MarkBook(tmp_path).read().note.notice
    assert opened(tmp_path) == []


def test_a_link_or_a_pipe_in_its_place_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "marks.jsonl"
    (tmp_path / "other").write_text("precious")
    path.symlink_to(tmp_path / "other")
    assert "symbolic link" in MarkBook(tmp_path).read().note.notice
    with pytest.raises(MarksError, match="symbolic link"):
        MarkBook(tmp_path).begin(maintenance(), WALL)
    path.unlink()
    os.mkfifo(path, 0o600)
    assert "no plain file" in MarkBook(tmp_path).read().note.notice
    assert (tmp_path / "other").read_text() == "precious"


def test_a_writer_that_never_lets_go_is_told_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    MarkBook(tmp_path).begin(maintenance(), WALL)
    monkeypatch.setattr(ledger, "LOCK_WAIT_S", 0.05)
    with (tmp_path / "marks.jsonl").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(MarksError, match="is locked by another process"):
            MarkBook(tmp_path).begin(maintenance(id="m2"), WALL)


@given(st.binary(max_size=200))
def test_no_bytes_are_a_mark_unless_they_say_so(data: bytes) -> None:
    assert isinstance(read_line(data), Unreadable | LaterVersion)


@given(
    st.sampled_from([line_of(maintenance()), line_of(ack(until=ahead(days=1)))]),
    st.lists(st.tuples(st.integers(0, 500), st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_a_line_that_was_tampered_with_is_read_harmlessly_or_not_at_all(
    line: bytes, edits: list[tuple[int, bytes]]
) -> None:
    for place, new in edits:
        line = line[:place] + new + line[place + len(new) :]
    said = read_line(line)
    if isinstance(said, Maintenance):
        assert timedelta(0) < said.until - said.since <= timedelta(days=30, minutes=1)
    if isinstance(said, Maintenance | Ack):
        texts = (said.id, said.target.name, said.reason, said.who.name, utc(said.until or WALL))
        assert not harmful("".join(texts))


@pytest.mark.parametrize("year", [b"0001", b"9999"])
def test_times_at_the_ends_of_the_calendar_are_no_marks(year: bytes) -> None:
    for made in (maintenance(), ack(), End("m1", WALL, EndCause.ENDED)):
        assert isinstance(read_line(line_of(made).replace(b"2026", year)), Unreadable)


def test_an_id_that_is_taken_gets_a_number_so_that_no_end_is_anothers(tmp_path: Path) -> None:
    book = MarkBook(tmp_path)
    book.begin(maintenance(), WALL)
    book.end(["m1"], WALL, EndCause.ENDED, BOB)
    assert book.begin(maintenance(), WALL).id == "m1-2"
    assert book.begin(maintenance(), WALL).id == "m1-3"
    assert opened(tmp_path) == ["m1-2", "m1-3"]


def test_the_stamp_differs_after_every_change(tmp_path: Path) -> None:
    book = MarkBook(tmp_path, keep=timedelta(0))
    seen = {book.stamp()}
    for number in range(4):
        book.begin(maintenance(id=f"m{number}"), ahead(seconds=number))
        seen.add(book.stamp())
        book.end([f"m{number}"], ahead(seconds=number), EndCause.ENDED, BOB)
        seen.add(book.stamp())
    assert len(seen) == 9
