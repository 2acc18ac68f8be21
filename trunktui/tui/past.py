"""Reads the past of the leg that is looked at, once the cursor rests on it, and keeps it drawn; nothing here waits."""

from __future__ import annotations

import asyncio
import glob
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple, Protocol

from trunktui.model.history import Events, Sample, Series
from trunktui.model.snapshot import LegStatus
from trunktui.present.cells import Line
from trunktui.present.charts import SHIFT, SPANS, WEEK, Span, View, chart_lines, fitting_span, joined
from trunktui.present.detail import spell_lines
from trunktui.present.freshness import shown, stale
from trunktui.present.spells import how_often, spells
from trunktui.tui.ports import History
from trunktui.tui.watch import FleetWatch

_SETTLE_S = 0.2
_SLOW_S = 2.0
_AGAIN_S = 60.0
_CHANGED_S = 10.0
_ON_DISK_S = 90.0
_REDRAW_S = 5.0
_REDRAWS = 2000
_READING = "reading the history ..."


class Stoppable(Protocol):
    """A piece of work that is under way."""

    def cancel(self) -> None:
        """End it."""


class _Wanted(NamedTuple):
    leg: str
    window: Span
    outages: bool

    def within(self, other: _Wanted) -> bool:
        """Tell whether what was read for `other` is enough."""
        deep = self.window.seconds <= other.window.seconds
        return self.leg == other.leg and deep and (other.outages or not self.outages)


class _Read(NamedTuple):
    wanted: _Wanted
    series: Series
    events: Events
    at: float
    since_at: float | None


