"""The config file as types: one class per table, one field per key. `config.example.toml` documents each.

A kind in `extra` names a rule of `words` that the text must keep; units are in the names or in that rule.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from trunktui.model.health import Thresholds
from trunktui.model.inventory import AuthMode, DialMode, Direction, Failover, Limits
from trunktui.model.switch import Waits

Name = Annotated[str, Meta(extra={"kind": "name"})]
Words = Annotated[str, Meta(extra={"kind": "words"})]
Duration = Annotated[str, Meta(extra={"kind": "duration"})]
SecretRef = Annotated[str, Meta(extra={"kind": "secret"})]
Address = Annotated[str, Meta(extra={"kind": "address"})]
Network = Annotated[str, Meta(extra={"kind": "network"})]
Host = Annotated[str, Meta(extra={"kind": "host"})]
Login = Annotated[str, Meta(extra={"kind": "login"})]
Size = Annotated[str, Meta(extra={"kind": "size"})]
RemoteFile = Annotated[str, Meta(extra={"kind": "remote_file"})]
FilePath = Annotated[str, Meta(extra={"kind": "words"})]
Count = Annotated[int, Meta(gt=0)]
Rate = Annotated[float, Meta(gt=0)]
Port = Annotated[int, Meta(ge=1, le=65535)]


class CapTable(Struct, frozen=True):
    """`cap`: contract ceilings."""

    channels: Count | None = None
    cps: Rate | None = None


class AllowlistTable(Struct, frozen=True):
    """`account.allowlist`: the carrier's list of our addresses. `audited` is the day it was last compared."""

    ips: tuple[Network, ...] = ()
    audited: dt.date | None = None
    limit: Count | None = None
    lead_time: Duration | None = None
    max_age: Duration = "92d"


class RestrictionTable(Struct, frozen=True):
    """`account.restriction`: the day on which the carrier attested that it takes us from our addresses only."""

    attested: dt.date | None = None
    max_age: Duration = "365d"


class CarrierTable(Struct, frozen=True):
    """`[[carrier]]`."""

    name: Name
    upstream: Words | None = None
    contact: dict[str, Words] = field(default_factory=dict)


class AccountTable(Struct, frozen=True):
    """`[[account]]`."""

    name: Name
    carrier: str
    cap: CapTable = CapTable()
    allowlist: AllowlistTable | None = None
    restriction: RestrictionTable | None = None


class HaTable(Struct, frozen=True):
    """`sbc.ha`: the other half of an active/standby pair."""

    peer: str
    vip: Address | None = None


class SshTable(Struct, frozen=True):
    """`[sbc.ssh]`: each key beats what `~/.ssh/config` says."""

    user: Login | None = None
    port: Port | None = None
    identity: FilePath | tuple[FilePath, ...] = ()
    known_hosts: FilePath | None = None
    proxy_jump: Host | None = None
    config: FilePath | None = None
    run_as: Login | None = None


class SnmpAuthTable(Struct, frozen=True):
    """`sbc.snmp.auth`."""

    protocol: Literal["MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512"]
    secret: SecretRef


class SnmpPrivacyTable(Struct, frozen=True):
    """`sbc.snmp.privacy`."""

    protocol: Literal["DES", "AES-128", "AES-192", "AES-256", "AES-192-C", "AES-256-C"]
    secret: SecretRef


class SnmpTable(Struct, frozen=True):
    """`[sbc.snmp]`. `host` is the SBC's where it is left out; it must be an address or a name, no SSH alias."""

    host: Host | None = None
    port: Port = 161
    version: Literal["2c", "3"] = "3"
    community: SecretRef | None = None
    user: Words | None = None
    auth: SnmpAuthTable | None = None
    privacy: SnmpPrivacyTable | None = None
    extend: tuple[Words, ...] = ()


class EslTable(Struct, frozen=True):
    """`[sbc.esl]`: FreeSWITCH's event socket on the SBC's own loopback, reached through SSH."""

    password: SecretRef
    port: Port = 8021
    user: Words | None = None


class JsonRpcTable(Struct, frozen=True):
    """`[sbc.jsonrpc]`: Kamailio's JSON-RPC by HTTP on the SBC's own loopback, reached through SSH."""

    port: Port
    path: Words = "/RPC"


