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

from tests.actions.far_side import Carrier, Cut, Far
from tests.actions.scene import LEGS, Stage, silent
from trunktui.model.action import Consent, Ending, Outcome, Prepared, Verb
from trunktui.model.audit import RecordKind

RUNS, STEPS = (2000 if os.environ.get("TRUNKTUI_SOAK") or os.environ.get("CI") == "true" else 400), 40
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
