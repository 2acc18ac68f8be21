"""The verdict of `check`: codes by rolled-up severity, or by every leg's state."""

from __future__ import annotations

import re

import pytest

from tests.fleets import NOW, fleet, leg, sample, sbc, unknown_leg, unreachable_sbc
from trunktui.model.health import LegState, SbcState, Severity
from trunktui.model.snapshot import GroupStatus, LegStatus, Snapshot
from trunktui.model.text import Safe
from trunktui.present.verdict import Code, NothingSelectedError, check, select

UP = leg("a@nyc-1")
SUSPECT = leg("b@nyc-1", LegState.SUSPECT, Severity.WARNING)
DEGRADED = leg("c@nyc-1", LegState.DEGRADED, Severity.MINOR)
DOWN = leg("d@nyc-1", LegState.DOWN, Severity.MAJOR, reason=Safe("gave up | after 403"))
UNKNOWN = unknown_leg("e@nyc-1")
OFF = leg("f@nyc-1", LegState.ADMIN_OFF)


def grouped(one: LegStatus, severity: Severity) -> Snapshot:
    """Return a fleet of one leg in a group that was judged `severity`."""
    member = leg(one.id, one.state, one.severity, groups=("us",))
    return fleet(member, groups=(GroupStatus("us", LegState.DEGRADED, severity, Safe("why")),))


@pytest.mark.parametrize(
    ("legs", "code"),
    [
        ((UP,), Code.OK),
        ((UP, OFF), Code.OK),
        ((UP, SUSPECT), Code.WARNING),
        ((UP, DEGRADED), Code.WARNING),
        ((UP, DOWN), Code.CRITICAL),
        ((UNKNOWN,), Code.UNKNOWN),
        ((UP, UNKNOWN), Code.UNKNOWN),
        ((UNKNOWN, SUSPECT), Code.WARNING),
        ((UNKNOWN, DOWN, DEGRADED), Code.CRITICAL),
        ((), Code.UNKNOWN),
    ],
)
def test_the_loudest_severity_gives_the_code(legs: tuple[LegStatus, ...], code: Code) -> None:
    assert check(fleet(*legs), NOW).code is code


@pytest.mark.parametrize(
    ("legs", "code"),
    [
        ((UP, OFF), Code.OK),
        ((UP, SUSPECT), Code.WARNING),
        ((UP, DEGRADED), Code.WARNING),
        ((UNKNOWN, SUSPECT), Code.UNKNOWN),
        ((UNKNOWN, DOWN), Code.CRITICAL),
        ((leg("g@nyc-1", LegState.UNMONITORED),), Code.WARNING),
    ],
)
def test_with_per_leg_the_worst_state_gives_the_code(legs: tuple[LegStatus, ...], code: Code) -> None:
    assert check(fleet(*legs), NOW, per_leg=True).code is code


def test_a_bad_leg_of_a_group_that_still_has_a_path_is_a_warning() -> None:
    assert check(grouped(DOWN, Severity.MINOR), NOW).code is Code.WARNING
    assert check(grouped(DOWN, Severity.MINOR), NOW, per_leg=True).code is Code.CRITICAL


@pytest.mark.parametrize("severity", [Severity.MAJOR, Severity.CRITICAL, Severity.INDETERMINATE])
def test_a_group_without_a_known_path_shelters_no_leg(severity: Severity) -> None:
    assert check(grouped(DOWN, severity), NOW).code is Code.CRITICAL


def test_a_group_that_was_not_judged_shelters_no_leg() -> None:
    assert (
        check(fleet(leg("d@nyc-1", LegState.DOWN, Severity.MAJOR, groups=("us",))), NOW).code is Code.CRITICAL
    )


def test_a_group_without_a_path_counts_though_its_legs_are_only_warnings() -> None:
    assert check(grouped(SUSPECT, Severity.CRITICAL), NOW).code is Code.CRITICAL


def test_an_unreachable_sbc_is_critical_though_its_legs_are_only_unknown() -> None:
    verdict = check(fleet(UNKNOWN, sbcs=(unreachable_sbc("nyc-1"),)), NOW)
    assert verdict.code is Code.CRITICAL
    assert "nyc-1 down (no route to 192.0.2.1 within 3 s)" in verdict.line


def test_without_any_leg_the_line_still_says_why() -> None:
    verdict = check(fleet(sbcs=(unreachable_sbc("nyc-1"),)), NOW, per_leg=True)
    assert verdict.code is Code.UNKNOWN
    assert "no legs known; nyc-1 down (no route to 192.0.2.1 within 3 s) |" in verdict.line


def test_a_leg_past_its_time_is_never_ok() -> None:
    assert check(fleet(UP), NOW + 86).code is Code.OK
    assert check(fleet(UP), NOW + 87).code is Code.UNKNOWN


