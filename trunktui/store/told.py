"""Remembers between runs what metadata commands told: days alone, never what they printed, and which command it was.

A file that is missing, damaged or of a later version counts as empty: the commands are run once more.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

KEPT_S = 4 * 3600.0
"""For so long an answer is not asked for again."""

_LIMIT = 1024 * 1024

Argv = tuple[str, ...]


class _Kept(Struct, frozen=True):
    argv: Argv
    day: dt.date
    at: float


_DECODER = msgspec.json.Decoder(list[_Kept])


class ToldDays:
    """The answers of one state folder; `wall` gives the time of day, which alone outlives a process."""

    def __init__(self, folder: Path, wall: Callable[[], dt.datetime]) -> None:
        self._path = folder / "credential-days.json"
        self._wall = wall

    def read(self) -> dict[Argv, dt.date]:
        """Return the days that are young enough, by command."""
        now = self._wall().timestamp()
        return {one.argv: one.day for one in self._all() if 0 <= now - one.at < KEPT_S}

    def note(self, days: Mapping[Argv, dt.date]) -> None:
        """Keep what commands told just now. Never raises OSError."""
        now = self._wall().timestamp()
        young = [one for one in self._all() if one.argv not in days and 0 <= now - one.at < KEPT_S]
        kept = [*young, *(_Kept(argv, day, now) for argv, day in days.items())]
        with suppress(OSError):  # a disk that takes nothing: the next run asks once more
            self._write(msgspec.json.encode(kept))

    def _all(self) -> list[_Kept]:
        try:
            with self._path.open("rb") as file:
                return _DECODER.decode(file.read(_LIMIT))
        except (OSError, msgspec.DecodeError):
            return []

    def _write(self, data: bytes) -> None:
        spare = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(spare, flags, 0o600), "wb") as file:
                file.write(data)
            spare.replace(self._path)
        finally:
            spare.unlink(missing_ok=True)
