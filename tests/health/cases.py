"""The numbered cases of the health rules that an Asterisk brings about: polls in, state, severity and sentence out."""

from __future__ import annotations

from msgspec import Struct

from tests.health.scenes import Polls, Says, Trunks
from trunktui.model.health import LegState, Severity
from trunktui.model.inventory import AuthMode, DialMode
from trunktui.model.link import SshState
from trunktui.model.text import Safe

REG, HYBRID, IP = AuthMode.REGISTRATION, AuthMode.HYBRID, AuthMode.IP
GOOD = Says()
OTHER = "=====\n other/sip:1.2.3.4   x   Registered  (exp. 9s)\n\nObjects found: 1"


class Case(Struct, frozen=True):
    """One numbered case: the config, what the SBC said and when, and the verdict it must get."""

    number: str
    trunks: Trunks
    polls: Polls
    state: LegState
    severity: Severity
    reason: str
    judged_at: float | None = None
    known: dict[str, object] = {}


CASES = [
    Case(
        "1 all well",
        Trunks(cap=200),
        [(0, Says(reg="Registered 245", contacts=("Avail 23.0",), channels=41))],
        LegState.UP,
        Severity.NONE,
        "registered, next REGISTER in 245 s; OPTIONS 23 ms; 41/200 channels",
    ),
    Case(
        "2 refresh without an answer yet",
        Trunks(auth=REG),
        [(0, Says(reg="Registered 12 ago"))],
        LegState.SUSPECT,
        Severity.WARNING,
        "refresh sent 12 s ago, no answer yet; binding may already be lapsing",
    ),
    Case(
        "2b refresh just sent is normal",
        Trunks(auth=REG),
        [(0, Says(reg="Registered 4 ago"))],
        LegState.UP,
        Severity.NONE,
        "registered, refresh sent 4 s ago; OPTIONS 23 ms; 0 channels",
    ),
    Case(
        "3 refresh overdue",
        Trunks(auth=REG),
        [(0, Says(reg="Registered 95 ago"))],
        LegState.SUSPECT,
        Severity.WARNING,
        "refresh overdue 1 m 35 s; SBC still says Registered - treat as unproven; R asks anew",
    ),
    Case(
        "4 refused or unanswered, calls by address still pass",
        Trunks(auth=HYBRID),
        [
            (0, Says(reg="Rejected 12")),
            (31, Says(reg="Rejected 41", channels=1, answered_ago=20)),
        ],
        LegState.DEGRADED,
        Severity.MINOR,
        "REGISTER refused or unanswered since before the first look; next attempt in 41 s; calls are still answered",
    ),
    Case(
        "5 gave up for good, the only way to authenticate",
        Trunks(auth=REG),
        [(0, Says(reg="Rejected 670 ago")), (30, Says(reg="Rejected 700 ago"))],
        LegState.DOWN,
        Severity.MAJOR,
        "registration gave up 11 m 40 s ago; will not retry. Check password, allowlist and the SBC's log, "
        "then re-register",
    ),
    Case(
        "5a one look cannot tell giving up from a long attempt",
        Trunks(auth=REG),
        [(0, Says(reg="Rejected 670 ago"))],
        LegState.DOWN,
        Severity.MAJOR,
        "REGISTER refused or unanswered, last try 11 m 10 s ago: gave up or still trying, the next poll tells",
    ),
    Case(
        "6 gave up, a call answered since",
        Trunks(auth=REG),
        [
            (0, Says(reg="Rejected 270 ago")),
            (100, Says(reg="Rejected 370 ago", channels=1, answered_ago=15)),
        ],
        LegState.DEGRADED,
        Severity.MINOR,
        "registration gave up 6 m 10 s ago yet calls are answered; inbound and keepalive are lost until it is re-registered",
    ),
    Case(
        "7 gave up, two looks apart, nothing scheduled",
        Trunks(auth=REG),
        [(0, Says(reg="Rejected 270 ago")), (30, Says(reg="Rejected 300 ago"))],
        LegState.DOWN,
        Severity.MAJOR,
        "registration gave up 5 m ago; will not retry. Check password, allowlist and the SBC's log, then re-register",
    ),
    Case(
        "7n gave up, and its registrar's name leads nowhere",
        Trunks(auth=REG),
        [(0, Says(reg="Rejected 270 ago")), (30, Says(reg="Rejected 300 ago"))],
        LegState.DOWN,
        Severity.MAJOR,
        "registration gave up 5 m ago, will not retry: registrar sip.carrier.invalid (no A or AAAA) does not resolve "
        "on sbc-1. Mend DNS, then re-register",
        known={"unresolved": Safe("sip.carrier.invalid (no A or AAAA)")},
    ),
    Case(
        "52n unanswered, and its registrar's name leads nowhere",
        Trunks(auth=REG),
        [(0, Says(reg="Rejected 8"))],
        LegState.DOWN,
        Severity.MAJOR,
        "registrar sip.carrier.example does not resolve on sbc-1: REGISTER failed since before the first look; "
        "next attempt in 8 s",
        known={"unresolved": Safe("sip.carrier.example")},
    ),
    Case(
        "8 nobody probes it",
        Trunks(auth=IP, qualify=0),
        [(0, Says(reg=None, contacts=("NonQual",)))],
        LegState.UNMONITORED,
        Severity.WARNING,
        "no OPTIONS configured on AOR carrier-a: a dead trunk would look idle; set qualify_frequency there",
    ),
    Case(
        "8b nobody probes it, but a call was answered lately",
        Trunks(auth=IP, qualify=0),
        [(0, Says(reg=None, contacts=("NonQual",), channels=1, answered_ago=70))],
        LegState.UP,
        Severity.NONE,
        "a call that began 1 m 10 s ago was answered; no OPTIONS watch this trunk while idle",
    ),
    Case(
        "9 first OPTIONS not due yet",
        Trunks(auth=IP, qualify=30),
        [(0, Says(reg=None, contacts=("NonQual",), uptime=14))],
        LegState.UNKNOWN,
        Severity.INDETERMINATE,
        "restarted 14 s ago; first OPTIONS due within 30 s",
    ),
    Case(
        "10 unreachable where the dial plan dials the AOR",
        Trunks(auth=IP),
        [(0, Says(reg=None)), (30, Says(reg=None, contacts=("Unavail",)))],
        LegState.DOWN,
        Severity.MAJOR,
        "unreachable: 10.77.0.21:5060: Asterisk now refuses calls on this AOR (cause 3); "
        "one missed OPTIONS is enough with this config",
    ),
    Case(
        "10b unreachable where the dial plan uses an explicit URI",
        Trunks(auth=IP, dial=DialMode.URI),
        [(0, Says(reg=None)), (30, Says(reg=None, contacts=("Unavail",)))],
        LegState.SUSPECT,
        Severity.WARNING,
        "1 OPTIONS unanswered by 10.77.0.21:5060; the dial plan sends calls there all the same",
    ),
    Case(
        "10c unreachable, how the dial plan dials is not told: first one interval of doubt",
        Trunks(auth=IP, dial=None),
        [(0, Says(reg=None)), (10, Says(reg=None, contacts=("Unavail",)))],
        LegState.SUSPECT,
        Severity.WARNING,
        "OPTIONS unanswered by 10.77.0.21:5060; DOWN if not answered within 30 s",
    ),
    Case(
        "10d ... then down",
        Trunks(auth=IP, dial=None),
        [
            (0, Says(reg=None)),
            (10, Says(reg=None, contacts=("Unavail",))),
            (40, Says(reg=None, contacts=("Unavail",))),
        ],
        LegState.DOWN,
        Severity.MAJOR,
        "unreachable for 30 s: 10.77.0.21:5060; calls fail here if the dial plan dials the AOR (set `dial` to judge)",
    ),
    Case(
        "11 explicit URI, calls answered since",
        Trunks(auth=IP, dial=DialMode.URI),
        [
            (0, Says(reg=None)),
            (30, Says(reg=None, contacts=("Unavail",))),
            (120, Says(reg=None, contacts=("Unavail",), channels=1, answered_ago=20)),
        ],
        LegState.DEGRADED,
        Severity.MINOR,
        "OPTIONS unanswered for 1 m 30 s but calls pass; dial plan bypasses qualify (one began 20 s ago)",
    ),
    Case(
        "38 no news from the SBC at all",
        Trunks(),
        [(0, GOOD), (120, Says(silent=SshState.UNREACHABLE))],
        LegState.UNKNOWN,
        Severity.INDETERMINATE,
        "sbc-1 is not polled; was up: ssh unreachable",
    ),
    Case(
        "49 the SBC has just restarted",
        Trunks(auth=REG),
        [(0, GOOD), (30, Says(reg="Unregistered 4", contacts=("NonQual",), uptime=6))],
        LegState.UNKNOWN,
        Severity.INDETERMINATE,
        "sbc-1 restarted 6 s ago; first REGISTER in 4 s",
    ),
    Case(
        "50 an answer of a version we do not know",
        Trunks(auth=REG),
        [
            (0, GOOD),
            (
                30,
                Says(
                    reg_table="=====\n carrier-a | sip:x | enrolled\n other | sip:y | enrolled\n\nObjects found: 2"
                ),
            ),
        ],
        LegState.UNKNOWN,
        Severity.INDETERMINATE,
        "cannot read 'pjsip show registrations' of Asterisk 22.10.1: 2 unread lines (kept, redacted); was up",
    ),
    Case(
        "52 an attempt in flight right after a cut is not giving up",
        Trunks(auth=REG),
        [(0, GOOD), (30, Says(reg="Rejected 14 ago"))],
        LegState.SUSPECT,
        Severity.WARNING,
        "REGISTER refused or unanswered once; attempt in flight for 14 s, no answer yet",
    ),
    Case(
        "52b ... and after three failed attempts it is down, still not given up",
        Trunks(auth=REG),
        [
            (0, GOOD),
            (30, Says(reg="Rejected 14 ago")),
            (60, Says(reg="Rejected 4 ago")),
            (90, Says(reg="Rejected 3")),
        ],
        LegState.DOWN,
        Severity.MAJOR,
        "REGISTER refused or unanswered 3 times or more; next attempt in 3 s",
    ),
    Case(
        "54 silent since 35 s, the last call was answered before",
        Trunks(auth=IP, dial=DialMode.URI, qualify=15),
        [
            (0, Says(reg=None, channels=1, answered_ago=10)),
            (30, Says(reg=None, contacts=("Unavail",), channels=1, answered_ago=40)),
            (65, Says(reg=None, contacts=("Unavail",), channels=1, answered_ago=75)),
        ],
        LegState.DOWN,
        Severity.MAJOR,
        "no answered call seen since OPTIONS went silent 35 s ago (10.77.0.21:5060); calls still go out there",
    ),
    Case(
        "55 one of two destinations dead",
        Trunks(),
        [(0, Says(contacts=("Unavail", "Avail 12.0")))],
        LegState.DEGRADED,
        Severity.MINOR,
        "1 of 2 destinations dead (10.77.0.21:5060); calls use 10.77.0.22:5060",
    ),
    Case(
        "at 82 % of its cap",
        Trunks(cap=50),
        [(0, Says(channels=41))],
        LegState.DEGRADED,
        Severity.WARNING,
        "41 of 50 channels in use (82 %); further calls are refused at 50",
    ),
    Case(
        "unregistered by somebody",
        Trunks(auth=REG),
        [(0, GOOD), (30, Says(reg="Unregistered 63 ago"))],
        LegState.DOWN,
        Severity.MAJOR,
        "unregistered outside this tool (its timer ran out 1 m 3 s ago); it does not come back by itself: "
        "re-register to resume",
    ),
    Case(
        "not loaded, on two looks a minute apart",
        Trunks(auth=IP),
        [
            (0, Says(reg="Registered 9", contacts=("Avail 2.0",))),
            (
                30,
                Says(
                    reg=None,
                    contacts=(),
                    reg_table="=====\n other/sip:1.2.3.4   x   Registered  (exp. 9s)\n\nObjects found: 1",
                ),
            ),
            (
                90,
                Says(
                    reg=None,
                    contacts=(),
                    reg_table="=====\n other/sip:1.2.3.4   x   Registered  (exp. 9s)\n\nObjects found: 1",
                ),
            ),
        ],
        LegState.DOWN,
        Severity.CRITICAL,
        "carrier-a is not loaded on sbc-1 (config error or rename?)",
    ),
    Case(
        "everything gone at once is one event of the SBC",
        Trunks(auth=IP),
        [(0, GOOD), (30, Says(reg=None, contacts=())), (100, Says(reg=None, contacts=()))],
        LegState.UNKNOWN,
        Severity.INDETERMINATE,
        "sbc-1 lists no registration and no contact at all: modules not loaded?",
    ),
    Case(
        "stale: the last answer is too old to believe",
        Trunks(),
        [(0, GOOD)],
        LegState.UNKNOWN,
        Severity.INDETERMINATE,
        "no data for 4 m; last known up",
        judged_at=240,
    ),
    Case(
        "never polled",
        Trunks(),
        [(0, Says(silent=SshState.REFUSED))],
        LegState.UNKNOWN,
        Severity.INDETERMINATE,
        "sbc-1 is not polled: ssh refused",
    ),
    Case(
        "not polled yet",
        Trunks(),
        [],
        LegState.UNKNOWN,
        Severity.INDETERMINATE,
        "not polled yet",
    ),
    Case(
        "Asterisk hangs",
        Trunks(),
        [(0, GOOD), (30, Says(frozen=True))],
        LegState.UNKNOWN,
        Severity.INDETERMINATE,
        "sbc-1: Asterisk does not answer its own console (frozen, or starved); was up",
    ),
    Case(
        "missing at one look",
        Trunks(auth=IP),
        [(0, Says()), (30, Says(reg=None, contacts=(), reg_table=OTHER))],
        LegState.UNKNOWN,
        Severity.INDETERMINATE,
        "not in sbc-1's tables at the last look; not loaded if still missing a minute later",
    ),
    Case(
        "its registration is missing, its contact is not",
        Trunks(auth=REG),
        [(0, GOOD), (30, Says(reg_table=OTHER)), (90, Says(reg_table=OTHER))],
        LegState.DOWN,
        Severity.MAJOR,
        "no registration for it is loaded on sbc-1, though auth says it registers",
    ),
    Case(
        "back, but not proven",
        Trunks(auth=IP),
        [(0, Says(reg=None)), (30, Says(reg=None, contacts=("Unavail",))), (60, Says(reg=None))],
        LegState.DOWN,
        Severity.MAJOR,
        "answers OPTIONS again (1 good so far); up after the next one",
    ),
    Case(
        "back, but unsteady",
        Trunks(auth=IP, qualify=300),
        [
            (140.0 * n, Says(reg=None, contacts=("Unavail",) if n % 2 else (f"Avail {n}.0",)))
            for n in range(7)
        ],
        LegState.DOWN,
        Severity.MAJOR,
        "answers OPTIONS again (1 good so far), but fell silent 3 times lately: unsteady; up after 6 in a row",
    ),
    Case(
        "slow three times in a row",
        Trunks(),
        [(30.0 * n, Says(contacts=(f"Avail {(20, 400)[n > 9] + n}.0",))) for n in range(13)],
        LegState.DEGRADED,
        Severity.WARNING,
        "OPTIONS answered in 412 ms, usually 26 ms, 3 in a row; UP at the next fast one",
    ),
    Case(
        "packets are lost",
        Trunks(),
        [(30.0 * n, Says(contacts=(f"Avail {(2, 502)[n % 2]}.{n}",))) for n in range(7)],
        LegState.DEGRADED,
        Severity.MINOR,
        "OPTIONS answered late again and again (now 3 ms): packets are being lost; judged by the last 20",
    ),
    Case(
        "at its cap",
        Trunks(cap=50),
        [(0, Says(channels=50))],
        LegState.DEGRADED,
        Severity.MINOR,
        "trunk at its cap: 50 of 50 channels; further calls will be refused by the carrier",
    ),
]
