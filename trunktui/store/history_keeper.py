"""The thread that writes a history: takes what an engine hands over, never makes it wait, outlives a full disk.

Events are written at once, polls a minute's worth at a time. What cannot be written now is kept, up to a bound, and
tried again; `trouble` says so in one line.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from trunktui.model.history import Event, Findings, Known, Sample
from trunktui.model.text import LINE_LIMIT, Safe, clean
from trunktui.store.history_file import Batch, HistoryFile, Limits, broken
from trunktui.store.history_place import FILE_NAME, PlaceError, TakenError

log = logging.getLogger(__name__)

FLUSH_S = 60.0
"""Seconds of polls in one row: what a killed engine loses of them at most."""

RETRY_S = 5.0
MOST_EVENTS = 10_000
MOST_SAMPLES = 100_000
"""What waits while the disk takes nothing; past it the oldest goes."""

NEWS_S = 600.0
"""Seconds for which it is said that a damaged file was put aside, or that another dashboard writes."""

TIDY_S = 30.0
"""Seconds between looks for what is too old, where the last found nothing."""

_IDLE_S = 1.0
_BUSY_S = 0.2

Outside = Callable[[str], tuple[Sequence[Event], str]]
"""Finds events that others left elsewhere: given how far it came, returns what is new and how far it is now."""


class HistoryKeeper:
    """Keeps the history of `folder`. `monotonic` and `wall` are clocks; `told` is called in its thread when `trouble` differs.

    `outside` is asked now and then for what happened elsewhere (the audit log); it may block, and raises OSError.
    `known` is what stands in the file already: it is written again where another file has to be begun.
    """

    def __init__(
        self,
        folder: Path,
        limits: Limits,
        monotonic: Callable[[], float],
        wall: Callable[[], float],
        told: Callable[[Safe], None],
        outside: Outside | None = None,
        known: Sequence[Known] = (),
    ) -> None:
        self._folder = folder
        self._limits = limits
        self._monotonic = monotonic
        self._wall = wall
        self._told = told
        self._outside = outside
        self._lock = threading.Condition()
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._samples: deque[tuple[str, Sample]] = deque(maxlen=MOST_SAMPLES)
        self._known: dict[tuple[str, str], Known] = {}
        self._states: dict[tuple[str, str], Known] = {(one.kind.value, one.subject): one for one in known}
        self._forgotten: dict[tuple[str, str], Known] = {}
        self._lost = 0
        self._closing = False
        self._urgent = False
        self._file: HistoryFile | None = None
        self._suspect = False
        self._trouble = Safe("")
        self._again_at = 0.0
        self._news_until = 0.0
        self._taken_at: float | None = None
        self._tidy_at = 0.0
        self._flushed_at = 0.0
        self._asked_at = 0.0
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._flushed_at = self._monotonic()
        self._thread.start()

    @property
    def trouble(self) -> Safe:
        """Why nothing is kept now, on one line; empty where it is."""
        return self._trouble

    def record(self, event: Event) -> None:
        """Have an event written."""
        self.take(Findings(events=(event,)))

    def take(self, found: Findings) -> None:
        """Have all this written; returns at once."""
        with self._lock:
            self._lost += max(len(self._events) + len(found.events) - MOST_EVENTS, 0)
            self._events.extend(found.events)
            self._samples.extend(found.samples)
            for one in found.forgotten:
                self._known.pop((one.kind.value, one.subject), None)
                self._states.pop((one.kind.value, one.subject), None)
                self._forgotten[one.kind.value, one.subject] = one
            self._states.update({(one.kind.value, one.subject): one for one in found.known})
            for one in found.known:
                self._forgotten.pop((one.kind.value, one.subject), None)
                self._known[one.kind.value, one.subject] = one
            if found.events or found.known or found.forgotten:
                self._urgent = True
                self._lock.notify()

    def close(self, within_s: float) -> bool:
        """Write what is left and let go of the file; tell whether that was done within `within_s` seconds."""
        with self._lock:
            self._closing = True
            self._lock.notify()
        if self._thread.ident is not None:
            self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        wait_s = 0.0
        try:
            while True:
                with self._lock:
                    if not (self._urgent or self._closing):
                        self._lock.wait(wait_s)
                    closing, self._urgent = self._closing, False
                wait_s = self._turn(closing=closing)
                if closing:
                    return
        finally:
            self._let_go()

    def _turn(self, *, closing: bool) -> float:
        """Write what there is to write; return after how many seconds to look again."""
        now = self._monotonic()
        if self._file is None and (now >= self._again_at or closing):
            self._again_at = now + RETRY_S
            self._guarded(self._open)
        if self._file is None:
            return _IDLE_S
        if not self._file.in_place:
            self._let_go()
            self._again_at = 0.0
            return _BUSY_S
        if self._outside is not None and now - self._asked_at >= RETRY_S:
            self._asked_at = now
            self._guarded(self._look_outside)
        flush = closing or now - self._flushed_at >= FLUSH_S
        if flush:
            self._flushed_at = now
        if not self._guarded(lambda: self._write(flush=flush)):
            return _IDLE_S
        if self._trouble and now >= self._news_until:
            self._say("")  # only now: a full disk lets a file be opened
        if closing:
            return _IDLE_S
        if now >= self._tidy_at:
            self._tidy_at = now + TIDY_S
            self._guarded(self._tidy)
        return _BUSY_S if self._tidy_at <= now else _IDLE_S

    def _tidy(self) -> None:
        """Make one step towards the limits; the next comes soon where there is another to make."""
        if self._file is not None and self._file.tidy(self._wall()):
            self._tidy_at = 0.0

    def _guarded(self, work: Callable[[], None]) -> bool:
        """Do some work with the file; what goes wrong becomes the trouble. Tell whether all went well."""
        try:
            work()
        except TakenError as error:
            self._drop()
            now = self._monotonic()
            self._taken_at = now if self._taken_at is None else self._taken_at
            recent = now - self._taken_at < NEWS_S  # where operators share a state folder it is so for good
            self._say(f"history is read-only here: {error}" if recent else "")
        except PlaceError as error:
            self._say(f"no history: {self._folder / FILE_NAME} {error}")
        except OSError as error:
            self._say(f"no history: {self._folder / FILE_NAME}: {(error.strerror or 'no access').lower()}")
        except sqlite3.Error as error:
            self._failed(error)
        else:
            return True
        return False

    def _failed(self, error: sqlite3.Error) -> None:
        self._say(f"no history: {self._folder / FILE_NAME}: {error}")
        self._suspect = broken(error)
        if self._suspect:
            self._again_at = 0.0  # it is put aside, and another begun, at once
        self._let_go()

    def _open(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = HistoryFile(self._folder, self._limits, self._wall(), suspect=self._suspect)
        file.__enter__()
        self._file, self._suspect, self._taken_at = file, False, None
        with self._lock:
            # It may be a new file, or another engine may have been at it: what we know goes in whole.
            self._known = dict(self._states)
        if file.aside:
            said = f"the history was damaged: it is kept as {file.aside}, and a new one begun"
            self._say(said, until=self._monotonic() + NEWS_S)

    def _write(self, *, flush: bool) -> None:
        file = self._file
        if file is None:
            return
        with self._lock:
            batch = Batch(
                events=tuple(self._events),
                samples=tuple(self._samples) if flush else (),
                known=tuple(self._known.values()),
                forgotten=tuple(self._forgotten.values()),
            )
        if not (batch.events or batch.samples or batch.known or batch.forgotten):
            return
        try:
            file.write(batch)
        except sqlite3.OperationalError as error:
            # The bound of our own making: the oldest goes, and what is new gets its room.
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL or not file.at_limit or not file.make_room():
                raise
            file.write(batch)
        self._written(batch)

    def _written(self, batch: Batch) -> None:
        """Forget what is on the disk now; what was handed over meanwhile stays."""
        with self._lock:
            # What is no longer first fell off the end while it was written.
            for event in batch.events:
                if self._events and self._events[0] is event:
                    self._events.popleft()
            for sample in batch.samples:
                if self._samples and self._samples[0] is sample:
                    self._samples.popleft()
            for state in batch.known:
                if self._known.get((state.kind.value, state.subject)) is state:
                    del self._known[state.kind.value, state.subject]
            for state in batch.forgotten:
                if self._forgotten.get((state.kind.value, state.subject)) is state:
                    del self._forgotten[state.kind.value, state.subject]
            lost, self._lost = self._lost, 0
        if lost:
            log.warning("%d events were not kept: too many for the time that nothing could be written", lost)

    def _drop(self) -> None:
        """Forget what another process writes."""
        with self._lock:
            self._events.clear()
            self._samples.clear()
            self._known.clear()
            self._forgotten.clear()

    def _look_outside(self) -> None:
        if self._outside is None or self._file is None:
            return
        before = self._file.note("outside")
        events, after = self._outside(before)
        if after != before:
            self._file.write(Batch(events=events, notes=(("outside", after),)))

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(sqlite3.Error):
                file.__exit__(None, None, None)

    def _say(self, said: str, until: float = 0.0) -> None:
        """Tell the trouble; what is well again takes it back, but not before `until`."""
        trouble, self._news_until = clean(said, LINE_LIMIT), until
        if trouble != self._trouble:
            self._trouble = trouble
            if trouble:
                log.warning("%s", trouble)
            self._told(trouble)
