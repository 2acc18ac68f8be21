"""Sentences about registrations: late, failing, given up, taken down."""

from __future__ import annotations

from trunktui.health.reasons.words import Words, span, trade
from trunktui.model.health import RegSignal
from trunktui.model.inventory import AuthMode
from trunktui.model.text import clean

MOST_TOLD = 99
"""More retries than this are as good as for ever."""

_SILENCE = frozenset({None, 408, 503})
"""Codes of a registration that may have dropped because its OPTIONS stayed unanswered."""


def refresh_late(w: Words) -> str:
    """Return the sentence for a refresh that is out for too long."""
    elapsed = w.signals.reg_elapsed_s or 0
    if w.signals.reg is RegSignal.LATE_REFRESH:
        return f"refresh sent {elapsed} s ago, no answer yet; binding may already be lapsing"
    return f"refresh overdue {span(elapsed)}; SBC still says Registered - treat as unproven; R asks anew"


def failing(w: Words) -> str:
    """Return the sentence for a registration that failed, but not often enough to be lost."""
    if (told := _counted(w)) is not None:
        return told
    times = "once" if w.signals.reg_failures <= 1 else f"{w.signals.reg_failures} times"
    return f"{_refused(w)} {times}; {_attempt(w)}{_calls(w)}"


def retrying(w: Words) -> str:
    """Return the sentence for a registration that is lost and still tried."""
    s = w.signals
    if s.reg_elapsed_s is not None and s.reg_seen_once and s.reg_elapsed_s > 40:
        ago = span(s.reg_elapsed_s)
        return f"{_refused(w)}, last try {ago} ago: gave up or still trying, the next poll tells{_calls(w)}"
    pinged = w.probe is not None and bool(w.probe.interval_s)
    if s.reg_gates and not s.reg_old and s.reg_failures <= 1 and pinged and s.reg_code in _SILENCE:
        due = "" if s.reg_due_s is None else f" in about {s.reg_due_s} s"
        code = "" if s.reg_code is None else f" ({s.reg_code})"
        return (
            f"the registration dropped{code}, one lost OPTIONS is enough for {trade(w).software}; "
            f"calls are refused; back{due} if the carrier answers"
        )
    if (told := _counted(w)) is not None:
        return told
    often = "since before the first look" if s.reg_old else f"{s.reg_failures} times or more"
    if s.reg_gates and not s.reg_old and s.reg_failures <= 1:
        often = "once"
    return f"{_refused(w)} {often}; {_attempt(w)}{_calls(w)}"


def gave_up(w: Words) -> str:
    """Return the sentence for a registration that nothing will try again."""
    s = w.signals
    if s.reg_for_good:
        rule = " (reg_retry_interval 0)" if w.context.platform == "kamailio" else ""
        after = "by hand" if s.reg_by_hand else f"after its first error{rule}{_code(w)}"
        tail = (
            "; calls by IP may pass, inbound is lost" if w.context.auth is not AuthMode.REGISTRATION else ""
        )
        return f"registration disabled {after}; will not return by itself{tail}: enable it there"
    ago = span(s.reg_elapsed_s or 0)
    if s.reg_code is None and w.context.unresolved is not None:
        name = f"registrar {w.context.unresolved} does not resolve on {w.context.sbc}"
        return f"registration gave up {ago} ago, will not retry: {name}. Mend DNS, then re-register"
    word = s.reg_word if s.reg_word is not None and s.reg_word.final else None
    if word is not None and word.exhausted and not s.calls_pass:
        tries = "all its retries" if word.attempts is None else counted(word.attempts)
        inbound = "; calls by IP may pass, inbound is lost" if w.context.auth is AuthMode.HYBRID else ""
        return f"gave up after {tries} ({_answer(w)}){inbound}; carrier may be back: press R to try"
    if s.calls_pass:
        return f"registration gave up {ago} ago{_code(w)} yet calls are answered; inbound and keepalive are lost until it is re-registered"
    cure = "password and allowlist"
    if word is None:
        cure = "the log" if w.context.auth is AuthMode.HYBRID else "password, allowlist and the SBC's log"
    if w.context.auth is AuthMode.HYBRID:
        return f"registration gave up {ago} ago{_code(w)}, will not retry; calls by IP may pass, inbound is lost. Check {cure}, then re-register"
    return f"registration gave up {ago} ago{_code(w)}; will not retry. Check {cure}, then re-register"


def unregistered(w: Words) -> str:
    """Return the sentence for a registration that somebody took down."""
    s = w.signals
    if s.reg_elapsed_s is not None:
        tail = f"its timer ran out {span(s.reg_elapsed_s)} ago"
    elif s.reg_due_s is not None:
        tail = f"an old timer still shows {span(s.reg_due_s)}"
    else:
        tail = "nothing is scheduled"
    return f"unregistered outside this tool ({tail}); it does not come back by itself: re-register to resume"


