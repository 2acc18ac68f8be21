"""Records in the engine: on disk and audited first, then known to all who use the state folder."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from tests.health.scenes import START, Trunks, fleet_of
from tests.marking import ALICE, BOB, WALL
from tests.store.test_records import audited
from trunktui.config.load import Config
from trunktui.engine.attesting import Attester
from trunktui.engine.crew import Crew
from trunktui.engine.foresight import Foresight
from trunktui.engine.protocol import Answered, Asked, Changes, FleetFrame, applied, encode, read_frame
from trunktui.engine.reload import Reloader
from trunktui.engine.server import Engine
from trunktui.model.audit import RecordKind as Kind
from trunktui.model.audit import Who
from trunktui.model.finding import FindingKind, RecordKind
from trunktui.model.inventory import Credential
from trunktui.model.request import Declare, Introduce, Reply, Request, Retract
from trunktui.model.snapshot import Snapshot
from trunktui.poll.fleet import Fleet
from trunktui.poll.schedule import Pace
from trunktui.store.audit import AuditLog
from trunktui.store.records import RecordBook

ROTATED, AUDITED = RecordKind.ROTATED, RecordKind.AUDITED
DEADLINE_S = 30.0


def names(kind: RecordKind) -> tuple[str, ...]:
    return ("alpha-us", "beta-us") if kind is ROTATED else ("alpha-voice",)


class Told:
    """Counts how often it was told of a change."""

    count = 0

    def __call__(self) -> None:
        self.count += 1


@asynccontextmanager
async def attesting(
    folder: Path, who: Who | None = ALICE, changed: Callable[[], None] = lambda: None
) -> AsyncIterator[Attester]:
    """Run an engine's keeper of records."""
    attester = Attester(RecordBook(folder, audited(folder)), names, lambda: WALL, changed, every_s=0.02)
    if who is not None:
        attester.introduced(who)
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(attester.watch())
        await attester.ready()
        yield attester
        watching.cancel()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not holds():
            await asyncio.sleep(0.005)


async def test_a_record_is_on_disk_and_audited_when_it_is_confirmed(tmp_path: Path) -> None:
    changed = Told()
    async with attesting(tmp_path, changed=changed) as attester:
        seen = changed.count
        reply = await attester.serve(Declare(ROTATED, "alpha-us", date(2026, 11, 20)))
        assert reply.done
        assert reply.text == (
            "recorded: credential of trunk alpha-us rotated on 2026-11-20; :rotated alpha-us undo takes it back"
        )
        assert RecordBook(tmp_path).read().standing == attester.records
        assert changed.count > seen
    (entry,) = AuditLog(tmp_path, ALICE, lambda: WALL).read()
    assert (entry.who.name, entry.record.kind, entry.record.leg) == ("alice", Kind.RECORD, "alpha-us")


async def test_without_a_day_it_is_today_and_a_mistake_is_taken_back(tmp_path: Path) -> None:
    async with attesting(tmp_path) as attester:
        assert (await attester.serve(Declare(AUDITED, "alpha-voice"))).done
        assert attester.records[0].day == WALL.date()
        reply = await attester.serve(Retract(AUDITED, "alpha-voice"))
        assert reply.text == (
            "taken back: allowlist of account alpha-voice compared on 2026-11-25, as alice had said; no other record"
        )
        assert attester.records == ()
        reply = await attester.serve(Retract(AUDITED, "alpha-voice"))
        assert (reply.done, reply.text) == (
            False,
            "nothing was taken back: no record says that the allowlist of account alpha-voice was compared",
        )


async def test_two_engines_on_one_folder_know_each_others_records(tmp_path: Path) -> None:
    async with attesting(tmp_path) as alice, attesting(tmp_path, BOB) as bob:
        await alice.serve(Declare(ROTATED, "alpha-us"))
        await until(lambda: bool(bob.records))
        assert bob.records[0].who == "alice"
        assert (await bob.serve(Retract(ROTATED, "alpha-us"))).done
        await until(lambda: not alice.records)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (
            Declare(ROTATED, "alpha-su"),
            'no trunk in the config is called "alpha-su"; the nearest is "alpha-us"',
        ),
        (Declare(AUDITED, "alpha-us"), 'no account in the config is called "alpha-us"'),
        (
            Declare(ROTATED, "alpha-us", date(2026, 12, 1)),
            "nothing was recorded: 2026-12-01 is still to come",
        ),
        (Declare(ROTATED, "alpha-us", date(1970, 1, 1)), "1970-01-01 is before 2000-01-01"),
    ],
)
async def test_what_cannot_be_is_refused_in_one_line_and_leaves_none(
    tmp_path: Path, asked: Declare, says: str
) -> None:
    async with attesting(tmp_path) as attester:
        reply = await attester.serve(asked)
        assert not reply.done
        assert says in reply.text
        assert attester.records == ()


