"""The calls of the fleet: a daily shape, trunk groups that overflow, calls lost on a trunk that is dead. Pure.

Each group has `lines` on an SBC; a line makes one call after another, of random length, while the hour of the
day wants it. A call goes to the first trunk of its choice that the SBC believes in. If that trunk is dead and
nobody has noticed yet, the call rings into silence and is lost: those are the dials that a silent death wastes. One
that the carrier refuses at once leaves no trace but in Asterisk's counters.

Where a group is told which trunk to use, the calls that would choose its first trunk go there, and nowhere else. The
others are spread by the dial plan's own table, so that every trunk is in use, until an operator sets something: that
holds for all calls of the group.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct

from trunktui.demo.rows import Call
from trunktui.demo.tempo import DAY_S, Tempo, chance

_SHORTEST_S, LONGEST_S = 60.0, 900.0
_RINGING_S = 40.0
_GIVEN_UP_S = 30.0
"""So long the dial plan lets a call ring that nobody answers."""

_CUT_S = 60.0
"""A call whose carrier died ends so much later: nobody hears anything any more."""

_MORNING = 0.40
"""The hour at which the simulation begins, as a share of the day: ten in the morning, the load is rising."""

_SHARES = (0.60, 0.86)
"""How calls choose: so many the first trunk, so many of the rest the second, and the rest the third."""


class Route(Struct, frozen=True):
    """One trunk as a choice for a call on one SBC.

    `believed(t)`: whether the SBC would send a call there; `works(t)`: whether the carrier takes it; `silent(t)`:
    whether it says nothing at all; `dies(t)`: when the carrier next fails, after `t`.
    """

    trunk: str
    inbound: bool
    believed: Callable[[float], bool]
    works: Callable[[float], bool]
    silent: Callable[[float], bool]
    dies: Callable[[float], float]


Router = Callable[[float, float, int], Route | None]
"""Says where a call goes that begins in a second, with its chance, and which trunk it would choose by itself (by its place).

