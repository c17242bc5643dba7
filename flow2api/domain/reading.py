"""Records from tables that a person wrote, with errors that name the place, what is wrong there and what is allowed.

Pure functions; they know no file and no catalogue.
"""

import difflib
import json
import re
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T", bound=msgspec.Struct)

_SHOWN_CHARACTERS = 80
_ITEM = re.compile(r", number \d+$")
_KINDS: Mapping[type[inspect.Type], str] = {
    inspect.StrType: "a text",
    inspect.BoolType: "true or false",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.VarTupleType: "a list",
    inspect.DictType: "a table",
}


class Misfit(ValueError):
    """What was written does not fit; the message names the field and what is allowed."""


def read(given: Mapping[str, object], kind: type[T], place: str = "") -> T:
    """The table `given` as a `kind`; `place` is what it is called in messages.

    Raises:
        Misfit: it is none."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, value in given.items():
        if name not in fields:
            raise Misfit(_unknown(place, name, list(fields)))
        _check(value, fields[name].type, _joined(place, name))
    for name, field in fields.items():
        if field.required and name not in given:
            raise Misfit(f"{_joined(place, name)} is missing; it must be {_allowed(field.type)}")
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise Misfit(f"{place}: {error}" if place else str(error)) from None


def shortly(value: object) -> str:
    """What was written, short enough for a message."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


def listed(items: Iterable[str], last: str) -> str:
    """`a, b or c`."""
    *head, tail = items
    return f"{', '.join(head)} {last} {tail}" if head else tail


def _check(value: object, kind: Any, place: str) -> None:
    """Raise `Misfit` for the innermost place at which a value does not fit."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        _descend(value, kind, place)
        told = _allowed(kind)
        raise Misfit(f"{place} must be {told}, not {shortly(value)}" if told else f"{place}: {error}") from None


def _descend(value: object, kind: Any, place: str) -> None:
    if typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    parts = typing.get_args(kind)
    found = inspect.type_info(kind)
    if isinstance(found, inspect.UnionType):
        for part in parts:
            _descend(value, part, place)
    if isinstance(value, dict) and isinstance(found, inspect.StructType):
        read(value, found.cls, place)
    elif isinstance(value, dict) and isinstance(found, inspect.DictType):
        for name, one in value.items():
            try:
                msgspec.convert(name, parts[0])
            except msgspec.ValidationError:
                raise Misfit(f"{place} has {shortly(name)}; {_choices(parts[0])}") from None
            _check(one, parts[1], f"{place}.{name}")
    elif isinstance(value, list) and isinstance(found, inspect.VarTupleType):
        for number, one in enumerate(value, start=1):
            _check(one, parts[0], f"{place}, number {number}")


def _unknown(place: str, name: str, known: list[str]) -> str:
    where = f"{place} has no {shortly(name)}" if place else f"there is no field {shortly(name)}"
    if not known:
        return f"{place} has {shortly(name)}, but nothing stands there; leave it out"
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{where}{hint}; allowed are {listed(known, 'and')}"


def _allowed(kind: Any) -> str:
    """What fits, in words; empty where that takes a longer explanation."""
    found = inspect.type_info(kind)
    if isinstance(found, inspect.LiteralType):
        return f"one of {listed(map(json.dumps, typing.get_args(kind)), 'or')}"
    if isinstance(found, inspect.EnumType):
        return f"one of {listed((json.dumps(one.value) for one in found.cls), 'or')}"
    if isinstance(found, inspect.UnionType) or getattr(found, "pattern", None) is not None:
        return ""
    told = _KINDS.get(type(found), "")
    if isinstance(found, inspect.DictType | inspect.VarTupleType):
        inner = found.value_type if isinstance(found, inspect.DictType) else found.item_type
        told += " of texts" if isinstance(inner, inspect.StrType) else ""
    return told and told + _limits(found)


def _limits(found: inspect.Type) -> str:
    least, most = getattr(found, "ge", None), getattr(found, "le", None)
    if getattr(found, "min_length", None):
        return " that is not empty"
    return (f" from {least:g}" if least is not None else "") + (f" up to {most:g}" if most is not None else "")


def _choices(kind: Any) -> str:
    told = _allowed(kind)
    return f"allowed is {told}" if told else "that is no name there"


def _joined(place: str, name: str) -> str:
    if not place:
        return name
    return f"{place}, {name}" if _ITEM.search(place) else f"{place}.{name}"
