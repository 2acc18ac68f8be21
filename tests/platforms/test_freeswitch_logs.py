"""What FreeSWITCH's log says of failed registrations: code and wait by gateway, and of nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.platforms.freeswitch_said import WELL_TIME
from trunktui.model.observation import AppState, Box, Observation
from trunktui.model.tail import RefusalKind, TailFile, TailKind
from trunktui.model.text import Safe, clean
from trunktui.platforms import freeswitch
from trunktui.platforms.contract import LegSettings
from trunktui.platforms.freeswitch_logs import LOG, parse_log

UTC = Box(clock_s=WELL_TIME, zone_s=0)
HEAD = "2026-11-23 01:22:53.500000 98.03% [WARNING] sofia_reg.c:525 "
RETRY = f"{HEAD}forbid-f Failed Registration [403], setting retry to 30 seconds."
COUNTED = f"{HEAD}forbid-f Failed Registration with status Forbidden [403]. failure #3"


@pytest.mark.parametrize(
    ("said", "gateway", "code", "retry"),
    [
        ("forbid-f Failed Registration [403], setting retry to 30 seconds.", "forbid-f", 403, 30),
        ("badpass-d Failed Registration [904], setting retry to 210 seconds.", "badpass-d", 401, 210),
        ("dead-e Failed Registration [908], setting retry to 20 seconds.", "dead-e", None, 20),
        ("b.2_c Failed Registration [503], setting retry to 10 seconds.", "b.2_c", 503, 10),
        ("Timeout Registering dead-e", "dead-e", None, None),
    ],
)
def test_a_failed_register_is_told_with_its_code_and_wait(
    said: str, gateway: str, code: int | None, retry: int | None
) -> None:
    (found,) = parse_log((Safe(HEAD + said),), UTC).refusals
    assert (found.client, found.server, found.code, found.retry_s) == (gateway, "", code, retry)
    assert found.kind is RefusalKind.RETRYING
    assert found.at == WELL_TIME + 0.5
    assert found.line == HEAD + said


@pytest.mark.parametrize(
    ("lines", "step"),
    [
        ((COUNTED, RETRY), 10),
        ((RETRY,), 0),  # it grows, and nobody says by how much
        ((COUNTED.replace("#3", "#4"), RETRY), 0),
        ((COUNTED.replace("#3", "#0"), RETRY), 0),
        ((COUNTED.replace("forbid-f", "other"), RETRY), 0),
        ((COUNTED.replace("403", "503"), RETRY.replace("403", "503")), None),  # always the same wait
        ((COUNTED.replace("403", "908"), RETRY.replace("403", "908")), None),
    ],
)
def test_by_how_much_the_wait_grows_is_the_wait_by_the_number_of_the_failure(
    lines: tuple[str, ...], step: int | None
) -> None:
    (found,) = parse_log(tuple(Safe(line) for line in lines), UTC).refusals
    assert found.wait_step_s == step


@pytest.mark.parametrize(
    "line",
    [
        COUNTED,
        f"{HEAD}Ping failed ipdead-h with code 408 - count 1/0/1, state DOWN",
        "2026-11-23 01:22:53.5 98.03% [NOTICE] switch_channel.c:1123 New Channel sofia/external/1555 [x]",
        '2026-11-23 01:22:53.5 [INFO] mod_dptools.c:1 Failed Registration "sofia" said a caller',
        "",
    ],
)
def test_other_lines_are_nobodys_business(line: str) -> None:
    facts = parse_log((Safe(line),), UTC)
    assert (facts.refusals, facts.unread) == ((), ())


def test_older_and_longer_heads_are_read_and_time_is_local() -> None:
    old = RETRY.replace(" 98.03%", "")
    long = "a4e4a78f-46e8-468c-9609-15c910512226 " + RETRY
    east = Box(clock_s=WELL_TIME, zone_s=3600)
    assert [r.at for r in parse_log((Safe(old), Safe(long)), east).refusals] == [WELL_TIME + 0.5 - 3600] * 2


def test_one_that_should_be_understood_and_is_not_is_kept() -> None:
    strange = (f"{HEAD}x Failed Registration in some new way", RETRY.replace("2026-11-23", "2026-13-45"))
    assert parse_log(tuple(Safe(line) for line in strange), UTC).unread == strange


def test_the_log_is_followed_while_freeswitch_answers() -> None:
    look = Observation(at=1.0, took_s=0.1, app=AppState.ANSWERING)
    assert freeswitch.tails(look, LegSettings()) == (LOG,)
    down = Observation(at=1.0, took_s=0.1, app=AppState.NOT_RUNNING)
    assert freeswitch.tails(down, LegSettings()) == ()
    assert freeswitch.parse_tail(LOG, (Safe(RETRY),), UTC).refusals
    calls = TailFile(TailKind.CALLS, "/x")
    assert freeswitch.parse_tail(calls, (Safe(RETRY),), UTC).refusals == ()


@given(
    st.lists(
        st.one_of(st.text(max_size=80), st.sampled_from([RETRY, COUNTED]).map(lambda t: t[:70])), max_size=6
    )
)
def test_no_line_makes_it_raise(texts: list[str]) -> None:
    parse_log(tuple(clean(text) for text in texts), Box())
