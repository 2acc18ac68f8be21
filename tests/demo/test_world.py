"""The simulated fleet: the same seed gives the same fleet, and its Asterisks keep Asterisk's own rules."""

from __future__ import annotations

import pytest
from msgspec import structs

from trunktui.demo.deeds import Deed
from trunktui.demo.plan import newcomers_fleet, uniform_fleet
from trunktui.demo.rows import Call, Daemon, Look
from trunktui.demo.story import (
    FROZEN_SBC,
    MOVING_SBC,
    NEWCOMERS_STORY,
    REBOOTING_SBC,
    REFUSED_LEG,
    SURGING_TRUNK,
    TROUBLED_CARRIER,
    UNPROBED_LEG,
    Kind,
    Script,
    Trouble,
)
from trunktui.demo.tempo import FASTEST, Tempo
from trunktui.demo.world import World

SPEED = 10.0
LOOP = NEWCOMERS_STORY.period / SPEED


def world(seed: int = 1, speed: float = SPEED, script: Script = NEWCOMERS_STORY) -> World:
    return World(newcomers_fleet(), script, seed, Tempo(speed))


def trouble(kind: Kind) -> tuple[float, float]:
    """Return the first begin and end of a trouble of the story, in seconds of the simulation."""
    found = next(one for one in NEWCOMERS_STORY.troubles if one.kind is kind)
    return found.start / SPEED, found.end / SPEED


def looks(of: World, step: float, until: float = LOOP * 1.5) -> dict[tuple[str, float], Look]:
    times = [n * step for n in range(int(until / step))]
    return {(sbc.name, t): of.look(sbc.name, t) for t in times for sbc in of.plan.sbcs}


def word(look: Look, trunk: str) -> str:
    return next(row.word for row in look.registrations if row.name == trunk)


def contact(look: Look, trunk: str) -> str:
    return next(row.word for row in look.contacts if row.aor == trunk)


def test_the_same_seed_gives_the_same_fleet_to_the_last_channel() -> None:
    assert looks(world(7), 0.7) == looks(world(7), 0.7)


def test_another_seed_gives_another() -> None:
    assert looks(world(7), 5.0) != looks(world(8), 5.0)


def test_how_often_it_is_looked_at_changes_nothing() -> None:
    often, seldom = looks(world(), 0.25), looks(world(), 6.5)
    assert seldom == {key: often[key] for key in seldom}
    assert len(seldom) > 150


DEEDS = (
    (9.5, "nyc-1", Deed.REGISTER, "bravo-eu"),
    (20.0, "nyc-1", Deed.QUALIFY, "bravo-eu"),
    (30.1, "sgp-1", Deed.REGISTER, "charlie-tollfree"),
    (30.2, "sgp-1", Deed.REGISTER, "charlie-tollfree"),
    (31.0, "nyc-1", Deed.QUALIFY, "alpha-us"),
    (79.5, "sgp-1", Deed.REGISTER, "alpha-us"),
    (140.25, "lon-1", Deed.REGISTER, "alpha-us"),
)
"""Among them: on a dead carrier, twice, just before a reboot, and on a leg that gave up."""


def acted(step: float, *, foreseen: bool = False) -> dict[tuple[str, float], Look]:
    """Look every `step` at a fleet that is acted on; `foreseen`: all of it is recorded ahead."""
    fleet, deeds, seen = world(), list(DEEDS), {}
    for n in range(int(LOOP * 1.2 / step)):
        while deeds and (foreseen or deeds[0][0] <= n * step):
            t, sbc, deed, name = deeds.pop(0)
            fleet.deeds.add(t, sbc, deed, name)
        for sbc_plan in fleet.plan.sbcs:
            seen[sbc_plan.name, n * step] = fleet.look(sbc_plan.name, n * step)
    return seen


def test_how_often_a_fleet_that_is_acted_on_is_looked_at_changes_nothing_either() -> None:
    often, seldom = acted(0.25), acted(6.5)
    assert seldom == {key: often[key] for key in seldom}
    assert acted(0.25, foreseen=True) == often
    assert often != looks(world(), 0.25, LOOP * 1.2)


def acting(at: float, sbc: str, deed: Deed, name: str, *troubles: Trouble) -> World:
    fleet = world(script=Script(1e6, troubles))
    fleet.deeds.add(at, sbc, deed, name)
    return fleet


def words_of(fleet: World, sbc: str, trunk: str, times: tuple[float, ...]) -> list[str]:
    return [word(fleet.look(sbc, t), trunk) for t in times]


