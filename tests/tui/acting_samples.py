"""A stand-in for the engine's side of actions: what it prepares, when it ends, and what it tells meanwhile."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from tests.tui.fleet_samples import NOW
from trunktui.model.acting import Doings, Ended, Running, Step, Unfinished
from trunktui.model.action import (
    Consent,
    Ending,
    Outcome,
    Plan,
    Prepared,
    Ruling,
    Statement,
    Verb,
)
from trunktui.model.inventory import SshTarget
from trunktui.model.observation import Evidence
from trunktui.model.request import Decline, Lock, Perform, Prepare, Reply, Request, Unlock, Verify
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import Safe, clean
from trunktui.platforms import asterisk_actions

LEG = "alpha-us@nyc-1"
UNLOCKED = Doings(unlocked_until=NOW + 852)
AGREES = (
    Ruling("known", True, Safe("alpha-us is in the fresh list of nyc-1, and its name is plain")),
    Ruling("write", True, Safe("nyc-1 allows actions, and write mode is unlocked")),
    Ruling("fresh", True, Safe("the last answer is 3 s old (limit 60 s)")),
    Ruling("not_all", True, Safe("1 named, not all of an SBC, a carrier or a group")),
    Ruling("pause", True, Safe("not done in the last 60 s")),
    Ruling("rate", True, Safe("0 of 3 by noc in 10 minutes")),
    Ruling("carrier", True, Safe("no other leg of carrier alpha is under way")),
    Ruling("last_path", True, Safe("every group of it has another healthy leg")),
)
YES = Ruling("confirmed", False, Safe(f"say yes to reregister {LEG}"), (Statement.YES,))
CAUSE = Ruling(
    "cause",
    False,
    Safe("the last result was 403: only if the credential or the allowlist was fixed meanwhile"),
    (Statement.FIXED,),
)
LAST = Ruling(
    "last_path",
    False,
    Safe(f"{LEG} is the last healthy leg of group us-out: type us-out and give a reason"),
    (Statement.GROUP_NAME, Statement.REASON),
)
PAUSE = Ruling("pause", False, Safe(f"{LEG} was done 12 s ago (limit 60 s): wait 48 s more"))
STEPS = (
    Step(NOW + 0.1, Safe(f"reading {LEG} once more ...")),
    Step(NOW + 0.9, Safe("sending 'pjsip send register alpha-us' ...")),
    Step(NOW + 3.2, Safe("Unregistered, next attempt in 4 s (41 s left)")),
)
VERIFIED = Outcome(
    Ending.VERIFIED,
    Safe("Registered, next attempt in 107 s: later than before"),
    True,
    NOW,
    NOW + 9.2,
    (
        Evidence(
            Safe("pjsip show registration alpha-us"), Safe("alpha-us/sip:10.77.0.21 Registered (exp. 107s)")
        ),
    ),
)
LOCKED_OUT = Outcome(
    Ending.REFUSED,
    Safe("nothing was sent: bob@jump2 acts on this SBC right now; wait a moment"),
    False,
    NOW,
    NOW + 1,
)
UNFINISHED = Unfinished("old", "reregister", LEG, "noc", NOW - 180)


def plan_of(leg: LegStatus, *, trunk: str = "alpha-us") -> Plan:
    """Return the plan that the platform really makes for a leg that registers as `trunk`."""
    native = replace(leg.native, registration=trunk)
    plan = asterisk_actions.plan(Verb.REREGISTER, replace(leg, native=native))
    assert isinstance(plan, Plan)
    return plan


class FakeEngine:
    """Answers as an engine would. `rulings` are what its guards say; statements of the operator satisfy them.

    An action ends with `outcome` when `go` is set. `changed_plan` is what it plans instead from then on.
    """

    def __init__(self, legs: tuple[LegStatus, ...]) -> None:
        self.legs = legs
        self.asked: list[Request] = []
        self.rulings: tuple[Ruling, ...] = (YES,)
        self.outcome = VERIFIED
        self.trunk = "alpha-us"
        self.group = "us-out"
        self.host = "10.20.0.11"
        self.gone = False
        self.go = asyncio.Event()
        self._count = 0

    def of(self, kind: type[Request]) -> list[Request]:
        """Return the requests of one kind so far."""
        return [request for request in self.asked if isinstance(request, kind)]

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        match request:
            case Prepare(verb, leg, consent):
                return Reply(True, Safe(""), prepared=self._prepared(verb, leg, consent))
            case Perform(action, _):
                await self.go.wait()
                if self.gone:
                    return Reply(False, Safe("the polling engine ended before it answered"), lost=True)
                leg = action.partition(" ")[2]
                return Reply(True, Safe(""), ended=(Ended(Verb.REREGISTER, leg, self.outcome, STEPS),))
            case Decline(action, _):
                return Reply(False, Safe("refused"))
            case Unlock():
                return Reply(True, Safe("write mode for 15 minutes on nyc-1; :readonly ends it"))
            case Lock():
                return Reply(True, Safe("read-only"))
            case Verify():
                return Reply(True, Safe(""), ended=(Ended(Verb.REREGISTER, LEG, VERIFIED),))
        raise AssertionError(request)

    def running(self, since: float = NOW) -> Doings:
        """Return what an engine tells while the action that was asked for last is under way."""
        (*_, last) = self.of(Perform)
        assert isinstance(last, Perform)
        leg = last.action.partition(" ")[2]
        return replace(UNLOCKED, running=(Running(last.action, Verb.REREGISTER, leg, since, STEPS),))

    def _prepared(self, verb: Verb, leg_id: str, consent: Consent) -> Prepared:
        self._count += 1
        leg = next(leg for leg in self.legs if leg.id == leg_id)
        plan = plan_of(leg, trunk=self.trunk)
        return Prepared(
            action=f"a{self._count} {leg_id}",
            verb=verb,
            leg_id=leg_id,
            batch=(),
            leg=leg,
            plan=plan,
            commands=tuple(clean(step.line(None), 300) for step in plan.steps),
            rulings=(*AGREES[:-1], *(r for r in self.rulings if not self._satisfied(r, consent))),
            over=SshTarget(self.host, user="noc"),
        )

    def _satisfied(self, ruling: Ruling, consent: Consent) -> bool:
        if ruling is CAUSE:
            return consent.fixed
        if ruling is LAST:
            return consent.typed == self.group and bool(consent.reason)
        return False
