"""What FreeSWITCH, Kamailio and others say of one trunk, as the neutral observations that their platforms will make."""

from __future__ import annotations

from msgspec import Struct

from trunktui.model.health import Effective
from trunktui.model.inventory import NativeNames
from trunktui.model.observation import (
    AppState,
    Box,
    Channels,
    Contact,
    ContactState,
    NativeLeg,
    Observation,
    ProbeCount,
    ProbeSettings,
    Registration,
    RegPhase,
)
from trunktui.model.text import Safe

URI = Safe("sip:198.51.100.21:5060")
PROFILE = Safe("profile external")


class Told(Struct, frozen=True):
    """One answer of an SBC, understood: its legs, its addresses and the parts that run; None: not told."""

    legs: tuple[NativeLeg, ...]
    uptime: int = 86400
    parts: tuple[Safe, ...] | None = None
    addresses: tuple[str, ...] | None = None

    def observation(self, at: float, began: float = 1000.0) -> Observation:
        """Return it as of monotonic second `at`; the SBC started `uptime` before `began`, or lately."""
        uptime = self.uptime + int(at - began) if self.uptime >= 86400 else self.uptime
        return Observation(
            at=at,
            took_s=0.2,
            app=AppState.ANSWERING,
            box=Box(version=Safe("1.10.12"), uptime_s=uptime, reload_age_s=uptime, addresses=self.addresses),
            legs=self.legs,
            reg_read=True,
            contacts_read=True,
            channels_read=True,
            parts=self.parts,
        )


def gateway(
    state: str,
    status: str = "UP",
    *,
    ping: str | None = "1/3/3",
    rtt: float | None = None,
    wait: int | None = None,
    since: int | None = None,
    code: int | None = None,
    overdue: float | None = None,
    calls: int = 0,
    answered: int | None = None,
    name: str = "carrier-a",
) -> NativeLeg:
    """Return a FreeSWITCH gateway: its state and status, `PingState` (None: no ping set), `<retry>`, `<pinging>`."""
    phases = {
        "REGED": (RegPhase.REGISTERED, None),
        "FAIL_WAIT": (RegPhase.WAITING, wait),
        "FAILED": (RegPhase.WAITING, wait),
        "TRYING": (RegPhase.TRYING, None if since is None else -since),
        "DOWN": (RegPhase.UNREGISTERED, None),
    }
    registration = None
    if state != "NOREG":
        phase, due = phases[state]
        word = Safe(state)
        registration = Registration(phase, word, due, URI, word, limit_s=60, code=code, wait_step_s=30)
    least, now, most = map(int, (ping or "0/0/0").split("/"))
    count = ProbeCount(least, now, most) if ping else None
    up = status == "UP"
    contact = ContactState.REACHABLE if up else ContactState.UNREACHABLE
    if ping is None or state not in {"NOREG", "REGED"}:
        contact = ContactState.UNPROBED  # FreeSWITCH sends OPTIONS in these two states only
    return NativeLeg(
        native=NativeNames(endpoint=name),
        registration=registration,
        contacts=(Contact(URI, contact, rtt if up else None, Safe(""), count=count, overdue_s=overdue),),
        channels=Channels(calls, answered),
        probe_settings=ProbeSettings(30 if ping else 0, 32.0, misses=count.down_at if count else None),
        effective=Effective.ROUTABLE if up else Effective.REFUSED_LOCALLY,
        reg_gates=state != "NOREG",
        part=PROFILE,
    )


def destination(
    flags: str,
    *,
    rtt: float | None = None,
    count: str | None = None,
    code: int | None = None,
    uac: int | None = None,
    left: int | None = None,
    calls: int = 0,
) -> NativeLeg:
    """Return a Kamailio dispatcher destination by its flags, `count` of lost probes, and its uac record's flags."""
    states = {
        "A": (ContactState.REACHABLE, Effective.ROUTABLE),
        "T": (ContactState.REACHABLE, Effective.ROUTABLE),
        "I": (ContactState.UNREACHABLE, Effective.REFUSED_LOCALLY),
        "D": (ContactState.DISABLED, Effective.ADMIN_OFF),
    }
    contact, effective = states[flags[0]]
    registration = None
    if uac is not None:
        phase = RegPhase.DISABLED if uac & 1 else RegPhase.REGISTERED if uac & 4 else RegPhase.UNREGISTERED
        registration = Registration(phase, Safe(str(uac)), left, URI, Safe(f"flags={uac}"))
    lost, _, of = (count or "").partition(" of ")
    own = ProbeCount(1, int(of) - int(lost), int(of)) if count else None
    return NativeLeg(
        native=NativeNames(endpoint="carrier-a"),
        registration=registration,
        contacts=(Contact(URI, contact, rtt, Safe(flags), code=code, probed=flags[1] == "P", count=own),),
        channels=Channels(calls),
        probe_settings=ProbeSettings(30, 30.0, misses=3),
        effective=effective,
    )


def coded(
    code: int | None, *, retry_after: int | None = None, rtt: float | None = 20.0, calls: int = 0
) -> NativeLeg:
    """Return a trunk of an SBC that calls any answer alive and tells its code."""
    return NativeLeg(
        native=NativeNames(endpoint="carrier-a"),
        contacts=(
            Contact(
                URI, ContactState.REACHABLE, rtt, Safe(""), code=code, retry_after_s=retry_after, probed=True
            ),
        ),
        channels=Channels(calls),
        probe_settings=ProbeSettings(30, 5.0),
    )


def plain(
    name: str = "carrier-a", *, alive: bool = True, calls: int = 0, part: Safe | None = None
) -> NativeLeg:
    """Return a trunk known by its address, of an SBC that refuses calls while OPTIONS are unanswered."""
    return NativeLeg(
        native=NativeNames(endpoint=name),
        contacts=(
            Contact(
                URI,
                ContactState.REACHABLE if alive else ContactState.UNREACHABLE,
                20.0 if alive else None,
                Safe(""),
            ),
        ),
        channels=Channels(calls),
        probe_settings=ProbeSettings(30, 5.0),
        effective=Effective.ROUTABLE if alive else Effective.REFUSED_LOCALLY,
        part=part,
    )
