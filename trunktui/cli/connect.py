"""`connect`: the dashboard on one SBC without a config, or its table once; says what to do where that fails."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path

import click

from trunktui.cli.output import encodable_toml
from trunktui.cli.session import Session
from trunktui.cli.terminal import need_terminal
from trunktui.config.address import Address, Wishes, config_of, config_text, parse_address
from trunktui.config.load import Config
from trunktui.model.inventory import AUTO
from trunktui.model.link import SshState
from trunktui.model.observation import AppState, Observation
from trunktui.model.snapshot import Snapshot
from trunktui.model.text import clean
from trunktui.present.words import software as software_of

BUDGET_S = 25.0
"""Seconds for the first look: login and every command."""

UNAVAILABLE = 69
"""The SBC cannot be watched (EX_UNAVAILABLE); stderr says why and what to do."""

_WATCHABLE = frozenset({AppState.ANSWERING, AppState.STARTING})
_LETS_IN = {"Asterisk": "console", "Kamailio": "control socket"}
"""What sudo to the software's own user lets a login use."""

_LINE = 1024
_INTERVAL = "30s"


@click.command()
@click.argument("url", metavar="URL")
@click.option(
    "--identity", "-i", multiple=True, metavar="PATH", help="The private key to use; may be repeated."
)
@click.option("--known-hosts", metavar="PATH", help="The file that holds the SBC's host key.")
@click.option(
    "--platform",
    metavar="NAME",
    help="What runs there: asterisk, freeswitch or kamailio; left out, that is found out.",
)
@click.option(
    "--run-as", metavar="USER", help="Ask it through `sudo -n -u USER`: usually asterisk, or kamailio."
)
@click.option("--interval", default=_INTERVAL, show_default=True, metavar="TIME", help="How often to poll.")
@click.option("--once", is_flag=True, help="Print the table once instead of opening the dashboard.")
@click.option(
    "--print-config", is_flag=True, help="Print the config that would do the same, and connect nowhere."
)
@click.pass_obj
def connect(
    session: Session,
    url: str,
    identity: tuple[str, ...],
    known_hosts: str | None,
    platform: str | None,
    run_as: str | None,
    interval: str,
    once: bool,
    print_config: bool,
) -> int:
    """Watch the trunks of one SBC, without a config: it finds them by itself, and changes nothing.

    URL is ssh://user@host[:port]; an IPv6 address stands in brackets. Keys, agent, jump hosts and known_hosts
    are those that ssh itself would use. A host key that is not known is never accepted; the message says how to
    check and add it.

    Exits with 69 when the SBC cannot be watched, and says on stderr why and what to do.
    """
    if session.config_path is not None:
        raise click.UsageError("connect takes no config; leave --config out")
    address = parse_address(url)
    text = config_text(
        address, Wishes(identity, known_hosts, run_as, interval, platform), session.env, Path.cwd()
    )
    from trunktui import wiring

    config = config_of(text, address, session.env, wiring.KNOWN_PLATFORMS)
    if print_config:
        click.echo(encodable_toml(text), nl=False)
        return 0
    if not once:
        need_terminal("trunktui connect --once URL")
    snapshot, seen = _first_look(config, address)
    again = _command_line(url, identity, known_hosts, interval, platform, once)
    if (trouble := _trouble(snapshot, seen, address, run_as, again)) is not None:
        click.echo(f"trunktui: {clean(trouble, _LINE)}", err=True)
        return UNAVAILABLE
    if not once:
        return wiring.dashboard(config, session.theme, write=session.write)
    from trunktui.cli.status import table

    click.echo(table(snapshot, time.monotonic()), nl=False)
    return 0


def _first_look(config: Config, address: Address) -> tuple[Snapshot, Observation | None]:
    """Poll once and tell on stderr how far it is: one line that is wiped on a terminal, else a line each."""
    from trunktui import wiring

    terminal = sys.stderr.isatty()
    platform = config.inventory.sbcs[0].platform
    next_step = "finding out what runs there" if platform == AUTO else f"asking {software_of(platform)}"

    def tell(words: str) -> None:
        click.echo(f"\r{words}\x1b[K" if terminal else words, nl=not terminal, err=True)

    tell(f"connecting to {address} ...")
    try:
        return wiring.first_look(config, BUDGET_S, lambda: tell(f"logged in, {next_step} ..."))
    finally:
        if terminal:
            click.echo("\r\x1b[K", nl=False, err=True)


def _trouble(
    snapshot: Snapshot, seen: Observation | None, address: Address, run_as: str | None, again: str
) -> str | None:
    """Say why there is nothing to watch, and what to do; None when there is. `again` is this command line."""
    link = snapshot.sbcs[0].link
    if link.state is SshState.PENDING:
        return f"{address} did not answer within {BUDGET_S:.0f} s; try again, or log in by hand to see where it hangs"
    if link.state is not SshState.OK or seen is None:
        return link.reason
    if seen.app in _WATCHABLE:
        return None
    if seen.app is not AppState.NOT_PERMITTED:
        return f"logged in to {address}, but there is nothing to watch: {seen.app_reason}"
    software = software_of(snapshot.sbcs[0].platform)
    if run_as is not None:
        return f"logged in to {address}, but {software} cannot be asked as {run_as}: {seen.app_reason}"
    lets_in = _LETS_IN.get(software)
    if lets_in is None:
        return f"logged in to {address}, but this login may not ask {software}: {seen.app_reason}"
    # sudo is not tried unasked: where it refuses, it reports the login to the SBC's administrator.
    return (
        f"logged in to {address}, but this login may not use {software}'s {lets_in}: {seen.app_reason}; "
        f"where sudo lets it: {again} --run-as {software.lower()}"
    )


def _command_line(
    url: str,
    identity: tuple[str, ...],
    known_hosts: str | None,
    interval: str,
    platform: str | None,
    once: bool,
) -> str:
    """Return this command without `--run-as`, to be typed again."""
    words = ["trunktui", "connect", url]
    words += [word for key in identity for word in ("--identity", key)]
    words += ["--known-hosts", known_hosts] if known_hosts is not None else []
    words += ["--interval", interval] if interval != _INTERVAL else []
    words += ["--platform", platform] if platform is not None else []
    return shlex.join([*words, "--once"] if once else words)
