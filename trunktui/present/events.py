"""The history's events for people and programs: a row each as a table, or as JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from trunktui.model.history import Event
from trunktui.present.document import csv_cell
from trunktui.present.words import NOT_KNOWN, cell_width, fit, to_ascii

SCHEMA = "trunktui.events/1"
"""Changes when the meaning of a field does; a field that is only added does not change it."""

CSV_COLUMNS = (
    "seq", "at", "local", "kind", "subject", "before", "after", "severity", "sentence", "detail",
)  # fmt: skip
"""Columns of the CSV, and keys of an event in the JSON."""

_BETWEEN = "  "
_HEAD = ("UTC", "LOCAL", "KIND", "SUBJECT", "CHANGE", "SEVERITY", "WHAT")

Local = Callable[[datetime], datetime]
"""Puts a time into the reader's zone."""


def events_table(events: Iterable[Event], local: Local, *, ascii_only: bool = False) -> str:
    """Return the events as a table, newest last; the zone has a column of its own where it is not UTC.

    `ascii_only` for an output that cannot take UTF-8.
    """
    lines: list[tuple[str, ...]] = [_HEAD]
    zoned = False
    for event in events:
        moment = _moment(event.at)
        there = None if moment is None else local(moment)
        zoned = zoned or bool(there and there.utcoffset())
        lines.append(
            (
                NOT_KNOWN if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}",
                NOT_KNOWN if there is None else f"{there:%d %H:%M:%S %z}",
                event.kind.value,
                event.subject,
                change(event) or NOT_KNOWN,
                event.severity.value,
                event.sentence,
            )
        )
    if not zoned:
        lines = [(line[0], *line[2:]) for line in lines]
    widths = [max(cell_width(line[index]) for line in lines) for index in range(len(lines[0]) - 1)]
    texts = (
        _BETWEEN.join(
            (*(fit(text, width) for text, width in zip(line, widths, strict=False)), line[-1])
        ).rstrip()
        for line in lines
    )
    return "".join(f"{to_ascii(text) if ascii_only else text}\n" for text in texts)


def change(event: Event) -> str:
    """Return what an event changed, as `up > down`; one state alone where it began or ended something."""
    return " > ".join(filter(None, (event.before, event.after)))


def events_json(events: Iterable[Event], since: datetime, local: Local) -> Iterator[str]:
    """Yield, in pieces, the document of the events from `since` on: every key is always there, ASCII only."""
    yield f'{{\n  "schema": "{SCHEMA}",\n  "since": {json.dumps(_stamp(since))},\n  "events": ['
    between = "\n    "
    for event in events:
        yield between + json.dumps(_document(event, local), allow_nan=False)
        between = ",\n    "
    yield "\n  ]\n}\n"


def events_csv(events: Iterable[Event], local: Local) -> Iterator[str]:
    """Yield the events as CSV, line by line; cells as `document.to_csv` writes them."""
    yield _csv_line(CSV_COLUMNS)
    for event in events:
        document = _document(event, local)
        yield _csv_line(csv_cell(document[column]) for column in CSV_COLUMNS)


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


def _csv_line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(at: float) -> datetime | None:
    """Return a time of day; None for what a file may hold and no calendar has."""
    try:
        moment = datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if 1 < moment.year < 9999 else None
