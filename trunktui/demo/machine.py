"""The machines under the SBCs: load and memory that follow the calls, disks and certificates that grow older. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable

from trunktui.demo.rows import Disk, Machine
from trunktui.demo.tempo import DAY_S, Tempo, chance

_MINUTE_S = 60.0
_AVERAGES = (1, 5, 15)
_IDLE_LOAD, _LOAD_PER_CALL = 0.08, 0.035
_MEMORY_KIB, _BASE_KIB, _KIB_PER_CALL = 8 * 2**20, 1_640_000, 3_300
_ROOT_BLOCKS, _VAR_BLOCKS = 5_242_880, 13_107_200
_AGENT_AFTER_S = 1.0
_RENEWED_AT, _CERTIFICATE_DAYS = 14, 76
"""A certificate is renewed when so many days are left, for so many more."""


class MachineModel:
    """One SBC's machine. `calls_at(t)`: its calls at any second; `booted(t)`: when it started last.

    How often it is asked changes nothing; it may be asked of any second.
    """

    def __init__(
        self,
        seed: int,
        tempo: Tempo,
        place: tuple[str, str],
        calls_at: Callable[[float], int],
        booted: Callable[[float], float],
    ) -> None:
        self._seed = seed
        self._tempo = tempo
        self._name, self._site = place
        self._calls_at = calls_at
        self._booted = booted
        self._samples: dict[int, float] = {}

    def at(self, t: float, boots: int) -> Machine:
        """Return the machine at second `t`, in its life number `boots` (from 1)."""
        up = t - self._booted(t)
        calls = self._calls_at(t)
        return Machine(
            name=self._name,
            site=self._site,
            uptime_s=max(up, 0.0),
            agent_uptime_s=max(up - _AGENT_AFTER_S, 0.0),
            agent_boots=boots,
            load=self._load(t, t - up),
            memory_kib=_MEMORY_KIB,
            memory_used_kib=_BASE_KIB + _KIB_PER_CALL * calls,
            disks=self._disks(t),
            certificate_days=self._certificate(t),
        )

    def _load(self, t: float, booted: float) -> tuple[float, float, float]:
        """Return the means over the last minutes of the simulation, each minute with the calls at its begin.

        Minutes before the machine's start count as idle ones: averages begin at nothing.
        """
        minute = self._tempo.span(_MINUTE_S)
        last = math.floor(t / minute)
        wanted = range(last - max(_AVERAGES) + 1, last + 1)
        self._samples = {n: self._samples.get(n) or self._sample(n) for n in wanted}
        values = [self._samples[n] if n * minute >= booted else 0.0 for n in reversed(wanted)]
        one, five, fifteen = (round(sum(values[:n]) / n, 2) for n in _AVERAGES)
        return one, five, fifteen

    def _sample(self, minute: int) -> float:
        calls = self._calls_at(minute * self._tempo.span(_MINUTE_S))
        return _IDLE_LOAD + (_LOAD_PER_CALL * calls) * (0.8 + 0.4 * chance(self._seed, self._name, minute))

    def _disks(self, t: float) -> tuple[Disk, ...]:
        """Return the disks: logs fill /var by a tenth of a percent a day, and it starts over before it is full."""
        days = max(t, 0.0) / self._tempo.span(DAY_S)
        root = 0.2 + 0.2 * chance(self._seed, self._name, "/")
        var = 0.35 + (0.5 * chance(self._seed, self._name, "/var") + 0.001 * days) % 0.55
        return (
            Disk("/", _ROOT_BLOCKS, int(_ROOT_BLOCKS * root)),
            Disk("/var", _VAR_BLOCKS, int(_VAR_BLOCKS * var)),
        )

    def _certificate(self, t: float) -> int:
        passed = math.floor(max(t, 0.0) / self._tempo.span(DAY_S))
        first = math.floor(_CERTIFICATE_DAYS * chance(self._seed, self._name, "certificate"))
        return _RENEWED_AT + (first - passed) % _CERTIFICATE_DAYS
