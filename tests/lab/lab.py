"""The running lab, as tests use it: a real Asterisk SBC with real carriers, faults on demand, and the truth.

What Asterisk says through `asterisk_cli` and the SIP counters of the namespaces is independent of the product:
tests compare the product with it. Everything here needs root, and a lab made by `make lab-bootstrap`.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from .faults import CARRIER_A as CARRIER_A
from .faults import CARRIER_B as CARRIER_B
from .faults import CARRIER_SILENT as CARRIER_SILENT
from .faults import HERE as HERE
from .faults import Faults, script
from .faults import LabError as LabError

LONG = pytest.mark.skipif(
    not os.environ.get("TRUNKTUI_SOAK"), reason="long, and others show the same: TRUNKTUI_SOAK=1 runs it too"
)
"""What is left to `TRUNKTUI_SOAK=1 make lab-test`."""

RUN_DIR = Path(os.environ.get("TRUNKTUI_LAB_RUN", "/run/trunktui-lab"))
CACHE_DIR = Path(os.environ.get("TRUNKTUI_LAB_CACHE", "/var/cache/trunktui-lab"))
HOW_TO_GET_IT = "as root on Debian: make lab-bootstrap lab-test"
TOOLS = ("ip", "nft", "ss", "kamailio", "kamcmd", "sipp", "ssh", "ssh-keygen")

ADDRESS = {
    "sbc1": "10.77.0.10",
    "sbc2": "10.77.0.11",
    "sbc3": "10.77.0.12",
    CARRIER_A: "10.77.0.21",
    CARRIER_B: "10.77.0.22",
    CARRIER_SILENT: "10.77.0.23",
}
GOOD_REGISTRATIONS = (
    "Acme Telecom EU 1",
    "acme-primary",
    "acme/eu",
    "hybrid-gamma",
    "us.east-1.sip.carrier-example.net",
    "very-long-trunk-name-north-america-wholesale-carrier-alpha-0001",
    "wiz-lambda-reg-0",
)
"""sbc1's registrations that must stand when nothing is wrong with carrier A."""

_STANDING = {"sbc1": GOOD_REGISTRATIONS, "sbc2": ("acme-primary", "hybrid-gamma")}
_SILENT = frozenset({"blackhole-eps", "noqual-iota", "customer1"})

_REGISTRATION = re.compile(r"^ (.*)/(sips?:\S+)\s+.*\S\s+(\w+)\s+\(exp\. (\d+)s( ago)?\)$")
_CONTACT = re.compile(r"^\s+Contact:\s+(.*?)/(sips?:.*?)\s+[0-9a-f]{10}\s+(\w+)\s+(\S+)$")


@dataclass(frozen=True)
class Registered:
    """One row of the SBC's registrations; `due_in_s` is negative when it is past."""

    word: str
    due_in_s: int


@dataclass(frozen=True)
class ContactRow:
    """One row of the SBC's contacts; the URI may be cut off as Asterisk cuts it."""

    aor: str
    uri: str
    word: str


def missing() -> str | None:
    """Say why no lab can run here, in one line that names the way out; None when one can."""
    if os.geteuid() != 0:
        return f"the lab needs root for network namespaces; {HOW_TO_GET_IT}"
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    if lacking:
        return f"the lab lacks {', '.join(lacking)}; {HOW_TO_GET_IT}"
    if not (CACHE_DIR / "base.stamp").exists():
        return f"the lab has no Asterisk in {CACHE_DIR}; {HOW_TO_GET_IT}"
    return None


def wait_for(predicate: Callable[[], bool], deadline_s: float, what: str) -> float:
    """Poll `predicate` every 100 ms; return the seconds it took, raise LabError naming `what` after `deadline_s`."""
    start = time.monotonic()
    while not predicate():
        if time.monotonic() - start > deadline_s:
            raise LabError(f"not within {deadline_s:g} s: {what}")
        time.sleep(0.1)
    return time.monotonic() - start


async def eventually(predicate: Callable[[], bool], deadline_s: float, what: str) -> float:
    """As `wait_for`, for tests whose product runs in the same event loop."""
    start = time.monotonic()
    while not predicate():
        if time.monotonic() - start > deadline_s:
            raise LabError(f"not within {deadline_s:g} s: {what}")
        await asyncio.sleep(0.1)
    return time.monotonic() - start


