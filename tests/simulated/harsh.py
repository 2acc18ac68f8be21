"""A harsher world than the demo's: packets are lost on the way to a carrier, and an SBC's clock is stepped."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from msgspec import Struct, field, structs

from trunktui.demo.plan import FleetPlan, TrunkPlan, uniform_fleet
from trunktui.demo.probes import Probe
from trunktui.demo.rows import Daemon, Look, RegistrationRow
from trunktui.demo.story import Script
from trunktui.demo.tempo import Tempo, chance
from trunktui.demo.world import World

_SENT_AGAIN_S = (0.0, 0.5, 1.5)
"""SIP's T1 retransmissions of one OPTIONS within its timeout."""

_REFRESH_LATE_S = 5
"""So long past due is normal (health.md 1); later the SBC's own table says that its registration is in doubt."""


class Loss(Struct, frozen=True):
    """Packets lost between every SBC and a carrier: `share` of them, each way."""

    carrier: str
    start: float
    end: float
    share: float


class ClockStep(Struct, frozen=True):
    """An SBC's wall clock is set `by` seconds forward (or back) at second `at`; its timers do not notice."""

    sbc: str
    at: float
    by: int


class HarshProbe(Probe, frozen=True):
    """OPTIONS that may get lost; one that is answered at its second or third sending looks slow."""

    losses: tuple[Loss, ...] = ()
    phases: dict[float, float] = field(default_factory=dict)
    results: dict[tuple[float, int], float | None] = field(default_factory=dict)

    def seen(self, t: float) -> tuple[str, float | None]:
        """Return what `Probe.seen` does, with losses."""
        if not self.every_s:
            return "NonQual", None
        boot = self.booted(t)
        if boot not in self.phases:
            self.phases[boot] = self.every_s * chance(*self.seed, "phase", round(boot, 3))
        first = boot + self.phases[boot]
        last = math.floor((t - first) / self.every_s)
        for number in (last, last - 1):
            sent = first + number * self.every_s
            if number < 0:
                break
            took_ms = self._result(boot, number, sent)
            if sent + (self.timeout_s if took_ms is None else took_ms / 1000.0) <= t:
                return ("Unavail", None) if took_ms is None else ("Avail", took_ms)
        return "NonQual", None

    def _result(self, boot: float, number: int, sent: float) -> float | None:
        """Return the round trip in ms, None for no answer; remembered, for it is asked for many times."""
        if (boot, number) not in self.results:
            late_s = self._late_s(number, sent) if self.alive(sent) else None
            self.results[boot, number] = (
                None if late_s is None else round(self._rtt_ms(number) + 1000.0 * late_s, 3)
            )
        return self.results[boot, number]

    def _late_s(self, number: int, sent: float) -> float | None:
        share = max((loss.share for loss in self.losses if loss.start <= sent < loss.end), default=0.0)
        lost = 1.0 - (1.0 - share) ** 2
        return next(
            (late for late in _SENT_AGAIN_S if chance(*self.seed, "lost", number, late) >= lost), None
        )


