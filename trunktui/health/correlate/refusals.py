"""A carrier that lives and refuses us: a credential, an account that is suspended, unpaid or full. No outage."""

from __future__ import annotations

from collections.abc import Callable

from trunktui.health.codes import OVERLOAD
from trunktui.health.correlate.field import (
    Field,
    Legs,
    at_cap,
    bad,
    counted,
    hard,
    homes,
    refusal,
    tells,
    verdict_of,
)
from trunktui.model.correlation import Correlated, VerdictKind
from trunktui.model.health import SEVERITY_RANK, ProbeSignal, RegSignal, Severity, TrafficSignal
from trunktui.model.snapshot import LegStatus

_SILENT = frozenset({ProbeSignal.DEAD, ProbeSignal.MISSING})
_NO_REGISTRATION = frozenset({RegSignal.NOT_USED, RegSignal.UNKNOWN})
_NO_CALLS = frozenset({TrafficSignal.IDLE, TrafficSignal.NO_DATA})


def judge_credentials(field: Field) -> list[Correlated]:
    """CREDENTIAL: every leg that shares a username is refused, and the carrier's others are fine."""
    found: list[Correlated] = []
    shared = _grouped(field, lambda leg: leg.username)
    for (carrier, username), legs in sorted(shared.items(), key=_by_name):
        if username is None or len(legs) < 2 or not all(refusal(leg) for leg in legs):
            continue
        others = [leg for leg in field.of(carrier) if leg.username != username]
        mute = [leg for leg in field.mute_of(carrier) if leg.username == username]
        if len(mute) > len(legs) or not hard(legs) or any(bad(leg) or refusal(leg) for leg in others):
            continue
        if not others and len(homes(legs)) < 2:
            continue  # one vantage point and nothing to compare with
        alike = len({leg.trunk for leg in legs}) > 1
        rule = " (and the shared name breaks the one-per-group rule)" if alike else ""
        reason = f"{len(legs)} legs share {username}, all rejected: password changed or revoked{rule}"
        found.append(verdict_of(VerdictKind.CREDENTIAL, username, Severity.CRITICAL, reason, legs, carrier))
        field.explained(found[-1].legs)
    return found


def judge_accounts(field: Field) -> list[Correlated]:
    """ACCOUNT: the carrier answers, and refuses an account from every SBC; or the account is full."""
    found: list[Correlated] = []
    accounts = _grouped(field, lambda leg: leg.account)
    for (carrier, account), legs in sorted(accounts.items(), key=_by_name):
        mute = [leg for leg in field.mute_of(carrier) if leg.account == account]
        if len(mute) > len(legs):
            continue
        one = _refused(carrier, account, legs) or _full(carrier, account, legs)
        if one is not None:
            found.append(one)
            field.explained(one.legs)
    return found


def _refused(carrier: str, account: str | None, legs: Legs) -> Correlated | None:
    """Judge an account by its legs that ask the carrier for anything: all of them are refused, and none met silence."""
    asking = [leg for leg in legs if _asks(leg)]
    boxes = homes(asking)
    if len(boxes) < 2 or boxes != homes(legs) or not hard(asking):
        return None
    if not all(refusal(leg) is not None and leg.probe.state not in _SILENT for leg in asking):
        return None
    codes = "/".join(sorted({str(refusal(leg)) for leg in asking}))
    who = f"account {account}" if account is not None else "us"
    reason = f"Carrier {carrier} answers but refuses {who} from {len(boxes)} of {len(boxes)} SBCs ({codes}): suspended or changed"
    return verdict_of(VerdictKind.ACCOUNT, account or carrier, Severity.CRITICAL, reason, asking, carrier)


def _full(carrier: str, account: str | None, legs: Legs) -> Correlated | None:
    full = [leg for leg in legs if at_cap(leg)]
    if account is None or len(full) < 2 or len(full) < len(legs):
        return None
    view = next((leg.channels for leg in full if leg.channels.used is not None and leg.channels.cap), None)
    busy = "; 503" if any(OVERLOAD in _codes(leg) for leg in full) else ""
    over = counted(len(homes(full)), "SBC")
    least = "" if view is None or view.whole else "at least "
    share = "dials per second" if view is None else f"{least}{view.used} of {view.cap}"
    loudest = max((leg.severity for leg in full), key=SEVERITY_RANK.__getitem__)
    reason = f"account {account} at its cap: {share} over {over}{busy}"
    return verdict_of(VerdictKind.ACCOUNT, account, loudest, reason, full, carrier)


def _codes(leg: LegStatus) -> tuple[int | None, ...]:
    return leg.probe.code, leg.registration.code, leg.traffic.code if leg.traffic is not None else None


def _asks(leg: LegStatus) -> bool:
    """Tell whether a leg has asked its carrier for more than OPTIONS, so that it could have been refused."""
    called = leg.traffic is not None and leg.traffic.state not in _NO_CALLS
    return called or leg.registration.state not in _NO_REGISTRATION


def _grouped(field: Field, name: Callable[[LegStatus], str | None]) -> dict[tuple[str, str | None], Legs]:
    """Return the open legs that tell of their carrier, by it and a name; only where one is refused or full."""
    wanted: set[tuple[str, str | None]] = set()
    found: dict[tuple[str, str | None], Legs] = {}
    for carrier in field.refusing:
        legs = field.of(carrier)
        keys = {(carrier, name(leg)) for leg in legs if refusal(leg) is not None or at_cap(leg)}
        wanted |= keys
        if keys:
            for leg in legs:
                if tells(leg):
                    found.setdefault((carrier, name(leg)), []).append(leg)
    return {key: legs for key, legs in found.items() if key in wanted}


def _by_name(one: tuple[tuple[str, str | None], Legs]) -> tuple[str, str]:
    (carrier, name), _ = one
    return carrier, name or ""
