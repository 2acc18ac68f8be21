"""What every command starts from: which config was asked for, and how to get at it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from trunktui.config.load import Config, load


@dataclasses.dataclass(frozen=True)
class Session:
    """One command line's surroundings: what `--config`, `--theme` and `--write` said, None where they did not."""

    config_path: Path | None
    env: Mapping[str, str]
    theme: str | None = None
    write: bool = False

    def config(self) -> Config:
        """Load the config. Raises ConfigError with everything that is wrong with it."""
        from trunktui import wiring

        return load(self.config_path, self.env, wiring.KNOWN_PLATFORMS)