class HarshWorld(World):
    """The world of a plan under a script, with losses and clock steps besides; always at speed 1."""

    def __init__(
        self,
        plan: FleetPlan,
        script: Script,
        seed: int,
        losses: tuple[Loss, ...] = (),
        steps: tuple[ClockStep, ...] = (),
        *,
        calls: bool = True,
    ) -> None:
        super().__init__(plan, script, seed, Tempo(1.0))
        self._steps = steps
        self._boots: dict[str, tuple[float, float]] = {}
        if not calls:
            self._loads = {sbc.name: [] for sbc in plan.sbcs}
        for legs in self._legs.values():
            for leg in legs:
                mine = tuple(loss for loss in losses if loss.carrier == leg.trunk.carrier)
                leg.probes = tuple(HarshProbe(**structs.asdict(p), losses=mine) for p in leg.probes)

    def look(self, sbc: str, t: float) -> Look:
        """Return what Asterisk would tell, by the SBC's own clock."""
        look = super().look(sbc, t)
        steps = [step for step in self._steps if step.sbc == sbc and step.at <= t]
        if not steps or look.daemon is not Daemon.RUNNING:
            return look
        booted = self._booted(sbc, t)
        return structs.replace(
            look,
            uptime_s=max(look.uptime_s + sum(step.by for step in steps if step.at > booted), 0),
            registrations=tuple(self._stepped(sbc, row, steps, t) for row in look.registrations),
        )

    def _clock_s(self, sbc: str, t: float) -> float:
        """Return what an SBC's clock shows at second `t`, set as often as it was until then."""
        steps = (step.by for step in self._steps if step.sbc == sbc and step.at <= t)
        return super()._clock_s(sbc, t) + sum(steps)

    def _booted(self, sbc: str, t: float) -> float:
        """Return what `World._booted` does; asked for once per contact, so the last answer is kept."""
        if self._boots.get(sbc, (math.nan, 0.0))[0] != t:
            self._boots[sbc] = t, super()._booted(sbc, t)
        return self._boots[sbc][1]

    def _stepped(self, sbc: str, row: RegistrationRow, steps: list[ClockStep], t: float) -> RegistrationRow:
        leg = next(leg for leg in self._legs[sbc] if leg.trunk.name == row.name)
        assert leg.registration is not None
        began = leg.registration._at(t).begin
        by = sum(step.by for step in steps if step.at > began)
        return row if not by or row.due_s is None else structs.replace(row, due_s=row.due_s - by)


def good_in(look: Look) -> Mapping[str, bool]:
    """Return by trunk whether the SBC's own tables say that all is well; empty while it cannot be asked."""
    good = {trunk.name: True for trunk in look.trunks}
    unprobed = {trunk.name for trunk in look.trunks if not trunk.qualify_s}
    for row in look.registrations:
        late = row.due_s is not None and row.due_s < -_REFRESH_LATE_S
        good[row.name] = row.word == "Registered" and not late
    for contact in look.contacts:
        if contact.word != "Avail" and contact.aor not in unprobed:
            good[contact.aor] = False
    return good


class Figures(Struct, frozen=True):
    """What an SBC's tables say of a trunk in numbers: the slowest of its contacts that answer, and its calls."""

    rtt_ms: float | None
    calls: int


def figures_in(look: Look) -> Mapping[str, Figures]:
    """Return the figures of each trunk."""
    slowest: dict[str, float] = {}
    for contact in look.contacts:
        if contact.rtt_ms is not None:
            slowest[contact.aor] = max(slowest.get(contact.aor, 0.0), contact.rtt_ms)
    calls = Counter(call.trunk for call in look.calls)
    return {trunk.name: Figures(slowest.get(trunk.name), calls[trunk.name]) for trunk in look.trunks}


def mixed_fleet(sbcs: int, legs: int) -> FleetPlan:
    """Return a uniform fleet whose trunks differ as real ones do: auth, expiry, contacts, direction, probing."""
    plan = uniform_fleet(sbcs, legs)
    return structs.replace(plan, trunks=tuple(_varied(n, trunk, plan) for n, trunk in enumerate(plan.trunks)))


def _varied(n: int, trunk: TrunkPlan, plan: FleetPlan) -> TrunkPlan:
    match n % 10:
        case 2:
            return structs.replace(trunk, auth="hybrid")
        case 5:
            return structs.replace(trunk, expires_s=90.0)
        case 6:
            return structs.replace(trunk, hosts=(*trunk.hosts, f"203.0.113.{n + 10}:5060"))
        case 7:
            return structs.replace(trunk, inbound=True)
        case 8:
            return structs.replace(trunk, unprobed=tuple(sbc.name for sbc in plan.sbcs[n % 20 :: 10]))
        case 9:
            return structs.replace(trunk, qualify_s=60.0)
        case _:
            return trunk
