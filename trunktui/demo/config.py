"""Writes the config of a simulated fleet: one that an operator could have written, read by the normal loader."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping

from msgspec import Struct

from trunktui.demo.plan import AccountPlan, FleetPlan, GroupPlan, SbcPlan, SnmpPlan, TrunkPlan
from trunktui.demo.registration import IN_FLIGHT_S, initial_delay_s
from trunktui.demo.tempo import Tempo
from trunktui.model.route import Mechanism
from trunktui.model.switch import Waits

CONFIG, IDENTITY, KNOWN_HOSTS, SSH_CONFIG, STATE = (
    "demo.toml",
    "id_ed25519",
    "known_hosts",
    "ssh_config",
    "state",
)
COMMUNITY, AUTH_SECRET, PRIVACY_SECRET = "snmp_community", "snmp_auth", "snmp_privacy"
"""The files of the demo's folder. `ssh_config` is empty: whatever ~/.ssh/config says of loopback does not matter."""


class Access(Struct, frozen=True):
    """How the fleet is reached: the folder of keys, secrets and known hosts, the user, and each SBC's ports."""

    folder: str
    user: str
    host: str
    ports: Mapping[str, int]
    snmp_ports: Mapping[str, int]


def config_text(plan: FleetPlan, tempo: Tempo, access: Access, today: dt.date) -> str:
    """Return the config file for a fleet at a tempo; refused by nobody, and nothing in it is left to chance.

    Days that lie back are counted from `today`.
    """
    return "\n".join(_lines(plan, tempo, access, today)) + "\n"


def _lines(plan: FleetPlan, tempo: Tempo, access: Access, today: dt.date) -> Iterator[str]:
    yield "# The config of trunktui's demo: a simulated fleet on this machine. It goes away with the demo."
    yield f"state = {_quoted(f'{access.folder}/{STATE}')}"
    yield "syslog = false  # nothing of the demo stays on this machine"
    yield f'\n[poll]\ninterval = "{tempo.poll_s}s"\nconnections = {min(len(plan.sbcs), 16)}\n'
    yield f"# Every timer of this fleet runs {tempo.speed:g} times as fast as in earnest, and so do these limits."
    yield "[health]"
    yield from (f"{key} = {value}" for key, value in _limits(tempo).items())
    yield "\n[findings]"
    yield from (f"{key} = {value}" for key, value in _found_limits(tempo).items())
    yield "\n[switch]"
    yield from (f"{key} = {value}" for key, value in _waits(tempo).items())
    for carrier in plan.carriers:
        yield f"\n[[carrier]]\nname = {_quoted(carrier.name)}\nupstream = {_quoted(carrier.upstream)}"
        yield f'contact = {{ noc = "+1 555 0100", portal = {_quoted(f"https://portal.{carrier.domain}")} }}'
    for account in plan.accounts:
        yield f"\n[[account]]\nname = {_quoted(account.name)}\ncarrier = {_quoted(account.carrier)}"
        yield f"cap = {{ channels = {account.channels} }}"
        yield from _agreed(account, today)
    for sbc in plan.sbcs:
        yield from _sbc(sbc, access)
    for trunk in plan.trunks:
        yield from _trunk(trunk)
        if (days := plan.changed_days.get(trunk.name)) is not None:
            yield f"credential = {{ rotated = {today - dt.timedelta(days=days)} }}"
    for group in plan.groups:
        yield from _group(group)


def _limits(tempo: Tempo) -> dict[str, float]:
    """Return `[health]`: the product's own defaults, shortened as the fleet's timers are."""
    return {
        "stale_min_s": round(tempo.stale_s, 1),
        "attempt_s": max(1, math.ceil(tempo.span(IN_FLIGHT_S))),
        "attempt_margin_s": max(1, math.ceil(tempo.span(8.0))),
        "grace_s": round(max(tempo.span(60.0), 2.0 * tempo.poll_s, initial_delay_s(tempo) + tempo.poll_s), 1),
        "restart_loop_s": round(tempo.span(600.0), 1),
        "absent_after_s": round(max(tempo.span(60.0), 2.0 * tempo.poll_s), 1),
        "flap_window_s": round(tempo.span(900.0), 1),
        "flap_stable_s": round(tempo.span(600.0), 1),
        "answered_unmonitored_s": tempo.whole(600.0),
        "answered_recent_s": tempo.whole(120.0),
        "traffic_window_s": round(tempo.span(300.0), 1),
        "traffic_hold_s": round(tempo.span(900.0), 1),
        "traffic_short_s": round(tempo.span(10.0), 2),
        "verdict_window_s": round(tempo.span(90.0), 1),
    }


