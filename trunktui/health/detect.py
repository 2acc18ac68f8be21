"""How long the far end can be dead before the SBC notices, from the settings really loaded (worst case)."""

from __future__ import annotations

from trunktui.model.observation import ProbeSettings


def detect_s(platform: str, settings: ProbeSettings | None, *, registered: bool = False) -> float | None:
    """Return the worst case in seconds on a platform; None where settings are unread or nothing is asked.

    Asterisk marks a contact dead at the first miss: one whole interval, then the timeout. FreeSWITCH counts the
    interval from the end of the OPTIONS before, and gives a registered gateway up at the first miss. Kamailio asks
    on, whether the OPTIONS before was answered or not.
    """
    if settings is None or not settings.interval_s or settings.timeout_s is None:
        return None
    one = settings.interval_s + settings.timeout_s
    match platform:
        case "asterisk":
            return one
        case "freeswitch":
            return one if registered else None if settings.misses is None else settings.misses * one
        case "kamailio" if settings.misses is not None:
            return settings.interval_s * settings.misses + settings.timeout_s
    return None
