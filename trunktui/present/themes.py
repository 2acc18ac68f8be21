"""Reads theme files: a style for every role, from a name (shipped themes) or a path; says which line is wrong.

A style is words of `bold dim italic underline reverse`, a colour, and `on` a colour; a colour is one of the
sixteen ANSI names (`red`, `bright_red` ...) or `#rrggbb`. `blink` is refused: nothing here blinks.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from trunktui.model.text import clean
from trunktui.present.cells import Role

DEFAULT_THEME = "dark"
SIXTEEN_COLOUR_THEME = "ansi"
MONO_THEME = "mono"

_NAME = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)
_ATTRIBUTES = frozenset({"bold", "dim", "italic", "underline", "reverse"})
_BASE_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
ANSI_COLOURS = (*_BASE_COLOURS, *(f"bright_{name}" for name in _BASE_COLOURS))
"""The sixteen colour names, in the order of their numbers."""

_HEX = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
_MAX_BYTES = 65536
_RICH_TERMS = ("256color", "kitty", "direct", "ghostty", "alacritty")


class ThemeError(Exception):
    """A theme cannot be used; the text is one line that names the file, the role and the fix."""


class Theme(NamedTuple):
    """A style string for every role; `name` is the name or path it was asked for by."""

    name: str
    styles: Mapping[Role, str]


def choose_theme(asked: str | None, environ: Mapping[str, str]) -> str:
    """Return the theme to load: mono under NO_COLOR, else the one asked for, else what TERM can show."""
    if environ.get("NO_COLOR"):
        return MONO_THEME
    if asked is not None:
        return asked
    if environ.get("COLORTERM") in {"truecolor", "24bit"}:
        return DEFAULT_THEME
    term = environ.get("TERM", "")
    return DEFAULT_THEME if any(word in term for word in _RICH_TERMS) else SIXTEEN_COLOUR_THEME


def shipped_themes() -> tuple[str, ...]:
    """Return the names of the themes that come with the package, in alphabetical order."""
    names = (entry.name.removesuffix(".toml") for entry in _folder().iterdir() if _is_theme(entry))
    return tuple(sorted(names))


def load_theme(asked: str) -> Theme:
    """Return the theme called `asked`, or in the file `asked` if that looks like a path.

    Raises ThemeError if there is none, or it cannot be read, or one of its styles is wrong.
    """
    if _NAME.fullmatch(asked):
        if asked not in shipped_themes():
            known = ", ".join(shipped_themes())
            raise ThemeError(f"theme {asked}: no such theme; use one of {known}, or a path to a theme file")
        text = (_folder() / f"{asked}.toml").read_text("utf-8")
        return Theme(asked, _read(f"theme {asked}", text))
    where = clean(asked)
    try:
        with Path(asked).expanduser().open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
        text = raw.decode("utf-8")
    except OSError as error:
        reason = clean(error.strerror or "cannot be read")
        names = ", ".join(shipped_themes())
        raise ThemeError(f"theme file {where}: {reason}; give a readable file, or one of {names}") from None
    except UnicodeDecodeError:
        raise ThemeError(f"theme file {where}: not UTF-8 text; write it as TOML in UTF-8") from None
    if len(raw) > _MAX_BYTES:
        raise ThemeError(f"theme file {where}: larger than {_MAX_BYTES} bytes; this is no theme")
    return Theme(where, _read(f"theme file {where}", text))


def _folder() -> Traversable:
    """Return the folder of shipped themes: inside the installed package, else beside it in a checkout."""
    installed = resources.files("trunktui") / "_themes"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "themes"


def _is_theme(entry: Traversable) -> bool:
    return entry.is_file() and entry.name.endswith(".toml")


def _read(where: str, text: str) -> dict[Role, str]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason = clean(str(error))
        raise ThemeError(f'{where}: not TOML: {reason}; write lines like down = "bold red"') from None
    roles = table.get("roles")
    if not isinstance(roles, dict):
        raise ThemeError(f"{where}: the table [roles] is missing; add it with one style per role")
    known = {role.value for role in Role}
    for name, style in roles.items():
        if name not in known:
            raise ThemeError(f"{where}: role {clean(name)}: no such role; use {', '.join(sorted(known))}")
        _check(f"{where}: role {name}", style)
    missing = sorted(known - roles.keys())
    if missing:
        raise ThemeError(f'{where}: role {missing[0]}: missing; add {missing[0]} = "" or a style')
    return {Role(name): style for name, style in roles.items()}


def _check(where: str, style: object) -> None:
    if not isinstance(style, str):
        raise ThemeError(f'{where}: not a text; write a style such as "bold red"')
    words = style.split()
    for index, word in enumerate(words):
        if word == "on":
            if index + 1 == len(words):
                raise ThemeError(f'{where}: nothing after "on"; add a colour')
        elif word not in _ATTRIBUTES and word not in ANSI_COLOURS and not _HEX.fullmatch(word):
            raise ThemeError(
                f"{where}: {clean(repr(word))} is no style; use bold, dim, italic, underline, reverse, "
                "an ANSI colour name or #rrggbb"
            )
