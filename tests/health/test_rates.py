"""Dials per second: what was seen between looks, a lower bound where the SBC's counters tell of more, never a guess."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from trunktui.health.rates import MEAN_S, RateMemory, remember_rates
from trunktui.model.observation import AppState, Box, ChannelRow, Observation
from trunktui.model.text import Safe

EPOCH = 1_795_000_000


def dial(serial: int, age_s: int = 5, endpoint: str = "t", began: int | None = None) -> ChannelRow:
    """Return a channel that the SBC made to call out."""
    return ChannelRow(Safe(f"x.{serial}"), age_s, True, endpoint, serial, began)


def caller(serial: int, age_s: int = 5) -> ChannelRow:
    """Return the customer's side of a call: it runs the dial plan, so it counts as a call processed."""
    return ChannelRow(Safe(f"x.{serial}"), age_s, False, "customer", serial)


def look(at: float, *rows: ChannelRow, processed: int | None = 0, **more: Any) -> Observation:
    """Return a look at monotonic second `at`; as many calls are up as there are callers."""
    calls = sum(row.dialled is False for row in rows)
    box = Box(
        uptime_s=more.pop("uptime_s", 9000), calls=calls, calls_processed=processed, **more.pop("box", {})
    )
    return Observation(
        at, 0.2, AppState.ANSWERING, box=box, channels_read=more.pop("read", True), channel_rows=rows, **more
    )


def after(*looks: Observation, restarted: frozenset[float] = frozenset()) -> RateMemory:
    memory = RateMemory()
    for one in looks:
        memory = remember_rates(memory, one, restarted=one.at in restarted)
    return memory


def test_dials_that_are_new_since_the_last_look_are_a_mean_with_its_window() -> None:
    rows = [row for n in range(10, 16) for row in (caller(2 * n), dial(2 * n + 1))]
    memory = after(
        look(0.0, caller(18), dial(19)), look(30.0, caller(18, 35), dial(19, 35), *rows, processed=6)
    )
    rate = memory.rate("t")
    assert rate is not None
    assert (rate.per_s, rate.window_s, rate.whole) == (0.2, 30.0, True)
    assert memory.calls_per_s == 0.2


def test_what_came_in_is_no_dial_and_a_trunk_without_any_has_none_for_sure() -> None:
    memory = after(look(0.0, caller(1)), look(30.0, caller(1), caller(2), processed=1))
    rate = memory.rate("t")
    assert rate is not None
    assert (rate.per_s, rate.whole) == (0.0, True)


def test_a_call_that_the_counter_knows_and_nobody_saw_makes_it_at_least() -> None:
    memory = after(look(0.0), look(30.0, caller(1), dial(2), processed=5))
    rate = memory.rate("t")
    assert rate is not None
    assert (rate.per_s, rate.whole) == (1 / 30, False)
    assert memory.rate("idle") is None, "at least none says nothing"
    assert memory.calls_per_s == 5 / 30


def test_a_gap_in_the_numbers_of_the_channels_makes_it_at_least() -> None:
    """Three originated dials that were refused at once are no calls processed (seen on 22.10), but leave a gap."""
    memory = after(look(0.0, dial(3)), look(30.0, dial(3), dial(7)))
    rate = memory.rate("t")
    assert rate is not None
    assert (rate.per_s, rate.whole) == (1 / 30, False)


def test_without_the_counter_it_is_at_least() -> None:
    rate = after(look(0.0, processed=None), look(30.0, dial(1), processed=None)).rate("t")
    assert rate is not None
    assert not rate.whole


def test_a_row_that_cannot_be_trusted_makes_it_at_least() -> None:
    forged = ChannelRow(Safe("x.9"), 3, None, "t", 9)
    rate = after(look(0.0, dial(7)), look(30.0, dial(7), dial(8), forged)).rate("t")
    assert rate is not None
    assert (rate.per_s, rate.whole) == (1 / 30, False)


def test_a_call_that_stood_in_the_list_before_it_was_counted_is_not_taken_for_a_missed_one() -> None:
    looks = look(0.0), look(30.0, caller(1), dial(2)), look(60.0, caller(1), dial(2), processed=1)
    rate = after(*looks).rate("t")
    assert rate is not None
    assert (rate.per_s, rate.whole) == (0.0, True)


def test_a_channel_that_is_no_call_hides_no_missed_one() -> None:
    """Originated ones run an application without being a call (seen on 22.10): one goes, another comes."""
    first, second = look(0.0, caller(1), caller(3)), look(30.0, caller(1), caller(5), dial(6), processed=1)
    as_one_call = [structs.replace(o, box=structs.replace(o.box, calls=1)) for o in (first, second)]
    rate = after(*as_one_call).rate("t")
    assert rate is not None
    assert not rate.whole
    still = look(30.0, caller(1), caller(3), dial(4))
    rate = after(as_one_call[0], structs.replace(still, box=structs.replace(still.box, calls=1))).rate("t")
    assert rate is not None
    assert rate.whole


def test_a_restart_gives_nothing_for_that_window_and_counting_goes_on_after_it() -> None:
    first, second = (
        look(0.0, caller(80), dial(81), processed=900),
        look(30.0, caller(0), dial(1), processed=1),
    )
    memory = after(first, second, restarted=frozenset({30.0}))
    assert (memory.rate("t"), memory.calls_per_s) == (None, None)
    memory = remember_rates(
        memory, look(60.0, caller(0), dial(1), caller(2), dial(3), processed=2), restarted=False
    )
    rate = memory.rate("t")
    assert rate is not None
    assert (rate.per_s, rate.whole) == (1 / 30, True)


