"""Another config under a running fleet: what both have keeps all that is known, what went is gone, the rest is judged anew."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.health.scenes import START, Says, Trunks, answer, fleet_of, leg, settings_of
from trunktui.health.memory import LegMemory
from trunktui.model.health import LegState, Thresholds
from trunktui.model.inventory import AuthMode, Binding, Cap, Group, Inventory, Sbc, SshTarget, Trunk
from trunktui.model.link import LinkError, SnmpState, SshState
from trunktui.model.observation import Unread
from trunktui.model.snmp import SnmpTarget
from trunktui.model.text import Safe
from trunktui.platforms import asterisk
from trunktui.poll.fleet import Fleet

DOWN = Says(contacts=("Unavail",))


def one(**changes: object) -> Inventory:
    """Return the fleet of one SBC with `carrier-a`, the trunk changed so."""
    inventory = fleet_of(Trunks()).inventory
    return replace(inventory, trunks=(replace(inventory.trunks[0], **changes),))


def poll(fleet: Fleet, at: float, says: Says | None = None, sbc: str = "sbc-1") -> None:
    bindings = fleet.inventory.bindings_on(sbc)
    fleet.answered(sbc, asterisk.parse_poll(answer(says or Says(), at), settings_of(Trunks()), bindings))
    fleet.record(sbc).settings_done = True
    fleet.snapshot(at)


def polled(inventory: Inventory, *says: Says) -> Fleet:
    fleet = Fleet(inventory, Thresholds(), 30.0)
    for number, words in enumerate(says or (Says(),)):
        poll(fleet, START + 30 * number, words)
    return fleet


def change(fleet: Fleet, inventory: Inventory, interval_s: float = 30.0) -> frozenset[str]:
    return fleet.reconfigure(inventory, Thresholds(), interval_s)


def with_sbc(inventory: Inventory, **changes: object) -> Inventory:
    return replace(inventory, sbcs=(replace(inventory.sbcs[0], **changes),))


def test_the_same_config_again_changes_nothing_that_is_known_or_shown() -> None:
    fleet = polled(one(), Says(), DOWN, DOWN)
    before = fleet.snapshot(START + 65)
    record = fleet.record("sbc-1")
    memory = record.legs["carrier-a@sbc-1"].memory
    assert change(fleet, one()) == frozenset()
    assert fleet.record("sbc-1") is record
    assert record.legs["carrier-a@sbc-1"].memory == memory
    after = fleet.snapshot(START + 65)
    assert replace(after, generation=before.generation) == before


def test_a_cap_and_a_group_count_at_once_and_the_streak_goes_on() -> None:
    fleet = polled(one(), Says(channels=5), replace(DOWN, channels=5))
    memory = fleet.record("sbc-1").legs["carrier-a@sbc-1"].memory
    inventory = replace(one(cap=Cap(channels=5)), groups=(Group("us", ("carrier-a",)),))
    assert change(fleet, inventory) == frozenset()
    seen = fleet.snapshot(START + 31)
    assert seen.legs[0].channels.cap == 5
    assert seen.legs[0].groups == ("us",)
    assert [group.name for group in seen.groups] == ["us"]
    assert fleet.record("sbc-1").legs["carrier-a@sbc-1"].memory.probe_since == memory.probe_since


def test_a_changed_auth_mode_is_judged_at_once_as_if_it_had_been_so_before() -> None:
    silent = Says(reg=None)
    fleet = polled(one(auth=AuthMode.IP), silent, silent)
    assert leg(fleet.snapshot(START + 31)).state is LegState.UP
    change(fleet, one(auth=AuthMode.REGISTRATION))
    always = leg(polled(one(auth=AuthMode.REGISTRATION), silent, silent).snapshot(START + 31))
    seen = leg(fleet.snapshot(START + 31))
    assert seen.state is not LegState.UP
    assert (seen.auth, seen.state, seen.reason) == (always.auth, always.state, always.reason)
    change(fleet, one(auth=AuthMode.IP))
    assert leg(fleet.snapshot(START + 31)).state is LegState.UP


def test_a_trunk_switched_off_is_off_at_once() -> None:
    fleet = polled(one())
    change(fleet, one(enabled=False))
    assert leg(fleet.snapshot(START + 1)).state is LegState.ADMIN_OFF


def test_another_interval_moves_the_age_at_which_nothing_is_believed() -> None:
    fleet = polled(one())
    assert leg(fleet.snapshot(START + 60)).state is LegState.UP
    change(fleet, one(), interval_s=1.0)
    assert leg(fleet.snapshot(START + 60)).state is LegState.UNKNOWN


def test_a_removed_sbc_is_gone_and_its_legs_with_it() -> None:
    fleet = polled(one())
    change(fleet, Inventory())
    seen = fleet.snapshot(START + 1)
    assert not seen.sbcs
    assert not seen.legs


def test_a_new_sbc_is_there_at_once_and_not_polled_yet() -> None:
    fleet = polled(one())
    both = replace(one(), sbcs=(*one().sbcs, Sbc("sbc-2", "asterisk", SshTarget("10.0.0.2"))))
    change(fleet, both)
    seen = fleet.snapshot(START + 1)
    assert [sbc.name for sbc in seen.sbcs] == ["sbc-1", "sbc-2"]
    assert seen.sbcs[1].link.state is SshState.PENDING
    assert seen.legs[0].state is LegState.UP


def test_another_host_is_another_box_of_which_nothing_is_known() -> None:
    fleet = polled(one())
    change(fleet, with_sbc(one(), ssh=SshTarget("10.0.0.9")))
    seen = fleet.snapshot(START + 1)
    assert seen.legs[0].state is LegState.UNKNOWN
    assert seen.legs[0].observed_at is None
    assert seen.sbcs[0].host == "10.0.0.9"


def test_another_login_keeps_what_is_known_and_reads_the_settings_again() -> None:
    fleet = polled(one())
    record = fleet.record("sbc-1")
    record.settings = replace(record.settings, asked=frozenset({"x"}))
    change(fleet, with_sbc(one(), ssh=SshTarget("10.0.0.1", user="noc")))
    assert fleet.record("sbc-1") is record
    assert not record.settings_done
    assert not record.settings.asked
    assert leg(fleet.snapshot(START + 1)).state is LegState.UP


def test_settings_that_were_refused_are_asked_again_at_once_for_somebody_has_been_at_work() -> None:
    fleet = polled(one())
    record = fleet.record("sbc-1")
    refused = {"aors": Unread("pjsip show aors", Safe("sudo says no"))}
    record.settings = replace(record.settings, asked=frozenset({"aors"}), refused=refused)
    assert change(fleet, one()) == {"sbc-1"}
    assert not record.settings_done
    assert not record.settings.asked


def test_a_discovered_trunk_that_is_named_now_keeps_its_past() -> None:
    bare = replace(one(), trunks=())
    fleet = polled(bare, Says(), DOWN)
    memory = fleet.record("sbc-1").legs["carrier-a@sbc-1"].memory
    named = Trunk("acme", auth=AuthMode.HYBRID, bindings=(Binding("acme", "sbc-1", name="carrier-a"),))
    assert change(fleet, replace(bare, trunks=(named,))) == {"sbc-1"}
    seen = fleet.snapshot(START + 31)
    assert [one.id for one in seen.legs] == ["acme@sbc-1"]
    assert not seen.legs[0].discovered
    assert fleet.record("sbc-1").legs["acme@sbc-1"].memory.probe_since == memory.probe_since
    assert memory != LegMemory()


def test_a_trunk_that_is_named_no_more_is_found_again_by_the_next_poll() -> None:
    fleet = polled(one())
    assert change(fleet, replace(one(), trunks=())) == {"sbc-1"}
    assert not fleet.snapshot(START + 1).legs
    poll(fleet, START + 2)
    assert [one.discovered for one in fleet.snapshot(START + 2).legs] == [True]


def test_discovered_trunks_go_when_they_are_ignored_or_not_wanted_any_more() -> None:
    bare = replace(one(), trunks=())
    for changes in ({"ignore": ("carrier-*",)}, {"discover": False}):
        fleet = polled(bare)
        assert fleet.snapshot(START).legs
        assert change(fleet, with_sbc(bare, **changes)) == {"sbc-1"}
        assert not fleet.snapshot(START + 1).legs


def test_another_name_on_the_sbc_is_another_trunk_without_a_past() -> None:
    fleet = polled(one(), Says(), DOWN)
    assert change(fleet, one(bindings=(Binding("carrier-a", "sbc-1", name="other"),))) == {"sbc-1"}
    record = fleet.record("sbc-1").legs["carrier-a@sbc-1"]
    assert (record.seen, record.memory) == (None, LegMemory())


def test_snmp_that_is_added_changed_or_removed_is_not_asked_yet_or_off() -> None:
    fleet = polled(one())
    target = SnmpTarget("10.0.0.1", version="2c", community="env:C")
    change(fleet, with_sbc(one(), snmp=target))
    assert fleet.record("sbc-1").snmp.state is SnmpState.PENDING
    change(fleet, one())
    assert fleet.record("sbc-1").snmp.state is SnmpState.OFF
    assert leg(fleet.snapshot(START + 1)).state is LegState.UP


NAMES = ("sbc-1", "sbc-2", "sbc-3")
TRUNKS = ("carrier-a", "other")


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    """Draw a config of up to three SBCs and two trunks, bound, capped and switched anyhow."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    sbcs = tuple(
        Sbc(
            name,
            "asterisk",
            SshTarget(f"10.0.0.{number}", user=draw(st.sampled_from((None, "noc")))),
            discover=draw(st.booleans()),
            ignore=draw(st.sampled_from(((), ("carrier-*",)))),
        )
        for number, name in enumerate(names)
    )
    trunks = tuple(
        Trunk(
            name,
            auth=draw(st.sampled_from(AuthMode)),
            enabled=draw(st.booleans()),
            cap=Cap(channels=draw(st.sampled_from((None, 1)))),
            bindings=tuple(
                Binding(name, sbc, name=draw(st.sampled_from(TRUNKS)))
                for sbc in draw(st.lists(st.sampled_from(names), unique=True) if names else st.just([]))
            ),
        )
        for name in draw(st.lists(st.sampled_from(TRUNKS), unique=True))
    )
    return Inventory(sbcs=sbcs, trunks=trunks)


