"""Where a group's calls go, as recorded of real SBCs: read right, never more than was printed, and never asked unsafely."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.fleets import leg
from trunktui.model.ask import Answer, Command, Reply
from trunktui.model.inventory import NativeNames
from trunktui.model.observation import Contact, ContactState
from trunktui.model.route import Mechanism, Route, RouteReading, Share
from trunktui.model.text import Safe, clean
from trunktui.platforms import kamailio
from trunktui.platforms.contract import LegSettings
from trunktui.platforms.registry import PLATFORMS
from trunktui.transport.lines import safe_lines

from . import recordings

FOLDER = recordings.FIXTURES / "routes"
ASTDB = Route(Mechanism.ASTDB, "trunk/us-domestic/carrier")
DB, HASH = Route(Mechanism.DB, "trunk/active"), Route(Mechanism.HASH, "trunk/active")
LIST = Route(Mechanism.DISTRIBUTOR, "outbound")
SET_1, SET_2 = Route(Mechanism.DISPATCHER, "1"), Route(Mechanism.DISPATCHER, "2")
A, B = "sip:10.77.0.21:5060", "sip:10.77.0.22:5060"
ZETA, THETA = "sip:10.77.0.21:5070", "sip:10.77.0.21:5071"


def name(variable: str) -> Route:
    return Route(Mechanism.GLOBAL, variable)


def share(value: str, weight: int | None = None, *, held: bool = False, alive: bool | None = None) -> Share:
    return Share(Safe(value), weight, held=held, alive=alive)


ONE_TO_NINE = (share("carrier-a", 1), share("carrier-b", 9))
NINE_TO_ONE = (share("carrier-a", 9), share("carrier-b", 1))
B_UP = share(B, alive=True)
SET_2_SHARES = (
    share(ZETA, alive=True),
    share(THETA, alive=False),
    share("sip:10.77.0.23:5060", alive=False),
)

SAID: list[tuple[str, str, Route, tuple[Share, ...]]] = [
    ("asterisk", "database_get_trunk_us-domestic_carrier.txt", ASTDB, (share("ipauth-beta"),)),
    ("asterisk", "dialplan_show_globals.txt", name("POOL_US_DOMESTIC"), (share("acme-primary"),)),
    ("asterisk", "dialplan_show_globals.txt", name("NEWVAR"), (share("x"),)),
    ("asterisk", "dialplan_show_globals.txt", name("NOTHING"), ()),
    ("freeswitch", "01_getvar_before.out", name("outbound_gw"), (share("carrier-a"),)),
    ("freeswitch", "03_getvar_after.out", name("outbound_gw"), (share("carrier-b"),)),
    ("freeswitch", "07_getvar_after_reloadxml.out", name("outbound_gw"), (share("carrier-a"),)),
    ("freeswitch", "10_getvar_after_rescan.out", name("outbound_gw"), (share("carrier-a"),)),
    ("freeswitch", "13_getvar_other_after_reloadxml.out", name("other"), (share("carrier-b"),)),
    ("freeswitch", "15_getvar.out", name("outbound_gw"), (share("carrier-b"),)),
    ("freeswitch", "17_getvar.out", name("outbound_gw"), (share("carrier-a"),)),
    ("freeswitch", "19_getvar_empty.out", name("outbound_gw"), ()),
    ("freeswitch", "22_hash_select.out", HASH, (share("carrier-b"),)),
    ("freeswitch", "24_hash_select_unknown.out", HASH, ()),
    ("freeswitch", "29_db_select.out", DB, (share("carrier-b"),)),
    ("freeswitch", "33_db_select_unknown.out", DB, ()),
    ("freeswitch", "50_dist_dump.out", LIST, NINE_TO_ONE),
    ("freeswitch", "53_dist_dump_after.out", LIST, ONE_TO_NINE),
    ("freeswitch", "58_dist_dump_after_reloadxml.out", LIST, ONE_TO_NINE),
    ("freeswitch", "60_dist_dump_after_dist_reload.out", LIST, NINE_TO_ONE),
    ("freeswitch", "62_db_select.out", DB, (share("carrier-a"),)),
    ("freeswitch", "65_getvar.out", name("outbound_gw"), (share("carrier-b"),)),
    ("kamailio", "kamcmd_dispatcher.list.txt", SET_1, (share(A, alive=False), B_UP)),
    ("kamailio", "kamcmd_dispatcher.list.2.txt", SET_1, (share(A, alive=False), B_UP)),
    ("kamailio", "kamcmd_dispatcher.list.3.txt", SET_1, (share(A, held=True), B_UP)),
    ("kamailio", "kamcmd_dispatcher.list.4.txt", SET_1, (share(A, held=True), B_UP)),
    ("kamailio", "kamcmd_dispatcher.list.5.txt", SET_1, (share(A, alive=True), B_UP)),
    ("kamailio", "kamcmd_dispatcher.list.txt", SET_2, SET_2_SHARES),
]
"""What each recorded answer to a question for a route says."""

WHOLE = {(platform, file) for platform, file, _, _ in SAID}
OTHERS = sorted(
    (path.parent.name, path.name)
    for path in FOLDER.glob("*/*")
    if (path.parent.name, path.name) not in WHOLE and not path.name.startswith(("70_", "80_"))
)
ROUTES = {
    "asterisk": (ASTDB, name("POOL_US_DOMESTIC")),
    "freeswitch": (DB, HASH, name("outbound_gw"), LIST),
    "kamailio": (SET_1, SET_2),
}


def command(platform: str, route: Route) -> Command:
    """Return the one command that asks for `route`."""
    ask = PLATFORMS[platform].route_ask((route,))
    assert ask is not None
    (only,) = ask.commands
    return only


def reply(platform: str, route: Route, raw: bytes, *, status: int | None = 0) -> Reply:
    """Return `raw` as the far side's script hands it over, with its sizes."""
    key, whole = command(platform, route).key, raw.rfind(b"\n") + 1
    return Reply(key, status, recordings.lines(raw), size=len(raw), whole_size=whole)


