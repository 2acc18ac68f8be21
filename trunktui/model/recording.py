"""What belongs to records (see `finding`): whether they are known, what they may say, and in which words."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from trunktui.model.finding import Record, RecordKind
from trunktui.model.text import Safe, clean


class RecordsNote(Struct, frozen=True):
    """Whether the records could be `read`, and in one line what is wrong with them; empty where nothing is."""

    read: bool = False
    notice: Safe = Safe("")


NOTE_LIMIT = 200
"""Characters kept of a note."""

EARLIEST = dt.date(2000, 1, 1)
"""No record is of an earlier day."""

SUBJECT_WORDS = {
    RecordKind.ROTATED: "trunk",
    RecordKind.AUDITED: "account",
    RecordKind.RESTRICTED: "account",
}
"""What a record of each kind is about."""

VERBS = {
    RecordKind.ROTATED: "rotated",
    RecordKind.AUDITED: "audited",
    RecordKind.RESTRICTED: "attested",
}
"""The word by which a record of each kind is made: a command's, and the audit log's."""

_THINGS = {
    RecordKind.ROTATED: ("credential", "rotated"),
    RecordKind.AUDITED: ("allowlist", "compared"),
    RecordKind.RESTRICTED: ("source restriction", "attested"),
}


def said_of(record: Record) -> Safe:
    """Return what a record says in one sentence, without who said it."""
    thing, done = _THINGS[record.kind]
    what = f"{SUBJECT_WORDS[record.kind]} {record.subject}"
    return Safe(f"{thing} of {what} {done} on {record.day.isoformat()}")


def unsaid(kind: RecordKind, subject: str) -> Safe:
    """Return that nothing of a kind is recorded of `subject`."""
    thing, done = _THINGS[kind]
    return clean(f"no record says that the {thing} of {SUBJECT_WORDS[kind]} {subject} was {done}", 400)


def taken_back(wrong: Record, before: Record | None) -> Safe:
    """Return in one sentence what was taken back, and what counts now."""
    now = "no other record" if before is None else f"what counts now is {before.day.isoformat()}"
    return Safe(f"taken back: {said_of(wrong)}, as {wrong.who} had said; {now}")


def why_no_day(day: dt.date, today: dt.date) -> str:
    """Return why a record of `day` cannot be; empty where it can."""
    if day > today:
        return f"{day.isoformat()} is still to come (today is {today.isoformat()}, UTC)"
    return f"{day.isoformat()} is before {EARLIEST.isoformat()}" if day < EARLIEST else ""
