"""Tells a change of addresses that lasts from one that comes and goes: DNS that deals out a pool must not storm.

`settled` is what events go by. Another set becomes settled

- at once, where it shares nothing with what was settled and has an address not seen within a day;
- else once two looks in a row saw the same.

While a set turns (three or more changes within an hour) only the second way is open, and only to a set with an address
not seen within a day: what is dealt out of a pool that is known is no news.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, structs

_DAY_S = 86400.0
_HOUR_S = 3600.0
_TURNS = 3
_MOST_SEEN = 256


class Trail(Struct, frozen=True):
    """The addresses of one thing over time, in monotonic seconds. `settled` None: nothing was seen yet.

    `since`: when the settled set was first seen in place of `before`, None for the first. `last` is the latest look's,
    first seen at `last_since`, and `fresh` are those in it that had not been seen within a day then. `seen` has when
    each address was last seen, `moves` when one look differed from the one before.
    """

    settled: frozenset[str] | None = None
    since: float | None = None
    before: frozenset[str] | None = None
    last: frozenset[str] = frozenset()
    last_since: float = 0.0
    fresh: frozenset[str] = frozenset()
    seen: dict[str, float] = {}
    moves: tuple[float, ...] = ()

    @property
    def turns(self) -> bool:
        """Whether it changes so often that a known set in place of another is no news."""
        return len(self.moves) >= _TURNS


def follow(trail: Trail, found: Iterable[str], at: float) -> Trail:
    """Return `trail` with what a look at second `at` found."""
    now = frozenset(found)
    known = {address: when for address, when in trail.seen.items() if at - when <= _DAY_S}
    seen = _most({**{a: when for a, when in known.items() if a not in now}, **dict.fromkeys(sorted(now), at)})
    if trail.settled is None:
        return Trail(settled=now, last=now, last_since=at, seen=seen)
    again = now == trail.last
    moves = tuple(when for when in trail.moves if at - when <= _HOUR_S)
    after = Trail(
        settled=trail.settled,
        since=trail.since,
        before=trail.before,
        last=now,
        last_since=trail.last_since if again else at,
        fresh=trail.fresh if again else now - known.keys(),
        seen=seen,
        moves=moves if again else (*moves, at)[-_TURNS:],
    )
    if now == trail.settled:
        return after
    apart = bool(after.fresh) and now.isdisjoint(trail.settled)
    news = again and (bool(after.fresh) or not after.turns)
    if news or (apart and not after.turns):
        return structs.replace(after, settled=now, since=after.last_since, before=trail.settled)
    return after


def _most(seen: dict[str, float]) -> dict[str, float]:
    return dict(list(seen.items())[-_MOST_SEEN:])
