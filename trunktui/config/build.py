"""Turns a sound config document into the inventory, and says what of it has no effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path

from msgspec import structs

from trunktui.config import switches
from trunktui.config.files import expand
from trunktui.config.rules import DAY_S, resolved_platform
from trunktui.config.schema import (
    AccountTable,
    AllowlistTable,
    CapTable,
    CredentialTable,
    Document,
    NativeTable,
    SbcTable,
    SnmpTable,
    SshTable,
    TrunkTable,
)
from trunktui.config.words import seconds
from trunktui.model.inventory import (
    Account,
    Allowlist,
    Binding,
    Cap,
    Carrier,
    ControlTarget,
    Credential,
    Group,
    Ha,
    Inventory,
    NativeNames,
    Restriction,
    Sbc,
    SshTarget,
    Trunk,
)
from trunktui.model.snmp import SnmpKey, SnmpTarget


def inventory(document: Document, folder: Path, env: Mapping[str, str]) -> Inventory:
    """Return the fleet of `document`; relative paths in it start at `folder`, `~` is `$HOME`."""
    owners = {account.name: account.carrier for account in document.account}
    return Inventory(
        carriers=tuple(
            Carrier(name=c.name, upstream=c.upstream, contact=c.contact) for c in document.carrier
        ),
        accounts=tuple(_account(table) for table in document.account),
        sbcs=_paired(tuple(_sbc(table, folder, env) for table in document.sbc)),
        trunks=tuple(_trunk(table, owners) for table in document.trunk),
        groups=tuple(
            Group(name=g.name, trunks=g.trunks, failover=g.failover, switch=switches.routes(g))
            for g in document.group
        ),
        limits=document.findings,
        waits=document.switch,
    )


def notes(document: Document) -> tuple[str, ...]:
    """Return one line for each thing that is set and has no effect."""
    return tuple(_notes(document))


def _notes(document: Document) -> Iterator[str]:
    if not document.sbc:
        yield "no [[sbc]] is configured: there is nothing to poll"
    for sbc in document.sbc:
        if sbc.ha is not None and sbc.ha.vip is None:
            yield f"sbc {sbc.name}: ha without a vip: which half is active cannot be told"
    yield from switches.notes(document)


def _account(table: AccountTable) -> Account:
    restriction = table.restriction
    return Account(
        name=table.name,
        carrier=table.carrier,
        cap=_cap(table.cap),
        allowlist=_allowlist(table.allowlist) if table.allowlist is not None else None,
        restriction=Restriction(restriction.attested, _days(restriction.max_age)) if restriction else None,
    )


def _allowlist(table: AllowlistTable) -> Allowlist:
    return Allowlist(
        networks=tuple(ip_network(text) for text in table.ips),
        audited=table.audited,
        limit=table.limit,
        lead_time_s=seconds(table.lead_time) if table.lead_time is not None else None,
        max_age_days=_days(table.max_age),
    )


def _credential(table: CredentialTable) -> Credential:
    return Credential(table.username, table.rotated, _days(table.max_age), table.metadata, table.file)


def _days(text: str) -> int:
    return int((seconds(text) or 0) // DAY_S)


def _cap(table: CapTable) -> Cap:
    return Cap(channels=table.channels, cps=table.cps)


def _sbc(table: SbcTable, folder: Path, env: Mapping[str, str]) -> Sbc:
    return Sbc(
        name=table.name,
        platform=resolved_platform(table),
        ssh=structs.replace(_ssh(table.host, table.ssh, folder, env), control=_control(table)),
        site=table.site,
        egress_ip=table.egress_ip,
        discover=table.discover,
        ignore=table.ignore,
        write=table.write,
        snmp=_snmp(table.host, table.snmp) if table.snmp is not None else None,
        ha=Ha(table.ha.peer, table.ha.vip) if table.ha is not None else None,
    )


def _paired(sbcs: tuple[Sbc, ...]) -> tuple[Sbc, ...]:
    """Return the SBCs with each pair told at both halves, also where the config tells it at one of them."""
    other = {sbc.ha.peer: Ha(sbc.name, sbc.ha.vip) for sbc in sbcs if sbc.ha is not None}
    return tuple(
        structs.replace(sbc, ha=other[sbc.name]) if sbc.ha is None and sbc.name in other else sbc
        for sbc in sbcs
    )


def _ssh(host: str, table: SshTable, folder: Path, env: Mapping[str, str]) -> SshTarget:
    def path(text: str | None) -> str | None:
        return None if text is None else str(expand(text, env, folder))

    keys = (table.identity,) if isinstance(table.identity, str) else table.identity
    return SshTarget(
        host=host,
        port=table.port,
        user=table.user,
        identity=tuple(str(expand(key, env, folder)) for key in keys),
        known_hosts=path(table.known_hosts),
        proxy_jump=table.proxy_jump,
        config=path(table.config),
        run_as=table.run_as,
    )


def _control(table: SbcTable) -> ControlTarget | None:
    """Return the control port of the SBC's software, None where none is set."""
    if table.jsonrpc is not None:
        return ControlTarget("json-rpc", table.jsonrpc.port, path=table.jsonrpc.path)
    if table.esl is None:
        return None
    return ControlTarget("esl", table.esl.port, table.esl.user, table.esl.password)


def _snmp(host: str, table: SnmpTable) -> SnmpTarget:
    auth, privacy = table.auth, table.privacy
    return SnmpTarget(
        host=table.host or host,
        port=table.port,
        version=table.version,
        community=table.community,
        user=table.user,
        auth=SnmpKey(auth.protocol, auth.secret) if auth is not None else None,
        privacy=SnmpKey(privacy.protocol, privacy.secret) if privacy is not None else None,
        extend=table.extend,
    )


def _trunk(table: TrunkTable, owners: Mapping[str, str]) -> Trunk:
    carrier = table.carrier
    if carrier is None and table.account is not None:
        carrier = owners.get(table.account)
    return Trunk(
        name=table.name,
        carrier=carrier,
        account=table.account,
        auth=table.auth,
        direction=table.direction,
        bindings=tuple(_bindings(table)),
        cap=_cap(table.cap),
        dial=table.dial,
        protect=table.protect,
        enabled=table.enabled,
        labels=table.labels,
        credential=_credential(table.credential) if table.credential is not None else None,
    )


def _bindings(table: TrunkTable) -> Iterator[Binding]:
    if not isinstance(table.sbcs, dict):
        for sbc in table.sbcs:
            yield Binding(trunk=table.name, sbc=sbc, name=table.name)
        return
    for sbc, native in table.sbcs.items():
        if isinstance(native, NativeTable):
            names = NativeNames(registration=native.registration, endpoint=native.endpoint, aor=native.aor)
            yield Binding(trunk=table.name, sbc=sbc, native=names)
        else:
            yield Binding(trunk=table.name, sbc=sbc, name=native)
