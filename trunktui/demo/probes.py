"""Asterisk's OPTIONS to one contact: sent on a grid or when told to, answered in a round trip or not in time. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable

from msgspec import Struct

from trunktui.demo.tempo import chance

TIMEOUT_S = 3.0

TIMEOUT_LEAST_S = 0.4
"""Round trips are not shortened by a faster tempo, so the timeout must leave them room."""


class Probe(Struct, frozen=True):
    """The probing of one contact. `alive(t)`: whether the far end answers at `t`.

    `every_s` 0: never by itself; where it is told to, Asterisk sends OPTIONS and drops the answer (pjsip_options.c).
    `booted(t)` is when Asterisk started last, at `t` or before; the first OPTIONS come within one interval of it.
    `told(t)` is when an operator said `qualify`, at `t` or before.
    """

    seed: tuple[object, ...]
    every_s: int
    timeout_s: float
    rtt_ms: float
    alive: Callable[[float], bool]
    booted: Callable[[float], float]
    told: Callable[[float], tuple[float, ...]]

    def seen(self, t: float) -> tuple[str, float | None]:
        """Return the table's word at `t` and the round trip in ms, None unless the last OPTIONS was answered."""
        if not self.every_s:
            return "NonQual", None
        boot = self.booted(t)
        through, rtt_ms = self._scheduled(boot, t)
        for sent in self.told(t):
            done, took_ms = self._attempt(sent, sent) if sent >= boot else (math.inf, None)
            if through < done <= t:
                through, rtt_ms = done, took_ms
        if through == -math.inf:
            return "NonQual", None
        return ("Unavail", None) if rtt_ms is None else ("Avail", rtt_ms)

    def _scheduled(self, boot: float, t: float) -> tuple[float, float | None]:
        """Return when the last OPTIONS of the schedule were through, at `t` or before, and their round trip, if any."""
        first = boot + self.every_s * chance(*self.seed, "phase", round(boot, 3))
        last = math.floor((t - first) / self.every_s)
        for number in (last, last - 1):
            if number < 0:
                break
            result = self._attempt(first + number * self.every_s, number)
            if result[0] <= t:
                return result
        return -math.inf, None

    def _attempt(self, sent: float, which: float) -> tuple[float, float | None]:
        if not self.alive(sent):
            return sent + self.timeout_s, None
        took_ms = self._rtt_ms(which)
        return sent + took_ms / 1000.0, took_ms

    def _rtt_ms(self, which: float) -> float:
        """Return a round trip: near the usual one, now and then half as long again."""
        jitter = chance(*self.seed, which)
        return round(self.rtt_ms * (1.0 + 0.12 * jitter + (0.5 if jitter > 0.985 else 0.0)), 3)
