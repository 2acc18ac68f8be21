"""Kamailio's answers where they are hardest to read: flags, shared addresses, odd trees, other people's words."""

from __future__ import annotations

import json

import pytest
from msgspec import structs

from tests.platforms import recordings
from trunktui.model.ask import Answer, Reply
from trunktui.model.box import SubAgent
from trunktui.model.inventory import Binding, NativeNames
from trunktui.model.link import ControlFault, ControlTrouble
from trunktui.model.observation import ContactState, NativeLeg, Observation, ProbeSettings, RegPhase
from trunktui.model.text import Safe
from trunktui.platforms import kamailio, kamailio_dispatcher, kamailio_rpc, kamailio_uac
from trunktui.platforms.contract import LegSettings
from trunktui.platforms.kamailio_address import Address, address_of
from trunktui.transport.lines import safe_lines

from .snmp_walks import answered
from .snmp_walks import recorded as walked

NOW = 1795396834


def reply(text: str, key: str = "x") -> Reply:
    return Reply(key, 0, safe_lines(text.encode()))


def register(flags: int, ahead: int, *, timer: int | None = None, loaded: int = NOW - 71, delay: int = 0) -> Reply:  # fmt: skip
    at = NOW + ahead if timer is None else timer
    return reply(
        f"{{\n\tl_uuid: a\n\tr_domain: 10.77.0.21\n\tauth_proxy: none\n\texpires: 60\n\tflags: {flags}\n"
        f"\tdiff_expires: {ahead}\n\ttimer_expires: {at}\n\treg_init: {loaded}\n\treg_delay: {delay}\n}}\n"
    )


@pytest.mark.parametrize(
    ("answer", "phase", "due", "by_hand"),
    [
        (register(20, 45), RegPhase.REGISTERED, 45, False),
        (register(20, -4), RegPhase.REGISTERED, -4, False),
        (register(28, 45), RegPhase.REGISTERED, 45, False),
        (register(18, -3), RegPhase.TRYING, -3, False),
        (register(22, -3), RegPhase.TRYING, -3, False),
        (register(26, 0), RegPhase.TRYING, 0, False),
        (register(16, 5), RegPhase.WAITING, 5, False),
        (register(16, -5), RegPhase.WAITING, 0, False),
        (register(17, -5), RegPhase.DISABLED, None, False),
        (register(19, -5), RegPhase.DISABLED, None, False),
        (register(21, 30), RegPhase.DISABLED, None, True),
        (register(1, -NOW, timer=0), RegPhase.DISABLED, None, True),
        (register(0, -NOW, timer=0, loaded=NOW - 1), RegPhase.UNREGISTERED, 89, False),
        (register(0, -NOW, timer=0, loaded=NOW - 1, delay=20), RegPhase.UNREGISTERED, 109, False),
        (register(0, -NOW, timer=0, loaded=NOW - 600), RegPhase.UNREGISTERED, None, False),
        (register(84, 45), RegPhase.OTHER, None, False),
    ],
)  # fmt: skip
def test_flags_are_bits_and_the_disabled_one_comes_first(
    answer: Reply, phase: RegPhase, due: int | None, by_hand: bool
) -> None:
    (row,) = kamailio_uac.records(answer, 1).rows
    assert (row.registration.phase, row.registration.due_in_s, row.registration.by_hand) == (phase, due, by_hand)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "total", "whole"),
    [
        ("", None, True),
        ("", 0, True),
        ("", 2, False),
        ('{"jsonrpc": "2.0",\n"result": [],\n"id": 1}', 0, True),
        ("error: 500 - command uac.reg_dump not found", None, True),
        ("error: 500 - Not enabled", None, False),
        ("{\n\tl_uuid: a\n}", None, False),
        ("{\n\tl_uuid: a\n\tflags: x\n\tdiff_expires: 1\n}", None, False),
        ("what is this", None, False),
    ],
)
def test_a_table_of_registrations_is_whole_or_it_says_why_without_a_line_of_it(
    text: str, total: int | None, whole: bool
) -> None:
    table = kamailio_uac.records(reply(text), total)
    assert (table.rows, table.whole) == ((), whole)
    assert whole is not bool(table.unread)
    assert not any(unread.lines for unread in table.unread), "a line of it may hold a password"


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("sip:10.77.0.21:5060", Address("10.77.0.21", 5060)),
        ("sip:10.77.0.21", Address("10.77.0.21", 5060)),
        ("sip:trunk@Carrier.Example.;transport=udp", Address("carrier.example", 5060)),
        ("sip:carrier.example;transport=TLS", Address("carrier.example", 5061)),
        ("sips:carrier.example", Address("carrier.example", 5061)),
        ("sip:[2001:db8:0::1]:5070", Address("2001:db8::1", 5070)),
        ("sip:10.77.0.21:99999", None),
        ("tel:+15551230001", None),
        ("", None),
    ],
)
def test_where_a_uri_leads_is_told_by_its_words_alone(uri: str, address: Address | None) -> None:
    assert address_of(uri) == address


