"""Plays an hour of simulated faults: the real pollers, fleet, rules and rows over a simulated network."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from msgspec import Struct, field

from tests.simulated.harsh import HarshWorld
from tests.simulated.judge import FAST_S, GREEN, INTERVAL_S, Judge, contradictions
from tests.simulated.network import Network, Told
from tests.simulated.troubles import Hour, Way
from tests.simulated.virtual import run_virtually
from trunktui.config.load import Config, parse
from trunktui.demo.config import Access, config_text
from trunktui.demo.plan import FleetPlan
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import EPOCH
from trunktui.health.reasons import LIMIT
from trunktui.model.health import LegState
from trunktui.model.inventory import Sbc
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.platforms.registry import platform_for
from trunktui.poll.fleet import Fleet
from trunktui.poll.poller import SbcPoller
from trunktui.poll.schedule import Pace, first_wait_s
from trunktui.present.cells import Role
from trunktui.present.columns import ColumnKey
from trunktui.present.fleet import Row, row_of
from trunktui.present.freshness import shown, shown_sbc, stale
from trunktui.present.words import NOT_KNOWN, STATE_WORDS
from trunktui.transport.asker import SshAsker
from trunktui.wiring import KNOWN_PLATFORMS

STEP_S = 20.0
_FIRST_LOOK_S = 5.37
_CHANGES_PER_EVENT = 3
_OLD_CELLS = (
    ColumnKey.REGISTRATION,
    ColumnKey.OPTIONS,
    ColumnKey.CHANNELS,
    ColumnKey.CPS,
    ColumnKey.DIALS,
)


class Report(Struct):
    """What an hour brought.

    `worst_s`: by cause, the longest that a leg was green after its SBC could know.
    """

    compared: int = 0
    polls: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    lies: list[str] = field(default_factory=list)
    false_alarms: list[str] = field(default_factory=list)
    states: Counter[LegState] = field(default_factory=Counter)
    worst_s: dict[str, float] = field(default_factory=dict)
    oldest_green_s: float = 0.0
    most_changes: int = 0
    not_green_at_end: list[str] = field(default_factory=list)
    dark: int = 0
    restless: list[str] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    link_faults: dict[str, int] = field(default_factory=dict)
    rates: Counter[str] = field(default_factory=Counter)
    cpu_s: float = 0.0
    changes: list[tuple[float, str, str]] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """Everything that should not have been."""
        return self.lies + self.false_alarms + self.restless + self.not_green_at_end + self.defects


class _Defects(logging.Handler):
    """Keeps what the product logged as an internal error."""

    def __init__(self, into: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.append(record.getMessage())


class _Play:
    """One hour being played."""

    def __init__(self, plan: FleetPlan, hour: Hour, seed: int) -> None:
        ports = {port: sbc.name for port, sbc in enumerate(plan.sbcs, 2201)}
        config = _config(plan, {name: port for port, name in ports.items()})
        polled, beside = (
            HarshWorld(plan, hour.script, seed, hour.losses, hour.steps, calls=calls)
            for calls in (True, False)
        )
        self._hour = hour
        self._engine_stuck = [way for way in hour.ways if way.kind is Way.ENGINE]
        self._network = Network(polled, hour.ways, ports, seed)
        self._judge = Judge(beside, hour)
        self._fleet = Fleet(config.inventory, config.thresholds, config.poll.interval_s)
        self._pollers = [self._poller(sbc, config, seed) for sbc in config.inventory.sbcs]
        self._snapshot: Snapshot | None = None
        self._told: dict[str, Told] = {}
        self._history: dict[str, list[Told]] = {}
        self._was: dict[str, LegState] = {}
        self._changed: Counter[str] = Counter()
        self.report = Report(faults=hour.counted())

    async def run(self) -> Report:
        """Poll and look until everything has had the time to recover."""
        pace = Pace(INTERVAL_S, FAST_S)
        tasks = [
            asyncio.create_task(poller.run(first_wait_s(n, len(self._pollers), pace)))
            for n, poller in enumerate(self._pollers)
        ]
        clock = asyncio.get_running_loop().time
        at = _FIRST_LOOK_S
        while at < self._hour.ends:
            await asyncio.sleep(at - clock())
            self._compare(clock())
            at += STEP_S
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.gather(*(poller.close() for poller in self._pollers))
        self._finish(clock())
        return self.report

    def _poller(self, sbc: Sbc, config: Config, seed: int) -> SbcPoller:
        clock = self._network.now
        return SbcPoller(
            sbc.name,
            platform_for(sbc.platform),
            SshAsker(sbc.ssh, self._network, clock=clock),
            self._fleet,
            pace=Pace(config.poll.interval_s, config.poll.fast_interval_s),
            clock=clock,
            wall=lambda: EPOCH + clock(),
            chance=random.Random(f"{seed} {sbc.name}").random,
            changed=lambda: None,
        )

    def _compare(self, now: float) -> None:
        """Hold every row of the screen against the judge's world."""
        self._judge.look(now)
        stuck = any(way.start <= now < way.end for way in self._engine_stuck)
        if self._snapshot is None or not stuck:
            self._snapshot, self._told = self._fleet.snapshot(now), dict(self._network.told)
            self._history = {sbc: list(told) for sbc, told in self._network.history.items()}
        for leg in self._snapshot.legs:
            self._compare_leg(leg, now)
        for sbc in self._snapshot.sbcs:
            found = self._judge.sbc_lies(shown_sbc(sbc, now), self._told.get(sbc.name), now)
            self.report.lies += [f"{now:.1f} s: {sbc.name} up: {why}" for why in found]

    def _compare_leg(self, leg: LegStatus, now: float) -> None:
        report, told = self.report, self._told.get(leg.sbc)
        seen, row = shown(leg, now), row_of(leg, now)
        report.compared += 1
        report.states[seen.state] += 1
        if not self._judge.knows(leg.id):
            report.lies.append(f"{now:.1f} s: there is no leg {leg.id}")
            return
        found = [
            *contradictions(seen),
            *unlike(row, leg, seen, now),
            *self._judge.wrong_figures(leg, told, now),
            *self._judge.wrong_rate(leg, self._history.get(leg.sbc, []), now),
        ]
        if leg.cps.now is not None:
            report.rates["whole" if leg.cps.whole else "at_least"] += 1
        if seen.state in GREEN:
            found += self._judge.lies(seen, told, now)
            self._measure(leg.id, now)
            if told is not None:
                report.oldest_green_s = max(report.oldest_green_s, now - told.looked_at)
        report.lies += [f"{now:.1f} s: {leg.id} {seen.state}: {why} ({seen.reason})" for why in found]
        alarm = self._judge.false_alarm(seen, told, now)
        if alarm is not None:
            report.false_alarms.append(f"{now:.1f} s: {leg.id} {alarm}")
        if self._was.get(leg.id) is not seen.state:
            self._was[leg.id] = seen.state
            self._changed[leg.id] += 1
            report.changes.append((now, leg.id, seen.state.value))

    def _measure(self, leg_id: str, now: float) -> None:
        for cause in self._judge.active(leg_id, now):
            worst = self.report.worst_s
            worst[cause.kind.value] = max(worst.get(cause.kind.value, 0.0), now - cause.known)

    def _finish(self, now: float) -> None:
        report = self.report
        assert self._snapshot is not None
        for leg in filter(lambda leg: self._judge.knows(leg.id), self._snapshot.legs):
            seen = shown(leg, now)
            if self._judge.dark(leg.sbc):
                report.dark += 1
                if seen.state is not LegState.UNKNOWN or "not tried again" not in seen.reason:
                    report.lies.append(f"{leg.id} {seen.state} though nobody asks its SBC: {seen.reason}")
            elif seen.state not in GREEN and not self._judge.may_end_so(seen, now):
                report.not_green_at_end.append(f"{leg.id} {seen.state}: {seen.reason}")
            bound = 2 + _CHANGES_PER_EVENT * self._judge.flips(leg.id)
            if self._changed[leg.id] > bound:
                report.restless.append(f"{leg.id} changed {self._changed[leg.id]} times, {bound} at most")
        report.polls = self._network.polls
        report.most_changes = max(self._changed.values())
        report.link_faults = {state.value: n for state, n in sorted(self._network.counters.faults.items())}


