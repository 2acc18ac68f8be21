"""Ages: told in two units, and stronger than any state."""

from __future__ import annotations

import pytest

from tests.fleets import NOW, leg
from trunktui.model.health import LegState, Severity
from trunktui.model.text import Safe
from trunktui.present.freshness import duration, shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (12.9, "12s"),
        (59.99, "59s"),
        (60, "1m00s"),
        (250, "4m10s"),
        (3599, "59m59s"),
        (10_920, "3h02m"),
        (86_400, "24h00m"),
        (2 * 86_400, "2d"),
        (12 * 86_400 + 5, "12d"),
    ],
)
def test_a_length_of_time_is_told_in_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_leg_is_believed_up_to_its_limit_and_not_a_moment_longer() -> None:
    healthy = leg("a@nyc-1", stale_at=NOW + 90, observed_at=NOW)
    assert shown(healthy, NOW + 90) is healthy
    old = shown(healthy, NOW + 250)
    assert (old.state, old.severity, old.was) == (LegState.UNKNOWN, Severity.INDETERMINATE, LegState.UP)
    assert old.reason == "no news for 4m10s; was up"


def test_a_leg_without_a_limit_is_never_overruled() -> None:
    off = leg("a@nyc-1", LegState.ADMIN_OFF, stale_at=None)
    assert shown(off, NOW + 1e9) is off


def test_a_leg_that_is_unknown_already_keeps_its_own_reason() -> None:
    unknown = leg("a@nyc-1", LegState.UNKNOWN, reason=Safe("nyc-1 unreachable"), was=LegState.DOWN)
    assert shown(unknown, NOW + 1000) is unknown
