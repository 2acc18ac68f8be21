"""How a group is moved on each platform: the exact commands, what they compare before, and what proves it by the calls."""

from __future__ import annotations

import gc
import json
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fleets import leg
from tests.platforms.recordings import FIXTURES
from trunktui.actions.runner import SEND_S
from trunktui.model.action import Plan, Proof, Sign, Verb
from trunktui.model.ask import GATE_CLOSED, Answer, Reply, SshAsk
from trunktui.model.gate import closes
from trunktui.model.health import Effective, FaultKind, LegState
from trunktui.model.inventory import NativeNames
from trunktui.model.observation import Contact, ContactState
from trunktui.model.route import Mechanism, Route, Share
from trunktui.model.snapshot import LegStatus
from trunktui.model.switch import Move, SwitchKind
from trunktui.model.text import Safe
from trunktui.platforms import asterisk, asterisk_switch, callproof, freeswitch, kamailio
from trunktui.platforms.contract import Platform
from trunktui.transport.jsonrpc import plain as as_kamcmd
from trunktui.transport.jsonrpc import unfolded
from trunktui.transport.lines import safe_lines
from trunktui.transport.script import build_script

ASTDB = Route(Mechanism.ASTDB, "trunk/us-domestic/carrier")
POOL = Route(Mechanism.GLOBAL, "POOL_US_DOMESTIC")
DB, HASH = Route(Mechanism.DB, "trunk/active"), Route(Mechanism.HASH, "trunk/active")
GW, LIST = Route(Mechanism.GLOBAL, "outbound_gw"), Route(Mechanism.DISTRIBUTOR, "outbound")
SET = Route(Mechanism.DISPATCHER, "1")
URI_A, URI_B = "sip:10.77.0.21:5060", "sip:10.77.0.22:5060"
MODULES: dict[str, ModuleType] = {"asterisk": asterisk, "freeswitch": freeswitch, "kamailio": kamailio}
VALUES = {
    "asterisk": {"alpha": "acme-primary", "beta": "ipauth-beta"},
    "freeswitch": {"alpha": "carrier-a", "beta": "carrier-b"},
    "kamailio": {"alpha": URI_A, "beta": URI_B},
}
ROUTES = [("asterisk", ASTDB), ("asterisk", POOL), ("freeswitch", DB), ("freeswitch", HASH), ("freeswitch", GW), ("kamailio", SET)]  # fmt: skip
"""Every place that holds one trunk: of these all the rules of proof are true; weights have their own."""


def recorded(platform: str, name: str) -> tuple[Safe, ...]:
    return safe_lines((FIXTURES / "routes" / platform / name).read_bytes())


def dispatcher(flags_a: str, flags_b: str) -> tuple[Safe, ...]:
    """Return the recorded list with these flags of set 1; that of set 2 stays."""
    text = (FIXTURES / "routes" / "kamailio" / "kamcmd_dispatcher.list.txt").read_text()
    for uri, flags in ((URI_A, flags_a), (URI_B, flags_b)):
        before, found, after = text.partition(f"URI: {uri}\n")
        assert found
        head, word, rest = after.partition("FLAGS: ")
        text = before + found + head + word + flags + rest[2:]
    return safe_lines(text.encode())


def reads(route: Route, value: str | None) -> tuple[Safe, ...]:
    """Return what is printed where the route says `value`; None: nothing is set. For a set the one that is not held."""
    said = {
        Mechanism.ASTDB: "Database entry not found." if value is None else f"Value: {value}",
        Mechanism.GLOBAL: value or "-ERR no reply",
        Mechanism.DB: value or "-ERR no reply",
        Mechanism.HASH: value or "-ERR no reply",
    }
    if route == POOL:
        row = "" if value is None else f"   {route.place}={value}\n"
        return safe_lines(f"   NEWVAR=x\n{row}\n    -- {1 if value is None else 2} variable(s)\n".encode())
    if route == SET:
        assert value is not None
        return dispatcher("AP" if value == URI_A else "DX", "AP" if value == URI_B else "DX")
    return safe_lines(f"{said[route.mechanism]}\n".encode())


def leg_of(platform: str, trunk: str, **changes: Any) -> LegStatus:
    value = VALUES[platform][trunk]
    flags = Contact(Safe(value), ContactState.REACHABLE, 1.0, Safe(f"set 1 {value} FLAGS: AP"), probed=True)
    found = leg(f"{trunk}@nyc-1", native=NativeNames(endpoint=value, aor=value), groups=("us-domestic",))
    probe = replace(found.probe, contacts=(flags,) if platform == "kamailio" else found.probe.contacts)
    return replace(found, **{"probe": probe, **changes})


def key_of(platform: str, route: Route) -> str:
    ask = MODULES[platform].route_ask((route,))
    assert isinstance(ask, SshAsk)
    return ask.commands[0].key


def move_of(platform: str, route: Route, now: tuple[Safe, ...], to: str | tuple[Share, ...], kind: SwitchKind = SwitchKind.SWITCH) -> Move:  # fmt: skip
    """Return the move from what `now` prints to a trunk, or to shares."""
    module, values = MODULES[platform], VALUES[platform]
    answer = Answer(90.0, 90.1, (Reply(key_of(platform, route), 0, now),))
    stands = module.parse_routes(answer, (route,))[0]
    assert stands.read, stands.why
    names = {value: trunk for trunk, value in values.items()}
    source = next((names[s.value] for s in stands.shares if s.value in names and not s.held), "")
    goal = (Share(Safe(values[to])),) if isinstance(to, str) else to
    target = to if isinstance(to, str) else ""
    return Move(kind, "us-domestic", "nyc-1", route, stands, goal, source, target, values)


