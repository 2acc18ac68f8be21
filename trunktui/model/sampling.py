"""Turns a judged leg into what is kept of its poll: the one way for the history on disk and for the screen's charts."""

from __future__ import annotations

from trunktui.model.history import Sample
from trunktui.model.snapshot import LegStatus


def sample_of(leg: LegStatus, offset: float) -> Sample | None:
    """Return the last poll of a leg as a sample, None without one; `offset` is UTC less monotonic seconds."""
    if leg.observed_at is None or leg.late_at is None:
        return None
    return Sample(
        at=leg.observed_at + offset,
        interval_s=(leg.late_at - leg.observed_at) / 2,  # late means: two intervals old
        state=leg.state,
        registration=leg.registration.state,
        probe=leg.probe.state,
        rtt_ms=leg.probe.rtt_ms,
        channels=leg.channels.active,
        cps=leg.cps.now,
    )
