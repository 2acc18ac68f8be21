"""Collects everything that is wrong with one config, each at its place in the file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from trunktui.config.errors import Problem
from trunktui.config.locate import Place, key_lines, line_of

_LISTS = frozenset({"carrier", "account", "sbc", "trunk", "group"})


class Faults:
    """The problems of one file so far. Give `data` as `tomllib` parsed it from `text`."""

    def __init__(self, path: str, text: str, data: dict[str, object]) -> None:
        self._path = path
        try:
            self._lines = key_lines(text)
        except RecursionError:  # arrays nested by the hundred: no key of ours, so lines do not matter
            self._lines = {}
        self._data = data
        self._found: dict[Place, Problem] = {}

    def add(self, place: Place, text: str) -> None:
        """Note a problem at `place` (keys and array indices); the first one at a place stands."""
        line = line_of(self._lines, place)
        self._found.setdefault(place, Problem(path=self._path, line=line, key=self._label(place), text=text))

    def within(self, place: Place) -> bool:
        """Tell whether a problem was noted at `place` or inside it."""
        return any(found[: len(place)] == place for found in self._found)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem, in the order of the file, none twice."""
        ordered = sorted(self._found.values(), key=lambda problem: problem.line or 0)
        return tuple(dict.fromkeys(ordered))

    def _label(self, place: Place) -> str:
        """Say a place as an operator would: `sbc nyc-1: ssh.port`."""
        words = [str(part) for part in place if not isinstance(part, int)]
        match place:
            case (str(kind), int(index), *_) if kind in _LISTS:
                head = f"{kind} {self._name(kind, index)}"
                return f"{head}: {'.'.join(words[1:])}" if words[1:] else head
        return ".".join(words)

    def _name(self, kind: str, index: int) -> str:
        tables = self._data.get(kind)
        table = tables[index] if isinstance(tables, list) and index < len(tables) else None
        name = table.get("name") if isinstance(table, dict) else None
        return name if isinstance(name, str) and name else f"#{index + 1}"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `; the nearest is "x"` for the known word that looks most like `word`, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f'; the nearest is "{close[0]}"' if close else ""
