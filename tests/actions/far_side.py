"""A made-up SBC in virtual time for tests of actions: a registration table, a database that routes calls, a lock, a carrier, and faults on the way.

What it did is its own truth (`Commanded`, `answered`, `Put`): tests hold every outcome against it.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from trunktui.model.ask import GATE_CLOSED, LOCK, LOCK_BUSY, Answer, Reply, SshAsk
from trunktui.model.gate import closes
from trunktui.model.link import LinkError, SshState
from trunktui.model.text import Safe, clean


class _Selector(selectors.SelectSelector):
    """Never waits: what would have been waited for is added to the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout:
            self.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock stands still while there is work and jumps when there is none."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


class Carrier(Enum):
    """How the far end treats REGISTER."""

    OK = "ok"
    SILENT = "silent"
    REFUSES = "refuses"


class Far(Enum):
    """What the SBC makes of the rest of a script when the link is cut."""

    DONE = "done"
    NOT_DONE = "not_done"
    LATER = "later"


@dataclass(frozen=True)
class Cut:
    """The link goes away in one ask: after `after` of its commands have been told, None before it is made.

    `far` says what becomes of the commands that were not told.
    """

    after: int | None
    far: Far = Far.DONE


@dataclass
class Row:
    """One registration: the word in the table, when the next attempt is due, and the attempt in flight."""

    word: str = "Registered"
    due: float = 1100.0
    ends: tuple[float, str] | None = None
    answered: float = 990.0
    """When the last REGISTER was answered with 200."""


@dataclass(frozen=True)
class Commanded:
    """One command that the SBC carried out: when, on which leg, and by whose script (the lock's label)."""

    at: float
    name: str
    label: str


@dataclass(frozen=True)
class Put:
    """One change of the database: when, which `family/key`, what it says after and before (None: nothing), whose script."""

    at: float
    place: str
    value: str | None
    before: str | None
    label: str


CALL_S = 45.0
"""How long each call of the made-up traffic lasts."""


