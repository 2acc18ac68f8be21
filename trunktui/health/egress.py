"""Judges by which address carriers see an SBC, from what it tells itself: who says so, and why if nobody can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from msgspec import Struct

from trunktui.health.trail import Trail, follow
from trunktui.model.observation import Destination, NativeLeg
from trunktui.model.snapshot import Egress, EgressKind, Resolved
from trunktui.model.surroundings import Interface, Surroundings
from trunktui.model.text import Safe, clean

_LIMIT = 160
_NOT_PUBLIC = tuple(
    ip_network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::/127",
        "fc00::/7",
        "fe80::/10",
    )
)
"""What no carrier sees through the internet: private, carrier-grade NAT, loopback, link-local. (`is_private` of the
standard library also holds the networks of examples.)"""


class Seen(Struct, frozen=True):
    """The address carriers see, who says so; without an address, `source` says why nobody can tell."""

    address: str | None
    source: Safe
    kind: EgressKind = EgressKind.OWN


class EgressMemory(Struct, frozen=True):
    """What was seen last, and how the address went over time, by one kind of source."""

    last: Seen | None = None
    kind: EgressKind | None = None
    trail: Trail = Trail()


def is_public(address: str) -> bool:
    """Whether an address is one that the internet routes."""
    one = ip_address(address)
    return not any(one.version == net.version and one in net for net in _NOT_PUBLIC) and not one.is_multicast


def judge_egress(around: Surroundings, legs: Sequence[NativeLeg]) -> Seen:
    """Return how carriers see an SBC: STUN's word, then the setting of the transport, then its own address.

    STUN is the only one that looks from outside. A transport's setting is what an administrator says of a NAT; it
    stands before the machine's own address, which that NAT replaces.
    """
    used = _used(around.interfaces or {}, legs)
    told = _external(around, used)
    if around.outside is not None:
        seen = around.outside
        fails = ", which fails now: its last answer" if seen.fails else ""
        differs = "" if told is None or told.address == seen.address else f"; {told.source}: {told.address}"
        return Seen(seen.address, _words(f"STUN server {seen.server}{fails}{differs}"), EgressKind.STUN)
    return told or _own(around, used)


def _used(interfaces: dict[str, Interface], legs: Sequence[NativeLeg]) -> list[tuple[Interface, int]]:
    """Return the ways out that legs are told to use and by how many; all of them where none is told."""
    counted = Counter(name for leg in legs for name in leg.interfaces if name in interfaces)
    return [(one, counted[name]) for name, one in interfaces.items() if not counted or name in counted]


def _external(around: Surroundings, used: list[tuple[Interface, int]]) -> Seen | None:
    """Return the external address that most legs' ways out are set to; the others are named with it."""
    votes: dict[str, int] = {}
    words: dict[str, str] = {}
    for one, count in used:
        address = None if one.external is None else _address(one.external, around)
        if address is None:
            continue
        votes[address] = votes.get(address, 0) + count
        name = "" if one.external == address else f" ({one.external})"
        words.setdefault(address, f"external address of {one.name}{name}")
    if not votes:
        return None
    best = max(sorted(votes), key=lambda address: votes[address])
    others = "".join(f"; {words[other]}: {other}" for other in sorted(votes) if other != best)
    return Seen(best, _words(words[best] + others), EgressKind.TRANSPORT)


def _address(external: str, around: Surroundings) -> str | None:
    try:
        return str(ip_address(external))
    except ValueError:
        found = around.names.get(external, ())
        return found[0] if len(found) == 1 else None


