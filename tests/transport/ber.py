"""Writes and reads SNMP messages byte by byte, wrong ones too; shares nothing with what the product uses."""

from __future__ import annotations

from typing import NamedTuple

GET, NEXT, RESPONSE, SET, TRAP1, BULK, INFORM, TRAP, REPORT = range(0xA0, 0xA9)
INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
IP, COUNTER, GAUGE, TICKS, OPAQUE, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
NO_OBJECT, NO_INSTANCE, END = 0x80, 0x81, 0x82

Oid = tuple[int, ...]


class Request(NamedTuple):
    """What a manager asked."""

    community: bytes
    tag: int
    request_id: int
    repetitions: int
    oids: tuple[Oid, ...]


def tlv(tag: int, content: bytes) -> bytes:
    """Return one element; lengths in the shortest form."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    raw = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(raw)]) + raw + content


def number(value: int, tag: int = INTEGER) -> bytes:
    """Return a signed number in as few bytes as it takes."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(parts: Oid) -> bytes:
    """Return an object identifier."""
    raw = bytes([parts[0] * 40 + parts[1]])
    for part in parts[2:]:
        piece = [part & 0x7F]
        while part := part >> 7:
            piece.append(part & 0x7F | 0x80)
        raw += bytes(reversed(piece))
    return tlv(OID, raw)


def binding(name: Oid, value: bytes) -> bytes:
    """Return one variable."""
    return tlv(SEQUENCE, oid(name) + value)


def pdu(tag: int, request_id: int, bindings: list[bytes], status: int = 0, index: int = 0) -> bytes:
    """Return a PDU."""
    body = number(request_id) + number(status) + number(index) + tlv(SEQUENCE, b"".join(bindings))
    return tlv(tag, body)


def message(community: bytes, body: bytes, version: int = 1) -> bytes:
    """Return a whole v1 or v2c message."""
    return tlv(SEQUENCE, number(version) + tlv(OCTETS, community) + body)


def split(data: bytes) -> list[tuple[int, bytes]]:
    """Return the elements of `data`, which must be well formed."""
    found = []
    while data:
        tag, size, start = data[0], data[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(data[2:start], "big")
        found.append((tag, data[start : start + size]))
        data = data[start + size :]
    return found


def read_request(datagram: bytes) -> Request:
    """Read a v2c request."""
    _, community, (tag, body) = split(split(datagram)[0][1])
    request_id, _, last, bindings = split(body)
    names = tuple(_oid(split(one)[0][1]) for _, one in split(bindings[1]))
    return Request(
        community[1], tag, int.from_bytes(request_id[1], "big"), int.from_bytes(last[1], "big"), names
    )


def _oid(raw: bytes) -> Oid:
    parts, value = [raw[0] // 40, raw[0] % 40], 0
    for byte in raw[1:]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            parts.append(value)
            value = 0
    return tuple(parts)
