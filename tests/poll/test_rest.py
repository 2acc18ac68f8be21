"""New orders reach a poller while it waits: another pace counts at once, and what a human mends is tried again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.health.scenes import Says, Trunks, answer, fleet_of
from trunktui.model.ask import Answer, SshAsk
from trunktui.model.inventory import AuthMode
from trunktui.model.link import LinkError, SnmpError, SnmpState, SshState
from trunktui.model.snmp import SnmpAnswer, SnmpAsk
from trunktui.model.text import Safe
from trunktui.platforms.registry import platform_for
from trunktui.poll.poller import SbcPoller
from trunktui.poll.rest import Rest
from trunktui.poll.schedule import Pace
from trunktui.poll.snmp_poller import SnmpPoller

SLOW, FAST = Pace(3600.0, 3600.0), Pace(0.01, 0.01)
POLL = platform_for("asterisk").poll_ask()
DEADLINE_S = 30.0


class Asker:
    """An SBC that refuses us in one way, or answers, and counts how often it was polled."""

    def __init__(self, state: SshState = SshState.OK) -> None:
        self.state = state
        self.asked = 0

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        self.asked += ask == POLL
        if self.state is not SshState.OK:
            raise LinkError(self.state, Safe("no"))
        return answer(Says(reg=None), time.monotonic())

    async def close(self) -> None:
        return


class Agent:
    """An SNMP agent that fails in one way, and counts how often it was asked."""

    def __init__(self, state: SnmpState) -> None:
        self.state = state
        self.asked = 0
        self.forgotten = 0

    async def ask(self, ask: SnmpAsk, budget_s: float) -> SnmpAnswer:
        self.asked += 1
        raise SnmpError(self.state, Safe("no"))

    async def close(self) -> None:
        self.forgotten += 1


def poller_of(asker: Asker, pace: Pace) -> SbcPoller:
    return SbcPoller(
        "sbc-1",
        platform_for("asterisk"),
        asker,
        fleet_of(Trunks(auth=AuthMode.IP)),
        pace=pace,
        clock=time.monotonic,
        wall=lambda: 0.0,
        chance=lambda: 0.5,
        changed=lambda: None,
    )


def snmp_poller_of(agent: Agent) -> SnmpPoller:
    return SnmpPoller(
        "sbc-1",
        lambda: platform_for("asterisk"),
        agent,
        fleet_of(Trunks(), snmp=True),
        (),
        pace=SLOW,
        clock=time.monotonic,
        chance=lambda: 0.5,
        changed=lambda: None,
    )


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not holds():
            await asyncio.sleep(0.005)


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def test_a_shorter_interval_counts_for_the_wait_that_has_begun() -> None:
    asker = Asker()
    poller = poller_of(asker, SLOW)
    running = asyncio.create_task(poller.run(0.0))
    await until(lambda: asker.asked == 1)
    poller.renew(FAST, hurry=False)
    await until(lambda: asker.asked >= 3)
    await end(running)


async def test_an_unchanged_pace_asks_nobody_sooner_who_answers_or_is_only_away() -> None:
    for state in (SshState.OK, SshState.UNREACHABLE):
        asker = Asker(state)
        poller = poller_of(asker, SLOW)
        running = asyncio.create_task(poller.run(0.0))
        await until(lambda asker=asker: asker.asked == 1)  # type: ignore[misc]
        for _ in range(5):
            poller.renew(SLOW, hurry=False)
            await asyncio.sleep(0.01)
        assert asker.asked == 1
        poller.renew(SLOW, hurry=True)
        await until(lambda asker=asker: asker.asked == 2)  # type: ignore[misc]
        await end(running)


@pytest.mark.parametrize("state", [SshState.AUTH, SshState.CONFIG])
async def test_a_login_that_only_a_human_mends_is_tried_once_more_for_each_reload(state: SshState) -> None:
    asker = Asker(state)
    poller = poller_of(asker, SLOW)
    running = asyncio.create_task(poller.run(0.0))
    for asked in (1, 2, 3):
        await until(lambda asked=asked: asker.asked == asked)  # type: ignore[misc]
        await asyncio.sleep(0.02)
        assert asker.asked == asked
        poller.renew(SLOW, hurry=False)
    await end(running)


@pytest.mark.parametrize("state", [SnmpState.AUTH, SnmpState.CONFIG])
async def test_an_agent_that_refuses_us_is_asked_once_more_with_its_secrets_read_again(
    state: SnmpState,
) -> None:
    agent = Agent(state)
    poller = snmp_poller_of(agent)
    running = asyncio.create_task(poller.run(0.0))
    await until(lambda: agent.asked == 1)
    await asyncio.sleep(0.02)
    poller.renew(SLOW, hurry=False)
    await until(lambda: agent.asked == 2)
    assert agent.forgotten == 1
    await end(running)


async def test_orders_given_before_a_rest_do_not_shorten_it() -> None:
    rest, waits = Rest(lambda: 100.0), list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    rest.renew(hurry=True)
    await rest.until_due(90.0, lambda: 30.0, sleep)
    assert waits == [20.0]
