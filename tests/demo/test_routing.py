"""The simulated SBCs route by what stands where they are told: in the recorded words, and new calls follow, old ones stay."""

from __future__ import annotations

import math
import re

import pytest
from msgspec import structs

from tests.demo import test_freeswitch_words, test_kamailio_words, test_words
from tests.platforms.recordings import FIXTURES
from trunktui.demo import asterisk_words, freeswitch_words, kamailio_words
from trunktui.demo.asterisk_words import Printed
from trunktui.demo.call_file import PATH
from trunktui.demo.plan import newcomers_fleet
from trunktui.demo.routing import Written
from trunktui.demo.rows import Call, ContactRow, Daemon, Destination, DispatcherSet, Look
from trunktui.demo.story import Kind, Script, Trouble
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import World
from trunktui.model.route import Mechanism, Route
from trunktui.platforms import asterisk, freeswitch, kamailio

RECORDED = FIXTURES / "routes"
US, UNSET = Written(Mechanism.ASTDB, "trunk/us-outbound", "alpha-us"), None
AT, LATER = 20.0, 120.0


def recorded(path: str) -> str:
    return (RECORDED / path).read_text(encoding="utf-8")


def looking(**settings: dict[str, str]) -> Look:
    told = {Mechanism(kind): entries for kind, entries in settings.items()}
    return Look(100.0, "sbc1", Daemon.RUNNING, "22.10.1", 5, settings=told)


PUT = {"pbx/UUID": "84f162af-540c-4356-b545-c50a07b5281d", "trunk/us-domestic/carrier": "ipauth-beta"}
KEY = "trunk us-domestic/carrier"


@pytest.mark.parametrize(
    ("command", "astdb", "file"),
    [
        ("database show", PUT, "database_show"),
        ("database show trunk", PUT, "database_show_trunk"),
        (f"database get {KEY}", PUT, "database_get_trunk_us-domestic_carrier"),
        (f"database get {KEY}", {}, "database_get_trunk_us-domestic_carrier.2"),
        (f"database put {KEY} ipauth-beta", {}, "database_put_trunk_us-domestic_carrier_ipauth-beta"),
        (f"database del {KEY}", PUT, "database_del_trunk_us-domestic_carrier"),
        (f"database del {KEY}", {}, "database_del_trunk_us-domestic_carrier.2"),
        ("dialplan set global NEWVAR x", {}, "dialplan_set_global_NEWVAR_x"),
        ("dialplan set global POOL_US_DOMESTIC", {}, "dialplan_set_global_POOL_US_DOMESTIC"),
    ],
)
def test_asterisk_prints_what_it_was_recorded_to_print(
    command: str, astdb: dict[str, str], file: str
) -> None:
    assert asterisk_words.answer(command, looking(astdb=astdb)) == Printed(recorded(f"asterisk/{file}.txt"))


def test_asterisks_globals_are_printed_as_recorded() -> None:
    both = {"POOL_US_DOMESTIC": "acme-primary", "NEWVAR": "x"}
    for variables, file in ((both, "globals"), ({"POOL_US_DOMESTIC": "ipauth-beta"}, "globals.2")):
        printed = asterisk_words.answer("dialplan show globals", looking(**{"global": variables}))
        assert printed.out == recorded(f"asterisk/dialplan_show_{file}.txt")


ACTIVE = {"trunk/active": "carrier-b"}
LIST = {"outbound": "carrier-a=1 carrier-b=9"}


