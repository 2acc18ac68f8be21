"""Lines of keys: whatever tomllib accepts, every key is found on the line it stands on."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from trunktui.config.locate import Place, key_lines, line_of

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
FOLDER = Path(__file__).parents[1] / "fixtures" / "config-bad"


def places(value: object, place: Place = ()) -> Iterator[Place]:
    """Yield the place of every key and array item in parsed TOML."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield (*place, key)
        yield from places(item, (*place, key))


def readable() -> Iterator[str]:
    """Yield the texts of every config at hand that is TOML."""
    yield EXAMPLE.read_text(encoding="utf-8")
    for path in sorted(FOLDER.glob("*.toml")):
        try:
            text = path.read_text(encoding="utf-8")
            tomllib.loads(text)
        except (ValueError, RecursionError):
            continue
        yield text


def test_every_key_of_every_config_is_found_on_a_line_that_holds_it() -> None:
    count = 0
    for text in readable():
        found = key_lines(text)
        rows = text.splitlines()
        for place in places(tomllib.loads(text)):
            assert place in found, place
            if isinstance(place[-1], str):
                assert place[-1] in rows[found[place] - 1], place
                count += 1
    assert count > 500


@pytest.mark.parametrize(
    ("text", "place", "line"),
    [
        ("a = 1\nb = 2\n", ("b",), 2),
        ("a.b.c = 1", ("a", "b", "c"), 1),
        ("[t]\n\n# x = 0\nx = 1", ("t", "x"), 4),
        ("[[t]]\nx = 1\n[[t]]\nx = 1\n", ("t", 1, "x"), 4),
        ("[[t]]\n[t.u]\nx = 1\n[[t]]\n[t.u]\nx = 2\n", ("t", 1, "u", "x"), 6),
        ("[[t]]\n[[t.u]]\n[[t.u]]\nx = 1\n", ("t", 0, "u", 1, "x"), 4),
        ('"q.r" = 1\n[t."a b"]\nx = 1', ("t", "a b", "x"), 3),
        ("x = '''\ny = 1\n'''\nz = 1", ("z",), 4),
        ('x = """a\n\\""" y = 1\n""""\nz = 1', ("z",), 4),
        ("x = [\n  1, # ]\n  [2, 3],\n  {y = 1},\n]\nz = 1", ("x", 2, "y"), 4),
        ("x = [\n  1, # ]\n  [2, 3],\n  {y = 1},\n]\nz = 1", ("z",), 6),
        ('x = { a = "}", b = { c = 1 } }\n', ("x", "b", "c"), 1),
        ("x = 1979-05-27 07:32:00 # c\r\ny = 1\r\n", ("y",), 2),
    ],
)
def test_a_key_is_found_on_its_line(text: str, place: Place, line: int) -> None:
    tomllib.loads(text)
    assert key_lines(text)[place] == line


def test_a_key_that_is_missing_is_told_at_the_table_that_lacks_it() -> None:
    lines = key_lines("\n[[t]]\nx = 1\n")
    assert line_of(lines, ("t", 0, "y")) == 2
    assert line_of(lines, ("u",)) is None
