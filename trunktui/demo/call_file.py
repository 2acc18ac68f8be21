"""The file of calls on a simulated SBC: what Asterisk's CEL writes of each call that is tried, in the order of time. Pure.

The layout is that of docs/calls.md. Like the real one it only grows, until it is moved away and a new one begun.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from msgspec import Struct

from trunktui.demo.calls import Try
from trunktui.demo.tempo import chance

PATH = "/var/log/asterisk/cel-custom/trunktui.csv"
MOST_BYTES = 1024 * 1024
"""So large it grows; then it is `trunktui.csv.1`, and the one before that is gone."""

REFUSED, CONGESTED, CLEARED, RUNG_OUT, UNSENT = 21, 34, 16, 0, 3
_FIRST_INODE = 4711
_DESTINATIONS = ("1212555", "1415555", "4420794", "4970123", "6565501", "3314255")
_SENT_S = 0.001
_REFUSED_S = 0.03


class TriedCall(Struct, frozen=True):
    """One call that was tried over `trunk` at second `at` of the SBC's clock.

    `answered_at` None: it was not. `ended_at`: when its channel was gone; `cause` why.
    """

    key: str
    trunk: str
    at: float
    answered_at: float | None
    ended_at: float
    cause: int


def tried_call(one: Try, clock: Callable[[float], float], *, admitted: bool) -> TriedCall:
    """Return what a call that was tried leaves in the records; `clock` is the SBC's at a second of the simulation.

    Not `admitted`: its carrier had no room for it.
    """
    answered = one.answered if admitted and one.answered is not None and one.end > one.answered else None
    refusal = UNSENT if one.unsent else RUNG_OUT if one.silent else REFUSED
    cause = CONGESTED if not admitted else CLEARED if answered is not None else refusal
    return TriedCall(
        one.key,
        one.trunk,
        clock(one.at),
        None if answered is None else clock(answered),
        clock(one.end if admitted else one.at),
        cause,
    )


class FileSeen(Struct, frozen=True):
    """One file as `stat` and `dd` see it; `written_s` is when it was last written to, since 1970."""

    path: str
    inode: int
    data: bytes
    written_s: float


class CallFile:
    """The file of calls of one SBC, called `name`; add calls in the order in which they were tried."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._due: list[tuple[float, int, str]] = []
        self._data = bytearray()
        self._old = b""
        self._inode = _FIRST_INODE
        self._written_s = 0.0
        self._count = self._serial = 0

    def add(self, call: TriedCall) -> None:
        """Take a call that was tried; what it leaves in the file is written when it comes about."""
        number = self._count
        self._count += 2
        destination = int(len(_DESTINATIONS) * chance(call.key, "destination"))
        dialled = f"{_DESTINATIONS[destination]}{int(1000 * chance(call.key, 'number')):04d}"
        first, own = (f"{self._name}-{int(call.at)}.{number + n}" for n in range(2))
        caller, channel = f"PJSIP/dialler-{number:08x}", f"PJSIP/{call.trunk}-{number + 1:08x}"
        dial = f"PJSIP/{dialled}@{call.trunk},30"
        status = "ANSWER" if call.answered_at is not None else "NOANSWER"
        self._later(call.at, "APP_START", first, first, caller, dial, dialled, "")
        if call.cause == UNSENT:
            more = _more(UNSENT, "dialplan/builtin")
            self._later(call.at + _SENT_S, "HANGUP", first, first, caller, "", dialled, more)
            return
        if call.answered_at is not None:
            self._later(call.answered_at, "ANSWER", own, first, channel, "(Outgoing Line)", dialled, "")
        source = channel if call.cause in {REFUSED, CONGESTED} else caller
        end = max(call.ended_at, call.at + _REFUSED_S)
        self._later(end, "HANGUP", own, first, channel, "(Outgoing Line)", dialled, _more(call.cause, source))
        self._later(
            end + _SENT_S, "HANGUP", first, first, caller, "", dialled, _more(call.cause, source, status)
        )

    def seen(self, clock_s: float) -> tuple[FileSeen, ...]:
        """Return the files as they are at second `clock_s` of the SBC's clock, the present one first; none before the first call."""
        while self._due and self._due[0][0] <= clock_s:
            at, _, line = heapq.heappop(self._due)
            if len(self._data) + len(line) > MOST_BYTES:
                self._old, self._data, self._inode = bytes(self._data), bytearray(), self._inode + 1
            self._data += line.encode()
            self._written_s = at
        if not self._data:
            return ()
        now = FileSeen(PATH, self._inode, bytes(self._data), self._written_s)
        return (
            (now, FileSeen(f"{PATH}.1", self._inode - 1, self._old, self._written_s)) if self._old else (now,)
        )

    def _later(self, at: float, *fields: str) -> None:
        event, rest = fields[0], fields[1:]
        quoted = ",".join(f'"{text.replace(chr(34), chr(34) * 2)}"' for text in (event, f"{at:.6f}", *rest))
        self._serial += 1
        heapq.heappush(self._due, (at, self._serial, f"{quoted}\n"))


def _more(cause: int, source: str, status: str = "") -> str:
    return f'{{"hangupcause":{cause},"hangupsource":"{source}","dialstatus":"{status}"}}'
