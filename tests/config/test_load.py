"""What a sound config becomes."""

from __future__ import annotations

from datetime import date
from ipaddress import ip_network
from pathlib import Path

import pytest
from msgspec.structs import replace

from trunktui.config.errors import ConfigError
from trunktui.config.load import Config, parse
from trunktui.config.render import render
from trunktui.config.starter import STARTER
from trunktui.model.inventory import (
    Allowlist,
    AuthMode,
    Binding,
    ControlTarget,
    Credential,
    DialMode,
    Direction,
    Ha,
    NativeNames,
    Restriction,
    SshTarget,
)
from trunktui.model.route import Mechanism, Route
from trunktui.model.snmp import SnmpKey, SnmpTarget
from trunktui.model.switch import Waits

ENV = {"HOME": "/home/noc"}
EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def loaded(text: str, path: str = "/srv/prod/config.toml") -> Config:
    """Parse `text` as if it stood at `path`."""
    return parse(text.encode(), Path(path), ENV, ("asterisk", "freeswitch", "kamailio"))


def test_an_empty_config_is_sound_and_has_the_defaults() -> None:
    config = loaded("")
    assert (config.poll.interval_s, config.poll.fast_interval_s, config.poll.connections) == (30.0, 10.0, 5)
    assert (config.ui.theme, config.ui.ascii) == (None, None)
    assert config.thresholds.probe_down_after == 3
    assert config.inventory.sbcs == ()
    assert config.notes == ("no [[sbc]] is configured: there is nothing to poll",)


def test_an_sbc_without_trunks_is_enough() -> None:
    config = loaded('[[sbc]]\nname = "nyc-1"\nhost = "192.0.2.1"\n')
    (sbc,) = config.inventory.sbcs
    assert (sbc.name, sbc.platform, sbc.discover, sbc.ssh) == (
        "nyc-1",
        "auto",
        True,
        SshTarget(host="192.0.2.1"),
    )
    assert config.notes == ()


def test_how_long_switches_wait_is_of_the_config_within_bounds() -> None:
    assert loaded("").inventory.waits == Waits(60.0, 600.0, 300.0, 10)
    found = loaded("[switch]\npause_s = 1\nhold_s = 3600\nclean_s = 20.5\nclean_probes = 2\n").inventory.waits
    assert found == Waits(1.0, 3600.0, 20.5, 2)
    for line, said in (
        ("pause_s = 0", "switch.pause_s: must lie between 1 and 3600 s, is 0"),
        ("hold_s = 3601", "switch.hold_s: must lie between 1 and 3600 s, is 3601"),
        ("clean_s = -1", "switch.clean_s: must lie between 1 and 3600 s, is -1"),
        ("clean_probes = 1", "switch.clean_probes: must lie between 2 and 100, is 1"),
        ("hold = 5", "switch.hold: "),
    ):
        with pytest.raises(ConfigError) as refused:
            loaded(f"[switch]\n{line}\n")
        (problem,) = refused.value.problems
        assert said in str(problem)


def test_the_fast_interval_is_never_slower_than_the_interval() -> None:
    assert loaded('[poll]\ninterval = "5s"').poll.fast_interval_s == 5.0


def test_one_threshold_can_be_changed_and_the_rest_stay() -> None:
    thresholds = loaded("[health]\nprobe_down_after = 5\ngrace_s = 90\n").thresholds
    assert (thresholds.probe_down_after, thresholds.grace_s, thresholds.probe_up_after) == (5, 90.0, 2)


def test_the_example_becomes_the_inventory_it_describes() -> None:
    config = parse(EXAMPLE.read_bytes(), Path("/srv/prod.toml"), ENV, ("asterisk", "freeswitch", "kamailio"))
    fleet = config.inventory
    us = fleet.trunk("unlimcall-us")
    assert us is not None
    assert (us.auth, us.direction, us.dial) == (AuthMode.HYBRID, Direction.OUTBOUND, DialMode.AOR)
    assert (us.cap.channels, us.cap.cps) == (200, 50.0)
    assert us.bindings == (
        Binding(trunk="unlimcall-us", sbc="nyc-1", name="unlimcall-us"),
        Binding(trunk="unlimcall-us", sbc="nyc-2", name="unlimcall-us"),
    )
    assert fleet.bindings_on("nyc-1")[1:] == (
        Binding(trunk="beta-us", sbc="nyc-1", name="beta-out"),
        Binding(
            trunk="gamma",
            sbc="nyc-1",
            native=NativeNames(registration="gamma-reg", endpoint="gamma", aor="gamma"),
        ),
    )
    assert fleet.groups_of("unlimcall-us")[:2] == ("us-outbound", "us-tollfree")
    assert fleet.groups_of("gamma") == ()
    assert fleet.sbcs[0].ssh.identity == ("/home/noc/.ssh/noc_ed25519",)
    one, two, chicago, edge = (sbc.snmp for sbc in fleet.sbcs)
    assert chicago is edge is None
    assert fleet.sbcs[2].platform == "freeswitch"
    assert fleet.sbcs[2].ssh.control == ControlTarget(
        "esl", 8021, "noc@chi-1.example.com", "file:/etc/trunktui/esl_chi-1"
    )
    assert fleet.sbcs[3].platform == "kamailio"
    assert fleet.sbcs[3].ssh.control == ControlTarget("json-rpc", 8090, path="/RPC")
    assert [sbc.ssh.control for sbc in fleet.sbcs[:2]] == [None, None]
    assert one == SnmpTarget(
        "10.20.0.11",
        user="noc",
        auth=SnmpKey("SHA-256", "env:SNMP_AUTH"),
        privacy=SnmpKey("AES-128", "file:/etc/trunktui/snmp_priv"),
    )
    assert two == SnmpTarget("nyc-2.example.com", version="2c", community="cmd:pass show snmp/nyc-2")
    assert config.name == "prod"


