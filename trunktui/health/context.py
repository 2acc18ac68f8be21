"""What the config and the SBC as a whole say about a leg, and what it uses of its caps."""

from __future__ import annotations

from msgspec import Struct

from trunktui.health.refusal import RegWord
from trunktui.health.standby import HaView
from trunktui.model.health import Freshness, Thresholds, Usage
from trunktui.model.inventory import AuthMode, DialMode, Direction
from trunktui.model.observation import AppState, Unread
from trunktui.model.snapshot import TrafficView
from trunktui.model.text import Safe

_BINS_S = 2.0
"""A CPS counted over longer than this is a mean, which hides bursts."""

NEAR_CAP = frozenset({Usage.HIGH, Usage.FULL, Usage.OVER_CAP})


class LegContext(Struct, frozen=True, gc=False):
    """What the config and the SBC as a whole say about a leg, beside the look at the leg itself.

    `freshness` is judged from the last answer's age. `app` and `app_reason`: whether the SBC's software
    answered at the last look. `uptime_s` as of that look, `settled_s` since the last start or reload; `grace`
    while a restart excuses what is missing. `snmp_words` is what the second witness says of the box, empty
    where there is none.
    `used` is the share of `cap` used over every leg that counts against it, `used_whole` False when a leg's
    channels are not known, so that `used` is a lower bound; `cap_sbcs`: over how many SBCs. `cps_now` is counted over `cps_window_s` and against
    `cps_cap`. `heavy`: the trunk carries a great part of all calls. `lost_part`: the piece of the SBC it hangs on,
    while that does not run. `off_by`: who switched it off, as our own record tells. `egress_ip`: our address.
    `unresolved`: its registrar's name, where its SBC finds no address for that.
    `traffic` is what its calls say, None where nobody tells of them; `answered_at`: when the last of them that was
    answered began, in monotonic seconds, as `now`.
    `word`: what the SBC's log says of its failing registration, None where it says nothing for certain.
    """

    id: str
    sbc: str
    auth: AuthMode
    platform: str = "asterisk"
    dial: DialMode | None = None
    direction: Direction = Direction.OUTBOUND
    enabled: bool = True
    configured: bool = False
    freshness: Freshness = Freshness.FRESH
    age_s: float = 0.0
    link_words: Safe = Safe("")
    snmp_words: str = ""
    box_down: bool = False
    app: AppState = AppState.ANSWERING
    app_reason: Safe = Safe("")
    version: Safe | None = None
    uptime_s: int | None = None
    settled_s: int | None = None
    grace: bool = False
    settings_pending: bool = False
    nothing_listed: bool = False
    reg_read: bool = True
    contacts_read: bool = True
    unread: tuple[Unread, ...] = ()
    cap: int | None = None
    used: int | None = None
    used_whole: bool = True
    account: str | None = None
    cap_sbcs: int = 1
    cps_now: float | None = None
    cps_window_s: float | None = None
    cps_cap: float | None = None
    heavy: bool = False
    lost_part: Safe | None = None
    off_by: Safe | None = None
    egress_ip: str | None = None
    unresolved: Safe | None = None
    ha: HaView = HaView()
    traffic: TrafficView | None = None
    answered_at: float | None = None
    now: float = 0.0
    word: RegWord | None = None


def usage(context: LegContext, t: Thresholds) -> Usage:
    """Return channels against the cap; a lower bound counts as it is, because it can only be worse."""
    if context.cap is None:
        return Usage.NO_CAP
    if context.used is None:
        return Usage.UNKNOWN
    found = _share(context.used / context.cap, t.channels_high, t.channels_full)
    return Usage.UNKNOWN if found is Usage.NORMAL and not context.used_whole else found


def cps_usage(context: LegContext, t: Thresholds) -> Usage:
    """Return dials a second against their cap."""
    if context.cps_cap is None:
        return Usage.NO_CAP
    if context.cps_now is None:
        return Usage.UNKNOWN
    return cps_level(context.cps_now, context.cps_window_s, context.cps_cap, t)


def cps_level(now: float, window_s: float | None, cap: float, t: Thresholds) -> Usage:
    """Return how near to a cap so many dials a second are; a mean is high earlier, for it hides bursts.

    `window_s` is what they were counted over; None, not told, is taken for a mean.
    """
    return _share(now / cap, t.cps_mean_high if is_mean(window_s) else t.cps_high, t.cps_full)


def is_mean(window_s: float | None) -> bool:
    """Whether dials a second that were counted over `window_s` are a mean over some while."""
    return window_s is None or window_s > _BINS_S


def _share(share: float, high: float, full: float) -> Usage:
    if share > 1.0:
        return Usage.OVER_CAP
    if share >= full:
        return Usage.FULL
    return Usage.HIGH if share >= high else Usage.NORMAL
