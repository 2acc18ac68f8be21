"""Whether a file of the state folder, and that folder, are safe to write to: nobody else gets at them."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

SHARED_MODE = 0o660
OWN_MODE = 0o600


class UnsafeError(Exception):
    """The file or its folder could have been written by somebody else, or is no plain file; text: why, and the cure."""


def check_folder(path: Path, found: os.stat_result) -> bool:
    """Tell whether the folder is shared by a Unix group on purpose. Raises UnsafeError where others get at it."""
    quoted = shlex.quote(str(path))
    if found.st_mode & stat.S_IWOTH:
        raise UnsafeError(f"is in a folder that everybody may write to; cure: chmod o-w {quoted}")
    shared = bool(found.st_mode & stat.S_IWGRP)
    if found.st_uid not in {os.geteuid(), 0} and not shared:
        raise UnsafeError(f"is in a folder of user id {found.st_uid}; name one of your own as `state`")
    return shared


def check_file(path: Path, found: os.stat_result, folder: os.stat_result, *, shared: bool) -> None:
    """Raise UnsafeError unless `path` is a plain file of ours, or in a shared folder the group's, and nobody else's."""
    quoted = shlex.quote(str(path))
    if not stat.S_ISREG(found.st_mode):
        raise UnsafeError("is no plain file")
    ours = found.st_uid in {os.geteuid(), 0} or (shared and found.st_gid == folder.st_gid)
    if not ours:
        raise UnsafeError(f"is owned by user id {found.st_uid}; cure: chown {os.geteuid()} {quoted}")
    forbidden = stat.S_IRWXO if shared else stat.S_IRWXO | stat.S_IWGRP
    if found.st_mode & forbidden:
        mode = f"{stat.S_IMODE(found.st_mode):04o}"
        cure = f"chmod {SHARED_MODE if shared else OWN_MODE:o} {quoted}"
        raise UnsafeError(f"is open to others (mode {mode}); cure: {cure}")
    if found.st_nlink > 1:
        raise UnsafeError(f"has another name, too ({found.st_nlink} links); remove that one")