def read(platform: str, route: Route, *replies: Reply) -> RouteReading:
    (reading,) = PLATFORMS[platform].parse_routes(Answer(99.75, 100.0, replies), (route,))
    assert (reading.route, reading.at) == (route, 99.75)
    return reading


def said(platform: str, route: Route, text: str) -> RouteReading:
    return read(platform, route, reply(platform, route, text.encode()))


@pytest.mark.parametrize(("platform", "file", "route", "shares"), SAID)
def test_a_recorded_route_is_read_as_it_stood(
    platform: str, file: str, route: Route, shares: tuple[Share, ...]
) -> None:
    raw = (FOLDER / platform / file).read_bytes()
    reading = read(platform, route, reply(platform, route, raw))
    assert reading.shares == shares
    assert reading.why == ""
    assert reading.read
    if shares:
        assert shares[0].value in reading.line


@pytest.mark.parametrize(("platform", "file", "route", "shares"), SAID)
def test_an_answer_cut_at_any_byte_is_unread_or_says_what_the_whole_says(
    platform: str, file: str, route: Route, shares: tuple[Share, ...]
) -> None:
    del shares
    raw = (FOLDER / platform / file).read_bytes()
    whole = read(platform, route, reply(platform, route, raw))
    broken = read(platform, route, reply(platform, route, raw, status=None))
    assert (broken.read, broken.shares) == (False, ())
    for cut in range(0, len(raw), 7 if re.search(r"list\.\d", file) or route == SET_2 else 1):
        short = read(platform, route, reply(platform, route, raw[:cut]))
        # A list of weights has no end mark: only the far side's status says that it is whole.
        partly = route is LIST and short.shares == whole.shares[: len(short.shares)] != ()
        assert not short.read or short.shares == whole.shares or partly, raw[:cut]


@pytest.mark.parametrize(("platform", "file"), OTHERS)
def test_what_answers_another_command_is_never_taken_for_nothing_set(platform: str, file: str) -> None:
    raw = (FOLDER / platform / file).read_bytes()
    for route in ROUTES[platform]:
        reading = read(platform, route, reply(platform, route, raw))
        unset = reading.read and not reading.shares
        assert not unset or raw.split() in (
            [b"-ERR", b"no", b"reply"],
            b"Database entry not found.".split(),
        ), raw
        if b"+OK" in raw or b"rror" in raw or b"USAGE" in raw:
            assert reading.why, (route, raw)


def test_what_a_restart_took_back_is_read_as_not_set_any_more() -> None:
    text = (FOLDER / "freeswitch/80_persistence_over_restart.txt").read_text()
    before, _, after = text.partition("# after FreeSWITCH restart")
    found = [
        [
            said("freeswitch", route, part.partition(f"> {command('freeswitch', route).words}\n")[2].partition(">")[0])
            for route in (DB, HASH, name("active_trunk"), LIST)
        ]
        for part in (before, after)
    ]  # fmt: skip
    assert not [reading.why for part in found for reading in part if reading.why]
    assert [reading.shares for reading in found[0]] == [(share("carrier-b"),)] * 3 + [ONE_TO_NINE]
    assert [reading.shares for reading in found[1]] == [(share("carrier-b"),), (), (), NINE_TO_ONE]