def _own(around: Surroundings, used: list[tuple[Interface, int]]) -> Seen:
    """Return the machine's own address where no NAT can be between it and a carrier, else why nothing is known."""
    refused = around.why_refused
    unread = f"; transports not readable: {refused}" if around.interfaces is None and refused else ""
    binds = {one.bind for one, _ in used if one.bind is not None and not ip_address(one.bind).is_loopback}
    sources: Counter[tuple[str, bool]] = Counter()
    for way in around.ways.values():
        own = way.source if way.source in binds or not binds or len(binds) > 1 else next(iter(binds))
        if not ip_address(own).is_loopback and ip_address(own).version == ip_address(way.source).version:
            sources[own, way.direct] += 1
    public = [(own, direct) for own, direct in sources if is_public(own)]
    near = [(own, direct) for own, direct in sources if direct]
    for found, how in (
        (public, "its own address, a public one"),
        (near, "its own address, no router between"),
    ):
        if found:
            best = max(sorted(found), key=lambda pair: sources[pair])[0]
            return Seen(best, _words(f"{how}{unread}"), EgressKind.OWN)
    if unread:
        return Seen(None, _words(unread.removeprefix("; ")))
    if around.interfaces is None:
        return Seen(None, _words("its transports are not read yet"))
    if not sources:
        return Seen(None, _words("no STUN server, no external address, and no route to a carrier is known"))
    own = max(sorted(sources), key=lambda pair: sources[pair])[0]
    return Seen(
        None,
        _words(f"{own} is private, and neither a transport's external address nor STUN tells the NAT's"),
    )


def _words(text: str) -> Safe:
    return clean(text, _LIMIT)


def remember_egress(memory: EgressMemory, seen: Seen, at: float) -> EgressMemory:
    """Return `memory` with one more look. An address that nobody can tell now is still what it was.

    Another kind of source begins anew: it says something else, which does not mean that anything changed.
    """
    if seen.address is None:
        return EgressMemory(seen, memory.kind, memory.trail)
    trail = memory.trail if memory.kind is seen.kind else Trail()
    return EgressMemory(seen, seen.kind, follow(trail, (seen.address,), at))


def egress_of(memory: EgressMemory) -> tuple[Egress | None, Safe]:
    """Return how carriers see an SBC, or why that is not known."""
    last, trail = memory.last, memory.trail
    if last is None:
        return None, Safe("not asked yet")
    if last.address is None or not trail.settled:
        return None, last.source
    address = next(iter(trail.settled))
    also = "" if last.address == address else f"; turns: {last.address} at the last look"
    before = next(iter(trail.before), None) if trail.before else None
    return Egress(address, _words(last.source + also), trail.since, before, last.kind), Safe("")


def resolved_of(host: str, addresses: tuple[str, ...], trail: Trail) -> Resolved:
    """Return what a name leads to, with how that went."""
    before = None if trail.before is None else tuple(sorted(trail.before))
    return Resolved(host, addresses, tuple(sorted(trail.settled or ())), trail.since, before)


def targets_of(
    destinations: tuple[Destination, ...] | None, names: dict[str, tuple[str, ...]]
) -> tuple[str, ...] | None:
    """Return the addresses that destinations lead to, in their order; None where one of them is not known.

    A name without a port may have SRV records alone: that it has no address proves nothing.
    """
    found: dict[str, None] = {}
    for one in destinations or ():
        try:
            addresses: tuple[str, ...] | None = (str(ip_address(one.host)),)
        except ValueError:
            addresses = names.get(one.host)
        if addresses is None or (not addresses and one.port is None):
            return None
        found.update(dict.fromkeys(addresses))
    return tuple(found) if destinations else None


def unresolved(
    destinations: tuple[Destination, ...] | None, names: dict[str, tuple[str, ...]]
) -> Safe | None:
    """Return the first name among destinations of which the SBC finds no address, None where there is none.

    Without a port SRV records come first, which nobody asked for: that is said with the name.
    """
    for one in destinations or ():
        if names.get(one.host) == ():
            return clean(one.host if one.port is not None else f"{one.host} (no A or AAAA)", 80)
    return None


def egress_fault(egress: Egress | None, expected: str | None) -> Safe:
    """Say that carriers see another address than the config's, empty where they do not or nothing is known."""
    if egress is None or expected is None or _same(egress.address, expected):
        return Safe("")
    return clean(
        f"carriers see {egress.address} ({egress.source}), the config says egress_ip {expected}", _LIMIT
    )


def _same(one: str, other: str) -> bool:
    try:
        return ip_address(one) == ip_address(other)
    except ValueError:
        return False
