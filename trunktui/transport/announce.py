"""Tells when a login is through, for whoever waits at a terminal: an Opener around another one."""

from __future__ import annotations

from collections.abc import Callable

from trunktui.model.inventory import SshTarget
from trunktui.transport.asker import Link, Opener, Stage


class Announced:
    """Opens links as `opener` does and calls `logged_in` after each that came up."""

    def __init__(self, opener: Opener, logged_in: Callable[[], None]) -> None:
        self.limits = opener.limits
        self.counters = opener.counters
        self._opener = opener
        self._logged_in = logged_in

    async def open(self, target: SshTarget, stage: Stage) -> Link:
        """Connect and log in to `target`; raises LinkError."""
        link = await self._opener.open(target, stage)
        self._logged_in()
        return link