@pytest.mark.parametrize(
    ("command", "settings", "file"),
    [
        ("global_getvar outbound_gw", {"global": {"outbound_gw": "carrier-a"}}, "01_getvar_before"),
        ("global_setvar outbound_gw=carrier-b", {}, "02_setvar"),
        ("global_getvar outbound_gw", {}, "19_getvar_empty"),
        ("global_setvar", {}, "20_setvar_noarg"),
        ("hash insert/trunk/active/carrier-b", {}, "21_hash_insert"),
        ("hash select/trunk/active", {"hash": ACTIVE}, "22_hash_select"),
        ("hash select/trunk/active", {"db": ACTIVE}, "24_hash_select_unknown"),
        ("hash delete/trunk/active", {"hash": ACTIVE}, "27_hash_delete"),
        ("db insert/trunk/active/carrier-b", {}, "28_db_insert"),
        ("db select/trunk/active", {"db": ACTIVE}, "29_db_select"),
        ("db list/", {"db": ACTIVE}, "30_db_list"),
        ("db list/trunk", {"db": ACTIVE}, "31_db_list_realm"),
        ("db exists/trunk/active", {"db": ACTIVE}, "32_db_exists"),
        ("db select/trunk/active", {"hash": ACTIVE}, "33_db_select_unknown"),
        ("distributor_ctl dump", {"distributor": LIST}, "35_dist_dump"),
        (
            "distributor_ctl dump outbound",
            {"distributor": {"outbound": "carrier-a=9 carrier-b=1"}},
            "50_dist_dump",
        ),
        ("distributor_ctl dump nosuch", {"distributor": LIST}, "51_dist_dump_unknown"),
        ("distributor_ctl modify outbound carrier-a=1 carrier-b=9", {"distributor": LIST}, "52_dist_modify"),
        ("distributor_ctl modify outbound carrier-a=0", {"distributor": LIST}, "54_dist_modify_zero"),
        ("distributor_ctl modify outbound carrier-x=1", {"distributor": LIST}, "55_dist_modify_unknown_node"),
        ("distributor_ctl modify nosuch carrier-a=1", {"distributor": LIST}, "56_dist_modify_unknown_list"),
    ],
)
def test_freeswitch_prints_what_it_was_recorded_to_print(
    command: str, settings: dict[str, dict[str, str]], file: str
) -> None:
    look = looking(**settings)
    assert freeswitch_words.answer(command, look) == Printed(recorded(f"freeswitch/{file}.out"))


URI = "sip:10.77.0.21:5060"
SET = DispatcherSet(1, (Destination("carrierA", URI, 10), Destination("carrierB", "sip:10.77.0.22:5060", 5)))


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (("dx", "1", URI), "DX"),
        (("zz", "1", URI), None),
        (("a", "9", URI), None),
        (("a", "1", "sip:nosuch"), None),
    ],
)
def test_kamailio_takes_a_state_as_it_was_recorded_to(words: tuple[str, ...], flags: str | None) -> None:
    look = structs.replace(looking(), sets=(SET,))
    name = "_".join(words).replace(":", "_")
    argv = ("dispatcher.set_state", *words)
    assert kamailio_words.answer(argv, look).out == recorded(
        f"kamailio/kamcmd_dispatcher.set_state_{name}.txt"
    )
    written = flags and Written(Mechanism.DISPATCHER, f"1 {URI}", flags)
    assert kamailio_words.taken(argv, look) == written


def test_kamailio_lists_one_that_is_held_out_as_recorded() -> None:
    held = DispatcherSet(
        1,
        (structs.replace(SET.destinations[0], flags="DX"), structs.replace(SET.destinations[1], flags="AP")),
    )
    contacts = tuple(ContactRow(each.trunk, each.uri, "Avail", 1.0) for each in SET.destinations)
    printed = kamailio_words.destinations(structs.replace(looking(), sets=(held,), contacts=contacts))
    there = recorded("kamailio/kamcmd_dispatcher.list.3.txt").partition("ID: 1\n")[2]
    wanted = re.compile(
        r"\t+(?:URI|FLAGS|PRIORITY|BODY|DUID|MAXLOAD|WEIGHT|RWEIGHT|SOCKET|SOCKNAME|OBPROXY): .*"
    )
    assert wanted.findall(printed) == wanted.findall(there)


def test_what_a_command_writes_is_what_is_read_afterwards() -> None:
    world = fleet()
    for sbc, words, command in (
        ("nyc-1", asterisk_words, "database put trunk us-outbound alpha-us"),
        ("nyc-1", asterisk_words, "dialplan set global EU_OUTBOUND alpha-eu"),
        ("sgp-2", freeswitch_words, "db insert/trunk/apac-outbound/bravo-us"),
        ("sgp-2", freeswitch_words, "hash insert/trunk/retail/charlie-world"),
        ("sgp-2", freeswitch_words, "distributor_ctl modify latam delta-latam=1 charlie-world=99"),
    ):
        written = words.taken(command, world.look(sbc, AT))
        assert isinstance(written, Written)
        world.settings.write(AT, sbc, written)
        assert world.look(sbc, AT).settings[written.mechanism][written.place] == written.value
    world.settings.write(AT + 1.0, "nyc-1", structs.replace(US, value=UNSET))
    assert "trunk/us-outbound" not in world.look("nyc-1", AT + 1.0).settings[Mechanism.ASTDB]


ASKED = {
    "asterisk": (asterisk, test_words.answered),
    "freeswitch": (freeswitch, test_freeswitch_words.answered),
    "kamailio": (kamailio, test_kamailio_words.answered),
}


