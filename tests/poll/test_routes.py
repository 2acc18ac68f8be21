"""Where groups' calls go is asked once after each poll, fails none, and is not asked again where it is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from tests.health.scenes import START, Says, Trunks, answer, fleet_of, registrations, settings_of
from tests.poll.fakes import Clock
from trunktui.model.ask import Answer, Command, Reply, SshAsk
from trunktui.model.health import FaultKind, Thresholds
from trunktui.model.inventory import Group, Inventory
from trunktui.model.link import LinkError, SshState
from trunktui.model.route import ActiveRoute, Mechanism, Route, RouteReading, RouteState, Share
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import Safe
from trunktui.platforms import asterisk
from trunktui.poll.fleet import Fleet
from trunktui.poll.poller import SbcPoller
from trunktui.poll.schedule import Pace

KEY = Route(Mechanism.ASTDB, "trunk/us")
OTHER = Route(Mechanism.ASTDB, "trunk/eu")
US = Group("us", ("carrier-a", "carrier-b"), switch={"asterisk": KEY})
EU = Group("eu", ("carrier-a",), switch={"asterisk": OTHER})
ELSEWHERE = Group("asia", ("carrier-a",), switch={"kamailio": Route(Mechanism.DISPATCHER, "1")})


class Site:
    """An SBC with the trunk carrier-a whose routes say what a test sets, and the poller that asks it."""

    def __init__(self, *groups: Group) -> None:
        plain = fleet_of(Trunks())
        self.inventory = replace(plain.inventory, groups=groups)
        self.fleet = Fleet(self.inventory, Thresholds(), 30.0)
        record = self.fleet.record("sbc-1")
        record.settings, record.settings_done = settings_of(Trunks()), True
        self.clock = Clock(START)
        self.says = Says()
        self.stands: dict[Route, tuple[Share, ...] | str] = {KEY: (Share(Safe("carrier-a")),)}
        self.denied = False
        self.fault: SshState | None = None
        self.poll_fault: SshState | None = None
        self.asked: list[tuple[Route, ...]] = []
        self.changes = 0
        self.poller = SbcPoller(
            "sbc-1",
            self.platform(),
            self,
            self.fleet,
            pace=Pace(30.0, 10.0),
            clock=self.clock,
            wall=self.clock,
            chance=lambda: 0.5,
            changed=self.changed,
        )

    def changed(self) -> None:
        self.changes += 1

    def platform(self) -> Any:
        """Return Asterisk with routes of our own, and nothing besides the poll to ask for."""
        own = {
            "route_ask": lambda routes: SshAsk(tuple(Command(one.place, ("route",)) for one in routes)),
            "parse_routes": self.parsed,
            "route_value": lambda route, leg: leg.native.endpoint,
            "tails": lambda *_: (),
            "audio_ask": lambda *_: None,
            "settings_asks": lambda *_: (),
            "follow_up": lambda *_: None,
        }
        return SimpleNamespace(**{**vars(asterisk), "name": "asterisk", **own})

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        if any(command.argv == ("route",) for command in ask.commands):
            self.asked.append(tuple(Route(Mechanism.ASTDB, command.key) for command in ask.commands))
            assert budget_s >= 5.0
            if self.fault is not None:
                raise LinkError(self.fault, Safe(f"ssh says {self.fault.value}"))
            return Answer(self.clock(), self.clock(), (Reply("route", 0),))
        if self.poll_fault is not None:
            raise LinkError(self.poll_fault, Safe("no"))
        return answer(self.says, self.clock())

    async def close(self) -> None:
        return

    def parsed(self, said: Answer, routes: tuple[Route, ...]) -> tuple[RouteReading, ...]:
        return tuple(self.reading(route, said.asked_at) for route in routes)

    def reading(self, route: Route, at: float) -> RouteReading:
        stands = self.stands.get(route, ())
        if isinstance(stands, str):
            return RouteReading(route, at, why=Safe(stands), denied=self.denied)
        return RouteReading(route, at, stands)

    async def poll(self, after: float = 30.0) -> SshState:
        self.clock.at += after
        return await self.poller.poll()

    def active(self, group: str = "us", after: float = 0.0) -> ActiveRoute:
        groups = self.fleet.snapshot(self.clock() + after).groups
        (found,) = next(one for one in groups if one.name == group).active
        return found


async def test_where_a_group_goes_is_known_after_a_poll_and_follows_what_stands_there() -> None:
    site = Site(US)
    assert site.active().sentence == "us on sbc-1: not known, not asked yet"
    assert await site.poll() is SshState.OK
    assert (site.active().state, site.active().trunk) == (RouteState.FIRST, "carrier-a")
    assert site.active().read_at == site.clock()
    assert site.changes, "whoever shows it is told"
    site.stands[KEY] = (Share(Safe("acme")),)
    await site.poll()
    assert (site.active().state, site.active().since) == (RouteState.FOREIGN, site.clock())


async def test_all_routes_of_an_sbc_are_one_ask_and_one_place_is_asked_once() -> None:
    site = Site(US, EU, replace(US, name="us-2"), ELSEWHERE)
    await site.poll()
    assert site.asked == [(KEY, OTHER)]
    assert {group.name: len(group.active) for group in site.fleet.snapshot(site.clock()).groups} == {
        "us": 1,
        "eu": 1,
        "us-2": 1,
        "asia": 0,
    }


async def test_nothing_is_asked_where_no_group_is_routed_or_has_a_leg() -> None:
    for groups in ((), (ELSEWHERE,), (replace(US, trunks=("carrier-z",)),)):
        site = Site(*groups)
        await site.poll()
        assert site.asked == []


async def test_a_fault_of_the_ask_is_no_failed_poll_and_what_was_read_lasts_until_it_is_too_old() -> None:
    site = Site(US)
    await site.poll()
    site.fault = SshState.HUNG
    assert await site.poll() is SshState.OK
    assert site.active().state is RouteState.FIRST
    assert site.active().sentence.endswith("not read since: ssh says hung")
    assert site.active(after=61).state is RouteState.UNKNOWN
    assert site.active(after=61).sentence.startswith(
        "not known any more, ssh says hung; was: us on sbc-1 goes to"
    )
    await site.poll()
    assert len(site.asked) == 3, "a fault passes: it is asked again"


async def test_what_is_refused_says_why_and_is_not_asked_again_before_a_reload_there() -> None:
    site = Site(US)
    site.stands[KEY], site.denied = "sudo refuses it", True
    for _ in range(3):
        assert await site.poll() is SshState.OK
    assert len(site.asked) == 1
    assert site.active().sentence == "us on sbc-1: not known, sudo refuses it"
    site.says = Says(uptime=5)
    site.stands[KEY] = (Share(Safe("carrier-a")),)
    await site.poll()
    assert len(site.asked) == 2
    assert site.active().trunk == "carrier-a"


async def test_what_is_refused_is_asked_again_after_a_reload_of_the_config() -> None:
    site = Site(US)
    site.stands[KEY], site.denied = "sudo refuses it", True
    await site.poll()
    site.fleet.reconfigure(site.inventory, Thresholds(), 30.0)
    assert site.active().sentence == "us on sbc-1: not known, sudo refuses it", "until then it is what it was"
    await site.poll()
    assert len(site.asked) == 2


async def test_one_refused_route_does_not_keep_the_others_from_being_asked() -> None:
    site = Site(US, EU)
    site.stands[KEY], site.denied = "sudo refuses it", True
    site.stands[OTHER] = (Share(Safe("carrier-a")),)
    await site.poll()
    await site.poll()
    assert site.asked == [(KEY, OTHER), (OTHER,)]
    assert site.active("eu").read_at == site.clock()


async def test_a_route_that_this_platform_cannot_be_asked_for_says_so() -> None:
    site = Site(US)
    site.poller._platform.route_ask = lambda routes: None  # type: ignore[method-assign]
    site.stands[KEY] = "asterisk has no such place"
    await site.poll()
    await site.poll()
    assert site.asked == []
    assert site.active().sentence == ("us on sbc-1: not known, asterisk has no such place")


async def test_an_sbc_that_does_not_answer_is_not_asked_for_routes() -> None:
    site = Site(US)
    site.says = Says(frozen=True)
    await site.poll()
    site.poll_fault = SshState.UNREACHABLE
    await site.poll()
    assert site.asked == []


async def test_another_place_in_the_config_is_asked_at_once_and_the_same_keeps_what_was_read() -> None:
    site = Site(US, EU)
    site.stands[OTHER] = (Share(Safe("carrier-a")),)
    await site.poll()
    moved = replace(US, switch={"asterisk": Route(Mechanism.ASTDB, "trunk/new")})
    changed: Inventory = replace(site.inventory, groups=(moved, EU))
    assert site.fleet.reconfigure(changed, Thresholds(), 30.0) == {"sbc-1"}
    assert site.active("us").sentence == "us on sbc-1: not known, not asked yet"
    assert site.active("eu").trunk == "carrier-a"
    assert site.fleet.reconfigure(changed, Thresholds(), 30.0) == frozenset()
    gone = replace(changed, groups=())
    site.fleet.reconfigure(gone, Thresholds(), 30.0)
    assert site.fleet.snapshot(site.clock()).groups == ()


async def test_as_long_as_nothing_differs_groups_are_not_judged_again() -> None:
    site = Site(US)
    await site.poll()
    before = site.fleet.snapshot(site.clock() + 1)
    assert site.fleet.snapshot(site.clock() + 2).groups is before.groups
    assert site.fleet.snapshot(site.clock() + 100).groups is not before.groups


async def test_a_trunk_that_the_sbc_does_not_have_has_no_name_there() -> None:
    site = Site(US)
    site.fleet.record("sbc-1").settings_done = True
    site.poller._platform.route_value = lambda route, leg: None  # type: ignore[method-assign]
    site.stands[KEY] = (Share(Safe("carrier-a")),)
    site.says = Says(reg_table=registrations("Registered 60").replace("carrier-a", "other"), contacts=())
    for _ in range(8):
        await site.poll()
    own = next(one for one in site.fleet.snapshot(site.clock()).legs if not one.discovered)
    assert own.fault is FaultKind.ABSENT
    assert site.active().state is RouteState.FOREIGN


@pytest.mark.parametrize("known", [True, False])
async def test_a_value_is_foreign_only_once_it_is_known_what_the_trunks_are_called(known: bool) -> None:
    site = Site(US)
    site.says = Says(reg=None if not known else "Registered 60", contacts=("Avail 23.0",) if known else ())

    def value(route: Route, leg: LegStatus) -> str | None:
        return "carrier-a" if known else None

    site.poller._platform.route_value = value  # type: ignore[method-assign,assignment]
    site.stands[KEY] = (Share(Safe("acme")),)
    if not known:
        site.fleet.record("sbc-1").settings_done = False
    await site.poll()
    assert site.active().state is (RouteState.FOREIGN if known else RouteState.UNKNOWN)
