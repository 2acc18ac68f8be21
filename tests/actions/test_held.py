"""What may change between the look and the sending, or while a disk is slow, and must not be got round by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from tests.actions.scene import Stage, silent
from trunktui.actions.desk import Desk
from trunktui.model.action import Consent, Ending, Outcome, Prepared, Verb
from trunktui.model.ask import Answer, SshAsk
from trunktui.model.audit import AuditRecord, RecordKind, Who
from trunktui.model.inventory import Inventory, NativeNames, Sbc
from trunktui.model.link import LinkError, SshState
from trunktui.model.text import Safe
from trunktui.store.audit import Written

YES = Consent(yes=True, reason="ticket 7")


@pytest.fixture
def stage() -> Iterator[Stage]:
    """The stage, ended after the test."""
    made = Stage()
    yield made
    made.close()


def prepare(stage: Stage, desk: Desk, leg: str = "red@one") -> Prepared:
    found: Prepared = stage.run(desk.prepare(Verb.REREGISTER, leg))
    return found


def perform(stage: Stage, desk: Desk, leg: str = "red@one") -> Outcome:
    found: Outcome = stage.run(desk.perform(prepare(stage, desk, leg), YES, silent))
    return found


def moved(inventory: Inventory, **ssh: Any) -> Inventory:
    """Return the config with SBC `one` reached another way."""

    def one(sbc: Sbc) -> Sbc:
        return replace(sbc, ssh=replace(sbc.ssh, **ssh)) if sbc.name == "one" else sbc

    return replace(inventory, sbcs=tuple(map(one, inventory.sbcs)))


@pytest.mark.parametrize(
    "ssh", [{"host": "192.0.2.99"}, {"port": 2222}, {"user": "root"}, {"proxy_jump": "j"}]
)
def test_an_sbc_that_a_reload_moved_is_not_the_one_that_was_shown(stage: Stage, ssh: dict[str, Any]) -> None:
    desk = stage.desk()
    prepared = prepare(stage, desk)
    desk.reconfigure(moved(stage.inventory, **ssh), 30.0)
    outcome = stage.run(desk.perform(prepared, YES, silent))
    assert (outcome.ending, outcome.sent) == (Ending.REFUSED, False)
    assert "the config now reaches one another way than was shown: look again" in outcome.sentence
    assert stage.sbcs["one"].asks == 0
    assert perform(stage, desk).ending is Ending.VERIFIED, "shown anew it goes"


def test_an_sbc_that_a_reload_removed_is_a_refusal_and_no_crash(stage: Stage) -> None:
    desk = stage.desk()
    prepared = prepare(stage, desk)
    desk.reconfigure(replace(stage.inventory, sbcs=stage.inventory.sbcs[1:]), 30.0)
    outcome = stage.run(desk.perform(prepared, YES, silent))
    assert (outcome.ending, outcome.sent) == (Ending.REFUSED, False)
    assert outcome.sentence == "nothing was sent: its SBC is not in the config"
    assert [entry.record.ending for entry in stage.books["jump1"]] == ["refused"]


def test_a_name_that_means_another_trunk_by_now_is_not_acted_on(stage: Stage) -> None:
    desk = stage.desk()
    prepared = prepare(stage, desk)
    red, *others = stage.look()
    stage.views["jump1"] = (replace(red, native=NativeNames(registration="blue")), *others)
    outcome = stage.run(desk.perform(prepared, YES, silent))
    assert outcome.ending is Ending.REFUSED
    assert "it is blue on one now, and was red: look again" in outcome.sentence
    assert stage.sbcs["one"].asks == 0


def test_a_late_look_at_another_box_of_that_name_proves_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = stage.desk()
    sbc = stage.sbcs["one"]
    sbc.delay = lambda: 60.0
    assert perform(stage, desk).ending is Ending.UNVERIFIED
    stage.run(asyncio.sleep(300))
    (act,) = stage.run(desk.open())
    desk.reconfigure(moved(stage.inventory, host="192.0.2.99"), 30.0)
    asks = sbc.asks
    outcome = stage.run(desk.verify(act))
    assert outcome.ending is Ending.UNVERIFIED
    assert "one is noc@192.0.2.99 now, and it was sent to noc@192.0.2.1" in outcome.sentence
    assert sbc.asks == asks
    desk.reconfigure(stage.inventory, 30.0)
    assert stage.run(desk.verify(act)).ending is Ending.VERIFIED


def test_the_guards_are_asked_again_after_a_wait_for_ones_own_lock(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = stage.desk(always_unlocked=False)
    stage.run(desk.unlock())
    assert perform(stage, desk, "blue@one").ending is Ending.VERIFIED
    sbc = stage.sbcs["one"]
    plain = sbc.ask

    async def ask(ask: SshAsk, budget_s: float) -> Answer:
        answer = await plain(ask, budget_s)
        if ask.lock is not None:
            await desk.lock()  # the operator thinks better of it
        return answer

    prepared = prepare(stage, desk)
    monkeypatch.setattr(sbc, "ask", ask)
    outcome = stage.run(desk.perform(prepared, YES, silent))
    assert (outcome.ending, outcome.sent) == (Ending.REFUSED, False)
    assert "read-only" in outcome.sentence
    assert [command.name for command in sbc.commanded] == ["blue"]


def test_a_lock_that_overtakes_an_unlock_on_a_slow_disk_is_the_last_word(stage: Stage) -> None:
    waits = iter((5.0, 0.0))

    async def slow_disk(work: Callable[[], Any]) -> Any:
        await asyncio.sleep(next(waits))
        return work()

    desk = stage.desk(always_unlocked=False, aside=slow_disk)

    async def both() -> None:
        unlocking = asyncio.ensure_future(desk.unlock())
        await asyncio.sleep(1)
        await desk.lock()
        await unlocking

    stage.run(both())
    assert desk.unlocked_until is None


def test_the_limits_hold_while_only_the_log_daemon_takes_the_audit(stage: Stage) -> None:
    desk = stage.desk()
    book: Any = desk._world.audit
    plain = book.append

    def to_syslog_only(record: AuditRecord) -> Written:
        written: Written = replace(plain(record), seq=0, notice="disk full; the audit goes to syslog only")
        book.entries.pop()
        return written

    book.append = to_syslog_only
    assert perform(stage, desk).ending is Ending.VERIFIED
    stage.run(asyncio.sleep(20))
    again = perform(stage, desk)
    assert (again.ending, again.sent) == (Ending.REFUSED, False)
    assert "pause: red@one was done" in again.sentence
    assert len(stage.sbcs["one"].commanded) == 1


def test_two_legs_of_a_group_are_not_taken_down_together(stage: Stage) -> None:
    desk = stage.desk()
    stage.views["jump1"] = tuple(leg for leg in stage.look() if leg.id in {"red@one", "blue@two"})
    first, second = prepare(stage, desk), prepare(stage, desk, "blue@two")

    async def both() -> list[Outcome]:
        work = [desk.perform(prepared, YES, silent) for prepared in (first, second)]
        return list(await asyncio.gather(*work))

    one, other = stage.run(both())
    assert one.ending is Ending.VERIFIED
    assert (other.ending, other.sent) == (Ending.REFUSED, False)
    assert "last healthy leg of group out (red@one was acted on and is not proved)" in other.sentence


def test_an_unfinished_action_of_a_kind_that_a_later_version_wrote_is_told_and_left_open(
    stage: Stage,
) -> None:
    desk = stage.desk()
    record = AuditRecord(kind=RecordKind.INTENT, action="z1", verb="drain", leg="red@one", sbc="one")
    stage.book(Who("alice", 1000, host="jump1")).append(record)
    stage.run(asyncio.sleep(200))
    (act,) = stage.run(desk.open())
    outcome = stage.run(desk.verify(act))
    assert outcome.ending is Ending.UNVERIFIED
    assert outcome.sentence == "this version does not know drain: look with the one that wrote it"
    assert stage.run(desk.open()), "it is still open for the version that knows it"


def test_a_login_that_is_refused_while_it_is_proved_ends_the_looking_and_says_so(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sbc = stage.sbcs["one"]
    plain = sbc.ask

    async def ask(ask: SshAsk, budget_s: float) -> Answer:
        if sbc.commanded:
            raise LinkError(SshState.AUTH, Safe("noc was refused"))
        return await plain(ask, budget_s)

    monkeypatch.setattr(sbc, "ask", ask)
    outcome = perform(stage, stage.desk())
    assert (outcome.ending, outcome.sent) == (Ending.UNVERIFIED, True)
    assert outcome.sentence == "it cannot be looked at any more: noc was refused. It is not sent again"


def test_a_late_look_at_another_trunk_of_that_name_proves_nothing(stage: Stage) -> None:
    desk = stage.desk()
    stage.sbcs["one"].delay = lambda: 60.0
    assert perform(stage, desk).ending is Ending.UNVERIFIED
    stage.run(asyncio.sleep(300))
    (act,) = stage.run(desk.open())
    red, *others = stage.look()
    stage.views["jump1"] = (replace(red, native=NativeNames(registration="blue")), *others)
    outcome = stage.run(desk.verify(act))
    assert outcome.ending is Ending.UNVERIFIED
    assert "it may be another trunk" in outcome.sentence
    stage.views.clear()
    assert stage.run(desk.verify(act)).ending is Ending.VERIFIED
