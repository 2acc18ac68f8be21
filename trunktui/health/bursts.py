"""Tells who fails to authenticate at an SBC again and again, from what its log says. Pure; times are monotonic."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, structs

from trunktui.health.box import SBC_LIMIT
from trunktui.health.reasons import span
from trunktui.model.finding import AuthBurst
from trunktui.model.tail import AuthFailure
from trunktui.model.text import Safe, clean

BURST = 10
"""So many failures without a success within the window are a burst."""

WINDOW_S = 300.0
KEPT_S = 86400.0
"""For so long after its last failure a burst is still told."""

MOST_SOURCES = 1024
_REMARKED_S = 900.0
_MOST_USERS = 3


class Tally(Struct, frozen=True):
    """The failures of one source since its last success, none longer than the window after the one before.

    `lately` are the times of the last of them; `burst` once they were many in a short time.
    """

    source: Safe
    method: Safe
    count: int
    since: float
    last: float
    users: tuple[Safe, ...] = ()
    lately: tuple[float, ...] = ()
    burst: bool = False


def add(before: Tally | None, failure: AuthFailure) -> Tally:
    """Return a source's tally with one more failure."""
    if before is None or failure.at - before.last > WINDOW_S:
        before = Tally(failure.source, failure.method, 0, failure.at, failure.at)
    lately = (*before.lately, failure.at)[-BURST:]
    users = before.users
    if failure.user and failure.user not in users and len(users) < _MOST_USERS:
        users = (*users, failure.user)
    return structs.replace(
        before,
        method=failure.method if failure.method == before.method else Safe("request"),
        count=before.count + 1,
        last=max(before.last, failure.at),
        users=users,
        lately=lately,
        burst=before.burst or (len(lately) == BURST and lately[-1] - lately[0] <= WINDOW_S),
    )


def bursts(tallies: Iterable[Tally], now: float, *, sure: bool) -> tuple[AuthBurst, ...]:
    """Return the bursts to tell at monotonic second `now`; `sure` as in AuthBurst."""
    return tuple(
        AuthBurst(tally.source, tally.count, tally.since, tally.last, tally.users, tally.method, sure)
        for tally in tallies
        if tally.burst and now - tally.last <= KEPT_S
    )


def sentence(burst: AuthBurst) -> Safe:
    """Return a burst in words."""
    none = "none succeeded" if burst.sure else "no success seen"
    took = span(burst.last_at - burst.since_at)
    return clean(f"{burst.count} failed {burst.method}s in {took} from {burst.source}; {none}")


def with_remark(reason: Safe, told: tuple[AuthBurst, ...], now: float) -> Safe:
    """Return an SBC's sentence with the worst burst that is not over for long; its state is what it was."""
    late = [burst for burst in told if now - burst.last_at <= _REMARKED_S]
    if not late:
        return reason
    others = f" (and from {len(late) - 1} more)" if len(late) > 1 else ""
    said = f"{sentence(max(late, key=lambda burst: burst.count))}{others}"
    return clean(f"{reason}; {said}" if reason else said, SBC_LIMIT)
