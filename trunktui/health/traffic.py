"""What the calls of an SBC say of its trunks: a window of the last minutes, folded record by record into one word each.

A call counts when it is answered, or ends without. Pure: a fold over records, in seconds by the SBC's own clock;
`until` is the moment up to which all that was written is known. Which causes are the trunk's own failures is
Q.850's and SIP's word, as Asterisk translates it (measured, docs/decisions/041).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field, structs

from trunktui.health.memory import median
from trunktui.model.health import Thresholds, TrafficSignal
from trunktui.model.snapshot import TrafficView
from trunktui.model.tail import CallOutcome, CallRecord
from trunktui.model.text import Safe

HARD_CAUSES = frozenset({18, 21, 27, 29, 34, 38, 41, 42, 102})
"""Q.850 causes by which the other side fails and not the callee; 18, 29 and 102 are 408, 501 and 504."""

HARD_CODES = frozenset({403, 407, 408, *range(500, 600)})
OVERLOAD_CAUSES = frozenset({34, 42})
"""What a cap that is reached looks like (503)."""

BAD = frozenset(
    {TrafficSignal.FAILING, TrafficSignal.DESTINATION, TrafficSignal.NO_AUDIO, TrafficSignal.LOW_ASR}
)

HOUR_S = 3600
DAY_HOURS = 24
_DAYS = 7
_SET_BACK_S = 120.0
_MOST_LASTING = 50_000
_TALKS_S = 3600.0
_MOST_TALKS = 500
_USUAL_TALK_S = 30
_SOLE = 0.95
"""So great a part of the failures makes a destination the one that carries them."""

_NETWORK = frozenset({CallOutcome.ANSWERED, CallOutcome.BUSY, CallOutcome.NO_ANSWER, CallOutcome.CANCELLED})
_MAYBE_ANSWERED = frozenset({CallOutcome.CANCELLED, CallOutcome.NO_ANSWER, CallOutcome.OTHER})


class Why(NamedTuple):
    """Why calls failed: SIP's code or Q.850's cause; both None: refused, and not told why."""

    code: int | None
    cause: int | None


class LegCalls(Struct, frozen=True):
    """The calls of one trunk. `recent`: those of the window, as they came; `talks`: (end, seconds) of the last hour.

    `lost`: attempts that nobody answered, by the second in which they began, from `lost_from` on. `answered_began`:
    when the last one that was answered began. `hours`: (attempts, answered) by hours since 1970. `bad_since`: when
    the first call was tried of the trouble that `view` tells; `judged_at`: until when that trouble was last seen.
    """

    view: TrafficView
    recent: tuple[CallRecord, ...] = ()
    talks: tuple[tuple[float, int], ...] = ()
    lost: Mapping[int, int] = field(default_factory=dict)
    lost_from: float = 0.0
    answered_began: float | None = None
    hours: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    bad_since: float | None = None
    judged_at: float = 0.0


class CallMemory(Struct, frozen=True):
    """All calls of one SBC, by endpoint. `since`: from when on they are known; None: nothing was read yet.

    `lasting`: calls that were answered and are not over, by id, with when they were answered.
    """

    since: float | None = None
    until: float | None = None
    source: Safe = Safe("")
    legs: Mapping[str, LegCalls] = field(default_factory=dict)
    lasting: Mapping[str, float] = field(default_factory=dict)

    def view(self, endpoint: str, t: Thresholds) -> TrafficView | None:
        """Return what the calls of an endpoint say; None: none of them can be known."""
        if self.since is None or self.until is None:
            return None
        found = self.legs.get(endpoint)
        if found is not None:
            return found.view
        return TrafficView(
            TrafficSignal.IDLE, min(t.traffic_window_s, self.until - self.since), 0, 0, source=self.source
        )

    def wasted(self, endpoint: str, bad_since: float) -> int:
        """Return how many calls that were tried from `bad_since` on nobody answered."""
        found = self.legs.get(endpoint)
        return 0 if found is None else sum(n for second, n in found.lost.items() if second >= int(bad_since))


def remember_calls(
    before: CallMemory,
    records: Iterable[CallRecord],
    until: float | None,
    source: Safe,
    bad: Mapping[str, float],
    t: Thresholds,
    earlier: Mapping[str, Mapping[int, tuple[int, int]]] | None = None,
) -> CallMemory:
    """Return the memory after new records, all that was written up to `until` (None: up to the last of them).

    `bad`: when an endpoint's trouble began, where it is in one: what is lost since then is kept. `earlier`: what an
    earlier run knew of calls by the hour, taken for an endpoint of which nothing is known yet.
    """
    if until is not None and before.until is not None and before.until - until > _SET_BACK_S:
        # The SBC's clock was set back: what is kept lies in its future, and would hide what comes now.
        hours = {
            endpoint: LegCalls(TrafficView(TrafficSignal.IDLE), hours=one.hours)
            for endpoint, one in before.legs.items()
        }
        before = CallMemory(source=before.source, legs=hours)
    records = sorted(records, key=lambda one: one.at)
    until = max(until or 0.0, before.until or 0.0, *(one.at for one in records[-1:]))
    since = before.since
    if since is None:
        since = records[0].at if records else until
    lasting = dict(before.lasting)
    news: dict[str, list[CallRecord]] = {}
    talks: dict[str, list[tuple[float, int]]] = {}
    for one in records:
        answered_at = lasting.pop(one.id, None)
        if answered_at is not None:
            talks.setdefault(one.endpoint, []).append((one.at, max(round(one.at - answered_at), 0)))
            continue
        if one.outcome in _MAYBE_ANSWERED and (one.began is None or one.began < since):
            continue  # it may have been answered before we looked
        if one.outcome is CallOutcome.ANSWERED:
            if one.talk_s is None:
                lasting[one.id] = one.at
            else:
                talks.setdefault(one.endpoint, []).append((one.at, one.talk_s))
        news.setdefault(one.endpoint, []).append(one)
    while len(lasting) > _MOST_LASTING:
        del lasting[next(iter(lasting))]
    legs = dict(before.legs)
    for endpoint in set(earlier or ()) - set(legs):
        legs[endpoint] = LegCalls(TrafficView(TrafficSignal.IDLE), hours=dict((earlier or {})[endpoint]))
    for endpoint in {*legs, *news, *talks}:
        window = (max(since, until - t.traffic_window_s), until)
        now = _leg(
            legs.get(endpoint),
            news.get(endpoint, ()),
            talks.get(endpoint, ()),
            window,
            min(bad.get(endpoint, until), until - t.traffic_window_s),
            source,
            t,
        )
        legs[endpoint] = now
    return CallMemory(since, until, source, legs, lasting)


def _leg(
    before: LegCalls | None,
    news: Sequence[CallRecord],
    talks: Sequence[tuple[float, int]],
    window: tuple[float, float],
    lost_from: float,
    source: Safe,
    t: Thresholds,
) -> LegCalls:
    """Return one trunk's calls with what is new of them, judged anew."""
    begin, until = window
    old = before or LegCalls(TrafficView(TrafficSignal.IDLE))
    idle = old.view.state is TrafficSignal.IDLE and old.view.attempts == 0
    if idle and not (news or talks or old.recent or old.lost):
        return old
    recent = tuple(one for one in (*old.recent, *news) if one.at >= begin)
    kept = tuple(one for one in (*old.talks, *talks) if one[0] > until - _TALKS_S)[-_MOST_TALKS:]
    answered = [_began(one) for one in news if one.outcome is CallOutcome.ANSWERED]
    hours = _hours(old.hours, news, until)
    view = _view(recent, kept, hours, window, source, t)
    view, bad_since, judged_at = _held(old, view, recent, until, t)
    if bad_since is not None:
        lost_from = min(lost_from, bad_since)
    return LegCalls(
        view=view,
        recent=recent,
        talks=kept,
        lost=_lost(old.lost, news, lost_from),
        lost_from=lost_from,
        answered_began=max(
            [*answered, *(() if old.answered_began is None else (old.answered_began,))], default=None
        ),
        hours=hours,
        bad_since=bad_since,
        judged_at=judged_at,
    )


