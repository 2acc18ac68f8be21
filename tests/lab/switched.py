"""What the tests of switches share: a fleet whose groups have routes, load by SIPp, the commands, and a desk in hand."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from trunktui import wiring, wiring_actions
from trunktui.actions.desk import Desk
from trunktui.cli.polled import Looks, looking
from trunktui.cli.switch_run import needed_for
from trunktui.config.load import load
from trunktui.model.action import Consent, Plan, Sweep
from trunktui.model.audit import Who
from trunktui.model.switch import SwitchKind, Wish

from .lab import ADDRESS, CARRIER_A, CARRIER_B, HERE, RUN_DIR, Lab, wait_for
from .product import environment, one_shot

DOMESTIC, TOLLFREE, POOL = "us-domestic", "us-tollfree", "pool"
"""Groups: told by an AstDB key on sbc1 (or sbc2), by a global of sbc2, by a dispatcher's set of sbc3."""

FIT = 4
"""Channels that ipauth-beta may have: less than the load on acme-primary."""

HEAD = """
[poll]
interval = "{interval}"
[history]
enabled = true
[[carrier]]
name = "alpha"
[[carrier]]
name = "beta"
"""
SBC = """
[[sbc]]
name = "{name}"
platform = "{platform}"
host = "{host}"
ignore = ["customer*", "phone*"]
write = true
[sbc.ssh]
user = "noc"
port = {lab.port}
identity = "{lab.key}"
known_hosts = "{lab.known_hosts}"
run_as = "{platform}"
"""
KEYED = """
[[trunk]]
name = "acme-primary"
carrier = "alpha"
auth = "registration"
sbcs = ["{sbc}"]
[[trunk]]
name = "ipauth-beta"
carrier = "beta"
auth = "ip"
sbcs = ["{sbc}"]
{cap}
[[trunk]]
name = "hybrid-gamma"
carrier = "alpha"
auth = "hybrid"
sbcs = ["{sbc}"]
{protect}
[[group]]
name = "us-domestic"
trunks = ["acme-primary", "ipauth-beta", "hybrid-gamma"]
[group.switch]
asterisk = {{ astdb = "trunk/us-domestic/carrier" }}
"""
VARIABLE = """
[[trunk]]
name = "toll-alpha"
carrier = "alpha"
auth = "registration"
sbcs = { "lab-2" = "acme-primary" }
[[trunk]]
name = "toll-beta"
carrier = "beta"
auth = "ip"
sbcs = { "lab-2" = "beta-overflow" }
[[group]]
name = "us-tollfree"
trunks = ["toll-alpha", "toll-beta"]
[group.switch]
asterisk = { global = "TRUNK_US_TOLLFREE" }
"""
SET = """
[[trunk]]
name = "kam-alpha"
carrier = "alpha"
auth = "ip"
sbcs = { "lab-3" = "carrierA" }
[[trunk]]
name = "kam-beta"
carrier = "beta"
auth = "ip"
sbcs = { "lab-3" = "carrierB" }
[[group]]
name = "pool"
trunks = ["kam-alpha", "kam-beta"]
[group.switch]
kamailio = { dispatcher_set = 1 }
"""


