"""`findings`: what will cause the next outage, worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from trunktui.cli.completing import subjects_of_config
from trunktui.cli.listing import about, print_rows, snapshot_of
from trunktui.cli.options import printed_as
from trunktui.cli.recording import offline, selected
from trunktui.cli.session import Session
from trunktui.model.finding import FindingKind

if TYPE_CHECKING:
    from trunktui.model.finding import Finding
    from trunktui.model.snapshot import Snapshot


@click.command(name="findings")
@click.argument("selector", required=False, shell_complete=subjects_of_config)
@click.option(
    "--kind",
    metavar="KIND",
    type=click.Choice([kind.value for kind in FindingKind]),
    help=f"Only findings of this kind: {', '.join(kind.value for kind in FindingKind)}.",
)
@offline
@printed_as(
    "table",
    "json",
    "csv",
    what="What to print: a row per finding, the JSON document trunktui.findings/1, or CSV.",
)
@click.pass_obj
def findings(session: Session, selector: str | None, kind: str | None, offline: bool, form: str) -> int:
    """Ask every SBC once and print what will cause the next outage, worst first; docs/findings.md has the kinds.

    SELECTOR is a leg (trunk@sbc), a trunk, an SBC, an account, a username, or a pattern with * over these.

    Findings never change a state, and nothing counts as an alarm: this exits with 0 once it has printed.
    """
    from trunktui.present.credentials import FINDINGS_COLUMNS, FINDINGS_SCHEMA, finding_rows, findings_table
    from trunktui.present.findings import together

    config = session.config()
    snapshot, today = snapshot_of(config, offline=offline)
    rows = [
        one
        for one in snapshot.findings or ()
        if (kind is None or one.kind.value == kind) and _meant(one, selector, snapshot)
    ]
    of_kind = "" if kind is None else f" of kind {kind}"
    return print_rows(
        form,
        lambda ascii_only: findings_table(together(rows), today, ascii_only=ascii_only),
        finding_rows(rows, today),
        (FINDINGS_SCHEMA, "findings", FINDINGS_COLUMNS),
        today,
        f"no findings{of_kind}{about(config, selector)}",
    )


def _meant(finding: Finding, selector: str | None, snapshot: Snapshot) -> bool:
    """Tell whether a finding is about what a selector names; a leg's are those of what it is part of, too."""
    from trunktui.present.findings import concerns

    if selected((finding.subject,), selector):
        return True
    legs = (leg for leg in snapshot.legs if selector == leg.id)
    return any(concerns(finding, leg) for leg in legs)
