"""The simulated Asterisk's words: the bytes of the recordings, and what the platform reads is what the world knows."""

from __future__ import annotations

import re

import pytest
from msgspec import structs

from tests.platforms.recordings import FIXTURES
from trunktui.demo import asterisk_words as words
from trunktui.demo.deeds import Deed
from trunktui.demo.plan import newcomers_fleet
from trunktui.demo.rows import Call, ContactRow, Daemon, Look, RegistrationRow, TrunkObjects
from trunktui.demo.story import NEWCOMERS_STORY
from trunktui.demo.tempo import Tempo
from trunktui.demo.world import World
from trunktui.model.ask import Answer, Command, Reply, SshAsk
from trunktui.model.observation import AppState, ContactState, RegPhase
from trunktui.model.text import clean_lines
from trunktui.platforms import asterisk
from trunktui.platforms.contract import LegSettings

RECORDED = FIXTURES / "asterisk"
WITH_SETTINGS = RECORDED / "mixed-with-settings"

_REGISTRATION = re.compile(r" (.+?)/(sips?:\S+) +(\S.*?) {2,}(\w+) +\(exp\. (\d+)s( ago)?\)")
_CONTACT = re.compile(r"  +Contact:  (.+?)/(sip:\S+) +[0-9a-f]{10} (\w+) +(\S+)")
_PHASES = {"Registered": RegPhase.REGISTERED, "Unregistered": RegPhase.UNREGISTERED}
_STATES = {
    "Avail": ContactState.REACHABLE,
    "Unavail": ContactState.UNREACHABLE,
    "NonQual": ContactState.UNPROBED,
}


def read(path: str) -> str:
    return (RECORDED / path).read_text(encoding="utf-8")


def whole_uris() -> dict[str, str]:
    """Return contacts by what the table leaves of them, from the recorded settings, which are never cut."""
    found = re.findall(
        r"^ contact +: (\S+)$",
        "\n".join(
            p.read_text(encoding="utf-8") for p in sorted((WITH_SETTINGS / "settings").glob("aor *.out"))
        ),
        re.MULTILINE,
    )
    return {uri: uri for uri in [*found, "sip:10.77.0.21:5060"]}


def registration_rows(text: str) -> list[RegistrationRow]:
    return [
        RegistrationRow(name, server, auth, word, -int(due) if ago else int(due))
        for name, server, auth, word, due, ago in _REGISTRATION.findall(text)
    ]


def contact_rows(text: str) -> list[ContactRow]:
    rows = []
    for aor, uri, word, rtt in _CONTACT.findall(text):
        whole = next((u for u in whole_uris() if u.startswith(uri) and len(f"{aor}/{uri}") >= 44), uri)
        rows.append(ContactRow(aor, whole, word, None if "nan" in rtt else float(rtt)))
    return rows


@pytest.mark.parametrize(
    "case", ["mixed-with-calls", "boot-unregistered", "ten-attempts-in-flight", "no-objects"]
)
def test_registrations_are_printed_as_recorded(case: str) -> None:
    recorded = read(f"{case}/registrations.out")
    assert words.registrations(registration_rows(recorded)) == recorded


@pytest.mark.parametrize(
    "case", ["mixed-with-calls", "carrier-a-link-down", "ten-attempts-in-flight", "no-objects"]
)
def test_contacts_are_printed_as_recorded_cut_and_overflow_included(case: str) -> None:
    recorded = read(f"{case}/contacts.out")
    assert words.contacts(contact_rows(recorded)) == recorded


def test_the_list_of_aors_is_printed_as_recorded() -> None:
    recorded = read("mixed-with-settings/settings/aors.out")
    rows: dict[str, list[ContactRow]] = {}
    for row in contact_rows(recorded):
        rows.setdefault(row.aor, []).append(row)
    assert words.aors(rows) == recorded


def acme() -> Look:
    """Return an SBC with the recorded trunk `acme-primary`, and two calls on it."""
    trunk = TrunkObjects(
        name="acme-primary",
        contacts=("sip:10.77.0.21:5060",),
        client="sip:trunk1001@10.77.0.21:5060",
        server="sip:10.77.0.21:5060",
        qualify_s=10,
        timeout_s=3.0,
        expires_s=120,
        retry_s=10,
        max_retries=10000,
        initial_delay_s=10,
    )
    return Look(
        at=100.0,
        sbc="sbc1",
        daemon=Daemon.RUNNING,
        version="22.10.1",
        uptime_s=589,
        trunks=(trunk,),
        registrations=(RegistrationRow("acme-primary", trunk.server, "acme-primary", "Registered", 73),),
        contacts=(ContactRow("acme-primary", "sip:10.77.0.21:5060", "Avail", 0.467),),
        calls=(Call("acme-primary", "a", 61.0, 63.0), Call("acme-primary", "b", 99.0, 102.0, inbound=True)),
        processed=12,
    )