def test_send_register_unregisters_at_once_and_registers_within_the_initial_delay() -> None:
    fleet = acting(20.0, "nyc-1", Deed.REGISTER, "alpha-eu")
    delay = fleet.look("nyc-1", 0.0).trunks[0].initial_delay_s
    seen = words_of(fleet, "nyc-1", "alpha-eu", (19.9, 20.0, 21.1, 20.1 + delay))
    assert seen == ["Registered", "Unregistered", "Unregistered", "Registered"]
    assert fleet.truth("alpha-eu@nyc-1", 24.5).sbc_believes is True


def test_while_it_is_unregistered_the_truth_is_that_the_sbc_does_not_believe_in_it() -> None:
    fleet = acting(20.0, "nyc-1", Deed.REGISTER, "alpha-eu")
    assert fleet.truth("alpha-eu@nyc-1", 20.5).sbc_believes is False
    assert fleet.truth("alpha-us@nyc-1", 20.5).sbc_believes is True


def unnumbered(fleet: World, t: float) -> list[Call]:
    """Return the calls of sgp-1; one call fewer gives every later one another number."""
    return [structs.replace(call, number=0) for call in fleet.look("sgp-1", t).calls]


def test_send_register_loses_no_call_in_progress_but_brings_no_inbound_one_meanwhile() -> None:
    quiet, fleet = world(script=Script()), world(script=Script())
    for n in range(40):
        fleet.deeds.add(20.0 + 3.0 * n, "sgp-1", Deed.REGISTER, "charlie-tollfree")
    missing = 0
    for n in range(260):
        t = 15.0 + 0.5 * n
        were, are = (
            {call.key: call for call in unnumbered(of, t) if call.trunk == "charlie-tollfree"}
            for of in (quiet, fleet)
        )
        assert are.items() <= were.items()
        lost = [call for key, call in were.items() if key not in are]
        assert all(call.started >= 20.0 for call in lost)
        missing += len(lost)
        others = [[c for c in unnumbered(of, t) if c.trunk != "charlie-tollfree"] for of in (quiet, fleet)]
        assert others[0] == others[1]
    assert missing
    assert fleet.truth("charlie-tollfree@sgp-1", 200.0).works
    fleet.deeds.add(200.5, "sgp-1", Deed.REGISTER, "charlie-tollfree")
    assert not fleet.truth("charlie-tollfree@sgp-1", 200.5).works


def test_with_a_dead_carrier_the_word_stays_until_the_register_is_given_up_on() -> None:
    dead = Trouble(Kind.CARRIER_DEAD, "alpha", 195.0, 1e5)
    fleet = acting(20.0, "nyc-1", Deed.REGISTER, "alpha-eu", dead)
    seen = [fleet.look("nyc-1", 20.0 + n / 10).registrations for n in range(120)]
    rows = [next(row for row in each if row.name == "alpha-eu") for each in seen]
    assert [*dict.fromkeys(row.word for row in rows)] == ["Registered", "Rejected"]
    assert min(row.due_s or 0 for row in rows if row.word == "Registered") in {-4, -3}
    assert rows[-1].word == "Rejected"


def test_while_it_is_still_refused_send_register_ends_where_it_began() -> None:
    refused = Trouble(Kind.REFUSED, REFUSED_LEG, 0.0, 1e5)
    trunk, _, sbc = REFUSED_LEG.rpartition("@")
    fleet = acting(40.0, sbc, Deed.REGISTER, trunk, refused)
    due = [
        next(row.due_s for row in fleet.look(sbc, t).registrations if row.name == trunk)
        for t in (39.9, 40.0, 44.1, 60.0)
    ]
    assert words_of(fleet, sbc, trunk, (60.1,)) == ["Rejected"]
    assert due[0] is not None
    assert due[0] < -20
    assert due[1] is not None
    assert 0 < due[1] <= 4
    assert due[3] is not None
    assert due[3] < -12, "it gave up again"


def test_an_operators_cure_of_the_story_leaves_alone_what_somebody_brought_back_before() -> None:
    (fixed, cared), (trunk, _, sbc) = trouble(Kind.GIVEN_UP), REFUSED_LEG.rpartition("@")
    fleet = world()
    fleet.deeds.add(fixed + 5.0, sbc, Deed.REGISTER, trunk)
    times = (fixed + 4.9, fixed + 5.1, fixed + 9.2, cared - 0.1, cared, cared + 0.5)
    assert words_of(fleet, sbc, trunk, times) == ["Rejected", "Unregistered", *["Registered"] * 4]


def test_qualify_brings_a_new_round_trip_and_where_options_are_off_none() -> None:
    times = [20.0 + n / 100 for n in range(60)]
    quiet, fleet = world(script=Script()), acting(20.2, "nyc-1", Deed.QUALIFY, "alpha-us")
    fleet.deeds.add(20.2, "nyc-2", Deed.QUALIFY, "alpha-911")
    rtts = [
        {row.rtt_ms for t in times for row in of.look("nyc-1", t).contacts if row.aor == "alpha-us"}
        for of in (quiet, fleet)
    ]
    assert len(rtts[1] - rtts[0]) == 1
    assert contact(fleet.look("nyc-2", 25.0), "alpha-911") == "NonQual"


