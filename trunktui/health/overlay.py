"""Lays maintenance and acknowledgements over a judged fleet: what they cover, and which acknowledgements are over.

Pure: `now` is the wall clock's UTC. No state, severity or reason is ever changed here, and none is hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, structs

from trunktui.model.health import SEVERITY_RANK, LegState, SbcState, Severity
from trunktui.model.marks import Ack, EndCause, Maintenance, Mark, Scope, Target, in_force
from trunktui.model.snapshot import GroupStatus, LegStatus, SbcStatus, Snapshot
from trunktui.model.text import Safe, clean

_AS_MEANT = frozenset({LegState.UP, LegState.STANDBY, LegState.ADMIN_OFF})
_OUT = frozenset({SbcState.DOWN, SbcState.UNKNOWN})


class Over(Struct, frozen=True):
    """An acknowledgement that is over by itself: which, why, and what was seen."""

    id: str
    cause: EndCause
    words: Safe


class _Alarm(Struct, frozen=True):
    """What an acknowledgement is held against. `seen_at`: how old the news is; None: there is none."""

    state: str
    severity: Severity
    clear: bool
    seen_at: datetime | None


def overlaid(snapshot: Snapshot, marks: Iterable[Mark], now: datetime) -> tuple[Snapshot, tuple[Over, ...]]:
    """Return the fleet with its marks, and the acknowledgements that ended by what is seen in it.

    `marks` are those that nobody ended; one whose time is not come, or is over, covers nothing.
    """
    marks = tuple(marks)
    open_acks = [mark for mark in marks if isinstance(mark, Ack) and in_force(mark, now)]
    windows = [mark for mark in marks if isinstance(mark, Maintenance) and now < mark.until]
    over = tuple(
        end for ack in sorted(open_acks, key=lambda ack: ack.id) if (end := _over(ack, snapshot, now))
    )
    ended = {end.id for end in over}
    acks = _loudest(ack for ack in open_acks if ack.id not in ended)
    sbcs = tuple(_sbc(sbc, windows, acks, now) for sbc in snapshot.sbcs)
    homes = {sbc.name: sbc for sbc in sbcs}
    legs = tuple(_leg(leg, homes.get(leg.sbc), windows, acks, now) for leg in snapshot.legs)
    groups = tuple(_group(group, windows, acks, now) for group in snapshot.groups)
    return structs.replace(snapshot, sbcs=sbcs, legs=legs, groups=groups), over


def alarm_of(snapshot: Snapshot, target: Target) -> tuple[str, Severity] | None:
    """Return (state, severity) of a leg, SBC or group; None where there is no such thing."""
    alarm = _alarm(snapshot, target, None)
    return None if alarm is None else (alarm.state, alarm.severity)


def concerns(target: Target, leg: LegStatus) -> bool:
    """Tell whether a leg is what `target` names, or belongs to it."""
    match target.scope:
        case Scope.LEG:
            return leg.id == target.name
        case Scope.TRUNK:
            return leg.trunk == target.name
        case Scope.SBC:
            return leg.sbc == target.name
        case Scope.CARRIER:
            return leg.carrier == target.name
        case Scope.GROUP:
            return target.name in leg.groups


def _over(ack: Ack, snapshot: Snapshot, now: datetime) -> Over | None:
    """Return the end of an acknowledgement whose alarm got louder, or is over for real; None: it holds."""
    alarm = _alarm(snapshot, ack.target, now)
    if alarm is None:
        return None
    if SEVERITY_RANK[alarm.severity] > SEVERITY_RANK[ack.severity]:
        words = f"{alarm.state}, {alarm.severity.value}: louder than the {ack.severity.value} acknowledged"
        return Over(ack.id, EndCause.ROSE, clean(words))
    # only news from after the acknowledgement: what was seen before is not the end of what somebody saw since
    if alarm.clear and alarm.seen_at is not None and alarm.seen_at > ack.at:
        return Over(ack.id, EndCause.CLEARED, clean(f"{alarm.state} again"))
    return None


def _alarm(snapshot: Snapshot, target: Target, now: datetime | None) -> _Alarm | None:
    match target.scope:
        case Scope.LEG:
            legs = [leg for leg in snapshot.legs if leg.id == target.name]
            return _leg_alarm(legs[0], snapshot, now) if legs else None
        case Scope.SBC:
            sbcs = [sbc for sbc in snapshot.sbcs if sbc.name == target.name]
            return _sbc_alarm(sbcs[0], snapshot, now) if sbcs else None
        case Scope.GROUP:
            groups = [group for group in snapshot.groups if group.name == target.name]
            return _group_alarm(groups[0], snapshot, now) if groups else None
        case _:
            return None


def _leg_alarm(leg: LegStatus, snapshot: Snapshot, now: datetime | None) -> _Alarm:
    clear = leg.state in _AS_MEANT and leg.severity is Severity.NONE
    return _Alarm(leg.state.value, leg.severity, clear, _wall(leg.observed_at, snapshot, now))


def _sbc_alarm(sbc: SbcStatus, snapshot: Snapshot, now: datetime | None) -> _Alarm:
    clear = sbc.state is SbcState.UP and sbc.severity is Severity.NONE
    return _Alarm(sbc.state.value, sbc.severity, clear, _wall(sbc.polled_at, snapshot, now))


def _group_alarm(group: GroupStatus, snapshot: Snapshot, now: datetime | None) -> _Alarm:
    """Return a group's alarm; it is as old as the oldest news of its legs that are in use."""
    own = [
        leg.observed_at
        for leg in snapshot.legs
        if group.name in leg.groups and leg.state is not LegState.ADMIN_OFF
    ]
    known = [at for at in own if at is not None]
    oldest = min(known) if known and len(known) == len(own) else None
    clear = group.state in _AS_MEANT and group.severity is Severity.NONE
    return _Alarm(group.state.value, group.severity, clear, _wall(oldest, snapshot, now))


