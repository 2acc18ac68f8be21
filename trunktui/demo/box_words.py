"""Puts what a simulated SBC's machine knows into the words of its own programs: its clock, its addresses. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from trunktui.demo.asterisk_words import Printed
from trunktui.demo.logbook import PATH
from trunktui.demo.rows import Daemon, Look


def answer(argv: Sequence[str], look: Look) -> Printed | None:
    """Return what a program of the machine prints; None where it has none of that name."""
    match tuple(argv):
        case ("test", _, _):  # of Asterisk's folder and socket, which are gone while it does not run
            return Printed(status=int(look.daemon is Daemon.STOPPED))
        case ("date", "-Ins"):
            return Printed(_date(look))
        case ("ip", "-o", "addr", "show"):
            return Printed(_addresses(look))
        case ("stat", "-L", "-t", path):
            return _stat(path, look)
        case ("dd", source, _, "iflag=skip_bytes,count_bytes", skip, count, "status=none"):
            return _piece(source.removeprefix("if="), int(skip[5:]), int(count[6:]), look)
        case ("ls", "-1", _):  # nothing was ever moved away
            return Printed("messages.log\n")
        case _:
            return None


def _stat(path: str, look: Look) -> Printed:
    if path != PATH:
        return Printed(err=f"stat: cannot statx '{path}': No such file or directory\n", status=1)
    size, second = len(look.log), int(look.clock_s)
    blocks = -(-size // 4096) * 8
    return Printed(f"{path} {size} {blocks} 81a0 105 4 fe00 4711 1 0 0 {second} {second} {second} 0 4096\n")


def _piece(path: str, skip: int, count: int, look: Look) -> Printed:
    if path != PATH:
        return Printed(err=f"dd: failed to open '{path}': No such file or directory\n", status=1)
    if skip > len(look.log):
        return Printed(err=f"dd: '{path}': cannot skip to specified offset\n", status=1)
    return Printed(look.log[skip : skip + count].decode("ascii", "replace"))


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
