"""What the operator looks at: the latest news or the frozen one, what changed a moment ago, samples since the start."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from trunktui.model.acting import Doings
from trunktui.model.health import LegState
from trunktui.model.history import GAP_FROM, Sample
from trunktui.model.sampling import sample_of
from trunktui.model.snapshot import LegStatus, Snapshot
from trunktui.present.freshness import shown, stale
from trunktui.tui.ports import EngineStatus, FeedUpdate

MARK_S = 5.0
"""For how long a changed state is marked."""

_KEPT_SAMPLES = 120


class FleetWatch:
    """Holds the newest update; while frozen it goes on collecting and keeps showing what was there.

    `offset` gives UTC less monotonic seconds.
    """

    def __init__(self, initial: Snapshot, offset: Callable[[], float] = lambda: 0.0) -> None:
        self.snapshot = initial
        self.engine = EngineStatus(alive=True)
        self.doings = Doings()
        self.tip = ""
        self._offset = offset
        self._frozen: tuple[Snapshot, float] | None = None
        self._states: dict[str, LegState] = {}
        self._changed_at: dict[str, float] = {}
        self._tracks: dict[str, _Track] = {}

    def accept(self, update: FeedUpdate, now: float) -> None:
        """Take an update in at monotonic second `now`."""
        self.snapshot = update.snapshot
        self.engine = update.engine
        self.doings = update.doings
        self.tip = update.tip
        for leg in update.snapshot.legs:
            track = self._tracks.setdefault(leg.id, _Track())
            if not stale(leg, now):  # what an earlier run saw is no sample of this one
                track.add(leg, self._offset())
        for gone in self._tracks.keys() - {leg.id for leg in update.snapshot.legs}:
            del self._tracks[gone]
        self.note_changes(now)

    def note_changes(self, now: float) -> None:
        """Remember which legs are shown in another state than before, be it by news or by growing old."""
        states: dict[str, LegState] = {}
        for leg in self.snapshot.legs:
            states[leg.id] = state = shown(leg, now).state
            before = self._states.get(leg.id)
            # the first answer after the start is no change: nothing was known before
            first_answer = before is LegState.UNKNOWN and leg.was is None and not self._answered(leg.id)
            if before is not None and before is not state and not first_answer:
                self._changed_at[leg.id] = now
        self._states = states

    def changed(self, now: float) -> frozenset[str]:
        """Return the ids of the legs whose state changed in the last seconds."""
        self._changed_at = {leg: at for leg, at in self._changed_at.items() if now - at < MARK_S}
        return frozenset() if self._frozen else frozenset(self._changed_at)

    def toggle_freeze(self, now: float) -> None:
        """Freeze what is shown, or go on."""
        self._frozen = None if self._frozen else (self.snapshot, now)

    def in_view(self, now: float) -> tuple[Snapshot, float]:
        """Return the snapshot to show and the second to show it at: both stand still while frozen."""
        return self._frozen or (self.snapshot, now)

    def frozen_for(self, now: float) -> float | None:
        """Return for how long the display has been frozen, in seconds; None while it is live."""
        return None if self._frozen is None else now - self._frozen[1]

    def changed_since_freeze(self, now: float) -> int:
        """Return how many legs have another state now than on the frozen display."""
        if self._frozen is None:
            return 0
        snapshot, at = self._frozen
        before = {leg.id: shown(leg, at).state for leg in snapshot.legs}
        return sum(before.get(leg.id) is not shown(leg, now).state for leg in self.snapshot.legs)

    def samples(self, leg_id: str) -> tuple[Sample, ...]:
        """Return the newest polls of a leg since the screen began, oldest first: those that no disk has yet, and more."""
        track = self._tracks.get(leg_id)
        return () if track is None else tuple(track.kept)

    def forgot_after(self, leg_id: str, at: float) -> bool:
        """Tell whether polls later than `at` (UTC) may have been seen by others that `samples` does not have."""
        track = self._tracks.get(leg_id)
        if track is None or not track.kept:
            return False
        return (track.seen > len(track.kept) and track.kept[0].at > at) or (
            track.hole_at is not None and track.hole_at > at
        )

    def _answered(self, leg_id: str) -> bool:
        """Tell whether a leg had been seen before its latest sample."""
        track = self._tracks.get(leg_id)
        return track is not None and track.seen > 1


class _Track:
    """The newest polls of one leg: one sample per new `observed_at`. `hole_at` ends the last time without (UTC)."""

    def __init__(self) -> None:
        self.kept: deque[Sample] = deque(maxlen=_KEPT_SAMPLES)
        self.hole_at: float | None = None
        self.seen = 0
        self._last_at: float | None = None

    def add(self, leg: LegStatus, offset: float) -> None:
        at = leg.observed_at
        if at is None or (self._last_at is not None and at <= self._last_at):
            return
        sample = sample_of(leg, offset)
        if sample is None:
            return
        if self._last_at is not None and at - self._last_at > GAP_FROM * sample.interval_s:
            self.hole_at = sample.at
        self.kept.append(sample)
        self._last_at = at
        self.seen += 1
