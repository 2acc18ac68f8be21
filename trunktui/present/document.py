"""The fleet as a document for other programs: `status --format json` (schema trunktui.status/1); `sheet` makes CSV of it.

The shape is a promise: every key is always there, and a value that is not known is null, never 0.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from trunktui.model.box import BoxFacts
from trunktui.model.finding import Finding
from trunktui.model.health import WORST_FIRST, LegState, ProbeSignal, RegSignal, Usage
from trunktui.model.link import SshState
from trunktui.model.snapshot import GroupStatus, LegStatus, RegView, SbcStatus, Snapshot
from trunktui.present.carriers import carrier_rows
from trunktui.present.freshness import sbc_stale, shown, shown_sbc, stale
from trunktui.present.groups import shown_group
from trunktui.present.marks import ack_row, maintenance_row
from trunktui.present.parents import verdict_rows
from trunktui.present.routes import active_row, route_rows

SCHEMA = "trunktui.status/1"
"""Changes when the meaning of a field does; a field that is only added does not change it."""

_NO_NEXT_REGISTER = frozenset(
    {RegSignal.GAVE_UP, RegSignal.UNREGISTERED, RegSignal.ADMIN_OFF, RegSignal.ABSENT, RegSignal.NOT_USED}
)
"""Registrations that nothing will renew, whatever an old timer of the SBC still shows."""

_AS_MEANT = frozenset({LegState.STANDBY, LegState.ADMIN_OFF})

Row = dict[str, object]


def status_document(snapshot: Snapshot, now: float, wall: datetime) -> Row:
    """Return the fleet at monotonic second `now` as plain data.

    `wall` is the time of day at `now` (with a time zone): it only labels, every age comes from `now`.
    A leg or SBC past its `stale_at` is unknown, whatever the snapshot says.
    """
    legs = tuple(shown(leg, now) for leg in snapshot.legs)
    return {
        "schema": SCHEMA,
        "at": _stamp(wall),
        "worst": worst(snapshot, now).value,
        "sbcs": [_sbc(sbc, now) | _marks(sbc, snapshot) for sbc in snapshot.sbcs],
        "legs": [_leg(leg, now, wall) | _marks(leg, snapshot) for leg in legs],
        "groups": [_group(group, legs, now, wall) | _marks(group, snapshot) for group in snapshot.groups],
        "carriers": carrier_rows(snapshot, now),
        "verdicts": verdict_rows(snapshot, now, lambda at: _stamp(wall - timedelta(seconds=now - at))),
        "findings": None if snapshot.findings is None else [_finding(one) for one in snapshot.findings],
    }


def worst(snapshot: Snapshot, now: float | None = None) -> LegState:
    """Return the worst state of any leg at `now` (left out: when the snapshot was taken), one of six.

    Legs that are switched off or standby are as they should be and count as UP, as for `check`. No legs are UNKNOWN.
    """
    at = snapshot.at if now is None else now
    states = {shown(leg, at).state for leg in snapshot.legs}
    found = next((state for state in WORST_FIRST if state in states), LegState.UNKNOWN)
    return LegState.UP if found in _AS_MEANT else found


def to_json(document: Row) -> str:
    """Return the document as indented JSON, ASCII only so that no terminal's or pipe's encoding can spoil it."""
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _sbc(sbc: SbcStatus, now: float) -> Row:
    past = sbc_stale(sbc, now)
    sbc = shown_sbc(sbc, now)
    return {
        "name": sbc.name,
        "site": sbc.site,
        "platform": sbc.platform,
        "version": sbc.version,
        "uptime_s": None if past else _age(sbc.started_at, now),
        "state": sbc.state.value,
        "severity": sbc.severity.value,
        "reason": sbc.reason,
        "ssh": {
            "state": sbc.link.state.value,
            "age_s": _age(sbc.link.last_ok, now),
            "error": None if sbc.link.state is SshState.OK else sbc.link.reason or None,
        },
        "snmp": {
            "state": sbc.snmp.state.value,
            "age_s": _age(sbc.snmp.last_ok, now),
            "error": sbc.snmp.reason or None,
        },
        "channels": None if past else sbc.channels,
        "calls": None if past else sbc.calls,
        "cps": None if past else _number(sbc.cps),
        "clock_offset_s": None if past else _number(sbc.clock_offset_s),
        "clock_unsure_s": None if past else _number(sbc.clock_unsure_s),
        "utc_offset_s": sbc.zone_s,
        "egress": {
            "address": None if past or sbc.egress is None else sbc.egress.address,
            "source": None if past or sbc.egress is None else sbc.egress.source,
            "expected": sbc.egress_expected,
        },
        "box": _box(sbc, now),
    }


def _box(sbc: SbcStatus, now: float) -> Row:
    """Build what SNMP told of a box; all null where it told nothing, or nothing lately."""
    old = sbc.box_stale_at is None or now > sbc.box_stale_at
    box = None if old else sbc.box
    disk = box.disk if box else None
    return {
        "name": box.name if box else None,
        "uptime_s": _later(box.uptime_s, box, now) if box else None,
        "load": list(box.load) if box and box.load else None,
        "disk": {
            "path": disk.path if disk else None,
            "used_percent": disk.used_percent if disk else None,
        },
        "sub_agent": box.sub_agent.value if box and box.sub_agent else None,
        "app_version": box.app_version if box else None,
        "app_uptime_s": _later(box.app_uptime_s, box, now) if box else None,
        "channels": box.channels if box else None,
        "calls": box.calls if box else None,
        "calls_processed": box.calls_processed if box else None,
        "published": [
            {
                "name": told.name,
                "lines": None if old or told.lines is None else list(told.lines),
                "status": None if old else told.status,
            }
            for told in (sbc.box.published if sbc.box else ())
        ],
    }


def _later(uptime_s: int | None, box: BoxFacts, now: float) -> int | None:
    return None if uptime_s is None else round(uptime_s + now - box.at)


def _leg(leg: LegStatus, now: float, wall: datetime) -> Row:
    """Build one leg; figures that a stale look measured are null, settings and caps stay."""
    old = stale(leg, now)
    return {
        "id": leg.id,
        "trunk": leg.trunk,
        "sbc": leg.sbc,
        "carrier": leg.carrier,
        "account": leg.account,
        "groups": list(leg.groups),
        "auth": leg.auth.value,
        "auth_source": "guessed" if leg.auth_guessed else "config",
        "discovered": leg.discovered,
        "actionable": leg.why_not_actionable is None,
        "state": leg.state.value,
        "severity": leg.severity.value,
        "since": None if leg.since_at is None else _stamp(wall - timedelta(seconds=now - leg.since_at)),
        "reason": leg.reason,
        "registration": _registration(leg, now, old),
        "probe": _probe(leg, old),
        "channels": _channels(leg, old),
        "cps": _cps(leg, old),
        "at_risk": None if old else _number(leg.at_risk),
        "at_risk_bound": None if old else _bound(leg),
        "wasted": None if old else leg.wasted,
        "traffic": _traffic(leg, old),
        "age_s": _age(leg.observed_at, now),
        "flapping": None if old else leg.flapping,
        "targets": None if old or leg.targets is None else list(leg.targets),
    }


def _marks(one: LegStatus | SbcStatus | GroupStatus, snapshot: Snapshot) -> Row:
    known = snapshot.marks.read
    return {
        "maintenance": maintenance_row(one.maintenance, known=known),
        "acknowledged": ack_row(one.acknowledged, known=known),
    }


def _registration(leg: LegStatus, now: float, old: bool) -> Row:
    view = leg.registration
    state = RegSignal.UNKNOWN if old and view.state is not RegSignal.NOT_USED else view.state
    return {
        "state": state.value,
        "next_in_s": None if old else _next_in_s(view, now),
        "failures": None if old else view.failures,
        "gave_up": None if old else view.gave_up,
        "code": None if old else view.code,
    }


def _next_in_s(view: RegView, now: float) -> int | None:
    """Return the seconds to the next REGISTER; null where none is due, or where it is being sent."""
    if view.next_at is None or view.state in _NO_NEXT_REGISTER or view.next_at < now:
        return None
    return round(view.next_at - now)


def _probe(leg: LegStatus, old: bool) -> Row:
    view = leg.probe
    return {
        "state": (ProbeSignal.UNKNOWN if old else view.state).value,
        "rtt_ms": None if old else _number(view.rtt_ms),
        "misses": None if old else view.misses,
        "code": None if old else view.code,
        "interval_s": view.interval_s,
        "detect_s": _number(view.detect_s),
        "contacts": [
            {
                "uri": contact.uri,
                "state": None if old else contact.state.value,
                "rtt_ms": None if old else _number(contact.rtt_ms),
            }
            for contact in view.contacts
        ],
    }


def _channels(leg: LegStatus, old: bool) -> Row:
    """Build the channels; a count that misses legs is no `used_of_cap`, only `used_at_least`."""
    view = leg.channels
    return {
        "active": None if old else view.active,
        "cap": view.cap,
        "used_of_cap": view.used if view.whole and not old else None,
        "used_at_least": None if old else view.used,
        "state": (Usage.UNKNOWN if old else view.state).value,
    }


def _cps(leg: LegStatus, old: bool) -> Row:
    """Build the dials per second; `at_least`: `now` misses short ones, so it is a lower bound."""
    view = leg.cps
    known = view.now is not None and not old
    return {
        "now": _number(view.now) if known else None,
        "at_least": not view.whole if known else None,
        "peak": view.peak if known else None,
        "window_s": _number(view.window_s) if known else None,
        "cap": _number(view.cap),
        "state": (Usage.UNKNOWN if old else view.state).value,
    }


def _traffic(leg: LegStatus, old: bool) -> Row | None:
    """Build what calls say; null where nobody tells of them, or not any more."""
    view = leg.traffic
    if view is None or old:
        return None
    return {
        "state": view.state.value,
        "attempts": view.attempts,
        "answered": view.answered,
        "window_s": _number(view.window_s),
        "code": view.code,
        "cause": view.cause,
        "prefix": view.prefix,
    }


def _bound(leg: LegStatus) -> str | None:
    """Say how `at_risk` is meant; where there would be no end to it, it is null."""
    if leg.at_risk is None:
        return None
    if math.isinf(leg.at_risk):
        return "endless"
    return "exact" if leg.cps.whole else "at_least"


def _group(group: GroupStatus, legs: Iterable[LegStatus], now: float, wall: datetime) -> Row:
    """Build one group as it may be told."""
    group = shown_group(group, legs, now)
    return {
        "name": group.name,
        "state": group.state.value,
        "severity": group.severity.value,
        "reason": group.reason,
        "active": active_row(group, now),
        "routes": route_rows(group, now, lambda at: _stamp(wall - timedelta(seconds=now - at))),
    }


def _finding(finding: Finding) -> Row:
    return {
        "kind": finding.kind.value,
        "subject": finding.subject,
        "severity": finding.severity.value,
        "reason": finding.reason,
        "due": None if finding.due is None else finding.due.isoformat(),
        "remedy": finding.remedy,
        "source": finding.source or None,
        "confidence": finding.confidence.value,
        "evidence": list(finding.evidence),
    }


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _age(since: float | None, now: float) -> int | None:
    return None if since is None else max(int(now - since), 0)


def _number(value: float | None) -> float | None:
    """Return a figure with at most three decimals; JSON has no infinity, so what is not finite is null."""
    return None if value is None or not math.isfinite(value) else round(value, 3)