@settings(max_examples=40, deadline=None)
@given(configs=st.lists(inventories(), min_size=2, max_size=4), lost=st.sampled_from((*NAMES, "")))
def test_whatever_changes_only_configured_sbcs_and_legs_are_shown_and_the_past_is_kept(
    configs: list[Inventory], lost: str
) -> None:
    fleet, at = Fleet(configs[0], Thresholds(), 30.0), START
    for inventory in configs:
        before = {sbc.name: fleet.record(sbc.name) for sbc in fleet.inventory.sbcs}
        old = fleet.inventory
        fleet.reconfigure(inventory, Thresholds(), 30.0)
        seen = fleet.snapshot(at)
        assert [sbc.name for sbc in seen.sbcs] == [sbc.name for sbc in inventory.sbcs]
        bound = {f"{b.trunk}@{b.sbc}" for trunk in inventory.trunks for b in trunk.bindings}
        assert {one.id for one in seen.legs if not one.discovered} == bound
        assert {one.sbc for one in seen.legs} <= {sbc.name for sbc in inventory.sbcs}
        assert len({one.id for one in seen.legs}) == len(seen.legs)
        for sbc in inventory.sbcs:
            if any(sbc.ssh.host == was.ssh.host and sbc.name == was.name for was in old.sbcs):
                assert fleet.record(sbc.name).observation is before[sbc.name].observation
        at += 30
        for sbc in inventory.sbcs:
            if sbc.name == lost:
                fleet.failed(sbc.name, LinkError(SshState.REFUSED, Safe("no")), at)
            else:
                poll(fleet, at, DOWN, sbc.name)
