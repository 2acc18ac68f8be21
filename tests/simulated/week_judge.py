"""Counts, from the script alone, which events a history must hold after days of faults, and compares."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tests.simulated.week_script import HOUR_S, LOSS, QUIET_HOURS, Fault, What, legs_of
from trunktui.demo.plan import FleetPlan
from trunktui.model.health import LegState
from trunktui.model.history import Event, EventKind

Want = dict[tuple[EventKind, str], Counter[str]]
"""By kind and subject, how often each state was gone to."""

MOST_IN_A_BAD_HOUR = 30
"""Events of a leg in an hour in which it flaps or loses packets: how many there are is chance, but no storm."""

MOST_OF_A_GROUP = 8
"""Events of a group in an hour of legs: its legs fall one after another, so its alarm may rise in steps.

In one in which its carrier loses packets it may be as many as of a leg, and twice that where it has two legs only.
"""

_BOX_OUT = {
    What.RESTART: "unknown",
    What.SILENT: "unknown",
    What.LOGIN: "unknown",
    What.FROZEN: "down",
}
_EXACT = frozenset(
    {
        EventKind.LEG,
        EventKind.SBC,
        EventKind.RESTART,
        EventKind.RELOAD,
        EventKind.APPEARED,
        EventKind.VANISHED,
        EventKind.CONFIG,
        EventKind.WATCH,
    }
)

_OF_CARRIERS = frozenset({"account", "carrier_outage", "carrier_partial", "credential", "edge", "local_leg"})
"""Verdicts by which a carrier, or a leg at one, is to blame."""

MOST_OF_A_VERDICT = 12
"""Events on one subject in an hour: legs fail by chance, alone and together."""


class EventJudge:
    """Knows the plan and its faults, and nothing of what was recorded."""

    def __init__(self, plan: FleetPlan, faults: Iterable[Fault]) -> None:
        self._plan = plan
        self._faults = tuple(faults)
        self._sole = {
            f"{t.name}@{sbc}": t.auth == "registration" for t in plan.trunks if t.registers for sbc in t.sbcs
        }
        self._chance = {
            (fault.hour, leg): fault.what for fault in self._faults for leg in self._by_chance(fault)
        }

        self._bad_hours = {hour for hour, _ in self._chance}

    def wrong(self, events: Iterable[Event], begin: float, hours: int) -> list[str]:
        """Return what is missing, too much, or in another hour than its cause, in the first `hours`; `begin` is second 0 in UTC."""
        wants: dict[int, Want] = defaultdict(lambda: defaultdict(Counter))
        for fault in (one for one in self._faults if one.hour < hours):
            for kind, subject, after in self._of(fault):
                wants[fault.hour][kind, subject][after] += 1
        wants[0][EventKind.WATCH, ""]["began"] += 1
        have: dict[int, Want] = defaultdict(lambda: defaultdict(Counter))
        for event in events:
            hour = int((event.at - begin) // HOUR_S)
            subject = "" if event.kind in {EventKind.CONFIG, EventKind.WATCH} else str(event.subject)
            have[hour][event.kind, subject][str(event.after)] += 1
        return [
            f"hour {hour}: {line}"
            for hour in sorted(wants.keys() | have.keys())
            for line in self._hour(hour, wants[hour], have[hour])
        ]

    def counts_by_chance(self, events: Iterable[Event], begin: float) -> dict[What, Counter[str]]:
        """Return, for what chance decides, how often legs went to each state."""
        found: dict[What, Counter[str]] = defaultdict(Counter)
        for event in events:
            what = self._chance.get((int((event.at - begin) // HOUR_S), str(event.subject)))
            if what is not None and event.kind in {EventKind.LEG, EventKind.FLAPPING}:
                word = "flapping" if event.kind is EventKind.FLAPPING else str(event.after)
                found[what][word] += 1
        return found

    def leg_hours(self, hours: int) -> Counter[What]:
        """Return how many of the first `hours` legs spent with each of what chance decides; the trouble lasts part of each."""
        return Counter(what for (hour, _), what in self._chance.items() if hour < hours)

    def _hour(self, hour: int, want: Want, have: Want) -> Iterator[str]:
        for kind, subject in sorted(want.keys() | have.keys()):
            wanted, had = want[kind, subject], have[kind, subject]
            count = sum(had.values())
            if kind is EventKind.GROUP:
                most = 2 * MOST_IN_A_BAD_HOUR if hour in self._bad_hours else MOST_OF_A_GROUP
                if hour % 2 == 0 and count:
                    yield f"group {subject}: {dict(had)} though no leg failed"
                elif count > most:
                    yield f"group {subject}: {count} events"
            elif kind is EventKind.VERDICT:
                if hour % 2 == 0 and had.keys() & _OF_CARRIERS:
                    yield f"verdict {subject}: {dict(had)} though no leg failed"
                elif count > MOST_OF_A_VERDICT:
                    yield f"verdict {subject}: {count} events"
            elif (hour, subject) in self._chance and kind in {EventKind.LEG, EventKind.FLAPPING}:
                if count > MOST_IN_A_BAD_HOUR:
                    yield f"leg {subject}: {dict(had)} events ({self._chance[hour, subject]})"
            elif kind not in _EXACT:
                yield f"{kind} {subject}: {dict(had)} is none of the script"
            elif wanted != had:
                yield f"{kind} {subject}: {dict(had)}, the script says {dict(wanted)}"

    def _of(self, fault: Fault) -> Iterator[tuple[EventKind, str, str]]:
        """Yield the events that a fault must bring, each once."""
        what, subject = fault.what, fault.subject
        if what is What.OUTAGE:
            for trunk, sbc in legs_of(self._plan, subject):
                if sbc not in trunk.unprobed:
                    yield EventKind.LEG, f"{trunk.name}@{sbc}", LegState.DOWN.value
                    yield EventKind.LEG, f"{trunk.name}@{sbc}", LegState.UP.value
        elif what is What.REFUSED:
            yield EventKind.LEG, subject, (LegState.DOWN if self._sole[subject] else LegState.DEGRADED).value
            yield EventKind.LEG, subject, self._well(subject)
        elif what in _BOX_OUT:
            yield EventKind.SBC, subject, _BOX_OUT[what]
            yield EventKind.SBC, subject, "up"
            if what is What.RESTART:
                yield EventKind.RESTART, subject, ""
        elif what is What.RELOAD:
            yield EventKind.RELOAD, subject, ""
        elif what is What.EXTRA:
            yield from self._passing(f"extra-{fault.number}@{subject}")
        elif what is What.CONFIG:
            for one in self._plan.sbcs[:2]:
                yield EventKind.APPEARED, f"spare-{fault.number}@{one.name}", ""
                yield EventKind.VANISHED, f"spare-{fault.number}@{one.name}", ""
            yield EventKind.CONFIG, "", ""
            yield EventKind.CONFIG, "", ""
        elif what is What.ENGINE:
            yield EventKind.WATCH, "", "began"

    def _passing(self, leg: str) -> Iterator[tuple[EventKind, str, str]]:
        """Yield the life of a trunk that no config names: found, no longer listed, forgotten after a while."""
        yield EventKind.APPEARED, leg, ""
        yield EventKind.LEG, leg, LegState.UNKNOWN.value
        yield EventKind.VANISHED, leg, ""

    def _well(self, leg: str) -> str:
        trunk, _, sbc = leg.rpartition("@")
        unprobed = sbc in self._plan.trunk(trunk).unprobed
        return (LegState.UNMONITORED if unprobed else LegState.UP).value

    def _by_chance(self, fault: Fault) -> Iterator[str]:
        if fault.hour < QUIET_HOURS:
            return
        if fault.what is What.FLAPPING:
            yield fault.subject
        elif fault.what in LOSS:
            yield from (f"{trunk.name}@{sbc}" for trunk, sbc in legs_of(self._plan, fault.subject))
