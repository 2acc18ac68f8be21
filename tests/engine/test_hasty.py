"""While a group is switched its SBCs are polled often, and at once when that ended: the route shown is the new one."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from tests.health.scenes import Trunks, fleet_of
from tests.poll.fakes import Clock
from trunktui.engine.crew import Crew, Post
from trunktui.engine.hasty import FOR_S, Hasty
from trunktui.model.acting import Doings, Running
from trunktui.model.action import Verb
from trunktui.model.health import Thresholds
from trunktui.model.inventory import Group, SshTarget
from trunktui.model.route import Mechanism, Route
from trunktui.model.snmp import SnmpTarget
from trunktui.poll.fleet import Fleet
from trunktui.poll.schedule import Pace


class Noted(Crew):
    """A crew that notes whom it should hurry."""

    def __init__(self) -> None:
        self.hurried: list[frozenset[str]] = []

    def hurry(self, sbcs: object) -> None:
        assert isinstance(sbcs, frozenset)
        self.hurried.append(sbcs)


def switching(verb: Verb = Verb.SWITCH) -> Doings:
    return Doings(running=(Running("1", verb, "us", 1000.0),))


def scene() -> tuple[Fleet, Noted, Clock, Hasty]:
    group = Group("us", ("carrier-a",), switch={"asterisk": Route(Mechanism.ASTDB, "trunk/us")})
    plain = fleet_of(Trunks())
    fleet = Fleet(replace(plain.inventory, groups=(group,)), Thresholds(), 30.0)
    crew, clock = Noted(), Clock()
    return fleet, crew, clock, Hasty(fleet, crew, clock)


def test_an_sbc_is_polled_often_from_the_start_of_a_switch_until_a_minute_after_its_end() -> None:
    fleet, crew, clock, hasty = scene()
    assert not fleet.soft("sbc-1", clock())
    hasty.look(switching())
    assert fleet.soft("sbc-1", clock())
    assert crew.hurried == []
    clock.at += 20
    hasty.look(Doings())
    assert crew.hurried == [frozenset({"sbc-1"})]
    assert fleet.soft("sbc-1", clock() + FOR_S - 1)
    assert not fleet.soft("sbc-1", clock() + FOR_S)
    hasty.look(Doings())
    assert len(crew.hurried) == 1, "once"


def test_another_action_hurries_nobody() -> None:
    fleet, crew, clock, hasty = scene()
    hasty.look(switching(Verb.REREGISTER))
    hasty.look(Doings())
    assert crew.hurried == []
    assert not fleet.soft("sbc-1", clock())


class Waiting:
    """A poller that waits for ever, and notes its orders."""

    def __init__(self) -> None:
        self.orders: list[tuple[Pace, bool]] = []

    async def run(self, first_wait_s: float) -> None:
        await asyncio.Event().wait()

    async def poll(self) -> object:
        return None

    def renew(self, pace: Pace, *, hurry: bool) -> None:
        self.orders.append((pace, hurry))

    async def close(self) -> None:
        return


async def test_a_crew_hurries_the_pollers_over_ssh_of_these_sbcs_at_the_pace_they_have() -> None:
    pollers: dict[Post, Waiting] = {}

    def hire(post: Post, pace: Pace) -> Waiting:
        pollers[post] = Waiting()
        return pollers[post]

    crew, pace = Crew(hire), Pace(7.0, 3.0)
    one, two = Post("a", "asterisk", SshTarget("192.0.2.1")), Post("b", "asterisk", SshTarget("192.0.2.2"))
    agent = Post("a", "asterisk", SnmpTarget("192.0.2.1", version="2c", community="env:C"))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(crew.run((one, two, agent), pace))
        await asyncio.sleep(0)
        crew.hurry({"a"})
        running.cancel()
    assert {post: poller.orders for post, poller in pollers.items()} == {
        one: [(pace, True)],
        two: [],
        agent: [],
    }
