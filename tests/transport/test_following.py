"""Following real files over a real sshd: what `stat`, `dd` and `ls` truly print, rotation, and a flood of lines."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.transport.sshd import Site, Sshd
from trunktui.model.observation import Box
from trunktui.model.tail import Refusal, TailFacts, TailFile, TailKind, TailState, TailStatus
from trunktui.platforms import asterisk, boxtail
from trunktui.poll.follower import MOST, Follower, Trail
from trunktui.transport.ssh import SshAsker, SshShared

BOX = Box(clock_s=1_795_000_000.0, zone_s=3600)
FLOOD = 1_000_000
EVERY = 1000


def line(number: int) -> str:
    """Return a line of which each one differs: its number is the wait for the next attempt."""
    return (
        "[2026-11-23 01:29:38.736] WARNING[12520] res_pjsip_outbound_registration.c: Temporal response '503' received "
        f"from 'sip:10.77.0.21:5071' on registration attempt to 'sip:trunk1008@10.77.0.21:5071', retrying in '{number}'\n"
    )


class Following:
    """One who follows a file over a connection of their own, and what was heard."""

    def __init__(self, asker: SshAsker, path: Path) -> None:
        self.file = TailFile(TailKind.LOG, str(path))
        self.trails: dict[str, Trail] = {}
        self.heard: list[Refusal] = []
        self.status = TailStatus(self.file)
        self._follower = Follower("sbc-1", asterisk, asker, self._take, clock=time.monotonic)

    async def look(self, seconds: float = 5.0) -> TailStatus:
        """Look at the file once."""
        await self._follower.follow((self.file,), self.trails, BOX, time.monotonic() + seconds)
        return self.status

    @property
    def numbers(self) -> list[int | None]:
        """What the lines were that were heard."""
        return [refusal.retry_s for refusal in self.heard]

    def _take(self, file: TailFile, facts: TailFacts, status: TailStatus) -> None:
        assert file == self.file
        assert facts.unread == ()
        self.heard += facts.refusals
        self.status = status


@pytest.fixture
async def following(site: Site, sshd: Sshd, shared: SshShared, tmp_path: Path) -> AsyncIterator[Following]:
    """One who follows `messages.log` in the test's folder."""
    sshd.start()
    asker = SshAsker(site.target(), shared)
    yield Following(asker, tmp_path / "messages.log")
    await asker.close()


async def test_lines_come_once_over_rotation_truncation_and_what_is_written_in_between(
    following: Following, tmp_path: Path
) -> None:
    log = tmp_path / "messages.log"
    assert (await following.look()).state is TailState.MISSING
    log.write_text(line(0) + line(1))
    assert (await following.look()).state is TailState.OK
    log.rename(tmp_path / "messages.log.1")
    with (tmp_path / "messages.log.1").open("a") as late:
        late.write(line(2))
    assert (await following.look()).state is TailState.MISSING
    log.write_text(line(3))
    log.rename(tmp_path / "messages.log.2")
    os.utime(tmp_path / "messages.log.1", (1_700_000_000, 1_700_000_000))
    log.write_text(line(4) + line(5)[:50])
    await following.look()
    assert following.numbers == [0, 1, 2, 3, 4]
    with log.open("a") as more:
        more.write(line(5)[50:])
    await following.look()
    log.write_text("".join(map(line, range(6, 60))))  # emptied, and grown beyond where it was
    assert (await following.look()).state is TailState.OK
    assert following.numbers == list(range(60))
    assert following.status.lost == 0
    assert following.heard[0].at == pytest.approx(1_795_397_378.736 - 0.0, abs=86400 * 30)


async def test_what_is_no_plain_file_is_not_read(following: Following, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "messages.log")
    status = await following.look()
    assert (status.state, status.why.endswith("is no plain file")) == (TailState.UNREADABLE, True)


async def test_a_file_with_a_blank_in_its_name_is_followed(
    following: Following, site: Site, shared: SshShared, tmp_path: Path
) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "my log").write_text(line(7))
    asker = SshAsker(site.target(), shared)
    other = Following(asker, folder / "my log")
    assert (await other.look()).state is TailState.OK
    assert other.numbers == [7]
    place = boxtail.looked(
        await asker.ask(boxtail.look_ask(str(folder / "my log")), 5), str(folder / "my log")
    )
    assert isinstance(place, boxtail.Place)
    stat = (folder / "my log").stat()
    assert (place.size, place.gid, place.inode, place.written) == (
        stat.st_size,
        stat.st_gid,
        str(stat.st_ino),
        int(stat.st_mtime),
    )
    await asker.close()


async def test_a_flood_of_a_million_lines_is_caught_up_with_piece_by_piece_and_none_is_lost(
    following: Following, tmp_path: Path
) -> None:
    log = tmp_path / "messages.log"
    log.write_text(line(0))
    await following.look()
    noise = "[2026-11-23 01:29:38.736] NOTICE[1][C-00000001] chan_pjsip.c: nothing to see here, but again and again\n"
    with log.open("a") as out:
        for number in range(1, FLOOD // EVERY + 1):
            out.write(noise * (EVERY - 1) + line(number))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    looks, most = 0, 0
    while (await following.look()).state is TailState.BEHIND:
        looks += 1
        read = following.trails["log::" + str(log)].position
        assert read is not None
        assert read.offset <= looks * MOST + len(line(0))
        most = max(most, following.status.behind)
        assert looks < 60
    assert following.status.state is TailState.OK
    assert following.numbers == list(range(FLOOD // EVERY + 1))
    assert most > 10 * MOST
    assert following.status.lost == 0
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 64 * 1024, "kB more at the most"
