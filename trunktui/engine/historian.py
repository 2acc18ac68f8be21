"""Hands what the engine sees to whoever keeps the history: snapshots through the recorder, other events as they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from trunktui.engine.recorder import Recorder
from trunktui.model.health import Severity
from trunktui.model.history import Event, EventKind, Findings, event_of
from trunktui.model.snapshot import Snapshot


class Keeper(Protocol):
    """What is needed of `store.history_keeper.HistoryKeeper`."""

    def take(self, found: Findings) -> None:
        """Have all this written; returns at once."""


class Historian:
    """Of one engine; `clock` is monotonic, `wall` UTC, both in seconds."""

    def __init__(
        self, keeper: Keeper, recorder: Recorder, clock: Callable[[], float], wall: Callable[[], float]
    ) -> None:
        self._keeper = keeper
        self._recorder = recorder
        self._clock = clock
        self._wall = wall

    def see(self, snapshot: Snapshot) -> None:
        """Keep what is new in a snapshot."""
        found = self._recorder.look(snapshot, self._wall() - self._clock())
        if found:
            self._keeper.take(found)

    def record(self, event: Event) -> None:
        """Keep an event that no snapshot tells."""
        self._keeper.take(Findings(events=(event,)))

    def note(
        self,
        kind: EventKind,
        subject: str,
        sentence: str,
        severity: Severity = Severity.NONE,
        before: str = "",
        after: str = "",
    ) -> None:
        """Keep an event of now."""
        self.record(event_of(self._wall(), kind, subject, sentence, before, after, severity))
