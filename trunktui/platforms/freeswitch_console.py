"""Commands for FreeSWITCH, at its event socket or by `fs_cli`, which names may stand in one, and refusals of it.

`fs_cli` exits with 0 for everything that FreeSWITCH answered, refusals included; with 255 and one sentence for all that
kept it from asking (down, wrong password, access list, frozen); with 254 when `-t` ran out:

    [ERROR] fs_cli.c:1699 main() Error Connecting []
    Request timed out.
    Error:  permission denied!
    -ERR nosuchcmd Command not found!

Without `-T` and `-t` it would hang for ever on a frozen FreeSWITCH. The password is never an argument: `fs_cli` reads it
from the login's own ~/.fs_cli_conf or /etc/fs_cli.conf.
"""

from __future__ import annotations

import re

from trunktui.model.ask import Command, Reply
from trunktui.model.observation import Unread
from trunktui.model.text import Safe

PROGRAM = "/usr/bin/fs_cli"

CONNECT_MS = 2000
ANSWER_MS = 4000
NO_ANSWER = 254
"""What `fs_cli` exits with when `-t` ran out."""

NOT_ASKED = 255
"""What it exits with where it could not even ask."""

NO_PROGRAM = 127
_TIMED_OUT = (124, 137, NO_ANSWER)
_ASKABLE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
_RESERVED = frozenset({"all", "_all_"})
_KEPT_LINES = 5


def askable(native: str) -> bool:
    """Whether a gateway's or a profile's name may stand in a command; FreeSWITCH itself takes no others."""
    return _ASKABLE.fullmatch(native) is not None and native.casefold() not in _RESERVED


def fs(key: str, request: str, *, gate: bool = False, json: bool = False) -> Command:
    """Return the command that asks FreeSWITCH `request`."""
    argv = (PROGRAM, "-T", str(CONNECT_MS), "-t", str(ANSWER_MS), "-x", request)
    return Command(key, argv, timeout_s=7, gate=gate, request=request, json=json)


def said(reply: Reply) -> tuple[Safe, ...]:
    """Return what a reply says, without the empty lines that `fs_cli` adds."""
    return tuple(line for line in reply.lines + reply.errors if line.strip())


def timed_out(reply: Reply) -> bool:
    """Whether FreeSWITCH took the request and did not answer it."""
    return reply.status in _TIMED_OUT


def refusal(reply: Reply) -> str | None:
    """Say who refused a command, None when nobody did."""
    for line in said(reply)[:2]:
        if line.startswith("sudo:"):
            return f"sudo refuses the command ({line}): see docs/grants.md"
        if "permission denied" in line and line.startswith(("Error:", "-ERR")):
            return "esl-allowed-api of this event socket user does not allow it: see docs/grants.md"
    return None


def no_such_command(reply: Reply) -> bool:
    """Whether FreeSWITCH does not know the command: its module is not loaded (yet, or any more)."""
    return any(line.startswith("-ERR") and line.endswith("Command not found!") for line in said(reply)[:1])


def fault(reply: Reply) -> str | None:
    """Say why a reply cannot be read at all, None when it looks like an answer."""
    if timed_out(reply):
        return "FreeSWITCH did not answer in time"
    if reply.truncated:
        return "more than we take"
    if reply.status is None:
        return "the answer broke off"
    if denied := refusal(reply):
        return denied
    if no_such_command(reply):
        return "FreeSWITCH does not know this command: is the module loaded?"
    if reply.status != 0:
        words = said(reply)[:1]
        return f"exit status {reply.status}" + (f": {words[0]}" if words else "")
    return None


def unread_of(command: str, why: str, lines: tuple[Safe, ...] | list[Safe]) -> Unread:
    """Return an answer that could not be read, with the first of its lines."""
    return Unread(command, why, tuple(lines)[:_KEPT_LINES])
