"""What every SBC's own SNMP agent tells of the machine it runs on, by standard MIBs; shared by all platforms.

What net-snmp answers (numeric, `snmpget -On`):

    .1.3.6.1.2.1.1.3.0 = Timeticks: (122653) 0:20:26.53           the agent's own uptime, not the machine's
    .1.3.6.1.2.1.25.1.1.0 = Timeticks: (864013) 2:24:00.13        the machine's
    .1.3.6.1.4.1.2021.10.1.5.1 = INTEGER: 52                      load over 1 minute, times 100
    .1.3.6.1.2.1.25.2.3.1.2.31 = OID: .1.3.6.1.2.1.25.2.1.4       a local disk ...
    .1.3.6.1.2.1.25.2.3.1.3.31 = STRING: "/var"                   ... where it is mounted

Each group is one request to one agent; the machine's groups never hold a sub-agent's object.
"""

from __future__ import annotations

from msgspec import structs

from trunktui.model.box import BoxFacts, DiskUse, Published, SubAgent
from trunktui.model.observation import Unread
from trunktui.model.snmp import (
    GetAnswer,
    Got,
    Kind,
    SnmpAnswer,
    SnmpAsk,
    SnmpGet,
    SnmpWalk,
    Value,
    Variable,
    WalkAnswer,
    oid,
)
from trunktui.model.text import Safe, clean

_DISKS_EVERY_S = 300.0
_STORAGE = "1.3.6.1.2.1.25.2.3.1"
_FIXED_DISK = oid("1.3.6.1.2.1.25.2.1.4")
_EXTEND = "1.3.6.1.4.1.8072.1.3.2.3.1"

SYSTEM = SnmpGet(
    "system",
    (
        Variable("agent_uptime", oid("1.3.6.1.2.1.1.3.0"), Kind.TICKS),
        Variable("name", oid("1.3.6.1.2.1.1.5.0"), Kind.TEXT),
    ),
)
"""Answered by the agent itself whatever hangs behind it: says whether it is alive."""

HOST = SnmpGet(
    "host",
    (
        Variable("uptime", oid("1.3.6.1.2.1.25.1.1.0"), Kind.TICKS),
        Variable("load1", oid("1.3.6.1.4.1.2021.10.1.5.1"), Kind.INTEGER),
        Variable("load5", oid("1.3.6.1.4.1.2021.10.1.5.2"), Kind.INTEGER),
        Variable("load15", oid("1.3.6.1.4.1.2021.10.1.5.3"), Kind.INTEGER),
    ),
)
DISKS = (
    SnmpWalk("disk_type", oid(f"{_STORAGE}.2"), Kind.OID, every_s=_DISKS_EVERY_S),
    SnmpWalk("disk_path", oid(f"{_STORAGE}.3"), Kind.TEXT, every_s=_DISKS_EVERY_S),
    SnmpWalk("disk_size", oid(f"{_STORAGE}.5"), Kind.INTEGER, every_s=_DISKS_EVERY_S),
    SnmpWalk("disk_used", oid(f"{_STORAGE}.6"), Kind.INTEGER, every_s=_DISKS_EVERY_S),
)


def extend_gets(names: tuple[str, ...]) -> tuple[SnmpGet, ...]:
    """Return one get per NET-SNMP-EXTEND entry: asking runs the site's script, and no other one."""
    return tuple(_extend_get(name) for name in names)


def read_box(answer: SnmpAnswer, extend: tuple[str, ...]) -> BoxFacts:
    """Return the machine's part of the facts. Never raises."""
    system, host = answer.get(SYSTEM.key), answer.get(HOST.key)
    disk, unread = _fullest(answer)
    return BoxFacts(
        at=answer.answered_at,
        name=text(system, "name"),
        agent_uptime_s=seconds(system, "agent_uptime"),
        uptime_s=seconds(host, "uptime"),
        load=_load(host),
        disk=disk,
        published=tuple(_published(name, answer) for name in extend),
        unread=(*unread_of(system), *unread_of(host), *unread),
    )


def seconds(answer: GetAnswer, key: str) -> int | None:
    """Return TimeTicks in whole seconds, None where they were not told."""
    ticks = answer.values.get(key)
    return ticks // 100 if isinstance(ticks, int) else None


def number(answer: GetAnswer, key: str) -> int | None:
    """Return a number, None where it was not told."""
    value = answer.values.get(key)
    return value if isinstance(value, int) else None


