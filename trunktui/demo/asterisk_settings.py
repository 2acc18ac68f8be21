"""Puts what stands in AstDB and in the dial plan's global variables into the words of Asterisk's console. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trunktui.demo.routing import Written
from trunktui.model.route import Mechanism

Settings = Mapping[Mechanism, Mapping[str, str]]

_USAGE_GLOBAL = (
    "Usage: dialplan set global <name> <value>\n       Set global dialplan variable <name> to <value>\n"
)
_USAGES = {
    "get": "Usage: database get <family> <key>\n       Retrieves an entry in the Asterisk database for a given\n       family and key.\n",
    "put": (
        "Usage: database put <family> <key> <value>\n       Adds or updates an entry in the Asterisk database for\n"
        "       a given family, key, and value.\n"
    ),
    "del": "Usage: database del <family> <key>\n       Deletes an entry in the Asterisk database for a given\n       family and key.\n",
}


def answer(words: Sequence[str], settings: Settings) -> str | None:
    """Return what a command about settings prints; None for any other."""
    kept, variables = (settings.get(kind, {}) for kind in (Mechanism.ASTDB, Mechanism.GLOBAL))
    match tuple(words):
        case ("database", "get", family, key):
            value = kept.get(f"{family}/{key}")
            return "Database entry not found.\n" if value is None else f"Value: {value}\n"
        case ("database", "put", _, _, _):
            return "Updated database successfully\n"
        case ("database", "del", family, key):
            there = f"{family}/{key}" in kept
            return "Database entry removed.\n" if there else "Database entry could not be removed.\n"
        case ("database", "get" | "put" | "del" as verb, *_):
            return _USAGES[verb]
        case ("database", "show"):
            return show(kept)
        case ("database", "show", *path) if len(path) < 3:
            wanted = "/".join(path)
            return show({k: v for k, v in kept.items() if k == wanted or k.startswith(f"{wanted}/")})
        case ("dialplan", "show", "globals"):
            return show_globals(variables)
        case ("dialplan", "set", "global", name, value):
            return f"\n    -- Global variable '{name}' set to '{value}'\n"
        case ("dialplan", "set", "global", *_):
            return _USAGE_GLOBAL
        case _:
            return None


def written(words: Sequence[str]) -> Written | None:
    """Return what a command writes; None where it changes nothing."""
    match tuple(words):
        case ("database", "put", family, key, value):
            return Written(Mechanism.ASTDB, f"{family}/{key}", value)
        case ("database", "del", family, key):
            return Written(Mechanism.ASTDB, f"{family}/{key}", None)
        case ("dialplan", "set", "global", name, value):
            return Written(Mechanism.GLOBAL, name, value)
        case _:
            return None


def show(entries: Mapping[str, str]) -> str:
    """Return `database show`, in the order of the keys."""
    rows = "".join(f"{'/' + key:<50}: {entries[key]:<25}\n" for key in sorted(entries))
    return f"{rows}{len(entries)} results found.\n"


def show_globals(variables: Mapping[str, str]) -> str:
    """Return `dialplan show globals`."""
    rows = "".join(f"   {name}={value}\n" for name, value in variables.items())
    return f"{rows}\n    -- {len(variables)} variable(s)\n"