def ask_plan(platform: str, move: Move, **changes: Any) -> Plan | str:
    siblings = (leg_of(platform, "alpha"), leg_of(platform, "beta"))
    names = {move.values[trunk]: trunk for trunk in move.values}
    trunk = next((names[s.value] for s in move.goal if s.value in names and not s.held), None)
    target = None if trunk is None else replace(leg_of(platform, trunk), **changes)
    found = MODULES[platform].plan_switch(move, target, siblings)
    assert isinstance(found, Plan | str)
    return found


def plan_of(platform: str, route: Route, now: tuple[Safe, ...], to: str | tuple[Share, ...] = "beta", kind: SwitchKind = SwitchKind.SWITCH) -> Plan:  # fmt: skip
    found = ask_plan(platform, move_of(platform, route, now, to, kind))
    assert isinstance(found, Plan), found
    return found


def plain(platform: str, route: Route) -> Plan:
    """Return the plan of the switch from alpha to beta."""
    return plan_of(platform, route, reads(route, VALUES[platform]["alpha"]))


def opens(plan: Plan, lines: tuple[Safe, ...]) -> bool:
    gate = plan.readback
    return not closes([line.replace("␉", "\t") for line in lines], gate.unless, gate.expect, gate.between)


def backwards(plan: Plan) -> Plan:
    """Return the undo of a plan, made of what stands once it is done."""
    assert plan.move is not None
    platform, route = next((name for name, at in ALL if at == plan.move.route)), plan.move.route
    done = {LIST: recorded("freeswitch", "53_dist_dump_after.out")}.get(route) or reads(route, VALUES[platform]["beta"])  # fmt: skip
    goal = tuple(Share(s.value, s.weight, s.held) for s in plan.move.stands.shares)
    return plan_of(platform, route, done, goal, SwitchKind.UNDO)


ALL = [*ROUTES, ("freeswitch", LIST)]


def words(plan: Plan) -> list[str]:
    return [step.words for step in plan.steps]


EXACT: list[tuple[str, Route, str | None, str, str]] = [
    ("asterisk", ASTDB, "acme-primary", "database put trunk us-domestic/carrier ipauth-beta", "database put trunk us-domestic/carrier acme-primary"),
    ("asterisk", ASTDB, None, "database put trunk us-domestic/carrier ipauth-beta", "database del trunk us-domestic/carrier"),
    ("asterisk", POOL, "acme-primary", "dialplan set global POOL_US_DOMESTIC ipauth-beta", "dialplan set global POOL_US_DOMESTIC acme-primary"),
    ("freeswitch", DB, "carrier-a", "db insert/trunk/active/carrier-b", "db insert/trunk/active/carrier-a"),
    ("freeswitch", DB, None, "db insert/trunk/active/carrier-b", "db delete/trunk/active"),
    ("freeswitch", HASH, "carrier-a", "hash insert/trunk/active/carrier-b", "hash insert/trunk/active/carrier-a"),
    ("freeswitch", HASH, None, "hash insert/trunk/active/carrier-b", "hash delete/trunk/active"),
    ("freeswitch", GW, "carrier-a", "global_setvar outbound_gw=carrier-b", "global_setvar outbound_gw=carrier-a"),
    ("freeswitch", GW, None, "global_setvar outbound_gw=carrier-b", "global_setvar outbound_gw="),
]  # fmt: skip


@pytest.mark.parametrize(("platform", "route", "before", "step", "back"), EXACT)
def test_a_place_that_holds_one_trunk_is_set_by_one_command_and_set_back_by_one(
    platform: str, route: Route, before: str | None, step: str, back: str
) -> None:
    now = reads(route, before)
    plan = plan_of(platform, route, now)
    assert (plan.verb, plan.leg, plan.sbc) == (Verb.SWITCH, "beta@nyc-1", "nyc-1")
    assert plan.target == VALUES[platform]["beta"]
    assert words(plan) == [step]
    assert plan.undo == f"{back}, on the SBC"
    assert opens(plan, now)
    assert not opens(plan, reads(route, VALUES[platform]["beta"]))
    assert not opens(plan, reads(route, "elsewhere"))
    if before is not None:
        assert not opens(plan, reads(route, None))
    assert not opens(plan, ())
    assert (plan.window_s, plan.first_s) == (60.0, 0.5)
    assert plan.lock_hold_s > SEND_S, (
        "what is compared late at a control port is set under the lock all the same"
    )
    assert plan.lock_on
    script = build_script(plan.sending("trunktui-by-a@b:c"), "0" * 32, None)
    assert f'"{step}"; ' in script
    assert step in plan.needs or platform == "freeswitch"
    undo = plan_of(platform, route, reads(route, VALUES[platform]["beta"]), plan.move.stands.shares if plan.move else (), SwitchKind.UNDO)  # fmt: skip
    assert words(undo) == [back]
    assert undo.leg == "alpha@nyc-1"


def test_a_global_of_asterisk_that_was_not_set_is_set_with_a_warning_and_cannot_be_taken_back() -> None:
    plan = plan_of("asterisk", POOL, reads(POOL, None))
    assert opens(plan, reads(POOL, None))
    assert not opens(plan, reads(POOL, "x"))
    assert "no command takes that back" in plan.warning
    assert plan.undo == "none: see the warning"
    empty = safe_lines(b"   POOL_US_DOMESTIC=\n\n    -- 1 variable(s)\n")
    assert opens(plan_of("asterisk", POOL, empty), empty)
    why = ask_plan("asterisk", move_of("asterisk", POOL, reads(POOL, "ipauth-beta"), (), SwitchKind.UNDO))
    assert "not set again" in why  # type: ignore[operator]


