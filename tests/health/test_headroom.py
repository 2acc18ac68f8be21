"""What a carrier's death would do: where calls would land, and no room is promised twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from tests.fleets import NOW, fleet
from tests.fleets import leg as healthy
from trunktui.health.headroom import Flow, chart_of, flows_of, headrooms
from trunktui.health.rollup import configured
from trunktui.model.health import LegState, Severity, Usage
from trunktui.model.inventory import (
    Account,
    Cap,
    Carrier,
    Direction,
    Failover,
    Group,
    Inventory,
    NativeNames,
    Trunk,
)
from trunktui.model.route import ActiveRoute, Mechanism, Route, RouteReading, RouteState, Share
from trunktui.model.snapshot import (
    ChannelsView,
    CleanRun,
    GroupStatus,
    Headroom,
    Landing,
    LegStatus,
    Snapshot,
)
from trunktui.model.text import Safe
from trunktui.poll.headroom import Forecast

CARRIERS = (Carrier("alpha", "net-1"), Carrier("beta", "net-2"), Carrier("gamma", "net-1"), Carrier("delta"))
ROUTE = Route(Mechanism.ASTDB, "trunk/us")


def leg(
    name: str, load: int | None = 10, state: LegState = LegState.UP, sbc: str = "nyc-1", **view: Any
) -> LegStatus:
    """Return a leg; its trunk's name begins with its carrier's. `view`: cap, used, whole."""
    channels = ChannelsView(Usage.NORMAL, load, **{"cap": None, "used": None, **view})
    return healthy(f"{name}@{sbc}", state, carrier=name.partition("-")[0], load=load, channels=channels)


def trunk(name: str, **more: Any) -> Trunk:
    return Trunk(name, name.partition("-")[0], **more)


def inventory(*groups: Group, accounts: tuple[Account, ...] = (), **trunks: Trunk) -> Inventory:
    """Return a config with these groups and every trunk they name; `trunks` are those that are not plain."""
    special = {one.name: one for one in trunks.values()}
    names = dict.fromkeys(name for group in groups for name in group.trunks)
    return Inventory(
        CARRIERS, accounts, trunks=tuple(special.get(name, trunk(name)) for name in names), groups=groups
    )


def plan(config: Inventory, *legs: LegStatus, **routes: tuple[ActiveRoute, ...]) -> tuple[Headroom, ...]:
    """Return the headroom; `routes` by group, `_` for `-`."""
    chart, by_trunk = chart_of(config), configured(legs)
    flows: list[Flow] = []
    for group in config.groups:
        own = [one for name in group.trunks for one in by_trunk.get(name, ())]
        flows += flows_of(group, own, routes.get(group.name.replace("-", "_"), ()), chart, NOW)
    return headrooms(flows, by_trunk, chart)


def only(found: tuple[Headroom, ...], carrier: str = "alpha") -> Landing:
    (one,) = next(one for one in found if one.carrier == carrier).landings
    return one


US = Group("us", ("alpha-us", "beta-us", "delta-us"))
ROOMY = leg("beta-us", 12, cap=300, used=112)

TABLE: dict[str, tuple[tuple[LegStatus, ...], str, Severity]] = {
    "it fits": (
        (leg("alpha-us", 100), ROOMY),
        "us 100 channels -> beta-us: 188 free of 300, all of it fits",
        Severity.NONE,
    ),
    "a part fits": (
        (leg("alpha-us", 212), ROOMY),
        "us 212 channels -> beta-us: 188 free of 300, 88 % fits",
        Severity.WARNING,
    ),
    "nothing fits": (
        (leg("alpha-us", 5), leg("beta-us", 30, cap=30, used=31)),
        "us 5 channels -> beta-us: 0 free of 30, 0 % fits",
        Severity.MAJOR,
    ),
    "nothing is to move": (
        (leg("alpha-us", 0), ROOMY),
        "us 0 channels -> beta-us: 188 free of 300, all of it fits",
        Severity.NONE,
    ),
    "one that is dead is passed over": (
        (leg("alpha-us", 1), leg("beta-us", 0, LegState.DOWN), leg("delta-us", 0, cap=9, used=0)),
        "us 1 channel -> delta-us: 9 free of 9, all of it fits",
        Severity.NONE,
    ),
    "all others are dead": (
        (leg("alpha-us", 7), leg("beta-us", 0, LegState.DOWN), leg("delta-us", 0, LegState.UNKNOWN)),
        "us 7 channels -> nowhere: beta-us is down, delta-us is unknown",
        Severity.MAJOR,
    ),
    "there is no other": (
        (leg("alpha-us", 7),),
        "us 7 channels -> nowhere: there is no other trunk",
        Severity.MAJOR,
    ),
    "no cap": (
        (leg("alpha-us", 7), leg("beta-us", 3)),
        "us 7 channels -> beta-us: its cap is not known",
        Severity.INDETERMINATE,
    ),
    "no count": (
        (leg("alpha-us", 7), leg("beta-us", None, cap=90)),
        "us 7 channels -> beta-us: how full it is is not known (cap 90)",
        Severity.INDETERMINATE,
    ),
    "no load": (
        (leg("alpha-us", None), ROOMY),
        "us load not known -> beta-us: 188 free of 300",
        Severity.INDETERMINATE,
    ),
    "a count that is a lower bound": (
        (leg("alpha-us", 7), leg("beta-us", 3, cap=90, used=3, whole=False)),
        "us 7 channels -> beta-us: at most 87 free of 90",
        Severity.INDETERMINATE,
    ),
    "too little even so": (
        (leg("alpha-us", 174), leg("beta-us", 3, cap=90, used=3, whole=False)),
        "us 174 channels -> beta-us: at most 87 free of 90, at most 50 % fits",
        Severity.WARNING,
    ),
    "a load that is a lower bound": (
        (leg("alpha-us", 7), leg("alpha-us", None, sbc="lon-1"), ROOMY, leg("beta-us", 0, sbc="lon-1")),
        "us at least 7 channels -> beta-us: 188 free of 300",
        Severity.INDETERMINATE,
    ),
}


@pytest.mark.parametrize(("legs", "sentence", "severity"), TABLE.values(), ids=TABLE.keys())
def test_a_landing_says_what_fits(legs: tuple[LegStatus, ...], sentence: str, severity: Severity) -> None:
    landing = only(plan(inventory(US), *legs))
    assert (landing.sentence, landing.severity) == (sentence, severity)
    assert (landing.fits == 1.0) is (severity is Severity.NONE)


def test_the_peak_of_lately_counts_where_it_is_more_than_now() -> None:
    now = replace(leg("alpha-us", 40), channels=ChannelsView(Usage.NORMAL, 55))
    assert only(plan(inventory(US), now, ROOMY)).load == 55
    assert only(plan(inventory(US), replace(now, load=70), ROOMY)).load == 70


def test_calls_never_land_on_the_same_carrier_or_the_same_network() -> None:
    group = Group("us", ("alpha-us", "alpha-eu", "gamma-us"))
    landing = only(plan(inventory(group), leg("alpha-us"), leg("alpha-eu"), leg("gamma-us")))
    assert landing.sentence == (
        "us 10 channels -> nowhere: alpha-eu is alpha's too, gamma-us is on the same network net-1"
    )
    assert landing.to is None


def test_two_groups_that_land_on_one_account_share_its_room_in_the_order_of_the_config() -> None:
    groups = Group("us", ("alpha-us", "beta-us")), Group("eu", ("alpha-eu", "beta-eu"))
    account = (Account("b", "beta", Cap(channels=100)),)
    config = inventory(
        *groups, accounts=account, us=trunk("beta-us", account="b"), eu=trunk("beta-eu", account="b")
    )
    legs = (
        leg("alpha-us", 60),
        leg("alpha-eu", 50),
        leg("beta-us", 5, cap=100, used=20),
        leg("beta-eu", 15, cap=100, used=20),
    )
    alpha = plan(config, *legs)[0]
    assert [one.sentence for one in alpha.landings] == [
        "us 60 channels -> beta-us: 80 free of 100, all of it fits",
        "eu 50 channels -> beta-eu: 20 left of 100 after us, 40 % fits",
    ]
    assert alpha.severity is Severity.WARNING
    assert alpha.sentence == "if alpha died now: " + "; ".join(one.sentence for one in alpha.landings)
    apart = inventory(*groups)
    assert {one.fits for one in plan(apart, *legs)[0].landings} == {1.0}


def test_what_an_unknown_load_before_may_take_is_no_promise_to_the_next() -> None:
    groups = Group("us", ("alpha-us", "beta-us")), Group("eu", ("alpha-eu", "beta-us"))
    legs = leg("alpha-us", None), leg("alpha-eu", 5), leg("beta-us", 0, cap=100, used=0)
    second = plan(inventory(*groups), *legs)[0].landings[1]
    assert (second.free, second.free_most, second.fits) == (100, True, None)


def test_channels_that_two_groups_have_in_common_are_moved_once() -> None:
    groups = Group("us", ("alpha-us", "beta-us")), Group("apac", ("alpha-us", "beta-us"))
    found = plan(inventory(*groups), leg("alpha-us", 60), leg("beta-us", 0, cap=100, used=0))[0]
    assert [(one.free, one.fits) for one in found.landings] == [(100, 1.0), (100, 1.0)]


def test_a_protected_trunk_keeps_its_calls_and_takes_no_others() -> None:
    group = Group("911", ("alpha-911", "beta-us"))
    landing = only(plan(inventory(group, it=trunk("alpha-911", protect=True)), leg("alpha-911", 2), ROOMY))
    assert landing.sentence == "911 2 channels -> nowhere: alpha-911 is protected, it is never switched"
    assert (landing.to, landing.fits) == (None, None)
    landing = only(
        plan(inventory(group, it=trunk("beta-us", protect=True)), leg("alpha-911", 2), leg("beta-us"))
    )
    assert landing.sentence == "911 2 channels -> nowhere: beta-us is protected"


def test_an_inbound_trunk_takes_no_calls() -> None:
    config = inventory(Group("us", ("alpha-us", "beta-us")), it=trunk("beta-us", direction=Direction.INBOUND))
    assert only(plan(config, leg("alpha-us"), ROOMY)).to is None


def test_a_group_that_the_sbc_moves_by_itself_says_so() -> None:
    landing = only(plan(inventory(replace(US, failover=Failover.AUTO)), leg("alpha-us", 7), ROOMY))
    assert landing.sentence == "us moves by itself, 7 channels -> beta-us: 188 free of 300, all of it fits"


def route(state: RouteState, name: str | None = None, sbc: str = "nyc-1", **more: Any) -> ActiveRoute:
    return ActiveRoute(sbc, ROUTE, state, name, **more)


def test_what_an_sbc_says_of_its_route_goes_before_the_order_of_the_config() -> None:
    legs = (leg("alpha-us", 7), leg("beta-us", 30), leg("delta-us", 0, cap=90, used=0))
    carriers = {
        state: [one.carrier for one in plan(inventory(US), *legs, us=(route(state, name),))]
        for state, name in (
            (RouteState.FIRST, "alpha-us"),
            (RouteState.MOVED, "beta-us"),
            (RouteState.FOREIGN, None),
            (RouteState.NONE, None),
            (RouteState.UNSET, None),
            (RouteState.UNKNOWN, None),
        )
    }
    assert carriers == {
        RouteState.FIRST: ["alpha"],
        RouteState.MOVED: ["beta"],
        RouteState.FOREIGN: [],
        RouteState.NONE: [],
        RouteState.UNSET: ["alpha"],
        RouteState.UNKNOWN: ["alpha"],
    }
    old = route(RouteState.MOVED, "beta-us", stale_at=NOW - 1)
    assert [one.carrier for one in plan(inventory(US), *legs, us=(old,))] == ["alpha"]


def test_a_route_that_is_split_goes_over_each_of_its_open_shares() -> None:
    legs = [
        replace(one, native=NativeNames(endpoint=one.trunk))
        for one in (leg("alpha-us", 7), leg("beta-us", 30), leg("delta-us", 4))
    ]
    shares = Share(Safe("beta-us"), 70), Share(Safe("delta-us"), 30), Share(Safe("alpha-us"), 9, held=True)
    split = route(RouteState.SPLIT, reading=RouteReading(ROUTE, NOW, shares))
    found = plan(inventory(US), *legs, us=(split,))
    assert {one.carrier for one in found} == {"beta", "delta"}


def test_sbcs_that_go_different_ways_are_told_apart() -> None:
    legs = (
        leg("alpha-us", 7),
        leg("alpha-us", 9, sbc="lon-1"),
        leg("beta-us", 0, cap=90, used=0),
        leg("beta-us", 0, LegState.DOWN, sbc="lon-1"),
        leg("delta-us", 0, sbc="lon-1", cap=5, used=0),
    )
    (alpha,) = plan(inventory(US), *legs)
    assert [one.sentence for one in alpha.landings] == [
        "us (nyc-1) 7 channels -> beta-us: 90 free of 90, all of it fits",
        "us (lon-1) 9 channels -> delta-us: 5 free of 5, 55 % fits",
    ]
    assert [one.sbcs for one in alpha.landings] == [("nyc-1",), ("lon-1",)]


def test_an_sbc_that_does_not_answer_still_has_calls_that_nobody_counts() -> None:
    gone = [leg(name, 30, LegState.UNKNOWN, "lon-1") for name in ("alpha-us", "beta-us")]
    landing = only(plan(inventory(US), leg("alpha-us", 7), ROOMY, *gone))
    assert landing.sentence == "us at least 7 channels -> beta-us: 188 free of 300"
    assert (landing.sbcs, landing.load, landing.load_whole, landing.fits) == (("nyc-1",), 7, False, None)
    assert plan(inventory(US), *gone) == ()


def test_the_worst_comes_first_and_a_carrier_without_a_group_not_at_all() -> None:
    config = inventory(
        Group("eu", ("beta-eu", "alpha-eu")), Group("us", ("alpha-us", "beta-us")), Group("x", ("delta-us",))
    )
    legs = (
        leg("beta-eu", 4),
        leg("alpha-eu", 0, cap=9, used=0),
        leg("alpha-us", 9),
        leg("beta-us", 0, cap=6, used=0),
        leg("delta-us", 1),
    )
    found = plan(config, *legs, leg("gamma-us", 5))
    assert [(one.carrier, one.severity) for one in found] == [
        ("delta", Severity.MAJOR),
        ("alpha", Severity.WARNING),
        ("beta", Severity.NONE),
    ]


def test_legs_that_are_off_or_stand_by_carry_nothing() -> None:
    assert (
        plan(inventory(US), leg("alpha-us", 5, LegState.ADMIN_OFF), leg("beta-us", 5, LegState.STANDBY)) == ()
    )


LOADS = st.one_of(st.none(), st.integers(0, 40))
STATES = st.sampled_from([LegState.UP, LegState.UP, LegState.DEGRADED, LegState.DOWN])


NAMES = tuple(f"{carrier.name}-{n}" for carrier in CARRIERS for n in range(2))


class Drawn(Struct, frozen=True):
    """One trunk: in which group, whether its account caps it, its cap and use, and each leg's load and state."""

    group: int
    account: bool
    cap: int
    used: int
    whole: bool
    legs: tuple[tuple[int | None, LegState], ...]


