"""The form of one line of `marks.jsonl`: a mark that begins, or the end of one; read back clean, or not at all.

A line names the version that it is written in. One of a later version is known to be one, and nothing more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

import msgspec
from msgspec import Struct

from trunktui.model.marks import (
    ACKNOWLEDGED_SCOPES,
    LONGEST,
    REASON_LIMIT,
    Ack,
    End,
    Maintenance,
    Mark,
    Target,
)
from trunktui.model.redact import redact
from trunktui.model.text import Safe, clean
from trunktui.store.tidy import tidy_who

VERSION = 1
LINE_LIMIT = 16 * 1024
"""Bytes of the longest line that is read; the longest that is written is a quarter of that."""

_STATE_LIMIT = 40
_NAME_LIMIT = 1024
_SLACK = timedelta(minutes=1)
_YEARS = range(2000, 3000)
_BEGINNING = b'{"v":1,"'


class _Line(Struct, frozen=True, omit_defaults=True):
    """One line; exactly one of the three is there."""

    v: int
    maintenance: Maintenance | None = None
    ack: Ack | None = None
    end: End | None = None


class _Version(Struct, frozen=True):
    v: int


class LaterVersion(Struct, frozen=True):
    """A line of a later version of trunktui."""

    version: int


class Unreadable(Struct, frozen=True):
    """A line that is none of ours; `torn`: the beginning of one, whose writer was killed before it was told done."""

    torn: bool


Read = Mark | End | LaterVersion | Unreadable

_M = TypeVar("_M", Maintenance, Ack)
_ENCODER = msgspec.json.Encoder()
_LINES = msgspec.json.Decoder(_Line)
_VERSIONS = msgspec.json.Decoder(_Version)


def line_of(deed: Mark | End) -> bytes:
    """Return the line that says so, without its line end; every text in it is clean and short."""
    match deed:
        case Maintenance():
            return _ENCODER.encode(_Line(VERSION, maintenance=_tidied(deed)))
        case Ack():
            return _ENCODER.encode(_Line(VERSION, ack=_tidied_ack(deed)))
        case End():
            return _ENCODER.encode(_Line(VERSION, end=_tidy_end(deed)))


def read_line(line: bytes) -> Read:
    """Return what a line (no line end) says, its texts fit to be shown whoever wrote it. Never raises."""
    version = version_of(line, VERSION)
    if not isinstance(version, int):
        return version
    try:
        found = _LINES.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Unreadable(torn=False)
    deeds = [deed for deed in (found.maintenance, found.ack, found.end) if deed is not None]
    if version != VERSION or len(deeds) != 1:
        return Unreadable(torn=False)
    (deed,) = deeds
    if isinstance(deed, End):
        return _tidy_end(deed) if deed.at.year in _YEARS else Unreadable(torn=False)
    return tidy_mark(deed) if sound(deed) else Unreadable(torn=False)


def version_of(line: bytes, latest: int) -> int | LaterVersion | Unreadable:
    """Return the version that a line names, if it is no later than `latest`. Never raises."""
    if len(line) > LINE_LIMIT:
        return Unreadable(torn=False)
    try:
        version = _VERSIONS.decode(line).v
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Unreadable(torn=_is_torn(line))
    return LaterVersion(version) if version > latest else version


def sound(mark: Mark) -> bool:
    """Tell whether a mark is one that may be made: it has an end in time, and is about what can be marked."""
    if isinstance(mark, Maintenance):
        years = {at.year for at in (mark.since, mark.until, mark.created)}
        lasts = mark.until - mark.since
        return years <= set(_YEARS) and timedelta(0) < lasts <= LONGEST + _SLACK
    years = {at.year for at in (mark.at, mark.until) if at is not None}
    return years <= set(_YEARS) and mark.target.scope in ACKNOWLEDGED_SCOPES


def tidy_mark(mark: Mark) -> Mark:
    """Return a mark as it may be kept and shown: cleaned, cut, without what looks like a secret."""
    return _tidied_ack(mark) if isinstance(mark, Ack) else _tidied(mark)


def tidy_reason(text: str) -> Safe:
    """Return a reason as one short line."""
    return clean(redact(clean(" ".join(text.split()), REASON_LIMIT)), REASON_LIMIT)


def _tidied(mark: _M) -> _M:
    return msgspec.structs.replace(
        mark,
        id=clean(mark.id, _STATE_LIMIT),
        target=Target(mark.target.scope, clean(mark.target.name, _NAME_LIMIT)),
        reason=tidy_reason(mark.reason),
        who=tidy_who(mark.who),
    )


def _tidied_ack(ack: Ack) -> Ack:
    return msgspec.structs.replace(_tidied(ack), state=clean(ack.state, _STATE_LIMIT))


def _tidy_end(end: End) -> End:
    who = None if end.who is None else tidy_who(end.who)
    return msgspec.structs.replace(
        end, id=clean(end.id, _STATE_LIMIT), words=clean(end.words, REASON_LIMIT), who=who
    )


def _is_torn(line: bytes) -> bool:
    """Tell whether a line that is no JSON is the beginning of one of ours."""
    if line[: len(_BEGINNING)] != _BEGINNING[: len(line)] or not line:
        return False
    try:
        _VERSIONS.decode(line)
    except msgspec.DecodeError as error:
        return "truncated" in str(error)
    except (UnicodeDecodeError, RecursionError):  # cut off inside a character
        return True
    return False
