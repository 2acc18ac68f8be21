"""Commands for `asterisk -rx`, and which names may stand in one."""

from __future__ import annotations

import re

from trunktui.model.ask import Command

PROGRAM = "/usr/sbin/asterisk"
"""A non-root SSH exec has no /usr/sbin in its PATH."""

_ASKABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", re.ASCII)
_RESERVED = frozenset({"all", "_all_", "restart"})


def askable(native: str) -> bool:
    """Whether a native name may stand in a command: blanks, quotes and slashes mean something to `-rx`."""
    return _ASKABLE.fullmatch(native) is not None and native.casefold() not in _RESERVED


def rx(key: str, command: str) -> Command:
    """Return the command that has Asterisk's console run `command`."""
    return Command(key, (PROGRAM, "-rx", command))