class Past:
    """One for all screens. `clock` is monotonic, `utc` seconds since 1970, `local` puts a time into the reader's zone.

    `begin` starts work; `changed` is called when there is more to draw.
    """

    def __init__(
        self,
        history: History | None,
        watch: FleetWatch,
        clock: Callable[[], float],
        utc: Callable[[], float],
        local: Callable[[datetime], datetime],
        begin: Callable[[Callable[[], Coroutine[None, None, None]]], Stoppable],
        changed: Callable[[], None],
    ) -> None:
        self.local = local
        self._history = history
        self._watch = watch
        self._clock = clock
        self._utc = utc
        self._begin = begin
        self._changed = changed
        self._chosen: Span | None = None
        self._asked: _Wanted | None = None
        self._asked_at = 0.0
        self._work: Stoppable | None = None
        self._read: _Read | None = None
        self._drawn: tuple[object, tuple[Line, ...]] = (None, ())

    def utc_at(self, at: float) -> float:
        """Return monotonic second `at` as UTC."""
        return self._utc() - (self._clock() - at)

    def moment_of(self, at: float) -> datetime:
        """Return what time of day it was at monotonic second `at`, in the reader's zone."""
        return self.local(datetime.fromtimestamp(self.utc_at(at), UTC))

    def change_span(self, by: int, leg_id: str) -> Span:
        """Show a longer (1) or a shorter (-1) span from now on, and return it."""
        shown = self._span(leg_id, self._utc())
        self._chosen = SPANS[min(max(SPANS.index(shown) + by, 0), len(SPANS) - 1)]
        return self._chosen

    def leave(self) -> None:
        """Nothing is looked at any more: what is being read for it is not waited for."""
        if self._work is not None:
            self._work.cancel()
        self._work = self._asked = None

    def lines(self, leg: LegStatus, at: float, width: int, *, full: bool) -> tuple[Line, ...]:
        """Return the charts of a leg at monotonic second `at`, and begin to read what is missing for them.

        `full`: as on a page of its own, with how often it was down.
        """
        leg, old = shown(leg, at), stale(leg, at)
        self._see_to(leg, outages=full)
        now = self.utc_at(at)
        live = self._watch.samples(leg.id)
        span, why = self._span(leg.id, now), self._why(leg.id)
        read = self._of(leg.id)
        newest = live[-1].at if live else None
        of_leg = (leg.id, leg.state, leg.since_at, leg.channels, old)
        key = (
            id(read),
            *of_leg,
            newest,
            now // max(_REDRAW_S, span.seconds / _REDRAWS),
            span,
            why,
            width,
            full,
        )
        if key != self._drawn[0]:
            view = View(_NONE, span, now, self.local, why, full)
            self._drawn = (key, self._draw(leg, live, view, width, old=old))
        return self._drawn[1]

    def _draw(
        self, leg: LegStatus, live: tuple[Sample, ...], view: View, width: int, *, old: bool
    ) -> tuple[Line, ...]:
        read = self._of(leg.id)
        deepest = view.span if read is None else _longer(view.span, read.wanted.window)
        series = None if read is None else read.series
        whole = joined(leg.id, series, live, view.now - deepest.seconds, view.now)
        charts = chart_lines(leg, view._replace(series=whole), width, old=old)
        if not view.full or read is None or read.events.why or not read.wanted.outages:
            return charts
        state_since = None if leg.since_at is None else self.utc_at(leg.since_at)
        oldest = whole.points[0].at if whole.points else view.now
        window = (max(view.now - deepest.seconds, oldest), view.now)
        found = spells(read.events.events, leg.id, window, leg.state, state_since)
        return (*charts, *spell_lines(how_often(found, whole.points, deepest, view.now, self.local), width))

    def _span(self, leg_id: str, now: float) -> Span:
        """Return the span that is shown: the chosen one, else the shortest that shows all there is."""
        if self._chosen is not None:
            return self._chosen
        read, live = self._of(leg_id), self._watch.samples(leg_id)
        oldest = [one.at for one in live[:1]]
        if read is not None:
            oldest += [one.at for one in read.series.points[:1]]
        return fitting_span(min(oldest, default=None), now)

    def _of(self, leg_id: str) -> _Read | None:
        return self._read if self._read is not None and self._read.wanted.leg == leg_id else None

    def _why(self, leg_id: str) -> str:
        read = self._of(leg_id)
        if read is not None and read.series.why:
            return read.series.why
        slow = self._work is not None and self._clock() - self._asked_at >= _SLOW_S
        return _READING if slow else ""

    def _see_to(self, leg: LegStatus, *, outages: bool) -> None:
        """Begin to read where it is needed, and let go of what is being read for another leg."""
        window = _longer(self._chosen or SHIFT, WEEK if outages else SHIFT)
        wanted = _Wanted(leg.id, window, outages)
        if self._history is None:
            return
        if self._work is not None and self._asked is not None:
            if wanted.within(self._asked):
                return
            self.leave()
        if self._read is None or not wanted.within(self._read.wanted) or self._due(self._read, leg):
            self._asked, self._asked_at = wanted, self._clock()
            self._work = self._begin(partial(self._ask, self._history, wanted, leg.since_at))

    def _due(self, read: _Read, leg: LegStatus) -> bool:
        """Tell whether what was read is not enough any more, though it is for the right leg and time."""
        age = self._clock() - read.at
        if read.series.why:
            return age >= _AGAIN_S
        if leg.since_at != read.since_at and read.wanted.outages:
            return age >= _CHANGED_S
        on_disk = read.series.until - _ON_DISK_S
        return age >= _ON_DISK_S and self._watch.forgot_after(leg.id, on_disk)

    async def _ask(self, history: History, wanted: _Wanted, since_at: float | None) -> None:
        await asyncio.sleep(_SETTLE_S)  # a cursor that only passes by reads nothing
        series = await history.series(wanted.leg, wanted.window.seconds)
        events = Events()
        if wanted.outages and not series.why:
            # a leg's name may hold what a pattern would read as its own
            events = await history.events(wanted.window.seconds, glob.escape(wanted.leg))
        self._read = _Read(wanted, series, events, self._clock(), since_at)
        self._work = None
        self._changed()


_NONE = Series("", 0.0, 0.0)


def _longer(one: Span, other: Span) -> Span:
    return max(one, other, key=lambda span: span.seconds)