@pytest.mark.parametrize("sbc", ["nyc-1", "nyc-2", "lon-2", "sgp-1", "sgp-2"])
def test_what_the_platforms_read_of_a_route_is_what_stands_there(sbc: str) -> None:
    world = fleet()
    look = world.look(sbc, AT)
    platform, answered = ASKED[look.platform]
    groups = [group for group in world.plan.groups if look.platform in group.switch]
    routes = tuple(group.switch[look.platform] for group in groups)
    ask = platform.route_ask(routes)
    assert ask is not None
    for group, reading in zip(groups, platform.parse_routes(answered(look, ask), routes), strict=True):
        assert reading.read, reading.why
        there = [name for name in group.trunks if sbc in world.plan.trunk(name).sbcs]
        names = [{f"sip:{host}" for host in world.plan.trunk(name).hosts} | {name} for name in there]
        if sbc in group.unset or not there:
            assert not reading.shares
        else:
            assert reading.open[0].value in names[0]


def fleet(*troubles: Trouble) -> World:
    return World(newcomers_fleet(), Script(1e6, troubles), 1, Tempo(10.0))


def calls_of(world: World, sbc: str, group: str, t: float) -> dict[str, Call]:
    """Return a group's calls by their keys; nothing but the trunk is compared."""
    return {call.key: call for call in world.look(sbc, t).calls if f"/{group}/" in call.key}


MOVES = [
    ("nyc-1", "us-outbound", US, "bravo-us", "alpha-us"),
    (
        "lon-1",
        "eu-outbound",
        Written(Mechanism.GLOBAL, "EU_OUTBOUND", "charlie-world"),
        "bravo-eu",
        "charlie-world",
    ),
    (
        "sgp-2",
        "apac-outbound",
        Written(Mechanism.DB, "trunk/apac-outbound", "bravo-us"),
        "charlie-apac",
        "bravo-us",
    ),
    (
        "sgp-2",
        "retail",
        Written(Mechanism.HASH, "trunk/retail", "charlie-world"),
        "delta-retail",
        "charlie-world",
    ),
    (
        "sgp-1",
        "apac-outbound",
        Written(Mechanism.DISPATCHER, "10 sip:203.0.113.140:5060", "DX"),
        "charlie-apac",
        "bravo-us",
    ),
]


@pytest.mark.parametrize(("sbc", "group", "written", "source", "target"), MOVES)
def test_new_calls_follow_a_switch_and_those_in_progress_stay(
    sbc: str, group: str, written: Written, source: str, target: str
) -> None:
    quiet, moved = fleet(), fleet()
    calls_of(moved, sbc, group, AT - 1.0)
    moved.settings.write(AT, sbc, written)
    before = calls_of(quiet, sbc, group, AT)
    assert calls_of(moved, sbc, group, AT) == before
    assert source in {call.trunk for call in before.values()}
    followed = 0
    for n in range(60):
        were, are = (calls_of(of, sbc, group, AT + n) for of in (quiet, moved))
        assert were.keys() == are.keys()
        for key, call in were.items():
            assert are[key].trunk == (target if call.started > AT else call.trunk)
            followed += are[key].trunk != call.trunk
    assert followed > 15


def test_a_foreign_value_fails_every_call_at_once_and_its_records_say_that_asterisk_did_it() -> None:
    quiet, world = fleet(), fleet()
    world.settings.write(AT, "nyc-1", structs.replace(US, value="nosuch"))
    were, are = (calls_of(of, "nyc-1", "us-outbound", LATER) for of in (quiet, world))
    assert len(were) > 5
    assert not are
    assert "nosuch" not in world.look("nyc-1", LATER).dialled
    data = next(file.data for file in world.files("nyc-1", LATER) if file.path == PATH).decode()
    failed = [line for line in data.splitlines() if "@nosuch," in line]
    assert len(failed) > 3
    assert data.count('""hangupcause"":3,""hangupsource"":""dialplan/builtin""') == len(failed)


def test_a_carrier_takes_a_part_of_what_is_moved_to_its_small_account_and_refuses_the_rest() -> None:
    quiet, moved = fleet(), fleet()
    cap = next(one.channels for one in quiet.plan.accounts if one.name == "alpha-europe")
    sbcs = ("lon-1", "lon-2", "nyc-1")
    for sbc in sbcs:
        moved.settings.write(AT, sbc, Written(Mechanism.GLOBAL, "EU_OUTBOUND", "alpha-eu"))
    used, load, most = [], [], 0
    for t in (AT + n for n in range(0, 60, 2)):
        looks = [of.look(sbc, t) for of in (quiet, moved) for sbc in sbcs]
        load.append(sum(call.trunk == "bravo-eu" for look in looks[:3] for call in look.calls))
        used.append(sum(call.trunk == "alpha-eu" for look in looks[:3] for call in look.calls))
        most = max(most, sum(call.trunk == "alpha-eu" for look in looks[3:] for call in look.calls))
    assert max(used) < 0.75 * cap
    assert max(load) > cap - max(used), "it has room, but not for all"
    assert 0.8 * cap < most <= 3 * math.ceil(cap / 3)
    assert quiet.look("lon-1", LATER).processed == moved.look("lon-1", LATER).processed


