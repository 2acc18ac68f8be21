"""`events`: what happened to the fleet, from the history that dashboards wrote."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Self

import click

from trunktui.cli.options import printed_as, since_s
from trunktui.cli.output import encodable
from trunktui.cli.session import Session
from trunktui.model.history import Event, EventKind
from trunktui.model.text import clean

NO_HISTORY = 1
"""There is no history, or it cannot be read."""

_PATIENCE_S = 300.0
_QUIET_S = 0.5
_LONGEST_S = 100 * 366 * 86400.0


@click.command()
@click.argument("selector", required=False)
@click.option(
    "--since", metavar="TIME", default="24h", show_default=True, help="Only the last TIME: 30m, 8h, 7d."
)
@click.option(
    "--kind", type=click.Choice([kind.value for kind in EventKind]), help="Only events of this kind."
)
@printed_as(
    "table",
    "json",
    "csv",
    what="What to print: a row per event, the JSON document trunktui.events/1, or CSV.",
)
@click.pass_obj
def events(session: Session, selector: str | None, since: str, kind: str | None, form: str) -> int:
    """Print what happened, newest last: legs that changed, SBCs lost, restarts, alarms, actions.

    SELECTOR is a leg (trunk@sbc), a trunk, an SBC, a group, a carrier (its legs), or a pattern with * over these.

    The dashboard writes the history while it runs; nothing is asked of an SBC here. Exits with 1 where there is none.
    """
    from trunktui.store.history_read import HistoryError, HistoryReader

    within_s = since_s(since)
    config = session.config()
    if not config.history.enabled:
        click.echo("trunktui: no history: the config has `enabled = false` in [history]", err=True)
        return NO_HISTORY
    begin = datetime.now(UTC) - timedelta(seconds=min(within_s, _LONGEST_S))
    wanted = None if kind is None else EventKind(kind)
    trunks = [
        trunk.name
        for trunk in config.inventory.trunks
        if selector and trunk.carrier and fnmatchcase(trunk.carrier, selector)
    ]
    try:
        with (
            _Progress(shown=sys.stderr.isatty()) as progress,
            HistoryReader(config.state_dir, _PATIENCE_S) as reader,
        ):
            found = reader.events_or_raise(
                begin.timestamp(), selector, wanted, progress=progress.tell, trunks=trunks
            )
    except HistoryError as error:
        click.echo(f"trunktui: {error}", err=True)
        return NO_HISTORY
    if not found.events:
        about = "" if selector is None else f' about "{clean(selector)}"'
        of_kind = "" if kind is None else f" of kind {kind}"
        home = "" if selector is None else selector.rpartition("@")[2]
        # A leg without news has no event of its own: nothing about it is not yet good news.
        of_sbc = f"; of its SBC: trunktui events {clean(home)}" if home and home != selector else ""
        click.echo(f"nothing{about}{of_kind} in the last {clean(since)}: see --since{of_sbc}", err=True)
    _print(found.events, form, begin)
    return 0


def _print(found: tuple[Event, ...], form: str, begin: datetime) -> None:
    from trunktui.present.events import events_csv, events_json, events_table

    local: Callable[[datetime], datetime] = datetime.astimezone
    if form == "json":
        pieces = events_json(found, begin, local)
    elif form == "csv":
        pieces = events_csv(found, local)
    else:
        pieces = iter([events_table(found, local)] if found else [])
    for piece in pieces:
        sys.stdout.write(encodable(piece))


class _Progress:
    """One line on stderr once reading takes long, wiped at the end; nothing unless `shown`."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._began = time.monotonic()
        self._told = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._told:
            click.echo("\r\x1b[K", nl=False, err=True)

    def tell(self, read: int) -> None:
        """Say that `read` events were looked at."""
        if self._shown and time.monotonic() - self._began > _QUIET_S:
            self._told = True
            click.echo(f"\rreading the history ... {read} events\x1b[K", nl=False, err=True)
