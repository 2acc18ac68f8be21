"""What the SIP code of an answered OPTIONS means, and which code a trunk usually answers with.

A carrier that always says 404 is healthy; one that went from 200 to 403 is not: the change counts, not the code.
"""

from __future__ import annotations

from enum import StrEnum

from trunktui.model.inventory import AuthMode

Runs = tuple[tuple[int, int], ...]
"""The last codes, oldest first, as (code, how many in a row): one trunk has few."""

FORBIDDEN = 403
OVERLOAD = 503

_NO_ANSWER = frozenset({408, 500, 502, 504, 505})
_FIRST_FINAL, _FIRST_GLOBAL = 200, 600
"""Below the first no answer is final; from the second on everybody refuses, or an SBC's own words for silence."""


class CodeClass(StrEnum):
    """What a code says of the far end."""

    ALIVE = "alive"
    AUTH = "auth"
    OVERLOADED = "overloaded"
    MISS = "miss"


def classify(code: int) -> CodeClass:
    """Return what a code means; a final answer that is not listed as a failure proves a living SIP stack."""
    if code in _NO_ANSWER or code >= _FIRST_GLOBAL or code < _FIRST_FINAL:
        return CodeClass.MISS
    if code == OVERLOAD:
        return CodeClass.OVERLOADED
    return CodeClass.AUTH if code == FORBIDDEN else CodeClass.ALIVE


def learn(runs: Runs, code: int, most: int) -> Runs:
    """Return `runs` with one more code, the oldest beyond `most` dropped."""
    again = bool(runs) and runs[-1][0] == code
    runs = (*runs[:-1], (code, runs[-1][1] + 1)) if again else (*runs, (code, 1))
    over = sum(count for _, count in runs) - most
    while over > 0:
        (oldest, count), rest = runs[0], runs[1:]
        runs = ((oldest, count - over), *rest) if count > over else rest
        over -= count
    return runs


def usual(runs: Runs) -> int | None:
    """Return the code that was answered most often (of equals the older one), None when none was."""
    totals: dict[int, int] = {}
    for code, count in runs:
        totals[code] = totals.get(code, 0) + count
    return max(totals, key=lambda code: totals[code]) if totals else None


def refused_now(code: int | None, used_to: int | None, auth: AuthMode) -> bool:
    """Whether a 403 is news: the trunk used to answer otherwise, or nothing is known and our address is the key."""
    if code != FORBIDDEN:
        return False
    return auth is not AuthMode.REGISTRATION if used_to is None else used_to != FORBIDDEN
