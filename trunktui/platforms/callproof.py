"""What proves that new calls follow a route that was set: who is counted, from when on, and what that says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

from msgspec import Struct

from trunktui.model.action import Plan, Proof, Sign
from trunktui.model.ask import Answer
from trunktui.model.route import Route, RouteReading
from trunktui.model.switch import Move
from trunktui.model.text import clean
from trunktui.platforms.switching import TEXT, evidence_of, named, said, same, sources, targets, wanted

ENOUGH = 3
"""So many answered calls are no accident of one caller, and so many on the source no straggler."""

STRAGGLE_S = 2.0
"""A call that was in the dial plan when it was told may begin so late where the group went before."""


class Call(Struct, frozen=True):
    """One call that the SBC sent out: over what, as the route names it; None: that is not told."""

    id: str
    value: str | None
    answered: bool


class Look(Struct, frozen=True):
    """One look after the command, asked at `at`: the route, and the calls; `why`: why those cannot be seen."""

    at: float
    reading: RouteReading
    calls: tuple[Call, ...] = ()
    why: str = ""


_LOOKS: WeakKeyDictionary[Answer, tuple[Route, Look]] = WeakKeyDictionary()
"""What answers say that are still held: all of a minute are judged at each look, and one may list 500 calls."""


def look_of(answer: Answer, route: Route, read: Callable[[Answer], Look]) -> Look:
    """Return what `read` makes of an answer; of the same one only once."""
    known = _LOOKS.get(answer)
    if known is None or known[0] != route:
        known = _LOOKS[answer] = route, read(answer)
    return known[1]


def judge(plan: Plan, move: Move, sent_by: float, looks: Sequence[Look], blame: str = "") -> Proof:
    """Judge the looks made since the command was taken at `sent_by`; the first that has a verdict decides.

    `blame`: what the SBC said to a part of the command that it did not take.
    """
    goal, tally = wanted(move), _Tally(move, sent_by)
    found = Proof(Sign.WAITING, clean("sent; not looked yet"))
    for look in looks:
        tally.add(look)
        now, evidence = look.reading, evidence_of(plan, look.reading)
        if not now.read:
            found = Proof(Sign.UNREADABLE, clean(f"{move.route.words} cannot be read: {now.why}", TEXT))
        elif not same(now.shares, goal):
            words = f"{move.route.words} says {said(move, now.shares)}, not {said(move, goal)}"
            why = blame or (
                "it was not set"
                if same(now.shares, move.stands.shares)
                else "somebody, or a reload, changed it"
            )
            return Proof(Sign.FAILED, clean(f"{words}: {why}", TEXT), evidence)
        else:
            sign, words = tally.verdict(look)
            found = Proof(
                sign, clean(f"{move.route.words} reads {said(move, goal)}; {words}", TEXT), evidence
            )
        if found.sign in {Sign.PROVED, Sign.FAILED}:
            return found
    return found


class _Tally:
    """Counts the calls that began since the command. The first look is the baseline: what is up then counts nowhere."""

    def __init__(self, move: Move, sent_by: float) -> None:
        self._move = move
        self._sent_by = sent_by
        self._targets, self._sources = targets(move), sources(move)
        self._before: set[str] | None = None
        self._tried: set[str] = set()
        self._answered: set[str] = set()
        self._strays: set[str] = set()
        self._untold: set[str] = set()

    def add(self, look: Look) -> None:
        """Count what a look shows."""
        if look.why:
            return
        if self._before is None:
            self._before = {call.id for call in look.calls}
            return
        for call in look.calls:
            if call.id in self._before:
                continue
            if call.value is None:
                self._untold.add(call.id)
            elif call.value in self._targets:
                self._tried.add(call.id)
                if call.answered:
                    self._answered.add(call.id)
            elif call.value in self._sources and call.id not in self._strays:
                late = look.at > self._sent_by + STRAGGLE_S
                (self._strays if late else self._before).add(call.id)
            if call.value is not None:
                self._untold.discard(call.id)

    def verdict(self, look: Look) -> tuple[Sign, str]:
        """Return what the calls say so far of a route that reads as it was set."""
        target, source = named(self._move, self._targets), named(self._move, self._sources)
        answered, strays, untold = len(self._answered), len(self._strays), len(self._untold)
        there = f"{_calls(answered)} answered on {target}"
        if answered >= ENOUGH and not strays and not untold:
            calm = f", none new began on {source}" if source else ""
            return Sign.PROVED, f"{there}{calm}"
        if strays >= ENOUGH and not self._tried and not self._move.shared:
            words = f"{_calls(strays)} began on {source} since, none on {target}"
            return Sign.FAILED, f"{words}: the dial plan does not go by it"
        if strays:
            why = "other groups use it, too" if self._move.shared else "not all calls there go by the route"
            return (
                Sign.ROUTED,
                f"route verified; {there}, but {_calls(strays)} began on {source} since: {why}",
            )
        if look.why:
            return Sign.ROUTED, f"route verified; calls cannot be seen: {look.why}"
        if untold:
            words = f"of {_calls(untold)} it is not told over which trunk they go"
            return Sign.ROUTED, f"route verified; {f'{there}, but ' if answered else ''}{words}"
        if answered:
            return Sign.ROUTED, f"route verified; {there} so far, {ENOUGH} would prove it"
        if self._tried:
            return Sign.WAITING, f"{_calls(len(self._tried))} tried on {target}, none answered yet"
        return Sign.ROUTED, "route verified, no calls yet"


def _calls(count: int) -> str:
    return f"{count} new call{'' if count == 1 else 's'}"
