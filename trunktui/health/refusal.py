"""Finds what an SBC's log says of a registration that fails: which of its lines are about this spell. Pure.

The log names a registration by its server and client URI alone. Several registrations may share both; then a line is
taken for one of them only if the time of the next attempt that it tells is the one in that registration's row.
"""

from __future__ import annotations

from ipaddress import ip_address

from msgspec import Struct

from trunktui.model.observation import Registration, RegPhase
from trunktui.model.tail import Refusal, RefusalKind
from trunktui.model.text import Safe

MOST_ATTEMPTS = 32
_SLACK_S = 3.0
_AHEAD_S = 60.0
"""A log is read after the tables of the same poll, so a line may be a little newer than they."""

_ATTEMPT_S = 32.0
_TARGETS = 3
"""As many addresses of a name as an attempt may try, one after another, before its line is written."""

_FAILING = frozenset({RegPhase.WAITING, RegPhase.ATTEMPTING})


class Refused(Struct, frozen=True):
    """What the log told of one pair of URIs: the newest line of each sort, and the times of the last attempts.

    Times here and in the lines are monotonic seconds, oldest first.
    """

    retrying: Refusal | None = None
    final: Refusal | None = None
    times: tuple[float, ...] = ()

    @property
    def last(self) -> Refusal | None:
        """The newest line of all."""
        if self.retrying is None or self.final is None:
            return self.retrying or self.final
        return self.final if self.final.at >= self.retrying.at else self.retrying


class Look(Struct, frozen=True):
    """What a registration's row says at monotonic second `at`, and what is known of it besides.

    `registered_at`: when it was seen registered last, None never. `unsure_s`: how far times by the SBC's clock may
    be off. `shared`: others have the same two URIs. `waits`: the times between attempts as loaded, in seconds; `max_retries`
    too, None not read.
    """

    row: Registration
    at: float
    registered_at: float | None
    unsure_s: float = 0.0
    shared: bool = False
    waits: tuple[int | None, ...] = ()
    max_retries: int | None = None


class RegWord(Struct, frozen=True, gc=False):
    """What the log says of a failing registration. `code` None: no answer came.

    `final`: it is not tried again; `exhausted`: for it was tried as often as it may be. `attempts` were seen to
    fail since it was registered last, None where not all are known. `at_once`: the attempt failed without a wait, so
    nothing can have been sent. `due_s`: seconds from the look to the next attempt, less than 0 where that was due
    already, None where no wait is told; `wait_step_s` as in Refusal.
    """

    code: int | None
    final: bool
    exhausted: bool
    attempts: int | None
    at_once: bool
    line: Safe
    max_retries: int | None = None
    retry_s: int | None = None
    due_s: float | None = None
    wait_step_s: int | None = None


def add(before: Refused | None, refusal: Refusal) -> Refused:
    """Return what is known of a pair with one more line."""
    had = before or Refused()
    times = (*had.times, refusal.at)[-MOST_ATTEMPTS:]
    if refusal.kind is RefusalKind.RETRYING:
        return Refused(refusal, had.final, times)
    return Refused(had.retrying, refusal, times)


def word_of(refused: Refused, look: Look) -> RegWord | None:
    """Return what the log says of the failing that a row shows; None where no line is about it for certain."""
    if look.row.phase not in _FAILING:
        return None
    if look.shared:
        found = [r for r in (refused.final, refused.retrying) if r is not None and _same(r, look)]
        chosen = found[0] if found else None
    else:
        chosen = refused.last
    if chosen is None or not _of_this_spell(chosen, look):
        return None
    return RegWord(
        code=_code(chosen, refused),
        final=chosen.kind is not RefusalKind.RETRYING and look.row.phase is RegPhase.ATTEMPTING,
        exhausted=chosen.kind is RefusalKind.EXHAUSTED,
        attempts=_attempts(chosen, refused, look),
        at_once=_at_once(chosen, refused) and not look.shared,
        line=chosen.line,
        max_retries=look.max_retries,
        retry_s=chosen.retry_s,
        due_s=None if chosen.retry_s is None else chosen.at + chosen.retry_s - look.at,
        wait_step_s=chosen.wait_step_s,
    )


def host_name(server: str) -> str | None:
    """Return the host in a registrar's URI where that is a name, None for an address."""
    host = server.partition(":")[2].rpartition("@")[2].partition(";")[0]
    host = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        ip_address(host)
    except ValueError:
        return host
    return None


def _of_this_spell(refusal: Refusal, look: Look) -> bool:
    at, slack = refusal.at, _SLACK_S + look.unsure_s
    if at > look.at + _AHEAD_S:
        return False  # a clock that was set
    if look.registered_at is not None and at < look.registered_at - slack:
        return False
    ago = -min(look.row.due_in_s or 0, 0)
    before = look.at - ago - slack  # the attempt that the row speaks of had not begun yet
    if refusal.kind is RefusalKind.RETRYING:
        before -= (refusal.retry_s or 0) + _TARGETS * _ATTEMPT_S
    return at >= before


def _same(refusal: Refusal, look: Look) -> bool:
    """Whether a line tells the very time of the next attempt that a row tells."""
    if look.row.due_in_s is None:
        return False
    at, due = refusal.at, look.at + look.row.due_in_s
    slack = _SLACK_S + look.unsure_s
    if refusal.kind is RefusalKind.RETRYING:
        return refusal.retry_s is not None and abs(at + refusal.retry_s - due) <= slack
    over = look.row.phase is RegPhase.ATTEMPTING
    return over and due - slack <= at <= due + _TARGETS * _ATTEMPT_S + slack


def _code(chosen: Refusal, refused: Refused) -> int | None:
    """Return the code of a line; giving up after many attempts is told without one: it is that of the last attempt."""
    if chosen.kind is RefusalKind.EXHAUSTED and refused.retrying is not None:
        return refused.retrying.code
    return chosen.code


def _attempts(chosen: Refusal, refused: Refused, look: Look) -> int | None:
    if chosen.kind is RefusalKind.EXHAUSTED:
        return look.max_retries
    # Told to come back later (Retry-After) is not counted by the SBC, and shows as another wait than those loaded.
    if look.registered_at is None or look.shared or chosen.retry_s not in look.waits:
        return None
    since = look.registered_at - _SLACK_S - look.unsure_s
    count = sum(at >= since for at in refused.times)
    return count if 0 < count < MOST_ATTEMPTS else None


def _at_once(chosen: Refusal, refused: Refused) -> bool:
    """Whether attempts that got no answer ended much sooner than an unanswered one does."""
    last = refused.retrying if chosen.kind is RefusalKind.EXHAUSTED else chosen
    if last is None or last.code is not None or len(refused.times) < 2:
        return False
    earlier = [at for at in refused.times if at < last.at]
    retry_s = last.retry_s if last.retry_s is not None else 0
    return bool(earlier) and last.at - earlier[-1] - retry_s < _SLACK_S
