"""`switch`, `failback` and `undo`: what an operator may do to a trunk group from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from msgspec import structs

from trunktui.cli.acting import CODES, ask, audit_errors, interactive, out, progress
from trunktui.cli.completing import groups_of_config, sbcs_of_config, trunks_of_config
from trunktui.cli.options import printed_as
from trunktui.cli.session import Session
from trunktui.model.action import GLASS_WORDS, Consent, Ending, Statement, Sweep, Swept
from trunktui.model.switch import SwitchKind, Undoable, Wish
from trunktui.model.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from trunktui.cli.switch_run import SwitchRun
    from trunktui.config.load import Config
    from trunktui.model.snapshot import Snapshot

_EXITS = """Exits with 0 when it is proved, or reads back and no call came in time to show it; 1 when it failed, or was
stopped after some SBCs were switched; 2 when it was refused and nothing was sent anywhere; 3 when it may have been
done and there is no proof: look again with `trunktui verify`, it is never sent twice by itself."""

_format = printed_as("text", "json", what="What to print: lines, or the JSON document trunktui.switch/1.")
_sbcs = click.option(
    "--sbc",
    "sbcs",
    multiple=True,
    metavar="SBC",
    shell_complete=sbcs_of_config,
    help="Only there; may be given again. Without it: on every SBC where the group is routed.",
)


def _consenting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options by which an operator agrees, or only looks."""
    for option in (
        _format,
        click.option("--name", default="", metavar="GROUP", help="The group's name, typed: --yes wants it."),
        click.option("--reason", default="", metavar="TEXT", help="Why; kept in the audit log."),
        click.option(
            "--break-glass",
            "glass",
            is_flag=True,
            help="Go on though the target is not sure to take the calls; an event of severity critical.",
        ),
        click.option("--yes", is_flag=True, help="Do not ask; needs --reason and --name."),
        click.option(
            "--dry-run", is_flag=True, help="Print what would run and what the guards say; send nothing."
        ),
    ):
        command = option(command)
    return command


@click.command(epilog=_EXITS)
@click.argument("group", metavar="GROUP", shell_complete=groups_of_config)
@click.option(
    "--to",
    required=True,
    metavar="TRUNK",
    shell_complete=trunks_of_config,
    help="The trunk that shall get the new calls.",
)
@_sbcs
@_consenting
@click.pass_obj
def switch(
    session: Session,
    group: str,
    to: str,
    sbcs: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    glass: bool,
    reason: str,
    name: str,
    form: str,
) -> int:
    """Send the new calls of GROUP over TRUNK, and prove it; calls in progress stay where they are.

    One SBC after the other: the next begins when the one before is proved, and the first that is not ends it. Only
    SBCs with `write = true` in the config are touched. `trunktui undo` takes it back for 15 minutes.
    """
    wish = Wish(SwitchKind.SWITCH, group, to, _once(sbcs))
    return _command(
        session, wish, Consent(yes=yes, typed=name, reason=reason, glass=glass), dry_run=dry_run, form=form
    )


@click.command(epilog=_EXITS)
@click.argument("group", metavar="GROUP", shell_complete=groups_of_config)
@_sbcs
@_consenting
@click.pass_obj
def failback(
    session: Session,
    group: str,
    sbcs: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    glass: bool,
    reason: str,
    name: str,
    form: str,
) -> int:
    """Bring the new calls of GROUP back to its first trunk, once that has been clean for long enough.

    It is watched for so long first: five minutes, and ten OPTIONS in a row, unless the config's [switch] says otherwise
    (--dry-run does not wait).
    """
    wish = Wish(SwitchKind.FAILBACK, group, sbcs=_once(sbcs))
    return _command(
        session, wish, Consent(yes=yes, typed=name, reason=reason, glass=glass), dry_run=dry_run, form=form
    )


