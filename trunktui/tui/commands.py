"""The commands that are typed after `:`, in one table: finding, completing and helping are made from it."""

from __future__ import annotations

from typing import NamedTuple

from trunktui.model.text import clean

_SHOWN = 40


class Command(NamedTuple):
    """One command: its names, the usual one first, Textual's action, and one line of help.

    `takes`: what follows it, as one writes usage; empty where it stands alone. `beside`: in the help it stands
    beside the one before. `kin`: the names of others that are told in its line of the help, having none of their own.
    """

    names: tuple[str, ...]
    action: str
    help: str
    takes: str = ""
    beside: bool = False
    kin: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """Every way to write it, and its kin."""
        return " ".join(
            [*(f":{name}" for name in (*self.names, *self.kin)), *([self.takes] if self.takes else [])]
        )


class Typed(NamedTuple):
    """A command that was typed, and what followed it."""

    command: Command
    rest: str = ""


COMMANDS = (
    Command(("reload",), "app.reload", "read the config again"),
    Command(("verify",), "app.verify", "look at unfinished actions", beside=True),
    Command(("write",), "app.write", "write mode for 15 minutes"),
    Command(("readonly", "write off"), "app.readonly", "end write mode", beside=True),
    Command(("maint",), "", "no alarms; WHOM: sbc, group, NAME ...", "[WHOM] 2h|22:00-23:30 WHY"),
    Command(("ack",), "", "no alarm until it is over or louder", "[sbc|group] [2h] WHY"),
    Command(("unmaint",), "", "end it", "[WHOM]"),
    Command(("unack",), "", "take it back", "[sbc|group]", beside=True),
    Command(("help",), "app.help", "all keys"),
    Command(("quit", "q"), "app.leave(0)", "quit", beside=True),
    Command(("events",), "app.events", "pages", beside=True, kin=("findings", "credentials")),
    Command(("findings",), "app.findings", ""),
    Command(("credentials",), "app.credentials", ""),
    Command(("rotated",), "", "record that it was done", "NAME [DAY|undo]", kin=("audited", "attested")),
    Command(("audited",), "", "", "ACCOUNT [DAY|undo]"),
    Command(("attested",), "", "", "ACCOUNT [DAY|undo]"),
)


class UnknownCommandError(Exception):
    """What was typed is no command; the text says what is."""


def find(typed: str) -> Typed | None:
    """Return the command that was typed, None for an empty line. Raises UnknownCommandError."""
    words = " ".join(typed.strip().removeprefix(":").split())
    if not words:
        return None
    whole = next((one for one in COMMANDS if words in one.names), None)
    if whole is not None:
        return Typed(whole)
    name, _, rest = words.partition(" ")
    begun = next((one for one in COMMANDS if name in one.names), None)
    if begun is None:
        raise UnknownCommandError(f'no command "{clean(name, _SHOWN)}": {known()}')
    if not begun.takes:
        raise UnknownCommandError(f":{name} stands alone; nothing follows it")
    return Typed(begun, rest)


def known() -> str:
    """Return the commands as one would type them: `:reload :quit :help`."""
    return " ".join(f":{command.names[0]}" for command in COMMANDS)


def completed(typed: str) -> str:
    """Return `typed` with as much added as all commands that begin with it have in common."""
    begun = typed.lstrip()
    fitting = [one.names[0] for one in COMMANDS if one.names[0].startswith(begun)]
    if not begun or not fitting:
        return typed
    common = min(fitting, key=len)
    while not all(name.startswith(common) for name in fitting):
        common = common[:-1]
    return common
