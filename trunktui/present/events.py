"""The history's events for people and programs: a row each as a table, or as JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from trunktui.model.history import Event
from trunktui.present.printed import Dated, Local, csv_line, dated_table, json_list
from trunktui.present.sheet import csv_cell
from trunktui.present.words import NOT_KNOWN

SCHEMA = "trunktui.events/1"
"""Changes when the meaning of a field does; a field that is only added does not change it."""

CSV_COLUMNS = (
    "seq", "at", "local", "kind", "subject", "before", "after", "severity", "sentence", "detail",
)  # fmt: skip
"""Columns of the CSV, and keys of an event in the JSON."""

_TITLES = ("KIND", "SUBJECT", "CHANGE", "SEVERITY", "WHAT")


def events_table(events: Iterable[Event], local: Local, *, ascii_only: bool = False) -> str:
    """Return the events as a table, newest last (see `printed.dated_table`)."""
    rows = (
        Dated(
            _moment(event.at),
            (
                event.kind.value,
                event.subject,
                change(event) or NOT_KNOWN,
                event.severity.value,
                event.sentence,
            ),
        )
        for event in events
    )
    return dated_table(_TITLES, rows, local, ascii_only=ascii_only)


def change(event: Event) -> str:
    """Return what an event changed, as `up > down`; one state alone where it began or ended something."""
    return " > ".join(filter(None, (event.before, event.after)))


def events_json(events: Iterable[Event], since: datetime, local: Local) -> Iterator[str]:
    """Return, in pieces, the document of the events from `since` on: every key is always there, ASCII only."""
    head = {"schema": SCHEMA, "since": _stamp(since)}
    return json_list(head, "events", (_document(event, local) for event in events))


def events_csv(events: Iterable[Event], local: Local) -> Iterator[str]:
    """Yield the events as CSV, line by line; cells as `document.to_csv` writes them."""
    yield csv_line(CSV_COLUMNS)
    for event in events:
        document = _document(event, local)
        yield csv_line(csv_cell(document[column]) for column in CSV_COLUMNS)


def _document(event: Event, local: Local) -> dict[str, object]:
    """Build one event; what was not said is null."""
    moment = _moment(event.at)
    return {
        "seq": event.seq,
        "at": None if moment is None else _stamp(moment),
        "local": None if moment is None else local(moment).isoformat(timespec="milliseconds"),
        "kind": event.kind.value,
        "subject": event.subject,
        "before": event.before or None,
        "after": event.after or None,
        "severity": event.severity.value,
        "sentence": event.sentence,
        "detail": event.detail or None,
    }


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(at: float) -> datetime | None:
    """Return a time of day; None for what a file may hold and no calendar has."""
    try:
        moment = datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if 1 < moment.year < 9999 else None
