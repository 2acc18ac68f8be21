"""What every command starts from: which config was asked for, and how to get at it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from trunktui.config.load import Config, load


@dataclasses.dataclass(frozen=True)
class Session:
    """One command line's surroundings: what `--config` and `--theme` named, None where they did not."""

    config_path: Path | None
    env: Mapping[str, str]
    theme: str | None = None

    def config(self) -> Config:
        """Load the config. Raises ConfigError with everything that is wrong with it."""
        from trunktui import wiring

        return load(self.config_path, self.env, wiring.KNOWN_PLATFORMS)


def need_terminal(env: Mapping[str, str]) -> None:
    """Return where a screen can be drawn; raises ClickException with the way out where it cannot."""
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise click.ClickException("the dashboard needs a terminal; without one use: trunktui status")
    if env.get("TERM", "") in ("", "dumb"):
        raise click.ClickException(
            "the dashboard needs a terminal that can place text; set TERM, or use: trunktui status"
        )
