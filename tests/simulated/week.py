"""Runs days of simulated faults: the real pollers, crew, fleet, rules, recorder and history over SBCs without a wire."""

from __future__ import annotations

import asyncio
import contextlib
import math
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field, structs

from tests.simulated.hour import quiet
from tests.simulated.virtual import run_virtually
from tests.simulated.week_engine import Engine, Surroundings, config_of
from tests.simulated.week_gauges import Weight, grown, weigh
from tests.simulated.week_judge import EventJudge
from tests.simulated.week_script import DAY_S, HOUR_S, Fault, What, script
from tests.simulated.week_world import WeekWorld, spare
from trunktui.demo.plan import FleetPlan, TrunkPlan
from trunktui.model.health import LegState
from trunktui.model.history import Memory
from trunktui.model.snapshot import Snapshot
from trunktui.store.history_file import Limits
from trunktui.store.history_read import HistoryReader

UTC0 = 1_790_000_000.0 // DAY_S * DAY_S
"""The run's second 0, on a midnight: an arbitrary day."""

LOOK_S = 9.0
"""What came in meanwhile is judged together: never two polls of one SBC. The engine waits for 0.2 s only, and so judges more often than this."""

_STEADY_S = 30.0
_SETTLED_S = 300.0
_SAME_S = 2.0
_SOFT = frozenset({LegState.UNKNOWN, LegState.SUSPECT})


DEFAULT, SHORT, SMALL = "as by default", "one day", "small"


def three(size_bytes: int) -> dict[str, Limits]:
    """Return what to keep three histories by: the product's defaults, one day, and so many bytes."""
    return {DEFAULT: Limits(), SHORT: Limits(days=1.0), SMALL: Limits(size_bytes=size_bytes)}


class Scale(Struct, frozen=True):
    """How much is played, and which histories are kept of it, by name: the first is the one that is read.

    No day is begun that would end later than `patience_s` real seconds after the start. `flat`: histories that are
    as large as they get before the time from which nothing may grow. It is weighed every `weigh_every` hours.
    """

    hours: int = 168
    interval_s: float = 60.0
    seed: int = 1
    patience_s: float = math.inf
    faulty: bool = True
    weigh_every: int = 24
    limits: dict[str, Limits] = field(default_factory=lambda: three(5_000_000))
    flat: frozenset[str] = frozenset({SHORT})


class Outcome(Struct):
    """What a run brought. `shown`: by what lost packets, how often a leg was looked at in each state meanwhile."""

    weights: list[Weight] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    hours: int = 0
    polls: int = 0
    looks: int = 0
    samples: int = 0
    kept_since: int = 0
    earlier_since: int = 0
    shown: dict[What, Counter[LegState]] = field(default_factory=dict)
    by_chance: dict[What, Counter[str]] = field(default_factory=dict)
    leg_hours: Counter[What] = field(default_factory=Counter)
    cpu_s: float = 0.0
    took_s: float = 0.0