def test_what_a_reload_or_a_restart_loses_is_warned_of() -> None:
    assert not plain("asterisk", ASTDB).warning
    assert not plain("freeswitch", DB).warning
    assert "reload of the dial plan or a restart loses it" in plain("asterisk", POOL).warning
    assert "reloadxml, a rescan and startgw" in plain("freeswitch", GW).warning
    assert "restart" in plain("freeswitch", HASH).warning
    assert "restart of Kamailio" in plain("kamailio", SET).warning


def test_the_target_of_a_set_is_opened_first_and_the_others_are_held_out_only_then() -> None:
    plan = plain("kamailio", SET)
    assert words(plan) == [f"dispatcher.set_state ap i:1 {URI_B}", f"dispatcher.set_state dx i:1 {URI_A}"]
    assert [step.argv[2:] for step in plan.steps] == [("ap", "1", URI_B), ("dx", "1", URI_A)]
    first, last = plan.steps
    assert (first.gate, first.sets, first.expect) == (True, True, ("Ok. Dispatcher state updated.",))
    assert not last.gate
    assert plan.undo == f"kamcmd dispatcher.set_state ap 1 {URI_A}; kamcmd dispatcher.set_state dx 1 {URI_B}, on the SBC"  # fmt: skip
    assert not any(word in {"ip", "i"} for step in plan.steps for word in step.argv)


@pytest.mark.parametrize(
    ("a", "b", "open_"),
    [("AP", "DX", True), ("TP", "DX", True), ("IX", "DP", True), ("DX", "DX", False), ("AP", "AP", False), ("AP", "IP", False)],
)  # fmt: skip
def test_a_set_is_compared_by_what_is_held_out_alone(a: str, b: str, open_: bool) -> None:
    plan = plain("kamailio", SET)
    assert opens(plan, dispatcher(a, b)) is open_
    body = {"URI": URI_A, "FLAGS": a}, {"URI": URI_B, "FLAGS": b}
    sets = [{"SET": {"ID": 2, "TARGETS": []}}, {"SET": {"ID": 1, "TARGETS": [{"DEST": one} for one in body]}}]
    answer = {"jsonrpc": "2.0", "result": {"NRSETS": 2, "RECORDS": sets}, "id": 1}
    lines = as_kamcmd(safe_lines(unfolded(json.dumps(answer).encode())))
    gate = plan.readback
    assert closes(lines, gate.unless, gate.expect, gate.between) is not open_


def test_only_what_was_changed_is_restored() -> None:
    both_open = plan_of("kamailio", SET, dispatcher("AP", "AP"))
    assert both_open.undo == f"kamcmd dispatcher.set_state ap 1 {URI_A}, on the SBC", "beta was open before"
    back = backwards(both_open)
    assert words(back) == [f"dispatcher.set_state ap i:1 {URI_A}"]
    assert not back.steps[0].gate


def test_a_carrier_by_tls_is_one_like_any_other() -> None:
    tls = f"{URI_B};transport=tls"

    def by_tls(lines: tuple[Safe, ...]) -> tuple[Safe, ...]:
        return tuple(Safe(line.replace(URI_B, tls)) for line in lines)

    now = by_tls(dispatcher("AP", "DX"))
    move = replace(move_of("kamailio", SET, now, "beta"), goal=(Share(Safe(tls)),), values={"alpha": URI_A, "beta": tls})  # fmt: skip
    beta = leg_of("kamailio", "beta")
    row = replace(beta.probe.contacts[0], uri=Safe(tls), line=Safe(f"set 1 {tls} FLAGS: DX"))
    plan = kamailio.plan_switch(move, replace(beta, probe=replace(beta.probe, contacts=(row,))), (beta,))
    assert isinstance(plan, Plan), plan
    assert plan.steps[0].argv[-1] == tls
    assert opens(plan, now)
    assert not opens(plan, by_tls(dispatcher("AP", "AP")))
    assert f'"ap" "1" "{tls}"; ' in build_script(plan.sending("trunktui-by-a@b:c"), "0" * 32, None)


def test_where_kamailio_probes_nothing_the_target_is_opened_without_probing() -> None:
    siblings = tuple(
        replace(one, probe=replace(one.probe, contacts=tuple(replace(c, probed=False) for c in one.probe.contacts)))
        for one in (leg_of("kamailio", "alpha"), leg_of("kamailio", "beta"))
    )  # fmt: skip
    move = move_of("kamailio", SET, dispatcher("AX", "DX"), "beta")
    plan = kamailio.plan_switch(move, siblings[1], siblings)
    assert isinstance(plan, Plan)
    assert plan.steps[0].argv[2] == "ax"


def test_weights_move_most_of_the_calls_and_say_so() -> None:
    plan = plan_of("freeswitch", LIST, recorded("freeswitch", "50_dist_dump.out"))
    assert words(plan) == ["distributor_ctl modify outbound carrier-a=1 carrier-b=9"]
    assert plan.undo == "distributor_ctl modify outbound carrier-a=9 carrier-b=1, on the SBC"
    assert "but for about 10 %" in plan.consequence
    assert "no hard switch" in plan.consequence
    assert opens(plan, recorded("freeswitch", "50_dist_dump.out"))
    assert not opens(plan, recorded("freeswitch", "53_dist_dump_after.out"))
    back = backwards(plan)
    assert words(back) == ["distributor_ctl modify outbound carrier-a=9 carrier-b=1"]
    goal = (Share(Safe("carrier-a"), 9), Share(Safe("carrier-c"), 1))
    now = recorded("freeswitch", "53_dist_dump_after.out")
    assert "other entries" in ask_plan("freeswitch", move_of("freeswitch", LIST, now, goal, SwitchKind.UNDO))  # type: ignore[operator]  # fmt: skip


