"""Keeps key presses from waiting for Python's garbage collector."""

from __future__ import annotations

import gc


def spare_collector() -> None:
    """Not look again through what lives now, for it lives on, and hardly ever through all of the rest."""
    gc.freeze()
    gc.set_threshold(700, 10, 10**6)
