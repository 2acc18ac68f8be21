"""Sentences about OPTIONS: unanswered, late, lost, of another code than usual, or never sent."""

from __future__ import annotations

from trunktui.health.codes import CodeClass, classify
from trunktui.health.probe import unwatched
from trunktui.health.reasons.words import Words, hosts, ms, registered, span, thing, trade
from trunktui.model.inventory import DialMode


def refused_locally(w: Words) -> str:
    """Return the sentence for a leg whose calls its SBC refuses because OPTIONS are unanswered."""
    s, software = w.signals, trade(w).software
    if s.dead and all(unwatched(contact) for contact in s.dead):
        return (
            f"inactive and not probed ({hosts(s.dead)}): recovery will not be noticed; set it active by hand"
        )
    if s.code is not None and classify(s.code) is not CodeClass.MISS and w.context.platform == "kamailio":
        return (
            f'answers {s.code}; Kamailio accepts 2xx only: set ds_ping_reply_codes "code={s.code}" '
            "if this carrier is healthy"
        )
    if s.code is None and any(contact.answered for contact in s.dead):
        return (
            f"answers OPTIONS, but with a code that {software} does not accept ({hosts(s.dead)}): "
            "see its log, or set ds_ping_reply_codes if this carrier is healthy"
        )
    if w.context.platform == "asterisk":
        return f"{_silence(w)}: Asterisk now refuses calls on this AOR (cause 3); one missed OPTIONS is enough with this config"
    many = f"{s.count.down_at} OPTIONS unanswered by {hosts(s.dead)}" if s.count else _silence(w)
    word = " (GATEWAY_DOWN)" if w.context.platform == "freeswitch" else ""
    return f"{many}{_code(w)}; {software} refuses calls{word} until it is answered again"


def dead(w: Words) -> str:
    """Return the sentence for OPTIONS that nobody answers, where it is not known that calls are refused."""
    s = w.signals
    if s.code is not None:
        return f"{_code_words(w)} for {span(s.silent_s)} ({hosts(s.dead)}){_load(w)}; up after {s.goods_wanted} good answers"
    if w.context.dial is None:
        return f"{_silence(w)}; calls fail here if the dial plan dials the AOR (set `dial` to judge)"
    where = hosts(s.dead)
    if s.silent_s < 1:
        return f"no OPTIONS answered by {where} when first looked at; calls still go out there"
    ago = ("over " if s.probe_old else "") + span(s.silent_s)
    none = "no answered call seen" if w.context.traffic is None else "no call answered"
    return f"{none} since OPTIONS went silent {ago} ago ({where}); calls still go out there"


def ignored(w: Words) -> str:
    """Return the sentence for calls that pass where OPTIONS do not."""
    if w.context.platform == "asterisk" and w.context.dial is DialMode.URI:
        return f"OPTIONS unanswered for {span(w.signals.silent_s)} but calls pass; dial plan bypasses qualify{_last_call(w)}"
    return f"OPTIONS unanswered for {span(w.signals.silent_s)} but calls pass{_last_call(w)}: ask the carrier to answer OPTIONS"


def _last_call(w: Words) -> str:
    age = w.signals.answered_age_s
    return "" if age is None else f" (one began {span(age)} ago)"


def missing(w: Words) -> str:
    """Return the sentence for a few missed OPTIONS."""
    s = w.signals
    if s.code is not None and s.dead:
        down = max(w.thresholds.probe_down_after, s.misses)
        return f"{_code_words(w)}{_load(w)}; {s.misses} of {down} such answers, DOWN at {down}"
    if s.count is not None and s.count.misses:
        return _by_own_count(w)
    if s.overdue_s is not None and not s.dead:
        return f"OPTIONS sent {span(s.overdue_s)} ago, no answer yet; the next poll tells"
    where = hosts(s.dead)
    if w.context.dial is None:
        interval = w.probe.interval_s if w.probe else None
        wait = f"within {interval} s" if interval else "at the next one"
        return f"OPTIONS unanswered by {where}; DOWN if not answered {wait}"
    return f"{s.misses} OPTIONS unanswered by {where}; the dial plan sends calls there all the same"


def _by_own_count(w: Words) -> str:
    count, probe = w.signals.count, w.probe
    if count is None:
        return ""
    if w.context.platform == "kamailio":
        lost = (
            f"{count.misses} of {count.down_at} probes lost" if count.exact else "a probe was lost, or more"
        )
        return f"{lost}, still used for calls; inactive at {count.down_at}"
    left = count.down_at - count.misses
    known = probe is not None and probe.interval_s and probe.timeout_s is not None
    wait = ""
    if known and probe is not None and probe.interval_s and probe.timeout_s is not None:
        wait = f" (about {left * (probe.interval_s + probe.timeout_s):.0f} s more)"
    return f"{count.misses} of {count.down_at} OPTIONS missed; DOWN at {count.down_at}{wait}"