def test_json_rpc_says_of_a_set_what_kamcmd_says() -> None:
    raw = (recordings.FIXTURES / "kamailio/by-json-rpc/destinations.out").read_bytes()
    reading = read("kamailio", SET_2, Reply("route destinations", 0, safe_lines(raw)))
    assert reading.shares == SET_2_SHARES
    assert reading.line.startswith(f"URI: {ZETA} FLAGS: AP PRIORITY: 10; URI: {THETA} FLAGS: IP PRIORITY: 5")


def test_asterisk_is_asked_for_each_key_and_once_for_all_globals() -> None:
    routes = (ASTDB, name("A"), name("B"), Route(Mechanism.ASTDB, "trunk/uk"), ASTDB)
    ask = PLATFORMS["asterisk"].route_ask(routes)
    assert ask is not None
    assert [one.words for one in ask.commands] == [
        "database get trunk us-domestic/carrier",
        "dialplan show globals",
        "database get trunk uk",
    ]
    replies = (
        Reply(ask.commands[0].key, 0, (Safe("Value: a"),)),
        Reply(ask.commands[1].key, 0, tuple(map(Safe, ("   A=x", "   B=", "", "    -- 2 variable(s)")))),
        Reply(ask.commands[2].key, 0, (Safe("Database entry not found."),)),
    )
    readings = PLATFORMS["asterisk"].parse_routes(Answer(1.0, 2.0, replies), routes)
    assert [reading.route for reading in readings] == list(routes)
    assert [[one.value for one in reading.shares] for reading in readings] == [["a"], ["x"], [], [], ["a"]]
    assert not any(reading.why for reading in readings)


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (DB, "db select/trunk/active"),
        (HASH, "hash select/trunk/active"),
        (name("outbound_gw"), "global_getvar outbound_gw"),
        (LIST, "distributor_ctl dump outbound"),
    ],
)
def test_freeswitch_is_asked_the_same_at_its_socket_and_by_fs_cli(route: Route, words: str) -> None:
    asked = command("freeswitch", route)
    assert (asked.request, asked.argv[-2:]) == (words, ("-x", words))


def test_kamailio_is_asked_once_for_all_sets() -> None:
    ask = PLATFORMS["kamailio"].route_ask((SET_1, SET_2))
    assert ask is not None
    assert [one.words for one in ask.commands] == ["dispatcher.list"]
    assert PLATFORMS["kamailio"].route_ask(()) is None


REFUSED = "sudo refuses the command (sudo: a password is required): see docs/grants.md; it must allow "
NO_SOCKET = "ERROR: connect_unix_sock: connect(/var/run/kamailio//kamailio_ctl): "


