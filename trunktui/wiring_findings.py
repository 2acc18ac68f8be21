"""Composition of findings: metadata commands with the memory of what they told, for the engine and for a single look."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, date, datetime
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from trunktui.config.load import Config
    from trunktui.engine.foresight import Argv, Foresight
    from trunktui.model.finding import Record, Told
    from trunktui.model.snapshot import Snapshot
    from trunktui.poll.fleet import Fleet

    Records = Callable[[], tuple[Record, ...]]

_AT_ONCE = 4
_PATIENCE_S = 10.0
"""How long a single look waits for metadata commands after the SBCs have answered."""


def foresight_of(
    config: Config,
    fleet: Fleet,
    clock: Callable[[], float],
    changed: Callable[[], None],
    records: Records = tuple,
) -> Foresight:
    """Return what lays findings over the snapshots of an engine; `records`: what people recorded that they did."""
    from trunktui.engine.foresight import Foresight

    return Foresight(lambda: fleet.inventory, clock, utc_today, _remembered(config), changed, records)


class Asking:
    """The metadata commands of one look, run beside its polls; with `quiet` only what is remembered counts."""

    def __init__(self, config: Config, *, quiet: bool, records: Records = tuple) -> None:
        from trunktui.engine.foresight import commands_of

        self._config = config
        self._records = records
        commands = commands_of(config.inventory)
        self._pool = ThreadPoolExecutor(_AT_ONCE) if commands and not quiet else None
        self._asked: dict[Argv, Future[Told]] = {}
        if self._pool is not None:
            run = _remembered(config)
            self._asked = {argv: self._pool.submit(run, argv) for argv in commands}

    def laid_over(self, snapshot: Snapshot) -> Snapshot:
        """Return a judged snapshot with its findings; what no command told by now is not known."""
        from trunktui.engine.foresight import told_of
        from trunktui.health.findings import foreseen

        if self._pool is not None:
            wait(self._asked.values(), _PATIENCE_S)
            self._pool.shutdown(wait=False, cancel_futures=True)
        answers = {argv: _result(argv, asked) for argv, asked in self._asked.items()}
        inventory = self._config.inventory
        return foreseen(snapshot, inventory, self._records(), utc_today(), told_of(inventory, answers))


def foretold(config: Config, snapshot: Snapshot, records: Records = tuple) -> Snapshot:
    """Return a snapshot with the findings that need nobody to be asked."""
    return Asking(config, quiet=True, records=records).laid_over(snapshot)


def utc_today() -> date:
    """Return the day in UTC."""
    return datetime.now(UTC).date()


def _result(argv: Argv, asked: Future[Told]) -> Told:
    from trunktui.model.finding import Told
    from trunktui.model.text import clean

    if asked.done() and not asked.cancelled():
        return asked.result()
    name = clean(f"command {argv[0].rpartition('/')[2]}")
    return Told("", None, name, clean(f"{name} did not answer in time"))


def _remembered(config: Config) -> Callable[[Argv], Told]:
    """Return what runs a metadata command, unless it told a day in the last hours; the folder is made when it runs."""
    from trunktui.config.errors import ConfigError
    from trunktui.config.files import make_state_dir
    from trunktui.config.metadata import source_of, told
    from trunktui.model.finding import Told
    from trunktui.store.told import ToldDays

    days, turn = ToldDays(config.state_dir, lambda: datetime.now(UTC)), Lock()

    def run(argv: Argv) -> Told:
        known = days.read().get(argv)
        if known is not None:
            return Told("", known, source_of(argv))
        found = told("", argv)
        if found.day is not None:
            with turn, suppress(ConfigError):  # without a folder it is asked again the next time
                make_state_dir(config.state_dir)
                days.note({argv: found.day})
        return found

    return run
