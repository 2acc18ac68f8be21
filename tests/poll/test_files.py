"""The times of files that hold credentials: asked once in hours, read as the last day, never in the way of a poll."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from tests.health.finding_cases import FILE, trunk
from tests.poll.fakes import Clock, ScriptedAsker
from trunktui.model.ask import Answer, Reply
from trunktui.model.finding import FileTime
from trunktui.model.inventory import Credential, Inventory, Sbc, SshTarget
from trunktui.model.link import SshState
from trunktui.model.text import Safe, clean_lines
from trunktui.platforms import boxshell
from trunktui.poll.files import AGAIN_S, files_on, look_at_files
from trunktui.poll.record import SbcRecord

BETA = "/etc/asterisk/pjsip_beta.conf"
INVENTORY = Inventory(
    trunks=(
        trunk("a", credential=Credential(file=FILE)),
        trunk("b", credential=Credential(file=FILE)),
        trunk("c", "lon-1", credential=Credential(file=BETA)),
    )
)


def answer(out: bytes = b"1788220800 /etc/asterisk/pjsip_acme.conf\n", status: int | None = 0) -> Answer:
    """Return what stat printed."""
    return Answer(0.0, 0.1, (Reply(boxshell.FILES, status, clean_lines(out)),))


def look(script: list[Answer | SshState], *ats: float) -> tuple[SbcRecord, ScriptedAsker, list[bool]]:
    """Return what is kept after looks at these times."""
    record = SbcRecord(Sbc("nyc-1", "asterisk", SshTarget("192.0.2.1")))
    asker = ScriptedAsker(script, Clock())

    async def go() -> list[bool]:
        return [await look_at_files(asker, INVENTORY, record, at) for at in ats]

    return record, asker, asyncio.run(go())


def test_each_file_of_an_sbc_is_asked_once_in_hours_as_the_login_itself() -> None:
    record, asker, news = look([answer(), answer()], 0.0, 60.0, AGAIN_S + 1)
    assert news == [True, False, False]
    assert record.files == (FileTime(Safe(FILE), date(2026, 9, 1)),)
    (command,) = asker.asked[0].commands
    assert command.argv == ("stat", "-c", "%Y %n", FILE)
    assert not command.privileged
    assert len(asker.asked) == 2
    assert files_on(INVENTORY, "lon-1") == (BETA,)


def test_an_ask_that_fails_or_breaks_off_is_made_again_at_the_next_poll() -> None:
    record, asker, news = look([SshState.HUNG, answer(status=None), answer()], 0.0, 30.0, 60.0)
    assert news == [False, False, True]
    assert len(asker.asked) == 3
    assert record.files_at == 60.0


@pytest.mark.parametrize(
    ("out", "errors", "day", "why"),
    [
        (b"1788220800 /a\n", b"", date(2026, 9, 1), ""),
        (b"", b"stat: cannot statx '/a': Permission denied\n", None, "Permission denied"),
        (b"", b"stat: can't stat '/a': No such file or directory\n", None, "No such file or directory"),
        (b"", b"sh: stat: not found\n", None, "not told by stat"),
        (b"0 /a\n", b"", None, "not told by stat"),
        (b"99999999999999 /a\n", b"", None, "not told by stat"),
        (b"1788220800 /ab\n", b"", None, "not told by stat"),
        (b"-5 /a\n\xff\x1b[2J\n", b"", None, "not told by stat"),
    ],
)
def test_stat_tells_the_day_or_why_not(out: bytes, errors: bytes, day: date | None, why: str) -> None:
    reply = Reply(boxshell.FILES, 0 if day else 1, clean_lines(out), clean_lines(errors))
    assert boxshell.file_times(reply, ("/a",)) == (FileTime(Safe("/a"), day, Safe(why)),)
