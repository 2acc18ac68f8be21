"""Says how old a value is and stops believing it in time: the one place where a leg's age overrules its state."""

from __future__ import annotations

from msgspec.structs import replace

from trunktui.model.health import LegState, Severity
from trunktui.model.snapshot import LegStatus
from trunktui.model.text import clean

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_DAYS_FROM = 2 * _DAY


def duration(seconds: float) -> str:
    """Return a length of time in at most two units: `12s`, `4m10s`, `3h02m`, and from two days on `12d`.

    Fractions are cut off, not rounded up, so that an age never reads older than it is; less than 0 reads `0s`.
    """
    whole = max(int(seconds), 0)
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02d}s"
    if whole < _DAYS_FROM:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02d}m"
    return f"{whole // _DAY}d"


def stale(leg: LegStatus, now: float) -> bool:
    """Tell whether what `leg` says is past its time at monotonic second `now`; without a limit it never is."""
    return leg.stale_at is not None and now > leg.stale_at


def shown(leg: LegStatus, now: float) -> LegStatus:
    """Return `leg` as it may be shown at monotonic second `now`.

    Unchanged up to `stale_at`. Later a copy whose state is UNKNOWN, whatever the snapshot says, with the old
    state in `was` and a reason that names the age; its other values are kept, to be shown dimmed as "was ...".
    A leg that is already unknown keeps its own reason, which says more.
    """
    if not stale(leg, now) or leg.state is LegState.UNKNOWN:
        return leg
    age = "" if leg.observed_at is None else f" for {duration(now - leg.observed_at)}"
    return replace(
        leg,
        state=LegState.UNKNOWN,
        severity=Severity.INDETERMINATE,
        was=leg.state,
        reason=clean(f"no news{age}; was {leg.state.value}"),
        since_at=leg.stale_at,
    )
