"""The processes on a simulated SBC that carry an operator's label, and the lock that one of them has. No shell, no IO.

As flock(1) has it: the script that opened the file holds the lock until it ends, and so does what it leaves behind
to sleep; who finds it taken reads the labels of every process but his own. A reboot ends them all.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from trunktui.demo.remote_script import RemoteLock, RemoteScript

READABLE = "/usr/sbin/asterisk"
"""The file of a simulated SBC that anybody would lock on; of a Kamailio, the other."""

_KAMCMD = "/usr/sbin/kamcmd"

FREE, UNREADABLE, BUSY = 0, 66, 75


class _Sleeper(Struct, frozen=True):
    label: str
    until: float


class Processes:
    """What runs on one SBC; `clock` gives seconds of the simulation, which are real ones."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._scripts: dict[str, str] = {}
        self._sleepers: list[_Sleeper] = []
        self._holder: str | None = None

    def begin(self, script: RemoteScript) -> None:
        """Start a script."""
        self._scripts[script.nonce] = script.lock.label if script.lock is not None else ""

    def runs(self, script: RemoteScript) -> bool:
        """Whether a script still runs: not after a reboot."""
        return script.nonce in self._scripts

    def end(self, script: RemoteScript) -> None:
        """End a script; what it left behind goes on."""
        self._scripts.pop(script.nonce, None)
        if self._holder == script.nonce:
            self._holder = None

    def take(self, script: RemoteScript, lock: RemoteLock) -> tuple[bytes, int]:
        """Return what taking the lock prints, and its status; taken where that is FREE."""
        if lock.path not in {READABLE, _KAMCMD}:
            return b"", UNREADABLE
        sleeping = self._sleeping()
        if self._holder is None and not sleeping:
            self._holder = script.nonce
            return b"", FREE
        labels = [*self._scripts.values(), *(sleeper.label for sleeper in sleeping)]
        return "".join(f"{label}\n" for label in labels if label not in ("", lock.label)).encode(), BUSY

    def hold(self, lock: RemoteLock) -> None:
        """Leave a process behind that keeps the lock for its time."""
        self._sleepers.append(_Sleeper(lock.label, self._clock() + lock.hold_s))

    def reboot(self) -> None:
        """End everything."""
        self._scripts.clear()
        self._sleepers.clear()
        self._holder = None

    def _sleeping(self) -> list[_Sleeper]:
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper.until > self._clock()]
        return self._sleepers
