"""What it means for a group where its calls really go: laid over what its legs alone say of it (decision 054). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from trunktui.health.flap import MEANT
from trunktui.model.health import ROUTABLE, SEVERITY_RANK, LegState, Severity
from trunktui.model.inventory import Failover, Group
from trunktui.model.route import ActiveRoute, RouteState
from trunktui.model.snapshot import GroupStatus, LegStatus
from trunktui.model.text import clean
from trunktui.model.vouching import silenced, unregistered

_LIMIT = 200
_NAMED = 3
_GOES = frozenset({RouteState.FIRST, RouteState.MOVED, RouteState.SPLIT})
_SILENT = frozenset({RouteState.UNSET, RouteState.UNKNOWN})


class _Here(Struct, frozen=True):
    """A group on one SBC: where its calls go, and its legs there that are meant to work, by trunk in its order.

    `first`: its first preference there, whether or not that is meant to work now; `fine`: it is known to work there, or
    where the route itself holds it out, on other SBCs.
    """

    active: ActiveRoute
    legs: dict[str, LegStatus]
    first: str
    fine: bool = False

    @property
    def sbc(self) -> str:
        return self.active.sbc

    @property
    def moved(self) -> bool:
        """Whether another trunk gets more of the calls than the first preference."""
        parts = dict(self.active.parts)
        return self.active.state is RouteState.MOVED or (
            self.active.state is RouteState.SPLIT and max(parts.values()) > parts.get(self.first, 0)
        )

    @property
    def works(self) -> bool:
        """Whether it is known that every new call goes to a trunk that can be used."""
        trunks = self.active.trunks
        return self.active.state in _GOES and all(self.usable(trunk) for trunk in trunks)

    def usable(self, trunk: str) -> bool:
        return trunk in self.legs and self.legs[trunk].state in ROUTABLE


class _Trouble(Struct, frozen=True):
    """One thing that is wrong on an SBC; what is the same on several is one sentence, `GROUP on SBC, SBC WORDS`.

    With `after`: `WORDS on SBC, SBC AFTER`.
    """

    severity: Severity
    sbc: str
    words: str
    after: str = ""


def routed(
    verdict: GroupStatus,
    group: Group,
    by_trunk: Mapping[str, list[LegStatus]],
    active: tuple[ActiveRoute, ...],
) -> GroupStatus:
    """Return the verdict on a group with what follows from where its calls go; `by_trunk`: the legs of the config.

    What is not known of a route makes nothing better or worse.
    """
    verdict = structs.replace(verdict, active=active)
    if verdict.state is LegState.UP and all(_as_wanted(one) for one in active):
        return verdict
    here = [_here(group, by_trunk, one) for one in active]
    troubles = [found for one in here if (found := _trouble(group, one)) is not None]
    loud = max((one.severity for one in troubles), key=SEVERITY_RANK.__getitem__, default=Severity.NONE)
    if verdict.state in {LegState.DOWN, LegState.UNKNOWN}:
        return verdict  # no trunk is left: where calls go makes no difference
    if SEVERITY_RANK[loud] >= SEVERITY_RANK[Severity.MAJOR]:
        return _worse(
            verdict, group, [one for one in troubles if one.severity is loud], _lost(group, by_trunk)
        )
    return _moved_away(verdict, group, by_trunk, here) or _with_remarks(verdict, group, here, troubles)


def _as_wanted(active: ActiveRoute) -> bool:
    return active.state in _SILENT or (active.state is RouteState.FIRST and not active.held)


def _here(group: Group, by_trunk: Mapping[str, list[LegStatus]], active: ActiveRoute) -> _Here:
    found = {trunk: _at(by_trunk.get(trunk, ()), active.sbc) for trunk in group.trunks}
    there = {trunk: leg for trunk, leg in found.items() if leg is not None}
    meant = {trunk: leg for trunk, leg in there.items() if leg.state not in MEANT}
    first = next(iter(there), "")
    return _Here(
        active, meant, first, bool(first) and _is_fine(there[first], by_trunk.get(first, ()), active)
    )


def _is_fine(leg: LegStatus, legs: Iterable[LegStatus], active: ActiveRoute) -> bool:
    """Whether a leg is up; one that the route holds out is asked by nobody there, so its trunk's others speak for it."""
    if leg.trunk not in active.held or not silenced(leg):
        return leg.state is LegState.UP
    states = {other.state for other in legs if other.sbc != leg.sbc}
    return LegState.UP in states and LegState.DOWN not in states and not unregistered(leg)


def _at(legs: Iterable[LegStatus], sbc: str) -> LegStatus | None:
    return next((leg for leg in legs if leg.sbc == sbc), None)


def _trouble(group: Group, here: _Here) -> _Trouble | None:
    """Return what is wrong with where the calls of a group go on one SBC."""
    active, state = here.active, here.active.state
    if state in {RouteState.FOREIGN, RouteState.NONE}:
        words = active.sentence.removeprefix(f"{group.name} on {here.sbc}")
        # one that stands by, or has nothing in use, fails no call now
        return _Trouble(Severity.CRITICAL if here.legs else Severity.WARNING, here.sbc, words)
    if state not in _GOES:
        return None
    dead = [trunk for trunk in active.trunks if _is_down(here, trunk)]
    if dead:
        return _to_a_dead_trunk(group, here, dead)
    if group.failover is Failover.AUTO:
        if not active.held:
            return None
        pinned = f": {', '.join(active.held)} {'is' if len(active.held) == 1 else 'are'} held out by hand until let in again"
        return _Trouble(Severity.WARNING, here.sbc, pinned)
    if here.moved and here.fine:
        return _Trouble(Severity.WARNING, here.sbc, f"goes to {active.goes}", f"; {here.first} is fine again")
    return None


