"""What the tests of the history share: events and samples, a file to write, a reader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trunktui.model.health import LegState, ProbeSignal, RegSignal, Severity
from trunktui.model.history import Event, EventKind, Events, Known, Sample, Series
from trunktui.model.text import clean
from trunktui.store.history_file import Batch, HistoryFile, Limits
from trunktui.store.history_read import HistoryReader

NOON = 1_764_072_000.0
"""A full hour, UTC."""

LEG = "acme@nyc-1"


def event(number: int = 0, at: float = NOON, subject: str = LEG, kind: EventKind = EventKind.LEG) -> Event:
    """Return an event that a test can tell from others by its number."""
    return Event(
        at=at,
        kind=kind,
        subject=clean(subject),
        sentence=clean(f"sentence {number}"),
        before=clean("up"),
        after=clean("down"),
        severity=Severity.MAJOR,
        detail=clean(f"detail {number}"),
    )


def sample(at: float = NOON, *, state: LegState = LegState.UP, rtt_ms: float | None = 23.25) -> Sample:
    """Return a sample of a leg polled every 30 s."""
    return Sample(at, 30.0, state, RegSignal.REGISTERED, ProbeSignal.OK, rtt_ms, channels=7)


def known(state: LegState, since: float | None, leg: str = LEG) -> Known:
    """Return what a leg is known to be."""
    return Known(EventKind.LEG, clean(leg), clean(state.value), since)


def write(
    folder: Path,
    *events: Event,
    samples: Sequence[tuple[str, Sample]] = (),
    knowing: Sequence[Known] = (),
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> list[int]:
    """Open the history in `folder`, write, close it; return the numbers of the events."""
    with HistoryFile(folder, limits, NOON) as file:
        return file.write(Batch(events=events, samples=samples, known=knowing))


def read(folder: Path, since: float = 0.0) -> Events:
    """Return all events."""
    with HistoryReader(folder) as reader:
        return reader.events(since)


def series(folder: Path, since: float, until: float, leg: str = LEG) -> Series:
    """Return what is kept of a leg."""
    with HistoryReader(folder) as reader:
        return reader.series(leg, since, until)
