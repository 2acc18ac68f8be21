"""Tells whether Kamailio itself answered a poll, and if not, what became of it.

`kamcmd` exits with 0 for everything Kamailio answered, and with 255 where it could not use the control socket:

    ERROR: connect_unix_sock: connect(/var/run/kamailio//kamailio_ctl): No such file or directory [2]
    ERROR: connect_unix_sock: connect(/var/run/kamailio//kamailio_ctl): Permission denied [13]
    ERROR: connect_unix_sock: connect(/var/run/kamailio//kamailio_ctl): Connection refused [111]

A frozen Kamailio takes the connection and says nothing. Whether a process of that name runs is looked at beside it,
for the socket may stand elsewhere (`modparam("ctl", "binrpc", ...)`), or ctl may not be loaded.
"""

from __future__ import annotations

from trunktui.model.ask import Answer, Command
from trunktui.model.observation import AppState, Unread
from trunktui.platforms.kamailio_rpc import PROGRAM, call, read, refusal

UPTIME = call("uptime", "core.uptime")
"""Asked first, because a frozen Kamailio hangs on it and ends the ask cheaply."""

PROCESS = Command("process", ("pgrep", "-x", "-o", "kamailio"), privileged=False)
"""What a poll asks besides, for telling why the control socket cannot be used."""

_NO_PROGRAM = 127
_GRANTS = 'see "Kamailio" in docs/grants.md'


def app_state(answer: Answer) -> tuple[AppState, str]:
    """Say whether Kamailio itself answered, from the first command's fate."""
    first = answer.reply(UPTIME.key)
    words = first.errors + first.lines
    if first.status in (124, 137):
        return AppState.FROZEN, "Kamailio does not answer its control socket (frozen, or starved)"
    if first.status is None:
        return AppState.UNREADABLE, "the answer broke off before Kamailio's first line"
    if denied := refusal(first):
        return AppState.NOT_PERMITTED, denied
    if first.status == _NO_PROGRAM:
        return AppState.UNREADABLE, f"there is no {PROGRAM} on this host: is it the right one?"
    if (line := next((line for line in words if "connect_unix_sock" in line), None)) is not None:
        app, why = _not_connected(line, answer)
        return app, why if answer.control is None else f"{answer.control.reason}; {why}"
    told = read(first)
    if told.why is None and (told.node.number("uptime") or -1) >= 0:
        return AppState.ANSWERING, ""
    said = told.why or (words[0] if words else "nothing")
    return AppState.UNREADABLE, f"cannot read 'core.uptime': {said}"


def _not_connected(line: str, answer: Answer) -> tuple[AppState, str]:
    """Tell a stopped Kamailio from a socket that this login may not use, or that stands elsewhere."""
    runs = answer.reply(PROCESS.key).status == 0
    if "Permission denied" in line:
        return AppState.NOT_PERMITTED, (
            f"this login may not use Kamailio's control socket: run_as / group kamailio missing ({_GRANTS})"
        )
    if runs and "refused" not in line:
        return AppState.UNREADABLE, (
            f"Kamailio runs, but kamcmd finds no control socket: is ctl loaded, on its usual path? ({_GRANTS})"
        )
    left = " (its control socket is left over)" if "refused" in line else " (no control socket)"
    return AppState.NOT_RUNNING, f"Kamailio is not running{left}"


def unread_port(answer: Answer) -> tuple[Unread, ...]:
    """Return why the JSON-RPC could not be asked though Kamailio answered `kamcmd`."""
    return () if answer.control is None else (Unread("JSON-RPC", answer.control.reason),)


def unread_poll(answer: Answer) -> tuple[Unread, ...]:
    """Return what is kept of a poll whose first answer could not be read."""
    first = answer.reply(UPTIME.key)
    return (Unread("core.uptime", "no uptime in it", (first.lines + first.errors)[:5]),)
