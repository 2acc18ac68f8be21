"""Judges dials per second against a cap, over every leg that shares it, and says what they put at risk. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from trunktui.health.context import cps_level
from trunktui.health.rates import MEAN_S, Rate
from trunktui.model.health import Thresholds, Usage
from trunktui.model.inventory import Inventory, Trunk
from trunktui.model.snapshot import CpsView

Rates = Mapping[tuple[str, str], Rate | None]
"""Rates by (trunk, SBC); None where nothing can be said of one."""


class CpsShare(Struct, frozen=True):
    """What a leg's dials count against: the cap, and the mean of all legs that share it together.

    `whole` False: some leg's dials are not known, or not all of them. `used` None: none is known. `peak` is the
    highest second of any one of them, None where none is known; `alone`: there is no other.
    """

    cap: float | None = None
    used: float | None = None
    whole: bool = True
    peak: int | None = None
    alone: bool = True


def cps_shares(inventory: Inventory, rates: Rates) -> dict[str, CpsShare]:
    """Return the share of each trunk that has a cap: its account's where that has one, else its own."""
    sharing: dict[str, list[Trunk]] = {}
    for trunk in inventory.trunks:
        if trunk.account is not None:
            sharing.setdefault(trunk.account, []).append(trunk)
    found: dict[str, CpsShare] = {}
    for account in inventory.accounts:
        if account.cap.cps is not None:
            members = sharing.get(account.name, [])
            found.update(dict.fromkeys((t.name for t in members), _share(members, account.cap.cps, rates)))
    for trunk in inventory.trunks:
        if trunk.name not in found and trunk.cap.cps is not None:
            found[trunk.name] = _share([trunk], trunk.cap.cps, rates)
    return found


def _share(members: list[Trunk], cap: float | None, rates: Rates) -> CpsShare:
    places = [(trunk.name, binding.sbc) for trunk in members for binding in trunk.bindings]
    known = [rate for place in places if (rate := rates.get(place)) is not None]
    peaks = [rate.peak for rate in known if rate.peak is not None]
    return CpsShare(
        cap=cap,
        used=sum(rate.per_s for rate in known) if known else None,
        whole=len(known) == len(places) and all(rate.whole for rate in known),
        peak=max(peaks, default=None),
        alone=len(places) == 1,
    )


def cps_view(rate: Rate | None, share: CpsShare | None, t: Thresholds) -> CpsView:
    """Return what is shown of a leg's dials; `share` None: they have no cap."""
    share = share or CpsShare()
    state = _usage(share, t)
    if rate is None:
        return CpsView(state, cap=share.cap, used=share.used, used_whole=share.whole)
    return CpsView(
        state=state,
        now=rate.per_s,
        peak=rate.peak,
        window_s=rate.window_s,
        cap=share.cap,
        whole=rate.whole,
        used=share.used,
        used_whole=share.whole,
    )


def deciding(share: CpsShare, t: Thresholds) -> tuple[float | None, float | None]:
    """Return the dials a second that are nearest to the cap, and the seconds they were counted over.

    The highest second where it is known, and the mean, which hides bursts. Seconds of several legs cannot be added
    up, for they are of several clocks: their mean is judged besides. (None, None): nothing is known.
    """
    if share.used is None:
        return None, None
    figures: list[tuple[float, float]] = []
    if share.peak is not None:
        figures.append((share.peak, 1.0))
    if share.peak is None or not share.alone:
        figures.append((share.used, MEAN_S))
    cap = share.cap
    if cap is None:
        return figures[0]
    return max(figures, key=lambda figure: LOUDNESS.index(cps_level(figure[0], figure[1], cap, t)))


def _usage(share: CpsShare, t: Thresholds) -> Usage:
    if share.cap is None:
        return Usage.NO_CAP
    now, window_s = deciding(share, t)
    if now is None or share.cap <= 0:
        return Usage.UNKNOWN
    found = cps_level(now, window_s, share.cap, t)
    return Usage.UNKNOWN if found is Usage.NORMAL and not share.whole else found


LOUDNESS = (Usage.NORMAL, Usage.HIGH, Usage.FULL, Usage.OVER_CAP)
