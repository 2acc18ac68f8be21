"""Turns a look at a leg, and what is remembered of it, into signals: each one word, the rules' only input."""

from __future__ import annotations

from msgspec import Struct

from trunktui.health.codes import usual
from trunktui.health.context import LegContext as LegContext
from trunktui.health.context import cps_usage, usage
from trunktui.health.memory import LegMemory, answers, attempt_limit_s, median
from trunktui.health.probe import read_probe, unwatched
from trunktui.health.refusal import RegWord, host_name
from trunktui.model.health import Effective, ProbeSignal, RegSignal, Thresholds, Usage
from trunktui.model.inventory import AuthMode, DialMode
from trunktui.model.observation import Contact, ContactState, NativeLeg, ProbeCount, Registration, RegPhase

_INITIAL_DELAY_S = 10
"""Asterisk's default max_random_initial_delay."""

_REG_LOST = frozenset({RegSignal.RETRYING, RegSignal.GAVE_UP, RegSignal.UNREGISTERED, RegSignal.ADMIN_OFF})


class Signals(Struct, frozen=True, gc=False):
    """A leg in words. Durations in seconds; `reg_elapsed_s` since an attempt began or a refresh was due.

    `reg_old`, `probe_old`: it failed already when first looked at, so failures and misses are lower bounds.
    `usual_ms` is the median round trip of the last hour, only told while answers are slow.
    `drops`: how often it fell silent within the flap window. `goods_wanted`: answers in a row that end a DOWN.
    `reg_limit_s`: when the SBC ends the attempt in flight; `reg_for_good`: it says itself that it will not try again;
    `reg_by_hand`: because somebody disabled it;
    `reg_gates`: without its registration it takes no call. `code` is OPTIONS' last, `usual_code` the one to expect.
    `count` is the SBC's own counter; `overdue_s`: an OPTIONS is due for so long; `stuck_looks` so often too long.
    `off_s`: switched off for at least so long. `reg_word`: what the log says of the registration's failing.
    `unresolved`: the registrar's name, where it is that which fails, and whether that is certain.
    """

    reg: RegSignal
    probe: ProbeSignal
    effective: Effective
    usage: Usage
    reg_due_s: int | None = None
    reg_elapsed_s: int | None = None
    reg_failures: int = 0
    reg_old: bool = False
    reg_seen_once: bool = False
    misses: int = 0
    probe_old: bool = False
    goods: int = 0
    goods_wanted: int = 2
    drops: int = 0
    silent_s: float = 0.0
    rtt_ms: float | None = None
    usual_ms: float | None = None
    dead: tuple[Contact, ...] = ()
    unprobed: tuple[Contact, ...] = ()
    alive: tuple[Contact, ...] = ()
    answered_age_s: int | None = None
    calls_pass: bool = False
    listed: bool = True
    absent_s: float | None = None
    cps: Usage = Usage.NO_CAP
    reg_limit_s: int | None = None
    reg_for_good: bool = False
    reg_by_hand: bool = False
    reg_code: int | None = None
    reg_wait_step_s: int | None = None
    reg_gates: bool = False
    code: int | None = None
    usual_code: int | None = None
    retry_after_s: int | None = None
    count: ProbeCount | None = None
    overdue_s: float | None = None
    stuck_looks: int = 0
    active: int | None = None
    off_s: float | None = None
    sends_on: bool = False
    reg_word: RegWord | None = None
    unresolved: tuple[str, bool] | None = None


def read_signals(
    leg: NativeLeg | None, memory: LegMemory, context: LegContext, at: float, t: Thresholds
) -> Signals:
    """Return the signals of a leg as it looked at monotonic second `at`; None: it was not in the tables."""
    if leg is None:
        return _unlisted(memory, at)
    reg, due, elapsed = _registration(leg, memory, context, t)
    effective = _effective(leg, context, reg)
    channels, cps = usage(context, t), cps_usage(context, t)
    if _calm(leg, memory, elapsed):
        # Nearly always: all that is left out here is as Signals has it by default.
        return Signals(
            reg,
            read_probe(leg, memory, context, (channels, cps), t),
            effective,
            channels,
            due,
            goods=memory.probe_results,
            goods_wanted=t.probe_up_after,
            rtt_ms=memory.rtt_ms,
            alive=leg.contacts,
            answered_age_s=_answered(leg, context, at),
            cps=cps,
            active=leg.channels.active if leg.channels else None,
        )
    return _in_full(leg, memory, (reg, due, elapsed), context, at, t)


