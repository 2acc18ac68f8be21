"""The words: one sentence per verdict that says what, the evidence, since when, and what happens next.

Every sentence is at most `LIMIT` characters. Only this package words a leg's reason.
"""

from __future__ import annotations

from collections.abc import Callable

from trunktui.health.context import is_mean
from trunktui.health.reasons import probe, registration
from trunktui.health.reasons.words import LINK_LIMIT, at_least, channels, link, ms, registered, trade, was
from trunktui.health.reasons.words import Words as Words
from trunktui.health.reasons.words import span as span
from trunktui.health.rules import Cause, Verdict
from trunktui.model.health import LegState, spoken
from trunktui.model.observation import AppState
from trunktui.model.text import Safe, clean

NOTHING_LISTED = "lists no registration and no contact at all: modules not loaded?"

LIMIT = 160
"""Fits two lines of an 80-column terminal."""

_INNER_LIMIT = 78
"""Characters of what is true right now inside the sentence of a leg that flaps."""


def explain(verdict: Verdict, words: Words, now: Verdict | None = None) -> Safe:
    """Return the sentence for a verdict. `now`: what would be told if the leg did not flap."""
    if verdict.cause is Cause.FLAPPING and now is not None:
        return clean(_flapping(verdict, words, now), LIMIT)
    return clean(_SENTENCES[verdict.cause](words), LIMIT)


def _flapping(verdict: Verdict, w: Words, now: Verdict) -> str:
    """Tell how often, what it is held at, what it is right now, and what ends it."""
    changes, falls = len(w.flap.changes), w.flap.falls
    often = f"{falls} drops" if falls >= 2 else f"{changes} changes"
    steady = span(w.thresholds.flap_stable_s)
    held = f"held at {spoken(verdict.state)} until steady for {steady}"
    inner = clean(_SENTENCES[now.cause](w), _INNER_LIMIT)
    if w.signals.reg_gates and w.probe is not None and w.probe.interval_s and w.probe.misses is not None:
        # Registered, FreeSWITCH drops a gateway after one lost OPTIONS, whatever its ping-max says.
        inner = Safe("ping-max does not protect registered gateways")
    return (
        f"flapping: {often} in {span(w.thresholds.flap_window_s)}, {held}; now {spoken(now.state)}: {inner}"
    )


def _up(w: Words) -> str:
    rtt, code = w.signals.rtt_ms, w.signals.code
    told = f" ({code})" if code is not None and code >= 300 else ""
    count = w.signals.count
    own = f" ({count.count}/{count.most})" if count is not None else ""
    return f"{registered(w)}OPTIONS {ms(rtt)}{told}{own}{channels(w)}"


def _up_unmonitored(w: Words) -> str:
    age = span(w.signals.answered_age_s or 0)
    return f"{registered(w)}a call that began {age} ago was answered; no OPTIONS watch this trunk while idle"


def _cap(w: Words) -> str:
    used, cap = w.context.used or 0, w.context.cap
    if w.signals.code == 503:
        return f"carrier says 503 while we use {at_least(w)}{used}/{cap} channels: at the cap, not dead"
    whose = f"account {w.context.account}" if w.context.account else "trunk"
    at = "over its cap" if cap is not None and used > cap else "at its cap"
    over = f" over {w.context.cap_sbcs} SBCs" if w.context.cap_sbcs > 1 else ""
    refused = "further calls will be refused by the carrier"
    return f"{whose} {at}: {at_least(w)}{used} of {cap} channels{over}; {refused}"


def _high(w: Words) -> str:
    used, cap = w.context.used or 0, w.context.cap or 1
    share = 100 * used // cap
    return f"{at_least(w)}{used} of {cap} channels in use ({share} %); further calls are refused at {cap}"


def _cps(w: Words) -> str:
    now, cap = w.context.cps_now or 0.0, w.context.cps_cap or 1.0
    window = w.context.cps_window_s
    over = "" if window is None else f" over {window:g} s"
    mean = f", a mean{over}: bursts are higher" if is_mean(window) else ""
    refused = "; the carrier answers 503" if w.signals.code == 503 else f"; above {cap:g} calls are refused"
    return f"{now:g} of {cap:g} call attempts a second ({100 * now / cap:.0f} %{mean}){refused}"


def _box_down(w: Words) -> str:
    if not w.context.snmp_words:
        return f"{w.context.sbc} is not polled{was(w)}: {w.context.link_words}"
    both = f"{clean(w.context.link_words, LINK_LIMIT)}; {w.context.snmp_words}"
    return f"{w.context.sbc} is not polled{was(w)}: {both}"


