"""The calls of the fleet: a daily shape, trunk groups that overflow, calls lost on a trunk that is dead. Pure.

Each group has `lines` on an SBC; a line makes one call after another, of random length, while the hour of the
day wants it. A call goes to the first trunk of its choice that the SBC believes in. If that trunk is dead and
nobody has noticed yet, the call is lost: those are the dials that a silent death wastes.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from msgspec import Struct

from trunktui.demo.rows import Call
from trunktui.demo.tempo import DAY_S, Tempo, chance

_SHORTEST_S, LONGEST_S = 60.0, 900.0
_RINGING_S = 40.0
_CUT_S = 60.0
"""A call whose carrier died ends so much later: nobody hears anything any more."""

_MORNING = 0.40
"""The hour at which the simulation begins, as a share of the day: ten in the morning, the load is rising."""

_SHARES = (0.60, 0.86)
"""How calls choose: so many the first trunk, so many of the rest the second, and the rest the third."""


class Route(Struct, frozen=True):
    """One trunk as a choice for a call on one SBC.

    `believed(t)`: whether the SBC would send a call there; `works(t)`: whether the carrier takes it;
    `dies(t)`: when the carrier next fails, after `t`.
    """

    trunk: str
    inbound: bool
    believed: Callable[[float], bool]
    works: Callable[[float], bool]
    dies: Callable[[float], float]


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
    ) -> None:
        self._routes = routes
        self._wanted = wanted
        self._limit = limit
        self._tempo = tempo
        self._lines = [_Line(seed, tempo, index, lines, longest_s) for index in range(lines)]

    def at(self, t: float, booted: float) -> list[Call]:
        """Return the calls that are up at `t` on an SBC whose Asterisk started at `booted`."""
        calls = [call for line in self._lines if (call := self._present(line, t)) is not None]
        calls = [call for call in calls if call.started >= booted]
        return sorted(calls, key=lambda call: (call.started, call.key))[: self._limit]

    def _present(self, line: _Line, t: float) -> Call | None:
        number = math.floor((t - line.phase) / line.period)
        if number != line.number:
            line.number = number
            line.call, line.ends = self._made(line, number)
        return line.call if t < line.ends else None

    def _made(self, line: _Line, number: int) -> tuple[Call | None, float]:
        """Return the call that a line begins in its period `number`, and when it ends."""
        began = line.phase + number * line.period
        route = self._chosen(line, number, began)
        if self._wanted(began) <= line.wanted_from or route is None or not route.works(began):
            return None, began
        spell = line.period * (0.55 + 0.43 * chance(*line.seed, "spell", number))
        ringing = min(self._tempo.span(_RINGING_S) * chance(*line.seed, "ring", number), spell / 3)
        key = "/".join(str(part) for part in (*line.seed, number))
        call = Call(route.trunk, key, began, began + ringing, route.inbound)
        return call, min(began + spell, route.dies(began) + self._tempo.span(_CUT_S))

    def _chosen(self, line: _Line, number: int, began: float) -> Route | None:
        pick = chance(*line.seed, "pick", number)
        first = sum(pick > share for share in _SHARES) % max(len(self._routes), 1)
        order = (*self._routes[first:], *self._routes[:first])
        return next((route for route in order if route.believed(began)), None)


def daily(t: float, tempo: Tempo, utc_offset: float) -> float:
    """Return the share of the busiest hour's calls at `t`; `utc_offset` moves a site's day, as a share of one."""
    hour = (t / tempo.span(DAY_S) + _MORNING + utc_offset) % 1.0
    return 0.12 + 0.78 * max(0.0, math.sin(math.pi * (hour - 0.25) / 0.62)) if 0.25 < hour < 0.87 else 0.12