def test_the_plan_says_where_new_calls_go_and_how_many_stay() -> None:
    plan = plain("asterisk", ASTDB)
    assert plan.consequence == (
        "New calls of us-domestic on nyc-1 go to beta at once. Calls in progress stay where they are: 41 on alpha. "
        "It is set only if astdb trunk/us-domestic/carrier still says alpha."
    )
    assert (
        "astdb trunk/us-domestic/carrier reads back as set, and 3 new calls are answered there"
        in plan.proof_words
    )
    assert "none new began on alpha" in plan.proof_words


@pytest.mark.parametrize(("platform", "route"), ALL)
def test_what_cannot_be_done_is_refused_with_the_reason(platform: str, route: Route) -> None:
    now = (
        recorded("freeswitch", "50_dist_dump.out")
        if route == LIST
        else reads(route, VALUES[platform]["alpha"])
    )
    move = move_of(platform, route, now, "beta")

    def why(of: Move = move, **changes: Any) -> str:
        found = ask_plan(platform, of, **changes)
        assert not isinstance(found, Plan)
        return str(found)

    assert "has not listed beta lately" in why(state=LegState.UNKNOWN)
    assert "has not listed beta lately" in why(observed_at=None)
    gone: dict[str, Any] = {"state": LegState.DOWN, "fault": FaultKind.ABSENT, "effective": Effective.UNKNOWN}
    assert "it takes any name, and every call would fail" in why(move, **gone)
    assert isinstance(ask_plan(platform, move, **{**gone, "effective": Effective.REFUSED_LOCALLY}), Plan)
    assert "is called" in why(native=NativeNames(endpoint="other", aor="sip:other"), probe=leg("x@y").probe)
    assert "is not known" in why(replace(move, stands=replace(move.stands, why=Safe("not read"))))
    for value in (
        "all",
        "a b",
        "x;y",
        'a"b',
        "$(id)",
        "-rx",
        "",
        "é",
        "a" * 200,
        "sip:a;b",
        "a/b c",
        "all\n",
    ):
        hostile = Share(Safe(value))
        assert "must not stand in a command" in why(replace(move, goal=(hostile,)))
        assert "set by hand" in why(replace(move, stands=replace(move.stands, shares=(hostile,))))
    assert "must not stand in a command" in why(replace(move, route=Route(route.mechanism, "a b;c")))
    siblings = (leg_of(platform, "alpha"), leg_of(platform, "beta"))
    assert "goes to one trunk" in MODULES[platform].plan_switch(move, None, siblings)
    assert "no leg" in MODULES[platform].plan_switch(move, None, ())
    if route != LIST:
        assert "says alpha already" in why(replace(move, goal=(Share(Safe(VALUES[platform]["alpha"])),)))


@pytest.mark.parametrize("many", [2, 9, 10, 11, 12, 30, 60])
def test_a_plan_that_does_not_fit_into_a_command_is_refused_before_anything_is_sent(many: int) -> None:
    names = [f"carrier-with-a-long-name-{n:02d}" for n in range(many)]
    nodes = "".join(f"node: name={name} weight={9 if name == names[0] else 1}\n" for name in names)
    uris = [f"sip:edge-{n:02d}.{'x' * 40}.carrier.example:5061;transport=tls" for n in range(many)]
    rows = "".join(f"DEST: {{\nURI: {uri}\nFLAGS: AP\nPRIORITY: 0\n}}\n" for uri in uris)
    set_ = f"{{\nNRSETS: 1\nRECORDS: {{\nSET: {{\nID: 1\nTARGETS: {{\n{rows}}}\n}}\n}}\n}}\n"
    plans = []
    for platform, route, said, goal in (
        ("freeswitch", LIST, f"list: name=outbound\n{nodes}", names[1]),
        ("kamailio", SET, set_, uris[1]),
    ):
        old, new = VALUES[platform]["alpha"], VALUES[platform]["beta"]
        text = safe_lines(said.replace(uris[0], old).replace(names[0], old).replace(goal, new).encode())
        plans.append(ask_plan(platform, move_of(platform, route, text, "beta")))
    for plan in plans:
        if isinstance(plan, Plan):
            assert build_script(plan.sending("trunktui-by-a@b:1"), "0" * 16, "kamailio")
        else:
            assert plan.endswith("for one command: set it by hand")
    fits = [isinstance(plan, Plan) for plan in plans]
    assert fits == [True, True] or many > 9
    assert fits == [False, False] or many < 60


def test_a_set_is_never_left_without_an_open_destination() -> None:
    held = tuple(Share(Safe(uri), held=True) for uri in (URI_A, URI_B))
    move = move_of("kamailio", SET, dispatcher("AP", "DX"), held, SwitchKind.UNDO)
    assert "no entry that gets calls" in ask_plan("kamailio", move)  # type: ignore[operator]
    gone = "sip:10.9.9.9"
    move = replace(move, kind=SwitchKind.SWITCH, goal=(Share(Safe(gone)),), values={"beta": gone})
    contact = Contact(Safe(gone), ContactState.REACHABLE, 1.0, Safe(f"set 1 {gone} FLAGS: AP"))
    probe = replace(leg("x@y").probe, contacts=(contact,))
    assert "has no entry" in ask_plan("kamailio", move, probe=probe)  # type: ignore[operator]