def listing(flags: str, latency: str = "EST: 12.5 MAX: 20 TIMEOUT: 0") -> Reply:
    pairs = latency.replace(": ", ":").split()
    rows = "".join(f"\t\t\t\t\t\t{pair.replace(':', ': ')}\n" for pair in pairs)
    return reply(
        "{\n\tNRSETS: 1\n\tRECORDS: {\n\t\tSET: {\n\t\t\tID: 1\n\t\t\tTARGETS: {\n\t\t\t\tDEST: {\n"
        f"\t\t\t\t\tURI: sip:10.77.0.21:5060\n\t\t\t\t\tFLAGS: {flags}\n\t\t\t\t\tLATENCY: {{\n{rows}\t\t\t\t\t}}\n"
        "\t\t\t\t}\n\t\t\t}\n\t\t}\n\t}\n}\n"
    )


@pytest.mark.parametrize(
    ("flags", "latency", "state", "probed", "answered", "rtt"),
    [
        ("AP", "EST: 12.5 MAX: 20 TIMEOUT: 0", ContactState.REACHABLE, True, True, 12.5),
        ("AP", "EST: 0 MAX: 0 TIMEOUT: 0", ContactState.REACHABLE, True, None, None),
        ("TP", "EST: 12.5 MAX: 20 TIMEOUT: 4", ContactState.REACHABLE, True, None, 12.5),
        ("IP", "EST: 12.5 MAX: 20 TIMEOUT: 0", ContactState.UNREACHABLE, True, True, None),
        ("IP", "EST: 0 MAX: 0 TIMEOUT: 7", ContactState.UNREACHABLE, True, False, None),
        ("IP", "EST: 9 MAX: 20 TIMEOUT: 7", ContactState.UNREACHABLE, True, None, None),
        ("IX", "EST: 9 MAX: 20 TIMEOUT: 0", ContactState.UNREACHABLE, False, None, None),
        ("AX", "EST: 0 MAX: 0 TIMEOUT: 0", ContactState.REACHABLE, False, None, None),
        ("DX", "EST: 9 MAX: 20 TIMEOUT: 0", ContactState.DISABLED, False, None, None),
        ("ZP", "EST: 9 MAX: 20 TIMEOUT: 0", ContactState.OTHER, None, None, None),
    ],
)
def test_a_destination_that_answers_badly_is_told_from_a_silent_one(
    flags: str, latency: str, state: ContactState, probed: bool | None, answered: bool | None, rtt: float | None
) -> None:  # fmt: skip
    (row,) = kamailio_dispatcher.destinations(listing(flags, latency), None).rows
    contact = row.contact
    assert (contact.state, contact.probed, contact.answered, contact.rtt_ms) == (state, probed, answered, rtt)


def test_where_all_are_asked_one_without_the_flag_was_only_not_asked_yet() -> None:
    every = ProbeSettings(every=True, misses=3)
    for flags, state, probed in (
        ("AX", ContactState.UNPROBED, True),
        ("IX", ContactState.UNREACHABLE, True),
        ("DX", ContactState.DISABLED, False),
    ):
        (row,) = kamailio_dispatcher.destinations(listing(flags), every).rows
        assert (row.contact.state, row.contact.probed) == (state, probed)


