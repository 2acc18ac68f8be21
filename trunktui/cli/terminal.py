"""What a command needs of the terminal before it opens the screen."""

from __future__ import annotations

import os
import sys

import click


def need_terminal(instead: str) -> None:
    """Raise a usage error unless a screen can be drawn; it names `instead`, the command that needs none."""
    streams = (sys.stdin, sys.stdout, sys.stderr)  # each is None where it was closed before we began
    if not all(stream is not None and stream.isatty() for stream in streams):
        raise click.ClickException(f"the dashboard needs a terminal; without one use: {instead}")
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise click.ClickException(
            f"the dashboard needs a terminal that can place text; set TERM, or use: {instead}"
        )
