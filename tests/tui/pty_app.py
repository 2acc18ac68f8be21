"""The real dashboard over a made-up feed, for tests on a pty: `python -m tests.tui.pty_app MODE [LOG]`."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from msgspec.structs import replace

from tests.tui.fleet_samples import PAYLOADS, all_text, fleet, hostile_fleet, never_polled
from tests.tui.pasts import FakeHistory, polls
from trunktui.model.feed import EngineStatus, FeedUpdate
from trunktui.model.health import LegState
from trunktui.model.history import Event, EventKind, Series
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import Safe, clean
from trunktui.tui.app import DashboardOptions, run_dashboard

CANARY = "hunter2-in-a-local-variable"


class OneShotFeed:
    """Gives one snapshot and then nothing; in mode `crash` it fails instead."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._snapshot = _snapshot(mode, time.monotonic())

    def initial(self) -> Snapshot:
        return never_polled(self._snapshot) if self._mode == "benign" else self._snapshot

    async def updates(self) -> AsyncIterator[FeedUpdate]:
        if self._mode == "crash":
            secret = CANARY
            await asyncio.sleep(0.3)
            raise LookupError("feed broke " + str(len(secret)))
        notice = Safe("") if self._mode != "hostile" else clean("".join(PAYLOADS))
        yield FeedUpdate(self._snapshot, EngineStatus(alive=True, notice=notice))
        await asyncio.Event().wait()

    async def close(self) -> None:
        return


class BusyFeed:
    """Changes twenty cells a second in rows that are in view: round trips and channels of healthy legs."""

    def __init__(self) -> None:
        self._snapshot = fleet(time.monotonic())

    def initial(self) -> Snapshot:
        return self._snapshot

    async def updates(self) -> AsyncIterator[FeedUpdate]:
        turn = 0
        while True:
            await asyncio.sleep(0.5)
            turn += 1
            up = [leg for leg in self._snapshot.legs if leg.state is LegState.UP]
            changing = {leg.id for leg in (up[(turn * 5 + n) % len(up)] for n in range(5))}
            legs = tuple(
                replace(
                    leg,
                    probe=replace(leg.probe, rtt_ms=20 + (turn * 7) % 60 + 0.4),
                    channels=replace(leg.channels, active=10 + turn % 50),
                )
                if leg.id in changing
                else leg
                for leg in self._snapshot.legs
            )
            self._snapshot = replace(self._snapshot, generation=turn, legs=legs)
            yield FeedUpdate(self._snapshot, EngineStatus(alive=True), frozenset(changing))

    async def close(self) -> None:
        return


class NotedHistory(FakeHistory):
    """The same eight hours for each leg; the legs that are read are noted in a file, a line each."""

    def __init__(self, notes: Path) -> None:
        super().__init__(time.time(), polls(time.time()))
        self._notes = notes

    async def series(self, leg_id: str, span_s: float) -> Series:
        with self._notes.open("a") as notes:
            notes.write(f"{leg_id}\n")
        return await super().series(leg_id, span_s)


def _snapshot(mode: str, now: float) -> Snapshot:
    if mode == "hostile":
        return hostile_fleet(now, PAYLOADS)
    if mode == "raw":
        return all_text(hostile_fleet(now, PAYLOADS), PAYLOADS)
    return hostile_fleet(now, [f"name-{n}" for n in range(len(PAYLOADS))])


def _events(mode: str) -> tuple[Event, ...]:
    """Return an event for each text that attacks, as the snapshot has them."""
    texts = [
        Safe(text) if mode == "raw" else clean(text) if mode == "hostile" else Safe(f"event {n}")
        for n, text in enumerate(PAYLOADS)
    ]
    return tuple(
        Event(time.time() - 60, EventKind.OTHER, text, text, text, text, seq=n + 1)
        for n, text in enumerate(texts)
    )


def main() -> int:
    mode = sys.argv[1]
    log = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if mode == "nohup":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    feed = BusyFeed() if mode == "busy" else OneShotFeed(mode)
    title = clean(PAYLOADS[3]) if mode in {"hostile", "raw"} else "prod-eu"
    if mode == "past":
        assert log is not None
        return run_dashboard(feed, DashboardOptions(title=title), history=NotedHistory(log))
    history = FakeHistory(time.time(), polls(time.time()), _events(mode))
    return run_dashboard(feed, DashboardOptions(title=title, log_path=log), history=history)


if __name__ == "__main__":
    raise SystemExit(main())
