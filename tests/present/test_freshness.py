"""Ages: told in two units, and stronger than any state."""

from __future__ import annotations

import pytest

from tests.fleets import NOW, leg, sbc
from trunktui.health.reasons import span
from trunktui.model.health import LegState, SbcState, Severity
from trunktui.model.text import Safe
from trunktui.present.freshness import duration, in_words, shown, shown_sbc


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
    assert old.reason == "no news for 4 m 10 s; was up"


def test_a_leg_without_a_limit_is_never_overruled() -> None:
    off = leg("a@nyc-1", LegState.ADMIN_OFF, stale_at=None)
    assert shown(off, NOW + 1e9) is off


def test_a_leg_that_is_unknown_already_keeps_its_own_reason() -> None:
    unknown = leg("a@nyc-1", LegState.UNKNOWN, reason=Safe("nyc-1 unreachable"), was=LegState.DOWN)
    assert shown(unknown, NOW + 1000) is unknown


@pytest.mark.parametrize(
    "seconds", [-5, 0, 12.9, 59.99, 60, 250, 3599, 3600, 10_920, 86_399, 86_400, 1_036_805]
)
def test_sentences_tell_time_as_the_judged_reasons_do(seconds: float) -> None:
    assert in_words(seconds) == span(seconds)


def test_an_sbc_is_believed_up_to_its_limit_and_not_a_moment_longer() -> None:
    healthy = sbc("nyc-1")
    assert shown_sbc(healthy, NOW + 86) is healthy
    old = shown_sbc(healthy, NOW + 246)
    assert (old.state, old.severity) == (SbcState.UNKNOWN, Severity.INDETERMINATE)
    assert old.reason == "no news for 4 m 10 s; was up"


@pytest.mark.parametrize("state", [SbcState.DOWN, SbcState.UNKNOWN])
def test_an_sbc_that_was_not_answering_keeps_its_own_reason(state: SbcState) -> None:
    gone = sbc("nyc-1", state, reason=Safe("Asterisk is not running"))
    assert shown_sbc(gone, NOW + 1000) is gone


def test_a_leg_that_was_switched_off_was_off() -> None:
    old = shown(leg("a@nyc-1", LegState.ADMIN_OFF, stale_at=NOW - 1), NOW)
    assert old.reason.endswith("was off")
