"""Makes the texts of an audit record fit to be kept for ever: clean, bounded, without what looks like a secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from trunktui.model.audit import AuditRecord, Entry, RecordKind, Who
from trunktui.model.redact import redact
from trunktui.model.switch import Move
from trunktui.model.text import clean

TEXT_LIMIT = 1024
"""Characters kept of one text: twice the longest command there is."""

ITEMS_LIMIT = 32
"""Commands, or guards, kept of one record; what is more is counted."""

_RECORDS = msgspec.json.Decoder(AuditRecord)
_S = TypeVar("_S", AuditRecord, Who)


def tidy_record(record: AuditRecord) -> AuditRecord:
    """Return `record` as it may be written: every text cleaned, cut and redacted.

    Raises TypeError, naming the field and never its value, where something is not what the type says.
    """
    kind: object = record.kind
    if not isinstance(kind, RecordKind):
        raise TypeError("kind is no kind of record")
    tidy = _each_text(record, lambda text: clean(redact(clean(text, TEXT_LIMIT)), TEXT_LIMIT))
    try:
        _RECORDS.decode(msgspec.json.encode(tidy))  # nothing is written that could not be read
    except msgspec.ValidationError as error:
        raise TypeError(str(error)) from error
    return tidy


def tidy_who(who: Who) -> Who:
    """Return `who` with every text cleaned and cut. Raises TypeError like `tidy_record`."""
    return _each_text(who, lambda text: clean(text, TEXT_LIMIT))


def safe_entry(entry: Entry) -> Entry:
    """Return an entry that was read, fit to be shown: somebody else may have written the line."""
    return msgspec.structs.replace(
        entry,
        at=clean(entry.at, TEXT_LIMIT),
        who=tidy_who(entry.who),
        record=_each_text(entry.record, lambda text: clean(text, TEXT_LIMIT)),
    )


def _each_text(struct: _S, change: Callable[[str], str]) -> _S:
    changed: dict[str, object] = {}
    for name in struct.__struct_fields__:
        value: object = getattr(struct, name)
        if value is None or isinstance(value, int | RecordKind):
            continue
        if isinstance(value, Move):
            new: object = _move(value, change)
        elif isinstance(value, str):
            new = change(value)
        elif isinstance(value, tuple) and all(isinstance(item, str) for item in value):
            new = _items(value, change)
        else:
            raise TypeError(f"{name} is no text")
        if new != value:
            changed[name] = new
    return msgspec.structs.replace(struct, **changed) if changed else struct


def _move(move: Move, change: Callable[[str], str]) -> Move:
    """Return a move with every text in it changed; none is left out, for its undo is made of it."""
    return msgspec.convert(_deep(msgspec.to_builtins(move), change), Move)


def _deep(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): _deep(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_deep(item, change) for item in value]
    return value


def _items(items: tuple[str, ...], change: Callable[[str], str]) -> tuple[str, ...]:
    kept = tuple(change(item) for item in items[:ITEMS_LIMIT])
    more = len(items) - ITEMS_LIMIT
    return (*kept[:-1], f"… and {more + 1} more") if more > 0 else kept