def test_a_trying_destination_lost_at_least_one_probe_and_nobody_says_how_many() -> None:
    (trying,) = kamailio_dispatcher.destinations(listing("TP"), ProbeSettings(misses=3)).rows
    count = trying.contact.count
    assert count is not None
    assert (count.misses, count.down_at, count.exact) == (1, 3, False)
    (active,) = kamailio_dispatcher.destinations(listing("AP"), ProbeSettings(misses=3)).rows
    assert active.contact.count is not None
    assert (active.contact.count.misses, active.contact.count.exact) == (0, True)


def observed(bindings: tuple[Binding, ...] = (), case: str = "mixed-with-calls") -> Observation:
    folder = recordings.FIXTURES / "kamailio" / case
    return kamailio.parse_poll(
        recordings.recorded(folder), recordings.settings_of(kamailio, folder), bindings
    )


def named(observation: Observation, name: str) -> NativeLeg:
    return next(leg for leg in observation.legs if name in leg.native.all)


def test_registrations_at_one_address_share_its_destination_and_none_owns_it() -> None:
    seen = observed()
    for name in ("acme-primary", "badpass-delta", "disabled-iota"):
        leg = named(seen, name)
        assert leg.native == NativeNames(registration=name)
        assert [contact.uri for contact in leg.contacts] == ["sip:10.77.0.21:5060"]
        assert leg.channels is None, "whose the dialogs are is not told"
    assert not any("carrierA" in leg.native.all for leg in seen.legs)


def test_the_config_says_whose_a_shared_destination_is_and_then_its_dialogs_are_counted() -> None:
    spelled = Binding("acme", "edge-1", native=NativeNames("acme-primary", "carrierA"))
    acme = named(observed((spelled,)), "carrierA")
    assert acme.native == NativeNames("acme-primary", "carrierA", "sip:10.77.0.21:5060")
    assert acme.channels is not None
    assert (acme.channels.active, acme.channels.answered_age_s) == (3, 27)
    alone = named(observed((Binding("a", "edge-1", name="carrierA"),)), "carrierA")
    assert alone.registration is None
    assert alone.channels is not None
    assert alone.channels.active == 3
    nosuch = Binding("acme", "edge-1", native=NativeNames("nosuch", "carrierA"))
    assert not any("nosuch" in leg.native.all for leg in observed((nosuch,)).legs)


def renamed(uuid: str) -> Observation:
    """Return the recorded poll as it would be with a duid that is also a registration's name, and the config's."""
    answer = recordings.recorded(recordings.FIXTURES / "kamailio" / "mixed-with-calls")
    others = tuple(r for r in answer.replies if r.key != "destinations")
    text = "\n".join(answer.reply("destinations").lines).replace("DUID: carrierA", f"DUID: {uuid}")
    changed = Reply("destinations", 0, tuple(map(Safe, text.split("\n"))))
    bindings = (Binding("a", "edge-1", name=uuid),)
    return kamailio.parse_poll(structs.replace(answer, replies=(*others, changed)), LegSettings(), bindings)


def test_a_destination_of_a_registrations_name_is_that_ones_whoever_else_registers_there() -> None:
    seen = renamed("badpass-delta")
    leg = named(seen, "badpass-delta")
    assert leg.native == NativeNames("badpass-delta", "badpass-delta", "sip:10.77.0.21:5060")
    assert leg.channels is not None
    assert leg.channels.active == 3
    assert sum("badpass-delta" in each.native.all for each in seen.legs) == 1
    assert named(seen, "acme-primary").contacts == (), "it is another's"


def test_a_destination_that_one_registration_alone_leads_to_is_its_own() -> None:
    zeta = named(observed(), "forbid-zeta")
    assert zeta.native == NativeNames("forbid-zeta", "zeta", "sip:10.77.0.21:5070")
    assert zeta.channels is not None
    assert zeta.channels.active == 0


