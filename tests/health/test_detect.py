"""Detect times of every platform, dials at risk, and CPS against a cap."""

from __future__ import annotations

import math

import pytest

from trunktui.health.cps import CpsShare, cps_view
from trunktui.health.detect import detect_s, dials_at_risk
from trunktui.health.rates import Rate
from trunktui.model.health import Thresholds, Usage
from trunktui.model.observation import ProbeSettings


@pytest.mark.parametrize(
    ("platform", "settings", "registered", "seconds"),
    [
        ("asterisk", ProbeSettings(30, 5.0), False, 35.0),
        ("asterisk", ProbeSettings(30, 3.0), True, 33.0),
        ("asterisk", ProbeSettings(30, None), False, None),
        ("freeswitch", ProbeSettings(30, misses=3), False, 186.0),
        ("freeswitch", ProbeSettings(30, misses=1), False, 62.0),
        ("freeswitch", ProbeSettings(30, misses=3), True, 62.0),
        ("freeswitch", ProbeSettings(30), False, None),
        ("kamailio", ProbeSettings(30, 30.0, misses=3), False, 120.0),
        ("kamailio", ProbeSettings(30, 30.0), False, None),
        ("asterisk", ProbeSettings(0, 3.0), False, None),
        ("asterisk", None, False, None),
        ("another", ProbeSettings(30, 3.0, misses=1), False, None),
    ],
)
def test_the_worst_case_of_each_platform_follows_from_its_loaded_settings(
    platform: str, settings: ProbeSettings | None, registered: bool, seconds: float | None
) -> None:
    assert detect_s(platform, settings, registered=registered) == seconds


@pytest.mark.parametrize(
    ("cps", "detect", "never", "dials"),
    [
        (2.1, 35.0, False, 73.5),
        (0.0, 35.0, False, 0.0),
        (None, 35.0, False, None),
        (2.1, None, False, None),
        (2.1, None, True, math.inf),
        (0.0, None, True, 0.0),
        (None, None, True, None),
    ],
)
def test_dials_at_risk_are_unknown_where_a_part_is_and_endless_only_with_traffic(
    cps: float | None, detect: float | None, never: bool, dials: float | None
) -> None:
    assert dials_at_risk(cps, detect, never=never) == (None if dials is None else pytest.approx(dials))


RATE = Rate(30.0, 30.0, True, None)


@pytest.mark.parametrize(
    ("share", "state"),
    [
        (CpsShare(cap=None, used=30.0), Usage.NO_CAP),
        (CpsShare(cap=50.0, used=None), Usage.UNKNOWN),
        (CpsShare(cap=50.0, used=29.0), Usage.NORMAL),
        (CpsShare(cap=50.0, used=30.0), Usage.HIGH),
        (CpsShare(cap=50.0, used=30.0, peak=39), Usage.NORMAL),
        (CpsShare(cap=50.0, used=30.0, peak=39, alone=False), Usage.HIGH),
        (CpsShare(cap=50.0, used=10.0, peak=40), Usage.HIGH),
        (CpsShare(cap=50.0, used=10.0, peak=48), Usage.FULL),
        (CpsShare(cap=50.0, used=10.0, peak=51), Usage.OVER_CAP),
        (CpsShare(cap=50.0, used=48.0), Usage.FULL),
        (CpsShare(cap=50.0, used=10.0, whole=False), Usage.UNKNOWN),
        (CpsShare(cap=50.0, used=48.0, whole=False), Usage.FULL),
    ],
)
def test_cps_is_judged_by_its_busiest_second_or_by_its_mean_with_a_stricter_limit(
    share: CpsShare, state: Usage
) -> None:
    assert cps_view(RATE, share, Thresholds()).state is state