def play(plan: FleetPlan, hour: Hour, seed: int) -> Report:
    """Play an hour in virtual time; return what it brought."""
    began = time.process_time()
    playing = _Play(plan, hour, seed)
    with quiet(playing.report.defects):
        report = run_virtually(playing.run())
    report.cpu_s = time.process_time() - began
    return report


def unlike(row: Row, leg: LegStatus, seen: LegStatus, now: float) -> Iterator[str]:
    """Yield where a row says something else than the state it stands for, or hides its age."""
    if STATE_WORDS[seen.state] not in row.cell(ColumnKey.STATE).text:
        yield f"its row reads {row.cell(ColumnKey.STATE).text}"
    if not seen.reason or len(seen.reason) > LIMIT:
        yield f"its reason has {len(seen.reason)} characters"
    if leg.observed_at is not None and now - leg.observed_at > 60.0 and not row.late:
        yield "its row is not dimmed"
    if stale(leg, now):
        for key in _OLD_CELLS:
            cell = row.cell(key)
            told_as_old = cell.role is Role.DIM and (
                cell.text.startswith("was ") or cell.text in {NOT_KNOWN, "not used"}
            )
            if not told_as_old and cell.text != "never asked":
                yield f"its {key.value} cell reads {cell.text!r} though it is stale"


@contextlib.contextmanager
def quiet(defects: list[str]) -> Iterator[None]:
    """Keep thousands of expected warnings out of the test's log, and the unexpected errors in `defects`."""
    log = logging.getLogger("trunktui")
    before, propagate, handler = log.level, log.propagate, _Defects(defects)
    log.setLevel(logging.ERROR)
    log.propagate = False
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
        log.propagate = propagate


def _config(plan: FleetPlan, ports: dict[str, int]) -> Config:
    text = config_text(
        plan, Tempo(1.0), Access("/nowhere", "noc", "127.0.0.1", ports, {}), date(2026, 11, 26)
    )
    ours = text.replace('interval = "5s"', f'interval = "{INTERVAL_S:g}s"')
    assert ours != text
    return parse(ours.encode(), Path("/nowhere/hour.toml"), {}, KNOWN_PLATFORMS)
