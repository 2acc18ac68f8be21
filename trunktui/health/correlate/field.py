"""The legs as correlation sees them: which tell good or bad of their carrier, which tell nothing, what is explained."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import NamedTuple

from trunktui.health.faults import CARRIERS
from trunktui.health.rollup import configured
from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.health import (
    FaultKind,
    LegState,
    ProbeSignal,
    RegSignal,
    Severity,
    TrafficSignal,
    Usage,
)
from trunktui.model.inventory import Inventory
from trunktui.model.link import SshState
from trunktui.model.snapshot import LegStatus, SbcStatus
from trunktui.model.text import Safe, clean

_MEANT = frozenset({LegState.ADMIN_OFF, LegState.STANDBY})
_FINE = frozenset({LegState.UP, LegState.DEGRADED})
_BAD = frozenset({LegState.DOWN, LegState.SUSPECT})
_FAILING = frozenset({RegSignal.RETRYING, RegSignal.GAVE_UP})
_FULL = frozenset({Usage.FULL, Usage.OVER_CAP})
_LINK_FINE = frozenset({SshState.OK, SshState.PENDING})
ANSWERS = frozenset(
    {
        ProbeSignal.OK,
        ProbeSignal.SLOW,
        ProbeSignal.LOSS,
        ProbeSignal.PARTIAL,
        ProbeSignal.AUTH_SUSPECT,
        ProbeSignal.OVERLOADED,
    }
)
REFUSALS = frozenset({401, 403})
_REASON = 220

Legs = list[LegStatus]


def bad(leg: LegStatus) -> bool:
    """Tell whether a leg fails in a way that may be its carrier's; a cap or a missing object never is."""
    return leg.state in _BAD and leg.fault in CARRIERS and leg.bad_since is not None


def tells(leg: LegStatus) -> bool:
    """Tell whether a leg says good or bad of its carrier; one that is unknown or not monitored says neither."""
    return leg.state in _FINE or bad(leg)


def refusal(leg: LegStatus) -> int | None:
    """Return the 401 or 403 by which a carrier refuses a leg's REGISTER or most of its calls; None where it does not."""
    if leg.state is LegState.UP:
        return None
    reg, traffic = leg.registration, leg.traffic
    if reg.state in _FAILING and reg.code in REFUSALS:
        return reg.code
    if traffic is not None and traffic.state is TrafficSignal.FAILING and traffic.code in REFUSALS:
        return traffic.code
    return None


def answered(leg: LegStatus) -> bool:
    """Tell whether the carrier lives for all that this leg says: OPTIONS are answered, and only REGISTER fails."""
    return leg.fault is FaultKind.REGISTRATION and leg.probe.state in ANSWERS


def at_cap(leg: LegStatus) -> bool:
    """Tell whether a leg's trouble is that its account is full."""
    return leg.fault is FaultKind.CAP and (leg.channels.state in _FULL or leg.cps.state in _FULL)


def hard(legs: Iterable[LegStatus]) -> bool:
    """Tell whether more than doubt is said of some of `legs`: SUSPECT raises no alarm, alone or in numbers."""
    return any(leg.state is not LegState.SUSPECT for leg in legs)


def homes(legs: Iterable[LegStatus]) -> list[str]:
    """Return the SBCs of `legs`, sorted, each once."""
    return sorted({leg.sbc for leg in legs})


def mostly_bad(legs: Collection[LegStatus]) -> bool:
    """Tell whether at least two thirds of `legs` are bad."""
    return 3 * sum(map(bad, legs)) >= 2 * len(legs)


class Box(NamedTuple):
    """An SBC's open legs in short: how many, how many of them bad, and the carriers of the fine ones."""

    legs: int = 0
    bad: int = 0
    fine: frozenset[str] = frozenset()