def _began(one: CallRecord) -> float:
    return one.at if one.began is None else one.began


def _lost(before: Mapping[int, int], news: Sequence[CallRecord], lost_from: float) -> Mapping[int, int]:
    counts = Counter(int(_began(one)) for one in news if one.outcome is not CallOutcome.ANSWERED)
    if not counts and (not before or min(before) >= int(lost_from)):
        return before
    counts.update(before)
    return {second: count for second, count in counts.items() if second >= int(lost_from)}


def _hours(
    before: Mapping[int, tuple[int, int]], news: Sequence[CallRecord], until: float
) -> Mapping[int, tuple[int, int]]:
    """Return attempts and answers by the hour; what our own SBC refused was none of the trunk's."""
    own = [one for one in news if one.outcome is not CallOutcome.LOCAL]
    if not own:
        return before
    oldest = int(until // HOUR_S) - DAY_HOURS * (_DAYS + 1)
    hours = {hour: counts for hour, counts in before.items() if hour >= oldest}
    for one in own:
        hour = int(one.at // HOUR_S)
        attempts, answered = hours.get(hour, (0, 0))
        hours[hour] = attempts + 1, answered + (one.outcome is CallOutcome.ANSWERED)
    return hours


def _view(
    recent: Sequence[CallRecord],
    talks: Sequence[tuple[float, int]],
    hours: Mapping[int, tuple[int, int]],
    window: tuple[float, float],
    source: Safe,
    t: Thresholds,
) -> TrafficView:
    """Judge the calls of a window by themselves."""
    begin, until = window
    sent = [one for one in recent if one.outcome is not CallOutcome.LOCAL]
    answered = sum(one.outcome is CallOutcome.ANSWERED for one in sent)
    refusals = Counter(why for one in sent if (why := _hard(one)) is not None)
    why, failed = next(iter(refusals.most_common(1)), (None, 0))
    usual = usual_asr(hours, until, t)
    view = TrafficView(
        state=TrafficSignal.NORMAL if sent else TrafficSignal.IDLE,
        window_s=until - begin,
        attempts=len(sent),
        answered=answered,
        failed=failed if sent else None,
        code=why.code if why is not None else None,
        cause=why.cause if why is not None else None,
        usual_asr=usual,
        source=source,
        prefixes=len({one.prefix for one in sent if one.prefix}),
        refused=sum(refusals.values()),
        hour=_last_hour(hours, until),
        reached=sum(one.outcome in _NETWORK for one in sent),
    )
    short = _cut_short(talks, until, t)
    if short is not None:
        return structs.replace(view, state=TrafficSignal.NO_AUDIO, silent=short[0], talked=short[1])
    destination = None if why is None else _destination(sent, why, t)
    if destination is not None:
        prefix, of_it, tried = destination
        return structs.replace(
            view, state=TrafficSignal.DESTINATION, prefix=prefix, failed=of_it, tried=tried
        )
    if len(sent) < t.traffic_min_attempts:
        return structs.replace(view, state=TrafficSignal.NO_DATA) if sent else view
    if failed >= t.traffic_failing * len(sent):
        return structs.replace(view, state=TrafficSignal.FAILING)
    if usual is not None and answered / len(sent) < t.traffic_low_asr * usual:
        return structs.replace(view, state=TrafficSignal.LOW_ASR)
    return view


def _last_hour(hours: Mapping[int, tuple[int, int]], until: float) -> tuple[int, int, int] | None:
    """Return the last hour that is over and had calls, with them."""
    over = max((hour for hour in hours if hour < until // HOUR_S), default=None)
    return None if over is None else (over, *hours[over])


def _hard(one: CallRecord) -> Why | None:
    """Return why a call failed, where that is the trunk's own failure."""
    if one.outcome is not CallOutcome.REFUSED:
        return None
    known = one.code is not None or one.cause is not None
    if known and one.code not in HARD_CODES and one.cause not in HARD_CAUSES:
        return None
    return Why(one.code, one.cause)


def _destination(sent: Sequence[CallRecord], why: Why, t: Thresholds) -> tuple[Safe, int, int] | None:
    """Return the first digits that carry the failures, how many they have, of how many calls; None: they are not one's."""
    failed = Counter(one.prefix for one in sent if _hard(one) == why)
    prefix, count = failed.most_common(1)[0]
    if not prefix or count < _SOLE * failed.total():
        return None
    there = [one for one in sent if one.prefix == prefix]
    others = [one for one in sent if one.prefix != prefix]
    if len(there) < t.traffic_min_attempts or count < t.traffic_failing * len(there):
        return None
    # Where nothing else is dialled, or nothing else is answered either, it is not this destination's trouble.
    if not any(one.outcome is CallOutcome.ANSWERED for one in others):
        return None
    return prefix, count, len(there)


def _cut_short(talks: Sequence[tuple[float, int]], until: float, t: Thresholds) -> tuple[int, int] | None:
    """Return how many of the last answered calls were over within seconds, of how many, where before most were not.

    Who hears nothing hangs up: the one sign of lost audio in records. None: it is not so, or not known.
    """
    begin = until - t.traffic_window_s
    lately = [seconds for at, seconds in talks if at > begin]
    before = [seconds for at, seconds in talks if at <= begin]
    if len(lately) < t.traffic_silent_calls or len(before) < 2 * t.traffic_silent_calls:
        return None
    now, usual = median(tuple(map(float, lately))), median(tuple(map(float, before)))
    if (
        now is None
        or usual is None
        or now >= t.traffic_short_s
        or usual < max(_USUAL_TALK_S, 3 * t.traffic_short_s)
    ):
        return None
    return sum(seconds < t.traffic_short_s for seconds in lately), len(lately)


def usual_asr(hours: Mapping[int, tuple[int, int]], until: float, t: Thresholds) -> float | None:
    """Return the share of calls that is answered at this hour of other days: their median, of the last 7; None: too few."""
    hour = int(until // HOUR_S)
    days = [hours.get(hour - DAY_HOURS * day) for day in range(1, _DAYS + 1)]
    rates = tuple(
        answered / attempts
        for attempts, answered in (day for day in days if day is not None)
        if attempts >= t.traffic_min_attempts
    )
    return median(rates) if len(rates) >= t.traffic_low_asr_days else None


def _held(
    old: LegCalls, view: TrafficView, recent: Sequence[CallRecord], until: float, t: Thresholds
) -> tuple[TrafficView, float | None, float]:
    """Return the view that is told, since when its trouble lasts, and when that was last seen by calls.

    A trunk that failed and is not dialled any more has proved nothing: for a while it is what it was.
    """
    if view.state in BAD:
        return view, old.bad_since if old.bad_since is not None else _first_bad(recent, view), until
    quiet = view.state in {TrafficSignal.NO_DATA, TrafficSignal.IDLE} and not view.answered
    if quiet and old.view.state is TrafficSignal.FAILING and until - old.judged_at <= t.traffic_hold_s:
        return structs.replace(old.view, held_s=until - old.judged_at), old.bad_since, old.judged_at
    return view, None, until


def _first_bad(recent: Sequence[CallRecord], view: TrafficView) -> float | None:
    """Return when the first call was tried of a trouble: after the last that was answered, where none is any more."""
    answered = max((_began(one) for one in recent if one.outcome is CallOutcome.ANSWERED), default=0.0)
    bad = [_began(one) for one in recent if _hard(one) is not None and view.prefix in {None, one.prefix}]
    return min((at for at in bad if at > answered), default=min(bad, default=None))


def overload_share(view: TrafficView | None) -> float:
    """Return which part of the calls was refused as a cap refuses them."""
    if view is None or not view.attempts or view.failed is None:
        return 0.0
    overload = view.cause in OVERLOAD_CAUSES or view.code == 503
    return view.failed / view.attempts if overload and view.attempts else 0.0
