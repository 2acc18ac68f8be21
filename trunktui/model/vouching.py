"""Who speaks for a trunk that a route holds out on an SBC: nobody probes it there, so its legs on other SBCs do. Pure.

Shared by the guards, by what the screen offers and by the command that waits, so that all three mean the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from trunktui.model.health import LegState, RegSignal, spoken
from trunktui.model.inventory import AuthMode
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Move

LEAST_PROBES = 2
"""OPTIONS in a row that a trunk must have answered before calls are sent to it: one proves one look at most."""

REGISTERED = frozenset({RegSignal.REGISTERED, RegSignal.REFRESHING, RegSignal.LATE_REFRESH})
_SILENCED = frozenset({LegState.ADMIN_OFF, LegState.UNMONITORED})
"""States of a leg that is held out and is not asked: whatever else is said of it was seen."""


class Voucher(Struct, frozen=True):
    """What speaks for a trunk that is held out on an SBC: `leg`, on another; None: none does, and `why`.

    `out`: the next call on it would fail, as far as anybody knows.
    """

    leg: LegStatus | None = None
    why: str = ""
    out: bool = False


def held_out(move: Move, trunk: str) -> bool:
    """Whether every entry of a trunk in the route that is to be moved is held out by hand."""
    own = [share.held for share in move.stands.shares if share.value == move.values.get(trunk)]
    return bool(own) and all(own)


def silenced(leg: LegStatus) -> bool:
    """Whether a leg that is held out says nothing of its trunk: it only reads as switched off, or as not asked."""
    return leg.state in _SILENCED


def unregistered(leg: LegStatus) -> str:
    """Return why a leg that must be registered is not fit for calls; "" where it is, or need not be."""
    if leg.auth is AuthMode.IP or leg.registration.state in REGISTERED:
        return ""
    return f"{leg.id} is not registered ({leg.registration.state.value.replace('_', ' ')})"


def voucher(
    held: LegStatus,
    legs: Iterable[LegStatus],
    now: float,
    probes: int = LEAST_PROBES,
    run_s: float = 0.0,
    fresh_s: float | None = None,
) -> Voucher:
    """Return what speaks for the trunk of the leg `held`: of its other legs one up, with such a run, and none down.

    `fresh_s`: how old the state of that one may be; None: as long as it is believed. Times are monotonic.
    """
    if why := unregistered(held):
        return Voucher(why=why, out=True)
    others = [leg for leg in legs if leg.trunk == held.trunk and leg.id != held.id and not leg.discovered]
    down = [leg for leg in others if leg.state is LegState.DOWN]
    if down:
        up = any(leg.state is LegState.UP for leg in others)
        return Voucher(why=f"{down[0].id} is down ({down[0].reason})", out=not up)
    lacks = [(_lack(leg, now, probes, run_s, fresh_s), leg) for leg in others]
    good = [leg for why, leg in lacks if not why]
    if good:
        return Voucher(max(good, key=lambda leg: run_of(leg, now)))
    if not lacks:
        return Voucher(why=f"no other SBC has a leg of {held.trunk} to judge it by")
    best, leg = max(lacks, key=lambda one: run_of(one[1], now))
    return Voucher(why=f"{leg.id} {best}")


def run_of(leg: LegStatus, now: float) -> tuple[int, float]:
    """Return how many OPTIONS in a row a leg has answered, and over how many seconds."""
    return (0, 0.0) if leg.clean is None else (leg.clean.probes, now - leg.clean.since)


def _lack(leg: LegStatus, now: float, probes: int, run_s: float, fresh_s: float | None) -> str:
    """Return what a leg lacks to speak for its trunk elsewhere, "" for nothing."""
    until = leg.stale_at if fresh_s is None or leg.observed_at is None else leg.observed_at + fresh_s
    if leg.state is not LegState.UP:
        return f"is {spoken(leg.state)} ({leg.reason})"
    if until is None or now > until:
        return "was not seen just now"
    if leg.flapping:
        return "flaps"
    if leg.maintenance is not None:
        return "is in maintenance"
    answered, run = run_of(leg, now)
    if answered < probes or run < run_s:
        over = f" over {run:.0f} s (needed: {probes} over {run_s:.0f} s)" if run_s else ""
        return f"answered {answered} OPTIONS in a row{over or f' ({probes} are needed)'}"
    return ""
