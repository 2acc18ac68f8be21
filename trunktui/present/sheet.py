"""Documents as CSV for spreadsheets: `status --format csv` and the cells of every other table."""

from __future__ import annotations

import csv
import io

from trunktui.present.document import Row

CSV_COLUMNS = (
    "id",
    "trunk",
    "sbc",
    "carrier",
    "account",
    "groups",
    "auth",
    "auth_source",
    "discovered",
    "actionable",
    "state",
    "severity",
    "since",
    "reason",
    "registration.state",
    "registration.next_in_s",
    "registration.failures",
    "registration.gave_up",
    "registration.code",
    "probe.state",
    "probe.rtt_ms",
    "probe.misses",
    "probe.code",
    "probe.interval_s",
    "probe.detect_s",
    "channels.active",
    "channels.cap",
    "channels.used_of_cap",
    "channels.used_at_least",
    "channels.state",
    "cps.now",
    "cps.at_least",
    "cps.peak",
    "cps.window_s",
    "cps.cap",
    "cps.state",
    "at_risk",
    "at_risk_bound",
    "age_s",
    "maintenance.active",
    "maintenance.id",
    "maintenance.scope",
    "maintenance.name",
    "maintenance.from",
    "maintenance.until",
    "maintenance.reason",
    "maintenance.who",
    "acknowledged.active",
    "acknowledged.id",
    "acknowledged.scope",
    "acknowledged.name",
    "acknowledged.at",
    "acknowledged.until",
    "acknowledged.state",
    "acknowledged.severity",
    "acknowledged.reason",
    "acknowledged.who",
    "targets",
    "wasted",
    "traffic.state",
    "traffic.attempts",
    "traffic.answered",
    "traffic.window_s",
    "traffic.code",
    "traffic.cause",
    "traffic.prefix",
)
"""Columns of `to_csv`: paths into a leg of the document."""

_FORMULA_STARTS = ("=", "+", "-", "@")


def to_csv(document: Row) -> str:
    """Return the legs of the document as CSV: a header, one line per leg, line feeds at the ends.

    Null is an empty cell, a list is joined by blanks. A text that a spreadsheet would take for a formula
    gets a `'` in front.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    legs = document["legs"]
    for leg in legs if isinstance(legs, list) else ():
        writer.writerow([csv_cell(_at(leg, column)) for column in CSV_COLUMNS])
    return out.getvalue()


def _at(leg: object, path: str) -> object:
    value = leg
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def csv_cell(value: object) -> str:
    """Return a value as a cell of CSV: null is empty, and a text that looks like a formula gets a `'` in front."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            value = " ".join(str(item) for item in value)
        case int() | float():
            return str(value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
