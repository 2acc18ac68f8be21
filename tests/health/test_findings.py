"""Stories that once ended in an untrue state or sentence: each is told again, and must end well."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.health.scenes import (
    START,
    UNFROZEN,
    Says,
    Trunks,
    answer,
    box,
    fleet_of,
    leg,
    play,
    settings_of,
)
from trunktui.model.ask import Answer, Reply
from trunktui.model.health import LegState, SbcState, Severity, Thresholds
from trunktui.model.inventory import (
    AuthMode,
    Binding,
    DialMode,
    Direction,
    Inventory,
    NativeNames,
    Sbc,
    SshTarget,
    Trunk,
)
from trunktui.model.link import SshState
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe, clean_lines
from trunktui.platforms import asterisk
from trunktui.platforms.contract import LegSettings
from trunktui.poll.fleet import Fleet
from trunktui.poll.listing import MOST_DISCOVERED

IP, REG = AuthMode.IP, AuthMode.REGISTRATION
DEAD, ALIVE = Says(reg=None, contacts=("Unavail",)), Says(reg=None)


def story(*steps: tuple[float, Says]) -> list[tuple[float, Says]]:
    return list(steps)


def down_by_uri() -> list[tuple[float, Says]]:
    """Return polls after which a trunk dialled by URI is DOWN: three misses."""
    return story((0, ALIVE), (30, DEAD), (60, DEAD), (90, DEAD))


def test_a_dead_contact_with_answered_calls_is_degraded_also_after_it_was_down() -> None:
    trunks = Trunks(auth=IP, dial=DialMode.URI)
    assert leg(play(trunks, down_by_uri())).state is LegState.DOWN
    calls = Says(reg=None, contacts=("Unavail",), channels=1, answered_ago=20)
    verdict = leg(play(trunks, [*down_by_uri(), (120, calls)]))
    assert (verdict.state, verdict.severity) == (LegState.DEGRADED, Severity.MINOR)
    assert (
        verdict.reason
        == "OPTIONS unanswered for 1 m 30 s but calls pass; dial plan bypasses qualify (one began 20 s ago)"
    )


def test_a_leg_that_is_no_longer_probed_does_not_stay_down_as_if_it_were_recovering() -> None:
    trunks = Trunks(auth=IP, dial=DialMode.URI, qualify=0)
    verdict = leg(play(trunks, [*down_by_uri(), (120, Says(reg=None, contacts=("NonQual",)))]))
    assert verdict.state is LegState.UNMONITORED


def test_unreadable_contacts_of_a_dead_leg_are_unknown_and_not_recovering() -> None:
    polls = [*down_by_uri(), (120.0, Says(reg=None, contacts=("Gone fishing",)))]
    verdict = leg(play(Trunks(auth=IP, dial=DialMode.URI), polls))
    assert verdict.state is LegState.UNKNOWN
    assert "cannot read" in verdict.reason


def discovered(*polls: tuple[float, Says]) -> list[Snapshot]:
    """Return the fleet after each poll of an SBC whose one trunk the config does not name."""
    fleet = Fleet(Inventory(sbcs=(Sbc("sbc-1", "asterisk", SshTarget("h")),)), Thresholds(), 30.0)
    found = []
    for second, says in polls:
        at = START + second
        fleet.answered("sbc-1", asterisk.parse_poll(answer(says, at), settings_of(Trunks()), ()))
        fleet.record("sbc-1").settings_done = True
        found.append(fleet.snapshot(at))
    return found


def test_a_discovered_trunk_that_loses_its_registration_does_not_turn_into_a_healthy_ip_trunk() -> None:
    lost = Says(reg=None)
    registered, missing, later, much_later = discovered((0, Says()), (30, lost), (100, lost), (700, lost))
    assert [found.id for found in registered.legs] == ["carrier-a@sbc-1"]
    assert (missing.legs[0].id, missing.legs[0].state) == ("carrier-a@sbc-1", LegState.UNKNOWN)
    assert len(missing.legs) == 1
    assert later.legs[0].state is LegState.DOWN
    assert "no registration for it is loaded" in later.legs[0].reason
    assert not [found for found in much_later.legs if "~" in found.id]


def spelled(native: NativeNames, settings: LegSettings, *polls: tuple[float, Says]) -> Snapshot:
    """Return the fleet after polls of a trunk whose parts the config spells out."""
    trunk = Trunk("t", auth=IP, dial=DialMode.AOR, bindings=(Binding("t", "sbc-1", native=native),))
    inventory = Inventory(sbcs=(Sbc("sbc-1", "asterisk", SshTarget("h"), discover=False),), trunks=(trunk,))
    fleet = Fleet(inventory, Thresholds(), 30.0)
    for second, says in polls:
        at = START + second
        fleet.answered(
            "sbc-1", asterisk.parse_poll(answer(says, at), settings, inventory.bindings_on("sbc-1"))
        )
        fleet.record("sbc-1").settings_done = True
    return fleet.snapshot(START + polls[-1][0])


def test_a_leg_spelled_by_its_endpoint_alone_is_found_with_its_probe() -> None:
    snapshot = spelled(NativeNames(endpoint="carrier-a"), settings_of(Trunks()), (0, ALIVE), (90, ALIVE))
    assert leg(snapshot, "t@sbc-1").state is LegState.UP
    assert leg(snapshot, "t@sbc-1").probe.interval_s == 30


def test_a_leg_spelled_by_registration_and_endpoint_has_its_endpoints_contacts() -> None:
    native = NativeNames(registration="carrier-a", endpoint="carrier-a")
    snapshot = spelled(native, settings_of(Trunks()), (0, Says()))
    assert leg(snapshot, "t@sbc-1").native.aor == "carrier-a"
    assert leg(snapshot, "t@sbc-1").probe.detect_s == 33.0


def test_a_leg_that_is_no_longer_listed_shows_no_old_contacts_channels_or_rows() -> None:
    other = "=====\n other/sip:1.2.3.4   x   Registered  (exp. 9s)\n\nObjects found: 1"
    gone = Says(reg_table=other, contacts=())
    verdict = leg(play(Trunks(auth=IP, cap=5), [(0, Says(channels=2)), (30, gone), (100, gone)]))
    assert verdict.state is LegState.DOWN
    assert (verdict.probe.contacts, verdict.channels.active, verdict.evidence) == ((), None, ())
    assert verdict.probe.rtt_ms is None


def test_a_stopped_asterisk_has_no_uptime_and_a_failing_poll_does_not_make_it_look_better() -> None:
    fleet = fleet_of(Trunks())
    stopped = Answer(
        START, START, (Reply("uptime", 1, errors=(Safe("Unable to connect to remote asterisk"),)),)
    )
    fleet.answered("sbc-1", asterisk.parse_poll(answer(Says(), START - 30), LegSettings(), ()))
    fleet.answered("sbc-1", asterisk.parse_poll(stopped, LegSettings(), ()))
    assert box(fleet.snapshot(START)).started_at is None
    snapshot = play(Trunks(), [(0, Says()), (30, Says(frozen=True)), (40, Says(silent=SshState.HUNG))])
    assert (box(snapshot).state, box(snapshot).severity) == (SbcState.DOWN, Severity.CRITICAL)
    assert box(snapshot).reason.endswith("; poll failed (ssh hung), showing data 10 s old")


def test_what_an_answer_says_is_as_old_as_the_question_however_late_it_came() -> None:
    fleet = fleet_of(Trunks(auth=IP))
    prompt = answer(ALIVE, START)
    late = structs.replace(prompt, asked_at=START - 18)
    fleet.answered("sbc-1", asterisk.parse_poll(late, settings_of(Trunks()), ()))
    fleet.record("sbc-1").settings_done = True
    assert leg(fleet.snapshot(START + 72)).state is LegState.UP, "90 s after it was asked for"
    assert leg(fleet.snapshot(START + 73)).state is LegState.UNKNOWN
    told = fleet.snapshot(START)
    assert (leg(told).observed_at, leg(told).stale_at) == (START - 18, START + 72)
    assert (box(told).polled_at, box(told).stale_at) == (START - 18, START + 72)


def test_an_sbc_that_lists_nothing_is_one_event_of_the_sbc() -> None:
    snapshot = play(Trunks(auth=IP), [(0, ALIVE), (30, Says(reg=None, contacts=()))])
    assert (box(snapshot).state, box(snapshot).severity) == (SbcState.DEGRADED, Severity.MAJOR)


def test_a_clock_that_drifts_or_steps_is_not_a_restart() -> None:
    drifting = [(60.0 * n, Says(uptime=86400 + int(60 * n * 0.99))) for n in range(60)]
    assert box(play(Trunks(), drifting)).state is SbcState.UP
    stepped = [(0.0, Says(uptime=86400)), (30.0, Says(uptime=86000)), (60.0, Says(uptime=86030))]
    assert box(play(Trunks(), stepped)).state is SbcState.UP
    restarted = [(0.0, Says(uptime=86400)), (30.0, Says(uptime=9))]
    assert box(play(Trunks(), restarted)).reason == "restarted 9 s ago"


def test_since_is_not_known_before_a_change_was_seen() -> None:
    assert leg(play(Trunks(), [(0, Says())])).since_at is None
    changed = play(Trunks(auth=IP), [(0, ALIVE), (30, DEAD)])
    assert leg(changed).since_at == START + 30


def test_a_state_that_is_found_again_after_a_time_without_news_lasts_since_before() -> None:
    lost = Says(silent=SshState.UNREACHABLE)
    polls: list[tuple[float, Says]] = [(0, ALIVE), (30, DEAD), (600, lost)]
    assert leg(play(Trunks(auth=IP), polls)).state is LegState.UNKNOWN
    assert leg(play(Trunks(auth=IP), [*polls, (630, DEAD)])).since_at == START + 30
    assert leg(play(Trunks(auth=IP), [*polls, (630, ALIVE), (660, ALIVE)])).since_at == START + 660


def test_a_late_reload_gives_the_first_options_its_interval() -> None:
    fleet = fleet_of(Trunks(auth=IP))
    whole = answer(Says(reg=None, contacts=("NonQual",)), START)
    uptime = Reply("uptime", 0, clean_lines(b"System uptime: 86400\nLast reload: 12"))
    fresh = structs.replace(whole, replies=(uptime, *whole.replies[1:]))
    bindings = fleet.inventory.bindings_on("sbc-1")
    fleet.answered("sbc-1", asterisk.parse_poll(fresh, settings_of(Trunks()), bindings))
    fleet.record("sbc-1").settings_done = True
    assert leg(fleet.snapshot(START)).reason == "first OPTIONS due within 30 s"


def test_no_options_are_promised_before_the_settings_are_read() -> None:
    fleet = fleet_of(Trunks(auth=IP))
    polled = answer(Says(reg=None, contacts=("NonQual",)), START)
    fleet.answered("sbc-1", asterisk.parse_poll(polled, LegSettings(), fleet.inventory.bindings_on("sbc-1")))
    found = leg(fleet.snapshot(START))
    assert (found.state, found.reason) == (
        LegState.UNKNOWN,
        "whether OPTIONS are set is being read; the next polls tell",
    )


def test_a_lost_registration_of_an_inbound_trunk_is_major() -> None:
    fleet = fleet_of(Trunks(auth=AuthMode.HYBRID))
    trunk = structs.replace(fleet.inventory.trunks[0], direction=Direction.BOTH)
    fleet = Fleet(structs.replace(fleet.inventory, trunks=(trunk,)), Thresholds(), 30.0)
    bindings = fleet.inventory.bindings_on("sbc-1")
    rejected = asterisk.parse_poll(answer(Says(reg="Rejected 9"), START), settings_of(Trunks()), bindings)
    fleet.answered("sbc-1", rejected)
    fleet.record("sbc-1").settings_done = True
    assert leg(fleet.snapshot(START)).severity is Severity.MAJOR


@pytest.mark.parametrize(
    ("reg", "severity"), [("Rejected 9", Severity.MAJOR), ("Registered 60", Severity.MINOR)]
)
def test_a_lost_registration_of_an_inbound_trunk_is_major_also_where_calls_that_go_out_are_told_first(
    reg: str, severity: Severity
) -> None:
    trunks = Trunks(auth=AuthMode.HYBRID, dial=DialMode.URI, direction=Direction.BOTH)
    dead = Says(reg=reg, contacts=("Unavail",), channels=1, answered_ago=20)
    verdict = leg(play(trunks, story((0, Says()), (30, dead), (60, dead), (120, dead))))
    assert (verdict.state, verdict.severity) == (LegState.DEGRADED, severity)
    assert verdict.reason.startswith("OPTIONS unanswered for")


def test_the_first_look_read_again_with_settings_keeps_what_it_saw() -> None:
    fleet = fleet_of(Trunks(auth=REG))
    bindings = fleet.inventory.bindings_on("sbc-1")
    said = answer(Says(contacts=("Unavail",)), START)
    fleet.answered("sbc-1", asterisk.parse_poll(said, LegSettings(), bindings))
    fleet.answered("sbc-1", asterisk.parse_poll(said, settings_of(Trunks()), bindings))
    fleet.record("sbc-1").settings_done = True
    verdict = leg(fleet.snapshot(START))
    assert verdict.state is LegState.DOWN
    assert verdict.probe.misses is None


def test_an_sbc_that_invents_ever_new_names_fills_neither_memory_nor_screen_and_it_is_said() -> None:
    fleet = Fleet(Inventory(sbcs=(Sbc("sbc-1", "asterisk", SshTarget("h")),)), Thresholds(), 30.0)
    for turn in range(3):
        names = [f"x{turn}-{number}" for number in range(MOST_DISCOVERED - 500)]
        rows = "\n".join(f" {name}/sip:10.77.0.21 a Registered (exp. 60s)" for name in names)
        says = Says(reg_table=f"=====\n{rows}\n\nObjects found: {len(names)}", contacts=())
        at = START + 30 * turn
        fleet.answered("sbc-1", asterisk.parse_poll(answer(says, at), LegSettings(), ()))
    snapshot = fleet.snapshot(START + 60)
    assert len(snapshot.legs) == MOST_DISCOVERED
    assert box(snapshot).severity is Severity.WARNING
    assert box(snapshot).reason == (
        "cannot read 'trunks': over 2000 that the config does not name: the rest is left out, see `ignore`"
    )


FIRST, SECOND, THIRD = "Avail 2.0", "Avail 502.0", "Avail 1502.0"
"""Answers to the first, second and third sending of an OPTIONS."""


def probed(*words: str, dial: DialMode = DialMode.AOR) -> list[Snapshot]:
    """Return the fleet after each of these results of an OPTIONS every 30 s, none like the one before."""
    results = [word if word == "Unavail" else f"{word}{n % 10}" for n, word in enumerate(words)]
    polls = [(30.0 * n, Says(reg=None, contacts=(result,))) for n, result in enumerate(results)]
    trunks = Trunks(auth=IP, dial=dial)
    return [play(trunks, polls[: n + 1], thresholds=UNFROZEN) for n in range(len(polls))]


def test_answers_a_retransmission_late_are_loss_also_where_most_are_late() -> None:
    light = probed(*[FIRST] * 10, SECOND, FIRST, FIRST, SECOND, FIRST, THIRD, FIRST)
    assert [leg(s).state for s in light[:15]] == [LegState.UP] * 15
    assert leg(light[-1]).state is LegState.DEGRADED
    assert leg(light[-1]).severity is Severity.MINOR
    assert (
        leg(light[-1]).reason
        == "OPTIONS answered late again and again (now 2 ms): packets are being lost; judged by the last 20"
    )
    heavy = probed(*[SECOND, FIRST, THIRD, SECOND, THIRD] * 4)
    assert {leg(s).state for s in heavy[4:]} == {LegState.DEGRADED}
    assert "packets are being lost" in leg(heavy[-1]).reason


def test_late_answers_in_a_row_are_loss_and_not_slowness() -> None:
    assert "packets are being lost" in leg(probed(*[FIRST] * 9, SECOND, SECOND, SECOND)[-1]).reason


def test_one_late_answer_seen_in_many_polls_is_not_slow() -> None:
    polls = [
        (10.0 * n, Says(reg=None, contacts=("Avail 2.0" if n < 9 else "Avail 802.0",))) for n in range(14)
    ]
    assert leg(play(Trunks(auth=IP), polls)).state is LegState.UP


def test_an_outage_that_is_over_is_no_loss() -> None:
    assert leg(probed(*[FIRST] * 5, *["Unavail"] * 9, FIRST, FIRST)[-1]).state is LegState.UP


def test_a_leg_that_comes_and_goes_stays_down_until_it_has_answered_for_longer() -> None:
    falls = ["Unavail", FIRST, FIRST] * 3
    last = probed(FIRST, *falls, *[FIRST] * 4)
    assert [leg(s).state for s in last[1:8]] == [
        LegState.DOWN, LegState.DOWN, LegState.UP, LegState.DOWN, LegState.DOWN, LegState.UP, LegState.DOWN
    ]  # fmt: skip
    held = (
        "answers OPTIONS again (2 good so far), but fell silent 3 times lately: unsteady; up after 6 in a row"
    )
    assert leg(last[9]).reason == held
    assert [leg(s).state for s in last[8:13]] == [LegState.DOWN] * 5
    assert leg(last[13]).state is LegState.DEGRADED
    assert leg(last[13]).reason == (
        "OPTIONS answered late again and again, 3 times not at all (now 2 ms): packets are being lost; judged by the last 20"
    )
    steady = probed(FIRST, *falls, *[FIRST] * 33)
    assert leg(steady[-1]).state is LegState.UP


def test_where_packets_are_lost_a_single_miss_raises_no_new_doubt_but_a_silence_is_down() -> None:
    lossy = [*[FIRST] * 9, SECOND, FIRST, SECOND, THIRD]
    missed = probed(*lossy, *["Unavail"] * 3, dial=DialMode.URI)
    assert [leg(s).state for s in missed[-4:]] == [LegState.DEGRADED] * 3 + [LegState.DOWN]
    assert "(the last one not at all): packets are being lost" in leg(missed[-3]).reason
    doubt = probed(*[FIRST] * 9, "Unavail", dial=DialMode.URI)
    assert leg(doubt[-1]).state is LegState.SUSPECT


def test_a_refresh_that_loss_delays_is_called_loss() -> None:
    polls = [(30.0 * n, Says(contacts=(f"{SECOND if n % 3 else FIRST}{n}",))) for n in range(9)]
    late = (275.0, Says(reg="Registered 12 ago", contacts=("Avail 2.0",)))
    assert leg(play(Trunks(), [polls[0], late])).state is LegState.SUSPECT
    verdict = leg(play(Trunks(), [*polls, late]))
    assert (verdict.state, verdict.severity) == (LegState.DEGRADED, Severity.MINOR)
    assert "packets are being lost" in verdict.reason
