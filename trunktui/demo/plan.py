"""What the simulated fleet consists of: carriers, accounts with caps, SBCs at their sites, trunks, groups.

`newcomers_fleet` is what `trunktui demo` shows; `uniform_fleet` is any number of SBCs with as many legs, for
measuring.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from trunktui.demo.tempo import chance
from trunktui.model.route import Mechanism, Route


class CarrierPlan(Struct, frozen=True):
    """A carrier. `domain` is where its gateways are; `rtt_ms` the usual round trip to them."""

    name: str
    domain: str
    rtt_ms: float
    upstream: str


class AllowlistPlan(Struct, frozen=True):
    """What a carrier's allowlist of us holds, compared so many days ago; the most entries, and how long one takes."""

    ips: tuple[str, ...]
    audited_days: int
    limit: int
    lead_time: str


class AccountPlan(Struct, frozen=True):
    """What a carrier caps: `channels` at one time over every leg of the trunks that name it.

    `allowlist` None: nobody wrote it down. `attested_days` ago the carrier confirmed to take us from our addresses
    only; None: that was never agreed.
    """

    name: str
    carrier: str
    channels: int
    allowlist: AllowlistPlan | None = None
    attested_days: int | None = None


class SnmpPlan(Struct, frozen=True):
    """An SBC's SNMP agent: version 3 with `auth` and `privacy` by the config's words, 2c without them.

    `extend` names the scripts that it publishes.
    """

    auth: str | None = None
    privacy: str | None = None
    extend: tuple[str, ...] = ()


class SbcPlan(Struct, frozen=True):
    """One SBC. `up_days` is how long its Asterisk had been running when the simulation began.

    `snmp` None: nobody installed an agent there. `write`: its operators may act on it. `inside`: its own address
    behind a NAT, which it knows from a STUN server; None: carriers see its own. `platform`: whose words it speaks.
    """

    name: str
    site: str
    egress_ip: str
    up_days: float
    version: str = "22.10.1"
    snmp: SnmpPlan | None = None
    write: bool = False
    inside: str | None = None
    platform: str = "asterisk"


class TrunkPlan(Struct, frozen=True):
    """One trunk on some SBCs. `hosts` are the carrier's gateways (each a contact), `registers` if it does so.

    Seconds are those of speed 1. `unprobed` names the SBCs whose administrator never switched OPTIONS on.
    """

    name: str
    carrier: str
    account: str
    auth: str
    sbcs: tuple[str, ...]
    hosts: tuple[str, ...]
    inbound: bool = False
    expires_s: float = 600.0
    qualify_s: float = 30.0
    unprobed: tuple[str, ...] = ()
    protect: bool = False

    @property
    def registers(self) -> bool:
        """Whether it registers at the carrier."""
        return self.auth in {"registration", "hybrid"}


class GroupPlan(Struct, frozen=True):
    """A trunk group: trunks in order of preference. `lines` is the most calls an SBC that has the first has.

    `switch`: where each platform is told which of them to use; none: the SBCs go by what they believe in. Nobody has
    set it yet on the SBCs in `unset`.
    """

    name: str
    trunks: tuple[str, ...]
    lines: int
    switch: Mapping[str, Route] = MappingProxyType({})
    unset: tuple[str, ...] = ()


class FleetPlan(Struct, frozen=True):
    """The whole fleet; names are unique within their kind.

    `changed_days` ago the credential of each trunk named there was changed; of others nobody wrote it down.
    """

    carriers: tuple[CarrierPlan, ...]
    accounts: tuple[AccountPlan, ...]
    sbcs: tuple[SbcPlan, ...]
    trunks: tuple[TrunkPlan, ...]
    groups: tuple[GroupPlan, ...]
    changed_days: Mapping[str, int] = MappingProxyType({})

    def on(self, sbc: str) -> tuple[TrunkPlan, ...]:
        """Return the trunks of one SBC."""
        return tuple(trunk for trunk in self.trunks if sbc in trunk.sbcs)

    def trunk(self, name: str) -> TrunkPlan:
        """Return the trunk called `name`; raises KeyError."""
        return {trunk.name: trunk for trunk in self.trunks}[name]

    def carrier(self, name: str) -> CarrierPlan:
        """Return the carrier called `name`; raises KeyError."""
        return {carrier.name: carrier for carrier in self.carriers}[name]

    @property
    def legs(self) -> tuple[str, ...]:
        """The ids of all legs, `trunk@sbc`."""
        return tuple(f"{trunk.name}@{sbc}" for trunk in self.trunks for sbc in trunk.sbcs)