class Field:
    """What is still to be explained. `all` are the legs that count, `open` those of them that tell of their carrier.

    `refusing` are the carriers that refuse a leg of theirs, or have one that is full.

    `until`: the earliest second at which a verdict that has to wait may be told.
    """

    def __init__(
        self,
        legs: Legs,
        sbcs: dict[str, SbcStatus],
        inventory: Inventory,
        window_s: float,
        interval_s: float,
        now: float,
    ) -> None:
        self.all = legs
        self.sbcs = sbcs
        self.inventory = inventory
        self.now = now
        self.until = math.inf
        self._window_s = window_s
        self._interval_s = interval_s
        self.by_carrier: dict[str, Legs] = {}
        self.by_sbc: dict[str, Legs] = {}
        self.mute: dict[str, Legs] = {}
        self.bad: Legs = []
        self.unknown: Legs = []
        self.refusing: set[str] = set()
        self.troubled = False
        self._boxes: dict[str, Box] = {}
        self._fine: dict[str, Legs] = {}
        self._by_trunk: dict[str, Legs] | None = None
        for leg in legs:
            self._place(leg)

    def _place(self, leg: LegStatus) -> None:
        state, carrier = leg.state, leg.carrier
        if (
            state is LegState.UP
        ):  # nearly always; a carrier's name is what all but the first two verdicts need
            if carrier is not None:
                self.by_carrier.setdefault(carrier, []).append(leg)
                self.by_sbc.setdefault(leg.sbc, []).append(leg)
            return
        self.troubled = True
        failing = bad(leg)
        if failing:
            self.bad.append(leg)
        elif state is LegState.UNKNOWN:
            self.unknown.append(leg)
        if carrier is None:
            return
        if failing or state in _FINE:
            if refusal(leg) is not None or at_cap(leg):
                self.refusing.add(carrier)
            self.by_carrier.setdefault(carrier, []).append(leg)
            self.by_sbc.setdefault(leg.sbc, []).append(leg)
        else:
            self.mute.setdefault(carrier, []).append(leg)

    def explained(self, legs: Iterable[str], *, sbcs: Collection[str] = ()) -> None:
        """Take `legs`, by their ids, and all legs of `sbcs` out of what follows."""
        gone = set(legs)
        if not gone and not sbcs:
            return
        self._boxes, self._fine = {}, {}
        for table in (self.by_carrier, self.by_sbc, self.mute):
            for key, members in table.items():
                if any(leg.id in gone or leg.sbc in sbcs for leg in members):
                    table[key] = [leg for leg in members if leg.id not in gone and leg.sbc not in sbcs]
        self.bad = [leg for leg in self.bad if leg.id not in gone and leg.sbc not in sbcs]

    def of(self, carrier: str) -> Legs:
        """Return the open legs of a carrier that tell of it."""
        return self.by_carrier.get(carrier, [])

    def mute_of(self, carrier: str) -> Legs:
        """Return the open legs of a carrier that tell nothing."""
        return self.mute.get(carrier, [])

    def on(self, sbcs: Iterable[str]) -> Legs:
        """Return the open legs on some SBCs that tell of their carrier."""
        return [leg for sbc in sbcs for leg in self.by_sbc.get(sbc, ())]

    def box(self, sbc: str) -> Box:
        """Return the open legs of one SBC in short."""
        if sbc not in self._boxes:
            legs = self.by_sbc.get(sbc, [])
            failing = sum(map(bad, legs))
            fine = frozenset(leg.carrier for leg in legs if leg.carrier is not None and not bad(leg))
            self._boxes[sbc] = Box(len(legs), failing, fine)
        return self._boxes[sbc]

    def fine_of(self, carrier: str) -> Legs:
        """Return the open legs of a carrier that are fine."""
        if carrier not in self._fine:
            self._fine[carrier] = [leg for leg in self.of(carrier) if not bad(leg)]
        return self._fine[carrier]

    @property
    def by_trunk(self) -> dict[str, Legs]:
        """The legs that count and that the config names, by their trunk."""
        if self._by_trunk is None:
            self._by_trunk = configured(self.all)
        return self._by_trunk

    def window(self, legs: Iterable[LegStatus]) -> float:
        """Return W: within how many seconds one fault shows on all `legs`, by the settings really loaded."""
        detect = [leg.probe.detect_s for leg in legs if leg.probe.detect_s is not None]
        return max(self._window_s, max(detect, default=0.0) + self._interval_s)

    def waited(self, onset: float, compared: Iterable[LegStatus]) -> bool:
        """Tell whether legs that are called fine have had the time to notice what began at `onset`, and kept to it since.

        One that was out with it and came back has to stay for as long: while an outage ends, nothing else begins.
        """
        since, patience = onset, 0.0
        for leg in compared:
            detect = leg.probe.detect_s
            patience = max(patience, self._window_s if detect is None else detect)
            if leg.healed is not None and abs(leg.healed[0] - onset) <= self._window_s:
                since = max(since, leg.healed[1])
        ready = since + patience + self._interval_s
        if self.now >= ready:
            return True
        self.until = min(self.until, ready)
        return False


def field_of(
    legs: Iterable[LegStatus],
    sbcs: Iterable[SbcStatus],
    inventory: Inventory,
    window_s: float,
    interval_s: float,
    now: float,
) -> Field:
    """Return the legs that are compared: what is in maintenance, off or standby says nothing and is blamed for nothing."""
    kept = [leg for leg in legs if leg.maintenance is None and leg.state not in _MEANT]
    return Field(kept, {sbc.name: sbc for sbc in sbcs}, inventory, window_s, interval_s, now)


def is_lost(field: Field, leg: LegStatus) -> bool:
    """Tell whether a leg is unknown because its SBC is not reached; one that was not asked yet is not lost."""
    sbc = field.sbcs.get(leg.sbc)
    return leg.state is LegState.UNKNOWN and sbc is not None and sbc.link.state not in _LINK_FINE


def verdict_of(
    kind: VerdictKind,
    subject: str,
    severity: Severity,
    reason: str,
    legs: Iterable[LegStatus],
    carrier: str | None = None,
) -> Correlated:
    """Return a verdict on `legs`; its texts are cleaned."""
    legs = list(legs)
    since = [leg.bad_since for leg in legs if leg.bad_since is not None]
    return Correlated(
        kind=kind,
        subject=clean(subject),
        severity=severity,
        reason=clean(reason, _REASON),
        legs=tuple(sorted(leg.id for leg in legs)),
        carrier=carrier,
        since=min(since, default=None),
    )


def listed(names: Collection[str], noun: str, most: int = 3) -> Safe:
    """Return `sbc-1 and sbc-3`, and of many names only how many they are."""
    told = sorted(names)
    if len(told) > most:
        return Safe(f"{len(told)} {noun}")
    return Safe(" and ".join(filter(None, (", ".join(told[:-1]), *told[-1:]))))


def counted(number: int, noun: str) -> str:
    """Return `1 leg`, `2 legs`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
