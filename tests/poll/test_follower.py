"""A followed file brings each line once and loses none: over rotation, truncation, lost links, and bounded looks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.poll.fakes import Clock
from tests.poll.model_files import FOLDER, LINE, LOG, Files, FilesAsker
from trunktui.model.ask import Command
from trunktui.model.observation import Box
from trunktui.model.tail import Refusal, RefusalKind, TailFacts, TailFile, TailKind, TailState, TailStatus
from trunktui.model.text import Safe
from trunktui.poll.follower import Follower, Trail
from trunktui.poll.trail import LARGEST, LOOK_BACK, SMALLEST

FILE = TailFile(TailKind.LOG, LOG)
BOX = Box(clock_s=1_700_000_000.0, zone_s=0)


class Numbers:
    """A parser that makes a refusal of each line, its number as the time, so that a test can count them."""

    def parse_tail(self, file: TailFile, lines: tuple[Safe, ...], box: Box) -> TailFacts:
        """Read `line 17 xxx`."""
        assert box is BOX
        assert file.kind is TailKind.LOG
        found = [LINE.fullmatch(line) for line in lines]
        bad = tuple(line for line, match in zip(lines, found, strict=True) if match is None)
        told = [_refusal(int(match[1])) for match in found if match is not None]
        return TailFacts(refusals=tuple(told), unread=bad)


def _refusal(number: int) -> Refusal:
    return Refusal(float(number), RefusalKind.STOPPED, Safe(""), Safe(""), None, None, Safe(""))


class World:
    """A model's files, one who follows them, and what was heard."""

    def __init__(self, file: TailFile = FILE) -> None:
        self.files = Files()
        self.asker = FilesAsker(self.files)
        self.clock = Clock()
        self.trails: dict[str, Trail] = {}
        self.heard: list[int] = []
        self.unread: list[Safe] = []
        self.status = TailStatus(file)
        self.file = file
        self.written = 0

    def write(self, count: int, width: int = 20) -> None:
        """Let the SBC log so many lines."""
        for _ in range(count):
            self.files.write(b"line %d %s\n" % (self.written, b"x" * width))
            self.written += 1

    def rotate(self, name: str) -> None:
        """Rename the log, and have the writer open a new one."""
        self.files.rename(f"{FOLDER}/{name}")
        self.files.reopen()

    def look(self, most: int = 8 * 1024 * 1024, box: Box = BOX) -> TailStatus:
        """Look at the file once, with an asker that is new each time as after a lost link."""
        follower = Follower("sbc-1", Numbers(), self.asker, self._take, clock=self.clock)
        asyncio.run(follower.follow((self.file,), self.trails, box, self.clock.at + 5.0, most))
        self.clock.at += 30.0
        return self.status

    def _take(self, file: TailFile, facts: TailFacts, status: TailStatus) -> None:
        assert file == self.file
        self.heard += [int(refusal.at) for refusal in facts.refusals]
        self.unread += facts.unread
        self.status = status


@pytest.fixture
def world() -> World:
    return World()


def test_what_was_there_at_the_first_look_is_read_and_then_only_what_is_new(world: World) -> None:
    world.write(3)
    assert world.look().state is TailState.OK
    assert world.heard == [0, 1, 2]
    world.write(2)
    world.look()
    world.look()
    assert world.heard == [0, 1, 2, 3, 4]


def test_a_long_file_is_begun_a_little_before_its_end_behind_a_line_s_end(world: World) -> None:
    world.write(20_000)
    assert world.look().state is TailState.OK
    assert world.heard == list(range(world.heard[0], 20_000))
    size = sum(len(f"line {n} {'x' * 20}\n") for n in world.heard)
    assert LOOK_BACK - 40 <= size <= LOOK_BACK


def test_an_unfinished_line_is_left_until_it_is_whole(world: World) -> None:
    world.write(1)
    world.files.write(b"line 1 x")
    assert world.look().state is TailState.OK
    assert world.heard == [0]
    world.look()
    world.files.write(b"xx\n")
    world.look()
    assert world.heard == [0, 1]
    assert world.unread == []


