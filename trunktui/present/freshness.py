"""Says how old a value is and stops believing it in time: the one place where an age overrules a state."""

from __future__ import annotations

from msgspec.structs import replace

from trunktui.model.health import LegState, SbcState, Severity, spoken
from trunktui.model.snapshot import LegStatus, SbcStatus
from trunktui.model.text import Safe, clean

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


def in_words(seconds: float) -> str:
    """Return a length of time as sentences tell it: `12 s`, `4 m 10 s`, `3 h 2 m`, `12 d`.

    The judged reasons are worded so, and one line must not tell time in two ways; cells have `duration`.
    """
    whole = max(int(seconds), 0)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} m {whole % _MINUTE} s" if whole % _MINUTE else f"{whole // _MINUTE} m"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} m"
    return f"{whole // _DAY} d"


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
    return replace(
        leg,
        state=LegState.UNKNOWN,
        severity=Severity.INDETERMINATE,
        was=leg.state,
        reason=_no_news(leg.observed_at, now, leg.state),
        since_at=leg.stale_at,
    )


def sbc_stale(sbc: SbcStatus, now: float) -> bool:
    """Tell whether the last answer of an SBC is past its time at monotonic second `now`."""
    return sbc.stale_at is not None and now > sbc.stale_at


def shown_sbc(sbc: SbcStatus, now: float) -> SbcStatus:
    """Return `sbc` as it may be shown at `now`: past its time its state is UNKNOWN, unless it is DOWN or so already."""
    if not sbc_stale(sbc, now) or sbc.state in {SbcState.DOWN, SbcState.UNKNOWN}:
        return sbc
    return replace(
        sbc,
        state=SbcState.UNKNOWN,
        severity=Severity.INDETERMINATE,
        reason=_no_news(sbc.polled_at, now, sbc.state),
    )


def _no_news(seen_at: float | None, now: float, was: LegState | SbcState) -> Safe:
    age = "" if seen_at is None else f" for {in_words(now - seen_at)}"
    return clean(f"no news{age}; was {spoken(was)}")
