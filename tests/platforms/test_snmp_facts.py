"""What an SBC says by SNMP: read from recordings, each group for itself, and unknown where it was not told."""

from __future__ import annotations

import pytest

from tests.platforms.snmp_walks import AT, answered, recorded
from trunktui.model.box import DiskUse, SubAgent
from trunktui.model.snmp import Got, Kind, Oid, SnmpAnswer, oid
from trunktui.model.text import Safe
from trunktui.platforms.registry import PLATFORMS
from trunktui.transport.snmp_check import Bound

ASTERISK = PLATFORMS["asterisk"]
BOX, TOTALS = recorded("box.txt"), recorded("asterisk-totals.txt")
ENTERPRISE = oid("1.3.6.1.4.1.22736")
STORAGE = oid("1.3.6.1.2.1.25.2.3.1")
DISK_ROW = 31


def with_disk(number: int, path: bytes, size: int, used: int) -> dict[Oid, Bound]:
    """Return the objects of one more storage entry."""
    values: tuple[tuple[int, Kind, int | bytes | Oid], ...] = (
        (2, Kind.OID, oid("1.3.6.1.2.1.25.2.1.4")),
        (3, Kind.TEXT, path),
        (5, Kind.INTEGER, size),
        (6, Kind.INTEGER, used),
    )
    return {
        (*STORAGE, c, number): Bound((*STORAGE, c, number), kind.value, value) for c, kind, value in values
    }


def test_a_request_never_holds_objects_of_the_system_and_of_asterisk() -> None:
    for get in ASTERISK.snmp_ask(("ast-regs",)).gets:
        assert len({variable.oid[:7] == ENTERPRISE for variable in get.variables}) == 1, get.key
    assert not any(v.oid[:7] == ENTERPRISE for v in ASTERISK.snmp_ask(()).gets[0].variables)


def test_a_box_with_asterisk_running_tells_all_of_it() -> None:
    facts = ASTERISK.parse_snmp(answered(ASTERISK.snmp_ask(()), BOX | TOTALS), ())
    assert facts.name == "sbc1"
    assert facts.uptime_s is not None
    assert facts.agent_uptime_s is not None
    assert facts.uptime_s > facts.agent_uptime_s
    assert facts.load is not None
    assert all(0 < part < 10 for part in facts.load)
    assert facts.disk == DiskUse(Safe("/"), 1, AT)
    assert facts.sub_agent is SubAgent.ANSWERS
    assert (facts.channels, facts.calls, facts.calls_processed, facts.app_uptime_s) == (22, 6, 12, 1226)
    assert facts.app_version == "22.10.1+dfsg+~cs6.17.60671434-1"
    assert facts.unread == ()


@pytest.mark.parametrize(
    ("objects", "silent", "sub_agent"),
    [(BOX, frozenset[str](), SubAgent.ABSENT), (BOX | TOTALS, frozenset({"asterisk"}), SubAgent.SILENT)],
    ids=["stopped: no such object", "frozen: no answer"],
)
def test_without_asterisk_its_totals_are_unknown_and_the_box_lives(
    objects: dict[Oid, Bound], silent: frozenset[str], sub_agent: SubAgent
) -> None:
    facts = ASTERISK.parse_snmp(answered(ASTERISK.snmp_ask(()), objects, silent), ())
    assert facts.sub_agent is sub_agent
    assert (facts.channels, facts.calls, facts.calls_processed, facts.app_uptime_s) == (None,) * 4
    assert facts.uptime_s is not None


def test_the_fullest_disk_is_named_and_what_is_no_disk_is_not() -> None:
    more = with_disk(40, b"/var", 1000, 871) | with_disk(41, b"/srv", 1000, 5)
    facts = ASTERISK.parse_snmp(answered(ASTERISK.snmp_ask(()), BOX | more), ())
    assert facts.disk == DiskUse(Safe("/var"), 88, AT)


@pytest.mark.parametrize(("size", "used"), [(0, 0), (-5, 3), (10, 11), (10, -1)])
def test_a_disk_whose_numbers_cannot_be_is_not_known(size: int, used: int) -> None:
    objects = {k: v for k, v in BOX.items() if k[-1] != DISK_ROW} | with_disk(40, b"/big", size, used)
    assert ASTERISK.parse_snmp(answered(ASTERISK.snmp_ask(()), objects), ()).disk is None


