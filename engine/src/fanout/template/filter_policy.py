"""SNS filter policies as data: their keys, how large they are, and whether a value can match.

https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod
from typing import Any

from fanout.contracts.contract import Contract
from fanout.template.policies import all_of, any_of
from fanout.template.values import Value

MOST_KEYS, MOST_COMBINATIONS = 5, 150
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}


def leaves(policy: dict[str, Value], prefix: str = "") -> Iterator[tuple[str, Value]]:
    """(dotted path, its list of conditions) of each key. `$or` belongs to its alternatives."""
    for key, conditions in policy.items():
        if key == "$or" and isinstance(conditions, list):
            for alternative in conditions:
                if isinstance(alternative, dict):
                    yield from leaves(alternative, prefix)
        elif isinstance(conditions, dict):
            yield from leaves(conditions, f"{prefix}{key}.")
        else:
            yield prefix + key, conditions


def keys(policy: dict[str, Value]) -> set[str]:
    return {path for path, _ in leaves(policy)}


def combinations(policy: dict[str, Value]) -> int:
    """The product of the number of conditions of each key, as AWS counts it."""
    return prod(max(len(conditions), 1) for _, conditions in leaves(policy) if isinstance(conditions, list))


def is_nested(policy: dict[str, Value]) -> bool:
    return any(isinstance(conditions, dict) for conditions in policy.values())


def matches_example(policy: dict[str, Value], body: dict[str, Any]) -> bool | None:
    """Whether an event, or its attributes by name, passes the filter."""
    answers = []
    for key, conditions in policy.items():
        if key == "$or" and isinstance(conditions, list):
            answers.append(any_of(matches_example(each, body) for each in conditions if isinstance(each, dict)))
        elif isinstance(conditions, dict):
            inner = body.get(key)
            answers.append(matches_example(conditions, inner) if isinstance(inner, dict) else False)
        else:
            answers.append(_any_condition(conditions, body.get(key)))
    return all_of(answers)


def can_match(policy: dict[str, Value], contract: Contract, *, attributes: bool) -> bool | None:
    """Whether some value that the schema allows could pass: each key is judged by itself."""
    answers = []
    for key, conditions in policy.items():
        if key == "$or" and isinstance(conditions, list):
            answers.append(
                any_of(
                    can_match(each, contract, attributes=attributes) for each in conditions if isinstance(each, dict)
                )
            )
        else:
            inside = {key: conditions} if isinstance(conditions, dict) else None
            pairs = leaves(inside) if inside else [(key, conditions)]
            answers += [_leaf_can_match(path, each, contract, attributes) for path, each in pairs]
    return all_of(answers)


def _leaf_can_match(path: str, conditions: Value, contract: Contract, attributes: bool) -> bool | None:
    field = contract.attributes.get(path) if attributes else path
    schema = contract.body_schema(field) if field else None
    if schema is None:
        open_end = field is not None and contract.is_open_at(field)
        return None if open_end else _any_condition(conditions, None)
    if not isinstance(conditions, list):
        return None
    return any_of(_allowed(each, schema) for each in conditions)


def _allowed(condition: Value, schema: dict[str, Any]) -> bool | None:
    """Whether a value that the schema allows meets one condition."""
    known = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(known, list):
        return any_of(_meets(condition, value) for value in known)
    if isinstance(condition, str | bool | int | float):
        return _fits(condition, schema)
    if condition == {"exists": True} or condition is None:
        return condition is not None or None
    return None


def _fits(value: str | bool | int | float, schema: dict[str, Any]) -> bool | None:
    expected = _JSON_TYPES.get(str(schema.get("type")))
    if expected is None:
        return None if "type" not in schema else False
    if not isinstance(value, expected) or isinstance(value, bool) != (bool in expected):
        return False
    pattern = schema.get("pattern")
    if isinstance(value, str) and isinstance(pattern, str):
        try:
            return re.search(pattern, value) is not None
        except re.error:
            return None
    return True


def _any_condition(conditions: Value, value: Any) -> bool | None:
    if not isinstance(conditions, list):
        return None
    return any_of(_meets(each, value) for each in conditions)


def _meets(condition: Value, value: Any) -> bool | None:
    """Whether a value (None: absent) meets one condition; None for operators that are not judged here."""
    if isinstance(value, list):
        return any_of(_meets(condition, each) for each in value)
    if isinstance(condition, str | bool | int | float):
        return type(condition) is type(value) and bool(condition == value)
    if not isinstance(condition, dict) or len(condition) != 1:
        return None
    ((operator, operand),) = condition.items()
    if operator == "exists":
        return (value is not None) is operand if isinstance(operand, bool) else None
    if operator == "anything-but" and isinstance(operand, str | int | float | list):
        return value is not None and value not in (operand if isinstance(operand, list) else [operand])
    if isinstance(operand, str) and operator in _TEXT:
        return isinstance(value, str) and _TEXT[operator](value, operand)
    return False if value is None else None


_TEXT = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "equals-ignore-case": lambda value, operand: value.lower() == operand.lower(),
}
