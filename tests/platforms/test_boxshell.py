"""What a machine says of its clock and its addresses, in the words of GNU and busybox, and without the tools."""

from __future__ import annotations

import pytest

from trunktui.model.ask import Reply
from trunktui.model.text import clean_lines
from trunktui.platforms import boxshell

IP = b"""\
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
1: lo    inet6 ::1/128 scope host \\       valid_lft forever preferred_lft forever
2: eth0    inet 10.77.0.10/24 brd 10.77.0.255 scope global eth0\\       valid_lft forever preferred_lft forever
2: eth0    inet 10.77.0.99/32 scope global secondary eth0:vip\\       valid_lft forever preferred_lft forever
2: eth0    inet6 2001:db8::10/64 scope global \\       valid_lft forever preferred_lft forever
7: ttl0@if6    inet 192.0.2.1 peer 192.0.2.2/32 scope global ttl0\\       valid_lft forever preferred_lft forever
"""


def reply(raw: bytes, status: int | None = 0) -> Reply:
    return Reply("x", status, clean_lines(raw))


@pytest.mark.parametrize(
    ("raw", "second", "unsure_s", "zone_s"),
    [
        (b"2026-11-25T22:38:25,766009520+00:00\n", 1795646305.76600952, 0.0, 0),
        (b"2026-11-25T23:38:25,766009520+01:00\n", 1795646305.76600952, 0.0, 3600),
        (b"2026-11-25T17:08:25,5-05:30\n", 1795646305.5, 0.0, -19800),
        (b"2026-11-25T22:38:25,000000000+00:00\n", 1795646305.5, 0.5, 0),
        (b"2026-11-25T22:38:25+0000\n", 1795646305.5, 0.5, 0),
    ],
)
def test_a_clock_is_read_with_its_doubt_and_its_zone(
    raw: bytes, second: float, unsure_s: float, zone_s: int
) -> None:
    found = boxshell.clock(reply(raw))
    assert found is not None
    assert found.second == pytest.approx(second, abs=1e-6)
    assert (found.unsure_s, found.zone_s) == (unsure_s, zone_s)


@pytest.mark.parametrize(
    "raw", [b"", b"date: invalid option -- 'I'\n", b"2026-13-45T22:38:25,5+00:00\n", b"22:38:25 UTC\n"]
)
def test_what_is_no_time_is_not_known(raw: bytes) -> None:
    assert boxshell.clock(reply(raw)) is None
    assert boxshell.clock(reply(b"2026-11-25T22:38:25,7+00:00\n", 1)) is None


def test_addresses_are_those_that_others_can_reach() -> None:
    assert boxshell.addresses(reply(IP)) == ("10.77.0.10", "10.77.0.99", "2001:db8::10", "192.0.2.1")


def test_a_box_without_the_tool_has_no_known_addresses() -> None:
    assert (
        boxshell.addresses(Reply("x", 127, (), clean_lines(b"timeout: failed to run command 'ip'"))) is None
    )
    assert boxshell.addresses(reply(b"")) == ()
