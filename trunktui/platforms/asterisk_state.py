"""Tells whether Asterisk itself answered a poll, and if not, what became of it.

`asterisk -rx` exits with 0 for everything the daemon answered; it says the same of a daemon that is stopped, one
that was killed, and a socket that this login may not use, so the socket and its folder are looked at beside it.
"""

from __future__ import annotations

from trunktui.model.ask import Answer, Command
from trunktui.model.observation import AppState, Unread
from trunktui.platforms import asterisk_tables as tables
from trunktui.platforms.asterisk_console import PROGRAM

_FOLDER = "/var/run/asterisk"
_SOCKET = f"{_FOLDER}/asterisk.ctl"
_BOOT_S = 60
_NO_PROGRAM = 127
"""What `timeout` exits with when the program to run is not there."""

SOCKET_TESTS = (
    Command("folder", ("test", "-d", _FOLDER), privileged=False),
    Command("folder_open", ("test", "-x", _FOLDER), privileged=False),
    Command("socket", ("test", "-S", _SOCKET), privileged=False),
    Command("socket_open", ("test", "-w", _SOCKET), privileged=False),
)
"""What a poll asks besides, for telling why the console cannot be reached."""


def app_state(answer: Answer) -> tuple[AppState, str]:
    """Say whether Asterisk itself answered, from the first command's fate and the state of its socket."""
    first, registrations = answer.reply("uptime"), answer.reply("registrations")
    words = first.lines + first.errors
    if first.status in (124, 137):
        return AppState.FROZEN, "Asterisk does not answer its own console (frozen, or starved)"
    if first.status is None:
        return AppState.UNREADABLE, "the answer broke off before Asterisk's first line"
    if denied := tables.refusal(first):
        return AppState.NOT_PERMITTED, denied
    if any("Unable to connect to remote asterisk" in line for line in words):
        return _not_connected(answer)
    if first.status == _NO_PROGRAM:
        return AppState.UNREADABLE, f"there is no {PROGRAM} on this host: is it the right one?"
    uptime, _ = tables.uptime(first)
    if not first.ok or uptime is None:
        said = words[0] if words else f"nothing, exit status {first.status}"
        return AppState.UNREADABLE, f"cannot read 'core show uptime seconds': {said}"
    if tables.no_such_command(registrations) and uptime < _BOOT_S:
        return AppState.STARTING, f"Asterisk started {uptime} s ago, its SIP modules are still loading"
    return AppState.ANSWERING, ""


def _not_connected(answer: Answer) -> tuple[AppState, str]:
    """Tell a stopped daemon from a socket that this login may not use; `-rx` says the same for both."""
    if answer.reply("folder").status == 0 and answer.reply("folder_open").status == 1:
        why = f"this login may not enter {_FOLDER}: down, or run_as / group asterisk missing (docs/grants.md)"
        return AppState.NOT_PERMITTED, why
    exists, writable = answer.reply("socket").status == 0, answer.reply("socket_open").status == 0
    if exists and not writable:
        why = (
            "its socket is there but this login may not write to it: "
            "down, or run_as / group asterisk missing (docs/grants.md)"
        )
        return AppState.NOT_PERMITTED, why
    if exists:
        return AppState.NOT_RUNNING, "Asterisk is not running (killed: its socket is left over)"
    return AppState.NOT_RUNNING, "Asterisk is not running (no console socket)"


def unread_poll(answer: Answer) -> tuple[Unread, ...]:
    """Return what is kept of a poll whose first answer could not be read."""
    first = answer.reply("uptime")
    return (Unread("core show uptime seconds", "no uptime in it", (first.lines + first.errors)[:5]),)
