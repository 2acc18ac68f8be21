"""How often a leg was down, in words: from events, with what nobody saw of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.present.test_charts import LEG, NOON, poll
from trunktui.model.health import LegState
from trunktui.model.history import Event, EventKind, points_of
from trunktui.model.text import Safe
from trunktui.present.charts import WEEK
from trunktui.present.spells import Spell, Spells, how_often, spells

BEGIN = NOON - WEEK.seconds
DAY = 86400.0
UP, DOWN = LegState.UP, LegState.DOWN
ALL_WEEK = points_of([poll(-WEEK.seconds + n * 30) for n in range(20160)])


def event(
    at: float, before: str, after: str, kind: EventKind = EventKind.LEG, subject: str = LEG, seq: int = 0
) -> Event:
    return Event(NOON + at, kind, Safe(subject), Safe("why"), Safe(before), Safe(after), seq=seq)


OUTAGE = [event(-3 * DAY, "up", "down"), event(-3 * DAY + 600, "down", "degraded")]


@pytest.mark.parametrize(
    ("events", "now", "found"),
    [
        ([], (UP, None), Spells()),
        (OUTAGE, (UP, NOON - 9), Spells((Spell(NOON - 3 * DAY, NOON - 3 * DAY + 600),))),
        # down before the window began
        ([event(-60, "down", "up")], (UP, None), Spells((Spell(BEGIN, NOON - 60, begun=False),))),
        # over before the window began, or begun before it
        ([event(-8 * DAY, "up", "down"), event(-7.5 * DAY, "down", "up")], (UP, None), Spells()),
        (
            [event(-8 * DAY, "up", "down"), event(-60, "down", "up")],
            (UP, None),
            Spells((Spell(BEGIN, NOON - 60, begun=False),)),
        ),
        # down now, told by the event or not on disk yet
        ([event(-60, "up", "down")], (DOWN, NOON - 60), Spells((Spell(NOON - 60, None),))),
        ([], (DOWN, NOON - 60), Spells((Spell(NOON - 60, None),))),
        ([], (DOWN, BEGIN - 5), Spells((Spell(BEGIN, None, begun=False),))),
        ([], (DOWN, None), Spells((Spell(NOON, None, begun=False),))),
        # up again, which is not on disk yet; or nobody knows what it is
        ([event(-60, "up", "down")], (UP, NOON - 9), Spells((Spell(NOON - 60, NOON - 9),))),
        (
            [event(-60, "up", "down")],
            (LegState.UNKNOWN, NOON - 20),
            Spells((Spell(NOON - 60, NOON - 20, ended=False),)),
        ),
        (
            [
                event(-900, "up", "down"),
                event(-600, "down", "flapping", EventKind.FLAPPING),
                event(-60, "flapping", "up", EventKind.FLAPPING),
            ],
            (UP, None),
            Spells((Spell(NOON - 900, NOON - 600),), flapped=1),
        ),
        # a time that no calendar has
        ([event(1e300, "up", "down")], (UP, None), Spells()),
        ([event(-60, "down", "flapping", EventKind.FLAPPING)], (UP, None), Spells(flapped=1)),
        (
            [event(-60, "up", "down", subject="other@nyc-1"), event(-9, "up", "down", EventKind.SBC)],
            (UP, None),
            Spells(),
        ),
    ],
)
def test_outages_are_found_in_events(
    events: list[Event], now: tuple[LegState, float | None], found: Spells
) -> None:
    assert spells(events, LEG, (BEGIN, NOON), *now) == found


def told(found: Spells, points: object = ALL_WEEK, zone: timezone = UTC) -> str:
    assert isinstance(points, tuple)
    return how_often(found, points, WEEK, NOON, lambda moment: moment.astimezone(zone))


def test_outages_are_told_as_one_would_say_it() -> None:
    at = datetime(2026, 11, 24, 2, 14, tzinfo=UTC).timestamp()
    three = Spells(
        (Spell(NOON - 3 * DAY, NOON - 3 * DAY + 600), Spell(at - 3600, at - 2700), Spell(at, at + 1020))
    )
    assert told(three) == "down 3 times in 7 d, 42 m in all; last 02:14-02:31 UTC"
    nairobi = timezone(timedelta(hours=3))
    assert told(three, zone=nairobi).endswith("last 02:14-02:31 UTC (05:14-05:31 here)")
    assert told(Spells(three.down[:1])) == "down 1 time in 7 d, 10 m in all; last 21 Nov 12:00-12:10 UTC"


def test_an_outage_that_lasts_is_told_as_one() -> None:
    assert (
        told(Spells((Spell(NOON - 120, None),)))
        == "down 1 time in 7 d, 2 m in all; down now, since 11:58 UTC"
    )
    assert told(Spells((Spell(BEGIN, None, begun=False),))).endswith(
        "down now, since before 17 Nov 12:00 UTC"
    )


def test_an_outage_whose_end_nobody_saw_is_told_as_that() -> None:
    lost = Spells((Spell(NOON - 600, NOON - 300, ended=False),))
    assert told(lost) == "down 1 time in 7 d, 5 m in all; last from 11:50 UTC, not seen to end"


def test_no_outage_is_told_for_the_time_that_is_known_only() -> None:
    assert told(Spells()) == "not seen down in 7 d"
    assert told(Spells(flapped=2)) == "not seen down in 7 d; began to flap 2 times"
    hour = points_of([poll(-3600 + n * 30) for n in range(120)])
    assert told(Spells(), hour) == "not seen down in the 1 h 0 m that are known"
    assert told(Spells(), ()) == ""


def test_what_nobody_polled_is_told_beside_it() -> None:
    half = tuple(point for point in ALL_WEEK if not NOON - 4 * DAY < point.at < NOON - 0.5 * DAY)
    assert told(Spells(), half) == "not seen down in 7 d; nobody polled for 50% of that time"
