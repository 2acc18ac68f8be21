"""Turns snapshots into history: what differs between two of them is an event, what was asked anew is a sample. Pure.

A leg's event is a *hard* change. SUSPECT is soft. A leg without news is no event of its own: its SBC has one. While
a leg flaps it has one event at the start and one at the end, and between them only a turn for the worse. What many
legs have in common is one event when it is told and one when it is over, beside those of the legs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct

from trunktui.engine import around
from trunktui.engine.finding_news import FindingNews
from trunktui.engine.route_news import RouteNews
from trunktui.engine.verdicts_told import VerdictsTold
from trunktui.health.bursts import sentence as burst_sentence
from trunktui.model.health import WORST_FIRST, LegState, ProbeSignal, SbcState, Severity
from trunktui.model.history import (
    Event,
    EventKind,
    Findings,
    Hours,
    Known,
    Memory,
    Sample,
    event_of,
    hours_of,
    hours_text,
)
from trunktui.model.link import SshState
from trunktui.model.sampling import sample_of
from trunktui.model.snapshot import GroupStatus, LegStatus, SbcStatus, Snapshot
from trunktui.model.text import Safe, clean

_CLOCK_SLACK_S = 5.0
"""As in `health.box`: only a start that is later by more than this is a restart."""

_GRACE_S = 60.0
_SAME_BURST_S = 10.0
"""A burst's begin is the SBC's time by the clocks of the last look: it moves by as much as these are unsure."""

_UNKNOWN_POLLS = 2
_MEETING_S = 300.0
"""For so long after the first answer of an SBC its trunks are being met: settings may be read over many polls."""

_BAD = frozenset({LegState.DOWN, LegState.DEGRADED})
"""What a leg may be found in at the first look, and is worth an event though nobody saw it change."""

_ALARMS = frozenset({Severity.MAJOR, Severity.CRITICAL})
_SBC_STATES = frozenset(state.value for state in SbcState)
_SEVERITIES = frozenset(severity.value for severity in Severity)
_LINK_FINE = frozenset({SshState.OK, SshState.PENDING})


class _Leg(Struct):
    """A leg between two looks. `known`: its hard state, None before the first. `polled_at`: its last sample.

    `unknown_at`: unknown in each poll since; both are monotonic.
    """

    known: LegState | None = None
    flapping: bool = False
    polled_at: float | None = None
    unknown_polls: int = 0
    unknown_at: float | None = None
    last: LegStatus | None = None


class _Sbc(Struct):
    """An SBC between two looks; times are monotonic. `new_until`: what it has before that did not appear, it is met.

    `egress`: kind of source and address; `names`: what each leads to, as they were told.
    """

    known: SbcState | None = None
    started_at: float | None = None
    reloaded_at: float | None = None
    seen_at: float | None = None
    new_until: float = math.inf
    egress: str | None = None
    names: dict[str, tuple[str, ...]] = {}


class Recorder:
    """Looks at one snapshot after another. `memory` is what an earlier run knew, `offset` UTC less monotonic seconds."""

    def __init__(self, memory: Memory, offset: float) -> None:
        self._legs = {
            str(last.leg): _Leg(known=None if last.state is LegState.UNKNOWN else last.state)
            for last in memory.legs
        }
        self._findings = FindingNews(memory)
        self._hours: dict[str, Hours] = {}
        self._sbcs: dict[str, _Sbc] = {}
        self._alarms: dict[str, Severity] = {}
        for one in memory.known:
            match one.kind:
                case EventKind.SBC if str(one.state) in _SBC_STATES:
                    self._sbcs.setdefault(one.subject, _Sbc(new_until=-math.inf)).known = SbcState(one.state)
                case EventKind.RESTART if one.since is not None:
                    sbc = self._sbcs.setdefault(one.subject, _Sbc(new_until=-math.inf))
                    sbc.started_at = one.since - offset
                    sbc.seen_at = None if memory.seen is None else memory.seen - offset
                case EventKind.EGRESS | EventKind.TARGETS:
                    name, _, sbc_name = one.subject.rpartition("@")
                    held = self._sbcs.setdefault(sbc_name, _Sbc(new_until=-math.inf))
                    if one.kind is EventKind.EGRESS:
                        held.egress = one.state
                    else:
                        held.names[name] = tuple(one.state.split())
                case EventKind.FLAPPING:
                    self._legs.setdefault(one.subject, _Leg()).flapping = True
                case EventKind.GROUP if str(one.state) in _SEVERITIES:
                    self._alarms[one.subject] = Severity(one.state)
                case EventKind.CALLS:
                    self._hours[one.subject] = hours_of(one.state)
        self._others = (VerdictsTold(memory.known), RouteNews(memory.known))
        self._events: list[Event] = []
        self._known: list[Known] = []
        self._forgotten: list[Known] = []
        self._offset = offset
        self._seen = -math.inf if memory.seen is None else memory.seen
        self._knocks: dict[tuple[str, Safe], float] = {}
        self._before = math.inf
        self._had: tuple[set[str], set[str]] = set(), set()

    def look(self, snapshot: Snapshot, offset: float) -> Findings:
        """Return what `snapshot` adds; `offset` is UTC less monotonic seconds now."""
        self._offset = offset
        self._events, self._known, self._forgotten = [], [], []
        sbcs = {sbc.name: sbc for sbc in snapshot.sbcs}
        for sbc in snapshot.sbcs:
            self._look_at_sbc(sbc, snapshot.at)
        self._forget(snapshot)
        samples: list[tuple[str, Sample]] = []
        self._come_and_gone(snapshot, sbcs)
        for leg in snapshot.legs:
            samples += self._look_at_leg(leg, sbcs.get(leg.sbc), snapshot.at)
        for group in snapshot.groups:
            self._look_at_group(group, snapshot, sbcs)
        self._look_at_findings(snapshot)
        for others in (one.look(snapshot, offset) for one in self._others):
            self._events += others[0]
            self._known += others[1]
            self._forgotten += others[2]
        for sbc in snapshot.sbcs:
            if sbc.polled_at is not None and self._sbcs[sbc.name].new_until == math.inf:
                self._sbcs[sbc.name].new_until = snapshot.at + _MEETING_S
        self._before = snapshot.at
        return Findings(tuple(self._events), tuple(samples), tuple(self._known), tuple(self._forgotten))

    def _forget(self, snapshot: Snapshot) -> None:
        """Forget SBCs and groups that this run's config no longer has; others may be another config's."""
        had_sbcs, had_groups = self._had
        sbcs, groups = {sbc.name for sbc in snapshot.sbcs}, {group.name for group in snapshot.groups}
        for name in had_sbcs - sbcs:
            for host in self._sbcs.pop(name).names:
                self._drop(EventKind.TARGETS, f"{host}@{name}")
            self._drop(EventKind.SBC, name)
            self._drop(EventKind.RESTART, name)
            self._drop(EventKind.EGRESS, f"@{name}")
        for name in had_groups - groups:
            self._alarms.pop(name, None)
            self._drop(EventKind.GROUP, name)
        self._had = sbcs, groups

    def _look_at_leg(self, leg: LegStatus, sbc: SbcStatus | None, now: float) -> Iterable[tuple[str, Sample]]:
        held = self._legs.setdefault(leg.id, _Leg())
        if leg is held.last and leg.state is not LegState.UNKNOWN:
            return ()  # judged before: most are, at each look
        held.last = leg
        self._keep_hour(leg)
        asked = (
            leg.observed_at is not None
            and (held.polled_at is None or leg.observed_at > held.polled_at)
            and (leg.stale_at is None or now <= leg.stale_at)
        )
        if asked:
            held.polled_at = leg.observed_at
            unknown = leg.state is LegState.UNKNOWN
            held.unknown_polls = held.unknown_polls + 1 if unknown else 0
            held.unknown_at = (held.unknown_at or now) if unknown else None
        self._judge_leg(leg, held, sbc, now)
        sample = sample_of(leg, self._offset) if asked else None
        return () if sample is None else ((leg.id, sample),)

    def _keep_hour(self, leg: LegStatus) -> None:
        """Keep the calls of an hour that is over: what is usual at that hour outlives this run."""
        if leg.traffic is None or leg.traffic.hour is None:
            return
        hour, attempts, answered = leg.traffic.hour
        known = self._hours.setdefault(leg.id, {})
        if known.get(hour, (0, 0))[0] >= attempts:
            return
        known[hour] = attempts, answered
        text = hours_text(known)
        self._hours[leg.id] = hours_of(text)
        self._known.append(Known(EventKind.CALLS, clean(leg.id), text))

    def _judge_leg(self, leg: LegStatus, held: _Leg, sbc: SbcStatus | None, now: float) -> None:
        flapping = leg.flapping
        if leg.state is LegState.UNKNOWN:
            # Without news, or of an SBC in trouble, it is the SBC's event; else it is the leg's own trouble.
            alone = sbc is not None and sbc.state is SbcState.UP
            hard = alone and held.unknown_polls >= _UNKNOWN_POLLS and held.known is not None
            # Nothing was lost where its settings are still to be read, or the first OPTIONS is still to come.
            pending = leg.probe.state is ProbeSignal.PENDING and now - (held.unknown_at or now) < _MEETING_S
            hard = hard and not pending
        else:
            hard = leg.state is not LegState.SUSPECT
        changed = hard and leg.state is not held.known and not _is_held(held, leg)
        if flapping != held.flapping and leg.state is not LegState.UNKNOWN:
            self._tell_flapping(leg, held, now)
        elif changed and (held.known is not None or leg.state in _BAD):
            # Since when it lasts may reach back to an earlier run; found it was now.
            since = leg.since_at if leg.since_at is not None and self._before <= leg.since_at <= now else now
            before = "" if held.known is None else held.known.value
            self._tell(EventKind.LEG, leg.id, since, leg.reason, before, leg.state.value, leg.severity)
        if changed:
            held.known = leg.state
            self._keep(EventKind.LEG, leg.id, leg.state.value, leg.since_at)

    def _tell_flapping(self, leg: LegStatus, held: _Leg, now: float) -> None:
        held.flapping = leg.flapping
        state = (leg.state if held.known is None else held.known).value
        if leg.flapping:
            self._tell(EventKind.FLAPPING, leg.id, now, leg.reason, state, "flapping", Severity.WARNING)
            self._keep(EventKind.FLAPPING, leg.id, "flapping", now)
        else:
            self._tell(EventKind.FLAPPING, leg.id, now, leg.reason, "flapping", leg.state.value, leg.severity)
            self._drop(EventKind.FLAPPING, leg.id)

    def _come_and_gone(self, snapshot: Snapshot, sbcs: dict[str, SbcStatus]) -> None:
        ids = {leg.id for leg in snapshot.legs}
        for leg_id in [one for one in self._legs if one not in ids]:
            held = self._legs.pop(leg_id)
            met = held.last is not None
            here = leg_id.rpartition("@")[2] in sbcs
            if met or here:  # else another config's, on the same state folder
                self._drop(EventKind.LEG, leg_id)
                if self._hours.pop(leg_id, None):
                    self._drop(EventKind.CALLS, leg_id)
                if held.flapping:
                    self._drop(EventKind.FLAPPING, leg_id)
            if here:
                gone = "neither its SBC nor the config has it any more"
                self._tell(EventKind.VANISHED, leg_id, snapshot.at, gone)
        for leg in snapshot.legs:
            known = self._sbcs.get(leg.sbc)
            if leg.id not in self._legs and known is not None and snapshot.at > known.new_until:
                where = f"found on {leg.sbc}" if leg.discovered else "in the config now"
                self._tell(EventKind.APPEARED, leg.id, snapshot.at, where)

    def _look_at_sbc(self, sbc: SbcStatus, now: float) -> None:
        held = self._sbcs.setdefault(sbc.name, _Sbc())
        self._look_for_restart(sbc, held)
        self._look_around(sbc, held, now)
        self._look_for_bursts(sbc)
        if _not_asked(sbc) or _is_soft(sbc) or sbc.state is held.known:
            return
        if held.known is not None or sbc.state is not SbcState.UP:
            before = "" if held.known is None else held.known.value
            self._tell(EventKind.SBC, sbc.name, now, sbc.reason, before, sbc.state.value, sbc.severity)
        held.known = sbc.state
        self._keep(EventKind.SBC, sbc.name, sbc.state.value, now)

    def _look_for_bursts(self, sbc: SbcStatus) -> None:
        """Tell each burst of failed logins once; one that an earlier run saw to its end was told by that."""
        told = {(sbc.name, burst.source): burst for burst in sbc.auth_bursts}
        for key in [key for key in self._knocks if key[0] == sbc.name and key not in told]:
            del self._knocks[key]
        for key, burst in told.items():
            known = abs(self._knocks.get(key, math.inf) - burst.since_at) <= _SAME_BURST_S
            self._knocks[key] = burst.since_at
            if not known and burst.last_at + self._offset > self._seen:
                said = burst_sentence(burst)
                self._tell(EventKind.SECURITY, sbc.name, burst.last_at, said, severity=Severity.MAJOR)

    def _look_for_restart(self, sbc: SbcStatus, held: _Sbc) -> None:
        started, reloaded = sbc.started_at, sbc.reloaded_at
        restarted = started is not None and _is_new(held.started_at, started, held.seen_at)
        if started is not None and restarted:
            self._tell(
                EventKind.RESTART,
                sbc.name,
                started,
                "its software was started anew",
                severity=Severity.WARNING,
            )
        elif reloaded is not None and _is_new(held.reloaded_at, reloaded, held.seen_at):
            self._tell(EventKind.RELOAD, sbc.name, reloaded, "its software read its configuration again")
        if started is not None and started != held.started_at:
            held.started_at = started
            self._keep(EventKind.RESTART, sbc.name, "started", started)
        if reloaded is not None:
            held.reloaded_at = reloaded
        if started is not None and sbc.polled_at is not None:
            held.seen_at = sbc.polled_at

    def _look_around(self, sbc: SbcStatus, held: _Sbc, now: float) -> None:
        """Tell of another address of ours, and of names that lead elsewhere.

        What came and went while nobody watched is told if it is still so; of names only if nothing is as it was, for
        a resolver may deal out another part of the same pool.
        """
        news = around.egress_news(sbc, held.egress)
        if news is not None:
            held.egress = news.state
            self._keep(EventKind.EGRESS, f"@{sbc.name}", news.state, news.since)
            self._tell_around(EventKind.EGRESS, sbc, news, now)
        for name, news in around.names_news(sbc, held.names):
            held.names[name] = tuple(news.state.split())
            self._keep(EventKind.TARGETS, f"{name}@{sbc.name}", news.state, news.since)
            self._tell_around(EventKind.TARGETS, sbc, news, now)
        for name in around.names_gone(sbc, held.names):
            del held.names[name]
            self._drop(EventKind.TARGETS, f"{name}@{sbc.name}")

    def _tell_around(self, kind: EventKind, sbc: SbcStatus, news: around.News, now: float) -> None:
        if news.sentence:
            since = news.since if news.since is not None and self._before <= news.since <= now else now
            self._tell(kind, sbc.name, since, news.sentence, news.before, news.after, Severity.WARNING)

    def _look_at_group(self, group: GroupStatus, snapshot: Snapshot, sbcs: dict[str, SbcStatus]) -> None:
        before = self._alarms.get(group.name, Severity.NONE)
        after = group.severity if group.severity in _ALARMS else Severity.NONE
        if before is after:
            return
        members = [leg for leg in snapshot.legs if group.name in leg.groups]
        unknown = [leg for leg in members if leg.state is LegState.UNKNOWN]
        waiting = any(leg.sbc in sbcs and _not_asked(sbcs[leg.sbc]) for leg in unknown)
        # What is not known raises no alarm at the start, and ends none at any time.
        if waiting or (unknown and after is Severity.NONE):
            return
        self._alarms[group.name] = after
        self._tell(EventKind.GROUP, group.name, snapshot.at, group.reason, before.value, after.value, after)
        self._keep(EventKind.GROUP, group.name, after.value, snapshot.at)

    def _look_at_findings(self, snapshot: Snapshot) -> None:
        news = self._findings.look(snapshot)
        for one in news.told:
            self._tell(
                EventKind.FINDING, one.subject, snapshot.at, one.sentence, one.before, one.after, one.severity
            )
        for key, state in news.kept:
            self._keep(EventKind.FINDING, key, state, snapshot.at)
        for key in news.dropped:
            self._drop(EventKind.FINDING, key)

    def _tell(
        self,
        kind: EventKind,
        subject: str,
        at: float,
        sentence: str,
        before: str = "",
        after: str = "",
        severity: Severity = Severity.NONE,
    ) -> None:
        self._events.append(event_of(at + self._offset, kind, subject, sentence, before, after, severity))

    def _keep(self, kind: EventKind, subject: str, state: str, since: float | None) -> None:
        utc = None if since is None else since + self._offset
        self._known.append(Known(kind, clean(subject), clean(state), utc))

    def _drop(self, kind: EventKind, subject: str) -> None:
        self._forgotten.append(Known(kind, clean(subject), Safe("")))


def _is_held(held: _Leg, leg: LegStatus) -> bool:
    """Tell whether a leg goes on flapping, in no worse state than was told of it."""
    if not (leg.flapping and held.flapping) or held.known is None:
        return False
    return WORST_FIRST.index(leg.state) >= WORST_FIRST.index(held.known)


def _not_asked(sbc: SbcStatus) -> bool:
    return sbc.polled_at is None and sbc.link.state is SshState.PENDING


def _is_soft(sbc: SbcStatus) -> bool:
    """Tell whether an SBC is only in passing trouble: one poll failed, or its software has just started."""
    if sbc.state is not SbcState.DEGRADED or sbc.severity is not Severity.WARNING:
        return False
    young = (
        sbc.started_at is not None and sbc.polled_at is not None and sbc.polled_at - sbc.started_at < _GRACE_S
    )
    return young or sbc.link.state not in _LINK_FINE


def _is_new(before: float | None, after: float, seen_at: float | None) -> bool:
    """Tell whether something happened since the last look; a clock that drifts or is stepped is no restart."""
    if before is None or seen_at is None:
        return False
    return after > before + _CLOCK_SLACK_S and after > seen_at - _CLOCK_SLACK_S