async def test_nobody_records_without_being_known(tmp_path: Path) -> None:
    async with attesting(tmp_path, None) as attester:
        reply = await attester.serve(Declare(ROTATED, "alpha-us"))
        assert (reply.done, "who you are" in reply.text) == (False, True)


async def test_records_that_cannot_be_read_are_said_not_to_be_known(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text('{"v":9}\n')
    (tmp_path / "records.jsonl").chmod(0o600)
    async with attesting(tmp_path) as attester:
        assert not attester.note.read
        assert "later trunktui" in attester.note.notice
        assert "later trunktui" in (await attester.serve(Declare(ROTATED, "alpha-us"))).text
        (tmp_path / "records.jsonl").unlink()
        await until(lambda: attester.note.read)
        assert (await attester.serve(Declare(ROTATED, "alpha-us"))).done


async def test_a_record_from_the_screen_ends_the_finding_it_answers_and_an_undo_brings_it_back(
    tmp_path: Path,
) -> None:
    fleet = fleet_of(Trunks())
    old = Credential(rotated=WALL.date() - timedelta(days=200))
    trunks = tuple(structs.replace(one, credential=old) for one in fleet.inventory.trunks)
    inventory = structs.replace(fleet.inventory, trunks=trunks)
    name = trunks[0].name
    began = time.monotonic()

    def clock() -> float:
        return START + 100 * (time.monotonic() - began)  # findings are worked out once in some seconds

    engine = Engine(fleet, clock)
    attester = Attester(
        RecordBook(tmp_path, audited(tmp_path)), lambda _: (name,), lambda: WALL, engine.changed, every_s=0.02
    )
    engine.foresight = Foresight(
        lambda: inventory, clock, WALL.date, lambda _: pytest.fail("no command is named"), engine.changed,
        lambda: attester.records,
    )  # fmt: skip
    async with spoken_to(engine, fleet, attester) as screen:
        await screen.until(lambda: bool(screen.seen.findings))
        assert screen.overdue == {name}
        assert screen.seen.records.read
        assert (await screen.ask(Declare(RecordKind.ROTATED, name))).done
        await screen.until(lambda: not screen.overdue)
        assert (await screen.ask(Retract(RecordKind.ROTATED, name))).done
        await screen.until(lambda: screen.overdue == {name})
        (tmp_path / "records.jsonl").write_text('{"v":9}\n')
        await screen.until(lambda: not screen.seen.records.read)
        assert "later trunktui" in screen.seen.records.notice


class Screen:
    """A screen that an engine speaks to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen = Snapshot(0, 0.0)
        self.replies: dict[int, Reply] = {}
        self._reader = reader
        self._writer = writer

    @property
    def overdue(self) -> set[str]:
        """The trunks whose credential is told to be overdue."""
        found = self.seen.findings or ()
        return {one.subject for one in found if one.kind is FindingKind.CRED_OVERDUE}

    async def follow(self) -> None:
        """Take what the engine says until it is gone."""
        while (frame := await read_frame(self._reader)) is not None:
            match frame:
                case FleetFrame(snapshot):
                    self.seen = snapshot
                case Changes():
                    self.seen = applied(self.seen, frame)
                case Answered(number, reply):
                    self.replies[number] = reply

    async def until(self, holds: Callable[[], bool]) -> None:
        await until(holds)

    async def ask(self, request: Request) -> Reply:
        number = len(self.replies)
        self._writer.write(encode(Asked(number, request)))
        await until(lambda: number in self.replies)
        return self.replies[number]


@asynccontextmanager
async def spoken_to(engine: Engine, fleet: Fleet, attester: Attester) -> AsyncIterator[Screen]:
    """Run an engine that polls nobody, and yield the screen at it, where ALICE sits."""
    ours, theirs = socket.socketpair()
    crew = Crew(lambda *_: pytest.fail("nobody is to be polled"))
    config = Config(Path("none"), "none", fleet.inventory, Path("none"))
    reloader = Reloader(config, lambda: config, fleet, crew, engine.renewed)
    running = asyncio.create_task(engine.run(theirs, crew, (), Pace(1, 1), reloader, None, None, attester))
    reader, writer = await asyncio.open_connection(sock=ours)
    screen = Screen(reader, writer)
    following = asyncio.create_task(screen.follow())
    writer.write(encode(Asked(0, Introduce(ALICE))))
    await until(lambda: 0 in screen.replies)
    yield screen
    writer.close()
    async with asyncio.timeout(DEADLINE_S):
        await running
        await following
