"""How long the far end can be dead before the SBC notices, from the settings really loaded (worst case)."""

from __future__ import annotations

from trunktui.model.observation import ProbeSettings


def detect_s(platform: str, settings: ProbeSettings | None) -> float | None:
    """Return the worst case in seconds on a platform; None where settings are unread or nothing is asked.

    Asterisk marks a contact dead at the first miss: one whole interval, then the timeout.
    """
    if settings is None or not settings.interval_s or settings.timeout_s is None:
        return None
    return settings.interval_s + settings.timeout_s if platform == "asterisk" else None
