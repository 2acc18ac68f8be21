r"""What any SBC on Linux tells of its machine by SSH, without a privilege: its clock and zone, and its addresses.

`date -Ins` prints local time, the fraction behind a comma, and the zone; a busybox may know whole seconds only:

    2026-11-25T23:31:07,482913057+01:00
    2026-11-25T22:31:07,000000000+00:00

`ip -o addr show` prints a line for each address; a box without iproute2 has no `ip`:

    2: eth0    inet 10.77.0.10/24 brd 10.77.0.255 scope global eth0\       valid_lft forever preferred_lft forever

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
from trunktui.model.text import clean

CLOCK = Command("clock", ("date", "-Ins"), privileged=False)
ADDRESSES = Command("addresses", ("ip", "-o", "addr", "show"), privileged=False)

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?([+-])(\d\d):?([0-5]\d)", re.ASCII)
_ADDRESS = re.compile(r"\d+: +\S+ +inet6? ([0-9a-fA-F:.]+)(?:/\d{1,3})? .*\bscope (\S+).*", re.ASCII)
_FILE_TIME = re.compile(r"(/\S+)(?: \S+){11} (\d{1,11})(?: \S+){2,4}", re.ASCII)
_HALF_S = 0.5
_MOST = 256
"""Addresses that are kept of one SBC."""


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
