"""Marks in the engine: written first, then shown; two operators on one state folder see each other's."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pytest

from tests.health.scenes import START, Says, Trunks, answer, fleet_of, settings_of
from tests.marking import ALICE, BOB, WALL, ack, ahead, maintenance
from trunktui.config.load import Config
from trunktui.engine.crew import Crew
from trunktui.engine.marking import Marker
from trunktui.engine.protocol import Answered, Asked, Changes, FleetFrame, applied, encode, read_frame
from trunktui.engine.reload import Reloader
from trunktui.engine.server import Engine
from trunktui.model.audit import Who
from trunktui.model.health import LegState, Severity
from trunktui.model.marks import EndCause, Scope, Target
from trunktui.model.request import Acknowledge, Introduce, Mark, Marking, Reply, Unmark
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.model.window import Window
from trunktui.platforms import asterisk
from trunktui.poll.schedule import Pace
from trunktui.store.marks import MarkBook, MarksError

DEADLINE_S = 30.0
LEG = Target(Scope.LEG, "carrier-a@sbc-1")
TWO_HOURS = Window(7200)
DEAD = Says(contacts=("Unavail",))
FINE = Says()


class Operator:
    """An engine on a state folder, and the screen of whoever sits at it; no second passes but by `go`."""

    def __init__(self, folder: Path, who: Who = ALICE, book: Any = None) -> None:
        self.now = START
        self.fleet = fleet_of(Trunks())
        self.engine = Engine(self.fleet, lambda: self.now)
        self.who = who
        self.ids = iter(f"{who.user}{number}" for number in range(99))
        self.marker = Marker(
            book or MarkBook(folder), self.wall, lambda: next(self.ids), self.engine.changed, every_s=0.02
        )
        self.seen = Snapshot(0, 0.0)
        self.replies: dict[int, Reply] = {}

    def wall(self) -> datetime:
        """Return the time of day that goes with the clock."""
        return WALL + timedelta(seconds=self.now - START)

    async def __aenter__(self) -> Self:
        ours, theirs = socket.socketpair()
        crew = Crew(lambda *_: pytest.fail("nobody is to be polled"))
        config = Config(Path("none"), "none", self.fleet.inventory, Path("none"))
        reloader = Reloader(config, lambda: config, self.fleet, crew, self.engine.renewed)
        self._running = asyncio.create_task(
            self.engine.run(theirs, crew, (), Pace(1, 1), reloader, None, self.marker)
        )
        self._reader, self._writer = await asyncio.open_connection(sock=ours)
        self._following = asyncio.create_task(self._follow())
        self._writer.write(encode(Asked(0, Introduce(self.who))))
        await self.until(lambda: 0 in self.replies)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        async with asyncio.timeout(DEADLINE_S):
            await self._running
            await self._following

    async def _follow(self) -> None:
        while (frame := await read_frame(self._reader)) is not None:
            match frame:
                case FleetFrame(snapshot):
                    self.seen = snapshot
                case Changes():
                    self.seen = applied(self.seen, frame)
                case Answered(number, reply):
                    self.replies[number] = reply

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                await asyncio.sleep(0.005)

    async def ask(self, request: Marking) -> Reply:
        number = len(self.replies)
        self._writer.write(encode(Asked(number, request)))
        await self.until(lambda: number in self.replies)
        return self.replies[number]

    async def polls(self, *says: Says) -> None:
        """Let the SBC answer, one poll interval after the other, and wait until the screen has it."""
        for each in says:
            self.now += 30
            bindings = self.fleet.inventory.bindings_on("sbc-1")
            self.fleet.answered(
                "sbc-1", asterisk.parse_poll(answer(each, self.now), settings_of(Trunks()), bindings)
            )
            self.fleet.record("sbc-1").settings_done = True
        self.engine.changed()
        await self.until(lambda: self.seen.at == self.now)

    @property
    def leg(self) -> LegStatus:
        """The leg as the screen has it."""
        return self.seen.legs[0]


async def test_a_mark_is_on_disk_before_it_is_confirmed_and_then_on_the_screen(tmp_path: Path) -> None:
    async with Operator(tmp_path) as alice:
        await alice.polls(DEAD)
        reply = await alice.ask(Mark(Target(Scope.SBC, "sbc-1"), TWO_HOURS, "CHG-12"))
        assert (reply.done, reply.text) == (
            True,
            "maintenance of SBC sbc-1 (1 leg) until 2026-11-26 00:15 UTC",
        )
        (kept,) = MarkBook(tmp_path).read().open(alice.wall())
        await alice.until(lambda: alice.leg.maintenance == kept)
        assert (kept.who, kept.reason) == (ALICE, "CHG-12")
        assert (alice.leg.state, alice.leg.severity) == (LegState.DOWN, Severity.MAJOR)
        assert alice.seen.sbcs[0].maintenance == kept
        assert alice.seen.marks.read


async def test_two_engines_on_one_folder_see_each_others_marks_and_ends(tmp_path: Path) -> None:
    async with Operator(tmp_path) as alice, Operator(tmp_path, BOB) as bob:
        for one in (alice, bob):
            await one.polls(DEAD)
        assert (await alice.ask(Acknowledge(LEG, "carrier knows"))).done
        await bob.until(lambda: bob.leg.acknowledged is not None)
        assert bob.leg.acknowledged is not None
        assert bob.leg.acknowledged.who == ALICE
        assert (await bob.ask(Mark(LEG, TWO_HOURS, "mine"))).done
        await alice.until(lambda: alice.leg.maintenance is not None)
        assert (await bob.ask(Unmark(LEG, ack=True))).text == "acknowledgement of carrier-a@sbc-1 ended"
        await alice.until(lambda: alice.leg.acknowledged is None)
        (acked, _) = MarkBook(tmp_path).read().kept
        assert acked.end is not None
        assert acked.end.who == BOB


async def test_an_acknowledged_alarm_that_is_over_alarms_anew_also_where_the_end_was_not_seen(
    tmp_path: Path,
) -> None:
    async with Operator(tmp_path) as alice, Operator(tmp_path, BOB) as bob:
        for one in (alice, bob):
            await one.polls(DEAD)
        await alice.ask(Acknowledge(LEG, "carrier knows"))
        await bob.until(lambda: bob.leg.covered)
        await alice.polls(FINE, FINE, FINE)
        assert alice.leg.state is LegState.UP
        await bob.until(lambda: not bob.leg.covered)  # who still sees it down
        assert bob.leg.state is LegState.DOWN
        await alice.polls(DEAD)
        assert (alice.leg.state, alice.leg.covered) == (LegState.DOWN, False)
    (kept,) = MarkBook(tmp_path).read().kept
    assert kept.end is not None
    assert (kept.end.cause, kept.end.who, kept.end.words) == (EndCause.CLEARED, None, "up again")


async def test_an_alarm_that_gets_louder_than_acknowledged_is_not_covered_in_the_same_frame(
    tmp_path: Path,
) -> None:
    MarkBook(tmp_path).begin(ack(LEG, severity=Severity.MINOR, at=ahead(seconds=1)), WALL)
    async with Operator(tmp_path) as alice:
        await alice.polls(DEAD)
        assert (alice.leg.severity, alice.leg.covered) == (Severity.MAJOR, False)
        await alice.until(lambda: MarkBook(tmp_path).read().open(alice.wall()) == ())
        (kept,) = MarkBook(tmp_path).read().kept
        assert kept.end is not None
        assert kept.end.cause is EndCause.ROSE


async def test_maintenance_begins_and_ends_by_the_clock_alone(tmp_path: Path) -> None:
    MarkBook(tmp_path).begin(maintenance(LEG, since=ahead(seconds=100), until=ahead(seconds=200)), WALL)
    async with Operator(tmp_path) as alice:
        await alice.polls(DEAD)
        assert (alice.leg.covered, alice.leg.planned is not None) == (False, True)
        await alice.polls(DEAD, DEAD, DEAD)
        assert (alice.leg.covered, alice.leg.planned) == (True, None)
        await alice.polls(DEAD, DEAD, DEAD)
        assert not alice.leg.covered


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Acknowledge(LEG, "x"), "nothing was acknowledged: carrier-a@sbc-1 is up and raises no alarm"),
        (Acknowledge(Target(Scope.SBC, "sbc-9"), "x"), "nothing was acknowledged: there is no SBC sbc-9"),
        (Mark(LEG, TWO_HOURS, " "), "nothing was marked: say why"),
        (
            Mark(LEG, Window(31 * 86400), "x"),
            "nothing was marked: a maintenance needs an end, within 30 days",
        ),
        (Unmark(LEG), "nothing was ended: carrier-a@sbc-1 has no maintenance"),
        (Unmark(LEG, ack=True), "nothing was ended: carrier-a@sbc-1 has no acknowledgement"),
    ],
)
async def test_what_cannot_be_done_is_answered_in_one_line(
    tmp_path: Path, request_: Marking, says: str
) -> None:
    async with Operator(tmp_path) as alice:
        await alice.polls(FINE, FINE)
        reply = await alice.ask(request_)
        assert not reply.done
        assert reply.text.startswith(says)
        assert MarkBook(tmp_path).read().kept == ()


async def test_an_alarm_that_got_louder_since_it_was_looked_at_is_not_acknowledged(tmp_path: Path) -> None:
    async with Operator(tmp_path) as alice:
        await alice.polls(DEAD)
        reply = await alice.ask(Acknowledge(LEG, "x", seen=Severity.MINOR))
        assert reply.text.endswith("got louder just now (down, major); look again")
        assert (await alice.ask(Acknowledge(LEG, "x", seen=Severity.MAJOR))).done


async def test_a_leg_in_the_maintenance_of_its_sbc_says_what_ends_that(tmp_path: Path) -> None:
    async with Operator(tmp_path) as alice:
        await alice.polls(DEAD)
        await alice.ask(Mark(Target(Scope.SBC, "sbc-1"), TWO_HOURS, "x"))
        reply = await alice.ask(Unmark(LEG))
        assert reply.text == "carrier-a@sbc-1 is in it with SBC sbc-1: :unmaint sbc ends that"


class BrokenBook(MarkBook):
    """A file that may only be read, until it is `mended`."""

    mended = threading.Event()

    def begin(self, *given: Any) -> Any:
        self._check()
        return super().begin(*given)

    def end(self, *given: Any) -> Any:
        self._check()
        return super().end(*given)

    def _check(self) -> None:
        if not self.mended.is_set():
            raise MarksError("nothing was marked: marks.jsonl: read-only file system")


async def test_where_nothing_can_be_written_marks_hold_a_new_one_is_refused_and_what_is_over_is_over(
    tmp_path: Path,
) -> None:
    MarkBook(tmp_path).begin(ack(LEG, severity=Severity.CRITICAL), WALL)
    book = BrokenBook(tmp_path)
    book.mended.clear()
    async with Operator(tmp_path, book=book) as alice:
        await alice.polls(DEAD)
        assert alice.leg.covered
        assert "read-only file system" in (await alice.ask(Mark(LEG, TWO_HOURS, "x"))).text
        await alice.polls(FINE, FINE, FINE)
        await alice.polls(DEAD)
        assert (alice.leg.state, alice.leg.covered) == (LegState.DOWN, False)
        await alice.until(lambda: "cannot be written" in alice.seen.marks.notice)
        book.mended.set()
        await alice.until(lambda: MarkBook(tmp_path).read().open(alice.wall()) == ())
        await alice.until(lambda: alice.seen.marks.notice == "")


async def test_a_strange_line_is_told_on_the_screen_and_the_others_hold(tmp_path: Path) -> None:
    MarkBook(tmp_path).begin(maintenance(LEG), WALL)
    async with Operator(tmp_path) as alice:
        await alice.polls(DEAD)
        assert alice.leg.covered
        with (tmp_path / "marks.jsonl").open("a") as file:
            file.write("what is this\n")
        await alice.until(lambda: "line 2 counts for nothing" in alice.seen.marks.notice)
        assert alice.leg.covered


async def test_a_disk_that_hangs_holds_up_no_frame(tmp_path: Path) -> None:
    go = threading.Event()

    class HangingBook(MarkBook):
        def read(self) -> Any:
            go.wait(DEADLINE_S)
            return super().read()

    MarkBook(tmp_path).begin(maintenance(LEG), WALL)
    async with Operator(tmp_path, book=HangingBook(tmp_path)) as alice:
        await alice.polls(DEAD)
        assert alice.leg.state is LegState.DOWN
        assert not alice.seen.marks.read
        go.set()
        await alice.until(lambda: alice.leg.covered)
