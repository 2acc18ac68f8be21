"""Tells whether FreeSWITCH itself answered a poll, and if not, what became of it.

`fs_cli` has one sentence for a FreeSWITCH that is down, frozen, or does not let us in; so the process is looked for beside
it, and what was wrong at the event socket tells the rest.
"""

from __future__ import annotations

from trunktui.model.ask import Answer, Command
from trunktui.model.link import ControlFault, ControlTrouble
from trunktui.model.observation import AppState, Unread
from trunktui.platforms import freeswitch_channels as channels_of
from trunktui.platforms.freeswitch_console import (
    CONNECT_MS,
    NO_PROGRAM,
    NOT_ASKED,
    PROGRAM,
    no_such_command,
    refusal,
    said,
    timed_out,
)

PROCESS = Command("process", ("pgrep", "-x", "freeswitch"), privileged=False)
"""What a poll asks besides: exit status 0 where FreeSWITCH runs, 1 where it does not."""

_BOOT_S = 60
_IT_ANSWERED = frozenset({ControlFault.DENIED, ControlFault.KEPT_OUT})
"""Whatever else is seen: somebody was there to turn us away."""

_NOT_LET_IN = frozenset({ControlFault.FORWARD, ControlFault.CONFIG, ControlFault.STRANGE})


def app_state(answer: Answer) -> tuple[AppState, str]:
    """Say whether FreeSWITCH itself answered, from the first command's fate and what was wrong at its socket."""
    first = answer.reply("status")
    if timed_out(first):
        return AppState.FROZEN, "FreeSWITCH does not answer its own event socket (frozen, or starved)"
    if first.status is None:
        return AppState.UNREADABLE, "the answer broke off before FreeSWITCH's first line"
    if denied := refusal(first):
        return AppState.NOT_PERMITTED, denied
    if first.status == NOT_ASKED:
        return _not_asked(answer)
    if first.status == NO_PROGRAM:
        why = f"there is no {PROGRAM} on this host: is it the right one? (a link to it will do)"
        return (AppState.NOT_PERMITTED if answer.control else AppState.UNREADABLE), _with(answer.control, why)
    status = channels_of.status(first)
    if not first.ok or status.uptime_s is None:
        words = said(first)
        heard = words[0] if words else f"nothing, exit status {first.status}"
        return AppState.UNREADABLE, f"cannot read 'status': {heard}"
    if status.ready is False:
        return AppState.STARTING, f"FreeSWITCH started {status.uptime_s} s ago and is not ready yet"
    if no_such_command(answer.reply("gateways")) and status.uptime_s < _BOOT_S:
        return AppState.STARTING, f"FreeSWITCH started {status.uptime_s} s ago, mod_sofia is still loading"
    return AppState.ANSWERING, ""


def unread_poll(answer: Answer) -> tuple[Unread, ...]:
    """Return what is kept of a poll whose first answer could not be read."""
    return (Unread("status", "no uptime in it", said(answer.reply("status"))[:5]),)


def unread_socket(answer: Answer, name: str) -> tuple[Unread, ...]:
    """Return why the event socket could not be asked though FreeSWITCH answered `fs_cli`."""
    return () if answer.control is None else (Unread(name, answer.control.reason),)


def _not_asked(answer: Answer) -> tuple[AppState, str]:
    """Tell a stopped FreeSWITCH from a frozen one, and from one that does not let us in."""
    process, control = answer.reply("process").status, answer.control
    if control is not None and control.fault is ControlFault.HUNG:
        return AppState.FROZEN, str(control.reason)
    if control is not None and control.fault in _IT_ANSWERED:
        return AppState.NOT_PERMITTED, _with(control, f"and {PROGRAM} cannot log in either")
    if process == 1:
        return AppState.NOT_RUNNING, "FreeSWITCH is not running (there is no such process to be seen)"
    if control is not None and control.fault in _NOT_LET_IN:
        return AppState.NOT_PERMITTED, _with(control, f"and {PROGRAM} cannot log in either")
    runs = process == 0
    if runs and answer.answered_at - answer.asked_at >= CONNECT_MS / 1000:
        return (
            AppState.FROZEN,
            "FreeSWITCH runs and does not answer its own event socket (frozen, or starved)",
        )
    if runs:
        why = (
            f"FreeSWITCH runs, but {PROGRAM} cannot log in: it is starting, or this login's ~/.fs_cli_conf or "
            "/etc/fs_cli.conf has no right host, port and password (docs/grants.md)"
        )
        return AppState.NOT_PERMITTED, _with(control, why)
    return AppState.NOT_RUNNING, _with(
        control, f"{PROGRAM} cannot reach FreeSWITCH: down, or not for this login"
    )


def _with(control: ControlTrouble | None, why: str) -> str:
    return why if control is None else f"{control.reason}; {why}"
