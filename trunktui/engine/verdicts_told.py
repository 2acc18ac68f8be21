"""Which verdicts over many legs were told as events: one when it begins, one when it is over or became another."""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct

from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.health import LegState
from trunktui.model.history import Event, EventKind, Known, event_of
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe, clean

_FOUND_AGAIN_S = 300.0
"""For so long after the first look a verdict of an earlier run is not over: legs have to be met, others to be waited for."""

_KINDS = {kind.value: kind for kind in VerdictKind}
_Key = tuple[VerdictKind, str]
_News = tuple[list[Event], list[Known], list[Known]]


class _Told(Struct, frozen=True):
    """A verdict that lasts: its legs, none where an earlier run told it, and its last sentence."""

    legs: frozenset[str] = frozenset()
    reason: str = ""


class VerdictsTold:
    """What was told and is not over. `known` is what an earlier run left."""

    def __init__(self, known: Iterable[Known]) -> None:
        self._told: dict[_Key, _Told] = {}
        self._first = math.inf
        for one in known:
            kind = _KINDS.get(str(one.state))
            if one.kind is EventKind.VERDICT and kind is not None:
                self._told[kind, one.subject.removeprefix(f"{kind.value} ")] = _Told()

    def look(self, snapshot: Snapshot, offset: float) -> _News:
        """Return the events of another look, what is to be kept, and what to be forgotten. `offset`: UTC less monotonic."""
        self._first = min(self._first, snapshot.at)
        events: list[Event] = []
        known: list[Known] = []
        forgotten: list[Known] = []
        now = {(one.kind, str(one.subject)): one for one in snapshot.verdicts if one.absorbs}
        over = [key for key in self._told if key not in now and self._is_over(key, snapshot)]
        at = snapshot.at + offset
        for key, one in now.items():
            if key not in self._told:
                before = next((other for other in over if self._followed(other, one)), None)
                events.append(_event(at, one, before))
                if before is not None:
                    over.remove(before)
                    del self._told[before]
                    forgotten.append(_known(before))
                known.append(_known(key, at))
            self._told[key] = _Told(frozenset(one.legs), one.reason)
        for key in over:
            kind, subject = key
            was = self._told.pop(key).reason
            said = f"over: {was}" if was else "over"
            events.append(event_of(at, EventKind.VERDICT, subject, said, before=kind.value))
            forgotten.append(_known(key))
        return events, known, forgotten

    def _is_over(self, key: _Key, snapshot: Snapshot) -> bool:
        """Tell whether a verdict that is told no more is over; while nothing is known of its legs, that is not known."""
        legs = self._told[key].legs
        if not legs:
            return snapshot.at - self._first > _FOUND_AGAIN_S and key[1] in _subjects(snapshot)
        if key[0] is VerdictKind.COLLECTOR:
            return True
        states = [leg.state for leg in snapshot.legs if leg.id in legs]
        return not states or any(state is not LegState.UNKNOWN for state in states)

    def _followed(self, key: _Key, by: Correlated) -> bool:
        """Tell whether what is told now is what became of an earlier verdict: it is on some of its legs."""
        return not self._told[key].legs.isdisjoint(by.legs)


def _subjects(snapshot: Snapshot) -> set[str]:
    """Return what a verdict on this fleet may be about; others may be another config's, on the same state folder."""
    found = {"collector", "fleet"}
    for sbc in snapshot.sbcs:
        found |= {sbc.name, sbc.site or "", sbc.egress.address if sbc.egress is not None else ""}
    for leg in snapshot.legs:
        names = (leg.id, leg.carrier, leg.account, leg.username, f"{leg.carrier} on {leg.sbc}")
        found |= {name for name in (*names, *(leg.targets or ())) if name is not None}
    return found


def _event(at: float, one: Correlated, before: _Key | None) -> Event:
    was = "" if before is None else before[0].value
    return event_of(at, EventKind.VERDICT, one.subject, one.reason, was, one.kind.value, one.severity)


def _known(key: _Key, since: float | None = None) -> Known:
    kind, subject = key
    return Known(EventKind.VERDICT, clean(f"{kind.value} {subject}"), Safe(kind.value), since)
