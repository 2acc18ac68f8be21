"""Tells how often and for how long a leg was down, from its events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trunktui.model.health import LegState
from trunktui.model.history import Event, EventKind, Point
from trunktui.present.charts import Span, missing
from trunktui.present.freshness import in_words
from trunktui.present.moments import Local, clock_text, local_text, moment_of
from trunktui.present.words import plural

_FLAPPING = "flapping"
_NOT_KNOWN = frozenset({LegState.UNKNOWN, LegState.SUSPECT})
_DEPTH = 0.99
_DAY_S = 86400.0


class Spell(NamedTuple):
    """From when to when a leg was down, UTC; `until` None: it still is. `begun` False: it was already, before that.

    `ended` False: `until` is when the last was seen of it.
    """

    since: float
    until: float | None
    begun: bool = True
    ended: bool = True


class Spells(NamedTuple):
    """What is known of a leg's outages in a window: how long each lasted, and how often it began to flap."""

    down: tuple[Spell, ...] = ()
    flapped: int = 0


def spells(
    events: Sequence[Event],
    leg_id: str,
    window: tuple[float, float],
    state: LegState,
    state_since: float | None,
) -> Spells:
    """Return the outages of a leg from its events, oldest first, in `window`, which ends now.

    `state` is what it is now, since `state_since` (None: not known when). That beats what the events say of now, for
    the newest may not be on disk yet.
    """
    since, now = window
    found: list[Spell] = []
    flapped, open_at, begun, met = 0, None, True, False
    for event in events:
        if event.subject != leg_id or event.kind not in {EventKind.LEG, EventKind.FLAPPING}:
            continue
        if moment_of(event.at) is None:
            continue
        if not met and LegState.DOWN.value == event.before and event.after != _FLAPPING:
            open_at, begun = since, False
        met = True
        if open_at is not None and event.after != LegState.DOWN.value:
            found.append(Spell(open_at, max(event.at, open_at), begun))
            open_at, begun = None, True
        elif open_at is None and event.after == LegState.DOWN.value:
            open_at = event.at
        flapped += event.kind is EventKind.FLAPPING and event.after == _FLAPPING and event.at >= since
    changed = now if state_since is None else max(state_since, since)
    if state is LegState.DOWN:
        at = changed if open_at is None else open_at
        known = open_at is not None or state_since is not None
        found.append(Spell(at, None, begun and known and at > since))
    elif open_at is not None:
        found.append(Spell(open_at, max(open_at, changed), begun, ended=state not in _NOT_KNOWN))
    return Spells(
        tuple(_clipped(one, since) for one in found if one.until is None or one.until > since), flapped
    )


def _clipped(spell: Spell, since: float) -> Spell:
    return spell if spell.since >= since else spell._replace(since=since, begun=False)


def how_often(found: Spells, points: Sequence[Point], span: Span, now: float, local: Local) -> str:
    """Return it in words: `down 3 times in 7 d, 42 m in all; last 02:14-02:31 UTC`, and what was not seen of it.

    `points` are the leg's polls in that time: before the first of them nothing is known.
    """
    if not points and not found.down:
        return ""
    window = _window(points, span, now)
    parts = []
    if found.down:
        total = sum((now if one.until is None else one.until) - one.since for one in found.down)
        count = plural(len(found.down), "time")
        parts.append(f"down {count} {window}, {in_words(total)} in all")
        parts.append(_last(found.down[-1], now, local))
    else:
        parts.append(f"not seen down {window}")
    if found.flapped:
        parts.append(f"began to flap {plural(found.flapped, 'time')}")
    unseen = round(missing(points, now) * 100)
    if unseen >= 1:
        parts.append(f"nobody polled for {unseen}% of that time")
    return "; ".join(parts)


def _window(points: Sequence[Point], span: Span, now: float) -> str:
    known = now - points[0].at if points else 0.0
    if known >= span.seconds * _DEPTH:
        return f"in {in_words(span.seconds)}" if span.seconds >= _DAY_S else f"in {span.words}"
    return f"in the {in_words(known // 60 * 60 or known)} that are known"


def _last(spell: Spell, now: float, local: Local) -> str:
    dated = now - spell.since > _DAY_S / 2
    since = clock_text(spell.since, dated=dated)
    here = local_text(spell.since, local, dated=dated)
    if spell.until is None:
        zone = f" ({here} here)" if here else ""
        return f"down now, {'since' if spell.begun else 'since before'} {since} UTC{zone}"
    if not spell.ended:
        return f"last from {since} UTC{f' ({here} here)' if here else ''}, not seen to end"
    zone = f" ({here}-{local_text(spell.until, local, dated=False)} here)" if here else ""
    return f"last {since}-{clock_text(spell.until, dated=False)} UTC{zone}"
