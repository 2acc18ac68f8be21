"""Answers a platform's SNMP ask from a recorded walk (`snmpbulkwalk -On`), as the transport would."""

from __future__ import annotations

import re
from pathlib import Path

from trunktui.model.snmp import (
    GetAnswer,
    Got,
    Kind,
    Oid,
    SnmpAnswer,
    SnmpAsk,
    SnmpGet,
    SnmpWalk,
    WalkAnswer,
    oid,
)
from trunktui.transport.snmp_check import BadReplyError, Bound, Reply, read_get, read_value

FOLDER = Path(__file__).parents[1] / "fixtures" / "snmp"
AT = 1000.0
_ROW = re.compile(r"\.([\d.]+) = (?:(\w+): )?(.*)")
_TYPES = {
    "INTEGER": Kind.INTEGER,
    "Gauge32": Kind.GAUGE,
    "Counter32": Kind.COUNTER,
    "Timeticks": Kind.TICKS,
    "OID": Kind.OID,
    "STRING": Kind.TEXT,
}


def recorded(name: str) -> dict[Oid, Bound]:
    """Return a recording's objects."""
    found: dict[Oid, Bound] = {}
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if match := _ROW.fullmatch(line):
            name_ = oid(match[1])
            found[name_] = Bound(name_, _TYPES[match[2] or "STRING"].value, _value(match[2], match[3]))
    return found


def answered(ask: SnmpAsk, objects: dict[Oid, Bound], silent: frozenset[str] = frozenset()) -> SnmpAnswer:
    """Return what an agent with `objects` answers; gets and walks in `silent` are not answered."""
    gets = [GetAnswer(get.key, Got.SILENT) if get.key in silent else _get(get, objects) for get in ask.gets]
    walks = [
        WalkAnswer(walk.key, Got.SILENT, AT) if walk.key in silent else _walk(walk, objects)
        for walk in ask.walks
    ]
    return SnmpAnswer(AT - 0.1, AT, tuple(gets), tuple(walks))


def _get(get: SnmpGet, objects: dict[Oid, Bound]) -> GetAnswer:
    asked = (
        objects.get(variable.oid, Bound(variable.oid, "noSuchObject", None)) for variable in get.variables
    )
    return read_get(get, Reply(0, tuple(asked)))


def _walk(walk: SnmpWalk, objects: dict[Oid, Bound]) -> WalkAnswer:
    size = len(walk.root)
    try:
        rows = {
            name[size:]: read_value(walk.kind, bound)
            for name, bound in objects.items()
            if name[:size] == walk.root
        }
    except BadReplyError:
        return WalkAnswer(walk.key, Got.UNREADABLE, AT)
    return WalkAnswer(walk.key, Got.ANSWERED, AT, rows)


def _value(word: str | None, text: str) -> int | bytes | Oid:
    if word == "OID":
        return oid(text.removeprefix("."))
    if word == "Timeticks":
        return int(text[1 : text.index(")")])
    if word in {"INTEGER", "Gauge32", "Counter32"}:
        return int(text)
    return text.strip('"').encode()
