"""Remembers how things really were, and says for how long what is shown may differ from it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from msgspec import Struct

from tests.simulated.harsh import HarshWorld, good_in
from tests.simulated.network import Told
from tests.simulated.troubles import ALL, Hour, Way
from trunktui.demo.plan import TrunkPlan
from trunktui.demo.probes import TIMEOUT_S
from trunktui.demo.registration import LEAD_S
from trunktui.demo.rows import Daemon
from trunktui.demo.story import Kind
from trunktui.demo.world import BOOT_LOADING_S
from trunktui.model.health import LegState, ProbeSignal, RegSignal, SbcState, Usage
from trunktui.model.snapshot import LegStatus, SbcStatus
from trunktui.poll.poller import POLL_BUDGET_S
from trunktui.poll.schedule import AUTH_RETRY_S, JITTER

GREEN = frozenset({LegState.UP, LegState.STANDBY})

INTERVAL_S = 30.0
FAST_S = 10.0
STALE_S = 90.0
SLACK_S = 1.0
NOTICE_S = INTERVAL_S * (1.0 + JITTER) + SLACK_S
"""The next poll, and what it takes."""

FROZEN_NOTICE_S = NOTICE_S + 6.0
RETRY_S = 2.0 * INTERVAL_S * (1.0 + JITTER) + POLL_BUDGET_S
"""After the end of a trouble on the way: the attempt that is under way, and the longest wait for the next."""

PROVEN_S = 60.0 + FAST_S * (1.0 + JITTER)
"""The second good OPTIONS of a leg that was down, and the poll that finds it."""

LOSS_WINDOW_S = 20 * 2.0 * INTERVAL_S * (1.0 + JITTER)
CALLS_CUT_S = 60.0
SURGE_TAIL_S = 420.0
FLAP_STABLE_S = 600.0 + NOTICE_S
"""A leg that changed too often is held at its worst state until nothing changed for so long."""

_USED_UP = frozenset({Usage.HIGH, Usage.FULL, Usage.OVER_CAP})


class Cause(Struct, frozen=True):
    """Why a leg does not work: from `start` to `end`; its SBC can know it from `known` on."""

    kind: Kind
    start: float
    end: float
    known: float


class _Block(Struct, frozen=True):
    """Polls of an SBC may fail from `start` on; by `clear` one has got through again."""

    start: float
    clear: float
    frozen: bool


class _Leg:
    """What the judge keeps of one leg."""

    def __init__(self, trunk: TrunkPlan, sbc: str) -> None:
        self.trunk = trunk
        self.sbc = sbc
        self.causes: list[Cause] = []
        self.disbelieved_since: float | None = None
        self.not_fine_at = 0.0
        self.believed: bool | None = None
        self.flips = 0


class Judge:
    """Holds shown states against a world that nobody polls. Look in the order of time."""

    def __init__(self, world: HarshWorld, hour: Hour) -> None:
        self._world = world
        self._hour = hour
        self._legs = {
            f"{trunk.name}@{sbc}": _Leg(trunk, sbc) for trunk in world.plan.trunks for sbc in trunk.sbcs
        }
        for leg_id, leg in self._legs.items():
            leg.causes = sorted(self._causes(leg_id, leg), key=lambda cause: cause.start)
        self._blocked = {sbc.name: list(self._blocks(sbc.name)) for sbc in world.plan.sbcs}
        self._clear: dict[str, float] = {}
        self._way_clear: dict[str, float] = {}
        self._lossy = {
            carrier.name: [loss for loss in hour.losses if loss.carrier == carrier.name]
            for carrier in world.plan.carriers
        }
        accounts = {trunk.name: trunk.account for trunk in world.plan.trunks}
        self._surges: dict[str, list[tuple[float, float]]] = {}
        for trouble in hour.script.troubles:
            if trouble.kind is Kind.SURGE:
                account = accounts[trouble.subject]
                self._surges.setdefault(account, []).append((trouble.start, trouble.end))

    def look(self, now: float) -> None:
        """Note how things are at `now`."""
        for sbc, blocks in self._blocked.items():
            begun = [block for block in blocks if block.start <= now]
            self._clear[sbc] = max((b.clear for b in begun), default=0.0)
            self._way_clear[sbc] = max((b.clear for b in begun if not b.frozen), default=0.0)
        found = {sbc.name: self._world.look(sbc.name, now) for sbc in self._world.plan.sbcs}
        good = {sbc: good_in(look) if look.daemon is Daemon.RUNNING else None for sbc, look in found.items()}
        for leg in self._legs.values():
            said = good[leg.sbc]
            believed = None if said is None else said[leg.trunk.name]
            if believed is not leg.believed:
                leg.flips += 1
                leg.believed = believed
            if believed is not False:
                leg.disbelieved_since = None
            elif leg.disbelieved_since is None:
                leg.disbelieved_since = now
            if not believed or any(cause.start <= now < cause.end for cause in leg.causes):
                leg.not_fine_at = now

    def knows(self, leg_id: str) -> bool:
        """Whether there is such a leg at all."""
        return leg_id in self._legs

    def active(self, leg_id: str, now: float) -> list[Cause]:
        """Return why a leg does not work at `now`."""
        return [cause for cause in self._legs[leg_id].causes if cause.start <= now < cause.end]

    def flips(self, leg_id: str) -> int:
        """Return how often anything changed for a leg: its SBC's belief, its causes, the way to its SBC."""
        leg = self._legs[leg_id]
        return leg.flips + 2 * len(leg.causes) + 2 * len(self._blocked[leg.sbc])

    def lies(self, shown: LegStatus, told: Told | None, now: float) -> Iterator[str]:
        """Yield why a green leg should not be green any more; nothing for one that is not green."""
        leg = self._legs[shown.id]
        clear = self._clear[leg.sbc]
        if told is None:
            yield "its SBC never answered"
            return
        age = now - told.looked_at
        if age > STALE_S + SLACK_S:
            yield f"what its SBC said is {age:.1f} s old"
        if not told.serving:
            yield "its SBC's last answer is that Asterisk is not in service"
        if told.good.get(leg.trunk.name) is False:
            yield "its SBC's last answer says that it is not well"
        for cause in self.active(shown.id, now):
            limit = self._limit(cause, leg.sbc)
            if now > limit:
                yield f"{cause.kind} for {now - cause.start:.1f} s, {now - limit:.1f} s too long"
        since = leg.disbelieved_since
        if since is not None and told.good.get(leg.trunk.name):
            since = max(since, told.looked_at)  # well for a moment, between two looks of the judge
        if since is not None and now > min(max(since, clear) + NOTICE_S, since + STALE_S + SLACK_S):
            yield f"its SBC disbelieves in it for {now - since:.1f} s"

    def wrong_figures(self, shown: LegStatus, told: Told | None, now: float) -> Iterator[str]:
        """Yield which numbers of a leg are not those of its SBC's last answer; not to know them is no lie."""
        said = None if told is None else told.figures.get(self._legs[shown.id].trunk.name)
        if said is None or shown.stale_at is None or now > shown.stale_at:
            return
        if shown.probe.rtt_ms not in {None, said.rtt_ms}:
            yield f"OPTIONS {shown.probe.rtt_ms} ms, its SBC said {said.rtt_ms}"
        if shown.channels.active not in {None, said.calls}:
            yield f"{shown.channels.active} channels, its SBC said {said.calls}"

    def wrong_rate(self, shown: LegStatus, history: list[Told], now: float) -> Iterator[str]:
        """Yield how a leg's dials per second differ from those that its SBC really tried between two looks.

        A rate by one look alone, the first, counts what is left of the last seconds: it can only be a lower bound.
        """
        rate = shown.cps
        if rate.now is None or rate.window_s is None or shown.stale_at is None or now > shown.stale_at:
            return
        trunk, seen = self._legs[shown.id].trunk.name, rate.now * rate.window_s
        windows = [
            last.dialled.get(trunk, 0) - first.dialled.get(trunk, 0)
            for last in history[-3:]
            for first in history
            if abs(last.looked_at - first.looked_at - rate.window_s) < 0.01
        ]
        if not windows and rate.whole:
            yield f"{rate.now} dials/s over {rate.window_s:.1f} s, between no two looks"
        if windows and not any(seen <= truth + 0.01 for truth in windows):
            yield f"{seen:.1f} dials in {rate.window_s:.1f} s, there were {windows}"
        if windows and rate.whole and not any(seen >= truth - 0.01 for truth in windows):
            yield f"{seen:.1f} dials in {rate.window_s:.1f} s, there were {windows}, and it is not called a lower bound"

    def sbc_lies(self, shown: SbcStatus, told: Told | None, now: float) -> Iterator[str]:
        """Yield why an SBC that is up should not be so any more; nothing for one that is not."""
        if shown.state is not SbcState.UP:
            return
        if told is None or now - told.looked_at > STALE_S + SLACK_S:
            yield f"its last answer is too old: {told}"
        leg_id = next(leg_id for leg_id, leg in self._legs.items() if leg.sbc == shown.name)
        for cause in self.active(leg_id, now):
            if cause.kind in {Kind.FROZEN, Kind.REBOOT} and now > self._limit(cause, shown.name):
                yield f"{cause.kind} for {now - cause.start:.1f} s"

    def false_alarm(self, shown: LegStatus, told: Told | None, now: float) -> str | None:
        """Say why a leg should be green again, None where it is, or need not be yet."""
        leg = self._legs[shown.id]
        clear = self._clear[leg.sbc]
        if shown.state in GREEN or leg.sbc in leg.trunk.unprobed or clear == math.inf:
            return None
        fine_since = max(leg.not_fine_at, clear)
        if told is not None and told.good.get(leg.trunk.name) is False:
            fine_since = max(fine_since, told.looked_at)  # too short for the judge to have seen it
        limit = NOTICE_S + PROVEN_S
        if shown.flapping:
            limit += FLAP_STABLE_S
        used_up = shown.channels.state in _USED_UP and shown.state is LegState.DEGRADED
        if used_up or shown.flapping:
            surges = self._surges.get(leg.trunk.account, ())
            fine_since = max([fine_since, *(e + SURGE_TAIL_S for s, e in surges if s <= now)])
        lost_at = self._lost_at(shown, leg, now)
        if lost_at is not None:
            fine_since, limit = max(fine_since, lost_at), limit + LOSS_WINDOW_S
        if now <= fine_since + limit:
            return None
        return f"{shown.state} though all is well for {now - fine_since:.1f} s: {shown.reason}"

    def may_end_so(self, shown: LegStatus, now: float) -> bool:
        """Whether a leg need not be green when all is over: nobody probes it, or its last 20 results tell of loss."""
        leg = self._legs[shown.id]
        if leg.sbc in leg.trunk.unprobed or (shown.flapping and self.false_alarm(shown, None, now) is None):
            return True
        lost_at = self._lost_at(shown, leg, now)
        return lost_at is not None and now <= max(lost_at, leg.not_fine_at) + LOSS_WINDOW_S

    def dark(self, sbc: str) -> bool:
        """Whether nobody can ever ask this SBC again without a human."""
        return self._clear[sbc] == math.inf

    def _lost_at(self, shown: LegStatus, leg: _Leg, now: float) -> float | None:
        """Return when packets were last lost on the way of a leg that is said to suffer from it."""
        if shown.probe.state not in {ProbeSignal.LOSS, ProbeSignal.SLOW} and not shown.flapping:
            return None
        ends = (min(loss.end, now) for loss in self._lossy[leg.trunk.carrier] if loss.start <= now)
        return max(ends, default=None)

    def _limit(self, cause: Cause, sbc: str) -> float:
        """Return until when a leg may be green at most, though `cause` holds."""
        stale = cause.known + STALE_S + SLACK_S
        if cause.kind is Kind.REBOOT:
            return stale
        if cause.kind is Kind.FROZEN:
            return min(stale, max(cause.known, self._way_clear[sbc]) + FROZEN_NOTICE_S)
        return min(stale, max(cause.known, self._clear[sbc]) + NOTICE_S)

    def _causes(self, leg_id: str, leg: _Leg) -> Iterator[Cause]:
        trunk = leg.trunk
        unprobed = leg.sbc in trunk.unprobed
        notices = {
            (Kind.CARRIER_DEAD, trunk.carrier): CALLS_CUT_S if unprobed else trunk.qualify_s + TIMEOUT_S,
            (Kind.REFUSED, leg_id): trunk.expires_s - LEAD_S + 1.0,
            (Kind.FROZEN, leg.sbc): 0.0,
            (Kind.REBOOT, leg.sbc): 0.0,
        }
        for trouble in self._hour.script.troubles:
            notice = notices.get((trouble.kind, trouble.subject))
            if notice is not None:
                tail = BOOT_LOADING_S if trouble.kind is Kind.REBOOT else 0.0
                yield Cause(trouble.kind, trouble.start, trouble.end + tail, trouble.start + notice)

    def _blocks(self, sbc: str) -> Iterator[_Block]:
        """Yield when no poll of an SBC may get through, and until when the first good one may take after it."""
        for way in self._hour.ways:
            if way.sbc in {sbc, ALL}:
                auth = way.kind is Way.AUTH
                retry = AUTH_RETRY_S * (1.0 + JITTER) + POLL_BUDGET_S if auth else RETRY_S
                yield _Block(way.start, way.end + retry, frozen=False)
        for trouble in self._hour.script.troubles:
            if trouble.subject == sbc:
                yield _Block(trouble.start, trouble.end + RETRY_S, frozen=trouble.kind is Kind.FROZEN)


def contradictions(leg: LegStatus) -> Iterator[str]:
    """Yield what a shown state says against its own parts."""
    if leg.state is not LegState.UP:
        return
    good_probe = leg.probe.state is ProbeSignal.OK or (
        leg.badge == "unmonitored" and leg.probe.state is ProbeSignal.UNMONITORED
    )
    if not good_probe:
        yield f"up with OPTIONS {leg.probe.state}"
    if leg.registration.state not in {RegSignal.REGISTERED, RegSignal.REFRESHING, RegSignal.NOT_USED}:
        yield f"up with registration {leg.registration.state}"
