"""Where groups' calls go, from one snapshot to the next: each change is one event, over restarts. Pure.

What is not known is no change, and neither is what a first life finds when it first reads a route.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from trunktui.model.health import Severity
from trunktui.model.history import Event, EventKind, Known, event_of
from trunktui.model.route import ActiveRoute, RouteState
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe, clean

_SEVERITIES = {
    RouteState.MOVED: Severity.WARNING,
    RouteState.SPLIT: Severity.WARNING,
    RouteState.FOREIGN: Severity.CRITICAL,
    RouteState.NONE: Severity.CRITICAL,
}
"""How loud it is that calls go there now; back at the first preference, or left to the SBC, is no alarm."""

_News = tuple[list[Event], list[Known], list[Known]]


class RouteNews:
    """Looks at the routes of one snapshot after another. `known` is what an earlier run left."""

    def __init__(self, known: Iterable[Known]) -> None:
        self._known = {str(one.subject): str(one.state) for one in known if one.kind is EventKind.ROUTE}
        self._had: set[str] = set()
        self._seen: tuple[object, ...] | None = None
        self._before = math.inf

    def look(self, snapshot: Snapshot, offset: float) -> _News:
        """Return the events of another look, what is to be kept, and what to be forgotten. `offset`: UTC less monotonic."""
        events: list[Event] = []
        kept: list[Known] = []
        if snapshot.groups is self._seen:
            self._before = snapshot.at
            return events, kept, []
        self._seen = snapshot.groups
        routes = {f"{group.name}@{one.sbc}": one for group in snapshot.groups for one in group.active}
        for subject, one in routes.items():
            goes = str(clean(one.goes))
            before = self._known.get(subject)
            if not goes or goes == before:
                continue
            # it began between the last look and this one, or nobody knows when
            since = one.since if one.since is not None and self._before <= one.since <= snapshot.at else None
            if before is not None:
                at = (snapshot.at if since is None else since) + offset
                events.append(_event(at, subject, one, before))
            self._known[subject] = goes
            kept.append(_known_of(subject, goes, None if one.since is None else one.since + offset))
        gone = [
            subject for subject in self._had - routes.keys() if self._known.pop(subject, None) is not None
        ]
        self._had, self._before = set(routes), snapshot.at
        return events, kept, [_known_of(subject) for subject in sorted(gone)]


def _event(at: float, subject: str, one: ActiveRoute, before: str) -> Event:
    severity = _SEVERITIES.get(one.state, Severity.NONE)
    return event_of(at, EventKind.ROUTE, subject, f"{one.sentence}; was {before}", before, one.goes, severity)


def _known_of(subject: str, goes: str = "", since: float | None = None) -> Known:
    return Known(EventKind.ROUTE, clean(subject), Safe(clean(goes)), since)
