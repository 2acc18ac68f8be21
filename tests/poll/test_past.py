"""What an earlier run knew is shown as what it was, dimmed, until the SBC answers; a state found again keeps its since."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from tests.health.scenes import EPOCH, START, Says, Trunks, answer, fleet_of, settings_of
from trunktui.model.health import LegState, ProbeSignal, RegSignal, Thresholds
from trunktui.model.history import EventKind, Known, LastKnown, Memory, Sample, hours_of, hours_text
from trunktui.model.inventory import Binding
from trunktui.model.link import LinkError, SshState
from trunktui.model.snapshot import LegStatus
from trunktui.model.tail import TailFacts, TailState, TailStatus
from trunktui.model.text import Safe, clean
from trunktui.platforms import asterisk
from trunktui.platforms.asterisk_calls import CALLS
from trunktui.poll.fleet import Fleet
from trunktui.poll.listing import MOST_DISCOVERED
from trunktui.poll.past import pasts
from trunktui.present.cells import Role
from trunktui.present.columns import ColumnKey
from trunktui.present.fleet import row_of
from trunktui.present.freshness import shown
from trunktui.store.history_file import Batch, HistoryFile, Limits
from trunktui.store.history_read import HistoryReader

OFFSET = 1_764_072_000.0 - START
"""The play begins at 2025-11-25 12:00 UTC."""

HOUR = int((EPOCH + START) // 3600) - 1
LEG = "carrier-a@sbc-1"
DEAD = Says(reg="Rejected 700 ago", contacts=("Unavail nan",))


def memory(state: LegState = LegState.DOWN, leg: str = LEG, ago: float = 7200.0) -> Memory:
    """Return what a run that ended 10 minutes ago knew: one leg, in `state` since `ago` seconds."""
    last = Sample(START - 600 + OFFSET, 30.0, state, RegSignal.GAVE_UP, ProbeSignal.DEAD, None, 3)
    return Memory((LastKnown(clean(leg), state, START - ago + OFFSET, last),), (), START - 600 + OFFSET)


def recalling(*memories: Memory) -> Fleet:
    """Return the fleet of one SBC, discovering, with what was remembered."""
    fleet = fleet_of(Trunks())
    fleet.recall({leg: past for one in memories for leg, past in pasts(one, OFFSET).items()})
    return fleet


def say(fleet: Fleet, second: float, says: Says) -> LegStatus:
    """Let the SBC answer; return its leg."""
    bindings = fleet.inventory.bindings_on("sbc-1")
    observed = asterisk.parse_poll(answer(says, START + second), settings_of(Trunks()), bindings)
    fleet.record("sbc-1").settings_done = True
    fleet.answered("sbc-1", observed)
    return leg_of(fleet, second)


def leg_of(fleet: Fleet, second: float, leg_id: str = LEG) -> LegStatus:
    """Return a leg as it is judged at a second."""
    return {leg.id: leg for leg in fleet.snapshot(START + second).legs}[leg_id]


def test_before_any_answer_a_leg_shows_what_it_was_dimmed_with_its_times() -> None:
    leg = shown(leg_of(recalling(memory()), 0), START)
    assert (leg.state, leg.was) == (LegState.UNKNOWN, LegState.DOWN)
    assert leg.reason == "was down since 25 Nov 10:00 UTC, last seen 25 Nov 11:50 UTC; not asked yet"
    row = row_of(leg, START)
    assert row.late
    registration = row.cell(ColumnKey.REGISTRATION)
    assert (registration.text, registration.role) == ("was gave up", Role.DIM)
    assert row.cell(ColumnKey.OPTIONS).text == "was no answer"
    assert row.cell(ColumnKey.CHANNELS).text == "–"
    assert row.cell(ColumnKey.AGE).text == "10m"


def test_where_the_sbc_is_out_of_reach_both_are_said() -> None:
    fleet = recalling(memory())
    fleet.failed("sbc-1", LinkError(SshState.REFUSED, Safe("connection refused")), START + 1)
    leg = leg_of(fleet, 2)
    assert leg.was is LegState.DOWN
    assert "refused" in leg.reason
    assert leg.reason.endswith("; was down since 25 Nov 10:00 UTC, last seen 25 Nov 11:50 UTC")


def test_a_state_that_is_found_again_as_it_was_left_keeps_its_since() -> None:
    fleet = recalling(memory())
    leg = say(fleet, 1, DEAD)
    assert (leg.state, leg.since_at, leg.was) == (LegState.DOWN, START - 7200, None)
    assert say(fleet, 31, DEAD).since_at == START - 7200


def test_without_a_memory_since_when_is_not_known() -> None:
    assert say(recalling(), 1, DEAD).since_at is None


def test_a_state_that_is_found_changed_does_not_take_the_old_since() -> None:
    fleet = recalling(memory(LegState.UP))
    leg = say(fleet, 1, DEAD)
    assert (leg.state, leg.since_at) == (LegState.DOWN, None)
    for second in (31, 61, 91, 121):
        leg = say(fleet, second, Says())
    assert leg.state is LegState.UP
    assert leg.since_at is not None
    assert leg.since_at > START


def test_a_doubt_in_between_does_not_lose_the_since() -> None:
    fleet = recalling(memory(LegState.UP))
    assert say(fleet, 1, Says()).since_at == START - 7200
    doubtful = say(fleet, 31, Says(reg="Registered 12 ago"))
    assert doubtful.state is LegState.SUSPECT
    assert say(fleet, 61, Says()).since_at == START - 7200


def test_a_leg_that_the_config_does_not_name_is_expected_until_its_sbc_has_told() -> None:
    fleet = recalling(memory(leg="found@sbc-1"))
    record = fleet.record("sbc-1")
    record.sbc = replace(record.sbc, discover=True)
    leg = leg_of(fleet, 0, "found@sbc-1")
    assert (leg.discovered, leg.state, leg.was) == (True, LegState.UNKNOWN, LegState.DOWN)
    assert leg.why_not_actionable is not None
    say(fleet, 1, Says())
    assert leg_of(fleet, 1, "found@sbc-1").was is LegState.DOWN  # settings may tell more of what it lists
    say(fleet, 1, Says())
    assert {leg.id for leg in fleet.snapshot(START + 1).legs} == {LEG}


def test_no_more_are_expected_than_would_be_taken_from_the_sbc() -> None:
    fleet = recalling(*(memory(leg=f"found{n}@sbc-1") for n in range(MOST_DISCOVERED + 50)))
    assert len(fleet.snapshot(START).legs) == MOST_DISCOVERED + 1


def test_a_leg_that_would_not_be_taken_now_is_not_expected() -> None:
    for change in ({"discover": False}, {"discover": True, "ignore": ("fou*",)}):
        fleet = recalling(memory(leg="found@sbc-1"), memory(leg="gone@another"))
        record = fleet.record("sbc-1")
        record.sbc = replace(record.sbc, **change)
        assert {leg.id for leg in fleet.snapshot(START).legs} == {LEG}


def test_a_leg_that_is_switched_off_by_now_is_off_and_not_what_it_was() -> None:
    fleet = fleet_of(Trunks())
    off = replace(fleet.inventory, trunks=tuple(replace(t, enabled=False) for t in fleet.inventory.trunks))
    fleet = Fleet(off, Thresholds(), 30.0)
    fleet.recall(pasts(memory(), OFFSET))
    leg = leg_of(fleet, 0)
    assert leg.state is LegState.ADMIN_OFF
    assert "was down" not in leg.reason


def test_a_reload_before_the_first_answer_keeps_what_was() -> None:
    fleet = recalling(memory(), memory(LegState.UP, leg="found@sbc-1"))
    before = fleet.inventory
    sbcs = (replace(before.sbcs[0], discover=True, site="elsewhere"),)
    found = replace(before.trunks[0], name="found", bindings=(Binding("found", "sbc-1", name="found"),))
    after = replace(before, sbcs=sbcs, trunks=(*before.trunks, found))
    fleet.reconfigure(after, Thresholds(), 30.0)
    legs = {leg.id: leg for leg in fleet.snapshot(START).legs}
    assert {name: leg.was for name, leg in legs.items()} == {
        LEG: LegState.DOWN,
        "found@sbc-1": LegState.UP,
    }
    assert not legs["found@sbc-1"].discovered
    assert say(fleet, 1, DEAD).since_at == START - 7200


def test_times_that_no_calendar_has_are_no_trouble() -> None:
    for at in (1e300, -1e300, 1e15):
        odd = Memory((LastKnown(clean(LEG), LegState.DOWN, at, None),), (), at)
        assert "an unknown time" in leg_of(recalling(odd), 0).reason


def test_an_end_of_the_sbc_software_keeps_what_was() -> None:
    fleet = recalling(memory())
    leg = say(fleet, 1, Says(frozen=True))
    assert (leg.state, leg.was) == (LegState.UNKNOWN, LegState.DOWN)


def test_calls_by_the_hour_of_an_earlier_run_come_back_to_their_leg(tmp_path: Path) -> None:
    text = hours_text({HOUR: (100, 31)})
    with HistoryFile(tmp_path, Limits(), 1_795_650_000.0) as file:
        file.write(Batch(known=(Known(EventKind.CALLS, clean(LEG), text),)))
    with HistoryReader(tmp_path) as reader:
        known, why = reader.memory()
    assert not why
    fleet = fleet_of(Trunks())
    fleet.recall_hours(
        {one.subject: hours_of(one.state) for one in known.known if one.kind is EventKind.CALLS}
    )
    bindings = fleet.inventory.bindings_on("sbc-1")
    look = asterisk.parse_poll(answer(Says(), START), settings_of(Trunks()), bindings)
    fleet.answered("sbc-1", replace(look, box=replace(look.box, clock_s=EPOCH + START)))
    fleet.heard("sbc-1", CALLS, TailFacts(), TailStatus(CALLS, TailState.OK, read_to=START))
    traffic = fleet.snapshot(START).legs[0].traffic
    assert traffic is not None
    assert traffic.hour == (HOUR, 100, 31)


def test_calls_that_were_not_read_for_long_say_nothing_of_now() -> None:
    fleet = fleet_of(Trunks())
    look = asterisk.parse_poll(
        answer(Says(), START), settings_of(Trunks()), fleet.inventory.bindings_on("sbc-1")
    )
    fleet.answered("sbc-1", replace(look, box=replace(look.box, clock_s=EPOCH + START)))
    fleet.heard("sbc-1", CALLS, TailFacts(), TailStatus(CALLS, TailState.OK, read_to=START))
    assert fleet.snapshot(START).legs[0].traffic is not None
    late = asterisk.parse_poll(
        answer(Says(), START + 100), settings_of(Trunks()), fleet.inventory.bindings_on("sbc-1")
    )
    fleet.answered("sbc-1", replace(late, box=replace(late.box, clock_s=EPOCH + START + 100)))
    assert fleet.snapshot(START + 100).legs[0].traffic is None
