"""`[group.switch]`: the one place on each platform where a group is told its trunk, and what may be wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from trunktui.config.faults import Faults
from trunktui.config.locate import Place
from trunktui.config.schema import Document, GroupTable, SwitchTable
from trunktui.model.inventory import AUTO
from trunktui.model.route import Mechanism, Route

_SHAPES = {
    Mechanism.ASTDB: '"family/key"',
    Mechanism.GLOBAL: "name of a variable",
    Mechanism.DB: '"realm/key"',
    Mechanism.HASH: '"realm/key"',
    Mechanism.DISTRIBUTOR: "name of a list",
}


def routes(group: GroupTable) -> dict[str, Route]:
    """Return the place on each platform that `group` names; of several on one, which is a fault, the first."""
    named: dict[str, Route] = {}
    for platform, mechanisms in _platforms(group.switch):
        for route in mechanisms:
            named.setdefault(platform, route)
    return named


def judge(document: Document, faults: Faults) -> None:
    """Note what is wrong with the places that groups name: none, several, unfit for a command, another group's."""
    for index, group in enumerate(document.group):
        for platform, mechanisms in _platforms(group.switch):
            at: Place = ("group", index, "switch", platform)
            if not mechanisms and not faults.within(at):
                keys = " or ".join(_keys(group.switch, platform))
                faults.add(at, f"names no place; give one: {keys}")
            if len(mechanisms) > 1:
                words = " and ".join(route.mechanism.value for route in mechanisms)
                faults.add(at, f"names {words}; a group is told its trunk at one place of a platform")
            for route in mechanisms:
                _place(route, (*at, route.mechanism.value), faults)
    _shared(document, faults)


def notes(document: Document) -> Iterator[str]:
    """Yield a line for each place on a platform that no SBC of its group's trunks has."""
    for group in document.group:
        there = {sbc.platform for sbc in document.sbc if sbc.name in _sbcs(document, group)}
        for platform in routes(group):
            if platform not in there and AUTO not in there:
                yield f"group {group.name}: switch.{platform} is for no SBC: none of its trunks is on a {platform} one"


def _platforms(switch: SwitchTable | None) -> Iterator[tuple[str, tuple[Route, ...]]]:
    """Yield each platform that is named, with every place named on it."""
    if switch is None:
        return
    for platform, table in _fields(switch):
        if isinstance(table, Struct):
            named = ((key, value) for key, value in _fields(table) if value is not None)
            yield platform, tuple(Route(Mechanism(key), str(value)) for key, value in named)


def _fields(table: Struct) -> Iterator[tuple[str, object]]:
    for field in msgspec.structs.fields(table):
        yield field.encode_name, getattr(table, field.name)


def _keys(switch: SwitchTable | None, platform: str) -> Iterator[str]:
    table = dict(_fields(switch))[platform] if switch is not None else None
    if isinstance(table, Struct):
        for key, _ in _fields(table):
            yield key


def _place(route: Route, at: Place, faults: Faults) -> None:
    shape = _SHAPES.get(route.mechanism)
    if shape is not None and not route.askable:
        faults.add(
            at,
            f'"{route.place}" is no {shape} of letters, digits, dot, underscore and minus, each part beginning with a '
            "letter or digit; nothing else may stand in a command",
        )


def _sbcs(document: Document, group: GroupTable) -> set[str]:
    return {sbc for trunk in document.trunk if trunk.name in group.trunks for sbc in trunk.sbcs}


def _shared(document: Document, faults: Faults) -> None:
    """Note a place where an SBC would be told two groups' trunks: whoever moved one would move the other."""
    taken: dict[tuple[str, str, str], str] = {}
    platforms = {sbc.name: sbc.platform for sbc in document.sbc}
    for index, group in enumerate(document.group):
        for platform, route in routes(group).items():
            for sbc in sorted(_sbcs(document, group)):
                if platforms.get(sbc) not in {platform, AUTO}:
                    continue
                # A variable is the same however it is written to FreeSWITCH.
                place = route.words.casefold() if route.mechanism is Mechanism.GLOBAL else route.words
                owner = taken.setdefault((sbc, platform, place), group.name)
                if owner != group.name:
                    at = ("group", index, "switch", platform, route.mechanism.value)
                    faults.add(at, f"group {owner} is told its trunk at the same place on {sbc}")
