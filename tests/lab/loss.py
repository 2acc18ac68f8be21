"""Measures what is shown and alarmed of legs under packet loss: `python -m tests.lab.loss PERCENT SECONDS`, as root.

Both carriers lose that share of their SIP packets, each way; both SBCs are polled by the real product. What Asterisk
itself says of each contact stands beside what is shown.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from trunktui.model.health import SEVERITY_RANK, LegState, Severity

from .lab import CARRIER_A, CARRIER_B, GOOD_REGISTRATIONS, Lab
from .product import Watched, watched, write_fleet_config

AT_A = (*(f"{name}@lab-1" for name in GOOD_REGISTRATIONS if name != "hybrid-gamma"), "acme-primary@lab-2")
"""Legs whose only destination is carrier A."""

AT_B = ("ipauth-beta@lab-1", "ipauth-beta@lab-2", "beta-overflow@lab-2")
"""Legs whose only destination is carrier B; `beta-overflow` is dialled by URI."""

AT_BOTH = ("hybrid-gamma@lab-1", "hybrid-gamma@lab-2")
LEGS = (*AT_A, *AT_B, *AT_BOTH)

_SAMPLE_S = 0.5
_ALARM = SEVERITY_RANK[Severity.MINOR]


@dataclass
class LegRecord:
    """One leg under loss: samples by state, by state and severity and first words; changes; Asterisk's own drops."""

    states: Counter[LegState] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)
    downs: int = 0
    changes: int = 0
    alarms: int = 0
    drops: int = 0
    green_s: float = 0.0
    """The longest time for which it was shown as UP while Asterisk called every contact of it unreachable."""

    last: LegState | None = None
    loud: bool = False
    silent: bool = False
    green_from: float | None = None

    @property
    def troubled(self) -> bool:
        """Whether it was ever shown as down, or as losing packets."""
        return self.states[LegState.DOWN] > 0 or any(
            "packets are being lost" in words for words in self.shown
        )

    def see(self, state: LegState, severity: Severity, reason: str) -> None:
        """Take one sample of what is shown; an alarm is a rise to minor or more."""
        self.states[state] += 1
        self.shown[f"{state.value:11} {severity.value:8} {_words(reason)}"] += 1
        if self.last is not None and state is not self.last:
            self.changes += 1
            self.downs += state is LegState.DOWN
        loud = SEVERITY_RANK[severity] >= _ALARM
        self.alarms += loud and not self.loud
        self.last, self.loud = state, loud

    def compare(self, silent: bool, now: float) -> None:
        """Take one sample of Asterisk's word: whether every contact of the leg is unreachable."""
        self.drops += silent and not self.silent
        self.silent = silent
        if not (silent and self.last is LegState.UP):
            self.green_from = None
            return
        self.green_from = self.green_from or now
        self.green_s = max(self.green_s, now - self.green_from)


def _words(reason: str) -> str:
    """Return a sentence without its figures, so that equal ones can be counted."""
    return " ".join(word for word in reason.split() if not any(c.isdigit() for c in word))


def _at_once(_found: dict[str, LegRecord]) -> bool:
    return True


async def observe(
    lab: Lab, product: Watched, seconds: float, enough: Callable[[dict[str, LegRecord]], bool] = _at_once
) -> dict[str, LegRecord]:
    """Sample what is shown of each leg, and what Asterisk says of it, for so long; up to thrice that until `enough`."""
    found = {leg: LegRecord() for leg in LEGS}
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds or (passed < 3 * seconds and not enough(found)):
        for leg_id, record in found.items():
            leg = product.leg(leg_id)
            record.see(leg.state, leg.severity, leg.reason)
        silent = await asyncio.to_thread(_silent, lab)
        for leg_id, record in found.items():
            record.compare(leg_id in silent, time.monotonic())
        await asyncio.sleep(_SAMPLE_S)
    return found


def _silent(lab: Lab) -> set[str]:
    """Return the legs of which Asterisk calls every contact unreachable."""
    found = set()
    for sbc in ("sbc1", "sbc2"):
        words: dict[str, set[str]] = {}
        for row in lab.contacts(sbc):
            words.setdefault(row.aor, set()).add(row.word)
        for aor, said in words.items():
            name = "wiz-lambda-reg-0" if aor == "wiz-lambda" else aor
            if said == {"Unavail"}:
                found.add(f"{name}@lab-{sbc[-1]}")
    return found


def report(found: dict[str, LegRecord], seconds: float) -> str:
    """Return the figures as text: one line per leg, then what was shown for which share of the time."""
    lines = [
        f"{'leg':66} {'up':>4} {'degr':>4} {'susp':>4} {'down':>4} {'other':>5} drops downs changes alarms green"
    ]
    total: Counter[str] = Counter()
    for leg, record in found.items():
        total.update(record.shown)
        samples = record.states.total()
        known = (LegState.UP, LegState.DEGRADED, LegState.SUSPECT, LegState.DOWN)
        shares = [100 * record.states[state] / samples for state in known]
        lines.append(
            f"{leg:66} {shares[0]:4.0f} {shares[1]:4.0f} {shares[2]:4.0f} {shares[3]:4.0f} {100 - sum(shares):5.0f}"
            f" {record.drops:5} {record.downs:5} {record.changes:7} {record.alarms:6} {record.green_s:5.1f}"
        )
    records = found.values()
    legs_minutes = len(found) * seconds / 60
    lines.append(
        f"per leg and minute: {sum(r.drops for r in records) / legs_minutes:.2f} drops in Asterisk,"
        f" {sum(r.changes for r in records) / legs_minutes:.2f} changes shown,"
        f" {sum(r.alarms for r in records) / legs_minutes:.2f} alarms (minor or louder)"
    )
    lines += [f"{100 * count / total.total():5.1f} %  {words[:90]}" for words, count in total.most_common()]
    return "\n".join(lines)


def _given_up(lab: Lab) -> Iterator[str]:
    """Yield what each SBC's log says of registrations that are not retried."""
    for sbc in ("sbc1", "sbc2"):
        for line in lab.asterisk_log(sbc).splitlines():
            if re.search(r"Fatal response|Maximum retries|rejected permanently", line):
                yield f"{sbc}: {line}"


async def measure(lab: Lab, percent: int, seconds: float, folder: Path) -> str:
    """Run the product under loss at both carriers and return the figures."""
    async with watched(write_fleet_config(lab, folder)) as product:
        await product.wait(lambda: product.states(LEGS) == {LegState.UP}, 90.0, "every good leg up")
        with ExitStack() as faults:
            for carrier in (CARRIER_A, CARRIER_B):
                faults.enter_context(lab.packet_loss(carrier, percent))
            found = await observe(lab, product, seconds)
        given_up = "\n".join(_given_up(lab))
    return f"{report(found, seconds)}\n{given_up}"


def main() -> None:
    """Measure on a lab that is up, or that is brought up for it."""
    percent, seconds = int(sys.argv[1]), float(sys.argv[2])
    lab = Lab()
    was_up = lab.is_up
    lab.up()
    lab.heal()
    try:
        lab.settle()
        with tempfile.TemporaryDirectory() as folder:
            print(f"{percent} % each way, {seconds:g} s")
            print(asyncio.run(measure(lab, percent, seconds, Path(folder))))
    finally:
        if not was_up:
            lab.down()


if __name__ == "__main__":
    main()