def _stale(w: Words) -> str:
    return f"no data for {span(w.context.age_s)}{link(w)}; last known {spoken(w.known or LegState.UNKNOWN)}"


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
        return f"{registered(w)}its settings are being read"
    interval = w.probe.interval_s if w.probe else None
    if interval is None:  # nothing says yet that there will ever be one
        due = "whether OPTIONS are set is being read; the next polls tell"
    else:
        due = f"first OPTIONS due within {interval} s"
    if w.context.uptime_s is not None and w.context.uptime_s < 600:
        return f"restarted {span(w.context.uptime_s)} ago; {due}"
    return due


def _unread(w: Words) -> str:
    if not w.context.unread:
        return "the SBC's answer says nothing that can be judged of this leg"
    first = w.context.unread[0]
    version = f" of {trade(w).software} {w.context.version}" if w.context.version else ""
    kept = " (kept, redacted)" if first.lines else ""
    return f"cannot read '{first.command}'{version}: {first.why}{kept}{was(w)}"


def _not_loaded(w: Words) -> str:
    name = w.context.id.rpartition("@")[0]
    if w.part is not None:
        return (
            f"{trade(w).thing} {name} is not loaded in {w.part} of {w.context.sbc} (config error or rename?)"
        )
    return f"{name} is not loaded on {w.context.sbc} (config error or rename?)"


def _not_found_yet(w: Words) -> str:
    if w.signals.listed:
        return (
            f"its registration is not in {w.context.sbc}'s table; not loaded if still missing a minute later"
        )
    if w.context.configured:
        return f"not in {w.context.sbc}'s tables at the last look; not loaded if still missing a minute later"
    return f"no longer listed by {w.context.sbc} (removed or renamed there?){was(w)}"


_SENTENCES: dict[Cause, Callable[[Words], str]] = {
    Cause.DISABLED: lambda w: f"disabled in the config{registration.forgotten(w)}",
    Cause.OFF_BY_US: registration.off_by_us,
    Cause.OFF_ON_SBC: lambda w: (
        f"switched off on {w.context.sbc} itself; enable it there to use it{registration.forgotten(w)}"
    ),
    Cause.STANDBY: lambda w: (
        f"standby: {w.context.ha.peer} holds {w.context.ha.vip}; takes over when {w.context.sbc} gets it"
    ),
    Cause.STILL_SENDING: registration.still_sending,
    Cause.FLAPPING: lambda w: f"flapping: {len(w.flap.changes)} changes lately",
    Cause.LOST_PART: lambda w: (
        f"{w.context.lost_part} is restarting or not loaded on {w.context.sbc}{was(w)}"
    ),
    Cause.BOX_DOWN: _box_down,
    Cause.APP_DOWN: lambda w: f"{w.context.sbc}: {w.context.app_reason}{was(w)}",
    Cause.NEVER: lambda w: f"not polled yet{link(w)}",
    Cause.STALE: _stale,
    Cause.NOTHING_LISTED: lambda w: f"{w.context.sbc} {NOTHING_LISTED}",
    Cause.NOT_LOADED: _not_loaded,
    Cause.NOT_FOUND_YET: _not_found_yet,
    Cause.REG_NOT_LOADED: lambda w: (
        f"no registration for it is loaded on {w.context.sbc}, though auth says it registers"
    ),
    Cause.REFUSED_LOCALLY: probe.refused_locally,
    Cause.PROBE_IGNORED: probe.ignored,
    Cause.PROBE_DEAD: probe.dead,
    Cause.RECOVERING: probe.recovering,
    Cause.GAVE_UP: registration.gave_up,
    Cause.UNREGISTERED: registration.unregistered,
    Cause.RETRYING: registration.retrying,
    Cause.REFRESH_LATE: registration.refresh_late,
    Cause.REG_FAILING: registration.failing,
    Cause.REREGISTERING: registration.reregistering,
    Cause.PROBE_MISSING: probe.missing,
    Cause.STUCK: probe.stuck,
    Cause.CAP: _cap,
    Cause.CPS_CAP: _cps,
    Cause.AUTH_SUSPECT: probe.auth_suspect,
    Cause.OVERLOADED: probe.overloaded,
    Cause.PARTIAL: probe.partial,
    Cause.SLOW: probe.slow,
    Cause.LOSS: probe.loss,
    Cause.HIGH: _high,
    Cause.CPS_HIGH: _cps,
    Cause.UNMONITORED: probe.unmonitored,
    Cause.UP_UNMONITORED: _up_unmonitored,
    Cause.UP: _up,
    Cause.STARTING: _starting,
    Cause.UNREAD: _unread,
    Cause.PENDING: _pending,
}
