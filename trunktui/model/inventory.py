"""The fleet as the operator configured it: carriers, accounts, SBCs, trunks and trunk groups."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from msgspec import Struct, field

from trunktui.model.route import Route
from trunktui.model.snmp import SnmpTarget
from trunktui.model.switch import Waits

AUTO = "auto"
"""The platform of an SBC of which the config leaves open what it runs: that is found out there."""


class AuthMode(StrEnum):
    """How a carrier knows us; HYBRID registers and is on an IP allowlist too."""

    REGISTRATION = "registration"
    IP = "ip"
    HYBRID = "hybrid"


class Direction(StrEnum):
    """Which way a trunk carries calls."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"
    BOTH = "both"


class DialMode(StrEnum):
    """How the dial plan dials a trunk: decides whether an unreachable contact stops calls (see health)."""

    AOR = "aor"
    URI = "uri"


class Failover(StrEnum):
    """Who moves a trunk group when its first trunk fails."""

    MANUAL = "manual"
    AUTO = "auto"


class Cap(Struct, frozen=True):
    """Contract ceilings: simultaneous channels, and call attempts per second; None where none is known."""

    channels: int | None = None
    cps: float | None = None


class Carrier(Struct, frozen=True):
    """The company that terminates the calls. `contact` is free text shown in detail and triage."""

    name: str
    upstream: str | None = None
    contact: dict[str, str] = field(default_factory=dict)


class Allowlist(Struct, frozen=True):
    """A carrier's list of our addresses as the config has it, `audited` on the day it was last compared.

    `limit`: entries the carrier allows; `lead_time_s`: how long it takes to add one. None: not told.
    """

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    audited: dt.date | None = None
    limit: int | None = None
    lead_time_s: float | None = None
    max_age_days: int = 92


class Restriction(Struct, frozen=True):
    """That the carrier takes our credential from our addresses only, as it `attested` on that day (None: never)."""

    attested: dt.date | None = None
    max_age_days: int = 365


class Account(Struct, frozen=True):
    """What a carrier bills and caps; trunks that share one name it. None: the config does not tell."""

    name: str
    carrier: str
    cap: Cap = Cap()
    allowlist: Allowlist | None = None
    restriction: Restriction | None = None


class ControlTarget(Struct, frozen=True):
    """A port on an SBC's own loopback at which its software takes requests; reached through the SSH connection.

    `protocol` names what is spoken there (`esl`, `json-rpc`). `secret` is a reference, never the secret itself;
    `path` is the RPC's, where it is reached by HTTP.
    """

    protocol: str
    port: int
    user: str | None = None
    secret: str | None = None
    path: str | None = None


class SshTarget(Struct, frozen=True):
    """How to log in to an SBC. None means: as `~/.ssh/config` or OpenSSH's default says.

    `control` None: its software is asked by commands only.
    """

    host: str
    port: int | None = None
    user: str | None = None
    identity: tuple[str, ...] = ()
    known_hosts: str | None = None
    proxy_jump: str | None = None
    config: str | None = None
    run_as: str | None = None
    control: ControlTarget | None = None

    @property
    def place(self) -> str:
        """Where it leads, in one word: `noc@10.20.0.11:2222`; what the config leaves open is left out."""
        user = f"{self.user}@" if self.user else ""
        return f"{user}{self.host}" + (f":{self.port}" if self.port else "")


class Ha(Struct, frozen=True):
    """The other half of an active/standby pair, and the address that the active half holds (None: not told)."""

    peer: str
    vip: str | None = None


class Sbc(Struct, frozen=True):
    """One box (or instance) that we poll. `ignore` holds glob patterns of native names that are no trunks.

    `snmp` None: it is asked by SSH only. `ha` None: it stands alone.
    """

    name: str
    platform: str
    ssh: SshTarget
    site: str | None = None
    egress_ip: str | None = None
    discover: bool = True
    ignore: tuple[str, ...] = ()
    write: bool = False
    snmp: SnmpTarget | None = None
    ha: Ha | None = None


class NativeNames(Struct, frozen=True):
    """What a leg's parts are called on its SBC; None where it has no such part, or it is not known yet."""

    registration: str | None = None
    endpoint: str | None = None
    aor: str | None = None

    @property
    def all(self) -> tuple[str, ...]:
        """Every name in use, registration first, none twice."""
        names = (self.registration, self.endpoint, self.aor)
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @property
    def main(self) -> str:
        """The name an operator calls it by: the endpoint's, else the AOR's, else the registration's."""
        return self.endpoint or self.aor or self.registration or ""


class Credential(Struct, frozen=True):
    """Whose credential a trunk has and when it was `rotated` last; never the credential.

    `metadata`: a command on this machine that tells the day of the last change. `file`: the file on its SBCs that
    holds the credential.
    """

    username: str | None = None
    rotated: dt.date | None = None
    max_age_days: int = 90
    metadata: tuple[str, ...] = ()
    file: str | None = None


class Binding(Struct, frozen=True):
    """One configured leg: a trunk on an SBC. `name` matches any native name; `native` names each part."""

    trunk: str
    sbc: str
    name: str | None = None
    native: NativeNames | None = None


class Trunk(Struct, frozen=True):
    """One logical path to one carrier; `bindings` are its legs. `dial` None means: not told, so not judged."""

    name: str
    carrier: str | None = None
    account: str | None = None
    auth: AuthMode = AuthMode.REGISTRATION
    direction: Direction = Direction.OUTBOUND
    bindings: tuple[Binding, ...] = ()
    cap: Cap = Cap()
    dial: DialMode | None = None
    protect: bool = False
    enabled: bool = True
    labels: dict[str, str] = field(default_factory=dict)
    credential: Credential | None = None


class Group(Struct, frozen=True):
    """Trunks that carry one outbound service, in order of preference.

    `switch`: how each platform (by its name in the config) is told which of them to use; missing: it is not told.
    """

    name: str
    trunks: tuple[str, ...]
    failover: Failover = Failover.MANUAL
    switch: dict[str, Route] = field(default_factory=dict)


class Limits(Struct, frozen=True):
    """What findings hold settings and days against; a config's `[findings]` table may change each.

    Seconds, days, a share of an allowlist's limit, failures in a row.
    """

    keepalive_min_s: int = 30
    keepalive_max_s: int = 60
    expiry_min_s: int = 60
    expiry_max_s: int = 3600
    credential_warn_days: int = 14
    egress_changed_days: int = 14
    allowlist_near: float = 0.80
    certificate_warn_days: int = 30
    auth_failures: int = 10


class Inventory(Struct, frozen=True):
    """Everything configured. Names are unique within their kind; references between them were checked."""

    carriers: tuple[Carrier, ...] = ()
    accounts: tuple[Account, ...] = ()
    sbcs: tuple[Sbc, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    groups: tuple[Group, ...] = ()
    limits: Limits = Limits()
    waits: Waits = Waits()

    def bindings_on(self, sbc: str) -> tuple[Binding, ...]:
        """Return the configured legs of one SBC, in the config's order."""
        return tuple(b for trunk in self.trunks for b in trunk.bindings if b.sbc == sbc)

    def trunk(self, name: str) -> Trunk | None:
        """Return the trunk called `name`, or None."""
        return next((trunk for trunk in self.trunks if trunk.name == name), None)

    def account(self, name: str | None) -> Account | None:
        """Return the account called `name`, or None."""
        return next((account for account in self.accounts if account.name == name), None)

    def groups_of(self, trunk: str) -> tuple[str, ...]:
        """Return the names of the groups that hold `trunk`."""
        return tuple(group.name for group in self.groups if trunk in group.trunks)