def test_qualify_of_a_dead_carrier_shows_it_before_the_next_options_would() -> None:
    dead = Trouble(Kind.CARRIER_DEAD, "alpha", 200.0, 1e5)
    fleet = acting(20.05, "nyc-1", Deed.QUALIFY, "alpha-us", dead)
    assert contact(fleet.look("nyc-1", 20.05 + 0.41), "alpha-us") == "Unavail"


def test_the_fleet_is_as_large_as_promised() -> None:
    plan = newcomers_fleet()
    assert len(plan.sbcs) >= 6
    assert len({sbc.site for sbc in plan.sbcs}) == 3
    assert len(plan.carriers) == 4
    assert len(plan.legs) >= 40
    assert plan.groups
    assert plan.accounts


def test_every_subject_of_the_story_is_in_the_fleet() -> None:
    plan = newcomers_fleet()
    assert TROUBLED_CARRIER in {carrier.name for carrier in plan.carriers}
    assert {REFUSED_LEG, UNPROBED_LEG} <= set(plan.legs)
    assert SURGING_TRUNK in {trunk.name for trunk in plan.trunks}
    assert {FROZEN_SBC, REBOOTING_SBC, MOVING_SBC} <= {sbc.name for sbc in plan.sbcs}


def test_an_sbc_that_moves_is_seen_elsewhere_and_its_trunks_by_ip_reach_nobody_meanwhile() -> None:
    fleet, (moves, back) = world(), trouble(Kind.MOVED)
    by_ip = [trunk.name for trunk in fleet.plan.on(MOVING_SBC) if trunk.auth == "ip"]
    others = [trunk.name for trunk in fleet.plan.on(MOVING_SBC) if trunk.auth != "ip"]
    assert by_ip
    assert others
    for t, moved in ((moves - 1, False), (moves + 1, True), (back - 1, True), (back + 1, False)):
        look = fleet.look(MOVING_SBC, t)
        assert (look.outside == "198.51.100.12") is not moved
        assert look.address == "10.21.0.12"
        assert [fleet.truth(f"{name}@{MOVING_SBC}", t).carrier for name in by_ip] == [not moved] * len(by_ip)
        assert all(fleet.truth(f"{name}@{MOVING_SBC}", t).carrier for name in others)
        assert fleet.truth("bravo-us@sgp-1", t).carrier


def test_every_trouble_begins_with_its_tip() -> None:
    tips = {tip.at for tip in NEWCOMERS_STORY.tips}
    assert {one.start for one in NEWCOMERS_STORY.troubles} <= tips


def test_a_carriers_death_is_seen_within_the_detect_time_and_not_before_it_happened() -> None:
    fleet, (dies, back) = world(), trouble(Kind.CARRIER_DEAD)
    detect = 3.0 + 0.4
    before, after = fleet.look("lon-1", dies - 0.1), fleet.look("lon-1", dies + detect + 0.1)
    again = fleet.look("lon-1", back + detect)
    assert [contact(look, "bravo-us") for look in (before, after, again)] == ["Avail", "Unavail", "Avail"]
    assert {contact(look, "alpha-us") for look in (before, after, again)} == {"Avail"}


def test_calls_move_to_other_carriers_once_the_sbc_has_noticed() -> None:
    fleet, (dies, back) = world(), trouble(Kind.CARRIER_DEAD)
    before = fleet.look("sgp-1", dies)
    late = fleet.look("sgp-1", back - 0.1)
    share = {
        look.at: sum(fleet.plan.trunk(call.trunk).carrier == "bravo" for call in look.calls)
        for look in (before, late)
    }
    assert share[before.at] > 5
    assert share[late.at] == 0
    assert len(late.calls) > 0.5 * len(before.calls)


def test_a_refused_registration_gives_up_and_its_number_grows_until_an_operator_acts() -> None:
    fleet, (begins, _), (fixed, cured) = world(), trouble(Kind.REFUSED), trouble(Kind.GIVEN_UP)
    trunk, _, sbc = REFUSED_LEG.rpartition("@")
    times = (begins - 0.1, begins + 9, fixed + 5, cured - 0.1, cured + 0.05, cured + 4.2)
    rows = [next(row for row in fleet.look(sbc, t).registrations if row.name == trunk) for t in times]
    assert [row.word for row in rows] == [
        "Registered",
        "Rejected",
        "Rejected",
        "Rejected",
        "Unregistered",
        "Registered",
    ]
    due = [row.due_s for row in rows]
    assert due[1] is not None
    assert due[2] is not None
    assert due[3] is not None
    assert 0 > due[1] > due[2] > due[3]


