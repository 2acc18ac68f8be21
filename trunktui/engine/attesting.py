"""Records in the engine: what operators say that they did is read, handed to whoever judges, and added to.

Reading and writing go through a thread: a file system that hangs must hold up no frame.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Collection
from typing import Protocol

from trunktui.config.faults import nearest
from trunktui.engine.protocol import HEARTBEAT_S
from trunktui.engine.shared_file import SharedFile
from trunktui.model.audit import Who
from trunktui.model.finding import Record, RecordKind
from trunktui.model.recording import SUBJECT_WORDS, VERBS, RecordsNote, said_of, taken_back
from trunktui.model.request import Declare, Recording, Reply, Retract
from trunktui.model.text import Safe, clean
from trunktui.store.records import Records, RecordsError
from trunktui.store.shared import Stamp

_STRANGER = "nothing was recorded: the engine does not know yet who you are; try again"


class Book(Protocol):
    """What is needed of `store.records.RecordBook`; every one of these may block."""

    def stamp(self) -> Stamp | None:
        """Return what differs once the file was changed."""

    def read(self) -> Records:
        """Return the records."""

    def add(
        self, kind: RecordKind, subject: str, day: dt.date, who: Who, now: dt.datetime, note: str = ""
    ) -> Record:
        """Keep a record. Raises RecordsError."""

    def take_back(
        self, kind: RecordKind, subject: str, who: Who, now: dt.datetime
    ) -> tuple[Record, Record | None]:
        """Take back the last one. Raises RecordsError."""


class Attester:
    """Keeps the records of one engine. `names` are those in the config that a record of a kind can be about.

    `wall` is UTC; `changed` is called when what is known has changed.
    """

    def __init__(
        self,
        book: Book,
        names: Callable[[RecordKind], Collection[str]],
        wall: Callable[[], dt.datetime],
        changed: Callable[[], None],
        every_s: float = HEARTBEAT_S,
    ) -> None:
        self._book = book
        self._names = names
        self._wall = wall
        self._changed = changed
        self._every_s = every_s
        self._file = SharedFile(book)
        self._who: Who | None = None
        self._turn = asyncio.Lock()

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record that stands, oldest first; none before the file was read."""
        return () if self._file.latest is None else self._file.latest.standing

    @property
    def known(self) -> bool:
        """Whether the file was looked at, however that ended: see `note`."""
        return self._file.latest is not None

    @property
    def note(self) -> RecordsNote:
        """Whether they are known."""
        return RecordsNote() if self._file.latest is None else self._file.latest.note

    def introduced(self, who: Who) -> None:
        """Go by it that `who` sits at the terminal."""
        self._who = who

    async def ready(self) -> None:
        """Wait until the records were read, for a moment: no frame waits for a disk."""
        await self._file.ready()

    async def watch(self) -> None:
        """Look at every heartbeat whether somebody changed the records."""
        while True:
            async with self._turn:
                await self._refresh()
            await asyncio.sleep(self._every_s)

    async def serve(self, request: Recording) -> Reply:
        """Carry a request out: on disk first, then shown. Never raises."""
        who = self._who
        if who is None:
            return _refused(_STRANGER)
        known = sorted(self._names(request.kind))
        if isinstance(request, Declare) and request.subject not in known:
            what = SUBJECT_WORDS[request.kind]
            near = nearest(request.subject, known)
            return _refused(f'no {what} in the config is called "{clean(request.subject, 60)}"{near}')
        try:
            async with self._turn:
                reply = await self._serve(request, who)
                await self._refresh()
        except RecordsError as error:
            return _refused(str(error))
        return reply

    async def _serve(self, request: Recording, who: Who) -> Reply:
        now, kind, subject = self._wall(), request.kind, request.subject
        if isinstance(request, Retract):
            wrong, before = await asyncio.to_thread(self._book.take_back, kind, subject, who, now)
            return _done(taken_back(wrong, before))
        day = now.astimezone(dt.UTC).date() if request.day is None else request.day
        record = await asyncio.to_thread(self._book.add, kind, subject, day, who, now)
        return _done(f"recorded: {said_of(record)}; :{VERBS[kind]} {subject} undo takes it back")

    async def _refresh(self) -> None:
        """Read the records again if the file is another one, or was not read."""
        if await self._file.refresh(sound=self.note.read):
            self._changed()


def _done(text: str) -> Reply:
    return Reply(done=True, text=clean(text, 300))


def _refused(text: str) -> Reply:
    return Reply(done=False, text=Safe(clean(text, 300)))
