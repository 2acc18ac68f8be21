"""Counts dials per second from look to look: what was seen, and whether the SBC's own counters say it was all.

A look shows the channels that exist just then. Those that are new since the look before and that the SBC made
to call out are dials; one that began and ended in between was not seen. Two counters of the SBC tell of such:
calls processed (or channels), and the numbers of its channels, which leave a gap. Where they tell of more than was seen, the
count is a lower bound (docs/decisions/032). Pure: a fold over looks, with the memory that it needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct, field, structs

from trunktui.model.observation import ChannelRow, Observation

MEAN_S = 30.0
"""A mean is taken over at least so long, once so much was seen: over a few seconds it jumps."""

PEAK_S = 60.0
"""So long a burst is remembered."""

FIRST_S = 10
"""The first look goes by the age of what it finds: how many dials of the last seconds are still there."""

_LEAST_S = 1.0
"""Looks closer together than this are taken as one."""

_LONGEST_S = 600.0
"""After so long without a look nearly all that was is gone: as if it were the first."""

_ROUNDING_S = 2
_CARRY = 3
"""The counter is read a moment before the list: so many calls may stand in the list and not yet in the counter."""


class Rate(Struct, frozen=True):
    """Dials on one endpoint: a mean over `window_s`, the most that began within one second lately.

    `peak` None: it is not known when they began. `whole` False: at least so many.
    """

    per_s: float
    window_s: float
    whole: bool
    peak: int | None


class Window(Struct, frozen=True):
    """What was new between two looks: dials by endpoint, the most in one second, and calls of the whole SBC.

    `calls` None: the SBC did not count them. `whole`: its counters tell of no more than was seen. `undated`:
    endpoints with a dial of which the second is not known. `first`: there was no look before.
    """

    window_s: float
    dials: dict[str, int]
    peaks: dict[str, int]
    undated: frozenset[str]
    calls: int | None
    whole: bool
    first: bool = False


class RateMemory(Struct, frozen=True):
    """What is kept between looks: the last one's counters and channels, and the windows that count still.

    `at` is the last look; the rest is of the last one whose channels were read. `windows`: newest first, empty
    while nothing can be said. `rates` are those of endpoints that had dials lately, `idle` that of any other;
    `calls_per_s` counts the calls that the whole SBC began, both ways, by its own count.
    """

    at: float | None = None
    base_at: float | None = None
    took_s: float = 0.0
    clock_s: float | None = None
    processed: int | None = None
    sessions: int | None = None
    calls: int | None = None
    callers: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    top: int = -1
    carry: int = 0
    windows: tuple[Window, ...] = field(default_factory=tuple)
    rates: dict[str, Rate] = field(default_factory=dict)
    idle: Rate | None = None
    calls_per_s: float | None = None

    def rate(self, endpoint: str) -> Rate | None:
        """Return the rate of dials on an endpoint; None where nothing can be said of it."""
        return self.rates.get(endpoint, self.idle)


def _summed(memory: RateMemory, windows: tuple[Window, ...]) -> RateMemory:
    """Return `memory` with what `windows` come to: worked out once a look, for it is asked for much more often."""
    mean = _covering(windows, MEAN_S)
    seconds = sum(window.window_s for window in mean)
    if not seconds:
        return memory
    whole = all(window.whole for window in mean)
    counts = [window.calls for window in mean]
    known = [count for count in counts if count is not None]
    seen = {endpoint for window in windows for endpoint in window.dials}
    undated = {endpoint for window in windows for endpoint in window.undated}
    rates: dict[str, Rate] = {}
    for endpoint in seen:
        dials = sum(window.dials.get(endpoint, 0) for window in mean)
        peak = max(window.peaks.get(endpoint, 0) for window in windows)
        if dials or whole:  # "at least none" says nothing
            rates[endpoint] = Rate(dials / seconds, seconds, whole, None if endpoint in undated else peak)
    return structs.replace(
        memory,
        windows=windows,
        rates=rates,
        idle=Rate(0.0, seconds, True, 0) if whole else None,
        calls_per_s=sum(known) / seconds if len(known) == len(counts) else None,
    )


def remember_rates(before: RateMemory, look: Observation, *, restarted: bool) -> RateMemory:
    """Return the memory after a look; the same look again changes nothing.

    `restarted`: the SBC's software began a new life since the look before, so its counters say nothing of the
    time between. A look whose channels could not be read says nothing, and the next window reaches over it.
    """
    if look.at == before.at:
        return before
    if restarted:
        return _begun(look) if look.channels_read else RateMemory(at=look.at)
    if not look.channels_read:
        return structs.replace(before, at=look.at, windows=(), rates={}, idle=None, calls_per_s=None)
    if before.base_at is None or look.at - before.base_at > _LONGEST_S:
        return _summed(_begun(look), _first(look))
    window_s = _window_s(before, look)
    if window_s < _LEAST_S:
        return structs.replace(before, at=look.at)
    if _started_over(before, look, window_s):
        return _begun(look)
    window, carry = _compared(before, look, window_s)
    kept = tuple(old for old in before.windows if not old.first)
    begun = structs.replace(_begun(look, before), carry=carry)
    return _summed(begun, _covering((window, *kept), PEAK_S))


def _begun(look: Observation, before: RateMemory | None = None) -> RateMemory:
    """Return a look as what the next one is compared with; nothing can be said by it alone."""
    rows = look.channel_rows
    serials = [row.serial for row in rows if row.serial is not None]
    return RateMemory(
        at=look.at,
        base_at=look.at,
        took_s=look.took_s,
        clock_s=look.box.clock_s,
        processed=look.box.calls_processed,
        sessions=look.box.channels_processed,
        calls=look.box.calls,
        callers=frozenset(row.id for row in rows if row.dialled is False),
        ids=frozenset(row.id for row in rows),
        top=max([*serials, before.top if before else -1]),
    )


def _first(look: Observation) -> tuple[Window, ...]:
    uptime = look.box.uptime_s
    if uptime is None or uptime < FIRST_S:
        return ()
    young = [row for row in look.channel_rows if row.age_s < FIRST_S]
    return (_window(young, float(FIRST_S), None, whole=False, first=True),)


def _window_s(before: RateMemory, look: Observation) -> float:
    """Return the seconds between two looks: by the SBC's clock, unless ours says that it was set meanwhile.

    Its clock is read beside its channels; an answer may have been long on its way to us.
    """
    ours = look.at - (look.at if before.base_at is None else before.base_at)
    if before.clock_s is None or look.box.clock_s is None:
        return ours
    theirs = look.box.clock_s - before.clock_s
    return theirs if abs(theirs - ours) <= look.took_s + before.took_s + _LEAST_S else ours


def _started_over(before: RateMemory, look: Observation, window_s: float) -> bool:
    """Whether a counter began anew: fewer calls than before, or a young channel with an old number."""
    for now, then in (
        (look.box.calls_processed, before.processed),
        (look.box.channels_processed, before.sessions),
    ):
        if now is not None and then is not None and now < then:
            return True
    return any(
        row.serial is not None
        and row.serial <= before.top
        and row.id not in before.ids
        and row.age_s + _ROUNDING_S < window_s
        for row in look.channel_rows
    )


def _compared(before: RateMemory, look: Observation, window_s: float) -> tuple[Window, int]:
    """Return what is new since the look before, and by how many calls the list was ahead of the counter."""
    # One that is older than that stood there before, and was left out of the list.
    oldest_s = window_s + look.took_s + before.took_s
    rows = {
        row.id: row for row in look.channel_rows if row.id not in before.ids
    }  # each once, if one is said twice
    new = [row for row in rows.values() if row.age_s <= oldest_s]
    processed, calls = look.box.calls_processed, None
    missed, carry = 1, 0  # without the counter nobody knows
    if processed is not None and before.processed is not None:
        calls = processed - before.processed
        seen = sum(row.dialled is False for row in new) - _without_a_call(before, look)
        balance = calls - seen + before.carry
        missed, carry = max(balance, 0), max(min(balance, 0), -_CARRY)
    elif look.box.channels_processed is not None and before.sessions is not None:
        # This counter has the dialled ones too, and each channel stands in the list while it lasts.
        balance = look.box.channels_processed - before.sessions - len(new) + before.carry
        missed, carry = max(balance, 0), max(min(balance, 0), -_CARRY)
        calls = None if missed else sum(row.dialled is False for row in new)
    numbers = {row.serial for row in new if row.serial is not None and row.serial > before.top}
    base = before.top if before.top >= 0 or not numbers else min(numbers) - 1
    gap = max(numbers) - base - len(numbers) if numbers else 0
    sure = all(row.dialled is not None for row in new)
    return _window(new, window_s, calls, whole=sure and not missed and not gap), carry


def _without_a_call(before: RateMemory, look: Observation) -> int:
    """Return how many of the new channels may run something without being a call, as originated ones do.

    Of those that stood there before, as many as did not go may still be such.
    """
    if before.calls is None or look.box.calls is None:
        return 0
    here = {row.id for row in look.channel_rows if row.dialled is False}
    old = max(len(before.callers) - before.calls, 0) - len(before.callers - here)
    return max(len(here) - look.box.calls - max(old, 0), 0)


def _window(
    new: Iterable[ChannelRow], window_s: float, calls: int | None, *, whole: bool, first: bool = False
) -> Window:
    dialled = [(row.endpoint, row.began) for row in new if row.dialled and row.endpoint is not None]
    peaks: dict[str, int] = {}
    for (endpoint, began), count in Counter(dialled).items():
        if began is not None:
            peaks[endpoint] = max(peaks.get(endpoint, 0), count)
    return Window(
        window_s=window_s,
        dials=dict(Counter(endpoint for endpoint, _ in dialled)),
        peaks=peaks,
        undated=frozenset(endpoint for endpoint, began in dialled if began is None),
        calls=calls,
        whole=whole,
        first=first,
    )


def _covering(windows: tuple[Window, ...], least_s: float) -> tuple[Window, ...]:
    """Return as many windows, from the newest on, as it takes to cover `least_s`; all where that is not enough."""
    covered = 0.0
    for count, window in enumerate(windows, 1):
        covered += window.window_s
        if covered >= least_s:
            return windows[:count]
    return windows
