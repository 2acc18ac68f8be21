"""A fleet with a group that is routed on three SBCs, and a stand-in for the engine's side of switches."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from tests.tui.acting_samples import UNLOCKED
from tests.tui.fleet_samples import NOW, leg, sbc
from trunktui.model.acting import Doings, Ended, Running, Step
from trunktui.model.action import (
    Consent,
    Ending,
    Outcome,
    Plan,
    Prepared,
    Ruling,
    Statement,
    Sweep,
    Swept,
    Verb,
)
from trunktui.model.ask import Command, SshAsk
from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.health import LegState, Severity, Usage
from trunktui.model.inventory import SshTarget
from trunktui.model.observation import Evidence
from trunktui.model.request import Decline, PerformSwitch, PrepareSwitch, Reply, Request
from trunktui.model.route import ActiveRoute, Mechanism, Route, RouteReading, RouteState, Share
from trunktui.model.snapshot import ChannelsView, CleanRun, GroupStatus, LegStatus, Snapshot
from trunktui.model.switch import Move, SwitchKind, Undoable, Wish
from trunktui.model.text import Safe, clean

GROUP = "us-outbound"
SBCS = ("nyc-1", "fra-1", "lon-2")
TRUNKS = {"alpha-us": "alpha", "beta-us": "beta", "gamma-us": "gamma"}
ROUTE = Route(Mechanism.ASTDB, "trunk/us-outbound")
LEG = "alpha-us@nyc-1"
NAMED = Ruling(
    "confirmed",
    False,
    Safe("type us-outbound and say yes"),
    (Statement.YES, Statement.GROUP_NAME),
)
YES = Ruling("confirmed", False, Safe("type us-outbound and say yes"), (Statement.YES,))
AGREES = (
    Ruling("write", True, Safe("it allows actions, and write mode is unlocked")),
    Ruling("fresh", True, Safe("legs and route were read 3 s ago (limit 60 s)")),
    Ruling(
        "room",
        True,
        Safe("warning: 36 to move, 24 free of 60 on beta-us: 66 % of it fits, which beats nothing"),
    ),
)
DOWN = Ruling(
    "target",
    False,
    Safe("gamma-us is down (no answer to OPTIONS), and alpha-us carries the calls: nothing is moved"),
)
GLASS = Ruling(
    "target",
    False,
    Safe(
        "break glass: beta-us@fra-1 flaps. Type us-outbound, give a reason and say break glass to do it all the same"
    ),
    (Statement.GROUP_NAME, Statement.REASON, Statement.GLASS),
)
CONSEQUENCE = "new calls go to beta-us from now on; calls in progress stay where they are"


def active(sbc_name: str, state: RouteState = RouteState.FIRST, trunk: str = "alpha-us") -> ActiveRoute:
    """Return where the group goes on one SBC."""
    return ActiveRoute(
        sbc_name,
        ROUTE,
        state,
        trunk,
        clean(f"{GROUP} on {sbc_name} goes to {trunk}"),
        since=NOW - 3600,
        read_at=NOW - 3,
        stale_at=NOW + 87,
        reading=RouteReading(ROUTE, NOW - 3, (Share(Safe(trunk)),)),
    )


def routed(*, out: bool = False, moved: bool = False, clean_s: float | None = None) -> Snapshot:
    """Return the fleet. `out`: alpha is out everywhere; `moved`: the group was moved to beta-us; `clean_s`: alpha's run."""
    legs: list[LegStatus] = []
    for trunk, carrier in TRUNKS.items():
        for name in SBCS:
            one = leg(trunk, name, carrier=carrier, groups=(GROUP,))
            if trunk == "alpha-us" and (out or (name == "nyc-1" and clean_s is None)):
                one = leg(
                    trunk,
                    name,
                    LegState.DOWN,
                    Severity.CRITICAL,
                    "OPTIONS gets no answer",
                    carrier=carrier,
                    groups=(GROUP,),
                )
            if trunk == "gamma-us":
                one = replace(
                    one, state=LegState.DOWN, severity=Severity.MAJOR, reason=Safe("OPTIONS gets no answer")
                )
            channels = ChannelsView(Usage.NORMAL, active=12, cap=60, used=36)
            run = None if clean_s is None else CleanRun(14, NOW - clean_s)
            legs.append(replace(one, channels=channels, load=12, clean=run))
    state, trunk = (RouteState.MOVED, "beta-us") if moved else (RouteState.FIRST, "alpha-us")
    group = GroupStatus(
        GROUP,
        LegState.DEGRADED,
        Severity.MAJOR,
        Safe("primary alpha-us is out; load was 36, beta-us has 24 free"),
        active=tuple(active(name, state, trunk) for name in SBCS),
        trunks=tuple(TRUNKS),
    )
    down = tuple(one.id for one in legs if one.trunk == "alpha-us")
    outage = Correlated(
        VerdictKind.CARRIER_OUTAGE, Safe("alpha"), Severity.CRITICAL, Safe("outage"), down, "alpha"
    )
    return Snapshot(7, NOW, tuple(map(sbc, SBCS)), tuple(legs), (group,), verdicts=(outage,) if out else ())


