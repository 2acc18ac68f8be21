"""Runs the real dashboard over a lively made-up fleet: `python -m tests.tui.play [--legs N] [--theme T] ...`."""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

from msgspec.structs import replace

from tests.tui.fleet_samples import dead_probe, fleet, hostile_fleet, leg, never_polled, ok_probe, sbc
from trunktui.model.feed import EngineStatus, FeedUpdate
from trunktui.model.health import LegState, RegSignal, Severity, Usage
from trunktui.model.snapshot import ChannelsView, LegStatus, RegView, Snapshot
from trunktui.tui.app import DashboardOptions, run_dashboard


class LivelyFeed:
    """Polls a made-up fleet every few seconds: round trips wander, legs fail and come back.

    `still` ends the news after the first poll, as a dead engine would without saying so.
    """

    def __init__(self, snapshot: Snapshot, every_s: float, *, still: bool = False, seed: int = 7) -> None:
        self._snapshot = snapshot
        self._every_s = every_s
        self._still = still
        self._random = random.Random(seed)

    def initial(self) -> Snapshot:
        return never_polled(self._snapshot)

    async def updates(self) -> AsyncIterator[FeedUpdate]:
        await asyncio.sleep(min(self._every_s, 1.0))
        shift = time.monotonic() - self._snapshot.at
        snapshot = _moved(self._snapshot, shift)
        yield FeedUpdate(snapshot, EngineStatus(alive=True))
        while True:
            await asyncio.sleep(self._every_s)
            if not self._still:
                snapshot = self._next(snapshot)
                yield FeedUpdate(snapshot, EngineStatus(alive=True))

    async def close(self) -> None:
        return

    def _next(self, snapshot: Snapshot) -> Snapshot:
        now = time.monotonic()
        legs = tuple(one if one.sbc == "lab-1" else self._polled(one, now) for one in snapshot.legs)
        sbcs = tuple(
            box
            if box.name == "lab-1"
            else replace(box, polled_at=now, stale_at=now + 90, next_poll_at=now + self._every_s)
            for box in snapshot.sbcs
        )
        return replace(snapshot, generation=snapshot.generation + 1, at=now, legs=legs, sbcs=sbcs)

    def _polled(self, one: LegStatus, now: float) -> LegStatus:
        seen = replace(one, observed_at=now, late_at=now + 2 * self._every_s, stale_at=now + 90)
        if one.state is LegState.UP and self._random.random() < 0.01:
            return replace(
                seen,
                state=LegState.DOWN,
                severity=Severity.MAJOR,
                since_at=now,
                probe=dead_probe(3),
                reason=leg(
                    reason="3 OPTIONS unanswered; Asterisk refuses calls on this AOR (cause 3)"
                ).reason,
            )
        if one.state is LegState.DOWN and one.trunk != "alpha-us" and self._random.random() < 0.2:
            return replace(seen, state=LegState.UP, severity=Severity.NONE, since_at=now, reason=leg().reason)
        if one.state is LegState.UP:
            active = max((one.channels.active or 0) + self._random.randint(-2, 2), 0)
            return replace(
                seen,
                probe=ok_probe(max((one.probe.rtt_ms or 20) + self._random.uniform(-4, 4), 1)),
                channels=ChannelsView(Usage.NORMAL, active=active, cap=90, used=active),
                registration=RegView(RegSignal.REGISTERED, next_at=now + self._random.randint(1, 300)),
            )
        return seen


def _moved(snapshot: Snapshot, shift: float) -> Snapshot:
    """Return `snapshot` with every time moved by `shift` seconds."""

    def move(at: float | None) -> float | None:
        return None if at is None else at + shift

    legs = tuple(
        replace(
            one,
            since_at=move(one.since_at),
            observed_at=move(one.observed_at),
            late_at=move(one.late_at),
            stale_at=move(one.stale_at),
            registration=replace(one.registration, next_at=move(one.registration.next_at)),
        )
        for one in snapshot.legs
    )
    sbcs = tuple(
        replace(
            box,
            started_at=move(box.started_at),
            polled_at=move(box.polled_at),
            stale_at=move(box.stale_at),
            next_poll_at=move(box.next_poll_at),
        )
        for box in snapshot.sbcs
    )
    return replace(snapshot, at=snapshot.at + shift, legs=legs, sbcs=sbcs)


def bigger(count: int) -> Snapshot:
    """Return the sample fleet with healthy legs added up to `count`."""
    start = fleet()
    more = tuple(
        leg(f"trunk-{n:03d}", "fra-1", carrier=f"carrier-{n % 9}") for n in range(len(start.legs), count)
    )
    return replace(start, legs=(*start.legs, *more))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--legs", type=int, default=0)
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--theme")
    parser.add_argument("--still", action="store_true", help="no news after the first poll")
    parser.add_argument("--hostile", action="store_true")
    parser.add_argument("--empty", choices=["config", "asking"])
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    snapshot = hostile_fleet() if options.hostile else bigger(options.legs)
    if options.empty == "config":
        snapshot = Snapshot(0, 0.0)
    elif options.empty == "asking":
        snapshot = Snapshot(0, 0.0, sbcs=(sbc("nyc-1"), sbc("lon-2"), sbc("fra-1")))
    feed = LivelyFeed(snapshot, 1e6 if options.empty else options.every, still=options.still)
    if options.empty:
        feed.updates = _silence  # type: ignore[method-assign]
    return run_dashboard(feed, DashboardOptions(title="prod-eu", theme=options.theme, log_path=options.log))


async def _silence() -> AsyncIterator[FeedUpdate]:
    await asyncio.Event().wait()
    yield FeedUpdate(Snapshot(0, 0.0), EngineStatus(alive=True))


if __name__ == "__main__":
    raise SystemExit(main())
