"""The commands that are typed after `:`, in one table: finding, completing and helping are made from it."""

from __future__ import annotations

from typing import NamedTuple

from trunktui.model.text import clean

_SHOWN = 40


class Command(NamedTuple):
    """One command: its names, the usual one first, Textual's action, and one line of help."""

    names: tuple[str, ...]
    action: str
    help: str


COMMANDS = (
    Command(("reload",), "app.reload", "read the config again and go by it; SIGHUP does the same"),
    Command(("write",), "app.write", "unlock write mode for 15 minutes, on SBCs with `write = true`"),
    Command(("readonly", "write off"), "app.readonly", "end write mode at once"),
    Command(("verify",), "app.verify", "look what became of unfinished actions; only reads"),
    Command(("events",), "app.events", "what happened"),
    Command(("quit", "q"), "app.leave(0)", "quit"),
    Command(("help",), "app.help", "all keys and commands"),
)


class UnknownCommandError(Exception):
    """What was typed is no command; the text says what is."""


def find(typed: str) -> Command | None:
    """Return the command that was typed, None for an empty line. Raises UnknownCommandError."""
    words = " ".join(typed.strip().removeprefix(":").split())
    whole = next((one for one in COMMANDS if words in one.names), None)
    if whole is not None or not words:
        return whole
    name = words.partition(" ")[0]
    if not any(name in one.names for one in COMMANDS):
        raise UnknownCommandError(f'no command "{clean(name, _SHOWN)}": {known()}')
    raise UnknownCommandError(f":{name} stands alone; nothing follows it")


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
