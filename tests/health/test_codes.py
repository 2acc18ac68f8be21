"""Codes of OPTIONS, the usual one, how long a death goes unnoticed, and how much there is to move."""

from __future__ import annotations

import pytest

from trunktui.health.codes import CodeClass, Runs, classify, learn, refused_now, usual
from trunktui.health.detect import detect_s
from trunktui.health.load import Peaks, heavy_trunks, keep_peak, peak
from trunktui.model.inventory import AuthMode
from trunktui.model.observation import ProbeCount, ProbeSettings


@pytest.mark.parametrize(
    ("codes", "meaning"),
    [
        ((200, 202), CodeClass.ALIVE),
        ((401, 407), CodeClass.ALIVE),
        ((404, 405, 420, 480, 481, 482, 483, 486, 488, 501), CodeClass.ALIVE),
        ((403,), CodeClass.AUTH),
        ((503,), CodeClass.OVERLOADED),
        ((408, 500, 502, 504, 505, 600, 603, 604, 900, 908, 100, 0), CodeClass.MISS),
    ],
)
def test_a_code_means_what_most_systems_take_it_for(codes: tuple[int, ...], meaning: CodeClass) -> None:
    assert {classify(code) for code in codes} == {meaning}


def test_the_usual_code_is_the_commonest_of_the_last_hundred_and_takes_no_room() -> None:
    runs: Runs = ()
    for code in [404] * 80 + [200] * 30 + [404] * 5:
        runs = learn(runs, code, 100)
    assert sum(count for _, count in runs) == 100
    assert len(runs) == 3
    assert usual(runs) == 404
    for _ in range(70):
        runs = learn(runs, 200, 100)
    assert usual(runs) == 200
    assert usual(()) is None


@pytest.mark.parametrize(
    ("code", "used_to", "auth", "news"),
    [
        (403, 200, AuthMode.REGISTRATION, True),
        (403, 404, AuthMode.IP, True),
        (403, 403, AuthMode.IP, False),
        (403, None, AuthMode.IP, True),
        (403, None, AuthMode.HYBRID, True),
        (403, None, AuthMode.REGISTRATION, False),
        (404, 200, AuthMode.IP, False),
        (None, 200, AuthMode.IP, False),
    ],
)
def test_a_403_is_news_where_it_was_none_before(
    code: int | None, used_to: int | None, auth: AuthMode, *, news: bool
) -> None:
    assert refused_now(code, used_to, auth) is news


def test_how_long_a_death_goes_unnoticed_follows_each_platforms_own_counting() -> None:
    asterisk = ProbeSettings(30, 5.0)
    freeswitch = ProbeSettings(30, 32.0, misses=ProbeCount(1, 3, 3).down_at)
    kamailio = ProbeSettings(30, 30.0, misses=3)
    assert detect_s("asterisk", asterisk) == 35.0
    assert detect_s("freeswitch", freeswitch) == 186.0
    assert detect_s("freeswitch", freeswitch, registered=True) == 62.0
    assert detect_s("kamailio", kamailio) == 120.0
    assert detect_s("freeswitch", asterisk) is None, "how many misses it takes was not read"
    assert detect_s("asterisk", ProbeSettings(0, 3.0)) is None
    assert detect_s("asterisk", None) is None


def test_a_counter_of_the_sbc_tells_misses_and_where_it_gives_up() -> None:
    assert (ProbeCount(1, 2, 3).misses, ProbeCount(1, 2, 3).down_at) == (1, 3)
    assert (ProbeCount(1, 1, 1).misses, ProbeCount(1, 1, 1).down_at) == (0, 1)


def test_the_load_to_move_is_the_peak_of_the_last_quarter_of_an_hour() -> None:
    peaks: Peaks = ()
    for minute in range(60):
        for second in (0, 30):
            peaks = keep_peak(peaks, 60.0 * minute + second, 90 if minute == 40 else minute % 7, 900.0)
    assert peak(peaks) == 6, "the 90 are 19 minutes old"
    assert len(peaks) <= 16
    assert peak(()) is None


def test_a_trunk_is_heavy_by_attempts_where_all_are_known_and_else_by_channels() -> None:
    channels = {("a", "x"): 90, ("b", "x"): 5, ("c", "x"): None}
    assert heavy_trunks(channels, {}, 0.10) == {"a"}
    told = {("a", "x"): 1.0, ("b", "x"): 20.0, ("c", "x"): 2.5}
    assert heavy_trunks(channels, told, 0.10) == {"b", "c"}
    assert heavy_trunks(channels, {**told, ("c", "x"): None}, 0.10) == {"a"}
    assert heavy_trunks({("a", "x"): 0}, {}, 0.10) == frozenset(), "of nothing nobody carries a tenth"