def test_dialogs_become_two_sides_each_so_that_kamailios_counter_proves_them_whole() -> None:
    rows = observed((Binding("a", "edge-1", name="carrierA"),)).channel_rows
    assert [(row.dialled, row.endpoint) for row in rows[:2]] == [(False, None), (True, "carrierA")]
    assert len({row.id for row in rows}) == len(rows) == 6
    assert {row.began for row in rows} == {1795396806, 1795396807}
    shared = observed().channel_rows
    assert {(row.dialled, row.endpoint) for row in shared} == {(False, None), (None, None)}, "perhaps to it"


def many(active: int) -> Answer:
    """Return the recorded poll as it would be with more dialogs than are listed."""
    answer = recordings.recorded(recordings.FIXTURES / "kamailio" / "mixed-with-calls")
    listed = answer.reply("dialogs").lines * 170
    counted = reply(f"{{\n\tongoing: {active}\n\tall: {active}\n}}", "dialog_count")
    others = tuple(r for r in answer.replies if r.key not in {"dialogs", "dialog_count"})
    return Answer(answer.asked_at, answer.answered_at, (*others, Reply("dialogs", 0, listed), counted))


def test_more_dialogs_than_are_listed_are_asked_for_by_destination() -> None:
    answer, nothing = many(700), LegSettings()
    ask = kamailio.follow_up(answer, nothing)
    assert ask is not None
    asked = {command.key: command.argv[1:] for command in ask.commands}
    assert asked["sip:10.77.0.21:5060"] == ("dlg.profile_get_size", "trunk", "sip:10.77.0.21:5060")
    assert len(asked) == 5
    more = Answer(0.0, 0.0, (reply("642\n", "sip:10.77.0.21:5060"), reply("{\n}", "sip:10.77.0.22:5060")))
    known = kamailio.parse_follow_up(answer, more, nothing)
    seen = kamailio.parse_poll(answer, known, (Binding("a", "edge-1", name="carrierA"),))
    leg = named(seen, "carrierA")
    assert leg.channels is not None
    assert leg.channels.active == 642
    assert named(seen, "carrierB").channels is None
    assert (seen.box.calls, seen.channels_read, seen.unread) == (700, False, ())
    quiet = recordings.recorded(recordings.FIXTURES / "kamailio" / "mixed-with-calls")
    assert kamailio.follow_up(quiet, nothing) is None


def test_only_what_it_has_methods_for_is_asked_once_it_has_said_which() -> None:
    folder = recordings.FIXTURES / "kamailio" / "mixed-with-calls"
    known = recordings.settings_of(kamailio, folder)
    assert known.methods is not None
    assert "uac.reg_dump" in known.methods
    assert len(kamailio.poll_ask().commands) == len(kamailio.poll_ask(known).commands) == 10
    few = LegSettings(methods=frozenset({"core.uptime", "dispatcher.list"}))
    asked = [command.key for command in kamailio.poll_ask(few).commands]
    assert asked == ["uptime", "destinations", "clock", "process", "addresses"]
    answer = recordings.recorded(folder)
    seen = kamailio.parse_poll(answer, few, ())
    assert seen.reg_read
    assert not any(leg.registration for leg in seen.legs)
    assert seen.unread == ()


DOCUMENTED_OF_6_0 = """
core.uptime core.version dispatcher.add dispatcher.hash dispatcher.list dispatcher.ping_active dispatcher.reload
dispatcher.remove dispatcher.set_duid_state dispatcher.set_state dlg.bridge_dlg dlg.briefing dlg.dlg_list
dlg.dlg_list_ctx dlg.dump_file dlg.end_dlg dlg.is_alive dlg.list dlg.list_ctx dlg.list_match dlg.list_match_ctx
dlg.profile_get_size dlg.profile_list dlg.set_state dlg.stats_active dlg.terminate_dlg stats.fetch stats.fetchn
stats.get_statistics system.listMethods uac.reg_active uac.reg_add uac.reg_disable uac.reg_dump uac.reg_enable
uac.reg_info uac.reg_refresh uac.reg_reload uac.reg_remove uac.reg_unregister
"""
"""What Kamailio's own index of RPC commands has for 6.0, of the modules that are asked (kamailio-wiki, alphaindexes)."""

