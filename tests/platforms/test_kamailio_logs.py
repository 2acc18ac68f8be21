"""What Kamailio's log says of failed registrations: the code by l_uuid, and of nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunktui.model.observation import Box
from trunktui.model.tail import RefusalKind
from trunktui.model.text import Safe, clean
from trunktui.platforms.kamailio_logs import parse_log

AT = 1795396972.0
"""2026-11-23 01:22:52 UTC."""

BOX = Box(clock_s=AT + 60, zone_s=3600)
OLD = "Nov 23 02:22:52 edge-1 /usr/sbin/kamailio[811]: "
ISO = "2026-11-23T02:22:52+01:00 edge-1 kamailio[811]: "
REPLY = "ERROR: uac [uac_reg.c:1058]: uac_reg_tm_callback(): got sip response {} while registering [{}]"
AUTH = "ERROR: uac [uac_reg.c:933]: uac_reg_tm_callback(): authentication failed for <{}>"


@pytest.mark.parametrize("head", [OLD, ISO, ISO.replace("+01:00", ""), ISO.replace("T02", "T01").replace("+01:00", "Z")])  # fmt: skip
@pytest.mark.parametrize(
    ("said", "name", "code"),
    [
        (REPLY.format(403, "forbid-zeta"), "forbid-zeta", 403),
        (REPLY.format(503, "a@b.example"), "a@b.example", 503),
        (REPLY.format(408, "blackhole-eps"), "blackhole-eps", None),
        (AUTH.format("badpass-delta"), "badpass-delta", 401),
    ],
)
def test_a_failed_register_is_told_with_its_code(head: str, said: str, name: str, code: int | None) -> None:
    facts = parse_log((Safe(head + said),), BOX)
    (found,) = facts.refusals
    assert (found.client, found.code, found.kind, found.at) == (name, code, RefusalKind.RETRYING, AT)
    assert found.line == head + said
    assert facts.unread == ()


@pytest.mark.parametrize(
    "line",
    [
        OLD + "ERROR: uac [uac_reg.c:919]: uac_reg_tm_callback(): failed to parse headers",
        OLD + "NOTICE: <script>: got sip response 403 while registering [x]",
        OLD + "INFO: dispatcher [dispatch.c:1]: reloaded",
        "",
    ],
)
def test_other_lines_are_nobodys_business(line: str) -> None:
    facts = parse_log((Safe(line),), BOX)
    assert (facts.refusals, facts.unread) == ((), ())


def test_a_line_without_a_time_is_not_read_and_not_lost() -> None:
    line = Safe(" 1(26632) " + REPLY.format(403, "a"))
    assert parse_log((line,), BOX).unread == (line,)
    late = Safe(OLD.replace("23", "43") + REPLY.format(403, "a"))
    assert parse_log((late,), BOX).unread == (late,)


def test_a_line_of_december_read_in_january_is_of_last_year() -> None:
    january = Box(clock_s=1798765200.0, zone_s=0)  # 2027-01-01 01:00
    (found,) = parse_log(
        (Safe(f"Dec 31 23:59:00 e kamailio[1]: {REPLY.format(403, 'a')}"),), january
    ).refusals
    assert january.clock_s is not None
    assert january.clock_s - found.at == 3660


@given(st.text(max_size=200))
def test_no_line_makes_it_raise(text: str) -> None:
    parse_log(
        (clean(text), clean(OLD + text), clean("9999-99-99T99:99:99+99:99 " + REPLY.format(403, "a"))), BOX
    )