def test_a_transport_and_what_stun_saw_are_printed_as_recorded() -> None:
    look = structs.replace(acme(), outside="10.77.0.12")
    recorded = read("surroundings/transports-one.txt")
    bound = recorded.replace("10.77.0.10:5060", "0.0.0.0:5060")
    assert words.answer("pjsip show transports", look).out == bound
    printed = words.answer("pjsip show transport transport-udp", look).out
    settings = read("surroundings/transport-plain.txt").partition(" ParameterName")[2]
    assert (
        printed.partition(" ParameterName")[2]
        == words.transport_settings("0.0.0.0:5060").partition(" ParameterName")[2]
    )
    assert words.transport_settings("10.77.0.10:5060").partition(" ParameterName")[2] == settings
    assert words.stun_row("10.77.0.21", 2, "OK", "10.77.0.12", 35283) == read("surroundings/stun-ok.txt")
    assert words.answer("stun show status", acme()).out == read("surroundings/stun-not-configured.txt")


def test_an_aor_is_printed_as_recorded() -> None:
    printed = words.answer("pjsip show aor acme-primary", acme())
    assert printed.out == read("mixed-with-settings/settings/aor acme-primary.out")


def test_a_registration_is_printed_as_recorded_but_for_its_retries() -> None:
    printed = words.answer("pjsip show registration acme-primary", acme()).out
    recorded = read("mixed-with-settings/settings/registration acme-primary.out")
    assert printed == recorded.replace("interval : 20", "interval : 0")


def test_an_endpoint_is_printed_as_recorded_but_for_its_channels_and_identity() -> None:
    own = (
        "    Channel:",
        "        Exten:",
        "   Identify:",
        "        Match:",
        " from_domain",
        "  Transport:  trans",
    )

    def fixed(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith(own)]

    printed = words.answer("pjsip show endpoint acme-primary", acme()).out
    recorded = read("mixed-with-settings/settings/endpoint acme-primary.out")
    assert fixed(printed.replace("2 of inf", "6 of inf")) == fixed(recorded)


def test_a_channel_of_an_endpoint_stands_in_the_recorded_columns() -> None:
    recorded = read("mixed-with-settings/settings/endpoint acme-primary.out")
    printed = words.answer("pjsip show endpoint acme-primary", acme()).out
    shape = re.compile(
        r"^    Channel: PJSIP/acme-primary-[0-9a-f]{8}/AppDial +Up +00:00:39   $", re.MULTILINE
    )
    ours, theirs = shape.search(printed), shape.search(recorded)
    assert ours is not None
    assert theirs is not None
    assert re.sub(r"-[0-9a-f]{8}/", "-x/", ours[0]) == re.sub(r"-[0-9a-f]{8}/", "-x/", theirs[0])


def test_channels_have_the_recorded_fields() -> None:
    recorded = read("mixed-with-calls/channels.out").splitlines()
    printed = words.answer("core show channels concise", acme()).out.splitlines()
    assert {line.count("!") for line in printed} == {line.count("!") for line in recorded} == {13}
    ours = next(line for line in printed if "acme-primary-" in line and "AppDial" in line).split("!")
    theirs = next(line for line in recorded if "acme-primary-" in line and "AppDial" in line).split("!")
    same = (1, 2, 3, 4, 5, 6, 8, 9, 10)
    assert [ours[n] for n in same] == [theirs[n] for n in same]
    assert re.fullmatch(r"PJSIP/acme-primary-[0-9a-f]{8}", ours[0])
    assert ours[11] == "39"


def test_the_count_is_printed_as_recorded() -> None:
    assert words.answer("core show channels count", acme()).out == (
        "4 active channels\n2 active calls\n12 calls processed\n"
    )
    assert words.answer("core show uptime seconds", acme()).out == read("mixed-with-calls/uptime.out")


def test_what_asterisk_does_not_know_it_says_as_recorded() -> None:
    assert words.answer("pjsip show aor nosuch", acme()).out == "Unable to find object nosuch.\n\n"
    assert words.answer("sip show peers", acme()).out == (
        "No such command 'sip show peers' (type 'core show help sip' for other possible commands)\n"
    )
    loading = Look(1.0, "sbc1", Daemon.LOADING, "22.10.1", 0)
    assert words.answer("pjsip show contacts", loading).out == read("boot-modules-loading/contacts.out")
    stopped = words.answer("core show version", Look(1.0, "sbc1", Daemon.STOPPED, "22.10.1", 0))
    assert (stopped.err, stopped.status) == (read("stopped/version.err"), 1)


