"""What a simulated SBC's machine shows of the software on it: its program, its process, its socket. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from trunktui.demo.asterisk_words import Printed
from trunktui.demo.rows import Daemon, Look

_PROGRAMS = {
    "/usr/sbin/asterisk": "asterisk",
    "/usr/bin/fs_cli": "freeswitch",
    "/usr/sbin/kamcmd": "kamailio",
}
_SOCKETS = {"/asterisk.ctl": "asterisk", "/kamailio": "kamailio"}


def answer(argv: Sequence[str], look: Look) -> Printed | None:
    """Return what `test -x`, `pgrep -x -o` and a search of /proc/net/unix print; None for any other command."""
    runs = look.daemon is not Daemon.STOPPED
    match tuple(argv):
        case ("test", "-x", program) if not program.startswith("/var/run/"):
            return Printed(status=int(_PROGRAMS.get(program) != look.platform))
        case ("pgrep", "-x", "-o", name):
            there = runs and name == look.platform
            return Printed("811\n" if there else "", status=int(not there))
        case ("grep", "-q", "-F", socket, "/proc/net/unix"):
            return Printed(status=int(not (runs and _SOCKETS.get(socket) == look.platform)))
        case _:
            return None