def test_a_trunk_takes_its_carrier_from_its_account() -> None:
    config = loaded(
        '[[carrier]]\nname = "alpha"\n[[account]]\nname = "acme"\ncarrier = "alpha"\n'
        '[[sbc]]\nname = "nyc-1"\nhost = "192.0.2.1"\n'
        '[[trunk]]\nname = "us"\naccount = "acme"\nsbcs = ["nyc-1"]\n'
    )
    assert config.inventory.trunks[0].carrier == "alpha"


def test_a_group_has_one_place_on_each_platform_where_it_is_told_its_trunk() -> None:
    config = parse(EXAMPLE.read_bytes(), EXAMPLE, ENV, ("asterisk", "freeswitch", "kamailio"))
    assert config.notes == ()
    assert {group.name: group.switch for group in config.inventory.groups} == {
        "us-outbound": {
            "asterisk": Route(Mechanism.ASTDB, "trunk/us-outbound"),
            "freeswitch": Route(Mechanism.DB, "trunk/us-outbound"),
            "kamailio": Route(Mechanism.DISPATCHER, "1"),
        },
        "us-tollfree": {
            "asterisk": Route(Mechanism.GLOBAL, "TRUNK_US_TOLLFREE"),
            "freeswitch": Route(Mechanism.GLOBAL, "us_tollfree"),
        },
        "us-fax": {"freeswitch": Route(Mechanism.HASH, "trunk/us-fax")},
        "us-bulk": {"freeswitch": Route(Mechanism.DISTRIBUTOR, "us_bulk")},
    }
    assert loaded(TWO_GROUPS.format("", "")).inventory.groups[0].switch == {}


TWO_GROUPS = """
[[sbc]]
name = "nyc-1"
host = "192.0.2.1"
platform = "asterisk"
[[sbc]]
name = "lon-1"
host = "192.0.2.2"
platform = "asterisk"
[[trunk]]
name = "us"
sbcs = ["nyc-1"]
[[trunk]]
name = "uk"
sbcs = ["lon-1"]
[[group]]
name = "us-out"
trunks = ["us"]
{}
[[group]]
name = "uk-out"
trunks = ["uk"]
{}
"""


def test_two_groups_may_have_one_place_where_no_sbc_has_both() -> None:
    switch = 'switch = { asterisk = { astdb = "trunk/outbound" } }'
    config = loaded(TWO_GROUPS.format(switch, switch))
    assert [group.switch["asterisk"].place for group in config.inventory.groups] == ["trunk/outbound"] * 2
    with pytest.raises(ConfigError, match="group us-out is told its trunk at the same place on lon-1"):
        loaded(TWO_GROUPS.format(switch, switch).replace('["nyc-1"]', '["nyc-1", "lon-1"]'))


def test_a_place_on_a_platform_that_no_sbc_of_the_group_has_is_noted_and_no_more() -> None:
    config = loaded(TWO_GROUPS.format("switch = { kamailio = { dispatcher_set = 7 } }", ""))
    assert config.notes == (
        "group us-out: switch.kamailio is for no SBC: none of its trunks is on a kamailio one",
    )
    assert config.inventory.groups[0].switch == {"kamailio": Route(Mechanism.DISPATCHER, "7")}


