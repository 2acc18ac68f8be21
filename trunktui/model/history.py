"""What is remembered between runs: events, samples of each leg, and what was last known; data only, `store` keeps it.

Every time here is UTC, in seconds since 1970: the monotonic clock of other types does not outlive a machine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase

from msgspec import Struct

from trunktui.model.health import WORST_FIRST, LegState, ProbeSignal, RegSignal, Severity
from trunktui.model.text import LINE_LIMIT, Safe, clean

GAP_FROM = 1.5
"""A sample stands for at most so many poll intervals: past that the next poll is missing."""


class EventKind(StrEnum):
    """What happened. A new kind is a new line here; a file that holds a kind of a later version reads as OTHER.

    LEG: a hard change of state. FLAPPING: it began, or it is over. APPEARED, VANISHED: a leg came or went. SBC: a
    change of state; RESTART, RELOAD: of its software. GROUP: an alarm was raised or cleared. CONFIG: it was read
    again. ACTION: an entry of the audit log, `detail` names it. MARK: a maintenance or acknowledgement began or ended. WATCH: we began or ended to look.
    VERDICT: whose fault it is was told, or is over. EGRESS: the address that carriers see changed; TARGETS: what a
    registrar's name leads to. SECURITY: many failed to authenticate. FINDING: one came or went. CALLS is no event: what a leg had of them by the hour.
    ROUTE: where a group's new calls go on an SBC changed (subject `group@sbc`).
    """

    LEG = "leg"
    FLAPPING = "flapping"
    APPEARED = "appeared"
    VANISHED = "vanished"
    SBC = "sbc"
    RESTART = "restart"
    RELOAD = "reload"
    GROUP = "group"
    CONFIG = "config"
    ACTION = "action"
    MARK = "mark"
    WATCH = "watch"
    VERDICT = "verdict"
    EGRESS = "egress"
    TARGETS = "targets"
    SECURITY = "security"
    FINDING = "finding"
    CALLS = "calls"
    ROUTE = "route"
    OTHER = "other"


class Event(Struct, frozen=True):
    """One thing that happened to `subject` (a leg's id, the name of an SBC, a group, a config).

    `before` and `after` are states as words, empty where there is none. `seq` orders events, also where the wall
    clock was set back; 0 until it is stored.
    """

    at: float
    kind: EventKind
    subject: Safe
    sentence: Safe
    before: Safe = Safe("")
    after: Safe = Safe("")
    severity: Severity = Severity.NONE
    detail: Safe = Safe("")
    seq: int = 0


class Sample(Struct, frozen=True):
    """One leg at one poll, asked for at `at`; None: not known. `interval_s`: seconds between polls as configured."""

    at: float
    interval_s: float
    state: LegState
    registration: RegSignal
    probe: ProbeSignal
    rtt_ms: float | None = None
    channels: int | None = None
    cps: float | None = None


class Range(Struct, frozen=True):
    """The least, the mean and the most of what was measured; of a single sample all three are equal."""

    low: float
    mean: float
    high: float


class Point(Struct, frozen=True):
    """A leg from `at` for `span_s` seconds: one poll, or a summary of `polls` of them.

    `state` is the worst of them, `down` how many were DOWN; `registration` and `probe` are the last. None: not
    known at any of them.
    """

    at: float
    span_s: float
    state: LegState
    registration: RegSignal
    probe: ProbeSignal
    polls: int = 1
    down: int = 0
    rtt_ms: Range | None = None
    channels: Range | None = None
    cps: Range | None = None

    @property
    def until(self) -> float:
        """When what it stands for ends."""
        return self.at + self.span_s


class Series(Struct, frozen=True):
    """What is kept of `leg` from `since` to `until`, oldest first; where no point stands nothing is known.

    Full polls where they are young, summaries of 5 minutes and of an hour where they are old (see `Point.span_s`).
    `why` says why there is no history, empty where there is one.
    """

    leg: str
    since: float
    until: float
    points: tuple[Point, ...] = ()
    why: Safe = Safe("")

    def columns(self, count: int) -> tuple[Point | None, ...]:
        """Return `count` equal stretches of time, each as one point, None where nothing is known: a gap."""
        width = (self.until - self.since) / count if count > 0 else 0.0
        if width <= 0:
            return (None,) * max(count, 0)
        held: list[list[Point]] = [[] for _ in range(count)]
        for point in self.points:
            first = int((point.at - self.since) // width)
            last = max(math.ceil((point.until - self.since) / width) - 1, first)
            for index in range(max(first, 0), min(last, count - 1) + 1):
                held[index].append(point)
        return tuple(
            summary(self.since + index * width, width, points) if points else None
            for index, points in enumerate(held)
        )


class Events(Struct, frozen=True):
    """Events, oldest first. `whole` False: there are older ones that were asked for and left out; `why` as in Series."""

    events: tuple[Event, ...] = ()
    whole: bool = True
    why: Safe = Safe("")


class Known(Struct, frozen=True):
    """A state that lasts: what a leg, an SBC or a group (`kind`) was last known to be, and since when, None unknown."""

    kind: EventKind
    subject: Safe
    state: Safe
    since: float | None = None


class LastKnown(Struct, frozen=True):
    """A leg when it was last looked at: its hard state, since when that lasted (None not known), and the last poll."""

    leg: Safe
    state: LegState
    since: float | None
    last: Sample | None = None


class Memory(Struct, frozen=True):
    """What an earlier run knew last; `seen` is when it last wrote anything, None where there was none."""

    legs: tuple[LastKnown, ...] = ()
    known: tuple[Known, ...] = ()
    seen: float | None = None


class Findings(Struct, frozen=True):
    """What is to be kept: events, samples by leg, states that last, and subjects whose state is not known any more."""

    events: tuple[Event, ...] = ()
    samples: tuple[tuple[str, Sample], ...] = ()
    known: tuple[Known, ...] = ()
    forgotten: tuple[Known, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.events or self.samples or self.known or self.forgotten)


Hours = dict[int, tuple[int, int]]
"""Calls by the hour: (attempts, answers) by hours since 1970."""

DAYS_OF_HOURS = 8
"""Days of hours that are kept: what is usual at this hour takes seven."""

_MOST_HOURS = 24 * DAYS_OF_HOURS
_HOUR = re.compile(r"(\d{1,7}):(\d{1,9})/(\d{1,9})", re.ASCII)


def hours_text(hours: Mapping[int, tuple[int, int]]) -> Safe:
    """Return calls by the hour as they are kept: `498791:100/31 498792:96/30`, the newest of them that count still."""
    newest = max(hours, default=0)
    kept = sorted(hour for hour in hours if hour > newest - _MOST_HOURS)
    return clean(" ".join(f"{hour}:{hours[hour][0]}/{hours[hour][1]}" for hour in kept), LINE_LIMIT)


def hours_of(text: str) -> Hours:
    """Read `hours_text`; what is none is passed over, for a file may hold anything."""
    found = (_HOUR.fullmatch(word) for word in text.split(" "))
    read = ((int(one[1]), int(one[2]), int(one[3])) for one in found if one is not None)
    return {hour: (attempts, answered) for hour, attempts, answered in read if answered <= attempts}


def event_of(
    at: float,
    kind: EventKind,
    subject: str,
    sentence: str,
    before: str = "",
    after: str = "",
    severity: Severity = Severity.NONE,
    detail: str = "",
) -> Event:
    """Return an event whose texts are cleaned."""
    return Event(
        at=at,
        kind=kind,
        subject=clean(subject),
        sentence=clean(sentence, LINE_LIMIT),
        before=clean(before),
        after=clean(after),
        severity=severity,
        detail=clean(detail),
    )


def about(event: Event, selector: str, trunks: Container[str] = ()) -> bool:
    """Tell whether an event is about `selector`: a leg, a trunk, an SBC, a group, or a pattern with * over these.

    `trunks`: those of the carrier that it names; an event knows of no carrier.
    """
    trunk, at, sbc = event.subject.rpartition("@")
    names = (event.subject, trunk, sbc) if at else (event.subject,)
    return (bool(at) and trunk in trunks) or any(fnmatchcase(name, selector) for name in names)


def points_of(samples: Iterable[Sample]) -> tuple[Point, ...]:
    """Return samples, oldest first, as points: each stands until the next, but not longer than GAP_FROM polls."""
    listed = list(samples)
    found: list[Point] = []
    for index, one in enumerate(listed):
        span_s = GAP_FROM * one.interval_s
        if index + 1 < len(listed):
            span_s = min(span_s, max(listed[index + 1].at - one.at, 0.0))
        found.append(
            Point(
                at=one.at,
                span_s=span_s,
                state=one.state,
                registration=one.registration,
                probe=one.probe,
                down=int(one.state is LegState.DOWN),
                rtt_ms=_single(one.rtt_ms),
                channels=_single(one.channels),
                cps=_single(one.cps),
            )
        )
    return tuple(found)


def summary(at: float, span_s: float, points: list[Point]) -> Point:
    """Return at least one point as a single one that stands from `at` for `span_s` seconds."""
    last = max(points, key=lambda point: point.at)
    return Point(
        at=at,
        span_s=span_s,
        state=min((point.state for point in points), key=WORST_FIRST.index),
        registration=last.registration,
        probe=last.probe,
        polls=sum(point.polls for point in points),
        down=sum(point.down for point in points),
        rtt_ms=_together([(point.rtt_ms, point.polls) for point in points]),
        channels=_together([(point.channels, point.polls) for point in points]),
        cps=_together([(point.cps, point.polls) for point in points]),
    )


def _single(value: float | None) -> Range | None:
    return None if value is None else Range(value, value, value)


def _together(parts: list[tuple[Range | None, int]]) -> Range | None:
    known = [(part, polls) for part, polls in parts if part is not None]
    if not known:
        return None
    weight = sum(polls for _, polls in known)
    return Range(
        min(part.low for part, _ in known),
        sum(part.mean * polls for part, polls in known) / weight,
        max(part.high for part, _ in known),
    )
