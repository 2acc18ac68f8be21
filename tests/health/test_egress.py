"""By which address carriers see an SBC: who says so stands with it, and where nobody can tell it is not known."""

from __future__ import annotations

import pytest

from trunktui.health.egress import (
    EgressMemory,
    Seen,
    egress_fault,
    egress_of,
    is_public,
    judge_egress,
    remember_egress,
    targets_of,
    unresolved,
)
from trunktui.model.inventory import NativeNames
from trunktui.model.observation import Destination, NativeLeg, Unread
from trunktui.model.snapshot import Egress, EgressKind
from trunktui.model.surroundings import Interface, Outside, Surroundings, Way
from trunktui.model.text import Safe

STUN, TRANSPORT, OWN = EgressKind.STUN, EgressKind.TRANSPORT, EgressKind.OWN
FAR, NEAR = Way("10.1.0.5", direct=False), Way("10.1.0.5", direct=True)
PUBLIC = Way("203.0.113.5", direct=False)


def interface(name: str = "udp", bind: str | None = None, external: str | None = None) -> Interface:
    return Interface(Safe(name), Safe("udp"), bind, external, whole=True)


def around(
    *interfaces: Interface, way: Way | None = None, outside: Outside | None = None, **names: tuple[str, ...]
) -> Surroundings:
    ways = {} if way is None else {"192.0.2.9": way}
    return Surroundings({str(one.name): one for one in interfaces}, outside, ways, names)


def leg(*interfaces: str) -> NativeLeg:
    return NativeLeg(NativeNames(endpoint="acme"), interfaces=interfaces)


@pytest.mark.parametrize(
    ("surroundings", "address", "kind", "words"),
    [
        (around(interface(), way=PUBLIC), "203.0.113.5", OWN, "its own address, a public one"),
        (around(interface(), way=NEAR), "10.1.0.5", OWN, "its own address, no router between"),
        (around(interface(), way=FAR), None, OWN, "10.1.0.5 is private, and neither"),
        (around(interface()), None, OWN, "no route to a carrier is known"),
        (Surroundings(), None, OWN, "not read yet"),
        (around(interface(bind="203.0.113.7"), way=PUBLIC), "203.0.113.7", OWN, "a public one"),
        (around(interface(bind="203.0.113.7"), way=FAR), "203.0.113.7", OWN, "a public one"),
        (around(interface(bind="127.0.0.1"), way=PUBLIC), "203.0.113.5", OWN, "a public one"),
        (around(interface(external="198.51.100.4"), way=FAR), "198.51.100.4", TRANSPORT, "external address of udp"),
        (around(interface(external="198.51.100.4"), way=PUBLIC), "198.51.100.4", TRANSPORT, "external address"),
        (around(interface(external="ddns"), ddns=("198.51.100.4",)), "198.51.100.4", TRANSPORT, "udp (ddns)"),
        (around(interface(external="ddns"), ddns=(), way=FAR), None, OWN, "is private"),
        (around(outside=Outside(Safe("stun"), "198.51.100.9"), way=FAR), "198.51.100.9", STUN, "STUN server stun"),
        (around(outside=Outside(Safe("stun"), "198.51.100.9", fails=True)), "198.51.100.9", STUN, "fails now"),
        (
            around(interface(external="198.51.100.4"), outside=Outside(Safe("stun"), "198.51.100.9")),
            "198.51.100.9",
            STUN,
            "STUN server stun; external address of udp: 198.51.100.4",
        ),
    ],
)  # fmt: skip
def test_who_tells_how_carriers_see_an_sbc(
    surroundings: Surroundings, address: str | None, kind: EgressKind, words: str
) -> None:
    seen = judge_egress(surroundings, ())
    assert (seen.address, seen.kind) == (address, kind)
    assert words in seen.source


def test_the_transport_that_most_legs_use_decides_and_the_other_is_named() -> None:
    both = around(interface("a", external="198.51.100.1"), interface("b", external="198.51.100.2"))
    seen = judge_egress(both, (leg("a"), leg("b"), leg("b")))
    assert (seen.address, seen.source) == (
        "198.51.100.2",
        "external address of b; external address of a: 198.51.100.1",
    )
    assert judge_egress(both, (leg("a"),)).source == "external address of a"


