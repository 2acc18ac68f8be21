"""One leg as the poller keeps it, and how a look at it becomes the status that views show."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct, structs

from trunktui.health import reasons
from trunktui.health.box import BoxMemory, in_grace
from trunktui.health.context import LegContext
from trunktui.health.cps import CpsShare, cps_view, deciding
from trunktui.health.detect import detect_s, dials_at_risk
from trunktui.health.flap import Flap, note
from trunktui.health.memory import LegMemory, settle
from trunktui.health.rates import Rate
from trunktui.health.rollup import Share
from trunktui.health.rules import Cause, Verdict, frozen, judge
from trunktui.health.signals import Signals, read_signals
from trunktui.health.standby import HaView
from trunktui.health.witness import Witness
from trunktui.model.health import Freshness, LegState, ProbeSignal, RegSignal, Thresholds, Usage
from trunktui.model.inventory import AuthMode, Binding, Direction, NativeNames, Trunk
from trunktui.model.link import LinkStatus, SshState
from trunktui.model.observation import AppState, NativeLeg, Observation
from trunktui.model.snapshot import ChannelsView, CpsView, LegStatus, ProbeView, RegView
from trunktui.poll.past import Past, lasting, remembered

_BLIND = frozenset(
    {
        Cause.BOX_DOWN,
        Cause.APP_DOWN,
        Cause.STALE,
        Cause.NEVER,
        Cause.STARTING,
        Cause.DISABLED,
    }
)
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


def stale_after_s(interval_s: float, t: Thresholds) -> float:
    """Return the age at which an answer is no longer believed."""
    return max(3 * interval_s, t.stale_min_s)


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
    lost_parts: tuple[tuple[str, int], ...] = ()
    ha: HaView = HaView()
    egress_ip: str | None = None

    @property
    def stale_s(self) -> float:
        """Age at which the last answer is no longer believed."""
        return stale_after_s(self.interval_s, self.thresholds)

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


class Frame(Struct, frozen=True):
    """What all legs of one SBC share at the instant of judging, worked out once. Times are monotonic seconds."""

    scene: Scene
    base: LegContext
    looked_at: float
    outdated: bool
    observed_at: float | None
    late_at: float | None
    stale_at: float | None


def frame_of(scene: Scene) -> Frame:
    """Return what the legs around which `scene` is have in common."""
    observation, base = scene.observation, _shared_context(scene)
    as_of = observation.as_of if observation is not None else None
    return Frame(
        scene=scene,
        base=base,
        looked_at=observation.at if observation is not None else scene.now,
        # A good look that grew too old is told as what it was, dimmed and without a countdown, by whoever shows it.
        outdated=base.freshness is Freshness.STALE and base.app is AppState.ANSWERING,
        observed_at=as_of,
        late_at=None if as_of is None else as_of + scene.late_s,
        stale_at=None if as_of is None else as_of + scene.stale_s,
    )


class Judgement(NamedTuple):
    """What the rules say of a leg: `judged` by this look alone, `verdict` with flapping held, since when it lasts.

    `past` is what an earlier run knew of it, while that still counts.
    """

    context: LegContext
    signals: Signals
    judged: Verdict
    verdict: Verdict
    flap: Flap
    since_at: float | None
    past: Past | None


def judge_leg(
    record: LegRecord, frame: Frame, share: Share | None, cps_share: CpsShare | None = None
) -> Judgement:
    """Judge a leg by the rules, and remember its state in `record`."""
    t, now = frame.scene.thresholds, frame.scene.now
    context, memory, past = _context(record, frame, share, cps_share), record.memory, record.past
    signals = read_signals(record.seen if record.listed else None, memory, context, frame.looked_at, t)
    judged = judge(context, signals, memory, t)
    flap = note(memory.flap, judged.state, judged.severity, memory.looked_at, now, t)
    verdict = frozen(judged, flap)
    record.memory = settle(memory, judged.state, verdict.state, judged.cause in _BY_PROBE, now, flap)
    since_at, record.past = lasting(past, verdict.state, record.memory.state_since)
    return Judgement(context, signals, judged, verdict, flap, since_at, past)


def leg_status(
    record: LegRecord,
    frame: Frame,
    share: Share | None,
    rate: Rate | None = None,
    cps_share: CpsShare | None = None,
) -> LegStatus:
    """Judge a leg, and return what views show of it: the verdict, its sentence, the figures."""
    scene, looked_at, leg = frame.scene, frame.looked_at, record.seen if record.listed else None
    context, signals, judged, verdict, flap, since_at, past = judge_leg(record, frame, share, cps_share)
    memory, trunk, t = record.memory, record.trunk, scene.thresholds
    words = _words(record, context, signals, flap, t)
    blind = judged.cause in _BLIND and not frame.outdated
    known = memory.known or (past.state if past is not None else None)
    probe = _probe_view(record, scene.platform, signals, blind)
    cps = cps_view(None if blind else rate, cps_share, t)
    status = LegStatus(
        id=record.id,
        trunk=record.trunk_name,
        sbc=record.sbc,
        native=record.native,
        carrier=trunk.carrier if trunk else None,
        account=trunk.account if trunk else None,
        groups=record.groups,
        auth=context.auth,
        auth_guessed=trunk is None,
        discovered=trunk is None,
        why_not_actionable=_why_not_actionable(record),
        state=verdict.state,
        severity=verdict.severity,
        reason=reasons.explain(verdict, words, judged),
        since_at=since_at,
        was=known if verdict.state is not known else None,
        effective=signals.effective,
        registration=RegView(RegSignal.UNKNOWN) if blind else _reg_view(record, signals, looked_at),
        probe=probe,
        channels=_channels_view(leg, context, signals, blind),
        cps=cps,
        observed_at=frame.observed_at,
        late_at=frame.late_at,
        stale_at=frame.stale_at,
        evidence=leg.evidence if leg is not None else (),
        badge="unmonitored" if verdict.cause is Cause.UP_UNMONITORED else None,
        at_risk=_at_risk(cps, probe),
        flapping=flap.since is not None,
        load=memory.load,
        part=record.seen.part if record.seen is not None else None,
    )
    waiting = frame.observed_at is None and verdict.state is LegState.UNKNOWN
    return remembered(status, past, scene.link) if waiting and past is not None else status


def _words(
    record: LegRecord, context: LegContext, signals: Signals, flap: Flap, t: Thresholds
) -> reasons.Words:
    return reasons.Words(
        context=context,
        signals=signals,
        known=record.memory.known,
        probe=record.seen.probe_settings if record.seen else None,
        aor=record.native.aor,
        name=record.native.main,
        part=record.seen.part if record.seen else None,
        flap=flap,
        thresholds=t,
    )


def _shared_context(scene: Scene) -> LegContext:
    """Return the context of every leg of an SBC, but for what is a leg's own."""
    observation, freshness = scene.observation, scene.freshness
    uptime = observation.box.uptime_s if observation else None
    failing = scene.link.state not in {SshState.OK, SshState.PENDING}
    lost = freshness in {Freshness.STALE, Freshness.NEVER}
    return LegContext(
        id="",
        sbc="",
        auth=AuthMode.IP,
        platform=scene.platform,
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
        egress_ip=scene.egress_ip,
        ha=scene.ha,
    )


