"""The stage of tests of switches: two SBCs whose database routes a group of three trunks, and calls that follow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from tests.actions.far_side import Row
from tests.actions.scene import Book, Stage
from tests.actions.switched import Switched
from tests.fleets import leg
from trunktui.actions.desk import Desk
from trunktui.model.action import Verb
from trunktui.model.audit import AuditRecord, RecordKind, Who
from trunktui.model.health import LegState, Severity, Usage
from trunktui.model.inventory import Binding, Carrier, Group, Inventory, Sbc, SshTarget, Trunk
from trunktui.model.route import ActiveRoute, Mechanism, Route, RouteReading, Share
from trunktui.model.snapshot import ChannelsView, CleanRun, GroupStatus, LegStatus, Snapshot
from trunktui.model.switch import Move
from trunktui.model.text import Safe, clean

TRUNKS = {"red": "alpha", "blue": "beta", "green": "gamma"}
SBCS = ("one", "two")
PLACE = "trunk/out"
ROUTE = Route(Mechanism.ASTDB, PLACE)
PROBE_S = 30.0


def switch_inventory() -> Inventory:
    """Return the config: group `out` of red, blue and green, on both SBCs."""
    return Inventory(
        carriers=tuple(Carrier(name, upstream=f"net-{name}") for name in TRUNKS.values()),
        sbcs=tuple(
            Sbc(name, "asterisk", SshTarget("192.0.2.1", user="noc", run_as="asterisk"), write=True)
            for name in SBCS
        ),
        trunks=tuple(
            Trunk(name, carrier=carrier, bindings=tuple(Binding(name, sbc, name) for sbc in SBCS))
            for name, carrier in TRUNKS.items()
        ),
        groups=(Group("out", tuple(TRUNKS), switch={"asterisk": ROUTE}),),
    )


@dataclass(frozen=True)
class Seen:
    """What the operator's host knew when an intent was written: the states of the trunks there; and what it was to do."""

    host: str
    states: dict[str, LegState]
    move: Move


class SwitchStage(Stage):
    """A `Stage` with carriers that die and return at once (`die`, `come_back`), and polls as old as `lag_s`."""

    def __init__(self, lag_s: float = 0.0) -> None:
        super().__init__()
        self.inventory = switch_inventory()
        self.platform = Switched()
        self.lag_s = lag_s
        self.since: dict[str, float] = {}
        self.dead: set[str] = set()
        self.intents: dict[str, Seen] = {}
        self._polled: dict[str, tuple[float, Snapshot]] = {}
        for sbc in self.sbcs.values():
            sbc.rows = {name: Row(due=1080.0) for name in TRUNKS}
            sbc.db[PLACE] = "red"
            sbc.route = PLACE

    def die(self, leg_id: str) -> None:
        """Have a trunk on an SBC be down from now on."""
        if leg_id not in self.dead:
            self.dead.add(leg_id)
            self.since[leg_id] = self.loop.time()

    def come_back(self, leg_id: str) -> None:
        """Have it work again from now on."""
        if leg_id in self.dead:
            self.dead.discard(leg_id)
            self.since[leg_id] = self.loop.time()

    def look(self) -> tuple[LegStatus, ...]:
        """Return every leg as a poll at this instant judges it."""
        return tuple(self._leg(f"{trunk}@{sbc}") for trunk in TRUNKS for sbc in SBCS)

    def _leg(self, leg_id: str) -> LegStatus:
        now = self.loop.time()
        trunk = leg_id.partition("@")[0]
        down = leg_id in self.dead
        since = self.since.get(leg_id, 0.0)
        seen = leg(leg_id, LegState.DOWN if down else LegState.UP, Severity.NONE, carrier=TRUNKS[trunk])
        return replace(
            seen,
            groups=("out",),
            since_at=since,
            load=10,
            clean=None if down else CleanRun(int((now - since) // PROBE_S), since),
            channels=ChannelsView(Usage.NORMAL, active=10, cap=200, used=20),
            observed_at=now,
            late_at=now + 60,
            stale_at=now + 90,
        )

    def fleet(self, host: str) -> Snapshot:
        """Return what an operator's program on `host` knows: no older than `lag_s`."""
        at, known = self._polled.get(host, (-1e9, Snapshot(0, 0.0)))
        now = self.loop.time()
        if now - at > self.lag_s or not known.legs:
            active = tuple(self._active(name) for name in SBCS)
            group = GroupStatus("out", LegState.UP, Severity.NONE, Safe(""), active=active)
            known = Snapshot(1, now, (), self.look(), (group,))
            self._polled[host] = now, known
        return known

    def _active(self, name: str) -> ActiveRoute:
        value = self.sbcs[name].db.get(PLACE)
        shares = () if value is None else (Share(clean(value)),)
        reading = RouteReading(ROUTE, self.loop.time(), shares)
        return ActiveRoute(name, ROUTE, trunk=value if value in TRUNKS else None, reading=reading)

    def book(self, who: Who) -> Book:
        """Return the audit log of the operator's jump host, as the operator writes it."""
        book = super().book(who)
        book.watch = lambda record: self._note(who.host, record)
        return book

    def _note(self, host: str, record: AuditRecord) -> None:
        """Note at every intent what was known at that very instant."""
        if record.kind is RecordKind.INTENT and record.move is not None:
            states = {one.trunk: one.state for one in self.fleet(host).legs if one.sbc == record.sbc}
            self.intents[record.action] = Seen(host, states, record.move)

    def desk(self, name: str = "alice", host: str = "jump1", **changes: Any) -> Desk:
        """Return the desk of an operator on a jump host."""
        fleet: Callable[[], Snapshot] = lambda: self.fleet(host)  # noqa: E731
        return super().desk(name, host, **{"snapshot": fleet, "platform": lambda _: self.platform, **changes})

    def records(self, host: str = "jump1") -> list[AuditRecord]:
        """Return what an operator's host has in its audit log of switches, oldest first."""
        return [e.record for e in self.books.get(host, []) if e.record.verb == Verb.SWITCH.value]
