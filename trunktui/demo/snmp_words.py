"""Puts what an SBC's machine and its Asterisk know into the objects that net-snmp answers with. Pure.

Types and instances are those of the recordings:

    .1.3.6.1.2.1.25.1.1.0 = Timeticks: (655762) 1:49:17.62
    .1.3.6.1.4.1.2021.10.1.5.1 = INTEGER: 128
    .1.3.6.1.4.1.22736.1.5.1.0 = Gauge32: 22
    .1.3.6.1.4.1.8072.1.3.2.3.1.2.9.97.115.116.45.99.104.97.110.115 = STRING: "22 active channels
    6 active calls
    12 calls processed"
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping

from trunktui.demo.asterisk_words import answer
from trunktui.demo.ber import Oid, Tag, Typed
from trunktui.demo.rows import Daemon, Look, Machine

CERTIFICATE_SCRIPT = "tls-cert"

ASTERISK: Oid = (1, 3, 6, 1, 4, 1, 22736)
KAMAILIO: Oid = (1, 3, 6, 1, 4, 1, 34352)
"""Whatever lies below is answered by Asterisk itself, as snmpd's sub-agent."""

_SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)
_HOST: Oid = (1, 3, 6, 1, 2, 1, 25)
_STORAGE: Oid = (*_HOST, 2, 3, 1)
_STORAGE_TYPES: Oid = (*_HOST, 2, 1)
_LOAD: Oid = (1, 3, 6, 1, 4, 1, 2021, 10, 1, 5)
_EXTEND: Oid = (1, 3, 6, 1, 4, 1, 8072, 1, 3, 2, 3, 1)
_TIMED_OUT = 124
_OTHER, _RAM, _VIRTUAL, _DISK = 1, 2, 3, 4
_WRAP = 2**32


class Objects:
    """What an agent can be asked for, in order; what lies below `hangs` keeps the asker waiting for ever."""

    def __init__(self, values: Mapping[Oid, Typed], hangs: Oid | None = None) -> None:
        self._values = dict(values)
        self._order = sorted(values)
        self._hangs = hangs

    def get(self, oid: Oid) -> Typed | None:
        """Return the value at `oid` or why there is none; None: no answer comes, ever."""
        if self._hangs is not None and oid[: len(self._hangs)] == self._hangs:
            return None
        if (found := self._values.get(oid)) is not None:
            return found
        known = any(oid[: len(one) - 1] == one[:-1] for one in self._order)
        return Typed(Tag.NO_INSTANCE if known else Tag.NO_OBJECT)

    def after(self, oid: Oid) -> tuple[Oid, Typed] | None:
        """Return the object that follows `oid`, the end of the view as one; None: no answer comes, ever."""
        at = bisect_right(self._order, oid)
        found = self._order[at] if at < len(self._order) else None
        hangs = self._hangs
        before_its_end = hangs is not None and oid < (*hangs[:-1], hangs[-1] + 1)
        if hangs is not None and before_its_end and (found is None or found > hangs):
            return None  # the sub-agent that hangs may have the next object, and is waited for
        return (oid, Typed(Tag.END_OF_VIEW)) if found is None else (found, self._values[found])


def objects(look: Look, machine: Machine, scripts: tuple[str, ...]) -> Objects:
    """Return everything that the agent of one SBC tells; `scripts` are its NET-SNMP-EXTEND entries."""
    values = dict(_machine(machine))
    if look.daemon is Daemon.RUNNING:
        values.update(_kamailio(look) if look.platform == "kamailio" else _asterisk(look))
    for name in scripts:
        values.update(_extend(name, *_printed(name, look, machine)))
    software = KAMAILIO if look.platform == "kamailio" else ASTERISK
    return Objects(values, software if look.daemon is Daemon.FROZEN else None)


def _machine(machine: Machine) -> Iterator[tuple[Oid, Typed]]:
    yield (*_SYSTEM, 1, 0), _text(f"Linux {machine.name} 6.1.0-44-amd64 #1 SMP x86_64")
    yield (*_SYSTEM, 3, 0), _ticks(machine.agent_uptime_s)
    yield (*_SYSTEM, 5, 0), _text(machine.name)
    yield (*_SYSTEM, 6, 0), _text(machine.site)
    yield (*_HOST, 1, 1, 0), _ticks(machine.uptime_s)
    yield from _table(_memory(machine), _disks(machine))
    for index, load in enumerate(machine.load, start=1):
        yield (*_LOAD, index), Typed(Tag.INTEGER, round(load * 100))