def test_an_unanswered_register_is_in_flight_for_32_seconds_and_retried_after_a_minute() -> None:
    script = Script(1e6, (Trouble(Kind.CARRIER_DEAD, "alpha", 1000.0, 9000.0),))
    fleet = world(speed=1.0, script=script)
    seen = [
        next(row for row in fleet.look("lon-1", 1000.0 + t).registrations if row.name == "alpha-us")
        for t in range(500)
    ]
    flights = [row.due_s for row in seen if row.word == "Rejected" and row.due_s is not None]
    assert min(flights) == -32
    assert max(flights) in {59, 60}
    assert any(row.word == "Registered" and (row.due_s or 0) < -25 for row in seen), (
        "still the old word in flight"
    )


def test_a_registration_gives_up_for_good_after_ten_retries_without_an_answer() -> None:
    script = Script(1e6, (Trouble(Kind.CARRIER_DEAD, "alpha", 1000.0, 4000.0),))
    fleet = world(speed=1.0, script=script)
    row = next(row for row in fleet.look("lon-1", 6000.0).registrations if row.name == "alpha-us")
    assert row.word == "Rejected"
    assert row.due_s is not None
    assert row.due_s < -3500


def test_an_account_runs_into_its_cap_and_never_over_it() -> None:
    fleet, (begins, ends) = world(), trouble(Kind.SURGE)
    cap = next(account.channels for account in fleet.plan.accounts if account.name == "delta-retail")

    def used(t: float) -> int:
        return sum(
            call.trunk == SURGING_TRUNK for sbc in fleet.plan.sbcs for call in fleet.look(sbc.name, t).calls
        )

    assert used(begins - 1) < 0.8 * cap
    assert max(used(begins + n) for n in range(int(ends - begins))) == cap


def test_a_frozen_asterisk_says_nothing_and_goes_on_afterwards() -> None:
    fleet, (begins, ends) = world(), trouble(Kind.FROZEN)
    states = [fleet.look(FROZEN_SBC, t).daemon for t in (begins - 0.1, begins, ends - 0.1, ends)]
    assert states == [Daemon.RUNNING, Daemon.FROZEN, Daemon.FROZEN, Daemon.RUNNING]
    assert fleet.frozen_until(FROZEN_SBC, begins + 1) == ends


def test_a_reboot_refuses_then_starts_from_nothing() -> None:
    fleet, (begins, ends) = world(), trouble(Kind.REBOOT)
    assert fleet.host_up(REBOOTING_SBC, begins - 0.1)
    assert not fleet.host_up(REBOOTING_SBC, begins)
    assert fleet.host_up(REBOOTING_SBC, ends)
    assert fleet.look(REBOOTING_SBC, ends + 0.1).daemon is Daemon.STOPPED
    assert fleet.look(REBOOTING_SBC, ends + 1.0).daemon is Daemon.LOADING
    young = fleet.look(REBOOTING_SBC, ends + 1.6)
    assert young.uptime_s == 1
    assert {row.word for row in young.registrations} <= {"Unregistered", "Registered"}
    assert not [call for call in young.calls if call.started < ends]
    old = fleet.look(REBOOTING_SBC, ends + 6)
    assert {row.word for row in old.registrations} == {"Registered"}
    assert {row.word for row in old.contacts} == {"Avail"}


def test_the_load_follows_the_day() -> None:
    fleet = World(newcomers_fleet(), Script(), 1, Tempo(SPEED))
    day = 6000.0 / SPEED
    totals = [
        sum(len(fleet.look(sbc.name, t).calls) for sbc in fleet.plan.sbcs)
        for t in (n * day / 12 for n in range(24))
    ]
    assert max(totals) > 2 * min(totals)
    assert min(totals) > 0


@pytest.mark.parametrize("speed", [1.0, 3.0, SPEED, FASTEST])
def test_timers_shrink_with_the_speed_and_never_to_nothing(speed: float) -> None:
    tempo = Tempo(speed)
    objects = World(newcomers_fleet(), NEWCOMERS_STORY, 1, tempo).look("lon-1", 0.0).trunks[0]
    assert objects.qualify_s == max(1, round(30 / speed))
    assert objects.timeout_s > 0.15, "no round trip may be longer"
    assert objects.retry_s >= 4
    assert 1 <= tempo.poll_s <= 5


def test_a_uniform_fleet_has_any_size() -> None:
    fleet = World(uniform_fleet(100, 20), Script(), 1, Tempo(1.0))
    assert len(fleet.plan.legs) == 2000
    look = fleet.look("sbc-042", 10.0)
    assert len(look.contacts) == 20
    assert len(look.registrations) == 10
    assert look.calls
