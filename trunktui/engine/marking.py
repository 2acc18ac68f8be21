"""Maintenance and acknowledgements in the engine: what operators share is read, laid over each snapshot, and changed.

Reading and writing go through a thread: a file system that hangs must hold up no frame.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from msgspec import structs

from trunktui.engine.protocol import HEARTBEAT_S
from trunktui.engine.shared_file import SharedFile
from trunktui.health.overlay import Over, alarm_of, concerns, overlaid
from trunktui.model.audit import Who
from trunktui.model.health import SEVERITY_RANK, Severity
from trunktui.model.marks import Ack, EndCause, Maintenance, Mark, Target, in_force
from trunktui.model.request import Acknowledge, Marking, Reply, Unmark
from trunktui.model.request import Mark as MarkRequest
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe, clean
from trunktui.model.window import span_of
from trunktui.store.marks import Marks, MarksError, Stamp

log = logging.getLogger(__name__)

_STRANGER = "nothing was marked: the engine does not know yet who you are; try again"


class Book(Protocol):
    """What is needed of `store.marks.MarkBook`; every one of these may block."""

    def stamp(self) -> Stamp | None:
        """Return what differs once the file was changed."""

    def read(self) -> Marks:
        """Return the marks."""

    def begin(self, mark: Mark, now: datetime) -> Mark:
        """Keep a mark. Raises MarksError."""

    def end(
        self, ids: Iterable[str], now: datetime, cause: EndCause, who: Who | None = None, words: str = ""
    ) -> tuple[Mark, ...]:
        """End marks. Raises MarksError."""


class Marker:
    """Keeps the marks of one engine. `wall` is UTC; `changed` is called when a snapshot would look different."""

    def __init__(
        self,
        book: Book,
        wall: Callable[[], datetime],
        new_id: Callable[[], str],
        changed: Callable[[], None],
        every_s: float = HEARTBEAT_S,
    ) -> None:
        self._book = book
        self._wall = wall
        self._new_id = new_id
        self._changed = changed
        self._every_s = every_s
        self._file = SharedFile(book)
        self._over: dict[str, Over] = {}
        self._fault = ""
        self._latest = Snapshot(0, 0.0)
        self._who: Who | None = None
        self._poked = asyncio.Event()
        self._turn = asyncio.Lock()

    @property
    def _marks(self) -> Marks | None:
        return self._file.latest

    def introduced(self, who: Who) -> None:
        """Go by it that `who` sits at the terminal."""
        self._who = who

    async def ready(self) -> None:
        """Wait until the marks were read, for a moment: no frame waits for a disk."""
        await self._file.ready()

    async def watch(self) -> None:
        """Look at every heartbeat whether somebody changed the marks, and write down which are over."""
        while True:
            async with self._turn:
                await self._refresh()
                await self._write_over()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._poked.wait()
            self._poked.clear()

    def laid_over(self, snapshot: Snapshot) -> Snapshot:
        """Return a judged snapshot with the marks over it; acknowledgements that are over count no more from here on."""
        if self._marks is None:
            return snapshot
        now = self._wall()
        marks = [mark for mark in self._marks.open(now) if mark.id not in self._over]
        marked, over = overlaid(snapshot, marks, now)
        if over:
            self._over |= {end.id: end for end in over}
            self._poked.set()
        notice = self._fault or self._marks.note.notice
        self._latest = structs.replace(
            marked, marks=structs.replace(self._marks.note, notice=clean(notice, 400))
        )
        return self._latest

    async def serve(self, request: Marking) -> Reply:
        """Carry a request out: written first, then shown. Never raises."""
        if self._who is None:
            return _refused(_STRANGER)
        try:
            async with self._turn:
                await self._refresh()  # what others did since is known before anything is ended
                reply = await self._serve(request, self._who)
                await self._refresh()
        except MarksError as error:
            return _refused(str(error))
        self._changed()
        return reply

    async def _serve(self, request: Marking, who: Who) -> Reply:
        now = self._wall()
        match request:
            case MarkRequest(target, window, reason):
                since, until = span_of(window, now)
                return await self._begin(
                    Maintenance(self._new_id(), target, since, until, clean(reason), who, now), now
                )
            case Acknowledge():
                return await self._acknowledge(request, who, now)
            case Unmark(target, ack=ack):
                return await self._unmark(target, who, now, kind=Ack if ack else Maintenance)

    async def _acknowledge(self, request: Acknowledge, who: Who, now: datetime) -> Reply:
        target, none = request.target, "nothing was acknowledged"
        alarm = alarm_of(self._latest, target)
        if alarm is None:
            return _refused(f"{none}: there is no {target.words}")
        state, severity = alarm
        if severity is Severity.NONE:
            return _refused(f"{none}: {target.words} is {state} and raises no alarm")
        if request.seen is not None and SEVERITY_RANK[severity] > SEVERITY_RANK[request.seen]:
            return _refused(
                f"{none}: {target.words} got louder just now ({state}, {severity.value}); look again"
            )
        until = None if request.window is None else span_of(request.window, now)[1]
        ack = Ack(self._new_id(), target, severity, state, clean(request.reason), who, now, until)
        return await self._begin(ack, now)

    async def _begin(self, mark: Mark, now: datetime) -> Reply:
        kept = await asyncio.to_thread(self._book.begin, mark, now)
        return Reply(done=True, text=clean(_begun(kept, self._legs_of(kept.target), now), 300))

    async def _unmark(
        self, target: Target, who: Who, now: datetime, *, kind: type[Maintenance | Ack]
    ) -> Reply:
        marks = () if self._marks is None else self._marks.open(now)
        of_kind = [mark for mark in marks if isinstance(mark, kind)]
        own = [mark.id for mark in of_kind if mark.target == target]
        what = "maintenance" if kind is Maintenance else "acknowledgement"
        if not own:
            wider = [mark for mark in of_kind if self._is_around(mark.target, target)]
            if wider:
                around = wider[0].target
                return _refused(
                    f"{target.words} is in it with {around.words}: "
                    f":un{'maint' if kind is Maintenance else 'ack'} {around.scope.value} ends that"
                )
            return _refused(f"nothing was ended: {target.words} has no {what}")
        ended = await asyncio.to_thread(self._book.end, own, now, EndCause.ENDED, who)
        if not ended:
            return _refused(f"nothing was ended: the {what} of {target.words} is over already")
        return Reply(done=True, text=clean(f"{what} of {target.words} ended", 300))

    def _is_around(self, wide: Target, target: Target) -> bool:
        return any(
            leg.id == target.name
            and (concerns(wide, leg) or (leg.acknowledged is not None and leg.acknowledged.target == wide))
            for leg in self._latest.legs
        )

    def _legs_of(self, target: Target) -> int:
        return sum(concerns(target, leg) for leg in self._latest.legs)

    async def _refresh(self) -> None:
        """Read the marks again if the file is another one, or was never read."""
        new = await self._file.refresh(sound=self._marks is not None and self._marks.note.read)
        if self._marks is not None:
            kept = {one.mark.id for one in self._marks.kept if one.end is None}
            self._over = {name: over for name, over in self._over.items() if name in kept}
        if new:
            self._changed()

    async def _write_over(self) -> None:
        """Write down which acknowledgements are over; where that cannot be done they are none the less, here."""
        for over in tuple(self._over.values()):
            try:
                await asyncio.to_thread(self._book.end, [over.id], self._wall(), over.cause, None, over.words)
            except MarksError as error:
                if not self._fault:
                    log.warning("an acknowledgement that is over stays written: %s", error)
                self._fault = str(error).replace(
                    "nothing was marked", "that an acknowledgement is over cannot be written"
                )
                return
        self._fault = ""
        if self._over:
            await self._refresh()


def _begun(mark: Mark, legs: int, now: datetime) -> str:
    """Return in one sentence what was begun."""
    count = "" if mark.target.scope.value == "leg" else f" ({legs} {'leg' if legs == 1 else 'legs'})"
    if isinstance(mark, Maintenance):
        since = "" if in_force(mark, now) else f"from {_stamp(mark.since)} "
        return f"maintenance of {mark.target.words}{count} {since}until {_stamp(mark.until)}"
    until = "" if mark.until is None else f", until {_stamp(mark.until)}"
    return f"acknowledged {mark.target.words}: {mark.state}, {mark.severity.value}{until}"


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _refused(text: str) -> Reply:
    return Reply(done=False, text=Safe(clean(text, 300)))
