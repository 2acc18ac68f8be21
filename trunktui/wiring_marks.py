"""Composition of maintenance and acknowledgements: their file in the state folder, and the audit of each change."""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import structs

if TYPE_CHECKING:
    from collections.abc import Callable

    from trunktui.config.load import Config
    from trunktui.engine.historian import Historian
    from trunktui.engine.marking import Marker
    from trunktui.model.audit import AuditRecord
    from trunktui.model.marks import End
    from trunktui.model.snapshot import Snapshot
    from trunktui.store.marks import Change, MarkBook


def book_of(config: Config, historian: Historian | None = None) -> MarkBook:
    """Return the marks of the state folder of `config`; reading makes no folder.

    The history has what people did from the audit log; `historian` is told of what ended by itself.
    """
    from trunktui.store.marks import MarkBook

    def noted(change: Change) -> None:
        _audit(config, change)
        if historian is not None and change.end is not None and change.end.who is None:
            _tell(historian, change, change.end)

    return MarkBook(config.state_dir, noted)


def marker_of(config: Config, changed: Callable[[], None], historian: Historian | None = None) -> Marker:
    """Return the engine's keeper of marks."""
    from trunktui.engine.marking import Marker

    return Marker(book_of(config, historian), utc_now, new_id, changed)


def marked(config: Config, snapshot: Snapshot, *, end: bool = True) -> Snapshot:
    """Return a snapshot that was just taken with the marks over it, and with `end` write down which are over by what it shows.

    A folder that cannot be written to changes nothing of what is shown.
    """
    from trunktui.health.overlay import overlaid
    from trunktui.store.marks import MarksError

    book, now = book_of(config), utc_now()
    marks = book.read()
    found, over = overlaid(snapshot, marks.open(now), now)
    for one in over if end else ():
        with suppress(MarksError):
            book.end([one.id], now, one.cause, None, one.words)
    return structs.replace(found, marks=marks.note)


def new_id() -> str:
    """Return a name for a mark, short enough to be typed."""
    return secrets.token_hex(3)


def utc_now() -> datetime:
    """Return the time of day in UTC."""
    return datetime.now(UTC)


def _audit(config: Config, change: Change) -> None:
    """Tell the audit log what a person did to a mark; it is kept anyway, so a log that cannot be written is no hindrance."""
    from trunktui.store.audit import AuditLog
    from trunktui.store.errors import AuditError
    from trunktui.store.syslog import Syslog

    who = change.mark.who if change.end is None else change.end.who
    if who is None:
        return
    log = AuditLog(config.state_dir, who, utc_now, Syslog() if config.document.syslog else None)
    try:
        log.append(_record(change))
    except AuditError as error:
        logging.getLogger(__name__).warning("a mark is not in the audit log: %s", error)


def _tell(historian: Historian, change: Change, end: End) -> None:
    from trunktui.model.history import EventKind

    said = f"{change.mark.target.words}: ended by itself, {end.words or end.cause.value}"
    historian.note(EventKind.MARK, change.mark.target.name, said, after=end.cause.value)


def _record(change: Change) -> AuditRecord:
    from trunktui.model.audit import AuditRecord, RecordKind
    from trunktui.model.marks import Maintenance, Scope

    mark = change.mark
    scope, name = mark.target.scope, mark.target.name
    until = "" if mark.until is None else f" until {mark.until:%Y-%m-%d %H:%M} UTC"
    since = f" from {mark.since:%Y-%m-%d %H:%M} UTC" if isinstance(mark, Maintenance) else ""
    ended = " ended" if change.end is not None else f"{since}{until}"
    return AuditRecord(
        kind=RecordKind.MARK if change.end is None else RecordKind.UNMARK,
        action=mark.id,
        verb="maintenance" if isinstance(mark, Maintenance) else "ack",
        leg=name if scope in {Scope.LEG, Scope.TRUNK} else "",
        sbc=name if scope is Scope.SBC else name.rpartition("@")[2] if scope is Scope.LEG else "",
        carrier=name if scope is Scope.CARRIER else "",
        reason=mark.reason if change.end is None else "",
        sentence=f"{mark.target.words}{ended}",
    )
