"""The one place that knows everything: puts config, transports, pollers, engine and screen together.

Imports happen inside the functions: the screen's process must not load a transport, `--version` nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import site
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

if TYPE_CHECKING:
    from trunktui.actions.desk import Desk
    from trunktui.config.load import Config
    from trunktui.engine.client import EngineFeed
    from trunktui.model.audit import Who
    from trunktui.model.observation import Observation
    from trunktui.model.snapshot import Snapshot
    from trunktui.model.text import Safe
    from trunktui.poll.fleet import Fleet
    from trunktui.poll.poller import Poller
    from trunktui.poll.schedule import Pace


def _known_platforms() -> tuple[str, ...]:
    from trunktui.platforms import names

    return names()


KNOWN_PLATFORMS: tuple[str, ...] = _known_platforms()
"""The platforms this version can poll."""

_STDIN = "--stdin"
"""The config is on standard input, and PATH only says what its relative paths start from."""

_HELD = "--held"
"""The config is on standard input as it was read from PATH, which is read again when the screen asks for it."""


def dashboard(config: Config, theme: str | None, *, write: bool = False) -> int:
    """Run the dashboard with an engine of its own, with `write` in write mode; return the exit code."""
    from trunktui.engine.logfile import log_trouble
    from trunktui.engine.logwatch import LogWatchedFeed
    from trunktui.tui.app import DashboardOptions, run_dashboard
    from trunktui.wiring_history import ScreenHistory

    log_path, notice = _log_path(config)
    feed = engine_feed(config, log_path, notice)
    options = DashboardOptions(
        theme=theme or config.ui.theme,
        title=config.name,
        log_path=log_path,
        ascii=config.ui.ascii,
        write=write,
    )
    history = ScreenHistory(config)
    if log_path is None:
        return run_dashboard(feed, options, feed, history)
    return run_dashboard(LogWatchedFeed(feed, partial(log_trouble, log_path)), options, feed, history)


def demo(seed: int, speed: float, theme: str | None, *, write: bool = False) -> int:
    """Run the dashboard over a simulated fleet in a process of its own; return the exit code.

    Raises SimulatorError when the fleet does not start. Nothing of it is left behind, however this ends.
    """
    from trunktui.config.load import load
    from trunktui.demo.launch import Simulator
    from trunktui.demo.tips import TippedFeed
    from trunktui.tui.app import DashboardOptions, run_dashboard
    from trunktui.wiring_history import ScreenHistory

    with Simulator(seed, speed, engine_environment()) as simulator:
        config = load(simulator.config, os.environ, KNOWN_PLATFORMS)
        log_path, _ = _log_path(config)
        feed = engine_feed(config, log_path, finishes=False)  # there is no SBC any more to finish at
        options = DashboardOptions(
            theme=theme, title=config.name, log_path=log_path, write=write, finishes=False
        )
        return run_dashboard(TippedFeed(feed, simulator), options, feed, ScreenHistory(config))


def engine_feed(
    config: Config, log_path: Path | None, notice: Safe | None = None, *, finishes: bool = True
) -> EngineFeed:
    """Return the feed of an engine for `config`.

    The engine is handed the config as it was checked: one that is started again goes by that too, whatever
    has become of the file since. It is told who sits here, which it cannot find out without a terminal.
    With `finishes` it goes on with an action that is under way when the screen goes.
    """
    from trunktui.engine.client import EngineFeed
    from trunktui.model.text import clean
    from trunktui.store.who import who_am_i

    argv = engine_argv(config)
    return EngineFeed(
        [*argv, _HELD] if config.in_file else argv,
        first_snapshot(config),
        log_path,
        engine_environment(),
        notice or clean(""),
        config.text.encode(),
        who=who_am_i(os.environ),
        finishes=finishes,
    )


def engine_argv(config: Config) -> list[str]:
    """Return the command line of the engine process; `{fd}` stands for the socket it inherits.

    The engine reads a config in a file by itself; one that is in none, from standard input.
    """
    argv = [sys.executable, "-P", "-m", "trunktui.wiring", "{fd}", str(config.path)]
    return argv if config.in_file else [*argv, _STDIN]


def engine_environment() -> dict[str, str]:
    """Return the engine's environment: ours, and the place of this package where Python would not look.

    `-P` keeps the working directory out of the engine's path; a checkout that was not installed is then only
    found by PYTHONPATH.
    """
    root = str(Path(__file__).resolve().parent.parent)
    if root in site.getsitepackages():
        return dict(os.environ)
    before = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{before}" if before else root}


def first_snapshot(config: Config) -> Snapshot:
    """Return the fleet as the config and the history know it, before anything was asked."""
    from trunktui.wiring_history import recalled

    fleet = new_fleet(config)
    recalled(config, fleet)
    return fleet.snapshot(time.monotonic())


def collect(
    config: Config, budget_s: float, progress: Callable[[int, int], None], *, by_itself: bool = False
) -> Snapshot:
    """Poll every SBC once, in this process, within `budget_s` seconds; return the judged fleet.

    `by_itself`: nobody asked for it just now, so logins that were refused in the last minutes are not tried.
    """
    from trunktui.wiring_findings import Asking
    from trunktui.wiring_marks import marked
    from trunktui.wiring_records import recorded
    from trunktui.wiring_refusals import note_refusals, resting

    records = recorded(config)
    fleet, asking = new_fleet(config), Asking(config, quiet=by_itself, records=lambda: records.standing)
    rest = resting(config) if by_itself else {}
    for sbc, error in rest.items():
        fleet.failed(sbc, error, time.monotonic())
    asyncio.run(_collect(config, fleet, budget_s, progress, lambda: None, frozenset(rest)))
    note_refusals(config, fleet, frozenset(rest))
    found = asking.laid_over(fleet.snapshot(time.monotonic(), partial(marked, config)))
    return structs.replace(found, records=records.note)


def first_look(
    config: Config, budget_s: float, logged_in: Callable[[], None]
) -> tuple[Snapshot, Observation | None]:
    """Poll the one SBC of `config` within `budget_s` seconds; `logged_in` is called once the login is through.

    Returns the judged fleet and what was observed, None where nothing was: the link's reason says why.
    """
    from trunktui.wiring_marks import marked
    from trunktui.wiring_records import foreseen

    fleet = new_fleet(config)
    asyncio.run(_collect(config, fleet, budget_s, lambda *_: None, logged_in))
    snapshot = foreseen(config, fleet.snapshot(time.monotonic(), partial(marked, config)))
    return snapshot, fleet.record(config.inventory.sbcs[0].name).observation


async def _collect(
    config: Config,
    fleet: Fleet,
    budget_s: float,
    progress: Callable[[int, int], None],
    logged_in: Callable[[], None],
    rest: frozenset[str] = frozenset(),
) -> None:
    from trunktui.engine.logfile import LoopErrors
    from trunktui.engine.server import poll_once
    from trunktui.wiring_pollers import unhurried

    answered = 0
    pollers = _pollers(unhurried(config), fleet, lambda: None, logged_in, rest)
    asyncio.get_running_loop().set_exception_handler(LoopErrors().handle)

    def done() -> None:
        nonlocal answered
        answered += 1
        progress(answered, len(pollers))

    logging.getLogger("trunktui").addHandler(logging.NullHandler())  # the snapshot says it all
    progress(0, len(pollers))
    await poll_once(pollers, budget_s, done)


def engine_main(fd: int, config_path: Path, config_data: bytes | None, *, in_file: bool) -> int:
    """Run the engine on an inherited socket until the screen is gone (the engine process's main).

    `config_data` is the config itself, None to read it from `config_path`; `in_file`: there it stands.
    """
    from trunktui.config.errors import ConfigError
    from trunktui.config.load import load, parse
    from trunktui.engine.logfile import start_logging

    start_logging()
    # The screen has the terminal and the words for what comes of a reload: that process is the one to signal.
    # A handler and not SIG_IGN, which a ProxyCommand would inherit.
    signal.signal(signal.SIGHUP, lambda *_: None)
    sock = socket.socket(fileno=fd)
    sock.setblocking(False)
    try:
        if config_data is None:
            config = load(config_path, os.environ, KNOWN_PLATFORMS)
        else:
            config = parse(config_data, config_path, os.environ, KNOWN_PLATFORMS)
    except ConfigError as error:
        logging.getLogger(__name__).critical("config not usable: %s", error)
        return 64
    asyncio.run(_engine(sock, structs.replace(config, in_file=in_file)))
    return 0


async def _engine(sock: socket.socket, config: Config) -> None:
    from trunktui.config.load import load
    from trunktui.engine.acts import Acts
    from trunktui.engine.crew import Crew, posts_of
    from trunktui.engine.hasty import Hasty
    from trunktui.engine.logfile import LoopErrors
    from trunktui.engine.reload import Reloader
    from trunktui.engine.server import Engine
    from trunktui.wiring_actions import action_desk
    from trunktui.wiring_findings import foresight_of
    from trunktui.wiring_history import Remembering, recalled
    from trunktui.wiring_marks import marker_of
    from trunktui.wiring_pollers import Hiring
    from trunktui.wiring_records import attester_of

    asyncio.get_running_loop().set_exception_handler(LoopErrors().handle)
    fleet = new_fleet(config)
    remembering = Remembering(config, recalled(config, fleet))
    engine = Engine(fleet, time.monotonic, remembering.historian)
    hiring = Hiring(config, fleet, engine.changed, lambda: None)
    crew = Crew(hiring.poller)

    def desk_for(who: Who) -> Desk:
        # the operator's names, but our process: whether it is alive tells others whether an action is under way
        me = structs.replace(who, pid=os.getpid())
        return action_desk(reloader.config, fleet, hiring.askers, me, snapshot=engine.seen)

    def read() -> Config:
        return load(config.path, os.environ, KNOWN_PLATFORMS)

    def renewed() -> None:
        acts.reconfigure(reloader.config.inventory, reloader.config.poll.interval_s)
        engine.renewed()

    def acted() -> None:
        hasty.look(acts.doings)
        engine.changed()

    hasty = Hasty(fleet, crew, time.monotonic)
    acts = Acts(config.inventory, desk_for, time.monotonic, acted, hiring.askers.close_former)
    reloader = Reloader(config, read, fleet, crew, renewed)
    remembering.start(engine.history)
    try:
        marker = marker_of(config, engine.changed, remembering.historian)
        attester = attester_of(config, lambda: reloader.config, engine.changed)
        engine.foresight = foresight_of(
            config, fleet, time.monotonic, engine.changed, lambda: attester.records
        )
        await engine.run(
            sock, crew, posts_of(config.inventory), _pace(config), reloader, acts, marker, attester
        )
    finally:
        remembering.end()
        await hiring.askers.close()


def new_fleet(config: Config) -> Fleet:
    """Return the fleet as the config knows it, to be polled into."""
    from trunktui.poll.fleet import Fleet

    return Fleet(config.inventory, config.thresholds, config.poll.interval_s)


def _pace(config: Config) -> Pace:
    from trunktui.engine.reload import pace_of

    return pace_of(config)


def _pollers(
    config: Config,
    fleet: Fleet,
    changed: Callable[[], None],
    logged_in: Callable[[], None],
    rest: frozenset[str] = frozenset(),
) -> list[Poller]:
    """Return every poller: one over SSH per SBC but those in `rest`, then one over SNMP for each that has it."""
    from trunktui.engine.crew import posts_of
    from trunktui.model.inventory import SshTarget
    from trunktui.wiring_pollers import Hiring

    hiring = Hiring(config, fleet, changed, logged_in)
    posts = posts_of(config.inventory)
    wanted = (post for post in posts if post.sbc not in rest or not isinstance(post.target, SshTarget))
    return [hiring.poller(post, _pace(config)) for post in wanted]


def _log_path(config: Config) -> tuple[Path | None, Safe]:
    """Return where the engine's log goes; None, and why, where the state folder cannot be had."""
    from trunktui.config.errors import ConfigError
    from trunktui.config.files import make_state_dir
    from trunktui.model.text import clean

    try:
        make_state_dir(config.state_dir)
    except ConfigError as error:
        return None, clean(f"no engine log: {error}")
    return config.state_dir / "engine.log", clean("")


if __name__ == "__main__":
    _flags = sys.argv[3:]
    _given = sys.stdin.buffer.read() if _flags else None
    sys.exit(engine_main(int(sys.argv[1]), Path(sys.argv[2]), _given, in_file=_STDIN not in _flags))
