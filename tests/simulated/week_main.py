"""Runs days of simulated faults and prints what the engine weighed day by day (`make soak-days`)."""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.simulated.harsh import mixed_fleet
from tests.simulated.week import DEFAULT, Outcome, Scale, play_week, three
from tests.simulated.week_gauges import Kept, kept, table
from trunktui.store.history_old import LEVELS

_SHOWN = 40


def main() -> int:
    """Play the days that were asked for; return 1 if anything grew, was lost, or was told twice or not at all."""
    asked = argparse.ArgumentParser(prog="python -m tests.simulated.week_main", description=__doc__)
    asked.add_argument("--days", type=int, default=7)
    asked.add_argument("--sbcs", type=int, default=20)
    asked.add_argument("--trunks", type=int, default=50, help="per SBC")
    asked.add_argument("--interval", type=float, default=60.0, help="seconds between two polls of an SBC")
    asked.add_argument(
        "--size", type=float, default=5.0, help="MB that the small one of three histories may have"
    )
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--minutes", type=float, default=math.inf, help="begin no day that would end later")
    given = asked.parse_args()
    scale = Scale(
        given.days * 24,
        given.interval,
        given.seed,
        given.minutes * 60.0,
        limits=three(int(given.size * 1e6)),
    )
    plan = mixed_fleet(given.sbcs, given.trunks)
    with tempfile.TemporaryDirectory(prefix="trunktui-days-") as folder:
        outcome = play_week(plan, scale, Path(folder), lambda line: print(line, flush=True))
        rows = {name: kept(Path(folder) / str(n)) for n, name in enumerate(scale.limits)}
    print("\n".join(("", *table(outcome.weights), "", *_more(outcome, rows, len(plan.legs)))))
    for line in outcome.wrong[:_SHOWN]:
        print(line)
    return 1 if outcome.wrong else 0


def _more(outcome: Outcome, rows: dict[str, Kept], legs: int) -> Iterator[str]:
    yield f"{outcome.hours} h, {outcome.polls:,} polls, {outcome.samples:,} samples, {outcome.looks:,} looks"
    yield f"{outcome.cpu_s:.0f} s of CPU, {outcome.took_s:.0f} s in all"
    yield f"faults: {', '.join(f'{count} {what}' for what, count in sorted(outcome.faults.items()))}"
    yield f"since after a restart: {outcome.kept_since} as before, {outcome.earlier_since} earlier, none later"
    for name, found in rows.items():
        yield f"{name}: {', '.join(f'{rows:,} {what} of {size:,} bytes' for what, (rows, size) in found.items())}"
    whole = [f"level {number}" for number, level in enumerate(LEVELS) if not level.span_s]
    full = sum(rows[DEFAULT].get(name, (0, 0))[1] for name in whole) / legs
    yield f"every poll of a leg, of the last two days at most: {full:,.0f} bytes"
    for what, states in outcome.shown.items():
        looks = sum(states.values())
        shares = ", ".join(
            f"{state.value} {100 * count / looks:.0f} %" for state, count in states.most_common()
        )
        hours = outcome.leg_hours[what]
        to = ", ".join(f"{count / hours:.2f} {word}" for word, count in outcome.by_chance[what].most_common())
        yield f"{what.value}, {hours} times on a leg: shown {shares}; events each time: {to}"


if __name__ == "__main__":
    raise SystemExit(main())
