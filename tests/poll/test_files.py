"""The times of files that hold credentials: asked once in hours, read as the last day, never in the way of a poll."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from tests.health.finding_cases import FILE, trunk
from tests.poll.fakes import Clock, ScriptedAsker
from trunktui.config.words import RULES
from trunktui.model.ask import Answer, Reply, SshAsk
from trunktui.model.finding import FileTime
from trunktui.model.inventory import Credential, Inventory, Sbc, SshTarget
from trunktui.model.link import SshState
from trunktui.model.text import Safe, clean_lines
from trunktui.platforms import boxshell
from trunktui.poll.files import AGAIN_S, files_on, look_at_files
from trunktui.poll.record import SbcRecord
from trunktui.transport.script import build_script

BETA = "/etc/asterisk/pjsip_beta.conf"
INVENTORY = Inventory(
    trunks=(
        trunk("a", credential=Credential(file=FILE)),
        trunk("b", credential=Credential(file=FILE)),
        trunk("c", "lon-1", credential=Credential(file=BETA)),
    )
)


TERSE = b" 6123 16 81a0 0 106 fe01 131 1 0 0 1795646305 %d 1788220801 1788220802 4096\n"


def terse(path: str = "/a", second: int = 1788220800) -> bytes:
    """Return what `stat -t` prints of a file."""
    return path.encode() + TERSE % second


def answer(out: bytes = terse(FILE), status: int | None = 0) -> Answer:
    """Return what stat printed."""
    return Answer(0.0, 0.1, (Reply(FILE, status, clean_lines(out)),))


def look(script: list[Answer | SshState], *ats: float) -> tuple[SbcRecord, ScriptedAsker, list[bool]]:
    """Return what is kept after looks at these times."""
    record = SbcRecord(Sbc("nyc-1", "asterisk", SshTarget("192.0.2.1")), "asterisk")
    asker = ScriptedAsker(script, Clock())

    async def go() -> list[bool]:
        return [await look_at_files(asker, INVENTORY, record, at) for at in ats]

    return record, asker, asyncio.run(go())


def test_each_file_of_an_sbc_is_asked_once_in_hours_as_the_login_itself() -> None:
    record, asker, news = look([answer(), answer()], 0.0, 60.0, AGAIN_S + 1)
    assert news == [True, False, False]
    assert record.files == (FileTime(Safe(FILE), date(2026, 9, 1)),)
    (command,) = asker.asked[0].commands
    assert command.argv == ("stat", "-t", FILE)
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
        (terse(), b"", date(2026, 9, 1), ""),
        (b" ".join(terse().split()[:-1]), b"", date(2026, 9, 1), ""),  # busybox tells no birth
        (b"", b"stat: cannot statx '/a': Permission denied\n", None, "Permission denied"),
        (b"", b"stat: can't stat '/a': No such file or directory\n", None, "No such file or directory"),
        (b"", b"sh: stat: not found\n", None, "not found"),
        (b"", b"", None, "not told by stat"),
        (terse(second=0), b"", None, "not told by stat"),
        (terse(second=10**12), b"", None, "not told by stat"),
        (terse("/ab"), b"", None, "not told by stat"),
        (b" ".join(terse().split()[:12]), b"", None, "not told by stat"),
        (b"\xff\x1b[2J\n", b"", None, "not told by stat"),
    ],
)
def test_stat_tells_the_day_or_why_not(out: bytes, errors: bytes, day: date | None, why: str) -> None:
    reply = Reply("/a", 1 if errors else 0, clean_lines(out), clean_lines(errors))
    assert boxshell.file_time(reply) == FileTime(Safe("/a"), day, Safe(why))


def test_every_path_that_the_config_takes_can_be_asked_for() -> None:
    longest = "/etc/" + "a-b_c.d+e@f" * 17
    assert RULES["remote_file"](longest) is None
    ask = SshAsk((boxshell.file_command(longest),))
    assert longest in build_script(ask, "0" * 16, None)
