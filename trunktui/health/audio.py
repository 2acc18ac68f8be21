"""Whether answered calls are heard: counts, trunk by trunk, those of which no RTP packet came. Pure.

A call is judged once, when it has been seen up for some seconds. Where the media does not pass the SBC there is
nothing to count: so silence counts only for a call to which packets were sent, or on a trunk that was heard before.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from trunktui.model.audio import AudioLook, CallAudio
from trunktui.model.health import Thresholds
from trunktui.model.text import Safe

_MOST = 400


class Judged(Struct, frozen=True, gc=False):
    """One call, first seen up at monotonic second `at`: was anything heard of it."""

    at: float
    heard: bool


class Unheard(Struct, frozen=True):
    """The last calls, one after another, that nothing was heard of: how many, the first of them up at monotonic second `since`."""

    silent: int
    since: float


class AudioMemory(Struct, frozen=True):
    """What is kept between looks. `up`: when each call was first seen, by id, None once it is judged.

    `judged`: the last of each endpoint; `heard`: endpoints of which something was heard once. `why`: why nothing is known.
    """

    up: Mapping[str, float | None] = field(default_factory=dict)
    judged: Mapping[str, tuple[Judged, ...]] = field(default_factory=dict)
    heard: frozenset[str] = frozenset()
    why: Safe = Safe("")
    denied: bool = False

    def unheard(self, endpoint: str, now: float, t: Thresholds) -> Unheard | None:
        """Return how many of the last calls of an endpoint, one after another, nothing is heard of; None: too few, or not known."""
        run: list[Judged] = []
        for one in reversed(self.judged.get(endpoint, ())):
            if one.heard or now - one.at > t.traffic_window_s:
                break
            run.append(one)
        return None if len(run) < t.traffic_silent_calls else Unheard(len(run), run[-1].at)


def remember_audio(before: AudioMemory, look: AudioLook, at: float, t: Thresholds) -> AudioMemory:
    """Return the memory after a look at the counters at monotonic second `at`."""
    if look.why:
        return AudioMemory({}, before.judged, before.heard, look.why, look.denied)
    heard = before.heard | {call.endpoint for call in look.calls if call.received}
    up: dict[str, float | None] = {}
    judged = dict(before.judged)
    # Those that are heard come last: the order within one look means nothing, and one of them ends the run.
    for call in sorted(look.calls, key=lambda call: call.received > 0):
        first = before.up.get(call.id, at)
        up[call.id] = first
        if first is None:
            continue
        verdict = _verdict(call, at - first, heard, t)
        if verdict is not None:
            up[call.id] = None
            kept = (*judged.get(call.endpoint, ()), Judged(first, verdict))
            judged[call.endpoint] = kept[-_MOST:]
    return AudioMemory(up, judged, heard)


def _verdict(call: CallAudio, up_s: float, heard: frozenset[str], t: Thresholds) -> bool | None:
    """Return whether a call is heard; None: it is too young to tell, or its media does not pass here."""
    if call.received:
        return True
    if up_s < t.traffic_deaf_s:
        return None
    return False if call.sent or call.endpoint in heard else None
