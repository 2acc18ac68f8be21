"""What the tables of a config must say about each other: references, duplicates, limits that fit together."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from typing import Protocol

from trunktui.config.faults import Faults, nearest
from trunktui.config.locate import Place
from trunktui.config.schema import Document, NativeTable, SbcTable, SnmpTable, TrunkTable
from trunktui.config.words import seconds
from trunktui.model.health import Thresholds
from trunktui.model.inventory import AUTO, Limits
from trunktui.model.switch import Waits

MIN_INTERVAL_S = 5.0
"""Asking oftener would cost an SBC noticeably: each poll starts half a dozen `asterisk -rx` there."""

MIN_INTERVAL_HERE_S = 1.0
"""Where every SBC is an address of this very machine (127.0.0.1): a simulated fleet, such as the demo's."""

MAX_INTERVAL_S = 3600.0

MAX_WAIT_S = 3600
"""A switch longer ago is not looked for, so a wait beyond that would not hold."""

MIN_CLEAN_PROBES, MAX_CLEAN_PROBES = 2, 100
"""One answered OPTIONS is no run, and a hundred take an hour and more."""

DAY_S = 86400
_MOST_DAYS = 3650

_SHARES = frozenset(
    {
        "channels_high",
        "channels_full",
        "cps_high",
        "cps_full",
        "cps_mean_high",
        "flap_start",
        "flap_stop",
        "unmonitored_major",
        "traffic_failing",
        "traffic_down",
        "traffic_low_asr",
        "traffic_overload",
    }
)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def judge(document: Document, known_platforms: Collection[str], faults: Faults) -> None:
    """Note every fault between the tables of `document`."""
    _interval(document, faults)
    _thresholds(document.health, faults)
    _limits(document.findings, faults)
    _waits(document.switch, faults)
    for kind, tables in (
        ("carrier", document.carrier),
        ("account", document.account),
        ("sbc", document.sbc),
        ("trunk", document.trunk),
        ("group", document.group),
    ):
        _unique(kind, tables, faults)
    _accounts(document, faults)
    _sbcs(document, known_platforms, faults)
    _trunks(document, faults)
    _groups(document, faults)


def resolved_platform(sbc: SbcTable) -> str:
    """Return the platform that an SBC is polled as: the one it names, else whose control port it has, else AUTO."""
    if sbc.platform != AUTO:
        return sbc.platform
    if (sbc.esl is None) is (sbc.jsonrpc is None):
        return AUTO
    return "kamailio" if sbc.esl is None else "freeswitch"


def _interval(document: Document, faults: Faults) -> None:
    text = document.poll.interval
    value = seconds(text)
    here = bool(document.sbc) and all(_is_loopback(sbc.host) for sbc in document.sbc)
    least = MIN_INTERVAL_HERE_S if here else MIN_INTERVAL_S
    if value is not None and not least <= value <= MAX_INTERVAL_S:
        faults.add(("poll", "interval"), f'must lie between {least:.0f}s and 1h, is "{text}"')


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _thresholds(health: Thresholds, faults: Faults) -> None:
    for key in health.__struct_fields__:
        value = getattr(health, key)
        if key in _SHARES and not 0 <= value <= 1:
            faults.add(("health", key), f"is a share: must lie between 0 and 1, is {value:g}")
        elif value < 0:
            faults.add(("health", key), f"must not be less than 0, is {value:g}")
        elif value == 0 and not key.endswith("_s"):
            faults.add(("health", key), "must be more than 0")
    if health.channels_high > health.channels_full:
        faults.add(("health", "channels_high"), "must not be more than channels_full")
    if health.cps_high > health.cps_full:
        faults.add(("health", "cps_high"), "must not be more than cps_full")
    if health.flap_stop > health.flap_start:
        faults.add(("health", "flap_stop"), "must not be more than flap_start")
    if health.loss_results > health.loss_window:
        faults.add(("health", "loss_results"), "must not be more than loss_window")


