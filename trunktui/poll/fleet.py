"""The fleet between polls: folds what came back into legs, and judges them into a snapshot.

Owned by one task; holds no clock and does no IO. A poll that fails changes nothing but the link: what was
known then ages into unknown by itself.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, structs

from trunktui.health.audio import remember_audio
from trunktui.health.box import BoxLook, judge_box, reloaded, remember_box, restarted
from trunktui.health.bursts import bursts as told_bursts
from trunktui.health.bursts import with_remark
from trunktui.health.cps import CpsShare, cps_shares
from trunktui.health.egress import egress_fault
from trunktui.health.groups import judge_groups
from trunktui.health.held import told_as_held
from trunktui.health.load import heavy_trunks
from trunktui.health.memory import forget_streaks
from trunktui.health.rates import Rate, remember_rates
from trunktui.health.rollup import Share, escalate, shares
from trunktui.health.routes import Place, Routes, active_by_group, told_routes
from trunktui.health.standby import HalfLook, HaView, judge_half
from trunktui.health.witness import Witness
from trunktui.model.audio import AudioLook
from trunktui.model.box import BoxFacts
from trunktui.model.health import Thresholds
from trunktui.model.history import Hours
from trunktui.model.inventory import AUTO, Inventory
from trunktui.model.link import LinkError, SnmpError, SnmpState, SshState
from trunktui.model.observation import AppState, NativeLeg, Observation, Sighting
from trunktui.model.route import RouteReading
from trunktui.model.snapshot import GroupStatus, LegStatus, SbcStatus, Snapshot
from trunktui.model.surroundings import Surroundings
from trunktui.model.tail import TailFacts, TailFile, TailKind, TailStatus
from trunktui.model.text import Safe
from trunktui.platforms.contract import Platform
from trunktui.poll.calls import called, remember_called
from trunktui.poll.carry import carried, first_record, rebuilt
from trunktui.poll.heard import heard_view, remember_heard
from trunktui.poll.leg import Scene, frame_of, leg_status, stale_after_s
from trunktui.poll.links import linked, witnessed
from trunktui.poll.listing import fold_legs, lost_parts
from trunktui.poll.past import Past, unlisted
from trunktui.poll.recalled import expected, recall, recognise
from trunktui.poll.record import Judged, SbcRecord, rate_of
from trunktui.poll.routes import fold_routes
from trunktui.poll.surveyed import failed, surveyed, wanted_anew
from trunktui.poll.verdicts import Verdicts

_SNMP_PATIENCE_S = 2.5
"""How much longer a poll by SNMP takes while a sub-agent hangs: the box behind it is none the less alive."""


class _Usage(NamedTuple):
    """What is used of each trunk's caps: channels, and dials per second."""

    channels: dict[str, Share]
    cps: dict[str, CpsShare]


class _Rolled(Struct, frozen=True):
    """What was rolled up from verdicts on legs; it holds for as long as these very verdicts do."""

    found: list[LegStatus]
    routes: list[Routes]
    legs: tuple[LegStatus, ...]
    groups: tuple[GroupStatus, ...]