def text(answer: GetAnswer, key: str) -> Safe | None:
    """Return a text, None where it was not told or is empty."""
    value = answer.values.get(key)
    return clean(value) if isinstance(value, str) and value else None


def unread_of(answer: GetAnswer) -> tuple[Unread, ...]:
    """Return what of a get came back and could not be believed; silence is no such thing."""
    whole = [Unread(f"snmp {answer.key}", answer.why)] if answer.got is Got.UNREADABLE else []
    return (*whole, *(Unread(f"snmp {key}", why) for key, why in answer.bad.items()))


def totals_ask(totals: SnmpGet, extend: tuple[str, ...]) -> SnmpAsk:
    """Return what to ask at every SNMP poll of an SBC whose own sub-agent answers `totals`."""
    return SnmpAsk((SYSTEM, HOST, totals, *extend_gets(extend)), DISKS)


def read_totals(answer: SnmpAnswer, totals: SnmpGet, extend: tuple[str, ...]) -> BoxFacts:
    """Read one SNMP poll, a sub-agent's totals with it: version, uptime, channels, calls, processed. Never raises.

    A variable that `totals` does not ask for is not known.
    """
    got, box = answer.get(totals.key), read_box(answer, extend)
    return structs.replace(
        box,
        sub_agent=sub_agent(got),
        app_version=text(got, "version"),
        app_uptime_s=seconds(got, "uptime"),
        channels=number(got, "channels"),
        calls=number(got, "calls"),
        calls_processed=number(got, "processed"),
        unread=(*box.unread, *unread_of(got)),
    )


def _load(host: GetAnswer) -> tuple[float, float, float] | None:
    one, five, fifteen = (number(host, key) for key in ("load1", "load5", "load15"))
    if one is None or five is None or fifteen is None or min(one, five, fifteen) < 0:
        return None
    return one / 100, five / 100, fifteen / 100


def _fullest(answer: SnmpAnswer) -> tuple[DiskUse | None, tuple[Unread, ...]]:
    """Return the fullest local disk, which takes four whole columns: half a table could hide it."""
    walks = [answer.walk(walk.key) for walk in DISKS]
    columns = [walk for walk in walks if walk is not None and walk.got is Got.ANSWERED]
    if len(columns) < len(DISKS):
        bad = next((w for w in walks if w is not None and w.got is Got.UNREADABLE), None)
        return None, (Unread("snmp disks", bad.why),) if bad is not None else ()
    types, paths, sizes, used = columns
    found: list[DiskUse] = []
    for index, kind in types.rows.items():
        size, taken, path = sizes.rows.get(index), used.rows.get(index), paths.rows.get(index)
        if kind != _FIXED_DISK or not isinstance(path, str):
            continue
        if not (isinstance(size, int) and isinstance(taken, int) and size > 0 and 0 <= taken <= size):
            continue  # above 16 TiB the agent's 32 bits overflow: not known
        found.append(DiskUse(clean(path), _percent(taken, size), _oldest(columns)))
    return max(found, key=lambda disk: disk.used_percent, default=None), ()


def _percent(taken: int, size: int) -> int:
    return -(-100 * taken // size)


def _oldest(columns: list[WalkAnswer]) -> float:
    return min(column.at for column in columns)


def _extend_get(name: str) -> SnmpGet:
    index = ".".join(str(part) for part in (len(name), *name.encode("ascii", "replace")))
    return SnmpGet(
        f"extend {name}",
        (
            Variable("lines", oid(f"{_EXTEND}.2.{index}"), Kind.LINES),
            Variable("status", oid(f"{_EXTEND}.4.{index}"), Kind.INTEGER),
        ),
        patient=True,
    )


def _published(name: str, answer: SnmpAnswer) -> Published:
    got = answer.get(f"extend {name}")
    lines: Value | None = got.values.get("lines")
    if isinstance(lines, tuple):
        # An identifier is a tuple as well; LINES was asked for, so these are texts.
        return Published(name, tuple(Safe(str(line)) for line in lines), number(got, "status"))
    why = got.why or got.bad.get("lines") or Safe(f"the agent has no extend entry {name}")
    return Published(name, None, why=clean(why))


def sub_agent(totals: GetAnswer) -> SubAgent:
    """Return what the SBC software's own part of the agent does, by its own objects."""
    if totals.got is Got.SILENT:
        return SubAgent.SILENT
    if totals.got is Got.UNREADABLE:
        return SubAgent.UNREADABLE
    return SubAgent.ANSWERS if totals.values else SubAgent.ABSENT if totals.absent else SubAgent.UNREADABLE
