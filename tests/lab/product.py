"""The product as it runs for an operator, engine process and all, against the lab's SBC."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from trunktui import wiring
from trunktui.config.load import load
from trunktui.engine.client import EngineFeed
from trunktui.model.health import LegState, RegSignal
from trunktui.model.snapshot import LegStatus, SbcStatus, Snapshot
from trunktui.present.freshness import shown

from .lab import Lab

CONFIG = """
[poll]
interval = "{interval}"

[[carrier]]
name = "alpha"

[[carrier]]
name = "beta"

[[sbc]]
name = "lab-1"
platform = "asterisk"
host = "{lab.host}"
ignore = ["customer*", "phone*"]
[sbc.ssh]
user = "{user}"
port = {lab.port}
identity = "{lab.key}"
known_hosts = "{lab.known_hosts}"
{run_as}
{more}
[[trunk]]
name = "acme-primary"
carrier = "alpha"
auth = "registration"
dial = "aor"
sbcs = ["lab-1"]
cap = {{ channels = 10 }}

[[trunk]]
name = "ipauth-beta"
carrier = "beta"
auth = "ip"
dial = "aor"
sbcs = ["lab-1"]

[[trunk]]
name = "hybrid-gamma"
carrier = "alpha"
auth = "hybrid"
dial = "uri"
sbcs = ["lab-1"]

[[group]]
name = "us-outbound"
trunks = ["acme-primary", "ipauth-beta"]
"""


def write_config(
    lab: Lab,
    folder: Path,
    *,
    user: str = "noc",
    interval: str = "5s",
    run_as: bool = True,
    more: str = "",
) -> Path:
    """Write a config for the lab's SBC and return its path; `more` is TOML that follows [sbc.ssh]."""
    path = folder / "config.toml"
    text = CONFIG.format(
        lab=lab, user=user, interval=interval, run_as='run_as = "asterisk"' if run_as else "", more=more
    )
    path.write_text(text)
    path.chmod(0o600)
    return path


def environment(folder: Path) -> dict[str, str]:
    """Return the environment for a product process that leaves nothing outside `folder`."""
    return {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "NO_COLOR": "1"}


def one_shot(config: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the product to its end."""
    return subprocess.run(
        [sys.executable, "-m", "trunktui", "--config", str(config), *args],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(config.parent),
    )


def status(config: Path) -> dict[str, Any]:
    """Return what `status --format json` prints."""
    done = one_shot(config, "status", "--format", "json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


class Watched:
    """The latest of a running engine, as a screen would show it now."""

    def __init__(self, feed: EngineFeed) -> None:
        self._feed = feed
        self.snapshot: Snapshot = feed.initial()
        self.seen: dict[str, list[LegState]] = {}
        self.reasons: dict[str, list[str]] = {}
        self.registrations: dict[str, set[RegSignal]] = {}
        self.restarts = 0

    async def follow(self) -> None:
        """Take updates for ever."""
        async for update in self._feed.updates():
            self.snapshot, self.restarts = update.snapshot, update.engine.restarts
            for leg in update.snapshot.legs:
                self.registrations.setdefault(leg.id, set()).add(leg.registration.state)
                states = self.seen.setdefault(leg.id, [])
                if not states or states[-1] is not leg.state:
                    states.append(leg.state)
                    self.reasons.setdefault(leg.id, []).append(leg.reason)

    def leg(self, leg_id: str) -> LegStatus:
        """Return one leg as it would be shown now."""
        found = next((leg for leg in self.snapshot.legs if leg.id == leg_id), None)
        assert found is not None, f"no leg {leg_id} in {[leg.id for leg in self.snapshot.legs]}"
        return shown(found, time.monotonic())

    def state(self, leg_id: str) -> LegState | None:
        """Return a leg's state, None while it is not there."""
        known = any(leg.id == leg_id for leg in self.snapshot.legs)
        return self.leg(leg_id).state if known else None

    @property
    def engine_pid(self) -> int | None:
        """The engine's process id, None while there is none."""
        return self._feed.pid

    @property
    def sbc(self) -> SbcStatus:
        """The one SBC."""
        return self.snapshot.sbcs[0]

    async def wait(self, wanted: Callable[[], bool], deadline_s: float, what: str) -> float:
        """Wait until `wanted`; return the seconds it took, fail naming `what` after `deadline_s`."""
        began = time.monotonic()
        while not wanted():
            assert time.monotonic() - began < deadline_s, (
                f"not within {deadline_s:g} s: {what}; {self._now()}"
            )
            await asyncio.sleep(0.1)
        return time.monotonic() - began

    def forget(self) -> None:
        """Begin to note states anew."""
        self.seen.clear()
        self.reasons.clear()
        self.registrations.clear()

    def _now(self) -> str:
        legs = [f"{leg.id} {leg.state.value}: {leg.reason}" for leg in self.snapshot.legs]
        return "\n".join([self.sbc.reason, *legs])


@asynccontextmanager
async def watched(config_path: Path) -> AsyncIterator[Watched]:
    """Run the engine on a config as the dashboard does, and follow it."""
    config = load(config_path, environment(config_path.parent), wiring.KNOWN_PLATFORMS)
    log = config_path.parent / "engine.log"
    feed = EngineFeed(
        wiring.engine_argv(config), wiring.first_snapshot(config), log, wiring.engine_environment()
    )
    watch = Watched(feed)
    following = asyncio.create_task(watch.follow())
    try:
        yield watch
    finally:
        await feed.close()
        following.cancel()
        await asyncio.wait([following])
        print(log.read_text() if log.exists() else "no engine log")
