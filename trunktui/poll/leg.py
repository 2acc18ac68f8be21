"""One leg as the poller keeps it, and how a look at it becomes the status that views show."""

from __future__ import annotations

from msgspec import Struct

from trunktui.health import reasons
from trunktui.health.box import BoxMemory, in_grace
from trunktui.health.detect import detect_s
from trunktui.health.memory import LegMemory, settle
from trunktui.health.rollup import Share
from trunktui.health.rules import Cause, judge
from trunktui.health.signals import LegContext, Signals, read_signals
from trunktui.health.witness import Witness
from trunktui.model.health import Freshness, LegState, ProbeSignal, RegSignal, Thresholds, Usage
from trunktui.model.inventory import AuthMode, Binding, Direction, NativeNames, Trunk
from trunktui.model.link import LinkStatus, SshState
from trunktui.model.observation import AppState, NativeLeg, Observation
from trunktui.model.snapshot import ChannelsView, LegStatus, ProbeView, RegView
from trunktui.poll.past import Past, lasting, remembered

_BLIND = frozenset({Cause.BOX_DOWN, Cause.APP_DOWN, Cause.STALE, Cause.NEVER, Cause.STARTING, Cause.DISABLED})
"""Causes under which the last look says nothing of now, so its figures are not shown as if it did."""

_BY_PROBE = frozenset({Cause.REFUSED_LOCALLY, Cause.PROBE_DEAD, Cause.RECOVERING})
_ALIVE = frozenset({ProbeSignal.OK, ProbeSignal.SLOW, ProbeSignal.LOSS, ProbeSignal.PARTIAL})
_REG_OK = frozenset({RegSignal.REGISTERED, RegSignal.REFRESHING})
_FAILING = frozenset({RegSignal.RETRYING, RegSignal.GAVE_UP})


class LegRecord(Struct):
    """One leg between polls. `trunk` None: discovered, the config does not name it. `seen` None: never listed.

    `registers`: it was seen to register, so a registration that is missing is a loss. `before` is the memory
    as it was before the last look, for reading that look again with more settings. `past` is what an earlier run knew.
    """

    id: str
    trunk_name: str
    sbc: str
    trunk: Trunk | None = None
    binding: Binding | None = None
    groups: tuple[str, ...] = ()
    seen: NativeLeg | None = None
    listed: bool = False
    registers: bool = False
    memory: LegMemory = LegMemory()
    before: LegMemory = LegMemory()
    past: Past | None = None

    @property
    def native(self) -> NativeNames:
        """What its SBC calls it, as far as known."""
        if self.seen is not None:
            return self.seen.native
        return (self.binding.native if self.binding else None) or NativeNames()

    @property
    def auth(self) -> AuthMode:
        """Its auth mode: the config's, else guessed: it registers, or it does not."""
        if self.trunk is not None:
            return self.trunk.auth
        return AuthMode.REGISTRATION if self.registers else AuthMode.IP


class Scene(Struct, frozen=True):
    """What surrounds the legs of one SBC at the instant of judging."""

    now: float
    platform: str
    interval_s: float
    thresholds: Thresholds
    link: LinkStatus
    witness: Witness
    box: BoxMemory
    observation: Observation | None
    settings_pending: bool
    nothing_listed: bool

    @property
    def stale_s(self) -> float:
        """Age at which the last answer is no longer believed."""
        return max(3 * self.interval_s, self.thresholds.stale_min_s)

    @property
    def late_s(self) -> float:
        """Age at which the last answer begins to dim."""
        return min(2 * self.interval_s, self.stale_s)

    @property
    def freshness(self) -> Freshness:
        """The last answer's age as a word."""
        if self.observation is None:
            return Freshness.NEVER
        age = self.now - self.observation.as_of
        if age > self.stale_s:
            return Freshness.STALE
        return Freshness.LATE if age > self.late_s else Freshness.FRESH


def judge_leg(record: LegRecord, scene: Scene, share: Share | None) -> LegStatus:
    """Judge a leg, remember its state in `record`, and return what views show."""
    context = _context(record, scene, share)
    observation, t = scene.observation, scene.thresholds
    looked_at = observation.at if observation is not None else scene.now
    leg = record.seen if record.listed else None
    signals = read_signals(leg, record.memory, context, looked_at, t)
    verdict = judge(context, signals, record.memory, t)
    record.memory = settle(record.memory, verdict.state, verdict.cause in _BY_PROBE, scene.now)
    past = record.past
    since_at, record.past = lasting(past, verdict.state, record.memory.state_since)
    words = reasons.Words(
        context=context,
        signals=signals,
        known=record.memory.known,
        probe=record.seen.probe_settings if record.seen else None,
        aor=record.native.aor,
    )
    # A good look that grew too old is told as what it was, dimmed and without a countdown, by whoever shows it.
    outdated = context.freshness is Freshness.STALE and context.app is AppState.ANSWERING
    blind = verdict.cause in _BLIND and not outdated
    trunk = record.trunk
    known = record.memory.known or (past.state if past is not None else None)
    status = LegStatus(
        id=record.id,
        trunk=record.trunk_name,
        sbc=record.sbc,
        native=record.native,
        carrier=trunk.carrier if trunk else None,
        account=trunk.account if trunk else None,
        groups=record.groups,
        auth=record.auth,
        auth_guessed=trunk is None,
        discovered=trunk is None,
        why_not_actionable=_why_not_actionable(record),
        state=verdict.state,
        severity=verdict.severity,
        reason=reasons.explain(verdict, words),
        since_at=since_at,
        was=known if verdict.state is not known else None,
        effective=signals.effective,
        registration=RegView(RegSignal.UNKNOWN) if blind else _reg_view(record, signals, looked_at),
        probe=_probe_view(record, scene.platform, signals, blind),
        channels=_channels_view(leg, context, signals, blind),
        cps_cap=trunk.cap.cps if trunk else None,
        observed_at=observation.as_of if observation else None,
        late_at=observation.as_of + scene.late_s if observation else None,
        stale_at=observation.as_of + scene.stale_s if observation else None,
        evidence=leg.evidence if leg is not None else (),
        badge="unmonitored" if verdict.cause is Cause.UP_UNMONITORED else None,
    )
    waiting = observation is None and verdict.state is LegState.UNKNOWN
    return remembered(status, past, scene.link) if waiting and past is not None else status