@click.command(epilog=_EXITS)
@click.argument("group", metavar="[GROUP]", required=False, shell_complete=groups_of_config)
@_sbcs
@_consenting
@click.pass_obj
def undo(
    session: Session,
    group: str | None,
    sbcs: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    glass: bool,
    reason: str,
    name: str,
    form: str,
) -> int:
    """Take back the last switch of GROUP, whoever made it in the last 15 minutes: what stood there before stands again.

    Without GROUP: the only group that was switched.
    """
    wish = Wish(SwitchKind.UNDO, group or "", sbcs=_once(sbcs))
    return _command(
        session, wish, Consent(yes=yes, typed=name, reason=reason, glass=glass), dry_run=dry_run, form=form
    )


def _command(session: Session, wish: Wish, consent: Consent, *, dry_run: bool, form: str) -> int:
    """Check that it can be agreed to, then do it, and print it."""
    if consent.yes and not (consent.reason.strip() and consent.typed.strip()):
        raise click.UsageError("--yes needs --reason TEXT and --name GROUP: both are kept in the audit log")
    if not (consent.yes or dry_run or interactive()):
        raise click.UsageError("nobody can be asked here: use --yes --reason TEXT --name GROUP, or --dry-run")
    config = session.config()
    _known(config, wish)
    from trunktui.cli.acting import mention_open
    from trunktui.cli.switch_run import SwitchRun

    run = SwitchRun(config)
    mention_open(config)
    if wish.kind is SwitchKind.UNDO and not wish.group:
        one = _only(run)
        if one is None:
            click.echo(
                "nothing can be taken back: no switch of the last 15 minutes stands as it was made", err=True
            )
            return CODES[Ending.REFUSED]
        wish = structs.replace(wish, group=one.group)
    return _switched(run, wish, consent, dry_run=dry_run, text=form == "text")


def _switched(run: SwitchRun, wish: Wish, consent: Consent, *, dry_run: bool, text: bool) -> int:
    from trunktui.present.switching import breaks_glass

    patient = not (dry_run and wish.kind is SwitchKind.FAILBACK)
    with progress() as tell:
        sweep, snapshot = run.prepare(wish, consent, tell, patient=patient)
    _print_plan(sweep, snapshot, err=not (dry_run and text))
    _mention_others(sweep)
    if dry_run:
        # What only the operator's word is missing for would run once it is given.
        code = 0 if sweep.wants is not None else CODES[Ending.REFUSED]
        return _told(sweep, snapshot, None, code, text=text)
    if consent.yes and not consent.glass and breaks_glass(sweep):
        click.echo("nothing was sent: to do it all the same, add --break-glass", err=True)
        swept = run.refuse(sweep, consent)
        return _told(sweep, snapshot, swept, code_of(swept), text=text)
    if sweep.wants is not None and not consent.yes:
        answered = _asked(sweep, consent)
        if answered is None:
            click.echo("nothing was sent", err=True)
            return _told(sweep, snapshot, None, CODES[Ending.REFUSED], text=text)
        consent = answered
    elif sweep.wants != ():
        swept = run.refuse(sweep, consent)
        return _told(sweep, snapshot, swept, code_of(swept), text=text)
    with progress() as tell:
        swept = run.perform(sweep, consent, tell)
    return _told(sweep, snapshot, swept, code_of(swept), text=text)


def code_of(swept: Swept) -> int:
    """Return the exit code of a switch; one that is refused on an SBC after others were switched has failed."""
    if swept.ending is Ending.REFUSED and any(outcome.sent for _, outcome in swept.outcomes):
        return CODES[Ending.FAILED]
    return CODES[swept.ending]


