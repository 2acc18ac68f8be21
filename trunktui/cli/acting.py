"""`reregister`, `probe` and `verify`: what an operator may do to a leg from the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from msgspec import structs

from trunktui.cli.options import printed_as
from trunktui.cli.output import encodable
from trunktui.cli.session import Session
from trunktui.model.action import Consent, Ending, Outcome, Prepared, Statement, Verb
from trunktui.model.text import Safe, clean

if TYPE_CHECKING:
    from trunktui.actions.past import Act
    from trunktui.config.load import Config
    from trunktui.present.action import Shown

CODES = {Ending.VERIFIED: 0, Ending.ROUTED: 0, Ending.FAILED: 1, Ending.REFUSED: 2, Ending.UNVERIFIED: 3}
"""Exit code by how the action ended; a command ends with that of its last one."""

_EXITS = """Exits with 0 when it is proved, 1 when it failed, 2 when it was refused and nothing was sent, 3 when it
may have been done and there is no proof: look again, it is never sent twice by itself."""

_format = printed_as("text", "json", what="What to print: lines, or the JSON document trunktui.action/1.")


@click.command(epilog=_EXITS)
@click.argument("legs", nargs=-1, required=True, metavar="LEG...")
@click.option("--dry-run", is_flag=True, help="Print what would run and what the guards say; send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask; needs --reason.")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept in the audit log.")
@click.option("--fixed", is_flag=True, help="The credential or allowlist that was refused has been fixed.")
@click.option("--name", default="", metavar="GROUP", help="The group whose last healthy leg this is.")
@_format
@click.pass_obj
def reregister(
    session: Session,
    legs: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    reason: str,
    fixed: bool,
    name: str,
    form: str,
) -> int:
    """Make the SBC register LEG (trunk@sbc) again, and prove that it did.

    It un-registers first: inbound calls are out for some seconds. Several legs go one at a time; the first that
    is not proved ends the command. Only SBCs with `write = true` in the config are touched.
    """
    _exact(legs)
    if yes and not reason.strip():
        raise click.UsageError("--yes needs --reason TEXT: it is kept in the audit log")
    if not (yes or dry_run or interactive()):
        raise click.UsageError("nobody can be asked here: use --yes --reason TEXT, or --dry-run")
    consent = Consent(yes=yes, fixed=fixed, typed=name, reason=reason)
    return _each(session.config(), Verb.REREGISTER, legs, consent, dry_run=dry_run, form=form)


@click.command(epilog=_EXITS)
@click.argument("leg", metavar="LEG")
@click.option("--dry-run", is_flag=True, help="Print what would run and what the guards say; send nothing.")
@_format
@click.pass_obj
def probe(session: Session, leg: str, dry_run: bool, form: str) -> int:
    """Make the SBC send OPTIONS to the carrier of LEG (trunk@sbc) now, and tell the answer.

    It changes nothing, so it is not confirmed and needs no `write = true`; it is kept in the audit log.
    """
    _exact((leg,))
    return _each(session.config(), Verb.PROBE, (leg,), Consent(yes=True), dry_run=dry_run, form=form)


@click.command()
@click.argument("leg", metavar="[LEG]", required=False)
@click.pass_obj
def verify(session: Session, leg: str | None) -> int:
    """Look what became of actions that nobody saw the end of, all or those on LEG; only reads.

    What is known then is recorded. Exits with 0 when nothing is left open, else with 3.
    """
    from trunktui.cli import action_run

    config = session.config()
    with audit_errors():
        acts = [act for act in action_run.open_actions(config) if leg in (None, act.leg)]
    if not acts:
        click.echo("nothing is unfinished")
        return 0
    left = 0
    for act in acts:
        outcome = action_run.verify(config, act)
        left += outcome.ending is Ending.UNVERIFIED
        out(f"{_told(act)}: {_line(outcome)}")
    return CODES[Ending.UNVERIFIED] if left else 0


def _each(
    config: Config, verb: Verb, legs: tuple[str, ...], consent: Consent, *, dry_run: bool, form: str
) -> int:
    """Do one leg after the other, and print it; the first that is not proved is the last."""
    from trunktui.present.action import action_document, to_json

    mention_open(config)
    done: list[Shown] = []
    code = 0
    for leg in legs:
        shown, code = _one(config, verb, leg, legs, consent, dry_run=dry_run, text=form == "text")
        done.append(shown)
        if code:
            break
    if form == "json":
        click.echo(to_json(action_document(done, code)), nl=False)
    return code


def _one(
    config: Config,
    verb: Verb,
    leg: str,
    batch: tuple[str, ...],
    consent: Consent,
    *,
    dry_run: bool,
    text: bool,
) -> tuple[Shown, int]:
    from trunktui.cli import action_run

    prepared, shown = action_run.prepare(config, verb, leg, batch, consent)
    _print_plan(shown, err=not (dry_run and text))
    if dry_run:
        # What only the operator's word is missing for would run once it is given.
        return shown, 0 if prepared.wants is not None else CODES[Ending.REFUSED]
    if prepared.wants is not None and not consent.yes:
        answered = _asked(prepared, consent)
        if answered is None:
            click.echo("nothing was sent", err=True)
            return shown, CODES[Ending.REFUSED]
        consent = answered
    elif prepared.wants != ():
        outcome = action_run.refuse(config, prepared, consent)
        return _ended(shown, outcome, text=text)
    with progress() as tell:
        outcome = action_run.perform(config, prepared, consent, tell)
    return _ended(shown, outcome, text=text)


def _ended(shown: Shown, outcome: Outcome, *, text: bool) -> tuple[Shown, int]:
    if text:
        out(f"{shown.leg_id}: {_line(outcome)}")
    if outcome.ending is Ending.UNVERIFIED:
        click.echo(f"to look again, without sending: trunktui verify {shown.leg_id}", err=True)
    return structs.replace(shown, outcome=outcome), CODES[outcome.ending]


def _line(outcome: Outcome) -> str:
    return f"{outcome.ending.value} after {outcome.ended_at - outcome.began_at:.1f} s: {outcome.sentence}"


def _asked(prepared: Prepared, consent: Consent) -> Consent | None:
    """Ask the operator for what the guards want; None where the answer is no. Enter alone is no."""
    wants = prepared.wants or ()
    if Statement.FIXED in wants:
        if not click.confirm("Was the credential or the allowlist fixed meanwhile?", default=False, err=True):
            return None
        consent = structs.replace(consent, fixed=True)
    if Statement.GROUP_NAME in wants and not consent.typed:
        consent = structs.replace(consent, typed=ask("Type the group's name to go on"))
    if not consent.reason:
        consent = structs.replace(consent, reason=ask("Reason (for the audit log)"))
    if not click.confirm(f"{prepared.verb.value} {clean(prepared.leg_id)}?", default=False, err=True):
        return None
    return structs.replace(consent, yes=True)


def ask(question: str) -> str:
    """Return what is typed to a question; nothing is an answer, too."""
    typed: str = click.prompt(question, default="", show_default=False, err=True)
    return typed.strip()


def _print_plan(shown: Shown, *, err: bool) -> None:
    from trunktui.present.action import action_lines

    for heading, text in action_lines(shown):
        line = f"{heading:<18}{text}"
        click.echo(line, err=True) if err else out(line)


def out(line: str) -> None:
    """Print one line, in what the output can take."""
    click.echo(encodable(line))


def mention_open(config: Config) -> None:
    """Tell of actions that nobody saw the end of."""
    from trunktui.cli import action_run

    with audit_errors():
        for act in action_run.open_actions(config):
            click.echo(f"unfinished: {_told(act)}; look with: trunktui verify {clean(act.leg)}", err=True)


def _told(act: Act) -> str:
    return clean(f"{act.verb} {act.leg} by {act.who}, {act.ago_s / 60:.0f} min ago")


@contextmanager
def audit_errors() -> Iterator[None]:
    """Turn an audit log that cannot be read into the one line that says so."""
    from trunktui.store.audit import AuditError

    try:
        yield
    except AuditError as error:
        raise click.ClickException(f"the audit log cannot be read: {error}") from error


class _Progress:
    def __init__(self, *, terminal: bool) -> None:
        self._terminal = terminal

    def __call__(self, words: Safe) -> None:
        click.echo(f"\r{words}\x1b[K" if self._terminal else words, nl=not self._terminal, err=True)


@contextmanager
def progress() -> Iterator[_Progress]:
    """Give what tells progress on stderr: one line that is wiped in the end on a terminal, else a line each."""
    terminal = sys.stderr.isatty()
    try:
        yield _Progress(terminal=terminal)
    finally:
        if terminal:
            click.echo("\r\x1b[K", nl=False, err=True)


def _exact(legs: Sequence[str]) -> None:
    """Refuse patterns and repetitions: each leg is named, once."""
    for leg in legs:
        if any(char in leg for char in "*?[]"):
            raise click.UsageError(f"{clean(leg)!r} is a pattern: an action takes the name of each leg")
        if leg.count("@") < 1:
            raise click.UsageError(f"{clean(leg)!r} is no leg: write trunk@sbc, see `trunktui status`")
    if len(set(legs)) < len(legs):
        raise click.UsageError("a leg is named twice")


def interactive() -> bool:
    """Tell whether somebody sits there who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
