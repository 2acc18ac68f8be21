"""Remembers refused logins between runs, so that a check run every minute does not lock an account.

Only `check` goes by it. A file that is missing, damaged or of a later version counts as empty: the worst that follows
is one more try.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from trunktui.model.inventory import SshTarget

REST_S = 15 * 60.0
"""For so long a refused login is not tried again by itself, as in the dashboard."""

_LIMIT = 1024 * 1024


class Refused(Struct, frozen=True):
    """When a login was refused (seconds since 1970), and with what settings: other settings are another try."""

    at: float
    target: SshTarget


_DECODER = msgspec.json.Decoder(dict[str, Refused])


class Refusals:
    """The refused logins of one state folder; `wall` gives the time of day, which alone outlives a process."""

    def __init__(self, folder: Path, wall: Callable[[], datetime]) -> None:
        self._path = folder / "refused.json"
        self._wall = wall

    def resting_s(self, sbc: str, target: SshTarget) -> float | None:
        """Return for how many seconds a login to `sbc` should not be tried; None: it may be."""
        refused = self._read().get(sbc)
        if refused is None or refused.target != target:
            return None
        passed = self._wall().timestamp() - refused.at
        # A time to come is a clock that was set back: nothing can be said, so it may be tried.
        return REST_S - passed if 0 <= passed < REST_S else None

    def note(self, logins: Mapping[str, tuple[SshTarget, bool]]) -> None:
        """Keep, by SBC, with what settings a login was tried and whether it was refused. Never raises OSError."""
        before = self._read()
        now = self._wall().timestamp()
        after = {sbc: refused for sbc, refused in before.items() if sbc not in logins}
        after |= {sbc: Refused(now, target) for sbc, (target, refused) in logins.items() if refused}
        if after != before:
            with suppress(OSError):  # a disk that takes nothing: the next run tries once more
                self._write(msgspec.json.encode(after))

    def _read(self) -> dict[str, Refused]:
        try:
            with self._path.open("rb") as file:
                return _DECODER.decode(file.read(_LIMIT))
        except (OSError, msgspec.DecodeError):
            return {}

    def _write(self, data: bytes) -> None:
        spare = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(spare, flags, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            spare.replace(self._path)
        finally:
            spare.unlink(missing_ok=True)
