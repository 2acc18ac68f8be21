"""The numbered cases that take the SBC's log: why a REGISTER failed, how often, and who fails to authenticate."""

from __future__ import annotations

from tests.health.cases import Case
from tests.health.cases_fleet import FleetCase
from tests.health.scenes import Says, Trunks, exhausted, play, refused, stopped
from trunktui.model.health import LegState, Severity
from trunktui.model.inventory import AuthMode
from trunktui.model.snapshot import Snapshot

REG, HYBRID = AuthMode.REGISTRATION, AuthMode.HYBRID
NAMED = "=====\n carrier-a/sip:sip.carrier.invalid    x   Rejected  (exp. {0}s)\n\nObjects found: 1"


def unresolved(ago: float) -> tuple[float, str]:
    return ago, refused(None, 10).replace("10.77.0.21:5060", "sip.carrier.invalid")


def failing(code: int | None, times: int, due: int) -> list[tuple[float, Says]]:
    """Return polls: registered, then refused so many times, a minute apart."""
    polls = [(0.0, Says(reg="Registered 20"))]
    for n in range(1, times + 1):
        said = Says(reg=f"Rejected {due}", log=((60.0 - due, refused(code)),))
        polls.append((60.0 * n, said))
    return polls


def knocking(count: int, *, security: bool = False) -> Snapshot:
    """Return the SBC after so many REGISTERs from one address that did not authenticate, four seconds apart."""
    line = (
        "NOTICE[12] res_pjsip/pjsip_distributor.c: Request 'REGISTER' from '<sip:100@10.77.0.10>' failed for "
        "'198.51.100.7:5060' (callid: 1-2@198.51.100.7) - Failed to authenticate"
    )
    through = (
        'SECURITY[1] res_security_log.c: SecurityEvent="SuccessfulAuth",Service="PJSIP",AccountID="a",'
        'RemoteAddress="IPV4/UDP/192.0.2.5/5060"'
    )
    told = [(240.0 - 4.0 * n, line) for n in range(count)]
    return play(Trunks(), [(0.0, Says(log=(*told, (0.5, through)) if security else tuple(told)))])


LOGGED = [
    Case(
        "4 503, calls by address still pass",
        Trunks(auth=HYBRID, retries=10),
        [
            *failing(503, 3, 41),
            (240, Says(reg="Rejected 41", channels=1, answered_ago=20, log=((19.0, refused(503)),))),
        ],
        LegState.DEGRADED,
        Severity.MINOR,
        "REGISTER 503, retry 4/10 in 41 s; calls are still answered; gives up in about 7 min",
    ),
    Case(
        "4b 503 once so far",
        Trunks(auth=REG, retries=10),
        failing(503, 1, 50),
        LegState.SUSPECT,
        Severity.WARNING,
        "REGISTER 503, retry 1/10 in 50 s; gives up in about 10 min",
    ),
    Case(
        "4c 503, as often as nobody knows",
        Trunks(auth=REG, retries=10),
        [(0, Says(reg="Rejected 41", log=((19.0, refused(503)),)))],
        LegState.DOWN,
        Severity.MAJOR,
        "REGISTER 503 since before the first look; next attempt in 41 s",
    ),
    Case(
        "4d nobody answers",
        Trunks(auth=REG, retries=10000),
        failing(None, 4, 10),
        LegState.DOWN,
        Severity.MAJOR,
        "REGISTER unanswered, retry 4 in 10 s",
    ),
    Case(
        "4e a name that does not resolve",
        Trunks(auth=REG),
        [(0, Says(reg_table=NAMED.format(8), log=(unresolved(12), unresolved(2))))],
        LegState.DOWN,
        Severity.MAJOR,
        "REGISTER unanswered (sip.carrier.invalid does not resolve?) since before the first look; "
        "next attempt in 8 s",
    ),
    Case(
        "4f what the log said before it was registered again is not about now",
        Trunks(auth=REG),
        [
            (0, Says(reg="Registered 20", log=((100.0, stopped(403)),))),
            (30, Says(reg="Rejected 41")),
        ],
        LegState.SUSPECT,
        Severity.WARNING,
        "REGISTER refused or unanswered once; next attempt in 41 s",
    ),
    Case(
        "5 403 is final",
        Trunks(auth=REG),
        [(0, Says(reg="Rejected 700 ago", log=((699.9, stopped(403)),)))],
        LegState.DOWN,
        Severity.MAJOR,
        "registration gave up 11 m 40 s ago after 403; will not retry. Check password and allowlist, then re-register",
    ),
    Case(
        "5b 403 is final, known at once",
        Trunks(auth=HYBRID),
        [(0, Says()), (30, Says(reg="Rejected 2 ago", log=((1.9, stopped(403)),)))],
        LegState.DEGRADED,
        Severity.MINOR,
        "registration gave up 2 s ago after 403, will not retry; calls by IP may pass, inbound is lost. "
        "Check password and allowlist, then re-register",
    ),
    Case(
        "6 403 is final, a call answered since",
        Trunks(auth=REG),
        [
            (0, Says(reg="Rejected 270 ago", log=((269.9, stopped(403)),))),
            (100, Says(reg="Rejected 370 ago", channels=1, answered_ago=15)),
        ],
        LegState.DEGRADED,
        Severity.MINOR,
        "registration gave up 6 m 10 s ago after 403 yet calls are answered; inbound and keepalive are lost until "
        "it is re-registered",
    ),
    Case(
        "7 nobody answered, ten times",
        Trunks(auth=REG, retries=10),
        [(0, Says(reg="Rejected 300 ago", log=((360.0, refused(None)), (268.0, exhausted()))))],
        LegState.DOWN,
        Severity.MAJOR,
        "gave up after 10 retries (no answer); carrier may be back: press R to try",
    ),
    Case(
        "7b 503, as often as it may be, calls go by address",
        Trunks(auth=HYBRID),
        [(0, Says(reg="Rejected 300 ago", log=((360.0, refused(503)), (299.9, exhausted()))))],
        LegState.DEGRADED,
        Severity.MINOR,
        "gave up after all its retries (503); calls by IP may pass, inbound is lost; carrier may be back: press R "
        "to try",
    ),
]

KNOCKS = [
    FleetCase(
        "45 sixty requests that do not authenticate",
        lambda: knocking(60, security=True),
        {
            "sbc sbc-1": (
                "up",
                "none",
                "answering; 60 failed REGISTERs in 3 m 56 s from 198.51.100.7; none succeeded",
            ),
            "carrier-a@sbc-1": ("up", "none", "registered, next REGISTER in 60 s; OPTIONS 23 ms; 0 channels"),
        },
    ),
    FleetCase(
        "45b the same, where successes are not logged",
        lambda: knocking(10),
        {
            "sbc sbc-1": (
                "up",
                "none",
                "answering; 10 failed REGISTERs in 36 s from 198.51.100.7; no success seen",
            )
        },
    ),
    FleetCase("45c nine are none", lambda: knocking(9), {"sbc sbc-1": ("up", "none", "answering")}),
]