class SbcTable(Struct, frozen=True):
    """`[[sbc]]`."""

    name: Name
    host: Host
    platform: Words = "auto"
    site: Words | None = None
    egress_ip: Address | None = None
    discover: bool = True
    ignore: tuple[Words, ...] = ()
    write: bool = False
    ha: HaTable | None = None
    ssh: SshTable = SshTable()
    snmp: SnmpTable | None = None
    esl: EslTable | None = None
    jsonrpc: JsonRpcTable | None = None


class NativeTable(Struct, frozen=True):
    """What the parts of a leg are called on one SBC."""

    registration: Words | None = None
    endpoint: Words | None = None
    aor: Words | None = None


class CredentialTable(Struct, frozen=True):
    """`trunk.credential`: whose credential it is and when it was last changed; never the credential.

    `metadata` is a command on this machine, its words one by one; `file` a path on the SBC.
    """

    username: Words | None = None
    rotated: dt.date | None = None
    max_age: Duration = "90d"
    metadata: tuple[Words, ...] = ()
    file: RemoteFile | None = None


class TrunkTable(Struct, frozen=True):
    """`[[trunk]]`. `sbcs` is a list of SBCs, or a table from SBC to the trunk's name or parts there."""

    name: Name
    sbcs: tuple[str, ...] | dict[str, Words | NativeTable]
    carrier: str | None = None
    account: str | None = None
    auth: AuthMode = AuthMode.REGISTRATION
    direction: Direction = Direction.OUTBOUND
    cap: CapTable = CapTable()
    credential: CredentialTable | None = None
    dial: DialMode | None = None
    protect: bool = False
    enabled: bool = True
    labels: dict[str, Words] = field(default_factory=dict)


class AsteriskSwitchTable(Struct, frozen=True):
    """`group.switch.asterisk`, one of: the AstDB key (`family/key`), the global variable that the dial plan reads."""

    astdb: Words | None = None
    variable: Words | None = field(name="global", default=None)


class FreeswitchSwitchTable(Struct, frozen=True):
    """`group.switch.freeswitch`, one of: a key of mod_db or mod_hash (`realm/key`), a global variable, a distributor's list."""

    db: Words | None = None
    hash: Words | None = None
    variable: Words | None = field(name="global", default=None)
    distributor: Words | None = None


class KamailioSwitchTable(Struct, frozen=True):
    """`group.switch.kamailio`: the dispatcher set that is used."""

    dispatcher_set: Count


class SwitchTable(Struct, frozen=True):
    """`[group.switch]`: where the SBCs of each platform are told which trunk of the group to use."""

    asterisk: AsteriskSwitchTable | None = None
    freeswitch: FreeswitchSwitchTable | None = None
    kamailio: KamailioSwitchTable | None = None


class GroupTable(Struct, frozen=True):
    """`[[group]]`."""

    name: Name
    trunks: tuple[str, ...]
    failover: Failover = Failover.MANUAL
    switch: SwitchTable | None = None


class PollTable(Struct, frozen=True):
    """`[poll]`: `connections` is how many SBCs are being logged in to at any one time."""

    interval: Duration = "30s"
    connections: Annotated[int, Meta(ge=1, le=64)] = 5


class UiTable(Struct, frozen=True):
    """`[ui]`: left out, the screen finds out by itself."""

    theme: Words | None = None
    ascii: bool | None = None


class HistoryTable(Struct, frozen=True):
    """`[history]`: whether, for how many days and in how many bytes the past is kept."""

    enabled: bool = True
    days: Annotated[int, Meta(ge=1, le=3650)] = 30
    size: Size = "200MB"


class Document(Struct, frozen=True):
    """The whole file. `health`, `findings` and `switch` change single numbers; `syslog`: whether the audit log is told there too."""

    poll: PollTable = PollTable()
    health: Thresholds = Thresholds()
    findings: Limits = Limits()
    switch: Waits = Waits()
    ui: UiTable = UiTable()
    history: HistoryTable = HistoryTable()
    state: FilePath | None = None
    syslog: bool = True
    carrier: tuple[CarrierTable, ...] = ()
    account: tuple[AccountTable, ...] = ()
    sbc: tuple[SbcTable, ...] = ()
    trunk: tuple[TrunkTable, ...] = ()
    group: tuple[GroupTable, ...] = ()