def test_where_nothing_is_set_the_dial_plan_takes_its_first_preference() -> None:
    quiet, unset = fleet(), fleet()
    unset.settings.write(AT, "nyc-1", structs.replace(US, value=UNSET))
    assert unset.look("nyc-1", LATER).calls == quiet.look("nyc-1", LATER).calls
    assert "trunk/latam-outbound" not in quiet.look("nyc-2", AT).settings[Mechanism.ASTDB]
    assert [call for call in quiet.look("nyc-2", AT).calls if call.trunk == "delta-latam"]


def test_calls_to_a_dead_carrier_fail_until_somebody_moves_them() -> None:
    dead = Trouble(Kind.CARRIER_DEAD, "bravo", 200.0, 1e5)
    gone = fleet(Trouble(Kind.CARRIER_DEAD, "charlie", 200.0, 1e5))
    left, moved = fleet(dead), fleet(dead)
    moved.settings.write(60.0, "nyc-1", US)
    assert len(calls_of(moved, "nyc-1", "us-outbound", LATER)) > 1.5 * len(
        calls_of(left, "nyc-1", "us-outbound", LATER)
    )
    assert not [call for call in left.look("nyc-1", LATER).calls if call.trunk == "bravo-us"]
    by_itself = calls_of(gone, "sgp-1", "apac-outbound", LATER).values()
    assert {call.trunk for call in by_itself} == {"bravo-us"}, "a dispatcher passes over what is dead"


def test_kamailio_keeps_held_out_what_dies_and_answers_again_until_it_restarts() -> None:
    world = fleet(
        Trouble(Kind.CARRIER_DEAD, "charlie", 300.0, 600.0), Trouble(Kind.REBOOT, "sgp-1", 1000.0, 1100.0)
    )
    first, second = (each.uri for each in world.look("sgp-1", 1.0).sets[0].destinations)
    told = {20: (("ap", second), ("dx", first)), 40: (("ax", second),)}
    dead = 0
    for t in range(20, 115):
        for state, uri in told.get(t, ()):
            argv = ("dispatcher.set_state", state, "10", f"s:{uri}")
            written = kamailio_words.taken(argv, world.look("sgp-1", float(t)))
            assert isinstance(written, Written)
            world.settings.write(float(t), "sgp-1", written)
        look = world.look("sgp-1", float(t))
        if look.daemon is Daemon.RUNNING:
            dead += any(row.uri == first and row.word == "Unavail" for row in look.contacts)
            flags = re.search(rf"URI: {re.escape(first)}\n\t+FLAGS: (\w+)", kamailio_words.destinations(look))
            assert flags is not None
            assert (flags[1] == "DX") == (t < 110), f"{flags[1]} at {t} s"
    assert dead > 5


@pytest.mark.parametrize(
    ("sbc", "route", "value", "then"),
    [
        ("nyc-1", Route(Mechanism.ASTDB, "trunk/us-outbound"), "alpha-us", "alpha-us"),
        ("nyc-1", Route(Mechanism.GLOBAL, "EU_OUTBOUND"), "alpha-eu", "bravo-eu"),
        ("sgp-2", Route(Mechanism.DB, "trunk/apac-outbound"), "bravo-us", "bravo-us"),
        ("sgp-2", Route(Mechanism.HASH, "trunk/retail"), "charlie-world", None),
        (
            "sgp-2",
            Route(Mechanism.DISTRIBUTOR, "latam"),
            "delta-latam=1 charlie-world=9",
            "delta-latam=9 charlie-world=1",
        ),
        ("sgp-1", Route(Mechanism.DISPATCHER, "10 sip:203.0.113.140:5060"), "DX", None),
    ],
)
def test_a_restart_loses_what_it_loses_on_a_real_one(
    sbc: str, route: Route, value: str, then: str | None
) -> None:
    world = fleet(Trouble(Kind.REBOOT, sbc, 300.0, 400.0))
    world.settings.write(AT, sbc, Written(route.mechanism, route.place, value))
    assert world.settings.at(sbc, route.mechanism, route.place, 29.0) == value
    assert world.settings.at(sbc, route.mechanism, route.place, 45.0) == then
    world.settings.write(50.0, sbc, Written(route.mechanism, route.place, value))
    assert world.settings.at(sbc, route.mechanism, route.place, 51.0) == value