def plan_of(name: str, wish: Wish, source: str = "alpha-us") -> Plan:
    """Return the plan of one SBC's part, as a platform would make it."""
    target = wish.to or "alpha-us"
    stands = RouteReading(ROUTE, NOW - 3, (Share(clean(source)),))
    put = Command("put", ("/usr/sbin/asterisk", "-rx", f"database put trunk us-outbound {target}"))
    return Plan(
        verb=Verb.SWITCH,
        leg=f"{target}@{name}",
        sbc=name,
        target=target,
        disruptive=True,
        readback=Command("get", ("/usr/sbin/asterisk", "-rx", "database get trunk us-outbound")),
        steps=(put,),
        proof=SshAsk(()),
        consequence=clean(CONSEQUENCE.replace("beta-us", target)),
        proof_words=Safe("the key reads back, and a new call shows on it within 60 s"),
        undo=clean(f"database put trunk us-outbound {source}"),
        needs=Safe("Asterisk's command line"),
        window_s=60.0,
        every_s=1.0,
        lock_on=None,
        lock_hold_s=5,
        move=Move(wish.kind, wish.group, name, ROUTE, stands, (Share(clean(target)),), source, target),
        warning=Safe("a dialplan reload loses it") if name == "lon-2" else Safe(""),
    )


def sweep_of(
    wish: Wish, number: int = 1, rulings: tuple[Ruling, ...] = (NAMED,), refused: Ruling | None = None
) -> Sweep:
    """Return a wish prepared. `rulings` are those of the whole, `refused` is nyc-1's."""
    parts: list[Prepared] = []
    for name in wish.sbcs or SBCS:
        plan = plan_of(name, wish, "beta-us" if wish.kind is not SwitchKind.SWITCH else "alpha-us")
        own = (refused,) if refused is not None and name == SBCS[0] else ()
        parts.append(
            Prepared(
                f"s{number}.{name}",
                Verb.SWITCH,
                f"{wish.to}@{name}",
                (),
                None,
                plan,
                tuple(clean(step.line("asterisk"), 300) for step in plan.steps),
                (*own, *AGREES),
                SshTarget("10.20.0.11", user="noc"),
                wish,
                name,
            )
        )
    return Sweep(f"s{number}", wish, tuple(parts), rulings)


def outcome(ending: Ending, said: str, took: float = 4.0) -> Outcome:
    """Return the end of one SBC's part."""
    lines = (Evidence(Safe("database get trunk us-outbound"), Safe("Value: beta-us")),)
    return Outcome(ending, clean(said), ending is not Ending.REFUSED, NOW, NOW + took, lines)


