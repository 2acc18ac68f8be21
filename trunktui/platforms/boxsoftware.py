"""Which SIP software a box has and runs, as far as any login may see: no privilege, nothing said to the software itself.

`pgrep -x -o NAME` exits with 0 where such a process is seen, also one in a container on this host. A socket that is
being listened on stands in `/proc/net/unix`, which any login may read and which holds those of its own network alone:

    0000000000000000: 00000002 00000000 00010000 0001 01 48213 /var/run/asterisk/asterisk.ctl
"""

from __future__ import annotations

from trunktui.model.ask import Answer, Command
from trunktui.platforms.contract import Presence

_PROGRAM, _PROCESS, _SOCKET = "program", "process", "socket"
_YES, _NO = 0, 1


def program(path: str) -> Command:
    """Return the question whether a program is installed."""
    return Command(_PROGRAM, ("test", "-x", path), privileged=False)


def process(name: str) -> Command:
    """Return the question whether a process of that name runs."""
    return Command(_PROCESS, ("pgrep", "-x", "-o", name), privileged=False)


def socket(path: str) -> Command:
    """Return the question whether somebody listens on a socket whose path holds `path`."""
    return Command(_SOCKET, ("grep", "-q", "-F", path, "/proc/net/unix"), privileged=False)


def presence(answer: Answer, *, always_listens: bool = True) -> Presence:
    """Read the answers to `program`, `process` and, where it was asked, `socket`.

    With `always_listens` the socket alone says whether it runs here: a process without one is in a container, and nobody
    here can ask it. Without, a process counts too where the program is here.
    """
    has, runs, listens = (answer.reply(key).status for key in (_PROGRAM, _PROCESS, _SOCKET))
    asked = any(reply.key == _SOCKET for reply in answer.replies) and listens in {_YES, _NO}
    if not asked or (listens == _NO and has == _YES and not always_listens):
        listens = runs
    if listens == _YES:
        return Presence.RUNNING
    if has == _YES:
        return Presence.INSTALLED
    return Presence.ABSENT if has == _NO and listens == _NO else Presence.UNTOLD