def test_who_refuses_is_told_and_a_public_address_of_its_own_is_known_all_the_same() -> None:
    refused = {"transports": Unread("pjsip show transports", "sudo refuses it")}
    told = judge_egress(Surroundings(ways={"192.0.2.9": PUBLIC}, refused=refused), ())
    assert (told.address, told.source) == (
        "203.0.113.5",
        "its own address, a public one; transports not readable: sudo refuses it",
    )
    assert judge_egress(Surroundings(refused=refused), ()) == Seen(
        None, Safe("transports not readable: sudo refuses it")
    )


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("198.51.100.4", True),
        ("8.8.8.8", True),
        ("2001:db8::1", True),
        ("10.0.0.1", False),
        ("172.31.255.1", False),
        ("172.32.0.1", True),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.1.1", False),
        ("127.0.0.1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::1", False),
        ("224.0.0.1", False),
    ],
)
def test_which_addresses_the_internet_routes(address: str, public: bool) -> None:
    assert is_public(address) is public


def look(memory: EgressMemory, address: str | None, at: float, kind: EgressKind = STUN) -> EgressMemory:
    return remember_egress(memory, Seen(address, Safe("who says so"), kind), at)


def test_a_first_look_is_no_change_and_the_next_address_is() -> None:
    memory = look(EgressMemory(), "198.51.100.4", 1.0)
    assert egress_of(memory)[0] == Egress("198.51.100.4", Safe("who says so"), kind=STUN)
    told, _ = egress_of(look(memory, "198.51.100.9", 301.0))
    assert told == Egress("198.51.100.9", Safe("who says so"), 301.0, "198.51.100.4", STUN)


def test_what_cannot_be_told_for_a_while_is_no_change_and_neither_is_another_kind_of_source() -> None:
    memory = look(EgressMemory(), "198.51.100.4", 1.0)
    blind = look(memory, None, 301.0, OWN)
    assert egress_of(blind) == (None, "who says so")
    again, _ = egress_of(look(blind, "198.51.100.4", 601.0))
    assert again is not None
    assert (again.since, again.before) == (None, None)
    moved, _ = egress_of(look(blind, "198.51.100.9", 601.0))
    assert moved is not None
    assert moved.before == "198.51.100.4"
    other, _ = egress_of(look(memory, "203.0.113.1", 301.0, TRANSPORT))
    assert other is not None
    assert (other.address, other.since, other.before) == ("203.0.113.1", None, None)


def test_two_ways_to_the_internet_in_turn_are_told_as_that() -> None:
    memory = EgressMemory()
    for number in range(9):
        memory = look(memory, f"198.51.100.{4 + number % 2}", 300.0 * number)
    told, _ = egress_of(memory)
    assert told is not None
    assert (told.address, told.since) == ("198.51.100.5", 300.0)
    assert told.source == "who says so; turns: 198.51.100.4 at the last look"


def test_an_address_that_is_not_the_configs_is_told_with_both_and_its_source() -> None:
    egress = Egress("198.51.100.9", Safe("STUN server stun"))
    assert egress_fault(egress, "198.51.100.4") == (
        "carriers see 198.51.100.9 (STUN server stun), the config says egress_ip 198.51.100.4"
    )
    assert egress_fault(egress, "198.51.100.9") == ""
    assert egress_fault(egress, None) == ""
    assert egress_fault(None, "198.51.100.4") == ""
    assert egress_fault(Egress("2001:db8::1", Safe("")), "2001:DB8:0::1") == ""


HERE, NAMED, SRV = Destination("192.0.2.1", 5060), Destination("gw.example", 5060), Destination("srv.example")


@pytest.mark.parametrize(
    ("destinations", "names", "targets"),
    [
        ((HERE,), {}, ("192.0.2.1",)),
        ((HERE, HERE), {}, ("192.0.2.1",)),
        ((HERE, NAMED), {"gw.example": ("192.0.2.7", "192.0.2.8")}, ("192.0.2.1", "192.0.2.7", "192.0.2.8")),
        ((NAMED,), {"gw.example": ()}, ()),
        ((NAMED,), {}, None),
        ((HERE, NAMED), {}, None),
        ((SRV,), {"srv.example": ("192.0.2.7",)}, ("192.0.2.7",)),
        ((SRV,), {"srv.example": ()}, None),
        ((), {}, None),
        (None, {}, None),
    ],
)
def test_the_addresses_that_a_leg_leads_to(
    destinations: tuple[Destination, ...] | None,
    names: dict[str, tuple[str, ...]],
    targets: tuple[str, ...] | None,
) -> None:
    assert targets_of(destinations, names) == targets


def test_a_name_without_an_address_is_told_and_that_srv_was_not_asked() -> None:
    assert unresolved((HERE, NAMED), {"gw.example": ()}) == "gw.example"
    assert unresolved((SRV,), {"srv.example": ()}) == "srv.example (no A or AAAA)"
    assert unresolved((NAMED,), {}) is None
    assert unresolved((NAMED,), {"gw.example": ("192.0.2.7",)}) is None
