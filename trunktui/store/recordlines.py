"""The form of one line of `records.jsonl`: that something was done, or that this was said by mistake.

A line names the version that it is written in. One of a later version is known to be one, and nothing more.
"""

from __future__ import annotations

import datetime as dt

import msgspec
from msgspec import Struct

from trunktui.model.finding import Record
from trunktui.model.recording import EARLIEST, NOTE_LIMIT
from trunktui.model.redact import redact
from trunktui.model.text import clean
from trunktui.store.marklines import LaterVersion, Unreadable, version_of

VERSION = 1

_NAME_LIMIT = 256
_YEARS = range(2000, 3000)


class Undo(Struct, frozen=True):
    """That `record` was a mistake, said by `who` at UTC second `at`."""

    record: Record
    who: str
    at: float


class _Line(Struct, frozen=True, omit_defaults=True):
    """One line; exactly one of the two is there."""

    v: int
    record: Record | None = None
    undo: Undo | None = None


Read = Record | Undo | LaterVersion | Unreadable

_ENCODER = msgspec.json.Encoder()
_LINES = msgspec.json.Decoder(_Line)


def line_of(said: Record | Undo) -> bytes:
    """Return the line that says so, without its line end; every text in it is clean and short."""
    if isinstance(said, Record):
        return _ENCODER.encode(_Line(VERSION, record=tidied(said)))
    return _ENCODER.encode(_Line(VERSION, undo=_tidied_undo(said)))


def read_line(line: bytes) -> Read:
    """Return what a line (no line end) says, its texts fit to be shown whoever wrote it. Never raises."""
    version = version_of(line, VERSION)
    if not isinstance(version, int):
        return version
    try:
        found = _LINES.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Unreadable(torn=False)
    if version != VERSION or (found.record is None) is (found.undo is None):
        return Unreadable(torn=False)
    if found.undo is not None:
        undo = found.undo
        return _tidied_undo(undo) if sound(undo.record) and _in_calendar(undo.at) else Unreadable(torn=False)
    if found.record is not None and sound(found.record):
        return tidied(found.record)
    return Unreadable(torn=False)


def sound(record: Record) -> bool:
    """Tell whether a record is one that may be: of a day that had come when it was said, about something."""
    if not record.subject.strip() or not _in_calendar(record.at):
        return False
    return EARLIEST <= record.day <= dt.datetime.fromtimestamp(record.at, dt.UTC).date()


def tidied(record: Record) -> Record:
    """Return a record as it may be kept and shown: cleaned, cut, without what looks like a secret."""
    return msgspec.structs.replace(
        record,
        subject=clean(record.subject, _NAME_LIMIT),
        who=clean(record.who),
        note=clean(redact(clean(" ".join(record.note.split()), NOTE_LIMIT)), NOTE_LIMIT),
    )


def _tidied_undo(undo: Undo) -> Undo:
    return Undo(tidied(undo.record), clean(undo.who), undo.at)


def _in_calendar(at: float) -> bool:
    try:
        return dt.datetime.fromtimestamp(at, dt.UTC).year in _YEARS
    except (ValueError, OverflowError, OSError):
        return False