def _told(sweep: Sweep, snapshot: Snapshot, swept: Swept | None, code: int, *, text: bool) -> int:
    """Print how it ended: a line for each SBC and the whole, or the document."""
    from trunktui.present.action import to_json
    from trunktui.present.switching import state_after, switch_document

    if not text:
        click.echo(to_json(switch_document(sweep, snapshot, swept, code)), nl=False)
        return code
    if swept is None:
        return code
    for sbc, word, sentence in state_after(sweep, swept) if swept.outcomes else ():
        out(f"{clean(sweep.wish.group)} on {sbc}: {word}: {sentence}")
    out(f"{clean(sweep.wish.group)}: {swept.ending.value}: {swept.sentence}")
    if any(outcome.ending is Ending.UNVERIFIED for _, outcome in swept.outcomes):
        click.echo("to look again, without sending: trunktui verify", err=True)
    return code


def _asked(sweep: Sweep, consent: Consent) -> Consent | None:
    """Ask the operator for what the guards want; None where the answer is no. Enter alone is no."""
    wants = sweep.wants or ()
    if Statement.GROUP_NAME in wants and not consent.typed:
        consent = structs.replace(consent, typed=ask("Type the group's name to go on"))
        if consent.typed != sweep.wish.group:
            click.echo(f"{clean(consent.typed, 60)!r} is not {clean(sweep.wish.group)}", err=True)
            return None
    if Statement.GLASS in wants and not consent.glass:
        said = ask(f"Type {GLASS_WORDS} to take on what the guards doubt")
        if said.casefold() != GLASS_WORDS:
            click.echo(f"{clean(said, 60)!r} is not {GLASS_WORDS}", err=True)
            return None
        consent = structs.replace(consent, glass=True)
    if not consent.reason:
        consent = structs.replace(consent, reason=ask("Reason (for the audit log)"))
    from trunktui.present.switching import title, where

    if not click.confirm(f"{title(sweep.wish)} {where(sweep)}?", default=False, err=True):
        return None
    return structs.replace(consent, yes=True)


def _print_plan(sweep: Sweep, snapshot: Snapshot, *, err: bool) -> None:
    from trunktui.present.switching import sweep_lines

    for heading, text in sweep_lines(sweep, snapshot):
        line = f"{heading:<18}{text}"
        click.echo(line, err=True) if err else out(line)


def _mention_others(sweep: Sweep) -> None:
    """Say how to go on without the SBCs on which a guard refuses whatever is said; the screen has a key for it."""
    from trunktui.present.sweeping import refused_on

    if refused := refused_on(sweep):
        left = " ".join(f"--sbc {part.sbc}" for part in sweep.parts if part.sbc not in refused)
        where = ", ".join(map(clean, refused))
        click.echo(f"to go on without {where}, where it is refused: {clean(left, 400)}", err=True)


def _only(run: SwitchRun) -> Undoable | None:
    """Return what can be taken back. Raises UsageError where it is more than one group's."""
    with audit_errors():
        found = run.undoable()
    groups = sorted({one.group for one in found})
    if len(groups) > 1:
        raise click.UsageError(f"several groups were switched: name one of {', '.join(map(clean, groups))}")
    return found[0] if found else None


def _known(config: Config, wish: Wish) -> None:
    """Refuse what the config does not have, before anything is polled. Raises UsageError."""
    fleet = config.inventory
    group = next((one for one in fleet.groups if one.name == wish.group), None)
    names = {sbc.name for sbc in fleet.sbcs}
    if wish.group and group is None:
        known = ", ".join(one.name for one in fleet.groups) or "none"
        raise click.UsageError(f"there is no trunk group {clean(wish.group)!r}: the config has {known}")
    if group is not None and wish.to and wish.to not in group.trunks:
        trunks = ", ".join(group.trunks)
        raise click.UsageError(f"{clean(wish.to)!r} is no trunk of {group.name}: it has {trunks}")
    for sbc in wish.sbcs:
        if sbc not in names:
            raise click.UsageError(f"there is no SBC {clean(sbc)!r} in the config")


def _once(sbcs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the SBCs as they were named. Raises UsageError where one is named twice."""
    if len(set(sbcs)) < len(sbcs):
        raise click.UsageError("an SBC is named twice")
    return sbcs
