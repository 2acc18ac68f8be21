"""When an SBC is asked next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunktui.model.link import SshState
from trunktui.poll.schedule import AUTH_RETRY_S, Pace, first_wait_s, next_wait_s

PACE = Pace(30.0, 10.0)


def wait(state: SshState, failures: int = 0, soft: bool = False) -> float | None:
    return next_wait_s(state, failures, soft, PACE, 0.5)


def test_a_healthy_sbc_is_polled_at_the_interval_and_a_doubtful_one_faster() -> None:
    assert wait(SshState.OK) == 30.0
    assert wait(SshState.OK, soft=True) == 10.0


def test_a_host_key_failure_stops_the_polling() -> None:
    assert wait(SshState.HOST_KEY, 1) is None


def test_a_refused_login_is_tried_every_quarter_of_an_hour() -> None:
    assert wait(SshState.AUTH, 5) == AUTH_RETRY_S == 900


def test_an_unreachable_sbc_is_tried_soon_then_less_often_but_never_given_up() -> None:
    waits = [wait(SshState.UNREACHABLE, failures) for failures in (1, 2, 3, 4, 5, 50)]
    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


@given(st.sampled_from(SshState), st.integers(0, 10_000), st.booleans(), st.floats(0, 0.999))
def test_no_wait_is_ever_zero_or_longer_than_a_refused_login(
    state: SshState, failures: int, soft: bool, chance: float
) -> None:
    found = next_wait_s(state, failures, soft, PACE, chance)
    assert found is None or 2.5 <= found <= AUTH_RETRY_S * 1.06


@pytest.mark.parametrize("count", [1, 5, 100, 1000])
def test_all_sbcs_are_asked_within_two_seconds_and_not_at_one_instant(count: int) -> None:
    starts = [first_wait_s(index, count, PACE) for index in range(count)]
    assert starts[0] == 0.0
    assert starts == sorted(starts)
    assert starts[-1] < 2.0
    assert len(set(starts)) == count
