"""Composition of the history: read by the screen, before the first frame and beside the engine, and written by the engine."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from trunktui.config.load import Config
    from trunktui.engine.historian import Historian
    from trunktui.model.history import Events, Memory, Series
    from trunktui.model.text import Safe
    from trunktui.poll.fleet import Fleet
    from trunktui.store.history_keeper import HistoryKeeper
    from trunktui.store.history_read import HistoryReader

    T = TypeVar("T")

_END_S = 0.8
"""An engine is waited for a second when it ends."""


def recalled(config: Config, fleet: Fleet) -> Memory:
    """Let `fleet` show what an earlier run knew last; return that. Nothing where there is nothing to be read."""
    from trunktui.model.history import Memory

    if not config.history.enabled or not os.path.exists(config.state_dir / "history.db"):  # noqa: PTH110 - raises nothing
        return Memory()  # SQLite is not even loaded
    from trunktui.model.history import EventKind, hours_of
    from trunktui.poll.past import pasts
    from trunktui.store.history_read import HistoryReader

    with HistoryReader(config.state_dir) as reader:
        memory, _ = reader.memory()
    fleet.recall(pasts(memory, _utc() - time.monotonic()))
    calls = (one for one in memory.known if one.kind is EventKind.CALLS)
    fleet.recall_hours({one.subject: hours_of(one.state) for one in calls})
    return memory


class Remembering:
    """The history of one engine, which is written while inside `with`; `historian` is None where none is to be kept.

    `told` is called, in the loop, with why it cannot be kept, and with nothing once it can.
    """

    def __init__(self, config: Config, memory: Memory) -> None:
        self._config = config
        self._memory = memory
        self._told: Callable[[Safe], None] | None = None
        self._keeper: HistoryKeeper | None = None
        self.historian: Historian | None = None
        if config.history.enabled:
            self._begin()

    def start(self, told: Callable[[Safe], None]) -> None:
        """Begin to write; to be called in the loop."""
        if self._keeper is None or self.historian is None:
            return
        from trunktui.model.history import EventKind

        loop = asyncio.get_running_loop()

        def tell(trouble: Safe) -> None:
            with suppress(RuntimeError):  # the loop is gone: nobody is told any more
                loop.call_soon_threadsafe(told, trouble)

        self._told = tell
        self._keeper.start()
        seen = self._memory.seen
        before = (
            ""
            if seen is None
            else f"; nobody watched since {datetime.fromtimestamp(seen, UTC):%d %b %H:%M UTC}"
        )
        self.historian.note(EventKind.WATCH, self._config.name, f"watching began{before}", after="began")

    def end(self) -> None:
        """Write what is left, as far as that goes quickly."""
        if self._keeper is None or self.historian is None:
            return
        from trunktui.model.history import EventKind

        self.historian.note(EventKind.WATCH, self._config.name, "watching ended", after="ended")
        self._keeper.close(_END_S)

    def _begin(self) -> None:
        from trunktui.engine.historian import Historian
        from trunktui.engine.recorder import Recorder
        from trunktui.model.history import EventKind, Known
        from trunktui.model.text import clean
        from trunktui.store.history_actions import AuditedActions
        from trunktui.store.history_file import Limits
        from trunktui.store.history_keeper import HistoryKeeper

        config, memory = self._config, self._memory
        legs = [Known(EventKind.LEG, one.leg, clean(one.state.value), one.since) for one in memory.legs]
        self._keeper = HistoryKeeper(
            config.state_dir,
            Limits(config.history.days, config.history.size_bytes),
            time.monotonic,
            _utc,
            self._tell,
            AuditedActions(config.state_dir, config.history.days, _utc),
            known=(*legs, *memory.known),
        )
        recorder = Recorder(memory, _utc() - time.monotonic())
        self.historian = Historian(self._keeper, recorder, time.monotonic, _utc)

    def _tell(self, trouble: Safe) -> None:
        if self._told is not None:
            self._told(trouble)


class ScreenHistory:
    """A `tui.ports.History`: questions go one after another to a thread of their own, which nobody waits for at the end."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._questions: SimpleQueue[Callable[[HistoryReader], None]] = SimpleQueue()
        self._thread: Thread | None = None

    async def series(self, leg_id: str, span_s: float) -> Series:
        """Return what was measured of one leg in the last `span_s` seconds, but for the last minute or so."""
        from trunktui.model.history import Series

        now = _utc()
        if not self._config.history.enabled:
            return Series(leg_id, now - span_s, now, why=_off())
        return await self._asked(lambda reader: reader.series(leg_id, now - span_s, now))

    async def events(self, span_s: float, selector: str | None = None, most: int = 1000) -> Events:
        """Return the newest `most` events of the last `span_s` seconds about `selector` (None: all)."""
        from trunktui.model.history import Events

        if not self._config.history.enabled:
            return Events(why=_off())
        since = _utc() - span_s
        return await self._asked(lambda reader: reader.events(since, selector, most=most))

    async def _asked(self, question: Callable[[HistoryReader], T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def answer(reader: HistoryReader) -> None:
            if future.done():  # whoever asked has moved on
                return
            found = question(reader)
            with suppress(RuntimeError):  # the loop is gone: nobody waits any more
                loop.call_soon_threadsafe(partial(_give, future, found))

        self._questions.put(answer)
        if self._thread is None:
            self._thread = Thread(target=self._run, name="history-reader", daemon=True)
            self._thread.start()
        return await future

    def _run(self) -> None:
        from trunktui.store.history_read import HistoryReader

        with HistoryReader(self._config.state_dir) as reader:
            while True:
                self._questions.get()(reader)


def _give(future: asyncio.Future[T], found: T) -> None:
    if not future.done():
        future.set_result(found)


def _off() -> Safe:
    from trunktui.model.text import clean

    return clean("no history: the config has `enabled = false` in [history]")


def _utc() -> float:
    return datetime.now(UTC).timestamp()
