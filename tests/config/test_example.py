"""config.example.toml documents every key: as it stands it loads, and opened it holds all of the schema."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import inspect

from trunktui.config.load import parse
from trunktui.config.schema import Document
from trunktui.model.health import Thresholds

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
OPENED = re.sub(r"^# (?=[a-z_]+ = )", "", TEXT, flags=re.MULTILINE)


def schema_keys(shape: inspect.Type, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key of the schema."""
    match shape:
        case inspect.Metadata():
            yield from schema_keys(shape.type, path)
        case inspect.UnionType():
            for member in shape.types:
                yield from schema_keys(member, path)
        case inspect.VarTupleType():
            yield from schema_keys(shape.item_type, path)
        case inspect.DictType():
            yield from schema_keys(shape.value_type, (*path, "*"))
        case inspect.StructType():
            for field in shape.fields:
                yield (*path, field.encode_name)
                yield from schema_keys(field.type, (*path, field.encode_name))


def data_keys(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key in parsed TOML."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield (*path, "*")
            yield from data_keys(item, (*path, key))
            yield from data_keys(item, (*path, "*"))
    elif isinstance(value, list):
        for item in value:
            yield from data_keys(item, path)


ALL_KEYS = sorted(set(schema_keys(inspect.type_info(Document))))


def test_the_schema_walk_sees_the_deep_keys_too() -> None:
    assert ("sbc", "ssh", "run_as") in ALL_KEYS
    assert ("trunk", "sbcs", "*", "registration") in ALL_KEYS
    assert ("group", "switch", "freeswitch", "global") in ALL_KEYS
    assert len(ALL_KEYS) > 90


@pytest.mark.parametrize("key", ALL_KEYS, ids=".".join)
def test_every_key_of_the_schema_stands_in_the_example(key: tuple[str, ...]) -> None:
    assert key in set(data_keys(tomllib.loads(OPENED)))


@pytest.mark.parametrize("text", [TEXT, OPENED], ids=["as it stands", "with every key opened"])
def test_the_example_loads(text: str) -> None:
    config = parse(text.encode(), EXAMPLE, {"HOME": "/home/noc"}, ("asterisk", "freeswitch", "kamailio"))
    assert len(config.inventory.trunks) == 3


def test_every_key_has_a_comment_where_it_first_stands() -> None:
    seen: set[str] = set()
    for line in OPENED.splitlines():
        match = re.match(r"([a-z_]+) = ", line)
        if match and match[1] not in seen:
            seen.add(match[1])
            assert re.search(r"\S\s+# \S", line), line
    assert len(seen) > 50


def test_the_example_shows_the_thresholds_that_are_in_force() -> None:
    config = parse(TEXT.encode(), EXAMPLE, {"HOME": "/home/noc"}, ("asterisk", "freeswitch", "kamailio"))
    assert config.thresholds == Thresholds()
