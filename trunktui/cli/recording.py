"""`credentials`, `allowlist` and `restriction`: how old each is, and the recording of what people did about it."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeVar

import click

from trunktui.cli.completing import recordable, subjects_of_config
from trunktui.cli.listing import ShownByDefault, about, print_rows, snapshot_of
from trunktui.cli.options import printed_as
from trunktui.cli.output import encodable
from trunktui.cli.session import Session
from trunktui.model.finding import RecordKind
from trunktui.model.text import clean

if TYPE_CHECKING:
    from trunktui.config.load import Config
    from trunktui.model.audit import Who
    from trunktui.model.finding import Record

NOT_DONE = 1
"""Nothing was recorded or taken back: stderr says why."""

_F = TypeVar("_F", bound=Callable[..., Any])

offline = click.option(
    "--offline", is_flag=True, help="Ask no SBC: only what the config, the records and the history know."
)
_form = printed_as("table", "json", "csv", what="What to print: a table, a JSON document, or CSV.")
_on = click.option("--on", metavar="DATE", help="The day, as 2026-11-25 (UTC); left out: today.")
_note = click.option("--note", default="", metavar="TEXT", help="A word about it; never a secret.")
_undo = click.option("--undo", is_flag=True, help="Take back what was recorded last of it: it was a mistake.")


def _recording(command: _F) -> _F:
    """Add what every command takes that records something."""
    for option in (_undo, _note, _on):
        command = option(command)
    return command


@click.group(
    name="credentials",
    cls=ShownByDefault,
    options_metavar="",
    subcommand_metavar="[--offline] [--format FORM] [SELECTOR] | rotated TRUNK...",
    epilog="The options of the list: trunktui credentials show --help",
)
def credentials_group() -> None:
    """Show how old the credentials of trunks are, or record that they were changed. Never a secret."""


@credentials_group.command(name="show")
@click.argument("selector", required=False, shell_complete=subjects_of_config)
@offline
@_form
@click.pass_obj
def show_credentials(session: Session, selector: str | None, offline: bool, form: str) -> int:
    """Print the age of each trunk's credential (this is what `credentials` does).

    SELECTOR is a trunk, an SBC, a carrier, an account, or a pattern with * over these. SBCs are asked once, for
    usernames and files; one that does not answer hinders nothing.
    """
    from trunktui.present.credentials import (
        CREDENTIALS_COLUMNS,
        CREDENTIALS_SCHEMA,
        credential_rows,
        credentials_table,
        held,
        sbcs_by_trunk,
    )

    config = session.config()
    snapshot, today = snapshot_of(config, offline=offline)
    fleet = config.inventory
    sbcs = sbcs_by_trunk(snapshot.legs)
    names = {
        one.name: (one.name, *sbcs.get(one.name, ()), one.carrier or "", one.account or "")
        for one in fleet.trunks
    }
    off = frozenset(one.name for one in fleet.trunks if not one.enabled)
    ages = [
        one for one in snapshot.credentials or () if selected(names.get(one.trunk, (one.trunk,)), selector)
    ]
    rows = held(ages, sbcs, snapshot.findings or (), today, off)
    return print_rows(
        form,
        lambda ascii_only: credentials_table(rows, today, ascii_only=ascii_only),
        credential_rows(rows, today),
        (CREDENTIALS_SCHEMA, "credentials", CREDENTIALS_COLUMNS),
        today,
        f"no credential of a trunk{about(config, selector)}",
    )


@credentials_group.command(name="rotated")
@click.argument(
    "trunks", nargs=-1, required=True, metavar="TRUNK...", shell_complete=recordable(RecordKind.ROTATED)
)
@_recording
@click.pass_obj
def rotated(session: Session, trunks: tuple[str, ...], on: str | None, note: str, undo: bool) -> int:
    """Record that the credentials of TRUNKs were changed, at the carrier and on every SBC.

    Who, when and the day are kept for all who use the same state folder, and in the audit log; never the secret.
    """
    return _record(session.config(), RecordKind.ROTATED, trunks, on, note, undo=undo)


@click.group(
    name="allowlist",
    cls=ShownByDefault,
    options_metavar="",
    subcommand_metavar="[--offline] [--format FORM] [SELECTOR] | audited ACCOUNT...",
    epilog="The options of the list: trunktui allowlist show --help",
)
def allowlist_group() -> None:
    """Show when carriers' allowlists of our addresses were compared, or record that they were."""


@allowlist_group.command(name="show")
@click.argument("selector", required=False, shell_complete=subjects_of_config)
@offline
@_form
@click.pass_obj
def show_allowlists(session: Session, selector: str | None, offline: bool, form: str) -> int:
    """Print each account's allowlist: entries, limit, when it was compared, how we are seen (what `allowlist` does).

    SELECTOR is an account, a carrier, or a pattern with * over these.
    """
    from trunktui.health.findings.listing import allowlist_ages
    from trunktui.present.credentials import (
        ALLOWLISTS_COLUMNS,
        ALLOWLISTS_SCHEMA,
        allowlist_rows,
        allowlists_table,
    )

    config = session.config()
    snapshot, today = snapshot_of(config, offline=offline)
    found = allowlist_ages(snapshot, config.inventory, _records(config), today)
    ages = [one for one in found if selected((one.account, one.carrier), selector)]
    return print_rows(
        form,
        lambda ascii_only: allowlists_table(ages, today, ascii_only=ascii_only),
        allowlist_rows(ages, today),
        (ALLOWLISTS_SCHEMA, "allowlists", ALLOWLISTS_COLUMNS),
        today,
        f"no allowlist{about(config, selector)}",
    )


