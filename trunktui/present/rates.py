"""Puts dials per second, and the dials at risk, into cells and sentences."""

from __future__ import annotations

import math

from trunktui.model.health import Usage
from trunktui.model.snapshot import CpsView, LegStatus
from trunktui.present.cells import Cell, Role
from trunktui.present.words import AT_LEAST, ENDLESS, NOT_KNOWN, plural, span

_USAGE_ROLES = {Usage.HIGH: Role.WARN, Usage.FULL: Role.BAD, Usage.OVER_CAP: Role.BAD}
_UNKNOWN = Cell(NOT_KNOWN, Role.DIM)
_TENTH = 0.05
_MANY = 1000
_EPSILON = 1e-6


def per_second(rate: float) -> str:
    """Write a rate: `2.1`, from ten on without the fraction; what is not nothing never reads 0."""
    if 0 < rate < _TENTH:
        return "<0.1"
    return f"{rate:.1f}" if rate < 10 - _TENTH and rate else f"{rate:.0f}"


def _rate(cps: CpsView) -> str:
    """Write a leg's rate; a lower bound has its mark, is never rounded up, and is no "less than"."""
    rate = cps.now or 0.0
    if cps.whole:
        return per_second(rate)
    digits = 2 if rate < _TENTH * 2 else 1 if rate < 10 - _TENTH else 0
    least = math.floor(rate * 10**digits + _EPSILON) / 10**digits
    return f"{AT_LEAST}{least:.{digits}f}"


def cps_cell(cps: CpsView, *, old: bool) -> Cell:
    """Return the CPS cell; `≥` stands before a rate that misses short dials."""
    if cps.now is None or old:
        return _UNKNOWN
    return Cell(_rate(cps), _USAGE_ROLES.get(cps.state, Role.TEXT))


def dials_cell(leg: LegStatus, *, old: bool) -> Cell:
    """Return the DIALS cell: how many were lost since the first bad sign, else how many a silent death would burn."""
    if leg.wasted is not None and not old:
        count = str(leg.wasted) if leg.wasted < 10 * _MANY else _few(leg.wasted, least=False)
        return Cell(f"{count} lost", Role.BAD if leg.wasted else Role.DIM)
    risk = leg.at_risk
    if risk is None or old:
        return _UNKNOWN
    if math.isinf(risk):
        return Cell(f"{ENDLESS} risk", Role.WARN)
    return Cell(f"{_few(risk, least=not leg.cps.whole)} risk", Role.TEXT if risk else Role.DIM)


def cps_words(cps: CpsView) -> str:
    """Return a leg's rate with its window, its busiest second, and its cap."""
    if cps.now is None:
        return NOT_KNOWN if cps.cap is None else f"{NOT_KNOWN}, cap {per_second(cps.cap)}/s"
    least = _rate(cps).replace(AT_LEAST, "at least ")
    text = f"{least}/s, mean of {span(cps.window_s)}"
    if cps.peak is not None:
        text += f", {cps.peak} in the busiest second"
    if cps.cap is not None:
        text += f"; {_used(cps)}cap {per_second(cps.cap)}/s"
    return text if cps.whole else f"{text} (short ones were missed)"


def risk_words(leg: LegStatus) -> str:
    """Return the arithmetic of the dials at risk: `35s x 2.1/s: 74 dials before the SBC notices`."""
    risk, cps = leg.at_risk, leg.cps
    if risk is None or cps.now is None:
        return NOT_KNOWN
    if math.isinf(risk):
        return f"{_rate(cps)}/s for ever: OPTIONS is not set, the SBC would never notice"
    if leg.probe.detect_s is None:
        return "none: no traffic"
    if 0 < risk < 1:
        dials = "less than 1 dial" if cps.whole else f"at least {_tenths(risk)} dials"
    else:
        dials = plural(round(risk), "dial") if cps.whole else f"at least {plural(_floor(risk), 'dial')}"
    return f"{span(leg.probe.detect_s)} x {_rate(cps)}/s: {dials} before the SBC notices"


def lost_words(leg: LegStatus) -> str:
    """Return how many calls were lost since the first bad sign, empty where that is not known or it is well."""
    if leg.wasted is None:
        return ""
    return f"{leg.wasted:,} call{'' if leg.wasted == 1 else 's'} without an answer since the first bad sign"


def _used(cps: CpsView) -> str:
    """Return what all legs that share a cap use of it together, where that is more than this one's."""
    if cps.used is None or cps.used == cps.now:
        return ""
    least = "" if cps.used_whole else "at least "
    return f"{least}{per_second(cps.used)}/s with all that share the "


def _few(dials: float, *, least: bool) -> str:
    """Write a number of dials in four characters and the mark of a lower bound, which is never rounded up."""
    mark = AT_LEAST if least else ""
    if 0 < dials < 1:
        return f"{mark}{_tenths(dials)}" if least else "<1"
    whole = _floor(dials) if least else round(dials)
    if whole < _MANY:
        return f"{mark}{whole}"
    if whole < 9.95 * _MANY and not least:
        return f"{whole / _MANY:.1f}k"
    return f"{mark}{whole // _MANY}k"


def _tenths(dials: float) -> str:
    return f"{max(_floor(dials * 10), 1) / 10:.1f}"


def _floor(number: float) -> int:
    return math.floor(number + _EPSILON)
