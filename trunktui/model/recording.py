"""What belongs to records (see `finding`): whether they are known, what they may say, and in which words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from msgspec import Struct

from trunktui.model.finding import Confidence, Record, RecordKind
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


def newest(records: Iterable[Record], kind: RecordKind, subject: str) -> Record | None:
    """Return the record that counts of those of a kind about `subject`: that of the latest day."""
    own = (one for one in records if one.kind is kind and one.subject == subject)
    return max(own, key=lambda one: (one.day, one.at), default=None)


def why_no_day(day: dt.date, today: dt.date) -> str:
    """Return why a record of `day` cannot be; empty where it can."""
    if day > today:
        return f"{day.isoformat()} is still to come (today is {today.isoformat()}, UTC)"
    return f"{day.isoformat()} is before {EARLIEST.isoformat()}" if day < EARLIEST else ""


class AllowlistAge(Struct, frozen=True):
    """An account's allowlist as the config has it, and the last `day` on which it was compared, said by `source`.

    `entries` None: the config does not tell what stands on it. `seen`: the SBCs that the carrier has to know by their
    address, each with it. Other None: not known, or not told.
    """

    account: Safe
    carrier: Safe
    entries: tuple[Safe, ...] | None
    limit: int | None
    lead_time_s: float | None
    day: dt.date | None
    due: dt.date | None
    source: Safe
    confidence: Confidence
    seen: tuple[tuple[str, Safe | None], ...] = ()


class RestrictionAge(Struct, frozen=True):
    """The last `day` on which a carrier attested that it takes an account from our addresses only, said by `source`."""

    account: Safe
    carrier: Safe
    day: dt.date | None
    due: dt.date | None
    source: Safe
    confidence: Confidence
