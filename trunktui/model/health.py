"""The words of judgement: states, severities and signals of a leg (health.md). The rules live in `health`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class LegState(StrEnum):
    """One state per leg; WORST_FIRST is their order on the screen."""

    UP = "up"
    DEGRADED = "degraded"
    SUSPECT = "suspect"
    DOWN = "down"
    UNMONITORED = "unmonitored"
    UNKNOWN = "unknown"
    ADMIN_OFF = "admin_off"
    STANDBY = "standby"


WORST_FIRST: tuple[LegState, ...] = (
    LegState.DOWN,
    LegState.UNKNOWN,
    LegState.DEGRADED,
    LegState.SUSPECT,
    LegState.UNMONITORED,
    LegState.UP,
    LegState.STANDBY,
    LegState.ADMIN_OFF,
)
"""Order of trouble: for sorting and for the `worst` of a fleet."""

ROUTABLE = frozenset({LegState.UP, LegState.DEGRADED, LegState.SUSPECT, LegState.UNMONITORED})
"""States in which an SBC would send the next call out on this leg."""


class Severity(StrEnum):
    """How loud: an alarm's weight, apart from the state."""

    NONE = "none"
    WARNING = "warning"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    INDETERMINATE = "indeterminate"


SEVERITY_RANK: dict[Severity, int] = {
    Severity.NONE: 0,
    Severity.INDETERMINATE: 1,
    Severity.WARNING: 2,
    Severity.MINOR: 3,
    Severity.MAJOR: 4,
    Severity.CRITICAL: 5,
}
"""For taking the loudest; INDETERMINATE is louder than nothing and quieter than any fault."""


class SbcState(StrEnum):
    """The state of an SBC as a whole."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


def spoken(state: LegState | SbcState) -> str:
    """Return a state as sentences name it."""
    return "off" if state is LegState.ADMIN_OFF else state.value


class Freshness(StrEnum):
    """How old the last good look at a leg is, against its limits."""

    FRESH = "fresh"
    LATE = "late"
    STALE = "stale"
    NEVER = "never"


class RegSignal(StrEnum):
    """What the registration means, from this look and the ones before."""

    NOT_USED = "not_used"
    REGISTERED = "registered"
    REFRESHING = "refreshing"
    LATE_REFRESH = "late_refresh"
    OVERDUE = "overdue"
    RETRYING = "retrying"
    GAVE_UP = "gave_up"
    UNREGISTERED = "unregistered"
    ADMIN_OFF = "admin_off"
    STARTING = "starting"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class ProbeSignal(StrEnum):
    """What the OPTIONS probe means, over all contacts of a leg; PARTIAL: some dead, some alive.

    AUTH_SUSPECT: the answer changed to 403. OVERLOADED: 503 while we are near a cap. STUCK: the SBC has stopped
    asking though it should.
    """

    OK = "ok"
    SLOW = "slow"
    LOSS = "loss"
    PARTIAL = "partial"
    MISSING = "missing"
    DEAD = "dead"
    AUTH_SUSPECT = "auth_suspect"
    OVERLOADED = "overloaded"
    STUCK = "stuck"
    PENDING = "pending"
    UNMONITORED = "unmonitored"
    UNKNOWN = "unknown"


class Effective(StrEnum):
    """What the SBC would really do with the next call on this leg."""

    ROUTABLE = "routable"
    REFUSED_LOCALLY = "refused_locally"
    ADMIN_OFF = "admin_off"
    UNKNOWN = "unknown"


class Usage(StrEnum):
    """Channels or CPS against the cap."""

    NORMAL = "normal"
    HIGH = "high"
    FULL = "full"
    OVER_CAP = "over_cap"
    NO_CAP = "no_cap"
    UNKNOWN = "unknown"


class TrafficSignal(StrEnum):
    """What calls themselves say of a leg; IDLE: none were tried. NO_DATA: too few, or nobody told us of them.

    DESTINATION: they fail to one destination only. NO_AUDIO: they are answered and nothing is heard.
    """

    NORMAL = "normal"
    IDLE = "idle"
    LOW_ASR = "low_asr"
    DESTINATION = "destination"
    FAILING = "failing"
    NO_AUDIO = "no_audio"
    NO_DATA = "no_data"


class FaultKind(StrEnum):
    """What a leg's trouble shows in, for telling a carrier's fault from ours; CAP and ABSENT are never a carrier's."""

    PROBE = "probe"
    REGISTRATION = "registration"
    TRAFFIC = "traffic"
    ABSENT = "absent"
    CAP = "cap"
    OTHER = "other"


class Thresholds(Struct, frozen=True):
    """Every number a rule uses; a config's `[health]` table may change each.

    Seconds and shares unless the name says otherwise.
    """

    stale_min_s: float = 45.0
    refresh_normal_s: int = 5
    attempt_s: int = 32
    attempt_margin_s: int = 8
    probe_down_after: int = 3
    probe_up_after: int = 2
    probe_interval_assumed_s: int = 60
    probe_slow_ms: float = 300.0
    probe_slow_factor: float = 3.0
    probe_slow_results: int = 3
    loss_window: int = 20
    loss_results: int = 3
    flap_window_s: float = 900.0
    flap_drops: int = 3
    flap_up_after: int = 6
    flap_results: int = 21
    flap_start: float = 0.30
    flap_stop: float = 0.20
    flap_changes: int = 4
    flap_stable_s: float = 600.0
    probe_codes: int = 100
    probe_code_results: int = 2
    probe_pending_s: float = 2.0
    probe_stuck_s: float = 90.0
    reg_fail_after: int = 3
    channels_high: float = 0.80
    channels_full: float = 0.95
    cps_high: float = 0.80
    cps_full: float = 0.95
    cps_mean_high: float = 0.60
    clock_warn_s: float = 2.0
    load_window_s: float = 900.0
    unmonitored_major: float = 0.10
    admin_off_warn_s: float = 86400.0
    grace_s: float = 60.0
    restart_loop_s: float = 600.0
    absent_after_s: float = 60.0
    answered_unmonitored_s: int = 600
    answered_recent_s: int = 120
    verdict_window_s: float = 90.0
    traffic_window_s: float = 300.0
    traffic_min_attempts: int = 20
    traffic_failing: float = 0.50
    traffic_down: float = 0.90
    traffic_down_attempts: int = 50
    traffic_down_prefixes: int = 3
    traffic_low_asr: float = 0.50
    traffic_low_asr_days: int = 3
    traffic_overload: float = 0.05
    traffic_hold_s: float = 900.0
    traffic_silent_calls: int = 10
    traffic_short_s: float = 10.0
    traffic_deaf_s: float = 5.0
