"""Whatever is broken in a config, it is refused with lines that name a place: never by a crash, never silently."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunktui.config.errors import ConfigError
from trunktui.config.load import Config, parse

EXAMPLE = (Path(__file__).parents[2] / "config.example.toml").read_text(encoding="utf-8")
ODD_VALUES = (
    "5",
    "-1",
    "1.5",
    "nan",
    "true",
    '""',
    '"\\u001b[31m"',
    "[]",
    "[[]]",
    "{}",
    "{ x = 1 }",
    "2026-09-01",
)


def outcome(text: str) -> Config | ConfigError:
    """Load `text`; every other exception is the test's failure."""
    try:
        return parse(
            text.encode("utf-8", "surrogatepass"), Path("c.toml"), {"HOME": "/home/noc"}, ("asterisk",)
        )
    except ConfigError as error:
        return error


def damaged() -> Iterator[tuple[int, str]]:
    """Yield the example with one line left out, or with one value replaced by an odd one, and that line."""
    lines = EXAMPLE.splitlines()
    for index, line in enumerate(lines):
        key, equals, _ = line.partition(" = ")
        if equals and not line.startswith("#"):
            yield index + 1, "\n".join(lines[:index] + lines[index + 1 :])
            for value in ODD_VALUES:
                yield index + 1, "\n".join([*lines[:index], f"{key} = {value}", *lines[index + 1 :]])


def test_one_damaged_line_is_refused_by_naming_lines_or_makes_a_whole_config() -> None:
    refused = 0
    for line, text in damaged():
        result = outcome(text)
        if isinstance(result, ConfigError):
            refused += 1
            assert all(problem.line for problem in result.problems), (line, str(result))
            assert all(str(problem).isprintable() for problem in result.problems), line
    assert refused > 500


@pytest.mark.parametrize("length", range(0, len(EXAMPLE), 97))
def test_a_config_cut_off_anywhere_is_loaded_or_refused(length: int) -> None:
    result = outcome(EXAMPLE[:length])
    assert isinstance(result, Config) or all(problem.line for problem in result.problems)


@given(st.text(max_size=200))
def test_no_text_makes_the_loader_crash(text: str) -> None:
    result = outcome(text)
    assert isinstance(result, Config) or "\n" not in str(result.problems[0])


KEYS = st.sampled_from(
    ["poll", "health", "ui", "state", "carrier", "sbc", "trunk", "group", "name", "sbcs", "x y"]
)
VALUES = st.sampled_from(
    ["1", '"a"', "[1]", '["a"]', "{ name = 1 }", '[{ name = "a", host = "b" }]', "{ a = {} }"]
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_no_shape_of_tables_makes_the_loader_crash(pairs: dict[str, str]) -> None:
    text = "\n".join(f'"{key}" = {value}' for key, value in pairs.items())
    assert isinstance(outcome(text), Config | ConfigError)