class Lab(Faults):
    """The lab; `Faults` says what can be broken in it."""

    host = ADDRESS["sbc1"]
    port = 22
    user = "noc"
    key = RUN_DIR / "ssh" / "noc_ed25519"
    known_hosts = RUN_DIR / "ssh" / "known_hosts"

    @property
    def is_up(self) -> bool:
        """Whether the lab's daemons were started and answered."""
        return (RUN_DIR / "up").exists()

    def up(self) -> None:
        """Bring everything up and wait until all daemons answer; harmless when up already."""
        script("up.sh", deadline_s=120.0)

    def down(self) -> None:
        """End everything the lab started."""
        script("down.sh")

    def settle(self, deadline_s: float = 75.0) -> None:
        """Wait until every good registration stands and every contact that should answer does."""
        wait_for(
            lambda: all(map(self._is_settled, _STANDING)),
            deadline_s,
            "the lab's good trunks registered and reachable",
        )

    def _is_settled(self, sbc: str) -> bool:
        rows = self.registrations(sbc)
        if any(rows.get(name, Registered("", 0)).word != "Registered" for name in _STANDING[sbc]):
            return False
        return {row.aor for row in self.contacts(sbc) if row.word != "Avail"} <= _SILENT

    # -- the truth

    def asterisk_cli(self, command: str, node: str = "sbc1") -> str:
        """Return what `asterisk -rx COMMAND` prints, run as root on the node itself: not through SSH, not through sudo."""
        return script("fault.sh", "cli", node, command, deadline_s=15.0)

    def kamcmd(self, *words: str, node: str = "sbc3") -> str:
        """Return what Kamailio says to one method of its RPC, asked as root on this machine: not through SSH."""
        return script("fault.sh", "rpc", node, *words, deadline_s=15.0)

    def registrations(self, sbc: str = "sbc1") -> dict[str, Registered]:
        """Return an SBC's registrations by name."""
        rows = map(_REGISTRATION.match, self.asterisk_cli("pjsip show registrations", sbc).splitlines())
        return {r[1]: Registered(r[3], -int(r[4]) if r[5] else int(r[4])) for r in rows if r}

    def contacts(self, sbc: str = "sbc1") -> tuple[ContactRow, ...]:
        """Return an SBC's contacts in its own order."""
        rows = map(_CONTACT.match, self.asterisk_cli("pjsip show contacts", sbc).splitlines())
        return tuple(ContactRow(r[1], r[2], r[3]) for r in rows if r)

    def uptime_s(self) -> int:
        """Return for how long the SBC's Asterisk has been running, by its own word."""
        told = re.search(r"System uptime: (\d+)", self.asterisk_cli("core show uptime seconds"))
        return int(told[1]) if told else 0

    def contact_word(self, aor: str, node: str, sbc: str = "sbc1") -> str:
        """Return Asterisk's word for the contact of `aor` at a carrier (`Avail`, `Unavail`, `NonQual`).

        Empty when there is none, or when Asterisk cut its URI off before the address.
        """
        words = (
            row.word for row in self.contacts(sbc) if row.aor == aor and f":{ADDRESS[node]}:" in f"{row.uri}:"
        )
        return next(words, "")

    def channels(self, sbc: str = "sbc1") -> int:
        """Return how many channels an SBC has in all, by its own count."""
        counted = re.search(
            r"^(\d+) active channels?$", self.asterisk_cli("core show channels count", sbc), re.MULTILINE
        )
        if counted is None:
            raise LabError(f"{sbc} does not count its channels")
        return int(counted[1])

    def trunk_channels(self, trunk: str) -> int:
        """Return how many channels of `trunk` exist now."""
        rows = self.asterisk_cli("core show channels concise").splitlines()
        return sum(re.sub(r"-[0-9a-f]{8}$", "", row.split("!")[0]) == f"PJSIP/{trunk}" for row in rows)

    def sip_requests(self, node: str, method: str, direction: str = "in") -> int:
        """Return how many `method` (invite, options, register) requests a node took `in` or sent `out` since `up`.

        Retransmissions count; a request that a fault drops at the node counts too.
        """
        return int(script("fault.sh", "count", node, method, direction))

    def asterisk_log(self, sbc: str = "sbc1") -> str:
        """Return an SBC's whole full.log since `up`."""
        return (RUN_DIR / "nodes" / sbc / "root/var/log/asterisk/full.log").read_text(errors="replace")

    def processes(self, node: str = "sbc1") -> dict[int, str]:
        """Return the command lines of all processes in a node's namespace, by pid."""
        listed = subprocess.run(
            ["ip", "netns", "pids", f"ttl-{node}"], capture_output=True, text=True, check=True
        ).stdout.split()
        found: dict[int, str] = {}
        for pid in map(int, listed):
            try:
                found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            except (FileNotFoundError, ProcessLookupError):
                continue
        return found

    # -- logging in as the product does

    def ssh_argv(self, command: str, user: str = "noc", connect_timeout_s: int = 5) -> list[str]:
        """Return an OpenSSH command line that logs in with the lab's key and trusts the pinned host key only."""
        options = (
            "BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=yes", f"ConnectTimeout={connect_timeout_s}",
            f"UserKnownHostsFile={self.known_hosts}", "GlobalKnownHostsFile=/dev/null",
        )  # fmt: skip
        flags = [part for option in options for part in ("-o", option)]
        return [
            "ssh",
            "-F",
            "none",
            "-i",
            str(self.key),
            "-p",
            str(self.port),
            *flags,
            f"{user}@{self.host}",
            command,
        ]

    def ssh(
        self, command: str, user: str = "noc", deadline_s: float = 20.0
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` on the SBC over SSH; raise subprocess.TimeoutExpired after `deadline_s`."""
        argv = self.ssh_argv(command, user)
        return subprocess.run(
            argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=deadline_s, check=False
        )

    # -- calls

    @contextmanager
    def sipp_calls(self, trunk: str, calls: int, hold_s: float = 120.0) -> Iterator[None]:
        """Have `calls` answered calls from the customer through `trunk` inside the block; none of it stays."""
        with tempfile.TemporaryDirectory(dir=RUN_DIR) as folder:
            sipp = subprocess.Popen(
                [
                    "ip", "netns", "exec", "ttl-cust", "sipp", f"{self.host}:5060", "-sf", str(HERE / "sipp/call.xml"),
                    "-i", "10.77.0.31", "-mi", "10.77.0.31", "-p", "5060", "-s", "15551230001", "-key", "trunk", trunk,
                    "-m", str(calls), "-l", str(calls), "-r", "10", "-d", str(int(hold_s * 1000)), "-nostdin",
                ],
                cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            try:
                wait_for(
                    lambda: self._answered(trunk) == calls, 20.0, f"{calls} answered calls through {trunk}"
                )
                yield
            finally:
                self._hang_up(sipp, trunk)

    def dial(self, trunk: str, number: str, calls: int, *, hold_s: float = 0.2, rate: int = 50) -> None:
        """Have the customer make `calls` calls to `number` through `trunk`, and wait until all of them are over.

        Those that are answered last `hold_s`, those that are refused end at once. Each one echoes what it hears.
        """
        with tempfile.TemporaryDirectory(dir=RUN_DIR) as folder:
            subprocess.run(
                [
                    "ip", "netns", "exec", "ttl-cust", "sipp", f"{self.host}:5060", "-sf", str(HERE / "sipp/any.xml"),
                    "-i", "10.77.0.31", "-mi", "10.77.0.31", "-p", "5060", "-s", number, "-key", "trunk", trunk,
                    "-m", str(calls), "-l", str(calls), "-r", str(rate), "-d", str(int(hold_s * 1000)), "-nostdin",
                    "-rtp_echo", "-timeout", str(int(30 + hold_s)),
                ],
                cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60 + hold_s, check=False,
            )  # fmt: skip

    def _answered(self, trunk: str) -> int:
        rows = [row.split("!") for row in self.asterisk_cli("core show channels concise").splitlines()]
        return sum(row[0].startswith(f"PJSIP/{trunk}-") and row[4] == "Up" for row in rows if len(row) > 4)

    def _hang_up(self, sipp: subprocess.Popen[bytes], trunk: str) -> None:
        try:
            self.asterisk_cli("channel request hangup all")
            wait_for(lambda: self.trunk_channels(trunk) == 0, 10.0, f"no channel of {trunk} left")
        finally:
            sipp.terminate()
            sipp.wait(timeout=5)
