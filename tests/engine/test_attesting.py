"""Records in the engine: on disk and audited first, then known to all who use the state folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest

from tests.marking import ALICE, BOB, WALL
from tests.store.test_records import audited
from trunktui.engine.attesting import Attester
from trunktui.model.audit import RecordKind as Kind
from trunktui.model.audit import Who
from trunktui.model.finding import RecordKind
from trunktui.model.request import Declare, Retract
from trunktui.store.audit import AuditLog
from trunktui.store.records import RecordBook

ROTATED, AUDITED = RecordKind.ROTATED, RecordKind.AUDITED
DEADLINE_S = 30.0


def names(kind: RecordKind) -> tuple[str, ...]:
    return ("alpha-us", "beta-us") if kind is ROTATED else ("alpha-voice",)


class Changes:
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
    changed = Changes()
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
