"""What lies around an SBC is read from real answers; nothing that is cut, hostile or refused makes an address up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.platforms.recordings import FIXTURES, lines
from tests.platforms.recordings import recorded as answer_in
from trunktui.model.ask import Answer, Reply
from trunktui.model.inventory import NativeNames
from trunktui.model.observation import Destination, NativeLeg
from trunktui.model.surroundings import Interface, Outside, Surroundings, Way
from trunktui.model.text import Safe
from trunktui.platforms import asterisk, boxaround, boxshell
from trunktui.platforms import asterisk_surroundings as surroundings
from trunktui.platforms.contract import LegSettings
from trunktui.platforms.sipuri import destination
from trunktui.transport.script import build_script

FOLDER = FIXTURES / "asterisk" / "surroundings"
LONG_NAME = "registrar-with-a-very-long-host-name.north-america.carrier.example.net"
UDP = Interface(Safe("transport-udp"), Safe("udp"), "10.77.0.10")
CERTIFICATE = "/etc/asterisk/keys/sbc.crt"
READERS = {
    "transports.txt": "transports",
    "transports-one.txt": "transports",
    "transport-plain.txt": "transport transport-udp",
    "transport-external.txt": "transport transport-udp",
    "transport-external-name.txt": "transport transport-udp",
    "transport-unknown.txt": "transport transport-udp",
    "stun-not-configured.txt": "stun",
    "stun-init.txt": "stun",
    "stun-ok.txt": "stun",
    "stun-fail.txt": "stun",
    "route-near.txt": "way 10.77.0.21",
    "route-router.txt": "way 8.8.8.8",
    "route-local.txt": "way 127.0.0.1",
    "name.txt": f"name {LONG_NAME}",
    "certificate.txt": f"certificate {CERTIFICATE}",
}


def reply(key: str, raw: bytes, status: int | None = 0, errors: bytes = b"") -> Reply:
    return Reply(key, status, lines(raw), lines(errors))


def recorded(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def read(*replies: Reply, before: Surroundings = Surroundings()) -> Surroundings:  # noqa: B008 - frozen
    return surroundings.parse_surroundings((Answer(0.0, 1.0, replies),), before)


def known() -> Surroundings:
    """Return what an SBC with one transport is known to be, with a certificate that was not read."""
    return Surroundings(interfaces={"transport-udp": structs.replace(UDP, certificate=CERTIFICATE)})


def leg(*destinations: Destination, interfaces: tuple[str, ...] = ()) -> NativeLeg:
    return NativeLeg(NativeNames(endpoint="acme"), destinations=destinations, interfaces=interfaces)


def asked(legs: tuple[NativeLeg, ...], before: Surroundings) -> list[str]:
    return [command.key for ask in surroundings.surroundings_asks(legs, before) for command in ask.commands]


def test_the_table_of_transports_is_read_with_names_of_any_kind_and_both_families() -> None:
    found = surroundings.transports(reply("transports", recorded("transports.txt")))
    assert found is not None
    assert [(one.name, one.protocol, one.bind) for one in found.values()] == [
        ("transport tls/eu", "tls", "10.77.0.10"),
        ("transport-dyn", "udp", "10.77.0.10"),
        ("transport-nat", "udp", None),
        ("transport-six", "tcp", "::1"),
        ("transport-udp", "udp", "10.77.0.10"),
    ]


@pytest.mark.parametrize(
    ("case", "external"),
    [
        ("transport-plain", None),
        ("transport-external", "198.51.100.4"),
        ("transport-external-name", LONG_NAME),
    ],
)
def test_a_transports_external_address_is_read_as_it_is_set(case: str, external: str | None) -> None:
    one = surroundings.transport(reply("transport transport-udp", recorded(f"{case}.txt")), UDP)
    assert (one.external, one.certificate, one.whole) == (external, None, True)


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("stun-not-configured", None),
        ("stun-init", None),
        ("stun-ok", Outside(Safe("10.77.0.21"), "10.77.0.12")),
        ("stun-fail", Outside(Safe("10.77.0.21"), "10.77.0.13", fails=True)),
    ],
)
def test_what_stun_saw_is_read_and_an_answer_that_never_came_is_none(case: str, told: Outside | None) -> None:
    assert read(reply("stun", recorded(f"{case}.txt"))).outside == told


@pytest.mark.parametrize(
    ("case", "way"),
    [
        ("route-near", Way("10.77.0.11", direct=True)),
        ("route-router", Way("192.0.2.2", direct=False)),
        ("route-local", None),
    ],
)
def test_a_route_tells_the_source_and_whether_a_router_is_between(case: str, way: Way | None) -> None:
    assert boxshell.way(reply("way x", recorded(f"{case}.txt"))) == way


def test_what_does_not_resolve_is_known_to_lead_nowhere_and_what_could_not_be_asked_is_not() -> None:
    key = f"name {LONG_NAME}"
    assert read(reply(key, recorded("name.txt"))).names == {LONG_NAME: ("10.77.0.21",)}
    assert read(reply(key, b"", status=2)).names == {LONG_NAME: ()}
    for status in (1, 124, 126, 127, 137, None):
        before = Surroundings(names={LONG_NAME: ("192.0.2.1",)})
        assert read(reply(key, b"", status), before=before).names == before.names


def test_the_end_of_a_certificate_is_read_or_why_it_cannot_be() -> None:
    key = f"certificate {CERTIFICATE}"
    (told,) = read(reply(key, recorded("certificate.txt")), before=known()).certificates.values()
    assert (told.interface, told.file, told.ends_at) == ("transport-udp", CERTIFICATE, 1798250581.0)
    closed = reply(key, b"", 1, recorded("certificate-closed.err"))
    (told,) = read(closed, before=known()).certificates.values()
    assert told.ends_at is None
    assert told.why.startswith("not readable as this login: Could not open file")


def test_a_refused_command_is_told_and_never_asked_again() -> None:
    denied = reply("transports", b"", 1, b"sudo: a password is required\n")
    group = reply("stun", b"You don't have permissions to run 'stun show status' command\n")
    seen = read(denied, group)
    assert seen.interfaces is None
    assert seen.outside is None
    assert "sudo refuses" in seen.why_refused
    assert asked((), structs.replace(seen, asked=frozenset())) == []


def test_the_certain_is_asked_first_and_names_last_each_once() -> None:
    legs = (
        leg(Destination("10.77.0.21", 5060), Destination(LONG_NAME)),
        leg(Destination(LONG_NAME, 5060), interfaces=("transport-udp",)),
    )
    assert asked(legs, Surroundings()) == ["transports", "stun", "way 10.77.0.21", f"name {LONG_NAME}"]
    before = structs.replace(known(), names={LONG_NAME: ("10.77.0.9",)})
    assert asked(legs, before) == [
        "transports",
        "stun",
        "transport transport-udp",
        "way 10.77.0.9",
        "way 10.77.0.21",
        f"certificate {CERTIFICATE}",
        f"name {LONG_NAME}",
    ]
    done = structs.replace(before, asked=frozenset(asked(legs, before)))
    assert asked(legs, done) == []


def test_only_the_transports_that_legs_use_are_asked_for_and_none_whose_name_is_syntax() -> None:
    before = Surroundings(interfaces=dict.fromkeys(("a", "b", "tls/eu", "x y"), UDP))
    assert [key for key in asked((leg(interfaces=("b",)),), before) if key.startswith("transport ")] == [
        "transport b"
    ]
    assert [key for key in asked((leg(),), before) if key.startswith("transport ")] == [
        "transport a",
        "transport b",
    ]


def test_two_lookups_that_hang_end_the_asking_and_come_last_the_next_time() -> None:
    hosts = [f"r{n}.example.net" for n in range(5)]
    legs = tuple(leg(Destination(host, 5060)) for host in hosts)
    first = read(reply("name r0.example.net", b"", 124), reply("name r1.example.net", b"", None))
    assert next(key for key in asked(legs, first) if key.startswith("name ")) == "name r1.example.net"
    second = read(reply("name r1.example.net", b"", 137), before=first)
    assert [key for key in asked(legs, second) if key.startswith("name ")] == []
    anew = structs.replace(second, asked=frozenset())
    assert [key for key in asked(legs, anew) if key.startswith("name ")] == [
        f"name r{n}.example.net" for n in (2, 3, 4, 0, 1)
    ]


@pytest.mark.parametrize(
    "name",
    ["", "-x", "a b", "a;b.example", "$(id).example", "a..b", ".a", "x" * 64 + ".net", "1.2.3.4", "é.example",
     "a\n", "a.example\n", "a/b", "'a'", "a" + ".example" * 40, "[::1]", "10", "a.1"],
)  # fmt: skip
def test_no_name_that_is_no_plain_host_gets_into_a_command(name: str) -> None:
    assert not boxshell.is_host(name)
    with pytest.raises(ValueError, match="no host's name"):
        boxshell.name_of(name)


@pytest.mark.parametrize(
    "path", ["", "x", "/", "/a b", "/-a", "/a;b", "/$(id)", "/a\n", "/a//b", "/" + "a" * 256]
)
def test_no_path_that_is_not_plain_gets_into_a_command(path: str) -> None:
    assert not boxshell.is_file(path)
    with pytest.raises(ValueError, match="no plain path"):
        boxshell.end_of(path)


def test_every_ask_becomes_a_script() -> None:
    before = structs.replace(known(), names={LONG_NAME: ("2001:db8::9",)})
    for ask in surroundings.surroundings_asks((leg(Destination(LONG_NAME)),), before):
        assert build_script(ask, "0" * 16, "asterisk")


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("sip:10.77.0.21:5060", Destination("10.77.0.21", 5060)),
        ("sip:10.77.0.21", Destination("10.77.0.21")),
        ("sips:[2001:DB8:0::1]:5061", Destination("2001:db8::1", 5061)),
        ("sip:trunk@Gw1.Example.NET.", Destination("gw1.example.net")),
        ("sip:trunk:secret@gw.example.net:5070;transport=tcp", Destination("gw.example.net", 5070)),
        (r"sip:proxy.example.net\;lr", Destination("proxy.example.net")),
        ("<sip:proxy.example.net;lr>", Destination("proxy.example.net")),
        ("sip:gw_1.example.net:5060", Destination("gw_1.example.net", 5060)),
        ("sip:", None),
        ("tel:+15551230001", None),
        ("sip:-x.example", None),
        ("sip:a b", None),
        ("sip:$(id):5060", None),
        ("http://a.example", None),
    ],
)
def test_where_a_uri_leads(uri: str, found: Destination | None) -> None:
    assert destination(uri) == found


def test_a_leg_goes_to_its_registrar_and_its_contacts_or_to_its_proxy_instead() -> None:
    folder = FIXTURES / "asterisk" / "mixed-with-settings"
    before = asterisk.parse_settings((answer_in(folder / "settings"),), LegSettings())
    assert before.transport_of["registration acme-primary"] == "transport-udp"
    proxied = structs.replace(
        before,
        proxy_of={
            "registration hybrid-gamma": "sip:proxy.example.net\\;lr",
            "endpoint acme-primary": "sip:10.0.0.1:5060",
        },
    )
    seen = asterisk.parse_poll(answer_in(folder), proxied, ())
    legs = {leg.native.main: leg.destinations for leg in seen.legs}
    assert legs["hybrid-gamma"] == (
        Destination("proxy.example.net"),
        Destination("10.77.0.21", 5060),
        Destination("10.77.0.22", 5060),
    )
    assert legs["acme-primary"] == (Destination("10.77.0.21", 5060), Destination("10.0.0.1", 5060))


def test_a_platform_without_words_of_its_own_has_routes_and_names() -> None:
    legs = (leg(Destination("10.77.0.21", 5060), Destination(LONG_NAME)),)
    keys = [one.key for ask in boxaround.surroundings_asks(legs, Surroundings()) for one in ask.commands]
    assert keys == ["way 10.77.0.21", f"name {LONG_NAME}"]
    replies = (reply(keys[0], recorded("route-near.txt")), reply(keys[1], recorded("name.txt")))
    seen = boxaround.parse_surroundings((Answer(0.0, 1.0, replies),), Surroundings())
    assert (seen.interfaces, seen.ways, seen.names) == (
        {},
        {"10.77.0.21": Way("10.77.0.11", direct=True)},
        {LONG_NAME: ("10.77.0.21",)},
    )
    assert not boxaround.surroundings_asks(legs, structs.replace(seen, asked=frozenset(keys)))


@pytest.mark.parametrize("name", sorted(READERS))
def test_an_answer_cut_at_any_byte_never_makes_up_an_address(name: str) -> None:
    raw, key = recorded(name), READERS[name]
    whole, before = read(reply(key, raw), before=known()), known()
    for cut in range(len(raw)):
        part = read(reply(key, raw[:cut]), before=known())
        assert part.interfaces in (whole.interfaces, before.interfaces), cut
        assert part.outside in (whole.outside, before.outside), cut
        assert part.ways in (whole.ways, before.ways), cut
        assert part.names in (whole.names, before.names), cut
        ends = [one.ends_at for one in part.certificates.values() if one.ends_at is not None]
        assert ends in ([], [one.ends_at for one in whole.certificates.values()]), cut


@given(data=st.data(), name=st.sampled_from(sorted(READERS)))
@settings(max_examples=300, deadline=None)
def test_no_mutation_of_an_answer_makes_a_reader_raise_or_a_command_that_is_not_plain(
    data: st.DataObject, name: str
) -> None:
    raw = bytearray(recorded(name))
    for _ in range(data.draw(st.integers(0, 4))):
        where = data.draw(st.integers(0, len(raw)))
        what = data.draw(st.sampled_from([b"", b"\n", b"::", b" : ", b"$(id)", b"999999999999", b"\xff"]))
        raw[where : where + data.draw(st.integers(0, 30))] = what + data.draw(st.binary(max_size=8))
    status = data.draw(st.sampled_from([0, 0, None, 1, 2, 124, 137, 255]))
    seen = read(reply(READERS[name], bytes(raw), status), before=known())
    for ask in surroundings.surroundings_asks((leg(Destination("a.example", 5060)),), seen):
        assert build_script(ask, "0" * 16, None)