@pytest.mark.parametrize(
    ("platform", "route", "status", "out", "err", "why"),
    [
        ("asterisk", ASTDB, 1, "", "sudo: a password is required",
         REFUSED + "'database get trunk us-domestic/carrier'"),
        ("asterisk", name("X"), 0, "You don't have permissions to run 'dialplan show globals' command", "",
         "cli_permissions.conf of Asterisk refuses it: see docs/grants.md; it must allow 'dialplan show globals'"),
        ("asterisk", ASTDB, 1, "", "Unable to connect to remote asterisk (does /var/run/asterisk/asterisk.ctl exist?)",
         "Asterisk is not running, or its control socket is not for this login: see docs/grants.md"),
        ("asterisk", ASTDB, 137, "", "", "Asterisk did not answer in time"),
        ("asterisk", ASTDB, 0, "No such command 'database get' (type 'core show help database get' for other possible commands)", "",
         "Asterisk does not know this command: is the module loaded?"),
        ("asterisk", ASTDB, 0, "Usage: database get <family> <key>\n       Retrieves", "",
         "Asterisk says: Usage: database get <family> <key>"),
        ("asterisk", ASTDB, 0, "", "", "nothing was printed"),
        ("asterisk", ASTDB, 0, "Value: a\nb", "", "Asterisk says: Value: a"),
        ("asterisk", name("X"), 0, "", "", "nothing was printed"),
        ("asterisk", name("X"), 0, "   A=b", "", "the list of globals broke off"),
        ("asterisk", name("X"), 0, "   A=b\n\n    -- 2 variable(s)", "", "1 globals though 2 are announced"),
        ("asterisk", name("A"), 0, "   A=b\nc\n   D=e\n\n    -- 2 variable(s)", "", "its value has more than one line"),
        ("asterisk", name("A"), 0, "   A=b\n\n\n    -- 1 variable(s)", "", "its value has more than one line"),
        ("freeswitch", DB, 0, "Error:  permission denied!", "",
         "esl-allowed-api of this event socket user does not allow it: see docs/grants.md; it must allow 'db'"),
        ("freeswitch", name("X"), 0, "-ERR permission denied", "",
         "esl-allowed-api of this event socket user does not allow it: see docs/grants.md; it must allow 'global_getvar'"),
        ("freeswitch", LIST, 0, "-ERR distributor_ctl Command not found!", "",
         "FreeSWITCH does not know this command: is the module loaded?"),
        ("freeswitch", LIST, 0, "cannot find list", "", "FreeSWITCH has no distributor list outbound"),
        ("freeswitch", LIST, 0, "list: name=other\nnode: name=a weight=1", "", "FreeSWITCH says: list: name=other"),
        ("freeswitch", LIST, 0, "list: name=outbound\n", "", "the list has no node in it"),
        ("freeswitch", HASH, 0, "a\nb", "", "its value has more than one line"),
        ("freeswitch", HASH, 254, "Request timed out.", "", "FreeSWITCH did not answer in time"),
        ("freeswitch", HASH, 255, "", "[ERROR] fs_cli.c:1699 main() Error Connecting []",
         "/usr/bin/fs_cli cannot ask FreeSWITCH: it is down, or does not let this login in (docs/grants.md)"),
        ("freeswitch", HASH, None, "", "the event socket closed", "not answered: the event socket closed"),
        ("kamailio", SET_1, 1, "", "sudo: a password is required",
         REFUSED + "'dispatcher.list'"),
        ("kamailio", SET_1, 255, "", NO_SOCKET + "Permission denied [13]",
         'this login may not use Kamailio\'s control socket: see "Kamailio" in docs/grants.md'),
        ("kamailio", SET_1, 255, "", NO_SOCKET + "Connection refused [111]",
         "Kamailio's control socket cannot be used: " + NO_SOCKET + "Connection refused [111]"),
        ("kamailio", SET_1, 0, "error: 500 - command dispatcher.list not found", "",
         "this Kamailio has no dispatcher: is the module loaded?"),
        ("kamailio", SET_1, 0, "error: 500 - No Destination Sets", "", "Kamailio has no set 1"),
        ("kamailio", SET_1, 0, "{\n\tNRSETS: 1\n\tRECORDS: {\n\t}\n}", "", "the list of sets is not understood"),
        ("kamailio", SET_1, 0, "{\n\tNRSETS: 0\n}", "", "Kamailio has no set 1"),
        ("kamailio", Route(Mechanism.ASTDB, "a/b"), 0, "", "", "Kamailio has no astdb"),
        ("asterisk", DB, 0, "", "", "Asterisk has no db"),
    ],
)  # fmt: skip
def test_what_is_refused_or_strange_says_why_and_is_never_nothing_set(
    platform: str, route: Route, status: int | None, out: str, err: str, why: str
) -> None:
    ask = PLATFORMS[platform].route_ask((route,))
    key = ask.commands[0].key if ask is not None else ""
    told = Reply(key, status, recordings.lines(out.encode()), recordings.lines(err.encode()))
    reading = read(platform, route, told)
    assert (reading.why, reading.shares) == (why, ())


@pytest.mark.parametrize("platform", ROUTES)
def test_a_command_that_never_ran_or_printed_too_much_is_unread(platform: str) -> None:
    for route in ROUTES[platform]:
        assert read(platform, route).why == "the answer broke off"
        much = structs.replace(reply(platform, route, b"Value: x\n"), truncated=True)
        assert read(platform, route, much).why == "more than we take"


def test_no_global_at_all_is_none_set() -> None:
    for text in ("\n    -- 0 variable(s)\n", "   B=x\n    -- 1 variable(s)\n"):
        reading = said("asterisk", name("A"), text)
        assert (reading.shares, reading.why, reading.line) == ((), "", "")


def test_a_key_set_to_nothing_is_not_one_that_is_not_set() -> None:
    assert said("asterisk", ASTDB, "Value: \n").shares == (share(""),)
    assert said("asterisk", ASTDB, "Value: two  words \n").shares == (share("two  words "),)


