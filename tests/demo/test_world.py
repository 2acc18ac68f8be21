"""The simulated fleet: the same seed gives the same fleet, and its Asterisks keep Asterisk's own rules."""

from __future__ import annotations

import pytest

from trunktui.demo.plan import newcomers_fleet, uniform_fleet
from trunktui.demo.rows import Daemon, Look
from trunktui.demo.story import (
    FROZEN_SBC,
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
    assert {FROZEN_SBC, REBOOTING_SBC} <= {sbc.name for sbc in plan.sbcs}


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