def _found_limits(tempo: Tempo) -> dict[str, int]:
    """Return the seconds of `[findings]`, shortened likewise."""
    return {
        "keepalive_min_s": tempo.whole(30.0),
        "keepalive_max_s": tempo.whole(60.0),
        "expiry_min_s": tempo.whole(60.0),
        "expiry_max_s": tempo.whole(3600.0),
    }


def _waits(tempo: Tempo) -> dict[str, float]:
    """Return `[switch]`: shortened likewise, so that the way back is offered within a loop of the story.

    Half as many OPTIONS in a row are enough: a look counts one at most, and there are as many looks as ever.
    """
    earnest = Waits()
    return {
        "pause_s": max(round(tempo.span(earnest.pause_s), 1), 1.0),
        "hold_s": max(round(tempo.span(earnest.hold_s), 1), 1.0),
        "clean_s": max(round(tempo.span(earnest.clean_s), 1), 1.0),
        "clean_probes": earnest.clean_probes // 2,
    }


def _sbc(sbc: SbcPlan, access: Access) -> Iterator[str]:
    yield f"\n[[sbc]]\nname = {_quoted(sbc.name)}\nsite = {_quoted(sbc.site)}\nhost = {_quoted(access.host)}"
    yield f"platform = {_quoted(sbc.platform)}\negress_ip = {_quoted(sbc.egress_ip)}"
    if sbc.write:
        yield "write = true"
    yield f"[sbc.ssh]\nuser = {_quoted(access.user)}\nport = {access.ports[sbc.name]}"
    for key, name in (("identity", IDENTITY), ("known_hosts", KNOWN_HOSTS), ("config", SSH_CONFIG)):
        yield f"{key} = {_quoted(f'{access.folder}/{name}')}"
    if sbc.snmp is not None:
        yield from _snmp(sbc.snmp, access.snmp_ports[sbc.name], access)


def _snmp(snmp: SnmpPlan, port: int, access: Access) -> Iterator[str]:
    yield f"[sbc.snmp]\nport = {port}"
    if snmp.auth is None or snmp.privacy is None:
        yield f'version = "2c"\ncommunity = {_secret(access, COMMUNITY)}'
    else:
        yield f"user = {_quoted(access.user)}"
        yield f"auth = {{ protocol = {_quoted(snmp.auth)}, secret = {_secret(access, AUTH_SECRET)} }}"
        yield f"privacy = {{ protocol = {_quoted(snmp.privacy)}, secret = {_secret(access, PRIVACY_SECRET)} }}"
    if snmp.extend:
        yield f"extend = {json.dumps(list(snmp.extend))}"


def _agreed(account: AccountPlan, today: dt.date) -> Iterator[str]:
    """Yield what was agreed with the carrier about our addresses."""
    if (held := account.allowlist) is not None:
        audited = today - dt.timedelta(days=held.audited_days)
        yield (
            f"allowlist = {{ ips = {json.dumps(list(held.ips))}, audited = {audited}, "
            f"limit = {held.limit}, lead_time = {_quoted(held.lead_time)} }}"
        )
    if account.attested_days is not None:
        yield f"restriction = {{ attested = {today - dt.timedelta(days=account.attested_days)} }}"


def _trunk(trunk: TrunkPlan) -> Iterator[str]:
    yield f"\n[[trunk]]\nname = {_quoted(trunk.name)}\ncarrier = {_quoted(trunk.carrier)}"
    yield f"account = {_quoted(trunk.account)}\nauth = {_quoted(trunk.auth)}\nsbcs = {json.dumps(list(trunk.sbcs))}"
    yield f'direction = "{"inbound" if trunk.inbound else "outbound"}"' + (
        "" if trunk.inbound else '\ndial = "aor"'
    )
    if trunk.protect:
        yield "protect = true"


def _group(group: GroupPlan) -> Iterator[str]:
    yield f"\n[[group]]\nname = {_quoted(group.name)}\ntrunks = {json.dumps(list(group.trunks))}"
    if group.switch:
        yield "[group.switch]"
    for platform, route in group.switch.items():
        number = route.mechanism is Mechanism.DISPATCHER
        place = route.place if number else _quoted(route.place)
        yield f"{platform} = {{ {route.mechanism.value} = {place} }}"


def _secret(access: Access, name: str) -> str:
    return _quoted(f"file:{access.folder}/{name}")


def _quoted(text: str) -> str:
    """Return a TOML string; a JSON one is one, for text without control characters."""
    return json.dumps(text, ensure_ascii=False)
