"""The simulator's process: `python -m trunktui.demo` serves the fleet and says on stdout where its config is.

It writes `config PATH` once it can be polled, then `tip TEXT` whenever there is something to look at. It ends at
the end of its stdin, so it cannot outlive who started it, or on SIGTERM, SIGHUP and SIGINT; its folder of keys,
config and state goes with it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from trunktui.demo import config
from trunktui.demo.plan import newcomers_fleet, uniform_fleet
from trunktui.demo.server import LOOPBACK, USER, FleetServers
from trunktui.demo.snmp_server import FleetAgents
from trunktui.demo.story import NEWCOMERS_STORY, Script
from trunktui.demo.tempo import DEFAULT_SPEED, FASTEST, SLOWEST, Tempo
from trunktui.demo.world import World

_TIP_TICK_S = 0.2


@asynccontextmanager
async def serving(world: World, folder: Path, clock: Callable[[], float]) -> AsyncIterator[Path]:
    """Serve `world` while inside, with everything that is needed to poll it in `folder`; yields the config's path.

    `clock` gives seconds of the simulation. The folder must be there and private; it is not removed here.
    """
    servers = FleetServers(world, clock)
    agents = FleetAgents(world, clock, LOOPBACK, USER)
    access = config.Access(str(folder), USER, LOOPBACK, servers.ports, agents.ports)
    _write(folder / config.IDENTITY, servers.keys.identity)
    _write(folder / config.KNOWN_HOSTS, servers.keys.known_hosts(servers.ports).encode())
    _write(folder / config.SSH_CONFIG, b"")
    _write(folder / config.COMMUNITY, agents.keys.community.encode())
    _write(folder / config.AUTH_SECRET, agents.keys.auth.encode())
    _write(folder / config.PRIVACY_SECRET, agents.keys.privacy.encode())
    today = datetime.now(UTC).date()
    _write(folder / config.CONFIG, config.config_text(world.plan, world.tempo, access, today).encode())
    async with servers.listening(), agents.answering():
        yield folder / config.CONFIG


async def simulate(world: World, say: Callable[[str], None]) -> None:
    """Serve `world` from its own folder until stdin ends or a signal comes; `say` takes lines for who started us."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await _at_end_of_stdin(stop)
    folder = Path(tempfile.mkdtemp(prefix="trunktui-demo-"))
    try:
        began = time.monotonic()
        async with (
            serving(world, folder, lambda: time.monotonic() - began) as path,
            asyncio.TaskGroup() as tasks,
        ):
            say(f"config {path}")
            telling = tasks.create_task(_tell(world, lambda: time.monotonic() - began, say, stop))
            await stop.wait()
            telling.cancel()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _tell(
    world: World, clock: Callable[[], float], say: Callable[[str], None], stop: asyncio.Event
) -> None:
    told = ""
    while True:
        tip = world.timeline.tip(clock())
        if tip != told:
            try:
                say(f"tip {tip}")
            except OSError:
                stop.set()
            told = tip
        await asyncio.sleep(_TIP_TICK_S)


async def _at_end_of_stdin(stop: asyncio.Event) -> None:
    """Set `stop` once stdin ends; one that cannot be waited for (a file, nothing) is left alone."""

    class Watch(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
            stop.set()

    with suppress(ValueError, OSError):
        with select.epoll() as probe:
            probe.register(
                sys.stdin
            )  # the loop itself finds out too late that /dev/null cannot be waited for
        await asyncio.get_running_loop().connect_read_pipe(Watch, sys.stdin)


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m trunktui.demo", description="Serve a simulated fleet.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=DEFAULT_SPEED)
    parser.add_argument(
        "--sbcs", type=int, default=0, help="a uniform fleet of so many SBCs, without trouble"
    )
    parser.add_argument("--legs", type=int, default=20, help="legs on each of them")
    parser.add_argument(
        "--snmp", action=argparse.BooleanOptionalAction, help="SNMP agents; as it is, only without --sbcs"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the simulator."""
    options = _options(argv)
    if not SLOWEST <= options.speed <= FASTEST:
        sys.stderr.write(f"--speed: must lie between {SLOWEST:g} and {FASTEST:g}, is {options.speed:g}\n")
        return 64
    if options.sbcs:
        plan = uniform_fleet(options.sbcs, options.legs, snmp=options.snmp is True)
    else:
        plan = newcomers_fleet(snmp=options.snmp is not False)
    script = Script() if options.sbcs else NEWCOMERS_STORY
    world = World(plan, script, options.seed, Tempo(options.speed), time.time())
    asyncio.run(simulate(world, _say))
    return 0


if __name__ == "__main__":
    sys.exit(main())
