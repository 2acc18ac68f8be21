"""Reads the audit log from its beginning, one line at a time, whatever its size."""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from trunktui.model.audit import Entry, RecordKind
from trunktui.store.chain import MAX_LINE, entry_of, link_of
from trunktui.store.ledger import Ledger


class _Record(Struct, frozen=True):
    kind: RecordKind
    action: str = ""


class _Brief(Struct, frozen=True):
    record: _Record


_BRIEFS = msgspec.json.Decoder(_Brief)
_ENDS = frozenset({RecordKind.OUTCOME, RecordKind.REFUSED})


def lines(ledger: Ledger) -> Iterator[bytes]:
    """Yield each line with its line end, which the last one, or one longer than MAX_LINE, may lack.

    A file that is not there has none. Raises OSError, UnsafeError.
    """
    try:
        with ledger.reading() as (descriptor, size), os.fdopen(descriptor, "rb", closefd=False) as file:
            left = size
            while left > 0 and (line := file.readline(min(left, MAX_LINE))):
                left -= len(line)
                yield line
    except FileNotFoundError:
        return


def entries(ledger: Ledger) -> Iterator[Entry]:
    """Yield every whole entry, oldest first. Raises OSError, UnsafeError."""
    for line in lines(ledger):
        if (entry := entry_of(line.removesuffix(b"\n"))) is not None:
            yield entry


def open_intents(ledger: Ledger) -> tuple[Entry, ...]:
    """Return the intents that no outcome and no refusal ended, oldest first. Raises OSError, UnsafeError."""
    waiting: dict[str, bytes] = {}
    for raw in lines(ledger):
        line = raw.removesuffix(b"\n")
        if link_of(line) is None:
            continue
        try:
            brief = _BRIEFS.decode(line).record
        except msgspec.DecodeError:  # a kind of a later version
            continue
        if brief.kind is RecordKind.INTENT:
            waiting[brief.action] = line
        elif brief.kind in _ENDS:
            waiting.pop(brief.action, None)
    return tuple(entry for line in waiting.values() if (entry := entry_of(line)) is not None)
