"""Fleets at random in which things have happened: legs with a background of small troubles, and one to three events."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from msgspec import structs

from tests.fleets import leg as healthy
from tests.fleets import sbc as answering
from tests.marking import maintenance
from trunktui.model.health import (
    Effective,
    FaultKind,
    LegState,
    ProbeSignal,
    RegSignal,
    Severity,
    TrafficSignal,
    Usage,
)
from trunktui.model.inventory import AuthMode
from trunktui.model.link import LinkStatus, SshState
from trunktui.model.marks import Scope, Target
from trunktui.model.snapshot import (
    ChannelsView,
    Egress,
    LegStatus,
    ProbeView,
    RegView,
    SbcStatus,
    TrafficView,
)
from trunktui.model.text import Safe

NOW = 100_000.0
_MODEL = healthy("model@model")
_BOX = answering("model")
_WINDOW = maintenance(Target(Scope.LEG, "model@model"))
Change = dict[str, Any]


class RandomFleet:
    """One fleet: SBCs by name, legs by id; `r` is its only chance."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.sbcs: dict[str, SbcStatus] = {}
        self.legs: dict[str, LegStatus] = {}
        self._build()
        for _ in range(self.r.choice((0, 1, 1, 1, 2, 3))):
            self.r.choice(_EVENTS)(self)
        for leg in list(self.legs.values()):
            if self.r.random() < 0.03:
                self.put(leg, self._blip(leg))

    def _build(self) -> None:
        r = self.r
        sites = r.choice((("nyc",), ("nyc", "lon"), ("nyc", "lon", None)))
        shared = r.random() < 0.3
        for n in range(r.choice((1, 2, 3, 4, 5, 6))):
            address = f"198.51.100.{1 if shared and n < 2 else n + 10}"
            egress = Egress(address, Safe("config")) if r.random() < 0.7 else None
            self.sbcs[f"s{n}"] = structs.replace(_BOX, name=f"s{n}", site=r.choice(sites), egress=egress)
        for c in range(r.randint(1, 5)):
            carrier = f"c{c}"
            for t in range(r.choice((1, 1, 2))):
                self._trunk(carrier, f"{carrier}t{t}", t)

    def _trunk(self, carrier: str, trunk: str, t: int) -> None:
        r = self.r
        auth = r.choice(tuple(AuthMode))
        account = r.choice((f"{carrier}-a{t}", f"{carrier}-a0", None))
        common = r.choice((True, False))
        detect = r.choice((33.0, 33.0, 33.0, 33.0, 186.0, None))
        addresses = r.choice((None, ("203.0.113.1",), ("203.0.113.1", "203.0.113.2")))
        for box in self.sbcs:
            if r.random() < 0.1:
                continue
            user = None if r.random() < 0.2 else Safe(f"{carrier}-u" if common else f"{trunk}-{box}")
            one = structs.replace(
                _MODEL,
                id=f"{trunk}@{box}",
                trunk=trunk,
                sbc=box,
                carrier=carrier if r.random() < 0.97 else None,
                account=account,
                auth=auth,
                username=user,
                targets=None if addresses is None else (r.choice(addresses),),
                probe=ProbeView(ProbeSignal.OK, detect_s=detect),
                registration=RegView(RegSignal.NOT_USED if auth is AuthMode.IP else RegSignal.REGISTERED),
                channels=ChannelsView(Usage.NORMAL, 10, 200, 40),
                observed_at=NOW - 4,
                late_at=NOW + 56,
                stale_at=NOW + 86,
                since_at=NOW - 9000,
                effective=Effective.ROUTABLE,
            )
            self.legs[one.id] = one

    def put(self, leg: LegStatus, change: Change) -> None:
        """Change one leg."""
        self.legs[leg.id] = structs.replace(self.legs[leg.id], **change)

    def some(self, holds: Callable[[LegStatus], bool], share: float = 1.0) -> list[LegStatus]:
        """Return the legs of which something holds, or a share of them."""
        return [leg for leg in self.legs.values() if holds(leg) and self.r.random() < share]

    def share(self) -> float:
        """Return how much of something an event hits."""
        return self.r.choice((1.0, 1.0, 0.8, 0.5))

    def onset(self) -> float:
        """Return when something began: so long ago that it shows, or only now, or long ago."""
        return NOW - self.r.choice((20.0, 70.0, 150.0, 400.0, 5000.0))

    def silent(self, leg: LegStatus, onset: float) -> Change:
        """Return a leg whose OPTIONS are not answered; some are in doubt only, or came back."""
        r = self.r
        since = onset + r.choice((0.0, 10.0, 40.0, 85.0))
        if r.random() < 0.1:
            return {"healed": (since, min(since + r.choice((5.0, 60.0)), NOW))}
        doubt = r.random() < 0.15
        probe = structs.replace(leg.probe, state=ProbeSignal.MISSING if doubt else ProbeSignal.DEAD)
        return self._fails(LegState.SUSPECT if doubt else LegState.DOWN, FaultKind.PROBE, since, probe=probe)

    def refused(self, leg: LegStatus, onset: float, code: int | None) -> Change:
        """Return a leg that is refused with a code: its REGISTER, or its calls where it sends none."""
        r = self.r
        since = onset + r.choice((0.0, 30.0))
        if leg.registration.state is RegSignal.NOT_USED:
            traffic = TrafficView(TrafficSignal.FAILING, 300.0, 240, 0, 240, code)
            return self._fails(LegState.DOWN, FaultKind.TRAFFIC, since, traffic=traffic)
        reg = RegView(r.choice((RegSignal.RETRYING, RegSignal.GAVE_UP)), code=code)
        passes = leg.auth is AuthMode.HYBRID and r.random() < 0.7
        state = LegState.DEGRADED if passes else r.choice((LegState.DOWN, LegState.DOWN, LegState.SUSPECT))
        return self._fails(state, FaultKind.REGISTRATION, since, registration=reg)

    def _fails(self, state: LegState, fault: FaultKind, since: float, **more: Any) -> Change:
        severity = {LegState.DOWN: Severity.MAJOR, LegState.SUSPECT: Severity.WARNING}.get(
            state, Severity.MINOR
        )
        return {
            "state": state,
            "severity": severity,
            "fault": fault,
            "bad_since": since,
            "since_at": since,
            **more,
        }

    def _blip(self, leg: LegStatus) -> Change:
        r = self.r
        return r.choice(
            (
                {"state": LegState.UNKNOWN, "fault": None, "bad_since": None},
                {"state": LegState.UNMONITORED, "fault": None, "bad_since": None},
                {"state": LegState.ADMIN_OFF, "fault": None, "bad_since": None},
                {"state": LegState.STANDBY, "fault": None, "bad_since": None},
                {"maintenance": _WINDOW},
                self._fails(LegState.DOWN, FaultKind.ABSENT, NOW - 300),
                self._fails(LegState.DOWN, FaultKind.OTHER, NOW - 300),
                self.silent(leg, self.onset()),
                self.refused(leg, self.onset(), r.choice((403, None))),
            )
        )


