"""Where a group's new calls go on one SBC, by what stands at its route there. Pure; `groups` judges what that means.

The SBC's own names for trunks are mapped by whoever reads them: here is known only what a value stands for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct, field, structs

from trunktui.model.inventory import Group
from trunktui.model.route import ActiveRoute, Route, RouteReading, RouteState, Share, outdated
from trunktui.model.text import Safe, clean

_LIMIT = 240
_VALUE = 60
"""Characters of a foreign value that are told in a sentence; the document has all of it."""

NOT_ASKED = Safe("not asked yet")


class Place(Struct, frozen=True):
    """A group on one SBC: its trunks that have a leg there, in its order, and what its route calls them.

    `values` maps the SBC's value to the trunk. `unnamed`: trunks of which it is not known what they are called.
    """

    group: str
    sbc: str
    route: Route
    trunks: tuple[str, ...]
    values: dict[str, str] = {}
    unnamed: tuple[str, ...] = ()


class Held(Struct, frozen=True):
    """What was last read of a route, and why it could not be read since (empty: it was)."""

    active: ActiveRoute
    why: Safe = Safe("")


Routes = tuple[tuple[str, ActiveRoute], ...]
"""Each group that is routed on an SBC, with where it goes there."""


class RouteMemory(Struct):
    """The routes of one SBC between polls, by group. `denied`: those not to be asked again.

    `told` is what is shown of them, until monotonic second `until`; None: to be worked out.
    """

    held: dict[str, Held] = field(default_factory=dict)
    denied: frozenset[Route] = frozenset()
    told: Routes | None = None
    until: float = math.inf


def place_of(group: Group, sbc: str, platform: str, here: Iterable[str]) -> Place | None:
    """Return a group on an SBC on which the trunks `here` have legs; None: it is not routed there, or has none there."""
    route = group.switch.get(platform)
    among = frozenset(here)
    trunks = tuple(trunk for trunk in group.trunks if trunk in among)
    return Place(group.name, sbc, route, trunks) if route is not None and trunks else None


def unasked(place: Place) -> Held:
    """Return what is told of a route that nobody asked for yet."""
    return Held(ActiveRoute(place.sbc, place.route, sentence=_not_known(place, NOT_ASKED)), NOT_ASKED)


def remember_route(before: Held | None, place: Place, reading: RouteReading, stale_s: float) -> Held:
    """Return what is known of a route after a look at it.

    A look that told nothing takes nothing away: what was read before is believed until it is `stale_s` seconds old.
    """
    if before is not None and before.active.route != place.route:
        before = None
    if not reading.read:
        if before is not None and before.active.read_at is not None:
            return structs.replace(before, why=reading.why)
        active = ActiveRoute(place.sbc, place.route, sentence=_not_known(place, reading.why), reading=reading)
        return Held(active, reading.why)
    found = judge_route(place, reading)
    known = before.active if before is not None and before.active.read_at is not None else None
    since = None
    if known is not None:
        same = found.goes in {known.goes, ""} or known.state is RouteState.UNKNOWN
        since = known.since if same else reading.at
    return Held(structs.replace(found, since=since, read_at=reading.at, stale_at=reading.at + stale_s))


def told_routes(memory: RouteMemory, now: float) -> Routes:
    """Return each group with where it goes as of `now`; the same object as long as nothing differs."""
    if memory.told is None or now > memory.until:
        memory.told = tuple((group, _told(held, now)) for group, held in memory.held.items())
        ends = (held.active.stale_at for held in memory.held.values())
        memory.until = min((at for at in ends if at is not None and at >= now), default=math.inf)
    return memory.told


def active_by_group(routes: Iterable[Routes]) -> dict[str, tuple[ActiveRoute, ...]]:
    """Return where each group goes on every SBC, from what is told of each SBC."""
    found: dict[str, tuple[ActiveRoute, ...]] = {}
    for told in routes:
        for group, active in told:
            found[group] = (*found.get(group, ()), active)
    return found


def judge_route(place: Place, reading: RouteReading) -> ActiveRoute:
    """Return where the new calls of a group go by what was read; its times are left open."""
    state, trunk, parts, words = _judged(place, reading)
    held = tuple(dict.fromkeys(_name(place, share) for share in reading.shares if share.held))
    return ActiveRoute(
        sbc=place.sbc,
        route=place.route,
        state=state,
        trunk=trunk,
        sentence=clean(f"{place.group} on {place.sbc}{words}", _LIMIT),
        reading=reading,
        parts=parts,
        held=held,
    )


_Judged = tuple[RouteState, str | None, tuple[tuple[str, int], ...], str]


def _judged(place: Place, reading: RouteReading) -> _Judged:
    where = place.route.words
    if not reading.shares:
        return RouteState.UNSET, None, (), f": nothing is set in {where}, the SBC goes its own way"
    serving = reading.serving
    if not serving:
        words = f": every entry of {where} is held out or dead, no new call gets a way out"
        return RouteState.NONE, None, (), words
    foreign = [share for share in serving if share.value not in place.values]
    if foreign and place.unnamed:
        # it may be the name of one of these
        said = _quoted(foreign[0])
        words = f": not known, it is set to {said}, and what {place.unnamed[0]} is called there is not known"
        return RouteState.UNKNOWN, None, (), words
    percents = _percents(place, serving)
    if foreign:
        return RouteState.FOREIGN, None, (), _foreign_words(foreign[0], percents, alone=len(percents) == 1)
    if len(percents) > 1:
        each = ", ".join(f"{name} {percent} %" for name, percent in percents)
        return RouteState.SPLIT, None, percents, f" is split: {each}"
    trunk = percents[0][0]
    state = RouteState.FIRST if trunk == place.trunks[0] else RouteState.MOVED
    return state, trunk, (), _words(place, reading, trunk)


def _words(place: Place, reading: RouteReading, trunk: str) -> str:
    """Say that one trunk gets all calls, and what of the others is out: dead by itself, or held by hand."""
    first = place.trunks[0]
    passed = _passed(place, reading, trunk)
    dead = [(n, name) for n, name, share in passed if not share.held]
    held = [name for _, name, share in passed if share.held]
    if trunk == first:
        out = _out(place, reading, trunk)
        return f" goes to {trunk} (first){out}"
    if dead:
        named = ", ".join(f"priority {n} {name}" for n, name in dead)
        also = f", {_listed(held)} held out by hand" if held else ""
        return f": {named} {_is(len(dead))} dead there{also}: calls go to {trunk} by itself"
    if first in held:
        return f": {_listed(held)} {_is(len(held))} held out there by hand: calls go to {trunk}"
    return f" goes to {trunk}, not to {first} (first)"


def _passed(place: Place, reading: RouteReading, trunk: str) -> list[tuple[int, str, Share]]:
    """Return the entries that the SBC passes over before it comes to `trunk`: their rank, name and how they stand."""
    found = []
    for rank, share in enumerate(reading.shares, 1):
        if share in reading.open:
            break
        found.append((rank, _name(place, share), share))
    return [one for one in found if one[1] != trunk]


def _out(place: Place, reading: RouteReading, trunk: str) -> str:
    """Say which of the other entries could not take over."""
    out = [share for share in reading.shares if share not in reading.open]
    words = [
        f"{name} is {'held out by hand' if share.held else 'dead'} there"
        for share in out
        if (name := _name(place, share)) != trunk
    ]
    return f"; {_listed(list(dict.fromkeys(words)))}" if words else ""


def _percents(place: Place, serving: tuple[Share, ...]) -> tuple[tuple[str, int], ...]:
    """Return each name that gets calls with its share in percent; what rounding leaves goes to the largest."""
    weights: dict[str, int] = {}
    for share in serving:
        name = _name(place, share)
        weights[name] = weights.get(name, 0) + (1 if share.weight is None else share.weight)
    whole = sum(weights.values())
    percents = {name: 100 * weight // whole for name, weight in weights.items()}
    largest = max(percents, key=percents.__getitem__)
    percents[largest] += 100 - sum(percents.values())
    return tuple(percents.items())


def _foreign_words(foreign: Share, percents: tuple[tuple[str, int], ...], *, alone: bool) -> str:
    value = _quoted(foreign)
    if alone:
        return f" is set to {value}, which is no trunk of the group there: new calls would go to nothing that is known"
    each = ", ".join(f"{name} {percent} %" for name, percent in percents)
    return f" is split: {each}; {value} is no trunk of the group there: its share would go to nothing that is known"


def _name(place: Place, share: Share) -> str:
    return place.values.get(share.value) or _quoted(share)


def _quoted(share: Share) -> str:
    return f'"{clean(share.value, _VALUE)}"'


def _told(held: Held, now: float) -> ActiveRoute:
    active = outdated(held.active, now, held.why)
    if active is not held.active or not held.why or active.read_at is None:
        return active
    return structs.replace(active, sentence=clean(f"{active.sentence}; not read since: {held.why}", _LIMIT))


def _not_known(place: Place, why: str) -> Safe:
    return clean(f"{place.group} on {place.sbc}: not known, {why}", _LIMIT)


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _listed(names: list[str]) -> str:
    return ", ".join(names)
