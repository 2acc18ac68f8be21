"""What any SBC on Linux tells of its way to the carriers, whatever its software: routes, names, ends of certificates.

A platform of which nothing more is known takes `surroundings_asks` and `parse_surroundings` as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from msgspec import structs

from trunktui.model.ask import Answer, Command, Reply, SshAsk
from trunktui.model.observation import NativeLeg
from trunktui.model.surroundings import Surroundings
from trunktui.platforms import boxshell

_BATCH = 12
_MOST_NAMES = 40
_MOST_WAYS = 8
_PATIENCE = 2
"""So many lookups that hang, and the rest is left for the next look: the resolver's servers are dead."""

Reader = Callable[[Surroundings, Reply, str, str], Surroundings]
"""Reads a reply into surroundings; the words are the two halves of its key: `way 10.0.0.1`."""


def surroundings_asks(legs: tuple[NativeLeg, ...], before: Surroundings) -> tuple[SshAsk, ...]:
    """Return what is still to be asked of the machine."""
    return batched(machine(legs, before), legs, before)


def parse_surroundings(answers: tuple[Answer, ...], before: Surroundings) -> Surroundings:
    """Read routes, names and certificates; of its software's ways out nothing is known."""
    return folded(answers, structs.replace(before, interfaces=before.interfaces or {}), read)


def batched(
    wanted: Iterable[Command], legs: tuple[NativeLeg, ...], before: Surroundings
) -> tuple[SshAsk, ...]:
    """Return asks for what is `wanted` and was not asked yet, then for names: a lookup may hang."""
    names = _names(legs, before) if len(before.hung & before.asked) < _PATIENCE else ()
    batches = [
        [one for one in commands if one.key not in before.asked and one.key not in before.refused]
        for commands in (wanted, names)
    ]
    return tuple(
        SshAsk(tuple(batch[i : i + _BATCH])) for batch in batches for i in range(0, len(batch), _BATCH)
    )


def machine(legs: tuple[NativeLeg, ...], before: Surroundings) -> Iterator[Command]:
    """Yield the questions for routes to some of the carriers' addresses, and for the ends of certificates."""
    hosts = [one.host for leg in legs for one in leg.destinations or ()]
    addresses = Counter(a for host in hosts for a in _addresses(host, before))
    for address, _ in addresses.most_common(_MOST_WAYS):
        yield boxshell.way_to(address)
    for one in (before.interfaces or {}).values():
        if one.certificate is not None and boxshell.is_file(one.certificate):
            yield boxshell.end_of(one.certificate)


def folded(answers: tuple[Answer, ...], before: Surroundings, reader: Reader) -> Surroundings:
    """Return `before` with each reply that came noted as asked, and read by `reader` unless it hung."""
    seen = before
    for reply in (reply for answer in answers for reply in answer.replies):
        if reply.status is None and not reply.truncated:
            continue  # it never ran, or the answer broke off
        hung, key = reply.status in {124, 137}, frozenset({reply.key})
        seen = structs.replace(
            seen, asked=seen.asked | key, hung=seen.hung | key if hung else seen.hung - key
        )
        if not hung:
            kind, _, subject = reply.key.partition(" ")
            seen = reader(seen, reply, kind, subject)
    return seen


def read(seen: Surroundings, reply: Reply, kind: str, subject: str) -> Surroundings:
    """Read one reply of the machine's own programs."""
    match kind:
        case "way":
            way = boxshell.way(reply)
            ways = {key: one for key, one in seen.ways.items() if key != subject}
            return structs.replace(seen, ways=ways if way is None else {**ways, subject: way})
        case "name":
            found = boxshell.resolved(reply)
            return seen if found is None else structs.replace(seen, names={**seen.names, subject: found})
        case "certificate":
            whose = next((i for i in (seen.interfaces or {}).values() if i.certificate == subject), None)
            if whose is None:
                return seen
            told = boxshell.certificate(reply, whose.name, subject)
            return structs.replace(seen, certificates={**seen.certificates, subject: told})
        case _:
            return seen


def _addresses(host: str, before: Surroundings) -> tuple[str, ...]:
    address = boxshell.literal(host)
    return before.names.get(host, ())[:2] if address is None else (address,)


def _names(legs: tuple[NativeLeg, ...], before: Surroundings) -> Iterator[Command]:
    """Yield the questions for names; those that hung at the look before come last."""
    hosts = dict.fromkeys(one.host for leg in legs for one in leg.destinations or ())
    hosts.update(dict.fromkeys(one.external for one in (before.interfaces or {}).values() if one.external))
    commands = [boxshell.name_of(host) for host in hosts if boxshell.is_host(host)][:_MOST_NAMES]
    yield from sorted(commands, key=lambda command: command.key in before.hung)
