"""Writes SNMP's elements and reads those of a request, with their places in the datagram. Pure.

The product reads with a library; the simulated agent does not, so that neither is right only by the other's grace.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

Oid = tuple[int, ...]

_MOST_ARCS = 128
_MOST_OID_BYTES = 640


class Tag(IntEnum):
    """The types of SNMPv2; the last three are values that say why there is none."""

    INTEGER = 0x02
    OCTETS = 0x04
    NULL = 0x05
    OID = 0x06
    SEQUENCE = 0x30
    COUNTER = 0x41
    GAUGE = 0x42
    TICKS = 0x43
    NO_OBJECT = 0x80
    NO_INSTANCE = 0x81
    END_OF_VIEW = 0x82


Plain = int | bytes | Oid | None
"""A value before it is encoded; None where the tag says it all."""


class Typed(NamedTuple):
    """A value and the type it goes by."""

    tag: Tag
    value: Plain = None


class Element(NamedTuple):
    """An element of a datagram: its tag, and where its content begins and ends."""

    tag: int
    start: int
    end: int


def wrapped(tag: int, content: bytes) -> bytes:
    """Return one element, its length in the shortest form."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    raw = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(raw))) + raw + content


def sequence(*parts: bytes) -> bytes:
    """Return a sequence of elements."""
    return wrapped(Tag.SEQUENCE, b"".join(parts))


def integer(value: int) -> bytes:
    """Return an INTEGER."""
    return encoded(Typed(Tag.INTEGER, value))


def octets(value: bytes) -> bytes:
    """Return an OCTET STRING."""
    return wrapped(Tag.OCTETS, value)


def encoded(typed: Typed) -> bytes:
    """Return a value as an element."""
    value = typed.value
    if isinstance(value, int):
        # One bit more than its digits: an unsigned number must not look negative.
        size = (value if value >= 0 else ~value).bit_length() // 8 + 1
        return wrapped(typed.tag, value.to_bytes(size, "big", signed=True))
    if isinstance(value, tuple):
        return wrapped(typed.tag, _arcs(value))
    return wrapped(typed.tag, value or b"")


def element(data: bytes, at: int, limit: int) -> Element:
    """Return the element at `at`, which must end before `limit`. Raises ValueError."""
    if at + 2 > limit:
        raise ValueError("cut off")
    size, start = data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 4 or start + count > limit:
            raise ValueError("no definite length")
        size, start = int.from_bytes(data[start : start + count], "big"), start + count
    if start + size > limit:
        raise ValueError("longer than what holds it")
    return Element(data[at], start, start + size)


def inside(data: bytes, whole: Element, tag: int = Tag.SEQUENCE) -> list[Element]:
    """Return the elements within one of type `tag`. Raises ValueError."""
    if whole.tag != tag:
        raise ValueError("another type")
    found, at = [], whole.start
    while at < whole.end:
        found.append(element(data, at, whole.end))
        at = found[-1].end
    return found


def number(data: bytes, one: Element) -> int:
    """Return an INTEGER of 32 bits. Raises ValueError."""
    if one.tag != Tag.INTEGER or not 1 <= one.end - one.start <= 5:
        raise ValueError("no number")
    return int.from_bytes(data[one.start : one.end], "big", signed=True)


def text(data: bytes, one: Element) -> bytes:
    """Return an OCTET STRING's content. Raises ValueError."""
    if one.tag != Tag.OCTETS:
        raise ValueError("no string")
    return data[one.start : one.end]


def identifier(data: bytes, one: Element) -> Oid:
    """Return an OBJECT IDENTIFIER. Raises ValueError."""
    raw = data[one.start : one.end]
    if one.tag != Tag.OID or not 1 <= len(raw) <= _MOST_OID_BYTES or raw[-1] & 0x80:
        raise ValueError("no object identifier")
    arcs: list[int] = []
    value = 0
    for byte in raw:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    if len(arcs) > _MOST_ARCS:
        raise ValueError("an endless object identifier")
    first = min(arcs[0] // 40, 2)
    return (first, arcs[0] - 40 * first, *arcs[1:])


def _arcs(oid: Oid) -> bytes:
    raw = bytearray()
    for arc in (oid[0] * 40 + oid[1], *oid[2:]):
        piece, rest = [arc & 0x7F], arc >> 7
        while rest:
            piece.append(rest & 0x7F | 0x80)
            rest >>= 7
        raw += bytes(reversed(piece))
    return bytes(raw)
