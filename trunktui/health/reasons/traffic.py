"""Sentences about calls: refused, fewer answered than usual, refused to one destination, answered and not heard."""

from __future__ import annotations

from trunktui.health.reasons.words import Words, registered, span
from trunktui.health.traffic import HARD_CODES, OVERLOAD_CAUSES
from trunktui.model.health import Effective, ProbeSignal, RegSignal, TrafficSignal
from trunktui.model.snapshot import TrafficView

_CODES_OF = {
    18: "as for 408",
    21: "as for 403",
    27: "as for 502",
    29: "as for 501",
    34: "as for 503",
    38: "as for 500",
    41: "temporary failure",
    42: "congestion",
    102: "as for 504",
}
"""What SIP code Asterisk makes a cause of (measured); 21 is also that of 401, 407 and 603."""

_REFUSED = frozenset({403, 407})
_REFUSED_CAUSE, _SILENT_CAUSE = 21, 18
_REACHED = 0.7
_FINE = frozenset({RegSignal.REGISTERED, RegSignal.REFRESHING})


def failing(w: Words) -> str:
    """Return the sentence for calls that fail while all else is well."""
    view = _view(w)
    rate = (view.failed or 0) / view.window_s if view.window_s else 0.0
    got = f"{_share(view)} of {view.attempts} calls got {why(view)}"
    since = "" if view.held_s is None else f"; no call for {span(view.held_s)}"
    return f"{_head(w)}{got}: wasted dials {rate:.1f}/s{since}. {_suspect(view)}"


def destination(w: Words) -> str:
    """Return the sentence for calls that fail to one destination only."""
    view = _view(w)
    return f"{why(view)} for {view.prefix}* only ({view.failed} of {view.tried}); other destinations normal"


def low_asr(w: Words) -> str:
    """Return the sentence for fewer answers than usual."""
    view = _view(w)
    attempts = max(view.attempts or 0, 1)
    now = f"answer rate {_percent((view.answered or 0) / attempts)} (usual {_percent(view.usual_asr or 0.0)})"
    if view.reached >= _REACHED * attempts:
        return f"{now}, NER normal: looks like lists or caller-ID labelling, not the trunk"
    lost = _percent(1 - view.reached / attempts)
    most = f", most often {why(view)}" if view.failed else ""
    return f"{now}; {lost} of {attempts} calls did not reach anybody{most}"


def no_audio(w: Words) -> str:
    """Return the sentence for calls that are answered and not heard."""
    view, t = _view(w), w.thresholds
    if view.silent_at is not None:
        since = span(w.context.now - view.silent_at)
        return (
            f"answered calls carry no audio for {since} ({view.silent} of {view.talked}): nothing comes back from "
            "the carrier. Check RTP, NAT and the firewall"
        )
    ago = span(t.traffic_window_s)
    return (
        f"answered calls end within {t.traffic_short_s:.0f} s ({view.silent} of {view.talked} in {ago}), before they "
        "did not: probably no audio. Check RTP, NAT and the firewall"
    )


def few(w: Words) -> str:
    """Return the words for calls that are too few to judge by, nothing where some were answered, or none were tried."""
    view = w.context.traffic
    if view is None or view.state is not TrafficSignal.NO_DATA or view.answered or not view.attempts:
        return ""
    return f"; too few calls to judge ({view.attempts} in {span(view.window_s or 0)}, none answered)"


def refused_for_room(w: Words) -> str:
    """Return the words for calls that a cap refused, nothing where there are none."""
    view = w.context.traffic
    if view is None or not view.failed or not (view.code == 503 or view.cause in OVERLOAD_CAUSES):
        return ""
    return f"{_share(view)} of calls rejected: {why(view)}"


def why(view: TrafficView) -> str:
    """Return why calls failed, as it is told: a code, or a cause with the code that it stands for."""
    if view.code in HARD_CODES:
        return f"{view.code}"
    if view.cause is None:
        return "congestion (the CDR tells no cause)"
    meaning = _CODES_OF.get(view.cause)
    return f"cause {view.cause}" + (f" ({meaning})" if meaning else "")


def _view(w: Words) -> TrafficView:
    return w.context.traffic or TrafficView(TrafficSignal.NO_DATA)


def _share(view: TrafficView) -> str:
    return _percent((view.failed or 0) / max(view.attempts or 0, 1))


def _percent(share: float) -> str:
    """Write a share; all and none are told only where they are meant."""
    whole = round(100 * share)
    if 0 < share < 1:
        whole = min(max(whole, 1), 99)
    return f"{whole} %"


def _head(w: Words) -> str:
    """Return what is well all the same."""
    s = w.signals
    answers = s.probe in {ProbeSignal.OK, ProbeSignal.SLOW, ProbeSignal.PARTIAL}
    if s.reg in _FINE and answers and s.effective is Effective.ROUTABLE:
        return "registered and OPTIONS fine, yet "
    if answers:
        return "OPTIONS fine, yet "
    return f"{registered(w)[:-2]}, yet " if s.reg in _FINE else ""


def _suspect(view: TrafficView) -> str:
    if view.code in _REFUSED or view.cause == _REFUSED_CAUSE:
        return "Suspect caller ID, allowlist or account"
    if view.cause == _SILENT_CAUSE or view.code == 408:
        return "The carrier does not answer INVITE"
    return "The carrier fails, or is full: ask it"
