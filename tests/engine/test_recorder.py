"""What two snapshots differ in becomes events and samples: each hard change once, soft ones never, gaps left out."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.fleets import NOW, leg, sbc
from trunktui.engine.recorder import Recorder
from trunktui.model.finding import AuthBurst
from trunktui.model.health import LegState, ProbeSignal, RegSignal, SbcState, Severity, TrafficSignal
from trunktui.model.history import (
    Event,
    EventKind,
    Findings,
    Known,
    LastKnown,
    Memory,
    Sample,
    hours_of,
    hours_text,
)
from trunktui.model.link import LinkStatus, SshState
from trunktui.model.sampling import sample_of
from trunktui.model.snapshot import GroupStatus, LegStatus, SbcStatus, Snapshot, TrafficView
from trunktui.model.text import Safe, clean

UTC = 1_764_072_000.0
ACME = "acme@nyc-1"
UP, DOWN, SUSPECT, UNKNOWN = LegState.UP, LegState.DOWN, LegState.SUSPECT, LegState.UNKNOWN


class Watched:
    """A recorder of SBC nyc-1, shown one look after another, 30 s apart."""

    def __init__(self, memory: Memory = Memory()) -> None:  # noqa: B008 - frozen
        self.recorder = Recorder(memory, UTC)
        self.now = NOW
        self.events: list[Event] = []

    def look(
        self,
        *legs: LegStatus,
        box: SbcStatus | None = None,
        groups: tuple[GroupStatus, ...] = (),
        polled: bool = True,
        offset: float = UTC,
    ) -> Findings:
        """Show the next look: `legs` as polled a second before, unless they were not."""
        self.now += 30
        at = self.now - 1
        seen = tuple(_at(one, at, self.now) if polled else one for one in legs)
        box = box if box is not None else sbc("nyc-1", polled_at=at)
        found = self.recorder.look(Snapshot(1, self.now, (box,), seen, groups), offset)
        self.events += found.events
        return found

    def changes(self, kind: EventKind = EventKind.LEG) -> list[tuple[str, str, str]]:
        """Return subject, before and after of every event of a kind."""
        return [(one.subject, one.before, one.after) for one in self.events if one.kind is kind]


def _at(one: LegStatus, at: float, now: float) -> LegStatus:
    since = now if one.since_at is not None else None
    return replace(one, observed_at=at, late_at=at + 60, stale_at=at + 90, since_at=since)


def memory_of(state: LegState, *known: Known) -> Memory:
    """Return the memory of one leg in `state` since an hour before."""
    return Memory((LastKnown(clean(ACME), state, UTC + NOW - 3600),), known, UTC + NOW)


def test_a_hard_change_is_one_event_however_often_it_is_seen() -> None:
    watched = Watched()
    for state in (UP, UP, DOWN, DOWN, DOWN, UP, UP):
        watched.look(leg(ACME, state, Severity.MAJOR if state is DOWN else Severity.NONE))
    assert watched.changes() == [(ACME, "up", "down"), (ACME, "down", "up")]
    first, second = watched.events
    assert (first.severity, second.severity) == (Severity.MAJOR, Severity.NONE)
    assert first.at == UTC + NOW + 90
    assert first.sentence == "registered, next REGISTER in 246 s; OPTIONS 23 ms"


def test_the_same_snapshot_twice_adds_nothing() -> None:
    watched = Watched()
    snapshot = Snapshot(1, NOW, (sbc("nyc-1"),), (leg(ACME),))
    assert watched.recorder.look(snapshot, UTC)
    assert not watched.recorder.look(snapshot, UTC)


def test_suspect_is_soft() -> None:
    watched = Watched()
    for state in (UP, SUSPECT, UP, SUSPECT, DOWN, SUSPECT, DOWN):
        watched.look(leg(ACME, state))
    assert watched.changes() == [(ACME, "up", "down")]


def lost(now: float) -> SbcStatus:
    """Return an SBC that cannot be reached."""
    return sbc(
        "nyc-1",
        SbcState.UNKNOWN,
        Severity.CRITICAL,
        reason=Safe("SBC access lost"),
        link=LinkStatus(SshState.REFUSED, Safe("refused"), now, None),
        polled_at=now - 200,
    )


def test_an_sbc_without_news_is_one_event_and_none_of_its_legs() -> None:
    watched = Watched()
    names = [f"trunk{n}@nyc-1" for n in range(20)]
    watched.look(*map(leg, names))
    old = [replace(leg(name, UNKNOWN), was=UP, stale_at=NOW) for name in names]
    for _ in range(3):
        watched.look(*old, box=lost(watched.now), polled=False)
    watched.look(*map(leg, names))
    assert watched.changes(EventKind.SBC) == [("nyc-1", "up", "unknown"), ("nyc-1", "unknown", "up")]
    assert len(watched.events) == 2


def test_what_changed_while_there_was_no_news_is_told_once_there_is() -> None:
    watched = Watched()
    watched.look(leg(ACME))
    watched.look(leg(ACME, UNKNOWN), box=lost(watched.now), polled=False)
    watched.look(leg(ACME, DOWN))
    assert watched.changes() == [(ACME, "up", "down")]


def test_a_leg_that_is_unknown_on_an_sbc_that_answers_is_its_own_event_after_two_polls() -> None:
    watched = Watched()
    watched.look(leg(ACME))
    watched.look(leg(ACME, UNKNOWN))
    assert watched.changes() == []
    watched.look(leg(ACME, UNKNOWN))
    watched.look(leg(ACME))
    assert watched.changes() == [(ACME, "up", "unknown"), (ACME, "unknown", "up")]


def test_a_leg_whose_settings_are_still_read_is_no_event_until_that_takes_too_long() -> None:
    watched = Watched(memory_of(LegState.UNMONITORED))
    pending = replace(leg(ACME, UNKNOWN), probe=replace(leg(ACME).probe, state=ProbeSignal.PENDING))
    for _ in range(4):
        watched.look(pending)
    watched.look(leg(ACME, LegState.UNMONITORED))
    assert watched.changes() == []
    for _ in range(12):
        watched.look(pending)
    assert watched.changes() == [(ACME, "unmonitored", "unknown")]


def test_a_change_is_told_at_the_time_it_was_found_also_where_its_state_lasts_longer() -> None:
    watched = Watched(memory_of(UP))
    for state in (UP, UNKNOWN, UNKNOWN):
        watched.look(leg(ACME, state))
    old = replace(
        leg(ACME), observed_at=watched.now + 29, late_at=watched.now + 89, stale_at=watched.now + 119
    )
    watched.look(replace(old, since_at=NOW - 3600), polled=False)
    assert watched.changes() == [(ACME, "up", "unknown"), (ACME, "unknown", "up")]
    assert watched.events[-1].at == UTC + watched.now


def test_a_single_failed_poll_is_no_event() -> None:
    watched = Watched()
    watched.look(leg(ACME))
    failed = LinkStatus(SshState.HUNG, Safe("no answer"), watched.now, watched.now)
    shaky = sbc("nyc-1", SbcState.DEGRADED, Severity.WARNING, link=failed)
    watched.look(leg(ACME), box=shaky, polled=False)
    watched.look(leg(ACME))
    assert watched.events == []


def test_after_a_restart_of_ours_the_same_state_is_no_event_and_another_is() -> None:
    same = Watched(memory_of(DOWN))
    same.look(leg(ACME, DOWN))
    assert same.changes() == []
    other = Watched(memory_of(DOWN))
    found = other.look(leg(ACME, UP))
    assert other.changes() == [(ACME, "down", "up")]
    assert [one.state for one in found.known if one.kind is EventKind.LEG] == ["up"]


def test_what_an_earlier_run_saw_is_no_sample_of_this_one() -> None:
    watched = Watched(memory_of(DOWN))
    past = replace(leg(ACME, UNKNOWN), was=DOWN, observed_at=-5000.0, late_at=-5000.0, stale_at=-5000.0)
    waiting = sbc("nyc-1", SbcState.UNKNOWN, polled_at=None, started_at=None, link=LinkStatus())
    found = watched.look(past, box=waiting, polled=False)
    assert (found.samples, found.events, found.known) == ((), (), ())


def test_each_poll_is_one_sample_with_what_is_not_known_as_none() -> None:
    watched = Watched()
    found = watched.look(leg(ACME))
    ((name, one),) = found.samples
    assert name == ACME
    assert one == Sample(UTC + NOW + 29, 30.0, UP, RegSignal.REGISTERED, ProbeSignal.OK, 23.4567, 41, 2.1)
    silent = leg(ACME, DOWN)
    silent = replace(
        silent,
        probe=replace(silent.probe, state=ProbeSignal.DEAD, rtt_ms=None),
        channels=replace(silent.channels, active=None),
        cps=replace(silent.cps, now=None),
    )
    ((_, one),) = watched.look(silent).samples
    assert (one.rtt_ms, one.channels, one.cps) == (None, None, None)


def test_the_rate_of_calls_is_kept() -> None:
    base = leg(ACME)
    one = sample_of(replace(base, cps=replace(base.cps, now=4.5)), UTC)
    assert one is not None
    assert one.cps == 4.5


def test_an_sbc_or_group_that_leaves_the_config_is_forgotten_and_one_of_another_config_is_not() -> None:
    theirs = (
        Known(EventKind.SBC, clean("lon-9"), clean("down")),
        Known(EventKind.GROUP, clean("eu"), clean("major")),
    )
    watched = Watched(Memory(known=theirs))
    group = GroupStatus("us", DOWN, Severity.CRITICAL, clean("no path"))
    assert watched.look(leg(ACME), groups=(group,)).forgotten == ()
    gone = watched.recorder.look(Snapshot(2, watched.now + 30), UTC).forgotten
    assert {(one.kind, one.subject) for one in gone} >= {
        (EventKind.SBC, "nyc-1"), (EventKind.RESTART, "nyc-1"), (EventKind.GROUP, "us")
    }  # fmt: skip
    assert not {"lon-9", "eu"} & {one.subject for one in gone}


def flapping(state: LegState) -> LegStatus:
    return replace(leg(ACME, state), flapping=True)


def test_a_flapping_leg_is_one_event_at_the_start_and_one_at_the_end() -> None:
    watched = Watched()
    for state in (UP, DOWN, UP):
        watched.look(leg(ACME, state))
    for state in (DOWN, UP, DOWN, UP, SUSPECT, DOWN) * 5:
        watched.look(flapping(state))
    for state in (UP, UP, DOWN):
        watched.look(leg(ACME, state))
    assert watched.changes(EventKind.FLAPPING) == [(ACME, "up", "flapping"), (ACME, "flapping", "up")]
    assert watched.changes() == [(ACME, "up", "down"), (ACME, "down", "up"), (ACME, "up", "down")]


@pytest.mark.parametrize(
    ("looks", "events"),
    [
        ((leg(ACME, UP), leg(ACME, SUSPECT)), 0),
        ((leg(ACME, UP), leg(ACME, SUSPECT), leg(ACME, UP)), 0),
        ((leg(ACME, UP), leg(ACME, SUSPECT), leg(ACME, DOWN)), 1),
        ((leg(ACME, UP), leg(ACME, UNKNOWN)), 0),
        ((leg(ACME, UP), leg(ACME, UNKNOWN), leg(ACME, DOWN)), 1),
        ((leg(ACME, UP), leg(ACME, LegState.ADMIN_OFF)), 1),
        ((leg(ACME, UP), flapping(DOWN)), 1),
        ((leg(ACME, UP), flapping(DOWN), flapping(DOWN)), 1),
        ((leg(ACME, UP), flapping(LegState.DEGRADED), flapping(DOWN)), 2),
        ((leg(ACME, UP), flapping(DOWN), flapping(LegState.DEGRADED)), 1),
        ((leg(ACME, UP), flapping(DOWN), leg(ACME, UP)), 2),
    ],
)
def test_a_hard_change_is_an_event_and_nothing_else_is(looks: tuple[LegStatus, ...], events: int) -> None:
    watched = Watched()
    for status in looks:
        watched.look(status)
    assert len(watched.events) == events


def test_flapping_that_began_before_a_restart_of_the_engine_ends_after_it() -> None:
    watched = Watched()
    watched.look(leg(ACME, UP))
    (kept,) = (one for one in watched.look(flapping(DOWN)).known if one.kind is EventKind.FLAPPING)
    assert (kept.subject, kept.state) == (ACME, "flapping")
    again = Watched(Memory(legs=(LastKnown(clean(ACME), DOWN, None),), known=(kept,)))
    found = again.look(leg(ACME, DOWN))
    assert again.changes(EventKind.FLAPPING) == [(ACME, "flapping", "down")]
    assert [one.kind for one in found.forgotten] == [EventKind.FLAPPING]
    again.look(leg(ACME, UP))
    assert again.changes() == [(ACME, "down", "up")]


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        ((DOWN,), [("", "down")]),
        ((SUSPECT, SUSPECT, DOWN, DOWN), [("", "down")]),
        ((UNKNOWN, LegState.DEGRADED, UP), [("", "degraded"), ("degraded", "up")]),
        ((UP, UP), []),
        ((SUSPECT, UP), []),
        ((LegState.UNMONITORED,), []),
    ],
)
def test_a_leg_that_is_found_bad_is_an_event_though_nobody_saw_it_change(
    looks: tuple[LegState, ...], told: list[tuple[str, str]]
) -> None:
    watched = Watched()
    for state in looks:
        watched.look(leg(ACME, state))
    assert watched.changes() == [(ACME, *change) for change in told]


def test_a_restart_is_told_once_and_a_reload_too() -> None:
    watched = Watched()

    def box(started: float, reloaded: float | None) -> SbcStatus:
        return sbc("nyc-1", polled_at=watched.now + 29, started_at=started, reloaded_at=reloaded)

    watched.look(leg(ACME), box=box(100.0, 200.0))
    watched.look(leg(ACME), box=box(100.0, 200.4))  # printed in whole seconds
    reloaded = watched.now + 10
    watched.look(leg(ACME), box=box(100.0, reloaded))
    watched.look(leg(ACME), box=box(100.0, reloaded))
    restarted = watched.now + 12
    for _ in range(3):
        watched.look(leg(ACME), box=box(restarted, restarted))
    told = [(one.kind, one.at) for one in watched.events if one.kind is not EventKind.SBC]
    assert told == [(EventKind.RELOAD, UTC + reloaded), (EventKind.RESTART, UTC + restarted)]


def test_a_restart_while_nobody_watched_is_told_and_a_stepped_clock_is_none() -> None:
    before = Known(EventKind.RESTART, Safe("nyc-1"), Safe("started"), UTC + 100)
    for started, count in ((100.0, 0), (106.5, 0), (NOW + 20, 1)):
        watched = Watched(memory_of(UP, before))
        watched.look(leg(ACME), box=sbc("nyc-1", polled_at=NOW + 29, started_at=started))
        assert len(watched.changes(EventKind.RESTART)) == count, started


def test_trunks_that_come_and_go_are_told_but_not_those_met_at_first() -> None:
    watched = Watched()
    watched.look(leg(ACME), leg("found@nyc-1", discovered=True))
    watched.look(leg(ACME), leg("found@nyc-1", discovered=True), leg("late@nyc-1", discovered=True))
    watched.now += 600
    watched.look(leg(ACME), leg("late@nyc-1", discovered=True), leg("new@nyc-1", discovered=True))
    assert watched.changes(EventKind.APPEARED) == [("new@nyc-1", "", "")]
    assert watched.changes(EventKind.VANISHED) == [("found@nyc-1", "", "")]


def test_what_went_while_nobody_watched_is_told_when_its_sbc_has_answered() -> None:
    known = Known(EventKind.SBC, Safe("nyc-1"), Safe("up"), None)
    watched = Watched(memory_of(UP, known))
    found = watched.look(leg("other@nyc-1"))
    assert watched.changes(EventKind.VANISHED) == [(ACME, "", "")]
    assert watched.changes(EventKind.APPEARED) == [("other@nyc-1", "", "")]
    assert [one.subject for one in found.forgotten] == [ACME]


def test_what_another_config_on_the_same_state_folder_has_is_left_alone() -> None:
    memory = Memory((LastKnown(clean("theirs@lon-9"), UP, None),), (), UTC)
    watched = Watched(memory)
    found = watched.look(leg(ACME))
    assert (found.forgotten, found.events) == ((), ())


def group(severity: Severity, state: LegState = UP) -> GroupStatus:
    """Return the group of the leg."""
    return GroupStatus("us", state, severity, Safe("words"))


def test_alarms_of_groups_are_told_when_they_are_raised_and_cleared() -> None:
    watched = Watched()
    mine = leg(ACME, groups=("us",))
    for severity in (
        Severity.NONE, Severity.WARNING, Severity.MAJOR, Severity.MAJOR, Severity.CRITICAL, Severity.MINOR,
        Severity.NONE,
    ):  # fmt: skip
        watched.look(mine, groups=(group(severity),))
    assert watched.changes(EventKind.GROUP) == [
        ("us", "none", "major"),
        ("us", "major", "critical"),
        ("us", "critical", "none"),
    ]


def test_what_is_not_known_ends_no_alarm_and_raises_none_before_all_were_asked() -> None:
    waiting = sbc("nyc-1", SbcState.UNKNOWN, polled_at=None, link=LinkStatus())
    mine = replace(leg(ACME, UNKNOWN), groups=("us",), observed_at=None)
    watched = Watched(memory_of(DOWN, Known(EventKind.GROUP, Safe("us"), Safe("critical"), UTC)))
    watched.look(mine, box=waiting, groups=(group(Severity.INDETERMINATE),), polled=False)
    watched.look(mine, box=waiting, groups=(group(Severity.WARNING),), polled=False)
    fresh = Watched()
    fresh.look(mine, box=waiting, groups=(group(Severity.CRITICAL),), polled=False)
    assert (watched.events, fresh.events) == ([], [])


def test_times_follow_the_wall_clock_as_it_is_at_each_look() -> None:
    watched = Watched()
    watched.look(leg(ACME))
    ((_, one),) = watched.look(leg(ACME, DOWN), offset=UTC - 7200).samples
    assert one.at == UTC - 7200 + NOW + 59
    assert watched.events[0].at == UTC - 7200 + NOW + 60


def calling(hour: tuple[int, int, int] | None) -> LegStatus:
    return leg(ACME, traffic=TrafficView(TrafficSignal.NORMAL, 300.0, 60, 20, hour=hour))


def kept_hours(found: Findings) -> list[dict[int, tuple[int, int]]]:
    return [hours_of(one.state) for one in found.known if one.kind is EventKind.CALLS]


def test_the_calls_of_an_hour_are_kept_once_it_is_over_and_once_only() -> None:
    watched = Watched()
    assert kept_hours(watched.look(calling(None))) == []
    assert kept_hours(watched.look(calling((498791, 100, 31)))) == [{498791: (100, 31)}]
    assert kept_hours(watched.look(calling((498791, 100, 31)))) == []
    assert kept_hours(watched.look(calling((498792, 90, 30)))) == [{498791: (100, 31), 498792: (90, 30)}]
    assert watched.events == [], "no event"


def test_what_an_earlier_run_kept_of_calls_is_gone_on_with() -> None:
    known = Known(EventKind.CALLS, clean(ACME), hours_text({498767: (80, 40), 498000: (9, 9)}))
    watched = Watched(memory_of(UP, known))
    assert kept_hours(watched.look(calling((498791, 100, 31)))) == [{498767: (80, 40), 498791: (100, 31)}]


def test_eight_days_of_hours_fit_into_what_is_kept_and_garbage_reads_as_nothing() -> None:
    hours = {498000 + n: (99_999, 12_345) for n in range(400)}
    text = hours_text(hours)
    assert hours_of(text) == {hour: counts for hour, counts in hours.items() if hour > 498399 - 192}
    assert hours_of("498791:1/2 x 1: :/ 498792:5/3 \u0661:1/1") == {498792: (5, 3)}
    assert hours_of("") == {}


def test_many_failed_logins_are_one_event_however_long_they_go_on_and_not_told_again_by_the_next_run() -> (
    None
):
    def knocked(count: int, since: float, last: float) -> SbcStatus:
        burst = AuthBurst(Safe("198.51.100.7"), count, since, last, (), Safe("REGISTER"))
        return sbc("nyc-1", auth_bursts=(burst,))

    watch = Watched()
    watch.look()
    began = watch.now
    watch.look(box=knocked(10, began, began + 9))
    watch.look(box=knocked(40, began + 0.2, began + 39))
    assert [(one.kind, one.subject, one.sentence, one.severity) for one in watch.events] == [
        (
            EventKind.SECURITY,
            "nyc-1",
            "10 failed REGISTERs in 9 s from 198.51.100.7; no success seen",
            Severity.MAJOR,
        )
    ]
    watch.look(box=knocked(12, began + 900, began + 911))
    watch.look()
    assert len(watch.events) == 2
    later = Watched(Memory(seen=UTC + began + 1000))
    later.look(box=knocked(12, began + 900, began + 911))
    assert later.events == []
