"""What a value in a template can be, once its intrinsic functions are resolved as far as the template allows.

Literals stay plain Python. Everything else is one of the classes here. `UNKNOWN` is neither clean nor broken: a rule
that meets it says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol


class Referable(Protocol):
    """What a reference leads to: a resource of a template."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True)
class Reference:
    """`Ref` or `Fn::GetAtt` of a resource that the template, or a template checked with it, has."""

    resource: Referable
    attribute: str


@dataclass(frozen=True)
class Missing:
    """`Ref` or `Fn::GetAtt` of a logical id that the template does not have: CloudFormation refuses it."""

    logical_id: str


@dataclass(frozen=True)
class External:
    """Something with an identity whose value only the deployment knows: a parameter, an import, `AWS::Region`."""

    name: str


@dataclass(frozen=True)
class Text:
    """A string put together from literals and things only the deployment knows."""

    parts: tuple[str | Reference | External, ...]


Value = Any
"""A JSON scalar, one of the classes above, or a list or dict of values. Rules narrow it with isinstance."""


def joined(parts: list[Value]) -> Value:
    """One string of `parts`; `UNKNOWN` as soon as one of them cannot be a part of a string."""
    flat: list[str | Reference | External] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Text) else (part,):
            if isinstance(piece, bool | int | float):
                piece = str(piece).lower() if isinstance(piece, bool) else str(piece)
            if not isinstance(piece, str | Reference | External):
                return UNKNOWN
            if isinstance(piece, str) and flat and isinstance(flat[-1], str):
                flat[-1] += piece
            elif piece != "":
                flat.append(piece)
    if not flat:
        return ""
    return flat[0] if len(flat) == 1 else Text(tuple(flat))


def as_list(value: Value) -> list[Value]:
    """CloudFormation and IAM take one thing where they take a list of things."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def as_number(value: Value, default: float | None = None) -> float | None:
    """The number, `default` when there is none, and None when it cannot be seen. Numbers may come as strings."""
    if value is None:
        return default
    if isinstance(value, bool):
        return None
    try:
        number = float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None
    return number if number is None or abs(number) < 1e15 else None


def as_flag(value: Value, default: bool = False) -> bool | None:
    """The truth, `default` when nothing is said, and None when it cannot be seen. Truth may come as a string."""
    if value is None:
        return default
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def ends_with(value: Value, suffix: str) -> bool | None:
    """Whether a text ends so, put together or not; None when its end is only known to the deployment."""
    last = value.parts[-1] if isinstance(value, Text) else value
    return last.endswith(suffix) if isinstance(last, str) else None


def number(value: float) -> str:
    """A number in a message, with all its digits."""
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def shown(value: Value) -> str:
    """A value in a message: short, and without JSON around it."""
    if value is UNKNOWN:
        return "what this template does not show"
    if isinstance(value, Reference):
        return value.resource.id if value.attribute == "Ref" else f"{value.resource.id}.{value.attribute}"
    if isinstance(value, Text):
        return "".join(part if isinstance(part, str) else "${" + shown(part) + "}" for part in value.parts)
    if isinstance(value, External):
        return value.name
    if isinstance(value, Missing):
        return value.logical_id
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _nested(value)


def _nested(value: Value) -> str:
    """As Python writes it, with what only the deployment knows by its name."""
    if isinstance(value, list):
        return f"[{', '.join(map(_within, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_within(each)}' for key, each in value.items())}}}"
    return str(value)


def _within(value: Value) -> str:
    return repr(value) if isinstance(value, str) else shown(value)