NYC, LON, SGP = ("nyc-1", "nyc-2"), ("lon-1", "lon-2"), ("sgp-1", "sgp-2")
EVERYWHERE = NYC + LON + SGP

_V2C = SnmpPlan()
_V3 = SnmpPlan("SHA-256", "AES-128", ("tls-cert",))
_V3_LONG = SnmpPlan("SHA-512", "AES-256", ("tls-cert", "ast-chans"))


_ALPHA_LIST = AllowlistPlan(("198.51.100.11", "198.51.100.21", "198.51.100.22", "198.51.100.99"), 40, 5, "3d")
"""Lacks nyc-2, and still holds an address that no SBC has."""

_EUROPE_LIST = AllowlistPlan(("198.51.100.0/27",), 40, 5, "3d")
_BRAVO_LIST = AllowlistPlan(("198.51.100.0/26",), 120, 20, "4h")
_CHANGED_DAYS = {
    "alpha-us": 212,
    "alpha-eu": 81,
    "bravo-eu": 20,
    "bravo-uk-premium-rate": 20,
    "charlie-apac": 44,
    "delta-retail": 67,
}
_DELTA_LIST = AllowlistPlan(("198.51.100.11", "198.51.100.12", "198.51.100.32"), 12, 10, "1d")


def newcomers_fleet(*, snmp: bool = True) -> FleetPlan:
    """Return the fleet of `trunktui demo`: 6 SBCs at 3 sites, 4 carriers, 42 legs; `snmp`: agents on all but one."""
    fleet = _newcomers_fleet()
    return fleet if snmp else replace(fleet, sbcs=tuple(replace(sbc, snmp=None) for sbc in fleet.sbcs))


def _newcomers_fleet() -> FleetPlan:
    return FleetPlan(
        carriers=(
            CarrierPlan("alpha", "alpha.example.net", 18.0, "net-1"),
            CarrierPlan("bravo", "bravo.example.net", 31.0, "net-2"),
            CarrierPlan("charlie", "charlie.example.org", 47.0, "net-3"),
            CarrierPlan("delta", "delta.example.org", 64.0, "net-2"),
        ),
        accounts=(
            AccountPlan("alpha-voice", "alpha", 240, _ALPHA_LIST, attested_days=31),
            AccountPlan("alpha-europe", "alpha", 24, _EUROPE_LIST),
            AccountPlan("bravo-voice", "bravo", 300, _BRAVO_LIST),
            AccountPlan("charlie-overflow", "charlie", 400),
            AccountPlan("delta-retail", "delta", 40),
            AccountPlan("delta-wholesale", "delta", 90, _DELTA_LIST, attested_days=400),
        ),
        sbcs=(
            SbcPlan("nyc-1", "nyc", "198.51.100.11", 41.3, snmp=_V3, write=True),
            SbcPlan("nyc-2", "nyc", "198.51.100.12", 41.2, snmp=_V3_LONG, write=True, inside="10.21.0.12"),
            SbcPlan("lon-1", "lon", "198.51.100.21", 12.8, snmp=_V3, write=True),
            SbcPlan("lon-2", "lon", "198.51.100.22", 87.1, snmp=_V2C, write=True),
            SbcPlan("sgp-1", "sgp", "198.51.100.31", 203.6, "5.6.3", _V3, write=True, platform="kamailio"),
            SbcPlan("sgp-2", "sgp", "198.51.100.32", 5.4, "1.10.12-release", platform="freeswitch"),
        ),
        trunks=_trunks(),
        groups=_groups(),
        changed_days=_CHANGED_DAYS,
    )


def _groups() -> tuple[GroupPlan, ...]:
    """Return the groups; most are told which trunk to use, in every kind of place there is."""
    return (
        GroupPlan(
            "us-outbound",
            ("bravo-us", "alpha-us", "charlie-world", "delta-retail"),
            22,
            {"asterisk": Route(Mechanism.ASTDB, "trunk/us-outbound")},
        ),
        GroupPlan(
            "eu-outbound",
            ("bravo-eu", "alpha-eu", "charlie-world"),
            18,
            {"asterisk": Route(Mechanism.GLOBAL, "EU_OUTBOUND")},
        ),
        GroupPlan(
            "apac-outbound",
            ("charlie-apac", "bravo-us", "charlie-world"),
            16,
            {
                "freeswitch": Route(Mechanism.DB, "trunk/apac-outbound"),
                "kamailio": Route(Mechanism.DISPATCHER, "10"),
            },
        ),
        GroupPlan(
            "retail",
            ("delta-retail", "charlie-world"),
            5,
            {"freeswitch": Route(Mechanism.HASH, "trunk/retail")},
        ),
        GroupPlan(
            "latam-outbound",
            ("delta-latam", "charlie-world"),
            6,
            {
                "asterisk": Route(Mechanism.ASTDB, "trunk/latam-outbound"),
                "freeswitch": Route(Mechanism.DISTRIBUTOR, "latam"),
            },
            unset=("nyc-2",),
        ),
        GroupPlan("toll-free", ("charlie-tollfree",), 7),
        GroupPlan("emergency", ("alpha-911",), 0, {"asterisk": Route(Mechanism.ASTDB, "trunk/emergency")}),
    )


