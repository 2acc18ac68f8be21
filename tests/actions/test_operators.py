"""Operators, faults and time in any order: what must hold whatever happens. At full length in CI, or with TRUNKTUI_SOAK=1."""

from __future__ import annotations

import asyncio
import itertools
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.actions.far_side import Carrier, Cut, Far, Put
from tests.actions.scene import LEGS, Stage, silent
from tests.actions.switch_scene import PLACE, SBCS, TRUNKS, SwitchStage
from trunktui.actions.past import wish_of
from trunktui.model.action import Consent, Ending, Outcome, Prepared, Sweep, Swept, Verb
from trunktui.model.audit import RecordKind
from trunktui.model.health import LegState
from trunktui.model.switch import SwitchKind, Wish

RUNS, STEPS = (2000 if os.environ.get("TRUNKTUI_SOAK") or os.environ.get("CI") == "true" else 400), 40
SWITCH_RUNS = RUNS if os.environ.get("TRUNKTUI_SOAK") else RUNS // 2
OPERATORS = (("alice", "jump1"), ("bob", "jump1"), ("carol", "jump2"))
RANDOM_WAITS = (0.2, 9.7, 3.1, 1.0, 6.4)

legs = st.sampled_from(sorted(LEGS))
cuts = st.builds(Cut, st.sampled_from([None, 0, 1, 2, 3]), st.sampled_from(list(Far)))


class Operators(RuleBasedStateMachine):
    """Three operators on two jump hosts, two SBCs with two legs each; every sending and every end is judged."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 0
        self.stage = Stage(self._wait)
        self.ends: list[tuple[str, Outcome]] = []
        self.running: list[tuple[str, asyncio.Task[Outcome]]] = []
        self.typed: dict[str, str] = {}

    def _wait(self) -> float:
        self.waits += 1
        return RANDOM_WAITS[self.waits % len(RANDOM_WAITS)]

    def teardown(self) -> None:
        for _, task in self.running:
            task.cancel()
        if self.running:
            self.stage.run(asyncio.wait([task for _, task in self.running]))
        self.stage.close()

    @rule(
        who=st.sampled_from(OPERATORS),
        leg=legs,
        typed=st.sampled_from(["", "out"]),
        fixed=st.booleans(),
        think_s=st.sampled_from([0.0, 0.0, 5.0, 70.0]),
    )
    def acts(self, who: tuple[str, str], leg: str, typed: str, fixed: bool, think_s: float) -> None:
        """An operator asks for a re-register, thinks for a while, and says yes."""
        desk = self.stage.desk(*who)
        consent = Consent(yes=True, fixed=fixed, typed=typed, reason="r")

        async def work() -> Outcome:
            prepared: Prepared = await desk.prepare(Verb.REREGISTER, leg)
            self.typed[prepared.action] = typed
            await asyncio.sleep(think_s)
            outcome = await desk.perform(prepared, consent, silent)
            self.ends.append((prepared.action, outcome))
            return outcome

        self.running.append((leg, self.stage.loop.create_task(work())))

    @rule(seconds=st.sampled_from([0.2, 2.0, 15.0, 50.0, 70.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        """Let that much time go by."""
        self.stage.run(asyncio.sleep(seconds))

    @rule(sbc=st.sampled_from(["one", "two"]), faults=st.lists(st.none() | cuts, min_size=1, max_size=3))
    def link_will_fail(self, sbc: str, faults: list[Cut | None]) -> None:
        """Have the next asks to one SBC cut."""
        self.stage.sbcs[sbc].cuts = list(faults)

    @rule(leg=legs, mode=st.sampled_from(list(Carrier)))
    def carrier_turns(self, leg: str, mode: Carrier) -> None:
        """Have a carrier answer, refuse, or fall silent."""
        trunk, _, sbc = leg.partition("@")
        self.stage.sbcs[sbc].carrier[trunk] = mode

    @rule(number=st.integers(0, 20))
    def process_is_interrupted(self, number: int) -> None:
        """Ctrl-C for one of the actions under way."""
        under_way = [task for _, task in self.running if not task.done()]
        if number < len(under_way):
            task = under_way[number]
            task.cancel()
            self.stage.run(asyncio.wait([task]))

    @rule(who=st.sampled_from(OPERATORS))
    def looks_after_what_is_open(self, who: tuple[str, str]) -> None:
        """An operator has every unfinished action looked at again."""
        desk = self.stage.desk(*who, alive=lambda _: True)

        async def work() -> None:
            for act in await desk.open():
                await desk.verify(act)

        self.stage.run(work())

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        """One intent, one command at most; and none without an intent."""
        intents = {e.record.action for book in self.stage.books.values() for e in book if e.record.kind is RecordKind.INTENT}  # fmt: skip
        labels = [c.label.rpartition(":")[2] for c in self._commanded()]
        assert len(labels) == len(set(labels)), "one action, two commands"
        assert set(labels) <= intents, "sent without an intent on disk"

    @invariant()
    def ends_claim_no_more_than_the_truth(self) -> None:
        """VERIFIED only if it was done and answered; `sent` False only if it was not done, and will not be."""
        for sbc in self.stage.sbcs.values():
            sbc.settle()
        for action, outcome in self.ends:
            mine = [c for c in self._commanded() if c.label.endswith(f":{action}")]
            later = [x for sbc in self.stage.sbcs.values() for x in sbc.late if x[2].endswith(f":{action}")]
            if not outcome.sent:
                assert not mine, outcome
                assert not later, outcome
            if outcome.ending is Ending.VERIFIED:
                assert mine, outcome
        self.ends = [end for end in self.ends if end[1].ending is Ending.UNVERIFIED]

    @invariant()
    def two_commands_keep_their_distance(self) -> None:
        """On one SBC by its lock, on one leg of one jump host by the pause, per operator by the rate."""
        for sbc in self.stage.sbcs.values():
            at = sorted(c.at for c in sbc.commanded)
            assert all(b - a >= 11.9 for a, b in itertools.pairwise(at)), "the lock was not kept"
        by: dict[Any, list[float]] = {}
        for name, sbc in self.stage.sbcs.items():
            for c in sbc.commanded:
                person, _, host = c.label.removeprefix("trunktui-by-").rpartition(":")[0].partition("@")
                by.setdefault(("leg", host, c.name, name), []).append(c.at)
                by.setdefault(("person", host, person), []).append(c.at)
        for key, times in by.items():
            times.sort()
            if key[0] == "leg":
                assert all(b - a >= 55 for a, b in itertools.pairwise(times)), key
            else:
                assert all(d - a >= 590 for a, d in zip(times, times[3:], strict=False)), key

    @invariant()
    def the_last_path_is_only_given_up_by_its_name(self) -> None:
        """No intent on the last healthy leg of the group without the group's name."""
        for action, others in self.stage.healthy_others.items():
            if self.stage.was_up[action] and not others:
                assert self.typed[action] == "out", action

    def _commanded(self) -> list[Any]:
        return [c for sbc in self.stage.sbcs.values() for c in sbc.commanded]