@dataclass
class FarSide:
    """One SBC. `delay()` is its random wait before a commanded REGISTER; `latency` of every ask in seconds."""

    clock: Callable[[], float]
    delay: Callable[[], float]
    expires: int = 120
    retry: float = 30.0
    latency: float = 0.05
    rows: dict[str, Row] = field(default_factory=dict)
    carrier: dict[str, Carrier] = field(default_factory=dict)
    commanded: list[Commanded] = field(default_factory=list)
    refuses: str = ""
    """What `pjsip send register` prints instead of being taken."""
    locked_until: float = 0.0
    holder: str = ""
    cuts: list[Cut | None] = field(default_factory=list)
    """Faults of the next asks, in order; None for one that goes through."""
    asks: int = 0
    late: list[tuple[float, str, str]] = field(default_factory=list)
    """Commands that a cut script will still carry out: when, the command's words, whose."""
    db: dict[str, str] = field(default_factory=dict)
    """Its database, by `family/key`."""
    puts: list[Put] = field(default_factory=list)
    route: str = ""
    """The place in the database that the dial plan reads at each new call."""
    call_every_s: float = 0.0
    """How often a call begins; 0: there are none."""
    calls: list[tuple[float, str]] = field(default_factory=list)
    """Calls that are up: since when, and over which endpoint."""
    next_call: float = 0.0

    def settle(self) -> None:
        """Let everything happen that is due by now, in order."""
        now = self.clock()
        for due in sorted(self.late):
            if due[0] <= now:
                self._call_until(due[0])
                self.late.remove(due)
                self._do(due[1], due[2], due[0])
        self._call_until(now)
        for name, row in self.rows.items():
            while self._step(name, row, now):
                pass

    def _call_until(self, now: float) -> None:
        """Begin the calls that are due, each where the route says at that instant; end those that are over."""
        if not self.call_every_s:
            return
        self.next_call = max(self.next_call, now - CALL_S)
        while self.next_call <= now:
            self.calls.append((self.next_call, self.db.get(self.route, "red")))
            self.next_call += self.call_every_s
        self.calls = [call for call in self.calls if call[0] > now - CALL_S]

    def put(self, place: str, value: str | None, label: str, at: float) -> str:
        """Set (or delete) an entry of the database; return what Asterisk prints."""
        self._call_until(at)
        before = self.db.pop(place, None)
        if value is not None:
            self.db[place] = value
        self.puts.append(Put(at, place, value, before, label))
        if value is not None:
            return "Updated database successfully"
        return "Database entry removed." if before is not None else "Database entry does not exist."

    def _do(self, words: str, label: str, at: float) -> str:
        """Carry out a command that changes something; return what it prints."""
        match words.split():
            case ["pjsip", "send", "register", name]:
                self._command(name, label, at)
                return ""
            case ["database", "put", family, key, value]:
                return self.put(f"{family}/{key}", value, label, at)
            case ["database", "del", family, key]:
                return self.put(f"{family}/{key}", None, label, at)
        raise AssertionError(words)

    def channels(self) -> tuple[Safe, ...]:
        """Return what `core show channels concise` prints."""
        now = self.clock()
        return tuple(
            clean(
                f"PJSIP/{name}-{number:08x}!out!15550100!1!Up!AppDial!(Outgoing Line)!!!!3!{int(now - at)}!!{at:.2f}.1"
            )
            for number, (at, name) in enumerate(self.calls)
        )

    def _step(self, name: str, row: Row, now: float) -> bool:
        mode = self.carrier.get(name, Carrier.OK)
        if row.ends is not None:
            at, word = row.ends
            if at > now:
                return False
            row.ends, row.word = None, word
            if word == "Registered":
                row.answered, row.due = at, at + self.expires - 10
            elif word == "Rejected":
                row.due = at + self.retry
            return True
        if row.due > now:
            return False
        takes, word = {
            Carrier.OK: (0.05, "Registered"),
            Carrier.REFUSES: (0.05, "Rejected"),
            Carrier.SILENT: (32.0, "Rejected"),
        }[mode]
        row.ends = row.due + takes, word
        return True

    def _command(self, name: str, label: str, at: float) -> None:
        self.commanded.append(Commanded(at, name, label))
        row = self.rows[name]
        if self.carrier.get(name, Carrier.OK) is Carrier.OK or row.word == "Unregistered":
            row.word = "Unregistered"
        row.ends, row.due = None, at + self.delay()

    def row(self, name: str) -> str:
        """Return the line of the table as Asterisk prints it now."""
        self.settle()
        row, now = self.rows[name], self.clock()
        left = int(row.due - now) if row.due > now else int(now - row.due)
        when = f"(exp. {left}s)" if row.due > now else f"(exp. {left}s ago)"
        return f" {f'{name}/sip:192.0.2.1:5060':<55} {name:<27} {row.word:<17} {when}"

    def show(self, name: str) -> tuple[Safe, ...]:
        """Return what `pjsip show registration NAME` prints."""
        if name not in self.rows:
            return (clean(f"Unable to find object {name}."), Safe(""))
        lines = (
            "", " <Registration/ServerURI..............................>", "=" * 90, "", self.row(name), "",
            " ParameterName            : ParameterValue", f" {'=' * 56}",
            f" expiration               : {self.expires}", " max_random_initial_delay : 10", "",
        )  # fmt: skip
        return tuple(clean(line) for line in lines)

    async def ask(self, ask: SshAsk, budget_s: float) -> Answer:
        """Answer as the SSH transport does, with whatever fault is next."""
        self.asks += 1
        asked_at = self.clock()
        cut = self.cuts.pop(0) if self.cuts else None
        await asyncio.sleep(self.latency / 2)
        if cut is not None and cut.after is None:
            raise LinkError(SshState.UNREACHABLE, Safe("unreachable: no route"), sent=False)
        told, stop = [], None if cut is None else cut.after
        keys = ([LOCK] if ask.lock is not None else []) + [command.key for command in ask.commands]
        for number, key in enumerate(keys):
            lost = stop is not None and number >= stop
            if lost and cut is not None and cut.far is not Far.DONE:
                if cut.far is Far.LATER and self._would_run(ask):
                    label = ask.lock.label if ask.lock else ""
                    self.late.append((self.clock() + 2.5, ask.commands[-1].words, label))
                break
            reply = self._run(ask, key)
            if not lost:
                told.append(reply)
            if self._ends(ask, reply):
                break
        await asyncio.sleep(self.latency / 2)
        if cut is None:
            return Answer(asked_at, self.clock(), tuple(told))
        if not told:
            raise LinkError(SshState.UNREACHABLE, Safe("connection lost while the command ran"), sent=True)
        return Answer(asked_at, self.clock(), tuple(told), complete=False)

    async def close(self) -> None:
        """Nothing is open."""

    def _run(self, ask: SshAsk, key: str) -> Reply:
        self.settle()
        if key == LOCK:
            assert ask.lock is not None
            if self.locked_until > self.clock():
                return Reply(LOCK, LOCK_BUSY, (clean(self.holder),))
            return Reply(LOCK, 0)
        command = next(command for command in ask.commands if command.key == key)
        shown = self._shown(command.words)
        if shown is not None:
            closed = command.gate and closes(shown, command.unless, command.expect, command.between)
            return Reply(key, GATE_CLOSED if closed else 0, shown)
        if ask.lock is not None:
            self.locked_until, self.holder = self.clock() + ask.lock.hold_s, ask.lock.label
        if self.refuses:
            return Reply(key, 0, (clean(self.refuses),))
        printed = self._do(command.words, ask.lock.label if ask.lock else "", self.clock())
        return Reply(key, 0, (clean(printed),) if printed else ())

    def _shown(self, words: str) -> tuple[Safe, ...] | None:
        """Return what a command prints that only reads; None: it is none."""
        match words.split():
            case ["pjsip", "show", "registration", name]:
                return self.show(name)
            case ["database", "get", family, key]:
                value = self.db.get(f"{family}/{key}")
                return (clean("Database entry not found." if value is None else f"Value: {value}"),)
            case ["core", "show", "channels", "concise"]:
                return self.channels()
            case ["core", "show", "channels", "count"]:
                up = len(self.calls)
                counted = (f"{up} active channels", f"{up} active calls", f"{up} calls processed")
                return tuple(clean(line) for line in counted)
        return None

    def _ends(self, ask: SshAsk, reply: Reply) -> bool:
        gates = {LOCK} | {command.key for command in ask.commands if command.gate}
        return reply.key in gates and reply.status != 0

    def _would_run(self, ask: SshAsk) -> bool:
        """Whether the rest of a script changes something: the lock is free, and no gate closes."""
        if self._shown(ask.commands[-1].words) is not None:
            return False
        self.settle()
        gates = [command for command in ask.commands if command.gate]
        shut = any(closes(self._shown(c.words) or (), c.unless, c.expect, c.between) for c in gates)
        free = ask.lock is None or self.locked_until <= self.clock()
        if free and not shut and ask.lock is not None:
            self.locked_until, self.holder = self.clock() + 2.5 + ask.lock.hold_s, ask.lock.label
        return free and not shut
