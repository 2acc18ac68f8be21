"""A small SNMP agent: reads a request, looks its objects up, writes the reply; v2c here, v3 in `snmp_usm`. Pure.

GET, GETNEXT and GETBULK as RFC 3416 has them; it writes nothing and sends no traps. A datagram that is no request
to it gets no reply, as net-snmp does.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Protocol

from trunktui.demo import ber
from trunktui.demo.ber import Oid, Tag, Typed

_MOST_BINDINGS = 64
_MOST_REPETITIONS = 100
_ROOM = 1300
"""Bytes of variables in one reply: it must fit into one packet, whatever is wrapped around it."""

NOT_ALLOWED = 16
_NOT_WRITABLE = 17
_V2C = 1


class Pdu(IntEnum):
    """The kinds of PDU that it knows."""

    GET = 0xA0
    NEXT = 0xA1
    RESPONSE = 0xA2
    SET = 0xA3
    BULK = 0xA5
    REPORT = 0xA8


class Source(Protocol):
    """What can be asked for (`snmp_words.Objects`); None everywhere: no answer comes, ever."""

    def get(self, oid: Oid) -> Typed | None:
        """Return the value at `oid`, or why there is none."""

    def after(self, oid: Oid) -> tuple[Oid, Typed] | None:
        """Return the next object, or that the view ends."""


class Request(NamedTuple):
    """A request's PDU. `first` and `second` are non-repeaters and repetitions where it is a GETBULK."""

    kind: Pdu
    number: int
    first: int
    second: int
    oids: tuple[Oid, ...]


Binding = tuple[Oid, Typed]


def v2c_reply(datagram: bytes, community: bytes, source: Source) -> bytes | None:
    """Return the reply to a v2c datagram; None where there is none, as for another community."""
    try:
        version, said, body = ber.inside(datagram, ber.element(datagram, 0, len(datagram)))
        if ber.number(datagram, version) != _V2C or ber.text(datagram, said) != community:
            return None
        request = read_request(datagram, body)
    except ValueError:
        return None
    pdu = response(request, source)
    return None if pdu is None else ber.sequence(ber.integer(_V2C), ber.octets(community), pdu)


def read_request(data: bytes, body: ber.Element) -> Request:
    """Return the request in a PDU. Raises ValueError for anything else."""
    kind = Pdu(body.tag)
    number, first, second, bindings = ber.inside(data, body, kind)
    names = []
    for one in ber.inside(data, bindings)[:_MOST_BINDINGS]:
        name, _ = ber.inside(data, one)
        names.append(name)
    return Request(
        kind,
        ber.number(data, number),
        ber.number(data, first),
        ber.number(data, second),
        tuple(ber.identifier(data, name) for name in names),
    )


def response(request: Request, source: Source) -> bytes | None:
    """Return the response PDU to a request; None: one of its objects is never answered, or it is no request."""
    match request.kind:
        case Pdu.GET:
            found: list[Binding | None] = [_got(oid, source) for oid in request.oids]
        case Pdu.NEXT:
            found = [source.after(oid) for oid in request.oids]
        case Pdu.BULK:
            found = _bulk(request, source)
        case Pdu.SET:
            return pdu(Pdu.RESPONSE, request.number, _asked(request), _NOT_WRITABLE, 1)
        case _:
            return None
    bindings = [one for one in found if one is not None]
    return pdu(Pdu.RESPONSE, request.number, bindings) if len(bindings) == len(found) else None


def refusal(request: Request) -> bytes:
    """Return the response PDU that says: this user may not read that."""
    return pdu(Pdu.RESPONSE, request.number, _asked(request), NOT_ALLOWED)


def pdu(kind: Pdu, number: int, bindings: list[Binding], status: int = 0, index: int = 0) -> bytes:
    """Return a PDU."""
    variables = ber.sequence(*(_binding(oid, typed) for oid, typed in bindings))
    return ber.wrapped(kind, ber.integer(number) + ber.integer(status) + ber.integer(index) + variables)


def _binding(oid: Oid, typed: Typed) -> bytes:
    return ber.sequence(ber.encoded(Typed(Tag.OID, oid)), ber.encoded(typed))


def _asked(request: Request) -> list[Binding]:
    return [(oid, Typed(Tag.NULL)) for oid in request.oids]


def _got(oid: Oid, source: Source) -> Binding | None:
    typed = source.get(oid)
    return None if typed is None else (oid, typed)


def _bulk(request: Request, source: Source) -> list[Binding | None]:
    """Return what follows each object, again and again; fewer rows where the rest is not to be had in time."""
    once = min(max(request.first, 0), len(request.oids))
    found: list[Binding | None] = [source.after(oid) for oid in request.oids[:once]]
    places = list(request.oids[once:])
    room = _ROOM
    for row in range(min(max(request.second, 0), _MOST_REPETITIONS)):
        nexts = [source.after(oid) for oid in places]
        rows = [one for one in nexts if one is not None]
        room -= sum(len(_binding(*one)) for one in rows)
        if row and (len(rows) < len(nexts) or room < 0):
            break
        found += nexts
        places = [oid for oid, _ in rows]
        if all(typed.tag is Tag.END_OF_VIEW for _, typed in rows):
            break
    return found
