"""What one FreeSWITCH gateway means as a leg: its registration, its OPTIONS, and what becomes of the next call.

States of 1.10.12, each seen as `<state>` beside `<status>` (mod_sofia.h; one tick is 1 s):

    REGED UP             registered                       FAIL_WAIT DOWN    refused or unanswered, tries again in `retry`
    UNREGED/TRYING UP    a refresh, as good as REGED      TRYING DOWN       REGISTER sent, not registered
    REGISTER UP/DOWN     200 seen, REGED at the next tick FAILED UP/DOWN    refused just now
    NOREG UP/DOWN        does not register                TIMEOUT DOWN      unanswered just now
    DOWN DOWN            unregistered by a command        DOWN UP           the same, without ping: takes calls

An event that came meanwhile says why a REGISTER failed (`Status=403`); sofia has numbers of its own for what was no
answer: 908 none in time, 904 a challenge that never ends, and 503 also for a closed port.
"""

from __future__ import annotations

import ipaddress
import re

from msgspec import Struct

from trunktui.model.health import Effective
from trunktui.model.inventory import NativeNames
from trunktui.model.observation import (
    Channels,
    Contact,
    ContactState,
    Evidence,
    NativeLeg,
    ProbeCount,
    ProbeSettings,
    Registration,
    RegPhase,
    RegSettings,
)
from trunktui.model.text import Safe, clean
from trunktui.platforms.freeswitch_console import askable
from trunktui.platforms.freeswitch_gateways import COMMAND, Gateway

PING_LIMIT_S = 32.0
"""sofia waits 64 times SIP's T1 for the answer to a ping; it is no setting."""

_ATTEMPT_S = 60
"""`timeout-seconds` of a gateway, as it is by default; FreeSWITCH does not tell it."""

_PINGED = frozenset({"NOREG", "REGED"})
_REFRESHING = frozenset({"UNREGED", "TRYING", "REGISTER"})
_PHASES = {
    "REGED": RegPhase.REGISTERED,
    "UNREGED": RegPhase.TRYING,
    "TRYING": RegPhase.TRYING,
    "REGISTER": RegPhase.TRYING,
    "FAILED": RegPhase.WAITING,
    "FAIL_WAIT": RegPhase.WAITING,
    "TIMEOUT": RegPhase.WAITING,
    "UNREGISTER": RegPhase.UNREGISTERED,
    "DOWN": RegPhase.UNREGISTERED,
}
_FAILING = frozenset({RegPhase.WAITING, RegPhase.TRYING})
_SIP_CODES = {904: 401, 908: 408}
"""What sofia's own numbers are as SIP codes."""

_FLAT = frozenset({408, 503})
"""After these the wait stays as it is; after any other it grows by `retry-seconds` with each failure."""

_LATE_TICK_S = 5.0
"""A ping that is due and not sent: the tick that sends it comes every second."""

_HOST = re.compile(r"sips?:(?:[^@]*@)?(?P<host>\[[0-9a-fA-F:.]+\]|[^:;?>\[\]]+)(?::\d{1,5})?(?:[;?].*)?")


class Refusal(Struct, frozen=True):
    """How a REGISTER failed: the code as SIP has it, and the event that told it."""

    code: int
    line: Safe


def refusals(lines: tuple[Safe, ...]) -> dict[str, Refusal]:
    """Read the latest events (`Gateway=x;State=FAILED;Status=403;Phrase=Forbidden`): failures by gateway."""
    found: dict[str, Refusal] = {}
    for line in lines:
        values = dict(part.partition("=")[::2] for part in line.split(";"))
        status = values.get("Status", "")
        if values.get("State") == "FAILED" and re.fullmatch(r"[3-9]\d\d", status):
            code = int(status)
            found[values.get("Gateway", "")] = Refusal(sip_code(code), line)
    return found


def sip_code(code: int) -> int:
    """Return the SIP code that one of sofia's own numbers stands for."""
    return _SIP_CODES.get(code, code)


def grows(code: int | None) -> bool:
    """Whether the wait for the next attempt grows with each failure of that code; None: no answer came."""
    return code is not None and code not in _FLAT


def leg(
    gateway: Gateway, refusal: Refusal | None, channels: Channels | None, now_s: float | None
) -> NativeLeg:
    """Return a gateway as a leg; `now_s` is the SBC's clock, no later than when the list was printed."""
    registers = gateway.state != "NOREG"
    contact = _contact(gateway, now_s)
    registration = _registration(gateway, refusal) if registers else None
    evidence = [Evidence(COMMAND, _line(gateway))]
    if registration is not None and registration.code is not None and refusal is not None:
        evidence.append(Evidence("event sofia::gateway_state", refusal.line))
    counted = None not in {gateway.ping_least, gateway.ping_most}
    host = host_of(gateway.proxy)
    return NativeLeg(
        native=NativeNames(gateway.name if registers else None, gateway.name, gateway.name),
        registration=registration,
        contacts=(contact,),
        channels=channels,
        probe_settings=ProbeSettings(
            gateway.ping_every_s,
            PING_LIMIT_S,
            only_2xx=False,
            misses=(gateway.ping_most or 0) - (gateway.ping_least or 0) + 1 if counted else None,
        ),
        reg_settings=RegSettings(expires_s=gateway.expires_s) if registers else None,
        why_not_actionable=None if askable(gateway.name) else _blocked(gateway.name),
        evidence=tuple(evidence),
        effective=_effective(gateway),
        reg_gates=registers,
        part=part(gateway.profile),
        username=gateway.username,
        targets=(host,) if _is_address(host) else None,
    )