DRAWN = st.builds(
    Drawn,
    group=st.integers(0, 3),
    account=st.booleans(),
    cap=st.integers(1, 90),
    used=st.integers(0, 90),
    whole=st.sampled_from([True, True, True, False]),
    legs=st.tuples(st.tuples(LOADS, STATES), st.tuples(LOADS, STATES)),
)


def made(drawn: Sequence[Drawn]) -> tuple[Inventory, list[LegStatus]]:
    """Return the config and the legs of trunks so drawn; those of one account tell its cap and use, those of its first."""
    accounts: dict[str, Drawn] = {}
    trunks, legs = [], []
    for name, one in zip(NAMES, drawn, strict=True):
        carrier = name.partition("-")[0]
        told = accounts.setdefault(carrier, one) if one.account else one
        trunks.append(trunk(name, account=carrier if one.account else None))
        for sbc, (load, state) in zip(("nyc-1", "lon-1"), one.legs, strict=True):
            legs.append(leg(name, load, state, sbc, cap=told.cap, used=told.used, whole=told.whole))
    groups = tuple(
        Group(f"g{n}", members)
        for n in range(4)
        if (members := tuple(x for x, one in zip(NAMES, drawn, strict=True) if one.group == n))
    )
    capped = tuple(Account(name, name, Cap(channels=one.cap)) for name, one in accounts.items())
    return Inventory(CARRIERS, capped, trunks=tuple(trunks), groups=groups), legs


