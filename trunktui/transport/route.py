"""Reads what `ProxyJump` and `proxy_jump` say: the hosts to go through on the way to an SBC. Pure."""

from __future__ import annotations

import re

from msgspec import Struct

from trunktui.transport import faults

_HOP = re.compile(
    r"(?:ssh://)? (?:(?P<user>[^@\s]+)@)?"
    r"(?: \[(?P<six>[0-9A-Fa-f:.%\w]+)\] | (?P<host>[^@:\[\]\s/]+) ) (?: :(?P<port>[0-9]{1,5}) )? /?",
    re.VERBOSE,
)
_MAX_HOPS = 8


class Jump(Struct, frozen=True):
    """One jump host as named: a host or an alias of `~/.ssh/config`; None is what that file, or ssh, says."""

    host: str
    user: str | None = None
    port: int | None = None


def parse_jumps(text: str) -> tuple[Jump, ...]:
    """Return the hosts of `[user@]host[:port],...` in the order of the way; `none` and "" are no hosts.

    Raises LinkError (config) for text that names no host.
    """
    if text.strip().lower() in ("", "none"):
        return ()
    jumps = tuple(_jump(part.strip(), text) for part in text.split(","))
    if len(jumps) > _MAX_HOPS:
        raise faults.config(f"proxy_jump names {len(jumps)} hosts; {_MAX_HOPS} are the most")
    return jumps


def where(host: str, port: int) -> str:
    """Return a host and port as operators write them; an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _jump(part: str, text: str) -> Jump:
    found = _HOP.fullmatch(part)
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (port is not None and not 0 < port < 65536):
        raise faults.config(f"proxy_jump {faults.quoted(text)}: write it as [user@]host[:port]")
    return Jump(found["six"] or found["host"], found["user"], port)
