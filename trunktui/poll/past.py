"""What an earlier run knew of a leg: shown, as what it was, until its SBC has answered; and since when it lasts."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct, structs

from trunktui.model.health import Effective, LegState, ProbeSignal, RegSignal, Severity, Usage, spoken
from trunktui.model.history import LastKnown, Memory, Sample
from trunktui.model.inventory import AuthMode, NativeNames
from trunktui.model.link import LinkStatus, SshState
from trunktui.model.snapshot import ChannelsView, CpsView, LegStatus, ProbeView, RegView
from trunktui.model.text import clean

_SOFT = frozenset({LegState.UNKNOWN, LegState.SUSPECT})
_NO_WORD = frozenset({RegSignal.NOT_USED, RegSignal.UNKNOWN})
_LIMIT = 400


class Past(Struct, frozen=True):
    """One leg as it was last known: its hard state, since when it lasted, its last poll. Seconds are monotonic.

    They may lie before this machine's start, and be less than 0. `words` tell all of it to people:
    `was down since 25 Nov 03:14 UTC, last seen 25 Nov 05:10 UTC`.
    """

    state: LegState
    words: str
    since_at: float | None = None
    seen_at: float | None = None
    last: Sample | None = None


def pasts(memory: Memory, offset: float) -> dict[str, Past]:
    """Return what `memory` holds of each leg; `offset` is UTC less monotonic seconds."""
    return {str(one.leg): _past(one, memory.seen, offset) for one in memory.legs if one.state not in _SOFT}


def _past(one: LastKnown, seen: float | None, offset: float) -> Past:
    seen = seen if one.last is None else one.last.at
    since = "" if one.since is None else f" since {_moment(one.since)}"
    looked = "" if seen is None else f", last seen {_moment(seen)}"
    return Past(
        state=one.state,
        words=f"was {spoken(one.state)}{since}{looked}",
        since_at=None if one.since is None else one.since - offset,
        seen_at=None if seen is None else seen - offset,
        last=one.last,
    )


def _moment(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%d %b %H:%M UTC")
    except (ValueError, OverflowError, OSError):  # a file may hold anything
        return "an unknown time"


def lasting(past: Past | None, verdict: LegState, since_at: float | None) -> tuple[float | None, Past | None]:
    """Return since when the state just judged lasts, and the past that is still to be held against the next one.

    A state that is found again as it was left lasts since then: nobody saw it end. `since_at`: by this run alone.
    """
    if past is None:
        return since_at, None
    if verdict is past.state:
        return (since_at if past.since_at is None else past.since_at), past
    return since_at, past if verdict in _SOFT else None


def remembered(status: LegStatus, past: Past, link: LinkStatus) -> LegStatus:
    """Return the status of a leg whose SBC has not answered yet with what it was: dimmed, for it is past its time."""
    pending = link.state is SshState.PENDING
    reason = f"{past.words}; not asked yet" if pending else f"{status.reason}; {past.words}"
    last = past.last
    status = structs.replace(
        status,
        was=past.state,
        reason=clean(reason, _LIMIT),
        since_at=past.seen_at,
        observed_at=past.seen_at,
        late_at=past.seen_at,
        stale_at=past.seen_at,
    )
    if last is None:
        return status
    return structs.replace(
        status,
        registration=RegView(last.registration),
        probe=ProbeView(
            last.probe, last.rtt_ms, interval_s=status.probe.interval_s, detect_s=status.probe.detect_s
        ),
        channels=structs.replace(status.channels, active=last.channels),
    )


def unlisted(leg_id: str, past: Past, link: LinkStatus) -> LegStatus:
    """Return a leg that the config does not name and an earlier run had found, until its SBC is asked for its own."""
    trunk, _, sbc = leg_id.rpartition("@")
    registers = past.last is not None and past.last.registration not in _NO_WORD
    blank = LegStatus(
        id=leg_id,
        trunk=trunk,
        sbc=sbc,
        native=NativeNames(),
        carrier=None,
        account=None,
        groups=(),
        auth=AuthMode.REGISTRATION if registers else AuthMode.IP,
        auth_guessed=True,
        discovered=True,
        why_not_actionable="not seen on its SBC yet",
        state=LegState.UNKNOWN,
        severity=Severity.INDETERMINATE,
        reason=link.reason or clean("no answer yet"),
        since_at=None,
        was=None,
        effective=Effective.UNKNOWN,
        registration=RegView(RegSignal.UNKNOWN),
        probe=ProbeView(ProbeSignal.UNKNOWN),
        channels=ChannelsView(Usage.UNKNOWN),
        cps=CpsView(Usage.UNKNOWN),
        observed_at=None,
        late_at=None,
        stale_at=None,
    )
    return remembered(blank, past, link)
