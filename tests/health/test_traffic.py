"""The window of calls: each counted once, by its end or its answer; what nobody answered since the first bad sign."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from trunktui.health.traffic import CallMemory, overload_share, remember_calls, usual_asr
from trunktui.model.health import Thresholds, TrafficSignal
from trunktui.model.snapshot import TrafficView
from trunktui.model.tail import CallOutcome, CallRecord
from trunktui.model.text import Safe

T = Thresholds()
NOW = 1_795_650_000.0
A, R, C, L = CallOutcome.ANSWERED, CallOutcome.REFUSED, CallOutcome.CANCELLED, CallOutcome.LOCAL


def call(
    n: int,
    at: float,
    outcome: CallOutcome = R,
    cause: int | None = 21,
    prefix: str = "1555",
    **more: int | None,
) -> CallRecord:
    return CallRecord(
        Safe(f"c{n}"), NOW + at, "a", outcome, cause=cause, prefix=Safe(prefix), began=NOW + at - 1, **more
    )


def played(*batches: tuple[float, list[CallRecord]], bad: dict[str, float] | None = None) -> CallMemory:
    memory = CallMemory()
    for until, records in batches:
        memory = remember_calls(memory, records, NOW + until, Safe("cel"), bad or {}, T)
    return memory


def test_a_call_that_is_answered_and_ends_later_is_one_call() -> None:
    memory = played((0, [call(0, -5, cause=1)]), (30, [call(1, 10, A, None)]), (60, [call(1, 50, C, 16)]))
    view = memory.view("a", T)
    assert view is not None
    assert (view.attempts, view.answered) == (2, 1)
    assert memory.legs["a"].talks == ((NOW + 50, 40),)
    assert not memory.lasting


def test_what_may_have_been_answered_before_the_reading_began_is_left_out() -> None:
    early = structs.replace(call(1, 10, C, 16), began=NOW - 900)
    refused = structs.replace(call(2, 11, R, 21), began=NOW - 900)
    view = played((0, [call(0, 0)]), (30, [early, refused])).view("a", T)
    assert view is not None
    assert view.attempts == 2, "a refusal was never answered"


def test_calls_leave_the_window_with_time_though_nobody_dials() -> None:
    memory = played((0, []), (100, [call(n, 90, A, 16) for n in range(30)]), (380, []), (400, []))
    assert (memory.view("a", T) or TrafficView(TrafficSignal.NO_DATA)).attempts == 0


def test_a_clock_that_was_set_back_hides_no_call() -> None:
    memory = played((0, []), (60, [call(n, n, A, 16) for n in range(30)]))
    back = remember_calls(
        memory, [call(100 + n, n - 3600) for n in range(40)], NOW - 3550, Safe("cel"), {}, T
    )
    view = back.view("a", T)
    assert view is not None
    assert (view.attempts, view.answered, view.state) == (40, 0, TrafficSignal.FAILING)
    jitter = remember_calls(memory, [], NOW + 30, Safe("cel"), {}, T).view("a", T)
    assert jitter is not None
    assert jitter.attempts == 30


def test_an_endpoint_without_calls_is_idle_and_nothing_is_known_before_the_first_look() -> None:
    assert CallMemory().view("a", T) is None
    view = played((0, []), (60, [])).view("b", T)
    assert view == TrafficView(TrafficSignal.IDLE, 60.0, 0, 0, source=Safe("cel"))


def test_failing_needs_twenty_and_half() -> None:
    few = [call(n, n) for n in range(19)]
    assert (
        played((0, []), (30, few)).view("a", T) or TrafficView(TrafficSignal.IDLE)
    ).state is TrafficSignal.NO_DATA
    half = [call(n, n, *(A, 16) if n % 2 else (R, 21)) for n in range(40)]
    assert (
        played((0, []), (60, half)).view("a", T) or TrafficView(TrafficSignal.IDLE)
    ).state is TrafficSignal.FAILING
    less = [call(n, n, *(A, 16) if n % 3 else (R, 21)) for n in range(42)]
    assert (
        played((0, []), (60, less)).view("a", T) or TrafficView(TrafficSignal.IDLE)
    ).state is TrafficSignal.NORMAL


def test_a_soft_refusal_is_no_failure_of_the_trunk() -> None:
    wrong = [call(n, n, R, 1) for n in range(60)]
    view = played((0, []), (90, wrong)).view("a", T)
    assert view is not None
    assert (view.state, view.failed) == (TrafficSignal.NORMAL, 0)


def test_wasted_counts_every_call_without_an_answer_since_the_first_bad_sign() -> None:
    good = [call(n, n, A, 16) for n in range(10)]
    lost = [call(100 + n, 20 + n / 10) for n in range(300)]
    memory = played((0, []), (15, good), (60, lost))
    bad_since = memory.legs["a"].bad_since
    assert bad_since is not None
    assert memory.wasted("a", bad_since) == 300
    assert memory.wasted("b", bad_since) == 0
    own = played((0, []), (60, [call(n, 10 + n, L, 3) for n in range(5)]), bad={"a": NOW + 5})
    assert own.wasted("a", NOW + 5) == 5, "refused by our own SBC: lost none the less"


def test_what_was_lost_is_remembered_for_as_long_as_the_trouble_lasts() -> None:
    memory = played(*((60.0 * n, [call(100 * n + i, 60 * n - 30) for i in range(30)]) for n in range(1, 40)))
    bad_since = memory.legs["a"].bad_since
    assert bad_since is not None
    assert memory.wasted("a", bad_since) == 39 * 30
    well = remember_calls(
        memory, [call(9000 + n, 2400 + n, A, 16) for n in range(90)], NOW + 2500, Safe("cel"), {}, T
    )
    later = remember_calls(well, [], NOW + 3200, Safe("cel"), {}, T)
    assert later.legs["a"].bad_since is None
    assert not later.legs["a"].lost, "and given back afterwards"


def test_a_trunk_that_failed_stays_so_while_nobody_dials_it_but_not_for_ever() -> None:
    failed = (60.0, [call(n, n / 2, prefix=f"{n % 4}555") for n in range(100)])
    memory = played((0, []), failed, (600, []))
    view = memory.view("a", T)
    assert view is not None
    assert (view.state, view.attempts, view.held_s) == (TrafficSignal.FAILING, 100, 540.0)
    proved = remember_calls(memory, [call(999, 610, A, 16)], NOW + 620, Safe("cel"), {}, T).view("a", T)
    assert proved is not None
    assert proved.state is TrafficSignal.NO_DATA
    late = remember_calls(memory, [], NOW + 2000, Safe("cel"), {}, T).view("a", T)
    assert late is not None
    assert late.state is TrafficSignal.IDLE


def test_the_usual_rate_takes_three_days_of_enough_calls_at_this_hour() -> None:
    hour = int(NOW // 3600)
    days = {hour - 24 * day: (100, 30 + day) for day in range(1, 4)}
    assert usual_asr(days, NOW, T) == 0.32
    assert usual_asr({**days, hour - 24: (19, 1)}, NOW, T) is None
    assert usual_asr({}, NOW, T) is None


def test_the_hours_of_an_earlier_run_tell_what_is_usual_from_the_first_calls_on() -> None:
    hour = int(NOW // 3600)
    earlier = {"a": {hour - 24 * day: (100, 40) for day in range(1, 4)}}
    records = [call(n, n, *(A, 16) if n < 5 else (CallOutcome.BUSY, 17)) for n in range(50)]
    memory = remember_calls(CallMemory(), records, NOW + 60, Safe("cel"), {}, T, earlier)
    view = memory.view("a", T)
    assert view is not None
    assert (view.state, view.usual_asr) == (TrafficSignal.LOW_ASR, 0.4)
    assert view.hour == (hour - 24, 100, 40)
    assert remember_calls(CallMemory(), records, NOW + 60, Safe("cel"), {}, T).view("a", T) != view


def test_the_share_that_a_cap_refused_is_of_its_own_causes_only() -> None:
    full = TrafficView(TrafficSignal.NORMAL, 300.0, 100, 80, 12, cause=34)
    assert overload_share(full) == 0.12
    assert overload_share(structs.replace(full, cause=21)) == 0.0
    assert overload_share(None) == 0.0


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(list(CallOutcome)), st.integers(0, 280), st.booleans()), max_size=60)
)
def test_however_records_are_cut_into_batches_they_come_to_the_same(
    drawn: list[tuple[CallOutcome, int, bool]],
) -> None:
    ordered = sorted(drawn, key=lambda one: one[1])
    records = [
        call(n, at + 10, outcome, 16 if outcome is A else 21, talk_s=5 if outcome is A else None)
        for n, (outcome, at, _) in enumerate(ordered)
    ]
    whole = played((0, []), (300, records))
    parts: list[tuple[float, list[CallRecord]]] = [(0.0, [])]
    batch: list[CallRecord] = []
    for one, (_, at, cut) in zip(records, ordered, strict=True):
        batch.append(one)
        if cut:
            parts.append((at + 10.0, batch))
            batch = []
    pieces = played(*parts, (300, batch))
    one_look, several = whole.view("a", T), pieces.view("a", T)
    assert one_look is not None
    assert several is not None
    # Nothing in a single look was seen to fail before: only what is held differs.
    if several.held_s is None:
        assert one_look == several
    assert whole.wasted("a", NOW) == pieces.wasted("a", NOW)
