"""A group is judged by where its calls really go (decision 054): the table of `cases_routes`, and many SBCs at once."""

from __future__ import annotations

import pytest

from tests.health.cases_routes import BY_ITSELF, RULES, judged
from trunktui.model.health import LegState, Severity
from trunktui.model.inventory import Failover


@pytest.mark.parametrize(
    ("states", "routes", "state", "severity", "reason"),
    [rule[1:] for rule in RULES],
    ids=[r[0] for r in RULES],
)
def test_a_group_is_judged_by_where_its_calls_really_go(
    states: dict[str, str], routes: dict[str, str], state: LegState, severity: Severity, reason: str
) -> None:
    found = judged(states, routes, Failover.MANUAL)
    assert (found.state, found.severity, found.reason) == (state, severity, reason)


@pytest.mark.parametrize(
    ("states", "routes", "state", "severity", "reason"),
    [rule[1:] for rule in BY_ITSELF],
    ids=[rule[0] for rule in BY_ITSELF],
)
def test_a_group_that_the_sbc_moves_by_itself_is_no_matter_for_a_hand_unless_it_is_pinned_or_stuck(
    states: dict[str, str], routes: dict[str, str], state: LegState, severity: Severity, reason: str
) -> None:
    found = judged(states, routes, Failover.AUTO)
    assert (found.state, found.severity, found.reason) == (state, severity, reason)


def test_no_sentence_is_cut_off_but_at_a_name() -> None:
    assert all(not reason.endswith("\u2026") for *_, reason in (*RULES, *BY_ITSELF))


def test_many_sbcs_in_the_same_trouble_are_one_sentence() -> None:
    sbcs = [f"sbc-{n}" for n in range(7)]
    found = judged(dict.fromkeys(sbcs, "down up"), dict.fromkeys(sbcs, "first"), Failover.MANUAL)
    assert found.reason.startswith(
        "us-outbound on sbc-0, sbc-1, sbc-2 and 4 more still goes to alpha-us, which is down: S moves it"
    )
