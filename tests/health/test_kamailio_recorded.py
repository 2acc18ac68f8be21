"""Kamailio's own recorded words, judged: the numbered cases that concern it, and what they leave open."""

from __future__ import annotations

import pytest
from msgspec import Struct, structs

from tests.health.cases_others import KAM, KAM_IP
from tests.health.natives import Told
from tests.health.scenes import Trunks, leg, play
from tests.platforms import recordings
from trunktui.model.health import LegState, Severity
from trunktui.model.inventory import AuthMode, NativeNames
from trunktui.model.observation import NativeLeg

HYBRID = Trunks(auth=AuthMode.HYBRID, platform="kamailio", dial=None)


class Recorded(Struct, frozen=True):
    """A leg of a recording, by its l_uuid or duid, how it is configured, and what is to be said of it."""

    case: str
    name: str
    trunks: Trunks
    state: LegState
    severity: Severity
    reason: str


def seen(case: str, name: str) -> NativeLeg:
    """Return one leg of a recording, under the name that the scenes' trunk is bound to."""
    found = next(leg for leg in recordings.observe("kamailio", case).legs if name in leg.native.all)
    names = NativeNames(found.native.registration, "carrier-a", found.native.aor)
    return structs.replace(found, native=names)


CASES = [
    Recorded(
        "inactive-by-hand",
        "carrierB",
        KAM_IP,
        LegState.UP,
        Severity.NONE,
        "OPTIONS under 1 ms; 0 channels",
    ),
    Recorded(
        "mixed-with-calls",
        "acme-primary",
        KAM,
        LegState.UP,
        Severity.NONE,
        "registered, next REGISTER in 45 s; OPTIONS answered (3/3)",
    ),
    Recorded(
        "mixed-with-calls",
        "disabled-iota",
        KAM,
        LegState.ADMIN_OFF,
        Severity.NONE,
        "switched off on sbc-1 itself; enable it there to use it",
    ),
    Recorded(
        "enabled-just-now",
        "acme-primary",
        KAM,
        LegState.UP,
        Severity.NONE,
        "registered, next REGISTER in 1 s; OPTIONS answered; 0 channels",
    ),
    Recorded(
        "refreshed-just-now",
        "acme-primary",
        KAM,
        LegState.SUSPECT,
        Severity.WARNING,
        "unregistered just now, REGISTER due in 89 s: somebody re-registers it, or it starts",
    ),
    Recorded(
        "gave-up",
        "acme-primary",
        KAM,
        LegState.DOWN,
        Severity.MAJOR,
        "registration disabled after its first error (reg_retry_interval 0); will not return by itself: enable it there",
    ),
    Recorded(
        "gave-up",
        "acme-primary",
        HYBRID,
        LegState.DEGRADED,
        Severity.MINOR,
        "registration disabled after its first error (reg_retry_interval 0); will not return by itself; calls by IP may pass, inbound is lost: enable it there",
    ),
    Recorded(
        "not-probed",
        "carrierB",
        KAM_IP,
        LegState.UNMONITORED,
        Severity.WARNING,
        "active but never probed (ds_probing_mode 0): a dead trunk would look idle",
    ),
    Recorded(
        "inactive-by-hand",
        "acme-primary",
        KAM_IP,
        LegState.DOWN,
        Severity.CRITICAL,
        "inactive and not probed (10.77.0.21:5060): recovery will not be noticed; set it active by hand",
    ),
    Recorded(
        "by-json-rpc",
        "busy-theta",
        KAM_IP,
        LegState.DOWN,
        Severity.MAJOR,
        "answers OPTIONS, but with a code that Kamailio does not accept (10.77.0.21:5071): see its log, or set ds_ping_reply_codes if this carrier is healthy",
    ),
    Recorded(
        "probe-lost",
        "carrierB",
        KAM_IP,
        LegState.SUSPECT,
        Severity.WARNING,
        "a probe was lost, or more, still used for calls; inactive at 3",
    ),
    Recorded(
        "by-json-rpc",
        "blackhole-eps",
        KAM_IP,
        LegState.DOWN,
        Severity.MAJOR,
        "unreachable: 10.77.0.23:5060; Kamailio refuses calls until it is answered again",
    ),
    Recorded(
        "disabled-by-hand",
        "acme-primary",
        KAM_IP,
        LegState.ADMIN_OFF,
        Severity.NONE,
        "switched off on sbc-1 itself; enable it there to use it",
    ),
    Recorded(
        "mixed-with-calls",
        "forbid-zeta",
        KAM,
        LegState.DOWN,
        Severity.MAJOR,
        "REGISTER refused or unanswered since before the first look; next attempt in 5 s",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.case}: {case.name}, {case.trunks.auth}")
def test_a_recorded_leg_gets_its_state_severity_and_sentence(case: Recorded) -> None:
    found = leg(play(case.trunks, [(0.0, Told((seen(case.case, case.name),)))]))
    assert (found.state, found.severity, found.reason) == (case.state, case.severity, case.reason)
