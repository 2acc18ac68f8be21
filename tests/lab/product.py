"""The product as it runs for an operator, engine process and all, against the lab's SBC."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from trunktui import wiring
from trunktui.config.load import load
from trunktui.engine.client import EngineFeed
from trunktui.model.health import LegState, RegSignal
from trunktui.model.snapshot import LegStatus, SbcStatus, Snapshot
from trunktui.present.freshness import shown

from .lab import ADDRESS, Lab

HEAD = """
[poll]
interval = "{interval}"

[[carrier]]
name = "alpha"

[[carrier]]
name = "beta"
"""
SBC = """
[[sbc]]
name = "{name}"
platform = "asterisk"
host = "{host}"
ignore = ["customer*", "phone*"]
[sbc.ssh]
user = "{user}"
port = {lab.port}
identity = "{lab.key}"
known_hosts = "{lab.known_hosts}"
{run_as}
{more}
"""
TRUNKS = """
[[trunk]]
name = "acme-primary"
carrier = "alpha"
auth = "registration"
dial = "aor"
sbcs = {sbcs}
cap = { channels = 10 }

[[trunk]]
name = "ipauth-beta"
carrier = "beta"
auth = "ip"
dial = "aor"
sbcs = {sbcs}

[[trunk]]
name = "hybrid-gamma"
carrier = "alpha"
auth = "hybrid"
dial = "uri"
sbcs = {sbcs}

[[group]]
name = "us-outbound"
trunks = ["acme-primary", "ipauth-beta"]
"""
FLEET = """
[[trunk]]
name = "beta-overflow"
carrier = "beta"
auth = "ip"
dial = "uri"
sbcs = ["lab-2"]

[health]
stale_min_s = 15.0
"""


def write_config(
    lab: Lab,
    folder: Path,
    *,
    user: str = "noc",
    interval: str = "5s",
    run_as: bool = True,
    more: str = "",
    node: str = "sbc1",
) -> Path:
    """Write a config for one SBC and return its path; `lab-1` is `sbc1`. `more` is TOML that follows [sbc.ssh]."""
    sbc = _sbc(lab, node, user=user, run_as=run_as, more=more)
    return _written(folder, interval, [sbc], [_name(node)])


def write_fleet_config(lab: Lab, folder: Path, *, interval: str = "5s", more: str = "") -> Path:
    """Write a config for both SBCs of the lab, each with SSH and SNMP, and return its path.

    `lab-2` is `sbc2`; `more` is TOML that follows [health]. A trunk that both have is one with two legs.
    """
    snmp = snmp_table(folder)
    sbcs = [_sbc(lab, "sbc1", more=snmp), _sbc(lab, "sbc2", more=snmp)]
    return _written(folder, interval, sbcs, [_name("sbc1"), _name("sbc2")], FLEET + more)


def snmp_table(folder: Path, *, privacy: str = "lab-priv-noc") -> str:
    """Return [sbc.snmp] for the lab's agents, and lay its secrets in files in `folder`."""
    for name, secret in (("auth", "lab-auth-noc"), ("priv", privacy)):
        (folder / name).write_text(f"{secret}\n")
        (folder / name).chmod(0o600)
    return f"""
[sbc.snmp]
user = "noc"
auth = {{ protocol = "SHA-256", secret = "file:{folder}/auth" }}
privacy = {{ protocol = "AES-128", secret = "file:{folder}/priv" }}
extend = ["ast-regs"]
"""


def _sbc(lab: Lab, node: str, *, user: str = "noc", run_as: bool = True, more: str = "") -> str:
    login = 'run_as = "asterisk"' if run_as else ""
    return SBC.format(lab=lab, name=_name(node), host=ADDRESS[node], user=user, run_as=login, more=more)


def _name(node: str) -> str:
    return f"lab-{node[-1]}"


def _written(folder: Path, interval: str, sbcs: list[str], names: list[str], more: str = "") -> Path:
    path = folder / "config.toml"
    trunks = TRUNKS.replace("{sbcs}", json.dumps(names))
    path.write_text("".join([HEAD.format(interval=interval), *sbcs, trunks, more]))
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
        """The first SBC, or the only one."""
        return self.snapshot.sbcs[0]

    def sbc_named(self, name: str) -> SbcStatus:
        """Return one SBC of several."""
        return next(sbc for sbc in self.snapshot.sbcs if sbc.name == name)

    def states(self, leg_ids: Iterable[str]) -> set[LegState | None]:
        """Return the states that these legs have now."""
        return {self.state(leg_id) for leg_id in leg_ids}

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
        return "\n".join([*(f"{sbc.name}: {sbc.reason}" for sbc in self.snapshot.sbcs), *legs])


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