@pytest.mark.parametrize(
    "second",
    [
        look(30.0, caller(82), dial(83), processed=3),
        look(30.0, caller(0), dial(1), processed=901),
    ],
    ids=["fewer calls than before", "a young channel with an old number"],
)
def test_a_counter_that_began_anew_gives_nothing_though_nobody_saw_a_restart(second: Observation) -> None:
    memory = after(look(0.0, caller(80), dial(81), processed=900), second)
    assert (memory.rate("t"), memory.calls_per_s) == (None, None)


def test_the_first_look_goes_by_ages_and_is_a_lower_bound() -> None:
    rate = after(look(0.0, *(dial(n, age_s=n) for n in range(20)))).rate("t")
    assert rate is not None
    assert (rate.per_s, rate.window_s, rate.whole) == (1.0, 10.0, False)
    assert after(look(0.0, dial(1, age_s=3), uptime_s=5)).rate("t") is None
    assert after(look(0.0, dial(1, age_s=300))).rate("t") is None


def test_a_look_whose_channels_are_unread_says_nothing_and_the_next_window_reaches_over_it() -> None:
    first, blind = look(0.0, dial(1)), look(30.0, read=False)
    assert after(first, blind).rate("t") is None
    rate = after(first, blind, look(60.0, dial(1), *(dial(n) for n in range(2, 8)))).rate("t")
    assert rate is not None
    assert (rate.per_s, rate.window_s) == (0.1, 60.0)


def test_the_same_look_again_changes_nothing() -> None:
    looks = [look(0.0), look(30.0, dial(1), dial(2))]
    assert after(*looks, looks[1]) == after(*looks)


def test_short_windows_are_added_up_to_half_a_minute() -> None:
    looks = [look(5.0 * n, *(dial(m) for m in range(2 * n))) for n in range(12)]
    rate = after(*looks).rate("t")
    assert rate is not None
    assert (rate.per_s, rate.window_s) == (0.4, MEAN_S)


def test_the_busiest_second_is_known_where_the_ids_tell_when_channels_were_made() -> None:
    burst = [dial(n, began=EPOCH + 7) for n in range(1, 6)]
    spread = [dial(n, began=EPOCH + n) for n in range(10, 13)]
    rate = after(look(0.0), look(30.0, *burst, *spread)).rate("t")
    assert rate is not None
    assert (rate.peak, rate.whole) == (5, False)
    undated = after(look(0.0), look(30.0, *burst, dial(6))).rate("t")
    assert undated is not None
    assert undated.peak is None


def test_the_window_is_the_sbcs_own_where_its_answer_was_long_on_its_way() -> None:
    first = look(0.0, box={"clock_s": EPOCH + 0.0})
    late = look(48.0, dial(1), dial(2), dial(3), box={"clock_s": EPOCH + 30.0})
    memory = after(
        first,
        Observation(48.0, 18.0, late.app, box=late.box, channels_read=True, channel_rows=late.channel_rows),
    )
    rate = memory.rate("t")
    assert rate is not None
    assert rate.window_s == 30.0


def test_a_clock_that_was_set_meanwhile_is_not_believed() -> None:
    first, second = (
        look(0.0, box={"clock_s": EPOCH + 0.0}),
        look(30.0, dial(1), box={"clock_s": EPOCH + 3630.0}),
    )
    rate = after(first, second).rate("t")
    assert rate is not None
    assert rate.window_s == 30.0


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[Observation], dict[float, float], int]:
    """A dialler's hours: calls of any length, looks at any time; returns the looks and how many dials there were."""
    starts = sorted(draw(st.lists(st.floats(0.0, 290.0), max_size=40)))
    lengths = draw(st.lists(st.floats(0.1, 90.0), min_size=len(starts), max_size=len(starts)))
    times = [30.0 * n + draw(st.floats(0.0, 10.0)) for n in range(10)]
    looks = []
    for at in times:
        up = [
            (n, s) for n, (s, length) in enumerate(zip(starts, lengths, strict=True)) if s <= at < s + length
        ]
        rows = [r for n, s in up for r in (caller(2 * n, int(at - s)), dial(2 * n + 1, int(at - s)))]
        looks.append(look(at, *rows, processed=sum(s <= at for s in starts)))
    begun = {at: float(sum(s <= at for s in starts)) for at in times}
    return looks, begun, len(starts)


@given(lives())
def test_no_life_of_calls_gives_more_dials_than_there_were_nor_fewer_without_saying_so(
    life: tuple[list[Observation], dict[float, float], int],
) -> None:
    looks, begun, _ = life
    memory = RateMemory()
    for number, one in enumerate(looks):
        memory = remember_rates(memory, one, restarted=False)
        rate = memory.rate("t")
        if rate is None or not number:
            continue
        since = max((at for at in begun if at <= one.at - rate.window_s + 0.01), default=0.0)
        truth = (begun[one.at] - begun.get(since, 0.0)) / rate.window_s
        assert rate.per_s <= truth + 1e-6
        assert not rate.whole or rate.per_s == pytest.approx(truth)
