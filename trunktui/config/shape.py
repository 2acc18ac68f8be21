"""Reads parsed TOML into the schema's types and notes every key that does not fit, not only the first.

What does not fit is replaced by its default (a required text by ""), so that the rules that come after can
still look at the rest of the file. A result is fit for use only if no fault was noted.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TypeVar, cast

import msgspec
from msgspec import inspect

from trunktui.config.faults import Faults, nearest
from trunktui.config.locate import Place
from trunktui.config.words import RULES

T = TypeVar("T", bound=msgspec.Struct)

_SECRET_LIKE = ("password", "passwd", "passphrase", "secret", "community", "token")


def read(data: dict[str, object], schema: type[T], faults: Faults) -> T:
    """Return `data` as a `schema` struct; every misfit goes to `faults`."""
    shape = inspect.type_info(schema)
    if not isinstance(shape, inspect.StructType):
        raise TypeError(f"{schema} is no Struct")
    return cast(T, _table(data, shape, (), faults))


def _table(value: object, shape: inspect.StructType, place: Place, faults: Faults) -> object:
    fields = {field.encode_name: field for field in shape.fields}
    found: dict[str, object] = {}
    if isinstance(value, dict):
        found = value
        for key in value:
            if key not in fields:
                faults.add((*place, key), _unknown_key(key, tuple(fields)))
    else:
        faults.add(place, f"must be a table, is {_kind_of(value)}")
    values: dict[str, object] = {}
    for key, field in fields.items():
        if key in found:
            values[field.name] = _field(found[key], field, (*place, key), faults)
        elif field.required:
            if isinstance(value, dict):
                faults.add((*place, key), "is missing; it is required")
            values[field.name] = _blank(field)
    return shape.cls(**values)


def _field(value: object, field: inspect.Field, place: Place, faults: Faults) -> object:
    result = _value(value, field.type, place, faults)
    return _blank(field) if result is msgspec.UNSET else result


def _blank(field: inspect.Field) -> object:
    """Return what stands in for a value that did not fit: never seen outside, the file is refused anyway."""
    if field.default is not msgspec.NODEFAULT:
        return field.default
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return () if isinstance(field.type, inspect.VarTupleType | inspect.UnionType) else ""


def _unknown_key(key: str, known: tuple[str, ...]) -> str:
    if any(word in key.lower() for word in _SECRET_LIKE):
        return (
            "unknown key; no secret belongs here: SSH uses keys or the agent, and a trunk's stays on its SBC"
        )
    hint = nearest(key, known)
    return f"unknown key{hint}" if hint else f"unknown key; known here: {', '.join(known)}"


def _value(value: object, shape: inspect.Type, place: Place, faults: Faults) -> object:
    """Return `value` read as `shape`; after noting a misfit, UNSET (a text of the wrong form stays as it is)."""
    shape, kind = _unwrapped(shape)
    match shape:
        case inspect.UnionType():
            branch = _branch(value, shape)
            if branch is not None:
                return _value(value, branch, place, faults)
            faults.add(place, f"must be {_wanted(shape)}, is {_kind_of(value)}")
            return msgspec.UNSET
        case inspect.StructType():
            return _table(value, shape, place, faults)
        case inspect.VarTupleType() if isinstance(value, list):
            items = [_value(item, shape.item_type, (*place, i), faults) for i, item in enumerate(value)]
            return tuple("" if item is msgspec.UNSET else item for item in items)
        case inspect.DictType() if isinstance(value, dict):
            return _mapping(value, shape, place, faults)
    complaint = _misfit(value, shape, kind)
    if complaint is not None:
        faults.add(place, complaint)
        return value if isinstance(shape, inspect.StrType) and isinstance(value, str) else msgspec.UNSET
    return _converted(value, shape)


def _unwrapped(shape: inspect.Type) -> tuple[inspect.Type, str | None]:
    if isinstance(shape, inspect.Metadata):
        return shape.type, (shape.extra or {}).get("kind")
    return shape, None


def _branch(value: object, shape: inspect.UnionType) -> inspect.Type | None:
    """Pick the member of a union that looks like `value`; None when there are several and none does."""
    members = [member for member in shape.types if not isinstance(member, inspect.NoneType)]
    if len(members) == 1:
        return members[0]
    for member in members:
        inner, _ = _unwrapped(member)
        match value:
            case list() if isinstance(inner, inspect.VarTupleType):
                return member
            case dict() if isinstance(inner, inspect.StructType | inspect.DictType):
                return member
            case str() if isinstance(inner, inspect.StrType):
                return member
    return None


def _wanted(shape: inspect.UnionType) -> str:
    words = []
    for member in shape.types:
        match _unwrapped(member)[0]:
            case inspect.StrType():
                words.append('a text in "quotes"')
            case inspect.VarTupleType():
                words.append("a list in [brackets]")
            case inspect.StructType() | inspect.DictType():
                words.append("a table in {braces}")
    return " or ".join(words)


def _mapping(value: dict[str, object], shape: inspect.DictType, place: Place, faults: Faults) -> object:
    result: dict[str, object] = {}
    for key, item in value.items():
        if complaint := RULES["words"](key):
            faults.add((*place, key), complaint)
        read_item = _value(item, shape.value_type, (*place, key), faults)
        if read_item is not msgspec.UNSET:
            result[key] = read_item
    return result


def _misfit(value: object, shape: inspect.Type, kind: str | None) -> str | None:
    """Say why a plain value does not fit; None when it does. Never repeats a value of kind "secret"."""
    match shape:
        case inspect.StrType():
            if isinstance(value, str):
                return RULES[kind](value) if kind else None
            return (
                RULES["secret"]("")
                if kind == "secret"
                else f'must be a text in "quotes", is {_kind_of(value)}'
            )
        case inspect.BoolType():
            return None if isinstance(value, bool) else f"must be true or false, is {_kind_of(value)}"
        case inspect.IntType() | inspect.FloatType():
            return _number_misfit(value, shape)
        case inspect.DateType():
            plain = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
            return None if plain else f"must be a date without quotes, like 2026-09-01, is {_kind_of(value)}"
        case inspect.EnumType() | inspect.LiteralType():
            return _choice_misfit(value, _choices(shape))
        case inspect.VarTupleType(item_type=inspect.StructType()):
            return "must be written in double brackets, like [[sbc]]: there can be many"
        case inspect.VarTupleType():
            return f"must be a list in [brackets], is {_kind_of(value)}"
    return f"must be a table, is {_kind_of(value)}"


def _number_misfit(value: object, shape: inspect.IntType | inspect.FloatType) -> str | None:
    whole = isinstance(shape, inspect.IntType)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        return f"must be a {'whole ' if whole else ''}number, is {_kind_of(value)}"
    number = cast(float, value)
    if not math.isfinite(number):
        return "must be a finite number"
    if shape.gt is not None and number <= shape.gt:
        return f"must be more than {shape.gt:g}, is {number}"
    if shape.ge is not None and number < shape.ge:
        return f"must be at least {shape.ge:g}, is {number}"
    if shape.le is not None and number > shape.le:
        return f"must be at most {shape.le:g}, is {number}"
    return None


def _choices(shape: inspect.EnumType | inspect.LiteralType) -> tuple[str, ...]:
    values = [item.value for item in shape.cls] if isinstance(shape, inspect.EnumType) else shape.values
    return tuple(str(value) for value in values)


def _choice_misfit(value: object, choices: tuple[str, ...]) -> str | None:
    if not isinstance(value, str):
        return f"must be one of {', '.join(choices)}, is {_kind_of(value)}"
    if value in choices:
        return None
    return f'"{value}" is not one of {", ".join(choices)}{nearest(value, choices)}'


def _converted(value: object, shape: inspect.Type) -> object:
    match shape:
        case inspect.EnumType():
            return shape.cls(value)
        case inspect.FloatType():
            return float(cast(float, value))
    return value


def _kind_of(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case dict():
            return "a table"
        case dt.datetime():
            return "a date with a time"
        case dt.date():
            return "a date"
    return "something else"
