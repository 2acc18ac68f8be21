"""What closes a gate, said in Python: for what a control port answers, and for whoever plays an SBC.

The SBC itself judges by the shell's words for the same (transport/gate.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Expected = tuple[str | tuple[str, ...], ...]
"""Texts that must all stand there; of a tuple, one."""

_BLANKS = re.compile(r"[ \t\n]+")


def alternatives(expected: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the texts of which one must stand there."""
    return (expected,) if isinstance(expected, str) else expected


def closes(lines: Sequence[str], unless: str, expect: Expected, between: tuple[str, str] = ("", "")) -> bool:
    """Whether the lines that a gate printed close it; for the rest see `Command`."""
    if unless and any(unless in line for line in lines):
        return True
    if not expect:
        return False
    words = [word for word in _BLANKS.split("\n".join(lines)) if word]
    first, second = (part.split() for part in between)
    if first:
        begin = _find(words, first)
        if begin is None:
            return True
        words = words[begin + len(first) :]
        words = words[: _find(words, second) if second else None]
    text = f" {' '.join(words)} "
    return not all(any(f" {one} " in text for one in alternatives(each)) for each in expect)


def _find(words: list[str], wanted: list[str]) -> int | None:
    """Return where `wanted` stands first among `words`."""
    many = len(wanted)
    return next((at for at in range(len(words) - many + 1) if words[at : at + many] == wanted), None)