def part(profile: str) -> Safe:
    """Return the piece of FreeSWITCH that a gateway hangs on."""
    return clean(f"profile {profile}")


def host_of(proxy: str) -> str:
    """Return the host of a gateway's proxy, "" where it names none."""
    found = _HOST.fullmatch(proxy)
    return found["host"].strip("[]") if found else ""


def phase_of(gateway: Gateway) -> RegPhase:
    """Return where a gateway's registration stands, by state and status together."""
    if gateway.state in _REFRESHING and gateway.status == "UP":
        return RegPhase.REGISTERED
    return _PHASES.get(gateway.state, RegPhase.OTHER)


def _registration(gateway: Gateway, refusal: Refusal | None) -> Registration:
    phase = phase_of(gateway)
    due = gateway.retry_s if phase is RegPhase.WAITING else None
    if phase is RegPhase.REGISTERED and gateway.state == "TRYING":
        due = -1  # a refresh is in flight, for how long it does not tell; after timeout-seconds it is FAILED
    code = refusal.code if refusal is not None and phase in _FAILING else None
    return Registration(
        phase=phase,
        word=gateway.state,
        due_in_s=due,
        server=gateway.proxy,
        line=_line(gateway),
        limit_s=_ATTEMPT_S,
        code=code,
        # By how much it grows is the gateway's retry-seconds: it is told nowhere but, indirectly, in the log.
        wait_step_s=0 if grows(code) else None,
    )


def _effective(gateway: Gateway) -> Effective | None:
    """Return what becomes of the next call; for the seconds in which it registers that is not said, it may be up by then."""
    if phase_of(gateway) is RegPhase.TRYING:
        return None
    return {"UP": Effective.ROUTABLE, "DOWN": Effective.REFUSED_LOCALLY}.get(gateway.status)


def _contact(gateway: Gateway, now_s: float | None) -> Contact:
    # A refresh is over in a second or two, and what the last ping told is as true as it was just before.
    refreshing = gateway.state in _REFRESHING and gateway.status == "UP"
    pinged = bool(gateway.ping_every_s) and (gateway.state in _PINGED or refreshing)
    state = {"UP": ContactState.REACHABLE, "DOWN": ContactState.UNREACHABLE}.get(
        gateway.status, ContactState.OTHER
    )
    if state is not ContactState.OTHER and (not pinged or _unasked(gateway)):
        state = ContactState.UNPROBED
    counted = pinged and state is not ContactState.UNPROBED
    answered = counted and state is ContactState.REACHABLE and bool(gateway.ping_ms)
    return Contact(
        uri=gateway.proxy,
        state=state,
        rtt_ms=gateway.ping_ms if answered else None,
        line=_ping_line(gateway),
        count=_count(gateway) if counted else None,
        overdue_s=_overdue(gateway, now_s) if pinged and not refreshing else None,
    )


def _unasked(gateway: Gateway) -> bool:
    """Whether no ping was answered or missed yet: UP is then what a gateway begins with.

    One that has just registered is alive none the less: its registrar answered.
    """
    fresh = gateway.ping_count == 0 and not gateway.ping_ms and gateway.status == "UP"
    if gateway.state == "REGED" and gateway.up_s is not None:
        return fresh and gateway.up_s > (gateway.ping_every_s or 0) + PING_LIMIT_S
    return fresh


def _count(gateway: Gateway) -> ProbeCount | None:
    least, count, most = gateway.ping_least, gateway.ping_count, gateway.ping_most
    if least is None or count is None or most is None:
        return None
    if gateway.state == "REGED" and not gateway.ping_ms:
        return None  # not pinged since it registered: it counts from 0 again, and nothing was missed
    return ProbeCount(least, count, most)


def _overdue(gateway: Gateway, now_s: float | None) -> float | None:
    """Return for how long an OPTIONS is due: sent and not answered, or not even sent though it should be."""
    if now_s is None or not gateway.ping_at:
        return None
    late = now_s - gateway.ping_at
    least = 0.0 if gateway.pinging else _LATE_TICK_S
    return late if late > least else None


def _line(gateway: Gateway) -> Safe:
    retry = "" if gateway.retry_s is None else f" <retry>{gateway.retry_s}s</retry>"
    return clean(
        f"<name>{gateway.name}</name> <state>{gateway.state}</state> <status>{gateway.status}</status>{retry}"
    )


def _ping_line(gateway: Gateway) -> Safe:
    count = "/".join(str(n or 0) for n in (gateway.ping_least, gateway.ping_count, gateway.ping_most))
    sent = ", sent and not answered yet" if gateway.pinging else ""
    return clean(
        f"{gateway.name}: ping every {gateway.ping_every_s or 0} s, {gateway.ping_ms or 0:g} ms, {count}{sent}"
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _blocked(native: str) -> str:
    return f"the name {clean(native, 40)!r} has characters that FreeSWITCH's console would read as syntax"