def _context(record: LegRecord, scene: Scene, share: Share | None) -> LegContext:
    observation, freshness, trunk = scene.observation, scene.freshness, record.trunk
    uptime = observation.box.uptime_s if observation else None
    listed = record.seen if record.listed else None
    active = listed.channels.active if listed and listed.channels else None
    failing = scene.link.state not in {SshState.OK, SshState.PENDING}
    lost = freshness in {Freshness.STALE, Freshness.NEVER}
    return LegContext(
        id=record.id,
        sbc=record.sbc,
        auth=record.auth,
        dial=trunk.dial if trunk else None,
        direction=trunk.direction if trunk else Direction.OUTBOUND,
        enabled=trunk.enabled if trunk else True,
        configured=trunk is not None,
        freshness=freshness,
        age_s=scene.now - observation.as_of if observation else 0.0,
        link_words=scene.link.reason,
        box_down=failing and lost and not scene.witness.alive,
        snmp_words=scene.witness.words,
        app=observation.app if observation else AppState.ANSWERING,
        app_reason=observation.app_reason if observation else scene.link.reason,
        version=observation.box.version if observation else None,
        uptime_s=uptime,
        settled_s=_settled_s(observation),
        grace=in_grace(scene.box, uptime, scene.thresholds),
        settings_pending=scene.settings_pending,
        nothing_listed=scene.nothing_listed,
        reg_read=observation.reg_read if observation else False,
        contacts_read=observation.contacts_read if observation else False,
        unread=observation.unread if observation else (),
        cap=share.cap if share else None,
        used=share.used if share and share.cap is not None else active,
        used_whole=share.whole if share and share.cap is not None else True,
        account=share.account if share else None,
    )


def _settled_s(observation: Observation | None) -> int | None:
    """Return how long the settings in force have been so: since the last start or reload, None unknown."""
    if observation is None:
        return None
    ages = (observation.box.uptime_s, observation.box.reload_age_s)
    return min((age for age in ages if age is not None), default=None)


def _why_not_actionable(record: LegRecord) -> str | None:
    if record.seen is None:
        return "not seen on its SBC yet"
    if not record.listed:
        return "not in its SBC's fresh list"
    return record.seen.why_not_actionable


def _reg_view(record: LegRecord, signals: Signals, looked_at: float) -> RegView:
    due, elapsed = signals.reg_due_s, signals.reg_elapsed_s
    next_at = looked_at + due if due is not None else None
    if next_at is None and elapsed is not None:
        next_at = looked_at - elapsed
    gave_up: bool | None = None
    if signals.reg is RegSignal.GAVE_UP:
        gave_up = True
    elif signals.reg in _REG_OK or due is not None:
        gave_up = False
    failures = signals.reg_failures if signals.reg in _FAILING and not signals.reg_old else None
    return RegView(
        state=signals.reg,
        next_at=next_at,
        failures=0 if signals.reg in _REG_OK else failures,
        gave_up=gave_up,
        delay_s=record.seen.reg_settings.initial_delay_s
        if record.seen and record.seen.reg_settings
        else None,
    )


def _probe_view(record: LegRecord, platform: str, signals: Signals, blind: bool) -> ProbeView:
    settings = record.seen.probe_settings if record.seen else None
    interval, detect = (settings.interval_s if settings else None), detect_s(platform, settings)
    if blind:
        return ProbeView(ProbeSignal.UNKNOWN, interval_s=interval, detect_s=detect)
    misses = None if signals.probe_old else (signals.misses or (0 if signals.probe in _ALIVE else None))
    return ProbeView(
        state=signals.probe,
        rtt_ms=signals.rtt_ms,
        misses=misses,
        interval_s=interval,
        detect_s=detect,
        contacts=record.seen.contacts if record.seen and record.listed else (),
    )


def _channels_view(leg: NativeLeg | None, context: LegContext, signals: Signals, blind: bool) -> ChannelsView:
    if blind:
        return ChannelsView(Usage.UNKNOWN, cap=context.cap)
    active = leg.channels.active if leg is not None and leg.channels is not None else None
    return ChannelsView(signals.usage, active, context.cap, context.used, context.used_whole)