@pytest.mark.parametrize("column", ["disk_type", "disk_path", "disk_size", "disk_used"])
def test_a_column_that_is_missing_makes_the_fullest_disk_unknown(column: str) -> None:
    facts = ASTERISK.parse_snmp(answered(ASTERISK.snmp_ask(()), BOX, frozenset({column})), ())
    assert facts.disk is None


def test_an_agent_that_tells_nothing_but_its_name_leaves_the_rest_unknown() -> None:
    only = {k: v for k, v in BOX.items() if k == oid("1.3.6.1.2.1.1.5.0")}
    facts = ASTERISK.parse_snmp(answered(ASTERISK.snmp_ask(()), only), ())
    assert (facts.name, facts.uptime_s, facts.load, facts.disk, facts.channels) == (
        "sbc1",
        None,
        None,
        None,
        None,
    )


def test_a_value_of_another_type_is_named_as_not_read_and_is_not_zero() -> None:
    uptime = oid("1.3.6.1.2.1.25.1.1.0")
    facts = ASTERISK.parse_snmp(
        answered(ASTERISK.snmp_ask(()), BOX | {uptime: Bound(uptime, "Gauge32", 5)}), ()
    )
    assert facts.uptime_s is None
    assert [(unread.command, unread.why) for unread in facts.unread] == [
        ("snmp uptime", "1.3.6.1.2.1.25.1.1.0 is of type Gauge32, not TimeTicks")
    ]


def test_what_a_site_publishes_is_shown_line_by_line_and_what_is_missing_is_said() -> None:
    index = (8, *b"ast-regs")
    lines, status = ((*oid("1.3.6.1.4.1.8072.1.3.2.3.1"), column, *index) for column in (2, 4))
    objects = BOX | {
        lines: Bound(lines, "OCTET STRING", b"acme|Registered\nbeta|\x1b[31mRejected"),
        status: Bound(status, "Integer32", 3),
    }
    names = ("ast-regs", "other")
    there, missing = ASTERISK.parse_snmp(answered(ASTERISK.snmp_ask(names), objects), names).published
    assert (there.lines, there.status) == (("acme|Registered", "beta|\u241b[31mRejected"), 3)
    assert missing.lines is None
    assert missing.why == "the agent has no extend entry other"


def test_an_answer_with_nothing_in_it_is_read_as_nothing() -> None:
    facts = ASTERISK.parse_snmp(SnmpAnswer(AT, AT), ("x",))
    assert facts.sub_agent is SubAgent.SILENT
    assert facts.disk is None
    assert SnmpAnswer(AT, AT).get("any").got is Got.SILENT


FREESWITCH = PLATFORMS["freeswitch"]
FREESWITCH_TOTALS = recorded("freeswitch-totals.txt")


def test_freeswitch_tells_its_totals_and_is_never_asked_for_a_piece_of_its_memory() -> None:
    ask = FREESWITCH.snmp_ask(())
    asked = {variable.oid for get in ask.gets for variable in get.variables}
    assert oid("1.3.6.1.4.1.27880.1.1.1.0") not in asked
    facts = FREESWITCH.parse_snmp(answered(ask, BOX | FREESWITCH_TOTALS), ())
    assert facts.sub_agent is SubAgent.ANSWERS
    assert (facts.channels, facts.calls_processed, facts.app_uptime_s) == (18, 29, 102)
    assert facts.app_version is None
    assert facts.calls is None, "its count of calls is one of bridged pairs"
    assert facts.unread == ()


@pytest.mark.parametrize(
    ("objects", "silent", "sub_agent"),
    [(BOX, frozenset[str](), SubAgent.ABSENT), (BOX, frozenset({"freeswitch"}), SubAgent.SILENT)],
    ids=["stopped: no such object", "frozen: no answer"],
)
def test_without_freeswitch_the_box_lives(
    objects: dict[Oid, Bound], silent: frozenset[str], sub_agent: SubAgent
) -> None:
    facts = FREESWITCH.parse_snmp(answered(FREESWITCH.snmp_ask(()), objects, silent), ())
    assert facts.sub_agent is sub_agent
    assert (facts.channels, facts.uptime_s is None) == (None, False)
