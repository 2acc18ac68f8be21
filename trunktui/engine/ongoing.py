"""Keeps what is under way in an engine: since when, what was told of it, and whether anything is left to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec import structs

from trunktui.actions.ports import Tell
from trunktui.model.acting import Running, Step
from trunktui.model.action import Verb
from trunktui.model.text import Safe

_STEPS = 100
"""Lines of progress that are kept of each SBC that an action is on."""


class Ongoing:
    """The actions under way. `changed` is called when one began, ended or told something; `clock` is monotonic."""

    def __init__(self, clock: Callable[[], float], changed: Callable[[], None]) -> None:
        self._clock = clock
        self._changed = changed
        self._running: dict[str, Running] = {}
        self._sbcs: dict[str, int] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def __bool__(self) -> bool:
        """Whether anything is under way."""
        return bool(self._running)

    def __contains__(self, action: str) -> bool:
        """Tell whether `action` is under way."""
        return action in self._running

    @property
    def running(self) -> tuple[Running, ...]:
        """What is under way, in the order in which it began."""
        return tuple(self._running.values())

    @property
    def sbcs(self) -> int:
        """On how many SBCs, those whose turn is still to come among them: each takes its time."""
        return sum(self._sbcs.values())

    def begin(self, action: str, verb: Verb, about: str, sbcs: int = 1) -> Tell:
        """Note that `action` on a leg or a group begins; return what takes its progress."""
        self._running[action] = Running(action, verb, about, self._clock())
        self._sbcs[action] = max(sbcs, 1)
        self._idle.clear()
        self._changed()

        def tell(said: Safe) -> None:
            one = self._running[action]
            steps = (*one.steps, Step(self._clock(), said))[-_STEPS * self._sbcs[action] :]
            self._running[action] = structs.replace(one, steps=steps)
            self._changed()

        return tell

    def end(self, action: str) -> tuple[Step, ...]:
        """Note that it is over; return what was told of it."""
        done = self._running.pop(action)
        del self._sbcs[action]
        if not self._running:
            self._idle.set()
        self._changed()
        return done.steps

    async def wait(self) -> None:
        """Wait until nothing is under way."""
        await self._idle.wait()
