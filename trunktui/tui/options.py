"""What the command line and the config say about the dashboard."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct


class DashboardOptions(Struct, frozen=True):
    """What is said about the screen.

    `theme` is a shipped name or a path, None to choose by the terminal. `title` names the config.
    `log_path` is the log that an error message points to. `ascii` None: by the terminal's encoding.
    `write`: unlock write mode at the start. `finishes`: the engine goes on with an action when the screen is left.
    """

    title: str = ""
    theme: str | None = None
    log_path: Path | None = None
    write: bool = False
    ascii: bool | None = None
    finishes: bool = True
