"""The engine's side of actions: who asks, what is told meanwhile, and that nothing begun is lost with the screen."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Self

import pytest
from msgspec.structs import replace

from tests.engine.test_reload import DEADLINE_S, POLL, TRUNK, Site, config_of, sbc
from trunktui.actions.past import Act
from trunktui.actions.ports import Tell
from trunktui.config.errors import ConfigError, Problem
from trunktui.engine import acts
from trunktui.engine.acts import Acts
from trunktui.engine.crew import posts_of
from trunktui.engine.ongoing import Ongoing
from trunktui.engine.protocol import Answered, Asked, DoingFrame, Frame, encode, read_frame
from trunktui.engine.reload import Reloader, pace_of
from trunktui.model.acting import Doings
from trunktui.model.action import Consent, Ending, Outcome, Prepared, Ruling, Statement, Sweep, Swept, Verb
from trunktui.model.audit import Who
from trunktui.model.inventory import Inventory
from trunktui.model.request import (
    Decline,
    Introduce,
    Lock,
    Perform,
    PerformSwitch,
    Prepare,
    PrepareSwitch,
    Reload,
    Reply,
    Request,
    Unlock,
    Verify,
)
from trunktui.model.switch import Switched, SwitchKind, Undoable, Waits, Wish
from trunktui.model.text import Safe, clean
from trunktui.store.errors import AuditError

LEG = "carrier-a@a"
WHO = Who("alice", 1000, tty="/dev/pts/3", host="jump1", pid=1)
WISH = Wish(SwitchKind.SWITCH, "out", to="carrier-b", sbcs=("a", "b"))
WRITABLE = POLL + sbc("a", "write = true\n") + TRUNK


class FakeDesk:
    """A desk whose one action ends when `go` is set. A switch is done on the SBCs of its wish, in order."""

    def __init__(self, who: Who) -> None:
        self.who = who
        self.until: float | None = None
        self.unlocks = True
        self.broken = ""
        self.past: tuple[Act, ...] = ()
        self.inventory: Inventory | None = None
        self.did: list[str] = []
        self.go = asyncio.Event()
        self.begun = asyncio.Event()
        self.takes_back: tuple[Undoable, ...] = ()

    @property
    def unlocked_until(self) -> float | None:
        return self.until

    def reconfigure(self, inventory: Inventory, interval_s: float) -> None:
        self.inventory = inventory

    async def unlock(self) -> float:
        self._check()
        self.until = time.monotonic() + 900 if self.unlocks else None
        return self.until or time.monotonic()

    async def lock(self) -> None:
        self.until = None
        self._check()

    async def prepare(
        self, verb: Verb, leg_id: str, batch: tuple[str, ...] = (), consent: Consent | None = None
    ) -> Prepared:
        ruling = Ruling("confirmed", False, Safe("say yes"), (Statement.YES,))
        return Prepared(f"{verb.value}-{leg_id}", verb, leg_id, batch, None, None, (), (ruling,))

    async def perform(self, prepared: Prepared, consent: Consent, tell: Tell) -> Outcome:
        tell(clean("sending it ..."))
        self.begun.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.did.append("interrupted")
            raise
        self.did.append(f"{prepared.verb.value} {prepared.leg_id} {consent.yes}")
        return Outcome(Ending.VERIFIED, clean("registered"), True, 0.0, 1.0)

    async def refuse(self, prepared: Prepared, consent: Consent) -> Outcome:
        self.did.append(f"refused {prepared.leg_id}")
        return Outcome(Ending.REFUSED, clean("pause: wait"), False, 0.0, 1.0)

    async def prepare_switch(self, wish: Wish, consent: Consent | None = None) -> Sweep:
        ruling = Ruling("confirmed", False, Safe("say yes"), (Statement.YES,))
        parts = (
            Prepared(
                f"part-{name}", Verb.SWITCH, f"{wish.to}@{name}", (), None, None, (), (ruling,), sbc=name
            )
            for name in wish.sbcs
        )
        return Sweep(f"switch-{wish.group}", wish, tuple(parts))

    async def perform_switch(self, sweep: Sweep, consent: Consent, tell: Tell) -> Swept:
        outcomes = []
        for part in sweep.parts:
            tell(clean(f"{part.sbc}: sending it ..."))
            self.begun.set()
            await self.go.wait()
            outcomes.append((part.sbc, Outcome(Ending.ROUTED, clean("it reads back"), True, 0.0, 1.0)))
        self.did.append(f"switch {sweep.wish.group} {consent.yes}")
        self.takes_back = (Undoable(sweep.wish.group, 900.0, "carrier-a", (("a", "1"), ("b", "2"))),)
        return Swept(sweep.action, sweep.wish, Ending.ROUTED, clean("on a, b"), tuple(outcomes))

    async def refuse_switch(self, sweep: Sweep, consent: Consent) -> Swept:
        self.did.append(f"refused {sweep.wish.group}")
        return Swept(sweep.action, sweep.wish, Ending.REFUSED, clean("target: it is down"), (), ("a", "b"))

    async def undoable(self) -> tuple[Undoable, ...]:
        self._check()
        return self.takes_back

    async def switched(self) -> tuple[Switched, ...]:
        self._check()
        return tuple(
            Switched(one.group, sbc, one.went, one.who, 0.0)
            for one in self.takes_back
            for sbc, _ in one.actions
        )

    async def open(self) -> tuple[Act, ...]:
        self._check()
        return self.past

    async def verify(self, act: Act) -> Outcome:
        self.past = tuple(each for each in self.past if each is not act)
        return Outcome(Ending.VERIFIED, clean("registered since"), True, 0.0, 1.0)

    def _check(self) -> None:
        if self.broken:
            raise AuditError(self.broken)


class Terminal:
    """An engine that polls a fake SBC, and the screen that asks it to act."""

    def __init__(self, text: str = WRITABLE, fault: str = "", finish_s: float = DEADLINE_S) -> None:
        self.site = Site(text)
        self.fault = fault
        self.desks: list[FakeDesk] = []
        self.heard: list[Frame] = []
        self.rests = 0
        self._number = 0
        self.config = config_of(text)
        self.acts = Acts(
            self.config.inventory,
            self._desk_for,
            time.monotonic,
            self.site.engine.changed,
            self._rested,
            finish_s,
        )

    def _desk_for(self, who: Who) -> FakeDesk:
        if self.fault:
            raise ConfigError((Problem("prod.toml", None, "state", self.fault),))
        self.desks.append(FakeDesk(who))
        return self.desks[-1]

    async def _rested(self) -> None:
        self.rests += 1

    async def __aenter__(self) -> Self:
        ours, theirs = socket.socketpair()
        site = self.site

        def renewed() -> None:
            self.acts.reconfigure(reloader.config.inventory, reloader.config.poll.interval_s)
            site.engine.renewed()

        reloader = Reloader(site.config, lambda: config_of(site.text), site.fleet, site.crew, renewed)
        self.running = asyncio.create_task(
            site.engine.run(
                theirs,
                site.crew,
                posts_of(site.config.inventory),
                pace_of(site.config),
                reloader,
                self.acts,
            )
        )
        self._reader, self.writer = await asyncio.open_connection(sock=ours)
        self._following = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        for desk in self.desks:
            desk.go.set()
        async with asyncio.timeout(DEADLINE_S):
            await self.running
            await self._following

    async def _follow(self) -> None:
        while (frame := await read_frame(self._reader)) is not None:
            self.heard.append(frame)

    @property
    def desk(self) -> FakeDesk:
        return self.desks[-1]

    @property
    def doings(self) -> Doings:
        """What the engine told last."""
        told = [frame.doings for frame in self.heard if isinstance(frame, DoingFrame)]
        return told[-1] if told else Doings()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                await asyncio.sleep(0.005)

    def send(self, request: Request) -> int:
        self._number += 1
        self.writer.write(encode(Asked(self._number, request)))
        return self._number

    async def ask(self, request: Request) -> Reply:
        return await self.answer(self.send(request))

    async def answer(self, number: int) -> Reply:
        found: list[Reply] = []

        def answered() -> bool:
            found[:] = [f.reply for f in self.heard if isinstance(f, Answered) and f.number == number]
            return bool(found)

        await self.until(answered)
        return found[0]

    async def begin(self) -> int:
        """Introduce oneself and begin a re-register; return the number of its answer."""
        await self.ask(Introduce(WHO))
        prepared = (await self.ask(Prepare(Verb.REREGISTER, LEG))).prepared
        assert prepared is not None
        number = self.send(Perform(prepared.action, Consent(yes=True)))
        await self.until(self.desk.begun.is_set)
        return number


async def test_nothing_is_done_for_somebody_who_is_not_known() -> None:
    async with Terminal() as terminal:
        for request in (Unlock(), Prepare(Verb.REREGISTER, LEG), Perform("a", Consent(yes=True)), Verify()):
            reply = await terminal.ask(request)
            assert not reply.done
            assert "does not know yet who you are" in reply.text
        assert not terminal.desks


async def test_the_operator_is_the_one_at_the_terminal() -> None:
    async with Terminal() as terminal:
        assert (await terminal.ask(Introduce(WHO))).done
        assert terminal.desk.who == WHO


async def test_write_mode_is_told_from_its_beginning_to_its_end() -> None:
    async with Terminal() as terminal:
        await terminal.ask(Introduce(WHO))
        reply = await terminal.ask(Unlock())
        assert reply.text == "write mode for 15 minutes on a; :readonly ends it"
        await terminal.until(lambda: terminal.doings.unlocked_until == terminal.desk.until is not None)
        assert (await terminal.ask(Lock())).done
        await terminal.until(lambda: terminal.doings.unlocked_until is None)


async def test_an_unlock_that_a_lock_overtook_is_told_as_none() -> None:
    async with Terminal() as terminal:
        await terminal.ask(Introduce(WHO))
        terminal.desks[0].unlocks = False
        reply = await terminal.ask(Unlock())
        assert (reply.done, reply.text) == (False, "still read-only: :readonly came before it was written")


async def test_there_is_nothing_to_unlock_where_no_sbc_may_be_written_to_until_a_reload_says_so() -> None:
    async with Terminal(POLL + sbc("a") + TRUNK) as terminal:
        await terminal.ask(Introduce(WHO))
        reply = await terminal.ask(Unlock())
        assert reply.text == "nothing to unlock: no SBC has `write = true` in the config"
        assert terminal.desk.until is None
        terminal.site.text = WRITABLE
        assert (await terminal.ask(Reload())).done
        assert terminal.desk.inventory is not None
        assert terminal.desk.inventory.sbcs[0].write
        assert (await terminal.ask(Unlock())).done


async def test_how_long_switches_wait_is_told_and_a_reload_changes_it() -> None:
    async with Terminal() as terminal:
        await terminal.ask(Introduce(WHO))
        assert terminal.doings.waits == Waits()
        terminal.site.text = WRITABLE + "[switch]\nhold_s = 20\n"
        assert (await terminal.ask(Reload())).done
        await terminal.until(lambda: terminal.doings.waits == Waits(hold_s=20.0))
        assert terminal.desk.inventory is not None
        assert terminal.desk.inventory.waits == Waits(hold_s=20.0)


async def test_an_audit_log_that_cannot_be_written_keeps_it_read_only_and_says_why() -> None:
    async with Terminal() as terminal:
        await terminal.ask(Introduce(WHO))
        terminal.desk.broken = "/var/x/audit.jsonl: no space left on device"
        reply = await terminal.ask(Unlock())
        assert not reply.done
        assert reply.text.startswith("still read-only: the audit log is not writable: /var/x/audit.jsonl")
        terminal.desk.until = time.monotonic() + 9
        assert "not usable" in (await terminal.ask(Lock())).text
        assert not terminal.desk.until
        assert "not usable" in (await terminal.ask(Verify())).text


async def test_a_state_folder_that_cannot_be_had_is_the_answer_to_every_action() -> None:
    async with Terminal(fault="permission denied") as terminal:
        await terminal.ask(Introduce(WHO))
        reply = await terminal.ask(Unlock())
        assert "no action can be recorded, so none is sent" in reply.text
        assert "permission denied" in reply.text


async def test_progress_is_told_while_it_runs_and_the_end_once() -> None:
    async with Terminal() as terminal:
        number = await terminal.begin()
        await terminal.until(lambda: bool(terminal.doings.running and terminal.doings.running[0].steps))
        (running,) = terminal.doings.running
        assert (running.verb, running.leg) == (Verb.REREGISTER, LEG)
        assert [step.said for step in running.steps] == ["sending it ..."]
        terminal.desk.go.set()
        reply = await terminal.answer(number)
        (ended,) = reply.ended
        assert (ended.leg, ended.outcome.ending) == (LEG, Ending.VERIFIED)
        assert [step.said for step in ended.steps] == ["sending it ..."]
        await terminal.until(lambda: not terminal.doings.running)
        assert terminal.desk.did == [f"reregister {LEG} True"]
        assert terminal.rests == 1


async def test_what_was_prepared_is_performed_once_and_never_by_another_engine() -> None:
    async with Terminal() as terminal:
        number = await terminal.begin()
        terminal.desk.go.set()
        await terminal.answer(number)
        again = await terminal.ask(Perform(f"reregister-{LEG}", Consent(yes=True)))
        other = await terminal.ask(Perform("prepared elsewhere", Consent(yes=True)))
        for reply in (again, other):
            assert reply.text == "nothing was sent: it was prepared by an engine that is gone; begin again"
            assert not reply.ended
        assert len(terminal.desk.did) == 1


async def test_an_action_is_finished_when_the_screen_is_gone_and_only_then_the_engine_ends() -> None:
    async with Terminal() as terminal:
        await terminal.begin()
        terminal.writer.close()
        await asyncio.sleep(0.05)
        assert not terminal.running.done()
        assert not terminal.desk.did
        terminal.desk.go.set()
        async with asyncio.timeout(DEADLINE_S):
            await terminal.running
        assert terminal.desk.did == [f"reregister {LEG} True"]


async def test_an_action_that_was_asked_for_with_the_last_breath_is_carried_out() -> None:
    async with Terminal() as terminal:
        await terminal.ask(Introduce(WHO))
        prepared = (await terminal.ask(Prepare(Verb.REREGISTER, LEG))).prepared
        assert prepared is not None
        terminal.desk.go.set()
        terminal.send(Perform(prepared.action, Consent(yes=True)))
        terminal.writer.close()
        async with asyncio.timeout(DEADLINE_S):
            await terminal.running
        assert terminal.desk.did == [f"reregister {LEG} True"]


async def test_an_action_that_does_not_end_is_interrupted_after_a_bounded_time() -> None:
    async with Terminal(finish_s=0.05) as terminal:
        await terminal.begin()
        terminal.writer.close()
        async with asyncio.timeout(DEADLINE_S):
            await terminal.running
        assert terminal.desk.did == ["interrupted"]


async def test_a_refusal_is_recorded() -> None:
    async with Terminal() as terminal:
        await terminal.ask(Introduce(WHO))
        prepared = (await terminal.ask(Prepare(Verb.REREGISTER, LEG))).prepared
        assert prepared is not None
        reply = await terminal.ask(Decline(prepared.action, Consent()))
        assert reply.text == f"{LEG}: refused: pause: wait"
        assert terminal.desk.did == [f"refused {LEG}"]


async def test_the_unfinished_are_told_at_the_start_and_closed_by_looking() -> None:
    act = Act("old", 3, "reregister", LEG, "a", "", WHO, 180.0)
    terminal = Terminal()

    def desk_for(who: Who) -> FakeDesk:
        desk = FakeDesk(who)
        desk.past = (act, replace(act, action="later", verb="rotate"))
        terminal.desks.append(desk)
        return desk

    terminal.acts._desk_for = desk_for
    async with terminal:
        await terminal.ask(Introduce(WHO))
        await terminal.until(lambda: bool(terminal.doings.unfinished))
        (unfinished,) = terminal.doings.unfinished
        assert (unfinished.leg, unfinished.who, unfinished.verb) == (LEG, "alice", "reregister")
        assert 179 < time.monotonic() - unfinished.began_at < 180 + DEADLINE_S
        reply = await terminal.ask(Verify())
        assert [(ended.leg, ended.outcome.ending) for ended in reply.ended] == [(LEG, Ending.VERIFIED)]
        await terminal.until(lambda: not terminal.doings.unfinished)
        assert (await terminal.ask(Verify())).text == "nothing is unfinished"


@pytest.mark.parametrize("request_", [Unlock(), Prepare(Verb.PROBE, LEG)])
async def test_an_engine_without_a_desk_says_so(request_: Request) -> None:
    async with Site(WRITABLE) as site:
        site._writer.write(encode(Asked(9, request_)))
        await site.until(lambda: any(isinstance(f, Answered) and f.number == 9 for f in site.heard))
        (answer,) = [f for f in site.heard if isinstance(f, Answered)]
        assert answer.reply.text == "this engine sends no actions"


async def test_a_switch_is_prepared_carried_out_and_told_as_one_with_its_parts() -> None:
    async with Terminal() as terminal:
        await terminal.ask(Introduce(WHO))
        sweep = (await terminal.ask(PrepareSwitch(WISH))).sweep
        assert sweep is not None
        assert (sweep.wish, [part.sbc for part in sweep.parts]) == (WISH, ["a", "b"])
        number = terminal.send(PerformSwitch(sweep.action, Consent(yes=True)))
        await terminal.until(lambda: bool(terminal.doings.running and terminal.doings.running[0].steps))
        (running,) = terminal.doings.running
        assert (running.verb, running.leg) == (Verb.SWITCH, "out")
        assert [step.said for step in running.steps] == ["a: sending it ..."]
        terminal.desk.go.set()
        reply = await terminal.answer(number)
        assert reply.done, "a route that reads back is no failure"
        assert reply.swept is not None
        assert [sbc for sbc, _ in reply.swept.outcomes] == ["a", "b"]
        (ended,) = reply.ended
        assert (ended.verb, ended.leg, ended.outcome.ending) == (Verb.SWITCH, "out", Ending.ROUTED)
        assert [step.said for step in ended.steps] == ["a: sending it ...", "b: sending it ..."]
        await terminal.until(lambda: not terminal.doings.running)
        assert terminal.rests == 1


async def test_what_can_be_taken_back_is_told_after_each_action_and_every_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(acts, "UNDO_EVERY_S", 0.01)
    async with Terminal() as terminal:
        await terminal.ask(Introduce(WHO))
        sweep = (await terminal.ask(PrepareSwitch(WISH))).sweep
        assert sweep is not None
        terminal.desk.go.set()
        await terminal.ask(PerformSwitch(sweep.action, Consent(yes=True)))
        await terminal.until(lambda: terminal.doings.undoable == terminal.desk.takes_back != ())
        assert [(one.group, one.sbc) for one in terminal.doings.switched] == [("out", "a"), ("out", "b")]
        terminal.desk.takes_back = ()  # somebody else took it back
        await terminal.until(lambda: not terminal.doings.undoable)
        terminal.desk.takes_back = (Undoable("out", 900.0, "carrier-a", (("a", "1"),)),)
        await terminal.until(lambda: bool(terminal.doings.undoable))
        terminal.desk.broken = "permission denied"
        await terminal.until(lambda: not terminal.doings.undoable)


async def test_a_sweep_may_take_the_time_of_all_its_sbcs_when_the_screen_is_gone() -> None:
    ongoing = Ongoing(time.monotonic, lambda: None)
    ongoing.begin("1", Verb.REREGISTER, LEG)
    ongoing.begin("2", Verb.SWITCH, "out", 6)
    assert ongoing.sbcs == 7
    ongoing.end("2")
    waiting = asyncio.create_task(ongoing.wait())
    ongoing.end("1")
    await waiting
    assert not ongoing


async def test_a_switch_is_finished_on_every_sbc_when_the_screen_is_gone() -> None:
    async with Terminal() as terminal:
        await terminal.ask(Introduce(WHO))
        sweep = (await terminal.ask(PrepareSwitch(WISH))).sweep
        assert sweep is not None
        terminal.send(PerformSwitch(sweep.action, Consent(yes=True)))
        await terminal.until(terminal.desk.begun.is_set)
        terminal.writer.close()
        assert not terminal.desk.did
        terminal.desk.go.set()
        async with asyncio.timeout(DEADLINE_S):
            await terminal.running
        assert terminal.desk.did == ["switch out True"]


async def test_a_refused_switch_is_recorded_and_none_is_performed_as_the_other_kind() -> None:
    async with Terminal() as terminal:
        await terminal.ask(Introduce(WHO))
        sweep = (await terminal.ask(PrepareSwitch(WISH))).sweep
        assert sweep is not None
        reply = await terminal.ask(Decline(sweep.action, Consent()))
        assert reply.text == "out: refused: target: it is down"
        assert reply.swept is not None
        assert reply.swept.untouched == ("a", "b")
        assert (await terminal.ask(Perform(sweep.action, Consent(yes=True)))).ended == ()
        assert terminal.desk.did == ["refused out"]
