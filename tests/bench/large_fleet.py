"""Measures the whole program on 100 simulated SBCs with 20 legs each: CPU, memory, and key to frame while polling.

The SBCs answer over SSH on this machine; what the simulator itself costs is told apart.
"""

from __future__ import annotations

import os
import statistics
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from tests.tui.terminal_session import TerminalSession
from trunktui.demo.launch import Simulator
from trunktui.wiring import engine_environment

SBCS, LEGS = 100, 20
INTERVAL = "10s"
SIZE = (160, 45)
WATCHED_S = 30.0
KEYS = 60
_TICKS = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """CPU seconds so far and resident MiB of one process."""

    cpu_s: float
    memory_mib: float


def cost(pid: int) -> Cost:
    """Return what a process used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return Cost(
        (int(fields[11]) + int(fields[12])) / _TICKS, int(fields[21]) * os.sysconf("SC_PAGESIZE") / 2**20
    )


def child_of(pid: int) -> int:
    """Return the one child of a process: the dashboard's engine."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()[0])


def key_to_frame(session: TerminalSession, keys: int) -> list[float]:
    """Press `j` again and again; return the ms until the frame that shows the cursor on its new row."""
    found = []
    session.press(
        "g"
    )  # the cursor keeps its leg: where that was in doubt at first, it is not on the first row now
    session.read_until_shown(f" 1 of {SBCS * LEGS}")
    for n in range(2, keys + 2):
        session.read_for(0.15)
        began = time.monotonic()
        session.press("j")
        wanted, arrived = f" {n} of {SBCS * LEGS}", began
        while wanted not in session.display():
            assert arrived - began < 10, f"{wanted} never shown"
            session.read_some()
            arrived = time.monotonic()
        found.append((arrived - began) * 1000)
    return found


def main() -> int:
    """Print the figures."""
    environment = engine_environment()
    with ExitStack() as stack:
        simulator = stack.enter_context(Simulator(1, 1.0, environment, fleet=(SBCS, LEGS)))
        config = simulator.config
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace('interval = "5s"', f'interval = "{INTERVAL}"'), encoding="utf-8")
        began = time.monotonic()
        session = stack.enter_context(
            TerminalSession(["-m", "trunktui", "--config", str(config)], size=SIZE, environ=environment)
        )
        session.read_until_shown(f"{SBCS * LEGS} up", 120)
        print(
            f"fleet: {SBCS} SBCs x {LEGS} legs, asked every {INTERVAL}: all known after {time.monotonic() - began:.1f} s"
        )
        screen, engine = session.process.pid, child_of(session.process.pid)
        pids = {"screen": screen, "engine": engine, "simulator": simulator.pid}
        session.read_for(5)
        before = {name: cost(pid) for name, pid in pids.items()}
        written = session.read_for(WATCHED_S)
        for name, pid in pids.items():
            now = cost(pid)
            share = 100 * (now.cpu_s - before[name].cpu_s) / WATCHED_S
            print(f"fleet: {name:<9} {share:5.1f} % of a core, {now.memory_mib:.0f} MiB")
        print(f"fleet: {written / WATCHED_S:.0f} bytes/s to the terminal")
        took = sorted(key_to_frame(session, KEYS))
        p90 = took[int(0.9 * len(took))]
        print(f"fleet: key to frame p50 {statistics.median(took):.1f}, p90 {p90:.1f}, most {took[-1]:.1f} ms")
        session.press("q")
        session.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
