"""The words: one sentence per verdict that says what, the evidence, since when, and what happens next.

Every sentence is at most `LIMIT` characters. Only this module words a leg's reason.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from trunktui.health.rules import Cause, Verdict
from trunktui.health.signals import LegContext, Signals
from trunktui.model.health import LegState, RegSignal, spoken
from trunktui.model.inventory import AuthMode
from trunktui.model.observation import AppState, Contact, ProbeSettings
from trunktui.model.text import Safe, clean

NOTHING_LISTED = "lists no registration and no contact at all: modules not loaded?"

LIMIT = 160
"""Fits two lines of an 80-column terminal."""

_LINK_LIMIT = 70
"""Characters left to SSH's own words where SNMP has to be heard as well."""


class Words(Struct, frozen=True):
    """What a sentence may speak of: the leg's context, signals, loaded settings and last known state."""

    context: LegContext
    signals: Signals
    known: LegState | None = None
    probe: ProbeSettings | None = None
    aor: str | None = None


def explain(verdict: Verdict, words: Words) -> Safe:
    """Return the sentence for a verdict."""
    return clean(_SENTENCES[verdict.cause](words), LIMIT)


def span(seconds: float) -> str:
    """Return a duration in words: `14 s`, `4 m 10 s`, `3 h 2 m`, `12 d`."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60} s" if whole % 60 else f"{whole // 60} m"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} m"
    return f"{whole // 86400} d"


def _was(w: Words) -> str:
    return f"; was {spoken(w.known)}" if w.known is not None else ""


def _channels(w: Words) -> str:
    used, cap = w.context.used, w.context.cap
    if used is None:
        return ""
    least = "" if w.context.used_whole else "at least "
    return (
        f"; {least}{used}/{cap} channels"
        if cap is not None
        else f"; {used} channel{'' if used == 1 else 's'}"
    )


def _registered(w: Words) -> str:
    s = w.signals
    if s.reg is RegSignal.NOT_USED:
        return ""
    if s.reg is RegSignal.REFRESHING:
        return f"registered, refresh sent {s.reg_elapsed_s} s ago; "
    return f"registered, next REGISTER in {s.reg_due_s} s; " if s.reg_due_s is not None else "registered; "


def _hosts(contacts: tuple[Contact, ...]) -> str:
    hosts = [_host(contact.uri) for contact in contacts]
    return ", ".join(hosts[:2]) + (f" and {len(hosts) - 2} more" if len(hosts) > 2 else "")


def _host(uri: str) -> str:
    return uri.partition(":")[2].rpartition("@")[2].partition(";")[0] or uri


def _up(w: Words) -> str:
    rtt = w.signals.rtt_ms
    return f"{_registered(w)}OPTIONS {_ms(rtt)}{_channels(w)}"


def _ms(rtt: float | None) -> str:
    return "answered" if rtt is None else f"{rtt:.0f} ms" if rtt >= 1 else "under 1 ms"


def _up_unmonitored(w: Words) -> str:
    age = span(w.signals.answered_age_s or 0)
    return f"{_registered(w)}a call that began {age} ago was answered; no OPTIONS watch this trunk while idle"


def _unmonitored(w: Words) -> str:
    if w.aor is None:
        head = _registered(w) or "no registration; "
        return f"{head}no contact to send OPTIONS to: a dead trunk would look idle"
    if w.signals.unprobed and w.signals.alive:
        return f"{len(w.signals.unprobed)} of its contacts never asked ({_hosts(w.signals.unprobed)}), others answer"
    if w.probe is not None and w.probe.interval_s == 0:
        return f"{_registered(w)}no OPTIONS configured on AOR {w.aor}: a dead trunk would look idle"
    if w.probe is not None:
        return f"OPTIONS are configured on AOR {w.aor} but none was ever sent: a dead trunk would look idle"
    return f"{_registered(w)}OPTIONS never sent (settings of AOR {w.aor} not readable): a dead trunk would look idle"


def _refresh_late(w: Words) -> str:
    elapsed = w.signals.reg_elapsed_s or 0
    if w.signals.reg is RegSignal.LATE_REFRESH:
        return f"refresh sent {elapsed} s ago, no answer yet; binding may already be lapsing"
    return f"refresh overdue {span(elapsed)}; SBC still says Registered - treat as unproven"


def _attempt(w: Words) -> str:
    s = w.signals
    if s.reg_elapsed_s is not None:
        return f"attempt in flight for {span(s.reg_elapsed_s)}, no answer yet"
    if s.reg_due_s is not None:
        return f"next attempt in {span(s.reg_due_s)}"
    return "nothing scheduled"


def _calls(w: Words) -> str:
    if w.signals.calls_pass:
        return "; calls are still answered"
    if w.context.auth is AuthMode.HYBRID and w.signals.alive:
        return "; OPTIONS pass, so calls by IP should too"
    return ""


def _reg_failing(w: Words) -> str:
    times = "once" if w.signals.reg_failures <= 1 else f"{w.signals.reg_failures} times"
    return f"REGISTER refused or unanswered {times}; {_attempt(w)}{_calls(w)}"


def _retrying(w: Words) -> str:
    s = w.signals
    if s.reg_elapsed_s is not None and s.reg_seen_once and s.reg_elapsed_s > 40:
        ago = span(s.reg_elapsed_s)
        return f"REGISTER refused or unanswered, last try {ago} ago: gave up or still trying, the next poll tells{_calls(w)}"
    often = "since before the first look" if s.reg_old else f"{s.reg_failures} times or more"
    return f"REGISTER refused or unanswered {often}; {_attempt(w)}{_calls(w)}"


def _gave_up(w: Words) -> str:
    ago = span(w.signals.reg_elapsed_s or 0)
    if w.signals.calls_pass:
        return f"registration gave up {ago} ago yet calls are answered; inbound and keepalive are lost"
    if w.context.auth is AuthMode.HYBRID:
        return f"registration gave up {ago} ago, will not retry; calls by IP may pass, inbound is lost. Check the log, then re-register"
    return f"registration gave up {ago} ago; will not retry. Check password, allowlist and the SBC's log, then re-register"


def _unregistered(w: Words) -> str:
    s = w.signals
    if s.reg_elapsed_s is not None:
        tail = f"its timer ran out {span(s.reg_elapsed_s)} ago"
    elif s.reg_due_s is not None:
        tail = f"an old timer still shows {span(s.reg_due_s)}"
    else:
        tail = "nothing is scheduled"
    return f"unregistered outside this tool ({tail}); it does not come back by itself: re-register to resume"


def _reregistering(w: Words) -> str:
    due = w.signals.reg_due_s
    when = f"REGISTER due in {due} s" if due is not None else "REGISTER sent, no answer yet"
    return f"unregistered just now, {when}: somebody re-registers it, or it starts"


def _refused_locally(w: Words) -> str:
    silent = _silence(w)
    return f"{silent}: Asterisk now refuses calls on this AOR (cause 3); one missed OPTIONS is enough with this config"


def _silence(w: Words) -> str:
    where = _hosts(w.signals.dead)
    if w.signals.silent_s < 1:
        return f"unreachable: {where}"
    over = "over " if w.signals.probe_old else ""
    return f"unreachable for {over}{span(w.signals.silent_s)}: {where}"


def _probe_dead(w: Words) -> str:
    if w.context.dial is None:
        tail = "calls fail here if the dial plan dials the AOR (set `dial` to judge)"
        return f"{_silence(w)}; {tail}"
    where = _hosts(w.signals.dead)
    if w.signals.silent_s < 1:
        return f"no OPTIONS answered by {where} when first looked at; calls still go out there"
    ago = ("over " if w.signals.probe_old else "") + span(w.signals.silent_s)
    return f"no answered call seen since OPTIONS went silent {ago} ago ({where}); calls still go out there"


def _probe_missing(w: Words) -> str:
    where = _hosts(w.signals.dead)
    if w.context.dial is None:
        interval = w.probe.interval_s if w.probe else None
        wait = f"within {interval} s" if interval else "at the next one"
        return f"OPTIONS unanswered by {where}; DOWN if not answered {wait}"
    return f"{w.signals.misses} OPTIONS unanswered by {where}; the dial plan sends calls there all the same"


def _recovering(w: Words) -> str:
    s = w.signals
    if s.goods_wanted - s.goods <= 1:
        return f"answers OPTIONS again ({s.goods} good so far); up after the next one"
    unsteady = f", but fell silent {s.drops} times lately: unsteady" if s.drops > 1 else ""
    return f"answers OPTIONS again ({s.goods} good so far){unsteady}; up after {s.goods_wanted} in a row"


def _loss(w: Words) -> str:
    s = w.signals
    now = f"now {_ms(s.rtt_ms)}" if s.alive else "the last one not at all"
    drops = f", {s.drops} times not at all" if s.drops > 1 else ""
    return f"OPTIONS answered late again and again{drops} ({now}): packets are being lost"


def _partial(w: Words) -> str:
    dead, alive = w.signals.dead, w.signals.alive
    total = len(dead) + len(alive)
    return f"{len(dead)} of {total} destinations dead ({_hosts(dead)}); calls use {_hosts(alive)}"


def _cap(w: Words) -> str:
    used, cap = w.context.used or 0, w.context.cap
    whose = f"account {w.context.account}" if w.context.account else "trunk"
    at = "over its cap" if cap is not None and used > cap else "at its cap"
    least = "" if w.context.used_whole else "at least "
    return f"{whose} {at}: {least}{used} of {cap} channels; further calls will be refused by the carrier"


def _high(w: Words) -> str:
    used, cap = w.context.used or 0, w.context.cap or 1
    least = "" if w.context.used_whole else "at least "
    return (
        f"{least}{used} of {cap} channels in use ({100 * used // cap} %); further calls are refused at {cap}"
    )


def _slow(w: Words) -> str:
    usual = w.signals.usual_ms
    return f"OPTIONS answered in {_ms(w.signals.rtt_ms)}" + (f", usually {_ms(usual)}" if usual else "")


def _box_down(w: Words) -> str:
    if not w.context.snmp_words:
        return f"{w.context.sbc} is not polled{_was(w)}: {w.context.link_words}"
    both = f"{clean(w.context.link_words, _LINK_LIMIT)}; {w.context.snmp_words}"
    return f"{w.context.sbc} is not polled{_was(w)}: {both}"


def _app_down(w: Words) -> str:
    return f"{w.context.sbc}: {w.context.app_reason}{_was(w)}"


def _never(w: Words) -> str:
    return f"not polled yet{_link(w)}"


def _stale(w: Words) -> str:
    return f"no data for {span(w.context.age_s)}{_link(w)}; last known {spoken(w.known or LegState.UNKNOWN)}"


def _link(w: Words) -> str:
    """Return why SSH brings nothing, and what SNMP says to that; it must not push out what follows."""
    if not w.context.link_words:
        return ""
    if not w.context.snmp_words:
        return f" ({w.context.link_words})"
    return f" ({clean(w.context.link_words, _LINK_LIMIT)}); {w.context.snmp_words}"


def _starting(w: Words) -> str:
    if w.context.app is AppState.STARTING:
        return f"{w.context.sbc} is starting: {w.context.app_reason}"
    s, ago = w.signals, span(w.context.uptime_s or 0)
    if s.reg_elapsed_s is not None:
        return f"{w.context.sbc} restarted {ago} ago; first REGISTER sent {span(s.reg_elapsed_s)} ago"
    when = f"in {span(s.reg_due_s)}" if s.reg_due_s is not None else "within seconds"
    return f"{w.context.sbc} restarted {ago} ago; first REGISTER {when}"


def _pending(w: Words) -> str:
    if w.aor is None:
        return f"{_registered(w)}its settings are being read"
    interval = w.probe.interval_s if w.probe else None
    due = f"first OPTIONS due within {interval} s" if interval else "first OPTIONS not sent yet"
    if w.context.uptime_s is not None and w.context.uptime_s < 600:
        return f"restarted {span(w.context.uptime_s)} ago; {due}"
    return due


def _unread(w: Words) -> str:
    if not w.context.unread:
        return "the SBC's answer says nothing that can be judged of this leg"
    first = w.context.unread[0]
    version = f" of Asterisk {w.context.version}" if w.context.version else ""
    kept = " (kept, redacted)" if first.lines else ""
    return f"cannot read '{first.command}'{version}: {first.why}{kept}{_was(w)}"


def _not_loaded(w: Words) -> str:
    return f"{w.context.id.rpartition('@')[0]} is not loaded on {w.context.sbc} (config error or rename?)"


def _not_found_yet(w: Words) -> str:
    if w.signals.listed:
        return (
            f"its registration is not in {w.context.sbc}'s table; not loaded if still missing a minute later"
        )
    if w.context.configured:
        return f"not in {w.context.sbc}'s tables at the last look; not loaded if still missing a minute later"
    return f"no longer listed by {w.context.sbc} (removed or renamed there?){_was(w)}"


_SENTENCES: dict[Cause, Callable[[Words], str]] = {
    Cause.DISABLED: lambda _: "disabled in the config",
    Cause.BOX_DOWN: _box_down,
    Cause.APP_DOWN: _app_down,
    Cause.NEVER: _never,
    Cause.STALE: _stale,
    Cause.NOTHING_LISTED: lambda w: f"{w.context.sbc} {NOTHING_LISTED}",
    Cause.NOT_LOADED: _not_loaded,
    Cause.NOT_FOUND_YET: _not_found_yet,
    Cause.REG_NOT_LOADED: lambda w: (
        f"no registration for it is loaded on {w.context.sbc}, though auth says it registers"
    ),
    Cause.REFUSED_LOCALLY: _refused_locally,
    Cause.PROBE_IGNORED: lambda _: "OPTIONS unanswered but calls pass; dial plan bypasses qualify",
    Cause.PROBE_DEAD: _probe_dead,
    Cause.RECOVERING: _recovering,
    Cause.GAVE_UP: _gave_up,
    Cause.UNREGISTERED: _unregistered,
    Cause.RETRYING: _retrying,
    Cause.REFRESH_LATE: _refresh_late,
    Cause.REG_FAILING: _reg_failing,
    Cause.REREGISTERING: _reregistering,
    Cause.PROBE_MISSING: _probe_missing,
    Cause.CAP: _cap,
    Cause.PARTIAL: _partial,
    Cause.SLOW: _slow,
    Cause.LOSS: _loss,
    Cause.HIGH: _high,
    Cause.UNMONITORED: _unmonitored,
    Cause.UP_UNMONITORED: _up_unmonitored,
    Cause.UP: _up,
    Cause.STARTING: _starting,
    Cause.UNREAD: _unread,
    Cause.PENDING: _pending,
}
