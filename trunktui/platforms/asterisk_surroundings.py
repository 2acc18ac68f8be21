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
from trunktui.platforms import boxaround, boxshell
from trunktui.platforms.asterisk_console import askable, rx

_MOST_TRANSPORTS = 8
_TRANSPORTS, _STUN = "transports", "stun"
_ROW = re.compile(r"Transport:  (\S(?:.*\S)?)\s+(udp|tcp|tls|wss?|flow)\s+\d+\s+\d+\s+(\S+)\s*", re.ASCII)
_BIND = re.compile(r"(\[[0-9a-fA-F:.]+\]|[0-9.]+)(?::\d{1,5})", re.ASCII)
_SEEN = re.compile(
    r"(\S+)\s+\d{1,5}\s+\d{1,9}\s+\d{1,9}\s+(INIT|OK|FAIL)\s+([0-9.]{7,15})\s+\d{1,5}\s*", re.ASCII
)
_NO_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - nothing is bound


def surroundings_asks(legs: tuple[NativeLeg, ...], before: Surroundings) -> tuple[SshAsk, ...]:
    """Return what is still to be asked, the cheap and certain first; names last, for a lookup may hang."""
    wanted = [*_console(legs, before), *boxaround.machine(legs, before)]
    return boxaround.batched(wanted, legs, before)


def parse_surroundings(answers: tuple[Answer, ...], before: Surroundings) -> Surroundings:
    """Read transports, STUN's answer, routes, names and certificates."""
    return boxaround.folded(answers, before, _read)


def _console(legs: tuple[NativeLeg, ...], before: Surroundings) -> Iterator[Command]:
    yield rx(_TRANSPORTS, "pjsip show transports")
    yield rx(_STUN, "stun show status")
    for name in used(legs, before.interfaces or {})[:_MOST_TRANSPORTS]:
        if askable(name):
            yield rx(f"transport {name}", f"pjsip show transport {name}")


def used(legs: Iterable[NativeLeg], interfaces: Iterable[str]) -> list[str]:
    """Return the ways out that legs are told to use, the most used first; all where none is told to use any."""
    counted = Counter(name for leg in legs for name in leg.interfaces)
    known = list(interfaces)
    return [name for name, _ in counted.most_common() if name in known] or known


def _read(seen: Surroundings, reply: Reply, kind: str, subject: str) -> Surroundings:
    # Not asked again until a reload: sudo reports each refusal to the SBC's administrator.
    if denied := tables.refusal(reply):
        words = "stun show status" if kind == _STUN else f"pjsip show {reply.key}"
        return structs.replace(seen, refused={**seen.refused, reply.key: Unread(words, denied)})
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
        case _:
            return boxaround.read(seen, reply, kind, subject)


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