OF_IMS_DIALOG = {"dlg.list", "dlg.list_ctx", "dlg.profile_get_size", "dlg.profile_list", "dlg.end_dlg"}
"""What it has where `ims_dialog` stands for `dialog`: no `dlg.stats_active`, no `dlg.list_match`."""


def kamailio_6(methods: set[str]) -> Observation:
    """Return a poll of a 6.0: its methods, its version, and lists with what its source prints besides."""
    folder = recordings.FIXTURES / "kamailio" / "mixed-with-calls"
    listed = reply("".join(f"{method}\n" for method in sorted(methods)), "methods")
    told = kamailio.parse_settings((Answer(0.0, 0.0, (listed,)),), LegSettings()).methods
    assert told == frozenset(methods)
    known = structs.replace(recordings.settings_of(kamailio, folder), methods=told)
    texts = {
        "version": ("kamailio 5.6.3", "kamailio 6.0.3"),
        "destinations": (
            "\t\t\t\t\tLATENCY: {",
            "\t\t\t\t\tRUNTIME: {\n\t\t\t\t\t\tDLGLOAD: 0\n\t\t\t\t\t}\n\t\t\t\t\tLATENCY: {",
        ),
        "registrations": ("\tcontact_addr:", "\treg_hash: 7\n\tcontact_addr:"),
    }
    asked = {command.key for command in kamailio.poll_ask(known).commands}
    replies = [one for one in recordings.recorded(folder).replies if one.key in asked]
    for number, one in enumerate(replies):
        old, new = texts.get(one.key, ("", ""))
        text = (folder / f"{one.key}.out").read_text().replace(old, new) if old else None
        replies[number] = one if text is None else reply(text, one.key)
    return kamailio.parse_poll(Answer(99.75, 100.0, tuple(replies)), known, ())


def test_a_kamailio_6_is_read_as_5_6_is_whatever_it_prints_besides() -> None:
    whole = recordings.observe("kamailio", "mixed-with-calls")
    seen = kamailio_6(set(DOCUMENTED_OF_6_0.split()))
    assert seen.box.version == "6.0.3"
    assert structs.replace(seen, box=whole.box) == whole


def test_a_method_that_this_kamailio_has_not_is_not_asked_and_what_it_told_is_not_known() -> None:
    methods = {one for one in DOCUMENTED_OF_6_0.split() if not one.startswith("dlg.")} | OF_IMS_DIALOG
    seen = kamailio_6(methods)
    assert (seen.reg_read, seen.contacts_read, seen.channels_read) == (True, True, False)
    assert {leg.channels for leg in seen.legs} == {None}
    assert seen.box.calls is None
    assert seen.unread == ()


def test_intervals_are_believed_only_from_the_file_that_it_was_started_with() -> None:
    folder = recordings.FIXTURES / "kamailio" / "mixed-with-calls" / "settings"
    answer = recordings.recorded(folder)
    known = kamailio.parse_settings((answer,), LegSettings()).probe[kamailio.ALL]
    assert known == ProbeSettings(5, 5.0, misses=3, every=True)
    later = reply("2026-11-23T01:19:40,1+00:00", "written")
    newer = tuple(later if r.key == "written" else r for r in answer.replies)
    stale = kamailio.parse_settings((Answer(0.0, 0.0, newer),), LegSettings()).probe[kamailio.ALL]
    assert stale == ProbeSettings(misses=3)
    for arguments in ("kamailio\n-f\n/opt/other.cfg", "kamailio\n-f/opt/other.cfg", ""):
        other = tuple(reply(arguments, "arguments") if r.key == "arguments" else r for r in answer.replies)
        read = kamailio.parse_settings((Answer(0.0, 0.0, other),), LegSettings()).probe[kamailio.ALL]
        assert read == ProbeSettings(misses=3), arguments


