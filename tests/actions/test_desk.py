"""The one entry to actions: what is written before and after, what is refused, and what an interruption leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.actions.far_side import Carrier
from tests.actions.scene import Stage, silent
from trunktui.actions.desk import Desk
from trunktui.model.action import Consent, Ending, Outcome, Prepared, Statement, Verb
from trunktui.model.ask import LOCK, Answer, Reply, SshAsk
from trunktui.model.audit import RecordKind, Who
from trunktui.model.text import Safe

YES = Consent(yes=True, typed="out", reason="ticket 7")


@pytest.fixture
def stage() -> Iterator[Stage]:
    """The stage, ended after the test."""
    made = Stage()
    yield made
    made.close()


def prepare(stage: Stage, desk: Desk, leg: str = "red@one") -> Prepared:
    found: Prepared = stage.run(desk.prepare(Verb.REREGISTER, leg))
    return found


def perform(stage: Stage, desk: Desk, leg: str = "red@one", consent: Consent = YES, tell: Any = silent) -> Outcome:  # fmt: skip
    found: Outcome = stage.run(desk.perform(prepare(stage, desk, leg), consent, tell))
    return found


def kinds(stage: Stage, host: str = "jump1") -> list[tuple[str, str]]:
    return [(e.record.kind.value, e.record.ending) for e in stage.books[host]]


def test_what_is_prepared_is_what_is_written_and_what_runs(stage: Stage) -> None:
    desk = stage.desk()
    prepared = prepare(stage, desk)
    assert prepared.wants == (Statement.YES,)
    told: list[Safe] = []
    outcome = stage.run(desk.perform(prepared, YES, told.append))
    assert (outcome.ending, outcome.sent) == (Ending.VERIFIED, True)
    assert outcome.sentence.startswith("Registered, next attempt in ")
    assert outcome.evidence[0].source == "pjsip show registration red"
    intent, end = (entry.record for entry in stage.books["jump1"])
    assert prepared.plan is not None
    assert intent.commands == prepared.commands
    assert intent.commands[0].startswith("sudo -n -u asterisk /usr/bin/timeout -k 1 5 ")
    assert (intent.consequence, intent.undo) == (prepared.plan.consequence, prepared.plan.undo)
    assert (intent.action, intent.leg, intent.carrier, intent.reason) == (prepared.action, "red@one", "alpha", "ticket 7")  # fmt: skip
    assert any(line.startswith("last path: ") for line in intent.guards)
    assert (end.kind, end.ending, end.sent, end.action) == (
        RecordKind.OUTCOME,
        "verified",
        True,
        intent.action,
    )
    assert any("left)" in line for line in told), "progress while it waits"
    assert any(line.startswith("Unregistered, next attempt in") for line in told)


def test_nothing_is_sent_where_the_intent_cannot_be_written(stage: Stage) -> None:
    desk = stage.desk()
    prepared = prepare(stage, desk)
    desk._world.audit.fails = True  # type: ignore[attr-defined]
    outcome = stage.run(desk.perform(prepared, YES, silent))
    assert (outcome.ending, outcome.sent) == (Ending.REFUSED, False)
    assert "audit log is not writable" in outcome.sentence
    assert "no space left" in outcome.sentence
    assert stage.sbcs["one"].commanded == []


def test_the_intent_is_on_disk_before_the_command_goes_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    sbc, seen = stage.sbcs["one"], []
    plain = sbc.ask

    async def ask(ask: SshAsk, budget_s: float) -> Answer:
        seen.append((ask.lock is not None, kinds(stage)))
        return await plain(ask, budget_s)

    monkeypatch.setattr(sbc, "ask", ask)
    perform(stage, stage.desk())
    assert seen[:2] == [(False, []), (True, [("intent", "")])]


def test_a_refusal_says_which_guard_and_is_written(stage: Stage) -> None:
    desk = stage.desk()
    outcome = perform(stage, desk, consent=Consent(reason="x"))
    assert (outcome.ending, outcome.sent) == (Ending.REFUSED, False)
    assert outcome.sentence == "confirmed: say yes to reregister red@one"
    unknown = perform(stage, desk, "nosuch@one")
    assert "there is no leg nosuch@one" in unknown.sentence
    assert kinds(stage) == [("refused", "refused")] * 2


def test_a_read_only_sbc_is_never_asked_to_do_anything() -> None:
    stage = Stage(write=False)
    try:
        outcome = perform(stage, stage.desk())
        assert outcome.ending is Ending.REFUSED
        assert stage.sbcs["one"].asks == 0
    finally:
        stage.close()


def test_write_mode_is_unlocked_for_15_minutes_and_both_are_written(stage: Stage) -> None:
    desk = stage.desk(always_unlocked=False)
    assert "read-only: unlock write mode first" in perform(stage, desk).sentence
    until = stage.run(desk.unlock())
    assert until == stage.loop.time() + 900
    assert perform(stage, desk).ending is Ending.VERIFIED
    stage.run(asyncio.sleep(901))
    assert desk.unlocked_until is None
    assert "read-only" in perform(stage, desk, "blue@two").sentence
    stage.run(desk.unlock())
    stage.run(desk.lock())
    assert desk.unlocked_until is None
    assert [kind for kind, _ in kinds(stage) if "lock" in kind] == ["unlock", "unlock", "lock"]


def test_what_changed_while_the_operator_thought_is_refused(stage: Stage) -> None:
    desk = stage.desk()
    prepared = prepare(stage, desk)
    assert perform(stage, stage.desk("carol", "jump2")).ending is Ending.VERIFIED
    outcome = stage.run(desk.perform(prepared, YES, silent))
    assert (outcome.ending, outcome.sent) == (Ending.REFUSED, False)
    assert "somebody re-registered it" in outcome.sentence
    assert len(stage.sbcs["one"].commanded) == 1


def test_the_one_who_finds_the_lock_taken_is_told_who_has_it(stage: Stage) -> None:
    perform(stage, stage.desk("carol", "jump2"), "blue@one")
    outcome = perform(stage, stage.desk())
    assert (outcome.ending, outcome.sent) == (Ending.REFUSED, False)
    assert "carol@jump2 acts on this SBC right now" in outcome.sentence
    assert kinds(stage) == [("intent", ""), ("outcome", "refused")]


def test_ones_own_lock_is_waited_for(stage: Stage) -> None:
    desk = stage.desk()
    assert perform(stage, desk, "blue@one").ending is Ending.VERIFIED
    told: list[Safe] = []
    assert perform(stage, desk, "red@one", tell=told.append).ending is Ending.VERIFIED
    assert any("waiting for the lock" in line for line in told)
    first, second = (command.at for command in stage.sbcs["one"].commanded)
    assert second - first >= 12


@pytest.mark.parametrize(
    ("status", "words"),
    [(66, "may not read /usr/sbin/asterisk"), (127, "cannot lock (flock, status 127)")],
)
def test_an_sbc_that_cannot_lock_is_told_and_nothing_is_sent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, status: int, words: str
) -> None:
    sbc = stage.sbcs["one"]
    plain = sbc._run
    monkeypatch.setattr(sbc, "_run", lambda ask, key: Reply(LOCK, status) if key == LOCK else plain(ask, key))
    outcome = perform(stage, stage.desk())
    assert (outcome.ending, outcome.sent) == (Ending.FAILED, False)
    assert words in outcome.sentence
    assert sbc.commanded == []


def test_a_command_that_the_sbc_refuses_failed_and_does_not_count(stage: Stage) -> None:
    stage.sbcs["one"].refuses = "You don't have permissions to run 'pjsip send register red' command"
    outcome = perform(stage, stage.desk())
    assert (outcome.ending, outcome.sent) == (Ending.FAILED, False)
    assert "must allow 'pjsip send register red'" in outcome.sentence
    stage.sbcs["one"].refuses = ""
    stage.run(asyncio.sleep(13))
    assert perform(stage, stage.desk()).ending is Ending.VERIFIED, "no pause after what did nothing"


def test_asterisk_frozen_in_the_very_moment_of_sending_is_unverified(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sbc = stage.sbcs["one"]
    plain = sbc._run
    monkeypatch.setattr(sbc, "_run", lambda ask, key: Reply(key, 137) if key == "step" else plain(ask, key))
    outcome = perform(stage, stage.desk())
    assert (outcome.ending, outcome.sent) == (Ending.UNVERIFIED, True)
    assert "may still do it when it wakes up" in outcome.sentence


def test_a_silent_carrier_fails_within_the_window_and_a_slow_one_stays_unverified(stage: Stage) -> None:
    sbc = stage.sbcs["one"]
    sbc.carrier["red"] = Carrier.SILENT
    outcome = perform(stage, stage.desk())
    assert outcome.ending is Ending.FAILED
    assert "did not answer" in outcome.sentence
    assert outcome.ended_at - outcome.began_at < 50
    sbc.carrier["blue"] = Carrier.SILENT
    stage.run(asyncio.sleep(20))
    sbc.delay = lambda: 30.0
    outcome = perform(stage, stage.desk(), "blue@one")
    assert outcome.ending is Ending.UNVERIFIED
    assert "no proof within 45 s" in outcome.sentence


def test_too_slow_a_read_is_not_acted_on(stage: Stage) -> None:
    stage.sbcs["one"].latency = 9.0
    outcome = perform(stage, stage.desk())
    assert (outcome.ending, outcome.sent) == (Ending.FAILED, False)
    assert "took too long" in outcome.sentence


@pytest.mark.parametrize("after_s", [0.0, 0.03, 0.08, 0.5, 2.0])
def test_an_interruption_is_written_and_never_claims_that_nothing_was_sent_if_it_may_have_been(
    stage: Stage, after_s: float
) -> None:
    desk = stage.desk()
    prepared = prepare(stage, desk)

    async def work() -> None:
        task = asyncio.get_running_loop().create_task(desk.perform(prepared, YES, silent))
        await asyncio.sleep(after_s)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    stage.run(work())
    if desk.interrupted is None:
        assert after_s == 0.0, "it had not begun"
        return
    commanded = bool(stage.sbcs["one"].commanded)
    assert desk.interrupted.sent or not commanded
    assert (desk.interrupted.ending is Ending.UNVERIFIED) is desk.interrupted.sent
    assert kinds(stage)[-1:] == ([("outcome", "unverified")] if desk.interrupted.sent else kinds(stage)[-1:])


def test_a_process_that_dies_leaves_an_unfinished_intent_that_a_look_closes(stage: Stage) -> None:
    dead = stage.desk("alice")
    prepared = prepare(stage, dead)

    async def work() -> None:
        task = asyncio.get_running_loop().create_task(dead.perform(prepared, YES, silent))
        await asyncio.sleep(1.0)
        dead._world.audit.fails = True  # type: ignore[attr-defined]
        task.cancel()
        await asyncio.wait([task])

    stage.run(work())
    assert kinds(stage) == [("intent", "")]
    alive: list[Who] = []

    def still_runs(who: Who) -> bool:
        alive.append(who)
        return True

    desk = stage.desk("bob", alive=still_runs)
    assert stage.run(desk.open()) == (), "its process may still be at it"
    assert [who.name for who in alive] == ["alice"]
    desk = stage.desk("bob", alive=lambda _: False)
    assert [act.leg for act in stage.run(desk.open())] == ["red@one"]
    blocked = perform(stage, stage.desk("bob"), "red@two")
    assert "red@one of carrier alpha is under way" in blocked.sentence
    stage.run(asyncio.sleep(200))
    (act,) = stage.run(desk.open())
    asks = len(stage.sbcs["one"].commanded)
    assert stage.run(desk.verify(act)).ending is Ending.VERIFIED
    assert len(stage.sbcs["one"].commanded) == asks, "it only read"
    assert stage.run(desk.open()) == ()
    assert stage.run(desk.verify(act)).sentence == "it was closed meanwhile"


def test_an_outcome_that_cannot_be_written_is_told(stage: Stage) -> None:
    desk = stage.desk()
    prepared = prepare(stage, desk)
    book: Any = desk._world.audit
    plain = book.append

    def only_intents(record: Any) -> Any:
        book.fails = record.kind is not RecordKind.INTENT
        return plain(record)

    book.append = only_intents
    outcome = stage.run(desk.perform(prepared, YES, silent))
    assert outcome.ending is Ending.VERIFIED
    assert "not in the audit log" in outcome.sentence


def test_a_hung_disk_is_an_audit_log_that_cannot_be_written(stage: Stage) -> None:
    async def never(_: Any) -> Any:
        await asyncio.sleep(3600)

    desk = stage.desk(aside=never)
    prepared = prepare(stage, desk)
    assert prepared.rulings[0].guard == "audit"
    assert "did not take it within 10 s" in prepared.rulings[0].sentence
    assert prepared.wants is None


@pytest.mark.parametrize("disk_s", [0.0, 0.001, 0.5])
def test_two_desks_of_one_host_on_one_carrier_do_not_act_at_the_same_time(
    stage: Stage, disk_s: float
) -> None:
    async def slow_disk(work: Any) -> Any:
        await asyncio.sleep(disk_s)
        return work()

    # With a slow disk both find the way free, and both intents are written: the earlier one goes on.
    desks = [stage.desk(name, aside=slow_disk) for name in ("alice", "bob")]
    ready = [prepare(stage, desk, leg) for desk, leg in zip(desks, ("red@one", "red@two"), strict=True)]

    async def both() -> list[Outcome]:
        work = [desk.perform(p, YES, silent) for desk, p in zip(desks, ready, strict=True)]
        return list(await asyncio.gather(*work))

    outcomes = stage.run(both())
    assert sorted(outcome.ending for outcome in outcomes) == [Ending.REFUSED, Ending.VERIFIED]
    refused = next(outcome for outcome in outcomes if outcome.ending is Ending.REFUSED)
    assert "carrier alpha is under way" in refused.sentence
    assert not refused.sent