def test_one_ask_is_enough_where_nothing_happened(world: World) -> None:
    world.write(1)
    world.look()
    before = len(world.asker.asked)
    world.look()
    assert len(world.asker.asked) == before + 1


def test_a_rotated_file_is_read_to_its_end_before_the_new_one(world: World) -> None:
    world.write(5)
    world.look()
    world.write(5)
    world.rotate("messages.log.1")
    world.write(5)
    status = world.look()
    assert world.heard == list(range(15))
    assert (status.state, status.lost) == (TailState.OK, 0)


def test_what_is_written_into_the_old_file_after_it_was_moved_is_read_too(world: World) -> None:
    world.write(2)
    world.look()
    world.files.rename(f"{FOLDER}/messages.log.1")
    world.write(2)
    assert world.look().state is TailState.MISSING
    assert world.heard == [0, 1, 2, 3]
    world.files.create(LOG)  # as logrotate does, before Asterisk is told
    world.write(2)
    world.look()
    world.write(2)
    world.files.reopen()
    world.write(2)
    world.look()
    assert sorted(world.heard) == list(range(10))
    for _ in range(6):
        world.look()
    assert len(world.asker.asked[-1].commands) == 3, "the old file is let go of after a while"
    assert sorted(world.heard) == list(range(10))


def test_what_was_packed_or_deleted_before_it_was_read_is_counted_as_lost(world: World) -> None:
    world.write(10_000, 100)
    world.look()
    world.write(10_000, 100)
    assert world.look(64 * 1024).state is TailState.BEHIND
    assert world.status.behind > 900_000
    behind = world.status.behind
    world.rotate("messages.log.1")
    world.files.names[f"{FOLDER}/messages.log.1.gz"] = world.files.names.pop(f"{FOLDER}/messages.log.1")
    world.write(3)
    status = world.look()
    assert (status.state, status.lost) == (TailState.OK, behind)
    assert status.why == f"{behind} bytes were gone before they were read: rotate less often, pack later"
    assert world.heard[-3:] == [20_000, 20_001, 20_002]


@pytest.mark.parametrize("again", [0, 1, 3, 50])
def test_a_file_that_was_emptied_is_read_from_its_begin_however_much_it_has_grown_since(
    world: World, again: int
) -> None:
    world.write(3)
    world.look()
    world.files.data[world.files.open].clear()
    world.write(again)
    assert world.look().state is TailState.OK
    assert world.heard == list(range(3 + again))


def test_another_file_on_the_same_inode_is_not_taken_for_the_old_one(world: World) -> None:
    world.write(3)
    world.look()
    del world.files.names[LOG]
    inode = world.files.create(LOG)
    world.files.data[world.files.open] = world.files.data.pop(inode)
    world.files.names[LOG] = world.files.open
    world.write(9)
    world.look()
    assert world.heard == list(range(12))


def test_a_look_reads_so_much_and_no_more_and_says_how_far_behind_it_is(world: World) -> None:
    world.write(1)
    world.look()
    world.write(40_000, 100)
    total = len(world.files.data[world.files.open])
    looks, most = 0, 300_000
    while world.look(most).state is TailState.BEHIND:
        looks += 1
        assert world.status.behind <= total - looks * (most - 2 * SMALLEST)
    assert total // most <= looks <= total // most + 2
    assert world.heard == list(range(40_001))
    assert world.asker.most <= LARGEST + 1000


def test_a_line_longer_than_any_piece_is_passed_over_and_reading_goes_on(world: World) -> None:
    world.write(1)
    world.look()
    world.files.write(b"y" * 3_000_000 + b"\n")
    world.write(2)
    status = world.look()
    assert world.heard == [0, 1, 2]
    assert status.lost > 2_000_000
    assert world.unread == []


def test_files_that_came_and_went_between_two_looks_are_read_too(world: World) -> None:
    world.write(3)
    world.look()
    for number in range(1, 6):
        world.write(2)
        world.rotate(f"messages.log.{number}")
    world.write(2)
    world.look()
    assert world.heard == list(range(15))


def test_a_file_moved_away_while_it_is_read_is_read_once(world: World) -> None:
    world.write(3)
    world.look()
    world.write(3)

    def rotate(command: Command) -> None:
        if command.key == "piece":
            world.asker.between = lambda _: None
            world.rotate("messages.log.1")
            world.write(3)

    world.asker.between = rotate
    world.look()
    world.look()
    assert sorted(world.heard) == list(range(9))