def _in_full(
    leg: NativeLeg,
    memory: LegMemory,
    registration: tuple[RegSignal, int | None, int | None],
    context: LegContext,
    at: float,
    t: Thresholds,
) -> Signals:
    """Return every signal of a leg of which something is out of the ordinary, or which tells more than most."""
    (reg, due, elapsed), channels, cps = registration, usage(context, t), cps_usage(context, t)
    answered = _answered(leg, context, at)
    drops = sum(at - drop <= t.flap_window_s for drop in memory.drops) if memory.drops else 0
    row, first = leg.registration, leg.contacts[0] if leg.contacts else None
    active = leg.channels.active if leg.channels else None
    dead, unprobed, alive = _sorted(leg.contacts)
    return Signals(
        reg=reg,
        probe=read_probe(leg, memory, context, (channels, cps), t),
        effective=_effective(leg, context, reg),
        usage=channels,
        reg_due_s=due,
        reg_elapsed_s=elapsed,
        reg_failures=memory.reg_failures,
        reg_old=memory.reg_old,
        reg_seen_once=memory.attempt_looks == 1,
        misses=memory.probe_results if memory.probe_alive is False else 0,
        probe_old=memory.probe_old,
        goods=memory.probe_results if memory.probe_alive else 0,
        # One that comes and goes has to answer for longer, or each return would be news, and each drop an alarm.
        goods_wanted=t.flap_up_after if drops >= t.flap_drops else t.probe_up_after,
        drops=drops,
        silent_s=at - memory.probe_since if memory.probe_alive is False and memory.probe_since else 0.0,
        rtt_ms=memory.rtt_ms,
        usual_ms=median(tuple(rtt for _, rtt in memory.rtts)) if memory.slow_results else None,
        dead=dead,
        unprobed=unprobed,
        alive=alive,
        answered_age_s=answered,
        calls_pass=_calls_pass(answered, memory, at, t),
        absent_s=_age(memory.absent_since, at),
        cps=cps,
        reg_limit_s=row.limit_s if row else None,
        reg_for_good=row is not None and row.phase is RegPhase.DISABLED,
        reg_by_hand=row is not None and row.by_hand,
        reg_code=_code(leg, context),
        reg_wait_step_s=_wait_step(row, context),
        reg_gates=leg.reg_gates,
        code=memory.code,
        usual_code=usual(memory.codes) if memory.code is not None else None,
        retry_after_s=first.retry_after_s if first else None,
        count=first.count if first else None,
        overdue_s=first.overdue_s if first else None,
        stuck_looks=memory.stuck_looks,
        active=active,
        off_s=_age(memory.off_since, at),
        # Unregistered, and taking calls none the less: to switch it off so does not drain it.
        reg_word=context.word,
        unresolved=_unresolved(leg, context),
        sends_on=reg in _REG_LOST and leg.effective is Effective.ROUTABLE and leg.reg_gates and bool(active),
    )


def _calm(leg: NativeLeg, memory: LegMemory, elapsed: int | None) -> bool:
    """Whether nothing is, or lately was, out of the ordinary with a leg of one contact that tells no more than that."""
    return (
        elapsed is None
        and memory.probe_alive is True
        and memory.reg_bad_since is None
        and memory.absent_since is None
        and memory.off_since is None
        and memory.code is None
        and memory.count is None
        and not memory.drops
        and not memory.slow_results
        and not memory.stuck_looks
        and leg.effective is None
        and not leg.reg_gates
        and len(leg.contacts) == 1
        and leg.contacts[0].overdue_s is None
    )


def _sorted(contacts: tuple[Contact, ...]) -> tuple[tuple[Contact, ...], ...]:
    """Return the contacts that fail, those that nobody asks, and those that answer."""
    if len(contacts) == 1:  # nearly always
        (one,) = contacts
        said = answers(one)
        if said is not None:
            return ((), (), contacts) if said else (contacts, contacts if unwatched(one) else (), ())
    said_of = [(contact, answers(contact)) for contact in contacts]
    return (
        tuple(contact for contact, said in said_of if said is False),
        tuple(contact for contact in contacts if unwatched(contact)),
        tuple(contact for contact, said in said_of if said),
    )


def _unlisted(memory: LegMemory, at: float) -> Signals:
    """Return the signals of a leg that is in no table: nothing is known of it but for how long."""
    absent = _age(memory.absent_since, at)
    return Signals(
        reg=RegSignal.UNKNOWN if absent is None else RegSignal.ABSENT,
        probe=ProbeSignal.UNKNOWN,
        effective=Effective.UNKNOWN,
        usage=Usage.UNKNOWN,
        listed=False,
        absent_s=absent,
        off_s=_age(memory.off_since, at),
    )


def _age(since: float | None, at: float) -> float | None:
    return None if since is None else at - since


