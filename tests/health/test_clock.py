"""An SBC's clock beside ours: right to within half the question, a warning in words, never a judgement of a leg."""

from __future__ import annotations

import pytest

from trunktui.health.clock import clock_fault, timed
from trunktui.model.observation import AppState, Box, Observation

EPOCH = 1_795_000_000.0


def test_the_offset_counts_from_the_middle_of_the_question_and_is_right_to_within_half_of_it() -> None:
    seen = Observation(100.0, 0.4, AppState.ANSWERING, box=Box(clock_s=EPOCH + 103.0))
    box = timed(seen, EPOCH).box
    assert box.clock_offset_s == pytest.approx(3.2)
    assert box.clock_unsure_s == pytest.approx(0.2)


def test_a_clock_that_was_read_to_the_second_is_in_so_much_more_doubt() -> None:
    seen = Observation(100.0, 0.4, AppState.ANSWERING, box=Box(clock_s=EPOCH, clock_unsure_s=0.5))
    assert timed(seen, EPOCH).box.clock_unsure_s == pytest.approx(0.7)


def test_a_clock_that_was_not_read_has_no_offset() -> None:
    seen = Observation(100.0, 0.4, AppState.ANSWERING)
    assert timed(seen, EPOCH) == seen


@pytest.mark.parametrize(
    ("offset", "unsure", "said"),
    [
        (1.9, 0.1, None),
        (-2.05, 0.1, None),
        (3.2, 0.1, "its clock is 3 s ahead of ours"),
        (-75.0, 0.1, "behind ours (is NTP running?)"),
        (3600.4, 0.1, "wrong by hours: 1 hour ahead of ours"),
        (-7170.0, 0.1, "wrong by hours: 2 hours behind ours"),
        (5400.0, 0.1, "its clock is 1 h 30 m ahead of ours"),
        (9.0, 10.0, None),
        (None, None, None),
    ],
)
def test_a_clock_is_only_called_wrong_beyond_the_doubt(
    offset: float | None, unsure: float | None, said: str | None
) -> None:
    found = clock_fault(Box(clock_offset_s=offset, clock_unsure_s=unsure), 2.0)
    assert (found is None) if said is None else (found is not None and said in found)
