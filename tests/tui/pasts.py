"""A history as the screen's port gives it, made up: what is asked of it is written down, answers come when they may."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from trunktui.model.health import LegState, ProbeSignal, RegSignal, Severity
from trunktui.model.history import Event, EventKind, Events, Sample, Series, about, points_of
from trunktui.model.text import Safe

EPOCH = 1_795_615_402.0 - 10_000.0
"""UTC less the monotonic seconds of the samples: their NOW is 25 Nov 2026, 14:03:22 UTC."""

EVERY = 30.0
LEG = "alpha-us@nyc-1"


def polls(now: float, back_s: float = 8 * 3600, gap: tuple[float, float] = (0.0, 0.0)) -> tuple[Sample, ...]:
    """Return polls up to a minute before `now` (UTC): a carrier with a bad hour; `gap` seconds ago nobody polled."""
    found = []
    for n in range(int(back_s / EVERY)):
        ago = back_s - n * EVERY
        if ago < 60 or gap[1] <= ago < gap[0]:
            continue
        bad = 7200 <= ago < 9000
        down = 7800 <= ago < 8400
        found.append(
            Sample(
                at=now - ago,
                interval_s=EVERY,
                state=LegState.DOWN if down else LegState.DEGRADED if bad else LegState.UP,
                registration=RegSignal.RETRYING if bad else RegSignal.REGISTERED,
                probe=ProbeSignal.DEAD if down else ProbeSignal.OK,
                rtt_ms=None if down else 240.0 if bad else 18.0 + n % 5,
                channels=0 if down else 10 + n % 17,
            )
        )
    return tuple(found)


def changes(now: float, count: int = 4, leg: str = LEG) -> tuple[Event, ...]:
    """Return `count` pairs of events of a leg and its SBC that end two hours before `now` (UTC), oldest first."""
    found: list[Event] = []
    sbc = leg.rpartition("@")[2]
    for n in range(count):
        at = now - 8400 - (count - 1 - n) * 4000
        for after_s, kind, subject, before, after, severity, sentence in (
            (0, EventKind.LEG, leg, "up", "down", Severity.MAJOR, "OPTIONS gets no answer: 3 in a row lost"),
            (600, EventKind.LEG, leg, "down", "up", Severity.NONE, "registered; OPTIONS 21 ms"),
            (900, EventKind.RESTART, sbc, "", "", Severity.WARNING, "its software was started anew"),
            (950, EventKind.LEG, f"other@{sbc}", "up", "degraded", Severity.MINOR, "OPTIONS slow: 412 ms"),
        ):
            found.append(
                Event(
                    at + after_s,
                    kind,
                    Safe(subject),
                    Safe(sentence),
                    Safe(before),
                    Safe(after),
                    severity,
                    seq=len(found) + 1,
                )
            )
    return tuple(found)


class FakeHistory:
    """A `tui.ports.History`. While `go` is clear nothing is answered; `why` says why there is none."""

    def __init__(self, now: float, samples: Sequence[Sample] = (), events: Sequence[Event] = ()) -> None:
        self.now = now
        self.samples = samples
        self.kept = tuple(events)
        self.why = ""
        self.go = asyncio.Event()
        self.go.set()
        self.asked: list[tuple[str, float]] = []
        self.asked_events: list[tuple[str | None, int]] = []
        self.given_up = 0

    async def series(self, leg_id: str, span_s: float) -> Series:
        self.asked.append((leg_id, span_s))
        await self._answer()
        if self.why:
            return Series(leg_id, self.now - span_s, self.now, why=Safe(self.why))
        return Series(leg_id, self.now - span_s, self.now, points_of(self.samples))

    async def events(self, span_s: float, selector: str | None = None, most: int = 1000) -> Events:
        self.asked_events.append((selector, most))
        await self._answer()
        if self.why:
            return Events(why=Safe(self.why))
        found = [one for one in self.kept if selector is None or about(one, selector)]
        return Events(tuple(found[-most:]), len(found) <= most)

    async def _answer(self) -> None:
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
