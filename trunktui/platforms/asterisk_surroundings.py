"""What Asterisk tells of its way to the carriers: its transports, what a STUN server saw of it, and its machine's part.

What `pjsip show transports` prints (columns are minimum widths):

    Transport:  <TransportId........>  <Type>  <cos>  <tos>  <BindAddress....................>
    ==========================================================================================

    Transport:  transport tls/eu          tls      0      0  10.77.0.10:5061
    Transport:  transport-six             tcp      0      0  [::1]:5065

    Objects found: 2

`pjsip show transport NAME` adds the list of its settings, `external_signaling_address` and `cert_file` among them.
What `stun show status` prints, where res_stun_monitor is configured; else there is no such command:

    Hostname                  Port  Period  Retries  Status  ExternAddr       ExternPort
    10.77.0.21                3478  2       3        OK      10.77.0.13       35283

INIT: no answer yet, the address is 0.0.0.0; FAIL: none any more, the address is the last one.

No console command shows the `received=` of a carrier's answer without switching SIP logging on, which we never do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import structs

from trunktui.model.ask import Answer, Command, Reply, SshAsk
from trunktui.model.observation import NativeLeg, Unread
from trunktui.model.surroundings import Interface, Outside, Surroundings
from trunktui.model.text import Safe, clean
from trunktui.platforms import asterisk_tables as tables
from trunktui.platforms import boxshell
from trunktui.platforms.asterisk_console import askable, rx

_BATCH = 12
_MOST_TRANSPORTS = 8
_MOST_NAMES = 40
_MOST_WAYS = 8
_PATIENCE = 2
"""So many lookups that hang, and the rest is left for the next look: the resolver's servers are dead."""

_TRANSPORTS, _STUN = "transports", "stun"
_ROW = re.compile(r"Transport:  (\S(?:.*\S)?)\s+(udp|tcp|tls|wss?|flow)\s+\d+\s+\d+\s+(\S+)\s*", re.ASCII)
_BIND = re.compile(r"(\[[0-9a-fA-F:.]+\]|[0-9.]+)(?::\d{1,5})", re.ASCII)
_SEEN = re.compile(
    r"(\S+)\s+\d{1,5}\s+\d{1,9}\s+\d{1,9}\s+(INIT|OK|FAIL)\s+([0-9.]{7,15})\s+\d{1,5}\s*", re.ASCII
)
_NO_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - nothing is bound


def surroundings_asks(legs: tuple[NativeLeg, ...], before: Surroundings) -> tuple[SshAsk, ...]:
    """Return what is still to be asked, the cheap and certain first; names last, for a lookup may hang."""
    wanted = [*_console(legs, before), *_machine(legs, before)]
    names = [*_names(legs, before)] if len(before.hung & before.asked) < _PATIENCE else []
    batches = [
        [one for one in commands if one.key not in before.asked and one.key not in before.refused]
        for commands in (wanted, names)
    ]
    return tuple(
        SshAsk(tuple(batch[i : i + _BATCH])) for batch in batches for i in range(0, len(batch), _BATCH)
    )


def parse_surroundings(answers: tuple[Answer, ...], before: Surroundings) -> Surroundings:
    """Read transports, STUN's answer, routes, names and certificates."""
    seen = before
    for reply in (reply for answer in answers for reply in answer.replies):
        hung = reply.status in {124, 137}
        if reply.status is None and not reply.truncated:
            continue  # it never ran, or the answer broke off
        kind, _, subject = reply.key.partition(" ")
        gone = frozenset({reply.key})
        seen = structs.replace(
            seen, asked=seen.asked | gone, hung=seen.hung | gone if hung else seen.hung - gone
        )
        # Not asked again until a reload: sudo reports each refusal to the SBC's administrator.
        if denied := tables.refusal(reply):
            words = "stun show status" if kind == _STUN else f"pjsip show {reply.key}"
            seen = structs.replace(seen, refused={**seen.refused, reply.key: Unread(words, denied)})
        elif not hung:
            seen = _read(seen, reply, kind, subject)
    return seen


def _console(legs: tuple[NativeLeg, ...], before: Surroundings) -> Iterator[Command]:
    yield rx(_TRANSPORTS, "pjsip show transports")
    yield rx(_STUN, "stun show status")
    for name in used(legs, before.interfaces or {})[:_MOST_TRANSPORTS]:
        if askable(name):
            yield rx(f"transport {name}", f"pjsip show transport {name}")


