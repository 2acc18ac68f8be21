"""Decides what of an SNMP reply may be believed: count, OIDs, order, types and ranges. Pure.

An agent's refusal comes as a *value* (noSuchObject) with error status 0, and a reply may carry variables under
any error status; the types tell, never the texts.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from trunktui.model.redact import redact
from trunktui.model.snmp import GetAnswer, Got, Kind, Oid, SnmpGet, SnmpWalk, Value
from trunktui.model.text import LINE_LIMIT, Safe, clean, clean_lines

NO_SUCH = frozenset({"noSuchObject", "noSuchInstance"})
END = "endOfMibView"
MAX_LINES = 40
"""Lines kept of one multi-line text."""

WALK_BYTES = 1_000_000
_NOT_MINE = 16
_RANGES = {
    Kind.INTEGER: (-(2**31), 2**31 - 1),
    Kind.COUNTER: (0, 2**32 - 1),
    Kind.GAUGE: (0, 2**32 - 1),
    Kind.TICKS: (0, 2**32 - 1),
}
_WIRE_TYPES = {kind: kind.value for kind in Kind} | {Kind.LINES: Kind.TEXT.value}
_ERRORS = ("noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr", "noAccess")


class Bound(NamedTuple):
    """One variable of a reply: its OID, its type's name on the wire, its number, bytes or identifier."""

    oid: Oid
    type: str
    value: int | bytes | Oid | None


class Reply(Struct, frozen=True):
    """One response PDU that answers our request; not checked yet."""

    error_status: int
    bindings: tuple[Bound, ...]


class Page(Struct, frozen=True):
    """What one bulk reply adds to a walk: rows by index, and whether the column ended."""

    rows: dict[Oid, Value]
    ended: bool


class BadReplyError(Exception):
    """A reply that must not be believed; the message says why, in our words."""


class RefusedError(Exception):
    """The agent says that this user may not read this (authorizationError)."""


def read_get(get: SnmpGet, reply: Reply) -> GetAnswer:
    """Return what may be believed of the reply to `get`. Raises BadReplyError, RefusedError."""
    _no_error(reply)
    if len(reply.bindings) != len(get.variables):
        raise BadReplyError(f"{len(reply.bindings)} variables came back for {len(get.variables)} asked")
    values: dict[str, Value] = {}
    absent: set[str] = set()
    bad: dict[str, Safe] = {}
    for variable, bound in zip(get.variables, reply.bindings, strict=True):
        if bound.oid != variable.oid:
            raise BadReplyError(f"another object came back than {dotted(variable.oid)}")
        if bound.type in NO_SUCH:
            absent.add(variable.key)
            continue
        try:
            values[variable.key] = read_value(variable.kind, bound)
        except BadReplyError as error:
            bad[variable.key] = clean(str(error))
    return GetAnswer(get.key, Got.ANSWERED, values, frozenset(absent), bad)


def read_page(walk: SnmpWalk, after: Oid, most: int, reply: Reply) -> Page:
    """Return the rows of one bulk reply that follow `after`. Raises BadReplyError, RefusedError.

    `most` is the number of repetitions asked for. The column ends at the first OID outside it.
    """
    _no_error(reply)
    if not reply.bindings or len(reply.bindings) > most:
        raise BadReplyError(f"{len(reply.bindings)} rows came back for at most {most} asked")
    rows: dict[Oid, Value] = {}
    last, size = after, len(walk.root)
    for bound in reply.bindings:
        if bound.type == END:
            return Page(rows, ended=True)
        if bound.oid <= last:
            raise BadReplyError(f"the agent's table goes in circles at {dotted(bound.oid)}")
        if bound.oid[:size] != walk.root:
            return Page(rows, ended=True)
        rows[bound.oid[size:]] = read_value(walk.kind, bound)
        last = bound.oid
    return Page(rows, ended=False)


def read_value(kind: Kind, bound: Bound) -> Value:
    """Return one value as its type promises, text cleaned and redacted. Raises BadReplyError."""
    wanted = _WIRE_TYPES[kind]
    if bound.type != wanted:
        raise BadReplyError(f"{dotted(bound.oid)} is of type {bound.type}, not {wanted}")
    value = bound.value
    if isinstance(value, int):
        low, high = _RANGES.get(kind, (0, -1))
        if low <= value <= high:
            return value
    elif isinstance(value, bytes):
        return _text(value) if kind is Kind.TEXT else _lines(value)
    elif isinstance(value, tuple):
        return value
    raise BadReplyError(f"{dotted(bound.oid)} is out of its range")


def dotted(oid: Oid) -> str:
    """Return an OID as text, cut where an agent made it absurdly long."""
    text = ".".join(str(part) for part in oid[:40])
    return text if len(oid) <= 40 else f"{text}..."


def size_of(reply: Reply) -> int:
    """Return about how many bytes a reply's variables take."""
    texts = (len(bound.value) for bound in reply.bindings if isinstance(bound.value, bytes))
    return sum(texts) + sum(4 + len(bound.oid) for bound in reply.bindings)


def _no_error(reply: Reply) -> None:
    status = reply.error_status
    if status == _NOT_MINE:
        raise RefusedError
    if status != 0:
        name = _ERRORS[status] if 0 <= status < len(_ERRORS) else str(status)
        raise BadReplyError(f"the agent answered with error {name}")


def _text(raw: bytes) -> Safe:
    return Safe(redact(clean(raw.rstrip(b"\0"), LINE_LIMIT)))


def _lines(raw: bytes) -> tuple[Safe, ...]:
    return tuple(Safe(redact(line)) for line in clean_lines(raw.rstrip(b"\0"))[:MAX_LINES])
