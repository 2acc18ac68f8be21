"""The demo's config: the normal loader takes it, and it says what the fleet is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from trunktui.config.errors import ConfigError
from trunktui.config.load import Config, parse
from trunktui.demo.config import Access, config_text
from trunktui.demo.plan import FleetPlan, newcomers_fleet, uniform_fleet
from trunktui.demo.story import NEWCOMERS_STORY, READ_ONLY_SBC, TROUBLED_CARRIER, Kind
from trunktui.demo.tempo import FASTEST, Tempo
from trunktui.health.findings import find
from trunktui.model.finding import FindingKind
from trunktui.model.inventory import DialMode, Failover
from trunktui.model.route import Mechanism
from trunktui.wiring import first_snapshot

TODAY = date(2026, 11, 25)


def loaded(plan: FleetPlan, speed: float) -> Config:
    ports = {sbc.name: 2000 + n for n, sbc in enumerate(plan.sbcs)}
    access = Access("/demo", "noc", "127.0.0.1", ports, {name: port + 1000 for name, port in ports.items()})
    text = config_text(plan, Tempo(speed), access, TODAY)
    return parse(text.encode(), Path("/demo/demo.toml"), {}, ("asterisk", "freeswitch", "kamailio"))


@pytest.mark.parametrize("speed", [1.0, 10.0, 20.0, FASTEST])
def test_the_normal_loader_takes_it(speed: float) -> None:
    config = loaded(newcomers_fleet(), speed)
    assert config.name == "demo"
    assert [f"{b.trunk}@{b.sbc}" for t in config.inventory.trunks for b in t.bindings] == [
        *newcomers_fleet().legs
    ]
    assert config.poll.interval_s == Tempo(speed).poll_s
    assert config.thresholds.stale_min_s >= 3 * config.poll.interval_s
    assert config.state_dir == Path("/demo/state")


@pytest.mark.parametrize("speed", [5.0, 10.0, 30.0, FASTEST])
def test_a_group_that_was_moved_may_go_back_before_the_story_begins_anew(speed: float) -> None:
    config, tempo = loaded(newcomers_fleet(), speed), Tempo(speed)
    (dead,) = [one for one in NEWCOMERS_STORY.troubles if one.kind is Kind.CARRIER_DEAD]
    waits = config.inventory.waits
    # It is up again a few looks after it returned, and each look counts one OPTIONS at most.
    looks_s = (waits.clean_probes + 4) * config.poll.interval_s
    needed_s = max(waits.hold_s + 4 * config.poll.interval_s, waits.clean_s, looks_s)
    assert tempo.span(dead.end) + needed_s < tempo.span(NEWCOMERS_STORY.period)


def test_outbound_trunks_are_dialled_by_their_aor_and_the_emergency_one_is_protected() -> None:
    inventory = loaded(newcomers_fleet(), 10.0).inventory
    for trunk in inventory.trunks:
        assert trunk.dial is (None if trunk.direction == "inbound" else DialMode.AOR)
        assert trunk.protect is (trunk.name == "alpha-911")


def test_operators_may_act_on_all_sbcs_but_one_and_no_log_outside_its_folder_is_told() -> None:
    config = loaded(newcomers_fleet(), 10.0)
    assert [sbc.name for sbc in config.inventory.sbcs if not sbc.write] == [READ_ONLY_SBC]
    assert config.document.syslog is False


def test_nobodys_ssh_config_is_read() -> None:
    assert {sbc.ssh.config for sbc in loaded(newcomers_fleet(), 10.0).inventory.sbcs} == {"/demo/ssh_config"}


def test_the_largest_fleet_loads_too() -> None:
    assert len(loaded(uniform_fleet(100, 20), 1.0).inventory.sbcs) == 100


def test_snmp_is_of_every_kind_and_its_secrets_are_references() -> None:
    targets = {sbc.name: sbc.snmp for sbc in loaded(newcomers_fleet(), 10.0).inventory.sbcs}
    kinds = {
        (snmp and (snmp.version, snmp.auth and snmp.auth.protocol, snmp.privacy and snmp.privacy.protocol))
        for snmp in targets.values()
    }
    assert kinds == {("3", "SHA-256", "AES-128"), ("3", "SHA-512", "AES-256"), ("2c", None, None), None}
    first, plain = targets["nyc-1"], targets["lon-2"]
    assert first is not None
    assert first.auth is not None
    assert (first.port, first.user, first.auth.secret) == (3000, "noc", "file:/demo/snmp_auth")
    assert plain is not None
    assert plain.community == "file:/demo/snmp_community"


def test_a_fleet_for_measuring_has_agents_only_where_they_are_asked_for() -> None:
    assert {sbc.snmp for sbc in uniform_fleet(3, 4).sbcs} == {None}
    assert None not in {sbc.snmp for sbc in uniform_fleet(3, 4, snmp=True).sbcs}
    assert {sbc.snmp for sbc in newcomers_fleet(snmp=False).sbcs} == {None}


def test_groups_are_told_their_trunk_in_every_kind_of_place_and_one_is_not_told() -> None:
    groups = {group.name: group for group in loaded(newcomers_fleet(), 10.0).inventory.groups}
    assert {name: group.switch for name, group in groups.items()} == {
        group.name: dict(group.switch) for group in newcomers_fleet().groups
    }
    assert {route.mechanism for group in groups.values() for route in group.switch.values()} == {*Mechanism}
    assert not groups["toll-free"].switch
    assert {group.failover for group in groups.values()} == {Failover.MANUAL}


def test_a_carriers_death_leaves_targets_on_another_network_and_one_on_its_own() -> None:
    inventory = loaded(newcomers_fleet(), 10.0).inventory
    trunks = {trunk.name: trunk for trunk in inventory.trunks}
    networks = {carrier.name: carrier.upstream for carrier in inventory.carriers}
    first, *others = next(group for group in inventory.groups if group.name == "us-outbound").trunks
    assert trunks[first].carrier == TROUBLED_CARRIER
    same = [networks[trunks[name].carrier or ""] == networks[TROUBLED_CARRIER] for name in others]
    assert dict(zip(others, same, strict=True)) == {
        "alpha-us": False,
        "charlie-world": False,
        "delta-retail": True,
    }
    protected = next(group for group in inventory.groups if trunks[group.trunks[0]].protect)
    assert protected.switch


HERE = '[poll]\ninterval = "{interval}"\n[[sbc]]\nname = "a"\nhost = "127.0.0.1"\n[[sbc]]\nname = "b"\nhost = "{host}"\n'


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
def test_where_every_sbc_is_on_this_machine_it_may_be_asked_each_second(host: str) -> None:
    text = HERE.format(interval="1s", host=host)
    assert (
        parse(text.encode(), Path("c.toml"), {}, ("asterisk", "freeswitch", "kamailio")).poll.interval_s
        == 1.0
    )


@pytest.mark.parametrize("host", ["10.0.0.1", "localhost", "sbc.example.net"])
def test_elsewhere_it_may_not(host: str) -> None:
    text = HERE.format(interval="1s", host=host)
    with pytest.raises(ConfigError, match=r'poll\.interval: must lie between 5s and 1h, is "1s"'):
        parse(text.encode(), Path("c.toml"), {}, ("asterisk", "freeswitch", "kamailio"))


def test_it_has_something_to_find_of_several_kinds_before_any_sbc_was_asked() -> None:
    config = loaded(newcomers_fleet(), 10.0)
    found = find(first_snapshot(config), config.inventory, (), TODAY)
    kinds = {(one.kind, one.subject) for one in found}
    assert kinds >= {
        (FindingKind.CRED_OVERDUE, "alpha-us"),
        (FindingKind.CRED_DUE, "alpha-eu"),
        (FindingKind.CRED_UNKNOWN, "charlie-tollfree"),
        (FindingKind.ALLOWLIST_DUE, "bravo-voice"),
        (FindingKind.ALLOWLIST_UNKNOWN, "charlie-overflow"),
        (FindingKind.EGRESS_NOT_LISTED, "alpha-voice"),
        (FindingKind.STALE_IP, "alpha-voice"),
        (FindingKind.ALLOWLIST_FULL, "alpha-voice"),
        (FindingKind.RESTRICTION_DUE, "delta-wholesale"),
    }
    assert not [one for one in found if one.subject == "bravo-eu"]


@pytest.mark.parametrize("speed", [1.0, 10.0, FASTEST])
def test_no_setting_of_it_is_out_of_range_at_any_speed(speed: float) -> None:
    limits = loaded(newcomers_fleet(), speed).inventory.limits
    tempo = Tempo(speed)
    for trunk in newcomers_fleet().trunks:
        assert limits.keepalive_min_s <= tempo.whole(trunk.qualify_s) <= limits.keepalive_max_s
        assert limits.expiry_min_s <= tempo.whole(trunk.expires_s) <= limits.expiry_max_s
