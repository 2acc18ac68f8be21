"""Makes the guards of a switch wait as short as the simulated fleet's timers run: put this folder on PYTHONPATH.

They count in seconds of earnest, the screen and its engine are two processes, and a fleet that lives twenty times as
fast would wait for them longer than for anything else. Half as many OPTIONS in a row are enough.
"""

from __future__ import annotations

import importlib.util
import os

_WAITS = {"PAUSE_S": 60.0, "HOLD_S": 600.0, "CLEAN_S": 300.0}
_PROBES = 10
_WHERE = ("trunktui.model.switch", "trunktui.actions.switch_guards", "trunktui.present.sweeping")


def hurry(speed: float) -> None:
    """Shorten the waits, wherever they stand."""
    for where in _WHERE:
        if importlib.util.find_spec(where) is None:
            continue
        module = importlib.import_module(where)
        for name, earnest_s in _WAITS.items():
            if getattr(module, name, None) == earnest_s:
                setattr(module, name, earnest_s / speed)
        if getattr(module, "CLEAN_PROBES", None) == _PROBES:
            setattr(module, "CLEAN_PROBES", _PROBES // 2)  # noqa: B010 - of a module that is not known to have it


if "TRUNKTUI_TEST_SPEED" in os.environ:
    hurry(float(os.environ["TRUNKTUI_TEST_SPEED"]))