def test_what_tells_how_old_credentials_and_lists_are_is_read_with_days_for_ages() -> None:
    config = parse(EXAMPLE.read_bytes(), EXAMPLE, ENV, ("asterisk", "freeswitch", "kamailio"))
    account, trunk = config.inventory.accounts[0], config.inventory.trunks[0]
    assert account.allowlist == Allowlist(
        networks=(ip_network("198.51.100.10"), ip_network("203.0.113.0/28")),
        audited=date(2026, 10, 15),
        limit=10,
        lead_time_s=4 * 3600,
        max_age_days=92,
    )
    assert account.restriction == Restriction(date(2026, 9, 1), 365)
    assert trunk.credential == Credential("acme-us", date(2026, 9, 1), 90)
    assert config.inventory.trunks[1].credential is None


def test_a_pair_is_known_at_both_halves_also_where_one_of_them_tells_it() -> None:
    config = loaded(
        '[[sbc]]\nname = "a"\nhost = "192.0.2.1"\nha = { peer = "b", vip = "192.0.2.9" }\n'
        '[[sbc]]\nname = "b"\nhost = "192.0.2.2"\n[[sbc]]\nname = "c"\nhost = "192.0.2.3"\n'
    )
    assert [sbc.ha for sbc in config.inventory.sbcs] == [Ha("b", "192.0.2.9"), Ha("a", "192.0.2.9"), None]
    assert config.notes == ()


def test_a_pair_without_its_address_is_noted() -> None:
    config = loaded(
        '[[sbc]]\nname = "a"\nhost = "192.0.2.1"\nha = { peer = "b" }\n[[sbc]]\nname = "b"\nhost = "192.0.2.2"\n'
    )
    assert config.notes == ("sbc a: ha without a vip: which half is active cannot be told",)


def test_paths_in_a_config_start_at_its_folder_and_know_the_home_folder() -> None:
    config = loaded(
        '[[sbc]]\nname = "nyc-1"\nhost = "192.0.2.1"\n'
        '[sbc.ssh]\nidentity = ["keys/a", "~/b", "/c"]\nknown_hosts = "hosts"\nconfig = "~/.ssh/other"\n'
    )
    ssh = config.inventory.sbcs[0].ssh
    assert ssh.identity == ("/srv/prod/keys/a", "/home/noc/b", "/c")
    assert (ssh.known_hosts, ssh.config) == ("/srv/prod/hosts", "/home/noc/.ssh/other")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/srv/prod-eu.toml", "prod-eu"),
        ("/srv/prod-eu/config.toml", "prod-eu"),
        ("/etc/trunktui/config.toml", "default"),
    ],
)
def test_the_title_comes_from_the_file_or_its_folder(path: str, name: str) -> None:
    assert loaded("", path).name == name


def test_each_config_has_a_state_folder_of_its_own() -> None:
    first, second = loaded("", "/srv/a.toml").state_dir, loaded("", "/srv/b.toml").state_dir
    assert first != second
    assert first.parent == second.parent == Path("/home/noc/.local/state/trunktui")
    assert loaded('state = "/var/lib/trunktui"').state_dir == Path("/var/lib/trunktui")


def test_the_state_folder_follows_the_environment() -> None:
    config = parse(
        b"", Path("/srv/a.toml"), {"XDG_STATE_HOME": "/var/state"}, ("asterisk", "freeswitch", "kamailio")
    )
    assert config.state_dir.parent == Path("/var/state/trunktui")


def test_the_platforms_that_can_be_polled_are_given_by_the_caller() -> None:
    text = b'[[sbc]]\nname = "a"\nhost = "192.0.2.1"\nplatform = "kamailio"\n'
    config = parse(text, Path("c.toml"), ENV, ("asterisk", "kamailio"))
    assert config.inventory.sbcs[0].platform == "kamailio"
    with pytest.raises(ConfigError, match="it can: asterisk, freeswitch, auto"):
        parse(text, Path("c.toml"), ENV, ("asterisk", "freeswitch"))


def test_the_config_in_force_loads_to_the_same_config_again() -> None:
    config = parse(EXAMPLE.read_bytes(), EXAMPLE, ENV, ("asterisk", "freeswitch", "kamailio"))
    again = parse(render(config.document).encode(), EXAMPLE, ENV, ("asterisk", "freeswitch", "kamailio"))
    assert replace(again, text=config.text) == config


def test_the_starter_is_sound_as_written_and_with_its_comments_opened() -> None:
    assert loaded(STARTER).inventory.sbcs == ()
    lines = STARTER.splitlines()
    opened = [
        line.removeprefix("# ") if line.startswith(("# [", "# ")) and "=" in line else line for line in lines
    ]
    opened = [
        line.removeprefix("# ") if line.startswith("# [[") or line == "# [sbc.ssh]" else line
        for line in opened
    ]
    config = loaded("\n".join(opened))
    assert [sbc.name for sbc in config.inventory.sbcs] == ["nyc-1"]
    assert config.inventory.trunks[0].bindings == (
        Binding(trunk="unlimcall-us", sbc="nyc-1", name="unlimcall-us"),
    )
