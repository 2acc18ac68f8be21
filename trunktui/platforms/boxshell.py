r"""What any SBC on Linux tells of its machine by SSH, without a privilege: clock, addresses, routes, names, certificates.

`date -Ins` prints local time, the fraction behind a comma, and the zone; a busybox may know whole seconds only:

    2026-11-25T23:31:07,482913057+01:00
    2026-11-25T22:31:07,000000000+00:00

`ip -o addr show` prints a line for each address; a box without iproute2 has no `ip`:

    2: eth0    inet 10.77.0.10/24 brd 10.77.0.255 scope global eth0\       valid_lft forever preferred_lft forever

`ip -o route get ADDRESS` prints how a packet would leave; `via` is a router:

    10.77.0.21 dev eth0 src 10.77.0.11 uid 0 \    cache
    8.8.8.8 via 192.0.2.1 dev eth0 src 192.0.2.2 uid 0 \    cache

`getent ahosts NAME` asks the resolver of that machine (hosts file, then DNS); it exits with 2 where it finds none:

    10.77.0.21      STREAM registrar-with-a-very-long-host-name.north-america.carrier.example.net
    10.77.0.21      DGRAM

`openssl x509 -enddate -noout -in FILE` prints when a certificate ends:

    notAfter=Dec 26 01:45:00 2026 GMT

`stat -t` prints a file's name, eleven other things, and then the second since 1970 in which it changed last:

    /etc/asterisk/pjsip.conf 6123 16 81a0 0 106 fe01 131 1 0 0 1795646305 1788220800 1788220800 1788220800 4096
    stat: cannot statx '/etc/asterisk/pjsip_beta.conf': Permission denied
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_address

from msgspec import Struct

from trunktui.model.ask import Command, Reply
from trunktui.model.finding import FileTime
from trunktui.model.surroundings import Certificate, Way
from trunktui.model.text import Safe, clean

CLOCK = Command("clock", ("date", "-Ins"), privileged=False)
ADDRESSES = Command("addresses", ("ip", "-o", "addr", "show"), privileged=False)

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?([+-])(\d\d):?([0-5]\d)", re.ASCII)
_ADDRESS = re.compile(r"\d+: +\S+ +inet6? ([0-9a-fA-F:.]+)(?:/\d{1,3})? .*\bscope (\S+).*", re.ASCII)
_SOURCE = re.compile(r"\bsrc ([0-9a-fA-F:.]+) ", re.ASCII)
_RESOLVED = re.compile(r"([0-9a-fA-F:.]+) +(?:STREAM|DGRAM|RAW)(?: .*)?", re.ASCII)
_HOST = re.compile(
    r"(?=.{1,253}\.?$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.?"
)
_FILE = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9_.+-]*)+", re.ASCII)
_ENDS = re.compile(r"notAfter=([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d) (\d{4}) GMT", re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LOOKUP_S = 2
"""A resolver whose servers are dead takes 10 s and more to say so."""

_NO_SUCH_NAME = 2
_FILE_TIME = re.compile(r"(/\S+)(?: \S+){11} (\d{1,11})(?: \S+){2,4}", re.ASCII)
_HALF_S = 0.5
_MOST = 256
"""Addresses that are kept of one SBC."""

_MOST_OF_A_NAME = 16


class Clock(Struct, frozen=True):
    """A clock as it was read: seconds since 1970, right to within `unsure_s`; how far local time is ahead of UTC."""

    second: float
    unsure_s: float
    zone_s: int


def clock(reply: Reply) -> Clock | None:
    """Read `date -Ins`; None where it printed no such thing."""
    found = _MOMENT.fullmatch(reply.lines[0].strip()) if reply.ok and reply.lines else None
    if found is None:
        return None
    ahead_s = (int(found[4]) * 60 + int(found[5])) * (60 if found[3] == "+" else -60)
    try:
        local = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    except ValueError:
        return None
    second = local.timestamp() - ahead_s
    if not (found[2] or "").strip("0"):
        return Clock(second + _HALF_S, _HALF_S, ahead_s)  # cut to the whole second, most probably
    return Clock(second + float(f"0.{found[2]}"), 0.0, ahead_s)


def addresses(reply: Reply) -> tuple[str, ...] | None:
    """Read `ip -o addr show`: the addresses others can reach, in its order; None where it was not answered."""
    if not reply.ok:
        return None
    found: list[str] = []
    for line in reply.lines:
        match = _ADDRESS.fullmatch(line.strip())
        if match is None or match[2] == "host":
            continue
        try:
            found.append(str(ip_address(match[1])))
        except ValueError:
            continue
    return tuple(dict.fromkeys(found))[:_MOST]


def is_host(name: str) -> bool:
    """Whether `name` is a host's name that may stand in a command: letters, digits, dots, dashes; no address."""
    return name.isascii() and _HOST.fullmatch(name) is not None


