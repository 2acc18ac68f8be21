"""`demo`: the dashboard over a simulated fleet, and how to go on from there."""

from __future__ import annotations

import shutil

import click

from trunktui.cli.session import Session
from trunktui.cli.terminal import need_terminal
from trunktui.demo.launch import SimulatorError
from trunktui.demo.tempo import DEFAULT_SPEED, FASTEST, SLOWEST

_END = (
    "That was a simulated fleet; nothing of it is left on this machine.",
    "To see your own SBC (Asterisk, by SSH key):",
    "",
)
_INSTALL = "  pipx install .      first: puts the command `trunktui` on your PATH"


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed is another fleet's luck.")
@click.option(
    "--speed",
    type=click.FloatRange(SLOWEST, FASTEST),
    default=DEFAULT_SPEED,
    show_default=True,
    help="How many times as fast as in earnest the fleet's timers and its troubles run.",
)
@click.option("--write", is_flag=True, help="Start in write mode (15 minutes).")
@click.pass_obj
def demo(session: Session, seed: int, speed: float, *, write: bool) -> int:
    """Show a simulated fleet with trouble on a schedule: no SBC, no config and no root needed.

    Six SBCs answer over real SSH on this machine's loopback; about two and a half minutes show everything once.
    """
    need_terminal("trunktui status")
    from trunktui import wiring

    click.echo("starting a simulated fleet ...", err=True)
    try:
        code = wiring.demo(seed, speed, session.theme, write=write or session.write)
    except SimulatorError as error:
        raise click.ClickException(str(error)) from error
    if code == 0:
        click.echo("\n".join(_ways_on()))
    return code


def _ways_on() -> tuple[str, ...]:
    """Return the last lines: how to see one's own SBC, by commands that work as they stand."""
    installed = shutil.which("trunktui") is not None
    return (
        *_END,
        *([] if installed else [_INSTALL]),
        "  trunktui connect ssh://USER@HOST    finds its trunks; needs no config",
        "  trunktui config init                writes a config: put your SBC into it",
        "  trunktui config check && trunktui",
    )
