"""What commands share that list something of the fleet: asked now or not at all, as a table, JSON or CSV."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from trunktui.cli.completing import subjects
from trunktui.cli.output import encodable
from trunktui.cli.status import collected
from trunktui.model.text import clean

if TYPE_CHECKING:
    from trunktui.config.load import Config
    from trunktui.model.snapshot import Snapshot
    from trunktui.present.credentials import Row


class ShownByDefault(click.Group):
    """A group that runs `show` where no command of its own is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `show` in front of anything that is no command and no call for help."""
        if not args or args[0] not in {*self.commands, *self.get_help_option_names(ctx)}:
            args = ["show", *args]
        return super().parse_args(ctx, args)


def snapshot_of(config: Config, *, offline: bool) -> tuple[Snapshot, dt.date]:
    """Return the fleet with its findings, asked once or as it is known, and the day in UTC; tell what is not known."""
    from trunktui import wiring, wiring_marks, wiring_records

    snapshot = (
        wiring_records.foreseen(config, wiring.first_snapshot(config)) if offline else collected(config)
    )
    if snapshot.records.notice:
        click.echo(encodable(f"trunktui: {snapshot.records.notice}"), err=True)
    return snapshot, wiring_marks.utc_now().date()


def about(config: Config, selector: str | None) -> str:
    """Return ` about "NAME"` for a message that there is nothing, with the nearest name where there is none so called."""
    from trunktui.config.faults import nearest

    if selector is None:
        return ""
    known = subjects(config)
    near = "" if selector in known or any(char in selector for char in "*?[") else nearest(selector, known)
    return f' about "{clean(selector, 60)}"{near}'


def print_rows(
    form: str,
    table: Callable[[bool], str],
    rows: Sequence[Row],
    document: tuple[str, str, tuple[str, ...]],
    today: dt.date,
    none: str,
) -> int:
    """Print rows in a form, `document` being its schema, its list's name and columns; say `none` where there is none."""
    from trunktui.present.credentials import csv_of, json_of

    schema, name, columns = document
    if form == "json":
        click.echo(json_of(schema, name, rows, today), nl=False)
    elif form == "csv":
        for piece in csv_of(rows, columns):
            sys.stdout.write(encodable(piece))
    elif rows:
        utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        click.echo(encodable(table(not utf8)), nl=False)
    else:
        click.echo(encodable(none), err=True)
    return 0
