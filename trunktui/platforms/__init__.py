"""One file per kind of SBC. A platform does no IO: it declares asks, parses answers, returns observations."""

from __future__ import annotations

import pkgutil

from trunktui.model.inventory import AUTO

SHARED = frozenset(
    {
        AUTO,
        "contract",
        "registry",
        "boxaround",
        "boxmib",
        "boxroutes",
        "boxshell",
        "boxsoftware",
        "boxtail",
        "callproof",
        "sipuri",
        "switching",
        "without",
    }
)
"""Files of this folder that are no platform (`auto.py` finds out which one is); nor is one with an underscore in its name, which is a part of another."""


def names() -> tuple[str, ...]:
    """Return the platforms there are, as the config calls them: the files of this folder that are one."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if "_" not in name and name not in SHARED))