@pytest.mark.timeout(600)
def test_whatever_operators_links_and_carriers_do_nothing_is_sent_twice_or_proved_falsely() -> None:
    run_state_machine_as_test(
        Operators,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


wishes = st.sampled_from(
    [Wish(SwitchKind.SWITCH, "out", to) for to in ("blue", "green", "red")]
    + [Wish(SwitchKind.SWITCH, "out", to, (sbc,)) for to in ("blue", "green") for sbc in SBCS]
    + [Wish(SwitchKind.FAILBACK, "out")]
)
undos = st.sampled_from([Wish(SwitchKind.UNDO, "out"), Wish(SwitchKind.UNDO, "out", sbcs=("one",))])
consents = st.sampled_from(
    [Consent(yes=True, typed="out")] * 3 + [Consent(yes=True, typed="out", reason="r"), Consent()]
)
thoughts = st.sampled_from([0.0, 0.0, 5.0, 70.0])
waits = st.sampled_from([0.0, 1.0, 60.0])
BY_HAND = "by hand"


class Switchers(RuleBasedStateMachine):
    """The same operators move a group of three trunks on two SBCs; each host knows the fleet as it was up to 10 s ago."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = SwitchStage(lag_s=10.0)
        self.consents: dict[str, Consent] = {}
        self.ends: list[tuple[Sweep, Swept]] = []
        self.running: list[asyncio.Task[None]] = []
        self.judged: dict[str, int] = {}
        self.kept = 0

    def teardown(self) -> None:
        for task in self.running:
            task.cancel()
        if self.running:
            self.stage.run(asyncio.wait(self.running))
        self.stage.close()

    @rule(who=st.sampled_from(OPERATORS), wish=wishes, consent=consents, think_s=thoughts, wait_s=waits)
    def moves(
        self, who: tuple[str, str], wish: Wish, consent: Consent, think_s: float, wait_s: float
    ) -> None:
        """An operator asks for a switch, thinks for a while, and says yes; the next thing happens after `wait_s`."""
        self._moves(who, wish, consent, think_s, wait_s)

    @rule(who=st.sampled_from(OPERATORS), wish=undos, consent=consents, think_s=thoughts, wait_s=waits)
    def takes_back(
        self, who: tuple[str, str], wish: Wish, consent: Consent, think_s: float, wait_s: float
    ) -> None:
        """An operator takes the last switch back, likewise."""
        self._moves(who, wish, consent, think_s, wait_s)

    @rule(
        pair=st.permutations(OPERATORS),
        wish=wishes,
        other=wishes,
        think_s=thoughts,
        late_s=st.sampled_from([0.0, 0.06, 3.0]),
    )
    def race(
        self, pair: list[tuple[str, str]], wish: Wish, other: Wish, think_s: float, late_s: float
    ) -> None:
        """Two operators press the key at the same time, or nearly."""
        sure = Consent(yes=True, typed="out")
        self._moves(pair[0], wish, sure, think_s, 0.0)
        self._moves(pair[1], other, sure, think_s + late_s, 60.0)

    def _moves(
        self, who: tuple[str, str], wish: Wish, consent: Consent, think_s: float, wait_s: float
    ) -> None:
        desk = self.stage.desk(*who)

        async def work() -> None:
            sweep = await desk.prepare_switch(wish)
            self.consents[sweep.action] = consent
            await asyncio.sleep(think_s)
            self.ends.append((sweep, await desk.perform_switch(sweep, consent, silent)))

        self.running.append(self.stage.loop.create_task(work()))
        self.stage.run(asyncio.sleep(wait_s))

    @rule(seconds=st.sampled_from([0.2, 2.0, 15.0, 70.0, 400.0, 700.0]))
    def time_passes(self, seconds: float) -> None:
        """Let that much time go by."""
        self.stage.run(asyncio.sleep(seconds))

    @rule(leg=st.sampled_from([f"{trunk}@{sbc}" for trunk in TRUNKS for sbc in SBCS]), dies=st.booleans())
    def carrier_turns(self, leg: str, dies: bool) -> None:
        """Have a trunk die on an SBC, or come back."""
        (self.stage.die if dies else self.stage.come_back)(leg)

    @rule(sbc=st.sampled_from(SBCS), faults=st.lists(st.none() | cuts, min_size=1, max_size=3))
    def link_will_fail(self, sbc: str, faults: list[Cut | None]) -> None:
        """Have the next asks to one SBC cut."""
        self.stage.sbcs[sbc].cuts = list(faults)

    @rule(sbc=st.sampled_from(SBCS), every_s=st.sampled_from([0.0, 3.0]))
    def calls_come(self, sbc: str, every_s: float) -> None:
        """Have calls come at that pace, or none."""
        self.stage.sbcs[sbc].settle()
        self.stage.sbcs[sbc].call_every_s = every_s
        self.stage.sbcs[sbc].next_call = self.stage.loop.time()

    @rule(sbc=st.sampled_from(SBCS), value=st.sampled_from(["red", "green", "pink", None]))
    def somebody_moves_it_by_hand(self, sbc: str, value: str | None) -> None:
        """Have somebody type it into the SBC's console."""
        self.stage.sbcs[sbc].put(PLACE, value, BY_HAND, self.stage.loop.time())

    @rule(number=st.integers(0, 5))
    def process_is_interrupted(self, number: int) -> None:
        """Ctrl-C for one of the switches under way."""
        under_way = [task for task in self.running if not task.done()]
        if number < len(under_way):
            under_way[number].cancel()
            self.stage.run(asyncio.wait([under_way[number]]))

    @rule(who=st.sampled_from(OPERATORS))
    def looks_after_what_is_open(self, who: tuple[str, str]) -> None:
        """An operator has every unfinished switch looked at again."""
        desk = self.stage.desk(*who, alive=lambda _: True)

        async def work() -> None:
            for act in await desk.open():
                await desk.verify(act)

        self.stage.run(work())

    @invariant()
    def every_change_was_meant_and_compared(self) -> None:
        """One intent, one change at most, from what the operator saw to what was wanted; an undo gives back exactly."""
        for name, sbc in self.stage.sbcs.items():
            sbc.settle()
            for put in sbc.puts[self.judged.get(name, 0) :]:
                if put.label != BY_HAND:
                    self._judge(name, put)
            self.judged[name] = len(sbc.puts)

    def _judge(self, name: str, put: Put) -> None:
        action = put.label.rpartition(":")[2]
        seen = self.stage.intents[action]  # fails where nothing was on disk before
        move = seen.move
        assert move.sbc == name
        assert [(each.at, each.label) for each in self._puts() if each.label == put.label] == [
            (put.at, put.label)
        ]
        handed = [
            each
            for each in self.stage.sbcs[name].puts
            if put.at - 3 <= each.at <= put.at and each.label == BY_HAND
        ]
        stood = move.stands.shares[0].value if move.stands.shares else None
        assert put.before == stood or handed, "set without comparing"
        assert put.value == (move.goal[0].value if move.goal else None)
        if move.kind is SwitchKind.UNDO:
            undone = self.stage.intents[move.undoes]
            assert undone.host == seen.host
            assert move.goal == undone.move.stands.shares, "not what stood there"
            assert stood == undone.move.goal[0].value, "taken back what somebody else had done"
        consent = self.consents[wish_of(action)]
        assert consent.typed == "out"
        if seen.states.get(move.target) is not LegState.UP:
            assert consent.reason, "nothing but a healthy trunk gets the calls without the glass broken"
            if move.kind is not SwitchKind.UNDO:
                assert seen.states.get(move.source) is not LegState.UP, "from healthy to unhealthy"

    @invariant()
    def ends_claim_no_more_than_the_truth(self) -> None:
        """Done only if it was done; `sent` False only if it was not, and will not be; what is not done is told."""
        late = [x[2] for sbc in self.stage.sbcs.values() for x in sbc.late]
        puts = self._puts()
        for sweep, swept in self.ends:
            assert swept.sentence
            for part, (sbc, outcome) in zip(sweep.parts, swept.outcomes, strict=False):
                if part.sbc != sbc:  # refused before the first was begun
                    continue
                mine = [put for put in puts if put.label.endswith(f":{part.action}")]
                if not outcome.sent:
                    assert not mine, outcome
                    assert not [label for label in late if label.endswith(f":{part.action}")], outcome
                if outcome.ending in {Ending.VERIFIED, Ending.ROUTED}:
                    assert mine, outcome
                    assert sbc in swept.sentence
            if swept.ending is Ending.REFUSED:
                assert "nothing was sent" in swept.sentence or "refused: " in swept.sentence
        self.ends = [end for end in self.ends if end[1].ending is Ending.UNVERIFIED]

    @invariant()
    def two_changes_keep_their_distance_and_their_order(self) -> None:
        """On one SBC by its lock, of one host by the pause and in the order of its audit log, per operator by the rate."""
        if (many := len(self._puts())) == self.kept:
            return
        self.kept = many
        wishes: dict[str, dict[str, float]] = {}
        for sbc in self.stage.sbcs.values():
            ours = [put for put in sbc.puts if put.label != BY_HAND]
            assert all(b.at - a.at >= 4.9 for a, b in itertools.pairwise(ours)), "the lock was not kept"
            hosts: dict[str, list[tuple[Put, SwitchKind, int]]] = {}
            for put in ours:
                who, _, action = put.label.removeprefix("trunktui-by-").rpartition(":")
                seen = self.stage.intents[action]
                number = list(self.stage.intents).index(action)
                hosts.setdefault(seen.host, []).append((put, seen.move.kind, number))
                if seen.move.kind is not SwitchKind.UNDO:
                    wishes.setdefault(who, {}).setdefault(wish_of(action), put.at)
            for puts in hosts.values():
                for (a, _, first), (b, kind, second) in itertools.pairwise(puts):
                    assert first < second, "the audit log has another order"
                    assert b.at - a.at >= 55 or kind is SwitchKind.UNDO
        for begun in wishes.values():
            times = sorted(begun.values())
            assert all(d - a >= 560 for a, d in zip(times, times[3:], strict=False)), "the rate was not kept"

    def _puts(self) -> list[Put]:
        return [put for sbc in self.stage.sbcs.values() for put in sbc.puts if put.label != BY_HAND]


@pytest.mark.timeout(600)
def test_whatever_happens_a_group_is_never_moved_to_something_worse_and_an_undo_is_exact() -> None:
    run_state_machine_as_test(
        Switchers,
        settings=settings(
            max_examples=SWITCH_RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
