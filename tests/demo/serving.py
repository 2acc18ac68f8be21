"""Runs a simulated fleet in the test's own process and asks it as the product does."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from trunktui.config.load import Config, load
from trunktui.demo.__main__ import serving
from trunktui.demo.world import World
from trunktui.wiring import KNOWN_PLATFORMS


class Served(NamedTuple):
    """A fleet that can be polled: its config, and the second of the simulation."""

    config: Config
    clock: Callable[[], float]


@asynccontextmanager
async def served(world: World, folder: Path, starts_at: float = 0.0) -> AsyncIterator[Served]:
    """Serve `world` while inside, from second `starts_at` of the simulation on."""
    began = time.monotonic() - starts_at

    def clock() -> float:
        return time.monotonic() - began

    folder.mkdir(mode=0o700, exist_ok=True)
    async with serving(world, folder, clock) as path:
        yield Served(load(path, {}, KNOWN_PLATFORMS), clock)