def _carrier_dies(f: RandomFleet) -> None:
    carrier, onset, share = f.r.choice([f"c{n}" for n in range(5)]), f.onset(), f.share()
    for leg in f.some(lambda leg: leg.carrier == carrier, share):
        f.put(leg, f.silent(leg, onset))


def _box_dies(f: RandomFleet) -> None:
    box, onset, share = f.r.choice(list(f.sbcs)), f.onset(), f.share()
    for leg in f.some(lambda leg: leg.sbc == box, share):
        f.put(leg, f.silent(leg, onset))


def _site_dies(f: RandomFleet) -> None:
    site, onset = f.r.choice(("nyc", "lon")), f.onset()
    for leg in f.some(lambda leg: f.sbcs[leg.sbc].site == site):
        f.put(leg, f.silent(leg, onset))


def _all_dies(f: RandomFleet) -> None:
    onset = f.onset()
    for leg in f.some(lambda _: True, f.r.choice((0.9, 0.7))):
        f.put(leg, f.silent(leg, onset))


def _way_is_lost(f: RandomFleet) -> None:
    for box in list(f.sbcs):
        if f.r.random() < 0.85:
            down = LinkStatus(SshState.UNREACHABLE, Safe("no route"))
            f.sbcs[box] = structs.replace(f.sbcs[box], link=down)
            for leg in f.some(lambda leg, box=box: leg.sbc == box):  # type: ignore[misc]
                f.put(leg, {"state": LegState.UNKNOWN, "fault": None, "bad_since": None})


