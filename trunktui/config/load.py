"""Loads the config: finds the file, reads it, checks all of it, and returns what the rest of the program needs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path

from msgspec import Struct, structs

from trunktui.config.build import inventory, notes
from trunktui.config.errors import ConfigError, Problem
from trunktui.config.faults import Faults
from trunktui.config.files import find, read_config, state_dir
from trunktui.config.rules import judge
from trunktui.config.schema import Document
from trunktui.config.shape import read
from trunktui.config.switches import judge as judge_switches
from trunktui.config.words import seconds, size_bytes
from trunktui.model.health import Thresholds
from trunktui.model.inventory import Inventory
from trunktui.model.text import clean

FAST_INTERVAL_S = 10.0
"""Seconds between polls of an SBC while one of its legs is in doubt, unless the interval itself is shorter."""

_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


class Poll(Struct, frozen=True):
    """How often each SBC is polled (seconds), and how many are being logged in to at any one time."""

    interval_s: float = 30.0
    fast_interval_s: float = FAST_INTERVAL_S
    connections: int = 5


class Ui(Struct, frozen=True):
    """What the screen looks like; None: find out from the terminal."""

    theme: str | None = None
    ascii: bool | None = None


class HistoryLimits(Struct, frozen=True):
    """Whether a history is kept, for how many days, and in how many bytes."""

    enabled: bool = True
    days: int = 30
    size_bytes: int = 200_000_000


class Config(Struct, frozen=True):
    """A config that was found sound. `name` is for the title, `notes` say what is set but not acted on.

    `document` is the file as it was read with every default filled in; secrets in it are references. `text` is
    the whole of it as it stood there. Where it was in no file (`connect`), `path` only says where one would stand.
    """

    path: Path
    name: str
    inventory: Inventory
    state_dir: Path
    poll: Poll = Poll()
    thresholds: Thresholds = Thresholds()
    ui: Ui = Ui()
    history: HistoryLimits = HistoryLimits()
    notes: tuple[str, ...] = ()
    document: Document = Document()
    text: str = ""
    in_file: bool = False


def load(path: Path | None, env: Mapping[str, str], known_platforms: Collection[str]) -> Config:
    """Return the config at `path`, else the one that `env` leads to. Raises ConfigError with every problem."""
    place = find(path, env)
    return structs.replace(parse(read_config(place), place, env, known_platforms), in_file=True)


def parse(data: bytes, path: Path, env: Mapping[str, str], known_platforms: Collection[str]) -> Config:
    """Return the config that `data`, read from `path`, holds. Raises ConfigError with every problem."""
    text = _text(data, path)
    tables = _tables(text, path)
    faults = Faults(str(path), text, tables)
    document = read(tables, Document, faults)
    judge(document, known_platforms, faults)
    judge_switches(document, faults)
    if faults.problems:
        raise ConfigError(faults.problems)
    interval_s = seconds(document.poll.interval) or Poll().interval_s
    return Config(
        path=path,
        name=_name(path),
        inventory=inventory(document, path.absolute().parent, env),
        state_dir=state_dir(document.state, path.absolute(), env),
        poll=Poll(
            interval_s=interval_s,
            fast_interval_s=min(FAST_INTERVAL_S, interval_s),
            connections=document.poll.connections,
        ),
        thresholds=document.health,
        ui=Ui(theme=document.ui.theme, ascii=document.ui.ascii),
        history=HistoryLimits(
            document.history.enabled,
            document.history.days,
            size_bytes(document.history.size) or HistoryLimits().size_bytes,
        ),
        notes=notes(document),
        document=document,
        text=text,
    )


def _name(path: Path) -> str:
    """Return `prod` for `prod.toml` and for `prod/config.toml`; nothing telling is `default`."""
    name = path.stem if path.stem != "config" else path.absolute().parent.name
    return clean(name, 40) if name not in ("", "trunktui") else "default"


def _text(data: bytes, path: Path) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            (Problem(str(path), line, "", "is not UTF-8 text; save the file as UTF-8"),)
        ) from None


def _tables(text: str, path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError((Problem(str(path), None, "", "is nested too deeply"),)) from None
    except ValueError as error:
        # tomllib of Python 3.11 tells the place in its message only.
        said = str(error)
        match = _PLACE.search(said)
        line = int(match[1]) if match and match[1] else None
        column = f", column {match[2]}" if match and match[2] else ""
        if match and line is None:
            line = text.count("\n") + 1
        words = clean(said[: match.start()] if match else said)
        raise ConfigError((Problem(str(path), line, f"TOML{column}", words),)) from None