def _limits(limits: Limits, faults: Faults) -> None:
    for key in limits.__struct_fields__:
        value = getattr(limits, key)
        if key == "allowlist_near":
            if not 0 < value <= 1:
                faults.add(("findings", key), f"is a share: must be over 0 and at most 1, is {value:g}")
        elif value < 0 or (value == 0 and not key.endswith("_days")):
            faults.add(("findings", key), f"must be more than 0, is {value}")
    for what in ("keepalive", "expiry"):
        if getattr(limits, f"{what}_min_s") > getattr(limits, f"{what}_max_s"):
            faults.add(("findings", f"{what}_min_s"), f"must not be more than {what}_max_s")


def _waits(waits: Waits, faults: Faults) -> None:
    for key in waits.__struct_fields__:
        value, unit = getattr(waits, key), " s" if key.endswith("_s") else ""
        least, most = (1, MAX_WAIT_S) if unit else (MIN_CLEAN_PROBES, MAX_CLEAN_PROBES)
        if not least <= value <= most:
            faults.add(("switch", key), f"must lie between {least} and {most}{unit}, is {value:g}")


def _unique(kind: str, tables: Sequence[_Named], faults: Faults) -> None:
    seen: set[str] = set()
    for index, table in enumerate(tables):
        if table.name and table.name in seen:
            faults.add((kind, index, "name"), f"a second {kind} of this name; names are unique within a kind")
        seen.add(table.name)


def _reference(word: str | None, kind: str, known: Sequence[_Named], place: Place, faults: Faults) -> None:
    names = [table.name for table in known]
    if word is not None and word != "" and word not in names:
        faults.add(place, f'no [[{kind}]] is called "{word}"{nearest(word, names)}')


def _accounts(document: Document, faults: Faults) -> None:
    for index, account in enumerate(document.account):
        place: Place = ("account", index)
        _reference(account.carrier, "carrier", document.carrier, (*place, "carrier"), faults)
        if account.allowlist is not None:
            _age(account.allowlist.max_age, (*place, "allowlist"), faults)
        if account.restriction is not None:
            _age(account.restriction.max_age, (*place, "restriction"), faults)


def _age(text: str, place: Place, faults: Faults) -> None:
    """Note a `max_age` that dates cannot be held against: they know days only."""
    value = seconds(text)
    if value is not None and not DAY_S <= value <= _MOST_DAYS * DAY_S:
        faults.add((*place, "max_age"), f'must lie between 1d and {_MOST_DAYS}d, is "{text}"')


def _pair(document: Document, sbc: SbcTable, place: Place, faults: Faults) -> None:
    """Note what the other half of a pair says otherwise; it may also say nothing."""
    for other in document.sbc:
        if sbc.ha is None or other.ha is None or other.name != sbc.ha.peer or other.name == sbc.name:
            continue
        if other.ha.peer != sbc.name:
            faults.add((*place, "peer"), f'{other.name} has another peer, "{other.ha.peer}"')
        elif other.ha.vip != sbc.ha.vip and sbc.name < other.name:
            faults.add((*place, "vip"), f"is not the address that {other.name} names")


