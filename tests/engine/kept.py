"""A history that is kept in lists."""

from __future__ import annotations

from trunktui.model.history import Event, Findings, Sample


class Kept:
    """A `historian.Keeper`."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.samples: list[tuple[str, Sample]] = []

    def take(self, found: Findings) -> None:
        """Take it."""
        self.events += found.events
        self.samples += found.samples
