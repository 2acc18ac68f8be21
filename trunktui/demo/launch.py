"""Starts the simulator as a process of its own and makes sure that nothing of it stays. Loads no SSH library."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import asyncio  # loaded late: every command reads this file, few run a loop

START_S = 20.0
"""Seconds in which the simulator must be ready; it takes about one."""

_END_S = 2.0


class SimulatorError(Exception):
    """The simulator did not start; the text says what to do."""


class Simulator:
    """The simulator's process, running while inside `with`; `config` is then the path of its config.

    It ends when its stdin does, so it goes with this process however that ends. `fleet` asks for a uniform one
    of so many SBCs and legs on each, in place of the newcomer's.
    """

    def __init__(
        self, seed: int, speed: float, environment: Mapping[str, str], fleet: tuple[int, int] | None = None
    ) -> None:
        self._argv = [sys.executable, "-P", "-m", "trunktui.demo", "--seed", str(seed), "--speed", str(speed)]
        if fleet is not None:
            self._argv += ["--sbcs", str(fleet[0]), "--legs", str(fleet[1])]
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self.config = Path()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
            env=dict(self._environment),
        )
        ready = False
        try:
            self.config = self._await_config(time.monotonic() + START_S)
            ready = True
        finally:
            if not ready:
                self.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The simulator's process id; raises ValueError while there is none."""
        if self._process is None:
            raise ValueError("the simulator is not running")
        return self._process.pid

    async def lines(self) -> asyncio.StreamReader:
        """Return what the simulator says from now on, as a stream of lines (a `tips.Teller`)."""
        import asyncio

        reader = asyncio.StreamReader()
        pipe = None if self._process is None else self._process.stdout
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        return reader

    def close(self) -> None:
        """End the simulator: at the end of its stdin, else by force; its folder goes in any case."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        for end in (None, process.terminate, process.kill):
            if end is not None:
                end()
            try:
                process.wait(_END_S)
                break
            except subprocess.TimeoutExpired:
                continue
        if process.stdout is not None:
            process.stdout.close()
        if self.config.name:
            shutil.rmtree(self.config.parent, ignore_errors=True)

    def _await_config(self, deadline: float) -> Path:
        line = b""
        while not line.endswith(b"\n"):
            byte = self._byte(deadline - time.monotonic())
            if not byte:
                raise SimulatorError("the simulated fleet did not start; to see why: python -m trunktui.demo")
            line += byte
        word, _, path = os.fsdecode(line).strip().partition(" ")
        if word != "config":
            raise SimulatorError(f"the simulator said {word!r} instead of where its config is")
        return Path(path)

    def _byte(self, left_s: float) -> bytes:
        """Return the next byte the simulator writes; empty at its end, or when the time is over."""
        pipe = None if self._process is None else self._process.stdout
        if pipe is None or not select.select([pipe], [], [], max(left_s, 0.0))[0]:
            return b""
        return pipe.read(1)
