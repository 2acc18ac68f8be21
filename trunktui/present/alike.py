"""Says once what is the same of several SBCs but for their names, and for the figures in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME, _NUMBER = "\0", "\1"
_FIGURE = re.compile(r"(?<![\w.:/=@-])\d+(?![\w]|[.:/=@-]\w)")
"""A number that stands alone: none of an address, a name, a share."""

Alike = tuple[str, tuple[str, ...]]
"""What makes two texts the same, and the figures in which they may differ."""


def alike(text: str, sbc: str, *, figures: bool) -> Alike:
    """Return what a text about `sbc` has in common with that about another, with `figures` whatever these are."""
    bare = re.sub(rf"(?<![\w.-]){re.escape(sbc)}(?![\w-]|\.\w)", _NAME, text) if sbc else text
    if not figures:
        return bare, ()
    return _FIGURE.sub(_NUMBER, bare), tuple(_FIGURE.findall(bare))


def told_once(texts: Iterable[str], sbcs: tuple[str, ...], *, figures: bool) -> str:
    """Return one text for those of several SBCs that are alike: `on each SBC`, and a figure from least to most: `1-7`.

    That of a single SBC stays as it is.
    """
    told = tuple(texts)
    if len(set(sbcs)) < 2:
        return told[0]
    parts = [alike(text, sbc, figures=figures) for text, sbc in zip(told, sbcs, strict=True)]
    common = parts[0][0]
    common = common.replace(f"@{_NAME}", "").replace(_NAME, "each SBC")
    columns = iter(zip(*(found for _, found in parts), strict=True))
    return re.sub(_NUMBER, lambda _: _span(next(columns)), common) if figures else common


def _span(column: tuple[str, ...]) -> str:
    numbers = sorted(map(int, column))
    return str(numbers[0]) if numbers[0] == numbers[-1] else f"{numbers[0]}-{numbers[-1]}"
