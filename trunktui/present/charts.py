"""Draws one leg's past as rows of blocks and glyphs, what is on disk and the polls since joined; a missing poll is a gap.

Times are UTC in seconds. A bar is the highest of its stretch of time, a glyph the worst state in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from msgspec.structs import replace

from trunktui.model.health import WORST_FIRST, LegState, RegSignal
from trunktui.model.history import Point, Range, Sample, Series, points_of, summary
from trunktui.model.snapshot import LegStatus
from trunktui.present.cells import STATE_ROLES, Cell, Line, Role
from trunktui.present.layout import cut_line
from trunktui.present.moments import Local, clock_text, local_text
from trunktui.present.series import bars
from trunktui.present.words import (
    LONG_WORDS,
    NOT_KNOWN,
    REG_WORDS,
    STATE_GLYPHS,
    brief,
    cell_width,
    plural,
    wrap,
)

LABEL_CELLS = 15
"""What a line's label takes on the pages about a leg."""

_LEAST_CHART = 16
_MOST_CHART = 120
_FEW_POLLS = 100
_WHOLE = 0.97
_AXIS_FROM = 14
_DAY_S = 86400.0
_TOLERANCE = 0.01
_LATE = 1 / 3
"""The newest poll stands for 1.5 intervals: the next is missing once it is two old, as a leg is late then."""

_STEP = 8

_STATES = tuple(state for state in WORST_FIRST if state is not LegState.UNKNOWN)
_RANK: dict[LegState, int] = {state: rank for rank, state in enumerate(_STATES)}
_REG_STATES: dict[RegSignal, LegState] = {
    RegSignal.REGISTERED: LegState.UP,
    RegSignal.REFRESHING: LegState.UP,
    RegSignal.LATE_REFRESH: LegState.DEGRADED,
    RegSignal.OVERDUE: LegState.DEGRADED,
    RegSignal.RETRYING: LegState.DEGRADED,
    RegSignal.STARTING: LegState.DEGRADED,
    RegSignal.GAVE_UP: LegState.DOWN,
    RegSignal.UNREGISTERED: LegState.DOWN,
    RegSignal.ABSENT: LegState.DOWN,
    RegSignal.ADMIN_OFF: LegState.ADMIN_OFF,
}
_REG_LEGEND = {
    LegState.UP: REG_WORDS[RegSignal.REGISTERED],
    LegState.DEGRADED: "late",
    LegState.DOWN: "not registered",
    LegState.ADMIN_OFF: REG_WORDS[RegSignal.ADMIN_OFF],
}


class Span(NamedTuple):
    """How far back charts go."""

    words: str
    seconds: float


SPANS = (
    Span("5m", 300.0),
    Span("15m", 900.0),
    Span("1h", 3600.0),
    Span("8h", 8 * 3600.0),
    Span("24h", _DAY_S),
    Span("7d", 7 * _DAY_S),
    Span("30d", 30 * _DAY_S),
)
SHIFT = SPANS[3]
"""What is shown where nobody chose, once there is so much."""

WEEK = SPANS[5]
"""How far back a leg's page tells outages, at least."""


class View(NamedTuple):
    """What is to be drawn: one leg's `series` (see `joined`) for `span` up to `now`; `why` there is no history, if so.

    `full`: with the registration and the axis.
    """

    series: Series
    span: Span
    now: float
    local: Local
    why: str = ""
    full: bool = False


def fitting_span(oldest: float | None, now: float) -> Span:
    """Return the shortest span that shows all since `oldest`, a shift at most."""
    if oldest is None:
        return SPANS[0]
    return next((span for span in SPANS[: SPANS.index(SHIFT)] if now - oldest <= span.seconds), SHIFT)


def joined(leg_id: str, read: Series | None, live: Sequence[Sample], since: float, until: float) -> Series:
    """Return what was read and the polls seen since, each poll once, from `since` to `until`."""
    held = list(read.points) if read is not None else []
    singles = [point.at for point in held[-len(live) * 4 - 8 :] if point.polls == 1] if live else []
    newest = held[-1].at if held else None
    fresh = [
        point
        for point, sample in zip(points_of(live), live, strict=True)
        if newest is None
        or sample.at >= newest + sample.interval_s / 2
        or not any(abs(at - sample.at) < sample.interval_s / 2 for at in singles)
    ]
    points = sorted((*held, *fresh), key=lambda point: point.at)
    clipped = [
        replace(one, span_s=max(then.at - one.at, 0.0)) if one.until > then.at else one
        for one, then in pairwise(points)
    ] + points[-1:]
    inside = tuple(point for point in clipped if point.at < until and point.until > since)
    return Series(leg_id, since, until, inside)


def missing(points: Sequence[Point], until: float) -> float:
    """Return which share of the time from the first of `points` to `until` no poll stands for."""
    if not points or until <= points[0].at:
        return 0.0
    gone = 0.0
    for one, then in zip(points, (*(point.at for point in points[1:]), until), strict=True):
        gap = then - one.until
        if gap > one.span_s * (_LATE if one is points[-1] else _TOLERANCE):
            # a poll that no other follows stands for half an interval too long
            gone += gap + (one.span_s / 3 if one.polls == 1 else 0.0)
    return min(gone / (until - points[0].at), 1.0)


