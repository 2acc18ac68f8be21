"""Whatever an SBC says, in whatever order: nothing raises, nothing unproven is up, every sentence fits."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.health.scenes import Says, Trunks, leg, play
from tests.model.test_text import harmful
from trunktui.health.reasons import LIMIT
from trunktui.model.health import LegState, Severity
from trunktui.model.inventory import AuthMode, DialMode
from trunktui.model.link import SshState
from trunktui.present.freshness import shown

WORDS = st.sampled_from(
    ["Registered", "Registered", "Registered", "Rejected", "Unregistered", "Stopped", "Enrolled"]
)
CONTACT = st.sampled_from(
    [
        "Avail 23.0",
        "Avail 23.0",
        "Avail 24.0",
        "Avail 25.0",
        "Avail 900.0",
        "Avail -nan",
        "Unavail",
        "NonQual",
        "Unknown",
        "Lively 3.0",
    ]
)
REG = st.one_of(
    st.just(None),
    st.builds(
        lambda word, seconds, ago: f"{word} {seconds}{' ago' if ago else ''}",
        WORDS,
        st.one_of(st.integers(0, 120), st.integers(0, 2_000_000_000)),
        st.sampled_from([False, False, True]),
    ),
)
SAYS = st.builds(
    Says,
    reg=REG,
    contacts=st.lists(CONTACT, min_size=1, max_size=2).map(tuple),
    channels=st.integers(0, 12),
    answered_ago=st.one_of(st.none(), st.integers(0, 5000)),
    uptime=st.sampled_from([*[None] * 9, 3, 40, 80]),
    reg_table=st.sampled_from([*[None] * 20, "", "=====\n???\n\nObjects found: 1", "No such command 'x'"]),
    silent=st.sampled_from([*[None] * 9, SshState.HUNG]),
    frozen=st.sampled_from([*[False] * 9, True]),
)
TRUNKS = st.builds(
    Trunks,
    auth=st.sampled_from(AuthMode),
    dial=st.sampled_from([None, DialMode.AOR, DialMode.URI]),
    cap=st.sampled_from([None, 1, 10]),
    qualify=st.sampled_from([None, 0, 30]),
)
STEPS = st.lists(st.tuples(st.floats(1, 200), SAYS), min_size=1, max_size=12)


def timed(steps: list[tuple[float, Says]]) -> list[tuple[float, Says]]:
    """Return the steps with their waits added up."""
    found, second = [], 0.0
    for wait, says in steps:
        second += wait
        found.append((second, says))
    return found


@given(TRUNKS, STEPS, st.floats(0, 400))
@settings(max_examples=600, deadline=None)
def test_no_story_raises_or_ends_without_a_fitting_sentence(
    trunks: Trunks, steps: list[tuple[float, Says]], later: float
) -> None:
    polls = timed(steps)
    verdict = leg(play(trunks, polls, polls[-1][0] + later))
    assert 0 < len(verdict.reason) <= LIMIT
    assert not harmful(verdict.reason)
    assert (verdict.state is LegState.UNKNOWN) == (verdict.severity is Severity.INDETERMINATE)
    if verdict.was is None and len(polls) == 1:
        assert verdict.since_at is None  # what it was before the first look is not known


@given(TRUNKS, STEPS)
@settings(max_examples=600, deadline=None)
def test_up_needs_a_fresh_readable_answer_that_is_good_in_every_signal_it_uses(
    trunks: Trunks, steps: list[tuple[float, Says]]
) -> None:
    polls = timed(steps)
    last = polls[-1][1]
    verdict = leg(play(trunks, polls))
    if verdict.state is not LegState.UP or last.silent is not None:
        return
    assert not last.frozen
    assert last.reg_table is None or trunks.auth is AuthMode.IP
    assert "Unavail" not in last.contacts
    assert not {"Avail -nan", "Unknown", "Lively 3.0"} & set(last.contacts)
    if trunks.auth is not AuthMode.IP:
        assert last.reg is not None
        assert last.reg.startswith("Registered")


@given(TRUNKS, STEPS)
@settings(max_examples=300, deadline=None)
def test_nothing_stays_green_once_it_is_stale_neither_in_the_engine_nor_on_a_screen_cut_off_from_it(
    trunks: Trunks, steps: list[tuple[float, Says]]
) -> None:
    polls = timed(steps)
    end = polls[-1][0]
    assert leg(play(trunks, polls, end + 91.0)).state == LegState.UNKNOWN
    verdict = leg(play(trunks, polls))
    if verdict.stale_at is not None:
        assert shown(verdict, verdict.stale_at + 1.0).state is LegState.UNKNOWN
