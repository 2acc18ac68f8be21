"""The form of one line of the audit log, and the chain of hashes that ties each line to the one before it.

A line is the JSON of an `Entry` without blanks, keys in the order of the type; its last key is `hash`, the
SHA-256 of the line without that key. As the line names the hash of the one before (`prev`), each hash stands
for everything above it. Lines are compared as bytes, so nothing hangs on how another program writes JSON.
"""

from __future__ import annotations

import hashlib
import re

import msgspec
from msgspec import Struct

from trunktui.model.audit import AuditRecord, Entry, Who
from trunktui.store.tidy import safe_entry

GENESIS = "0" * 64
"""What the first entry names as the hash before it."""

MAX_LINE = 1024 * 1024
"""Bytes of the longest line that is read as an entry; the longest that is written is about half of that."""

_PLAIN_LIMIT = 8 * 1024

_TAIL = re.compile(rb',"hash":"([0-9a-f]{64})"\}\Z')
_TAIL_BYTES = len(b',"hash":""}') + 64


class Link(Struct, frozen=True):
    """What the chain needs of a line: its number, when it was written, the hash before it and its own."""

    seq: int
    at: str
    prev: str
    hash: str


class _Content(Struct, frozen=True):
    """An entry without its hash: what is hashed. Its order of keys is the order in the file."""

    seq: int
    at: str
    who: Who
    record: AuditRecord
    prev: str


_ENCODER = msgspec.json.Encoder()
_LINKS = msgspec.json.Decoder(Link)
_ENTRIES = msgspec.json.Decoder(Entry)


def seal(seq: int, at: str, who: Who, record: AuditRecord, prev: str) -> tuple[bytes, str]:
    """Return (the line without its line end, its hash).

    Raises TypeError or UnicodeEncodeError for a record that holds anything but clean text.
    """
    content = _ENCODER.encode(_Content(seq, at, who, record, prev))
    digest = hashlib.sha256(content).hexdigest()
    return content[:-1] + b',"hash":"' + digest.encode() + b'"}', digest


def link_of(line: bytes) -> Link | None:
    """Return the link that a whole, unaltered line holds (no line end), else None."""
    tail = _TAIL.search(line, max(len(line) - _TAIL_BYTES, 0))
    if tail is None:
        return None
    digest = hashlib.sha256(line[: tail.start()])
    digest.update(b"}")
    if digest.hexdigest() != tail.group(1).decode():
        return None
    return _decoded(line)


def entry_of(line: bytes) -> Entry | None:
    """Return the entry that a whole, unaltered line holds, its texts fit to be shown.

    None also for an entry of a later version that this one cannot read.
    """
    if link_of(line) is None:
        return None
    try:
        entry = _ENTRIES.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return entry if _is_plain(line) else safe_entry(entry)


def claimed(line: bytes) -> Link | None:
    """Return what a line that has its end says of itself, though its hash does not fit; None if it says nothing."""
    return _decoded(line) if _TAIL.search(line, max(len(line) - _TAIL_BYTES, 0)) else None


def is_cut_off(line: bytes, seq: int) -> bool:
    """Tell whether `line` is the beginning of entry number `seq` without its end, as a killed writer leaves it."""
    start = b'{"seq":%d,"at":"' % seq
    return bool(line) and line[: len(start)] == start[: len(line)] and _TAIL.search(line) is None


def _is_plain(line: bytes) -> bool:
    """Tell whether no text in a line can hold anything to clean: printable ASCII without escapes, not too long."""
    return len(line) <= _PLAIN_LIMIT and line.isascii() and b"\\" not in line and b"\x7f" not in line


def _decoded(line: bytes) -> Link | None:
    try:
        return _LINKS.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
