"""Runs commands in this process, with a made-up fleet in place of the network."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import trunktui
from tests.fleets import sample
from trunktui.cli.main import run
from trunktui.config.load import Config
from trunktui.model.observation import Observation
from trunktui.model.snapshot import Snapshot

CONFIG = '[[sbc]]\nname = "nyc-1"\nhost = "192.0.2.1"\n[[sbc]]\nname = "lon-1"\nhost = "192.0.2.2"\n'


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


class FakeWiring(types.ModuleType):
    """Stands for `trunktui.wiring`: answers with `snapshot`, remembers what it was asked."""

    KNOWN_PLATFORMS = ("asterisk", "freeswitch", "kamailio")

    def __init__(self) -> None:
        super().__init__("trunktui.wiring")
        self.snapshot: Snapshot | None = None
        self.budgets: list[float] = []
        self.dashboards: list[tuple[str, str | None]] = []
        self.writes: list[bool] = []
        self.looks: list[Config] = []
        self.look: tuple[Snapshot, Observation | None] = (sample(), None)

    def collect(
        self,
        config: Config,
        budget_s: float,
        progress: Callable[[int, int], None],
        *,
        by_itself: bool = False,
    ) -> Snapshot:
        """Pretend to poll: tells its progress, returns the snapshot."""
        self.budgets.append(budget_s)
        asked = len(config.inventory.sbcs)
        for answered in range(1, asked + 1):
            progress(answered, asked)
        if self.snapshot is not None:
            return self.snapshot
        # The sample is of second 1000 of a clock of its own; only its ages must fit this machine's clock.
        return sample()

    def first_snapshot(self, config: Config) -> Snapshot:
        """Pretend to know the fleet from the config."""
        return self.snapshot or sample()

    def first_look(
        self, config: Config, budget_s: float, logged_in: Callable[[], None]
    ) -> tuple[Snapshot, Observation | None]:
        """Pretend to look at one SBC: what `look` holds, logged in only if anything was observed."""
        self.budgets.append(budget_s)
        self.looks.append(config)
        if self.look[1] is not None:
            logged_in()
        return self.look

    def dashboard(self, config: Config, theme: str | None, *, write: bool) -> int:
        """Pretend to be the dashboard."""
        self.dashboards.append((config.name, theme))
        self.writes.append(write)
        return 7


@pytest.fixture
def wiring(monkeypatch: pytest.MonkeyPatch) -> FakeWiring:
    """The made-up fleet, in the place where commands look for the real one; the clock stands at its second."""
    fake = FakeWiring()
    monkeypatch.setitem(sys.modules, "trunktui.wiring", fake)
    monkeypatch.setattr(trunktui, "wiring", fake, raising=False)
    monkeypatch.setattr("trunktui.cli.status.time.monotonic", lambda: 1000.0)
    return fake


@pytest.fixture
def config_path(tmp_path: Path) -> Path:
    """A sound config of two SBCs."""
    path = tmp_path / "prod.toml"
    path.write_text(CONFIG)
    path.chmod(0o600)
    return path


@pytest.fixture
def cli(wiring: FakeWiring, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run one command line and tell what came of it."""

    def call(*argv: object) -> Outcome:
        code = run([str(word) for word in argv])
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return call