def test_without_permission_it_says_so_and_how_to_grant_it(world: World) -> None:
    world.write(3)
    world.files.denied.add(LOG)
    status = world.look()
    assert status.state is TailState.NOT_PERMITTED
    assert status.why == (
        "this login may not read /var/log/asterisk/messages.log: put it into its group (number 4), often adm "
        "(docs/grants.md)"
    )
    world.files.denied.clear()
    world.look()
    assert world.heard == [0, 1, 2]
    assert (world.status.state, world.status.why) == (TailState.OK, "")


def test_a_file_that_is_not_there_is_looked_for_where_else_it_may_be() -> None:
    world = World(TailFile(TailKind.LOG, f"{FOLDER}/nothing", None, (f"{FOLDER}/nor-this", LOG)))
    world.write(3)
    assert world.look().state is TailState.OK
    assert world.status.path == LOG
    assert world.heard == [0, 1, 2]


def test_a_file_that_is_nowhere_is_missing() -> None:
    world = World(TailFile(TailKind.LOG, f"{FOLDER}/nothing"))
    status = world.look()
    assert (status.state, status.why) == (TailState.MISSING, "there is no /var/log/asterisk/nothing")


def test_a_file_with_no_sense_in_following_says_why_and_asks_nothing() -> None:
    why = Safe("its log is JSON")
    world = World(TailFile(TailKind.LOG, "", why=why))
    assert (world.look().state, world.status.why) == (TailState.OFF, why)
    world = World(TailFile(TailKind.LOG, "/var/log/$(reboot)"))
    assert world.look().state is TailState.UNREADABLE
    world = World()
    assert "zone" in world.look(box=Box(clock_s=1.0)).why
    assert world.asker.asked == []


def test_a_link_that_is_lost_at_any_byte_brings_no_line_twice_and_loses_none() -> None:
    for cut in range(0, 700, 3):
        world = World()
        world.write(3)
        world.look()
        world.write(3)
        world.asker.cut = cut
        world.look()
        world.write(1)
        world.look()
        assert world.heard == list(range(7)), cut
        assert world.unread == []


OPS = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 40), st.integers(0, 900)),
    st.tuples(st.just("part"), st.integers(1, 12)),
    st.tuples(st.just("look"), st.sampled_from([SMALLEST, 20_000, 8 * 1024 * 1024])),
    st.tuples(st.just("cut"), st.integers(0, 3000)),
    st.tuples(st.just("rename")),
    st.tuples(st.just("reopen")),
    st.tuples(st.just("empty")),
)


@given(st.lists(OPS, max_size=40))
@settings(max_examples=100, deadline=None)
def test_whatever_happens_to_the_file_each_line_comes_once_unless_it_was_taken_away(
    ops: list[tuple[Any, ...]],
) -> None:
    world, names, excused, pending = World(), 0, set[int](), b""
    world.look()
    for op, *values in ops:
        if op == "write":
            world.files.write(pending)
            pending = b""
            world.write(*values)
        elif op == "part" and not pending:
            line = b"line %d %s\n" % (world.written, b"x" * 20)
            world.files.write(line[: values[0]])
            pending, world.written = line[values[0] :], world.written + 1
        elif op in {"look", "cut"}:
            world.asker.cut = values[0] if op == "cut" else None
            world.look(*(values if op == "look" else ()))
            world.asker.cut = None
        elif op == "rename" and LOG in world.files.names and not pending:
            names += 1
            world.files.rename(f"{FOLDER}/messages.log.{names}")
        elif op == "reopen" and not pending:
            world.files.reopen()
        elif op == "empty" and not pending and world.files.names.get(LOG) == world.files.open:
            excused |= set(range(world.written)) - set(world.heard)
            world.files.data[world.files.open].clear()
    world.files.write(pending)
    for _ in range(3):
        world.files.reopen()
        world.look()
    assert len(world.heard) == len(set(world.heard))
    assert set(world.heard) | excused == set(range(world.written))
    assert world.unread == []
    assert world.status.state is TailState.OK
