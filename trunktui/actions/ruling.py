"""How a guard speaks: one sentence, cleaned and bounded, for or against."""

from __future__ import annotations

from trunktui.model.action import Ruling, Statement
from trunktui.model.text import clean

_TEXT = 400


def yes(guard: str, sentence: str) -> Ruling:
    """Return that `guard` has nothing against it."""
    return Ruling(guard, True, clean(sentence, _TEXT))


def no(guard: str, sentence: str, *wants: Statement) -> Ruling:
    """Return that `guard` is against it, unless all of `wants` are stated; none: whatever is said."""
    return Ruling(guard, False, clean(sentence, _TEXT), wants)


def warn(guard: str, sentence: str) -> Ruling:
    """Return that `guard` lets it through, and what the operator must know."""
    return yes(guard, f"warning: {sentence}")


def lasting(seconds: float) -> str:
    """Return a time as guards say it: `45 s`, `12 m`."""
    return f"{seconds:.0f} s" if seconds < 2 * 60 else f"{seconds / 60:.0f} m"


def allowed(rulings: tuple[Ruling, ...]) -> bool:
    """Whether every guard lets it through."""
    return bool(rulings) and all(ruling.allowed for ruling in rulings)