@allowlist_group.command(name="audited")
@click.argument(
    "accounts", nargs=-1, required=True, metavar="ACCOUNT...", shell_complete=recordable(RecordKind.AUDITED)
)
@_recording
@click.pass_obj
def audited(session: Session, accounts: tuple[str, ...], on: str | None, note: str, undo: bool) -> int:
    """Record that the allowlists of ACCOUNTs were compared with how the SBCs are seen.

    Who, when and the day are kept for all who use the same state folder, and in the audit log.
    """
    return _record(session.config(), RecordKind.AUDITED, accounts, on, note, undo=undo)


@click.group(
    name="restriction",
    cls=ShownByDefault,
    options_metavar="",
    subcommand_metavar="[--format FORM] [SELECTOR] | attested ACCOUNT...",
    epilog="The options of the list: trunktui restriction show --help",
)
def restriction_group() -> None:
    """Show when carriers attested that they take an account from our addresses only, or record that one did."""


@restriction_group.command(name="show")
@click.argument("selector", required=False, shell_complete=subjects_of_config)
@_form
@click.pass_obj
def show_restrictions(session: Session, selector: str | None, form: str) -> int:
    """Print the source restriction of each account (this is what `restriction` does); asks no SBC.

    SELECTOR is an account, a carrier, or a pattern with * over these.
    """
    from trunktui.health.findings.listing import restriction_ages
    from trunktui.present.credentials import (
        RESTRICTIONS_COLUMNS,
        RESTRICTIONS_SCHEMA,
        restriction_rows,
        restrictions_table,
    )

    config = session.config()
    snapshot, today = snapshot_of(config, offline=True)
    found = restriction_ages(snapshot, config.inventory, _records(config), today)
    ages = [one for one in found if selected((one.account, one.carrier), selector)]
    return print_rows(
        form,
        lambda ascii_only: restrictions_table(ages, today, ascii_only=ascii_only),
        restriction_rows(ages, today),
        (RESTRICTIONS_SCHEMA, "restrictions", RESTRICTIONS_COLUMNS),
        today,
        f"no source restriction{about(config, selector)}",
    )


@restriction_group.command(name="attested")
@click.argument(
    "accounts",
    nargs=-1,
    required=True,
    metavar="ACCOUNT...",
    shell_complete=recordable(RecordKind.RESTRICTED),
)
@_recording
@click.pass_obj
def attested(session: Session, accounts: tuple[str, ...], on: str | None, note: str, undo: bool) -> int:
    """Record that the carriers of ACCOUNTs confirmed to take them from our addresses only.

    Who, when and the day are kept for all who use the same state folder, and in the audit log.
    """
    return _record(session.config(), RecordKind.RESTRICTED, accounts, on, note, undo=undo)


def selected(names: Sequence[str], selector: str | None) -> bool:
    """Tell whether one of the names is meant."""
    return selector is None or any(name and fnmatchcase(name, selector) for name in names)


def _records(config: Config) -> tuple[Record, ...]:
    from trunktui import wiring_records

    return wiring_records.record_book_of(config).read().standing


def _record(
    config: Config, kind: RecordKind, subjects: Sequence[str], on: str | None, note: str, *, undo: bool
) -> int:
    from trunktui import wiring_marks, wiring_records
    from trunktui.config.faults import nearest
    from trunktui.config.files import make_state_dir
    from trunktui.model.recording import SUBJECT_WORDS, VERBS, why_no_day
    from trunktui.store.records import RecordsError

    if undo and (on is not None or note):
        raise click.UsageError("--undo takes back what was recorded last; it takes no --on and no --note")
    known = wiring_records.subjects(config, kind)
    for subject in subjects:
        if subject not in known and not undo:
            near = nearest(subject, known)
            raise click.ClickException(
                f'no {SUBJECT_WORDS[kind]} in the config is called "{clean(subject, 60)}"{near}'
            )
    now = wiring_marks.utc_now()
    day = now.date() if on is None else _day(on)
    if refused := why_no_day(day, now.date()):
        raise click.ClickException(f"--on: {refused}")
    make_state_dir(config.state_dir)
    book, who = wiring_records.record_book_of(config), _me()
    for subject in dict.fromkeys(subjects):
        try:
            if undo:
                told = _undone(book.take_back(kind, subject, who, now))
            else:
                told = _added(book.add(kind, subject, day, who, now, note), book.read().standing)
        except RecordsError as error:
            click.echo(encodable(f"trunktui: {error}"), err=True)
            return NOT_DONE
        way = "" if undo else f"; to take it back: trunktui {_COMMANDS[kind]} {VERBS[kind]} --undo {subject}"
        click.echo(encodable(f"{told}{way}"))
    return 0


_COMMANDS = {
    RecordKind.ROTATED: "credentials",
    RecordKind.AUDITED: "allowlist",
    RecordKind.RESTRICTED: "restriction",
}


def _undone(both: tuple[Record, Record | None]) -> str:
    from trunktui.model.recording import taken_back

    return taken_back(*both)


def _added(record: Record, standing: Sequence[Record]) -> str:
    """Return what was recorded, and whether a later day stands already, which is the one that counts."""
    from trunktui.model.recording import newest, said_of

    counts = newest(standing, record.kind, record.subject)
    later = (
        ""
        if counts is None or counts.day <= record.day
        else f", but {counts.day} is recorded, too, and counts"
    )
    return f"recorded: {said_of(record)}, by {record.who}{later}"


def _day(text: str) -> dt.date:
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        raise click.ClickException(f'--on: "{clean(text, 60)}" is no day like 2026-11-25') from None


def _me() -> Who:
    from trunktui.store.who import who_am_i

    return who_am_i(os.environ)
