"""Writes a config document back as TOML, every default filled in, so that an operator sees what is in force."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator
from enum import Enum

import msgspec
from msgspec import Struct

from trunktui.config.schema import Document

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def render(document: Document) -> str:
    """Return `document` as TOML that loads to the same document; keys without a value are left out."""
    return "\n".join(_lines(document)).strip() + "\n"


def _lines(document: Document) -> Iterator[str]:
    tables = dict(_pairs(document))
    for key, value in tables.items():
        if isinstance(value, str):
            yield f"{key} = {_value(value)}"
    for key, value in tables.items():
        if isinstance(value, Struct):
            yield from ("", f"[{key}]", *_body(value))
        elif isinstance(value, tuple):
            for item in value:
                yield from ("", f"[[{key}]]", *_body(item))


def _body(table: Struct) -> Iterator[str]:
    for key, value in _pairs(table):
        text = _value(value)
        if text != "{}":
            yield f"{key} = {text}"


def _pairs(table: Struct) -> Iterator[tuple[str, object]]:
    for field in msgspec.structs.fields(table):
        value = getattr(table, field.name)
        if value is not None:
            yield field.encode_name, value


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return json.dumps(value.value)
        case str():
            return json.dumps(value, ensure_ascii=False)
        case dt.date():
            return value.isoformat()
        case tuple():
            return f"[{', '.join(_value(item) for item in value)}]"
        case dict():
            return _inline(value.items())
        case Struct():
            return _inline(_pairs(value))
    return str(value)


def _inline(pairs: Iterable[tuple[str, object]]) -> str:
    items = [f"{_key(key)} = {_value(value)}" for key, value in pairs]
    return f"{{ {', '.join(items)} }}" if items else "{}"


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
