"""Two SBCs, four legs, two carriers and a group, with a desk per operator over them: the stage of action tests."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from tests.actions.far_side import FarSide, Row, VirtualLoop
from tests.fleets import leg
from trunktui.actions.desk import Desk, World
from trunktui.model.audit import AuditRecord, Entry, RecordKind, Who
from trunktui.model.health import LegState, RegSignal
from trunktui.model.inventory import Binding, Group, Inventory, Sbc, SshTarget, Trunk
from trunktui.model.snapshot import LegStatus, RegView, Snapshot
from trunktui.model.text import Safe
from trunktui.platforms import asterisk
from trunktui.store.audit import AuditError, Unfinished, Written

LEGS = {"red@one": "alpha", "blue@one": "beta", "red@two": "alpha", "blue@two": "beta"}
START = datetime(2026, 1, 1, tzinfo=UTC)


def inventory(*, write: bool = True) -> Inventory:
    """Return the config of the stage."""
    return Inventory(
        sbcs=tuple(
            Sbc(name, "asterisk", SshTarget("192.0.2.1", user="noc", run_as="asterisk"), write=write)
            for name in ("one", "two")
        ),
        trunks=tuple(
            Trunk(
                name,
                carrier=carrier,
                bindings=(Binding(name, "one", name), Binding(name, "two", name)),
            )
            for name, carrier in (("red", "alpha"), ("blue", "beta"))
        ),
        groups=(Group("out", ("red", "blue")),),
    )


class Book:
    """An audit log in memory; `fails` makes every append do so."""

    def __init__(self, who: Who, wall: Callable[[], datetime], entries: list[Entry]) -> None:
        self.entries = entries
        self.fails = False
        self.watch: Callable[[AuditRecord], None] = lambda _: None
        self._who, self._wall = who, wall

    def append(self, record: AuditRecord) -> Written:
        if self.fails:
            raise AuditError("/var/lib/trunktui/audit.jsonl: no space left on device")
        self.watch(record)
        entry = Written(len(self.entries) + 1, self._wall().isoformat(), self._who, record, "", "")
        self.entries.append(entry)
        return entry

    def recent(self, within_s: float) -> tuple[Entry, ...]:
        since = self._wall() - timedelta(seconds=within_s)
        return tuple(e for e in self.entries if datetime.fromisoformat(e.at) >= since)

    def unfinished(self) -> tuple[Unfinished, ...]:
        ended = {e.record.action for e in self.entries if e.record.kind is not RecordKind.INTENT}
        return tuple(
            Unfinished(e, (self._wall() - datetime.fromisoformat(e.at)).total_seconds())
            for e in self.entries
            if e.record.kind is RecordKind.INTENT and e.record.action not in ended
        )


class Stage:
    """The stage: virtual time, the SBCs, the audit log of each jump host, and desks for operators."""

    def __init__(self, delay: Callable[[], float] = lambda: 3.0, *, write: bool = True) -> None:
        self.loop = VirtualLoop()
        self.began = self.loop.time()
        self.inventory = inventory(write=write)
        self.sbcs = {name: FarSide(self.loop.time, delay) for name in ("one", "two")}
        for sbc in self.sbcs.values():
            sbc.rows = {"red": Row(due=1080.0), "blue": Row(due=1090.0)}
        self.books: dict[str, list[Entry]] = {}
        self.views: dict[str, tuple[LegStatus, ...]] = {}
        self.healthy_others: dict[str, int] = {}
        self.was_up: dict[str, bool] = {}
        self._ids = itertools.count(1)

    def close(self) -> None:
        """End the event loop."""
        self.loop.close()

    def run(self, work: Any) -> Any:
        """Run a coroutine to its end in virtual time."""
        return self.loop.run_until_complete(work)

    def wall(self) -> datetime:
        """Return the time on the calendar."""
        return START + timedelta(seconds=self.loop.time() - self.began)

    def look(self) -> tuple[LegStatus, ...]:
        """Return every leg as a poll at this instant judges it."""
        return tuple(self._leg(leg_id) for leg_id in LEGS)

    def _leg(self, leg_id: str) -> LegStatus:
        trunk, _, name = leg_id.partition("@")
        sbc, now = self.sbcs[name], self.loop.time()
        sbc.settle()
        row = sbc.rows[trunk]
        state = {"Registered": LegState.UP, "Rejected": LegState.DOWN}.get(row.word, LegState.SUSPECT)
        signal = {"Registered": RegSignal.REGISTERED, "Rejected": RegSignal.RETRYING}.get(
            row.word, RegSignal.STARTING
        )
        seen = leg(leg_id, state, carrier=LEGS[leg_id], groups=("out",))
        return replace(
            seen,
            registration=RegView(signal, next_at=float(int(row.due - now)) + now),
            observed_at=now,
            late_at=now + 60,
            stale_at=now + 90,
        )

    def book(self, who: Who) -> Book:
        """Return the audit log of the operator's jump host, as the operator writes it."""
        book = Book(who, self.wall, self.books.setdefault(who.host, []))
        book.watch = self._watch
        return book

    def _watch(self, record: AuditRecord) -> None:
        """Note at every intent how many other legs of the group were healthy at that very instant."""
        if record.kind is RecordKind.INTENT:
            others = [each for each in self.look() if each.id != record.leg]
            own = next(each for each in self.look() if each.id == record.leg)
            self.was_up[record.action] = own.state is not LegState.DOWN
            self.healthy_others[record.action] = sum(each.state is LegState.UP for each in others)

    def desk(self, name: str = "alice", host: str = "jump1", **changes: Any) -> Desk:
        """Return the desk of an operator; the command line's, which looks at the fleet afresh each time."""
        who = Who(name, 1000, host=host)

        async def at_once(work: Callable[[], Any]) -> Any:
            return work()

        def snapshot() -> Snapshot:
            return Snapshot(1, self.loop.time(), (), self.views.get(host) or self.look())

        world = World(
            inventory=self.inventory,
            interval_s=30.0,
            snapshot=snapshot,
            platform=lambda _: asterisk,
            asker=lambda sbc: self.sbcs[sbc],
            audit=self.book(who),
            who=who,
            clock=self.loop.time,
            wall=self.wall,
            new_id=lambda: f"a{next(self._ids)}",
            aside=at_once,
            always_unlocked=True,
        )
        return Desk(replace(world, **changes))


def silent(_: Safe) -> None:
    """Take progress and drop it."""