class Fleet:
    """Everything known of every SBC and leg."""

    def __init__(self, inventory: Inventory, thresholds: Thresholds, interval_s: float) -> None:
        self.inventory = inventory
        self._thresholds = thresholds
        self._interval_s = interval_s
        self._generation = 0
        self._records = {sbc.name: first_record(sbc, inventory) for sbc in inventory.sbcs}
        self._rolled: _Rolled | None = None
        self._used: tuple[_Usage, float] | None = None
        self._verdicts = Verdicts()

    def reconfigure(self, inventory: Inventory, thresholds: Thresholds, interval_s: float) -> frozenset[str]:
        """Go by another config from now on, keeping what is known of every SBC and leg that both have.

        Returns the names of the SBCs to poll at once: what was read of them is not all that is needed now.
        """
        records, unread = carried(self._records, self.inventory, inventory, thresholds)
        self.inventory, self._records = inventory, records
        self._thresholds, self._interval_s = thresholds, interval_s
        self._rolled = self._used = None
        self._verdicts = Verdicts()
        return unread

    def recall(self, memory: Mapping[str, Past]) -> None:
        """Show what an earlier run knew of each leg, by id, as what it was, until its SBC answers."""
        recall(self._records, memory)

    def recall_hours(self, hours: Mapping[str, Hours]) -> None:
        """Take what an earlier run knew of each leg's calls by the hour: what is usual at this one."""
        for leg_id, known in hours.items():
            if (found := self._records.get(leg_id.rpartition("@")[2])) is not None:
                found.hours[leg_id] = known

    def record(self, sbc: str) -> SbcRecord:
        """Return what is kept of one SBC."""
        return self._records[sbc]

    def platform(self, sbc: str) -> str:
        """Return what an SBC is polled as: the config's, or what was found there; `auto` while that is not known."""
        return self._records[sbc].platform if sbc in self._records else AUTO

    def found(self, sbc: str, platform: str) -> None:
        """Let an SBC be polled as `platform` from now on: that is what runs there."""
        self._records[sbc] = rebuilt(self._records[sbc], platform, self.inventory)
        self._used = None

    def answered(self, sbc: str, observation: Observation) -> None:
        """Fold one complete answer in."""
        record = self._records[sbc]
        self._used = None
        record.link = linked(record.link, SshState.OK, Safe(""), observation.at, ok=True)
        record.judged = None
        if isinstance(observation, Sighting) and observation.found:
            self.found(sbc, observation.found)
            return
        record.observation = observation
        if observation.app is not AppState.ANSWERING:
            return
        before, record.box = record.box, remember_box(record.box, observation, self._thresholds)
        anew = restarted(before, record.box)
        record.rates = remember_rates(record.rates, observation, restarted=anew)
        if anew:
            for leg in record.legs.values():
                leg.memory = forget_streaks(leg.memory)
        if reloaded(before, record.box):
            # The values stay until the new ones are read; only the memory of having asked goes.
            record.settings = structs.replace(record.settings, asked=frozenset(), refused={})
            record.survey = wanted_anew(record.survey)
            record.settings_done, record.files_at = False, None
            record.audio = structs.replace(record.audio, denied=False)
            record.routes.denied = frozenset()
        fold_legs(record, observation, self._thresholds)
        recognise(record, observation)

    def failed(self, sbc: str, error: LinkError, at: float) -> None:
        """Note that a poll could not be made, and why."""
        record = self._records[sbc]
        record.judged = None
        record.link = linked(record.link, error.state, error.reason, at, ok=False)

    def surveyed(self, sbc: str, around: Surroundings, legs: tuple[NativeLeg, ...], at: float) -> None:
        """Keep what was read of an SBC's surroundings, those of `legs`."""
        record = self._records[sbc]
        record.judged = None
        record.survey = surveyed(record.survey, around, legs, at)

    def survey_failed(self, sbc: str, reason: Safe) -> None:
        """Note that surroundings could not be read, and why; what was known of them stays."""
        record = self._records[sbc]
        record.survey = failed(record.survey, reason)

    def snmp_answered(self, sbc: str, facts: BoxFacts) -> None:
        """Keep what SNMP told; it is shown beside what SSH told, and proves that the box lives."""
        record = self._records[sbc]
        record.judged = None
        record.snmp = witnessed(record.snmp, SnmpState.OK, Safe(""), facts.at, ok=True)
        record.facts = facts

    def snmp_failed(self, sbc: str, error: SnmpError, at: float) -> None:
        """Note that SNMP gave no answer to believe, and why."""
        record = self._records[sbc]
        record.judged = None
        record.snmp = witnessed(record.snmp, error.state, error.reason, at, ok=False)

    def heard(self, sbc: str, file: TailFile, facts: TailFacts, status: TailStatus) -> None:
        """Take what new lines of a followed file say, and how its following goes."""
        record = self._records[sbc]
        record.tails[file] = status
        if facts != TailFacts() and record.observation is not None:
            record.judged = None
            remember_heard(record.heard, facts, record.observation)
        if file.kind is TailKind.CALLS:
            remember_called(record, facts.calls, status, self._thresholds)

    def listened(self, sbc: str, look: AudioLook, at: float) -> None:
        """Take what was heard of the calls that were up at monotonic second `at`."""
        record = self._records[sbc]
        record.audio = remember_audio(record.audio, look, at, self._thresholds)
        record.judged = None

    def routed(
        self,
        sbc: str,
        platform: Platform,
        readings: tuple[RouteReading, ...],
        places: tuple[Place, ...],
        now: float,
    ) -> None:
        """Take what stands at the routes of an SBC's groups, and what it is called there by `platform`."""
        record = self._records[sbc]
        legs = self._judge(record, now, self._usage(now))
        fold_routes(
            record, platform, places, readings, legs, stale_after_s(self._interval_s, self._thresholds)
        )

    def hasten(self, sbc: str, until: float) -> None:
        """Have an SBC polled often until monotonic second `until`: something was done to it."""
        if (record := self._records.get(sbc)) is not None:
            record.hasty_until = max(record.hasty_until, until)

    def soft(self, sbc: str, now: float) -> bool:
        """Whether this SBC should be polled more often: a leg is in doubt, or recovering, it is starting, or acted on."""
        record = self._records[sbc]
        if now < record.hasty_until:
            return True
        if record.observation is not None and record.observation.app is not AppState.ANSWERING:
            return True
        self._judge(record, now, self._usage(now))
        return any(leg.memory.doubtful for leg in record.legs.values())

    def snapshot(self, now: float, marked: Callable[[Snapshot], Snapshot] | None = None) -> Snapshot:
        """Judge every leg, SBC and group as of monotonic second `now`, and what bad legs have in common.

        `marked` lays maintenance and acknowledgements over it: what is in maintenance is compared with nothing.
        """
        self._generation += 1
        found: list[LegStatus] = []
        usage = self._usage(now)
        for record in self._records.values():
            found += self._judge(record, now, usage)
            found += [unlisted(leg_id, past, record.link) for leg_id, past in expected(record).items()]
        routes = [told_routes(record.routes, now) for record in self._records.values()]
        rolled = self._rolled
        if rolled is None or _differ(rolled.found, found) or _differ(rolled.routes, routes):
            active = active_by_group(routes)
            legs = told_as_held(escalate(found, self.inventory), active, self.inventory)
            groups = judge_groups(legs, self.inventory, active)
            rolled = self._rolled = _Rolled(found, routes, tuple(legs), groups)
        judged = Snapshot(
            generation=self._generation,
            at=now,
            sbcs=tuple(self._sbc_status(record, now) for record in self._records.values()),
            legs=rolled.legs,
            groups=rolled.groups,
        )
        seen = judged if marked is None else marked(judged)
        return self._verdicts.told(seen, self.inventory, self._thresholds, self._interval_s)

    def _judge(self, record: SbcRecord, now: float, usage: _Usage) -> list[LegStatus]:
        trunks = [leg.trunk_name if leg.trunk else "" for leg in record.legs.values()]
        held = tuple([(usage.channels.get(trunk), usage.cps.get(trunk)) for trunk in trunks])
        before, ha = record.judged, self._ha(record, now)
        if before is not None and before.shares == held and now <= before.until and before.ha == ha:
            return before.legs
        scene = self._scene(record, now)
        pairs = zip(record.legs.values(), held, strict=True)
        frame = frame_of(scene)
        legs = [leg_status(leg, frame, channels, rate_of(record, leg), cps) for leg, (channels, cps) in pairs]
        seen = record.observation
        record.judged = Judged(legs, held, now if seen is None else seen.as_of + scene.stale_s, ha)
        return legs

    def _ha(self, record: SbcRecord, now: float) -> HaView:
        """Return which half of its pair an SBC is now, and remember it."""
        if record.sbc.ha is None:
            record.ha = HaView()
            return record.ha
        peer = self._records.get(record.sbc.ha.peer)
        other = HalfLook() if peer is None else self._half(peer, now)
        record.ha = judge_half(record.sbc.ha, self._half(record, now), other, record.ha, now)
        return record.ha

    def _half(self, record: SbcRecord, now: float) -> HalfLook:
        seen = record.observation
        if seen is None or now - seen.as_of > stale_after_s(self._interval_s, self._thresholds):
            return HalfLook()
        return HalfLook(seen.box.addresses, seen.as_of)

    def _usage(self, now: float) -> _Usage:
        """Return what is used of every cap: as long as no answer came and none went stale, what it was."""
        if self._used is None or now > self._used[1]:
            self._used = self._counted(now)
        return self._used[0]

    def _counted(self, now: float) -> tuple[_Usage, float]:
        """Count what is used, and until when that holds; what the last look is too old for, or did not tell, is not known."""
        active: dict[tuple[str, str], int | None] = {}
        rates: dict[tuple[str, str], Rate | None] = {}
        stale_s, until = stale_after_s(self._interval_s, self._thresholds), math.inf
        for record in self._records.values():
            seen = record.observation
            fresh = seen is not None and now - seen.as_of <= stale_s
            if fresh and seen is not None:
                until = min(until, seen.as_of + stale_s)
            for leg in record.legs.values():
                if leg.trunk is None:
                    continue
                channels = leg.seen.channels if fresh and leg.listed and leg.seen is not None else None
                place = (leg.trunk_name, leg.sbc)
                active[place] = channels.active if channels is not None else None
                rates[place] = rate_of(record, leg) if channels is not None else None
        per_s = {place: None if rate is None else rate.per_s for place, rate in rates.items()}
        heavy = heavy_trunks(active, per_s, self._thresholds.unmonitored_major)
        return _Usage(shares(self.inventory, active, heavy), cps_shares(self.inventory, rates)), until

    def _scene(self, record: SbcRecord, now: float) -> Scene:
        seen = record.observation
        read = seen is not None and seen.reg_read and seen.contacts_read
        empty = read and seen is not None and not (seen.legs or seen.candidates)
        lost = lost_parts(record)
        return Scene(
            now=now,
            platform=record.platform,
            interval_s=self._interval_s,
            thresholds=self._thresholds,
            link=record.link,
            witness=Witness(record.snmp, 2 * self._interval_s + _SNMP_PATIENCE_S, now),
            box=record.box,
            observation=seen,
            settings_pending=not record.settings_done,
            nothing_listed=empty and not lost and any(leg.trunk is not None for leg in record.legs.values()),
            lost_parts=lost,
            ha=record.ha,
            egress_ip=record.sbc.egress_ip,
            resolved=record.survey.resolved,
            called=called(record, now, stale_after_s(self._interval_s, self._thresholds)),
            heard=heard_view(record.heard, seen, record.settings.client_of),
        )

    def _sbc_status(self, record: SbcRecord, now: float) -> SbcStatus:
        scene, seen = self._scene(record, now), record.observation
        age = now - seen.as_of if seen is not None else None
        look = BoxLook(
            record.link,
            seen,
            len(record.legs),
            age,
            scene.stale_s,
            scene.nothing_listed,
            scene.witness,
            scene.lost_parts,
            scene.ha,
            egress_fault(record.survey.egress, record.sbc.egress_ip),
        )
        bursts = told_bursts(record.heard.tallies.values(), now, sure=record.heard.successes)
        verdict = judge_box(look, record.box, self._thresholds)
        fresh = age is not None and age <= scene.stale_s
        answering = seen is not None and fresh and seen.app is AppState.ANSWERING
        box = seen.box if seen is not None and answering else None
        return SbcStatus(
            name=record.sbc.name,
            site=record.sbc.site,
            platform=scene.platform,
            host=record.sbc.ssh.host,
            state=verdict.state,
            severity=verdict.severity,
            reason=with_remark(verdict.reason, bursts, now),
            link=record.link,
            snmp=record.snmp,
            box=record.facts,
            box_stale_at=record.facts.at + scene.stale_s if record.facts is not None else None,
            reloaded_at=record.box.reloaded_at if answering else None,
            version=seen.box.version if seen is not None else None,
            started_at=record.box.started_at if answering else None,
            channels=box.channels if box else None,
            calls=box.calls if box else None,
            cps=record.rates.calls_per_s if box else None,
            clock_offset_s=box.clock_offset_s if box else None,
            clock_unsure_s=box.clock_unsure_s if box else None,
            zone_s=box.zone_s if box else None,
            polled_at=seen.as_of if seen is not None else None,
            stale_at=seen.as_of + scene.stale_s if seen is not None else None,
            poll_took_s=seen.took_s if seen is not None else None,
            next_poll_at=record.next_poll_at,
            unread=seen.unread if seen is not None else (),
            tails=tuple(record.tails.values()),
            egress=record.survey.egress,
            egress_why=record.survey.why,
            egress_expected=record.sbc.egress_ip,
            resolved=tuple(record.survey.resolved.values()),
            certificates=record.survey.certificates,
            files=record.files,
            settled=record.settings_done,
            auth_bursts=bursts,
        )


def _differ(before: Sequence[object], after: Sequence[object]) -> bool:
    """Whether two looks do not hold the very same verdicts."""
    return len(before) != len(after) or any(map(operator.is_not, before, after))