def fleet(
    lab: Lab, folder: Path, *nodes: str, keyed: str = "sbc1", interval: str = "5s", more: bool = False
) -> Path:
    """Write a config for these SBCs and their groups, in a folder that is made; the us-domestic one is on `keyed`.

    `more`: ipauth-beta takes FIT channels, and hybrid-gamma is protected.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = [HEAD.format(interval=interval)]
    for node in nodes:
        platform = "kamailio" if node == "sbc3" else "asterisk"
        parts.append(SBC.format(lab=lab, name=name_of(node), host=ADDRESS[node], platform=platform))
    if keyed in nodes:
        cap, protect = (f"cap = {{ channels = {FIT} }}", "protect = true") if more else ("", "")
        parts.append(KEYED.format(sbc=name_of(keyed), cap=cap, protect=protect))
    if "sbc2" in nodes and keyed != "sbc2":
        parts.append(VARIABLE)
    if "sbc3" in nodes:
        parts.append(SET)
    path = folder / "config.toml"
    path.write_text("".join(parts))
    path.chmod(0o600)
    return path


def name_of(node: str) -> str:
    """Return what the configs call an SBC of the lab."""
    return f"lab-{node[-1]}"


# -- calls


class Load:
    """Calls of the customer that come all the time."""

    def __init__(self, sipp: subprocess.Popen[bytes], hold_s: float) -> None:
        self._sipp = sipp
        self._hold_s = hold_s

    def ended_well(self) -> bool:
        """Let no more calls begin, wait for the end of those there are; whether every call was held as it should be."""
        self._sipp.send_signal(signal.SIGUSR1)
        return self._sipp.wait(timeout=self._hold_s + 30) == 0


@contextmanager
def load_on(node: str, group: str, *, rate: int, hold_s: float, most: int, port: int) -> Iterator[Load]:
    """Have `rate` calls a second begin through an SBC over a group, `most` at a time, each held `hold_s`.

    One that the SBC hangs up before, or refuses, is a failed one. `port` is the customer's, one for each load.
    """
    with tempfile.TemporaryDirectory(dir=RUN_DIR) as folder:
        sipp = subprocess.Popen(
            [
                "ip", "netns", "exec", "ttl-cust", "sipp", f"{ADDRESS[node]}:5060", "-sf", str(HERE / "sipp/call.xml"),
                "-i", "10.77.0.31", "-mi", "10.77.0.31", "-p", str(port), "-s", "15551230001", "-key", "trunk", group,
                "-m", "100000", "-l", str(most), "-r", str(rate), "-d", str(int(hold_s * 1000)), "-nostdin",
            ],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield Load(sipp, hold_s)
        finally:
            sipp.kill()
            sipp.wait(timeout=5)


def calls_up(lab: Lab, trunk: str, node: str = "sbc1") -> set[str]:
    """Return the channels of answered calls over an endpoint of an Asterisk."""
    rows = [row.split("!") for row in lab.asterisk_cli("core show channels concise", node).splitlines()]
    return {
        row[0] for row in rows if row[0].startswith(f"PJSIP/{trunk}-") and len(row) > 4 and row[4] == "Up"
    }


@contextmanager
def invites_from(node: str) -> Iterator[Callable[[], tuple[int, int]]]:
    """Count the INVITEs that carriers A and B get from one SBC inside the block."""
    name = f"ttl_from_{node}"
    rule = f"ip saddr {ADDRESS[node]} udp dport 5060 @th,64,48 0x494e56495445 counter name sip"
    table = (
        f"add table inet {name}\nadd counter inet {name} sip\n"
        f"add chain inet {name} in {{ type filter hook input priority -11; }}\nadd rule inet {name} in {rule}\n"
    )

    def nft(carrier: str, *words: str, script: str | None = None) -> str:
        argv = ["ip", "netns", "exec", f"ttl-{carrier}", "nft", *words]
        return subprocess.run(argv, input=script, capture_output=True, text=True, check=True).stdout

    def counted(carrier: str) -> int:
        found = re.search(r"packets (\d+)", nft(carrier, "list", "counter", "inet", name, "sip"))
        assert found is not None
        return int(found[1])

    for carrier in (CARRIER_A, CARRIER_B):
        nft(carrier, "-f", "-", script=table)
    try:
        yield lambda: (counted(CARRIER_A), counted(CARRIER_B))
    finally:
        for carrier in (CARRIER_A, CARRIER_B):
            nft(carrier, "delete", "table", "inet", name)


def key(lab: Lab, node: str = "sbc1") -> str | None:
    """Return the AstDB key of us-domestic by Asterisk's own word; None: not set."""
    found = re.search(
        r"^Value: (.*)$", lab.asterisk_cli("database get trunk us-domestic/carrier", node), re.MULTILINE
    )
    return found[1] if found else None


