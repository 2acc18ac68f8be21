"""`audit` and `audit verify`: who did what to which trunk, and whether the log of it is whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

import click

from trunktui.cli.listing import ShownByDefault
from trunktui.cli.options import printed_as, since_s
from trunktui.cli.output import encodable
from trunktui.cli.session import Session
from trunktui.model.audit import Entry
from trunktui.model.text import clean

FLAWED = 1
"""The log was altered, or cannot be read."""


@click.group(
    name="audit",
    cls=ShownByDefault,
    options_metavar="",
    subcommand_metavar="[--since TIME] [--format FORM] [SELECTOR] | verify",
    epilog="The options of the list: trunktui audit show --help",
)
def audit_group() -> None:
    """Show who did what to which trunk and how it ended, or check the log of it."""


@audit_group.command(name="show")
@click.argument("selector", required=False)
@click.option("--since", metavar="TIME", help="Only the last TIME: 30m, 8h, 7d.")
@printed_as(
    "table",
    "json",
    "csv",
    what="What to print: a row per action, or every entry as JSON (trunktui.audit/1) or CSV.",
)
@click.pass_obj
def show(session: Session, selector: str | None, since: str | None, form: str) -> int:
    """Print the audit log, newest last (this is what `audit` does).

    SELECTOR is a leg (trunk@sbc), a trunk, an SBC, a carrier, an account, or a pattern with * over these.
    """
    from trunktui.store.audit import AuditError, AuditLog
    from trunktui.store.verify import verify
    from trunktui.store.who import who_am_i

    within_s = None if since is None else since_s(since)
    log = AuditLog(session.config().state_dir, who_am_i(os.environ), lambda: datetime.now(UTC))
    try:
        entries = log.read() if within_s is None else iter(log.recent(within_s))
        shown = _print(entries, selector, form)
        whole = verify(log.path).whole
    except AuditError as error:
        click.echo(f"trunktui: {error}", err=True)
        return FLAWED
    if not shown:
        about = "" if selector is None else f' about "{clean(selector)}"'
        click.echo(f"nothing{about} in {log.path}", err=True)
    if not whole:
        click.echo(f"{log.path} was tampered with; see: trunktui audit verify", err=True)
    return 0


@audit_group.command(name="verify")
@click.pass_obj
def verify_log(session: Session) -> int:
    """Check that no entry was altered, removed, moved or put in.

    Exits with 0 when the chain is whole, 1 when it is not or the log cannot be read. Entries cut off at the end
    cannot be seen in the file: compare the last hash with syslog.
    """
    from trunktui.store.audit import FILE_NAME, AuditError
    from trunktui.store.verify import verify

    path = session.config().state_dir / FILE_NAME
    try:
        report = verify(path)
    except AuditError as error:
        click.echo(f"trunktui: {error}", err=True)
        return FLAWED
    for finding in report.findings:
        click.echo(encodable(str(finding)))
    if report.not_told:
        click.echo(f"and {report.not_told} findings more")
    count = "1 entry" if report.entries == 1 else f"{report.entries} entries"
    click.echo(f"{'ok' if report.whole else 'NOT WHOLE'}: {count} ({path})")
    if report.last is not None:
        click.echo(f"last: {report.last.seq} {report.last.hash} of {clean(report.last.at)}")
    click.echo(
        "note: a cut-off tail cannot be seen here: compare the last hash with syslog (journalctl -t trunktui -n 1)"
    )
    return 0 if report.whole else FLAWED


def _print(entries: Iterable[Entry], selector: str | None, form: str) -> bool:
    """Print the entries; tell whether there was one."""
    from trunktui.present.audit import audit_csv, audit_json, audit_table, chosen, deeds

    count = 0

    def counted() -> Iterable[Entry]:
        nonlocal count
        for entry in chosen(entries, selector):
            count += 1
            yield entry

    if form == "table":
        rows = deeds(counted())
        if rows:
            click.echo(encodable(audit_table(rows, datetime.astimezone)), nl=False)
    else:
        for piece in (audit_json if form == "json" else audit_csv)(counted()):
            sys.stdout.write(encodable(piece))
    return count > 0
