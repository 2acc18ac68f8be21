"""The engine's side: runs the pollers, judges the fleet when something changed, sends what differs, takes requests.

A screen that does not read blocks only the sending: polling goes on, and the next frame it takes is the
latest. When the screen is gone the engine ends, once an action that is under way has.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from msgspec import structs

from trunktui import __version__
from trunktui.engine.acts import Acts
from trunktui.engine.attesting import Attester
from trunktui.engine.crew import Crew, Post
from trunktui.engine.foresight import Foresight
from trunktui.engine.historian import Historian
from trunktui.engine.marking import Marker
from trunktui.engine.protocol import (
    HEARTBEAT_S,
    Answered,
    Asked,
    Changes,
    DoingFrame,
    FleetFrame,
    Frame,
    Hello,
    HistoryFrame,
    ProtocolError,
    difference,
    encode,
    read_asked,
)
from trunktui.engine.reload import Reloader
from trunktui.model.acting import Doings
from trunktui.model.health import Severity
from trunktui.model.history import EventKind
from trunktui.model.request import Introduce, Marking, Recording, Reload, Reply
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe, clean
from trunktui.poll.fleet import Fleet
from trunktui.poll.poller import Poller
from trunktui.poll.schedule import Pace

log = logging.getLogger(__name__)

_GATHER_S = 0.2
"""Answers that come in together are judged and sent together."""


class Engine:
    """Polls a fleet, tells one screen about it, and shows it to a `historian`, whether or not the screen listens."""

    def __init__(
        self,
        fleet: Fleet,
        clock: Callable[[], float],
        historian: Historian | None = None,
        foresight: Foresight | None = None,
    ) -> None:
        self._fleet = fleet
        self._clock = clock
        self._historian = historian
        self.foresight = foresight
        self._marker: Marker | None = None
        self._attester: Attester | None = None
        self._dirty = asyncio.Event()
        self._unseen = asyncio.Event()
        self._looked_at = 0.0
        self._sent: Snapshot | None = None
        self._outbox: deque[Frame] = deque()
        self._told = Doings()

    def changed(self) -> None:
        """Note that the fleet, or what is done to it, changed (a callback)."""
        self._dirty.set()
        self._unseen.set()

    def renewed(self) -> None:
        """Note that the fleet is another one: the screen is sent all of it."""
        self._sent = None
        self.changed()

    def history(self, trouble: Safe) -> None:
        """Tell the screen why no history is kept now; empty: it is (a callback)."""
        self._outbox.append(HistoryFrame(trouble))
        self._dirty.set()

    async def run(
        self,
        sock: socket.socket,
        crew: Crew,
        posts: Iterable[Post],
        pace: Pace,
        reloader: Reloader,
        acts: Acts | None = None,
        marker: Marker | None = None,
        attester: Attester | None = None,
    ) -> None:
        """Run until the screen is gone and no action is under way, then close every connection."""
        self._marker = marker
        self._attester = attester
        reader, writer = await asyncio.open_connection(sock=sock)
        writer.transport.set_write_buffer_limits(high=0)
        try:
            async with asyncio.TaskGroup() as tasks:
                jobs = [tasks.create_task(crew.run(posts, pace)), tasks.create_task(self._send(writer, acts))]
                if self._historian is not None:
                    jobs.append(tasks.create_task(self._remember()))
                beside = [one for one in (self.foresight, marker, attester, acts) if one is not None]
                jobs += [tasks.create_task(one.watch()) for one in beside]
                await self._listen(reader, tasks, jobs, reloader, acts)
                if acts is not None:
                    await acts.finish()
                for job in jobs:
                    job.cancel()
        finally:
            writer.close()
        log.info("the screen is gone, the engine ends")

    async def _listen(
        self,
        reader: asyncio.StreamReader,
        tasks: asyncio.TaskGroup,
        jobs: list[asyncio.Task[None]],
        reloader: Reloader,
        acts: Acts | None,
    ) -> None:
        """Begin on every request that comes, until the screen is gone; none waits for another."""
        try:
            while (asked := await read_asked(reader)) is not None:
                jobs[:] = [job for job in jobs if not job.done()]
                jobs.append(tasks.create_task(self._serve(asked, reloader, acts)))
        except ProtocolError as error:
            log.warning("the screen speaks nonsense: %s", error)

    async def _serve(self, asked: Asked, reloader: Reloader, acts: Acts | None) -> None:
        if isinstance(asked.request, Introduce):
            for one in (self._marker, self._attester):
                if one is not None:
                    one.introduced(asked.request.who)
        if isinstance(asked.request, Reload):
            reply, frame = await reloader.reload()
            if self._historian is not None and frame is not None:
                severity = Severity.NONE if reply.done else Severity.WARNING
                self._historian.note(EventKind.CONFIG, reloader.config.name, reply.text, severity)
            if frame is not None:
                self._outbox.append(frame)
        elif isinstance(asked.request, Marking):
            reply = await self._marked(asked.request)
        elif isinstance(asked.request, Recording):
            reply = await self._recorded(asked.request)
        elif acts is None:
            reply = Reply(done=False, text=clean("this engine sends no actions"))
        else:
            reply = await acts.serve(asked.request)
        self._outbox.append(Answered(asked.number, reply))
        self._dirty.set()

    async def _marked(self, request: Marking) -> Reply:
        if self._marker is None:
            return Reply(done=False, text=clean("this engine keeps no marks"))
        return await self._marker.serve(request)

    async def _recorded(self, request: Recording) -> Reply:
        if self._attester is None:
            return Reply(done=False, text=clean("this engine keeps no records"))
        return await self._attester.serve(request)

    async def _send(self, writer: asyncio.StreamWriter, acts: Acts | None) -> None:
        try:
            await _write(writer, Hello(__version__, os.getpid()))
            for one in (self._marker, self._attester):
                if one is not None:
                    await one.ready()
            while True:
                snapshot = self._look()
                frame, self._sent = self._frame(snapshot), snapshot
                await _write(writer, frame)
                if acts is not None and acts.doings != self._told:
                    self._told = acts.doings
                    await _write(writer, DoingFrame(self._told))
                while self._outbox:
                    await _write(writer, self._outbox.popleft())
                await self._wait()
        except ConnectionError:
            log.info("the screen stopped listening")

    def seen(self) -> Snapshot:
        """Judge the fleet as it stands, with marks, findings and the ages of credentials over it, as the screen has it."""
        laid_over = None if self._marker is None else self._marker.laid_over
        snapshot = self._fleet.snapshot(self._clock(), laid_over)
        if self._attester is not None:
            snapshot = structs.replace(snapshot, records=self._attester.note)
        # without the records a credential that was changed would be told to be overdue
        if self.foresight is not None and (self._attester is None or self._attester.known):
            snapshot = self.foresight.laid_over(snapshot)
        return snapshot

    def _look(self) -> Snapshot:
        """Judge the fleet for the screen; the history sees what that is shown."""
        self._unseen.clear()
        snapshot = self.seen()
        self._looked_at = snapshot.at
        if self._historian is not None:
            self._historian.see(snapshot)
        return snapshot

    async def _remember(self) -> None:
        """Look for the history's sake where the screen is not looking: it may be stopped, or its terminal stalled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2 * HEARTBEAT_S):
                    await self._unseen.wait()
            await asyncio.sleep(2 * _GATHER_S)
            if self._unseen.is_set() or self._clock() - self._looked_at > 2 * HEARTBEAT_S:
                self._look()

    def _frame(self, snapshot: Snapshot) -> FleetFrame | Changes:
        return FleetFrame(snapshot) if self._sent is None else difference(self._sent, snapshot)

    async def _wait(self) -> None:
        """Wait for a change, but no longer than a heartbeat: ages turn into states without any news."""
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await self._dirty.wait()
                await asyncio.sleep(_GATHER_S)
        except TimeoutError:
            pass
        self._dirty.clear()


async def _write(writer: asyncio.StreamWriter, frame: Frame) -> None:
    writer.write(encode(frame))
    await writer.drain()


async def poll_once(pollers: Iterable[Poller], budget_s: float, done: Callable[[], None]) -> None:
    """Let every poller poll once, side by side, within `budget_s`; `done` is called as each one ends.

    A poller that is not through by then is cancelled: its SBC stays as it was known, not polled.
    """
    pollers = list(pollers)
    try:
        async with asyncio.timeout(budget_s), asyncio.TaskGroup() as tasks:
            for poller in pollers:
                tasks.create_task(_poll_one(poller.poll(), done))
    except TimeoutError:
        log.warning("not every SBC answered within %s s", budget_s)
    finally:
        await asyncio.gather(*(poller.close() for poller in pollers))


async def _poll_one(poll: Awaitable[object], done: Callable[[], None]) -> None:
    await poll
    done()