class Week:
    """One run; `folder` is for its histories, `progress` is told a line now and then."""

    def __init__(self, plan: FleetPlan, scale: Scale, folder: Path, progress: Callable[[str], None]) -> None:
        self.plan, self.scale = plan, scale
        self.main = next(iter(scale.limits))
        self.folders = {name: folder / f"{n}" for n, name in enumerate(scale.limits)}
        self.faults = script(plan, scale.seed, scale.hours - 1) if scale.faulty else ()
        self.world = WeekWorld(plan, self.faults, scale.seed)
        self.judge = EventJudge(plan, self.faults)
        self.config = config_of(plan, scale.interval_s)
        histories = {name: (self.folders[name], limits) for name, limits in scale.limits.items()}
        self.dirty = asyncio.Event()
        self._around = Surroundings(
            self.world, histories, self.now, self.wall, self.told, self.dirty.set, scale.seed
        )
        self.outcome = Outcome()
        self._progress = progress
        self._stepped_by = 0.0
        self._engine: Engine
        self._ours = _ours(self.faults)
        self._before: dict[str, tuple[LegState, float | None]] = {}
        self._check_at = math.inf
        self._known: dict[str, float | None] = {}
        self._counted = Counter[str]()
        self._spent = self._busy = 0.0

    def now(self) -> float:
        """Return the virtual second."""
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        """Return the virtual time of day, as this machine's clock has it."""
        return UTC0 + self.now() + self._stepped_by

    def told(self, trouble: str) -> None:
        """Note that no history can be kept."""
        if trouble:
            self.outcome.wrong.append(f"{self.now():.0f} s: {trouble}")

    async def run(self) -> Outcome:
        """Play all of it."""
        began, cpu = time.monotonic(), time.process_time()
        self._spent = cpu
        self._engine = Engine(self.config, Memory(), self._around)
        for hour in range(self.scale.hours):
            took_s = time.monotonic() - began
            if hour % 24 == 0 and took_s * (hour + 24) > self.scale.patience_s * max(hour, 1):
                break
            await self._hour(hour)
            self.outcome.hours = hour + 1
            if self.outcome.hours % self.scale.weigh_every == 0:
                self._weigh()
        await self._engine.stop()
        for keeper in self._engine.keepers.all:
            keeper.finish()
        self._finish()
        self.outcome.cpu_s, self.outcome.took_s = time.process_time() - cpu, time.monotonic() - began
        return self.outcome

    def _weigh(self) -> None:
        """Read what everything weighs now, and check what was written since the last time."""
        events, spent, busy = self._events(), time.process_time(), self.world.busy_s
        weight = weigh(
            self.outcome.hours / 24,
            self.folders,
            events - self._counted,
            spent - self._spent,
            busy - self._busy,
        )
        self._counted, self._spent, self._busy = events, spent, busy
        self.outcome.weights.append(weight)
        self._check_samples()
        files = ", ".join(f"{name} {db / 1e6:.1f} MB" for name, (db, _) in weight.files.items())
        self._progress(f"day {weight.day:g}: {weight.rss_mib:.1f} MiB, {weight.cpu_s:.0f} s of CPU; {files}")

    async def _hour(self, hour: int) -> None:
        end, looked_at = (hour + 1) * HOUR_S, -math.inf
        while self.now() < end:
            await asyncio.sleep(LOOK_S)
            self.world.go_on(self.now())
            while self._ours and self._ours[-1][0] <= self.now():
                await self._do(*self._ours.pop()[1:])
            if self.dirty.is_set() or self.now() - looked_at >= _STEADY_S:
                self.dirty.clear()
                looked_at = self.now()
                self._look()

    def _look(self) -> None:
        now = self.now()
        snapshot = self._engine.fleet.snapshot(now)
        self._engine.historian.see(snapshot)
        for keeper in self._engine.keepers.all:
            keeper.step()
        self.outcome.looks += 1
        lossy = self.world.lossy()
        for leg in snapshot.legs if lossy else ():
            if leg.carrier in lossy:
                self.outcome.shown.setdefault(lossy[leg.carrier], Counter())[leg.state] += 1
        if now >= self._check_at:
            self._check_at = math.inf
            self._check_since(snapshot)

    async def _do(self, fault: Fault, ends: bool) -> None:
        if fault.what is What.OUR_CLOCK:
            self._stepped_by += -fault.by if ends else fault.by
        elif fault.what is What.CONFIG:
            self._reload(fault, ends)
        elif fault.what is What.ENGINE and not ends:
            await self._kill()

    def _reload(self, fault: Fault, ends: bool) -> None:
        """Have SBCs and config know one trunk more from now on, or no longer."""
        name = f"spare-{fault.number}"
        trunk = spare(self.plan, name, tuple(sbc.name for sbc in self.plan.sbcs[:2]))
        if ends:
            self.world.unlist_trunk(trunk)
        else:
            self.world.list_trunk(trunk)
        trunks: tuple[TrunkPlan, ...] = self.plan.trunks if ends else (*self.plan.trunks, trunk)
        self.config = config_of(structs.replace(self.plan, trunks=trunks), self.scale.interval_s)
        self._engine.reload(self.config, f"config reloaded: trunk {name}")

    async def _kill(self) -> None:
        """Kill the engine and start another, which knows what the file says."""
        snapshot = self._engine.fleet.snapshot(self.now())
        self._before = _sinces(snapshot, self.wall() - self.now())
        self._check_at = self.now() + _SETTLED_S
        self.outcome.samples += self._engine.keepers.samples
        await self._engine.stop()
        for keeper in self._engine.keepers.all:
            keeper.kill()
        with HistoryReader(self.folders[self.main]) as reader:
            memory, _ = reader.memory()
        self._known = {str(one.leg): one.since for one in memory.legs}
        self._engine = Engine(self.config, memory, self._around)

    def _check_since(self, snapshot: Snapshot) -> None:
        after = _sinces(snapshot, self.wall() - self.now())
        for leg, (state, since) in self._before.items():
            found = after.get(leg)
            if _lasts(found, state, since):
                self.outcome.kept_since += 1
            elif _lasts(found, state, self._known.get(leg)):
                # Earlier: to a run UNKNOWN ends a state that nobody saw end; to the history it does not.
                self.outcome.earlier_since += 1
            else:
                lost = f"{leg}: {state} since {since} of UTC, after a restart {found}"
                self.outcome.wrong.append(lost)

    def _check_samples(self) -> None:
        """Hold the full polls since the last time against those that were answered, of one leg on each SBC."""
        span_s = self.scale.weigh_every * HOUR_S
        with HistoryReader(self.folders[self.main]) as reader:
            for sbc in self.plan.sbcs:
                leg = f"{self.plan.trunks[0].name}@{sbc.name}"
                had = len(reader.series(leg, self.wall() - span_s, self.wall() - 120.0).points)
                asked = self.world.polls[sbc.name]
                self.world.polls[sbc.name] = 0
                self.outcome.polls += asked
                # A killed engine loses a minute, the last two minutes are not asked for, a clock set back hides some.
                if not 0.99 * asked - 6 <= had <= asked:
                    self.outcome.wrong.append(f"{leg}: {had} samples of {asked} polls, {self.now():.0f} s")

    def _events(self) -> Counter[str]:
        path = self.folders[self.main] / "history.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return Counter(
                dict(connection.execute("SELECT kind, count(*) FROM event GROUP BY kind").fetchall())
            )

    def _finish(self) -> None:
        outcome = self.outcome
        outcome.samples += self._engine.keepers.samples
        with HistoryReader(self.folders[self.main]) as reader:
            events = reader.events_or_raise(0.0).events
        outcome.wrong += self.judge.wrong(events, UTC0, outcome.hours)
        outcome.by_chance = self.judge.counts_by_chance(events, UTC0)
        outcome.leg_hours = self.judge.leg_hours(outcome.hours)
        outcome.faults = Counter(fault.what.value for fault in self.faults if fault.hour < outcome.hours)
        bounds = {name: limits.size_bytes for name, limits in self.scale.limits.items()}
        outcome.wrong += grown(outcome.weights, bounds, self.scale.flat)
        for leg in self._engine.fleet.snapshot(self.now()).legs:
            if leg.state not in {LegState.UP, LegState.UNMONITORED}:
                outcome.wrong.append(f"at the end {leg.id} is {leg.state}: {leg.reason}")