def _wall(at: float | None, snapshot: Snapshot, now: datetime | None) -> datetime | None:
    """Return a monotonic second of the snapshot, which was taken at `now`, as the time of day."""
    if at is None or now is None:
        return None
    return now - timedelta(seconds=snapshot.at - at)


def _loudest(acks: Iterable[Ack]) -> dict[Target, Ack]:
    """Return one acknowledgement for each target: the loudest, then the latest."""
    ordered = sorted(acks, key=lambda ack: (SEVERITY_RANK[ack.severity], ack.at, ack.id))
    return {ack.target: ack for ack in ordered}


def _longest(windows: Iterable[Maintenance]) -> Maintenance | None:
    return max(windows, key=lambda one: (one.until, one.id), default=None)


def _next(windows: Iterable[Maintenance]) -> Maintenance | None:
    return min(windows, key=lambda one: (one.since, one.id), default=None)


def _leg(
    leg: LegStatus,
    sbc: SbcStatus | None,
    windows: Sequence[Maintenance],
    acks: dict[Target, Ack],
    now: datetime,
) -> LegStatus:
    own = [one for one in windows if concerns(one.target, leg)]
    maintenance = _longest(one for one in own if one.since <= now)
    planned = _next(one for one in own if one.since > now)
    ack = acks.get(Target(Scope.LEG, leg.id))
    # legs that are unknown because their SBC is out are the SBC's alarm, and so is its acknowledgement
    if ack is None and sbc is not None and sbc.state in _OUT and leg.state is LegState.UNKNOWN:
        above = sbc.acknowledged
        ack = above if above and SEVERITY_RANK[leg.severity] <= SEVERITY_RANK[above.severity] else None
    if (maintenance, planned, ack) == (leg.maintenance, leg.planned, leg.acknowledged):
        return leg
    return structs.replace(leg, maintenance=maintenance, planned=planned, acknowledged=ack)


def _sbc(sbc: SbcStatus, windows: Sequence[Maintenance], acks: dict[Target, Ack], now: datetime) -> SbcStatus:
    target = Target(Scope.SBC, sbc.name)
    maintenance = _longest(one for one in windows if one.target == target and one.since <= now)
    return structs.replace(sbc, maintenance=maintenance, acknowledged=acks.get(target))


def _group(
    group: GroupStatus, windows: Sequence[Maintenance], acks: dict[Target, Ack], now: datetime
) -> GroupStatus:
    target = Target(Scope.GROUP, group.name)
    maintenance = _longest(one for one in windows if one.target == target and one.since <= now)
    return structs.replace(group, maintenance=maintenance, acknowledged=acks.get(target))
