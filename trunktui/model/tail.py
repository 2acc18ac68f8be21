"""What an SBC writes into files and we follow: log lines and call records, read forward and each line once.

Times ending in `_at` are seconds since 1970 by the SBC's own clock, as its lines say them.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from trunktui.model.text import Safe


class TailKind(StrEnum):
    """What a followed file holds."""

    LOG = "log"
    CALLS = "calls"


class TailFile(Struct, frozen=True):
    """One file to follow on an SBC. `format` names the layout where a kind has several, None the only one.

    `others` are where it may be instead, tried in turn until one is there. `why` says in one line why there is
    nothing to follow, and the way out; then `path` is empty.
    """

    kind: TailKind
    path: str
    format: str | None = None
    others: tuple[str, ...] = ()
    why: Safe = Safe("")


class TailState(StrEnum):
    """How the following of a file goes; BEHIND: it grows faster than it is read, and is caught up with."""

    PENDING = "pending"
    OK = "ok"
    BEHIND = "behind"
    MISSING = "missing"
    NOT_PERMITTED = "not_permitted"
    UNREADABLE = "unreadable"
    OFF = "off"


class TailStatus(Struct, frozen=True):
    """One followed file. `why` says in one line what is wrong and the way out, empty where nothing is.

    `path` is where it was found. `read_to` is the monotonic second up to which all that was written has been read,
    None never. `behind`: bytes not read yet; `lost`: bytes that were written and could not be read any more (a
    rotation that left none), at least.
    """

    file: TailFile
    state: TailState = TailState.PENDING
    why: Safe = Safe("")
    read_to: float | None = None
    behind: int = 0
    lost: int = 0
    path: str = ""


class RefusalKind(StrEnum):
    """What the SBC does after an attempt to register failed.

    RETRYING: it tries again after `retry_s`. STOPPED: it gave up after a refusal that it takes for final.
    EXHAUSTED: it gave up after as many attempts as it may make.
    """

    RETRYING = "retrying"
    STOPPED = "stopped"
    EXHAUSTED = "exhausted"


class Refusal(Struct, frozen=True):
    """A REGISTER that failed, as the log tells it. `code` None: no answer came (or its name did not resolve).

    `wait_step_s`: what each failure adds to `retry_s`, as in Registration.
    """

    at: float
    kind: RefusalKind
    server: Safe
    client: Safe
    code: int | None
    retry_s: int | None
    line: Safe
    wait_step_s: int | None = None


class AuthFailure(Struct, frozen=True):
    """A request from outside that failed to authenticate; `source` is its address without the port."""

    at: float
    method: Safe
    source: Safe
    user: Safe
    line: Safe


class AuthSuccess(Struct, frozen=True):
    """A request from outside that did authenticate; only where the SBC logs its security events."""

    at: float
    source: Safe


class InviteRefusal(Struct, frozen=True):
    """A call of ours whose credentials the other side did not take, by native endpoint."""

    at: float
    endpoint: str
    line: Safe


class CallOutcome(StrEnum):
    """How a call that we made ended. REFUSED: a failure code or cause came; LOCAL: our own SBC did not send it."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    LOCAL = "local"
    OTHER = "other"


class CallRecord(Struct, frozen=True, gc=False):
    """One call that was made over `endpoint`, at its end or its answer. `id` is the SBC's own, of this call alone.

    `at`: when that was; `began`: when it was dialled, None not told. One that is ANSWERED without `talk_s` (seconds
    from answer to end) still lasts, and its end comes as another record of the same `id`. `cause` is Q.850's, `code`
    SIP's; None: not told. `prefix`: the first digits of what was dialled, never the whole number.
    """

    id: Safe
    at: float
    endpoint: str
    outcome: CallOutcome
    talk_s: int | None = None
    cause: int | None = None
    code: int | None = None
    prefix: Safe = Safe("")
    began: float | None = None


class TailFacts(Struct, frozen=True):
    """What new lines of one file say, oldest first. `unread`: lines that should have been understood and were not."""

    refusals: tuple[Refusal, ...] = ()
    auth_failures: tuple[AuthFailure, ...] = ()
    auth_successes: tuple[AuthSuccess, ...] = ()
    invite_refusals: tuple[InviteRefusal, ...] = ()
    calls: tuple[CallRecord, ...] = ()
    unread: tuple[Safe, ...] = ()
