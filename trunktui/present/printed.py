"""Lists of what happened, for people and programs: a table with UTC and local times, a JSON document, CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from trunktui.present.words import NOT_KNOWN, cell_width, fit, to_ascii

Local = Callable[[datetime], datetime]
"""Puts a time into the reader's zone."""

_BETWEEN = "  "


class Dated(NamedTuple):
    """One row: when it was, in UTC (None: `untold` stands there), and the texts of the other columns."""

    moment: datetime | None
    texts: tuple[str, ...]
    untold: str = NOT_KNOWN


def dated_table(titles: tuple[str, ...], rows: Iterable[Dated], local: Local, *, ascii_only: bool) -> str:
    """Return a table; `titles` are those of the texts. Local time has a column of its own where it is not UTC.

    `ascii_only` for an output that cannot take UTF-8.
    """
    lines = [("UTC", "LOCAL", *titles)]
    zoned = False
    for row in rows:
        there = None if row.moment is None else local(row.moment)
        zoned = zoned or bool(there and there.utcoffset())
        at = row.untold if row.moment is None else f"{row.moment:%Y-%m-%d %H:%M:%S}"
        lines.append((at, NOT_KNOWN if there is None else f"{there:%d %H:%M:%S %z}", *row.texts))
    if not zoned:
        lines = [(line[0], *line[2:]) for line in lines]
    return table(lines, ascii_only=ascii_only)


def table(lines: Sequence[tuple[str, ...]], *, ascii_only: bool) -> str:
    """Return lines of the same number of texts as columns; the last is not filled up."""
    widths = [max(cell_width(line[index]) for line in lines) for index in range(len(lines[0]) - 1)]
    texts = (
        _BETWEEN.join(
            (*(fit(text, width) for text, width in zip(line, widths, strict=False)), line[-1])
        ).rstrip()
        for line in lines
    )
    return "".join(f"{to_ascii(text) if ascii_only else text}\n" for text in texts)


def json_list(head: Mapping[str, str], name: str, items: Iterable[object]) -> Iterator[str]:
    """Yield, in pieces, a document of `head` and, under `name`, an item a line; ASCII only."""
    told = "".join(f"\n  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items())
    yield f"{{{told}\n  {json.dumps(name)}: ["
    between = "\n    "
    for item in items:
        yield between + json.dumps(item, allow_nan=False)
        between = ",\n    "
    yield "\n  ]\n}\n"


def csv_line(cells: Iterable[str]) -> str:
    """Return one line of CSV; a cell is as `document.csv_cell` makes it."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
