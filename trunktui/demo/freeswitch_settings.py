"""Puts what stands in FreeSWITCH's variables, mod_db, mod_hash and mod_distributor into its words. Pure.

What is returned is what the command itself prints; fs_cli adds a line end. mod_hash has one of its own, mod_db none.
"""

from __future__ import annotations

from collections.abc import Mapping

from trunktui.demo.routing import Written, weights
from trunktui.model.route import Mechanism

Settings = Mapping[Mechanism, Mapping[str, str]]

_NOTHING = "-ERR no reply\n"
_USAGE_VARIABLE = "-USAGE: <var>=<value> [=<value2>]\n"
_USAGE_STORE = "-USAGE: [insert|delete|select]/<realm>/<key>/<value>\n"
_STORES = {"db": Mechanism.DB, "hash": Mechanism.HASH}
_OK, _OK_HASH = "+OK", "+OK\n"


def answer(command: str, settings: Settings) -> str | None:
    """Return what a command about settings prints; None for any other."""
    word, _, rest = command.partition(" ")
    if word in _STORES:
        return _store(word, rest, settings.get(_STORES[word], {}))
    variables = settings.get(Mechanism.GLOBAL, {})
    match word, rest.split():
        case "global_getvar", [name]:
            return variables.get(name) or _NOTHING
        case "global_setvar", [assignment] if "=" in assignment:
            return _OK
        case "global_setvar", _:
            return _USAGE_VARIABLE
        case "distributor_ctl", ["dump", name]:
            return _dump(name, settings)
        case "distributor_ctl", ["dump"]:
            return "missing list name\n"
        case "distributor_ctl", ["modify", name, *pairs]:
            return _modified(name, pairs, settings)
        case "distributor_ctl", _:
            return "-error\n"
        case _:
            return None


def written(command: str, settings: Settings) -> Written | None:
    """Return what a command writes; None where it changes nothing."""
    word, _, rest = command.partition(" ")
    match word, rest.split():
        case "db" | "hash", [path]:
            return _stored(_STORES[word], path)
        case "global_setvar", [assignment] if "=" in assignment:
            name, _, values = assignment.partition("=")
            value, guarded, old = values.partition("=")
            if guarded and settings.get(Mechanism.GLOBAL, {}).get(name) != old:
                return None
            return Written(Mechanism.GLOBAL, name, value or None)
        case "distributor_ctl", ["modify", name, *pairs]:
            nodes = _changed(name, pairs, settings)
            value = " ".join(f"{node}={weight}" for node, weight in nodes.items())
            return Written(Mechanism.DISTRIBUTOR, name, value) if value else None
        case _:
            return None


def _store(word: str, rest: str, entries: Mapping[str, str]) -> str:
    verb, _, path = rest.partition("/")
    realm, _, key = path.partition("/")
    there = entries.get(path)
    ok = _OK_HASH if word == "hash" else _OK
    match verb:
        case "select" if key:
            return there or _NOTHING
        case "insert" if key.partition("/")[2]:
            return ok
        case "delete" if key:
            return ok if there is not None or word == "db" else "-ERR Not found\n"
        case "exists" if key and word == "db":
            return "true" if there is not None else "false"
        case "list" if word == "db":
            names = (each.partition("/")[2] if realm else each.partition("/")[0] for each in entries)
            mine = dict.fromkeys(names) if not realm else [n for n in names if f"{realm}/{n}" in entries]
            return ",".join(mine) or _NOTHING
        case _:
            return _USAGE_STORE


def _stored(mechanism: Mechanism, path: str) -> Written | None:
    verb, _, rest = path.partition("/")
    realm, _, tail = rest.partition("/")
    key, _, value = tail.partition("/")
    if verb == "insert" and key and value:
        return Written(mechanism, f"{realm}/{key}", value)
    return Written(mechanism, f"{realm}/{tail}", None) if verb == "delete" and tail else None


def _dump(name: str, settings: Settings) -> str:
    nodes = _nodes(name, settings)
    return _listed(name, nodes) if nodes else "cannot find list\n"


def _modified(name: str, pairs: list[str], settings: Settings) -> str:
    nodes = _nodes(name, settings)
    if not nodes:
        return "cannot find list\n"
    faults = "".join(_fault(pair, nodes) for pair in pairs)
    return faults + _listed(name, _changed(name, pairs, settings))


def _fault(pair: str, nodes: Mapping[str, int]) -> str:
    node, _, weight = pair.partition("=")
    if node not in nodes:
        return f"error: node {node} not found\n"
    return "" if _weight(weight) else f"error: name={node}, specified weight invalid\n"


def _changed(name: str, pairs: list[str], settings: Settings) -> dict[str, int]:
    nodes = _nodes(name, settings)
    wanted = (pair.partition("=")[::2] for pair in pairs)
    return nodes | {node: _weight(weight) for node, weight in wanted if node in nodes and _weight(weight)}


def _weight(word: str) -> int:
    return int(word) if word.isdecimal() else 0


def _nodes(name: str, settings: Settings) -> dict[str, int]:
    return weights(settings.get(Mechanism.DISTRIBUTOR, {}).get(name, ""))


def _listed(name: str, nodes: Mapping[str, int]) -> str:
    rows = "".join(f"node: name={node} weight={weight}\n" for node, weight in nodes.items())
    return f"list: name={name}\n{rows}"