def test_a_secret_among_the_globals_is_masked_and_only_the_asked_line_is_kept() -> None:
    text = "   AMPMGRPASS=hunter2\n   DBPASSWORD=hunter2\n   TRUNK_US=acme\n\n    -- 3 variable(s)\n"
    assert said("asterisk", name("TRUNK_US"), text).line == "   TRUNK_US=acme"
    for variable in ("AMPMGRPASS", "DBPASSWORD"):
        assert "hunter2" not in repr(said("asterisk", name(variable), text))


DEST = """{
	NRSETS: 1
	RECORDS: {
		SET: {
			ID: 1
			TARGETS: {
%s			}
		}
	}
}
"""


def dest(uri: str, flags: str, priority: int, weight: int = 0, rweight: int = 0) -> str:
    return (
        f"\t\t\t\tDEST: {{\n\t\t\t\t\tURI: {uri}\n\t\t\t\t\tFLAGS: {flags}\n\t\t\t\t\tPRIORITY: {priority}\n"
        f"\t\t\t\t\tATTRS: {{\n\t\t\t\t\t\tWEIGHT: {weight}\n\t\t\t\t\t\tRWEIGHT: {rweight}\n\t\t\t\t\t}}\n\t\t\t\t}}\n"
    )


def test_destinations_stand_in_the_order_of_their_use_with_what_keeps_them_out() -> None:
    rows = (
        ("sip:low", "AP", 1), ("sip:b", "TP", 5), ("sip:a", "AX", 5), ("sip:held", "DX", 9), ("sip:dead", "IP", 7),
        ("sip:unasked", "AN", 5),
    )  # fmt: skip
    reading = said("kamailio", SET_1, DEST % "".join(dest(*row) for row in rows))
    assert reading.shares == (
        share("sip:held", held=True),
        share("sip:dead", alive=False),
        share("sip:b"),
        share("sip:a"),
        share("sip:unasked"),
        share("sip:low", alive=True),
    )
    assert [one.value for one in reading.open] == ["sip:b", "sip:a", "sip:unasked", "sip:low"]


def test_weights_are_told_where_no_priority_stands_before_them() -> None:
    rows = dest("sip:a", "AP", 3, 50) + dest("sip:b", "AP", 3, 0, 20) + dest("sip:c", "AP", 3)
    assert [one.weight for one in said("kamailio", SET_1, DEST % rows).shares] == [50, 20, None]
    ranked = rows + dest("sip:d", "AP", 1, 50)
    assert [one.weight for one in said("kamailio", SET_1, DEST % ranked).shares] == [None] * 4


@pytest.mark.parametrize("row", [dest("sip:a", "QP", 1), dest("sip:a", "", 1), dest("", "AP", 1)])
def test_a_destination_that_is_not_understood_makes_its_set_unread(row: str) -> None:
    reading = said("kamailio", SET_1, DEST % (dest("sip:b", "AP", 3) + row))
    assert reading.why.startswith("a destination of it is not understood: URI: ")
    assert reading.shares == ()


def test_a_leg_is_called_by_its_endpoint_its_gateway_or_its_destination_in_the_set() -> None:
    acme = leg("acme@a", native=NativeNames("acme-reg", "acme-out", "acme-aor"))
    bare = leg("acme@a", native=NativeNames("acme-reg"))
    for platform, route in (("asterisk", ASTDB), ("asterisk", name("X")), ("freeswitch", DB), ("freeswitch", LIST)):  # fmt: skip
        assert PLATFORMS[platform].route_value(route, acme) == "acme-out"
        assert PLATFORMS[platform].route_value(route, bare) is None
    assert PLATFORMS["asterisk"].route_value(DB, acme) is None
    assert PLATFORMS["kamailio"].route_value(ASTDB, acme) is None


def test_a_leg_of_kamailio_is_called_as_the_set_prints_it() -> None:
    poll = recordings.recorded(recordings.FIXTURES / "kamailio/mixed-with-calls")
    legs = {one.native.endpoint: one for one in kamailio.parse_poll(poll, LegSettings(), ()).legs}
    zeta = legs["zeta"]
    status = leg("zeta@k", native=zeta.native)
    seen = structs.replace(status, probe=structs.replace(status.probe, contacts=zeta.contacts))
    assert kamailio.route_value(SET_2, seen) == ZETA
    assert kamailio.route_value(SET_1, seen) is None
    twice = (
        *zeta.contacts,
        Contact(Safe("sip:x"), ContactState.REACHABLE, None, Safe("set 2 sip:x FLAGS: AP")),
    )
    both = structs.replace(status, probe=structs.replace(status.probe, contacts=twice))
    assert kamailio.route_value(SET_2, both) is None
    blind = structs.replace(status, probe=structs.replace(status.probe, contacts=()))
    assert kamailio.route_value(SET_2, blind) == ZETA


