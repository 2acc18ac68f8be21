"""The numbered cases that take several trunks or SBCs: groups and the room on the next trunk, pairs, parts, restarts."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from tests.health.natives import PROFILE, Told, plain
from tests.health.scenes import START, Says, Trunks, play
from trunktui.model.health import Thresholds
from trunktui.model.inventory import (
    Account,
    AuthMode,
    Binding,
    Cap,
    Carrier,
    DialMode,
    Group,
    Ha,
    Inventory,
    Sbc,
    SshTarget,
    Trunk,
)
from trunktui.model.link import LinkError, SshState
from trunktui.model.snapshot import GroupStatus, LegStatus, SbcStatus, Snapshot
from trunktui.model.text import Safe
from trunktui.poll.fleet import Fleet

VIP = "10.20.0.10"


class FleetCase(Struct, frozen=True):
    """A story of a fleet, and what is said at its end of a leg, of `sbc NAME` or of `group NAME`, in that order."""

    number: str
    story: Callable[[], Snapshot]
    wanted: dict[str, tuple[str, str, str]]


def fleet(
    *sbcs: str,
    trunks: dict[str, int | None],
    upstreams: dict[str, str] | None = None,
    accounts: tuple[Account, ...] = (),
    ha: Ha | None = None,
) -> Fleet:
    """Return a fleet of trunks (with their caps) on every SBC, all in one group; the first of a pair has `ha`."""
    networks = upstreams or {}
    return Fleet(
        Inventory(
            carriers=tuple(Carrier(name, networks.get(name)) for name in trunks),
            accounts=accounts,
            sbcs=tuple(
                Sbc(
                    name,
                    "asterisk",
                    SshTarget("10.0.0.1"),
                    ha=None if ha is None else ha if name != ha.peer else Ha(sbcs[0], ha.vip),
                )
                for name in sbcs
            ),
            trunks=tuple(
                Trunk(
                    name,
                    carrier=name,
                    account=accounts[0].name if accounts else None,
                    auth=AuthMode.IP,
                    dial=DialMode.AOR,
                    cap=Cap(channels=cap),
                    bindings=tuple(Binding(name, sbc, name=name) for sbc in sbcs),
                )
                for name, cap in trunks.items()
            ),
            groups=(Group("us", tuple(trunks)),),
        ),
        Thresholds(),
        30.0,
    )


def say(to: Fleet, second: float, **told: Told) -> None:
    """Let SBCs (`sbc_1`) answer at a second after START, and judge."""
    for name, says in told.items():
        sbc = name.replace("_", "-")
        to.answered(sbc, says.observation(START + second))
        to.record(sbc).settings_done = True
    to.snapshot(START + second)


def primary_dies(cap: int | None, busy: int, upstreams: dict[str, str] | None = None) -> Snapshot:
    """Return a group whose primary dies with 90 channels at its peak; its secondary has `busy` of `cap`."""
    found = fleet("sbc-1", trunks={"alpha": 200, "beta": cap}, upstreams=upstreams)
    for n, calls in enumerate((60, 90, 40)):
        say(found, 30 * n, sbc_1=Told((plain("alpha", calls=calls), plain("beta", calls=busy))))
    for n in range(3, 6):
        say(found, 30 * n, sbc_1=Told((plain("alpha", alive=False), plain("beta", calls=busy))))
    return found.snapshot(START + 150)


def all_die() -> Snapshot:
    found = fleet("sbc-1", trunks={"alpha": 200, "beta": 300})
    say(found, 0, sbc_1=Told((plain("alpha", calls=4), plain("beta"))))
    say(found, 30, sbc_1=Told((plain("alpha", alive=False), plain("beta", alive=False))))
    return found.snapshot(START + 30)


def account_at_its_cap(second_known: bool) -> Snapshot:
    accounts = (Account("acme-us", "alpha", Cap(channels=200)),)
    found = fleet("sbc-1", "sbc-2", trunks={"alpha": None}, accounts=accounts)
    told = {"sbc_1": Told((plain("alpha", calls=110 if second_known else 198),))}
    if second_known:
        told["sbc_2"] = Told((plain("alpha", calls=95),))
    say(found, 0, **told)
    return found.snapshot(START)


def profile_restarts(tells: bool) -> Snapshot:
    found = fleet("sbc-1", trunks={"alpha": None, "beta": None, "gamma": None})
    gone = [plain(name, part=PROFILE) for name in ("alpha", "beta")]
    stays = plain("gamma", part=Safe("profile internal"))
    say(found, 0, sbc_1=Told((*gone, stays)))
    parts = (Safe("profile internal"),) if tells else None
    for second in (27, 100):
        say(found, second, sbc_1=Told((stays,), parts=parts))
    return found.snapshot(START + 100)


def pair(*looks: tuple[float, bool | None, bool | None]) -> Snapshot:
    """Return a pair of SBCs after looks at (second, sbc-1 holds the address, sbc-2 does); None: not readable."""

    def half(holds: bool | None, own: str) -> Told:
        addresses = None if holds is None else (own, VIP) if holds else (own,)
        return Told((plain("alpha", alive=bool(holds)),), addresses=addresses)

    found = fleet("sbc-1", "sbc-2", trunks={"alpha": None}, ha=Ha("sbc-2", VIP))
    for second, first, other in looks:
        say(found, second, sbc_1=half(first, "10.20.0.11"), sbc_2=half(other, "10.20.0.12"))
    return found.snapshot(START + looks[-1][0])


def switch_between_two_polls() -> Snapshot:
    """The address moves after sbc-1 was asked and before sbc-2 is: both seem to hold it, for one poll."""
    found = fleet("sbc-1", "sbc-2", trunks={"alpha": None}, ha=Ha("sbc-2", VIP))
    held, free = Told((plain("alpha"),), addresses=(VIP,)), Told((plain("alpha", alive=False),), addresses=())
    say(found, 0, sbc_1=held, sbc_2=free)
    say(found, 15, sbc_2=held)
    return found.snapshot(START + 15)


def box_is_lost() -> Snapshot:
    found = fleet("sbc-1", trunks={f"trunk-{n:02}": None for n in range(14)})
    say(found, 0, sbc_1=Told(tuple(plain(f"trunk-{n:02}") for n in range(14))))
    found.failed("sbc-1", LinkError(SshState.UNREACHABLE, Safe("no route to 10.0.0.1")), START + 120)
    return found.snapshot(START + 120)


def restarts_again_and_again() -> Snapshot:
    restart = Says(reg="Unregistered 40", contacts=("NonQual",), uptime=10)
    return play(
        Trunks(auth=AuthMode.REGISTRATION), [(0, Says()), (60, restart), (110, restart), (160, restart)]
    )


FLEETS = [
    FleetCase(
        "10e the last routable leg of its group",
        all_die,
        {
            "alpha@sbc-1": (
                "down",
                "critical",
                "unreachable: 198.51.100.21:5060: Asterisk now refuses calls on this AOR (cause 3); one missed OPTIONS is enough with this config",
            ),
            "group us": ("down", "critical", "no path: all 2 legs are down"),
        },
    ),
    FleetCase(
        "38 an SBC is lost: one alarm",
        box_is_lost,
        {
            "trunk-00@sbc-1": (
                "unknown",
                "indeterminate",
                "sbc-1 is not polled; was up: no route to 10.0.0.1",
            ),
            "sbc sbc-1": (
                "unknown",
                "critical",
                "not polled, 14 legs unknown; last answer 2 m ago: no route to 10.0.0.1",
            ),
            "group us": ("unknown", "indeterminate", "no leg is known to work: 0 down, 14 unknown"),
        },
    ),
    FleetCase(
        "39 the primary dies, the secondary has room",
        lambda: primary_dies(300, 88),
        {
            "alpha@sbc-1": (
                "down",
                "major",
                "unreachable for 1 m: 198.51.100.21:5060: Asterisk now refuses calls on this AOR (cause 3); one missed OPTIONS is enough with this config",
            ),
            "group us": (
                "degraded",
                "major",
                "primary alpha is out; beta is next: 212 free of 300, load was 90",
            ),
        },
    ),
    FleetCase(
        "39b ... too little room",
        lambda: primary_dies(300, 246),
        {
            "group us": (
                "degraded",
                "critical",
                "primary alpha is out; beta takes 60 % of its load: 54 free of 300, load was 90",
            )
        },
    ),
    FleetCase(
        "39c ... nobody knows how much room",
        lambda: primary_dies(None, 20),
        {
            "group us": (
                "degraded",
                "major",
                "primary alpha is out; beta is next, its cap is not known (load was 90)",
            )
        },
    ),
    FleetCase(
        "39d ... and is on the same network",
        lambda: primary_dies(300, 88, {"alpha": "net-1", "beta": "net-1"}),
        {
            "group us": (
                "degraded",
                "critical",
                "primary alpha is out; beta is on the same network net-1: no alternative",
            )
        },
    ),
    FleetCase(
        "49 an SBC restarts",
        lambda: play(
            Trunks(auth=AuthMode.REGISTRATION),
            [(0, Says()), (30, Says(reg="Unregistered 4", contacts=("NonQual",), uptime=6))],
        ),
        {
            "carrier-a@sbc-1": ("unknown", "indeterminate", "sbc-1 restarted 6 s ago; first REGISTER in 4 s"),
            "sbc sbc-1": ("degraded", "warning", "restarted 6 s ago"),
        },
    ),
    FleetCase(
        "53 an account over its cap on two SBCs",
        lambda: account_at_its_cap(True),
        {
            "alpha@sbc-1": (
                "degraded",
                "minor",
                "account acme-us over its cap: 205 of 200 channels over 2 SBCs; further calls will be refused by the carrier",
            ),
            "alpha@sbc-2": (
                "degraded",
                "minor",
                "account acme-us over its cap: 205 of 200 channels over 2 SBCs; further calls will be refused by the carrier",
            ),
        },
    ),
    FleetCase(
        "53b ... one of them not known",
        lambda: account_at_its_cap(False),
        {
            "alpha@sbc-1": (
                "degraded",
                "minor",
                "account acme-us at its cap: at least 198 of 200 channels over 2 SBCs; further calls will be refused by the carrier",
            )
        },
    ),
    FleetCase(
        "56 a profile restarts",
        lambda: profile_restarts(True),
        {
            "alpha@sbc-1": (
                "unknown",
                "indeterminate",
                "profile external is restarting or not loaded on sbc-1; was up",
            ),
            "gamma@sbc-1": ("up", "none", "OPTIONS 20 ms; 0 channels"),
            "sbc sbc-1": (
                "degraded",
                "major",
                "profile external is restarting or not loaded: 2 legs unknown",
            ),
        },
    ),
    FleetCase(
        "56b ... on an SBC that does not tell",
        lambda: profile_restarts(False),
        {
            "beta@sbc-1": (
                "unknown",
                "indeterminate",
                "profile external is restarting or not loaded on sbc-1; was up",
            ),
            "sbc sbc-1": (
                "degraded",
                "major",
                "profile external is restarting or not loaded: 2 legs unknown",
            ),
        },
    ),
    FleetCase(
        "57 restarts again and again",
        restarts_again_and_again,
        {
            "carrier-a@sbc-1": (
                "down",
                "major",
                "unregistered outside this tool (an old timer still shows 40 s); it does not come back by itself: re-register to resume",
            ),
            "sbc sbc-1": ("degraded", "critical", "restarted 3 times in 1 m 50 s: restart loop?"),
        },
    ),
    FleetCase(
        "a pair, one half stands by",
        lambda: pair((0, True, False)),
        {
            "alpha@sbc-1": ("up", "none", "OPTIONS 20 ms; 0 channels"),
            "alpha@sbc-2": (
                "standby",
                "none",
                "standby: sbc-1 holds 10.20.0.10; takes over when sbc-2 gets it",
            ),
            "sbc sbc-1": ("up", "none", "answering"),
            "sbc sbc-2": ("up", "none", "standby, sbc-1 holds 10.20.0.10"),
            "group us": ("up", "none", "its one leg is up; others stand by or are off"),
        },
    ),
    FleetCase(
        "a pair, nobody holds the address",
        lambda: pair((0, True, False), (30, False, False), (60, False, False)),
        {
            "sbc sbc-1": (
                "degraded",
                "critical",
                "nobody holds 10.20.0.10, neither it nor sbc-2: calls to it reach no SBC",
            )
        },
    ),
    FleetCase(
        "a pair, both hold the address",
        lambda: pair((0, True, True), (30, True, True)),
        {
            "sbc sbc-1": (
                "degraded",
                "critical",
                "both hold 10.20.0.10, it and sbc-2: calls reach either, registrations displace each other",
            )
        },
    ),
    FleetCase(
        "a pair that switches between two polls",
        switch_between_two_polls,
        {
            "alpha@sbc-1": (
                "standby",
                "none",
                "standby: sbc-2 holds 10.20.0.10; takes over when sbc-1 gets it",
            ),
            "alpha@sbc-2": ("up", "none", "OPTIONS 20 ms; 0 channels"),
            "sbc sbc-1": ("up", "none", "standby, sbc-2 holds 10.20.0.10"),
            "sbc sbc-2": ("up", "none", "answering"),
        },
    ),
    FleetCase(
        "a pair whose addresses nobody can read",
        lambda: pair((0, True, None)),
        {
            "alpha@sbc-2": (
                "down",
                "major",
                "unreachable: 198.51.100.21:5060: Asterisk now refuses calls on this AOR (cause 3); one missed OPTIONS is enough with this config",
            ),
            "sbc sbc-2": ("up", "none", "answering; who holds 10.20.0.10 is not known"),
        },
    ),
]


def said(snapshot: Snapshot, subject: str) -> tuple[str, str, str]:
    """Return the state, severity and sentence of a leg, of `sbc NAME` or of `group NAME`."""
    found: dict[str, LegStatus | SbcStatus | GroupStatus] = {leg.id: leg for leg in snapshot.legs}
    found |= {f"sbc {sbc.name}": sbc for sbc in snapshot.sbcs}
    found |= {f"group {group.name}": group for group in snapshot.groups}
    one = found[subject]
    return one.state.value, one.severity.value, one.reason
