"""Reads what `ProxyJump` and `proxy_jump` say: the hosts to go through on the way to an SBC. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol, TypeVar

from msgspec import Struct

from trunktui.transport import faults

_HOP = re.compile(
    r"(?:ssh://)? (?:(?P<user>[^@\s]+)@)?"
    r"(?: \[(?P<six>[0-9A-Fa-f:.%\w]+)\] | (?P<host>[^@:\[\]\s/]+) ) (?: :(?P<port>[0-9]{1,5}) )? /?",
    re.VERBOSE,
)
_MAX_HOPS = 8
_MAX_DEPTH = 8


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


class Hop(Protocol):
    """One SSH server on the way: what an operator calls it, and what leads to it."""

    @property
    def where(self) -> str:
        """What an operator calls it."""

    @property
    def via(self) -> str:
        """The jump hosts before it, as ProxyJump of `~/.ssh/config` names them."""


H = TypeVar("H", bound=Hop)


def jumps_to(named: str, hop_of: Callable[[Jump], H], depth: int = 0) -> list[H]:
    """Return the jump hosts `named`, after those that lead to the first of them; raises LinkError for a circle."""
    hops = [hop_of(jump) for jump in parse_jumps(named)]
    if not hops:
        return []
    if depth >= _MAX_DEPTH:
        raise faults.config(f"ProxyJump of {hops[0].where} leads in a circle; correct ~/.ssh/config")
    return [*jumps_to(hops[0].via, hop_of, depth + 1), *hops]