def _address_changes(f: RandomFleet) -> None:
    box, onset, share = f.r.choice(list(f.sbcs)), f.onset(), f.share()
    before = f.sbcs[box].egress
    if before is None:
        return
    for name, one in list(f.sbcs.items()):
        if one.egress is not None and one.egress.address == before.address:
            moved = Egress(f"{before.address}9", Safe("asked"), onset, before.address)
            f.sbcs[name] = structs.replace(one, egress=moved)
            for leg in f.some(lambda leg, name=name: leg.sbc == name, share):  # type: ignore[misc]
                if leg.auth is not AuthMode.REGISTRATION:
                    late = onset + f.r.choice((0.0, 0.0, 0.0, 500.0))
                    f.put(leg, f.silent(leg, late))


def _name_is_refused(f: RandomFleet) -> None:
    user, onset, share = f"c{f.r.randint(0, 4)}-u", f.onset(), f.share()
    code = f.r.choice((401, 403, 403, None))
    for leg in f.some(lambda leg: leg.username == user, share):
        f.put(leg, f.refused(leg, onset, code))


def _account_is_refused(f: RandomFleet) -> None:
    carrier, onset, share = f"c{f.r.randint(0, 4)}", f.onset(), f.share()
    account, code = f.r.choice((f"{carrier}-a0", f"{carrier}-a1")), f.r.choice((401, 403, 403, 503, None))
    for leg in f.some(lambda leg: leg.account == account, share):
        f.put(leg, f.refused(leg, onset, code))


def _account_is_full(f: RandomFleet) -> None:
    account, share = f"c{f.r.randint(0, 4)}-a{f.r.randint(0, 1)}", f.share()
    for leg in f.some(lambda leg: leg.account == account, share):
        view = ChannelsView(f.r.choice((Usage.FULL, Usage.OVER_CAP)), 100, 200, 205)
        loud = f.r.choice((Severity.MINOR, Severity.MAJOR))
        change = {"fault": FaultKind.CAP, "severity": loud, "channels": view, "bad_since": NOW - 60}
        f.put(leg, {"state": LegState.DEGRADED, **change})


def _edge_dies(f: RandomFleet) -> None:
    carrier, onset = f"c{f.r.randint(0, 4)}", f.onset()
    for leg in f.some(lambda leg: leg.carrier == carrier and leg.targets == ("203.0.113.1",)):
        f.put(leg, f.silent(leg, onset))


def _some_fall_silent(f: RandomFleet) -> None:
    """Nothing is known of many legs of a carrier, and of the others some are refused."""
    carrier, onset = f"c{f.r.randint(0, 4)}", f.onset()
    for leg in f.some(lambda leg: leg.carrier == carrier):
        state = f.r.choice((LegState.UNKNOWN, LegState.UNMONITORED))
        mute: Change = {"state": state, "fault": None, "bad_since": None}
        f.put(leg, mute if f.r.random() < 0.6 else f.refused(leg, onset, f.r.choice((403, None))))


_EVENTS: tuple[Callable[[RandomFleet], None], ...] = (
    _carrier_dies,
    _carrier_dies,
    _box_dies,
    _box_dies,
    _site_dies,
    _site_dies,
    _site_dies,
    _all_dies,
    _way_is_lost,
    _address_changes,
    _address_changes,
    _name_is_refused,
    _name_is_refused,
    _account_is_refused,
    _account_is_refused,
    _account_is_full,
    _edge_dies,
    _edge_dies,
    _edge_dies,
    _some_fall_silent,
    _some_fall_silent,
)