def test_the_line_names_the_worst_first_and_counts_everything() -> None:
    verdict = check(fleet(UP, SUSPECT, DOWN), NOW)
    assert verdict.line == (
        "TRUNKTUI CRITICAL - 1 of 3 legs up; d@nyc-1 down (gave up / after 403);"
        " b@nyc-1 suspect (registered, next REGISTER in 246 s; OPTIONS 23 ms)"
        " | legs=3 up=1 degraded=0 suspect=1 down=1 unmonitored=0 unknown=0 admin_off=0 standby=0"
        " sbcs=1 sbcs_up=1 sbcs_degraded=0 sbcs_down=0 sbcs_unknown=0"
    )


def test_the_line_of_a_healthy_fleet_is_short() -> None:
    line = check(fleet(UP), NOW).line
    assert line.startswith("TRUNKTUI OK - 1 leg up | legs=1 up=1 down=0 ".replace("down=0 ", "degraded=0 "))


def test_many_troubles_are_counted_and_not_listed() -> None:
    legs = [leg(f"t{index}@nyc-1", LegState.DOWN, Severity.MAJOR, reason=Safe("dead")) for index in range(10)]
    line = check(fleet(*legs), NOW).line
    assert line.count("(dead)") == 3
    assert "; and 7 more |" in line


def test_the_line_has_one_bar_and_figures_that_can_be_read_after_it() -> None:
    _, _, figures = check(sample(), NOW).line.partition(" | ")
    assert re.fullmatch(r"([a-z_]+=\d+ ?)+", figures)


@pytest.mark.parametrize(
    ("selector", "ids"),
    [
        (None, ["alpha-us@nyc-1", "beta-us@nyc-1", "=cmd@nyc-1", "alpha-us@lon-1"]),
        ("beta-us@nyc-1", ["beta-us@nyc-1"]),
        ("alpha-us", ["alpha-us@nyc-1", "alpha-us@lon-1"]),
        ("lon-1", ["alpha-us@lon-1"]),
        ("*-us@nyc*", ["alpha-us@nyc-1", "beta-us@nyc-1"]),
        ("alpha*", ["alpha-us@nyc-1", "alpha-us@lon-1"]),
    ],
)
def test_a_selector_means_a_leg_a_trunk_an_sbc_or_a_pattern(selector: str | None, ids: list[str]) -> None:
    assert [one.id for one in select(sample(), selector).legs] == ids


def test_selected_legs_are_judged_without_the_rest_of_the_fleet() -> None:
    assert check(sample(), NOW, "alpha-us@nyc-1").code is Code.OK
    assert check(sample(), NOW, "lon-1").code is Code.CRITICAL


def test_a_selector_that_matches_nothing_names_the_nearest() -> None:
    with pytest.raises(NothingSelectedError) as caught:
        select(sample(), "alfa-us@nyc-1")
    assert "alpha-us@nyc-1" in caught.value.nearest


def test_a_leg_that_vanished_with_its_sbc_is_critical_and_no_typing_mistake() -> None:
    verdict = check(sample(), NOW, "discovered-one@lon-1")
    assert verdict.code is Code.CRITICAL
    with pytest.raises(NothingSelectedError):
        check(sample(), NOW, "discovered-one@nyc-1")


def test_an_sbc_whose_news_is_old_is_not_known() -> None:
    quiet = sbc("nyc-1", SbcState.UP)
    assert check(fleet(sbcs=(quiet,)), NOW + 87, "nyc-1").code is Code.UNKNOWN


def test_sbcs_are_counted_by_their_states_and_a_stopped_one_is_not_called_unreachable() -> None:
    boxes = (
        sbc("nyc-1"),
        sbc(
            "lon-1", SbcState.DOWN, Severity.CRITICAL, reason=Safe("Asterisk is not running: 0 legs unknown")
        ),
        sbc("fra-1", SbcState.UNKNOWN, Severity.MAJOR, reason=Safe("its socket is not for this login")),
    )
    figures = check(fleet(UP, sbcs=boxes), NOW).line.partition(" | ")[2]
    assert figures.endswith(" sbcs=3 sbcs_up=1 sbcs_degraded=0 sbcs_down=1 sbcs_unknown=1")
    assert check(fleet(UP, sbcs=boxes), NOW + 87).line.endswith(
        "sbcs_up=0 sbcs_degraded=0 sbcs_down=1 sbcs_unknown=2"
    )


def test_an_sbc_past_its_time_is_named_with_its_age() -> None:
    quiet = sbc("nyc-1", reason=Safe("answering"))
    assert "nyc-1 unknown (no news for 1 m 31 s; was up)" in check(fleet(sbcs=(quiet,)), NOW + 87).line