def answered(look: Look, ask: SshAsk) -> Answer:
    """Return what a transport would bring for an ask."""

    def reply(command: Command) -> Reply:
        if command.argv[0] == "test":
            return Reply(command.key, 0)
        printed = words.answer(command.argv[-1], look)
        return Reply(
            command.key, printed.status, clean_lines(printed.out.encode()), clean_lines(printed.err.encode())
        )

    return Answer(0.0, 0.1, tuple(reply(command) for command in ask.commands))


def settings(look: Look) -> LegSettings:
    """Read the settings of an SBC the way the poller does."""
    known = LegSettings()
    for _ in range(4):
        observation = asterisk.parse_poll(answered(look, asterisk.poll_ask()), known, ())
        asks = asterisk.settings_asks(observation, known)
        known = asterisk.parse_settings(tuple(answered(look, ask) for ask in asks), known)
    return known


def test_what_the_platform_reads_is_what_the_world_knows() -> None:
    fleet = World(newcomers_fleet(), NEWCOMERS_STORY, 3, Tempo(10.0))
    legs = 0
    for sbc in fleet.plan.sbcs:
        known = settings(fleet.look(sbc.name, 0.0))
        for t in range(1, 140, 3):
            look = fleet.look(sbc.name, float(t))
            if look.daemon is not Daemon.RUNNING:
                continue
            seen = asterisk.parse_poll(answered(look, asterisk.poll_ask()), known, ())
            assert seen.app is AppState.ANSWERING
            assert seen.reg_read
            assert seen.contacts_read
            assert seen.channels_read
            assert (seen.box.uptime_s, seen.box.calls) == (look.uptime_s, len(look.calls))
            assert len(seen.legs) == len(look.trunks)
            for leg in seen.legs:
                legs += 1
                compare(look, leg.native.main, leg)
    assert legs > 1500


def compare(look: Look, name: str, leg: object) -> None:
    """Hold one parsed leg against the look it was printed from."""
    from trunktui.model.observation import NativeLeg

    assert isinstance(leg, NativeLeg)
    assert sorted((c.uri, c.state, c.rtt_ms) for c in leg.contacts) == sorted(
        (row.uri, _STATES[row.word], row.rtt_ms) for row in look.contacts if row.aor == name
    )
    row = next((row for row in look.registrations if row.name == name), None)
    if row is None:
        assert leg.registration is None
    else:
        assert leg.registration is not None
        assert leg.registration.due_in_s == row.due_s
        assert leg.registration.phase is _PHASES.get(row.word, leg.registration.phase)
    assert leg.channels is not None
    assert leg.channels.active == sum(call.trunk == name for call in look.calls)
    trunk = next(trunk for trunk in look.trunks if trunk.name == name)
    assert leg.probe_settings is not None
    assert (leg.probe_settings.interval_s, leg.probe_settings.timeout_s) == (trunk.qualify_s, trunk.timeout_s)
    if trunk.expires_s is not None:
        assert leg.reg_settings is not None
        assert (leg.reg_settings.expires_s, leg.reg_settings.retry_s) == (trunk.expires_s, trunk.retry_s)


@pytest.mark.parametrize("name", ["acme-primary", "nosuch"])
def test_a_probe_is_answered_in_the_recorded_words(name: str) -> None:
    recorded = FIXTURES / "actions" / "asterisk" / f"pjsip_qualify_{name}.txt"
    printed = words.answer(f"pjsip qualify {name}", acme()).out
    assert printed.rstrip() == recorded.read_text(encoding="utf-8").rstrip()


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("pjsip send register acme-primary", "pjsip_send_register_acme-primary"),
        ("pjsip send register nosuch", "pjsip_send_register_nosuch"),
        ("pjsip send register", "pjsip_send_register"),
        ("pjsip qualify", "pjsip_qualify"),
    ],
)
def test_a_command_to_register_or_probe_is_answered_as_recorded(command: str, file: str) -> None:
    recorded = FIXTURES / "actions" / "asterisk" / f"{file}.txt"
    assert words.answer(command, acme()) == words.Printed(recorded.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("command", "done"),
    [
        ("pjsip send register acme-primary", (Deed.REGISTER, "acme-primary")),
        ("pjsip qualify acme-primary", (Deed.QUALIFY, "acme-primary")),
        ("pjsip send register nosuch", None),
        ("pjsip qualify nosuch", None),
        ("pjsip show registration acme-primary", None),
        ("pjsip send unregister acme-primary", None),
    ],
)
def test_only_what_is_taken_is_done(command: str, done: tuple[Deed, str] | None) -> None:
    assert words.taken(command, acme()) == done
    for daemon in (Daemon.STOPPED, Daemon.LOADING):
        assert words.taken(command, structs.replace(acme(), daemon=daemon)) is None
