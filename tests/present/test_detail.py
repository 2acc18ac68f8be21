"""The page of a leg: nothing old is told as now, a lower bound is no count, and long reasons are whole."""

from __future__ import annotations

from msgspec.structs import replace

from tests.tui.fleet_samples import NOW, evidence_of, leg, sbc
from trunktui.model.health import LegState, RegSignal, SbcState, Usage
from trunktui.model.link import LinkStatus, SnmpState, SnmpStatus, SshState
from trunktui.model.snapshot import ChannelsView, LegStatus, RegView, SbcStatus, Snapshot
from trunktui.model.text import Safe
from trunktui.present.cells import Cell, Line, Role, plain
from trunktui.present.detail import detail_lines, page_lines, sbc_lines
from trunktui.present.empty import empty_lines
from trunktui.present.query import Query
from trunktui.present.words import cell_width, to_ascii

CHARTS: tuple[Line, ...] = ((Cell(" RTT           ", Role.LABEL), Cell("▁▂▃")),)
LATER = NOW + 200
REMEDY = (
    "not polled, 3 legs unknown: host key of 10.77.0.10:22 is not the one in /home/noc/.ssh/known_hosts; if the "
    "box was rebuilt, ask its owner for the new fingerprint, then remove the old line: ssh-keygen -R 10.77.0.10"
)


def labelled(lines: tuple[Line, ...], label: str) -> list[Line]:
    """Return the lines that begin with `label`."""
    return [line for line in lines if line and plain(line).startswith(f" {label} ")]


def page(
    one: LegStatus, box: SbcStatus | None = None, now: float = NOW, width: int = 120
) -> tuple[Line, ...]:
    return page_lines(one, box or sbc(), now, CHARTS, width)


def words(lines: tuple[Line, ...]) -> str:
    return " ".join(" ".join(plain(line) for line in lines).split())


def test_a_fresh_leg_is_told_as_now() -> None:
    lines = page(leg())
    (contact,) = labelled(lines, "contact")
    assert plain(contact) == " contact       answers     21 ms  sip:198.51.100.7:5060"
    assert contact[1].role is Role.GOOD
    assert plain(labelled(lines, "RTT")[0]) == " RTT           ▁▂▃"
    assert plain(labelled(lines, "ssh")[0]) == " ssh           ok"
    assert plain(labelled(lines, "running for")[0]) == " running for   3d"


def test_once_the_news_is_old_nothing_on_the_page_is_told_as_now() -> None:
    gave_up = RegView(RegSignal.GAVE_UP, next_at=NOW - 60, failures=3, gave_up=True)
    failing = leg(reg=gave_up, evidence=evidence_of("alpha-us"))
    witness = SnmpStatus(SnmpState.OK, last_ok=NOW - 5)
    lines = page(failing, replace(sbc(), snmp=witness, box_stale_at=NOW + 85), LATER)
    (contact,) = labelled(lines, "contact")
    assert plain(contact) == " contact       was answers     21 ms  sip:198.51.100.7:5060"
    assert {cell.role for cell in contact[1:]} == {Role.DIM}
    assert {cell.role for cell in labelled(lines, "evidence")[0][1:]} == {Role.DIM}
    assert not {cell.role for line in lines for cell in line if "Rejected" in cell.text} - {Role.DIM}
    assert plain(labelled(lines, "registration")[0]) == " registration  was gave up"
    assert plain(labelled(lines, "in use")[0]) == " in use        – on this leg  –/90 of the cap"
    assert plain(labelled(lines, "ssh")[0]) == " ssh           was ok"
    assert plain(labelled(lines, "snmp")[0]).startswith(" snmp          was ok, last answer")
    assert plain(labelled(lines, "running for")[0]) == " running for   –"
    assert plain(labelled(lines, "load")[0]) == " load          – channels, – calls"
    assert plain(labelled(lines, "last poll")[0]).endswith("3m23s ago, took 0.4s, next due")
    assert not {cell.role for line in lines for cell in line} & {Role.GOOD, Role.UP}


def test_a_link_that_failed_keeps_its_reason_however_old_the_last_answer() -> None:
    lost = replace(sbc(age=300), link=LinkStatus(SshState.REFUSED, Safe("connection refused")))
    assert (
        plain(labelled(sbc_lines(lost, NOW, 120), "ssh")[0]) == " ssh           refused: connection refused"
    )


def test_a_count_that_misses_legs_is_shown_as_a_lower_bound() -> None:
    part = leg(channels=ChannelsView(Usage.HIGH, active=12, cap=200, used=41, whole=False))
    (line,) = labelled(detail_lines(part, NOW, CHARTS, 120), "in use")
    assert plain(line) == (
        " in use        12 on this leg  ≥41/200 of the cap: not every leg that shares it is known"
    )
    assert "leg >=41/200 of the cap" in to_ascii(plain(line))
    (whole,) = labelled(detail_lines(leg(), NOW, CHARTS, 120), "in use")
    assert plain(whole) == " in use        12 on this leg  12/90 of the cap"


def test_a_leg_without_a_cap_tells_its_channels_only() -> None:
    free = leg(channels=ChannelsView(Usage.NO_CAP, active=7))
    assert (
        plain(labelled(detail_lines(free, NOW, CHARTS, 120), "in use")[0]) == " in use        7 on this leg"
    )
    dark = leg(channels=ChannelsView(Usage.UNKNOWN))
    assert not labelled(detail_lines(dark, NOW, CHARTS, 120), "in use")


def test_the_page_shows_a_long_reason_whole_at_every_width() -> None:
    box = replace(sbc(age=300), state=SbcState.UNKNOWN, reason=Safe(REMEDY))
    for width in (40, 80, 160):
        lines = page(leg(state=LegState.UNKNOWN), box, width=width)
        assert REMEDY.replace(" ", "") in words(lines).replace(" ", "")


def test_before_there_is_any_leg_an_sbc_shows_its_long_reason_whole() -> None:
    box = replace(sbc(age=None), state=SbcState.UNKNOWN, reason=Safe(REMEDY))
    for width in (40, 80, 160, 400):
        lines = empty_lines(Snapshot(1, NOW, (box,)), NOW, Query(), width)
        about = [line for line in lines if line and line[0].text.strip() not in {"", "Trunks"}][1:-1]
        assert words(tuple(about)) == f"nyc-1 unknown {REMEDY}"
        assert all(cell_width(plain(line)) <= width for line in about)


def test_what_hangs_behind_a_cell_stays_apart_from_it_where_the_line_breaks() -> None:
    one = leg(
        reg=RegView(RegSignal.GAVE_UP, next_at=NOW - 720, failures=12, gave_up=True),
        evidence=evidence_of("a"),
    )
    lines = detail_lines(one, NOW, CHARTS, 72)
    assert "gave up 12m  12 failed attempts, the SBC will" in plain(labelled(lines, "registration")[0])
