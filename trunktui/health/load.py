"""How much a leg carried lately, and how much of everything a trunk carries: what there is to move, or to lose."""

from __future__ import annotations

from collections.abc import Mapping

Peaks = tuple[tuple[int, int], ...]
"""The most channels of each minute, oldest first, as (minute of the monotonic clock, channels)."""

_MINUTE_S = 60.0


def keep_peak(peaks: Peaks, at: float, active: int, window_s: float) -> Peaks:
    """Return `peaks` with one more look at `active` channels; minutes that lie before the window are dropped."""
    minute = int(at // _MINUTE_S)
    if peaks and peaks[-1][0] == minute:
        return peaks if peaks[-1][1] >= active else (*peaks[:-1], (minute, active))
    oldest = minute - int(window_s // _MINUTE_S)
    return (*(peak for peak in peaks if peak[0] >= oldest), (minute, active))


def peak(peaks: Peaks) -> int | None:
    """Return the most channels, None where none were ever counted."""
    return max([active for _, active in peaks], default=None)


def heavy_trunks(
    channels: Mapping[tuple[str, str], int | None],
    cps: Mapping[tuple[str, str], float | None],
    share: float,
) -> frozenset[str]:
    """Return the trunks that carry at least `share` of all calls: of the attempts a second, else of the channels.

    Both are by (trunk, SBC), None where not known. Attempts decide only where they are known of every leg.
    """
    told = bool(cps) and cps.keys() >= channels.keys() and None not in cps.values()
    by_trunk: dict[str, float] = {}
    for (trunk, _), value in (cps if told else channels).items():
        if value:
            by_trunk[trunk] = by_trunk.get(trunk, 0.0) + value
    total = sum(by_trunk.values())
    return frozenset(trunk for trunk, value in by_trunk.items() if value >= share * total)