def reregistering(w: Words) -> str:
    """Return the sentence for a registration on its way up."""
    s = w.signals
    if s.reg_limit_s is not None and s.reg_elapsed_s is not None:
        return f"registering, {s.reg_elapsed_s} s of {s.reg_limit_s} s; up once the carrier accepts it"
    if s.reg_limit_s is not None and s.reg_due_s is None:
        return f"registering, for {s.reg_limit_s} s at most; up once the carrier accepts it"
    when = f"REGISTER due in {s.reg_due_s} s" if s.reg_due_s is not None else "REGISTER sent, no answer yet"
    return f"unregistered just now, {when}: somebody re-registers it, or it starts"


def off_by_us(w: Words) -> str:
    """Return the sentence for a registration that we took down."""
    return f"unregistered by {w.context.off_by}; register to resume{forgotten(w)}"


def still_sending(w: Words) -> str:
    """Return the sentence for a leg that was switched off and takes calls none the less."""
    count = w.signals.active or 0
    calls = f"{count} channel{'' if count == 1 else 's'}"
    if w.signals.sends_on:
        return (
            f"unregistered, but {trade(w).software} shows UP again (no ping) and still sends calls ({calls}): "
            "use the routing switch to drain"
        )
    return f"unregistered by {w.context.off_by}, yet {calls} in use: use the routing switch to drain"


def forgotten(w: Words) -> str:
    """Return the words for a leg that has been off for so long that it may be forgotten."""
    off_s = w.signals.off_s
    return (
        ""
        if off_s is None or off_s <= w.thresholds.admin_off_warn_s
        else f"; off for {span(off_s)}: still meant so?"
    )


def _refused(w: Words) -> str:
    if w.signals.reg_code is not None:
        return f"REGISTER {w.signals.reg_code}"
    if w.context.unresolved is not None:
        return f"registrar {w.context.unresolved} does not resolve on {w.context.sbc}: REGISTER failed"
    if w.signals.reg_word is None:
        return "REGISTER refused or unanswered"
    return f"REGISTER unanswered{_unresolved(w, ' ({})')}"


def _answer(w: Words) -> str:
    code = w.signals.reg_code
    return f"no answer{_unresolved(w, ': {}')}" if code is None else str(code)


def counted(retries: int) -> str:
    """Return a number of retries in words."""
    return "1 retry" if retries == 1 else f"{retries} retries"


def _unresolved(w: Words, frame: str) -> str:
    """Return that the registrar's name leads nowhere, in `frame`; nothing where it does, or that is not known."""
    if w.signals.unresolved is None:
        return ""
    host, certain = w.signals.unresolved
    return frame.format(f"{clean(host, 60)} does not resolve{'' if certain else '?'}")


def _counted(w: Words) -> str | None:
    """Return how often it failed of as often as it may; None where the log does not tell that."""
    s, word = w.signals, w.signals.reg_word
    if word is None or word.attempts is None or s.reg_due_s is None:
        return None
    most = word.max_retries if word.max_retries and word.max_retries <= MOST_TOLD else None
    of, end = "", ""
    if most is not None and word.retry_s is not None:
        of = f"/{most}"
        left_s = s.reg_due_s + max(most - word.attempts, 0) * word.retry_s
        end = f"; gives up in about {round(left_s / 60)} min" if left_s >= 90 else f"; gives up in {left_s} s"
    return f"{_refused(w)}, retry {word.attempts}{of} in {span(s.reg_due_s)}{_calls(w)}{end}"


def _code(w: Words) -> str:
    return "" if w.signals.reg_code is None else f" after {w.signals.reg_code}"


def _attempt(w: Words) -> str:
    s = w.signals
    if s.reg_elapsed_s is not None:
        return f"attempt in flight for {span(s.reg_elapsed_s)}, no answer yet"
    if s.reg_due_s is None:
        return "nothing scheduled"
    step = "" if not s.reg_wait_step_s else f" {s.reg_wait_step_s} s"
    grows = "" if s.reg_wait_step_s is None else f" (the wait grows{step} each time). R tries now"
    return f"next attempt in {span(s.reg_due_s)}{grows}"


def _calls(w: Words) -> str:
    if w.signals.calls_pass:
        return "; calls are still answered"
    if w.context.auth is AuthMode.HYBRID and w.signals.alive and not w.signals.reg_gates:
        return "; OPTIONS pass, so calls by IP should too"
    return ""