HOSTILE = (
    "", "/", "a/", "/a", "a b/c", "a/b c", 'a/"b', "a/b\nc", "a/b;;shutdown", "a/b`id`", "a/$(id)", "a/b\\", "a/../..",
    "-x/y", "a/b -rx core", "é/a", "a/bé", "a/" + "x" * 64, "x" * 64 + "/a", "1;2", "-1", "１", "a/b\x00",
)  # fmt: skip


@given(platform=st.sampled_from(sorted(ROUTES)), mechanism=st.sampled_from(list(Mechanism)),
       place=st.sampled_from(HOSTILE) | st.text(max_size=40) | st.from_regex(r"[a-z./; $\n-]{1,12}", fullmatch=True))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_no_place_brings_a_sign_into_a_command(platform: str, mechanism: Mechanism, place: str) -> None:
    route = Route(mechanism, place)
    ask = PLATFORMS[platform].route_ask((route,))
    if ask is not None:
        (only,) = ask.commands
        assert route.askable
        assert all(re.fullmatch(r"[A-Za-z0-9_./ -]+", word, re.ASCII) for word in only.argv), only
        assert only.words.count(" ") <= 3
    else:
        reading = read(platform, route)
        assert reading.why.endswith("must not stand in a command") or " has no " in reading.why


@pytest.mark.parametrize("mechanism", Mechanism)
def test_a_hostile_place_is_never_asked_for(mechanism: Mechanism) -> None:
    assert [place for place in HOSTILE if Route(mechanism, place).askable] == []
    assert not Route(Mechanism.DISPATCHER, "01").askable
    assert not Route(Mechanism.DISPATCHER, "0").askable


@given(data=st.data(), case=st.sampled_from(SAID))
@settings(max_examples=300, deadline=None)
def test_no_mutation_of_an_answer_makes_a_parser_raise(
    data: st.DataObject, case: tuple[str, str, Route, tuple[Share, ...]]
) -> None:
    platform, file, route, _ = case
    raw = bytearray((FOLDER / platform / file).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(raw)))
        what = data.draw(
            st.sampled_from(
                [b"", b"\n", b"}", b"{", b"=", b"9" * 25, b"\xff", b"\x1b[2J", "\u202e".encode(), b" "]
            )
        )
        raw[where : where + data.draw(st.integers(0, 3))] = what
    status = data.draw(st.sampled_from([0, 0, 0, 1, 137, None]))
    reading = read(platform, route, reply(platform, route, bytes(raw), status=status))
    assert not reading.why or reading.shares == ()
    assert status == 0 or reading.why
    for text in (reading.why, reading.line, *(one.value for one in reading.shares)):
        assert clean(text, 8192) == text


def test_every_recording_of_a_switch_is_among_the_cases() -> None:
    listed = {FOLDER / platform / file for platform, file in [*WHOLE, *OTHERS]}
    kept: set[Path] = {path for path in FOLDER.glob("*/*") if not path.name.startswith(("70_", "80_"))}
    assert listed == kept
    assert len(kept) > 80


@pytest.mark.parametrize(
    ("name", "route", "said"),
    [
        ("asterisk", Route(Mechanism.ASTDB, "trunk/us"), "sudo: a password is required"),
        ("asterisk", Route(Mechanism.GLOBAL, "US"), "sudo: a password is required"),
        ("freeswitch", Route(Mechanism.GLOBAL, "us"), "-ERR permission denied"),
        ("kamailio", Route(Mechanism.DISPATCHER, "1"), "sudo: a password is required"),
    ],
)
def test_what_is_refused_is_marked_so_that_it_is_not_asked_at_each_poll(
    name: str, route: Route, said: str
) -> None:
    platform = PLATFORMS[name]
    ask = platform.route_ask((route,))
    assert ask is not None
    refused = tuple(Reply(command.key, 1, errors=(Safe(said),)) for command in ask.commands)
    (reading,) = platform.parse_routes(Answer(1.0, 1.0, refused), (route,))
    assert reading.denied
    (reading,) = platform.parse_routes(Answer(1.0, 1.0), (route,))
    assert not reading.denied, "an answer that broke off is no refusal"
