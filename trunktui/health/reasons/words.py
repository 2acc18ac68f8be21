"""What sentences are made of: the facts they may speak of, spans of time, names, and each platform's trade words."""

from __future__ import annotations

from msgspec import Struct

from trunktui.health.context import LegContext
from trunktui.health.flap import CALM, Flap
from trunktui.health.signals import Signals
from trunktui.model.health import LegState, RegSignal, Thresholds, spoken
from trunktui.model.observation import Contact, ProbeSettings
from trunktui.model.text import Safe, clean

LINK_LIMIT = 70
"""Characters left to SSH's own words where SNMP has to be heard as well."""

_DEFAULTS = Thresholds()


class Words(Struct, frozen=True, gc=False):
    """What a sentence may speak of: the leg's context, signals, loaded settings, past and last known state."""

    context: LegContext
    signals: Signals
    known: LegState | None = None
    probe: ProbeSettings | None = None
    aor: str | None = None
    name: str = ""
    part: Safe | None = None
    flap: Flap = CALM
    thresholds: Thresholds = _DEFAULTS


class Trade(Struct, frozen=True):
    """How a platform's people call its software, and what OPTIONS are set on."""

    software: str
    thing: str


_TRADES = {
    "asterisk": Trade("Asterisk", "AOR"),
    "freeswitch": Trade("FreeSWITCH", "gateway"),
    "kamailio": Trade("Kamailio", "destination"),
}


def trade(w: Words) -> Trade:
    """Return the words of the leg's platform."""
    return _TRADES.get(w.context.platform, Trade(w.context.platform, "trunk"))


def thing(w: Words) -> str:
    """Return what OPTIONS are set on, with its name: `AOR carrier-a`, `gateway carrier-b`."""
    return f"{trade(w).thing} {w.aor or w.name}"


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


def ms(rtt: float | None) -> str:
    """Return a round trip in words."""
    return "answered" if rtt is None else f"{rtt:.0f} ms" if rtt >= 1 else "under 1 ms"


def was(w: Words) -> str:
    """Return the last known state as a tail."""
    return f"; was {spoken(w.known)}" if w.known is not None else ""


def registered(w: Words) -> str:
    """Return the registration that is well as a head, nothing where none is used."""
    s = w.signals
    if s.reg is RegSignal.NOT_USED:
        return ""
    if s.reg is RegSignal.REFRESHING:
        return f"registered, refresh sent {s.reg_elapsed_s} s ago; "
    return f"registered, next REGISTER in {s.reg_due_s} s; " if s.reg_due_s is not None else "registered; "


def hosts(contacts: tuple[Contact, ...]) -> str:
    """Return where contacts are, two of them by name."""
    found = [host(contact.uri) for contact in contacts]
    return ", ".join(found[:2]) + (f" and {len(found) - 2} more" if len(found) > 2 else "")


def host(uri: str) -> str:
    """Return the host and port of a SIP URI."""
    return uri.partition(":")[2].rpartition("@")[2].partition(";")[0] or uri


def channels(w: Words) -> str:
    """Return the channels in use as a tail, nothing where they are not known."""
    used, cap = w.context.used, w.context.cap
    if used is None:
        return ""
    if cap is not None:
        return f"; {at_least(w)}{used}/{cap} channels"
    return f"; {at_least(w)}{used} channel{'' if used == 1 else 's'}"


def at_least(w: Words) -> str:
    """Return the words before a count that misses some legs."""
    return "" if w.context.used_whole else "at least "


def link(w: Words) -> str:
    """Return why SSH brings nothing, and what SNMP says to that; it must not push out what follows."""
    if not w.context.link_words:
        return ""
    if not w.context.snmp_words:
        return f" ({w.context.link_words})"
    return f" ({clean(w.context.link_words, LINK_LIMIT)}); {w.context.snmp_words}"
