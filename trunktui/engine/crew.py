"""The pollers at work: one per SBC and transport; they come and go as the config changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable

from msgspec import Struct

from trunktui.model.inventory import Inventory, SshTarget
from trunktui.model.snmp import SnmpTarget
from trunktui.poll.poller import Poller
from trunktui.poll.schedule import Pace, first_wait_s


class Post(Struct, frozen=True):
    """What one poller is there for; another way to reach the SBC is another post, and another poller."""

    sbc: str
    platform: str
    target: SshTarget | SnmpTarget


def posts_of(inventory: Inventory) -> tuple[Post, ...]:
    """Return a post over SSH for each SBC, then one over SNMP for each that has it."""
    ssh = [Post(sbc.name, sbc.platform, sbc.ssh) for sbc in inventory.sbcs]
    snmp = [Post(sbc.name, sbc.platform, sbc.snmp) for sbc in inventory.sbcs if sbc.snmp is not None]
    return (*ssh, *snmp)


class Crew:
    """Runs a poller on each post; `hire` makes one."""

    def __init__(self, hire: Callable[[Post, Pace], Poller]) -> None:
        self._hire = hire
        self._pollers: dict[Post, Poller] = {}
        self._jobs: dict[Post, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._pace = Pace()

    async def run(self, posts: Iterable[Post], pace: Pace) -> None:
        """Poll until cancelled, then close every connection."""
        self._pace = pace
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._start(self._tasks, tuple(posts), pace)
                await asyncio.Event().wait()
        finally:
            self._tasks = None
            await asyncio.gather(*(poller.close() for poller in self._pollers.values()))

    async def dismiss(self, posts: Iterable[Post]) -> None:
        """Stop every poller whose post is not among `posts`, and begin to close its connection.

        None of them folds anything into the fleet after this.
        """
        going = self._jobs.keys() - set(posts)
        jobs = [self._jobs.pop(post) for post in going]
        for job in jobs:
            job.cancel()
        if jobs:
            await asyncio.wait(jobs)
        for post in going:
            poller = self._pollers.pop(post)
            if self._tasks is not None:
                self._tasks.create_task(poller.close())

    def renew(self, posts: Iterable[Post], pace: Pace, hurried: Collection[str]) -> None:
        """Go by `pace`, start a poller on each new post at once, poll the SBCs `hurried` now.

        One that had stopped for want of a human is started again: a human has been there.
        """
        posts, self._pace = tuple(posts), pace
        if self._tasks is None:
            return
        for post, job in list(self._jobs.items()):
            self._pollers[post].renew(pace, hurry=post.sbc in hurried and isinstance(post.target, SshTarget))
            if job.done():
                self._jobs[post] = self._tasks.create_task(self._pollers[post].run(0.0))
        self._start(self._tasks, [post for post in posts if post not in self._jobs], pace)

    def hurry(self, sbcs: Collection[str]) -> None:
        """Poll these SBCs now, over SSH: something was done to them."""
        for post in self._jobs:
            if post.sbc in sbcs and isinstance(post.target, SshTarget):
                self._pollers[post].renew(self._pace, hurry=True)

    def _start(self, tasks: asyncio.TaskGroup, posts: Collection[Post], pace: Pace) -> None:
        for index, post in enumerate(posts):
            poller = self._pollers[post] = self._hire(post, pace)
            self._jobs[post] = tasks.create_task(poller.run(first_wait_s(index, len(posts), pace)))
