"""Findings: what will cause the next outage. They never change what a leg is now. The rules live in `health`."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from msgspec import Struct

from trunktui.model.health import Severity
from trunktui.model.text import Safe


class FindingKind(StrEnum):
    """What was found."""

    CRED_OVERDUE = "cred_overdue"
    CRED_DUE = "cred_due"
    CRED_UNKNOWN = "cred_unknown"
    SHARED_CRED = "shared_cred"
    ALLOWLIST_DUE = "allowlist_due"
    ALLOWLIST_UNKNOWN = "allowlist_unknown"
    STALE_IP = "stale_ip"
    EGRESS_NOT_LISTED = "egress_not_listed"
    EGRESS_CHANGED = "egress_changed"
    ALLOWLIST_FULL = "allowlist_full"
    KEEPALIVE_OFF = "keepalive_off"
    KEEPALIVE_INTERVAL = "keepalive_interval"
    KEEPALIVE_MISPLACED = "keepalive_misplaced"
    EXPIRY = "expiry"
    NO_CAP = "no_cap"
    CERT_DUE = "cert_due"
    AUTH_FAIL_BURST = "auth_fail_burst"
    RESTRICTION_DUE = "restriction_due"


class Confidence(StrEnum):
    """How sure a date is. LATEST: it is no later than this, and may be much earlier."""

    RECORDED = "recorded"
    CONFIGURED = "configured"
    METADATA = "metadata"
    LATEST = "latest"
    READ = "read"
    UNKNOWN = "unknown"


class Finding(Struct, frozen=True):
    """One finding about `subject`: a trunk, an account, a username, an SBC or a leg.

    `reason` is one sentence: what, with its figures. `due`: the day by which it should be mended (or was). `evidence`
    are the lines it rests on, `source` where its date or value comes from and `remedy` what to do, in one line.
    """

    kind: FindingKind
    subject: Safe
    severity: Severity
    reason: Safe
    remedy: Safe
    due: dt.date | None = None
    source: Safe = Safe("")
    confidence: Confidence = Confidence.READ
    evidence: tuple[Safe, ...] = ()


class AuthBurst(Struct, frozen=True):
    """Failures to authenticate without a success between them, from one source; times are monotonic seconds.

    `users` are the names that were tried, as many as are worth naming. `method`: of the requests, where all had one.
    `sure`: successes are logged there too, so that there was none.
    """

    source: Safe
    count: int
    since_at: float
    last_at: float
    users: tuple[Safe, ...] = ()
    method: Safe = Safe("request")
    sure: bool = False


class RecordKind(StrEnum):
    """What somebody says that they did: changed a credential, compared an allowlist, had a source restriction confirmed."""

    ROTATED = "rotated"
    AUDITED = "audited"
    RESTRICTED = "restricted"


class Record(Struct, frozen=True):
    """That `subject` (a trunk for ROTATED, else an account) had it done on `day`, said by `who` at UTC second `at`."""

    kind: RecordKind
    subject: str
    day: dt.date
    who: Safe
    at: float
    note: Safe = Safe("")