def _trunks() -> tuple[TrunkPlan, ...]:
    return (*_trunks_of_the_great(), *_trunks_of_the_others())


def _trunks_of_the_great() -> tuple[TrunkPlan, ...]:
    east = ("192.0.2.10:5060",)
    return (
        TrunkPlan("alpha-us", "alpha", "alpha-voice", "registration", EVERYWHERE, east, expires_s=90.0),
        TrunkPlan("alpha-eu", "alpha", "alpha-europe", "hybrid", NYC + LON, ("192.0.2.12:5060",)),
        TrunkPlan(
            "alpha-911",
            "alpha",
            "alpha-voice",
            "ip",
            NYC,
            ("192.0.2.19:5060",),
            unprobed=("nyc-2",),
            protect=True,
        ),
        TrunkPlan("bravo-us", "bravo", "bravo-voice", "ip", EVERYWHERE, ("203.0.113.20:5060",)),
        TrunkPlan(
            "bravo-eu", "bravo", "bravo-voice", "registration", (*LON, "nyc-1"), ("203.0.113.24:5060",)
        ),
    )


def _trunks_of_the_others() -> tuple[TrunkPlan, ...]:
    return (
        TrunkPlan(
            "charlie-world",
            "charlie",
            "charlie-overflow",
            "ip",
            EVERYWHERE,
            ("203.0.113.130:5060", "203.0.113.131:5060"),
        ),
        TrunkPlan("charlie-apac", "charlie", "charlie-overflow", "hybrid", SGP, ("203.0.113.140:5060",)),
        TrunkPlan(
            "charlie-tollfree",
            "charlie",
            "charlie-overflow",
            "registration",
            (*NYC, *SGP),
            ("toll-free.gw1.charlie.example.org:5060",),
            inbound=True,
        ),
        TrunkPlan(
            "delta-retail", "delta", "delta-retail", "registration", (*LON, *SGP), ("192.0.2.140:5060",)
        ),
        TrunkPlan("delta-latam", "delta", "delta-wholesale", "ip", (*NYC, "sgp-2"), ("192.0.2.144:5060",)),
        TrunkPlan("bravo-uk-premium-rate", "bravo", "bravo-voice", "hybrid", LON, ("203.0.113.28:5060",)),
    )


def uniform_fleet(sbcs: int, legs: int, *, snmp: bool = False) -> FleetPlan:
    """Return `sbcs` SBCs at ten sites with `legs` trunks each, every other one registering; for measuring.

    `snmp`: each has an agent, of version 3.
    """
    names = tuple(f"sbc-{n:03}" for n in range(sbcs))
    carriers = tuple(
        CarrierPlan(f"carrier-{n}", f"c{n}.example.net", 15.0 + 7.0 * n, f"net-{n}") for n in range(4)
    )
    trunks = tuple(
        TrunkPlan(
            f"trunk-{n:02}",
            f"carrier-{n % 4}",
            f"account-{n % 4}",
            "registration" if n % 2 else "ip",
            names,
            (f"192.0.2.{n + 10}:5060",),
        )
        for n in range(legs)
    )
    return FleetPlan(
        carriers=carriers,
        accounts=tuple(AccountPlan(f"account-{n}", f"carrier-{n}", 20 * sbcs) for n in range(4)),
        sbcs=tuple(
            SbcPlan(
                name,
                f"site-{n % 10}",
                f"198.51.100.{n % 250 + 1}",
                1 + 200 * chance("up", name),
                snmp=_V3 if snmp else None,
            )
            for n, name in enumerate(names)
        ),
        trunks=trunks,
        groups=tuple(
            GroupPlan(f"group-{n}", tuple(t.name for t in trunks[n::4]), 12) for n in range(4) if trunks[n::4]
        ),
    )
