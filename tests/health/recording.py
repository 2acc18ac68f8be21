"""Runs the engine's recorder over one leg as it was judged, look after look."""

from __future__ import annotations

from collections.abc import Iterable

from trunktui.engine.recorder import Recorder
from trunktui.model.history import Event, Memory
from trunktui.model.snapshot import LegStatus, Snapshot


def recorded(looks: Iterable[LegStatus]) -> list[list[Event]]:
    """Return the events that each look brings; no SBC is beside the leg, so want of news is nobody's."""
    recorder = Recorder(Memory(), 0.0)
    return [
        list(recorder.look(Snapshot(n, 30.0 * n, legs=(status,)), 0.0).events)
        for n, status in enumerate(looks)
    ]
