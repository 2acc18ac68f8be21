"""SNMP polls on time and by itself, keeps what changes slowly, and says what became of it."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from tests.health.scenes import START, Says, Trunks, answer, fleet_of
from tests.platforms.snmp_walks import answered, recorded
from tests.poll.fakes import Clock, EndOfPlayError
from trunktui.model.health import LegState
from trunktui.model.link import SnmpError, SnmpState
from trunktui.model.snmp import SnmpAnswer, SnmpAsk, WalkAnswer
from trunktui.model.text import Safe
from trunktui.platforms.registry import platform_for
from trunktui.poll.fleet import Fleet
from trunktui.poll.schedule import Pace, next_snmp_wait_s
from trunktui.poll.snmp_poller import SnmpPoller

OBJECTS = recorded("box.txt") | recorded("asterisk-totals.txt")


class ScriptedAgent:
    """An agent that answers or fails as the script says, then ends the play."""

    def __init__(self, script: list[SnmpState], clock: Clock) -> None:
        self._script = list(script)
        self._clock = clock
        self.asked: list[SnmpAsk] = []
        self.asked_at: list[float] = []
        self.closed = False

    async def ask(self, ask: SnmpAsk, budget_s: float) -> SnmpAnswer:
        self.asked.append(ask)
        self.asked_at.append(self._clock())
        if not self._script:
            raise EndOfPlayError
        state = self._script.pop(0)
        if state is not SnmpState.OK:
            raise SnmpError(state, Safe(f"snmp says {state.value}"))
        told = answered(ask, OBJECTS)
        now = self._clock()
        walks = tuple(WalkAnswer(w.key, w.got, now, w.rows) for w in told.walks)
        return replace(told, asked_at=now, answered_at=now, walks=walks)

    async def close(self) -> None:
        self.closed = True


def play(script: list[SnmpState], fleet: Fleet | None = None) -> tuple[Fleet, ScriptedAgent]:
    """Let a poller run until the script ends."""
    clock = Clock(START)
    fleet = fleet or fleet_of(Trunks(), snmp=True)
    agent = ScriptedAgent(script, clock)
    poller = SnmpPoller(
        "sbc-1",
        lambda: platform_for("asterisk"),
        agent,
        fleet,
        (),
        pace=Pace(30.0, 10.0),
        clock=clock,
        chance=lambda: 0.5,
        changed=lambda: None,
    )
    with pytest.raises(EndOfPlayError):
        asyncio.run(poller.run(1.0, clock.sleep))
    return fleet, agent


def test_before_the_first_answer_snmp_is_pending_and_off_where_it_is_not_configured() -> None:
    assert fleet_of(Trunks(), snmp=True).snapshot(START).sbcs[0].snmp.state is SnmpState.PENDING
    assert fleet_of(Trunks()).snapshot(START).sbcs[0].snmp.state is SnmpState.OFF


def test_polls_follow_each_other_at_the_interval() -> None:
    fleet, agent = play([SnmpState.OK] * 3)
    assert [at - START for at in agent.asked_at] == [1, 31, 61, 91]
    status = fleet.snapshot(START + 62).sbcs[0]
    assert (status.snmp.state, status.snmp.last_ok) == (SnmpState.OK, START + 61)
    assert status.box is not None
    assert status.box.channels == 22


def test_disks_are_asked_every_five_minutes_and_kept_with_their_age_in_between() -> None:
    fleet, agent = play([SnmpState.OK] * 11)
    assert [index for index, ask in enumerate(agent.asked) if ask.walks] == [0, 10]
    box = fleet.snapshot(START + 301).sbcs[0].box
    assert box is not None
    assert box.disk is not None
    assert box.disk.at == START + 301


def test_a_disk_between_two_reads_says_when_it_was_read() -> None:
    box = play([SnmpState.OK] * 5)[0].snapshot(START + 122).sbcs[0].box
    assert box is not None
    assert box.disk is not None
    assert (box.at, box.disk.at) == (START + 121, START + 1)


def test_a_silent_agent_is_asked_less_often_and_what_it_said_keeps_its_age() -> None:
    fleet, agent = play([SnmpState.OK, *[SnmpState.TIMEOUT] * 6])
    waits = [b - a for a, b in zip(agent.asked_at, agent.asked_at[1:], strict=False)]
    assert waits == [30, 5, 10, 20, 40, 60, 60]
    status = fleet.snapshot(START + 226).sbcs[0]
    assert (status.snmp.state, status.snmp.last_ok) == (SnmpState.TIMEOUT, START + 1)
    assert status.snmp.reason == "snmp says timeout"
    assert status.box is not None
    assert status.box_stale_at == START + 91


@pytest.mark.parametrize(("state", "wait"), [(SnmpState.AUTH, 300.0), (SnmpState.CONFIG, 60.0)])
def test_what_a_human_must_mend_is_not_hammered(state: SnmpState, wait: float) -> None:
    assert next_snmp_wait_s(state, 9, Pace(30.0, 10.0), 0.5) == wait


def test_snmp_that_answers_makes_no_leg_up() -> None:
    fleet, _ = play([SnmpState.OK] * 3)
    assert {leg.state for leg in fleet.snapshot(START + 62).legs} == {LegState.UNKNOWN}


def test_snmp_that_fails_takes_no_leg_down() -> None:
    fleet = fleet_of(Trunks(), snmp=True)
    bindings = fleet.inventory.bindings_on("sbc-1")
    platform = platform_for("asterisk")
    record = fleet.record("sbc-1")
    fleet.answered("sbc-1", platform.parse_poll(answer(Says(), START), record.settings, bindings))
    before = fleet.snapshot(START).legs[0]
    play([SnmpState.TIMEOUT] * 3, fleet)
    after = fleet.snapshot(START).legs[0]
    assert (before.state, before.reason) == (after.state, after.reason)