def chart_lines(leg: LegStatus, view: View, width: int, *, old: bool) -> tuple[Line, ...]:
    """Return the charts of a leg in lines of at most `width` cells; `old`: its values are past their time."""
    why = (_plain_line("", view.why, width),) if view.why else ()
    since = view.now - view.span.seconds
    points = [point for point in view.series.points if point.until > since and point.at <= view.now]
    if not points:
        return (*why, _plain_line("past", f"no poll in {view.span.words}", width))
    told = _Told(leg, points, view, old=old)
    figures = [(label, pick, top) for label, pick, top in _figures(leg) if told.has(pick)]
    texts = [told.texts(label) for label, _, _ in figures]
    room = _room(texts, width)
    count = min(width - LABEL_CELLS if room is None else room, _MOST_CHART)
    drawn = _Drawn(view, points, max(count, 1))
    lines: list[Line] = []
    for (label, pick, top), text in zip(figures, texts, strict=True):
        chart = Cell(drawn.bars(pick, top), Role.DIM if old else Role.LABEL, chart=True)
        lines += _with_text(label, (chart,), text, width, room)
    strips = [("state", drawn.worst(_state), LONG_WORDS)]
    if view.full:
        strips.append(("registered", drawn.worst(_registration), _REG_LEGEND))
    for label, states, words in strips:
        if label == "state" or any(states):
            lines += _with_text(label, _strip(states, old=old), (_legend(states, words),), width, room)
    if view.full:
        lines += _axis(drawn, view, width)
    return (*lines, *why)


Pick = Callable[[Point], Range | None]


def _rtt(point: Point) -> Range | None:
    return point.rtt_ms


def _channels(point: Point) -> Range | None:
    return point.channels


def _cps(point: Point) -> Range | None:
    return point.cps


def _figures(leg: LegStatus) -> tuple[tuple[str, Pick, float | None], ...]:
    """Return what has a chart, and the top of its scale where that is not the highest in view."""
    return (("RTT", _rtt, None), ("channels", _channels, leg.channels.cap), ("CPS", _cps, leg.cps.cap))


def _state(point: Point) -> LegState | None:
    return None if point.state is LegState.UNKNOWN else point.state


def _registration(point: Point) -> LegState | None:
    return _REG_STATES.get(point.registration)


class _Told:
    """What the lines say in words: of `points`, which are those in view."""

    def __init__(self, leg: LegStatus, points: list[Point], view: View, *, old: bool) -> None:
        self._all = summary(points[0].at, view.span.seconds, points)
        self._over = _over(points, view)
        self._missing = missing(points, view.now)
        self._leg = leg
        self._was = "was " if old else ""
        self._cps_now = None if points[-1].cps is None or old else points[-1].cps.mean

    def has(self, pick: Pick) -> bool:
        return pick(self._all) is not None

    def texts(self, label: str) -> tuple[str, ...]:
        """Return what stands behind the chart, the longest first."""
        leg = self._leg
        pick, unit, now = {
            "RTT": (_rtt, " ms", _whole(leg.probe.rtt_ms)),
            "channels": (_channels, "", _whole(leg.channels.active)),
            "CPS": (_cps, "", _tenths(self._cps_now)),
        }[label]
        measured = pick(self._all)
        if measured is None:
            return ("",)
        write = _tenths if label == "CPS" else _whole
        low, mean, high = write(measured.low), write(measured.mean), write(measured.high)
        cap = f" of {leg.channels.cap}" if label == "channels" and leg.channels.cap is not None else ""
        current = NOT_KNOWN if now is None else f"{self._was}{now}{unit}"
        bounds = f"{low} to {high}{unit}" if low != high else f"always {low}{unit}"
        average = f", mean {mean}" if low != high else ""
        lost, short = _lost(self._missing)
        return (
            f"{current}{cap}, {bounds}{average} in {self._over}{lost}",
            f"{current}, {bounds if now is None else bounds.removesuffix(unit)}{average} in {self._over}{short}",
            f"{current}, {bounds} in {self._over}{short}",
        )


