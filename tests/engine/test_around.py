"""An address of ours that changed, and a name that leads elsewhere, are events once, also over a restart of the engine."""

from __future__ import annotations

from msgspec.structs import replace

from tests.engine.test_recorder import UTC, Watched
from tests.fleets import NOW, sbc
from trunktui.model.health import Severity
from trunktui.model.history import EventKind, Known, Memory
from trunktui.model.snapshot import Egress, EgressKind, Resolved, SbcStatus
from trunktui.model.text import Safe

EGRESS, TARGETS = EventKind.EGRESS, EventKind.TARGETS
OLD = Egress("198.51.100.4", Safe("STUN server stun"), kind=EgressKind.STUN)
NEW = Egress("198.51.100.9", Safe("STUN server stun"), NOW + 50, "198.51.100.4", EgressKind.STUN)
FIRST = Resolved("gw.example", ("192.0.2.1",), ("192.0.2.1",))
MOVED = Resolved("gw.example", ("192.0.2.9",), ("192.0.2.9",), NOW + 50, ("192.0.2.1",))


def box(egress: Egress | None = None, *resolved: Resolved) -> SbcStatus:
    return sbc("nyc-1", egress=egress, resolved=resolved)


def test_another_address_of_ours_is_told_once_with_both_and_when_it_was_seen() -> None:
    watched = Watched()
    for one in (None, OLD, OLD, NEW, NEW, None, NEW):
        watched.look(box=box(one))
    (told,) = [event for event in watched.events if event.kind is EGRESS]
    assert (told.subject, told.before, told.after) == ("nyc-1", "198.51.100.4", "198.51.100.9")
    assert told.sentence == "our address changed 198.51.100.4 -> 198.51.100.9 (STUN server stun)"
    assert told.severity is Severity.WARNING
    assert NOW + UTC < told.at <= watched.now + UTC


def test_a_first_look_and_another_kind_of_source_are_no_change() -> None:
    watched = Watched()
    set_by_hand = Egress("203.0.113.1", Safe("external address of udp"), kind=EgressKind.TRANSPORT)
    for one in (OLD, set_by_hand, OLD):
        watched.look(box=box(one))
    assert not watched.changes(EGRESS)


def test_a_name_that_leads_elsewhere_is_told_once_and_one_that_leads_nowhere_too() -> None:
    watched = Watched()
    gone = replace(MOVED, addresses=(), settled=(), since=NOW + 110, before=("192.0.2.9",))
    for one in (FIRST, FIRST, MOVED, MOVED, gone):
        watched.look(box=box(None, one))
    told = [event for event in watched.events if event.kind is TARGETS]
    assert [(one.subject, one.sentence) for one in told] == [
        ("nyc-1", "gw.example leads to 192.0.2.9, was 192.0.2.1"),
        ("nyc-1", "gw.example does not resolve any more, was 192.0.2.9"),
    ]


def test_what_comes_and_goes_at_each_look_is_no_event() -> None:
    watched = Watched()
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        watched.look(box=box(None, replace(FIRST, addresses=(address,))))
    assert not watched.changes(TARGETS)


def remembering(address: str, *names: str) -> Watched:
    """Return a recorder that an earlier run left these to."""
    known = [Known(EGRESS, Safe("@nyc-1"), Safe(f"stun {address}"))]
    known += [Known(TARGETS, Safe("gw.example@nyc-1"), Safe(" ".join(names)))]
    return Watched(Memory(known=tuple(known), seen=UTC + NOW))


def test_what_changed_while_nobody_watched_is_told_at_the_first_look() -> None:
    watched = remembering("198.51.100.4", "192.0.2.1")
    now = replace(NEW, since=None, before=None)
    watched.look(box=box(now, replace(MOVED, since=None, before=None)))
    watched.look(box=box(now, replace(MOVED, since=None, before=None)))
    assert watched.changes(EGRESS) == [("nyc-1", "198.51.100.4", "198.51.100.9")]
    assert watched.changes(TARGETS) == [("nyc-1", "192.0.2.1", "192.0.2.9")]


def test_what_is_as_it_was_or_another_part_of_the_same_pool_is_not_told_after_a_restart() -> None:
    watched = remembering("198.51.100.4", "192.0.2.1", "192.0.2.2")
    part = Resolved("gw.example", ("192.0.2.2", "192.0.2.3"), ("192.0.2.2", "192.0.2.3"))
    watched.look(box=box(OLD, part))
    assert not watched.changes(EGRESS)
    assert not watched.changes(TARGETS)


def test_what_is_known_is_kept_once_and_forgotten_with_its_sbc_or_its_name() -> None:
    watched = Watched()
    found = watched.look(box=box(OLD, FIRST))
    kept = {(one.kind, one.subject, one.state) for one in found.known if one.kind in {EGRESS, TARGETS}}
    assert kept == {
        (EGRESS, "@nyc-1", "stun 198.51.100.4"),
        (TARGETS, "gw.example@nyc-1", "192.0.2.1"),
    }
    assert not [one for one in watched.look(box=box(OLD, FIRST)).known if one.kind in {EGRESS, TARGETS}]
    other = Resolved("other.example", ("192.0.2.5",), ("192.0.2.5",))
    gone = watched.look(box=box(OLD, other)).forgotten
    assert [(one.kind, one.subject) for one in gone] == [(TARGETS, "gw.example@nyc-1")]
    gone = watched.look(box=sbc("lon-1")).forgotten
    assert {(EGRESS, "@nyc-1"), (TARGETS, "other.example@nyc-1")} <= {(one.kind, one.subject) for one in gone}
