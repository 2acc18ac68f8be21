"""Finds and opens the files a config stands for, and refuses those that others could have written or read."""

from __future__ import annotations

import errno
import hashlib
import os
import shlex
import stat
from collections.abc import Mapping
from pathlib import Path

from trunktui.config.errors import ConfigError, Problem
from trunktui.model.text import clean

SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes of a config that are read; about a hundred times the largest fleet."""

SYSTEM_CONFIG = Path("/etc/trunktui/config.toml")

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_MAY_ANYTHING = stat.S_IRWXG | stat.S_IRWXO


def search_order(env: Mapping[str, str]) -> tuple[Path, ...]:
    """Return where a config is looked for when none is named: the first that is there is used."""
    return (_user_config(env), SYSTEM_CONFIG)


def user_config(path: Path | None, env: Mapping[str, str]) -> Path:
    """Return where a new config belongs: `path`, else `$TRUNKTUI_CONFIG`, else the operator's own folder."""
    if path is not None:
        return path
    return expand(named, env) if (named := env.get("TRUNKTUI_CONFIG")) else _user_config(env)


def find(path: Path | None, env: Mapping[str, str]) -> Path:
    """Return the config to read: `path`, else `$TRUNKTUI_CONFIG`, else the first of `search_order`.

    A file that was named is never silently replaced by another. Raises ConfigError when there is none.
    """
    if path is not None:
        return path
    if named := env.get("TRUNKTUI_CONFIG"):
        return expand(named, env)
    places = search_order(env)
    for place in places:
        if os.path.lexists(place):
            return place
    looked = ", ".join(("--config", "$TRUNKTUI_CONFIG", *map(str, places)))
    text = f"no config found (looked for {looked}); write one with: trunktui config init"
    raise ConfigError((Problem(path="", line=None, key="", text=text),))


def read_config(path: Path) -> bytes:
    """Return the bytes of the config at `path`.

    Raises ConfigError when it is missing, unreadable, no plain file, a symbolic link, too large, owned by
    somebody else than this user or root, or writable by group or others.
    """
    try:
        return _read(path, SIZE_LIMIT, _OTHERS_MAY_WRITE, f"chmod go-w {shlex.quote(str(path))}")
    except OSError as error:
        raise _refused(path, _why(error)) from error
    except ValueError as error:
        raise _refused(path, str(error)) from error


def read_private(path: Path, limit: int) -> bytes:
    """Return at most `limit` bytes of a file that only its owner (this user or root) may read.

    Raises ValueError with the reason and the cure when it is not private, OSError when it cannot be read.
    """
    return _read(path, limit, _OTHERS_MAY_ANYTHING, f"chmod 600 {shlex.quote(str(path))}")


def state_dir(configured: str | None, config_path: Path, env: Mapping[str, str]) -> Path:
    """Return the folder for the audit log, the marks, the engine's log and the refused logins: `configured`, else one of its own for each config file."""
    if configured is not None:
        return expand(configured, env, config_path.parent)
    tag = hashlib.sha256(os.fsencode(config_path.resolve())).hexdigest()[:16]
    return _home_folder(env, "XDG_STATE_HOME", "~/.local/state") / "trunktui" / tag


def make_state_dir(path: Path) -> None:
    """Make the state folder, 0700, unless it is there. Raises ConfigError when it cannot be had or is unsafe."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
    except OSError as error:
        raise _refused(path, f"cannot make the state folder: {_why(error)}") from error
    if found.st_mode & stat.S_IWOTH:
        raise _refused(
            path, f"the state folder is writable by everybody; cure: chmod o-w {shlex.quote(str(path))}"
        )


def expand(text: str, env: Mapping[str, str], base: Path | None = None) -> Path:
    """Return the path that `text` means: `~` is `$HOME`, a relative path starts at `base` (else here)."""
    home = env.get("HOME")
    if home and (text == "~" or text.startswith("~/")):
        text = home + text[1:]
    path = Path(text)
    try:
        path = path.expanduser()
    except RuntimeError:  # `~name` of nobody: a file of that very name, then
        return path
    return path if base is None else base / path


def _user_config(env: Mapping[str, str]) -> Path:
    return _home_folder(env, "XDG_CONFIG_HOME", "~/.config") / "trunktui" / "config.toml"


def _home_folder(env: Mapping[str, str], variable: str, default: str) -> Path:
    """Return the folder `variable` names; one that is not absolute is ignored, as its standard asks."""
    named = Path(env.get(variable, ""))
    return named if named.is_absolute() else expand(default, env)


def _read(path: Path, limit: int, forbidden: int, cure: str) -> bytes:
    # O_NONBLOCK: a pipe with no writer must not hold us; O_NOFOLLOW: a link could be swapped after the check.
    quoted = shlex.quote(str(path))
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("is no plain file")
        if found.st_uid not in (os.geteuid(), 0):
            raise ValueError(f"is owned by user id {found.st_uid}; cure: chown {os.geteuid()} {quoted}")
        if found.st_mode & forbidden:
            deed = "written" if forbidden == _OTHERS_MAY_WRITE else "read"
            raise ValueError(
                f"may be {deed} by others (mode {stat.S_IMODE(found.st_mode):04o}); cure: {cure}"
            )
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(limit + 1)
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise ValueError(f"is larger than {limit} bytes")
    return data


def _why(error: OSError) -> str:
    match error.errno:
        case errno.ENOENT:
            return "no such file"
        case errno.EACCES:
            return f"may not be read by user id {os.geteuid()}"
        case errno.ELOOP:
            return "is a symbolic link; name the file itself"
    return clean(error.strerror or "cannot be read")


def _refused(path: Path, text: str) -> ConfigError:
    return ConfigError((Problem(path=str(path), line=None, key="", text=text),))