def test_going_back_to_what_is_no_trunk_of_the_group_warns_that_nobody_checks_it() -> None:
    plan = plan_of("asterisk", ASTDB, reads(ASTDB, "ipauth-beta"), (Share(Safe("other")),), SwitchKind.UNDO)
    assert plan.warning == "other is no trunk of the group: nobody checks that it is there"
    assert words(plan) == ["database put trunk us-domestic/carrier other"]


TAKEN: list[tuple[str, Route, tuple[Safe, ...], str | None]] = [
    ("asterisk", ASTDB, recorded("asterisk", "database_put_trunk_us-domestic_carrier_ipauth-beta.txt"), None),
    ("asterisk", ASTDB, recorded("asterisk", "database_del_trunk_us-domestic_carrier.txt"), None),
    ("asterisk", ASTDB, (Safe("Failed to update entry"),), "Failed to update"),
    ("asterisk", ASTDB, (Safe("You don't have permissions to run 'database put' command"),), "it must allow 'database put trunk us-domestic/carrier ipauth-beta'"),
    ("asterisk", ASTDB, (), "said nothing"),
    ("asterisk", POOL, recorded("asterisk", "dialplan_set_global_POOL_US_DOMESTIC_ipauth-beta.txt"), None),
    ("freeswitch", DB, recorded("freeswitch", "28_db_insert.out"), None),
    ("freeswitch", HASH, recorded("freeswitch", "21_hash_insert.out"), None),
    ("freeswitch", HASH, recorded("freeswitch", "27_hash_delete.out"), None),
    ("freeswitch", GW, recorded("freeswitch", "02_setvar.out"), None),
    ("freeswitch", GW, recorded("freeswitch", "20_setvar_noarg.out"), "-USAGE"),
    ("freeswitch", GW, (Safe("Error:  permission denied!"),), "it must allow 'global_setvar'"),
    ("kamailio", SET, recorded("kamailio", "kamcmd_dispatcher.set_state_ap_1_sip_10.77.0.21_5060.txt"), None),
    ("kamailio", SET, recorded("kamailio", "kamcmd_dispatcher.set_state_a_1_sip_nosuch.txt"), "error 500, State Update Failed"),
    ("kamailio", SET, recorded("kamailio", "kamcmd_dispatcher.set_state_zz_1_sip_10.77.0.21_5060.txt"), "Unknown State Value"),
    ("kamailio", SET, safe_lines(b'{\n"jsonrpc": "2.0",\n"result": "Ok. Dispatcher state updated.",\n"id": 1\n}'), None),
]  # fmt: skip


@pytest.mark.parametrize(("platform", "route", "said", "why"), TAKEN)
def test_what_counts_as_taken_is_what_was_recorded(
    platform: str, route: Route, said: tuple[Safe, ...], why: str | None
) -> None:
    plan = plain(platform, route)
    replies = [Reply(plan.readback.key, 0, reads(route, None if route != SET else URI_A))]
    closed = platform == "kamailio" and why is not None
    replies.append(Reply(plan.steps[0].key, GATE_CLOSED if closed else 0, said))
    found = MODULES[platform].taken(plan, Answer(100.0, 100.1, tuple(replies)))
    assert (found is None) if why is None else (found is not None and why in found)


def test_weights_are_taken_where_the_list_is_printed() -> None:
    plan = plan_of("freeswitch", LIST, recorded("freeswitch", "50_dist_dump.out"))
    for name, why in (("52_dist_modify.out", None), ("54_dist_modify_zero.out", "weight invalid"), ("55_dist_modify_unknown_node.out", "not found"), ("56_dist_modify_unknown_list.out", "cannot find list")):  # fmt: skip
        found = freeswitch.taken(plan, Answer(1.0, 1.1, (Reply("step", 0, recorded("freeswitch", name)),)))
        assert (found is None) if why is None else (found is not None and why in found)


Calls = list[tuple[str, str | None, bool]]
"""Calls by id: over what (None: not told), and whether answered."""

UUID = "4e4a78fa-0000-0000-0000-{:0>12}"


def listed(platform: str, calls: Calls) -> tuple[Reply, ...]:
    """Return what an SBC prints of calls that it sent out."""
    if platform == "asterisk":
        lines = [
            f"PJSIP/{value or 'x'}-{n:08x}!from-carrier!!1!{'Up' if up else 'Ring'}!AppDial!(Outgoing Line)!1555!!!3!1!!lab-1-{1795395700 + int(call)}.{call}"
            for n, (call, value, up) in enumerate(calls)
        ]
        lines.append("PJSIP/acme-primary-0000ffff!from-carrier!s!1!Up!Wait!3000!!!!3!39!!lab-1-1795395783.22")
        said = f"{len(lines)} active channels\n0 active calls\n0 calls processed\n"
        return Reply("calls", 0, tuple(map(Safe, lines))), Reply("call_count", 0, safe_lines(said.encode()))
    if platform == "freeswitch":
        rows = [
            {
                "uuid": UUID.format(call),
                "direction": "outbound",
                "name": "sofia/external/1555",
                "presence_data": "" if value is None else f"gw:{value}",
                "callstate": "ACTIVE" if up else "RINGING",
            }
            for call, value, up in calls
        ]
        rows.append({"uuid": UUID.format("f"), "direction": "inbound", "name": "sofia/external/1@10.0.0.1", "presence_data": "gw:carrier-a", "callstate": "ACTIVE"})  # fmt: skip
        return (Reply("calls", 0, (Safe(json.dumps({"row_count": len(rows), "rows": rows})),)),)
    dialogs = "".join(
        f"{{\n\th_entry: 1\n\th_id: {call}\n\tstate: {4 if up else 2}\n\tstart_ts: {1795396806 if up else 0}\n\tinit_ts: 1795396806\n\tduration: 1\n"
        + ("" if value is None else f"\tprofiles: {{\n\t\t{{\n\t\t\ttrunk: {value}\n\t\t}}\n\t}}\n")
        + "}\n"
        for call, value, up in calls
    )
    count = f"{{\n\tall: {len(calls)}\n}}\n"
    return Reply("dialogs", 0, safe_lines(dialogs.encode())), Reply(
        "dialog_count", 0, safe_lines(count.encode())
    )


