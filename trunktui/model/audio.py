"""What an SBC counts of the audio of its calls; data only."""

from __future__ import annotations

from msgspec import Struct

from trunktui.model.text import Safe


class CallAudio(Struct, frozen=True, gc=False):
    """RTP packets of one call over `endpoint` that is answered, since it began; `id` is its channel's, of this call alone."""

    id: Safe
    endpoint: str
    received: int
    sent: int


class AudioLook(Struct, frozen=True):
    """What one look at the counters told, at the SBC's second `at` or ours. `why` says why it told nothing, empty where it did.

    `denied`: the SBC would not be asked, or has no such counters: it is not asked again before something changes there.
    """

    calls: tuple[CallAudio, ...] = ()
    why: Safe = Safe("")
    denied: bool = False
