"""What is said of a log that cannot be written, and when."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from trunktui.engine.logfile import log_trouble
from trunktui.engine.logwatch import LogWatchedFeed
from trunktui.model.feed import EngineStatus, FeedUpdate
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe


class FewUpdates:
    """Gives what is put into it."""

    def __init__(self) -> None:
        self.given: asyncio.Queue[FeedUpdate | None] = asyncio.Queue()
        self.closed = False

    def initial(self) -> Snapshot:
        return Snapshot(0, 0.0)

    async def updates(self) -> AsyncIterator[FeedUpdate]:
        while (update := await self.given.get()) is not None:
            yield update

    async def close(self) -> None:
        self.closed = True


def update(*changed: str, alive: bool = True, notice: str = "") -> FeedUpdate:
    return FeedUpdate(Snapshot(1, 1.0), EngineStatus(alive=alive, notice=Safe(notice)), frozenset(changed))


async def next_notice(updates: AsyncIterator[FeedUpdate], wanted: str) -> FeedUpdate:
    """Return the next update with that notice; earlier ones may be without it."""
    async with asyncio.timeout(30):
        async for got in updates:
            if got.engine.notice == wanted:
                return got
    raise AssertionError("the feed ended")


async def test_a_trouble_is_told_without_news_and_taken_back() -> None:
    trouble = Safe("")
    source = FewUpdates()
    feed = LogWatchedFeed(source, lambda: trouble, every_s=0.01)
    updates = feed.updates()
    source.given.put_nowait(update("a", "b"))
    assert (await next_notice(updates, "")).changed == {"a", "b"}
    trouble = Safe("nothing is logged: full")
    assert (await next_notice(updates, trouble)).changed == frozenset()
    trouble = Safe("")
    await next_notice(updates, "")
    await feed.close()
    assert source.closed


@pytest.mark.parametrize("said", [update(notice="engine restarted"), update(alive=False, notice="it died")])
async def test_what_the_engine_has_to_say_comes_first(said: FeedUpdate) -> None:
    source = FewUpdates()
    feed = LogWatchedFeed(source, lambda: Safe("nothing is logged: full"), every_s=0.01)
    updates = feed.updates()
    source.given.put_nowait(update())
    await next_notice(updates, "nothing is logged: full")
    source.given.put_nowait(said)
    assert (await next_notice(updates, said.engine.notice)).engine == said.engine
    await feed.close()


async def test_it_ends_when_the_feed_ends() -> None:
    source = FewUpdates()
    feed = LogWatchedFeed(source, lambda: Safe(""), every_s=0.01)
    source.given.put_nowait(None)
    async with asyncio.timeout(30):
        assert [got async for got in feed.updates()] == []
    await feed.close()


def test_a_log_with_room_is_no_trouble_and_one_without_a_folder_is(tmp_path: Path) -> None:
    assert log_trouble(tmp_path / "engine.log") == ""
    gone = tmp_path / "gone" / "engine.log"
    assert log_trouble(gone) == f"nothing is logged: {gone}: {os.strerror(2)}"
