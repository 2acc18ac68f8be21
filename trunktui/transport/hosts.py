"""Reads known_hosts files and finds what they say of one server. Blocking: not for the event loop."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from trunktui.transport import faults
from trunktui.transport.keys import Stamp, stamp
from trunktui.transport.login import Seen
from trunktui.transport.settings import HostsChoice

_LIST_LIMIT = 32 * 1024 * 1024


class HostList(Protocol):
    """The SSH library's list of known hosts."""

    def load(self, known_hosts: str) -> None:
        """Add entries; raises ValueError for a line that is none."""

    def match(self, host: str, addr: str, port: int | None) -> Any:
        """Return (host keys, CA keys, revoked keys, ...) for a server; `port` None is port 22."""


class HostStore:
    """Known hosts by their files, parsed once and again when one changed. `make` makes an empty list."""

    def __init__(self, make: Callable[[], HostList]) -> None:
        self._make = make
        self._parsed: dict[tuple[Stamp, ...], HostList] = {}

    def get(self, choice: HostsChoice) -> HostList:
        """Return the entries of all files of `choice`; those not there are empty, unless they are required.

        Raises LinkError: config for a file that cannot be read, host_key for one with a broken `@` line.
        """
        stamps = [stamp(path) for path in choice.files]
        if choice.required and None in stamps:
            _read(choice.files[stamps.index(None)])  # says what is wrong with it
        state = tuple(found for found in stamps if found is not None)
        hosts = self._parsed.get(state)
        if hosts is None:
            hosts = self._make()
            for found in state:
                _add(hosts, Path(found.path))
            self._parsed[state] = hosts
        return hosts


class Trusted:
    """What the SSH library asks for a server's keys; notes in `seen` whether there are any."""

    def __init__(self, hosts: HostList, seen: Seen) -> None:
        self._hosts = hosts
        self._seen = seen

    def __call__(self, host: str, addr: str, port: int | None) -> Any:
        """Return what `HostList.match` returns, with all that is revoked."""
        found = self._hosts.match(host, addr, port)
        revoked = list(found[2])
        for name in (host, addr) if port else ():
            # The library falls back to entries without a port, and forgets what revokes a key for this port.
            revoked += self._hosts.match(f"[{name}]:{port}", "", None)[2] if name else []
        self._seen.listed = bool(found[0] or found[1])
        return (found[0], found[1], revoked, *found[3:])


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LIST_LIMIT).decode("utf-8", "replace")
    except OSError as exc:
        raise faults.config(
            f"known_hosts file {shlex.quote(str(path))}: {exc.strerror}; create it, or set `known_hosts`"
        ) from None


def _add(hosts: HostList, path: Path) -> None:
    """Add the entries of one file; an unreadable line trusts nobody and is passed over, as ssh does."""
    for number, line in enumerate(_read(path).splitlines(), 1):
        try:
            hosts.load(line)
        except ValueError:
            if line.lstrip().startswith("@"):  # it may have been meant to revoke a key
                raise faults.broken_hosts(shlex.quote(str(path)), number) from None
