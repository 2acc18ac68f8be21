"""How a look at one leg becomes the status that views show."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct, structs

from trunktui.health import reasons
from trunktui.health.box import BoxMemory, in_grace
from trunktui.health.clean import Moment, run_on, told_run
from trunktui.health.context import LegContext
from trunktui.health.cps import CpsShare, cps_view, deciding
from trunktui.health.faults import bad_since, fault_of, keep_spell
from trunktui.health.flap import Flap, note
from trunktui.health.memory import settle
from trunktui.health.rates import Rate
from trunktui.health.rollup import Share
from trunktui.health.rules import Cause, Verdict, frozen, judge
from trunktui.health.signals import Signals, read_signals
from trunktui.health.standby import HaView
from trunktui.health.witness import Witness
from trunktui.model.health import FaultKind, Freshness, LegState, Thresholds
from trunktui.model.inventory import AuthMode, Direction
from trunktui.model.link import LinkStatus, SshState
from trunktui.model.observation import AppState, Evidence, NativeLeg, Observation
from trunktui.model.snapshot import CleanRun, LegStatus, ProbeView, Resolved
from trunktui.poll.called import Called
from trunktui.poll.figures import at_risk, channels_view, probe_view, reg_view, why_not_actionable
from trunktui.poll.heard import HeardView
from trunktui.poll.kept import LegRecord
from trunktui.poll.past import Past, lasting, remembered
from trunktui.poll.surveyed import leg_survey

_BLIND = frozenset({Cause.BOX_DOWN, Cause.APP_DOWN, Cause.STALE, Cause.NEVER, Cause.STARTING, Cause.DISABLED})
"""Causes under which the last look says nothing of now, so its figures are not shown as if it did."""

_BY_PROBE = frozenset({Cause.REFUSED_LOCALLY, Cause.PROBE_DEAD, Cause.RECOVERING})


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
    resolved: dict[str, Resolved] = {}
    called: Called = Called()
    heard: HeardView | None = None

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
    moment: Moment


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
        moment=Moment(scene.platform, scene.now, as_of, scene.stale_s),
    )


class Judgement(NamedTuple):
    """What the rules say of a leg: `judged` by this look alone, `verdict` with flapping held, since when it lasts.

    `past` is what an earlier run knew of it, while that still counts; `fault` what its trouble shows in.
    """

    context: LegContext
    signals: Signals
    judged: Verdict
    verdict: Verdict
    flap: Flap
    since_at: float | None
    past: Past | None
    fault: FaultKind | None


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
    fault = fault_of(judged, verdict, memory.fault)
    settled = settle(memory, judged.state, verdict.state, judged.cause in _BY_PROBE, now, flap)
    record.memory = keep_spell(settled, fault, verdict.state, now)
    since_at, record.past = lasting(past, verdict.state, record.memory.state_since)
    return Judgement(context, signals, judged, verdict, flap, since_at, past, fault)


def leg_status(
    record: LegRecord,
    frame: Frame,
    share: Share | None,
    rate: Rate | None = None,
    cps_share: CpsShare | None = None,
) -> LegStatus:
    """Judge a leg, and return what views show of it: the verdict, its sentence, the figures."""
    scene, looked_at, leg = frame.scene, frame.looked_at, record.seen if record.listed else None
    told = judge_leg(record, frame, share, cps_share)
    context, signals, judged, verdict, flap, since_at, past, fault = told
    memory, trunk, t = record.memory, record.trunk, scene.thresholds
    blind = judged.cause in _BLIND and not frame.outdated
    known = memory.known or (past.state if past is not None else None)
    probe = probe_view(record, scene.platform, signals, blind)
    cps = cps_view(None if blind else rate, cps_share, t)
    around = leg_survey(record.seen, scene.resolved)
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
        why_not_actionable=why_not_actionable(record),
        state=verdict.state,
        severity=verdict.severity,
        reason=reasons.explain(verdict, _words(record, context, signals, flap, t), judged),
        since_at=since_at,
        was=known if verdict.state is not known else None,
        effective=signals.effective,
        registration=reg_view(record, signals, looked_at, blind=blind),
        probe=probe,
        channels=channels_view(leg, context, signals, blind),
        cps=cps,
        observed_at=frame.observed_at,
        late_at=frame.late_at,
        stale_at=frame.stale_at,
        evidence=_evidence(leg, context),
        badge="unmonitored" if verdict.cause is Cause.UP_UNMONITORED else None,
        at_risk=at_risk(cps, probe),
        flapping=flap.since is not None,
        load=memory.load,
        targets=around.targets,
        resolved=around.resolved,
        username=record.seen.username if record.seen else None,
        fault=fault,
        bad_since=bad_since(memory, fault, since_at),
        healed=memory.healed,
        traffic=None if blind else context.traffic,
        wasted=scene.called.wasted(record.native.endpoint, verdict.state, memory.bad_since),
        part=record.seen.part if record.seen is not None else None,
        clean=_clean(record, probe, verdict.state, frame.moment),
    )
    waiting = frame.observed_at is None and verdict.state is LegState.UNKNOWN
    return remembered(status, past, scene.link) if waiting and past is not None else status


def _clean(record: LegRecord, probe: ProbeView, state: LegState, moment: Moment) -> CleanRun | None:
    """Carry on a leg's run of answered OPTIONS, and return what others may rest on of it."""
    settings = record.seen.probe_settings if record.seen is not None else None
    record.clean = run_on(record.clean, record.memory, probe, state, moment, settings)
    return told_run(record.clean, probe, state)


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
    trunk, seen, heard = record.trunk, record.seen, frame.scene.heard
    failing = record.listed and record.memory.reg_bad_since is not None
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
        unresolved=leg_survey(seen, frame.scene.resolved).unresolved if frame.scene.resolved else None,
        traffic=frame.scene.called.traffic(record.native.endpoint, frame.scene.thresholds),
        answered_at=frame.scene.called.answered_at(record.native.endpoint),
        now=frame.scene.now,
        word=heard.word(seen, record.registered_at) if heard and seen and failing else None,
    )


def _settled_s(observation: Observation | None) -> int | None:
    """Return how long the settings in force have been so: since the last start or reload, None unknown."""
    if observation is None:
        return None
    ages = (observation.box.uptime_s, observation.box.reload_age_s)
    return min((age for age in ages if age is not None), default=None)


def _evidence(leg: NativeLeg | None, context: LegContext) -> tuple[Evidence, ...]:
    if leg is None:
        return ()
    return leg.evidence if context.word is None else (*leg.evidence, Evidence("log", context.word.line))
