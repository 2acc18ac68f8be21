"""A made-up fleet for tests of what is shown and told: legs in every state, at monotonic second 1000."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from trunktui.health.routes import Place, remember_route, unasked
from trunktui.model.box import BoxFacts, DiskUse, Published, SubAgent
from trunktui.model.health import (
    Effective,
    LegState,
    ProbeSignal,
    RegSignal,
    SbcState,
    Severity,
    TrafficSignal,
    Usage,
)
from trunktui.model.inventory import AuthMode, NativeNames
from trunktui.model.link import LinkStatus, SnmpState, SnmpStatus, SshState
from trunktui.model.observation import Contact, ContactState
from trunktui.model.route import ActiveRoute, Mechanism, Route, RouteReading, Share
from trunktui.model.snapshot import (
    ChannelsView,
    CpsView,
    Egress,
    EgressKind,
    GroupStatus,
    Headroom,
    Landing,
    LegStatus,
    ProbeView,
    RegView,
    SbcStatus,
    Snapshot,
    TrafficView,
)
from trunktui.model.text import Safe

NOW = 1000.0


def leg(
    leg_id: str, state: LegState = LegState.UP, severity: Severity = Severity.NONE, **changes: Any
) -> LegStatus:
    """Return a healthy registered leg last seen 4 s before NOW, with `changes`; its limits are 60 and 90 s."""
    trunk, _, sbc = leg_id.rpartition("@")
    healthy = LegStatus(
        id=leg_id,
        trunk=trunk,
        sbc=sbc,
        native=NativeNames(registration=trunk, endpoint=trunk, aor=trunk),
        carrier="alpha",
        account=None,
        groups=(),
        auth=AuthMode.REGISTRATION,
        auth_guessed=False,
        discovered=False,
        why_not_actionable=None,
        state=state,
        severity=severity,
        reason=Safe("registered, next REGISTER in 246 s; OPTIONS 23 ms"),
        since_at=NOW - 3600,
        was=None,
        effective=Effective.ROUTABLE,
        registration=RegView(state=RegSignal.REGISTERED, next_at=NOW + 246, failures=0, gave_up=False),
        probe=ProbeView(
            state=ProbeSignal.OK,
            rtt_ms=23.4567,
            misses=0,
            interval_s=30,
            detect_s=33.0,
            contacts=(Contact(Safe("sip:192.0.2.21"), ContactState.REACHABLE, 23.4567, Safe("row")),),
        ),
        channels=ChannelsView(state=Usage.NORMAL, active=41, cap=200, used=82),
        cps=CpsView(Usage.NORMAL, now=2.1, peak=5, window_s=30.0, cap=50.0, used=2.1),
        at_risk=2.1 * 33.0,
        traffic=TrafficView(TrafficSignal.NORMAL, 300.0, 630, 201, source=Safe("CEL")),
        observed_at=NOW - 4,
        late_at=NOW + 56,
        stale_at=NOW + 86,
        targets=("192.0.2.21",),
    )
    return replace(healthy, **changes)


def sbc(
    name: str, state: SbcState = SbcState.UP, severity: Severity = Severity.NONE, **changes: Any
) -> SbcStatus:
    """Return an SBC that answered 4 s before NOW, with `changes`."""
    answering = SbcStatus(
        name=name,
        site=name[:3],
        platform="asterisk",
        host="192.0.2.1",
        state=state,
        severity=severity,
        reason=Safe(""),
        link=LinkStatus(state=SshState.OK, last_ok=NOW - 4, since=NOW - 500),
        version=Safe("Asterisk 22.10.1"),
        started_at=NOW - 900,
        channels=82,
        calls=41,
        polled_at=NOW - 4,
        stale_at=NOW + 86,
        poll_took_s=0.12,
    )
    return replace(answering, **changes)


def box() -> BoxFacts:
    """Return what SNMP told of a box 5 s before NOW, its disk 200 s before."""
    return BoxFacts(
        at=NOW - 5,
        name=Safe("nyc-1.example.net"),
        uptime_s=864_000,
        agent_uptime_s=3600,
        load=(0.52, 0.4, 0.31),
        disk=DiskUse(Safe("/var"), 87, NOW - 200),
        sub_agent=SubAgent.ANSWERS,
        app_version=Safe("22.10.1"),
        app_uptime_s=895,
        channels=83,
        calls=41,
        calls_processed=3412,
        published=(Published("ast-regs", (Safe("alpha-us|Registered"),), 0),),
    )


def witnessed_sbc(name: str) -> SbcStatus:
    """Return an SBC that answers SSH and SNMP, and that carriers see otherwise than the config says."""
    snmp = SnmpStatus(SnmpState.OK, last_ok=NOW - 5)
    seen = Egress("198.51.100.9", Safe("STUN server 192.0.2.99"), NOW - 300, "198.51.100.4", EgressKind.STUN)
    return sbc(name, snmp=snmp, box=box(), box_stale_at=NOW + 85, egress=seen, egress_expected="198.51.100.4")


def unreachable_sbc(name: str) -> SbcStatus:
    """Return an SBC that never answered."""
    return sbc(
        name,
        SbcState.DOWN,
        Severity.CRITICAL,
        reason=Safe("no route to 192.0.2.1 within 3 s"),
        link=LinkStatus(state=SshState.UNREACHABLE, reason=Safe("no route to 192.0.2.1 within 3 s")),
        version=None,
        started_at=None,
        channels=None,
        calls=None,
        polled_at=None,
        stale_at=None,
        poll_took_s=None,
    )


def unknown_leg(leg_id: str, **changes: Any) -> LegStatus:
    """Return a configured leg of which nothing is known."""
    blank: dict[str, Any] = {
        "reason": Safe("never seen"),
        "since_at": None,
        "effective": Effective.UNKNOWN,
        "registration": RegView(state=RegSignal.UNKNOWN),
        "probe": ProbeView(state=ProbeSignal.UNKNOWN),
        "channels": ChannelsView(state=Usage.UNKNOWN),
        "cps": CpsView(Usage.NO_CAP),
        "at_risk": None,
        "observed_at": None,
        "late_at": None,
        "stale_at": None,
    }
    return leg(leg_id, LegState.UNKNOWN, Severity.INDETERMINATE, **{**blank, **changes})


def fleet(
    *legs: LegStatus, sbcs: tuple[SbcStatus, ...] = (), groups: tuple[GroupStatus, ...] = ()
) -> Snapshot:
    """Return a snapshot taken at NOW; without `sbcs`, one healthy SBC for each that a leg names."""
    names = dict.fromkeys(one.sbc for one in legs)
    return Snapshot(
        generation=1, at=NOW, sbcs=sbcs or tuple(sbc(name) for name in names), legs=legs, groups=groups
    )


def route(sbc_name: str, trunk: str | None, *, first: str = "alpha-us") -> ActiveRoute:
    """Return where us-outbound goes on an SBC, by a key of its database read 4 s before NOW; None: never read."""
    where = Route(Mechanism.ASTDB, "trunk/us-outbound")
    place = Place("us-outbound", sbc_name, where, tuple(dict.fromkeys((first, "alpha-us", "beta-us"))))
    if trunk is None:
        return unasked(place).active
    named = replace(place, values={"alpha-us": "alpha-us", "beta-us": "beta-us"})
    reading = RouteReading(where, NOW - 4, (Share(Safe(trunk)),))
    return remember_route(None, named, reading, 90.0).active


def sample() -> Snapshot:
    """Return the fleet of the golden files: two SBCs, one of them unreachable, a group, a discovered leg."""
    words = Safe("us-outbound 82 channels -> nowhere: beta-us is down")
    landing = Landing(
        "us-outbound",
        "alpha-us",
        None,
        ("nyc-1",),
        82,
        load_whole=True,
        free=None,
        free_most=False,
        fits=None,
        severity=Severity.MAJOR,
        sentence=words,
    )
    plan = Headroom("alpha", Severity.MAJOR, Safe(f"if alpha died now: {words}"), (landing,))
    return replace(_sample(), headroom=(plan,))


def _sample() -> Snapshot:
    return fleet(
        leg("alpha-us@nyc-1", account="acme-us", groups=("us-outbound",), auth=AuthMode.HYBRID),
        leg(
            "beta-us@nyc-1",
            LegState.DOWN,
            Severity.MAJOR,
            carrier="beta",
            groups=("us-outbound",),
            reason=Safe("registration gave up 12m ago after 403; will not retry"),
            registration=RegView(state=RegSignal.GAVE_UP, failures=1, gave_up=True, code=403),
            probe=ProbeView(state=ProbeSignal.DEAD, misses=6, interval_s=30, detect_s=33.0),
            channels=ChannelsView(state=Usage.NO_CAP, active=0),
            cps=CpsView(Usage.NO_CAP),
            at_risk=None,
        ),
        leg(
            "=cmd@nyc-1",
            LegState.UNMONITORED,
            Severity.WARNING,
            carrier=None,
            discovered=True,
            auth=AuthMode.IP,
            auth_guessed=True,
            why_not_actionable="its name has characters that no action may send",
            reason=Safe("no OPTIONS configured on AOR =cmd: a dead trunk would look idle"),
            registration=RegView(state=RegSignal.NOT_USED),
            probe=ProbeView(state=ProbeSignal.UNMONITORED, interval_s=0),
        ),
        unknown_leg("alpha-us@lon-1", groups=("us-outbound",)),
        sbcs=(witnessed_sbc("nyc-1"), unreachable_sbc("lon-1")),
        groups=(
            GroupStatus(
                "us-outbound",
                LegState.DEGRADED,
                Severity.MINOR,
                Safe("1 of 3 legs usable"),
                active=(route("nyc-1", "alpha-us"), route("lon-1", None)),
            ),
        ),
    )
