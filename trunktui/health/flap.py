"""Flap suppression: a leg that changes too often stands still at the worst of late, and is one event, not many.

Two signs start it: the share of changes among the last results, newer ones weighing more (as Naemon and Nagios
count), or a number of hard changes within a window. It ends once the share is low and nothing changed for long.
Doubt (SUSPECT) and ignorance (UNKNOWN) are no results: they count neither as a change nor as calm.
"""

from __future__ import annotations

from msgspec import Struct, structs

from trunktui.model.health import WORST_FIRST, LegState, Severity, Thresholds

_OLDEST_WEIGHS, _NEWEST_WEIGHS = 0.75, 1.25
"""Naemon's curve: the newest change counts for two thirds more than the oldest one."""

_MOST_CHANGES = 64
"""Times kept of one window: far beyond what starts flapping."""

JUDGED = frozenset({LegState.UP, LegState.DEGRADED, LegState.DOWN, LegState.UNMONITORED})
"""Results: what was seen and holds until it is seen otherwise."""

MEANT = frozenset({LegState.ADMIN_OFF, LegState.STANDBY})
"""Brought about by somebody: hard states too, but no results; flapping ends with them."""

_BADNESS = {state: len(WORST_FIRST) - place for place, state in enumerate(WORST_FIRST)}


class Flap(Struct, frozen=True, gc=False):
    """One leg's steadiness. `changed`: a bit for each pair of results, the newest lowest: whether they differ.

    `hard` is the last hard state as judged, `changes` the times of its changes within the window (monotonic
    seconds), `bad` the worst state within the window with its severity, last seen at `bad_at`. `since`: flapping
    since; None: steady.
    """

    changed: int = 0
    looked_at: float | None = None
    last: LegState | None = None
    hard: LegState | None = None
    changes: tuple[float, ...] = ()
    falls: int = 0
    since: float | None = None
    bad: LegState = LegState.UP
    bad_severity: Severity = Severity.NONE
    bad_at: float = 0.0


CALM = Flap()


def note(
    flap: Flap, state: LegState, severity: Severity, looked_at: float | None, now: float, t: Thresholds
) -> Flap:
    """Return `flap` with one more judgement of the look made at `looked_at`; nothing changes without a result."""
    if state not in JUDGED:
        return Flap(hard=state) if state in MEANT and (flap.hard is not state or flap.since) else flap
    if state is flap.hard and state is flap.last and not flap.changed and not flap.changes:
        # Calm and the same again: by far the most frequent case.
        return flap if flap.bad_severity is severity else structs.replace(flap, bad_severity=severity)
    changed = flap.changed
    if looked_at != flap.looked_at or flap.looked_at is None:
        differs = flap.last is not None and flap.last is not state
        changed = (changed << 1 | differs) & ((1 << max(t.flap_results - 1, 1)) - 1)
    kept_s = max(t.flap_window_s, t.flap_stable_s)
    changes = tuple(at for at in flap.changes if now - at <= kept_s)
    hard_change = flap.hard is not None and flap.hard is not state and flap.hard not in MEANT
    if hard_change:
        changes = (*changes, now)[-_MOST_CHANGES:]
    last_change = changes[-1] if changes else None
    share = change_share(changed, t)
    since = flap.since
    if since is None:
        often = sum(now - at <= t.flap_window_s for at in changes) >= t.flap_changes
        since = now if changes and (often or share >= t.flap_start) else None
    elif share <= t.flap_stop and (last_change is None or now - last_change >= t.flap_stable_s):
        # Calm from now on: the changes that are over must not start it again.
        since, changes, changed = None, (), 0
    newer = (not changes and since is None) or now - flap.bad_at > kept_s
    if newer or _BADNESS[state] >= _BADNESS[flap.bad]:
        worst, loud, at = state, severity, now
    else:
        worst, loud, at = flap.bad, flap.bad_severity, flap.bad_at
    return Flap(
        changed=changed,
        looked_at=looked_at,
        last=state,
        hard=state,
        changes=changes,
        falls=_falls(flap, state, hard_change, bool(changes)),
        since=since,
        bad=worst,
        bad_severity=loud,
        bad_at=at,
    )


def change_share(changed: int, t: Thresholds) -> float:
    """Return the weighted share of changes among the last results, 0 to 1; results not had yet count as calm."""
    pairs = max(t.flap_results - 1, 1)
    if not changed:
        return 0.0
    step = (_NEWEST_WEIGHS - _OLDEST_WEIGHS) / max(pairs - 1, 1)
    return sum(_NEWEST_WEIGHS - step * age for age in range(pairs) if changed >> age & 1) / pairs


def _falls(flap: Flap, state: LegState, hard_change: bool, unsteady: bool) -> int:
    """Return how often it went down since it has been unsteady."""
    if not unsteady:
        return 0
    return flap.falls + (hard_change and state is LegState.DOWN)
