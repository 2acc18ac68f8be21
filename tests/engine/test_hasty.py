"""While a group is switched its SBCs are polled often, and at once when that ended: the route shown is the new one."""

from __future__ import annotations

from msgspec.structs import replace

from tests.health.scenes import Trunks, fleet_of
from tests.poll.fakes import Clock
from trunktui.engine.crew import Crew
from trunktui.engine.hasty import FOR_S, Hasty
from trunktui.model.acting import Doings, Running
from trunktui.model.action import Verb
from trunktui.model.health import Thresholds
from trunktui.model.inventory import Group
from trunktui.model.route import Mechanism, Route
from trunktui.poll.fleet import Fleet


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
