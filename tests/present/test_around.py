"""How carriers see an SBC and where its legs' names lead: with who says so, and dimmed once it is old."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.fleets import NOW, leg, sbc
from trunktui.model.snapshot import Egress, EgressKind, Resolved
from trunktui.model.surroundings import Certificate
from trunktui.model.text import Safe
from trunktui.present.around import leg_around, sbc_around
from trunktui.present.cells import Role

MOVED = Egress("198.51.100.9", Safe("STUN server stun"), NOW - 300, "198.51.100.4", EgressKind.STUN)


def test_an_address_is_told_with_its_source_its_time_and_what_it_was() -> None:
    ((label, cell),) = sbc_around(sbc("nyc-1", egress=MOVED), NOW, old=False)
    assert (label, cell.role) == ("egress", Role.TEXT)
    assert cell.text == "198.51.100.9, by STUN server stun, for 5m00s, was 198.51.100.4"


def test_an_address_that_is_not_the_configs_stands_out_and_both_are_told() -> None:
    ((_, cell),) = sbc_around(sbc("nyc-1", egress=MOVED, egress_expected="198.51.100.4"), NOW, old=False)
    assert cell.role is Role.WARN
    assert cell.text.endswith("; the config says 198.51.100.4")
    ((_, same),) = sbc_around(sbc("nyc-1", egress=MOVED, egress_expected="198.51.100.9"), NOW, old=False)
    assert (same.role, "config" in same.text) == (Role.TEXT, False)


def test_where_nobody_can_tell_that_is_said_with_the_reason() -> None:
    blind = sbc("nyc-1", egress_why=Safe("sudo refuses it"), egress_expected="198.51.100.4")
    ((_, cell),) = sbc_around(blind, NOW, old=False)
    assert cell.text == "–: sudo refuses it; the config says 198.51.100.4"


def test_what_is_old_is_dimmed() -> None:
    ((_, cell),) = sbc_around(sbc("nyc-1", egress=MOVED, egress_expected="198.51.100.4"), NOW, old=True)
    assert cell.role is Role.DIM


def test_a_certificate_is_told_with_its_end_or_why_that_is_not_known() -> None:
    ends = datetime(2026, 12, 26, 2, 3, 1, tzinfo=UTC).timestamp()
    known = Certificate(Safe("tls"), Safe("/etc/a.crt"), ends)
    closed = Certificate(Safe("tls-eu"), Safe("/etc/b.crt"), why=Safe("not readable as this login: closed"))
    lines = list(sbc_around(sbc("nyc-1", certificates=(known, closed)), NOW, old=False))
    assert [(label, cell.text) for label, cell in lines[1:]] == [
        ("certificate", "/etc/a.crt of tls ends 26 Dec 2026 02:03 UTC"),
        ("", "/etc/b.crt of tls-eu: not readable as this login: closed"),
    ]


def test_a_legs_names_are_told_with_what_they_lead_to() -> None:
    one = Resolved("gw.example", ("192.0.2.7", "192.0.2.8"), ("192.0.2.7",), NOW - 60, ("192.0.2.1",))
    none = Resolved("gone.example", ())
    many = Resolved("pool.example", tuple(f"192.0.2.{n}" for n in range(9)))
    lines = list(leg_around(leg("a@nyc-1", resolved=(one, none, many)), NOW, old=False))
    assert [label for label, _ in lines] == ["resolves", "", ""]
    assert lines[0][1].text == "gw.example: 192.0.2.7, 192.0.2.8, for 1m00s, was 192.0.2.1"
    assert (lines[1][1].text, lines[1][1].role) == ("gone.example: no address", Role.WARN)
    assert lines[2][1].text.endswith("192.0.2.5 and 3 more")
    assert not list(leg_around(leg("a@nyc-1"), NOW, old=False))
