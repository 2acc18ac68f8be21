"""The fleet as one line and one exit code, for a monitoring system (`check`, Nagios codes).

Two ways of counting: rolled up (a bad leg of a group that still has a path is a warning), or per leg.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from enum import IntEnum
from fnmatch import fnmatchcase

from msgspec import Struct

from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.health import SEVERITY_RANK, LegState, SbcState, Severity
from trunktui.model.snapshot import GroupStatus, LegStatus, SbcStatus, Snapshot
from trunktui.present.freshness import shown, shown_sbc
from trunktui.present.marks import brief_mark, group_covered
from trunktui.present.parents import in_force, parents
from trunktui.present.routes import told_reason

NAMED = 3
"""How many troubled subjects the line names before it only counts them."""


class Code(IntEnum):
    """Exit codes of `check`, as monitoring plugins use them."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


class Verdict(Struct, frozen=True):
    """What `check` prints and how it exits."""

    code: Code
    line: str


class Selection(Struct, frozen=True):
    """What a selector matches; `whole` when nothing was selected away."""

    legs: tuple[LegStatus, ...]
    sbcs: tuple[SbcStatus, ...]
    whole: bool = True


class NothingSelectedError(Exception):
    """A selector that matches nothing; `nearest` holds names that look like it."""

    def __init__(self, selector: str, nearest: tuple[str, ...]) -> None:
        super().__init__(selector)
        self.selector = selector
        self.nearest = nearest


_LOUD: dict[Severity, Code] = {
    Severity.CRITICAL: Code.CRITICAL,
    Severity.MAJOR: Code.CRITICAL,
    Severity.MINOR: Code.WARNING,
    Severity.WARNING: Code.WARNING,
    Severity.INDETERMINATE: Code.UNKNOWN,
    Severity.NONE: Code.OK,
}
_ROLLED_UP_ORDER = (Code.CRITICAL, Code.WARNING, Code.UNKNOWN, Code.OK)
_BY_STATE: dict[LegState, Code] = {
    LegState.UP: Code.OK,
    LegState.STANDBY: Code.OK,
    LegState.ADMIN_OFF: Code.OK,
    LegState.DEGRADED: Code.WARNING,
    LegState.SUSPECT: Code.WARNING,
    LegState.UNMONITORED: Code.WARNING,
    LegState.DOWN: Code.CRITICAL,
    LegState.UNKNOWN: Code.UNKNOWN,
}
_PER_LEG_ORDER = (Code.CRITICAL, Code.UNKNOWN, Code.WARNING, Code.OK)


class _Trouble(Struct, frozen=True):
    """Something wrong; `mark` says what keeps it from being an alarm, empty where nothing does."""

    code: Code
    rank: int
    words: str
    mark: str = ""


def select(snapshot: Snapshot, selector: str | None) -> Selection:
    """Return the legs and SBCs that `selector` means: a leg id, a trunk, an SBC, or a glob over these; None: all.

    A leg id on a known SBC that shows no such leg selects that SBC alone while it gives no answer: a
    discovered leg must not turn into a typing mistake when its SBC dies. Raises NothingSelectedError.
    """
    if selector is None:
        return Selection(legs=snapshot.legs, sbcs=snapshot.sbcs)
    legs = tuple(leg for leg in snapshot.legs if _matches(selector, (leg.id, leg.trunk, leg.sbc)))
    homes = {leg.sbc for leg in legs}
    sbcs = tuple(s for s in snapshot.sbcs if s.name in homes or fnmatchcase(s.name, selector))
    if not legs and not sbcs:
        _, at, home = selector.rpartition("@")
        mute = (SbcState.DOWN, SbcState.UNKNOWN)
        sbcs = tuple(s for s in snapshot.sbcs if at and s.name == home and s.state in mute)
    if not legs and not sbcs:
        known = {name for leg in snapshot.legs for name in (leg.id, leg.trunk)} | {
            s.name for s in snapshot.sbcs
        }
        raise NothingSelectedError(
            selector, tuple(difflib.get_close_matches(selector, sorted(known), 3, 0.5))
        )
    return Selection(legs=legs, sbcs=sbcs, whole=False)


def check(
    snapshot: Snapshot,
    now: float,
    selector: str | None = None,
    per_leg: bool = False,
    marks: bool = True,
) -> Verdict:
    """Return the verdict on the selected part of the fleet at monotonic second `now`.

    What is in maintenance or acknowledged is named and raises no alarm, unless `marks` are left aside.
    Raises NothingSelectedError when the selector matches nothing.
    """
    chosen = select(snapshot, selector)
    legs = tuple(shown(leg, now) for leg in chosen.legs)
    troubles = _leg_troubles(legs) if per_leg else _rolled_up(snapshot, chosen, legs, now)
    order = _PER_LEG_ORDER if per_leg else _ROLLED_UP_ORDER
    hushed = [trouble for trouble in troubles if trouble.mark and marks]
    troubles = [trouble for trouble in troubles if not (trouble.mark and marks)]
    codes = {trouble.code for trouble in troubles}
    if not legs and not codes and not hushed:
        troubles = _sbc_troubles(chosen, now)  # no leg counts, yet the line says why none is known
        if troubles and marks and all(trouble.mark for trouble in troubles):
            troubles, hushed = [], troubles
        else:
            codes = {Code.UNKNOWN}
    code = next((code for code in order if code in codes), Code.OK)
    troubles = sorted(troubles, key=lambda trouble: (order.index(trouble.code), -trouble.rank))
    line = f"TRUNKTUI {code.name} - {_words(legs, troubles, hushed)} | {_figures(legs, chosen.sbcs, now)}"
    return Verdict(code=code, line=line)