def _sbcs(document: Document, known_platforms: Collection[str], faults: Faults) -> None:
    for index, sbc in enumerate(document.sbc):
        place: Place = ("sbc", index)
        if sbc.platform and sbc.platform not in {AUTO, *known_platforms}:
            able = ", ".join(sorted(known_platforms))
            faults.add(
                (*place, "platform"), f'this version cannot poll "{sbc.platform}"; it can: {able}, {AUTO}'
            )
        if sbc.ha is not None:
            _reference(sbc.ha.peer, "sbc", document.sbc, (*place, "ha", "peer"), faults)
            if sbc.ha.peer == sbc.name:
                faults.add((*place, "ha", "peer"), "an SBC cannot be its own peer")
            _pair(document, sbc, (*place, "ha"), faults)
        if sbc.snmp is not None:
            _snmp(sbc.snmp, (*place, "snmp"), faults)
        if sbc.platform == AUTO and sbc.jsonrpc is not None and sbc.esl is not None:
            faults.add(
                place, "has the control ports of two platforms; set platform, and leave the other's out"
            )
            continue
        if sbc.jsonrpc is not None and resolved_platform(sbc) != "kamailio":
            faults.add((*place, "jsonrpc"), 'only Kamailio has JSON-RPC; set platform = "kamailio"')
        if sbc.esl is not None and resolved_platform(sbc) != "freeswitch":
            faults.add((*place, "esl"), 'only FreeSWITCH has an event socket; set platform = "freeswitch"')


def _snmp(snmp: SnmpTable, place: Place, faults: Faults) -> None:
    if snmp.version == "2c" and snmp.community is None and not faults.within((*place, "community")):
        faults.add(place, 'version "2c" needs the key "community"')
    if snmp.version == "3" and snmp.user is None and not faults.within((*place, "user")):
        faults.add(place, 'version "3" needs the key "user"')
    if snmp.privacy is not None and snmp.auth is None:
        faults.add((*place, "privacy"), 'SNMP has no privacy without "auth"')


def _trunks(document: Document, faults: Faults) -> None:
    claimed: dict[tuple[str, str | NativeTable], str] = {}
    for index, trunk in enumerate(document.trunk):
        place: Place = ("trunk", index)
        _reference(trunk.carrier, "carrier", document.carrier, (*place, "carrier"), faults)
        _reference(trunk.account, "account", document.account, (*place, "account"), faults)
        owner = next((account for account in document.account if account.name == trunk.account), None)
        if owner is not None and trunk.carrier not in (None, owner.carrier):
            faults.add((*place, "account"), f"account {owner.name} belongs to carrier {owner.carrier}")
        if trunk.credential is not None:
            _age(trunk.credential.max_age, (*place, "credential"), faults)
        _legs(trunk, document, place, claimed, faults)


def _legs(
    trunk: TrunkTable,
    document: Document,
    place: Place,
    claimed: dict[tuple[str, str | NativeTable], str],
    faults: Faults,
) -> None:
    """Note dangling, repeated and doubly claimed legs of one trunk; `claimed` grows."""
    if not trunk.sbcs and not faults.within((*place, "sbcs")):
        faults.add((*place, "sbcs"), "names no SBC; a trunk needs one at least")
    seen: set[str] = set()
    for number, sbc in enumerate(trunk.sbcs):
        at: Place = (*place, "sbcs", sbc if isinstance(trunk.sbcs, dict) else number)
        _reference(sbc, "sbc", document.sbc, at, faults)
        if sbc in seen:
            faults.add(at, f'names "{sbc}" twice')
        seen.add(sbc)
        native = trunk.sbcs[sbc] if isinstance(trunk.sbcs, dict) else trunk.name
        if native == NativeTable() and not faults.within(at):
            faults.add(at, 'needs at least one of "registration", "endpoint", "aor"')
        elif native != NativeTable() and claimed.setdefault((sbc, native), trunk.name) != trunk.name:
            faults.add(at, f"trunk {claimed[sbc, native]} already stands for this one on {sbc}")


def _groups(document: Document, faults: Faults) -> None:
    for index, group in enumerate(document.group):
        seen: set[str] = set()
        if not group.trunks and not faults.within(("group", index, "trunks")):
            faults.add(("group", index, "trunks"), "names no trunk; a group needs one at least")
        for number, trunk in enumerate(group.trunks):
            at: Place = ("group", index, "trunks", number)
            _reference(trunk, "trunk", document.trunk, at, faults)
            if trunk in seen:
                faults.add(at, f'names "{trunk}" twice')
            seen.add(trunk)
