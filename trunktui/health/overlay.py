"""Lays maintenance and acknowledgements over a judged fleet: what they cover, and which acknowledgements are over.

Pure: `now` is the wall clock's UTC. No state, severity or reason is ever changed here, and none is hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct, structs

from trunktui.model.health import SEVERITY_RANK, LegState, SbcState, Severity
from trunktui.model.marks import Ack, EndCause, Maintenance, Mark, Scope, Target, in_force
from trunktui.model.snapshot import GroupStatus, LegStatus, SbcStatus, Snapshot
from trunktui.model.text import Safe, clean

_AS_MEANT = frozenset({LegState.UP, LegState.STANDBY, LegState.ADMIN_OFF})
_OUT = frozenset({SbcState.DOWN, SbcState.UNKNOWN})
_Windows = dict[tuple[Scope, str], list[Maintenance]]


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
    windows: _Windows = {}
    for mark in marks:
        if isinstance(mark, Maintenance) and now < mark.until:
            windows.setdefault((mark.target.scope, mark.target.name), []).append(mark)
    if not open_acks and not windows:
        return snapshot, ()
    alarms = _Alarms(snapshot, now)
    over = tuple(
        end for ack in sorted(open_acks, key=lambda ack: ack.id) if (end := _over(ack, alarms.of(ack.target)))
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
    alarm = _Alarms(snapshot, None).of(target)
    return None if alarm is None else (alarm.state, alarm.severity)


def concerns(target: Target, leg: LegStatus) -> bool:
    """Tell whether a leg is what `target` names, or belongs to it."""
    return (target.scope, target.name) in set(_keys(leg))


def _over(ack: Ack, alarm: _Alarm | None) -> Over | None:
    """Return the end of an acknowledgement whose alarm got louder, or is over for real; None: it holds."""
    if alarm is None:
        return None
    if SEVERITY_RANK[alarm.severity] > SEVERITY_RANK[ack.severity]:
        words = f"{alarm.state}, {alarm.severity.value}: louder than the {ack.severity.value} acknowledged"
        return Over(ack.id, EndCause.ROSE, clean(words))
    # only news from after the acknowledgement: what was seen before is not the end of what somebody saw since
    if alarm.clear and alarm.seen_at is not None and alarm.seen_at > ack.at:
        return Over(ack.id, EndCause.CLEARED, clean(f"{alarm.state} again"))
    return None


class _Alarms:
    """The alarms of a snapshot that was taken at `now`; None: when does not matter."""

    def __init__(self, snapshot: Snapshot, now: datetime | None) -> None:
        self._snapshot = snapshot
        self._now = now
        self._legs = {leg.id: leg for leg in snapshot.legs}
        self._sbcs = {sbc.name: sbc for sbc in snapshot.sbcs}
        self._groups = {group.name: group for group in snapshot.groups}

    def of(self, target: Target) -> _Alarm | None:
        """Return the alarm of a leg, an SBC or a group; None where there is none of that name."""
        match target.scope:
            case Scope.LEG if target.name in self._legs:
                return self._of_leg(self._legs[target.name])
            case Scope.SBC if target.name in self._sbcs:
                return self._of_sbc(self._sbcs[target.name])
            case Scope.GROUP if target.name in self._groups:
                return self._of_group(self._groups[target.name])
        return None

    def _of_leg(self, leg: LegStatus) -> _Alarm:
        clear = leg.state in _AS_MEANT and leg.severity is Severity.NONE
        return _Alarm(leg.state.value, leg.severity, clear, self._wall(leg.observed_at))

    def _of_sbc(self, sbc: SbcStatus) -> _Alarm:
        clear = sbc.state is SbcState.UP and sbc.severity is Severity.NONE
        return _Alarm(sbc.state.value, sbc.severity, clear, self._wall(sbc.polled_at))

    def _of_group(self, group: GroupStatus) -> _Alarm:
        """Return a group's alarm; it is as old as the oldest news of its legs that are in use."""
        own = [
            leg.observed_at
            for leg in self._snapshot.legs
            if group.name in leg.groups and leg.state is not LegState.ADMIN_OFF
        ]
        known = [at for at in own if at is not None]
        oldest = min(known) if known and len(known) == len(own) else None
        clear = group.state in _AS_MEANT and group.severity is Severity.NONE
        return _Alarm(group.state.value, group.severity, clear, self._wall(oldest))

    def _wall(self, at: float | None) -> datetime | None:
        """Return a monotonic second of the snapshot as the time of day."""
        if at is None or self._now is None:
            return None
        return self._now - timedelta(seconds=self._snapshot.at - at)


def _loudest(acks: Iterable[Ack]) -> dict[Target, Ack]:
    """Return one acknowledgement for each target: the loudest, then the latest."""
    ordered = sorted(acks, key=lambda ack: (SEVERITY_RANK[ack.severity], ack.at, ack.id))
    return {ack.target: ack for ack in ordered}


def _longest(windows: Iterable[Maintenance]) -> Maintenance | None:
    return max(windows, key=lambda one: (one.until, one.id), default=None)


def _next(windows: Iterable[Maintenance]) -> Maintenance | None:
    return min(windows, key=lambda one: (one.since, one.id), default=None)


def _leg(
    leg: LegStatus, sbc: SbcStatus | None, windows: _Windows, acks: dict[Target, Ack], now: datetime
) -> LegStatus:
    own = [one for key in _keys(leg) for one in windows.get(key, ())] if windows else []
    maintenance = _longest(one for one in own if one.since <= now)
    planned = _next(one for one in own if one.since > now)
    ack = acks.get(Target(Scope.LEG, leg.id)) if acks else None
    # legs that are unknown because their SBC is out are the SBC's alarm, and so is its acknowledgement
    if ack is None and sbc is not None and sbc.state in _OUT and leg.state is LegState.UNKNOWN:
        above = sbc.acknowledged
        ack = above if above and SEVERITY_RANK[leg.severity] <= SEVERITY_RANK[above.severity] else None
    if (maintenance, planned, ack) == (leg.maintenance, leg.planned, leg.acknowledged):
        return leg
    return structs.replace(leg, maintenance=maintenance, planned=planned, acknowledged=ack)


def _keys(leg: LegStatus) -> Iterator[tuple[Scope, str]]:
    """Yield everything that a leg is, or belongs to."""
    yield Scope.LEG, leg.id
    yield Scope.TRUNK, leg.trunk
    yield Scope.SBC, leg.sbc
    if leg.carrier is not None:
        yield Scope.CARRIER, leg.carrier
    for group in leg.groups:
        yield Scope.GROUP, group


def _sbc(sbc: SbcStatus, windows: _Windows, acks: dict[Target, Ack], now: datetime) -> SbcStatus:
    own = windows.get((Scope.SBC, sbc.name), ())
    maintenance = _longest(one for one in own if one.since <= now)
    return structs.replace(sbc, maintenance=maintenance, acknowledged=acks.get(Target(Scope.SBC, sbc.name)))


def _group(group: GroupStatus, windows: _Windows, acks: dict[Target, Ack], now: datetime) -> GroupStatus:
    own = windows.get((Scope.GROUP, group.name), ())
    maintenance = _longest(one for one in own if one.since <= now)
    return structs.replace(
        group, maintenance=maintenance, acknowledged=acks.get(Target(Scope.GROUP, group.name))
    )