def _to_a_dead_trunk(group: Group, here: _Here, dead: list[str]) -> _Trouble:
    """The calls, or a part of them, go to a trunk that is down there."""
    parts = dict(here.active.parts)
    to = ", ".join(f"{parts[trunk]} % to {trunk}" if trunk in parts else f"to {trunk}" for trunk in dead)
    words = f" still goes {to}, which is down"
    if not any(here.usable(trunk) for trunk in group.trunks if trunk not in dead):
        return _Trouble(Severity.MAJOR, here.sbc, f"{words}, and no other trunk there can be used")
    if group.failover is Failover.AUTO:
        return _Trouble(Severity.MAJOR, here.sbc, f"{words}: the SBC did not move it by itself")
    return _Trouble(Severity.CRITICAL, here.sbc, f"{words}: S moves it")


def _is_down(here: _Here, trunk: str) -> bool:
    return trunk in here.legs and here.legs[trunk].state is LegState.DOWN


def _lost(group: Group, by_trunk: Mapping[str, list[LegStatus]]) -> str | None:
    """Return the first trunk that is meant to work, where the next call cannot go out on it from any SBC."""
    for trunk in group.trunks:
        legs = [leg for leg in by_trunk.get(trunk, ()) if leg.state not in MEANT]
        if legs:
            return None if any(leg.state in ROUTABLE for leg in legs) else trunk
    return None


def _worse(verdict: GroupStatus, group: Group, troubles: list[_Trouble], lost: str | None) -> GroupStatus:
    """Return the verdict with what is wrong in front; of a lost primary it still tells where there is room."""
    words = _told(group, troubles)
    _, sep, room = verdict.reason.partition("; ")
    more = f"; {room}" if lost is not None and sep else ""
    severity = max(verdict.severity, troubles[0].severity, key=SEVERITY_RANK.__getitem__)
    return structs.replace(
        verdict, state=LegState.DEGRADED, severity=severity, reason=clean(words + more, _LIMIT)
    )


def _told(group: Group, troubles: list[_Trouble]) -> str:
    """Tell the first of several that are as loud, of every SBC of which it is said in the same words."""
    first = troubles[0]
    same = [one.sbc for one in troubles if (one.words, one.after) == (first.words, first.after)]
    other = len(troubles) - len(same)
    more = f" (+{other} more)" if other else ""
    if first.after:
        return f"{first.words} on {_names(same)}{first.after}{more}"
    return f"{group.name} on {_names(same)}{first.words}{more}"


def _names(sbcs: list[str]) -> str:
    more = len(sbcs) - _NAMED
    return ", ".join(sbcs[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _moved_away(
    verdict: GroupStatus, group: Group, by_trunk: Mapping[str, list[LegStatus]], here: list[_Here]
) -> GroupStatus | None:
    """Return the lesser verdict on a group whose primary is lost, if its calls go elsewhere from every SBC already."""
    lost = _lost(group, by_trunk)
    if lost is None:
        return None
    live = {leg.sbc for t in group.trunks for leg in by_trunk.get(t, ()) if leg.state not in MEANT}
    working = [one for one in here if one.works and one.sbc in live]
    if not live or {one.sbc for one in working} != live:
        return None
    where = {
        one.active.goes: [other.sbc for other in working if other.active.goes == one.active.goes]
        for one in working
    }
    if len(where) == 1:
        goes = next(iter(where))
    else:
        goes = ", ".join(f"{to} on {_names(sbcs)}" for to, sbcs in where.items())
    # with its sentence up to there: that it is out, or only not known to work
    head = verdict.reason.partition("; ")[0]
    severity = min(verdict.severity, Severity.MINOR, key=SEVERITY_RANK.__getitem__)
    return structs.replace(
        verdict, severity=severity, reason=clean(f"{head}; calls go to {goes} already", _LIMIT)
    )


def _with_remarks(
    verdict: GroupStatus, group: Group, here: list[_Here], troubles: list[_Trouble]
) -> GroupStatus:
    """Return the verdict with what is only to be known of its routes: a warning, or words behind another sentence."""
    if troubles:
        quiet = verdict.severity is Severity.NONE
        words = _told(group, troubles) if quiet else f"{verdict.reason}; {_told(group, troubles)}"
        severity = max(verdict.severity, Severity.WARNING, key=SEVERITY_RANK.__getitem__)
        return structs.replace(verdict, severity=severity, reason=clean(words, _LIMIT))
    moved = [one for one in here if one.moved]
    blind = [one for one in here if one.active.state in _SILENT]
    more = []
    if moved:
        goes = moved[0].active.goes
        more.append(f"calls go to {goes} on {_names([one.sbc for one in moved if one.active.goes == goes])}")
    if blind and SEVERITY_RANK[verdict.severity] >= SEVERITY_RANK[Severity.MAJOR]:
        more.append(f"where they go on {_names([one.sbc for one in blind])} is not known")
    return (
        structs.replace(verdict, reason=clean("; ".join((verdict.reason, *more)), _LIMIT))
        if more
        else verdict
    )
