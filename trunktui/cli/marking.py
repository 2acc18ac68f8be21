"""`maintenance` and `ack`: what operators say of alarms, from the command line; no dashboard needs to run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from trunktui.cli.completing import names_of_config, open_marks
from trunktui.cli.options import printed_as
from trunktui.cli.output import encodable
from trunktui.cli.session import Session
from trunktui.cli.status import collected
from trunktui.model.health import SEVERITY_RANK, Severity
from trunktui.model.marks import ACKNOWLEDGED_SCOPES, LONGEST, Ack, Kept, Maintenance, Mark, Scope, Target
from trunktui.model.text import clean
from trunktui.model.window import parse_moment, parse_window

if TYPE_CHECKING:
    from trunktui.config.load import Config
    from trunktui.model.audit import Who
    from trunktui.model.snapshot import Snapshot
    from trunktui.store.marks import MarkBook

NOT_DONE = 1
"""Nothing was marked or ended: stderr says why."""

_LOUD = [one.value for one in Severity if one not in {Severity.NONE, Severity.INDETERMINATE}]
_TARGET = """SELECTOR is a leg (trunk@sbc), a trunk, an SBC, a carrier or a group; where one name means several of
these, write sbc:NAME, trunk:NAME, carrier:NAME or group:NAME."""

_form = printed_as("text", "json", what="What to print: lines, or the JSON document trunktui.marks/1.")
_why = click.option("--reason", required=True, metavar="TEXT", help="Why; every operator reads it.")
_all = click.option("--all", "everything", is_flag=True, help="Those that are over, too (30 days back).")


@click.group(name="maintenance")
def maintenance_group() -> None:
    """Keep alarms from being raised while somebody works; states are shown all the same.

    It has an end, and is shared by all who use the same state folder.
    """


@maintenance_group.command(name="add", epilog=_TARGET)
@click.argument("selector", shell_complete=names_of_config)
@click.option("--for", "for_", metavar="TIME", help="How long: 90m, 2h, 1h30m, 3d; at most 30d.")
@click.option(
    "--until", metavar="WHEN", help="Its end: 23:30 or 2026-11-25T23:30, UTC unless it names a zone."
)
@click.option("--from", "from_", metavar="WHEN", help="Its beginning, as --until; left out: now.")
@_why
@_form
@click.pass_obj
def add_maintenance(
    session: Session,
    selector: str,
    for_: str | None,
    until: str | None,
    from_: str | None,
    reason: str,
    form: str,
) -> int:
    """Put SELECTOR into maintenance for a time."""
    from trunktui import wiring, wiring_marks

    config, now = session.config(), wiring_marks.utc_now()
    begin, end = _span(for_, until, from_, now)
    target = _target(wiring.first_snapshot(config), selector)
    mark = Maintenance(wiring_marks.new_id(), target, begin, end, clean(_reason(reason)), _me(), now)
    return _begin(config, [mark], now, form)


@maintenance_group.command(name="list")
@_all
@_form
@click.pass_obj
def list_maintenance(session: Session, everything: bool, form: str) -> int:
    """Print the maintenance that is on or planned."""
    return _list(session.config(), Maintenance, everything, form)


@maintenance_group.command(name="end")
@click.argument(
    "names", nargs=-1, required=True, metavar="ID|NAME...", shell_complete=open_marks(Maintenance)
)
@click.pass_obj
def end_maintenance(session: Session, names: tuple[str, ...]) -> int:
    """End maintenance early, by the id that `list` prints or by what it is about."""
    return _end(session.config(), Maintenance, names)


@click.group(name="ack")
def ack_group() -> None:
    """Acknowledge alarms that somebody knows of.

    An acknowledgement covers the alarm as it was: it ends by itself once that is over, or gets louder.
    """


@ack_group.command(name="add")
@click.argument("selector", shell_complete=names_of_config)
@click.option(
    "--for", "for_", metavar="TIME", help="For no longer than 4h, 2d ...; left out: until it is over."
)
@click.option(
    "--severity",
    type=click.Choice(_LOUD),
    help="How loud it may get; left out: as loud as it is seen now. One look may see less than a dashboard does.",
)
@_why
@_form
@click.pass_obj
def add_ack(
    session: Session, selector: str, for_: str | None, severity: str | None, reason: str, form: str
) -> int:
    """Ask every SBC once, and acknowledge what is wrong with SELECTOR.

    SELECTOR is a leg (trunk@sbc), an SBC or a group, or a trunk or a pattern with * for every leg of it in alarm.
    """
    from trunktui import wiring_marks

    config = session.config()
    why, lasts = _reason(reason), _length(for_)
    snapshot = collected(config)
    now = wiring_marks.utc_now()
    alarms = _alarms(snapshot, selector)
    marks: list[Mark] = []
    for target, state, seen in alarms:
        least = seen if severity is None else max(seen, Severity(severity), key=SEVERITY_RANK.__getitem__)
        until = None if lasts is None else now + lasts
        marks.append(Ack(wiring_marks.new_id(), target, least, state, clean(why), _me(), now, until))
    return _begin(config, marks, now, form)


@ack_group.command(name="list")
@_all
@_form
@click.pass_obj
def list_acks(session: Session, everything: bool, form: str) -> int:
    """Print the acknowledgements that hold."""
    return _list(session.config(), Ack, everything, form)


@ack_group.command(name="end")
@click.argument("names", nargs=-1, required=True, metavar="ID|NAME...", shell_complete=open_marks(Ack))
@click.pass_obj
def end_ack(session: Session, names: tuple[str, ...]) -> int:
    """Take acknowledgements back, by the id that `list` prints or by what they are about."""
    return _end(session.config(), Ack, names)


def _span(for_: str | None, until: str | None, from_: str | None, now: datetime) -> tuple[datetime, datetime]:
    """Return (from, until). Raises UsageError where there is no end, two of them, or one too late."""
    if (for_ is None) == (until is None):
        raise click.UsageError("a maintenance needs an end: --for TIME or --until WHEN, one of them")
    begin = now if from_ is None else _moment("--from", from_, now)
    length = _length(for_)
    end = _moment("--until", until or "", max(begin, now)) if length is None else begin + length
    if end <= max(begin, now):
        raise click.UsageError("it would be over before it begins: see --from and --until")
    if end - begin > LONGEST:
        raise click.UsageError(f"a maintenance may last {LONGEST.days} days at most")
    return begin, end


def _moment(option: str, text: str, now: datetime) -> datetime:
    moment = parse_moment(text, now)
    if moment is None:
        raise click.UsageError(f'{option}: "{clean(text, 60)}" is no time like 23:30 or 2026-11-25T23:30')
    return moment


def _length(text: str | None) -> timedelta | None:
    if text is None:
        return None
    window = parse_window(text)
    if window is None or window.seconds is None:
        raise click.UsageError(f'--for: "{clean(text, 60)}" is no time like 90m, 2h or 3d')
    return timedelta(seconds=window.seconds)


def _reason(text: str) -> str:
    from trunktui.present.marking import checked_reason

    with _usage():
        return checked_reason(text)


def _target(snapshot: Snapshot, selector: str) -> Target:
    """Return what a selector names in the config; a leg may be one that its SBC alone knows."""
    from trunktui.present.marking import target_of, targets

    trunk, at, home = selector.rpartition("@")
    if not targets(snapshot, selector) and trunk and at and any(sbc.name == home for sbc in snapshot.sbcs):
        click.echo(
            f"note: {clean(selector)} is not in the config; taken for a trunk found on {home}", err=True
        )
        return Target(Scope.LEG, clean(selector))
    with _usage():
        return target_of(snapshot, selector)


def _alarms(snapshot: Snapshot, selector: str) -> list[tuple[Target, str, Severity]]:
    """Return (what, state, severity) of everything in alarm that a selector means. Raises ClickException."""
    from trunktui.health.overlay import alarm_of, concerns
    from trunktui.present.marking import target_of, targets

    named = targets(snapshot, selector)
    if len(named) == 1 and named[0].scope in ACKNOWLEDGED_SCOPES:
        chosen = list(named)
    elif not named and any(char in selector for char in "*?["):
        chosen = [Target(Scope.LEG, leg.id) for leg in snapshot.legs if fnmatchcase(leg.id, selector)]
    else:
        with _usage():
            target = target_of(snapshot, selector)
        chosen = [Target(Scope.LEG, leg.id) for leg in snapshot.legs if concerns(target, leg)]
    found = [(target, alarm_of(snapshot, target)) for target in chosen]
    loud = [
        (target, *alarm) for target, alarm in found if alarm is not None and alarm[1] is not Severity.NONE
    ]
    if not loud:
        state = f"; it is {found[0][1][0]}" if len(found) == 1 and found[0][1] is not None else ""
        raise click.ClickException(f'nothing of "{clean(selector)}" is in alarm{state}: see trunktui status')
    return loud


def _begin(config: Config, marks: Sequence[Mark], now: datetime, form: str) -> int:
    from trunktui.present.marks import begun, marks_json

    book = _book(config)
    kept: list[Kept] = []
    with _told() as failed:
        for mark in marks:
            kept.append(Kept(book.begin(mark, now)))  # noqa: PERF401 - those before a failure stay told
    if form == "json":
        click.echo(marks_json(kept, now), nl=False)
    else:
        for one in kept:
            click.echo(encodable(f"{begun(one.mark, now)}; to end it: {_way_out(one.mark)}"))
    return NOT_DONE if failed() else 0


def _way_out(mark: Mark) -> str:
    return f"trunktui {'maintenance' if isinstance(mark, Maintenance) else 'ack'} end {mark.id}"


def _list(config: Config, kind: type[Maintenance | Ack], everything: bool, form: str) -> int:
    from trunktui import wiring_marks
    from trunktui.present.marks import marks_json, marks_table

    now = wiring_marks.utc_now()
    marks = wiring_marks.book_of(config).read()
    if marks.note.notice:
        click.echo(f"trunktui: {marks.note.notice}", err=True)
    open_ids = {mark.id for mark in marks.open(now)}
    kept = [
        one for one in marks.kept if isinstance(one.mark, kind) and (everything or one.mark.id in open_ids)
    ]
    if form == "json":
        click.echo(marks_json(kept, now), nl=False)
    elif kept:
        utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        click.echo(encodable(marks_table(kept, now, ascii_only=not utf8)), nl=False)
    else:
        what = "maintenance is on or planned" if kind is Maintenance else "alarm is acknowledged"
        click.echo(f"no {what}", err=True)
    return 0 if marks.note.read else NOT_DONE


def _end(config: Config, kind: type[Maintenance | Ack], names: Sequence[str]) -> int:
    from trunktui import wiring_marks
    from trunktui.model.marks import EndCause

    book, now = wiring_marks.book_of(config), wiring_marks.utc_now()
    marks = book.read()
    if not marks.note.read:
        click.echo(f"trunktui: {marks.note.notice}", err=True)
        return NOT_DONE
    what = "maintenance" if kind is Maintenance else "ack"
    code = 0
    for name in names:
        ids = [mark.id for mark in marks.open(now) if isinstance(mark, kind) and name in _names(mark)]
        if not ids:
            click.echo(f'trunktui: no {what} of "{clean(name)}" is open: see trunktui {what} list', err=True)
            code = NOT_DONE
            continue
        with _told() as failed:
            for mark in book.end(ids, now, EndCause.ENDED, _me()):
                click.echo(encodable(f"{what} of {mark.target.words} ended ({mark.id})"))
        code = NOT_DONE if failed() else code
    return code


def _names(mark: Mark) -> set[str]:
    target = mark.target
    return {mark.id, target.name, f"{target.scope.value}:{target.name}"}


def _book(config: Config) -> MarkBook:
    """Return the marks, in a state folder that is there. Raises ConfigError."""
    from trunktui import wiring_marks
    from trunktui.config.files import make_state_dir

    make_state_dir(config.state_dir)
    return wiring_marks.book_of(config)


@contextmanager
def _told() -> Iterator[Callable[[], bool]]:
    """Say on one line why marks could not be written; what is given tells whether that was so."""
    from trunktui.store.marks import MarksError

    failures: list[MarksError] = []
    try:
        yield lambda: bool(failures)
    except MarksError as error:
        failures.append(error)
        click.echo(encodable(f"trunktui: {error}"), err=True)


@contextmanager
def _usage() -> Iterator[None]:
    """Turn what marks nothing into a usage error."""
    from trunktui.present.marking import MarkingError

    try:
        yield
    except MarkingError as error:
        raise click.ClickException(str(error)) from error


def _me() -> Who:
    from trunktui.store.who import who_am_i

    return who_am_i(os.environ)