def _context(record: LegRecord, frame: Frame, share: Share | None, cps_share: CpsShare | None) -> LegContext:
    cps_now, cps_window_s = (None, None) if cps_share is None else deciding(cps_share, frame.scene.thresholds)
    trunk, seen = record.trunk, record.seen
    part, used, whole = seen.part if seen else None, None, True
    if share is not None and share.cap is not None:
        used, whole = share.used, share.whole
    elif record.listed and seen is not None and seen.channels is not None:
        used = seen.channels.active
    if part is not None and all(part != name for name, _ in frame.scene.lost_parts):
        part = None
    return structs.replace(
        frame.base,
        id=record.id,
        sbc=record.sbc,
        auth=record.auth,
        dial=trunk.dial if trunk else None,
        direction=trunk.direction if trunk else Direction.OUTBOUND,
        enabled=trunk.enabled if trunk else True,
        configured=trunk is not None,
        cap=share.cap if share else None,
        used=used,
        used_whole=whole,
        account=share.account if share else None,
        cps_now=cps_now,
        cps_window_s=cps_window_s,
        cps_cap=cps_share.cap if cps_share else None,
        cap_sbcs=share.sbcs if share else 1,
        heavy=share.heavy if share else False,
        lost_part=part,
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
        code=signals.reg_code,
        delay_s=record.seen.reg_settings.initial_delay_s
        if record.seen and record.seen.reg_settings
        else None,
        by_hand=signals.reg_by_hand,
    )


def _probe_view(record: LegRecord, platform: str, signals: Signals, blind: bool) -> ProbeView:
    settings = record.seen.probe_settings if record.seen else None
    interval, detect = (settings.interval_s if settings else None), _detect_s(record, platform)
    if blind:
        return ProbeView(ProbeSignal.UNKNOWN, interval_s=interval, detect_s=detect)
    misses = None if signals.probe_old else (signals.misses or (0 if signals.probe in _ALIVE else None))
    return ProbeView(
        state=signals.probe,
        rtt_ms=signals.rtt_ms,
        misses=misses,
        code=signals.code,
        interval_s=interval,
        detect_s=detect,
        contacts=record.seen.contacts if record.seen and record.listed else (),
    )


def _at_risk(cps: CpsView, probe: ProbeView) -> float | None:
    never = probe.state is ProbeSignal.UNMONITORED or probe.interval_s == 0
    return dials_at_risk(cps.now, probe.detect_s, never=never)


def _detect_s(record: LegRecord, platform: str) -> float | None:
    settings = record.seen.probe_settings if record.seen else None
    return detect_s(platform, settings, registered=record.registers)


def _channels_view(leg: NativeLeg | None, context: LegContext, signals: Signals, blind: bool) -> ChannelsView:
    if blind:
        return ChannelsView(Usage.UNKNOWN, cap=context.cap)
    active = leg.channels.active if leg is not None and leg.channels is not None else None
    return ChannelsView(signals.usage, active, context.cap, context.used, context.used_whole)
