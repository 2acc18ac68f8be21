"""The numbered cases that calls themselves tell: refused while all else is well, few answered, one destination, no audio."""

from __future__ import annotations

from tests.health.cases import HYBRID, IP, REG, Case
from tests.health.scenes import Says, Trunks, calls, heard
from trunktui.model.health import LegState, Severity
from trunktui.model.inventory import DialMode
from trunktui.model.tail import CallOutcome

ANSWERED, REFUSED, BUSY, NOBODY, LOCAL = (
    CallOutcome.ANSWERED,
    CallOutcome.REFUSED,
    CallOutcome.BUSY,
    CallOutcome.NO_ANSWER,
    CallOutcome.LOCAL,
)
FAR = ("1555", "4420", "3312", "4989")
"""Several destinations."""

DAY_S = 86400.0


def _day(n: int) -> tuple[float, Says]:
    """Return a poll at this hour `n` days before the story's: 31 of 100 calls were answered."""
    told = (*calls(31, ANSWERED, 16, since=-200), *calls(50, BUSY, 17), *calls(19, NOBODY))
    return (-n * DAY_S, Says(calls=told))


CALLS = [
    Case(
        "32 registered, OPTIONS fine, and every call is refused",
        Trunks(auth=REG),
        [
            (0, Says(calls=())),
            (
                300,
                Says(calls=(*calls(230, REFUSED, code=403, prefixes=FAR), *calls(10, NOBODY, prefixes=FAR))),
            ),
        ],
        LegState.DOWN,
        Severity.CRITICAL,
        "registered and OPTIONS fine, yet 96 % of 240 calls got 403: wasted dials 0.8/s. Suspect caller ID, "
        "allowlist or account",
    ),
    Case(
        "32b the same where the SBC tells a cause and no code",
        Trunks(auth=REG),
        [(0, Says(calls=())), (300, Says(calls=calls(1500, REFUSED, 21, prefixes=FAR)))],
        LegState.DOWN,
        Severity.CRITICAL,
        "registered and OPTIONS fine, yet 100 % of 1500 calls got cause 21 (as for 403): wasted dials 5.0/s. "
        "Suspect caller ID, allowlist or account",
    ),
    Case(
        "32c to one destination only it may be that destination",
        Trunks(auth=REG),
        [(0, Says(calls=())), (300, Says(calls=calls(240, REFUSED, 21)))],
        LegState.DEGRADED,
        Severity.MAJOR,
        "registered and OPTIONS fine, yet 100 % of 240 calls got cause 21 (as for 403): wasted dials 0.8/s. "
        "Suspect caller ID, allowlist or account",
    ),
    Case(
        "32d one that was answered is enough to be no outage",
        Trunks(auth=REG),
        [
            (0, Says(calls=())),
            (300, Says(calls=(*calls(239, REFUSED, 38, prefixes=FAR), *calls(1, ANSWERED, 16)))),
        ],
        LegState.DEGRADED,
        Severity.MAJOR,
        "registered and OPTIONS fine, yet 99 % of 240 calls got cause 38 (as for 500): wasted dials 0.8/s. "
        "The carrier fails, or is full: ask it",
    ),
    Case(
        "32e nobody dials it any more: nothing is proved, for a while",
        Trunks(auth=IP),
        [
            (0, Says(reg=None, calls=())),
            (300, Says(reg=None, calls=calls(240, REFUSED, 21, prefixes=FAR))),
            (700, Says(reg=None, calls=())),
        ],
        LegState.DOWN,
        Severity.CRITICAL,
        "OPTIONS fine, yet 100 % of 240 calls got cause 21 (as for 403): wasted dials 0.8/s; no call for 6 m 40 s. "
        "Suspect caller ID, allowlist or account",
    ),
    Case(
        "32f what our own SBC refuses is no fault of the carrier's",
        Trunks(auth=IP),
        [(0, Says(reg=None, calls=())), (300, Says(reg=None, calls=calls(240, LOCAL, 3, prefixes=FAR)))],
        LegState.UP,
        Severity.NONE,
        "OPTIONS 23 ms; 0 channels",
    ),
    Case(
        "33 fewer answers than usual at this hour",
        Trunks(),
        [
            *(_day(n) for n in (3, 2, 1)),
            (0, Says(calls=(*calls(6, ANSWERED, 16, since=-200), *calls(60, BUSY, 17), *calls(34, NOBODY)))),
        ],
        LegState.DEGRADED,
        Severity.MINOR,
        "answer rate 6 % (usual 31 %), NER normal: looks like lists or caller-ID labelling, not the trunk",
    ),
    Case(
        "33b two days are too few to know what is usual",
        Trunks(),
        [
            *(_day(n) for n in (2, 1)),
            (0, Says(calls=(*calls(6, ANSWERED, 16, since=-200), *calls(60, BUSY, 17), *calls(34, NOBODY)))),
        ],
        LegState.UP,
        Severity.NONE,
        "registered, next REGISTER in 60 s; OPTIONS 23 ms; 0 channels",
    ),
    Case(
        "33c fewer answers, for the carrier loses them",
        Trunks(),
        [
            *(_day(n) for n in (3, 2, 1)),
            (
                0,
                Says(
                    calls=(*calls(6, ANSWERED, 16, since=-200), *calls(40, REFUSED, 27), *calls(54, BUSY, 17))
                ),
            ),
        ],
        LegState.DEGRADED,
        Severity.MINOR,
        "answer rate 6 % (usual 31 %); 40 % of 100 calls did not reach anybody, most often cause 27 (as for 502)",
    ),
    Case(
        "34b three calls, and none answered",
        Trunks(),
        [(0, Says(calls=())), (300, Says(calls=calls(3, REFUSED, 21)))],
        LegState.UP,
        Severity.NONE,
        "registered, next REGISTER in 60 s; OPTIONS 23 ms; 0 channels; too few calls to judge (3 in 5 m, none answered)",
    ),
    Case(
        "35b at its CPS cap, and calls are refused for that",
        Trunks(),
        [
            (0, Says(calls=())),
            (
                300,
                Says(calls=(*calls(120, REFUSED, 34, prefixes=FAR), *calls(880, ANSWERED, 16, prefixes=FAR))),
            ),
        ],
        LegState.DEGRADED,
        Severity.MAJOR,
        "49.7 of 50 call attempts a second (99 %); 12 % of calls rejected: cause 34 (as for 503)",
        known={"cps_now": 49.7, "cps_cap": 50.0, "cps_window_s": 1.0},
    ),
    Case(
        "35c full, and most calls are refused for that: no outage",
        Trunks(cap=50),
        [
            (0, Says(calls=())),
            (300, Says(channels=50, calls=(*calls(90, REFUSED, 34, prefixes=FAR), *calls(30, ANSWERED, 16)))),
        ],
        LegState.DEGRADED,
        Severity.MAJOR,
        "trunk at its cap: 50 of 50 channels; 75 % of calls rejected: cause 34 (as for 503)",
    ),
    Case(
        "54b silent, and records tell that nobody answered since",
        Trunks(auth=IP, dial=DialMode.URI, qualify=15),
        [
            (0, Says(reg=None, calls=calls(1, ANSWERED, 16, since=-60))),
            (30, Says(reg=None, contacts=("Unavail",), calls=())),
            (65, Says(reg=None, contacts=("Unavail",), calls=calls(3, NOBODY, since=-30))),
        ],
        LegState.DOWN,
        Severity.MAJOR,
        "no call answered since OPTIONS went silent 35 s ago (10.77.0.21:5060); calls still go out there",
    ),
    Case(
        "54c silent, but calls that began since were answered, and are over",
        Trunks(auth=IP, dial=DialMode.URI, qualify=15),
        [
            (0, Says(reg=None, calls=())),
            (30, Says(reg=None, contacts=("Unavail",), calls=())),
            (90, Says(reg=None, contacts=("Unavail",), calls=calls(3, ANSWERED, 16, since=-9, talk_s=15))),
        ],
        LegState.DEGRADED,
        Severity.MINOR,
        "OPTIONS unanswered for 1 m but calls pass; dial plan bypasses qualify (one began 15 s ago)",
    ),
    Case(
        "59 refused to one destination only",
        Trunks(auth=HYBRID),
        [
            (0, Says(calls=())),
            (
                300,
                Says(
                    calls=(
                        *calls(20, REFUSED, code=403, prefixes=("+4470",)),
                        *calls(40, ANSWERED, 16, prefixes=FAR),
                        *calls(60, BUSY, 17, prefixes=FAR),
                    )
                ),
            ),
        ],
        LegState.DEGRADED,
        Severity.MINOR,
        "403 for +4470* only (20 of 20); other destinations normal",
    ),
    Case(
        "59b mostly one destination, and yet the rest is well",
        Trunks(auth=HYBRID),
        [
            (0, Says(calls=())),
            (
                300,
                Says(
                    calls=(
                        *calls(200, REFUSED, 21, prefixes=("4470",)),
                        *calls(10, ANSWERED, 16, prefixes=FAR),
                    )
                ),
            ),
        ],
        LegState.DEGRADED,
        Severity.MINOR,
        "cause 21 (as for 403) for 4470* only (200 of 200); other destinations normal",
    ),
    Case(
        "60 answered, and nothing comes back",
        Trunks(auth=IP),
        [
            (0, Says(reg=None, audio=heard(2, 900))),
            (30, Says(reg=None, audio=heard(12, 0, 700, first=10))),
            (60, Says(reg=None, audio=heard(12, 0, 2200, first=10))),
        ],
        LegState.DEGRADED,
        Severity.MAJOR,
        "answered calls carry no audio for 30 s (12 of 12): nothing comes back from the carrier. "
        "Check RTP, NAT and the firewall",
    ),
    Case(
        "60b media that never passed this SBC is not missed",
        Trunks(auth=IP),
        [(30.0 * n, Says(reg=None, audio=heard(12, 0))) for n in range(4)],
        LegState.UP,
        Severity.NONE,
        "OPTIONS 23 ms; 0 channels",
    ),
    Case(
        "60c answered, and given up within seconds",
        Trunks(),
        [
            (0, Says(calls=())),
            (600, Says(calls=calls(60, ANSWERED, 16, since=-550, talk_s=45))),
            (920, Says(calls=calls(12, ANSWERED, 16, since=-280, talk_s=6))),
        ],
        LegState.DEGRADED,
        Severity.MAJOR,
        "answered calls end within 10 s (12 of 12 in 5 m), before they did not: probably no audio. "
        "Check RTP, NAT and the firewall",
    ),
    Case(
        "what only a CDR tells has no cause",
        Trunks(auth=IP),
        [(0, Says(reg=None, calls=())), (300, Says(reg=None, calls=calls(60, REFUSED, prefixes=FAR)))],
        LegState.DOWN,
        Severity.CRITICAL,
        "OPTIONS fine, yet 100 % of 60 calls got congestion (the CDR tells no cause): wasted dials 0.2/s. "
        "The carrier fails, or is full: ask it",
    ),
    Case(
        "no answer to INVITE while the registration stands and nobody sends OPTIONS",
        Trunks(auth=REG, qualify=0),
        [
            (0, Says(contacts=("NonQual",), calls=())),
            (300, Says(contacts=("NonQual",), calls=calls(60, REFUSED, 18, prefixes=FAR))),
        ],
        LegState.DOWN,
        Severity.CRITICAL,
        "registered, next REGISTER in 60 s, yet 100 % of 60 calls got cause 18 (as for 408): wasted dials 0.2/s. "
        "The carrier does not answer INVITE",
    ),
]