class Proving:
    """A switch from alpha to beta that was taken at second 100; each look is a second later than the one before."""

    def __init__(self, platform: str, route: Route) -> None:
        self.platform, self.route, self.plan = platform, route, plain(platform, route)
        self.a, self.b = VALUES[platform]["alpha"], VALUES[platform]["beta"]
        self.sent = Answer(99.9, 100.0, tuple(Reply(step.key, 0, (Safe("Ok. Dispatcher state updated."),)) for step in self.plan.steps))  # fmt: skip
        self.looks: list[Answer] = []

    def look(self, calls: Calls, says: tuple[Safe, ...] | None = None) -> tuple[Sign, str]:
        at = 100.5 + len(self.looks)
        said = reads(self.route, self.b) if says is None else says
        replies = (Reply(self.plan.readback.key, 0, said), *listed(self.platform, calls))
        self.looks.append(Answer(at, at + 0.1, replies))
        return self.verdict()

    def verdict(self) -> tuple[Sign, str]:
        found: Proof = MODULES[self.platform].proof(self.plan, self.sent, tuple(self.looks))
        return found.sign, found.sentence


@pytest.mark.parametrize(("platform", "route"), ROUTES)
def test_three_answered_calls_on_the_target_and_none_on_the_source_prove_it(
    platform: str, route: Route
) -> None:
    proving = Proving(platform, route)
    a, b = proving.a, proving.b
    assert proving.verdict() == (Sign.WAITING, "sent; not looked yet")
    old: Calls = [("1", a, True), ("2", b, True)]
    sign, said = proving.look(old)
    assert (sign, said) == (Sign.ROUTED, f"{route.words} reads beta; route verified, no calls yet")
    straggler: Calls = [*old, ("3", a, False)]
    assert proving.look(straggler)[0] is Sign.ROUTED, "it was in the dial plan when it was switched"
    sign, said = proving.look([*straggler, ("4", b, False)])
    assert (sign, said) == (
        Sign.WAITING,
        f"{route.words} reads beta; 1 new call tried on beta, none answered yet",
    )
    sign, said = proving.look([*straggler, ("4", b, True), ("5", b, True)])
    assert sign is Sign.ROUTED
    assert "2 new calls answered on beta so far, 3 would prove it" in said
    sign, said = proving.look([("3", a, True), ("6", b, True)])
    assert (sign, said) == (Sign.PROVED, f"{route.words} reads beta; 3 new calls answered on beta, none new began on alpha")  # fmt: skip


def test_a_call_whose_row_a_caller_made_unreadable_is_not_taken_for_none() -> None:
    proving = Proving("asterisk", ASTDB)
    proving.look([])
    calls: Calls = [(str(n), proving.b, True) for n in range(1, 4)]
    rows, count = listed("asterisk", [*calls, ("9", proving.a, True)])
    spoilt = tuple(
        Safe(line.replace("!1555!", "!15!55!")) if proving.a in line else line for line in rows.lines
    )
    replies = (
        Reply(proving.plan.readback.key, 0, reads(ASTDB, proving.b)),
        replace(rows, lines=spoilt),
        count,
    )
    proving.looks.append(Answer(104.0, 104.1, replies))
    sign, said = proving.verdict()
    assert sign is Sign.ROUTED, said
    assert "3 new calls answered on beta, but of 1 new call it is not told over which trunk they go" in said


def test_calls_by_an_address_that_two_destinations_share_prove_nothing_of_either() -> None:
    udp, tcp = f"{URI_A};transport=udp", f"{URI_A};transport=tcp"

    def shared(lines: tuple[Safe, ...]) -> tuple[Safe, ...]:
        return tuple(Safe(line.replace(URI_A, udp).replace(URI_B, tcp)) for line in lines)

    stood, now = shared(dispatcher("AP", "DX")), shared(dispatcher("DX", "AP"))
    move = replace(
        move_of("kamailio", SET, stood, "beta"),
        goal=(Share(Safe(tcp)),),
        values={"alpha": udp, "beta": tcp},
    )
    for value, sign, words in (
        (URI_A, Sign.ROUTED, "of 3 new calls it is not told over which trunk they go"),
        (tcp, Sign.PROVED, "3 new calls answered on beta, none new began on alpha"),
        (udp, Sign.FAILED, "3 new calls began on alpha since, none on beta"),
    ):
        legs = (leg_of("kamailio", "alpha"), leg_of("kamailio", "beta"))
        row = replace(legs[1].probe.contacts[0], uri=Safe(tcp), line=Safe(f"set 1 {tcp} FLAGS: DX"))
        beta = replace(legs[1], probe=replace(legs[1].probe, contacts=(row,)))
        plan = kamailio.plan_switch(move, beta, legs)
        assert isinstance(plan, Plan), plan
        calls: Calls = [(str(n), value, True) for n in range(1, 4)]
        replies = [(Reply(plan.readback.key, 0, now), *listed("kamailio", seen)) for seen in ([], calls)]
        looks = tuple(Answer(103.0 + n, 103.1 + n, one) for n, one in enumerate(replies))
        sent = Answer(99.9, 100.0, tuple(Reply(s.key, 0, (Safe("Ok. Dispatcher state updated."),)) for s in plan.steps))  # fmt: skip
        found = kamailio.proof(plan, sent, looks)
        assert (found.sign, words in found.sentence) == (sign, True), found.sentence