def set_key(lab: Lab, value: str, node: str = "sbc1") -> None:
    """Set the AstDB key of us-domestic by hand."""
    lab.asterisk_cli(f"database put trunk us-domestic/carrier {value}", node)


# -- the product


def told(config: Path, *args: str, deadline_s: float = 150.0) -> tuple[int, dict[str, Any]]:
    """Run a switch command as JSON; return its exit code and the document."""
    done = subprocess.run(
        [sys.executable, "-m", "trunktui", "--config", str(config), *args, "--format", "json"],
        capture_output=True, text=True, timeout=deadline_s, check=False, env=environment(config.parent),
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def agreed(group: str) -> tuple[str, ...]:
    """Return the options by which an operator agrees."""
    return "--yes", "--reason", "lab", "--name", group


def guard(rulings: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return what one guard says in a document."""
    return next(ruling for ruling in rulings if ruling["guard"] == name)


def events(config: Path, kind: str) -> list[dict[str, Any]]:
    """Return the events of a kind that `trunktui events` prints."""
    done = one_shot(config, "events", "--kind", kind, "--format", "json")
    return list(json.loads(done.stdout)["events"]) if done.stdout else []


def audit(folder: Path) -> list[dict[str, Any]]:
    """Return the records of the audit log in a folder of state, oldest first."""
    found = sorted(folder.glob("state/**/audit.jsonl"))
    return [json.loads(line)["record"] for path in found for line in path.read_text().splitlines()]


class Hand:
    """A desk over polled SBCs, as a command makes it, that can be used step by step.

    Its calendar is one of the audit log's guards alone: `later` puts it ahead, so that the pause between two switches of
    a group and the rate of an operator are over. Everything else is the product's: polls, guards, lock, gate, log.
    """

    def __init__(self, desk: Desk, looks: Looks, ahead: list[timedelta]) -> None:
        self.desk = desk
        self._looks = looks
        self._ahead = ahead

    async def look(self, *names: str) -> None:
        """Poll SBCs."""
        await self._looks.again(names)

    def later(self) -> None:
        """Let the guards take it for ten minutes later."""
        self._ahead[0] += timedelta(minutes=11)

    async def prepared(
        self, group: str, to: str, consent: Consent, window_s: float = 60.0, hold_s: int | None = None
    ) -> Sweep:
        """Return a switch as it would run; calls are waited for `window_s`, the lock held on for `hold_s`, None: as shipped."""
        sweep = await self.desk.prepare_switch(Wish(SwitchKind.SWITCH, group, to), consent)

        def hurried(plan: Plan) -> Plan:
            return replace(plan, window_s=window_s, lock_hold_s=hold_s or plan.lock_hold_s)

        parts = tuple(
            part if part.plan is None else replace(part, plan=hurried(part.plan)) for part in sweep.parts
        )
        return replace(sweep, parts=parts)


@asynccontextmanager
async def hand_on(config_path: Path, group: str, name: str, host: str) -> AsyncIterator[Hand]:
    """Give the desk of operator `name` on jump host `host`; what he does is kept beside the config."""
    config = load(config_path, environment(config_path.parent), wiring.KNOWN_PLATFORMS)
    fleet_, ahead = wiring.new_fleet(config), [timedelta()]
    who = Who(name, 1000, None, None, None, None, None, host, os.getpid())
    async with looking(config, fleet_, needed_for(config.inventory, group)) as looks:
        desk = wiring_actions.action_desk(
            config, fleet_, looks._askers, who, always_unlocked=True, look_again=looks.again
        )
        world = replace(desk._world, wall=lambda: datetime.now(UTC) + ahead[0])
        yield Hand(Desk(world), looks, ahead)


def until(happens: Callable[[], bool], what: str, deadline_s: float = 40.0) -> float:
    """Wait for something; return the seconds it took."""
    return wait_for(happens, deadline_s, what)