def _machine(legs: tuple[NativeLeg, ...], before: Surroundings) -> Iterator[Command]:
    """Ask for routes to some of the carriers' addresses, and for the ends of certificates."""
    hosts = [one.host for leg in legs for one in leg.destinations or ()]
    addresses = Counter(a for host in hosts for a in _addresses(host, before))
    for address, _ in addresses.most_common(_MOST_WAYS):
        yield boxshell.way_to(address)
    for one in (before.interfaces or {}).values():
        if one.certificate is not None and boxshell.is_file(one.certificate):
            yield boxshell.end_of(one.certificate)


def _addresses(host: str, before: Surroundings) -> tuple[str, ...]:
    address = boxshell.literal(host)
    return before.names.get(host, ())[:2] if address is None else (address,)


def _names(legs: tuple[NativeLeg, ...], before: Surroundings) -> Iterator[Command]:
    """Ask for names; those that hung at the look before come last."""
    hosts = dict.fromkeys(one.host for leg in legs for one in leg.destinations or ())
    hosts.update(dict.fromkeys(one.external for one in (before.interfaces or {}).values() if one.external))
    commands = [boxshell.name_of(host) for host in hosts if boxshell.is_host(host)][:_MOST_NAMES]
    yield from sorted(commands, key=lambda command: command.key in before.hung)


def used(legs: Iterable[NativeLeg], interfaces: Iterable[str]) -> list[str]:
    """Return the ways out that legs are told to use, the most used first; all where none is told to use any."""
    counted = Counter(name for leg in legs for name in leg.interfaces)
    known = list(interfaces)
    return [name for name, _ in counted.most_common() if name in known] or known


def _read(seen: Surroundings, reply: Reply, kind: str, subject: str) -> Surroundings:
    match kind:
        case "transports":
            rows = transports(reply)
            if rows is None:
                return seen
            old = seen.interfaces or {}
            kept = {name: _with_settings(row, old.get(name)) for name, row in rows.items()}
            return structs.replace(seen, interfaces=kept)
        case "stun":
            return structs.replace(seen, outside=outside(reply)) if _answered(reply) else seen
        case "transport" if seen.interfaces is not None and subject in seen.interfaces:
            one = transport(reply, seen.interfaces[subject])
            return structs.replace(seen, interfaces={**seen.interfaces, subject: one})
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


def _with_settings(row: Interface, old: Interface | None) -> Interface:
    if old is None:
        return row
    return structs.replace(row, external=old.external, certificate=old.certificate, whole=old.whole)


def transports(reply: Reply) -> dict[str, Interface] | None:
    """Read `pjsip show transports`; None where it could not be read whole."""
    if tables.fault(reply):
        return None
    if any(line.startswith("No objects found.") for line in reply.lines):
        return {}
    rows: dict[str, Interface] = {}
    for line in reply.lines:
        if counted := re.fullmatch(r"Objects found: (\d{1,9})\s*", line):
            return rows if int(counted[1]) == len(rows) else None
        if (match := _ROW.fullmatch(line)) is not None:
            rows[match[1]] = Interface(clean(match[1]), Safe(match[2]), _bound(match[3]))
    return None


def transport(reply: Reply, row: Interface) -> Interface:
    """Read `pjsip show transport NAME` into its row; the row as it was where that cannot be read."""
    values = tables.parameters(reply)
    if "protocol" not in values:  # it stands behind those that are read here: they are not cut off
        return row
    external = tables.text(values, "external_signaling_address") or ""
    address = boxshell.literal(external)
    file = tables.text(values, "cert_file")
    return structs.replace(
        row,
        external=address or (external.rstrip(".").lower() if boxshell.is_host(external) else None),
        certificate=None if file is None else str(clean(file)),
        whole=True,
    )


def outside(reply: Reply) -> Outside | None:
    """Read `stun show status`; None where no STUN server ever answered, or none is asked."""
    for line in reply.lines if reply.ok else ():
        match = _SEEN.fullmatch(line)
        address = None if match is None else boxshell.literal(match[3])
        if match is not None and address is not None and address not in _NO_ADDRESS:
            return Outside(clean(match[1]), address, fails=match[2] == "FAIL")
    return None


def _answered(reply: Reply) -> bool:
    """Whether a reply tells of STUN at all: its table, or that there is no such command."""
    whole = any(_SEEN.fullmatch(line) for line in reply.lines)
    return reply.ok and (whole or tables.no_such_command(reply))


def _bound(text: str) -> str | None:
    found = _BIND.fullmatch(text)
    address = None if found is None else boxshell.literal(found[1])
    return None if address in _NO_ADDRESS else address