@pytest.mark.parametrize(("platform", "route"), ROUTES)
def test_calls_that_keep_coming_where_they_went_before_say_that_the_route_is_not_gone_by(
    platform: str, route: Route
) -> None:
    proving = Proving(platform, route)
    a, b = proving.a, proving.b
    for count in (1, 3, 3, 5):  # the baseline, a straggler or two, and then two that are none
        assert proving.look([(str(k), a, True) for k in range(count)])[0] is Sign.ROUTED
    sign, said = proving.look([(str(k), a, False) for k in range(2, 7)])
    assert sign is Sign.FAILED
    assert "began on alpha since, none on beta: the dial plan does not go by it" in said
    proving.plan = replace(proving.plan, move=replace(proving.plan.move, shared=True))  # type: ignore[type-var]
    sign, said = proving.verdict()
    assert sign is Sign.ROUTED
    assert "began on alpha since: other groups use it, too" in said
    mixed = Proving(platform, route)
    for _ in range(3):
        mixed.look([])
    sign, said = mixed.look([("1", b, True), ("2", b, True), ("3", b, True), ("4", a, True)])
    assert sign is Sign.ROUTED
    assert "3 new calls answered on beta, but 1 new call began on alpha since" in said


@pytest.mark.parametrize(("platform", "route"), ROUTES)
def test_a_route_that_says_something_else_fails_at_once_and_names_it(platform: str, route: Route) -> None:
    proving = Proving(platform, route)
    assert proving.look([])[0] is Sign.ROUTED
    sign, said = proving.look([], reads(route, proving.a))
    assert sign is Sign.FAILED
    assert said == f"{route.words} says alpha, not beta: it was not set"
    other = Proving(platform, route)
    says = dispatcher("AP", "TP") if route == SET else reads(route, "elsewhere")
    sign, said = other.look([], says)
    assert sign is Sign.FAILED
    assert f"says {'alpha and beta' if route == SET else 'elsewhere'}, not beta" in said
    assert "somebody, or a reload, changed it" in said
    blind = Proving(platform, route)
    sign, said = blind.look([], (Safe("?"), Safe("?")))
    assert sign is Sign.UNREADABLE
    assert "cannot be read" in said
    assert blind.look([])[0] is Sign.ROUTED


@pytest.mark.parametrize(("platform", "route"), ROUTES)
def test_calls_that_cannot_be_told_leave_it_at_the_route(platform: str, route: Route) -> None:
    proving = Proving(platform, route)
    proving.look([])
    if platform != "asterisk":
        sign, said = proving.look([("1", None, True)])
        assert sign is Sign.ROUTED
        assert "of 1 new call it is not told over which trunk they go" in said
        assert proving.look([(str(n), proving.b, True) for n in range(2, 6)])[0] is Sign.ROUTED
    lost = Proving(platform, route)
    key = lost.plan.readback.key
    lost.looks = [Answer(101.0, 101.1, (Reply(key, 0, reads(route, lost.b)),))]
    sign, said = lost.verdict()
    assert sign is Sign.ROUTED
    assert "route verified; calls cannot be seen" in said


def test_a_share_by_weight_is_judged_by_the_weights_and_the_calls_of_the_target() -> None:
    plan = plan_of("freeswitch", LIST, recorded("freeswitch", "50_dist_dump.out"))

    def look(at: float, name: str, calls: Calls) -> Answer:
        return Answer(at, at + 0.1, (Reply(plan.readback.key, 0, recorded("freeswitch", name)), *listed("freeswitch", calls)))  # fmt: skip

    sent, after = Answer(99.0, 100.0), "53_dist_dump_after.out"
    calls: Calls = [("1", "carrier-a", True), *((str(n), "carrier-b", True) for n in range(2, 5))]
    found = freeswitch.proof(plan, sent, (look(101, after, []), look(104, after, calls)))
    assert found.sign is Sign.PROVED
    assert "3 new calls answered on beta" in found.sentence
    assert freeswitch.proof(plan, sent, (look(101, after, []),)).sign is Sign.ROUTED
    assert freeswitch.proof(plan, sent, (look(101, "60_dist_dump_after_dist_reload.out", []),)).sign is Sign.FAILED  # fmt: skip


def test_a_step_that_kamailio_did_not_take_is_named_where_the_set_is_not_as_it_was_to_be() -> None:
    proving = Proving("kamailio", SET)
    first, last = proving.plan.steps
    failed = recorded("kamailio", "kamcmd_dispatcher.set_state_a_1_sip_nosuch.txt")
    proving.sent = Answer(99.0, 100.0, (Reply(first.key, 0, (Safe("Ok. Dispatcher state updated."),)), Reply(last.key, 0, failed)))  # fmt: skip
    assert kamailio.taken(proving.plan, proving.sent) is None
    sign, said = proving.look([], dispatcher("AP", "AP"))
    assert sign is Sign.FAILED
    assert "says alpha and beta, not beta: Kamailio says: error 500, State Update Failed" in said


