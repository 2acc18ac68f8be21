"""The facts of a box by SNMP: each with its age, and nothing where there is none."""

from __future__ import annotations

from msgspec.structs import replace

from tests.fleets import NOW, box, sbc, witnessed_sbc
from trunktui.model.box import Published, SubAgent
from trunktui.model.link import SnmpState, SnmpStatus
from trunktui.model.observation import Unread
from trunktui.model.snapshot import SbcStatus
from trunktui.model.text import Safe
from trunktui.present.box import box_facts
from trunktui.present.cells import Role, plain
from trunktui.present.detail import sbc_lines


def told(status: SbcStatus, now: float = NOW) -> dict[str, str]:
    return {label: cell.text for label, cell in box_facts(status, now)}


def test_a_box_that_answers_shows_its_machine_and_its_totals() -> None:
    assert told(witnessed_sbc("nyc-1")) == {
        "snmp": "ok, last answer 5s ago",
        "box": "nyc-1.example.net, up 10d, load 0.52 0.40 0.31, fullest disk /var 87 %, read 3m20s ago",
        "snmp totals": "83 channels, 41 calls, 3,412 processed; Asterisk 22.10.1, up 14m55s",
        "ast-regs": "alpha-us|Registered",
    }


def test_without_snmp_nothing_is_shown_of_it() -> None:
    assert told(sbc("nyc-1")) == {}
    assert not [line for line in sbc_lines(sbc("nyc-1"), NOW, 120) if "snmp" in plain(line)]


def test_the_totals_of_ssh_and_snmp_stand_side_by_side_though_they_differ() -> None:
    text = "\n".join(plain(line) for line in sbc_lines(witnessed_sbc("nyc-1"), NOW, 120))
    assert "82 channels, 41 calls" in text
    assert "83 channels, 41 calls" in text


def test_what_snmp_told_dims_and_says_was_once_it_is_old() -> None:
    cells = dict(box_facts(witnessed_sbc("nyc-1"), NOW + 86))
    assert cells["box"].text.startswith("was ")
    assert {cells["box"].role, cells["snmp totals"].role} == {Role.DIM}


def test_a_refusal_is_shown_with_its_reason_and_the_last_answer() -> None:
    status = SnmpStatus(SnmpState.AUTH, Safe("wrong auth key"), last_ok=NOW - 125)
    assert told(sbc("a", snmp=status)) == {"snmp": "auth, last answer 2m05s ago: wrong auth key"}


def test_a_sub_agent_that_says_nothing_is_told_apart_from_no_calls() -> None:
    for sub_agent, words in ((SubAgent.SILENT, "does not answer"), (SubAgent.ABSENT, "no Asterisk objects")):
        facts = replace(box(), sub_agent=sub_agent, channels=None, calls=None)
        assert words in told(replace(witnessed_sbc("a"), box=facts))["snmp totals"]


def test_what_is_missing_is_not_zero() -> None:
    facts = replace(box(), name=None, uptime_s=None, load=None, disk=None, channels=None)
    lines = told(replace(witnessed_sbc("a"), box=facts))
    assert lines["box"] == "–, up –, load –, fullest disk –"
    assert lines["snmp totals"].startswith("– channels")


def test_a_published_entry_that_failed_and_what_was_not_read_are_named() -> None:
    facts = replace(
        box(),
        published=(
            Published("x", None, why=Safe("no entry x")),
            Published("y", (Safe("1"), Safe("2")), 3),
            Published("z", (), 124),
        ),
        unread=(Unread("snmp uptime", "of another type"),),
    )
    texts = [(label, cell.text) for label, cell in box_facts(replace(witnessed_sbc("a"), box=facts), NOW)]
    assert ("x", "no entry x") in texts
    assert ("y (exit status 3)", "1") in texts
    assert ("z (exit status 124)", "printed nothing") in texts
    assert ("not read", "snmp uptime: of another type") in texts