def undoable(sbcs: tuple[str, ...] = SBCS, left_s: float = 872.0, to: str = "alpha-us") -> Undoable:
    """Return what can be taken back."""
    return Undoable(GROUP, NOW + left_s, to, tuple((name, f"s1.{name}") for name in sbcs), Safe("noc"))


class FakeSwitchEngine:
    """Answers as an engine would: what is typed and said satisfies its guards; a switch ends with `swept` when `go` is set."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.refused: dict[str, Ruling] = {"gamma-us": DOWN}
        self.ruling: Ruling | None = None
        self.ending = Ending.VERIFIED
        self.command = ""
        self.go = asyncio.Event()
        self._count = 0

    def of(self, kind: type[Request]) -> list[Request]:
        """Return the requests of one kind so far."""
        return [request for request in self.asked if isinstance(request, kind)]

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        match request:
            case PrepareSwitch(wish, consent):
                return Reply(True, Safe(""), sweep=self._prepared(wish, consent))
            case PerformSwitch():
                await self.go.wait()
                sweep = self._sweep
                swept = self.swept(sweep)
                whole = Outcome(swept.ending, swept.sentence, True, NOW, NOW + 12)
                ended = Ended(Verb.SWITCH, sweep.wish.group, whole, self.steps(2))
                return Reply(True, Safe(""), swept=swept, ended=(ended,))
            case Decline():
                return Reply(False, Safe("refused"))
        raise AssertionError(request)

    def steps(self, sbcs: int) -> tuple[Step, ...]:
        """Return what is told until so many SBCs have been begun."""
        said: list[Step] = []
        for number, name in enumerate(SBCS[:sbcs]):
            said.append(Step(NOW + 4 * number, clean(f"{name}: reading {GROUP} once more ...")))
            said.append(
                Step(
                    NOW + 4 * number + 1,
                    clean(f"{name}: sending 'database put trunk us-outbound beta-us' ..."),
                )
            )
        return tuple(said)

    def running(self, sbcs: int) -> Doings:
        """Return what an engine tells while so many SBCs have been begun."""
        (*_, last) = self.of(PerformSwitch)
        assert isinstance(last, PerformSwitch)
        return replace(UNLOCKED, running=(Running(last.action, Verb.SWITCH, GROUP, NOW, self.steps(sbcs)),))

    def swept(self, sweep: Sweep) -> Swept:
        """Return the end: done everywhere, or failed on the second SBC."""
        names = [part.sbc for part in sweep.parts]
        good = outcome(self.ending, "3 new calls go to beta-us, none to alpha-us")
        if self.ending in {Ending.VERIFIED, Ending.ROUTED}:
            said = clean(f"switched to beta-us: {', '.join(names)}; undo takes back {', '.join(names)}")
            return Swept(sweep.action, sweep.wish, self.ending, said, tuple((name, good) for name in names))
        done = (
            (names[0], outcome(Ending.VERIFIED, "3 new calls go to beta-us")),
            (names[1], outcome(self.ending, "it still says alpha-us")),
        )
        said = clean(
            f"switched to beta-us: {names[0]}; {names[1]} {self.ending.value}: it still says alpha-us; not touched: {', '.join(names[2:])}"
        )
        return Swept(sweep.action, sweep.wish, self.ending, said, done, tuple(names[2:]))

    def _prepared(self, wish: Wish, consent: Consent) -> Sweep:
        self._count += 1
        if wish.kind is not SwitchKind.SWITCH:
            wish = replace(wish, to="alpha-us", sbcs=wish.sbcs or SBCS)
        rulings: tuple[Ruling, ...] = (YES,) if consent.typed == wish.group else (NAMED,)
        taken_on = consent.typed == wish.group and consent.reason and consent.glass
        if self.ruling is not None and not taken_on:
            rulings = (self.ruling, *rulings)
        self._sweep = sweep_of(wish, self._count, rulings, self.refused.get(wish.to))
        if self.command:
            parts = tuple(replace(part, commands=(clean(self.command),)) for part in self._sweep.parts)
            self._sweep = replace(self._sweep, parts=parts)
        return self._sweep
