"""Finds the line on which each key of a TOML text stands, because `tomllib` does not tell.

It reads only text that `tomllib` has accepted, so it checks nothing: it walks over keys and values.
"""

from __future__ import annotations

import bisect
import re
import tomllib

Place = tuple[str | int, ...]
"""Where a value stands in the parsed data: keys, and indices of arrays (`("sbc", 1, "ssh", "port")`)."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    r"|'''[\s\S]*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)


def key_lines(text: str) -> dict[Place, int]:
    """Return the line (from 1) of every key, table and array item in `text`, which must be valid TOML."""
    walk = _Walk(text)
    walk.document()
    return walk.lines


def line_of(lines: dict[Place, int], place: Place) -> int | None:
    """Return the line of `place`, or of the nearest table around it; None when nothing around it was seen."""
    for length in range(len(place), 0, -1):
        if (line := lines.get(place[:length])) is not None:
            return line
    return None


class _Walk:
    """A cursor over the text; `lines` fills as it goes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Place, int] = {}
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._arrays: dict[Place, int] = {}

    def document(self) -> None:
        """Walk over the whole text."""
        table: Place = ()
        self._skip()
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)
            self._skip()

    def _skip(self) -> None:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _note(self, place: Place, start: int) -> None:
        self.lines.setdefault(place, bisect.bisect_left(self._ends, start) + 1)

    def _header(self) -> Place:
        start = self.at
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        keys = self._dotted()
        self.at += 2 if array else 1
        place: Place = ()
        for key in keys[:-1]:
            place = self._inside((*place, key))
            self._note(place, start)
        place = (*place, keys[-1])
        if array:
            self._note(place, start)
            self._arrays[place] = self._arrays.get(place, -1) + 1
        place = self._inside(place)
        self._note(place, start)
        return place

    def _inside(self, place: Place) -> Place:
        """Step into the latest item where `place` is an array of tables."""
        index = self._arrays.get(place)
        return place if index is None else (*place, index)

    def _dotted(self) -> list[str]:
        keys = []
        while True:
            self._skip()
            if match := _STRING.match(self.text, self.at):
                keys.append(str(tomllib.loads(f"key = {match[0]}")["key"]))
            elif not (match := _BARE.match(self.text, self.at)):
                return keys or [""]
            else:
                keys.append(match[0])
            self.at = match.end()
            self._skip()
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _pair(self, table: Place) -> None:
        start = self.at
        place = table
        for key in self._dotted():
            place = (*place, key)
            self._note(place, start)
        self.at += 1  # the equals sign
        self._value(place)

    def _value(self, place: Place) -> None:
        self._skip()
        if match := _STRING.match(self.text, self.at):
            self.at = match.end()
        elif self.text.startswith("[", self.at):
            self._array(place)
        elif self.text.startswith("{", self.at):
            self._inline_table(place)
        elif match := _SCALAR.match(self.text, self.at):
            self.at = match.end()

    def _array(self, place: Place) -> None:
        self.at += 1
        index = 0
        self._skip()
        while self.at < len(self.text) and self.text[self.at] != "]":
            self._note((*place, index), self.at)
            self._value((*place, index))
            self._comma()
            index += 1
        self.at += 1

    def _inline_table(self, place: Place) -> None:
        self.at += 1
        self._skip()
        while self.at < len(self.text) and self.text[self.at] != "}":
            self._pair(place)
            self._comma()
        self.at += 1

    def _comma(self) -> None:
        self._skip()
        if self.text.startswith(",", self.at):
            self.at += 1
            self._skip()
