"""Asterisk's OPTIONS to one contact: sent on a grid, answered in a round trip or not within the timeout. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable

from msgspec import Struct

from trunktui.demo.tempo import chance

TIMEOUT_S = 3.0

TIMEOUT_LEAST_S = 0.4
"""Round trips are not shortened by a faster tempo, so the timeout must leave them room."""


class Probe(Struct, frozen=True):
    """The probing of one contact. `every_s` 0: never. `alive(t)`: whether the far end answers at `t`.

    `booted(t)` is when Asterisk started last, at `t` or before; the first OPTIONS come within one interval of it.
    """

    seed: tuple[object, ...]
    every_s: int
    timeout_s: float
    rtt_ms: float
    alive: Callable[[float], bool]
    booted: Callable[[float], float]

    def seen(self, t: float) -> tuple[str, float | None]:
        """Return the table's word at `t` and the round trip in ms, None unless the last OPTIONS was answered."""
        boot = self.booted(t)
        if not self.every_s:
            return "NonQual", None
        first = boot + self.every_s * chance(*self.seed, "phase", round(boot, 3))
        last = math.floor((t - first) / self.every_s)
        for number in (last, last - 1):
            sent = first + number * self.every_s
            if number < 0:
                break
            answered = self.alive(sent)
            took_ms = self._rtt_ms(number)
            if sent + (took_ms / 1000.0 if answered else self.timeout_s) <= t:
                return ("Avail", took_ms) if answered else ("Unavail", None)
        return "NonQual", None

    def _rtt_ms(self, number: int) -> float:
        """Return a round trip: near the usual one, now and then half as long again."""
        jitter = chance(*self.seed, number)
        return round(self.rtt_ms * (1.0 + 0.12 * jitter + (0.5 if jitter > 0.985 else 0.0)), 3)
