"""Puts what a simulated SBC's machine knows into the words of its own programs: clock, addresses, names. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from msgspec import structs

from trunktui.demo.asterisk_words import Printed
from trunktui.demo.rows import Daemon, Look
from trunktui.demo.tempo import token

_DAY_S = 86400


def answer(argv: Sequence[str], look: Look) -> Printed | None:
    """Return what a program of the machine prints; None where it has none of that name."""
    match tuple(argv):
        case ("test", _, _):  # of Asterisk's folder and socket, which are gone while it does not run
            return Printed(status=int(look.daemon is Daemon.STOPPED))
        case ("pgrep", "-x", "freeswitch"):
            stopped = look.daemon is Daemon.STOPPED
            return Printed("" if stopped else "811\n", status=int(stopped))
        case ("date", "-Ins"):
            return Printed(_date(look))
        case (
            "date",
            "-Ins",
            "-r",
            _,
        ):  # of a file that was written long before the software was started with it
            return Printed(_date(structs.replace(look, clock_s=look.clock_s - look.uptime_s - _DAY_S)))
        case ("ip", "-o", "addr", "show"):
            return Printed(_addresses(look))
        case ("ip", "-o", "route", "get", address):
            return Printed(
                f"{address} via {_router(look)} dev eth0 src {look.address} uid 1000 \\    cache \n"
            )
        case ("getent", "ahosts", name):
            return _resolved(name)
        case _:
            return None


def _router(look: Look) -> str:
    return f"{look.address.rpartition('.')[0]}.1"


def _resolved(name: str) -> Printed:
    """Return what a resolver knows of a carrier's name: all of them are in one network, kept for documentation."""
    if not name.endswith((".example.net", ".example.org")):
        return Printed(status=2)
    address = f"203.0.113.{150 + int(token(2, name, 'address'), 16) % 50}"
    kinds = f"{address:<15} DGRAM  \n{address:<15} RAW    \n"
    return Printed(f"{address:<15} STREAM {name}\n{kinds}")


def _date(look: Look) -> str:
    # Rounded to something: a fraction of nothing would read as a clock that has none.
    since = timedelta(microseconds=max(round(look.clock_s * 1e6), 1))
    local = (datetime.fromtimestamp(0, UTC) + since).astimezone(timezone(timedelta(seconds=look.zone_s)))
    ahead = f"{local:%z}"
    return f"{local:%Y-%m-%dT%H:%M:%S,%f}001{ahead[:3]}:{ahead[3:]}\n"


def _addresses(look: Look) -> str:
    tail = "\\       valid_lft forever preferred_lft forever\n"
    return (
        f"1: lo    inet 127.0.0.1/8 scope host lo{tail}"
        f"2: eth0    inet {look.address}/24 brd {look.address.rpartition('.')[0]}.255 scope global eth0{tail}"
    )
