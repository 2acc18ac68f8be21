"""How much of everything the transport allows: seconds, bytes, sessions, and logins at one time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct

from trunktui.model.link import SshState


class Limits(Struct, frozen=True):
    """Ceilings of one process. Times in seconds; an ask's own budget may end things earlier.

    `greeting_s` is how long we listen for a server that speaks first before we speak. `connects` counts
    logins at one time over all SBCs, and connections being opened to one address (sshd's MaxStartups drops
    some from the tenth on). `linger_s` is how long an ended session may take to close, `settle_s` how long
    sshd counts it (MaxSessions) after that. `output_bytes` is what is kept of each of stdout and stderr per
    ask; `sessions` the most per connection.
    """

    connect_s: float = 5.0
    login_s: float = 8.0
    agent_s: float = 2.0
    greeting_s: float = 1.0
    keepalive_s: float = 5.0
    keepalive_count: int = 3
    linger_s: float = 0.5
    settle_s: float = 0.05
    close_s: float = 0.9
    connects: int = 5
    sessions: int = 2
    output_bytes: int = 1024 * 1024


class Turnstile:
    """Lets few connections be opened at a time: to one address, and in the login, where both sides compute.

    An address has its own queue, so that SBCs that do not answer hold up nobody but themselves.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._logins = asyncio.Semaphore(at_once)
        self._doors: dict[tuple[str, int], asyncio.Semaphore] = {}
        self._inside: dict[tuple[str, int], int] = {}

    @asynccontextmanager
    async def door(self, host: str, port: int) -> AsyncIterator[None]:
        """Wait for a turn to open a connection to `host`:`port`, and hold it."""
        key = host, port
        self._inside[key] = self._inside.get(key, 0) + 1
        try:
            async with self._doors.setdefault(key, asyncio.Semaphore(self._at_once)):
                yield
        finally:
            self._inside[key] -= 1
            if not self._inside[key]:
                del self._inside[key], self._doors[key]

    @asynccontextmanager
    async def login(self, greeted: bool) -> AsyncIterator[None]:
        """Wait for a turn to log in, and hold it; a server that has not spoken needs none."""
        if not greeted:
            yield
            return
        async with self._logins:
            yield


class Counters:
    """What happened since the process began, for `doctor`, the log and tests."""

    def __init__(self) -> None:
        self.asks = 0
        self.logins = 0
        self.faults: dict[SshState, int] = {}

    def count_fault(self, state: SshState) -> None:
        """Add one to the faults of this meaning."""
        self.faults[state] = self.faults.get(state, 0) + 1