@settings(max_examples=200, deadline=None)
@given(st.lists(DRAWN, min_size=len(NAMES), max_size=len(NAMES)))
def test_no_more_is_promised_in_sum_than_is_free(drawn: list[Drawn]) -> None:
    config, legs = made(drawn)
    chart = chart_of(config)
    views = {chart.pools[one.trunk]: one.channels for one in legs}
    for one in plan(config, *legs):
        granted: dict[tuple[str, str], float] = {}
        for landing in one.landings:
            assert chart.carrier(landing.source) == one.carrier
            assert landing.to is None or chart.carrier(landing.to) != one.carrier
            if landing.to is not None and landing.fits is not None and landing.load is not None:
                pool = chart.pools[landing.to]
                granted[pool] = granted.get(pool, 0.0) + landing.fits * landing.load
        for pool, sum_of_it in granted.items():
            assert sum_of_it <= max((views[pool].cap or 0) - (views[pool].used or 0), 0) + 1e-6


def test_it_is_told_anew_only_when_something_it_rests_on_moves() -> None:
    config = inventory(US)
    first = fleet(
        leg("alpha-us", 7), ROOMY, groups=(GroupStatus("us", LegState.UP, Severity.NONE, Safe("")),)
    )
    forecast = Forecast()

    def told(snapshot: Snapshot, at: float = NOW) -> tuple[Headroom, ...]:
        return forecast.told(replace(snapshot, at=at), config).headroom

    before = told(first)
    assert [one.carrier for one in before] == ["alpha"]
    assert told(first, NOW + 1) is before
    louder = told(replace(first, legs=(leg("alpha-us", 250), ROOMY)))
    assert louder[0].severity is Severity.WARNING
    moved = replace(first.groups[0], active=(route(RouteState.MOVED, "beta-us", stale_at=NOW + 60),))
    assert [one.carrier for one in told(replace(first, groups=(moved,)))] == ["beta"]
    assert [one.carrier for one in told(replace(first, groups=(moved,)), NOW + 61)] == ["alpha"]


