"""`status` and `check`: ask every SBC once, print what it means, leave."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import click

from trunktui.cli.options import printed_as
from trunktui.cli.output import encodable
from trunktui.cli.session import Session
from trunktui.config.load import Config
from trunktui.model.snapshot import Snapshot
from trunktui.model.switch import Switched
from trunktui.model.text import clean

BUDGET_S = 25.0
"""Seconds for the polls together: a command ends within 30, starting and printing included."""


@click.command()
@printed_as(
    "table",
    "json",
    "csv",
    what="What to print: a table, the JSON document trunktui.status/1, or its legs as CSV.",
)
@click.pass_obj
def status(session: Session, form: str) -> int:
    """Ask every SBC once and print the state of every leg.

    Exits with 0 once it has printed, whatever the states are.
    """
    config = session.config()
    snapshot = collected(config)
    now = time.monotonic()
    wall = datetime.now(UTC)
    for note in (snapshot.marks, snapshot.records):
        if note.notice:
            click.echo(encodable(f"trunktui: {note.notice}"), err=True)
    switched = (
        _switched(config, now) if form == "table" and any(one.active for one in snapshot.groups) else ()
    )
    click.echo(encodable(_rendered(snapshot, form, now, wall, switched)), nl=False)
    return 0


@click.command()
@click.argument("selector", required=False)
@click.option("--per-leg", is_flag=True, help="Let every leg count, also where its group has another path.")
@click.option(
    "--all", "without_marks", is_flag=True, help="Let what is in maintenance or acknowledged count, too."
)
@click.pass_obj
def check(session: Session, selector: str | None, per_leg: bool, without_marks: bool) -> int:
    """Ask every SBC once and print one line for a monitoring system.

    SELECTOR is a leg (trunk@sbc), a trunk, an SBC, or a pattern with * over these; left out: everything.

    Exits with 0 when all is well, 1 on warnings, 2 on major faults (an unreachable SBC included),
    3 when the state is not known. A login that was refused is not tried again for 15 minutes.

    What is in maintenance or acknowledged is named with its state, and counts as 0 unless --all is given.
    """
    from trunktui.present.verdict import NothingSelectedError
    from trunktui.present.verdict import check as judge

    snapshot = collected(session.config(), by_itself=True)
    try:
        verdict = judge(snapshot, time.monotonic(), selector, per_leg, marks=not without_marks)
    except NothingSelectedError as error:
        near = f"; the nearest are {', '.join(error.nearest)}" if error.nearest else ""
        text = f'no leg, trunk or SBC matches "{clean(error.selector)}"{near}'
        raise click.ClickException(text) from error
    if snapshot.marks.notice:
        click.echo(f"trunktui: {snapshot.marks.notice}", err=True)
    click.echo(encodable(verdict.line))
    return int(verdict.code)


def table(snapshot: Snapshot, now: float, switched: tuple[Switched, ...] = ()) -> str:
    """Return the fleet at monotonic second `now` as a table that standard output can take."""
    from trunktui.present.table import status_table

    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return status_table(snapshot, now, ascii_only=not utf8, switched=switched)


def _switched(config: Config, now: float) -> tuple[Switched, ...]:
    """Return who switched groups where they go, by this host's audit log; a log that cannot be read tells nothing."""
    from trunktui.actions.past import past_of
    from trunktui.actions.switching import STANDING_S, standing
    from trunktui.store.audit import AuditError, AuditLog
    from trunktui.store.who import who_am_i

    log = AuditLog(config.state_dir, who_am_i(os.environ), lambda: datetime.now(UTC))
    try:
        return standing(past_of(log.recent(STANDING_S), datetime.now(UTC)), now)
    except AuditError as error:
        click.echo(encodable(f"trunktui: who switched groups is not known: {error}"), err=True)
        return ()


def _rendered(
    snapshot: Snapshot, form: str, now: float, wall: datetime, switched: tuple[Switched, ...]
) -> str:
    from trunktui.present.document import status_document, to_json
    from trunktui.present.sheet import to_csv

    if form == "table":
        return table(snapshot, now, switched)
    document = status_document(snapshot, now, wall)
    return to_json(document) if form == "json" else to_csv(document)


def collected(config: Config, *, by_itself: bool = False) -> Snapshot:
    """Ask every SBC once, telling on a terminal how far it is; return the judged fleet."""
    from trunktui import wiring

    with _Progress(len(config.inventory.sbcs), shown=sys.stderr.isatty()) as progress:
        return wiring.collect(config, BUDGET_S, progress.tell, by_itself=by_itself)


class _Progress:
    """One line on stderr that says how far the polls are, wiped at the end; nothing unless `shown`."""

    def __init__(self, sbcs: int, shown: bool) -> None:
        self._sbcs = sbcs
        self._shown = shown

    def __enter__(self) -> Self:
        self.tell(0, self._sbcs)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)

    def tell(self, answered: int, asked: int) -> None:
        """Say that `answered` of `asked` SBCs are done."""
        if self._shown:
            noun = "SBC" if asked == 1 else "SBCs"
            click.echo(f"\rasking {asked} {noun} ... {answered} answered\x1b[K", nl=False, err=True)
