"""Soaks: plays many simulated hours, one seed after another, and prints what they brought as a table (`make soak-hours`)."""

from __future__ import annotations

import argparse
from collections import Counter

from tests.simulated.harsh import mixed_fleet
from tests.simulated.hour import Report, play
from tests.simulated.troubles import HOUR_S, awful_hour

_SHOWN = 20


def main() -> int:
    """Play the hours that were asked for; return 1 if anything was shown that should not have been."""
    asked = argparse.ArgumentParser(prog="python -m tests.simulated", description=__doc__)
    asked.add_argument("--seeds", type=int, default=10, help="how many hours, each of its own seed")
    asked.add_argument("--first", type=int, default=1, help="the first seed")
    asked.add_argument("--hours", type=float, default=1.0, help="how long each is, in simulated hours")
    asked.add_argument("--sbcs", type=int, default=20)
    asked.add_argument("--legs", type=int, default=50, help="per SBC")
    given = asked.parse_args()
    plan = mixed_fleet(given.sbcs, given.legs)
    reports = []
    for seed in range(given.first, given.first + given.seeds):
        hour = awful_hour(plan, seed, given.hours * HOUR_S)
        report = play(plan, hour, seed)
        reports.append(report)
        print(f"seed {seed}: {_line(report)}", flush=True)
        for line in report.wrong[:_SHOWN]:
            print(f"  {line}")
    print("\n".join(("", *_table(reports))))
    return 1 if any(report.wrong for report in reports) else 0


def _line(report: Report) -> str:
    return (
        f"{report.compared:,} states, {sum(report.faults.values())} faults, {report.polls:,} answered polls, "
        f"{len(report.lies)} lies, {len(report.wrong) - len(report.lies)} others, {report.cpu_s:.0f} s of CPU"
    )


def _table(reports: list[Report]) -> list[str]:
    faults, states = Counter[str](), Counter[str]()
    worst: dict[str, float] = {}
    for report in reports:
        faults.update(report.faults)
        states.update({state.value: count for state, count in report.states.items()})
        for kind, seconds in report.worst_s.items():
            worst[kind] = max(worst.get(kind, seconds), seconds)
    compared = sum(report.compared for report in reports)
    kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(faults.items()))
    shares = ", ".join(f"{state} {100 * count / compared:.1f} %" for state, count in states.most_common())
    rows = [
        ("simulated hours, seeds", f"{len(reports)}"),
        ("compared states", f"{compared:,}"),
        ("faults", f"{sum(faults.values()):,}: {kinds}"),
        ("shown as", shares),
        (
            "up though the truth was not, beyond the limit",
            f"{sum(len(report.lies) for report in reports)}",
        ),
        (
            "down, suspect or unknown though all was well, beyond the limit",
            f"{sum(len(report.false_alarms) for report in reports)}",
        ),
        ("oldest answer behind a green leg", f"{max(r.oldest_green_s for r in reports):.1f} s"),
        *(
            (
                f"green after its SBC could know: {kind.replace('_', ' ')}",
                f"{max(seconds, 0.0):.1f} s at most",
            )
            for kind, seconds in sorted(worst.items())
        ),
        ("changes of one leg's state, at most", f"{max(report.most_changes for report in reports)}"),
        ("CPU of one hour", f"{sum(report.cpu_s for report in reports) / len(reports):.0f} s"),
    ]
    return ["| what | figure |", "|---|---|", *(f"| {what} | {figure} |" for what, figure in rows)]


if __name__ == "__main__":
    raise SystemExit(main())