def _registration(
    leg: NativeLeg, memory: LegMemory, context: LegContext, t: Thresholds
) -> tuple[RegSignal, int | None, int | None]:
    """Return (signal, seconds to the next REGISTER, seconds since an attempt began or was due)."""
    registration = leg.registration
    if registration is None:
        if context.auth is AuthMode.IP and (context.configured or context.reg_read):
            return RegSignal.NOT_USED, None, None
        return (RegSignal.ABSENT if context.reg_read else RegSignal.UNKNOWN), None, None
    due = registration.due_in_s
    ahead = due if due is not None and due >= 0 else None
    elapsed = -due if due is not None and due < 0 else None
    match registration.phase:
        case RegPhase.REGISTERED:
            return _refresh(elapsed, t), ahead, elapsed
        case RegPhase.WAITING:
            return RegSignal.RETRYING, _told_due(ahead, elapsed, context), elapsed
        case RegPhase.ATTEMPTING:
            over = elapsed is None or elapsed > attempt_limit_s(registration, t)
            said = context.word is not None and context.word.final
            gave_up = said or (over and memory.attempt_looks >= 2)
            return (RegSignal.GAVE_UP if gave_up else RegSignal.RETRYING), ahead, elapsed
        case RegPhase.TRYING:
            late = elapsed is not None and registration.limit_s is not None and elapsed > registration.limit_s
            failing = memory.reg_failures > 0 or late
            return (RegSignal.RETRYING if failing else RegSignal.STARTING), ahead, elapsed
        case RegPhase.DISABLED:
            return RegSignal.GAVE_UP, None, elapsed
        case RegPhase.UNREGISTERED if context.off_by is not None:
            return RegSignal.ADMIN_OFF, None, elapsed
        case RegPhase.UNREGISTERED:
            loaded = leg.reg_settings.initial_delay_s if leg.reg_settings else None
            delay = _INITIAL_DELAY_S if loaded is None else loaded
            due_soon = ahead is not None and ahead <= delay
            in_flight = elapsed is not None and elapsed <= attempt_limit_s(registration, t)
            starting = context.grace or due_soon or in_flight
            return (RegSignal.STARTING if starting else RegSignal.UNREGISTERED), ahead, elapsed
        case RegPhase.OTHER:
            return RegSignal.UNKNOWN, ahead, elapsed


def _wait_step(row: Registration | None, context: LegContext) -> int | None:
    """Return what each failure adds to the wait: by how much, the log may know where the table does not."""
    table, log = (row.wait_step_s if row else None), (context.word.wait_step_s if context.word else None)
    return max((step for step in (table, log) if step is not None), default=None)


def _told_due(ahead: int | None, elapsed: int | None, context: LegContext) -> int | None:
    """Return the seconds to the next REGISTER: as the SBC's table tells them, else as its log does."""
    if ahead is not None or elapsed is not None or context.word is None or context.word.due_s is None:
        return ahead
    return int(context.word.due_s) if context.word.due_s >= 0.0 else None


def _code(leg: NativeLeg, context: LegContext) -> int | None:
    """Return the code of the last refusal: as the SBC's table tells it, else as its log does."""
    if leg.registration is not None and leg.registration.code is not None:
        return leg.registration.code
    return context.word.code if context.word is not None else None


def _unresolved(leg: NativeLeg, context: LegContext) -> tuple[str, bool] | None:
    """Return the registrar's name where nobody answers because it leads nowhere; whether the SBC says so itself."""
    word = context.word
    if leg.registration is None or word is None or word.code is not None:
        return None
    host = host_name(leg.registration.server)
    if host is None or leg.targets:
        return None
    return (host, leg.targets == ()) if leg.targets == () or word.at_once else None


def _refresh(elapsed: int | None, t: Thresholds) -> RegSignal:
    if elapsed is None:
        return RegSignal.REGISTERED
    if elapsed <= t.refresh_normal_s:
        return RegSignal.REFRESHING
    return RegSignal.LATE_REFRESH if elapsed <= t.attempt_s else RegSignal.OVERDUE


def _effective(leg: NativeLeg, context: LegContext, reg: RegSignal) -> Effective:
    """Return what the SBC does with the next call: what it says itself, else what Asterisk is known to do.

    Measured on 22.10: `PJSIP/number@trunk` fails at once while every contact is unreachable, an explicit
    URI goes out whatever OPTIONS says, and a rejected registration stops no call.
    """
    if leg.effective is not None:
        return leg.effective
    if leg.reg_gates and reg in _REG_LOST:
        return Effective.REFUSED_LOCALLY
    if len(leg.contacts) == 1 and leg.contacts[0].state is ContactState.REACHABLE:
        return Effective.ROUTABLE
    states = {contact.state for contact in leg.contacts}
    if states == {ContactState.DISABLED}:
        return Effective.ADMIN_OFF
    if context.dial is DialMode.URI:
        return Effective.ROUTABLE
    if ContactState.REACHABLE in states or (ContactState.UNPROBED in states and context.dial is DialMode.AOR):
        return Effective.ROUTABLE
    if states == {ContactState.UNREACHABLE} and context.dial is DialMode.AOR:
        return Effective.REFUSED_LOCALLY
    return Effective.UNKNOWN


def _answered(leg: NativeLeg, context: LegContext, at: float) -> int | None:
    """Return how long ago the last call began that was answered: one that is still up, or one that records tell of."""
    up = leg.channels.answered_age_s if leg.channels else None
    if context.answered_at is None:
        return up
    told = max(int(at - context.answered_at), 0)
    return told if up is None else min(up, told)


def _calls_pass(answered_age_s: int | None, memory: LegMemory, at: float, t: Thresholds) -> bool:
    """Whether a call that began after the first bad sign was answered lately: it beats any other sign."""
    if answered_age_s is None or answered_age_s > t.answered_recent_s:
        return False
    bad_since = memory.bad_since
    return bad_since is not None and at - answered_age_s > bad_since