def test_a_trunk_that_a_switch_holds_out_is_where_calls_would_go_back_to_if_it_answers_elsewhere() -> None:
    config = inventory(Group("us", ("alpha-us", "beta-us")))
    off = leg("alpha-us", None, LegState.ADMIN_OFF)
    there = replace(leg("alpha-us", 3, sbc="lon-1", cap=40, used=3), clean=CleanRun(2, NOW - 60))
    beta = leg("beta-us", 7)
    moved = ActiveRoute("nyc-1", ROUTE, RouteState.MOVED, "beta-us", held=("alpha-us",))

    def if_beta_died(elsewhere: LegStatus, *held: str) -> Landing:
        found = plan(config, off, elsewhere, beta, us=(replace(moved, held=held),))
        return next(one for head in found if head.carrier == "beta" for one in head.landings)

    assert (
        if_beta_died(there, "alpha-us").sentence
        == "us (nyc-1) 7 channels -> alpha-us: 37 free of 40, all of it fits"
    )
    silent = if_beta_died(replace(there, clean=None), "alpha-us")
    assert silent.sentence.endswith(
        "-> nowhere: alpha-us is held out there, and alpha-us@lon-1 answered 0 OPTIONS in a row (2 are needed)"
    )
    assert if_beta_died(there).sentence.endswith("nowhere: there is no other trunk"), "off for another reason"