def literal(host: str) -> str | None:
    """Return an address (brackets taken off) in its usual form; None where `host` is none."""
    try:
        return str(ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        return None


def way_to(address: str) -> Command:
    """Return the question how a packet to an address leaves; raises ValueError where it is none."""
    return Command(f"way {address}", ("ip", "-o", "route", "get", str(ip_address(address))), privileged=False)


def way(reply: Reply) -> Way | None:
    """Read `ip -o route get`; None where there is no way, or it was not answered."""
    line = reply.lines[0] if reply.ok and reply.lines else ""
    found = _SOURCE.search(line)
    source = None if found is None else literal(found[1])
    if source is None or line.startswith(("local ", "unreachable ", "prohibit ", "blackhole ", "throw ")):
        return None
    return Way(source, direct=" via " not in line)


def name_of(host: str) -> Command:
    """Return the question what a name leads to; raises ValueError where `is_host` says that it is none."""
    if not is_host(host):
        raise ValueError(f"{host!r} is no host's name")
    argv = ("getent", "ahosts", host)
    return Command(f"name {host}", argv, privileged=False, timeout_s=_LOOKUP_S)


def resolved(reply: Reply) -> tuple[str, ...] | None:
    """Read `getent ahosts`: the addresses, sorted; none where it finds none; None where it was not answered."""
    if reply.truncated or reply.status not in {0, _NO_SUCH_NAME}:
        return None
    if reply.status == _NO_SUCH_NAME:
        return () if not reply.lines else None
    rows = (match for line in reply.lines if (match := _RESOLVED.fullmatch(line)))
    found = {address for row in rows if (address := literal(row[1]))}
    return tuple(sorted(found)[:_MOST_OF_A_NAME]) or None


def is_file(path: str) -> bool:
    """Whether a path may stand in a command."""
    return _FILE.fullmatch(path) is not None and len(path) < _MOST


def end_of(path: str) -> Command:
    """Return the question when the certificate in a file ends; raises ValueError where `is_file` says no."""
    if not is_file(path):
        raise ValueError(f"{path!r} is no plain path")
    argv = ("openssl", "x509", "-enddate", "-noout", "-in", path)
    return Command(f"certificate {path}", argv, privileged=False)


def certificate(reply: Reply, interface: Safe, path: str) -> Certificate:
    """Read `openssl x509 -enddate`: when it ends, or why that is not known."""
    file = clean(path)
    found = _ENDS.fullmatch(reply.lines[0].strip()) if reply.ok and reply.lines else None
    if found is not None and found[1] in _MONTHS:
        month = _MONTHS.index(found[1]) + 1
        try:
            moment = datetime.fromisoformat(f"{found[4]}-{month:02}-{int(found[2]):02}T{found[3]}")
        except ValueError:
            pass
        else:
            return Certificate(interface, file, moment.replace(tzinfo=UTC).timestamp())
    said = next(iter(reply.errors), f"exit status {reply.status}")
    return Certificate(interface, file, why=clean(f"not readable as this login: {said}"))


def file_command(path: str) -> Command:
    """Return what asks when a file changed; `path` is the config's, whose rule lets no blank or quote through."""
    return Command(path, ("stat", "-t", path), privileged=False)


def file_time(reply: Reply) -> FileTime:
    """Read `stat -t` of the file that is the reply's key: the day (UTC) on which it changed last, or why not known."""
    path = clean(reply.key)
    for line in reply.lines if reply.ok else ():
        match = _FILE_TIME.fullmatch(line.strip())
        if match is not None and match[1] == reply.key and int(match[2]) > 0:
            with suppress(OverflowError, OSError, ValueError):
                return FileTime(path, datetime.fromtimestamp(int(match[2]), UTC).date())
    said = reply.errors[0].rpartition(": ")[2] if reply.errors else ""
    return FileTime(path, None, clean(said or "not told by stat"))
