"""Keeps keys and passwords of this process out of core dumps and away from debuggers of the same user."""

from __future__ import annotations

import ctypes
import resource
from contextlib import suppress

_PR_SET_DUMPABLE = 4
"""prctl(2): with 0, neither a core file nor ptrace by another process of this user shows its memory."""


def seal() -> None:
    """Forbid core dumps of this process and of what it starts, and the reading of its memory by others.

    For the very start of a process that will hold keys. Never fails: where the system knows no such thing (or a
    container forbids it), the process goes on as it was. Python cannot wipe memory, so this is all there is.
    """
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