@pytest.mark.parametrize(("platform", "route"), ALL)
def test_whatever_stands_there_now_is_told_before_and_after(platform: str, route: Route) -> None:
    module = MODULES[platform]
    if route == LIST:
        alpha, beta, other = (recorded("freeswitch", name) for name in ("50_dist_dump.out", "53_dist_dump_after.out", "51_dist_dump_unknown.out"))  # fmt: skip
    else:
        alpha, beta = (reads(route, VALUES[platform][trunk]) for trunk in ("alpha", "beta"))
        other = dispatcher("AP", "AP") if route == SET else reads(route, "elsewhere")
    plan = plan_of(platform, route, alpha)

    def look(said: tuple[Safe, ...], status: int = 0) -> Answer:
        return Answer(101.0, 101.1, (Reply(plan.readback.key, status, said),))

    unseen = leg("x@y")
    assert module.changed(plan, unseen, look(alpha)) is None
    assert module.changed(plan, unseen, look(alpha, GATE_CLOSED)) is None
    assert "somebody switched it meanwhile" in module.changed(plan, unseen, look(beta, GATE_CLOSED))
    assert module.changed(plan, unseen, look(other)) is not None
    assert "cannot be read" in module.changed(plan, unseen, look((), 124))
    assert module.standing(plan, look(beta), 5.0).sign is Sign.PROVED
    assert module.standing(plan, look(alpha), 5.0).sign is Sign.FAILED
    assert module.standing(plan, look(other), 5.0).sign is Sign.UNREADABLE
    assert module.standing(plan, look((), 124), 5.0).sign is Sign.UNREADABLE


def test_where_nothing_shall_be_set_any_trunk_but_the_source_proves_it() -> None:
    plan = plan_of("asterisk", ASTDB, reads(ASTDB, "ipauth-beta"), (), SwitchKind.UNDO)
    assert words(plan) == ["database del trunk us-domestic/carrier"]
    assert "where the SBC sends them by itself" in plan.consequence

    def look(at: float, calls: Calls) -> Answer:
        return Answer(
            at, at + 0.1, (Reply(plan.readback.key, 0, reads(ASTDB, None)), *listed("asterisk", calls))
        )

    found = asterisk.proof(plan, Answer(99.0, 100.0), (look(101, []), look(104, [(str(n), "acme-primary", True) for n in range(3)])))  # fmt: skip
    assert found.sign is Sign.PROVED
    assert found.sentence.startswith(
        "astdb trunk/us-domestic/carrier reads nothing; 3 new calls answered on alpha"
    )


def test_a_source_that_other_groups_use_is_known_as_one() -> None:
    move = move_of("asterisk", ASTDB, reads(ASTDB, "acme-primary"), "beta")
    for groups, shared in ((("us-domestic",), False), (("us-domestic", "us-tollfree"), True)):
        alpha, beta = leg_of("asterisk", "alpha", groups=groups), leg_of("asterisk", "beta")
        plan = asterisk.plan_switch(move, beta, (alpha, beta))
        assert isinstance(plan, Plan)
        assert plan.move is not None
        assert plan.move.shared is shared
        assert replace(plan.move, shared=False) == move


@pytest.mark.parametrize(("platform", "route"), ROUTES)
def test_a_plan_goes_to_the_screen_and_into_the_audit_log_as_it_is(platform: str, route: Route) -> None:
    plan = plain(platform, route)
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(plan), type=Plan) == plan
    assert not plan.reading().commands[0].gate
    assert plan.sending("x").commands[0].gate


def test_every_platform_has_it() -> None:
    modules: list[Platform] = [asterisk, freeswitch, kamailio]
    assert all(callable(module.plan_switch) for module in modules)


def test_a_look_is_read_once_however_often_it_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Answer] = []
    reading = asterisk_switch._look

    def counted(move: Move, look: Answer) -> callproof.Look:
        read.append(look)
        return reading(move, look)

    monkeypatch.setattr(asterisk_switch, "_look", counted)
    proving = Proving("asterisk", ASTDB)
    for n in range(5):
        proving.look([(str(k), proving.a, True) for k in range(1000 * n, 1000 * n + 3)])
    assert read == proving.looks
    before = len(callproof._LOOKS)
    read.clear()
    proving.looks.clear()
    gc.collect()
    assert len(callproof._LOOKS) <= before - 5, "nothing of it is kept"


SIGHTINGS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["acme-primary", "ipauth-beta", "other", None]), st.booleans()), max_size=8)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(SIGHTINGS, min_size=1, max_size=6))
def test_proof_is_never_given_for_less_than_is_told(seen: list[list[tuple[int, str | None, bool]]]) -> None:
    plan = plain("asterisk", ASTDB)
    assert plan.move is not None
    reading = asterisk.parse_routes(Answer(1.0, 1.1, (Reply(plan.readback.key, 0, reads(ASTDB, "ipauth-beta")),)), (ASTDB,))[0]  # fmt: skip
    # A call keeps its trunk for life: the first that is seen of it counts.
    trunk = {n: value for calls in reversed(seen) for n, value, _ in reversed(calls)}
    looks = [
        callproof.Look(100.5 + k, reading, tuple(callproof.Call(str(n), trunk[n], up) for n, _, up in calls))
        for k, calls in enumerate(seen)
    ]
    sign = callproof.judge(plan, plan.move, 100.0, looks).sign
    for upto in range(1, len(looks) + 1):
        before, later = {n for n, _, _ in seen[0]}, seen[1:upto]
        grace = {n for n, _, _ in seen[1]} if upto > 1 else set()
        answered = {n for calls in later for n, _, up in calls if up and trunk[n] == "ipauth-beta"} - before
        strays = {n for calls in later for n, _, _ in calls if trunk[n] == "acme-primary"} - before - grace
        untold = {n for calls in later for n, _, _ in calls if trunk[n] is None} - before
        tried = {n for calls in later for n, _, _ in calls if trunk[n] == "ipauth-beta"} - before
        if len(answered) >= 3 and not strays and not untold:
            assert sign is Sign.PROVED
            return
        if len(strays) >= 3 and not tried:
            assert sign is Sign.FAILED
            return
    assert sign in {Sign.ROUTED, Sign.WAITING}