def recovering(w: Words) -> str:
    """Return the sentence for a leg that answers again, but not for long enough."""
    s = w.signals
    if s.goods_wanted - s.goods <= 1:
        return f"answers OPTIONS again ({s.goods} good so far); up after the next one"
    unsteady = f", but fell silent {s.drops} times lately: unsteady" if s.drops > 1 else ""
    return f"answers OPTIONS again ({s.goods} good so far){unsteady}; up after {s.goods_wanted} in a row"


def loss(w: Words) -> str:
    """Return the sentence for lost packets."""
    s = w.signals
    now = f"now {ms(s.rtt_ms)}" if s.alive else "the last one not at all"
    drops = f", {s.drops} times not at all" if s.drops > 1 else ""
    last = w.thresholds.loss_window
    return f"OPTIONS answered late again and again{drops} ({now}): packets are being lost; judged by the last {last}"


def partial(w: Words) -> str:
    """Return the sentence for some dead destinations."""
    s = w.signals
    total = len(s.dead) + len(s.alive)
    return f"{len(s.dead)} of {total} destinations dead ({hosts(s.dead)}); calls use {hosts(s.alive) or 'the others'}"


def slow(w: Words) -> str:
    """Return the sentence for slow answers."""
    s = w.signals
    usually = f", usually {ms(s.usual_ms)}" if s.usual_ms else ""
    return f"OPTIONS answered in {ms(s.rtt_ms)}{usually}, {w.thresholds.probe_slow_results} in a row; UP at the next fast one"


def auth_suspect(w: Words) -> str:
    """Return the sentence for answers that changed to 403."""
    s = w.signals
    change = f"OPTIONS changed {s.usual_code} -> {s.code}" if s.usual_code else f"OPTIONS answered {s.code}"
    egress = f" (egress {w.context.egress_ip})" if w.context.egress_ip else ""
    return f"{change}: our address is probably off the carrier's allowlist{egress}; calls may be refused: ask them"


def overloaded(w: Words) -> str:
    """Return the sentence for 503 near a cap."""
    return f"{_code_words(w)}{_load(w)}: near the cap, not dead"


def stuck(w: Words) -> str:
    """Return the sentence for OPTIONS that the SBC has stopped sending."""
    ago = span(w.signals.overdue_s or 0)
    known = " (known FreeSWITCH fault #2489)" if w.context.platform == "freeswitch" else ""
    return f"OPTIONS stopped {ago} ago{known}: UP is stale. Restart the {trade(w).thing}"


def unmonitored(w: Words) -> str:
    """Return the sentence for a leg that nobody asks."""
    s = w.signals
    if w.context.platform == "kamailio" and s.unprobed:
        return f"{registered(w)}active but never probed (ds_probing_mode 0): a dead trunk would look idle"
    if w.aor is None and not s.unprobed:
        head = registered(w) or "no registration; "
        return f"{head}no contact to send OPTIONS to: a dead trunk would look idle"
    if s.unprobed and s.alive:
        return f"{len(s.unprobed)} of its contacts never asked ({hosts(s.unprobed)}), others answer"
    if w.context.platform == "freeswitch":
        return (
            f"{registered(w)}Status UP is a default: no ping set on {thing(w)}; a dead trunk would look idle"
        )
    if w.probe is not None and w.probe.interval_s == 0:
        hint = "; set qualify_frequency there" if w.context.platform == "asterisk" else ""
        return f"{registered(w)}no OPTIONS configured on {thing(w)}: a dead trunk would look idle{hint}"
    if w.probe is not None:
        return f"OPTIONS are configured on {thing(w)} but none was ever sent: a dead trunk would look idle"
    return f"{registered(w)}OPTIONS never sent (settings of {thing(w)} not readable): a dead trunk would look idle"


def _silence(w: Words) -> str:
    where = hosts(w.signals.dead) or "no destination answers"
    if w.signals.silent_s < 1:
        return f"unreachable: {where}"
    over = "over " if w.signals.probe_old else ""
    return f"unreachable for {over}{span(w.signals.silent_s)}: {where}"


def _code(w: Words) -> str:
    return "" if w.signals.code is None else f" ({w.signals.code})"


def _code_words(w: Words) -> str:
    s = w.signals
    if s.code != 503:
        return f"OPTIONS answered {s.code}"
    retry = f", retry after {s.retry_after_s} s" if s.retry_after_s is not None else ""
    return f"carrier overloaded or restarting (503{retry})"


def _load(w: Words) -> str:
    used, cap = w.context.used, w.context.cap
    if w.signals.code != 503 or used is None or cap is None:
        return ""
    return f"; our load {used}/{cap} channels"
