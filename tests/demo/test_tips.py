"""The feed with tips: the fleet's updates pass through, and carry the tip that came last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.fleets import fleet, leg
from trunktui.demo.tips import TippedFeed
from trunktui.model.feed import EngineStatus, FeedUpdate
from trunktui.model.snapshot import Snapshot


class Scripted:
    """A feed and a teller in one, fed by the test."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[FeedUpdate | None] = asyncio.Queue()
        self.stream = asyncio.StreamReader()
        self.closed = False

    def initial(self) -> Snapshot:
        return fleet(leg("a@b"))

    async def updates(self) -> AsyncIterator[FeedUpdate]:
        while (update := await self.queue.get()) is not None:
            yield update

    async def close(self) -> None:
        self.closed = True

    async def lines(self) -> asyncio.StreamReader:
        return self.stream


def update(name: str) -> FeedUpdate:
    return FeedUpdate(fleet(leg(name)), EngineStatus(alive=True), frozenset({name}))


async def until(updates: AsyncIterator[FeedUpdate], tip: str) -> FeedUpdate:
    async with asyncio.timeout(5):
        async for found in updates:
            if found.tip == tip:
                return found
    raise AssertionError("the feed ended")


async def test_updates_carry_the_tip_that_came_last() -> None:
    inner = Scripted()
    feed = TippedFeed(inner, inner)
    updates = feed.updates()
    inner.queue.put_nowait(update("x@y"))
    first = await until(updates, "")
    assert first.changed == {"x@y"}
    inner.stream.feed_data(b"tip look at x\n")
    second = await until(updates, "look at x")
    assert (second.snapshot, second.changed) == (first.snapshot, frozenset())
    inner.queue.put_nowait(update("z@y"))
    third = await anext(updates)
    assert third.tip == "look at x"
    assert third.changed == {"z@y"}
    await feed.close()
    assert inner.closed


async def test_what_is_no_tip_is_ignored_and_what_is_odd_is_cleaned() -> None:
    inner = Scripted()
    feed = TippedFeed(inner, inner)
    updates = feed.updates()
    inner.stream.feed_data(b"config /somewhere\ntip \x1b]52;c;aGk=\x07odd\n")
    async with asyncio.timeout(5):
        found = await anext(updates)
        while not found.tip:
            found = await anext(updates)
    assert "\x1b" not in found.tip
    assert found.tip.endswith("odd")
    await feed.close()


async def test_a_simulator_that_goes_away_is_told() -> None:
    inner = Scripted()
    feed = TippedFeed(inner, inner)
    inner.stream.feed_eof()
    async with asyncio.timeout(5):
        found = await anext(feed.updates())
    assert found.tip.startswith("The simulated fleet has stopped")
    await feed.close()


async def test_a_feed_that_breaks_is_loud_and_one_that_ends_ends() -> None:
    inner = Scripted()
    feed = TippedFeed(inner, inner)
    updates = feed.updates()
    inner.queue.put_nowait(None)
    async with asyncio.timeout(5):
        assert [found async for found in updates if found.tip] == []
    await feed.close()

    class Broken(Scripted):
        async def lines(self) -> asyncio.StreamReader:
            raise OSError("pipe")

    broken = Broken()
    feed = TippedFeed(broken, broken)
    with pytest.raises(OSError, match="pipe"):
        async with asyncio.timeout(5):
            await anext(feed.updates())
    await feed.close()
