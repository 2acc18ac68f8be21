"""An hour of random faults on 20 SBCs x 50 legs: never up when the truth is not; and proof that a lie would be found."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec import structs

from tests.simulated.harsh import Loss, mixed_fleet
from tests.simulated.hour import Report, play
from tests.simulated.troubles import ALL, Hour, Way, WayTrouble, awful_hour
from trunktui.demo.story import Kind, Script, Trouble
from trunktui.health import flap, rates, rules
from trunktui.health.flap import Flap
from trunktui.health.memory import LegMemory
from trunktui.health.rates import RateMemory
from trunktui.health.signals import LegContext, Signals
from trunktui.model.health import LegState, Severity, Thresholds
from trunktui.model.observation import AppState, ContactState, NativeLeg, Observation, RegPhase
from trunktui.model.snapshot import LegStatus
from trunktui.platforms import asterisk_tables
from trunktui.poll import leg, listing, poller, schedule
from trunktui.poll.fleet import Fleet
from trunktui.poll.kept import LegRecord
from trunktui.poll.leg import Scene
from trunktui.present import fleet

SEED = 1
SHORT_S = 1200.0
SMALL = mixed_fleet(4, 10)
STUCK = Hour(ways=(WayTrouble(Way.ENGINE, ALL, 100.0, 260.0),), ends=300.0)
"""An engine that sends nothing for longer than what it sent may be believed."""


def short_hour(seed: int = SEED, length_s: float = SHORT_S) -> Report:
    """Play twenty awful minutes (or fewer) on 4 SBCs with 10 legs each."""
    return play(SMALL, awful_hour(SMALL, seed, length_s), seed)


@pytest.mark.timeout(600)
def test_an_hour_of_random_faults_shows_nothing_as_up_that_is_not_and_nothing_as_down_that_is_up() -> None:
    plan = mixed_fleet(20, 50)
    hour = awful_hour(plan, SEED)
    report = play(plan, hour, SEED)
    assert report.wrong == []
    assert report.compared > 5_000
    assert hour.faults > 100
    assert {way.value for way in Way} <= report.faults.keys()
    assert report.states[LegState.UP] > 0.5 * report.compared, "a screen that is never green proves nothing"
    wanted = {LegState.DOWN, LegState.UNKNOWN, LegState.DEGRADED, LegState.SUSPECT, LegState.UNMONITORED}
    assert wanted <= report.states.keys()
    assert {"auth", "host_key", "hung", "refused", "unreachable"} <= report.link_faults.keys()
    assert min(report.rates["whole"], report.rates["at_least"]) > 1_000
    assert report.dark > 0, "the SBC with the changed host key stays unknown"


def test_the_same_seed_brings_the_same_hour_and_another_seed_another() -> None:
    first, again, other = (short_hour(seed, 600.0) for seed in (SEED, SEED, SEED + 1))
    assert first.wrong == again.wrong == []
    assert first.changes == again.changes
    assert first.changes != other.changes


def test_what_came_late_is_stale_as_early_as_what_did_not() -> None:
    assert play(SMALL, _late_then_silent(), SEED).wrong == []


def test_a_fleet_without_trouble_turns_green_and_stays_so() -> None:
    report = play(SMALL, Hour(ends=400.0), SEED)
    assert report.wrong == []
    assert report.states.keys() == {LegState.UP}, "from the first look, after five seconds, on"
    assert report.most_changes == 1


def test_lost_packets_make_no_storm() -> None:
    losses = tuple(Loss(carrier.name, 70.0, 670.0, 0.3) for carrier in SMALL.carriers)
    report = play(SMALL, Hour(losses=losses, ends=1500.0), SEED)
    assert report.wrong == []
    assert report.states[LegState.DEGRADED] > 0
    assert report.states[LegState.DOWN] > 0
    assert report.most_changes <= 8, (
        "20 OPTIONS were sent, every eighth is lost for good: held while it flaps"
    )


def test_a_leg_that_flaps_by_our_own_doing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def moody(context: LegContext, signals: Signals, memory: LegMemory, t: Thresholds) -> rules.Verdict:
        if memory.looks % 2 and signals.listed:
            return rules.Verdict(LegState.SUSPECT, Severity.WARNING, rules.Cause.PROBE_MISSING, 11)
        return judge(context, signals, memory, t)

    judge = rules.judge
    monkeypatch.setattr(leg, "judge", moody)
    assert play(SMALL, Hour(ends=400.0), SEED).restless


def test_ages_that_count_from_the_arrival_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Observation, "as_of", property(lambda self: self.at))
    assert _found(play(SMALL, _late_then_silent(), SEED).lies, r"what its SBC said is \d+\.\d s old")


def test_a_stale_limit_that_is_too_long_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scene, "stale_s", property(lambda self: 180.0))
    assert _found(short_hour().lies, r"what its SBC said is \d+\.\d s old")


def test_a_fleet_that_forgets_bad_news_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_good(
        leg: LegRecord, native: NativeLeg, observation: Observation, thresholds: Thresholds
    ) -> None:
        if all(contact.state is not ContactState.UNREACHABLE for contact in native.contacts):
            look(leg, native, observation, thresholds)

    look = listing._look
    monkeypatch.setattr(listing, "_look", only_good)
    lies = short_hour().lies
    assert _found(lies, "its SBC's last answer says that it is not well")
    assert _found(lies, r"carrier_dead for \d+\.\d s")


def test_a_frozen_asterisk_that_is_overlooked_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def overlooks(self: Fleet, sbc: str, observation: Observation) -> None:
        if observation.app is AppState.ANSWERING:
            answered(self, sbc, observation)

    answered = Fleet.answered
    monkeypatch.setattr(Fleet, "answered", overlooks)
    frozen = Script(troubles=(Trouble(Kind.FROZEN, SMALL.sbcs[0].name, 70.0, 240.0),))
    assert _found(play(SMALL, Hour(frozen, ends=300.0), SEED).lies, r"frozen for \d+\.\d s")


def test_a_refused_registration_that_is_overlooked_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(asterisk_tables._PHASES, ("Rejected", True), RegPhase.REGISTERED)
    monkeypatch.setattr("trunktui.health.signals._refresh", lambda elapsed, t: "registered")
    assert _found(short_hour().lies, r"refused for \d+\.\d s")


def test_a_figure_that_belongs_to_another_trunk_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def muddled(leg: LegRecord, native: NativeLeg, observation: Observation, thresholds: Thresholds) -> None:
        if leg.trunk_name == "trunk-03":
            others = next(n for n in observation.legs if n.native.aor == "trunk-04")
            native = structs.replace(native, channels=others.channels)
        look(leg, native, observation, thresholds)

    look = listing._look
    monkeypatch.setattr(listing, "_look", muddled)
    assert _found(play(SMALL, Hour(ends=300.0), SEED).lies, r"trunk-03@\S+ up: \d+ channels, its SBC said")


def test_a_rate_that_is_not_called_a_lower_bound_where_it_is_one_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sure(before: RateMemory, look: Observation, window_s: float) -> tuple[rates.Window, int]:
        window, carry = compared(before, look, window_s)
        return structs.replace(window, whole=True), carry

    compared = rates._compared
    monkeypatch.setattr(rates, "_compared", sure)
    assert _found(short_hour().lies, r"\d dials in \d+\.\d s, there were .* not called a lower bound")


def test_a_rate_that_counts_a_channel_at_every_look_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(before: RateMemory, look: Observation, window_s: float) -> tuple[rates.Window, int]:
        return compared(structs.replace(before, ids=frozenset()), look, window_s)

    compared = rates._compared
    monkeypatch.setattr(rates, "_compared", forgetful)
    monkeypatch.setattr(rates, "_started_over", lambda *_: False)
    assert _found(play(SMALL, Hour(ends=400.0), SEED).lies, r"dials in \d+\.\d s, there were \[\d+")


def test_a_poller_that_asks_too_seldom_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    wait = schedule.next_wait_s
    monkeypatch.setattr(poller, "next_wait_s", lambda *args: (wait(*args) or 0.0) * 2.5)
    assert short_hour().lies


def test_a_screen_that_does_not_age_what_a_stuck_engine_sent_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def as_it_came(seen: LegStatus, now: float) -> LegStatus:
        return seen

    monkeypatch.setattr("tests.simulated.hour.shown", as_it_came)
    assert _found(play(SMALL, STUCK, SEED).lies, r"what its SBC said is \d+\.\d s old")


def test_cells_that_do_not_say_that_they_are_old_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "stale", lambda seen, now: False)
    assert _found(play(SMALL, STUCK, SEED).lies, "its options cell reads 'ok · .*' though it is stale")


def test_a_leg_that_never_leaves_down_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_proven_back", lambda signals: False)
    report = short_hour()
    assert _found(report.false_alarms, r"down though all is well for \d+\.\d s")
    assert report.not_green_at_end


def test_a_leg_that_is_held_for_good_once_it_flapped_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def sticks(before: Flap, *rest: Any) -> Flap:
        after = note(before, *rest)
        held = before.since is not None
        return structs.replace(after, since=before.since, bad=before.bad) if held else after

    note = flap.note
    monkeypatch.setattr(leg, "note", sticks)
    losses = tuple(Loss(carrier.name, 70.0, 670.0, 0.3) for carrier in SMALL.carriers)
    report = play(SMALL, Hour(losses=losses, ends=4000.0), SEED)
    assert _found(report.false_alarms, r"though all is well for \d+\.\d s: flapping")


def _late_then_silent() -> Hour:
    """Return ten minutes in which SBCs answer late, and then not at all."""
    late = (WayTrouble(Way.LATE, sbc.name, 70.0, 200.0) for sbc in SMALL.sbcs)
    silent = (WayTrouble(Way.SILENT, sbc.name, 200.0, 330.0) for sbc in SMALL.sbcs)
    return Hour(ways=(*late, *silent), ends=600.0)


def _found(said: list[str], pattern: str) -> bool:
    return any(re.search(pattern, line) for line in said)
