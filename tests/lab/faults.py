"""What can be broken in the lab, and mended: every fault as a method, and as a context manager that takes it back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
CARRIER_A, CARRIER_B, CARRIER_SILENT = "cara", "carb", "carc"


class LabError(Exception):
    """A script of the lab failed; the message is its one line."""


def script(name: str, *args: str, deadline_s: float = 60.0) -> str:
    """Run one of the lab's scripts and return what it printed; raise LabError with its complaint."""
    done = subprocess.run(
        [str(HERE / name), *args], capture_output=True, text=True, timeout=deadline_s, check=False
    )
    if done.returncode != 0:
        raise LabError(done.stderr.strip() or f"{name} {' '.join(args)}: exit {done.returncode}")
    return done.stdout


class Faults:
    """The lab's faults: in force until undone, or until `heal`."""

    broken = True
    """Whether anything was broken since the last `heal`; at first nobody knows."""

    def heal(self) -> None:
        """Take every fault back and start what is stopped; does not wait for trunks (`Lab.settle` does)."""
        script("fault.sh", "heal")
        self.broken = False

    def _inject(self, *args: str) -> None:
        self.broken = True
        script("fault.sh", *args)

    # -- ways

    def cut(self, node: str) -> None:
        """Pull the node's network cable."""
        self._inject("cut", node)

    def restore(self, node: str) -> None:
        """Plug the node's network cable in again."""
        self._inject("restore", node)

    def block(self, node: str, way: str) -> None:
        """Drop the node's packets each way: `all`, `management` (this machine's), `ssh`, `snmp`; `none` ends it.

        `carriers`: all of theirs, `cara`: carrier A's alone; each takes the place of the one before.
        """
        self._inject("block", node, way)

    def loss(self, node: str, percent: int) -> None:
        """Drop that share of the node's SIP packets, each way: 0 is none, 100 silence."""
        self._inject("loss", node, str(percent))

    def nat(self, node: str, address: str) -> None:
        """Have the node's UDP packets leave for the carriers under `address`, as behind a NAT; `none` ends it."""
        self._inject("nat", node, address)

    # -- carriers

    def admit(self, node: str, *addresses: str) -> None:
        """Make a carrier take SIP from these addresses of the SBCs alone, without a word to others; none: from all."""
        self._inject("admit", node, ",".join(addresses) or "all")

    def refuse(self, method: str, code: int) -> None:
        """Make carrier A answer every register, options or invite with `code`; 0 is as usual."""
        self._inject("refuse", CARRIER_A, method, str(code))

    def password(self, user: str, word: str) -> None:
        """Have carrier A know another password of a user."""
        self._inject("password", CARRIER_A, user, word)

    def mute(self, node: str) -> None:
        """Drop all RTP that the node sends: its calls are answered, and nothing is heard of it."""
        self._inject("mute", node)

    def kill_carrier(self, node: str) -> None:
        """End a carrier's SIP server with kill -9: its host is there and refuses its port."""
        self._inject("kill", node)

    def start_carrier(self, node: str) -> None:
        """Start a carrier's SIP server and wait until it answers; it knows of no registration from before."""
        self._inject("start", node)

    # -- an SBC's daemons

    def stop_asterisk(self, node: str = "sbc1") -> None:
        """End Asterisk in order."""
        self._inject("stop", node, "asterisk")

    def kill_asterisk(self, node: str = "sbc1") -> None:
        """End Asterisk with kill -9; its control socket stays behind."""
        self._inject("kill", node, "asterisk")

    def start_asterisk(self, node: str = "sbc1") -> None:
        """Start Asterisk and wait until it is fully booted."""
        self._inject("start", node, "asterisk")

    def restart_asterisk(self, node: str = "sbc1") -> None:
        """Stop and start Asterisk and wait until it is fully booted."""
        self._inject("restart", node, "asterisk")

    def freeze_asterisk(self, node: str = "sbc1") -> None:
        """Stop Asterisk's clock (SIGSTOP): it takes connections and answers nothing."""
        self._inject("freeze", node, "asterisk")

    def thaw_asterisk(self, node: str = "sbc1") -> None:
        """Let a frozen Asterisk go on."""
        self._inject("thaw", node, "asterisk")

    def kill_kamailio(self, node: str = "sbc3") -> None:
        """End Kamailio with kill -9, all of its processes; its control socket stays behind."""
        self._inject("kill", node, "kamailio")

    def start_kamailio(self, node: str = "sbc3") -> None:
        """Start Kamailio and wait until it listens."""
        self._inject("start", node, "kamailio")

    def freeze_kamailio(self, node: str = "sbc3") -> None:
        """Stop Kamailio's clock (SIGSTOP): it takes connections and answers nothing."""
        self._inject("freeze", node, "kamailio")

    def thaw_kamailio(self, node: str = "sbc3") -> None:
        """Let a frozen Kamailio go on."""
        self._inject("thaw", node, "kamailio")

    def stop_sshd(self, node: str = "sbc1") -> None:
        """End sshd and every session."""
        self._inject("stop", node, "sshd")

    def start_sshd(self, node: str = "sbc1") -> None:
        """Start sshd and wait until it listens."""
        self._inject("start", node, "sshd")

    def freeze_sshd(self, node: str = "sbc1") -> None:
        """SIGSTOP sshd and every session: the kernel takes connections, nobody sends a banner."""
        self._inject("freeze", node, "sshd")

    def thaw_sshd(self, node: str = "sbc1") -> None:
        """Let a frozen sshd go on."""
        self._inject("thaw", node, "sshd")

    def stop_snmpd(self, node: str = "sbc1") -> None:
        """End the SNMP agent: its port is refused."""
        self._inject("stop", node, "snmpd")

    def start_snmpd(self, node: str = "sbc1") -> None:
        """Start the SNMP agent and wait until it listens; Asterisk attaches again within 15 s."""
        self._inject("start", node, "snmpd")

    def freeze_snmpd(self, node: str = "sbc1") -> None:
        """SIGSTOP the SNMP agent: it takes requests and answers none."""
        self._inject("freeze", node, "snmpd")

    def thaw_snmpd(self, node: str = "sbc1") -> None:
        """Let a frozen SNMP agent go on."""
        self._inject("thaw", node, "snmpd")

    def rebuild_snmpd(self, node: str = "sbc1") -> None:
        """Give the SNMP agent a new engine ID, as a new installation does, and wait until it listens."""
        self._inject("rebuild", node, "snmpd")

    # -- inside a block

    @contextmanager
    def fault(self, inject: Callable[[], None], undo: Callable[[], None]) -> Iterator[None]:
        """Have `inject` in force inside the block: `with lab.fault(lab.freeze_sshd, lab.thaw_sshd): ...`."""
        inject()
        try:
            yield
        finally:
            undo()

    @contextmanager
    def cable_out(self, node: str) -> Iterator[None]:
        """Have the node's cable out inside the block."""
        with self.fault(lambda: self.cut(node), lambda: self.restore(node)):
            yield

    @contextmanager
    def cut_off(self, node: str, way: str = "all") -> Iterator[None]:
        """Have the node's packets dropped inside the block; `way` as in `block`."""
        with self.fault(lambda: self.block(node, way), lambda: self.block(node, "none")):
            yield

    @contextmanager
    def packet_loss(self, node: str, percent: int) -> Iterator[None]:
        """Have SIP packets of the node dropped inside the block."""
        with self.fault(lambda: self.loss(node, percent), lambda: self.loss(node, 0)):
            yield

    @contextmanager
    def carrier_dead(self, node: str) -> Iterator[None]:
        """Have a carrier's SIP server killed inside the block, and started again after it."""
        with self.fault(lambda: self.kill_carrier(node), lambda: self.start_carrier(node)):
            yield