None: its SBC is told nothing that concerns it."""


class Try(Struct, frozen=True):
    """One call that is tried over a trunk at second `at`; it would end at `end`, at once if it is refused.

    `answered`: when it would be answered, None for never; `silent`: the carrier says nothing at all. `unsent`: the SBC
    itself refused it, for it takes that trunk for dead or has none of that name.
    """

    at: float
    key: str
    trunk: str
    inbound: bool
    end: float
    answered: float | None = None
    silent: bool = False
    unsent: bool = False


class _Line:
    """One line of a group on an SBC; remembers its present call, since a call is looked at many times."""

    def __init__(
        self, seed: tuple[object, ...], tempo: Tempo, index: int, lines: int, longest_s: float
    ) -> None:
        self.seed = (*seed, index)
        length = chance(*self.seed, "length")
        self.period = tempo.span(_SHORTEST_S + (longest_s - _SHORTEST_S) * length**2)
        self.phase = self.period * chance(*self.seed, "phase")
        self.wanted_from = index / lines
        self.number: int | None = None
        self.call: Call | None = None
        self.ends = 0.0


class CallLoad:
    """All calls of one group on one SBC; `wanted(t)` is the share of its lines in use, 0 to 1.

    `limit` is the most calls at one time (the SBC's share of a cap), None for none; `longest_s` the longest one.
    `router`: where its calls are told to go, None for nowhere. `caps`: the SBC's share of what trunks take at one time.
    """

    def __init__(
        self,
        seed: tuple[object, ...],
        tempo: Tempo,
        lines: int,
        routes: tuple[Route, ...],
        wanted: Callable[[float], float],
        limit: int | None = None,
        longest_s: float = LONGEST_S,
        router: Router | None = None,
        caps: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._caps = caps
        self._routes = routes
        self._router = router
        self._wanted = wanted
        self.limit = limit
        self._tempo = tempo
        self._lines = [_Line(seed, tempo, index, lines, longest_s) for index in range(lines)]

    def most(self, trunk: str) -> int | None:
        """Return the most calls that a trunk takes at one time, None for any number."""
        return self._caps.get(trunk, self.limit)

    def at(self, t: float, booted: float) -> list[Call]:
        """Return the calls that are up at `t` on an SBC whose Asterisk started at `booted`."""
        return sorted(self.up(t, booted), key=lambda call: (call.started, call.key))[: self.limit]

    def up(self, t: float, booted: float) -> list[Call]:
        """Return what `at` does, with those that the limit may have kept out: a `Tally` knows which."""
        calls = [call for line in self._lines if (call := self._present(line, t)) is not None]
        return [call for call in calls if call.started >= booted]

    def _present(self, line: _Line, t: float) -> Call | None:
        number = math.floor((t - line.phase) / line.period)
        if number != line.number:
            line.number = number
            line.call, line.ends = self._made(line, number)
        return line.call if t < line.ends else None

    def tried(self, since: float, until: float) -> list[Try]:
        """Return the calls that are tried after `since` and up to `until`, those that come to nothing included."""
        found = []
        for line in self._lines:
            first, last = (math.floor((t - line.phase) / line.period) for t in (since, until))
            for number in range(first + 1, last + 1):
                route, began = self._try(line, number)
                if route is not None:
                    call, ends = self._made(line, number)
                    end = ends if call is not None else began
                    answered = call.answered if call is not None and call.answered < math.inf else None
                    silent = call is not None and answered is None
                    key, unsent = _key(line, number), not route.believed(began)
                    found.append(Try(began, key, route.trunk, route.inbound, end, answered, silent, unsent))
        return found

    def _try(self, line: _Line, number: int) -> tuple[Route | None, float]:
        """Return over which trunk a line tries a call in its period `number`, and when; None: it does not."""
        began = line.phase + number * line.period
        route = self._chosen(line, number, began)
        if self._wanted(began) <= line.wanted_from or route is None:
            return None, began
        # What would come in and cannot never reaches us.
        return (None if route.inbound and not route.works(began) else route), began

    def _made(self, line: _Line, number: int) -> tuple[Call | None, float]:
        """Return the call that a line begins in its period `number`, and when it ends."""
        route, began = self._try(line, number)
        if route is None or not route.believed(began):
            return None, began
        if not route.works(began):
            if not route.silent(began):
                return None, began
            lost = Call(route.trunk, _key(line, number), began, math.inf, route.inbound)
            return lost, min(began + self._tempo.span(_GIVEN_UP_S), began + line.period)
        spell = line.period * (0.55 + 0.43 * chance(*line.seed, "spell", number))
        ringing = min(self._tempo.span(_RINGING_S) * chance(*line.seed, "ring", number), spell / 3)
        call = Call(route.trunk, _key(line, number), began, began + ringing, route.inbound)
        return call, min(began + spell, route.dies(began) + self._tempo.span(_CUT_S))

    def _chosen(self, line: _Line, number: int, began: float) -> Route | None:
        pick = chance(*line.seed, "pick", number)
        first = sum(pick > share for share in _SHARES) % max(len(self._routes), 1)
        if self._router is not None:
            told = self._router(began, chance(*line.seed, "route", number), first)
            if told is not None:
                return told
        order = (*self._routes[first:], *self._routes[:first])
        return next((route for route in order if route.believed(began)), None)


class Tally:
    """Numbers the calls of one SBC in the order in which they are tried, as Asterisk's own counters do.

    `booted(t)`: when its Asterisk started last, at `t` or before; `before`: how many it had had by second 0. `told`
    is called with each call, and whether its carrier had room for it. Ask in the order of time only.
    """

    def __init__(
        self,
        loads: list[CallLoad],
        tempo: Tempo,
        booted: Callable[[float], float],
        before: int,
        told: Callable[[Try, bool], None] = lambda _one, _admitted: None,
    ) -> None:
        self._told = told
        self._loads = loads
        self._booted = booted
        self._kept_s = 2.0 * tempo.span(LONGEST_S)
        self._through = -tempo.span(LONGEST_S)
        self._life = booted(self._through)
        self._numbers: dict[str, tuple[float, int]] = {}
        self._ends: dict[tuple[int, str], list[float]] = {}
        self.count = before
        self.dialled: Counter[str] = Counter()

    def advance(self, t: float) -> None:
        """Count what was tried up to `t`; a start of Asterisk begins at 0 again."""
        if t <= self._through:
            return
        tries = [(each, n) for n, load in enumerate(self._loads) for each in load.tried(self._through, t)]
        for one, n in sorted(tries, key=lambda each: (each[0].at, each[0].key)):
            self._live(one.at)
            self._told(one, self._admit(one, n))
            self.count += 1
            if not (one.inbound or one.unsent):
                self.dialled[one.trunk] += 1
        self._live(t)
        self._through = t
        if self._numbers and next(iter(self._numbers.values()))[0] < t - self._kept_s:
            old = t - self._kept_s / 2.0
            self._numbers = {key: value for key, value in self._numbers.items() if value[0] >= old}

    def number(self, key: str) -> int | None:
        """Return the number of a call; None for one that its carrier refused, for its cap was full."""
        found = self._numbers.get(key)
        return None if found is None else found[1]

    def _admit(self, one: Try, n: int) -> bool:
        """Give a call its number, unless its carrier has no room for it; tell whether it had."""
        limit = self._loads[n].most(one.trunk)
        if limit is not None:
            ends = [end for end in self._ends.get((n, one.trunk), ()) if end > one.at]
            self._ends[n, one.trunk] = ends
            if len(ends) >= limit:
                return False
            ends.append(one.end)
        self._numbers[one.key] = one.at, self.count
        return True

    def _live(self, t: float) -> None:
        if (life := self._booted(t)) != self._life:
            self._life, self.count = life, 0


def _key(line: _Line, number: int) -> str:
    return "/".join(str(part) for part in (*line.seed, number))


def daily(t: float, tempo: Tempo, utc_offset: float) -> float:
    """Return the share of the busiest hour's calls at `t`; `utc_offset` moves a site's day, as a share of one."""
    hour = (t / tempo.span(DAY_S) + _MORNING + utc_offset) % 1.0
    return 0.12 + 0.78 * max(0.0, math.sin(math.pi * (hour - 0.25) / 0.62)) if 0.25 < hour < 0.87 else 0.12
