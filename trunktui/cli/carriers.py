"""`carriers`: what each carrier is now, and what its death would do."""

from __future__ import annotations

import sys
import time

import click

from trunktui.cli.output import encodable
from trunktui.cli.session import Session
from trunktui.cli.status import collected


@click.command()
@click.pass_obj
def carriers(session: Session) -> int:
    """Ask every SBC once and print each carrier: its state, and where its groups would land if it died now.

    Groups that would land on the same account share its room. The load is what is in use at this moment: the
    dashboard, which watches, takes the peak of the last 15 minutes. docs/headroom.md has the rules; status --format
    json has the same as data.

    Exits with 0 once it has printed.
    """
    from trunktui.present.carriers import carriers_table

    snapshot = collected(session.config())
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = carriers_table(snapshot, time.monotonic(), ascii_only=not utf8)
    click.echo(encodable(text), nl=False)
    return 0