@pytest.mark.parametrize(
    ("line", "interval"),
    [
        ('modparam("dispatcher", "ds_ping_interval", 30)', 30),
        ('  modparam( "dispatcher" , "ds_ping_interval" , 30 ) ; # every half minute', 30),
        ('modparam("dispatcher", "ds_ping_interval", PING)', None),
        ('modparam("dispatcher", "ds_ping_interval", 30)\nmodparam("dispatcher", "ds_ping_interval", 10)', None),
        ('# modparam("dispatcher", "ds_ping_interval", 30)', None),
        ("", None),
    ],
)  # fmt: skip
def test_a_parameter_that_is_not_one_plain_number_is_not_known(line: str, interval: int | None) -> None:
    folder = recordings.FIXTURES / "kamailio" / "mixed-with-calls" / "settings"
    answer = recordings.recorded(folder)
    replies = tuple(reply(line, "params") if r.key == "params" else r for r in answer.replies)
    known = kamailio.parse_settings((Answer(0.0, 0.0, replies),), LegSettings())
    assert known.probe[kamailio.ALL].interval_s == interval


def test_refused_settings_are_unread_until_they_are_answered() -> None:
    denied = Reply("threshold", 1, errors=(Safe("sudo: a password is required"),))
    known = kamailio.parse_settings((Answer(0.0, 0.0, (denied,)),), LegSettings())
    (unread,) = known.refused.values()
    assert "sudo refuses" in unread.why
    assert kamailio.parse_settings((Answer(0.0, 0.0, (reply("3", "threshold"),)),), known).refused == {}


def test_text_and_json_are_read_into_the_same_tree() -> None:
    folder = recordings.FIXTURES / "kamailio"
    for key in ("registrations", "destinations", "dialog_count", "uptime"):
        text, form = (
            kamailio_rpc.read(recordings.recorded(folder / case).reply(key))
            for case in ("mixed-with-calls", "by-json-rpc")
        )
        assert text.why is form.why is None
        assert [_names(node) for node in text.nodes] == [_names(node) for node in form.nodes], key


def _names(node: kamailio_rpc.Node) -> list[object]:
    """Return the names of a tree: items of a JSON list stand for what repeats in text."""
    found: list[object] = []
    for name, value in node.pairs:
        inner = _names(value) if isinstance(value, kamailio_rpc.Node) else None
        found += [(name, inner)] if name else inner or []
    return found


@pytest.mark.parametrize(
    "text", ["{" * 5000, "[" * 5000, "{\n" * 5000, "}\n" * 10, "a: {\n", "{\n\tno pair\n}"]
)
def test_no_tree_is_too_deep_or_too_odd_to_be_refused(text: str) -> None:
    for shown in (text, json.dumps({"jsonrpc": "2.0"})[:-1] + ', "result": ' + text + "}"):
        told = kamailio_rpc.read(reply(shown))
        assert told.why is not None or not told.nodes


def test_why_the_json_rpc_cannot_be_asked_is_told_beside_what_kamcmd_says() -> None:
    trouble = ControlTrouble(ControlFault.FORWARD, Safe("sshd does not forward to 127.0.0.1:8090"))
    folder = recordings.FIXTURES / "kamailio"
    answer = structs.replace(recordings.recorded(folder / "mixed-with-calls"), control=trouble)
    seen = kamailio.parse_poll(answer, LegSettings(), ())
    assert seen.reg_read
    assert [(unread.command, unread.why) for unread in seen.unread] == [("JSON-RPC", trouble.reason)]
    down = structs.replace(recordings.recorded(folder / "not-permitted"), control=trouble)
    reason = kamailio.parse_poll(down, LegSettings(), ()).app_reason
    assert reason.startswith(f"{trouble.reason}; this login may not use")


def test_snmp_tells_totals_and_nothing_of_a_trunk() -> None:
    objects = walked("kamailio-totals.txt")
    facts = kamailio.parse_snmp(answered(kamailio.snmp_ask(()), walked("box.txt") | objects), ())
    assert facts.sub_agent is SubAgent.ANSWERS
    assert (facts.app_version, facts.calls, facts.calls_processed) == ("5.6.3", 3, 6)
    assert (facts.channels, facts.app_uptime_s) == (None, None)
    absent = kamailio.parse_snmp(answered(kamailio.snmp_ask(()), walked("box.txt")), ())
    assert absent.sub_agent is SubAgent.ABSENT
    assert absent.calls is None
