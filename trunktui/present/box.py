"""What SNMP says of a box, as labelled cells: beside what SSH says, with its own age, and judged by nobody."""

from __future__ import annotations

from collections.abc import Iterator

import humanize

from trunktui.model.box import BoxFacts, SubAgent
from trunktui.model.link import SnmpState
from trunktui.model.snapshot import SbcStatus
from trunktui.present.cells import Cell, Role
from trunktui.present.freshness import duration
from trunktui.present.words import NOT_KNOWN, software, span

_OLD_S = 60.0
_SUB_AGENT = {
    SubAgent.ABSENT: "no {0} objects: it is stopped, or its SNMP module is not loaded",
    SubAgent.SILENT: "{0}'s sub-agent does not answer: frozen, or too busy",
    SubAgent.UNREADABLE: "{0}'s objects could not be read",
}


def box_facts(sbc: SbcStatus, now: float) -> Iterator[tuple[str, Cell]]:
    """Yield (label, cell) for what SNMP told; nothing at all where SNMP is not configured."""
    snmp = sbc.snmp
    if snmp.state is SnmpState.OFF:
        return
    age = "" if snmp.last_ok is None else f", last answer {duration(now - snmp.last_ok)} ago"
    words = f": {snmp.reason}" if snmp.reason else ""
    bad = snmp.state not in {SnmpState.OK, SnmpState.PENDING}
    old = sbc.box_stale_at is not None and now > sbc.box_stale_at
    told = "was ok" if old and snmp.state is SnmpState.OK else snmp.state.value
    yield "snmp", Cell(f"{told}{age}{words}", Role.WARN if bad else Role.DIM if old else Role.TEXT)
    if sbc.box is None:
        return
    role, was = (Role.DIM, "was ") if old else (Role.TEXT, "")
    yield "box", Cell(was + _machine(sbc.box, now), role)
    yield "snmp totals", Cell(was + _totals(sbc.box, sbc.platform), role)
    for published in sbc.box.published:
        lines = published.lines
        status = "" if not published.status else f" (exit status {published.status})"
        if lines is None:
            yield published.name, Cell(published.why, Role.WARN)
        # One that prints nothing must not vanish with its exit status.
        for index, line in enumerate(lines or ("printed nothing",) if lines is not None else ()):
            yield published.name + status if index == 0 else "", Cell(line, role)
    for unread in sbc.box.unread:
        yield "not read", Cell(f"{unread.command}: {unread.why}", Role.WARN)


def _machine(box: BoxFacts, now: float) -> str:
    up = NOT_KNOWN if box.uptime_s is None else span(box.uptime_s + now - box.at)
    load = NOT_KNOWN if box.load is None else " ".join(f"{part:.2f}" for part in box.load)
    disk = NOT_KNOWN
    if box.disk is not None:
        age = now - box.disk.at
        read = f", read {duration(age)} ago" if age > _OLD_S else ""
        disk = f"{box.disk.path} {box.disk.used_percent} %{read}"
    return f"{box.name or NOT_KNOWN}, up {up}, load {load}, fullest disk {disk}"


def _totals(box: BoxFacts, platform: str) -> str:
    name = software(platform)
    if box.sub_agent is not None and box.sub_agent in _SUB_AGENT:
        return _SUB_AGENT[box.sub_agent].format(name)
    up = NOT_KNOWN if box.app_uptime_s is None else span(float(box.app_uptime_s))
    counts = (
        f"{_count(box.channels)} channels, {_count(box.calls)} calls, {_count(box.calls_processed)} processed"
    )
    return f"{counts}; {name} {box.app_version or NOT_KNOWN}, up {up}"


def _count(number: int | None) -> str:
    return NOT_KNOWN if number is None else humanize.intcomma(number)
