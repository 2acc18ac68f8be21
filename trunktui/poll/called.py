"""What the calls of an SBC say of a leg at an instant, in our own time."""

from __future__ import annotations

from msgspec import Struct, structs

from trunktui.health.audio import AudioMemory
from trunktui.health.traffic import CallMemory
from trunktui.model.health import LegState, Thresholds, TrafficSignal
from trunktui.model.snapshot import TrafficView

_TROUBLED = frozenset({LegState.DOWN, LegState.DEGRADED, LegState.SUSPECT})


class Called(Struct, frozen=True):
    """An SBC's calls at an instant: `ahead_s` is its clock less our monotonic one; `fresh`: they are known up to now."""

    memory: CallMemory = CallMemory()
    ahead_s: float = 0.0
    fresh: bool = False
    audio: AudioMemory = AudioMemory()
    now: float = 0.0

    def traffic(self, endpoint: str | None, t: Thresholds) -> TrafficView | None:
        """Return what a leg's calls say; None: nobody tells of them, or not of those of now."""
        if endpoint is None:
            return None
        view = self.memory.view(endpoint, t) if self.fresh else None
        unheard = self.audio.unheard(endpoint, self.now, t) if self.audio.judged else None
        if unheard is None or (view is not None and view.state is TrafficSignal.FAILING):
            return view
        return structs.replace(
            view or TrafficView(TrafficSignal.NO_AUDIO),
            state=TrafficSignal.NO_AUDIO,
            silent=unheard.silent,
            talked=unheard.silent,
            silent_at=unheard.since,
        )

    def answered_at(self, endpoint: str | None) -> float | None:
        """Return the monotonic second in which the last call began that was answered; None: not known of any."""
        found = self.memory.legs.get(endpoint or "") if self.fresh else None
        return None if found is None or found.answered_began is None else found.answered_began - self.ahead_s

    def bad_since(self, endpoint: str | None) -> float | None:
        """Return the monotonic second in which the first of the calls began that fail."""
        found = self.memory.legs.get(endpoint or "") if self.fresh else None
        return None if found is None or found.bad_since is None else found.bad_since - self.ahead_s

    def wasted(self, endpoint: str | None, state: LegState, bad_since: float | None) -> int | None:
        """Return how many calls nobody answered since a leg's first bad sign; None: it is well, or they are not known."""
        if endpoint is None or not self.fresh or state not in _TROUBLED:
            return None
        signs = [at for at in (bad_since, self.bad_since(endpoint)) if at is not None]
        return self.memory.wasted(endpoint, min(signs) + self.ahead_s) if signs else None