def _matches(selector: str, names: Iterable[str]) -> bool:
    return any(name == selector or fnmatchcase(name, selector) for name in names)


def _leg_troubles(legs: Sequence[LegStatus]) -> list[_Trouble]:
    return [
        _Trouble(_BY_STATE[leg.state], SEVERITY_RANK[leg.severity], _subject(leg), brief_mark(leg))
        for leg in legs
        if _BY_STATE[leg.state] is not Code.OK
    ]


def _rolled_up(
    snapshot: Snapshot, chosen: Selection, legs: Sequence[LegStatus], now: float
) -> list[_Trouble]:
    """List what is wrong with SBCs, groups and legs; a leg whose groups all have a path is a warning at most.

    Legs that have something in common count once, by that.
    """
    verdicts = _verdicts(snapshot, chosen, now)
    explained = parents(verdicts)
    troubles = _sbc_troubles(chosen, now)
    if chosen.whole:
        troubles += [_group_trouble(group, legs) for group in snapshot.groups]
    with_path = {g.name for g in snapshot.groups if _LOUD[g.severity] in (Code.OK, Code.WARNING)}
    for leg in legs:
        if leg.id not in explained:
            severity = _sheltered(leg.severity, [leg], with_path)
            troubles.append(_trouble(severity, _subject(leg), brief_mark(leg)))
    members = {leg.id: leg for leg in legs}
    for one in verdicts:
        own = [members[leg] for leg in one.legs]
        # One leg's own trouble weighs what the leg does; what several have in common is no matter of one group.
        local = one.kind is VerdictKind.LOCAL_LEG
        severity = _sheltered(one.severity, own, with_path) if local else one.severity
        covered = own and all(leg.covered for leg in own)
        mark = "every leg of it is in maintenance or acknowledged" if covered else ""
        troubles.append(_trouble(severity, one.reason, mark))
    return [trouble for trouble in troubles if trouble.code is not Code.OK]


def _verdicts(snapshot: Snapshot, chosen: Selection, now: float) -> tuple[Correlated, ...]:
    """Return what bad legs have in common, where all of them were selected; else each counts by itself."""
    ids = {leg.id for leg in chosen.legs}
    return tuple(one for one in in_force(snapshot, now) if one.absorbs and ids.issuperset(one.legs))


def _sheltered(severity: Severity, legs: Iterable[LegStatus], with_path: set[str]) -> Severity:
    """Return how much a fault weighs: a warning at most where every leg's groups all have a path."""
    sheltered = all(leg.groups and with_path.issuperset(leg.groups) for leg in legs)
    return Severity.MINOR if sheltered and _LOUD[severity] is Code.CRITICAL else severity


def _sbc_troubles(chosen: Selection, now: float) -> list[_Trouble]:
    boxes = (shown_sbc(sbc, now) for sbc in chosen.sbcs)
    found = [
        _trouble(box.severity, f"{box.name} {box.state.value} ({box.reason})", brief_mark(box))
        for box in boxes
    ]
    return [trouble for trouble in found if trouble.code is not Code.OK]


def _group_trouble(group: GroupStatus, legs: Sequence[LegStatus]) -> _Trouble:
    mark = brief_mark(group)
    if not mark and group_covered(group, legs):
        mark = "every leg in trouble is in maintenance or acknowledged"
    return _trouble(group.severity, f"group {group.name} {group.state.value} ({told_reason(group)})", mark)


def _trouble(severity: Severity, words: str, mark: str) -> _Trouble:
    return _Trouble(_LOUD[severity], SEVERITY_RANK[severity], words, mark)


def _subject(leg: LegStatus) -> str:
    return f"{leg.id} {leg.state.value}" + (f" ({leg.reason})" if leg.reason else "")


def _words(legs: Sequence[LegStatus], troubles: Sequence[_Trouble], hushed: Sequence[_Trouble]) -> str:
    up = sum(leg.state is LegState.UP for leg in legs)
    count = f"{len(legs)} legs" if len(legs) != 1 else "1 leg"
    head = "no legs known" if not legs else f"{count} up" if up == len(legs) else f"{up} of {count} up"
    named = [trouble.words for trouble in troubles[:NAMED]]
    if len(troubles) > NAMED:
        named.append(f"and {len(troubles) - NAMED} more")
    named += [f"no alarm: {trouble.words} ({trouble.mark})" for trouble in hushed[:NAMED]]
    if len(hushed) > NAMED:
        named.append(f"and {len(hushed) - NAMED} more without an alarm")
    # A bar would end the text and begin the figures for the monitoring system.
    return "; ".join((head, *named)).replace("|", "/")


def _figures(legs: Sequence[LegStatus], sbcs: Sequence[SbcStatus], now: float) -> str:
    counts = {state: sum(leg.state is state for leg in legs) for state in LegState}
    figures = [f"legs={len(legs)}"]
    figures += [f"{state.value}={count}" for state, count in counts.items()]
    states = [shown_sbc(sbc, now).state for sbc in sbcs]
    figures.append(f"sbcs={len(sbcs)}")
    figures += [f"sbcs_{state.value}={states.count(state)}" for state in SbcState]
    return " ".join(figures)
