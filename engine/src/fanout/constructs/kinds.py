"""Refuses a value of another kind than it is declared with, before it is compared or handed to the CDK."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from fanout.constructs.errors import expect

_WORDS: dict[object, str] = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "True or False",
    NoneType: "None",
    timedelta: "a timedelta",
    Mapping: "a dict",
}
_EACH: dict[object, str] = {int: "whole numbers", str: "texts", timedelta: "timedeltas"}


def check_fields(owner: str, given: Any, *, of: type | None = None, within: str = "") -> None:
    """Raises ConfigurationError in one line that starts with `owner`. `of`: a dataclass whose fields alone are looked at;
    those of an app's own class are for the app to judge.

    `within`: what stands before their names.
    """
    for each in fields(of or given):
        check_kind(owner, f"{within}{each.name}", getattr(given, each.name), each.type)


def check_kind(owner: str, name: str, value: object, kind: Any) -> None:
    """Raises ConfigurationError in one line that starts with `owner`. `kind` is an annotation; what it cannot judge, one in quotes
    too, is taken."""
    expect(owner, name, _is(value, kind), value, _words(kind))


def _is(value: object, kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_is(value, each) for each in inner)
    if origin is Literal:
        return value in inner
    if origin in (tuple, Sequence):
        return isinstance(value, Sequence) and not isinstance(value, str) and all(_is(each, inner[0]) for each in value)
    if kind is None:
        return value is None
    if kind is float:
        return isinstance(value, int | float)
    if not isinstance(kind, type) or getattr(kind, "_is_protocol", False):
        return True
    try:
        return isinstance(value, kind)
    except TypeError:  # Any, a TypedDict
        return True


def _words(kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return " or ".join(map(_words, inner))
    if origin is Literal:
        return " or ".join(map(repr, inner))
    if origin in (tuple, Sequence):
        return f"a list of {_EACH.get(inner[0], getattr(inner[0], '__name__', ''))}"
    name = getattr(kind, "__name__", str(kind))
    return _WORDS.get(kind, f"{'an' if name[0] in 'AEIOU' else 'a'} {name}")
