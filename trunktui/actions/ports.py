"""What actions need of the world around them, so that tests can stand in for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from trunktui.model.audit import AuditRecord, Entry
from trunktui.model.text import Safe
from trunktui.store.audit import Unfinished, Written

Tell = Callable[[Safe], None]
"""Takes one line of progress."""


class Audit(Protocol):
    """The audit log (`store.audit.AuditLog`); every method may block and raises AuditError."""

    def append(self, record: AuditRecord) -> Written:
        """Write one record; when this returns it is on disk, or with the log daemon alone, and `notice` says so."""

    def recent(self, within_s: float) -> tuple[Entry, ...]:
        """Return the entries of the last `within_s` seconds, oldest first."""

    def unfinished(self) -> tuple[Unfinished, ...]:
        """Return every intent that nothing ended, oldest first."""