def _memory(machine: Machine) -> Iterator[tuple[int, int, str, int, int, int]]:
    """Yield hrStorage rows: index, type, name, unit (bytes), size and use in units."""
    total, used = machine.memory_kib, machine.memory_used_kib
    cached = (total - used) // 3
    yield 1, _RAM, "Physical memory", 1024, total, used + cached
    yield 3, _VIRTUAL, "Virtual memory", 1024, total, used + cached
    yield 6, _OTHER, "Memory buffers", 1024, total, 13108
    yield 7, _OTHER, "Cached memory", 1024, cached, cached
    yield 8, _OTHER, "Shared memory", 1024, 12108, 12108
    yield 10, _VIRTUAL, "Swap space", 1024, 0, 0
    yield 11, _OTHER, "Available memory", 1024, total - used, 0


def _disks(machine: Machine) -> Iterator[tuple[int, int, str, int, int, int]]:
    for index, disk in enumerate(machine.disks, start=31):
        yield index, _DISK, disk.path, 4096, disk.blocks, disk.used


def _table(*rows: Iterable[tuple[int, int, str, int, int, int]]) -> Iterator[tuple[Oid, Typed]]:
    for index, kind, name, unit, size, used in (row for part in rows for row in part):
        yield (*_STORAGE, 2, index), Typed(Tag.OID, (*_STORAGE_TYPES, kind))
        yield (*_STORAGE, 3, index), _text(name)
        for column, value in ((4, unit), (5, size), (6, used)):
            yield (*_STORAGE, column, index), Typed(Tag.INTEGER, value)


def _asterisk(look: Look) -> Iterator[tuple[Oid, Typed]]:
    mib, calls = (*ASTERISK, 1), len(look.calls)
    number = "".join(part.zfill(2) for part in re.findall(r"\d+", look.version)[:3])
    yield (*mib, 1, 1, 0), _text(look.version)
    yield (*mib, 1, 2, 0), Typed(Tag.GAUGE, int(number))
    yield (*mib, 2, 1, 0), _ticks(look.uptime_s)
    yield (*mib, 2, 2, 0), _ticks(look.uptime_s)
    yield (*mib, 2, 5, 0), Typed(Tag.GAUGE, calls)
    yield (*mib, 2, 6, 0), Typed(Tag.COUNTER, look.processed % _WRAP)
    yield (*mib, 5, 1, 0), Typed(Tag.GAUGE, 2 * calls)


def _kamailio(look: Look) -> Iterator[tuple[Oid, Typed]]:
    server = (*KAMAILIO, 3, 1, 3, 1)
    yield (*server, 1, 2, 3, 0), _text(look.version)
    yield (*server, 3, 2, 1, 0), Typed(Tag.GAUGE, len(look.calls))
    yield (*server, 3, 2, 7, 0), Typed(Tag.COUNTER, look.processed % _WRAP)


def _printed(name: str, look: Look, machine: Machine) -> tuple[str, int]:
    """Return what a published script prints, and its exit status; the site put a `timeout` before each."""
    if name == CERTIFICATE_SCRIPT:
        left = machine.certificate_days
        return f"sip.{machine.name}.example.net: TLS certificate valid for {left} days", int(left < 14)
    if look.daemon is Daemon.FROZEN:
        return "", _TIMED_OUT
    printed = answer("core show channels count", look)
    return (printed.out or printed.err).rstrip("\n"), printed.status


def _extend(name: str, output: str, status: int) -> Iterator[tuple[Oid, Typed]]:
    index = (len(name), *name.encode())
    lines = output.split("\n")
    yield (*_EXTEND, 1, *index), _text(lines[0])
    yield (*_EXTEND, 2, *index), _text(output)
    yield (*_EXTEND, 3, *index), Typed(Tag.INTEGER, len(lines))
    yield (*_EXTEND, 4, *index), Typed(Tag.INTEGER, status)


def _text(value: str) -> Typed:
    return Typed(Tag.OCTETS, value.encode())


def _ticks(seconds: float) -> Typed:
    """Return hundredths of a second in 32 bits: they wrap after 497 days."""
    return Typed(Tag.TICKS, int(seconds * 100) % _WRAP)
