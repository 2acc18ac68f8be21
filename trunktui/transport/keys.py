"""Reads private keys with the care that `ssh` takes and its Python library does not.

A private key that others can read, or that belongs to somebody else, is refused before it is used. Each file
is parsed once, and again when it changed, because parsing an RSA key takes a tenth of a second. Blocking: not
for the event loop.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from trunktui.model.link import LinkError
from trunktui.transport import faults
from trunktui.transport.settings import KeyChoice

_KEY_LIMIT = 64 * 1024


class Stamp(Struct, frozen=True):
    """What tells one state of a file from another."""

    path: str
    inode: int
    size: int
    changed_ns: int


class Key(Struct, frozen=True):
    """One key file: the library's object (None for an encrypted one) and its public half, if known."""

    path: str
    private: Any
    public: bytes | None


class Offer(Struct, frozen=True):
    """Keys in the order to try them (library objects), and what to call them in a message."""

    keys: tuple[Any, ...]
    names: tuple[str, ...]


class Ring(Struct, frozen=True):
    """Keys to try: ready ones, encrypted ones (the agent may hold them), and why others are unfit."""

    ready: tuple[Key, ...] = ()
    sealed: tuple[Key, ...] = ()
    unfit: tuple[LinkError, ...] = ()

    @property
    def note(self) -> str:
        """What the operator should know about keys that could not be offered; "" for nothing."""
        if self.unfit:
            return str(self.unfit[0].reason)
        return sealed(self.sealed[0].path) if self.sealed else ""

    def offer(self, choice: KeyChoice, held: list[tuple[bytes, Any]]) -> Offer:
        """Order the keys: those of the agent that are ours, the files, then the agent's others if allowed.

        `held` are the agent's keys: public half and library object. Raises LinkError (config) where none of
        the required keys is of use.
        """
        ours = {key.public for key in (*self.ready, *self.sealed)}
        first = {public: pair for public, pair in held if public in ours}
        others = [] if choice.only else [pair for public, pair in held if public not in ours]
        if choice.required and not self.ready and not first:
            raise faults.config(self.note)
        files = [key for key in self.ready if key.public not in first]
        agent = (f"{len(first) + len(others)} of the ssh-agent",) if first or others else ()
        names = (*(key.path for key in files), *agent)
        return Offer((*first.values(), *(key.private for key in files), *others), names)


class KeyStore:
    """Private keys by file. `parse` makes a Key of a path and its bytes, or raises ValueError.

    It reads the certificate beside the key, too; these live for hours, so a new one counts at the next login.
    """

    def __init__(self, parse: Callable[[str, bytes], Key]) -> None:
        self._parse = parse
        self._parsed: dict[tuple[Stamp, Stamp | None], Key] = {}

    def ring(self, choice: KeyChoice) -> Ring:
        """Return the keys of `choice`. Raises LinkError (config) where a required one is missing or unfit."""
        found: list[Key] = []
        unfit: list[LinkError] = []
        for path in choice.files:
            try:
                if choice.required or path.exists():
                    found.append(self._key(path))
            except LinkError as error:
                if choice.required:
                    raise
                unfit.append(error)
            except OSError as exc:
                unfit.append(faults.config(f"private key {shlex.quote(str(path))}: {exc.strerror}"))
        ready = tuple(key for key in found if key.private is not None)
        return Ring(ready, tuple(key for key in found if key.private is None), tuple(unfit))

    def _key(self, path: Path) -> Key:
        data, stamped = read_private_key(path)
        state = stamped, stamp(Path(f"{path}-cert.pub"))
        key = self._parsed.get(state)
        if key is None:
            try:
                key = self._parsed[state] = self._parse(str(path), data)
            except ValueError as exc:
                raise faults.config(
                    f"private key {shlex.quote(str(path))} cannot be read: {faults.quoted(str(exc))}"
                ) from None
        return key


def sealed(path: str) -> str:
    """Return the advice for an encrypted key."""
    quoted = shlex.quote(path)
    return f"private key {quoted} is encrypted and no ssh-agent here holds it: `ssh-add {quoted}`"


def stamp(path: Path) -> Stamp | None:
    """Return the stamp of `path`, None where there is no such file. Raises LinkError (config) otherwise."""
    try:
        return _stamp(path, path.stat())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise faults.config(f"{shlex.quote(str(path))}: {exc.strerror}; correct its permissions") from None


def read_private_key(path: Path) -> tuple[bytes, Stamp]:
    """Return the bytes and the stamp of a private key file that is fit for use.

    Raises LinkError (config), with the command that cures it, for one that is missing, no plain file,
    readable or writable by others, or owned by another user than ourselves or root. A public key (`.pub`, its
    private half in the agent) may be open to all.
    """
    shown = shlex.quote(str(path))
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as exc:
        raise faults.config(
            f"private key {shown}: {exc.strerror}; set `identity` to a key that is there"
        ) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise faults.config(f"private key {shown} is no plain file; set `identity` to a key file")
        if path.suffix != ".pub" and found.st_uid not in (os.geteuid(), 0):
            raise faults.config(
                f"private key {shown} belongs to user id {found.st_uid}, not to us; use a key of your own"
            )
        if path.suffix != ".pub" and found.st_mode & 0o077:
            mode = stat.S_IMODE(found.st_mode)
            raise faults.config(
                f"private key {shown} is open to others (mode {mode:04o}): `chmod 600 {shown}`"
            )
        return os.read(descriptor, _KEY_LIMIT), _stamp(path, found)
    finally:
        os.close(descriptor)


def _stamp(path: Path, found: os.stat_result) -> Stamp:
    return Stamp(str(path), found.st_ino, found.st_size, found.st_mtime_ns)
