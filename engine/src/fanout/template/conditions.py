"""Which way a template's conditions go, as far as its parameters say.

A parameter's default is what is deployed unless somebody says otherwise. What depends on more (the Region, a parameter without
a default) stays open: None.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanout.template.intrinsics import Lookup, resolve
from fanout.template.values import External, Text, Value

_DEEPEST = 20


def decided(template: Lookup, conditions: Mapping[str, Any]) -> dict[str, bool | None]:
    """Each condition by its name: True, False, or None for what is open."""
    return {name: _holds(template, conditions, {"Condition": name}, 0) for name in conditions}


def _holds(template: Lookup, conditions: Mapping[str, Any], node: Any, depth: int) -> bool | None:
    if depth > _DEEPEST or not isinstance(node, dict) or len(node) != 1:
        return None
    ((function, argument),) = node.items()
    if function == "Condition":
        return _holds(template, conditions, conditions.get(argument), depth + 1) if isinstance(argument, str) else None
    if not isinstance(argument, list):
        return None
    if function == "Fn::Equals" and len(argument) == 2:
        return _equal(*(resolve(template, each) for each in argument))
    inner = [_holds(template, conditions, each, depth + 1) for each in argument]
    match function, inner:
        case "Fn::Not", [one]:
            return None if one is None else not one
        case "Fn::And", _:
            return False if False in inner else None if None in inner else True
        case "Fn::Or", _:
            return True if True in inner else None if None in inner else False
    return None


def _equal(one: Value, other: Value) -> bool | None:
    """CloudFormation compares texts: 1 and "1" are the same, true and "true" too."""
    if any(isinstance(each, External | Text) or not isinstance(each, str | int | float) for each in (one, other)):
        return True if one == other and isinstance(one, External | Text) else None
    return _text(one) == _text(other)


def _text(value: str | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
