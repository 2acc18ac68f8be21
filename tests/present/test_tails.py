"""How a followed file goes, in words: read to when, how far behind, what was lost, or why not and the way out."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.fleets import NOW, sbc
from trunktui.model.finding import AuthBurst
from trunktui.model.tail import TailFile, TailKind, TailState, TailStatus
from trunktui.model.text import Safe
from trunktui.present.cells import Role, plain
from trunktui.present.detail import sbc_lines
from trunktui.present.tails import tail_facts

FILE = TailFile(TailKind.LOG, "/var/log/messages.log")
READ = TailStatus(FILE, TailState.OK, read_to=NOW - 5, path="/var/log/messages.log")
DENIED = Safe("this login may not read it: put it into its group")


@pytest.mark.parametrize(
    ("status", "words", "role"),
    [
        (TailStatus(FILE), "/var/log/messages.log, not read yet", Role.TEXT),
        (READ, "/var/log/messages.log, read to 5s ago", Role.TEXT),
        (
            replace(READ, lost=9, why=Safe("9 bytes were gone")),
            "/var/log/messages.log, read to 5s ago; 9 bytes were gone",
            Role.WARN,
        ),
        (
            replace(READ, state=TailState.BEHIND, behind=2048),
            "/var/log/messages.log, 2 kB behind, read to 5s ago",
            Role.WARN,
        ),
        (
            TailStatus(FILE, TailState.NOT_PERMITTED, DENIED),
            f"why a REGISTER fails is not known: {DENIED}",
            Role.WARN,
        ),
        (
            replace(READ, state=TailState.UNREADABLE, why=Safe("the answer broke off")),
            "why a REGISTER fails is not known: the answer broke off; read to 5s ago",
            Role.WARN,
        ),
    ],
)
def test_each_state_of_a_followed_file_has_its_words(status: TailStatus, words: str, role: Role) -> None:
    ((label, cell),) = tail_facts(sbc("nyc-1", tails=(status,)), NOW)
    assert (label, cell.text, cell.role) == ("log", words, role)


def test_the_page_of_an_sbc_shows_its_log_and_who_fails_to_log_in() -> None:
    burst = AuthBurst(Safe("198.51.100.7"), 60, NOW - 300, NOW - 60, (Safe("100"),), Safe("REGISTER"))
    page = [plain(line) for line in sbc_lines(sbc("nyc-1", tails=(READ,), auth_bursts=(burst,)), NOW, 120)]
    assert " log           /var/log/messages.log, read to 5s ago" in page
    assert " logins        60 failed REGISTERs in 4m00s from 198.51.100.7 as 100, the last 1m00s ago" in page