class _Drawn:
    """Charts of `count` cells that stand still while a cell's time lasts: else each second would repaint them all."""

    def __init__(self, view: View, points: Sequence[Point], count: int) -> None:
        cell_s = view.span.seconds / count
        self.until = (view.now // cell_s + 1) * cell_s
        self.since = self.until - view.span.seconds
        self.count = count
        self._series = Series(view.series.leg, self.since, self.until, tuple(points))
        self._columns = self._series.columns(count)

    def bars(self, pick: Pick, top: float | None) -> str:
        """Return a row of blocks."""
        found = [None if column is None else pick(column) for column in self._columns]
        values = [None if one is None else one.high for one in found]
        return bars(values, max(top or 0.0, max((v for v in values if v is not None), default=0.0)))

    def worst(self, of: Callable[[Point], LegState | None]) -> list[LegState | None]:
        """Return the worst known state of each cell: as `Series.columns`, where unknown would beat degraded."""
        cell_s = (self.until - self.since) / self.count
        found = [len(_STATES)] * self.count
        for point in self._series.points:
            state = of(point)
            if state is None:
                continue
            rank = _RANK[state]
            first = max(int((point.at - self.since) // cell_s), 0)
            last = max(math.ceil((point.until - self.since) / cell_s) - 1, first)
            for index in range(first, min(last, self.count - 1) + 1):
                found[index] = min(found[index], rank)
        return [None if rank == len(_STATES) else _STATES[rank] for rank in found]


def _strip(states: list[LegState | None], *, old: bool) -> tuple[Cell, ...]:
    """Return a row of glyphs, a gap where nothing is known."""
    return tuple(
        Cell(
            (" " if state is None else STATE_GLYPHS[state]) * len(list(same)),
            Role.DIM if old or state is None else STATE_ROLES[state],
            chart=True,
        )
        for state, same in groupby(states)
    )


def _legend(states: list[LegState | None], words: dict[LegState, str]) -> str:
    """Return what the glyphs that stand in a strip mean, the worst first."""
    there = set(states)
    return "  ".join(f"{STATE_GLYPHS[state]} {words[state]}" for state in _STATES if state in there)


def _over(points: list[Point], view: View) -> str:
    """Return over what something was measured: the span, or how much of it is known."""
    if (view.now - points[0].at) >= view.span.seconds * _WHOLE:
        return view.span.words
    polls = sum(point.polls for point in points)
    return plural(polls, "poll") if polls < _FEW_POLLS else _minutes(view.now - points[0].at)


def _minutes(seconds: float) -> str:
    """Return a span of time without its seconds: it is told while it grows."""
    return f"{int(seconds // 60)}m" if seconds < 3600 else brief(seconds)


def _lost(share: float) -> tuple[str, str]:
    """Return how many polls are missing, whole and short."""
    percent = round(share * 100)
    if share <= 0.001:
        return "", ""
    text = f"{percent}%" if percent >= 1 else "under 1%"
    return f"; {text} of polls missing", f"; {text} missing"


def _room(texts: list[tuple[str, ...]], width: int) -> int | None:
    """Return how many cells a chart gets beside its text; None: the text goes below it."""
    for choice in range(max((len(text) for text in texts), default=1)):
        longest = max((cell_width(_chosen(text, choice)) for text in texts), default=0)
        room = width - LABEL_CELLS - longest - 3
        if room >= max(_LEAST_CHART, (width - LABEL_CELLS) // 4):
            return room // _STEP * _STEP  # else a figure of one digit more would move every bar
    return None


def _chosen(texts: tuple[str, ...], choice: int) -> str:
    return texts[min(choice, len(texts) - 1)]


def _with_text(
    label: str, chart: tuple[Cell, ...], texts: tuple[str, ...], width: int, room: int | None
) -> Iterable[Line]:
    """Return a chart with its text beside it, or below it where `room` is None."""
    if room is None:
        yield cut_line((_label(label), *chart), width)
        for piece in wrap(texts[0], max(width - LABEL_CELLS, 8)):
            yield _plain_line("", piece, width)
        return
    left = width - LABEL_CELLS - sum(cell_width(cell.text) for cell in chart) - 2
    text = next((one for one in texts if cell_width(one) <= left), texts[-1])
    yield cut_line((_label(label), *chart, Cell(f"  {text}", Role.DIM)), width)


def _axis(drawn: _Drawn, view: View, width: int) -> Iterable[Line]:
    """Return the times of both ends under the charts, and the same in the reader's zone where it is another."""
    dated = view.span.seconds > _DAY_S
    since, until = clock_text(drawn.since, dated=dated), clock_text(view.now, dated=dated)
    gap = drawn.count - cell_width(since) - cell_width(until)
    there = [local_text(at, view.local, dated=dated) for at in (drawn.since, view.now)]
    zone = f"; here {there[0]} to {there[1]}" if there[0] else ""
    words = f"{view.span.words}, UTC{zone}; [ ] other spans"
    if drawn.count < _AXIS_FROM or gap < 1:
        words = f"{since} to {until}, {words}"
    elif drawn.count + LABEL_CELLS + 2 + cell_width(words) <= width:
        yield _plain_line("", f"{since}{' ' * gap}{until}  {words}", width)
        return
    else:
        yield _plain_line("", f"{since}{' ' * gap}{until}", width)
    for piece in wrap(words, max(width - LABEL_CELLS, 8)):
        yield _plain_line("", piece, width)


def _plain_line(label: str, text: str, width: int) -> Line:
    return cut_line((_label(label), Cell(text, Role.DIM)), width)


def _label(text: str) -> Cell:
    return Cell(f" {text:<{LABEL_CELLS - 1}}", Role.LABEL)


def _whole(value: float | None) -> str | None:
    return None if value is None else f"{value:.0f}"


def _tenths(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"
