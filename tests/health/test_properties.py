"""Whatever an SBC says, in whatever order: nothing raises, nothing unproven is up, every sentence fits."""

from __future__ import annotations

import random
from itertools import pairwise
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.health.natives import Told, coded, destination, gateway
from tests.health.recording import recorded
from tests.health.scenes import START, Says, Trunks, answer, fleet_of, leg, play, settings_of
from tests.model.test_text import harmful
from trunktui.health import signals as health_signals
from trunktui.health.reasons import LIMIT
from trunktui.model.health import WORST_FIRST, Effective, LegState, Severity
from trunktui.model.inventory import AuthMode, DialMode
from trunktui.model.link import SshState
from trunktui.model.observation import ContactState, NativeLeg
from trunktui.model.snapshot import LegStatus
from trunktui.platforms import asterisk
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


CODE = st.sampled_from([None, 200, 200, 200, 404, 403, 503, 408, 500, 603])
GATEWAY = st.builds(
    gateway,
    st.sampled_from(["NOREG", "NOREG", "REGED", "REGED", "FAIL_WAIT", "FAILED", "TRYING", "DOWN"]),
    st.sampled_from(["UP", "UP", "DOWN"]),
    ping=st.sampled_from([None, "1/3/3", "1/2/3", "1/1/3", "1/0/3", "1/1/1"]),
    rtt=st.sampled_from([None, 18.0, 19.0, 700.0]),
    wait=st.sampled_from([None, 30, 210]),
    since=st.sampled_from([None, 8, 70]),
    code=CODE,
    overdue=st.sampled_from([None, None, 1.0, 20.0, 300.0]),
    calls=st.integers(0, 3),
    answered=st.sampled_from([None, 5, 300]),
)
DESTINATION = st.builds(
    destination,
    st.sampled_from(["AP", "AP", "AX", "AN", "TP", "IP", "IX", "DX"]),
    rtt=st.sampled_from([None, 31.0, 32.0]),
    count=st.sampled_from([None, "0 of 3", "2 of 3"]),
    code=CODE,
    uac=st.sampled_from([None, 20, 17, 16]),
    left=st.sampled_from([None, 1800]),
)
CODED = st.builds(coded, CODE, rtt=st.sampled_from([None, 20.0, 21.0]), calls=st.integers(0, 3))
NATIVE = st.one_of(
    st.tuples(st.just("freeswitch"), st.lists(GATEWAY, min_size=1, max_size=10)),
    st.tuples(st.just("kamailio"), st.lists(DESTINATION, min_size=1, max_size=10)),
    st.tuples(st.just("other"), st.lists(CODED, min_size=1, max_size=10)),
)


@given(TRUNKS, NATIVE)
@settings(max_examples=500, deadline=None)
def test_what_other_platforms_tell_is_up_only_where_all_of_it_is_good(
    trunks: Trunks, told: tuple[str, list[NativeLeg]]
) -> None:
    platform, legs = told
    polls = [(30.0 * n, Told((native,))) for n, native in enumerate(legs)]
    verdict = leg(play(Trunks(trunks.auth, trunks.dial, trunks.cap, platform=platform), polls))
    assert 0 < len(verdict.reason) <= LIMIT
    assert not harmful(verdict.reason)
    if verdict.state is not LegState.UP:
        return
    (contact,) = legs[-1].contacts
    assert contact.state is not ContactState.UNREACHABLE
    assert contact.code not in {408, 500, 503, 603}
    assert legs[-1].effective in {None, Effective.ROUTABLE}
    assert legs[-1].registration is None or legs[-1].registration.word in {"REGED", "20"}
    if contact.probed is False or contact.state is ContactState.UNPROBED:
        assert verdict.badge == "unmonitored"


@given(TRUNKS, STEPS)
@settings(max_examples=300, deadline=None)
def test_what_is_calm_is_judged_in_one_step_as_it_is_in_full(
    trunks: Trunks, steps: list[tuple[float, Says]]
) -> None:
    quick = leg(play(trunks, timed(steps)))
    with patch.object(health_signals, "_calm", lambda *_: False):
        assert leg(play(trunks, timed(steps))) == quick


def each_look(trunks: Trunks, steps: list[tuple[float, Says]]) -> list[LegStatus]:
    """Return the leg as judged after each answer."""
    fleet, found = fleet_of(trunks), []
    for second, says in steps:
        at, bindings = START + second, fleet.inventory.bindings_on("sbc-1")
        fleet.answered("sbc-1", asterisk.parse_poll(answer(says, at), settings_of(trunks), bindings))
        fleet.record("sbc-1").settings_done = True
        found.append(leg(fleet.snapshot(at)))
    return found


@given(TRUNKS, STEPS)
@settings(max_examples=300, deadline=None)
def test_there_is_one_event_for_each_hard_change_and_none_for_doubt_or_want_of_news(
    trunks: Trunks, steps: list[tuple[float, Says]]
) -> None:
    answered = [(second, says) for second, says in timed(steps) if says.silent is None]
    seen = each_look(trunks, answered)
    lasting = [status for status in seen if status.state not in {LegState.SUSPECT, LegState.UNKNOWN}]
    told = [event for look in recorded(seen) for event in look]
    found_bad = bool(lasting) and lasting[0].state in {LegState.DOWN, LegState.DEGRADED}
    assert sum(event.before == "" for event in told) == found_bad
    wanted, known = 0, lasting[0].state if lasting else LegState.UNKNOWN
    for before, after in pairwise(lasting):
        if before.flapping is not after.flapping:
            wanted, known = wanted + 1, after.state
        elif not after.flapping or WORST_FIRST.index(after.state) < WORST_FIRST.index(known):
            wanted, known = wanted + (after.state is not known), after.state
    assert len(told) - found_bad == wanted


@given(st.integers(0, 10_000), st.sampled_from([DialMode.AOR, DialMode.URI, None]))
@settings(max_examples=40, deadline=None)
def test_half_of_the_packets_lost_is_no_storm(seed: int, dial: DialMode | None) -> None:
    """An hour of OPTIONS every 10 s of which 42 % fail, as with half of the packets lost each way."""
    chance = random.Random(seed)

    def result(n: int) -> str:
        tries = [chance.random() < 0.25 for _ in range(3)]
        late = (0, 500, 1500)
        return next((f"Avail {2 + late[k] + n % 7}.0" for k, got in enumerate(tries) if got), "Unavail")

    polls = [(10.0 * n, Says(reg=None, contacts=(result(n),))) for n in range(360)]
    seen = each_look(Trunks(auth=AuthMode.IP, dial=dial, qualify=10), polls)
    lost = [says.contacts == ("Unavail",) for _, says in polls]
    assert sum(before is not after for before, after in pairwise(lost)) > 100
    assert sum(map(len, recorded(seen))) <= 30  # mostly under 16
    drops = [n for n, (_, says) in enumerate(polls) if says.contacts == ("Unavail",)]
    if dial is DialMode.AOR:
        assert all(seen[n].state is LegState.DOWN for n in drops), "where calls are refused it is said"
    assert all(status.state is not LegState.UP for status in seen[60:])