def _lasts(found: tuple[LegState, float | None] | None, state: LegState, since: float | None) -> bool:
    """Tell whether a leg was found in `state`, and since `since`; None: not known."""
    if found is None or found[0] is not state:
        return False
    return found[1] is since if found[1] is None or since is None else abs(found[1] - since) <= _SAME_S


def _sinces(snapshot: Snapshot, offset: float) -> dict[str, tuple[LegState, float | None]]:
    """Return the legs whose state is hard, and since when (UTC), None where that is not known."""
    return {
        leg.id: (leg.state, None if leg.since_at is None else leg.since_at + offset)
        for leg in snapshot.legs
        if leg.state not in _SOFT
    }


def _ours(faults: tuple[Fault, ...]) -> list[tuple[float, Fault, bool]]:
    """Return what happens to us and not to an SBC, the next last, as (when, what, whether it ends)."""
    mine = [f for f in faults if f.what in {What.OUR_CLOCK, What.CONFIG, What.ENGINE}]
    times = [(at, fault, ends) for fault in mine for at, ends in ((fault.start, False), (fault.end, True))]
    return sorted(times, key=lambda one: -one[0])


def play_week(plan: FleetPlan, scale: Scale, folder: Path, progress: Callable[[str], None]) -> Outcome:
    """Play days in virtual time; return what they brought."""
    defects: list[str] = []
    with quiet(defects):
        outcome = run_virtually(Week(plan, scale, folder, progress).run())
    outcome.wrong += defects
    return outcome
