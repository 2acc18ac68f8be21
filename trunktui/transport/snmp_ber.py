"""Looks at the bare structure of an SNMP message before anything reads values out of it. Pure.

The decoding library takes an INTEGER without content for 0, and numbers of 60 kB, and children that outgrow
their parent. An unknown must not become 0, so whatever is not well formed stops here.
"""

from __future__ import annotations

from trunktui.transport.snmp_check import BadReplyError

_MAX_DEPTH = 8
_MAX_NUMBER = 9
_MAX_OID = 640
_CONSTRUCTED = 0x20
_INTEGER, _NULL, _OID = 0x02, 0x05, 0x06
_NUMBERS = frozenset({_INTEGER, 0x41, 0x42, 0x43, 0x46})
_EMPTY = frozenset({_NULL, 0x80, 0x81, 0x82})


def well_formed(data: bytes, *, padded: bool = False) -> bytes:
    """Return the one element that `data` is, without what DES put behind it (`padded`). Raises BadReplyError."""
    end = _element(data, 0, len(data), 0)
    if end != len(data) and not padded:
        raise BadReplyError("something stands behind its end")
    return data[:end]


def _element(data: bytes, at: int, limit: int, depth: int) -> int:
    """Return where the element at `at` ends; it and all within lie before `limit`."""
    if depth > _MAX_DEPTH:
        raise BadReplyError("it is nested too deeply")
    if at + 2 > limit or data[at] & 0x1F == 0x1F:
        raise BadReplyError("it is cut off, or of no type of SNMP's")
    tag, size, start = data[at], data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 4 or start + count > limit:
            raise BadReplyError("an element has no definite length")
        size, start = int.from_bytes(data[start : start + count], "big"), start + count
    end = start + size
    if end > limit:
        raise BadReplyError("an element is longer than what holds it")
    if tag & _CONSTRUCTED:
        while start < end:
            start = _element(data, start, end, depth + 1)
    else:
        _primitive(tag, size)
    return end


def _primitive(tag: int, size: int) -> None:
    if tag in _NUMBERS and not 1 <= size <= _MAX_NUMBER:
        raise BadReplyError(f"a number of {size} bytes")
    if tag == _OID and not 1 <= size <= _MAX_OID:
        raise BadReplyError(f"an object identifier of {size} bytes")
    if tag in _EMPTY and size:
        raise BadReplyError("an empty value that holds something")
