"""How long the far end can be dead before the SBC notices, and how many dials that burns. Worst case, in seconds.

From the settings really loaded, one formula per platform (source: how each decides, read from its code; Asterisk's
is measured too, docs/detect.md).
"""

from __future__ import annotations

import math

from trunktui.model.observation import ProbeSettings

FREESWITCH_TIMEOUT_S = 32.0
"""sofia waits 64 times SIP's T1 for the answer to a ping; it is no setting."""


def asterisk_s(interval_s: float, timeout_s: float) -> float:
    """Return Asterisk's: one whole interval, for the last OPTIONS may just have been answered, then the timeout.

    The first miss is enough. Retransmissions (T1) lie within the timeout, and so does resolving a name.
    """
    return interval_s + timeout_s


def freeswitch_noreg_s(ping_s: float, misses: int, timeout_s: float = FREESWITCH_TIMEOUT_S) -> float:
    """Return FreeSWITCH's for a gateway that does not register; `misses` is ping-max - ping-min + 1.

    The next ping is due `ping` seconds after the answer to the last, or after its timeout.
    """
    return misses * (ping_s + timeout_s)


def freeswitch_reged_s(ping_s: float, timeout_s: float = FREESWITCH_TIMEOUT_S) -> float:
    """Return FreeSWITCH's for a gateway that registers: one miss drops it, whatever ping-max says."""
    return ping_s + timeout_s


def kamailio_s(interval_s: float, misses: int, timeout_s: float) -> float:
    """Return Kamailio's: `misses` is ds_probing_threshold, `timeout_s` is tm's fr_timer.

    Pings go out every interval, whether or not the one before is still waited for.
    """
    return interval_s * misses + timeout_s


def detect_s(platform: str, settings: ProbeSettings | None, *, registered: bool = False) -> float | None:
    """Return the worst case in seconds on a platform; None where settings are unread or nothing is asked."""
    if settings is None or not settings.interval_s:
        return None
    interval, timeout, misses = settings.interval_s, settings.timeout_s, settings.misses
    match platform:
        case "asterisk":
            return None if timeout is None else asterisk_s(interval, timeout)
        case "freeswitch" if registered:
            return freeswitch_reged_s(interval, timeout or FREESWITCH_TIMEOUT_S)
        case "freeswitch":
            waits = timeout or FREESWITCH_TIMEOUT_S
            return None if misses is None else freeswitch_noreg_s(interval, misses, waits)
        case "kamailio":
            return None if misses is None or timeout is None else kamailio_s(interval, misses, timeout)
        case _:
            return None


def first_miss_s(platform: str, settings: ProbeSettings | None) -> float | None:
    """Return how long the far end can be dead before a first miss shows in what an SBC tells; None where it may not.

    Kamailio's flags tell of it before it gives the far end up. FreeSWITCH has been seen to stop asking, and to call
    the far end up all the while.
    """
    if settings is None or not settings.interval_s:
        return None
    interval, timeout = settings.interval_s, settings.timeout_s
    match platform:
        case "asterisk" if timeout is not None:
            return asterisk_s(interval, timeout)
        case "kamailio" if settings.misses is not None and timeout is not None:
            return kamailio_s(interval, 1, timeout)
        case _:
            return None


def dials_at_risk(cps: float | None, detect: float | None, *, never: bool) -> float | None:
    """Return the dials that a silent death would burn before the SBC notices; None where a part is not known.

    `never`: the far end is never asked, so where there is traffic it would burn for ever (infinity).
    """
    if cps is None:
        return None
    if never:
        return math.inf if cps > 0 else 0.0
    return None if detect is None else cps * detect
